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

/* The other CPU of a guest.  Called by vring-fuzz.c. */

#include <config.h>

#include "vring-race.h"

#include <linux/virtio_ring.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "fuzz.h"
#include "ovs-atomic.h"
#include "util.h"

#define MAX_ROUNDS 1000
#define MAX_NSEC (2 * 1000 * 1000)

struct vring_race {
    const struct fuzz_guest *guest;
    uint32_t seed;
    bool gentle;                /* Keep the ring from being broken? */
    atomic_bool started;
    atomic_bool stop;
    pthread_t thread;
    unsigned int n_rounds;
    int64_t deadline;           /* In nanoseconds. */
};

static int64_t
now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static uint32_t
next_random(struct vring_race *race)
{
    race->seed = race->seed * 1664525 + 1013904223;
    return race->seed >> 8;
}

/* Changes the descriptor at 'd' of either kind of ring, which may be in an
 * indirect table, one member at a time.  If gentle, the first half of the
 * values and members will do. */
static void
change_desc(struct vring_race *race, volatile struct vring_desc *d)
{
    static const uint64_t addrs[] = {
        FUZZ_REGION_0, FUZZ_REGION_0 + 64, FUZZ_REGION_1 - 30, FUZZ_REGION_2,
        FUZZ_REGION_1 + FUZZ_REGION_SIZE - 50, UINT64_MAX - 10, 1,
        FUZZ_REGION_1 + FUZZ_REGION_SIZE
    };
    static const uint32_t lens[] = {
        100, 64, 160, 4000, 0, 9, 32, UINT32_MAX - 15
    };
    uint32_t x = next_random(race);
    uint16_t flags = x >> 12 & 7;
    unsigned int i = x >> 2 & (race->gentle ? 3 : 7);

    switch (x & (race->gentle ? 1 : 3)) {
    case 0:
        d->addr = addrs[i];
        break;
    case 1:
        d->len = lens[i];
        break;
    case 2:
        if (race->guest->packed) {
            /* Flags and the identifier are in each other's place. */
            d->next = flags | (x & 1 << 15 ? 0x80 : 0x8000);
        } else {
            d->flags = flags;
        }
        break;
    case 3:
        if (race->guest->packed) {
            d->flags = x >> 2;
        } else {
            d->next = x & 1 << 15 ? x : x >> 2 & 7;
        }
        break;
    }
}

/* Changes a head, a header, or bytes of a packet. */
static void
change_other(struct vring_race *race)
{
    const struct fuzz_guest *g = race->guest;
    volatile uint8_t *memory = g->memory.regions[0].base;
    volatile struct vring_avail *avail = g->config.avail;
    uint32_t x = next_random(race);

    memory[x % 256] = x >> 8;
    if (!g->packed && !race->gentle) {
        avail->ring[x & (g->config.size - 1)]
            = x & 1 << 20 ? x >> 4 : x >> 4 & (g->config.size - 1);
    }
}

static void *
race_main(void *race_)
{
    struct vring_race *race = race_;
    const struct fuzz_guest *g = race->guest;
    struct vring_desc *table = (void *) g->memory.regions[0].base;
    struct vring_desc *desc = g->config.desc;
    bool stop;

    atomic_store_relaxed(&race->started, true);
    do {
        for (unsigned int i = 0; i < 32; i++) {
            change_desc(race, &desc[next_random(race) % g->config.size]);
            change_desc(race, &table[next_random(race) % 16]);
            change_other(race);
        }
        atomic_read_relaxed(&race->stop, &stop);
    } while (!stop);
    return NULL;
}

struct vring_race *
vring_race_start(const struct fuzz_guest *g, uint32_t seed)
{
    struct vring_race *race = xzalloc(sizeof *race);
    bool started;

    race->guest = g;
    race->seed = seed;
    race->gentle = seed & 1;
    atomic_init(&race->started, false);
    atomic_init(&race->stop, false);
    MUST(!pthread_create(&race->thread, NULL, race_main, race));
    for (;;) {
        atomic_read_relaxed(&race->started, &started);
        if (started) {
            break;
        }
        sched_yield();
    }
    race->deadline = now() + MAX_NSEC;
    return race;
}

bool
vring_race_goes_on(struct vring_race *race)
{
    return ++race->n_rounds < MAX_ROUNDS && now() < race->deadline;
}

void
vring_race_stop(struct vring_race *race)
{
    atomic_store_relaxed(&race->stop, true);
    MUST(!pthread_join(race->thread, NULL));
    free(race);
}
