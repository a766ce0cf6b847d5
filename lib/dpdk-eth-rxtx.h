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

#ifndef DPDK_ETH_RXTX_H
#define DPDK_ETH_RXTX_H 1

/* The two hot functions of a "dpdk" port, members of its class; see
 * netdev-provider.h.  PMD. */

#include <stdbool.h>

struct dp_packet_batch;
struct netdev;
struct netdev_rxq;

int dpdk_eth_rxq_recv(struct netdev_rxq *rxq, struct dp_packet_batch *batch,
                      int *qfill);

/* Any thread. */
int dpdk_eth_send(struct netdev *netdev, int qid,
                  struct dp_packet_batch *batch, bool concurrent_txq);

#endif /* dpdk-eth-rxtx.h */
