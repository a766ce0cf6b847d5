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

#ifndef DPDK_MAPS_H
#define DPDK_MAPS_H 1

/* What the process has mapped, from /proc/self/maps, see proc(5).  Called by
 * dpdk-vhost-sigbus.c; calls the kernel only.
 *
 * Since Linux 6.11 that file can be asked, see PROCMAP_QUERY in linux/fs.h.
 * Before, its text has to be read up to what is looked for, with the names of
 * all files, which are as long as whoever shares them likes.
 *
 * All functions but dpdk_maps_open() are async-signal-safe, and reading takes
 * neither memory nor a new file descriptor. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mapping. */
struct dpdk_mapping {
    uintptr_t start;            /* First byte. */
    uintptr_t end;              /* Byte after the last one. */
    uint64_t device;            /* Where the file is, */
    uint64_t inode;             /* which one it is, or 0 if there is none. */
};

/* A walk through all mappings, in the order of their addresses. */
struct dpdk_maps {
    int fd;
    uintptr_t address;          /* Byte after the last mapping. */
    bool is_text;               /* Is the text read? */
    int64_t offset;             /* In the file, of what was not read yet. */
    size_t n, next;             /* Bytes in 'buffer', and the next of them. */
    char buffer[1024];
};

/* Returns a file descriptor for walks through what is mapped at the time, or a
 * negative errno.  Only one thread at a time may use it. */
int dpdk_maps_open(void);

/* Starts a walk with a file descriptor of dpdk_maps_open(). */
void dpdk_maps_start(struct dpdk_maps *maps, int fd);

/* Stores the next mapping in '*mapping'.  Returns false if there is none. */
bool dpdk_maps_next(struct dpdk_maps *maps, struct dpdk_mapping *mapping);

/* Stores the mapping of 'address' in '*mapping'.  Returns false if there is
 * none, or 'fd' is negative. */
bool dpdk_maps_find(int fd, uintptr_t address, struct dpdk_mapping *mapping);

#endif /* dpdk-maps.h */
