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

/* Unit tests of when to notify a guest of what was used, and of when there is
 * nothing at all to do for it.
 *
 * Needs neither DPDK nor root. */

#include <config.h>

#include "dpdk-vring.h"
#include "util.h"
#include "vring-guest.h"

/* Moves 'n' packets from the guest to the device. */
static void
move(struct device *d, unsigned int n)
{
    uint32_t len;

    for (unsigned int i = 0; i < n; i++) {
        assert_true(send_pattern(&d->g, 64, i));
    }
    for (unsigned int left = n; left;) {
        size_t done = device_rx(d, left);

        assert_true(done > 0);
        left -= done;
    }
    for (unsigned int i = 0; i < n; i++) {
        assert_true(guest_take(&d->g, &len) >= 0);
    }
}

static void
test_kick_flags(void **state)
{
    struct device d;

    device_init(&d, *(uint64_t *) *state, 16, 0);

    /* Nobody knows what the guest knows. */
    assert_true(dpdk_vring_must_check(&d.vr));
    assert_true(dpdk_vring_needs_kick(&d.vr));
    assert_false(dpdk_vring_must_check(&d.vr));
    assert_false(dpdk_vring_needs_kick(&d.vr));

    /* It sleeps. */
    for (int i = 0; i < 3; i++) {
        move(&d, 1 + i);
        assert_true(dpdk_vring_must_check(&d.vr));
        assert_true(dpdk_vring_needs_kick(&d.vr));
        assert_false(dpdk_vring_needs_kick(&d.vr));
    }

    /* It does not. */
    d.g.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    d.g.driver_event->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
    move(&d, 1);
    assert_true(dpdk_vring_must_check(&d.vr));
    assert_false(dpdk_vring_needs_kick(&d.vr));
    move(&d, 1);
    assert_false(dpdk_vring_must_check(&d.vr));

    /* It goes to sleep before we have looked. */
    d.g.avail->flags = 0;
    d.g.driver_event->flags = VRING_PACKED_EVENT_FLAG_ENABLE;
    assert_true(dpdk_vring_needs_kick(&d.vr));
    move(&d, 1);
    assert_true(dpdk_vring_must_check(&d.vr));
    device_uninit(&d);
}

/* Returns true if 'vr' has nothing to receive, which is plain only if it is
 * one of a split ring. */
static bool
is_idle(struct dpdk_vring *vr)
{
    bool plainly = dpdk_vring_is_plainly_idle(vr);
    bool idle = dpdk_vring_is_idle(vr);

    assert_int_equal(plainly, idle && vr->guest_idx);
    return idle;
}

static void
test_idle(void **state)
{
    struct device d;

    device_init(&d, *(uint64_t *) *state, 4, 2);

    /* The guest may not know what was used before. */
    assert_false(is_idle(&d.vr));
    dpdk_vring_needs_kick(&d.vr);
    d.g.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    d.g.driver_event->flags = VRING_PACKED_EVENT_FLAG_DISABLE;

    for (int i = 0; i < 20; i++) {
        uint32_t len;

        assert_true(is_idle(&d.vr));
        assert_true(send_pattern(&d.g, 60, 2 * i));
        assert_true(send_pattern(&d.g, 60, 2 * i + 1));
        assert_false(is_idle(&d.vr));

        /* What is known of already is not idle either. */
        assert_int_equal(device_rx(&d, 1), 1);
        dpdk_vring_needs_kick(&d.vr);
        assert_false(is_idle(&d.vr));

        /* Nor is one that has to be told of. */
        assert_int_equal(device_rx(&d, BURST), 1);
        assert_false(is_idle(&d.vr));
        assert_false(dpdk_vring_needs_kick(&d.vr));
        assert_true(guest_take(&d.g, &len) >= 0);
        assert_true(guest_take(&d.g, &len) >= 0);
    }
    device_uninit(&d);
}

/* What is to be looked at after the next visit does not keep the ring from
 * being idle in that one, but neither does it hide packets. */
static void
test_idle_put_off(void **state)
{
    struct device d;

    device_init(&d, *(uint64_t *) *state, 4, 0);
    dpdk_vring_needs_kick(&d.vr);

    d.vr.kick_pending = 2;
    assert_false(dpdk_vring_is_plainly_idle(&d.vr));
    assert_true(dpdk_vring_is_idle(&d.vr));
    assert_false(dpdk_vring_is_idle(&d.vr));
    assert_false(dpdk_vring_is_idle(&d.vr));
    dpdk_vring_needs_kick(&d.vr);
    assert_true(is_idle(&d.vr));

    d.vr.kick_pending = 2;
    assert_true(send_pattern(&d.g, 60, 0));
    assert_false(dpdk_vring_is_idle(&d.vr));
    device_uninit(&d);
}

/* A guest that sleeps is not notified of nothing. */
static void
test_kick_nothing(void **state)
{
    struct device d;

    device_init(&d, *(uint64_t *) *state, 4, 2);
    assert_true(dpdk_vring_needs_kick(&d.vr));
    d.vr.kick_pending = 1;
    assert_false(dpdk_vring_needs_kick(&d.vr));

    /* All descriptors once, so that the index of a packed ring is the same. */
    move(&d, 4);
    assert_true(dpdk_vring_needs_kick(&d.vr));
    d.vr.kick_pending = 1;
    assert_false(dpdk_vring_needs_kick(&d.vr));
    device_uninit(&d);
}

/* What is wrong with an index is found, whatever the index was before. */
static void
test_idle_index(void **state OVS_UNUSED)
{
    for (int i = 0; i < 2; i++) {
        struct device d;

        device_init(&d, with_v1, 4, 0);
        dpdk_vring_needs_kick(&d.vr);
        assert_true(is_idle(&d.vr));
        if (i) {
            /* All of what was known of goes. */
            assert_true(send_pattern(&d.g, 60, 0));
            assert_int_equal(dpdk_vring_n_avail(&d.vr, BURST), 1);
            d.g.avail->idx = 0;
        } else {
            d.g.avail->idx = -1;
        }
        assert_false(dpdk_vring_is_plainly_idle(&d.vr));
        assert_int_equal(dpdk_vring_n_avail(&d.vr, BURST), 0);
        assert_int_equal(d.vr.broken, DPDK_VRING_FAULT_AVAIL);
        device_uninit(&d);
    }
}

static void
test_kick_event(void **state)
{
    /* For each distance of the event from the last look, and each number of
     * buffers since, anywhere in the ring. */
    uint64_t features = (*(uint64_t *) *state | FEATURE(RING_F_EVENT_IDX));
    bool packed = features & FEATURE(F_RING_PACKED);
    const unsigned int size = packed ? 7 : 8;
    struct device d;

    device_init(&d, features, size, packed ? 3 : 65500);
    assert_true(dpdk_vring_needs_kick(&d.vr));
    for (unsigned int round = 0; round < 2 * size; round++) {
        for (unsigned int n = 1; n <= size; n++) {
            for (unsigned int ahead = 0; ahead < 2 * size; ahead++) {
                uint16_t base, unused;

                dpdk_vring_get_base(&d.vr, &unused, &base);
                if (packed) {
                    unsigned int idx = (base & 0x7fff) + ahead;
                    bool wrap = base >> 15;

                    for (; idx >= size; idx -= size) {
                        wrap = !wrap;
                    }
                    d.g.driver_event->off_wrap = idx | wrap << 15;
                    d.g.driver_event->flags = VRING_PACKED_EVENT_FLAG_DESC;
                } else {
                    d.g.avail->ring[size] = base + ahead;
                }
                move(&d, n);
                assert_int_equal(dpdk_vring_needs_kick(&d.vr), ahead < n);
            }
        }
        move(&d, 1);
        dpdk_vring_needs_kick(&d.vr);
    }
    device_uninit(&d);
}

/* A guest goes to sleep before the last of the buffers that are used between
 * two looks, which may be several rings full of them: it takes them and gives
 * new ones while it is awake. */
static void
test_kick_laps(void **state)
{
    uint64_t features = (*(uint64_t *) *state | FEATURE(RING_F_EVENT_IDX));
    bool packed = features & FEATURE(F_RING_PACKED);
    const unsigned int size = packed ? 7 : 8;

    for (unsigned int start = 0; start < size; start++) {
        for (unsigned int n = 1; n <= 5 * size; n++) {
            struct device d;

            device_init(&d, features, size, start);
            assert_true(dpdk_vring_needs_kick(&d.vr));
            for (unsigned int i = 1; i < n; i++) {
                move(&d, 1);
            }
            if (packed) {
                d.g.driver_event->off_wrap = (d.g.next_used
                                              | d.g.used_wrap << 15);
                d.g.driver_event->flags = VRING_PACKED_EVENT_FLAG_DESC;
            } else {
                d.g.avail->ring[size] = d.g.next_used;
            }
            move(&d, 1);
            assert_true(dpdk_vring_needs_kick(&d.vr));
            device_uninit(&d);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_kick_flags),
        EACH(test_idle),
        EACH(test_idle_put_off),
        EACH(test_kick_nothing),
        cmocka_unit_test(test_idle_index),
        EACH(test_kick_event),
        EACH(test_kick_laps),
    };

    return RUN_FOR_CPUS(tests);
}
