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
#include <sys/sysmacros.h>
#include <unistd.h>

#define MAPS "/proc/self/maps"

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
    maps->offset = 0;
    maps->n = maps->next = 0;
}

static uint64_t
make_device(uint64_t major_number, uint64_t minor_number)
{
    return major_number << 32 | minor_number;
}

uint64_t
dpdk_maps_device(dev_t device)
{
    return make_device(major(device), minor(device));
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

bool
dpdk_maps_next(struct dpdk_maps *maps, struct dpdk_mapping *mapping)
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
dpdk_maps_find(int fd, uintptr_t address, struct dpdk_mapping *mapping)
{
    struct dpdk_maps maps;

    if (fd < 0) {
        return false;
    }
    dpdk_maps_start(&maps, fd);
    while (dpdk_maps_next(&maps, mapping)) {
        if (address < mapping->end) {
            return address >= mapping->start;
        }
    }
    return false;
}
