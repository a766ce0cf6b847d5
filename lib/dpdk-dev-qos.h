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

#ifndef DPDK_DEV_QOS_H
#define DPDK_DEV_QOS_H 1

/* QoS and policing of a port
 * ==========================
 *
 * The class functions for what dpdk-qos.h and dpdk-policer.h do to packets,
 * the same for all classes.
 *
 * A change that cannot be made leaves what runs as it was, as
 * netdev-provider.h asks for.  The core goes on to configure the queues of the
 * QoS that was refused; they do not belong to the one that runs, which keeps
 * its own. */

#include "dpdk-dev.h"

/* Life, as part of dpdk_dev_init() and dpdk_dev_uninit(). */
void dpdk_dev_qos_init(struct dpdk_dev *dev);
void dpdk_dev_qos_uninit(struct dpdk_dev *dev);

/* Class functions, see netdev-provider.h. */
int dpdk_dev_qos_set_policing(struct netdev *netdev, unsigned int kbits_rate,
                              unsigned int kbits_burst,
                              unsigned int kpkts_rate,
                              unsigned int kpkts_burst);
int dpdk_dev_qos_get_types(const struct netdev *netdev, struct sset *types);
int dpdk_dev_qos_get(const struct netdev *netdev, const char **typep,
                     struct smap *details);
int dpdk_dev_qos_set(struct netdev *netdev, const char *type,
                     const struct smap *details);
int dpdk_dev_qos_get_queue(const struct netdev *netdev, unsigned int queue_id,
                           struct smap *details);
int dpdk_dev_qos_set_queue(struct netdev *netdev, unsigned int queue_id,
                           const struct smap *details);
int dpdk_dev_qos_delete_queue(struct netdev *netdev, unsigned int queue_id);
int dpdk_dev_qos_get_queue_stats(const struct netdev *netdev,
                                 unsigned int queue_id,
                                 struct netdev_queue_stats *stats);
int dpdk_dev_qos_queue_dump_start(const struct netdev *netdev, void **statep);
int dpdk_dev_qos_queue_dump_next(const struct netdev *netdev, void *state,
                                 unsigned int *queue_id, struct smap *details);
int dpdk_dev_qos_queue_dump_done(const struct netdev *netdev, void *state);
int dpdk_dev_qos_dump_queue_stats(const struct netdev *netdev,
                                  netdev_dump_queue_stats_cb *cb, void *aux);

/* The members of a "struct netdev_class" for them. */
#define DPDK_DEV_QOS_CLASS                               \
    .set_policing = dpdk_dev_qos_set_policing,           \
    .get_qos_types = dpdk_dev_qos_get_types,             \
    .get_qos = dpdk_dev_qos_get,                         \
    .set_qos = dpdk_dev_qos_set,                         \
    .get_queue = dpdk_dev_qos_get_queue,                 \
    .set_queue = dpdk_dev_qos_set_queue,                 \
    .delete_queue = dpdk_dev_qos_delete_queue,           \
    .get_queue_stats = dpdk_dev_qos_get_queue_stats,     \
    .queue_dump_start = dpdk_dev_qos_queue_dump_start,   \
    .queue_dump_next = dpdk_dev_qos_queue_dump_next,     \
    .queue_dump_done = dpdk_dev_qos_queue_dump_done,     \
    .dump_queue_stats = dpdk_dev_qos_dump_queue_stats

#endif /* dpdk-dev-qos.h */
