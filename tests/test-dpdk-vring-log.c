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

/* Unit tests of the walks for guests that migrate: whatever they write to the
 * guest's memory, they log it, and not before they have written it.
 *
 * Needs neither DPDK nor root. */

#include <config.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "random.h"
#include "util.h"
#include "vring-guest.h"

#define SIZE 64

#define MAX_PARTS 5
#define ROUNDS 40

/* The guest's memory as it was before a burst, and, where something was
 * logged, as it was when it was logged last. */
struct copies {
    uint8_t before[GUEST_N_REGIONS][GUEST_REGION_SIZE];
    uint8_t logged[GUEST_N_REGIONS][GUEST_REGION_SIZE];
    bool is_logged[GUEST_N_REGIONS][GUEST_REGION_SIZE];
};

/* A device whose writes are watched. */
struct watched {
    struct device d;
    struct copies *copies;
};

static void
note(void *watched_, uint64_t addr, uint64_t len)
{
    struct watched *w = watched_;

    assert_true(len > 0);
    for (size_t i = 0; i < GUEST_N_REGIONS; i++) {
        const struct dpdk_vring_region *r = &w->d.g.memory.regions[i];
        uint64_t ofs = addr - r->start;

        if (ofs < r->size) {
            assert_true(len <= r->size - ofs);
            memcpy(&w->copies->logged[i][ofs], r->base + ofs, len);
            memset(&w->copies->is_logged[i][ofs], true, len);
            return;
        }
    }
    fail_msg("0x%"PRIx64" is not the guest's", addr);
}

/* Starts a guest with '*features', and indirect descriptors. */
static void
watched_init(struct watched *w, const uint64_t *features)
{
    struct guest *g = &w->d.g;

    w->copies = xmalloc(sizeof *w->copies);
    device_init(&w->d, *features | FEATURE(RING_F_INDIRECT_DESC), SIZE,
                SIZE - 4);
    assert_int_equal(g->memory.n, GUEST_N_REGIONS);
    g->random = true;

    guest_set_log(note, w);
    guest_view(g, &w->d.vr, NULL);
    guest_set_log(NULL, NULL);
}

static void
watched_uninit(struct watched *w)
{
    assert_int_equal(w->d.vr.broken, DPDK_VRING_OK);
    device_uninit(&w->d);
    free(w->copies);
}

/* To be called before a burst. */
static void
watch(struct watched *w)
{
    for (size_t i = 0; i < GUEST_N_REGIONS; i++) {
        const struct dpdk_vring_region *r = &w->d.g.memory.regions[i];

        memcpy(w->copies->before[i], r->base, r->size);
    }
    memset(w->copies->is_logged, false, sizeof w->copies->is_logged);
}

/* To be called after a burst.  Returns the number of bytes that have
 * changed. */
static size_t
check(const struct watched *w)
{
    size_t n = 0;

    for (size_t i = 0; i < GUEST_N_REGIONS; i++) {
        const struct dpdk_vring_region *r = &w->d.g.memory.regions[i];

        for (size_t j = 0; j < r->size; j++) {
            if (r->base[j] != w->copies->before[i][j]) {
                assert_true(w->copies->is_logged[i][j]);
                assert_int_equal(w->copies->logged[i][j], r->base[j]);
                n++;
            }
        }
    }
    return n;
}

/* Adds a buffer of 'len' bytes in a few parts, some of them in two regions.
 * Returns false if there is no room. */
static bool
add_buffer(struct guest *g, uint32_t len, bool writable)
{
    size_t n = 1 + random_range(MAX_PARTS);
    struct guest_part parts[MAX_PARTS];

    for (size_t i = 0; i < n; i++) {
        parts[i].len = i + 1 < n ? len / n : len - (n - 1) * (len / n);
        parts[i].addr = guest_alloc(g, parts[i].len);
    }
    if (!random_range(8)) {
        parts[0].addr = GUEST_SEAM - random_range(parts[0].len + 1);
    }
    return guest_add(g, parts, n, writable, random_range(2)) >= 0;
}

static void
take_all(struct guest *g)
{
    uint32_t len;

    while (guest_take(g, &len) >= 0) {
        continue;
    }
}

static void
test_tx(void **state)
{
    size_t n_changed = 0;
    struct watched w;

    watched_init(&w, *state);
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n = 1 + random_range(BURST);
        struct dp_packet *packets[BURST];

        while (random_range(20) && add_buffer(&w.d.g, 12 + 300, true)) {
            continue;
        }
        while (random_range(20) && add_room(&w.d.g, 12 + 300) >= 0) {
            continue;
        }
        guest_publish(&w.d.g);
        for (size_t i = 0; i < n; i++) {
            packets[i] = packet_new(60 + random_range(300 - 60),
                                    round * BURST + i);
        }
        watch(&w);
        dpdk_vring_tx(&w.d.vr, packets, n, &w.d.burst);
        n_changed += check(&w);
        for (size_t i = 0; i < n; i++) {
            dp_packet_delete(packets[i]);
        }
        take_all(&w.d.g);
    }
    assert_true(n_changed > 100 * ROUNDS);
    watched_uninit(&w);
}

static void
test_rx(void **state)
{
    size_t n_changed = 0;
    struct watched w;

    watched_init(&w, *state);
    for (size_t round = 0; round < ROUNDS; round++) {
        while (random_range(20)
               && add_buffer(&w.d.g, 12 + 60 + random_range(300), false)) {
            continue;
        }
        while (random_range(20) && send_pattern(&w.d.g, 64, round)) {
            continue;
        }
        guest_publish(&w.d.g);
        watch(&w);
        device_rx(&w.d, 1 + random_range(BURST));
        n_changed += check(&w);
        take_all(&w.d.g);
    }
    assert_true(n_changed > ROUNDS);
    watched_uninit(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_ALL(test_tx),
        EACH_ALL(test_rx),
    };

    random_set_seed(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
