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

/* The sockets of connections. */

#include <config.h>

#include "dpdk-vhost-connfd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <rte_vhost.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "util.h"

#define FD_DIR "/proc/self/fd"

/* So many numbers below the lowest free one are looked at first. */
#define NEAR 64

/* How sure we are, ascending. */
enum match {
    MATCH_NONE,
    MATCH_BLOCKING,             /* The other end is bound to any name, for it
                                 * may have another one in a container, or
                                 * have been renamed. */
    MATCH_FILE,                 /* ... to another name of the file. */
    MATCH_NAME                  /* One end is bound to the path. */
};

/* Most sockets that a connection may pass.  It needs one. */
#define MAX_PASSED 4

/* The sockets that a connection has passed.  Numbers of sockets are unique,
 * all have the same device, and librte_vhost may have one until it uses 'vid'
 * for another connection. */
static struct passed {
    size_t n;
    ino_t inodes[MAX_PASSED];
} passed[RTE_MAX_VHOST_DEVICE];

typedef int get_name_func(int fd, struct sockaddr *, socklen_t *);

/* Stores in 'name' the path that one end of the socket 'fd' is bound to, which
 * is empty if there is none. */
static bool
get_name(int fd, get_name_func *get, char name[sizeof(struct sockaddr_un)])
{
    struct sockaddr_un un;
    socklen_t len = sizeof un;

    memset(&un, 0, sizeof un);
    if (get(fd, (struct sockaddr *) &un, &len) || un.sun_family != AF_UNIX) {
        return false;
    }
    memset(name, 0, sizeof un);
    memcpy(name, un.sun_path, sizeof un.sun_path);
    return true;
}

/* Returns true if 'fd' is a stream socket that listens, or does not. */
static bool
is_stream(int fd, bool listening)
{
    int type, listens;
    socklen_t type_len = sizeof type;
    socklen_t listens_len = sizeof listens;

    return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len)
           && type == SOCK_STREAM
           && !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
                          &listens_len)
           && !listens == !listening;
}

static enum match
match_server(int fd, const char *path)
{
    char name[sizeof(struct sockaddr_un)];

    return (get_name(fd, getsockname, name) && !strcmp(name, path)
            ? MATCH_NAME : MATCH_NONE);
}

/* Returns true if 'fd' blocks.  The sockets on which librte_vhost waits for
 * messages do, those of Open vSwitch, to OVSDB or to a controller, never. */
static bool
is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

/* Stores in '*s' what 'name', which is the peer's choice, stands for.  Returns
 * false if the kernel would have to ask whoever serves its file system, who
 * may never answer. */
static bool
stat_cached(const char *name, struct statx *s)
{
    const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                                  .resolve = RESOLVE_CACHED };
    int fd = syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how);
    bool ok;

    if (fd < 0) {
        return false;
    }
    ok = !statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, s);
    close(fd);
    return ok;
}

/* Returns true if 'name', which is the peer's choice, is another one for the
 * socket 'path', to which the kernel has just been asked to connect. */
static bool
is_same_file(const char *name, const char *path)
{
    struct statx a, b;

    return stat_cached(name, &a) && stat_cached(path, &b)
           && a.stx_dev_major == b.stx_dev_major
           && a.stx_dev_minor == b.stx_dev_minor && a.stx_ino == b.stx_ino;
}

/* The name that the other end is bound to is the peer's choice, so a name that
 * does not match is no reason not to guard the connection. */
static enum match
match_client(int fd, const char *path)
{
    char name[sizeof(struct sockaddr_un)];

    if (!get_name(fd, getsockname, name) || name[0]
        || !get_name(fd, getpeername, name) || !name[0]) {
        return MATCH_NONE;
    }
    if (!strcmp(name, path)) {
        return MATCH_NAME;
    }
    return (is_same_file(name, path) ? MATCH_FILE
            : is_blocking(fd) ? MATCH_BLOCKING
            : MATCH_NONE);
}

void
dpdk_vhost_connfd_begin(int vid)
{
    if (vid >= 0 && vid < RTE_MAX_VHOST_DEVICE) {
        passed[vid].n = 0;
    }
}

bool
dpdk_vhost_connfd_exclude(int vid, int fd)
{
    struct stat s;

    if (vid < 0 || vid >= RTE_MAX_VHOST_DEVICE || passed[vid].n >= MAX_PASSED
        || fstat(fd, &s)) {
        return false;
    }
    passed[vid].inodes[passed[vid].n++] = s.st_ino;
    return true;
}

/* Returns true if 'fd', a socket, was passed by a front end. */
static bool
is_passed(int fd)
{
    struct stat s;

    if (fstat(fd, &s)) {
        return true;
    }
    for (int vid = 0; vid < RTE_MAX_VHOST_DEVICE; vid++) {
        for (size_t i = 0; i < passed[vid].n; i++) {
            if (passed[vid].inodes[i] == s.st_ino) {
                return true;
            }
        }
    }
    return false;
}

/* What is looked for. */
struct wanted {
    const char *path;
    bool listening;
    enum match (*match)(int fd, const char *path);
    dpdk_vhost_connfd_is_taken_func *is_taken;
};

/* Returns how well 'fd' is what is 'wanted'. */
static enum match
get_match(const struct wanted *wanted, int fd)
{
    /* The first three may be connected to whoever logs what we print. */
    return (fd <= STDERR_FILENO || !is_stream(fd, wanted->listening)
            || is_passed(fd) || wanted->is_taken(fd)
            ? MATCH_NONE : wanted->match(fd, wanted->path));
}

/* Returns the descriptor that best is what is 'wanted', or -1 if none is. */
static int
find(const struct wanted *wanted)
{
    enum match best = MATCH_NONE;
    DIR *dir = opendir(FD_DIR);
    struct dirent *de;
    int found = -1;
    int fd;

    if (!dir) {
        return -1;
    }

    /* A descriptor gets the lowest number that is free, so what is new is just
     * below that of 'dir' if others do not come and go.  There may be very
     * many, such as one for each huge page. */
    for (fd = dirfd(dir) - 1; fd >= dirfd(dir) - NEAR; fd--) {
        if (get_match(wanted, fd) == MATCH_NAME) {
            closedir(dir);
            return fd;
        }
    }
    while (best < MATCH_NAME && (de = readdir(dir))) {
        if (str_to_int(de->d_name, 10, &fd)) {
            enum match match = get_match(wanted, fd);

            if (match > best) {
                best = match;
                found = fd;
            }
        }
    }
    closedir(dir);
    return found;
}

int
dpdk_vhost_connfd_find(const char *path, bool client,
                       dpdk_vhost_connfd_is_taken_func *is_taken)
{
    const struct wanted wanted = {
        path, false, client ? match_client : match_server, is_taken
    };

    return find(&wanted);
}

int
dpdk_vhost_connfd_find_listener(const char *path,
                                dpdk_vhost_connfd_is_taken_func *is_taken)
{
    const struct wanted wanted = { path, true, match_server, is_taken };

    return find(&wanted);
}

int
dpdk_vhost_connfd_interpose(int connfd, int *innerp, int *outerp)
{
    int pair[2];
    int outer;

    outer = fcntl(connfd, F_DUPFD_CLOEXEC, 0);
    if (outer < 0) {
        return errno;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        int error = errno;

        close(outer);
        return error;
    }
    if (dup3(pair[1], connfd, O_CLOEXEC) < 0) {
        int error = errno;

        close(outer);
        close(pair[0]);
        close(pair[1]);
        return error;
    }
    close(pair[1]);
    *innerp = pair[0];
    *outerp = outer;
    return 0;
}
