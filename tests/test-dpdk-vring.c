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

/* Unit tests of lib/dpdk-vring*.c: rings of a guest that lives in the memory
 * of the test, see vring-guest.h, split and packed.  When to notify the guest
 * is in test-dpdk-vring-kick.c, headers of packets are in
 * test-dpdk-vring-offload.c, what a hostile guest does in
 * test-dpdk-vring-hostile.c.
 *
 * Needs neither DPDK nor root. */

#include <config.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "packets.h"
#include "random.h"
#include "util.h"
#include "vring-guest.h"

static bool
enlarge(struct dp_packet *p, uint32_t size)
{
    p->base_ = xmalloc(HEADROOM + size);
    p->allocated_ = MIN(HEADROOM + size, UINT16_MAX);
    p->data_ofs = HEADROOM;
    return true;
}

static void
test_rx_sizes(void **state)
{
    struct device d;
    uint32_t len;

    device_init(&d, *(uint64_t *) *state, 4, 0);
    for (size_t size = 14; size <= ROOM; size++) {
        assert_true(send_pattern(&d.g, size, size));
        assert_int_equal(dpdk_vring_n_avail(&d.vr, BURST), 1);
        assert_int_equal(device_rx(&d, BURST), 1);
        assert_pattern(d.elements[0], size, size);
        assert_ptr_equal(d.elements[0]->base_, d.elements[0] + 1);
        assert_int_equal(d.elements[0]->allocated_, HEADROOM + ROOM);
        assert_int_equal(d.elements[0]->data_ofs, HEADROOM);
        assert_int_equal(d.elements[0]->ol_flags, 0);
        assert_int_equal(d.burst.bytes, size);
        assert_drops(&d, 0, 0, 0);
        assert_true(guest_take(&d.g, &len) >= 0);
        assert_int_equal(len, 0);
        assert_int_equal(guest_take(&d.g, &len), -1);
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
}

static void
test_rx_drops(void **state)
{
    struct device d;
    uint32_t len;

    device_init(&d, *(uint64_t *) *state, 8, 0);
    assert_true(send_pattern(&d.g, 60, 0));
    assert_true(send_pattern(&d.g, 13, 1));
    assert_true(send_pattern(&d.g, ROOM + 1, 2));
    assert_true(send_pattern(&d.g, 0, 3));
    assert_true(send_pattern(&d.g, 61, 4));
    assert_true(send_pattern(&d.g, ROOM, 5));
    assert_int_equal(device_rx(&d, BURST), 3);
    assert_pattern(d.elements[0], 60, 0);
    assert_pattern(d.elements[1], 61, 4);
    assert_pattern(d.elements[2], ROOM, 5);
    assert_drops(&d, 1, 2, 0);
    assert_int_equal(d.burst.bytes, 60 + 61 + ROOM);
    for (int i = 0; i < 6; i++) {
        assert_true(guest_take(&d.g, &len) >= 0);
    }
    assert_int_equal(guest_take(&d.g, &len), -1);
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
}

static void
test_rx_enlarge(void **state)
{
    const size_t sizes[] = { ROOM, ROOM + 1, 9000, 65000, 65535, 65536 };
    struct device d;
    uint32_t len;

    device_init(&d, *(uint64_t *) *state, 8, 0);
    guest_view(&d.g, &d.vr, enlarge);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct dp_packet *p = d.elements[0];
        uint8_t *data = xmalloc(sizes[i]);

        packet_pattern(data, sizes[i], i);
        assert_true(guest_send(&d.g, NULL, data, sizes[i]));
        if (sizes[i] <= UINT16_MAX) {
            assert_int_equal(device_rx(&d, BURST), 1);
            assert_packet(p, data, sizes[i]);
            assert_int_equal(p->base_ != p + 1, sizes[i] > ROOM);
            if (p->base_ != p + 1) {
                free(p->base_);
            }
        } else {
            assert_int_equal(device_rx(&d, BURST), 0);
            assert_drops(&d, 1, 0, 0);
        }
        p->base_ = p + 1;
        assert_true(guest_take(&d.g, &len) >= 0);
        free(data);
    }
    device_uninit(&d);
}

static void
test_rx_full(void **state)
{
    /* Several times around, the ring is full, drained in bursts of all
     * sizes. */
    uint32_t n_sent = 0, n_received = 0;
    struct device d;
    uint32_t len;

    device_init(&d, *(uint64_t *) *state, 64, 60);
    for (size_t burst = 1; burst <= BURST; burst++) {
        size_t n;

        while (send_pattern(&d.g, 64 + n_sent % 32, n_sent)) {
            n_sent++;
        }
        assert_int_equal(n_sent - n_received, 64);
        while ((n = device_rx(&d, burst)) > 0) {
            assert_int_equal(n, MIN(burst, n_sent - n_received));
            for (size_t i = 0; i < n; i++, n_received++) {
                assert_pattern(d.elements[i], 64 + n_received % 32,
                               n_received);
            }
        }
        assert_int_equal(n_sent, n_received);
        assert_int_equal(dpdk_vring_n_avail(&d.vr, BURST), 0);
        for (size_t i = 0; i < 64; i++) {
            assert_true(guest_take(&d.g, &len) >= 0);
        }
    }
    device_uninit(&d);
}

/* Splits 'total' bytes into up to 'max' parts at random, somewhere in the
 * guest's memory, one of them across the seam of two regions if 'seam'.  Some
 * are empty. */
static size_t
random_parts(struct guest *g, uint32_t total, size_t max, bool seam,
             struct guest_part parts[])
{
    size_t n = 1 + random_range(max);
    size_t at_seam = seam ? random_range(n) : n;

    for (size_t i = 0; i < n; i++) {
        uint32_t len = (i + 1 == n ? total
                        : random_range(random_range(4)
                                       ? total + 1 : MIN(total + 1, 16)));

        parts[i].len = len;
        parts[i].addr = (i == at_seam
                         ? GUEST_SEAM - random_range(len + 1)
                         : guest_alloc(g, len));
        total -= len;
    }
    return n;
}

static enum guest_layout
random_layout(const struct guest *g)
{
    return !(g->features & FEATURE(RING_F_INDIRECT_DESC)) ? GUEST_DIRECT
           : random_range(g->packed ? 2 : 3);
}

static void
test_rx_random(void **state)
{
    /* One packet at a time, anywhere. */
    uint64_t features = (*(uint64_t *) *state
                         | FEATURE(RING_F_INDIRECT_DESC));
    struct device d;

    device_init(&d, features, 16, 3);
    d.g.random = true;
    for (uint32_t seed = 0; seed < 20000; seed++) {
        static const struct virtio_net_hdr_v1 zero;
        struct guest_part parts[GUEST_MAX_PARTS];
        size_t hdr_len = guest_hdr_len(&d.g);
        size_t size = 14 + random_range(ROOM - 14 + 1);
        uint8_t data[sizeof zero + ROOM];
        size_t ofs = 0;
        size_t n;
        uint32_t len;

        n = random_parts(&d.g, hdr_len + size, 16, random_range(2), parts);
        memcpy(data, &zero, hdr_len);
        packet_pattern(data + hdr_len, size, seed);
        for (size_t i = 0; i < n; i++) {
            guest_write(&d.g, parts[i].addr, data + ofs, parts[i].len);
            ofs += parts[i].len;
        }
        assert_true(guest_add(&d.g, parts, n, false,
                              random_layout(&d.g)) >= 0);
        guest_publish(&d.g);

        assert_int_equal(device_rx(&d, BURST), 1);
        assert_pattern(d.elements[0], size, seed);
        assert_true(guest_take(&d.g, &len) >= 0);
        assert_int_equal(len, 0);
        assert_int_equal(guest_take(&d.g, &len), -1);
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
}

static void
test_rx_random_bursts(void **state)
{
    /* Many packets at a time, in chains and not, in order. */
    uint64_t features = (*(uint64_t *) *state
                         | FEATURE(RING_F_INDIRECT_DESC));
    uint32_t n_sent = 0, n_received = 0;
    struct device d;
    uint32_t len;

    device_init(&d, features, 128, 127);
    d.g.random = true;
    while (n_received < 20000) {
        for (size_t i = random_range(40); i; i--) {
            struct guest_part parts[3];
            size_t hdr_len = guest_hdr_len(&d.g);
            size_t n = 1 + random_range(3);
            uint8_t data[64];
            uint64_t addr = guest_alloc(&d.g, hdr_len + 64);

            packet_pattern(data, 64, n_sent);
            for (size_t j = 0; j < hdr_len; j++) {
                *guest_byte(&d.g, addr + j) = 0;
            }
            guest_write(&d.g, addr + hdr_len, data, 64);
            parts[0] = (struct guest_part) { addr, hdr_len };
            parts[1] = (struct guest_part) { addr + hdr_len, 30 };
            parts[2] = (struct guest_part) { addr + hdr_len + 30, 34 };
            parts[n - 1].len += hdr_len + 64 - (n == 1 ? hdr_len
                                                : n == 2 ? hdr_len + 30
                                                : hdr_len + 64);
            if (guest_add(&d.g, parts, n, false, random_layout(&d.g)) < 0) {
                break;
            }
            n_sent++;
        }
        guest_publish(&d.g);
        for (size_t j = random_range(3); j; j--) {
            size_t n = device_rx(&d, 1 + random_range(BURST));

            for (size_t i = 0; i < n; i++) {
                assert_pattern(d.elements[i], 64, n_received++);
            }
        }
        while (random_range(16) && guest_take(&d.g, &len) >= 0) {
            continue;
        }
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
}

static void
test_tx_sizes(void **state)
{
    struct device d;

    device_init(&d, *(uint64_t *) *state, 4, 2);
    for (size_t size = 1; size <= ROOM; size++) {
        struct dp_packet *p = packet_new(size, size);

        assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 0);
        assert_true(add_room(&d.g, guest_hdr_len(&d.g) + size) >= 0);
        assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 1);
        assert_int_equal(d.burst.bytes, size);
        assert_drops(&d, 0, 0, 0);
        assert_receive(&d.g, size, size);
        dp_packet_delete(p);
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
}

static void
test_tx_full(void **state)
{
    struct dp_packet *packets[BURST];
    uint32_t n_sent = 0, n_received = 0;
    struct device d;

    device_init(&d, *(uint64_t *) *state, 64, 33);
    for (size_t round = 0; round < 100; round++) {
        size_t n = 1 + random_range(BURST);
        size_t room;

        while (d.g.n_free && random_range(60)) {
            assert_true(add_room(&d.g, 128) >= 0);
        }
        room = 64 - d.g.n_free - (n_sent - n_received);
        for (size_t i = 0; i < n; i++) {
            packets[i] = packet_new(64, n_sent + i);
        }
        assert_int_equal(dpdk_vring_tx(&d.vr, packets, n, &d.burst),
                         MIN(n, room));
        n_sent += MIN(n, room);
        for (size_t i = 0; i < n; i++) {
            dp_packet_delete(packets[i]);
        }
        while (n_received < n_sent && random_range(50)) {
            assert_receive(&d.g, 64, n_received++);
        }
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
}

static void
test_tx_big(void **state)
{
    /* What does not fit into a buffer is dropped, and the next packet gets the
     * buffer; a ring that can merge buffers takes it if there are enough. */
    uint64_t features = *(uint64_t *) *state;
    struct dp_packet *packets[] = {
        packet_new(60, 0), packet_new(500, 1), packet_new(61, 2)
    };
    bool mergeable = features & FEATURE(NET_F_MRG_RXBUF);
    struct device d;

    device_init(&d, features, 8, 0);
    for (int i = 0; i < 4; i++) {
        add_room(&d.g, 100);
    }
    if (mergeable) {
        assert_int_equal(dpdk_vring_tx(&d.vr, packets, 3, &d.burst), 1);
        assert_drops(&d, 0, 0, 0);
        for (int i = 0; i < 4; i++) {
            assert_true(add_room(&d.g, 100) >= 0);
        }
        assert_int_equal(dpdk_vring_tx(&d.vr, packets + 1, 2, &d.burst), 2);
        assert_int_equal(d.burst.bytes, 561);
        assert_receive(&d.g, 60, 0);
        assert_receive(&d.g, 500, 1);
        assert_receive(&d.g, 61, 2);
    } else {
        assert_int_equal(dpdk_vring_tx(&d.vr, packets, 3, &d.burst), 3);
        assert_drops(&d, 1, 0, 0);
        assert_int_equal(d.burst.bytes, 121);
        assert_receive(&d.g, 60, 0);
        assert_receive(&d.g, 61, 2);
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        dp_packet_delete(packets[i]);
    }
    device_uninit(&d);
}

static void
test_tx_random(void **state)
{
    /* Buffers of all shapes, packets of all sizes, with merging if it was
     * negotiated. */
    uint64_t features = (*(uint64_t *) *state
                         | FEATURE(RING_F_INDIRECT_DESC));
    bool mergeable = features & FEATURE(NET_F_MRG_RXBUF);
    uint32_t n_sent = 0, n_received = 0;
    uint32_t *sizes = xcalloc(50000, sizeof *sizes);
    struct device d;

    device_init(&d, features, 64, 50);
    d.g.random = true;
    while (n_received < 20000) {
        struct dp_packet *packets[BURST];
        size_t n = 1 + random_range(BURST);
        size_t n_done, n_big = 0;

        for (size_t i = random_range(40); i; i--) {
            uint32_t len = (mergeable ? 12 + random_range(700)
                            : 12 + ROOM - random_range(2) * 200);
            struct guest_part parts[GUEST_MAX_PARTS];
            size_t n_parts = random_parts(&d.g, len, 5, false, parts);

            if (guest_add(&d.g, parts, n_parts, true,
                          random_layout(&d.g)) < 0) {
                break;
            }
        }
        guest_publish(&d.g);

        for (size_t i = 0; i < n; i++) {
            sizes[n_sent + i] = (random_range(3) ? 60 + random_range(200)
                                 : 60 + random_range(ROOM - 60));
            packets[i] = packet_new(sizes[n_sent + i], n_sent + i);
        }
        n_done = dpdk_vring_tx(&d.vr, packets, n, &d.burst);
        assert_true(n_done <= n);
        n_big = d.burst.drops[DPDK_VRING_DROP_BIG];
        assert_true(!mergeable || !n_big);
        for (size_t i = 0; i < n; i++) {
            dp_packet_delete(packets[i]);
        }
        n_sent += n_done;

        while (n_received < n_sent) {
            struct virtio_net_hdr_v1 hdr;
            uint8_t data[UINT16_MAX], expected[UINT16_MAX];
            ssize_t size = guest_receive(&d.g, &hdr, data);

            if (size < 0) {
                assert_true(n_received + n_big == n_sent);
                n_received = n_sent;
                break;
            }
            for (;;) {
                packet_pattern(expected, sizes[n_received], n_received);
                n_received++;
                if (size == sizes[n_received - 1]
                    && !memcmp(data, expected, size)) {
                    break;
                }
                assert_true(n_big-- > 0);
            }
        }
    }
    assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    device_uninit(&d);
    free(sizes);
}

static void
test_tx_seam(void **state)
{
    /* Buffers in two regions: the header, the data, the last byte. */
    struct device d;

    device_init(&d, *(uint64_t *) *state, 4, 0);
    for (uint32_t before = 1; before < 12 + 200; before++) {
        struct guest_part part = { GUEST_SEAM - before, 12 + 200 };
        struct dp_packet *p = packet_new(200, before);

        assert_true(guest_add(&d.g, &part, 1, true, GUEST_DIRECT) >= 0);
        guest_publish(&d.g);
        assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 1);
        assert_receive(&d.g, 200, before);
        dp_packet_delete(p);
    }
    device_uninit(&d);
}

static void
test_index_wrap(void **state)
{
    /* Around all values of an index. */
    uint64_t features = *(uint64_t *) *state;
    bool packed = features & FEATURE(F_RING_PACKED);
    struct device d;
    uint32_t len;

    device_init(&d, features, packed ? 5 : 8, packed ? 0 : 65000);
    for (uint32_t i = 0; i < 70000; i++) {
        assert_true(send_pattern(&d.g, 64, i));
        assert_int_equal(device_rx(&d, BURST), 1);
        assert_int_equal(*(uint8_t *) dp_packet_data(d.elements[0]),
                         (uint8_t) (i * 2654435761u >> 8) & ~1);
        assert_true(guest_take(&d.g, &len) >= 0);
    }
    device_uninit(&d);
}

static void
test_base(void **state)
{
    /* A view that is made where another one stopped goes on. */
    uint64_t features = *(uint64_t *) *state;
    bool packed = features & FEATURE(F_RING_PACKED);
    uint16_t last_avail, last_used;
    struct device d;
    uint32_t len;

    device_init(&d, features, 8, 6);
    for (uint32_t i = 0; i < 1000; i++) {
        struct dpdk_vring_config config = {
            .features = features,
            .memory = &d.g.memory,
            .desc = d.g.desc,
            .avail = packed ? (void *) d.g.driver_event : (void *) d.g.avail,
            .used = packed ? (void *) d.g.device_event : (void *) d.g.used,
            .size = 8,
            .buf_size = HEADROOM + ROOM,
            .headroom = HEADROOM,
        };

        dpdk_vring_get_base(&d.vr, &config.last_avail, &config.last_used);
        assert_true(dpdk_vring_init(&d.vr, &config));
        dpdk_vring_get_base(&d.vr, &last_avail, &last_used);
        assert_int_equal(last_avail, config.last_avail);
        assert_int_equal(last_used, config.last_used);
        if (packed) {
            assert_int_equal(last_used & 0x7fff, (6 + i) % 8);
            assert_int_equal(last_used >> 15, !((6 + i) / 8 % 2));
        } else {
            assert_int_equal(last_used, (uint16_t) (6 + i));
        }
        assert_true(send_pattern(&d.g, 64, i));
        assert_int_equal(device_rx(&d, BURST), 1);
        assert_pattern(d.elements[0], 64, i);
        assert_true(guest_take(&d.g, &len) >= 0);
    }
    device_uninit(&d);
}

static void
test_statistics(void **state)
{
    static const uint32_t bounds[] = {
        63, 64, 127, 255, 511, 1023, 1518, UINT32_MAX
    };
    struct device d;

    device_init(&d, *(uint64_t *) *state, 4, 0);
    for (uint32_t size = 14; size <= ROOM; size++) {
        struct dp_packet *p = packet_new(size, size);
        uint8_t *data = dp_packet_data(p);
        uint32_t len;
        int class = 0;

        while (size > bounds[class]) {
            class++;
        }
        switch (size % 3) {
        case 0:
            memset(data, 0xff, 6);
            break;
        case 1:
            data[0] |= 1;
            data[5] = 0;
            break;
        }

        /* Sent. */
        add_room(&d.g, 12 + size);
        assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 1);
        for (int i = 0; i < DPDK_VRING_N_SIZES; i++) {
            assert_int_equal(dpdk_vring_burst_size(&d.burst, i), i == class);
        }
        assert_int_equal(d.burst.n_broadcast, size % 3 == 0);
        assert_int_equal(d.burst.n_multicast, size % 3 == 1);
        assert_true(guest_take(&d.g, &len) >= 0);

        /* Received. */
        assert_true(guest_send(&d.g, NULL, data, size));
        assert_int_equal(device_rx(&d, BURST), 1);
        for (int i = 0; i < DPDK_VRING_N_SIZES; i++) {
            assert_int_equal(dpdk_vring_burst_size(&d.burst, i), i == class);
        }
        assert_int_equal(d.burst.n_broadcast, size % 3 == 0);
        assert_int_equal(d.burst.n_multicast, size % 3 == 1);
        assert_true(guest_take(&d.g, &len) >= 0);
        dp_packet_delete(p);
    }
    device_uninit(&d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_ALL(test_rx_sizes),
        EACH(test_rx_drops),
        EACH(test_rx_enlarge),
        EACH(test_rx_full),
        EACH_ALL(test_rx_random),
        EACH_ALL(test_rx_random_bursts),
        EACH_ALL(test_tx_sizes),
        EACH(test_tx_full),
        EACH(test_tx_big),
        EACH_ALL(test_tx_random),
        EACH(test_tx_seam),
        EACH(test_index_wrap),
        EACH(test_base),
        EACH_ALL(test_statistics),
    };

    return RUN_FOR_CPUS(tests);
}
