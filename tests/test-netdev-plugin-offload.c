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

/* Unit tests of vswitchd-patches/overlay/lib/netdev-plugin-offload.c, through
 * netdev_send() and netdev_push_header(): checksums and TCP segments are
 * compared byte by byte to what a sender would have made that is written as
 * the RFCs read, over random packets of all protocols; and headers that lie do
 * no harm.  Needs no DPDK. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "crc32c.h"
#include "dp-packet.h"
#include "flow.h"
#include "netdev.h"
#include "netdev-plugin-offload.h"
#include "netdev-provider.h"
#include "odp-netlink.h"
#include "packets.h"
#include "random.h"
#include "util.h"

#define ALL_OFFLOADS (NETDEV_TX_OFFLOAD_IPV4_CKSUM      \
                      | NETDEV_TX_OFFLOAD_TCP_CKSUM     \
                      | NETDEV_TX_OFFLOAD_UDP_CKSUM     \
                      | NETDEV_TX_OFFLOAD_SCTP_CKSUM    \
                      | NETDEV_TX_OFFLOAD_TCP_TSO)

/* A port
 * ------
 *
 * It keeps what is sent to it in 'sent'. */

static struct dp_packet *sent[70000];
static size_t n_sent;
static int port_mtu;

static int
port_send(struct netdev *netdev OVS_UNUSED, int qid,
          struct dp_packet_batch *batch, bool concurrent_txq)
{
    assert_int_equal(qid, 7);
    assert_true(concurrent_txq);
    assert_in_range(batch->count, 1, NETDEV_MAX_BURST);
    for (size_t i = 0; i < batch->count; i++) {
        sent[n_sent++] = batch->packets[i];
    }
    return 0;
}

static int
port_get_mtu(const struct netdev *netdev OVS_UNUSED, int *mtu)
{
    *mtu = port_mtu;
    return 0;
}

static const struct netdev_class port_class = {
    .type = "test",
    .send = port_send,
    .get_mtu = port_get_mtu,
};
static char port_name[] = "port";
static struct netdev port = {
    .name = port_name,
    .netdev_class = &port_class,
};

static void
forget_sent(void)
{
    for (size_t i = 0; i < n_sent; i++) {
        dp_packet_delete(sent[i]);
    }
    n_sent = 0;
}

/* Sends 'p' to a port with MTU 'mtu' and NETDEV_TX_OFFLOAD_* 'offloads'. */
static void
send_packet(struct dp_packet *p, int mtu, uint64_t offloads)
{
    struct dp_packet_batch batch;

    forget_sent();
    port_mtu = mtu;
    port.ol_flags = offloads;
    dp_packet_batch_init_packet(&batch, p);
    assert_int_equal(netdev_send(&port, 7, &batch, true), 0);
}

/* Reference
 * ---------
 *
 * What a packet has, and how it looks on the wire. */

struct spec {
    bool vlan;
    bool ipv6;
    uint8_t proto;
    size_t ip_options;          /* Bytes of IPv4 options, or extensions. */
    size_t tcp_options;         /* Bytes of TCP options. */
    uint16_t ip_id;
    uint32_t seq;
    uint16_t tcp_flags;
    const uint8_t *payload;
    size_t len;                 /* Bytes of 'payload'. */
    size_t pad;                 /* Bytes of Ethernet padding. */
};

static uint8_t random_payload[65536];

static void
put16(struct dp_packet *p, uint16_t value)
{
    uint8_t bytes[] = { value >> 8, value & 0xff };

    dp_packet_put(p, bytes, sizeof bytes);
}

static void
put32(struct dp_packet *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p, value & 0xffff);
}

/* RFC 1071, as it is written: the sum of 16-bit words in network order, with a
 * zero byte at the end if there is an odd number of bytes. */
static uint16_t
reference_sum(uint32_t sum, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum += i % 2 ? data[i] : data[i] << 8;
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
    }
    return sum;
}

static void
set16(uint8_t *at, uint16_t value)
{
    at[0] = value >> 8;
    at[1] = value & 0xff;
}

/* The offset of the checksum in the header of 'proto'. */
static size_t
checksum_offset(uint8_t proto)
{
    return proto == IPPROTO_TCP ? 16 : proto == IPPROTO_UDP ? 6 : 8;
}

static size_t
l4_offset(const struct spec *spec)
{
    return 14 + (spec->vlan ? 4 : 0) + (spec->ipv6 ? 40 : 20)
           + spec->ip_options;
}

static size_t
l4_header_len(const struct spec *spec)
{
    return spec->proto == IPPROTO_TCP ? 20 + spec->tcp_options
           : spec->proto == IPPROTO_UDP ? 8 : 12;
}

static void
put_ip(struct dp_packet *p, const struct spec *spec, size_t l4_len)
{
    size_t start = dp_packet_size(p);
    uint8_t *ip;

    if (spec->ipv6) {
        put32(p, 6u << 28);
        put16(p, spec->ip_options + l4_len);
        put16(p, (spec->ip_options ? IPPROTO_DSTOPTS : spec->proto) << 8 | 64);
        for (int i = 0; i < 8; i++) {
            put32(p, 0xfe800001 * (i + 1));
        }
        if (spec->ip_options) {
            /* Destination options: one PadN. */
            put16(p, spec->proto << 8 | (spec->ip_options / 8 - 1));
            put16(p, 1 << 8 | (spec->ip_options - 4));
            dp_packet_put_zeros(p, spec->ip_options - 4);
        }
        return;
    }
    put16(p, (0x45 + spec->ip_options / 4) << 8);
    put16(p, 20 + spec->ip_options + l4_len);
    put16(p, spec->ip_id);
    put16(p, 0x4000);
    put16(p, 64 << 8 | spec->proto);
    put16(p, 0);
    put32(p, 0x0a000001);
    put32(p, 0xc0a8fffe);
    for (size_t i = 0; i < spec->ip_options; i++) {
        dp_packet_put(p, &(uint8_t) { 1 }, 1);
    }
    ip = (uint8_t *) dp_packet_data(p) + start;
    set16(ip + 10, ~reference_sum(0, ip, 20 + spec->ip_options));
}

static void
put_l4_header(struct dp_packet *p, const struct spec *spec)
{
    put16(p, 1234);
    put16(p, 80);
    switch (spec->proto) {
    case IPPROTO_TCP:
        put32(p, spec->seq);
        put32(p, 0x89abcdef);
        put16(p, (5 + spec->tcp_options / 4) << 12 | spec->tcp_flags);
        put16(p, 0xfedc);
        put32(p, 0);
        for (size_t i = 0; i < spec->tcp_options; i++) {
            dp_packet_put(p, &(uint8_t) { 1 }, 1);
        }
        break;
    case IPPROTO_UDP:
        put16(p, 8 + spec->len);
        put16(p, 0);
        break;
    case IPPROTO_SCTP:
        put32(p, 0x12345678);
        put32(p, 0);
        break;
    }
}

/* Returns the checksum of the pseudo header, not complemented. */
static uint16_t
reference_pseudo(const struct dp_packet *p, const struct spec *spec)
{
    const uint8_t *ip = (uint8_t *) dp_packet_data(p) + 14
                        + (spec->vlan ? 4 : 0);
    uint32_t sum = spec->proto + l4_header_len(spec) + spec->len;

    sum = (sum & 0xffff) + (sum >> 16);
    return spec->ipv6 ? reference_sum(sum, ip + 8, 32)
                      : reference_sum(sum, ip + 12, 8);
}

/* Returns the packet that 'spec' describes, with all checksums. */
static struct dp_packet *
reference_packet(const struct spec *spec)
{
    size_t l4_len = l4_header_len(spec) + spec->len;
    struct dp_packet *p = dp_packet_new(0);
    uint8_t *l4;

    for (int i = 0; i < 6; i++) {
        put16(p, 0x5200 + i);
    }
    if (spec->vlan) {
        put32(p, 0x81000123);
    }
    put16(p, spec->ipv6 ? ETH_TYPE_IPV6 : ETH_TYPE_IP);
    put_ip(p, spec, l4_len);
    put_l4_header(p, spec);
    dp_packet_put(p, spec->payload, spec->len);

    l4 = (uint8_t *) dp_packet_data(p) + l4_offset(spec);
    if (spec->proto == IPPROTO_SCTP) {
        ovs_be32 crc = crc32c(l4, l4_len);

        memcpy(l4 + 8, &crc, sizeof crc);
    } else {
        uint16_t sum = ~reference_sum(reference_pseudo(p, spec), l4, l4_len);

        if (!sum && spec->proto == IPPROTO_UDP) {
            sum = 0xffff;
        }
        set16(l4 + checksum_offset(spec->proto), sum);
    }
    dp_packet_put_zeros(p, spec->pad);
    return p;
}

/* Parses 'p' as the core does. */
static void
parse_packet(struct dp_packet *p)
{
    struct flow flow;

    flow_extract(p, &flow);
}

static void
request(struct dp_packet *p, const struct spec *spec)
{
    p->ol_flags = spec->ipv6 ? DP_PACKET_OL_TX_IPV6 : DP_PACKET_OL_TX_IPV4;
    p->ol_flags |= spec->proto == IPPROTO_TCP ? DP_PACKET_OL_TX_TCP_CKSUM
                   : spec->proto == IPPROTO_UDP ? DP_PACKET_OL_TX_UDP_CKSUM
                   : DP_PACKET_OL_TX_SCTP_CKSUM;
}

/* Returns what 'spec' describes, but as a sender leaves it that wants the
 * checksums to be completed, and whose addresses were then changed without
 * much care. */
static struct dp_packet *
unfinished_packet(const struct spec *spec)
{
    struct dp_packet *p = reference_packet(spec);
    uint8_t *l4 = (uint8_t *) dp_packet_data(p) + l4_offset(spec);

    parse_packet(p);
    memset(l4 + checksum_offset(spec->proto), random_uint8(),
           spec->proto == IPPROTO_SCTP ? 4 : 2);
    if (!spec->ipv6) {
        set16((uint8_t *) dp_packet_l3(p) + 10, random_uint16());
    }
    request(p, spec);
    return p;
}

static struct spec
random_spec(size_t max_len)
{
    static const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };
    struct spec spec = {
        .vlan = random_range(2),
        .ipv6 = random_range(2),
        .proto = protos[random_range(ARRAY_SIZE(protos))],
        .tcp_options = random_range(11) * 4,
        .ip_id = random_uint16(),
        .seq = random_uint32(),
        .tcp_flags = random_uint16() & 0xfff,
        .payload = random_payload + random_range(1000),
        .len = random_range(max_len + 1),
        .pad = random_range(2) ? random_range(40) : 0,
    };

    spec.ip_options = spec.ipv6 ? random_range(5) * 8 : random_range(11) * 4;
    return spec;
}

static void
assert_packet(const struct dp_packet *p, const struct spec *spec)
{
    struct dp_packet *expected = reference_packet(spec);

    assert_int_equal(dp_packet_size(p), dp_packet_size(expected));
    assert_memory_equal(dp_packet_data(p), dp_packet_data(expected),
                        dp_packet_size(p));
    dp_packet_delete(expected);
}

/* Checksums
 * --------- */

static void
test_finish(void **state OVS_UNUSED)
{
    for (int i = 0; i < 20000; i++) {
        struct spec spec = random_spec(i % 100 ? 100 : 9000);

        send_packet(unfinished_packet(&spec), 1500, 0);
        assert_int_equal(n_sent, 1);
        assert_int_equal(sent[0]->ol_flags, 0);
        assert_packet(sent[0], &spec);
    }
    forget_sent();
}

static void
test_udp_without_checksum(void **state OVS_UNUSED)
{
    struct spec spec = { .proto = IPPROTO_UDP, .len = 2 };
    int n = 0;

    /* With one of all payloads, the checksum is 0, which would mean that there
     * is none. */
    for (int i = 0; i < 65536; i++) {
        uint8_t payload[] = { i >> 8, i & 0xff };
        ovs_be16 csum;

        spec.payload = payload;
        send_packet(unfinished_packet(&spec), 1500, 0);
        assert_packet(sent[0], &spec);
        csum = ((struct udp_header *) dp_packet_l4(sent[0]))->udp_csum;
        assert_int_not_equal(csum, 0);
        n += csum == OVS_BE16_MAX;
    }
    assert_int_equal(n, 1);
    forget_sent();
}

/* What the port does itself is prepared as Linux and DPDK want it. */
static void
test_prepare(void **state OVS_UNUSED)
{
    for (int i = 0; i < 2000; i++) {
        struct spec spec = random_spec(100);
        struct dp_packet *p = unfinished_packet(&spec);
        struct dp_packet *expected = reference_packet(&spec);
        uint32_t flags = p->ol_flags;
        uint8_t *data = dp_packet_data(expected);

        send_packet(p, 1500, ALL_OFFLOADS);
        assert_int_equal(n_sent, 1);
        assert_int_equal(sent[0]->ol_flags, flags);
        if (spec.proto != IPPROTO_SCTP) {
            set16(data + l4_offset(&spec) + checksum_offset(spec.proto),
                  reference_pseudo(expected, &spec));
            assert_memory_equal(dp_packet_data(p), data, dp_packet_size(p));
        }
        dp_packet_delete(expected);
    }
    forget_sent();
}

/* Packets that ask for nothing are not touched, whatever they contain. */
static void
test_untouched(void **state OVS_UNUSED)
{
    struct spec spec = random_spec(100);
    struct dp_packet *p = unfinished_packet(&spec);
    struct dp_packet *copy = dp_packet_clone(p);

    p->ol_flags = 0;
    send_packet(p, 1500, 0);
    assert_int_equal(n_sent, 1);
    assert_ptr_equal(sent[0], p);
    assert_memory_equal(dp_packet_data(p), dp_packet_data(copy),
                        dp_packet_size(p));
    dp_packet_delete(copy);
    forget_sent();
}

/* Segments
 * -------- */

static struct spec
random_tcp(size_t max_len)
{
    struct spec spec = random_spec(max_len);

    spec.proto = IPPROTO_TCP;
    return spec;
}

static struct dp_packet *
tso_packet(const struct spec *spec, uint32_t segsz)
{
    struct dp_packet *p = unfinished_packet(spec);

    p->ol_flags |= DP_PACKET_OL_TX_TCP_SEG;
    netdev_plugin_set_segsz(p, segsz);
    return p;
}

/* Fails unless the packets in 'sent' are 'spec' in segments of 'segsz'. */
static void
assert_segments(const struct spec *spec, size_t segsz)
{
    size_t offset = 0;
    size_t n = 0;

    do {
        struct spec segment = *spec;

        segment.pad = 0;
        segment.ip_id += n;
        segment.seq += offset;
        segment.payload += offset;
        segment.len = MIN(segsz, spec->len - offset);
        offset += segment.len;
        if (n) {
            segment.tcp_flags &= ~TCP_CWR;
        }
        if (offset < spec->len) {
            segment.tcp_flags &= ~(TCP_FIN | TCP_PSH);
        }
        assert_true(n < n_sent);
        assert_int_equal(sent[n]->ol_flags & DP_PACKET_OL_SUPPORTED_MASK, 0);
        assert_packet(sent[n], &segment);
        n++;
    } while (offset < spec->len);
    assert_int_equal(n_sent, n);
}

static void
test_segment(void **state OVS_UNUSED)
{
    for (int i = 0; i < 3000; i++) {
        struct spec spec = random_tcp(i % 10 ? 5000 : 64000);
        size_t headers = (spec.ipv6 ? 40 : 20) + spec.ip_options + 20
                         + spec.tcp_options;
        int mtu = 600 + random_range(9000);
        uint32_t segsz = random_range(3) ? 256 + random_range(9000) : 0;

        send_packet(tso_packet(&spec, segsz), mtu, 0);
        assert_segments(&spec, segsz ? MIN(segsz, mtu - headers)
                                     : mtu - headers);
        for (size_t j = 0; j < n_sent; j++) {
            assert_true(dp_packet_size(sent[j])
                        <= mtu + 14 + (spec.vlan ? 4 : 0));
        }
    }
    forget_sent();
}

/* A port that segments itself, and one that would have to guess. */
static void
test_segment_offload(void **state OVS_UNUSED)
{
    struct spec spec = random_tcp(5000);
    struct dp_packet *p;

    spec.len = 5000;
    p = tso_packet(&spec, 1000);
    send_packet(p, 1500, ALL_OFFLOADS);
    assert_int_equal(n_sent, 1);
    assert_ptr_equal(sent[0], p);
    assert_true(dp_packet_hwol_is_tso(p));
    assert_int_equal(netdev_plugin_get_segsz(p), 1000);

    /* The size survives a copy, as for a mirror, and not a reset. */
    p = dp_packet_clone(p);
    assert_int_equal(netdev_plugin_get_segsz(p), 1000);
    dp_packet_reset_offload(p);
    assert_int_equal(netdev_plugin_get_segsz(p), 0);
    dp_packet_delete(p);

    /* One that wants to cause a flood. */
    send_packet(tso_packet(&spec, 1), 1500, 0);
    assert_segments(&spec, NETDEV_PLUGIN_SEGSZ_MIN);
    forget_sent();
}

/* Other packets of a batch stay in order. */
static void
test_segment_batch(void **state OVS_UNUSED)
{
    struct spec spec = random_tcp(100);
    struct dp_packet *packets[NETDEV_MAX_BURST];
    struct dp_packet_batch batch;
    size_t n = 0;

    spec.len = 10000;
    spec.ip_options = spec.tcp_options = 0;
    forget_sent();
    port_mtu = 1500;
    port.ol_flags = 0;
    dp_packet_batch_init(&batch);
    for (int i = 0; i < NETDEV_MAX_BURST; i++) {
        packets[i] = i % 3 ? reference_packet(&spec) : tso_packet(&spec, 1000);
        parse_packet(packets[i]);
        dp_packet_batch_add(&batch, packets[i]);
    }
    assert_int_equal(netdev_send(&port, 7, &batch, true), 0);
    for (int i = 0; i < NETDEV_MAX_BURST; i++) {
        if (i % 3) {
            assert_ptr_equal(sent[n++], packets[i]);
        } else {
            n += 10;
        }
    }
    assert_int_equal(n_sent, n);
    forget_sent();
}

/* Tunnels
 * ------- */

static void
push_header(const struct netdev *netdev OVS_UNUSED, struct dp_packet *p,
            const struct ovs_action_push_tnl *data OVS_UNUSED)
{
    assert_int_equal(p->ol_flags, 0);
    dp_packet_push_zeros(p, 50);
}

static void
test_tunnel(void **state OVS_UNUSED)
{
    static const struct netdev_class class = {
        .type = "tunnel",
        .push_header = push_header,
    };
    struct netdev tunnel = { .name = port.name, .netdev_class = &class };
    struct ovs_action_push_tnl data = { .out_port = 0 };

    for (int i = 0; i < 1000; i++) {
        struct spec spec = random_spec(1000);
        struct dp_packet_batch batch;

        dp_packet_batch_init_packet(&batch, unfinished_packet(&spec));
        netdev_push_header(&tunnel, &batch, &data);
        assert_int_equal(batch.count, 1);
        dp_packet_pull(batch.packets[0], 50);
        assert_packet(batch.packets[0], &spec);
        dp_packet_delete_batch(&batch, true);
    }
}

/* Without 'steal', the packets stay. */
static void
test_segments_copy(void **state OVS_UNUSED)
{
    struct netdev_plugin_segments segments;
    struct spec spec = random_tcp(9000);
    struct dp_packet *p = tso_packet(&spec, 1000);
    struct dp_packet *before = dp_packet_clone(p);
    struct dp_packet_batch batch;
    struct dp_packet_batch some;

    forget_sent();
    dp_packet_batch_init_packet(&batch, p);
    assert_true(netdev_plugin_must_segment(NULL, &batch));
    netdev_plugin_segments_init(&segments, &batch, false, 0);
    while (netdev_plugin_segments_next(&segments, &some)) {
        for (size_t i = 0; i < some.count; i++) {
            sent[n_sent++] = some.packets[i];
        }
    }
    assert_segments(&spec, 1000);
    assert_int_equal(batch.count, 1);
    assert_ptr_equal(batch.packets[0], p);
    assert_memory_equal(dp_packet_data(p), dp_packet_data(before),
                        dp_packet_size(p));
    assert_true(dp_packet_hwol_is_tso(p));
    dp_packet_delete(p);
    dp_packet_delete(before);
    forget_sent();
}

/* Headers that lie
 * ---------------- */

/* Whoever wants only the start of a packet gets it. */
static void
test_cut(void **state OVS_UNUSED)
{
    for (int i = 0; i < 2000; i++) {
        struct spec spec = random_tcp(100);
        struct dp_packet *p;
        size_t size;

        spec.pad = 0;
        p = i % 2 ? tso_packet(&spec, 1000) : unfinished_packet(&spec);
        size = l4_offset(&spec)
               + random_range(l4_header_len(&spec) + spec.len);
        dp_packet_set_size(p, size);
        send_packet(p, 1500, 0);
        assert_int_equal(n_sent, 1);
        assert_int_equal(dp_packet_size(sent[0]), size);
        assert_int_equal(sent[0]->ol_flags, 0);
    }
    forget_sent();
}

static void
test_no_headers(void **state OVS_UNUSED)
{
    struct spec spec = random_tcp(100);
    struct dp_packet *p;

    for (int i = 0; i < 2; i++) {
        p = i ? tso_packet(&spec, 1000) : unfinished_packet(&spec);
        dp_packet_reset_offsets(p);
        send_packet(p, 1500, 0);
        assert_int_equal(n_sent, 0);
    }

    /* A TCP header that claims more than there is. */
    spec.len = 0;
    spec.pad = 0;
    spec.tcp_options = 0;
    p = tso_packet(&spec, 1000);
    ((struct tcp_header *) dp_packet_l4(p))->tcp_ctl = TCP_CTL(TCP_ACK, 15);
    send_packet(p, 1500, 0);
    assert_int_equal(n_sent, 0);
}

/* Any headers, flags, and lengths: nothing is written outside of the packet,
 * nothing is left unfinished, and there is an end. */
static void
test_random_headers(void **state OVS_UNUSED)
{
    enum { CANARY = 64 };

    for (int i = 0; i < 50000; i++) {
        struct spec spec = random_spec(300);
        struct dp_packet *p = unfinished_packet(&spec);
        size_t size = dp_packet_size(p);
        bool ours;

        if (random_range(2)) {
            size = random_range(size + 1);
            dp_packet_set_size(p, size);
        }
        for (int j = random_range(4); j > 0 && size; j--) {
            ((uint8_t *) dp_packet_data(p))[random_range(MIN(size, 100))]
                = random_uint8();
        }
        dp_packet_prealloc_tailroom(p, CANARY);
        memset(dp_packet_tail(p), 0xaa, CANARY);
        if (random_range(2)) {
            parse_packet(p);
        }
        p->ol_flags = random_uint32() & DP_PACKET_OL_SUPPORTED_MASK;
        ours = !(p->ol_flags & DP_PACKET_OL_TX_TCP_SEG);

        send_packet(p, 500, 0);
        for (size_t j = 0; j < n_sent; j++) {
            assert_int_equal(sent[j]->ol_flags & (DP_PACKET_OL_TX_TCP_SEG
                                                  | DP_PACKET_OL_TX_L4_MASK),
                             0);
        }
        if (ours && n_sent) {
            for (size_t j = 0; j < CANARY; j++) {
                assert_int_equal(((uint8_t *) dp_packet_tail(p))[j], 0xaa);
            }
        }
    }
    forget_sent();
}

static int
setup(void **state OVS_UNUSED)
{
    random_set_seed(1);
    for (size_t i = 0; i < sizeof random_payload; i++) {
        random_payload[i] = random_uint8();
    }
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_udp_without_checksum),
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_segment),
        cmocka_unit_test(test_segment_offload),
        cmocka_unit_test(test_segment_batch),
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_segments_copy),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_no_headers),
        cmocka_unit_test(test_random_headers),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
