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

#ifndef DPDK_ETH_STATUS_H
#define DPDK_ETH_STATUS_H 1

/* What the database and OpenFlow show of a NIC
 * ============================================
 *
 * Called by dpdk-eth.c, calls librte_ethdev. */

#include <rte_ethdev.h>

#include "openvswitch/netdev.h"

struct smap;

/* Returns the OpenFlow port features that 'link' corresponds to.  A speed that
 * OpenFlow has no bit for is NETDEV_F_OTHER. */
enum netdev_features dpdk_eth_status_features(const struct rte_eth_link *link);

/* Returns the speed of 'link' as Interface:status shows it. */
const char *dpdk_eth_status_speed(const struct rte_eth_link *link);

/* Adds what Interface:status of 'port_id' shows to 'status'.  Returns 0 or
 * ENODEV. */
int dpdk_eth_status_get(uint16_t port_id, uint32_t max_packet_len,
                        const struct rte_eth_link *link, struct smap *status);

#endif /* dpdk-eth-status.h */
