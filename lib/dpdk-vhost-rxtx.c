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

/* The hot functions of a vhost port.  Called by the core, call librte_vhost,
 * dpdk-dev.c and dpdk-packet.c. */

#include <config.h>

#include "dpdk-vhost-rxtx.h"

#include <errno.h>
#include <rte_vhost.h>

#include "coverage.h"
#include "dpdk-dev.h"
#include "dpdk-packet.h"
#include "dpdk-vhost.h"

COVERAGE_DEFINE(vhost_tx_contention);

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

static size_t
library_rx(int vid, int vring, struct rte_mempool *mp,
           struct dp_packet *packets[], size_t n, uint64_t *n_bytes,
           size_t *n_dropped)
{
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    size_t n_mbufs;
    size_t n_packets;

    n_mbufs = rte_vhost_dequeue_burst(vid, vring, mp, mbufs,
                                      MIN(n, NETDEV_MAX_BURST));
    if (!n_mbufs) {
        return 0;
    }
    n_packets = dpdk_packet_rx(mbufs, n_mbufs, packets, n_bytes);
    *n_dropped += n_mbufs - n_packets;
    return n_packets;
}

static size_t
library_tx(int vid, int vring, struct rte_mbuf *mbufs[], size_t n)
{
    return rte_vhost_enqueue_burst(vid, vring, mbufs, n);
}

const struct dpdk_vhost_path dpdk_vhost_path_library = {
    .name = "library",
    .rx = library_rx,
    .tx = library_tx,
};

bool
dpdk_vhost_rxq_enabled(struct netdev_rxq *rxq)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(rxq->netdev);
    bool enabled;

    atomic_read_relaxed(&vhost->rxq_enabled[rxq->queue_id], &enabled);
    return enabled;
}

int
dpdk_vhost_rxq_recv(struct netdev_rxq *rxq_, struct dp_packet_batch *batch,
                    int *qfill)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(rxq_->netdev);
    int vid = ovsrcu_index_get(&vhost->usable_vid);
    struct dpdk_rxq *rxq = dpdk_rxq_cast(rxq_);
    int vring = 2 * rxq_->queue_id + 1;
    size_t n_dropped = 0;
    uint64_t n_bytes = 0;
    size_t n;

    if (OVS_UNLIKELY(vid < 0)) {
        return EAGAIN;
    }

    n = vhost->path->rx(vid, vring, vhost->dev.mp, batch->packets,
                        NETDEV_MAX_BURST, &n_bytes, &n_dropped);
    if (OVS_UNLIKELY(n_dropped)) {
        dpdk_counter_add(&rxq->stats->drops[DPDK_DROP_SEGMENTS], n_dropped);
    }
    if (!n) {
        return EAGAIN;
    }

    dpdk_counter_add(&rxq->stats->packets, n);
    dpdk_counter_add(&rxq->stats->bytes, n_bytes);
    dpdk_stats_count_frames(rxq->stats, batch->packets, n);
    count_notifications(rxq->stats);
    if (qfill) {
        *qfill = n == NETDEV_MAX_BURST ? rte_vhost_rx_queue_count(vid, vring)
                                       : 0;
    }
    n = dpdk_dev_police(&vhost->dev, rxq->stats, batch->packets, n);
    if (OVS_UNLIKELY(!n)) {
        return EAGAIN;
    }
    batch->count = n;
    return 0;
}

/* Sends the 'n' packets that 'mbufs' describe to 'vring' of guest 'vid',
 * retrying while that makes progress.  Returns the number of those sent. */
static size_t
vhost_tx(struct dpdk_vhost *vhost, int vid, int vring,
         struct rte_mbuf *mbufs[], size_t n, struct dpdk_queue_stats *stats)
{
    size_t n_sent = vhost->path->tx(vid, vring, mbufs, n);
    int retries_max;
    int retries = 0;

    if (OVS_LIKELY(n_sent == n)) {
        return n;
    }

    atomic_read_relaxed(&vhost->tx_retries_max, &retries_max);
    for (size_t n_tx = n_sent; n_tx && n_sent < n && retries < retries_max;
         retries++) {
        n_tx = vhost->path->tx(vid, vring, &mbufs[n_sent], n - n_sent);
        n_sent += n_tx;
    }
    dpdk_counter_add(&stats->retries, retries);
    return n_sent;
}

/* Sends 'batch' to the queue 'qid' of guest 'vid', and counts. */
static void
vhost_send__(struct dpdk_vhost *vhost, int vid, int qid,
             struct dp_packet_batch *batch)
{
    struct dpdk_queue_stats *stats = &vhost->dev.tx_stats[qid];
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    uint64_t n_bytes;
    size_t n_sent;
    size_t n;

    n = dpdk_dev_send_prepare(&vhost->dev, &vhost->dev.txqs[qid], stats,
                              batch, mbufs, &n_bytes);
    n_sent = OVS_LIKELY(n) ? vhost_tx(vhost, vid, 2 * qid, mbufs, n, stats)
                           : 0;
    if (OVS_UNLIKELY(n_sent < n)) {
        for (size_t i = n_sent; i < n; i++) {
            n_bytes -= batch->packets[i]->size_;
        }
        dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], n - n_sent);
    }
    dpdk_counter_add(&stats->packets, n_sent);
    dpdk_counter_add(&stats->bytes, n_bytes);
    dpdk_stats_count_frames(stats, batch->packets, n_sent);
    count_notifications(stats);
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
        vhost_send__(vhost, vid, qid, batch);
    } else {
        dpdk_counter_add(&vhost->dev.tx_stats[qid].drops[DPDK_DROP_FAILURE],
                         batch->count);
    }
    rte_spinlock_unlock(&txq->lock);

    dpdk_packet_free_bulk(batch->packets, batch->count);
    return 0;
}
