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

#ifndef DPDK_ETH_CONFIG_H
#define DPDK_ETH_CONFIG_H 1

/* The options of a "dpdk" port
 * ============================
 *
 * The class functions set_config() and get_config(), see netdev-provider.h.
 * The core takes a port whose options are refused out of the datapath, so only
 * a port that does not run yet is refused.  One that runs goes on with what it
 * had, and Interface:error says what is wrong.
 *
 * Called by the core in MAIN, calls dpdk-eth-attach.c and dpdk-eth-port.c. */

#include "dpdk-eth.h"

struct smap;

/* Shows what is wrong with 'eth' in Interface:error. */
void dpdk_eth_config_show_error(struct dpdk_eth *eth)
    OVS_REQUIRES(eth->dev.mutex);

/* Class functions. */
int dpdk_eth_config_set(struct netdev *netdev, const struct smap *args,
                        char **errp);
int dpdk_eth_config_get(const struct netdev *netdev, struct smap *args);

#endif /* dpdk-eth-config.h */
