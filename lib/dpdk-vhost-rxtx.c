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

/* The hot functions of a vhost port.  Called by the core, call dpdk-vring.h or
 * librte_vhost, whoever has the ring, dpdk-dev.c and dpdk-packet.c. */

#include <config.h>

#include "dpdk-vhost-rxtx.h"

#include <errno.h>
#include <rte_arp.h>
#include <rte_vhost.h>

#include "coverage.h"
#include "dpdk-crumb.h"
#include "dpdk-dev.h"
#include "dpdk-packet.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-ring.h"
#include "dpdk-vring.h"
#include "ovs-thread.h"

COVERAGE_DEFINE(vhost_tx_contention);

/* Most bursts that a guest that does not sleep is not told of, see
 * put_off(). */
#define MAX_PUT_OFF 16

/* How often librte_vhost has interrupted a guest in this thread since
 * count_notifications() looked.  It does so only in its bursts, and does not
 * say for which vring. */
static __thread unsigned int n_notified;

void
dpdk_vhost_guest_notified(int vid OVS_UNUSED)
{
    n_notified++;
}

/* Counts the interrupts of the burst that this thread has just had for the
 * queue of 'stats'. */
static void
count_notifications(struct dpdk_queue_stats *stats)
{
    if (n_notified) {
        dpdk_counter_add(&stats->notifications, n_notified);
        n_notified = 0;
    }
}

/* This thread, if it polls vhost ports, or 0.  Not the same number as that of
 * a thread that has ended. */
static __thread unsigned int self;

/* Returns the ring 'index' of 'vhost', or null if it is not known yet. */
static inline struct dpdk_vhost_ring *
get_ring(const struct dpdk_vhost *vhost, int index)
{
    return __atomic_load_n(&vhost->rings.ring[index], __ATOMIC_ACQUIRE);
}

/* Counts in 'stats' what has passed in 'burst'. */
static inline void
count_burst(struct dpdk_queue_stats *stats,
            const struct dpdk_vring_burst *burst, size_t n)
{
    dpdk_counter_add(&stats->packets, n);
    dpdk_counter_add(&stats->bytes, burst->bytes);
    dpdk_stats_add_sizes(stats, burst->sizes);
    if (OVS_UNLIKELY(burst->n_multicast | burst->n_broadcast)) {
        dpdk_counter_add(&stats->multicast, burst->n_multicast);
        dpdk_counter_add(&stats->broadcast, burst->n_broadcast);
    }
}

/* Counts in 'stats' that librte_vhost has carried the 'n' packets in
 * 'packets', of 'n_bytes' in all. */
static void
count_library(struct dpdk_queue_stats *stats,
              struct dp_packet *const packets[], size_t n, uint64_t n_bytes)
{
    dpdk_counter_add(&stats->packets, n);
    dpdk_counter_add(&stats->bytes, n_bytes);
    dpdk_stats_count_frames(stats, packets, n);
    count_notifications(stats);
}

/* Receives up to NETDEV_MAX_BURST packets from 'vring' of guest 'vid' by
 * librte_vhost.  Returns how many, and stores in '*qfillp', unless that is
 * null, how many wait.  That costs time, and the core seldom asks. */
static size_t
library_rx(int vid, int vring, struct rte_mempool *mp,
           struct dp_packet *packets[], struct dpdk_queue_stats *stats,
           int *qfillp)
{
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    uint64_t n_bytes = 0;
    size_t n_mbufs;
    size_t n;

    n_mbufs = rte_vhost_dequeue_burst(vid, vring, mp, mbufs,
                                      NETDEV_MAX_BURST);
    if (!n_mbufs) {
        return 0;
    }
    n = dpdk_packet_rx(mbufs, n_mbufs, packets, &n_bytes);
    if (OVS_UNLIKELY(n < n_mbufs)) {
        dpdk_counter_add(&stats->drops[DPDK_DROP_SEGMENTS], n_mbufs - n);
    }
    count_library(stats, packets, n, n_bytes);
    if (OVS_UNLIKELY(qfillp) && n == NETDEV_MAX_BURST) {
        *qfillp = rte_vhost_rx_queue_count(vid, vring);
    }
    return n;
}

/* Counts in 'stats' what was dropped in 'burst', which is seldom.  The core
 * could not hold it, or it has no Ethernet header. */
static void
count_rx_drops(struct dpdk_queue_stats *stats,
               const struct dpdk_vring_burst *burst)
{
    unsigned int n = (burst->drops[DPDK_VRING_DROP_BIG]
                      + burst->drops[DPDK_VRING_DROP_RUNT]);

    dpdk_counter_add(&stats->drops[DPDK_DROP_SEGMENTS], n);
    dpdk_counter_add(&stats->drops[DPDK_DROP_HWOL],
                     burst->drops[DPDK_VRING_DROP_OFFLOAD]);
}

/* Makes this thread the one that polls 'ring'. */
static __rte_noinline void
set_poller(struct dpdk_vhost_ring *ring)
{
    if (!self) {
        self = ovsthread_id_self() + 1;
    }
    __atomic_store_n(&ring->poller, self, __ATOMIC_RELAXED);
    __atomic_store_n(&ring->has_pair, false, __ATOMIC_RELAXED);
}

/* Puts off to look whether the guest of 'tx' wants to be notified, unless it
 * wanted to be the last time, until this thread polls the receive ring of that
 * pair in the next round, as it does in each one.  By then the stores of the
 * burst are done, for which a barrier would have to wait now.  Returns false
 * if this thread does not poll that, has not for many bursts, or may sleep
 * before it does.
 *
 * If another thread has begun to poll that ring, but not received anything
 * yet, it is that one which looks.  Should it do so just now, it may miss
 * this, and dpdk_vhost_rings_check() finds out. */
static bool
put_off(const struct dpdk_vhost *vhost, const struct dpdk_vhost_ring *tx)
{
    struct dpdk_vhost_ring *rx = get_ring(vhost, tx->index + 1);
    unsigned int n;

    if (!self || !rx || dpdk_vring_must_check(&tx->view)
        || __atomic_load_n(&rx->poller, __ATOMIC_RELAXED) != self
        || __atomic_load_n(&dpdk_vhost_ring_pmds_sleep, __ATOMIC_RELAXED)) {
        return false;
    }
    n = __atomic_load_n(&rx->pair_put_off, __ATOMIC_RELAXED);
    if (n >= MAX_PUT_OFF) {
        return false;
    }
    __atomic_store_n(&rx->has_pair, true, __ATOMIC_RELAXED);
    __atomic_store_n(&rx->pair_put_off, n + 1, __ATOMIC_RELAXED);
    if (!__atomic_load_n(&rx->view.kick_pending, __ATOMIC_RELAXED)) {
        __atomic_store_n(&rx->view.kick_pending, 2, __ATOMIC_RELAXED);
    }
    return true;
}

/* Does what put_off() has put off until the poll of 'rx', by this thread or
 * the one that polled 'rx' before. */
static void
look_at_pair(struct dpdk_vhost *vhost, struct dpdk_vhost_ring *rx)
{
    int qid = rx->index / 2;
    struct dpdk_vhost_ring *tx = get_ring(vhost, 2 * qid);
    struct dpdk_txq *txq = &vhost->dev.txqs[qid];

    __atomic_store_n(&rx->pair_put_off, 0, __ATOMIC_RELAXED);

    /* If there are fewer queues now, the rings have been withdrawn meanwhile,
     * and the guest was notified.  Whoever has the lock sends, and looks at
     * what was sent before, too. */
    if (qid < vhost->dev.up.n_txq && rte_spinlock_trylock(&txq->lock)) {
        if (dpdk_vhost_ring_try_enter(tx)) {
            dpdk_counter_add(&vhost->dev.tx_stats[qid].notifications,
                             dpdk_vhost_ring_notify(tx));
            dpdk_vhost_ring_leave(tx);
        }
        dpdk_txq_unlock(txq);
    }
}

/* The same as library_rx() from 'ring', whose view we have entered.  What a
 * guest with a packed ring makes available takes a walk to count. */
static size_t
ring_rx(struct dpdk_vhost *vhost, struct dpdk_vhost_ring *ring,
        struct dp_packet *packets[], struct dpdk_queue_stats *stats,
        int *qfillp)
{
    struct rte_mempool *mp = vhost->dev.mp;
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    struct dpdk_vring *vr = &ring->view;
    struct dpdk_vring_burst burst;
    unsigned int n_avail;
    size_t n;

    /* What the last burst left to do; its stores are done by now. */
    if (OVS_UNLIKELY(__atomic_load_n(&vr->kick_pending, __ATOMIC_RELAXED))) {
        dpdk_counter_add(&stats->notifications, dpdk_vhost_ring_notify(ring));
        if (__atomic_load_n(&ring->pair_put_off, __ATOMIC_RELAXED)) {
            look_at_pair(vhost, ring);
        }
    }
    n_avail = dpdk_vring_n_avail(vr, NETDEV_MAX_BURST);
    if (!n_avail
        || OVS_UNLIKELY(rte_mempool_get_bulk(mp, (void **) mbufs, n_avail))) {
        return 0;
    }
    for (unsigned int i = 0; i < n_avail; i++) {
        packets[i] = dpdk_packet_from_mbuf(mbufs[i]);
    }

    n = dpdk_vring_rx(vr, packets, n_avail, &burst);
    count_burst(stats, &burst, n);
    if (OVS_UNLIKELY(n < n_avail)) {
        for (unsigned int i = n; i < n_avail; i++) {
            mbufs[i] = dpdk_packet_to_mbuf(packets[i]);
        }
        rte_mempool_put_bulk(mp, (void **) &mbufs[n], n_avail - n);
        count_rx_drops(stats, &burst);
    }
    if (dpdk_vring_must_check(vr)
        || __atomic_load_n(&dpdk_vhost_ring_pmds_sleep, __ATOMIC_RELAXED)) {
        dpdk_counter_add(&stats->notifications, dpdk_vhost_ring_notify(ring));
    }
    if (OVS_UNLIKELY(qfillp) && n == NETDEV_MAX_BURST) {
        *qfillp = dpdk_vring_n_avail(vr, vr->size);
    }
    return n;
}

/* Makes packets[0] the announcement that the guest of 'ring' has asked for.
 * Returns the number of packets, 0 if it has to wait for an element of the
 * pool. */
static size_t
announce(struct dpdk_vhost_ring *ring, struct rte_mempool *mp,
         struct dp_packet *packets[], struct dpdk_queue_stats *stats)
{
    struct rte_ether_addr mac;
    uint64_t n_bytes = 0;
    struct rte_mbuf *m;
    uint64_t rarp;
    size_t n;

    rarp = dpdk_vhost_ring_get_rarp(ring, &mac);
    m = rarp ? rte_net_make_rarp_packet(mp, &mac) : NULL;
    if (!m) {
        return 0;
    }
    dpdk_vhost_ring_announced(ring, rarp);
    n = dpdk_packet_rx(&m, 1, packets, &n_bytes);
    count_library(stats, packets, n, n_bytes);
    return n;
}

bool
dpdk_vhost_rxq_enabled(struct netdev_rxq *rxq)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(rxq->netdev);
    bool enabled;

    atomic_read_relaxed(&vhost->rxq_enabled[rxq->queue_id], &enabled);
    return enabled;
}

/* Looks closely whether there is nothing to receive from 'rx', which may be
 * null.  If there is something, prefetches for that, and for the answer to it:
 * the guest has just given new buffers for what it received before.
 *
 * What is special, as a ring that the library has or that has to be taken
 * over, is left to dpdk_vhost_rxq_recv(), so that a notification or an
 * announcement that is due is made there. */
static __rte_noinline bool
is_ring_idle(const struct dpdk_vhost *vhost, struct dpdk_vhost_ring *rx)
{
    bool idle;

    if (ovsrcu_index_get(&CONST_CAST(struct dpdk_vhost *,
                                     vhost)->usable_vid) < 0) {
        return true;
    }
    if (!rx) {
        return false;
    }
    dpdk_crumb_set(vhost->crumb);
    if (!dpdk_vhost_ring_try_enter(rx)) {
        return false;
    }
    idle = dpdk_vring_is_idle(&rx->view);
    if (!idle) {
        dpdk_vring_prefetch(&rx->view);
        if (__atomic_load_n(&rx->has_pair, __ATOMIC_RELAXED)) {
            dpdk_vring_prefetch(&get_ring(vhost, rx->index - 1)->view);
        }
    }
    dpdk_vhost_ring_leave(rx);
    return idle;
}

/* A PMD thread calls this for each queue, and most have nothing: that is to
 * cost next to nothing. */
bool
dpdk_vhost_rxq_is_idle(struct netdev_rxq *rxq)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(rxq->netdev);
    struct dpdk_vhost_ring *ring = get_ring(vhost, 2 * rxq->queue_id + 1);

    if (OVS_LIKELY(ring && dpdk_vhost_ring_peek(ring))) {
        bool idle;

        dpdk_crumb_set(vhost->crumb);
        idle = dpdk_vring_is_plainly_idle(&ring->view);
        dpdk_vhost_ring_leave(ring);
        if (OVS_LIKELY(idle)) {
            return true;
        }
    }
    return is_ring_idle(vhost, ring);
}

int
dpdk_vhost_rxq_recv(struct netdev_rxq *rxq_, struct dp_packet_batch *batch,
                    int *qfill)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(rxq_->netdev);
    int vid = ovsrcu_index_get(&vhost->usable_vid);
    struct dpdk_rxq *rxq = dpdk_rxq_cast(rxq_);
    int vring = 2 * rxq_->queue_id + 1;
    struct dpdk_vhost_ring *ring;
    size_t n = 0;

    if (OVS_UNLIKELY(vid < 0)) {
        return EAGAIN;
    }
    if (OVS_UNLIKELY(qfill)) {
        *qfill = 0;
    }

    /* Until this thread polls another port, all it does is for this one. */
    dpdk_crumb_set(vhost->crumb);
    ring = get_ring(vhost, vring);
    switch (dpdk_vhost_ring_enter(ring)) {
    case DPDK_VHOST_RING_VIEW:
        if (OVS_UNLIKELY(ring->poller != self || !self)) {
            set_poller(ring);
        }
        n = ring_rx(vhost, ring, batch->packets, rxq->stats, qfill);
        dpdk_vhost_ring_leave(ring);
        break;
    case DPDK_VHOST_RING_LIBRARY:
        n = library_rx(vid, vring, vhost->dev.mp, batch->packets, rxq->stats,
                       qfill);
        dpdk_vhost_ring_after_library(ring, n);
        break;
    case DPDK_VHOST_RING_ANNOUNCE:
        n = announce(ring, vhost->dev.mp, batch->packets, rxq->stats);
        break;
    case DPDK_VHOST_RING_BLOCKED:
    case DPDK_VHOST_RING_MESSAGE:
    case DPDK_VHOST_RING_OFF:
    case DPDK_VHOST_RING_BROKEN:
        break;
    }
    if (!n) {
        return EAGAIN;
    }
    n = dpdk_dev_police(&vhost->dev, rxq->stats, batch->packets, n);
    if (OVS_UNLIKELY(!n)) {
        return EAGAIN;
    }
    batch->count = n;
    return 0;
}

static int
get_retries_max(const struct dpdk_vhost *vhost)
{
    int retries_max;

    atomic_read_relaxed(&CONST_CAST(struct dpdk_vhost *,
                                    vhost)->tx_retries_max, &retries_max);
    return retries_max;
}

/* Sends the 'n' packets that 'mbufs' describe to 'vring' of guest 'vid' by
 * librte_vhost, retrying while that makes progress.  Returns the number of
 * those sent. */
static size_t
library_tx(struct dpdk_vhost *vhost, int vid, int vring,
           struct rte_mbuf *mbufs[], size_t n, struct dpdk_queue_stats *stats)
{
    size_t n_sent = rte_vhost_enqueue_burst(vid, vring, mbufs, n);
    int retries_max;
    int retries = 0;

    if (OVS_LIKELY(n_sent == n)) {
        return n;
    }

    retries_max = get_retries_max(vhost);
    for (size_t n_tx = n_sent; n_tx && n_sent < n && retries < retries_max;
         retries++) {
        n_tx = rte_vhost_enqueue_burst(vid, vring, &mbufs[n_sent],
                                       n - n_sent);
        n_sent += n_tx;
    }
    dpdk_counter_add(&stats->retries, retries);
    return n_sent;
}

/* Sends 'batch' to the queue 'qid' of guest 'vid' by librte_vhost, and
 * counts.  Returns the number of packets sent. */
static size_t
library_send(struct dpdk_vhost *vhost, int vid, int qid,
             struct dp_packet_batch *batch)
{
    struct dpdk_queue_stats *stats = &vhost->dev.tx_stats[qid];
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    uint64_t n_bytes;
    size_t n_sent;
    size_t n;

    n = dpdk_dev_send_prepare(&vhost->dev, &vhost->dev.txqs[qid], stats,
                              batch, mbufs, &n_bytes);
    n_sent = OVS_LIKELY(n) ? library_tx(vhost, vid, 2 * qid, mbufs, n, stats)
                           : 0;
    if (OVS_UNLIKELY(n_sent < n)) {
        for (size_t i = n_sent; i < n; i++) {
            n_bytes -= batch->packets[i]->size_;
        }
        dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], n - n_sent);
    }
    count_library(stats, batch->packets, n_sent, n_bytes);
    return n_sent;
}

/* Counts in 'stats' what was dropped in 'burst', which is seldom.  Returns how
 * many packets that are. */
static unsigned int
count_tx_drops(struct dpdk_queue_stats *stats,
               const struct dpdk_vring_burst *burst)
{
    unsigned int n_bad = burst->drops[DPDK_VRING_DROP_OFFLOAD];
    unsigned int n = (burst->drops[DPDK_VRING_DROP_BIG]
                      + burst->drops[DPDK_VRING_DROP_RUNT]);

    if (OVS_UNLIKELY(n + n_bad)) {
        dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], n);
        dpdk_counter_add(&stats->drops[DPDK_DROP_HWOL], n_bad);
    }
    return n + n_bad;
}

/* Sends 'batch' to 'ring', whose view we have entered, retrying while that
 * makes progress, and counts in 'stats'. */
static void
ring_send(struct dpdk_vhost *vhost, struct dpdk_vhost_ring *ring,
          struct dp_packet_batch *batch, struct dpdk_queue_stats *stats)
{
    struct dpdk_vring_burst burst;
    int retries_max = -1;
    int retries = 0;
    size_t n = 0;

    dpdk_dev_send_filter(&vhost->dev, stats, batch);
    while (n < batch->count) {
        size_t n_tx = dpdk_vring_tx(&ring->view, &batch->packets[n],
                                    batch->count - n, &burst);

        n += n_tx;
        count_burst(stats, &burst, n_tx - count_tx_drops(stats, &burst));
        if (OVS_LIKELY(n == batch->count) || !n_tx) {
            break;
        }
        if (retries_max < 0) {
            retries_max = get_retries_max(vhost);
        }
        if (retries >= retries_max) {
            break;
        }
        retries++;
    }
    if (!put_off(vhost, ring)) {
        dpdk_counter_add(&stats->notifications, dpdk_vhost_ring_notify(ring));
    }
    if (OVS_UNLIKELY(n < batch->count)) {
        dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], batch->count - n);
    }
    if (OVS_UNLIKELY(retries)) {
        dpdk_counter_add(&stats->retries, retries);
    }
}

/* Sends 'batch' to the queue 'qid' of guest 'vid', whoever has its ring, and
 * counts. */
static void
vhost_send__(struct dpdk_vhost *vhost, int vid, int qid,
             struct dp_packet_batch *batch)
{
    struct dpdk_queue_stats *stats = &vhost->dev.tx_stats[qid];
    struct dpdk_vhost_ring *ring = get_ring(vhost, 2 * qid);
    size_t n_sent;

    switch (dpdk_vhost_ring_enter(ring)) {
    case DPDK_VHOST_RING_VIEW:
        ring_send(vhost, ring, batch, stats);
        dpdk_vhost_ring_leave(ring);
        break;
    case DPDK_VHOST_RING_LIBRARY:
        n_sent = library_send(vhost, vid, qid, batch);
        dpdk_vhost_ring_after_library(ring, n_sent);
        break;
    case DPDK_VHOST_RING_ANNOUNCE:
    case DPDK_VHOST_RING_BLOCKED:
    case DPDK_VHOST_RING_MESSAGE:
    case DPDK_VHOST_RING_OFF:
    case DPDK_VHOST_RING_BROKEN:
        dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], batch->count);
        break;
    }
}

int
dpdk_vhost_send(struct netdev *netdev, int qid, struct dp_packet_batch *batch,
                bool concurrent_txq OVS_UNUSED)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);
    int vid = ovsrcu_index_get(&vhost->usable_vid);
    bool usable = vid >= 0;
    struct dpdk_txq *txq;
    int map;

    qid %= netdev->n_txq;
    atomic_read_relaxed(&vhost->dev.txqs[qid].map, &map);
    if (OVS_LIKELY(map >= 0)) {
        qid = map;
    } else {
        usable = false;
    }

    /* Several of our queues may be mapped to one of the guest's, and that may
     * change at any time, so even the only user of a queue locks it. */
    txq = &vhost->dev.txqs[qid];
    if (OVS_UNLIKELY(!rte_spinlock_trylock(&txq->lock))) {
        COVERAGE_INC(vhost_tx_contention);
        rte_spinlock_lock(&txq->lock);
    }
    if (OVS_LIKELY(usable)) {
        const struct dpdk_crumb *source = dpdk_crumb_swap(vhost->crumb);

        vhost_send__(vhost, vid, qid, batch);
        dpdk_crumb_set(source);
    } else {
        dpdk_counter_add(&vhost->dev.tx_stats[qid].drops[DPDK_DROP_UNUSABLE],
                         batch->count);
    }
    dpdk_txq_unlock(txq);

    dpdk_packet_free_bulk(batch->packets, batch->count);
    return 0;
}
