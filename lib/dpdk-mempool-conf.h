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

#ifndef DPDK_MEMPOOL_CONF_H
#define DPDK_MEMPOOL_CONF_H 1

/* How large a pool of packets is to be
 * ====================================
 *
 * By default, the ports of a NUMA node whose MTUs round up to the same size of
 * buffer share one large pool.  Two keys of Open_vSwitch other_config change
 * that for ports that get a pool afterward:
 *
 *   - "per-port-memory": each port has a pool of its own, as large as its
 *     queues may need.
 *
 *   - "shared-mempool-config": a list of MTU[:NUMA], the sizes that shared
 *     pools have, so that ports with different MTUs share one.
 *
 * Called by plugin.c, dpdk-mempool.c and the unit tests, in MAIN. */

#include <stdbool.h>
#include <stdint.h>

struct smap;

/* What a port needs a pool for. */
struct dpdk_mempool_request {
    const char *name;           /* Of the port. */
    int mtu;
    int socket_id;              /* NUMA node. */
    int n_rxq;                  /* Receive queues, */
    int rxq_size;               /* and descriptors of each. */
    int n_txq;                  /* Transmit queues, */
    int txq_size;               /* and descriptors of each. */
};

/* What the pool has to be like. */
struct dpdk_mempool_shape {
    bool shared;                /* For other ports, too? */
    int adjusted_mtu;           /* Largest MTU that the buffers are for. */
    uint32_t n_packets;
};

/* The least packets that a pool may have. */
#define DPDK_MEMPOOL_MIN_PACKETS (4096 * 4)

/* Takes over and logs what 'other_config' says of pools, if that is new. */
void dpdk_mempool_conf_run(const struct smap *other_config);

/* Returns the adjusted MTU of a pool for ports with the given 'mtu': the
 * buffers of packets come in steps of 1 kB, and an adjusted MTU is as large as
 * they are, headroom included, without Ethernet header and FCS. */
int dpdk_mempool_conf_adjust_mtu(int mtu);

/* Returns the size in bytes of the buffers, with headroom, of a pool with the
 * given 'adjusted_mtu'. */
uint32_t dpdk_mempool_conf_data_room(int adjusted_mtu);

/* Stores in '*shape' what a pool for 'request' has to be like. */
void dpdk_mempool_conf_shape(const struct dpdk_mempool_request *request,
                             struct dpdk_mempool_shape *shape);

#endif /* dpdk-mempool-conf.h */
