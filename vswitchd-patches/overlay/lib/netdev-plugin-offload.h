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

#ifndef NETDEV_PLUGIN_OFFLOAD_H
#define NETDEV_PLUGIN_OFFLOAD_H 1

/* Checksums and TCP segmentation in software
 * ==========================================
 *
 * A packet that a sender left unfinished has DP_PACKET_OL_TX_* flags: its TCP,
 * UDP or SCTP checksum has to be computed, or it has to be cut into segments.
 * Open vSwitch 3.1 drops such a packet if the port that it goes to cannot do
 * that, and if a tunnel header is to be pushed.  These functions do it in
 * software instead.  They work for ports of any class and need no plugin.
 *
 * Called by netdev_send(), netdev_push_header(), odp_execute_actions() and
 * netdev-linux.c.
 *
 * What the core does to a packet on its way, such as NAT, leaves the checksums
 * of an unfinished packet wrong, so both what is left to a port and what is
 * done here starts from the headers as they are now, not from what the sender
 * put into the checksum fields.
 *
 * A guest or a local process decides what an unfinished packet looks like.
 * Nothing here trusts its flags, lengths or segment size.
 *
 * Thread-safety
 * -------------
 *
 * A packet belongs to one thread at a time.  Nothing here blocks or locks,
 * except that netdev_plugin_segment_and_send() asks the port for its MTU. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"
#include "openvswitch/compiler.h"

#ifdef  __cplusplus
extern "C" {
#endif

struct netdev;

/* Headroom of the packets that segmentation makes, in bytes: enough for the
 * headers of a tunnel. */
#define NETDEV_PLUGIN_SEGMENT_HEADROOM 128

/* Smallest segment size that is taken from a sender, in bytes, which bounds
 * the number of packets that a guest makes us send by one of its own. */
#define NETDEV_PLUGIN_SEGSZ_MIN 256

/* MTU of a path that is not known, such as that of a tunnel.  The least that
 * IPv6 demands (RFC 8200). */
#define NETDEV_PLUGIN_MTU_UNKNOWN 1280

/* The segment size is in the upper bits of 'ol_flags'. */
#define NETDEV_PLUGIN_SEGSZ_SHIFT 16
#define NETDEV_PLUGIN_SEGSZ_MAX (DP_PACKET_OL_TX_SEGSZ                      \
                                 >> NETDEV_PLUGIN_SEGSZ_SHIFT)

/* Returns the bytes of TCP payload in each segment of 'p' that its sender
 * asked for, or 0 if that is not known. */
static inline uint32_t
netdev_plugin_get_segsz(const struct dp_packet *p)
{
    return (*dp_packet_ol_flags_ptr(p) & DP_PACKET_OL_TX_SEGSZ)
           >> NETDEV_PLUGIN_SEGSZ_SHIFT;
}

/* Stores that 'p' is to have 'segsz' bytes of TCP payload in each segment. */
static inline void
netdev_plugin_set_segsz(struct dp_packet *p, uint32_t segsz)
{
    *dp_packet_ol_flags_ptr(p) &= ~DP_PACKET_OL_TX_SEGSZ;
    *dp_packet_ol_flags_ptr(p) |= MIN(segsz, NETDEV_PLUGIN_SEGSZ_MAX)
                                  << NETDEV_PLUGIN_SEGSZ_SHIFT;
}

/* Returns the bytes of TCP payload for each segment of 'p': what its sender
 * asked for, within reason, but not more than 'max'. */
static inline uint32_t
netdev_plugin_limit_segsz(const struct dp_packet *p, uint32_t max)
{
    uint32_t segsz = netdev_plugin_get_segsz(p);

    return segsz ? MIN(MAX(segsz, NETDEV_PLUGIN_SEGSZ_MIN), max) : max;
}

bool netdev_plugin_finish__(const struct netdev *, struct dp_packet *,
                            char **errorp);

/* Makes 'p' ready for 'netdev', or for any port and tunnel if 'netdev' is
 * null.  Completes the checksums that the port cannot complete, and clears the
 * flags that ask for it; for the others, puts into the packet what a device
 * that completes them expects there, that is, the checksum of the IPv4 header
 * and that of the pseudo header.
 *
 * Returns false if 'p' asks for what its headers do not allow, and says so in
 * '*errorp', which the caller has to free, unless 'errorp' is null.  Leaves
 * segmentation alone. */
static inline bool
netdev_plugin_finish(const struct netdev *netdev, struct dp_packet *p,
                     char **errorp)
{
    return OVS_LIKELY(!(*dp_packet_ol_flags_ptr(p)
                        & (DP_PACKET_OL_TX_L4_MASK | DP_PACKET_OL_TX_TCP_SEG)))
           || netdev_plugin_finish__(netdev, p, errorp);
}

bool netdev_plugin_must_segment__(const struct netdev *,
                                  const struct dp_packet_batch *);

/* Returns true if 'batch' has a packet to be segmented before 'netdev' can
 * send it, or, if 'netdev' is null, before a tunnel header is pushed. */
static inline bool
netdev_plugin_must_segment(const struct netdev *netdev,
                           const struct dp_packet_batch *batch)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < batch->count; i++) {
        flags |= *dp_packet_ol_flags_ptr(batch->packets[i]);
    }
    return OVS_UNLIKELY(flags & DP_PACKET_OL_TX_TCP_SEG)
           && netdev_plugin_must_segment__(netdev, batch);
}

/* The way through a batch whose packets are being segmented. */
struct netdev_plugin_segments {
    struct dp_packet_batch batch; /* Packets to segment, which this owns. */
    size_t next;                /* Index in 'batch' of the next packet. */
    uint32_t offset;            /* Bytes of its payload that are done. */
    uint32_t mtu;               /* Of what the segments go to. */
};

/* Starts to segment the packets in 'batch' for 'mtu', or for an unknown one if
 * 'mtu' is 0.  Takes them over if 'steal', else copies them.  Those that need
 * not be segmented stay as they are, and all stay in order. */
void netdev_plugin_segments_init(struct netdev_plugin_segments *,
                                 struct dp_packet_batch *batch, bool steal,
                                 int mtu);

/* Makes 'some' the next packets, up to NETDEV_MAX_BURST of them, which the
 * caller then owns.  Returns false if there are none left.  Must be called
 * until it does. */
bool netdev_plugin_segments_next(struct netdev_plugin_segments *,
                                 struct dp_packet_batch *some);

/* Segments the packets in 'batch', which this takes over, and sends them to
 * 'netdev', like netdev_send() with the same arguments. */
int netdev_plugin_segment_and_send(struct netdev *netdev, int qid,
                                   struct dp_packet_batch *batch,
                                   bool concurrent_txq);

#ifdef  __cplusplus
}
#endif

#endif /* netdev-plugin-offload.h */
