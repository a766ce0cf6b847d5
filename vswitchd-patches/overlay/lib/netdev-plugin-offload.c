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

/* Checksums and TCP segmentation in software.  Called by the core and, for
 * segment sizes, by plugins; calls netdev_send().  See the header.
 *
 * RFC 1071 and 1624 tell how checksums work, RFC 9260 that of SCTP, RFC 9293
 * and 8200 what they cover.  Segments look as if a sender that follows RFC
 * 9293 and 3168 (CWR) had sent them one by one. */

#include <config.h>

#include "netdev-plugin-offload.h"

#include <netinet/ip6.h>
#include <string.h>

#include "coverage.h"
#include "crc32c.h"
#include "netdev.h"
#include "netdev-provider.h"
#include "openvswitch/vlog.h"
#include "packets.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(netdev_plugin_offload);

COVERAGE_DEFINE(netdev_plugin_segmented);
COVERAGE_DEFINE(netdev_plugin_invalid_segmentation);

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

#define TX_REQUESTS (DP_PACKET_OL_TX_L4_MASK    \
                     | DP_PACKET_OL_TX_TCP_SEG  \
                     | DP_PACKET_OL_TX_IPV4     \
                     | DP_PACKET_OL_TX_IPV6     \
                     | DP_PACKET_OL_TX_SEGSZ)

/* Where things are in an unfinished packet. */
struct headers {
    struct ip_header *ip;       /* IPv4 header, or null. */
    struct ovs_16aligned_ip6_hdr *ip6; /* IPv6 header, or null. */
    void *l4;                   /* TCP, UDP or SCTP header. */
    size_t l4_len;              /* Its size with the payload. */
    uint8_t proto;              /* IPPROTO_*. */
};

enum parse_result {
    PARSE_OK,
    PARSE_CUT,                  /* The packet lacks its end. */
    PARSE_INVALID               /* The headers are not what the flags say. */
};

/* The transport protocols that a packet can ask for. */
static const struct {
    uint32_t request;           /* DP_PACKET_OL_TX_*. */
    uint64_t offload;           /* NETDEV_TX_OFFLOAD_*. */
    uint8_t proto;              /* IPPROTO_*. */
    uint8_t min_len;            /* Size of the header without options. */
} l4_protos[] = {
    { DP_PACKET_OL_TX_TCP_CKSUM, NETDEV_TX_OFFLOAD_TCP_CKSUM,
      IPPROTO_TCP, TCP_HEADER_LEN },
    { DP_PACKET_OL_TX_UDP_CKSUM, NETDEV_TX_OFFLOAD_UDP_CKSUM,
      IPPROTO_UDP, UDP_HEADER_LEN },
    { DP_PACKET_OL_TX_SCTP_CKSUM, NETDEV_TX_OFFLOAD_SCTP_CKSUM,
      IPPROTO_SCTP, SCTP_HEADER_LEN },
};

/* Returns the index in 'l4_protos' of what 'p' asks for, or -1. */
static int
requested_proto(const struct dp_packet *p)
{
    uint32_t flags = *dp_packet_ol_flags_ptr(p);

    if (flags & DP_PACKET_OL_TX_TCP_SEG) {
        return 0;
    }
    for (int i = 0; i < ARRAY_SIZE(l4_protos); i++) {
        if ((flags & DP_PACKET_OL_TX_L4_MASK) == l4_protos[i].request) {
            return i;
        }
    }
    return -1;
}

/* Adds the 'n' bytes at 'data' to 'sum'.  'n' is even unless this is the last
 * call for 'sum'.  RFC 1071 tells why neither the order of the bytes in a word
 * matters, nor how many words are added at once. */
static uint64_t
sum_add(uint64_t sum, const void *data_, size_t n)
{
    const uint8_t *data = data_;
    uint32_t word;

    for (; n >= sizeof word; n -= sizeof word, data += sizeof word) {
        memcpy(&word, data, sizeof word);
        sum += word;
    }
    /* Zeros do not change the sum. */
    word = 0;
    memcpy(&word, data, n);
    return sum + word;
}

static uint16_t
sum_fold(uint64_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static uint64_t
sum_add_be16(uint64_t sum, uint16_t value)
{
    return sum + (OVS_FORCE uint16_t) htons(value);
}

/* Returns the sum of the pseudo header of 'h' for 'len' bytes. */
static uint64_t
pseudo_header_sum(const struct headers *h, size_t len)
{
    uint64_t sum;

    if (h->ip) {
        sum = sum_add(0, &h->ip->ip_src, 2 * sizeof h->ip->ip_src);
    } else {
        sum = sum_add(0, &h->ip6->ip6_src, 2 * sizeof h->ip6->ip6_src);
    }
    return sum_add_be16(sum_add_be16(sum, h->proto), len);
}

/* Finds the IPv4 header 'h->ip' to be what 'h->proto' and 'h->l4' say, and
 * stores the length of its payload in 'h->l4_len'. */
static bool
parse_ipv4(struct headers *h)
{
    size_t header_len = IP_IHL(h->ip->ip_ihl_ver) * 4;
    size_t len = ntohs(h->ip->ip_tot_len);

    h->l4_len = len - header_len;
    return header_len >= IP_HEADER_LEN
           && (char *) h->ip + header_len == (char *) h->l4
           && len >= header_len
           && h->ip->ip_proto == h->proto
           && !IP_IS_FRAGMENT(h->ip->ip_frag_off);
}

/* Likewise for 'h->ip6', which extension headers may follow. */
static bool
parse_ipv6(struct headers *h)
{
    size_t extensions_len = (char *) h->l4 - (char *) (h->ip6 + 1);
    size_t len = ntohs(h->ip6->ip6_plen);

    h->l4_len = len - extensions_len;
    return len >= extensions_len
           && (extensions_len || h->ip6->ip6_nxt == h->proto);
}

/* Finds the headers of 'p'.  The offsets are those of the core's parser, the
 * flags and what the headers say are the sender's. */
static enum parse_result
parse(const struct dp_packet *p, struct headers *h)
{
    size_t size = dp_packet_size(p);
    void *l3 = dp_packet_l3(p);
    int proto = requested_proto(p);
    size_t l4_size;

    if (!l3 || p->l4_ofs == UINT16_MAX || proto < 0
        || p->l4_ofs < p->l3_ofs + IP_HEADER_LEN) {
        return PARSE_INVALID;
    }
    if (p->l4_ofs + l4_protos[proto].min_len + p->l2_pad_size > size) {
        return PARSE_CUT;
    }
    l4_size = size - p->l4_ofs - p->l2_pad_size;

    memset(h, 0, sizeof *h);
    h->proto = l4_protos[proto].proto;
    h->l4 = dp_packet_l4(p);
    switch (IP_VER(*(uint8_t *) l3)) {
    case 4:
        h->ip = l3;
        if (!parse_ipv4(h)) {
            return PARSE_INVALID;
        }
        break;
    case 6:
        h->ip6 = l3;
        if (p->l4_ofs < p->l3_ofs + IPV6_HEADER_LEN || !parse_ipv6(h)) {
            return PARSE_INVALID;
        }
        break;
    default:
        return PARSE_INVALID;
    }
    if (h->l4_len > l4_size) {
        return PARSE_CUT;
    }
    return h->l4_len >= l4_protos[proto].min_len ? PARSE_OK : PARSE_INVALID;
}

static void
finish_ipv4(struct ip_header *ip)
{
    ip->ip_csum = 0;
    ip->ip_csum = (OVS_FORCE ovs_be16) ~sum_fold(
        sum_add(0, ip, IP_IHL(ip->ip_ihl_ver) * 4));
}

/* Completes the transport checksum of 'h'. */
static void
finish_l4(const struct headers *h)
{
    struct tcp_header *tcp = h->l4;
    struct udp_header *udp = h->l4;
    struct sctp_header *sctp = h->l4;
    size_t len = h->l4_len;
    uint16_t value;

    switch (h->proto) {
    case IPPROTO_TCP:
        tcp->tcp_csum = 0;
        value = ~sum_fold(sum_add(pseudo_header_sum(h, len), tcp, len));
        tcp->tcp_csum = (OVS_FORCE ovs_be16) value;
        break;
    case IPPROTO_UDP:
        if (ntohs(udp->udp_len) >= UDP_HEADER_LEN) {
            len = MIN(len, ntohs(udp->udp_len));
        }
        udp->udp_csum = 0;
        value = ~sum_fold(sum_add(pseudo_header_sum(h, len), udp, len));
        /* 0 would mean that there is none. */
        udp->udp_csum = (OVS_FORCE ovs_be16) (value ? value : 0xffff);
        break;
    case IPPROTO_SCTP:
        put_16aligned_be32(&sctp->sctp_csum, 0);
        put_16aligned_be32(&sctp->sctp_csum,
                           crc32c((const uint8_t *) sctp, len));
        break;
    default:
        OVS_NOT_REACHED();
    }
}

/* Stores what a device that completes the transport checksum of 'h' expects in
 * its place. */
static void
prepare_l4(const struct headers *h)
{
    ovs_be16 sum = (OVS_FORCE ovs_be16) sum_fold(
        pseudo_header_sum(h, h->l4_len));
    struct tcp_header *tcp = h->l4;
    struct udp_header *udp = h->l4;

    switch (h->proto) {
    case IPPROTO_TCP:
        tcp->tcp_csum = sum;
        break;
    case IPPROTO_UDP:
        udp->udp_csum = sum;
        break;
    default:
        break;
    }
}

bool
netdev_plugin_finish__(const struct netdev *netdev, struct dp_packet *p,
                       char **errorp)
{
    uint32_t *flags = dp_packet_ol_flags_ptr(p);
    struct headers h;

    switch (parse(p, &h)) {
    case PARSE_CUT:
        /* Whoever wants only the start of packets does not mind. */
        *flags &= ~TX_REQUESTS;
        return true;
    case PARSE_INVALID:
        if (netdev && netdev_is_pmd(netdev)) {
            /* Ports of plugins count such packets. */
            return true;
        }
        if (errorp) {
            *errorp = xstrdup("No such headers as its offloads need");
        }
        return false;
    case PARSE_OK:
        break;
    }

    if (h.ip) {
        finish_ipv4(h.ip);
    }
    if (*flags & DP_PACKET_OL_TX_TCP_SEG
        || (netdev
            && netdev->ol_flags & l4_protos[requested_proto(p)].offload)) {
        prepare_l4(&h);
    } else {
        finish_l4(&h);
        *flags &= ~TX_REQUESTS;
    }
    return true;
}

bool
netdev_plugin_must_segment__(const struct netdev *netdev,
                             const struct dp_packet_batch *batch OVS_UNUSED)
{
    return !netdev || !(netdev->ol_flags & NETDEV_TX_OFFLOAD_TCP_TSO);
}

/* Returns a new packet that has the headers of 'p', of 'header_len' bytes, and
 * 'len' bytes of its payload from 'offset', but not yet the right lengths and
 * checksums. */
static struct dp_packet *
copy_segment(const struct dp_packet *p, size_t header_len, size_t offset,
             size_t len)
{
    const char *data = dp_packet_data(p);
    struct dp_packet *segment;

    segment = dp_packet_new_with_headroom(header_len + len,
                                          NETDEV_PLUGIN_SEGMENT_HEADROOM);
    dp_packet_put(segment, data, header_len);
    dp_packet_put(segment, data + header_len + offset, len);
    memcpy(&segment->l2_pad_size, &p->l2_pad_size,
           sizeof *p - offsetof(struct dp_packet, l2_pad_size));
    segment->l2_pad_size = 0;
    if (dp_packet_rss_valid(p)) {
        dp_packet_set_rss_hash(segment, dp_packet_get_rss_hash(p));
    }
    return segment;
}

/* Makes the headers of 'segment', whose payload has 'len' bytes from 'offset'
 * in that of the packet that it comes from.  'n' such packets are before it,
 * and none after it if 'last'. */
static void
finish_segment(struct dp_packet *segment, size_t offset, size_t len,
               unsigned int n, bool last)
{
    struct tcp_header *tcp = dp_packet_l4(segment);
    uint16_t flags = TCP_FLAGS(tcp->tcp_ctl);
    size_t tcp_len = TCP_OFFSET(tcp->tcp_ctl) * 4;
    struct headers h = {
        .l4 = tcp,
        .l4_len = tcp_len + len,
        .proto = IPPROTO_TCP,
    };
    size_t l3_len = segment->l4_ofs - segment->l3_ofs;

    put_16aligned_be32(&tcp->tcp_seq,
                       htonl(ntohl(get_16aligned_be32(&tcp->tcp_seq))
                             + offset));
    if (n) {
        flags &= ~TCP_CWR;
    }
    if (!last) {
        flags &= ~(TCP_FIN | TCP_PSH);
    }
    tcp->tcp_ctl = TCP_CTL(flags, tcp_len / 4);

    if (IP_VER(*(uint8_t *) dp_packet_l3(segment)) == 4) {
        h.ip = dp_packet_l3(segment);
        h.ip->ip_tot_len = htons(l3_len + h.l4_len);
        h.ip->ip_id = htons(ntohs(h.ip->ip_id) + n);
        finish_ipv4(h.ip);
    } else {
        h.ip6 = dp_packet_l3(segment);
        h.ip6->ip6_plen = htons(l3_len - IPV6_HEADER_LEN + h.l4_len);
    }
    finish_l4(&h);
}

void
netdev_plugin_segments_init(struct netdev_plugin_segments *s,
                            struct dp_packet_batch *batch, bool steal, int mtu)
{
    if (steal) {
        dp_packet_batch_init(&s->batch);
        s->batch.trunc = batch->trunc;
        for (size_t i = 0; i < batch->count; i++) {
            dp_packet_batch_add(&s->batch, batch->packets[i]);
        }
        dp_packet_batch_init(batch);
    } else {
        dp_packet_batch_clone(&s->batch, batch);
    }
    dp_packet_batch_apply_cutlen(&s->batch);
    s->next = 0;
    s->offset = 0;
    s->mtu = mtu > 0 ? mtu : NETDEV_PLUGIN_MTU_UNKNOWN;
}

/* Returns the next segment of 'p', the next packet of 's', and moves on. */
static struct dp_packet *
next_segment(struct netdev_plugin_segments *s, struct dp_packet *p,
             const struct headers *h)
{
    const struct tcp_header *tcp = h->l4;
    size_t tcp_len = TCP_OFFSET(tcp->tcp_ctl) * 4;
    size_t l3_len = p->l4_ofs - p->l3_ofs;
    size_t payload = h->l4_len - tcp_len;
    size_t room = s->mtu > l3_len + tcp_len ? s->mtu - l3_len - tcp_len : 0;
    size_t segsz;
    size_t len;
    bool last;
    struct dp_packet *segment;

    segsz = netdev_plugin_limit_segsz(p, MAX(room, NETDEV_PLUGIN_SEGSZ_MIN));
    len = MIN(payload - s->offset, segsz);
    last = s->offset + len == payload;
    segment = copy_segment(p, p->l4_ofs + tcp_len, s->offset, len);
    finish_segment(segment, s->offset, len, s->offset / segsz, last);
    s->offset += len;
    if (last) {
        dp_packet_delete(p);
        s->offset = 0;
        s->next++;
        COVERAGE_INC(netdev_plugin_segmented);
    }
    return segment;
}

/* Returns true if 'h' are the headers of a TCP packet that is not cut off
 * before its payload. */
static bool
tcp_is_valid(const struct headers *h)
{
    const struct tcp_header *tcp = h->l4;
    size_t tcp_len = TCP_OFFSET(tcp->tcp_ctl) * 4;

    return tcp_len >= TCP_HEADER_LEN && tcp_len <= h->l4_len;
}

bool
netdev_plugin_segments_next(struct netdev_plugin_segments *s,
                            struct dp_packet_batch *some)
{
    dp_packet_batch_init(some);
    while (s->next < s->batch.count && some->count < NETDEV_MAX_BURST) {
        struct dp_packet *p = s->batch.packets[s->next];
        enum parse_result result = PARSE_OK;
        struct headers h;

        if (!dp_packet_hwol_is_tso(p)) {
            dp_packet_batch_add(some, p);
            s->next++;
            continue;
        }

        result = parse(p, &h);
        if (result == PARSE_OK && tcp_is_valid(&h)) {
            dp_packet_batch_add(some, next_segment(s, p, &h));
            continue;
        }
        s->next++;
        if (result == PARSE_CUT) {
            *dp_packet_ol_flags_ptr(p) &= ~TX_REQUESTS;
            dp_packet_batch_add(some, p);
        } else {
            VLOG_WARN_RL(&rl, "TCP Segmentation without L4 header pkt len: "
                         "%"PRIu32, dp_packet_size(p));
            COVERAGE_INC(netdev_plugin_invalid_segmentation);
            dp_packet_delete(p);
        }
    }
    return some->count > 0;
}

int
netdev_plugin_segment_and_send(struct netdev *netdev, int qid,
                               struct dp_packet_batch *batch,
                               bool concurrent_txq)
{
    struct netdev_plugin_segments segments;
    struct dp_packet_batch some;
    int error = 0;
    int mtu;

    if (netdev_get_mtu(netdev, &mtu)) {
        mtu = 0;
    }
    netdev_plugin_segments_init(&segments, batch, true, mtu);
    while (netdev_plugin_segments_next(&segments, &some)) {
        int retval = netdev_send(netdev, qid, &some, concurrent_txq);

        error = error ? error : retval;
    }
    return error;
}
