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

/* Unit tests of lib/dpdk-vring-offload.c: what the headers of packets say of
 * checksums and segmentation, in both directions, split and packed.
 *
 * Needs neither DPDK nor root. */

#include <config.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "netdev-plugin-offload.h"
#include "packets.h"
#include "random.h"
#include "util.h"
#include "vring-guest.h"

/* Makes a packet whose headers are those of 'proto' over IPv4 or IPv6, perhaps
 * in a VLAN.  Stores where the transport header is in '*l4_ofs'. */
static size_t
make_headers(uint8_t *data, bool ipv4, bool vlan, uint8_t proto,
             uint16_t *l4_ofs)
{
    size_t l3_ofs = vlan ? 18 : 14;

    memset(data, 0, 128);
    data[12] = vlan ? 0x81 : ipv4 ? 0x08 : 0x86;
    data[13] = vlan || ipv4 ? 0x00 : 0xdd;
    if (vlan) {
        data[16] = ipv4 ? 0x08 : 0x86;
        data[17] = ipv4 ? 0x00 : 0xdd;
    }
    data[l3_ofs] = ipv4 ? 0x45 : 0x60;
    data[l3_ofs + (ipv4 ? 9 : 6)] = proto;
    *l4_ofs = l3_ofs + (ipv4 ? 20 : 40);
    if (proto == IPPROTO_TCP) {
        *(data + *l4_ofs + 12) = 0x50;
    }
    return 128;
}

/* Returns the flags of the packet of 'n' bytes at 'data' that comes with
 * 'hdr'. */
static uint32_t
rx_flags(struct device *d, const struct virtio_net_hdr_v1 *hdr,
         const uint8_t *data, size_t n)
{
    struct guest_part parts[2];
    size_t hdr_len = guest_hdr_len(&d->g);
    uint32_t flags, len;

    assert_true(guest_send(&d->g, hdr, data, n));
    assert_int_equal(device_rx(d, BURST), 1);
    assert_packet(d->elements[0], data, n);
    flags = d->elements[0]->ol_flags;
    assert_true(guest_take(&d->g, &len) >= 0);

    /* The same in a chain that divides the header. */
    parts[0] = (struct guest_part) { guest_alloc(&d->g, 4), 4 };
    parts[1] = (struct guest_part) { guest_alloc(&d->g, hdr_len - 4 + n),
                                     hdr_len - 4 + n };
    guest_write(&d->g, parts[0].addr, hdr, 4);
    guest_write(&d->g, parts[1].addr, (const uint8_t *) hdr + 4, hdr_len - 4);
    guest_write(&d->g, parts[1].addr + hdr_len - 4, data, n);
    assert_true(guest_add(&d->g, parts, 2, false, GUEST_DIRECT) >= 0);
    guest_publish(&d->g);
    assert_int_equal(device_rx(d, BURST), 1);
    assert_int_equal(d->elements[0]->ol_flags, flags);
    assert_true(guest_take(&d->g, &len) >= 0);
    return flags;
}

static const struct {
    uint8_t proto;
    uint8_t csum_offset;
    uint32_t flag;
} protos[] = {
    { IPPROTO_TCP, 16, DP_PACKET_OL_TX_TCP_CKSUM },
    { IPPROTO_UDP, 6, DP_PACKET_OL_TX_UDP_CKSUM },
    { IPPROTO_SCTP, 8, DP_PACKET_OL_TX_SCTP_CKSUM },
};

static void
test_rx_offload(void **state)
{
    uint64_t features = *(uint64_t *) *state | OFFLOAD_FEATURES;
    struct device d;

    device_init(&d, features, 8, 0);
    for (int i = 0; i < 2 * 2 * ARRAY_SIZE(protos); i++) {
        bool ipv4 = i & 1, vlan = i & 2;
        int proto = i / 4;
        uint32_t ip_flag = ipv4 ? DP_PACKET_OL_TX_IPV4 : DP_PACKET_OL_TX_IPV6;
        uint32_t csum = ip_flag | protos[proto].flag;
        struct virtio_net_hdr_v1 hdr = { .num_buffers = 0 };
        uint8_t data[128];
        uint16_t l4_ofs;
        size_t n;

        n = make_headers(data, ipv4, vlan, protos[proto].proto, &l4_ofs);
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);

        hdr.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        hdr.csum_start = l4_ofs;
        hdr.csum_offset = protos[proto].csum_offset;
        assert_int_equal(rx_flags(&d, &hdr, data, n), csum);

        /* Cut off, with just enough, and not enough, of the header. */
        assert_int_equal(rx_flags(&d, &hdr, data, l4_ofs + 20), csum);
        assert_int_equal(rx_flags(&d, &hdr, data, l4_ofs + 7), 0);
        for (size_t len = 14; len < l4_ofs; len++) {
            assert_int_equal(rx_flags(&d, &hdr, data, len), 0);
        }

        /* What does not fit the packet. */
        hdr.csum_start++;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.csum_start = UINT16_MAX;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.csum_start = l4_ofs;
        hdr.csum_offset = UINT16_MAX;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.csum_offset = protos[proto].csum_offset;

        /* Segments. */
        hdr.gso_type = (ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4
                        : VIRTIO_NET_HDR_GSO_TCPV6);
        hdr.gso_size = 1448;
        assert_int_equal(rx_flags(&d, &hdr, data, n),
                         protos[proto].proto != IPPROTO_TCP ? 0
                         : csum | DP_PACKET_OL_TX_TCP_SEG
                           | 1448 << NETDEV_PLUGIN_SEGSZ_SHIFT);
        hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
        hdr.gso_size = UINT16_MAX;
        assert_int_equal(rx_flags(&d, &hdr, data, n),
                         protos[proto].proto != IPPROTO_TCP ? 0
                         : csum | DP_PACKET_OL_TX_TCP_SEG
                           | NETDEV_PLUGIN_SEGSZ_MAX
                             << NETDEV_PLUGIN_SEGSZ_SHIFT);
        hdr.gso_size = 0;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.gso_size = 1448;
        hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.gso_type = 0x55;
        assert_int_equal(rx_flags(&d, &hdr, data, n), 0);
        hdr.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
        data[l4_ofs + 12] = 0xf0;
        assert_int_equal(rx_flags(&d, &hdr, data, l4_ofs + 59), 0);
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);

    /* A guest without these features is not listened to. */
    device_init(&d, *(uint64_t *) *state, 8, 0);
    {
        struct virtio_net_hdr_v1 hdr = {
            .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
            .csum_offset = 16,
        };
        uint8_t data[128];

        make_headers(data, true, false, IPPROTO_TCP, &hdr.csum_start);
        assert_int_equal(rx_flags(&d, &hdr, data, sizeof data), 0);
    }
    device_uninit(&d);
}

/* Sends packet 'p', and a plain one before and after it.  Returns false if it
 * was dropped, else stores its header in 'hdr'. */
static bool
tx_header(struct device *d, struct dp_packet *p, struct virtio_net_hdr_v1 *hdr)
{
    struct dp_packet *plain = packet_new(64, 1);
    struct dp_packet *packets[] = { plain, p, plain };
    uint8_t data[UINT16_MAX];
    uint32_t len;
    bool sent;

    for (int i = 0; i < 3; i++) {
        assert_true(add_room(&d->g, 500) >= 0);
    }
    assert_int_equal(dpdk_vring_tx(&d->vr, packets, 3, &d->burst), 3);
    sent = !d->burst.drops[DPDK_VRING_DROP_OFFLOAD];
    assert_receive(&d->g, 64, 1);
    if (sent) {
        assert_int_equal(guest_receive(&d->g, hdr, data), dp_packet_size(p));
        assert_memory_equal(data, dp_packet_data(p), dp_packet_size(p));
    }
    assert_receive(&d->g, 64, 1);
    assert_int_equal(guest_take(&d->g, &len), -1);
    if (!sent) {
        /* Uses up the buffer that is left. */
        assert_int_equal(dpdk_vring_tx(&d->vr, &plain, 1, &d->burst), 1);
        assert_receive(&d->g, 64, 1);
    }
    dp_packet_delete(plain);
    return sent;
}

static void
test_tx_offload(void **state)
{
    uint64_t features = *(uint64_t *) *state | OFFLOAD_FEATURES;
    struct device d;

    device_init(&d, features, 8, 0);
    for (int i = 0; i < 2 * 2 * ARRAY_SIZE(protos); i++) {
        bool ipv4 = i & 1, vlan = i & 2;
        int proto = i / 4;
        uint32_t ip_flag = ipv4 ? DP_PACKET_OL_TX_IPV4 : DP_PACKET_OL_TX_IPV6;
        struct dp_packet *p = dp_packet_new(128);
        struct virtio_net_hdr_v1 hdr;
        uint16_t l4_ofs;

        make_headers(dp_packet_put_uninit(p, 128), ipv4, vlan,
                     protos[proto].proto, &l4_ofs);
        p->l3_ofs = vlan ? 18 : 14;
        p->l4_ofs = l4_ofs;
        p->ol_flags = ip_flag | protos[proto].flag;
        assert_true(tx_header(&d, p, &hdr));
        assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
        assert_int_equal(hdr.csum_start, l4_ofs);
        assert_int_equal(hdr.csum_offset, protos[proto].csum_offset);
        assert_int_equal(hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
        assert_int_equal(hdr.gso_size, 0);
        assert_int_equal(hdr.hdr_len, 0);
        assert_int_equal(hdr.num_buffers, 1);

        if (protos[proto].proto == IPPROTO_TCP) {
            p->ol_flags |= DP_PACKET_OL_TX_TCP_SEG;
            netdev_plugin_set_segsz(p, 1000);
            assert_true(tx_header(&d, p, &hdr));
            assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
            assert_int_equal(hdr.csum_start, l4_ofs);
            assert_int_equal(hdr.csum_offset, 16);
            assert_int_equal(hdr.gso_type,
                             ipv4 ? VIRTIO_NET_HDR_GSO_TCPV4
                             : VIRTIO_NET_HDR_GSO_TCPV6);
            assert_int_equal(hdr.gso_size, 1000);
            assert_int_equal(hdr.hdr_len, l4_ofs + 20);

            netdev_plugin_set_segsz(p, 9000);
            assert_true(tx_header(&d, p, &hdr));
            assert_int_equal(hdr.gso_size, 1500 - (ipv4 ? 40 : 60));

            ((uint8_t *) dp_packet_l4(p))[12] = 0x40;
            assert_false(tx_header(&d, p, &hdr));
            ((uint8_t *) dp_packet_l4(p))[12] = 0xf0;
            dp_packet_set_size(p, l4_ofs + 40);
            assert_false(tx_header(&d, p, &hdr));
            dp_packet_set_size(p, 128);
        }

        p->l4_ofs = 128;
        assert_false(tx_header(&d, p, &hdr));
        p->l4_ofs = UINT16_MAX;
        assert_false(tx_header(&d, p, &hdr));
        p->l4_ofs = l4_ofs;
        p->l3_ofs = UINT16_MAX;
        assert_false(tx_header(&d, p, &hdr));
        dp_packet_delete(p);
    }
    device_uninit(&d);

    /* A guest without these features gets no unfinished packets. */
    device_init(&d, *(uint64_t *) *state, 8, 0);
    {
        struct dp_packet *p = dp_packet_new(128);
        struct virtio_net_hdr_v1 hdr;

        p->l3_ofs = 14;
        make_headers(dp_packet_put_uninit(p, 128), true, false, IPPROTO_TCP,
                     &p->l4_ofs);
        p->ol_flags = DP_PACKET_OL_TX_IPV4 | DP_PACKET_OL_TX_TCP_CKSUM;
        assert_false(tx_header(&d, p, &hdr));
        p->ol_flags = DP_PACKET_OL_TX_IPV4;
        assert_true(tx_header(&d, p, &hdr));
        assert_int_equal(hdr.flags, 0);
        dp_packet_delete(p);
    }
    device_uninit(&d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_rx_offload),
        EACH(test_tx_offload),
    };

    return RUN_FOR_CPUS(tests);
}
