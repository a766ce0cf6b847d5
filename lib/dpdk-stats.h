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

#ifndef DPDK_STATS_H
#define DPDK_STATS_H 1

/* Counters of a port
 * ==================
 *
 * Each queue has counters of its own, on cache lines of its own, so that
 * counting takes neither a lock nor an atomic addition.  Reading sums over the
 * queues.  Counters never go backward: they belong to the port, not to the
 * connection of a guest or to a configuration, so the array only grows.
 *
 * Thread-safety
 * -------------
 *
 * dpdk_counter_add() may be called by one thread at a time for each counter,
 * the one that polls the receive queue or owns the transmit queue.  Reading
 * needs no such care: a 64-bit counter is loaded whole.  Arrays are replaced
 * only in "reconfigure", when nobody uses the queues; the caller's mutex
 * keeps readers away. */

#include <stddef.h>
#include <stdint.h>

#include "openvswitch/compiler.h"
#include "ovs-atomic.h"
#include "util.h"

struct dp_packet;
struct netdev_custom_stats;
struct netdev_stats;

/* Reasons to drop a packet. */
enum dpdk_drop {
    DPDK_DROP_FAILURE,          /* No room in the ring, or no such queue. */
    DPDK_DROP_MTU,              /* Larger than the port's MTU. */
    DPDK_DROP_SEGMENTS,         /* Received in more than one segment. */
    DPDK_DROP_QOS,              /* More than a policer or QoS lets pass. */
    DPDK_DROP_HWOL,             /* Asks for an offload that makes no sense. */
    DPDK_DROP_UNUSABLE,         /* The port is down, or has no guest.  Only */
                                /* part of "tx_dropped", as in-tree. */
    DPDK_N_DROPS
};

/* Ranges of sizes of frames, in bytes without FCS, as librte_vhost has
 * them. */
enum dpdk_size {
    DPDK_SIZE_UNDERSIZE,        /* Less than 64. */
    DPDK_SIZE_64,
    DPDK_SIZE_65_127,
    DPDK_SIZE_128_255,
    DPDK_SIZE_256_511,
    DPDK_SIZE_512_1023,
    DPDK_SIZE_1024_1518,
    DPDK_SIZE_1519_MAX,
    DPDK_N_SIZES
};

/* Counters of one queue, receive or transmit. */
struct dpdk_queue_stats {
    OVS_ALIGNED_VAR(CACHE_LINE_SIZE)
    atomic_uint64_t packets;    /* Packets that passed. */
    atomic_uint64_t bytes;      /* Their bytes, without FCS. */
    atomic_uint64_t drops[DPDK_N_DROPS]; /* Packets dropped, by reason. */

    /* vhost only.  A NIC counts these by itself. */
    atomic_uint64_t sizes[DPDK_N_SIZES]; /* 'packets', by size. */
    atomic_uint64_t multicast;  /* Those to several stations, but not all. */
    atomic_uint64_t broadcast;  /* Those to all stations. */
    atomic_uint64_t notifications; /* Interrupts of the guest. */
    atomic_uint64_t retries;    /* Attempts to send after the first one. */
    atomic_uint64_t iotlb_hits; /* Of guests that are gone, see */
    atomic_uint64_t iotlb_misses; /* dpdk_vhost_stats_keep(). */
};

/* Adds 'n' to 'counter', which only this thread writes at this time. */
static inline void
dpdk_counter_add(atomic_uint64_t *counter, uint64_t n)
{
    uint64_t value;

    atomic_read_relaxed(counter, &value);
    atomic_store_relaxed(counter, value + n);
}

/* Returns the value of 'counter'. */
static inline uint64_t
dpdk_counter_read(const atomic_uint64_t *counter)
{
    uint64_t value;

    atomic_read_relaxed(CONST_CAST(atomic_uint64_t *, counter), &value);
    return value;
}

/* Adds to 'stats', which only this thread writes at this time, how many frames
 * of each size there are: 8 bits of 'counts' for each, the first size in the
 * lowest ones.  Any thread. */
void dpdk_stats_add_sizes(struct dpdk_queue_stats *stats, uint64_t counts);

/* Counts the 'n' frames in 'packets', at most UINT8_MAX, by their sizes and
 * destinations in 'stats', which only this thread writes at this time.  Any
 * thread. */
void dpdk_stats_count_frames(struct dpdk_queue_stats *stats,
                             struct dp_packet *const packets[], size_t n);

/* Returns an array of counters for 'n' queues.  The first 'n_old' of them
 * start with the values in 'old', which is freed, and which may be null if
 * 'n_old' is 0.  'n' must not be less than 'n_old'. */
struct dpdk_queue_stats *dpdk_stats_grow(struct dpdk_queue_stats *old,
                                         size_t n_old, size_t n);

/* Frees 'stats', from dpdk_stats_grow(). */
void dpdk_stats_free(struct dpdk_queue_stats *stats);

/* Sets each counter of 'stats' to all ones, which means "not known". */
void dpdk_stats_unknown(struct netdev_stats *stats);

/* Sums of the counters of several queues. */
struct dpdk_stats_sum {
    uint64_t packets;
    uint64_t bytes;
    uint64_t drops[DPDK_N_DROPS];
    uint64_t retries;
    uint64_t sizes[DPDK_N_SIZES];
    uint64_t multicast;
    uint64_t broadcast;
};

/* Adds the counters of the 'n' queues in 'stats' to 'sum'. */
void dpdk_stats_sum(const struct dpdk_queue_stats *stats, size_t n,
                    struct dpdk_stats_sum *sum);

/* Returns the packets that 'sum' counts as dropped, for all reasons. */
uint64_t dpdk_stats_drops(const struct dpdk_stats_sum *sum);

/* Adds the counter 'name' with 'value' to 'custom', which has room for it.
 * Any thread. */
void dpdk_stats_add_custom(struct netdev_custom_stats *custom,
                           const char *name, uint64_t value);

#endif /* dpdk-stats.h */
