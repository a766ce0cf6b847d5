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

/* Checksums and segmentation between guests and us.  Called by dpdk-vhost.c
 * and dpdk-vhost-events.c, calls librte_vhost. */

#include <config.h>

#include "dpdk-vhost-features.h"

#include <linux/virtio_net.h>

#include "dpdk-log.h"
#include "netdev-provider.h"
#include "timeval.h"
#include "userspace-tso.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

#define FEATURE(NAME) (UINT64_C(1) << VIRTIO_NET_F_##NAME)
#define PROTOCOL(NAME) (UINT64_C(1) << DPDK_VHOST_PROTOCOL_F_##NAME)

/* Bits of the protocol features. */
enum {
    DPDK_VHOST_PROTOCOL_F_MQ = 0,
    DPDK_VHOST_PROTOCOL_F_LOG_SHMFD = 1,
    DPDK_VHOST_PROTOCOL_F_RARP = 2,
    DPDK_VHOST_PROTOCOL_F_REPLY_ACK = 3,
    DPDK_VHOST_PROTOCOL_F_NET_MTU = 4,
    DPDK_VHOST_PROTOCOL_F_BACKEND_REQ = 5,
    DPDK_VHOST_PROTOCOL_F_PAGEFAULT = 8,
    DPDK_VHOST_PROTOCOL_F_STATUS = 16
};

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* The first and the longest pause after what a port offers has changed, in
 * ms. */
#define MIN_PAUSE 1000
#define MAX_PAUSE 60000

uint64_t
dpdk_vhost_features_driver_flags(bool all)
{
    /* The core cannot hold packets of several segments.  One that is to be
     * segmented is too large for an element of a pool, so librte_vhost
     * allocates memory for it. */
    return RTE_VHOST_USER_LINEARBUF_SUPPORT
           | (userspace_tso_enabled() || all
              ? RTE_VHOST_USER_EXTBUF_SUPPORT : 0);
}

uint64_t
dpdk_vhost_features_disabled(bool all)
{
    if (all) {
        return 0;
    }

    /* Features that depend on VIRTIO_NET_F_CSUM go with it.  The core knows
     * neither segments with congestion marks nor UDP ones. */
    return userspace_tso_enabled()
           ? FEATURE(HOST_ECN) | FEATURE(HOST_UFO)
           : FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6) | FEATURE(CSUM);
}

uint64_t
dpdk_vhost_features_protocol(uint64_t offered, bool iommu)
{
    return offered & (PROTOCOL(MQ) | PROTOCOL(LOG_SHMFD) | PROTOCOL(RARP)
                      | PROTOCOL(REPLY_ACK) | PROTOCOL(NET_MTU)
                      | PROTOCOL(PAGEFAULT) | PROTOCOL(STATUS)
                      | (iommu ? PROTOCOL(BACKEND_REQ) : 0));
}

/* Returns true if what 'vhost' offers is to change now, though not soon
 * again. */
static bool
may_change(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    long long int now = time_msec();

    if (now < vhost->offer_until) {
        return false;
    }
    if (now >= vhost->offer_until + MAX_PAUSE) {
        vhost->offer_pause = 0;
    }
    vhost->offer_pause = MIN(MAX(2 * vhost->offer_pause, MIN_PAUSE),
                             MAX_PAUSE);
    vhost->offer_until = now + vhost->offer_pause;
    return true;
}

bool
dpdk_vhost_features_closed(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex)
{
    bool refused = !vhost->negotiated;
    bool all = refused && !vhost->all_features;

    vhost->negotiated = false;
    if (!vhost->client || vhost->stopping) {
        return false;
    }

    /* Another connection may fail before the change is applied. */
    if (all != vhost->all_features
        && vhost->requested_all_features == vhost->all_features
        && may_change(vhost)) {
        vhost->requested_all_features = all;
        netdev_request_reconfigure(&vhost->dev.up);
    }
    return refused;
}

void
dpdk_vhost_features_apply(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex)
{
    const uint64_t tso = FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6);
    const char *name = vhost->dev.name;
    uint64_t ol_flags = 0;
    uint64_t features;

    if (!userspace_tso_enabled()) {
        /* All packets are finished. */
    } else if (rte_vhost_get_negotiated_features(vhost->vid, &features)) {
        VLOG_INFO_RL(&rl, "Error checking guest features for vHost Device "
                     "'%s'", name);
    } else {
        /* Virtio has no checksum of SCTP. */
        if (features & FEATURE(GUEST_CSUM)) {
            ol_flags |= NETDEV_TX_OFFLOAD_IPV4_CKSUM
                        | NETDEV_TX_OFFLOAD_TCP_CKSUM
                        | NETDEV_TX_OFFLOAD_UDP_CKSUM;
        }
        if ((features & tso) == tso) {
            ol_flags |= NETDEV_TX_OFFLOAD_TCP_TSO;
        } else {
            VLOG_WARN_RL(&rl, "%s: Tx TSO offload is not supported.", name);
        }
    }
    vhost->dev.up.ol_flags = ol_flags;
}
