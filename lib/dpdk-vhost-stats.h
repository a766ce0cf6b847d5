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

#ifndef DPDK_VHOST_STATS_H
#define DPDK_VHOST_STATS_H 1

/* Statistics of vhost-user ports, with the names and meanings that
 * librte_vhost's have.
 *
 * They are our own counters and not librte_vhost's, so a port of either role
 * has them, they go on when a guest disconnects and connects again, and
 * reading them does not hold up a PMD.  Only what happens inside librte_vhost
 * is asked of it: how often it found an address in the cache of the guest's
 * IOMMU. */

#include "dpdk-vhost.h"

struct netdev_custom_stats;
struct netdev_stats;

/* Stores the statistics of 'vhost' in 'stats', and marks those that a vhost
 * port does not have as unknown. */
void dpdk_vhost_stats_get(const struct dpdk_vhost *vhost,
                          struct netdev_stats *stats)
    OVS_REQUIRES(vhost->dev.mutex);

/* The member "get_custom_stats" of the classes; see netdev-provider.h. */
int dpdk_vhost_stats_get_custom(const struct netdev *netdev,
                                struct netdev_custom_stats *custom);

/* Keeps what librte_vhost has counted for the guest of 'vhost', which is about
 * to be gone.  VHOST. */
void dpdk_vhost_stats_keep(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex);

#endif /* dpdk-vhost-stats.h */
