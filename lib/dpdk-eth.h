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

#ifndef DPDK_ETH_H
#define DPDK_ETH_H 1

/* The class "dpdk": ports that drive a NIC, or a virtual device that stands
 * for one, through an ethdev.
 *
 * dpdk-eth.c has their life and configuration, dpdk-eth-port.c what is done to
 * the device, dpdk-eth-rxtx.c the packets. */

#include <rte_ethdev.h>

#include "dpdk-dev.h"
#include "dpdk-eth-port.h"

/* A port of class "dpdk". */
struct dpdk_eth {
    struct dpdk_dev dev;

    /* What the packet side reads. */
    uint16_t port_id;           /* Number of the ethdev. */
    atomic_bool usable;         /* Started, and administratively up? */

    /* What 'port_id' is. */
    char *devargs OVS_GUARDED;  /* What named it, or null if there is none. */
    bool attached OVS_GUARDED;  /* Attached by us, so to be detached? */
    bool started OVS_GUARDED;

    /* Applied configuration, with that of 'dev'. */
    struct dpdk_eth_conf conf OVS_GUARDED;

    /* Requested configuration, with that of 'dev'. */
    int requested_rxq_size OVS_GUARDED;
    int requested_txq_size OVS_GUARDED;
    bool requested_lsc_interrupt OVS_GUARDED;

    /* The link as it was last seen. */
    struct rte_eth_link link OVS_GUARDED;
    long long int link_resets OVS_GUARDED;
};

static inline struct dpdk_eth *
dpdk_eth_cast(const struct netdev *netdev)
{
    return CONTAINER_OF(dpdk_dev_cast(netdev), struct dpdk_eth, dev);
}

extern const struct netdev_class dpdk_eth_class;

#endif /* dpdk-eth.h */
