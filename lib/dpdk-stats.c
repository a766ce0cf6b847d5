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

/* Counters of a port.  Called by the ports, calls nothing but the core's
 * memory allocation. */

#include <config.h>

#include "dpdk-stats.h"

#include <string.h>

#include "openvswitch/netdev.h"

struct dpdk_queue_stats *
dpdk_stats_grow(struct dpdk_queue_stats *old, size_t n_old, size_t n)
{
    struct dpdk_queue_stats *stats;

    stats = xzalloc_cacheline(n * sizeof *stats);
    if (old) {
        memcpy(stats, old, n_old * sizeof *stats);
        free_cacheline(old);
    }
    return stats;
}

void
dpdk_stats_free(struct dpdk_queue_stats *stats)
{
    if (stats) {
        free_cacheline(stats);
    }
}

void
dpdk_stats_unknown(struct netdev_stats *stats)
{
    memset(stats, 0xff, sizeof *stats);
}

void
dpdk_stats_sum(const struct dpdk_queue_stats *stats, size_t n,
               struct dpdk_stats_sum *sum)
{
    for (size_t i = 0; i < n; i++) {
        sum->packets += dpdk_counter_read(&stats[i].packets);
        sum->bytes += dpdk_counter_read(&stats[i].bytes);
        sum->retries += dpdk_counter_read(&stats[i].retries);
        for (size_t j = 0; j < DPDK_N_DROPS; j++) {
            sum->drops[j] += dpdk_counter_read(&stats[i].drops[j]);
        }
    }
}

uint64_t
dpdk_stats_drops(const struct dpdk_stats_sum *sum)
{
    uint64_t drops = 0;

    for (size_t i = 0; i < DPDK_N_DROPS; i++) {
        drops += sum->drops[i];
    }
    return drops;
}
