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

/* Unit tests of lib/dpdk-vring*.c against a hostile guest: each way to break a
 * ring, split and packed.  Garbage is in test-dpdk-vring-garbage.c.
 *
 * Needs neither DPDK nor root.  Finds most with ASan and UBSan. */

#include <config.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "packets.h"
#include "util.h"
#include "vring-guest.h"

#define SIZE 8

#define NEXT VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE
#define INDIRECT VRING_DESC_F_INDIRECT

/* A descriptor of either kind of ring.  'next' is where the next one of the
 * chain is, counted from the first one of this chain; it means nothing in a
 * packed ring. */
struct raw {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/* Writes the 'n' descriptors in 'raw' to the ring of 'g' and makes the first
 * one available.  Those of a split ring go to 'at' and behind it. */
static void
add_raw(struct guest *g, uint16_t at, const struct raw raw[], size_t n)
{
    if (g->packed) {
        uint16_t i = g->next_avail;

        for (size_t j = 0; j < n; j++, i++) {
            g->desc_packed[i] = (struct vring_packed_desc) {
                raw[j].addr, raw[j].len, 0,
                raw[j].flags | 1 << VRING_PACKED_DESC_F_AVAIL
            };
        }
        g->next_avail = i;
        return;
    }
    for (size_t j = 0; j < n; j++) {
        g->desc[at + j] = (struct vring_desc) {
            raw[j].addr, raw[j].len, raw[j].flags,
            raw[j].next < SIZE ? at + raw[j].next : raw[j].next
        };
    }
    g->avail->ring[g->next_avail++ % g->size] = at;
    g->avail->idx = g->next_avail;
}

/* Writes the 'n' descriptors in 'raw' to an indirect table at 'addr', and
 * returns a descriptor of that. */
static struct raw
make_table(struct guest *g, uint64_t addr, const struct raw raw[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct vring_desc d = { raw[i].addr, raw[i].len, raw[i].flags,
                                raw[i].next };
        struct vring_packed_desc dp = { raw[i].addr, raw[i].len, 0,
                                        raw[i].flags };

        guest_write(g, addr + 16 * i, g->packed ? (void *) &dp : (void *) &d,
                    16);
    }
    return (struct raw) { addr, n * 16, INDIRECT, 0 };
}

/* Fails unless 'd' is broken because of 'fault', and does nothing any more,
 * even if the guest goes on. */
static void
assert_broken(struct device *d, enum dpdk_vring_fault fault)
{
    struct dp_packet *p = packet_new(64, 0);
    uint16_t last_avail, last_used, now_avail, now_used;
    struct raw good = { guest_alloc(&d->g, 500), 500, 0, 0 };
    uint32_t len;

    assert_int_equal(d->vr.broken, fault);
    assert_string_not_equal(dpdk_vring_fault_name(fault),
                            dpdk_vring_fault_name(DPDK_VRING_OK));
    while (guest_take(&d->g, &len) >= 0) {
        continue;
    }
    dpdk_vring_get_base(&d->vr, &last_avail, &last_used);
    add_raw(&d->g, 0, &good, 1);
    assert_int_equal(dpdk_vring_n_avail(&d->vr, BURST), 0);
    assert_int_equal(device_rx(d, BURST), 0);
    assert_int_equal(dpdk_vring_tx(&d->vr, &p, 1, &d->burst), 0);
    assert_int_equal(d->burst.bytes, 0);
    assert_int_equal(guest_take(&d->g, &len), -1);
    dpdk_vring_get_base(&d->vr, &now_avail, &now_used);
    assert_int_equal(now_avail, last_avail);
    assert_int_equal(now_used, last_used);
    assert_int_equal(d->vr.broken, fault);
    dp_packet_delete(p);
}

/* Makes the guest send two good packets, and then 'raw'.  Fails unless the
 * good ones are received and the ring breaks because of 'fault'. */
static void
check_rx(uint64_t features, const struct raw raw[], size_t n,
         enum dpdk_vring_fault fault)
{
    struct device d;
    uint32_t len;

    device_init(&d, features, SIZE, 0);
    assert_true(send_pattern(&d.g, 64, 0));
    assert_true(send_pattern(&d.g, 65, 1));
    add_raw(&d.g, 2, raw, n);
    assert_int_equal(device_rx(&d, BURST), 2);
    assert_pattern(d.elements[0], 64, 0);
    assert_pattern(d.elements[1], 65, 1);
    assert_int_equal(d.burst.bytes, 64 + 65);
    assert_true(guest_take(&d.g, &len) >= 0);
    assert_true(guest_take(&d.g, &len) >= 0);
    assert_int_equal(guest_take(&d.g, &len), -1);
    assert_broken(&d, fault);
    device_uninit(&d);
}

/* Likewise for two good buffers to receive packets in, and then 'raw'. */
static void
check_tx(uint64_t features, const struct raw raw[], size_t n,
         enum dpdk_vring_fault fault)
{
    struct dp_packet *packets[] = {
        packet_new(64, 0), packet_new(65, 1), packet_new(66, 2)
    };
    struct device d;
    uint32_t len;

    device_init(&d, features, SIZE, 0);
    add_room(&d.g, 100);
    add_room(&d.g, 100);
    add_raw(&d.g, 2, raw, n);
    assert_int_equal(dpdk_vring_tx(&d.vr, packets, 3, &d.burst), 2);
    assert_int_equal(d.burst.bytes, 64 + 65);
    assert_drops(&d, 0, 0, 0);
    assert_receive(&d.g, 64, 0);
    assert_receive(&d.g, 65, 1);
    assert_int_equal(guest_take(&d.g, &len), -1);
    assert_broken(&d, fault);
    device_uninit(&d);
    for (size_t i = 0; i < 3; i++) {
        dp_packet_delete(packets[i]);
    }
}

/* Checks both directions with 'raw', whose flags are those for receiving. */
static void
check(uint64_t features, const struct raw raw[], size_t n,
      enum dpdk_vring_fault fault)
{
    struct raw copy[SIZE];

    check_rx(features, raw, n, fault);
    memcpy(copy, raw, n * sizeof *raw);
    for (size_t i = 0; i < n; i++) {
        if (!(copy[i].flags & INDIRECT)) {
            copy[i].flags ^= WRITE;
        }
    }
    check_tx(features, copy, n, fault);
}

#define CHECK(FEATURES, FAULT, ...)                                     \
    check(FEATURES, (const struct raw[]) { __VA_ARGS__ },               \
          sizeof (const struct raw[]) { __VA_ARGS__ } / sizeof (struct raw), \
          DPDK_VRING_FAULT_##FAULT)

static void
test_address(void **state)
{
    uint64_t features = *(uint64_t *) *state;

    CHECK(features, ADDRESS, { 0, 100, 0, 0 });
    CHECK(features, ADDRESS, { GUEST_REGION_0 - 1, 100, 0, 0 });
    CHECK(features, ADDRESS,
          { GUEST_REGION_1 + GUEST_REGION_SIZE - 99, 100, 0, 0 });
    CHECK(features, ADDRESS,
          { GUEST_REGION_1 + GUEST_REGION_SIZE, 100, 0, 0 });
    CHECK(features, ADDRESS, { GUEST_REGION_2 - 1, 100, 0, 0 });
    CHECK(features, ADDRESS, { UINT64_MAX - 50, 100, 0, 0 });
    CHECK(features, ADDRESS, { GUEST_REGION_0, UINT32_MAX, 0, 0 });
    CHECK(features, ADDRESS, { GUEST_REGION_0, 20, NEXT, 1 },
                             { 1, 100, 0, 0 });
    CHECK(features, ADDRESS, { 1, 1, NEXT, 1 },
                             { GUEST_REGION_0, 100, 0, 0 });
}

static void
test_direction(void **state)
{
    uint64_t features = *(uint64_t *) *state;

    CHECK(features, DIRECTION, { GUEST_REGION_0, 100, WRITE, 0 });
    CHECK(features, DIRECTION, { GUEST_REGION_0, 20, NEXT, 1 },
                               { GUEST_REGION_0, 100, WRITE, 0 });
    CHECK(features, DIRECTION, { GUEST_REGION_0, 20, NEXT | WRITE, 1 },
                               { GUEST_REGION_0, 100, 0, 0 });
}

static void
test_header(void **state)
{
    uint64_t features = *(uint64_t *) *state;

    CHECK(features, HEADER, { GUEST_REGION_0, 0, 0, 0 });
    CHECK(features, HEADER, { 0, 0, 0, 0 });
    CHECK(features, HEADER, { GUEST_REGION_0, 9, 0, 0 });
    CHECK(features, HEADER, { GUEST_REGION_0, 4, NEXT, 1 },
                            { GUEST_REGION_0, 5, 0, 0 });
    CHECK(features, HEADER, { GUEST_REGION_0, 0, NEXT, 1 },
                            { GUEST_REGION_0, 0, NEXT, 2 },
                            { GUEST_REGION_0, 0, 0, 0 });
}

static void
test_next(void **state)
{
    uint64_t features = *(uint64_t *) *state;

    CHECK(features, NEXT, { GUEST_REGION_0, 20, NEXT, SIZE });
    CHECK(features, NEXT, { GUEST_REGION_0, 20, NEXT, 1 },
                          { GUEST_REGION_0, 20, NEXT, UINT16_MAX });
}

static void
test_loop(void **state)
{
    uint64_t features = *(uint64_t *) *state;

    CHECK(features, LOOP, { GUEST_REGION_0, 1, NEXT, 0 });
    CHECK(features, LOOP, { GUEST_REGION_0, 0, NEXT, 1 },
                          { GUEST_REGION_0, 0, NEXT, 0 });
}

static void
test_wrap(void **state)
{
    uint64_t features = *(uint64_t *) *state;
    struct device d;
    uint32_t len;

    CHECK(features, WRAP, { GUEST_REGION_0, 20, NEXT, 0 });

    /* A whole ring, and back to where it starts. */
    device_init(&d, features, SIZE, 0);
    for (int i = 0; i < SIZE; i++) {
        add_raw(&d.g, 0, &(struct raw) { GUEST_REGION_0, 1, NEXT, 0 }, 1);
    }
    assert_int_equal(device_rx(&d, BURST), 0);
    assert_int_equal(d.vr.broken, DPDK_VRING_FAULT_LOOP);
    assert_int_equal(guest_take(&d.g, &len), -1);
    device_uninit(&d);
}

static void
test_available(void **state)
{
    uint64_t features = *(uint64_t *) *state;
    static const uint16_t jumps[] = { SIZE + 1, 40000, UINT16_MAX };

    for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
        struct device d;

        device_init(&d, features, SIZE, 65530);
        d.g.avail->idx += jumps[i];
        assert_int_equal(device_rx(&d, BURST), 0);
        assert_broken(&d, DPDK_VRING_FAULT_AVAIL);
        device_uninit(&d);
    }
}

static void
test_available_again(void **state)
{
    /* Buffers of which each packet needs two, that all are known of when the
     * guest takes the last one back. */
    uint64_t features = *(uint64_t *) *state | GUEST_MERGEABLE;
    struct dp_packet *packets[] = { packet_new(64, 0), packet_new(64, 1) };
    struct device d;
    uint32_t len;

    device_init(&d, features, SIZE, 65530);
    for (int i = 0; i < 6; i++) {
        add_room(&d.g, 60);
    }
    assert_int_equal(dpdk_vring_tx(&d.vr, packets, 2, &d.burst), 2);
    assert_receive(&d.g, 64, 0);
    assert_receive(&d.g, 64, 1);

    d.g.avail->idx--;
    assert_int_equal(dpdk_vring_tx(&d.vr, packets, 2, &d.burst), 1);
    assert_receive(&d.g, 64, 0);
    assert_int_equal(guest_take(&d.g, &len), -1);
    assert_broken(&d, DPDK_VRING_FAULT_AVAIL);
    device_uninit(&d);
    dp_packet_delete(packets[0]);
    dp_packet_delete(packets[1]);
}

static void
test_head(void **state)
{
    uint64_t features = *(uint64_t *) *state;
    static const uint16_t heads[] = { SIZE, UINT16_MAX };

    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        struct dp_packet *packets[] = { packet_new(64, 0), packet_new(65, 1) };
        struct device d;

        device_init(&d, features, SIZE, 65530);
        assert_true(send_pattern(&d.g, 64, 0));
        d.g.avail->ring[d.g.next_avail++ % SIZE] = heads[i];
        guest_publish(&d.g);
        assert_int_equal(device_rx(&d, BURST), 1);
        assert_pattern(d.elements[0], 64, 0);
        assert_broken(&d, DPDK_VRING_FAULT_HEAD);
        device_uninit(&d);

        /* Also behind a packet that needs several buffers. */
        for (uint32_t room = 60; room <= 100; room += 40) {
            device_init(&d, features | GUEST_MERGEABLE, SIZE, 65530);
            add_room(&d.g, room);
            add_room(&d.g, room);
            d.g.avail->ring[d.g.next_avail++ % SIZE] = heads[i];
            guest_publish(&d.g);
            if (room == 60) {
                assert_int_equal(dpdk_vring_tx(&d.vr, packets, 1, &d.burst),
                                 1);
                assert_receive(&d.g, 64, 0);
                assert_int_equal(dpdk_vring_tx(&d.vr, packets, 1, &d.burst),
                                 0);
            } else {
                assert_int_equal(dpdk_vring_tx(&d.vr, packets, 2, &d.burst),
                                 2);
                assert_receive(&d.g, 64, 0);
                assert_receive(&d.g, 65, 1);
                assert_int_equal(dpdk_vring_tx(&d.vr, packets, 1, &d.burst),
                                 0);
            }
            assert_broken(&d, DPDK_VRING_FAULT_HEAD);
            device_uninit(&d);
        }
        dp_packet_delete(packets[0]);
        dp_packet_delete(packets[1]);
    }
}

/* Makes a head outside of the ring of 'g' available. */
static void
add_bad_head(struct guest *g)
{
    g->avail->ring[g->next_avail++ % SIZE] = SIZE;
    guest_publish(g);
}

static void
test_before_head(void **state)
{
    /* What comes before a head outside of the ring is delivered, behind a
     * packet that is dropped or that needs several descriptors, too. */
    uint64_t features = *(uint64_t *) *state;
    struct dp_packet *packets[] = {
        packet_new(64, 0), packet_new(65, 1), packet_new(66, 2)
    };
    struct guest_part parts[] = {
        { GUEST_REGION_1, 30 }, { GUEST_REGION_1 + 100, 100 }
    };
    struct device d;
    uint32_t len;

    device_init(&d, features, SIZE, 0);
    assert_true(send_pattern(&d.g, 13, 0));
    assert_true(send_pattern(&d.g, 64, 1));
    add_bad_head(&d.g);
    assert_int_equal(device_rx(&d, BURST), 1);
    assert_pattern(d.elements[0], 64, 1);
    assert_drops(&d, 0, 1, 0);
    assert_true(guest_take(&d.g, &len) >= 0);
    assert_true(guest_take(&d.g, &len) >= 0);
    assert_broken(&d, DPDK_VRING_FAULT_HEAD);
    device_uninit(&d);

    device_init(&d, features, SIZE, 0);
    assert_true(guest_add(&d.g, parts, 2, true, GUEST_DIRECT) >= 0);
    add_room(&d.g, 100);
    add_bad_head(&d.g);
    assert_int_equal(dpdk_vring_tx(&d.vr, packets, 3, &d.burst), 2);
    assert_receive(&d.g, 64, 0);
    assert_receive(&d.g, 65, 1);
    assert_broken(&d, DPDK_VRING_FAULT_HEAD);
    device_uninit(&d);
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        dp_packet_delete(packets[i]);
    }
}

static void
test_indirect(void **state)
{
    uint64_t without = *(uint64_t *) *state;
    uint64_t features = without | FEATURE(RING_F_INDIRECT_DESC);

    CHECK(without, INDIRECT, { GUEST_REGION_0, 32, INDIRECT, 0 });
    CHECK(features, INDIRECT_SIZE, { GUEST_REGION_0, 0, INDIRECT, 0 });
    CHECK(features, INDIRECT_SIZE, { GUEST_REGION_0, 15, INDIRECT, 0 });
    CHECK(features, INDIRECT_SIZE, { GUEST_REGION_0, 17, INDIRECT, 0 });
    CHECK(features, INDIRECT_SIZE,
          { GUEST_REGION_0, 16 * (SIZE + 1), INDIRECT, 0 });
    CHECK(features, INDIRECT_SIZE,
          { GUEST_REGION_0, UINT32_MAX - 15, INDIRECT, 0 });
    CHECK(features, INDIRECT_ADDRESS, { 0, 32, INDIRECT, 0 });
    CHECK(features, INDIRECT_ADDRESS, { UINT64_MAX, 32, INDIRECT, 0 });
    CHECK(features, INDIRECT_NEXT,
          { GUEST_REGION_0, 32, INDIRECT | NEXT, 1 },
          { GUEST_REGION_0, 32, 0, 0 });
}

/* Fails unless a table with the 'n' entries in 'raw', whose flags are those
 * for receiving, breaks the ring in both directions because of 'fault'. */
static void
check_table(uint64_t features, const struct raw raw[], size_t n,
            enum dpdk_vring_fault fault)
{
    struct dp_packet *p = packet_new(64, 0);

    for (int write = 0; write < 2; write++) {
        struct raw copy[SIZE];
        struct raw table;
        struct device d;

        for (size_t i = 0; i < n; i++) {
            copy[i] = raw[i];
            copy[i].flags ^= write && !(raw[i].flags & INDIRECT) ? WRITE : 0;
        }
        device_init(&d, features | FEATURE(RING_F_INDIRECT_DESC), SIZE, 0);
        table = make_table(&d.g, GUEST_REGION_1, copy, n);
        add_raw(&d.g, 0, &table, 1);
        if (write) {
            assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 0);
        } else {
            assert_int_equal(device_rx(&d, BURST), 0);
        }
        assert_broken(&d, fault);
        device_uninit(&d);
    }
    dp_packet_delete(p);
}

#define CHECK_TABLE(FEATURES, FAULT, ...)                               \
    check_table(FEATURES, (const struct raw[]) { __VA_ARGS__ },         \
                sizeof (const struct raw[]) { __VA_ARGS__ }             \
                / sizeof (struct raw),                                  \
                DPDK_VRING_FAULT_##FAULT)

static void
test_table(void **state)
{
    uint64_t features = *(uint64_t *) *state;

    CHECK_TABLE(features, INDIRECT_NESTED,
                { GUEST_REGION_0, 16, INDIRECT, 0 });
    CHECK_TABLE(features, INDIRECT_NESTED,
                { GUEST_REGION_0, 1, NEXT, 1 },
                { GUEST_REGION_1, 32, INDIRECT, 0 });
    CHECK_TABLE(features, ADDRESS,
                { GUEST_REGION_2, 1, NEXT, 1 },
                { 0, 1, 0, 0 });
    CHECK_TABLE(features, DIRECTION,
                { GUEST_REGION_2, 1, NEXT, 1 },
                { GUEST_REGION_2, 1, WRITE, 0 });
    CHECK_TABLE(features, HEADER,
                { GUEST_REGION_2, 1, NEXT, 1 },
                { GUEST_REGION_2, 1, 0, 0 });
    if (!(features & PACKED)) {
        CHECK_TABLE(features, NEXT,
                    { GUEST_REGION_2, 1, NEXT, 1 },
                    { GUEST_REGION_2, 1, NEXT, 2 });
        CHECK_TABLE(features, LOOP,
                    { GUEST_REGION_2, 1, NEXT, 1 },
                    { GUEST_REGION_2, 1, NEXT, 0 });
    }
}

static void
test_table_seam(void **state)
{
    /* A table that starts in one region and ends in the next one is unusual
     * but good, if there is a next one. */
    uint64_t features = (*(uint64_t *) *state
                         | FEATURE(RING_F_INDIRECT_DESC));
    struct raw table;
    struct device d;

    for (int before = 1; before < 32; before++) {
        struct raw entries[2];
        size_t hdr_len;
        uint8_t data[12 + 64];

        device_init(&d, features, SIZE, 0);
        hdr_len = guest_hdr_len(&d.g);
        memset(data, 0, hdr_len);
        packet_pattern(data + hdr_len, 64, before);
        guest_write(&d.g, GUEST_REGION_0, data, hdr_len + 64);
        entries[0] = (struct raw) { GUEST_REGION_0, 20, NEXT, 1 };
        entries[1] = (struct raw) { GUEST_REGION_0 + 20, hdr_len + 44, 0, 0 };
        table = make_table(&d.g, GUEST_SEAM - before, entries, 2);
        add_raw(&d.g, 0, &table, 1);
        assert_int_equal(device_rx(&d, BURST), 1);
        assert_pattern(d.elements[0], 64, before);
        assert_int_equal(d.vr.broken, DPDK_VRING_OK);
        device_uninit(&d);
    }

    device_init(&d, features, SIZE, 0);
    table = (struct raw) {
        GUEST_REGION_1 + GUEST_REGION_SIZE - 15, 16, INDIRECT, 0
    };
    add_raw(&d.g, 0, &table, 1);
    assert_int_equal(device_rx(&d, BURST), 0);
    assert_broken(&d, DPDK_VRING_FAULT_INDIRECT_ADDRESS);
    device_uninit(&d);
}

static void
test_runts(void **state)
{
    /* Buffers of 4, 2 and 4000 bytes are unusual but good. */
    uint64_t features = *(uint64_t *) *state;
    static const uint32_t lens[] = { 4, 2, 1000 };
    struct guest_part parts[ARRAY_SIZE(lens)];
    struct dp_packet *p = packet_new(700, 7);
    struct device d;

    device_init(&d, features, SIZE, 0);
    for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
        parts[i] = (struct guest_part) { guest_alloc(&d.g, lens[i]), lens[i] };
    }
    assert_true(guest_add(&d.g, parts, ARRAY_SIZE(lens), true,
                          GUEST_DIRECT) >= 0);
    guest_publish(&d.g);
    assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 1);
    assert_receive(&d.g, 700, 7);
    dp_packet_delete(p);
    device_uninit(&d);
}

static void
test_ring(void **state)
{
    uint64_t features = *(uint64_t *) *state;
    bool is_packed = features & PACKED;
    struct dpdk_vring_config good, config;
    struct dp_packet *p = packet_new(64, 0);
    struct device d;

    device_init(&d, features, SIZE, 0);
    good = (struct dpdk_vring_config) {
        .features = features,
        .memory = &d.g.memory,
        .desc = d.g.desc,
        .avail = is_packed ? (void *) d.g.driver_event : (void *) d.g.avail,
        .used = is_packed ? (void *) d.g.device_event : (void *) d.g.used,
        .size = SIZE,
        .buf_size = HEADROOM + ROOM,
        .headroom = HEADROOM,
    };
    for (int i = 0; i <= 24; i++) {
        struct dpdk_vring_memory memory = d.g.memory;
        uint64_t event = FEATURE(RING_F_EVENT_IDX);
        bool valid = false;

        config = good;
        config.memory = &memory;
        switch (i) {
        case 0: valid = true; break;
        case 1: config.size = 0; break;
        case 2: config.size = 65536; break;
        case 3: config.size = 7; valid = is_packed; break;
        case 4: config.desc = NULL; break;
        case 5: config.desc = (char *) config.desc + 8; break;
        case 6: config.avail = NULL; break;
        case 7: config.avail = (char *) config.avail + 1; break;
        case 8: config.used = NULL; break;
        case 9: config.used = (char *) config.used + 2; break;
        case 10: memory.n = 0; break;
        case 11: memory.n = DPDK_VRING_MAX_REGIONS + 1; break;
        case 12: memory.regions[1].size = 0; break;
        case 13: memory.regions[2].size++; break;
        case 14: config.last_avail = SIZE; valid = !is_packed; break;

        /* Each part of the ring has to be in one region. */
        case 15: memory.n = 3; break;
        case 16: memory.regions[3].size--; break;
        case 17: memory.regions[4].size--; break;
        case 18: memory.regions[5].size--; break;
        case 19: memory.regions[3].base++; break;
        case 20: memory.regions[4].base++; break;
        case 21: memory.regions[5].base++; break;
        case 22: config.size = 2 * SIZE; break;
        case 23: config.features |= event; valid = is_packed; break;
        case 24:
            config.features |= event;
            memory.regions[4].size += 2;
            valid = is_packed;
            break;
        }
        assert_int_equal(dpdk_vring_init(&d.vr, &config), valid);
        if (!valid) {
            assert_int_equal(d.vr.broken, DPDK_VRING_FAULT_RING);
            assert_int_equal(dpdk_vring_n_avail(&d.vr, BURST), 0);
            assert_int_equal(device_rx(&d, BURST), 0);
            assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 0);
            assert_false(dpdk_vring_needs_kick(&d.vr));
            assert_true(dpdk_vring_is_idle(&d.vr));
        }
    }
    dp_packet_delete(p);
    device_uninit(&d);
}

/* The same as add_raw() in a ring of any size that nothing was added to. */
static void
add_first(struct guest *g, const struct raw raw[], size_t n)
{
    if (g->packed) {
        add_raw(g, 0, raw, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        g->desc[i] = (struct vring_desc) {
            raw[i].addr, raw[i].len, raw[i].flags, raw[i].next
        };
    }
    g->avail->ring[0] = 0;
    g->avail->idx = 1;
}

static void
test_many_empty(void **state)
{
    /* A chain of descriptors without a byte is not walked to its end. */
    enum { N = 1024, MOST = 256 };
    struct raw raw[MOST + 2];
    struct dp_packet *p = packet_new(64, 0);

    for (size_t n_empty = MOST; n_empty <= MOST + 1; n_empty++) {
        for (int tx = 0; tx < 2; tx++) {
            uint16_t direction = tx ? WRITE : 0;
            struct device d;

            device_init(&d, *(uint64_t *) *state, N, 0);
            for (size_t i = 0; i < n_empty; i++) {
                raw[i] = (struct raw) { 0, 0, NEXT | direction, i + 1 };
            }
            raw[n_empty] = (struct raw) {
                guest_alloc(&d.g, 500), 500, direction, 0
            };
            add_first(&d.g, raw, n_empty + 1);
            if (tx) {
                assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 1);
                assert_int_equal(d.burst.bytes, n_empty > MOST ? 0 : 64);
            } else {
                assert_int_equal(device_rx(&d, BURST), n_empty <= MOST);
            }
            assert_drops(&d, n_empty > MOST, 0, 0);
            assert_int_equal(d.vr.broken, DPDK_VRING_OK);
            device_uninit(&d);
        }
    }
    dp_packet_delete(p);
}

/* A chain of too many buffers to write to is not walked to its end, which each
 * packet would be, again and again: that is not even available. */
static void
test_many_to_write(void **state)
{
    enum { N = 1024, MOST = 256 };
    struct dp_packet *p = packet_new(1000, 0);
    struct raw raw[MOST + 1];
    struct device d;

    device_init(&d, *(uint64_t *) *state, N, 0);
    for (size_t i = 0; i <= MOST; i++) {
        raw[i] = (struct raw) {
            guest_alloc(&d.g, 1), 1, NEXT | WRITE, i < MOST ? i + 1 : N
        };
    }
    add_first(&d.g, raw, MOST + 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dpdk_vring_tx(&d.vr, &p, 1, &d.burst), 1);
        assert_drops(&d, 1, 0, 0);
        assert_int_equal(d.vr.broken, DPDK_VRING_OK);
    }
    device_uninit(&d);
    dp_packet_delete(p);
}

#define EACH_SPLIT(TEST)                                                \
    ONE(TEST, legacy), ONE(TEST, v1), ONE(TEST, mergeable)
#define EACH_PACKED(TEST)                                               \
    ONE(TEST, packed), ONE(TEST, packed_mergeable)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_address),
        EACH(test_direction),
        EACH(test_header),
        EACH_SPLIT(test_next),
        EACH_SPLIT(test_loop),
        EACH_PACKED(test_wrap),
        EACH_SPLIT(test_available),
        EACH_SPLIT(test_available_again),
        EACH_SPLIT(test_head),
        EACH_SPLIT(test_before_head),
        EACH(test_indirect),
        EACH(test_table),
        EACH(test_table_seam),
        EACH(test_runts),
        EACH(test_ring),
        EACH(test_many_empty),
        EACH(test_many_to_write),
    };

    return RUN_FOR_CPUS(tests);
}
