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

#include "dp-packet.h"
#include "openvswitch/netdev.h"

/* Returns the range that a frame of 'size' bytes is in, without a branch: the
 * ranges are powers of 2, but for 64 being one of its own and for the last
 * one. */
static enum dpdk_size
size_class(uint32_t size)
{
    return MIN(log_2_floor(size | 32), 10) - 5 + (size > 64) + (size > 1518);
}

/* Counts those of the 'n' frames in 'packets' that go to several stations. */
static void
count_multicast(struct dpdk_queue_stats *stats,
                struct dp_packet *const packets[], size_t n)
{
    uint64_t n_multicast = 0;
    uint64_t n_broadcast = 0;

    for (size_t i = 0; i < n; i++) {
        const struct eth_addr *dst = dp_packet_data(packets[i]);

        if (packets[i]->size_ >= sizeof *dst && eth_addr_is_multicast(*dst)) {
            if (eth_addr_is_broadcast(*dst)) {
                n_broadcast++;
            } else {
                n_multicast++;
            }
        }
    }
    dpdk_counter_add(&stats->multicast, n_multicast);
    dpdk_counter_add(&stats->broadcast, n_broadcast);
}

void
dpdk_stats_add_sizes(struct dpdk_queue_stats *stats, uint64_t counts)
{
    BUILD_ASSERT(DPDK_N_SIZES == sizeof counts);

    while (counts) {
        int i = rightmost_1bit_idx(counts) / 8;

        dpdk_counter_add(&stats->sizes[i], counts >> (8 * i) & 0xff);
        counts &= ~(UINT64_C(0xff) << (8 * i));
    }
}

void
dpdk_stats_count_frames(struct dpdk_queue_stats *stats,
                        struct dp_packet *const packets[], size_t n)
{
    uint64_t counts = 0;        /* See dpdk_stats_add_sizes(). */
    uint8_t first = 0;          /* Bits of the first bytes of frames. */

    for (size_t i = 0; i < n; i++) {
        const struct dp_packet *p = packets[i];

        counts += UINT64_C(1) << (8 * size_class(p->size_));
        first |= ((const uint8_t *) p->base_)[p->data_ofs];
    }
    dpdk_stats_add_sizes(stats, counts);
    if (OVS_UNLIKELY(first & 1)) {
        count_multicast(stats, packets, n);
    }
}

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
        for (size_t j = 0; j < DPDK_N_SIZES; j++) {
            sum->sizes[j] += dpdk_counter_read(&stats[i].sizes[j]);
        }
        sum->multicast += dpdk_counter_read(&stats[i].multicast);
        sum->broadcast += dpdk_counter_read(&stats[i].broadcast);
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

void
dpdk_stats_add_custom(struct netdev_custom_stats *custom, const char *name,
                      uint64_t value)
{
    struct netdev_custom_counter *counter = &custom->counters[custom->size++];

    ovs_strlcpy(counter->name, name, sizeof counter->name);
    counter->value = value;
}
