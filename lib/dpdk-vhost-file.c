/*
 * Copyright (c) 2026 The ovs-netdev-dpdk Authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at:
 *
 *     http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */

/* The files of sockets that the switch owns.  Called by dpdk-vhost.c and
 * dpdk-vhost-config.c, calls the operating system. */

#include <config.h>

#include "dpdk-vhost-file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dpdk-log.h"
#include "fatal-signal.h"
#include "openvswitch/list.h"
#include "openvswitch/type-props.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* All bits of a mode that can be given. */
#define MODE_MASK 0777

struct dpdk_vhost_file {
    struct ovs_list list_node;  /* In 'files'. */
    char *path;                 /* Where it was bound. */
    char *hidden;               /* What is there now, renamed, or null. */
    int fd;                     /* Opened with O_PATH. */
    struct stat created;        /* What it was like. */
    struct dpdk_vhost_access access; /* Who may connect. */
};

/* All of them. */
static struct ovs_list files = OVS_LIST_INITIALIZER(&files);

/* Returns true if 's' is that of 'file'. */
static bool
is_same(const struct dpdk_vhost_file *file, const struct stat *s)
{
    return s->st_dev == file->created.st_dev
           && s->st_ino == file->created.st_ino;
}

/* Removes all files, when the process ends. */
static void
unlink_files(void *aux OVS_UNUSED)
{
    struct dpdk_vhost_file *file;

    LIST_FOR_EACH (file, list_node, &files) {
        struct stat s;

        if (!lstat(file->path, &s) && is_same(file, &s)) {
            unlink(file->path);
        }
    }
}

/* Forgets all files, in a child process. */
static void
forget_files(void *aux OVS_UNUSED)
{
    ovs_list_init(&files);
}

struct dpdk_vhost_file *
dpdk_vhost_file_create(const char *path)
{
    static bool hooked;
    struct dpdk_vhost_file *file;
    struct stat s;
    int fd;

    fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &s) || !S_ISSOCK(s.st_mode)) {
        close(fd);
        return NULL;
    }

    file = xzalloc(sizeof *file);
    file->path = xstrdup(path);
    file->fd = fd;
    file->created = s;
    file->access.mode = s.st_mode & MODE_MASK;
    file->access.owner = s.st_uid;
    file->access.group = s.st_gid;
    ovs_list_push_back(&files, &file->list_node);
    if (!hooked) {
        hooked = true;
        fatal_signal_add_hook(unlink_files, forget_files, NULL, true);
    }
    return file;
}

void
dpdk_vhost_file_destroy(struct dpdk_vhost_file *file)
{
    if (file) {
        ovs_list_remove(&file->list_node);
        close(file->fd);
        free(file->path);
        free(file->hidden);
        free(file);
    }
}

void
dpdk_vhost_file_hide(struct dpdk_vhost_file *file)
{
    struct stat s;

    if (!lstat(file->path, &s) && !is_same(file, &s)) {
        file->hidden = xasprintf("%s.%ld", file->path, (long int) getpid());
        if (rename(file->path, file->hidden)) {
            VLOG_WARN("cannot keep the file '%s', which is not ours: %s",
                      file->path, ovs_strerror(errno));
            free(file->hidden);
            file->hidden = NULL;
        }
    }
}

void
dpdk_vhost_file_unhide(struct dpdk_vhost_file *file)
{
    if (file->hidden) {
        if (rename(file->hidden, file->path)) {
            VLOG_WARN("'%s' remains of '%s': %s",
                      file->hidden, file->path, ovs_strerror(errno));
        }
        free(file->hidden);
        file->hidden = NULL;
    }
}

char *
dpdk_vhost_file_parse_access(const struct dpdk_vhost_file *file,
                             const struct smap *args,
                             struct dpdk_vhost_access *access)
{
    const char *mode = smap_get(args, "vhost-socket-mode");
    const char *owner = smap_get(args, "vhost-socket-owner");
    const char *group = smap_get(args, "vhost-socket-group");
    unsigned int value;

    access->mode = file->created.st_mode & MODE_MASK;
    access->owner = file->created.st_uid;
    access->group = file->created.st_gid;
    if (mode) {
        if (!str_to_uint(mode, 8, &value) || value > MODE_MASK) {
            return xasprintf("options:vhost-socket-mode: '%s' is not a mode, "
                             "use an octal number like 0660", mode);
        }
        access->mode = value;
    }
    if (owner) {
        const struct passwd *passwd = getpwnam(owner);

        if (!passwd && !str_to_uint(owner, 10, &value)) {
            return xasprintf("options:vhost-socket-owner: there is no user "
                             "'%s', use a name or a number", owner);
        }
        access->owner = passwd ? passwd->pw_uid : value;
    }
    if (group) {
        const struct group *entry = getgrnam(group);

        if (!entry && !str_to_uint(group, 10, &value)) {
            return xasprintf("options:vhost-socket-group: there is no group "
                             "'%s', use a name or a number", group);
        }
        access->group = entry ? entry->gr_gid : value;
    }
    return NULL;
}

/* Changes the mode of 'file'.  There is no such function for a file that was
 * opened with O_PATH, but there is a name for it that cannot be replaced. */
static int
set_mode(const struct dpdk_vhost_file *file, mode_t mode)
{
    char name[sizeof "/proc/self/fd/" + INT_STRLEN(int)];

    snprintf(name, sizeof name, "/proc/self/fd/%d", file->fd);
    return chmod(name, mode) ? errno : 0;
}

static int
set_owner(const struct dpdk_vhost_file *file, uid_t owner, gid_t group)
{
    return fchownat(file->fd, "", owner, group, AT_EMPTY_PATH) ? errno : 0;
}

char *
dpdk_vhost_file_set_access(struct dpdk_vhost_file *file,
                           const struct dpdk_vhost_access *access)
{
    const struct dpdk_vhost_access *old = &file->access;
    int error;

    if (access->owner != old->owner || access->group != old->group) {
        error = set_owner(file, access->owner, access->group);
        if (error) {
            return xasprintf("socket '%s' cannot be given to user %u and "
                             "group %u: %s", file->path, access->owner,
                             access->group, ovs_strerror(error));
        }
    }
    if (access->mode != old->mode) {
        error = set_mode(file, access->mode);
        if (error) {
            set_owner(file, old->owner, old->group);
            return xasprintf("socket '%s' cannot get the mode %04o: %s",
                             file->path, access->mode, ovs_strerror(error));
        }
    }
    file->access = *access;
    return NULL;
}
