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

#ifndef DPDK_VHOST_RXTX_H
#define DPDK_VHOST_RXTX_H 1

/* The hot functions of a vhost port, members of its class; see
 * netdev-provider.h. */

#include <stdbool.h>

struct dp_packet_batch;
struct netdev;
struct netdev_rxq;

/* A transmit queue that is mapped nowhere, because the guest has enabled
 * none. */
#define DPDK_VHOST_MAP_NONE (-1)

/* To be called back by librte_vhost when it has interrupted guest 'vid'.  Any
 * thread. */
void dpdk_vhost_guest_notified(int vid);

/* PMD. */
bool dpdk_vhost_rxq_enabled(struct netdev_rxq *rxq);
bool dpdk_vhost_rxq_is_idle(struct netdev_rxq *rxq);
int dpdk_vhost_rxq_recv(struct netdev_rxq *rxq, struct dp_packet_batch *batch,
                        int *qfill);

/* Any thread. */
int dpdk_vhost_send(struct netdev *netdev, int qid,
                    struct dp_packet_batch *batch, bool concurrent_txq);

#endif /* dpdk-vhost-rxtx.h */
