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

/* What the process has mapped. */

#include <config.h>

#include "dpdk-maps.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAPS "/proc/self/maps"

/* As in linux/fs.h, which the compiler may have from before Linux 6.11. */
struct query {
    uint64_t size;
    uint64_t flags;
    uint64_t address;
    uint64_t start, end;
    uint64_t vma_flags;
    uint64_t page_size;
    uint64_t offset;
    uint64_t inode;
    uint32_t major_number, minor_number;
    uint32_t name_size, build_id_size;
    uint64_t name, build_id;
};
#define QUERY _IOWR('f', 17, struct query)
#define QUERY_OR_NEXT 0x10

int
dpdk_maps_open(void)
{
    int fd = open(MAPS, O_RDONLY | O_CLOEXEC);

    return fd >= 0 ? fd : -errno;
}

void
dpdk_maps_start(struct dpdk_maps *maps, int fd)
{
    maps->fd = fd;
    maps->address = 0;
    maps->is_text = false;
    maps->offset = 0;
    maps->n = maps->next = 0;
}

static uint64_t
make_device(uint64_t major_number, uint64_t minor_number)
{
    return major_number << 32 | minor_number;
}

/* Asks the kernel for the mapping of 'address', with QUERY_OR_NEXT in 'flags'
 * for the next one if there is none.  Returns 0, ENOENT if there is none, or
 * another positive errno if it cannot be asked. */
static int
query(int fd, uintptr_t address, uint64_t flags, struct dpdk_mapping *mapping)
{
    struct query q = { .size = sizeof q, .flags = flags, .address = address };

    if (ioctl(fd, QUERY, &q)) {
        return errno;
    }
    mapping->start = q.start;
    mapping->end = q.end;
    mapping->device = make_device(q.major_number, q.minor_number);
    mapping->inode = q.inode;
    return 0;
}

/* Returns the next character, or a negative number at the end. */
static int
get_char(struct dpdk_maps *maps)
{
    if (maps->next == maps->n) {
        ssize_t n;

        do {
            n = pread(maps->fd, maps->buffer, sizeof maps->buffer,
                      maps->offset);
        } while (n < 0 && errno == EINTR);
        if (n <= 0) {
            return -1;
        }
        maps->offset += n;
        maps->n = n;
        maps->next = 0;
    }
    return (unsigned char) maps->buffer[maps->next++];
}

/* Reads a number to the base 'base', and the character that ends it.  Returns
 * that character, or a negative number at the end. */
static int
get_number(struct dpdk_maps *maps, int base, uint64_t *number)
{
    *number = 0;
    for (;;) {
        int c = get_char(maps);
        int digit = (c >= '0' && c <= '9' ? c - '0'
                     : base == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10
                     : -1);

        if (digit < 0) {
            return c;
        }
        *number = *number * base + digit;
    }
}

/* Reads what there is up to 'end', and that.  Returns false at the end. */
static bool
skip(struct dpdk_maps *maps, char end)
{
    int c;

    do {
        c = get_char(maps);
    } while (c >= 0 && c != end);
    return c >= 0;
}

static bool
read_next(struct dpdk_maps *maps, struct dpdk_mapping *mapping)
{
    uint64_t start, end, offset, major_number, minor_number;
    int c;

    if (get_number(maps, 16, &start) != '-'
        || get_number(maps, 16, &end) != ' '
        || !skip(maps, ' ')
        || get_number(maps, 16, &offset) != ' '
        || get_number(maps, 16, &major_number) != ':'
        || get_number(maps, 16, &minor_number) != ' ') {
        return false;
    }
    c = get_number(maps, 10, &mapping->inode);
    mapping->start = start;
    mapping->end = end;
    mapping->device = make_device(major_number, minor_number);
    return c == '\n' || (c >= 0 && skip(maps, '\n'));
}

bool
dpdk_maps_next(struct dpdk_maps *maps, struct dpdk_mapping *mapping)
{
    if (!maps->is_text) {
        int error = query(maps->fd, maps->address, QUERY_OR_NEXT, mapping);

        if (!error) {
            maps->address = mapping->end;
            return true;
        } else if (error == ENOENT || maps->address) {
            return false;
        }
        maps->is_text = true;
    }
    return read_next(maps, mapping);
}

bool
dpdk_maps_find(int fd, uintptr_t address, struct dpdk_mapping *mapping)
{
    struct dpdk_maps maps;
    int error;

    if (fd < 0) {
        return false;
    }
    error = query(fd, address, 0, mapping);
    if (!error || error == ENOENT) {
        return !error;
    }
    dpdk_maps_start(&maps, fd);
    while (read_next(&maps, mapping)) {
        if (address < mapping->end) {
            return address >= mapping->start;
        }
    }
    return false;
}
