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
 * dpdk-eth.c has their life and state, and
 *
 *   - dpdk-eth-attach.c    which device a port uses (and dpdk-eth-hint.c, why
 *                          it cannot),
 *   - dpdk-eth-config.c    the options,
 *   - dpdk-eth-events.c    what devices report by themselves, and links,
 *   - dpdk-eth-port.c      what is done to a device,
 *   - dpdk-eth-rxtx.c      the packets,
 *   - dpdk-eth-stats.c     what a device counts,
 *   - dpdk-eth-status.c    what the database shows of a device. */

#include <rte_ethdev.h>

#include "dpdk-dev.h"
#include "dpdk-eth-port.h"
#include "dpdk-eth-stats.h"

/* A port of class "dpdk". */
struct dpdk_eth {
    struct dpdk_dev dev;

    /* What the packet side reads. */
    uint16_t port_id;           /* Number of the ethdev. */
    atomic_bool usable;         /* Started, and administratively up? */

    /* What 'port_id' is. */
    char *devargs;              /* What named it, or null.  MAIN. */
    bool present OVS_GUARDED;   /* Does 'port_id' exist, for this port? */
    bool attached OVS_GUARDED;  /* Attached by us, so to be detached? */
    bool started OVS_GUARDED;

    /* What MAIN has to do in "reconfigure". */
    bool reset_needed OVS_GUARDED; /* Asked for by the device. */
    bool removed OVS_GUARDED;   /* The device has been pulled out. */

    /* Applied configuration, with that of 'dev'. */
    struct dpdk_eth_conf conf OVS_GUARDED; /* As it turned out. */
    struct dpdk_eth_conf accepted OVS_GUARDED; /* As it was asked for. */
    enum rte_eth_fc_mode fc_mode OVS_GUARDED;
    bool fc_autoneg OVS_GUARDED;
    struct dpdk_eth_xstats xstats OVS_GUARDED;

    /* What was last asked for in vain, so as not to try again. */
    bool has_refused OVS_GUARDED;
    struct dpdk_eth_conf refused OVS_GUARDED;

    /* Requested configuration, with that of 'dev'. */
    int requested_rxq_size OVS_GUARDED;
    int requested_txq_size OVS_GUARDED;
    bool requested_lsc_interrupt OVS_GUARDED;
    struct eth_addr vf_mac OVS_GUARDED; /* All-zeros if none is. */
    bool mac_requested OVS_GUARDED; /* Is 'dev.requested_hwaddr' a wish? */

    /* What is wrong, each null if nothing is.  The first one is shown. */
    char *run_error OVS_GUARDED; /* With the device. */
    char *mac_error OVS_GUARDED; /* With its Ethernet address. */
    char *config_error OVS_GUARDED; /* With the options. */

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
