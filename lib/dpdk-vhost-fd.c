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

/* Descriptors from front ends.  Called by dpdk-vhost-guard.c. */

#include <config.h>

#include "dpdk-vhost-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util.h"

#define DEVICE_SIZE "/sys/dev/char/%u:%u/size"

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

char *
dpdk_vhost_fd_check_memory(int fd, uint64_t offset, uint64_t size)
{
    uint64_t file_size;
    struct stat s;
    size_t n;
    void *p;

    if (fstat(fd, &s)) {
        return xasprintf("cannot be examined (%s)", ovs_strerror(errno));
    }
    if (S_ISREG(s.st_mode)) {
        file_size = s.st_size;
    } else {
        file_size = S_ISCHR(s.st_mode) ? get_device_size(s.st_rdev) : 0;
        if (!file_size) {
            return xasprintf("is %s, not memory", kind_name(s.st_mode));
        }
    }
    if (file_size < offset || file_size - offset < size) {
        return xasprintf("has %"PRIu64" bytes, not the %"PRIu64" from "
                         "%"PRIu64" on that it is said to have", file_size,
                         size, offset);
    }

    /* librte_vhost leaks a descriptor that it cannot map.  Like it, map from
     * the start, and whole pages of any size. */
    n = ROUND_UP(offset + size, s.st_blksize);
    p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return xasprintf("cannot be mapped (%s)", ovs_strerror(errno));
    }
    munmap(p, n);
    return NULL;
}

char *
dpdk_vhost_fd_check_event(int fd)
{
    struct stat s;
    int flags;

    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &s)) {
        return xasprintf("cannot be examined (%s)", ovs_strerror(errno));
    }
    if (flags & O_PATH
        || (s.st_mode & S_IFMT && !S_ISFIFO(s.st_mode)
            && !S_ISSOCK(s.st_mode))) {
        return xasprintf("is %s, not an eventfd", kind_name(s.st_mode));
    }
    if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK)) {
        return xasprintf("cannot be made not to block (%s)",
                         ovs_strerror(errno));
    }
    return NULL;
}

char *
dpdk_vhost_fd_check_socket(int fd)
{
    struct stat s;

    if (fstat(fd, &s)) {
        return xasprintf("cannot be examined (%s)", ovs_strerror(errno));
    }
    return (S_ISSOCK(s.st_mode) ? NULL
            : xasprintf("is %s, not a socket", kind_name(s.st_mode)));
}

/* Checks the files of the regions of SET_MEM_TABLE. */
static char *
check_regions(const struct dpdk_vhost_message *msg, const int fds[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct dpdk_vhost_region *region;
        char *sentence;
        char *why;

        region = &msg->payload.memory.regions[i];
        why = dpdk_vhost_fd_check_memory(fds[i], region->offset, region->size);
        if (why) {
            sentence = xasprintf("region %"PRIuSIZE": file %s", i, why);
            free(why);
            return sentence;
        }
    }
    return NULL;
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
        why = dpdk_vhost_fd_check_memory(fds[0], msg->payload.log.offset,
                                         msg->payload.log.size);
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
