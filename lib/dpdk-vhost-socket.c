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

/* The sockets of vhost-user ports.  Called by plugin.c with other_config, and
 * by dpdk-vhost.c. */

#include <config.h>

#include "dpdk-vhost-socket.h"

#include <errno.h>
#include <limits.h>
#include <rte_vhost.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "dirs.h"
#include "dpdk-log.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* Longest path of a socket, without the final null character. */
#define MAX_PATH_LEN (sizeof(((struct sockaddr_un *) 0)->sun_path) - 1)

/* Directory of the sockets that the switch owns, and the part of it below the
 * run directory that is configured, or null. */
static char *sock_dir;
static char *sock_subdir;

/* Flags for sockets of client ports. */
static uint64_t client_flags;

/* Makes 'subdir', which may be null, the directory of sockets. */
static void
set_sock_dir(const char *subdir)
{
    struct stat s;

    free(sock_dir);
    sock_dir = xstrdup(ovs_rundir());
    if (!subdir || strlen(subdir) > NAME_MAX) {
        VLOG_INFO("No vhost-sock-dir provided - defaulting to %s", sock_dir);
        return;
    }
    if (strstr(subdir, "..")) {
        VLOG_ERR("vhost-user sock directory request '%s/%s' has invalid"
                 "characters '..' - using %s instead.",
                 ovs_rundir(), subdir, ovs_rundir());
        return;
    }

    free(sock_dir);
    sock_dir = xasprintf("%s/%s", ovs_rundir(), subdir);
    if (stat(sock_dir, &s)) {
        VLOG_ERR("vhost-user sock directory '%s' does not exist.", sock_dir);
    } else {
        VLOG_INFO("User-provided vhost-sock-dir in use: %s", sock_dir);
    }
}

/* Returns the flag of librte_vhost that 'key' stands for if 'other_config'
 * turns it on, otherwise 0. */
static uint64_t
read_flag(const struct smap *other_config, const char *key, uint64_t flag)
{
    return smap_get_bool(other_config, key, false) ? flag : 0;
}

static void
log_flag(const char *what, uint64_t flag)
{
    VLOG_INFO("%s support for vhost-user-client %s.", what,
              client_flags & flag ? "enabled" : "disabled");
}

void
dpdk_vhost_socket_run(const struct smap *other_config)
{
    const char *subdir = smap_get(other_config, "vhost-sock-dir");
    static uint64_t requested;
    static bool first = true;
    uint64_t changed;
    uint64_t flags;

    if (first || !nullable_string_is_equal(subdir, sock_subdir)) {
        free(sock_subdir);
        sock_subdir = nullable_xstrdup(subdir);
        set_sock_dir(subdir);
    }

    flags = (read_flag(other_config, "vhost-iommu-support",
                       RTE_VHOST_USER_IOMMU_SUPPORT)
             | read_flag(other_config, "vhost-postcopy-support",
                         RTE_VHOST_USER_POSTCOPY_SUPPORT));
    changed = first ? UINT64_MAX : flags ^ requested;
    requested = client_flags = flags;
    if (changed & RTE_VHOST_USER_IOMMU_SUPPORT) {
        log_flag("IOMMU", RTE_VHOST_USER_IOMMU_SUPPORT);
    }

    /* A locked page cannot be fetched when it is touched first. */
    if (memory_locked()) {
        client_flags &= ~RTE_VHOST_USER_POSTCOPY_SUPPORT;
    }
    if (changed & RTE_VHOST_USER_POSTCOPY_SUPPORT) {
        if (client_flags != flags) {
            VLOG_WARN("vhost-postcopy-support and mlockall are not "
                      "compatible.");
        }
        log_flag("POSTCOPY", RTE_VHOST_USER_POSTCOPY_SUPPORT);
    }
    first = false;
}

uint64_t
dpdk_vhost_socket_client_flags(void)
{
    return client_flags;
}

char *
dpdk_vhost_socket_path(const char *name)
{
    return xasprintf("%s/%s", sock_dir, name);
}

char *
dpdk_vhost_socket_check(const char *path)
{
    if (strlen(path) > MAX_PATH_LEN) {
        return xasprintf("socket path '%s' has %"PRIuSIZE" characters, at "
                         "most %"PRIuSIZE" are possible",
                         path, strlen(path), MAX_PATH_LEN);
    }
    return NULL;
}

/* Returns true if somebody listens on the socket 'path', or if that cannot be
 * told. */
static bool
is_live(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int retval;
    int fd;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return true;
    }
    ovs_strlcpy(un.sun_path, path, sizeof un.sun_path);
    retval = connect(fd, (struct sockaddr *) &un, sizeof un) ? errno : 0;
    close(fd);

    return retval != ECONNREFUSED;
}

char *
dpdk_vhost_socket_reclaim(const char *path)
{
    struct stat s;

    if (lstat(path, &s)) {
        return errno == ENOENT ? NULL
               : xasprintf("cannot look at '%s' (%s)",
                           path, ovs_strerror(errno));
    }
    if (!S_ISSOCK(s.st_mode)) {
        return xasprintf("'%s' exists and is not a socket, remove it", path);
    }
    if (s.st_uid != geteuid()) {
        return xasprintf("'%s' is a socket of user %ld, remove it",
                         path, (long int) s.st_uid);
    }
    if (is_live(path)) {
        return xasprintf("another process listens on '%s'", path);
    }
    if (unlink(path)) {
        return xasprintf("cannot remove the stale socket '%s' (%s)",
                         path, ovs_strerror(errno));
    }
    VLOG_INFO("removed the stale socket '%s' of a switch that has crashed",
              path);
    return NULL;
}
