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
 * finishes in software: see netdev-plugin-offload.h.
 *
 * A guest goes on with the features that it took when it booted.  If the key
 * has changed since then, while the switch restarted, it does not get those
 * any more: QEMU or librte_vhost closes the connection, tries again, and so on
 * for ever.  So a client port whose connection is closed before there is a
 * guest offers everything to the next one, whatever the key says, and no
 * longer when that one has come and gone.
 *
 * PMD threads stop for such a change, and a peer can cause it as fast as it
 * can connect, so that there is a pause after each, twice as long each time,
 * until there was peace for a minute. */

#include <stdbool.h>
#include <stdint.h>

#include "dpdk-vhost.h"

/* Returns flags for rte_vhost_driver_register() of a port that offers 'all'
 * features. */
uint64_t dpdk_vhost_features_driver_flags(bool all);

/* Returns the virtio features, as a bitmap, that guests are not offered by a
 * port that offers 'all' or not. */
uint64_t dpdk_vhost_features_disabled(bool all);

/* Returns which features of the protocol, of 'offered' by librte_vhost, guests
 * are offered by a port that may have guests with an 'iommu'.  Those that
 * GUARD does not know would let messages pass that it does not check.  Only an
 * IOMMU needs the one that lets a front end pass a socket to us. */
uint64_t dpdk_vhost_features_protocol(uint64_t offered, bool iommu);

/* Requests what 'vhost' is to offer to the next guest, after a connection was
 * closed.  Returns true if the closed one never had a guest, though the port
 * stays.  VHOST. */
bool dpdk_vhost_features_closed(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex);

/* Tells the core what the guest that is connected to 'vhost' finishes itself.
 * No packet may be on its way to it yet.  VHOST. */
void dpdk_vhost_features_apply(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex);

#endif /* dpdk-vhost-features.h */
