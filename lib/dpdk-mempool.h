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

#ifndef DPDK_MEMPOOL_H
#define DPDK_MEMPOOL_H 1

/* Pools of packets
 * ================
 *
 * Ports of one NUMA node whose MTUs round up to the same buffer size share a
 * pool, unless the configuration says otherwise, see dpdk-mempool-conf.h.  A
 * pool that no port uses any more lives on until all of its packets have come
 * back, because packets outlive the port that received them: they wait in
 * other ports' rings, in upcalls and in conntrack.  Such pools are freed by
 * the next call of dpdk_mempool_get() that does not want them: a port that is
 * removed and added again gets its pool back, which is much faster than a new
 * one.
 *
 * Thread-safety
 * -------------
 *
 * dpdk_mempool_get() and dpdk_mempool_suits() run in MAIN, the others in any
 * thread.  They take the mutex of the list of pools, below all other mutexes
 * of the plugin. */

#include <stdbool.h>
#include <stdint.h>

#include "dpdk-mempool-conf.h"
#include "openvswitch/list.h"

struct rte_mempool;

/* Largest and smallest MTU of a port, and the one that it starts with.  A
 * frame of the largest one is 9728 bytes with its Ethernet header, FCS and two
 * VLAN tags. */
#define DPDK_MTU_MAX 9702
#define DPDK_MTU_MIN 68
#define DPDK_MTU_DEFAULT 1500

/* A pool.  Users read 'mp', the rest is private to dpdk-mempool.c. */
struct dpdk_mempool {
    struct rte_mempool *mp;     /* What packets are allocated from. */
    struct ovs_list list_node;  /* In 'pools'. */
    struct dpdk_mempool_shape shape; /* What it was made for. */
    int socket_id;              /* NUMA node. */
    int refcount;               /* Number of ports that use the pool. */
};

/* Returns the size of the largest packet, in bytes without FCS, that a port
 * with the given 'mtu' sends: the Ethernet header and one VLAN tag add to the
 * MTU. */
static inline uint32_t
dpdk_mtu_to_max_packet_len(int mtu)
{
    return mtu + 14 + 4;
}

/* Stores in '*poolp' a reference to a pool for 'request', creating it if there
 * is none.  If memory is short, it may have fewer packets than wanted, which
 * is logged.  The caller has to release it with dpdk_mempool_put().
 *
 * Returns 0 or a positive errno, ENOMEM if there is not enough hugepage memory
 * even for the smallest pool.  In that case '*whyp' becomes a phrase for the
 * user that says why, and that the caller has to free. */
int dpdk_mempool_get(const struct dpdk_mempool_request *request,
                     struct dpdk_mempool **poolp, char **whyp);

/* Returns true if 'pool', which was made for a port with the MTU and the NUMA
 * node of 'request', is still what the port needs: in a pool of its own, more
 * queues need more packets. */
bool dpdk_mempool_suits(const struct dpdk_mempool *pool,
                        const struct dpdk_mempool_request *request);

/* Releases a reference to 'pool', which may be null. */
void dpdk_mempool_put(struct dpdk_mempool *pool);

#endif /* dpdk-mempool.h */
