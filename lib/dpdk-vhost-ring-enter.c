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

/* The packet side of the rings of a vhost port, but for what is inline.
 * Called by dpdk-vhost-rxtx.c; calls librte_vhost and dpdk-vring.c. */

#include <config.h>

#include "dpdk-vhost-ring.h"

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_pause.h>
#include <rte_vhost.h>
#include <string.h>
#include <sys/eventfd.h>

#include "dpdk-thread-time.h"

/* How long a packet for the guest waits at most for librte_vhost to handle a
 * message, in us.  Most take much less, so that none is lost because of them,
 * unless VHOST does not get a CPU. */
#define MAX_WAIT 1000

/* A guest that sends messages without end must not keep the PMD from other
 * ports: the part of the time in which there may be such waits.  What was not
 * used is saved, for a few messages in a row. */
#define WAIT_PART 16
#define MAX_SAVED (4 * MAX_WAIT)

/* What a notification may take of a thread's time, in us.  It takes a few of
 * them, unless the front end has very many wait for the eventfd. */
#define SLOW_CALL 100

static bool
has_rarp(const struct dpdk_vhost_ring *ring)
{
    return __atomic_load_n(&ring->rarp, __ATOMIC_RELAXED) != 0;
}

/* Takes 'ring' over from librte_vhost, no burst of which runs for it.  Returns
 * false if it has to wait. */
static bool
adopt(struct dpdk_vhost_ring *ring)
{
    if (has_rarp(ring)) {
        return false;
    }
    if (rte_vhost_get_vring_base(ring->vid, ring->index,
                                 &ring->config.last_avail,
                                 &ring->config.last_used)) {
        return false;
    }

    /* What cannot be a ring is broken from the start, and the library does not
     * check that. */
    dpdk_vring_init(&ring->view, &ring->config);
    __atomic_store_n(&ring->adopted, true, __ATOMIC_RELEASE);
    ring->peekable = !dpdk_vhost_ring_needs_barrier;
    return true;
}

static uint64_t
us_to_cycles(uint64_t us)
{
    return rte_get_tsc_hz() / 1000000 * us;
}

/* Begins a wait for the message that 'ring' is nobody's for, at time 'now'.
 * Returns when it has to end, by the TSC. */
static uint64_t
begin_wait(struct dpdk_vhost_ring *ring, uint64_t now)
{
    ring->wait_saved = MIN(us_to_cycles(MAX_SAVED),
                           ring->wait_saved
                           + (now - ring->wait_ended) / WAIT_PART);
    return now + MIN(us_to_cycles(MAX_WAIT), ring->wait_saved);
}

/* Ends the wait that began at time 'begun'. */
static void
end_wait(struct dpdk_vhost_ring *ring, uint64_t begun)
{
    uint64_t now = rte_rdtsc();

    ring->wait_saved -= MIN(ring->wait_saved, now - begun);
    ring->wait_ended = now;
}

/* Returns true if 'ring' is for what the guest sends.  That waits by itself,
 * so there is no point in waiting for 'ring', for which it may take a while
 * until nobody uses another ring of the port any more. */
static bool
is_from_guest(const struct dpdk_vhost_ring *ring)
{
    return ring->index % 2;
}

/* Waits for the end of the message that 'ring' is nobody's for. */
static void
wait_for_message(struct dpdk_vhost_ring *ring)
{
    uint64_t begun = rte_rdtsc();
    uint64_t until;

    if (is_from_guest(ring)) {
        return;
    }
    until = begin_wait(ring, begun);
    while (dpdk_vhost_ring_get_state(ring) == DPDK_VHOST_RING_MESSAGE
           && rte_rdtsc() < until) {
        rte_pause();
    }
    end_wait(ring, begun);
}

/* What dpdk_vhost_ring_enter() does if that takes time. */
enum dpdk_vhost_ring_state
dpdk_vhost_ring_enter__(struct dpdk_vhost_ring *ring)
{
    bool waited = false;

    if (!ring) {
        return DPDK_VHOST_RING_OFF;
    }
    for (;;) {
        int state = dpdk_vhost_ring_knock(ring);

        if (state == DPDK_VHOST_RING_VIEW) {
            if (ring->adopted || adopt(ring)) {
                return DPDK_VHOST_RING_VIEW;
            }
            state = DPDK_VHOST_RING_OFF;
        }
        dpdk_vhost_ring_leave(ring);
        if (state == DPDK_VHOST_RING_BLOCKED) {
            if (is_from_guest(ring)) {
                return DPDK_VHOST_RING_MESSAGE;
            }
            rte_pause();
            continue;
        }
        if (state == DPDK_VHOST_RING_MESSAGE && !waited) {
            wait_for_message(ring);
            waited = true;
            continue;
        }
        return has_rarp(ring) ? DPDK_VHOST_RING_ANNOUNCE : state;
    }
}

uint64_t
dpdk_vhost_ring_get_rarp(const struct dpdk_vhost_ring *ring,
                         struct rte_ether_addr *mac)
{
    uint64_t rarp = __atomic_load_n(&ring->rarp, __ATOMIC_RELAXED);

    memcpy(mac, &rarp, sizeof *mac);
    return rarp;
}

void
dpdk_vhost_ring_announced(struct dpdk_vhost_ring *ring, uint64_t rarp)
{
    /* There may be another wish, or no guest, by now. */
    __atomic_compare_exchange_n(&ring->rarp, &rarp, 0, false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void
call(const struct dpdk_vhost_ring *ring)
{
    int callfd = __atomic_load_n(&ring->callfd, __ATOMIC_RELAXED);

    if (callfd >= 0) {
        eventfd_write(callfd, 1);
    }
}

bool
dpdk_vhost_ring_call(const struct dpdk_vhost_ring *ring)
{
    struct dpdk_vhost_slow *slow = ring->slow;
    unsigned int before = __atomic_load_n(&slow->us, __ATOMIC_RELAXED);
    uint64_t begun;

    if (OVS_LIKELY(!before)) {
        begun = rte_rdtsc();
        call(ring);
        if (OVS_UNLIKELY(rte_rdtsc() - begun > us_to_cycles(SLOW_CALL))) {
            /* It might have been that another thread had the CPU. */
            __atomic_store_n(&slow->us, 1, __ATOMIC_RELAXED);
        }
    } else if (before < DPDK_VHOST_MAX_SLOW) {
        uint64_t us;

        begun = dpdk_thread_us();
        call(ring);
        us = dpdk_thread_us() - begun;
        if (us > SLOW_CALL) {
            __atomic_store_n(&slow->ring, ring->index, __ATOMIC_RELAXED);
            __atomic_fetch_add(&slow->us, us, __ATOMIC_RELAXED);
        }
    } else {
        return false;
    }
    return true;
}

unsigned int
dpdk_vhost_ring_notify(struct dpdk_vhost_ring *ring)
{
    return (dpdk_vring_needs_kick(&ring->view) && dpdk_vhost_ring_call(ring));
}

void
dpdk_vhost_ring_after_library__(struct dpdk_vhost_ring *ring)
{
    if (dpdk_vhost_ring_knock(ring) == DPDK_VHOST_RING_LIBRARY
        && __atomic_load_n(&ring->callfd, __ATOMIC_RELAXED) >= 0) {
        dpdk_vhost_ring_call(ring);
        __atomic_store_n(&ring->kick_next, false, __ATOMIC_RELAXED);
    }
    dpdk_vhost_ring_leave(ring);
}
