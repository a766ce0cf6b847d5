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

/* Walks rings of a guest that lives in the memory of this program, see
 * vring-guest.h, for valgrind to count the instructions of it.  Called by
 * check-cost.py, which knows the functions cost_rx(), cost_tx(), cost_idle()
 * and cost_done() by name: what is in the first three is counted, the last one
 * ends a count.  For each count, there is a line of output with its name and
 * the number of packets, or of calls that find none. */

#include <config.h>

#include <stdio.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "util.h"
#include "vring-guest.h"

#define RING_SIZE 256

/* Size of the buffers that a guest gives for receiving. */
#define BUFFER 2048

/* Valgrind must find these functions, and so must each call. */
#define COUNTED __attribute__((noinline, noclone))

size_t cost_rx(struct device *, size_t n);
size_t cost_tx(struct device *, struct dp_packet *packets[], size_t n);
bool cost_idle(struct device *);
void cost_done(void);

/* What dpdk-vhost-rxtx.c does with a view to receive up to 'n' packets. */
COUNTED size_t
cost_rx(struct device *d, size_t n)
{
    unsigned int n_avail;

    dpdk_vring_needs_kick(&d->vr);
    n_avail = dpdk_vring_n_avail(&d->vr, n);
    n = dpdk_vring_rx(&d->vr, d->elements, n_avail, &d->burst);
    if (dpdk_vring_must_check(&d->vr)) {
        dpdk_vring_needs_kick(&d->vr);
    }
    return n;
}

/* The same to send 'n' packets. */
COUNTED size_t
cost_tx(struct device *d, struct dp_packet *packets[], size_t n)
{
    n = dpdk_vring_tx(&d->vr, packets, n, &d->burst);
    dpdk_vring_needs_kick(&d->vr);
    return n;
}

/* What it does with a view to find out that there is nothing. */
COUNTED bool
cost_idle(struct device *d)
{
    return (dpdk_vring_is_plainly_idle(&d->vr)
                || dpdk_vring_is_idle(&d->vr));
}

COUNTED void
cost_done(void)
{
    /* Keeps the compiler from leaving out the call. */
    asm volatile ("");
}

/* A ring, and what passes it. */
struct cost {
    const char *ring;
    uint64_t features;
    size_t size;                /* Of packets, in bytes. */
    size_t batch;               /* Packets in a burst. */
    bool tx;                    /* To the guest, or from it? */
};

/* Gives the device 'n' buffers of 'len' bytes. */
static void
give_buffers(struct guest *g, size_t n, size_t len, bool writable)
{
    /* Header of virtio, and a destination that is not a group. */
    static const uint8_t zeros[sizeof(struct virtio_net_hdr_v1) + 6];

    for (size_t i = 0; i < n; i++) {
        struct guest_part part = { guest_alloc(g, len), len };

        guest_write(g, part.addr, zeros, sizeof zeros);
        ovs_assert(guest_add(g, &part, 1, writable, GUEST_DIRECT) >= 0);
    }
    guest_publish(g);
}

/* Lets bursts go once around the ring, as often as 'n_laps'. */
static void
run(const struct cost *cost, struct device *d, size_t n_laps)
{
    size_t len = cost->tx ? BUFFER : guest_hdr_len(&d->g) + cost->size;
    struct dp_packet *packets[BURST];
    uint32_t used_len;

    for (size_t i = 0; i < cost->batch; i++) {
        packets[i] = packet_new(cost->size, i);
    }
    for (size_t n = 0; n < n_laps * RING_SIZE; n += cost->batch) {
        give_buffers(&d->g, cost->batch, len, cost->tx);
        ovs_assert((cost->tx ? cost_tx(d, packets, cost->batch)
                    : cost_rx(d, cost->batch)) == cost->batch);
        for (size_t i = 0; i < cost->batch; i++) {
            ovs_assert(guest_take(&d->g, &used_len) >= 0);
        }
    }
    cost_done();
    printf("%s, %"PRIuSIZE" bytes, bursts of %"PRIuSIZE", %s=%"PRIuSIZE"\n",
           cost->ring, cost->size, cost->batch, cost->tx ? "tx" : "rx",
           n_laps * RING_SIZE);
    for (size_t i = 0; i < cost->batch; i++) {
        dp_packet_delete(packets[i]);
    }
}

/* Counts what a short and what a long run takes, for the difference to be
 * without what happens once. */
static void
count(const struct cost *cost)
{
    struct device d;

    device_init(&d, cost->features, RING_SIZE, 0);

    /* The guest does not want to be notified, which is what a busy one and
     * a polling one do. */
    d.g.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
    d.g.driver_event->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
    run(cost, &d, 1);
    run(cost, &d, 4);
    device_uninit(&d);
}

/* The same for a ring that stays empty. */
static void
count_idle(const char *ring, uint64_t features)
{
    struct device d;

    device_init(&d, features, RING_SIZE, 0);
    dpdk_vring_needs_kick(&d.vr);
    for (size_t n = RING_SIZE; n <= 4 * RING_SIZE; n += 3 * RING_SIZE) {
        for (size_t i = 0; i < n; i++) {
            ovs_assert(cost_idle(&d));
        }
        cost_done();
        printf("%s, idle=%"PRIuSIZE"\n", ring, n);
    }
    device_uninit(&d);
}

int
main(void)
{
    static const size_t sizes[] = { 64, 1500 };
    static const size_t batches[] = { 32, 1 };

    /* The same code on whatever CPU this is. */
    if (!dpdk_vring_set_cpu("v2")) {
        ovs_fatal(0, "this CPU is not of level v2");
    }
    for (int packed = 0; packed < 2; packed++) {
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            for (size_t j = 0; j < ARRAY_SIZE(batches); j++) {
                for (int tx = 0; tx < 2; tx++) {
                    count(&(struct cost) {
                        .ring = packed ? "packed" : "split",
                        .features = packed ? with_packed_mergeable
                                           : with_mergeable,
                        .size = sizes[i],
                        .batch = batches[j],
                        .tx = tx,
                    });
                }
            }
        }
    }
    count_idle("split", with_mergeable);
    count_idle("packed", with_packed_mergeable);
    return 0;
}
