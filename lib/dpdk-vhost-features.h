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

#ifndef DPDK_VHOST_FEATURES_H
#define DPDK_VHOST_FEATURES_H 1

/* What a vhost port offers to guests of checksums and segmentation, and what a
 * guest takes.  Called by dpdk-vhost.c and dpdk-vhost-events.c.
 *
 * Without Open_vSwitch other_config:userspace-tso-enable, guests are to send
 * packets that are ready for any port.  With it, a guest may leave checksums
 * and segmentation to us, and what a port cannot finish then, the core
 * finishes in software: see netdev-plugin-offload.h. */

#include <stdint.h>

#include "dpdk-vhost.h"

/* Returns flags for rte_vhost_driver_register(). */
uint64_t dpdk_vhost_features_driver_flags(void);

/* Returns the virtio features, as a bitmap, that guests are not offered. */
uint64_t dpdk_vhost_features_disabled(void);

/* Tells the core what the guest that is connected to 'vhost' finishes itself.
 * No packet may be on its way to it yet.  VHOST. */
void dpdk_vhost_features_apply(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex);

#endif /* dpdk-vhost-features.h */
