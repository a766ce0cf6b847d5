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

/* Descriptors from front ends.  Called by dpdk-vhost-relay.c. */

#include <config.h>

#include "dpdk-vhost-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util.h"

#define DEVICE_SIZE "/sys/dev/char/%u:%u/size"
#define DISK "/sys/dev/block/%u:%u"
#define FD_LINK "/proc/self/fd/%d"

/* What FD_LINK is for an eventfd.  That of a file with a name starts with a
 * slash or a parenthesis. */
#define EVENTFD "anon_inode:[eventfd]"

/* What part of the address space that is left a front end may take at once.
 * Files without anything in them cost it nothing, but without addresses no
 * thread gets a stack, and no other guest is served.  So each one leaves
 * enough for many more. */
#define MAX_PART 8

/* A file that is mapped while it is checked. */
struct mapping {
    void *start;                /* Null if it is not. */
    size_t size;
};

/* Returns what kind of thing has the mode 'mode', for the user. */
static const char *
kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG: return "a regular file";
    case S_IFDIR: return "a directory";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    case S_IFIFO: return "a pipe";
    case S_IFLNK: return "a symbolic link";
    case S_IFSOCK: return "a socket";
    default: return "an anonymous file";
    }
}

/* Returns the size of the memory that the character device 'rdev' stands for,
 * or 0 if it does not, which is true of most: only memory devices (DAX) have a
 * size. */
static uint64_t
get_device_size(dev_t rdev)
{
    char *path = xasprintf(DEVICE_SIZE, major(rdev), minor(rdev));
    FILE *stream = fopen(path, "r");
    uint64_t size = 0;

    free(path);
    if (stream) {
        if (fscanf(stream, "%"SCNu64, &size) != 1) {
            size = 0;
        }
        fclose(stream);
    }
    return size;
}

/* Stores in '*s' what is known of 'fd', without asking whoever serves its file
 * system, who may be the front end, and never answer.  Returns null or what is
 * wrong. */
static char *
examine(int fd, struct statx *s)
{
    return (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
                  STATX_BASIC_STATS, s)
            ? xasprintf("cannot be examined (%s)", ovs_strerror(errno))
            : NULL);
}

/* Returns true if the kernel serves 'fd', a regular file of which 's' tells,
 * by itself.  All files that are memory, and no other ones, have seals, if
 * only one that says that there will be no more.  And there are file systems
 * on disks, where libvirt has its files by default: they have the number of
 * the disk, and to mount one takes more than a front end can do. */
static bool
is_ours(int fd, const struct statx *s)
{
    bool on_disk;
    char *path;

    if (fcntl(fd, F_GET_SEALS) >= 0) {
        return true;
    }
    path = xasprintf(DISK, s->stx_dev_major, s->stx_dev_minor);
    on_disk = !access(path, F_OK);
    free(path);
    return on_disk;
}

/* Stores the size of the memory in 'fd' in '*sizep', and that of its pages in
 * '*page_sizep'.  Returns null or what is wrong. */
static char *
get_memory_size(int fd, uint64_t *sizep, size_t *page_sizep)
{
    struct statx s;
    char *why = examine(fd, &s);

    if (why) {
        return why;
    }

    if (S_ISREG(s.stx_mode) && is_ours(fd, &s)) {
        struct stat now;

        if (fstat(fd, &now)) {
            return xasprintf("cannot be examined (%s)", ovs_strerror(errno));
        }
        *sizep = now.st_size;
    } else if (S_ISREG(s.stx_mode)) {
        return xstrdup("is a regular file, but not of memory, nor on a disk");
    } else {
        *sizep = (S_ISCHR(s.stx_mode)
                  ? get_device_size(makedev(s.stx_rdev_major,
                                            s.stx_rdev_minor))
                  : 0);
        if (!*sizep) {
            return xasprintf("is %s, not memory", kind_name(s.stx_mode));
        }
    }
    *page_sizep = s.stx_blksize;
    return NULL;
}

/* Can 'fd' back 'size' bytes of memory that start 'offset' bytes into it?
 * Returns null if so, and stores in '*mapping' what the caller has to unmap,
 * or what is wrong. */
static char *
check_memory(int fd, uint64_t offset, uint64_t size, struct mapping *mapping)
{
    uint64_t file_size;
    size_t page_size;
    char *why = get_memory_size(fd, &file_size, &page_size);
    void *p;

    if (why) {
        return why;
    }
    if (file_size < offset || file_size - offset < size) {
        return xasprintf("has %"PRIu64" bytes, not the %"PRIu64" from "
                         "%"PRIu64" on that it is said to have", file_size,
                         size, offset);
    }

    /* librte_vhost leaks a descriptor that it cannot map.  Like it, map from
     * the start, and whole pages of any size. */
    mapping->size = ROUND_UP(offset + size, page_size);
    p = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return xasprintf("cannot be mapped (%s)", ovs_strerror(errno));
    }
    mapping->start = p;
    return NULL;
}

/* Returns null if a front end may have mapped 'size' bytes, as are mapped now,
 * or what is wrong. */
static char *
check_room(uint64_t size)
{
    void *p = mmap(NULL, size * (MAX_PART - 1), PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        return (errno == ENOMEM
                ? xasprintf("takes more than 1/%d of the address space that "
                            "is left", MAX_PART)
                : NULL);
    }
    munmap(p, size * (MAX_PART - 1));
    return NULL;
}

static void
unmap(const struct mapping *mapping)
{
    if (mapping->start) {
        munmap(mapping->start, mapping->size);
    }
}

char *
dpdk_vhost_fd_check_memory(int fd, uint64_t offset, uint64_t size)
{
    struct mapping mapping = { .start = NULL };
    char *why = check_memory(fd, offset, size, &mapping);

    why = why ? why : check_room(mapping.size);
    unmap(&mapping);
    return why;
}

/* Returns the size of the pages of 'fd' if it is a file of hugetlbfs, or 0.
 * Asks no file system that others may serve. */
static uint64_t
get_huge_page_size(int fd)
{
    struct statfs s;

    return (fcntl(fd, F_GET_SEALS) >= 0 && !fstatfs(fd, &s)
            && s.f_type == HUGETLBFS_MAGIC ? s.f_bsize : 0);
}

/* Can 'fd' be the log that 'msg' tells of? */
static char *
check_log(const struct dpdk_vhost_message *msg, int fd)
{
    uint64_t page_size = get_huge_page_size(fd);
    uint64_t size = msg->payload.log.size;

    /* librte_vhost maps it, and unmaps it, with just that size.  The second
     * one fails within a page, and what is left of each log takes one of the
     * mappings that the process may have. */
    return (page_size && size % page_size
            ? xasprintf("has pages of %"PRIu64" bytes, which a log of %"PRIu64
                        " bytes ends within", page_size, size)
            : dpdk_vhost_fd_check_memory(fd, msg->payload.log.offset, size));
}

bool
dpdk_vhost_fd_is_event(int fd)
{
    char *path = xasprintf(FD_LINK, fd);
    char link[sizeof EVENTFD];
    ssize_t n = readlink(path, link, sizeof link);

    free(path);
    return n == strlen(EVENTFD) && !memcmp(link, EVENTFD, n);
}

char *
dpdk_vhost_fd_check_event(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    struct statx s;
    char *why;

    why = (flags < 0
           ? xasprintf("cannot be examined (%s)", ovs_strerror(errno))
           : examine(fd, &s));
    if (why) {
        return why;
    }
    if (flags & O_PATH || !dpdk_vhost_fd_is_event(fd)) {
        /* Anything else may block for reasons that GUARD cannot remove, see
         * dpdk-vhost-call.h. */
        return xasprintf("is %s, not an eventfd", kind_name(s.stx_mode));
    }
    if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK)) {
        return xasprintf("cannot be made not to block (%s)",
                         ovs_strerror(errno));
    }
    return NULL;
}

/* Stores the 'option' of the socket 'fd' in '*valuep'.  Returns false if it is
 * no socket. */
static bool
get_option(int fd, int option, int *valuep)
{
    socklen_t len = sizeof *valuep;

    return !getsockopt(fd, SOL_SOCKET, option, valuep, &len);
}

bool
dpdk_vhost_fd_is_socket(int fd)
{
    int type;

    return get_option(fd, SO_TYPE, &type);
}

char *
dpdk_vhost_fd_check_socket(int fd)
{
    struct statx s;
    char *why = examine(fd, &s);
    int domain, type;

    return (why ? why
            : get_option(fd, SO_DOMAIN, &domain) && domain == AF_UNIX
              && get_option(fd, SO_TYPE, &type) && type == SOCK_STREAM ? NULL
            : xasprintf("is %s, not a stream socket of family AF_UNIX",
                        kind_name(s.stx_mode)));
}

/* Checks the files of the regions of SET_MEM_TABLE, whose maps have to fit
 * side by side. */
static char *
check_regions(const struct dpdk_vhost_message *msg, const int fds[], size_t n)
{
    struct mapping mappings[DPDK_VHOST_MESSAGE_MAX_REGIONS];
    char *sentence = NULL;
    uint64_t size = 0;

    memset(mappings, 0, sizeof mappings);
    for (size_t i = 0; i < n && !sentence; i++) {
        const struct dpdk_vhost_region *region;
        char *why;

        region = &msg->payload.memory.regions[i];
        why = check_memory(fds[i], region->offset, region->size, &mappings[i]);
        if (why) {
            sentence = xasprintf("region %"PRIuSIZE": file %s", i, why);
            free(why);
        }
        size += mappings[i].size;
    }
    sentence = sentence ? sentence : check_room(size);
    for (size_t i = 0; i < n; i++) {
        unmap(&mappings[i]);
    }
    return sentence;
}

char *
dpdk_vhost_fd_check_message(const struct dpdk_vhost_message *msg,
                            const int fds[], size_t n,
                            enum dpdk_vhost_fault *faultp)
{
    char *sentence;
    char *why = NULL;

    *faultp = DPDK_VHOST_FAULT_MESSAGE;
    switch (msg->request) {
    case DPDK_VHOST_SET_MEM_TABLE:
        *faultp = DPDK_VHOST_FAULT_MEMORY;
        return check_regions(msg, fds, n);

    case DPDK_VHOST_SET_LOG_BASE:
        *faultp = DPDK_VHOST_FAULT_MEMORY;
        why = check_log(msg, fds[0]);
        break;

    case DPDK_VHOST_SET_LOG_FD:
    case DPDK_VHOST_SET_VRING_KICK:
    case DPDK_VHOST_SET_VRING_CALL:
    case DPDK_VHOST_SET_VRING_ERR:
        why = n ? dpdk_vhost_fd_check_event(fds[0]) : NULL;
        break;

    case DPDK_VHOST_SET_BACKEND_REQ_FD:
        why = dpdk_vhost_fd_check_socket(fds[0]);
        break;
    }
    if (!why) {
        return NULL;
    }
    sentence = xasprintf("with file that %s", why);
    free(why);
    return sentence;
}
