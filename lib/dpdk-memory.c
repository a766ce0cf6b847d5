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

/* How much memory DPDK can still allocate.  Called by dpdk-eal.c and
 * dpdk-mempool.c; calls librte_eal, and reads what the kernel says of
 * hugepages. */

#include <config.h>

#include "dpdk-memory.h"

#include <dirent.h>
#include <rte_config.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define MB (1024 * 1024ULL)

/* What the kernel says of hugepages, of one NUMA node and of a machine that
 * has none. */
#define NODE_DIR "/sys/devices/system/node/node%d/hugepages"
#define MACHINE_DIR "/sys/kernel/mm/hugepages"

static enum dpdk_memory_growth growth;

/* Limit of each NUMA node in bytes, 0 if it has none. */
static uint64_t limits[RTE_MAX_NUMA_NODES];

void
dpdk_memory_init(enum dpdk_memory_growth growth_, const char *limits_)
{
    char *copy = xstrdup(limits_ ? limits_ : "");
    char *rest = copy;
    char *token;

    growth = growth_;
    for (int i = 0; i < RTE_MAX_NUMA_NODES; i++) {
        token = strsep(&rest, ",");
        limits[i] = token ? strtoull(token, NULL, 0) * MB : 0;
    }
    free(copy);
}

/* Returns the number in 'dir'/'subdir'/'file', or 0. */
static uint64_t
read_pages(const char *dir, const char *subdir, const char *file)
{
    char *path = xasprintf("%s/%s/%s", dir, subdir, file);
    FILE *stream = fopen(path, "r");
    unsigned long long int n = 0;

    free(path);
    if (stream) {
        if (fscanf(stream, "%llu", &n) != 1) {
            n = 0;
        }
        fclose(stream);
    }
    return n;
}

/* Returns how many hugepages that 'subdir' is of the kernel would make on
 * demand, of whichever node. */
static uint64_t
overcommit_pages(const char *subdir)
{
    uint64_t most = read_pages(MACHINE_DIR, subdir, "nr_overcommit_hugepages");
    uint64_t made = read_pages(MACHINE_DIR, subdir, "surplus_hugepages");

    return most > made ? most - made : 0;
}

/* Returns how many bytes the hugepages of NUMA node 'socket_id' have that are
 * free or can be made, those of all sizes. */
static uint64_t
free_hugepages(int socket_id)
{
    char *dir_name = xasprintf(NODE_DIR, socket_id);
    DIR *dir = opendir(dir_name);
    struct dirent *entry;
    uint64_t size = 0;

    if (!dir) {
        /* The kernel knows no NUMA nodes. */
        free(dir_name);
        dir_name = xstrdup(MACHINE_DIR);
        dir = opendir(dir_name);
    }
    while (dir && (entry = readdir(dir))) {
        unsigned int kb;

        if (ovs_scan(entry->d_name, "hugepages-%ukB", &kb)) {
            size += (read_pages(dir_name, entry->d_name, "free_hugepages")
                     + overcommit_pages(entry->d_name)) * kb * 1024;
        }
    }
    if (dir) {
        closedir(dir);
    }
    free(dir_name);
    return size;
}

uint64_t
dpdk_memory_free(int socket_id, const char **remedyp)
{
    struct rte_malloc_socket_stats stats;
    uint64_t limit = limits[socket_id];
    uint64_t in_heap = 0;
    uint64_t total = 0;
    uint64_t pages;

    if (!rte_malloc_get_socket_stats(socket_id, &stats)) {
        in_heap = stats.heap_freesz_bytes;
        total = stats.heap_totalsz_bytes;
    }
    if (growth == DPDK_MEMORY_FIXED) {
        *remedyp = "give DPDK more memory when ovs-vswitchd restarts";
        return in_heap;
    }

    pages = free_hugepages(socket_id);
    if (limit && (limit < total || limit - total < pages)) {
        *remedyp = "raise the limit of this node in "
                   "other_config:dpdk-socket-limit and restart ovs-vswitchd";
        return in_heap + (limit > total ? limit - total : 0);
    }
    *remedyp = "reserve more hugepages";
    return in_heap + pages;
}
