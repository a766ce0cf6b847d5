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

/* Checksums and segmentation that a guest leaves to others, or others to a
 * guest: between the header of virtio-net and the flags of dp_packets.  Called
 * by the walks of rings. */

#include <config.h>

#include "dpdk-vring-walk.h"

#include <netinet/ip6.h>

#include "netdev-plugin-offload.h"
#include "packets.h"
#include "unaligned.h"
#include "util.h"

/* Where the transport checksum is. */
static const struct {
    uint32_t request;           /* DP_PACKET_OL_TX_*. */
    uint8_t proto;              /* IPPROTO_*. */
    uint8_t min_len;            /* Size of the header without options. */
    uint8_t csum_offset;        /* In the header. */
} l4_protos[] = {
    { DP_PACKET_OL_TX_TCP_CKSUM, IPPROTO_TCP, TCP_HEADER_LEN,
      offsetof(struct tcp_header, tcp_csum) },
    { DP_PACKET_OL_TX_UDP_CKSUM, IPPROTO_UDP, UDP_HEADER_LEN,
      offsetof(struct udp_header, udp_csum) },
    { DP_PACKET_OL_TX_SCTP_CKSUM, IPPROTO_SCTP, SCTP_HEADER_LEN,
      offsetof(struct sctp_header, sctp_csum) },
};

/* The headers of a packet that a guest sent. */
struct headers {
    uint32_t ip_flag;           /* DP_PACKET_OL_TX_IPV4 or _IPV6. */
    uint32_t l4_ofs;            /* Of the transport header. */
    size_t proto;               /* Index in 'l4_protos'. */
};

/* Finds the headers of the packet of 'size' bytes at 'data'.  Returns false
 * unless it is one of the protocols above in IP, perhaps in one VLAN. */
static bool
parse(const uint8_t *data, uint32_t size, struct headers *h)
{
    uint32_t l3_ofs = ETH_HEADER_LEN;
    ovs_be16 type;
    uint8_t proto;

    if (size < VLAN_ETH_HEADER_LEN + IP_HEADER_LEN) {
        return false;
    }
    type = get_unaligned_be16(
        ALIGNED_CAST(const ovs_be16 *, data + ETH_HEADER_LEN - 2));
    if (type == htons(ETH_TYPE_VLAN)) {
        type = get_unaligned_be16(
            ALIGNED_CAST(const ovs_be16 *, data + VLAN_ETH_HEADER_LEN - 2));
        l3_ofs = VLAN_ETH_HEADER_LEN;
    }

    if (type == htons(ETH_TYPE_IP)) {
        uint32_t l3_len = IP_IHL(data[l3_ofs]) * 4;

        if (l3_len < IP_HEADER_LEN) {
            return false;
        }
        proto = data[l3_ofs + offsetof(struct ip_header, ip_proto)];
        h->l4_ofs = l3_ofs + l3_len;
        h->ip_flag = DP_PACKET_OL_TX_IPV4;
    } else if (type == htons(ETH_TYPE_IPV6)) {
        proto = data[l3_ofs + offsetof(struct ip6_hdr, ip6_nxt)];
        h->l4_ofs = l3_ofs + IPV6_HEADER_LEN;
        h->ip_flag = DP_PACKET_OL_TX_IPV6;
    } else {
        return false;
    }

    for (h->proto = 0; h->proto < ARRAY_SIZE(l4_protos); h->proto++) {
        if (proto == l4_protos[h->proto].proto) {
            return size >= h->l4_ofs + l4_protos[h->proto].min_len;
        }
    }
    return false;
}

/* Returns the flags for a packet of 'size' bytes at 'data' with headers 'h',
 * that is to be cut into segments as 'hdr' says, or 0 if it cannot be. */
static uint32_t
rx_segment(const struct virtio_net_hdr *hdr, const uint8_t *data,
           uint32_t size, const struct headers *h)
{
    uint32_t tcp_len;

    switch (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
    case VIRTIO_NET_HDR_GSO_TCPV6:
        break;
    default:
        return 0;
    }
    if (l4_protos[h->proto].proto != IPPROTO_TCP || !hdr->gso_size) {
        return 0;
    }
    tcp_len = (data[h->l4_ofs + offsetof(struct tcp_header, tcp_ctl)]
               >> 4) * 4;
    if (size < h->l4_ofs + tcp_len) {
        return 0;
    }
    return DP_PACKET_OL_TX_TCP_SEG
           | MIN(hdr->gso_size, NETDEV_PLUGIN_SEGSZ_MAX)
             << NETDEV_PLUGIN_SEGSZ_SHIFT;
}

uint32_t
vring_rx_offload(const struct virtio_net_hdr *hdr, const uint8_t *data,
                 uint32_t size)
{
    uint32_t flags = 0;
    struct headers h;

    if (OVS_LIKELY(!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
                   && hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE)) {
        return 0;
    }
    if (!parse(data, size, &h)) {
        return 0;
    }

    /* What does not fit together is not worth guessing at: such a packet goes
     * on as it is. */
    if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        if (hdr->csum_start != h.l4_ofs
            || hdr->csum_offset != l4_protos[h.proto].csum_offset) {
            return 0;
        }
        flags |= l4_protos[h.proto].request;
    }
    if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        uint32_t segment = rx_segment(hdr, data, size, &h);

        if (!segment) {
            return 0;
        }
        flags |= segment;
    }
    return flags | h.ip_flag;
}

/* Returns the index in 'l4_protos' of what 'p' asks for, or -1. */
static int
requested_proto(const struct dp_packet *p)
{
    if (p->ol_flags & DP_PACKET_OL_TX_TCP_SEG) {
        return 0;
    }
    for (int i = 0; i < ARRAY_SIZE(l4_protos); i++) {
        if ((p->ol_flags & DP_PACKET_OL_TX_L4_MASK) == l4_protos[i].request) {
            return i;
        }
    }
    return -1;
}

/* Stores in 'hdr' how to cut 'p' into segments.  Returns false if it cannot be
 * done. */
static bool
tx_segment(const struct dpdk_vring *vr, const struct dp_packet *p,
           struct virtio_net_hdr_v1 *hdr)
{
    const struct tcp_header *tcp = dp_packet_l4(p);
    bool ipv4 = p->ol_flags & DP_PACKET_OL_TX_IPV4;
    uint32_t l3_len = p->l4_ofs - p->l3_ofs;
    uint32_t l4_size = dp_packet_l4_size(p);
    uint32_t tcp_len;

    if (!(ipv4 ? vr->guest_tso4 : vr->guest_tso6)
        || l4_size < TCP_HEADER_LEN) {
        return false;
    }
    tcp_len = TCP_OFFSET(tcp->tcp_ctl) * 4;
    if (tcp_len < TCP_HEADER_LEN || tcp_len > l4_size
        || l3_len + tcp_len >= vr->mtu) {
        return false;
    }
    hdr->gso_type = (ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4
                     : VIRTIO_NET_HDR_GSO_TCPV6);
    hdr->gso_size = netdev_plugin_limit_segsz(p, vr->mtu - l3_len - tcp_len);
    hdr->hdr_len = p->l4_ofs + tcp_len;
    return true;
}

bool
vring_tx_offload(const struct dpdk_vring *vr, const struct dp_packet *p,
                 struct virtio_net_hdr_v1 *hdr)
{
    int proto = requested_proto(p);

    memset(hdr, 0, sizeof *hdr);
    if (proto < 0) {
        /* What is left says only which protocol it is. */
        return !(p->ol_flags & DP_PACKET_OL_TX_L4_MASK);
    }

    /* The offsets are those of the core's parser, so they are in order, unless
     * it did not find the headers.  A packet may have been cut off since. */
    if (!vr->guest_csum
        || p->l3_ofs == UINT16_MAX || p->l4_ofs == UINT16_MAX
        || p->l4_ofs <= p->l3_ofs || p->l4_ofs >= p->size_) {
        return false;
    }

    /* The core has put the checksum of the pseudo header into the packet. */
    hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    hdr->csum_start = p->l4_ofs;
    hdr->csum_offset = l4_protos[proto].csum_offset;
    return !(p->ol_flags & DP_PACKET_OL_TX_TCP_SEG) || tx_segment(vr, p, hdr);
}
