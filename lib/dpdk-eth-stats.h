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

#ifndef DPDK_ETH_STATS_H
#define DPDK_ETH_STATS_H 1

/* What a NIC counts
 * =================
 *
 * A driver has a list of named statistics ("xstats") that depends on how the
 * device is configured.  It is looked through once the device has started:
 * what "struct netdev_stats" has a member for goes there, and of the rest what
 * tells about queues, errors, drops and management becomes custom statistics.
 *
 * Called by dpdk-eth.c with the mutex of the port held, calls
 * librte_ethdev. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netdev_custom_stats;
struct netdev_stats;

/* One of a driver's statistics that is of interest. */
struct dpdk_eth_xstat {
    char *name;                 /* As the driver has it. */
    bool custom;                /* Has "struct netdev_stats" no member? */
};

/* Those of a port, zeroed if there are none. */
struct dpdk_eth_xstats {
    struct dpdk_eth_xstat *xstats; /* 'n' of them. */
    uint64_t *ids;              /* What the driver knows them by. */
    size_t n;
};

/* Replaces 'xstats' by those of 'port_id', which has just been started. */
void dpdk_eth_stats_start(struct dpdk_eth_xstats *xstats, uint16_t port_id);

/* Frees what is in 'xstats'. */
void dpdk_eth_stats_clear(struct dpdk_eth_xstats *xstats);

/* Stores what 'port_id' counts in 'stats', and adds its drops to
 * 'stats->rx_dropped'.  Members that it does not count stay as they are.
 * Returns 0 or EPROTO. */
int dpdk_eth_stats_get(const struct dpdk_eth_xstats *xstats, uint16_t port_id,
                       struct netdev_stats *stats);

/* Appends the custom statistics of 'port_id' to 'custom', whose counters are
 * from malloc(). */
void dpdk_eth_stats_get_custom(const struct dpdk_eth_xstats *xstats,
                               uint16_t port_id,
                               struct netdev_custom_stats *custom);

/* Returns the member of 'stats' for the driver's statistic 'name', or NULL if
 * there is none. */
uint64_t *dpdk_eth_stats_member(struct netdev_stats *stats, const char *name);

/* Returns true if the driver's statistic 'name' is a custom one. */
bool dpdk_eth_stats_is_custom(const char *name);

#endif /* dpdk-eth-stats.h */
