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

/* Unit tests of lib/dpdk-vring*.c against a guest that does anything: rings
 * full of garbage, and a guest that changes its ring while the device walks
 * it.  ASan and UBSan say whether something is wrong.
 *
 * Needs neither DPDK nor root. */

#include <config.h>

#include <pthread.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "ovs-atomic.h"
#include "random.h"
#include "timeval.h"
#include "util.h"
#include "vring-guest.h"

/* Overwrites something at random, mostly with what is nearly right. */
static void
scribble(struct device *device)
{
    struct guest *g = &device->g;
    static const uint64_t addrs[] = {
        GUEST_REGION_0, GUEST_REGION_1, GUEST_SEAM - 7, GUEST_REGION_2, 0,
        GUEST_REGION_1 + GUEST_REGION_SIZE - 100, UINT64_MAX - 100,
    };
    static const uint32_t lens[] = {
        0, 1, 9, 10, 12, 16, 32, 64, 76, 1500, 1612, 1613, 70000, UINT32_MAX
    };
    bool in_ring = random_range(4);
    uint16_t i = (g->packed && random_range(8)
                  ? device->vr.last_avail + random_range(4)
                  : random_range(g->size)) % g->size;
    uint64_t addr = addrs[random_range(ARRAY_SIZE(addrs))];
    uint32_t len = lens[random_range(ARRAY_SIZE(lens))];
    uint16_t flags = random_range(8) & ~(random_range(4)
                                         ? VRING_DESC_F_INDIRECT : 0);
    void *d = (in_ring ? (uint8_t *) (g->desc + i)
               : guest_byte(g, GUEST_REGION_0 + 16 * i));

    if (random_range(16) == 0) {
        flags = random_uint32();
    }
    if (g->packed) {
        struct vring_packed_desc desc = {
            addr, len, i, flags ^ (!random_range(16) ? 0x8080
                                   : device->vr.avail_wrap ? 0x80 : 0x8000)
        };

        memcpy(d, &desc, sizeof desc);
        g->driver_event->flags = random_range(4);
        g->driver_event->off_wrap = random_uint32();
    } else {
        struct vring_desc desc = {
            addr, len, flags, random_range(g->size + 1)
        };

        memcpy(d, &desc, sizeof desc);
        g->avail->ring[i] = random_range(g->size + (random_range(64) == 0));
        g->avail->idx = (g->used->idx + random_range(g->size
                                                     + (random_range(64)
                                                        == 0) + 1));
    }
}

static bool
enlarge(struct dp_packet *p, uint32_t size)
{
    if (size > 60000) {
        return false;
    }
    p->base_ = xmalloc(HEADROOM + size);
    p->allocated_ = HEADROOM + size;
    p->data_ofs = HEADROOM;
    return true;
}

/* Frees what enlarge() allocated. */
static void
release_elements(struct device *d)
{
    for (size_t i = 0; i < BURST; i++) {
        struct dp_packet *p = d->elements[i];

        if (p->base_ != p + 1) {
            free(p->base_);
            p->base_ = p + 1;
        }
    }
}

static void
test_garbage(void **state)
{
    uint64_t features = (*(uint64_t *) *state
                         | FEATURE(RING_F_INDIRECT_DESC)
                         | FEATURE(RING_F_EVENT_IDX));
    size_t n_received = 0, n_sent = 0, n_broken = 0;
    struct dp_packet *packets[BURST];
    struct device d;

    device_init(&d, features, 32, 0);
    guest_view(&d.g, &d.vr, enlarge);
    for (size_t i = 0; i < BURST; i++) {
        packets[i] = packet_new(60 + i * i, i);
    }
    for (uint32_t i = 0; i < 50000; i++) {
        for (size_t j = random_range(16); j; j--) {
            scribble(&d);
        }
        if (random_range(2)) {
            size_t n = device_rx(&d, 1 + random_range(BURST));

            for (size_t j = 0; j < n; j++) {
                assert_true(dp_packet_size(d.elements[j]) >= 14);
            }
            n_received += n;
        } else {
            n_sent += dpdk_vring_tx(&d.vr, packets, 1 + random_range(BURST),
                                    &d.burst);
        }
        release_elements(&d);
        dpdk_vring_needs_kick(&d.vr);
        if (d.vr.broken) {
            n_broken++;
            d.g.next_avail = d.g.packed ? 0 : d.g.used->idx;
            d.g.next_used = d.g.next_avail;
            guest_view(&d.g, &d.vr, enlarge);
        }
    }
    /* Garbage, but not only. */
    assert_true(n_received > 1000);
    assert_true(n_sent > 1000);
    assert_true(n_broken > 1000);
    for (size_t i = 0; i < BURST; i++) {
        dp_packet_delete(packets[i]);
    }
    device_uninit(&d);
}

/* A guest that changes its ring while the device walks it. */
struct racer {
    struct device *device;
    atomic_bool stop;
    uint32_t seed;
};

/* Changes descriptors, heads and what may be tables, back and forth between
 * good and bad, as fast as possible. */
static void *
race_main(void *racer_)
{
    struct racer *racer = racer_;
    struct guest *g = &racer->device->g;
    volatile uint32_t *memory = (void *) g->memory.regions[0].base;
    const uint64_t good = GUEST_REGION_0 + 64;
    uint32_t x = racer->seed;
    bool stop;

    do {
        for (unsigned int i = 0; i < 1000; i++) {
            volatile struct vring_desc *d = &g->desc[x % g->size];
            volatile struct vring_desc *table
                = (struct vring_desc *) (void *) memory + (x / 3 % 8);

            x = x * 1664525 + 1013904223;
            d->len = x & 1 << 20 ? 100 : x & 1 << 21 ? 32 : UINT32_MAX - 15;
            d->addr = (x & 1 << 22 ? good : x & 1 << 23 ? GUEST_REGION_0
                       : GUEST_REGION_1 + GUEST_REGION_SIZE - 50);
            table->addr = x & 1 << 24 ? good : 1;
            table->len = x & 1 << 25 ? 100 : UINT32_MAX;
            if (!g->packed) {
                d->flags = x >> 26 & 7;
                d->next = x & 1 << 18 ? UINT16_MAX : x >> 5 & 7;
                table->flags = x >> 27 & 7;
                g->avail->ring[x >> 4 & (g->size - 1)]
                    = x >> 13 & (x & 1 << 28 ? 2 * g->size - 1 : g->size - 1);
            } else {
                struct vring_packed_desc *dp = (void *) d;
                uint16_t flags = x >> 26 & 7;

                __atomic_store_n(&dp->flags,
                                 flags | (x & 1 << 19 ? 0x80 : 0x8000),
                                 __ATOMIC_RELAXED);
            }
            /* The header of a packet. */
            memory[16] = x;
            memory[18] = x >> 9;
        }
        atomic_read_relaxed(&racer->stop, &stop);
    } while (!stop);
    return NULL;
}

static void
test_race(void **state)
{
    uint64_t features = (*(uint64_t *) *state
                         | FEATURE(RING_F_INDIRECT_DESC));
    size_t n_received = 0, n_sent = 0, n_broken = 0;
    long long int end = time_msec() + 500;
    struct dp_packet *packets[BURST];
    struct racer racer;
    struct device d;
    pthread_t thread;

    device_init(&d, features, 32, 0);
    guest_view(&d.g, &d.vr, enlarge);
    for (size_t i = 0; i < BURST; i++) {
        packets[i] = packet_new(60 + 3 * i, i);
    }
    racer = (struct racer) { .device = &d, .seed = random_uint32() };
    atomic_init(&racer.stop, false);
    assert_int_equal(pthread_create(&thread, NULL, race_main, &racer), 0);
    while (time_msec() < end) {
        for (size_t j = random_range(16); j; j--) {
            scribble(&d);
        }
        if (random_range(2)) {
            n_received += device_rx(&d, BURST);
        } else {
            n_sent += dpdk_vring_tx(&d.vr, packets, BURST, &d.burst);
        }
        release_elements(&d);
        if (d.vr.broken) {
            n_broken++;
            d.g.next_avail = d.g.packed ? random_range(32) : d.g.used->idx;
            d.g.next_used = d.g.next_avail;
            guest_view(&d.g, &d.vr, enlarge);
        }
    }
    atomic_store_relaxed(&racer.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(n_received > 0);
    assert_true(n_sent > 0);
    assert_true(n_broken > 0);
    for (size_t i = 0; i < BURST; i++) {
        dp_packet_delete(packets[i]);
    }
    device_uninit(&d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_ALL(test_garbage),
        ONE(test_race, all),
        ONE(test_race, packed_all),
    };

    return RUN_FOR_CPUS(tests);
}
