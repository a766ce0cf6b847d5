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

/* How long a packet for the guest waits at most for librte_vhost to handle a
 * message, in us.  Most take much less, so that none is lost because of them,
 * unless VHOST does not get a CPU. */
#define MAX_WAIT 1000

void
dpdk_vhost_ring_call(const struct dpdk_vhost_ring *ring)
{
    int callfd = __atomic_load_n(&ring->callfd, __ATOMIC_RELAXED);

    if (callfd >= 0) {
        eventfd_write(callfd, 1);
    }
}

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
    return true;
}

/* Waits for a while for the message that 'ring' is nobody's for.  Returns
 * false if there is no point in that: what a guest sends waits by itself, and
 * a message that takes long is waited for once. */
static bool
wait_for_message(struct dpdk_vhost_ring *ring, uint64_t *deadline)
{
    unsigned int n = __atomic_load_n(&ring->n_messages, __ATOMIC_RELAXED);
    uint64_t now = rte_rdtsc();

    if (ring->index % 2 || ring->n_given_up == n) {
        return false;
    }
    if (!*deadline) {
        *deadline = now + rte_get_tsc_hz() / 1000000 * MAX_WAIT;
    }
    if (now >= *deadline) {
        ring->n_given_up = n;
        return false;
    }
    rte_pause();
    return true;
}

/* What dpdk_vhost_ring_enter() does if that takes time. */
enum dpdk_vhost_ring_state
dpdk_vhost_ring_enter__(struct dpdk_vhost_ring *ring)
{
    uint64_t deadline = 0;

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
            rte_pause();
            continue;
        }
        if (state == DPDK_VHOST_RING_MESSAGE
            && wait_for_message(ring, &deadline)) {
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

unsigned int
dpdk_vhost_ring_notify(struct dpdk_vhost_ring *ring)
{
    if (dpdk_vring_needs_kick(&ring->view)) {
        dpdk_vhost_ring_call(ring);
        return 1;
    }
    return 0;
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
