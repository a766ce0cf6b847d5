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

/* The two hot functions of a "dpdk" port.  Called by the core, call
 * librte_ethdev, dpdk-dev.c and dpdk-packet.c. */

#include <config.h>

#include "dpdk-eth-rxtx.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "dpdk-crumb.h"
#include "dpdk-dev.h"
#include "dpdk-eth.h"
#include "dpdk-log.h"
#include "dpdk-packet.h"

#define this_module (*dpdk_log_netdev)

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

static bool
eth_is_usable(struct dpdk_eth *eth)
{
    bool usable;

    atomic_read_relaxed(&eth->usable, &usable);
    return usable;
}

int
dpdk_eth_rxq_recv(struct netdev_rxq *rxq_, struct dp_packet_batch *batch,
                  int *qfill)
{
    struct dpdk_eth *eth = dpdk_eth_cast(rxq_->netdev);
    struct dpdk_rxq *rxq = dpdk_rxq_cast(rxq_);
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    uint64_t n_bytes = 0;
    uint16_t n_mbufs;
    size_t n;

    if (OVS_UNLIKELY(!eth_is_usable(eth))) {
        return EAGAIN;
    }

    dpdk_crumb_set(NULL);
    n_mbufs = rte_eth_rx_burst(eth->port_id, rxq_->queue_id, mbufs,
                               NETDEV_MAX_BURST);
    if (!n_mbufs) {
        return EAGAIN;
    }

    if (qfill) {
        *qfill = n_mbufs == NETDEV_MAX_BURST
                 ? MAX(rte_eth_rx_queue_count(eth->port_id, rxq_->queue_id), 0)
                 : 0;
    }

    n = dpdk_packet_rx(mbufs, n_mbufs, batch->packets, &n_bytes);
    if (OVS_UNLIKELY(n < n_mbufs)) {
        dpdk_counter_add(&rxq->stats->drops[DPDK_DROP_SEGMENTS], n_mbufs - n);
    }
    n = dpdk_dev_police(&eth->dev, rxq->stats, batch->packets, n);
    if (OVS_UNLIKELY(!n)) {
        return EAGAIN;
    }
    batch->count = n;
    return 0;
}

/* Lets the driver of 'eth' prepare the 'n' packets that 'mbufs' and 'batch'
 * describe for its offloads.  Drops those that it cannot send, and returns the
 * number of the others. */
static unsigned int
eth_prepare(struct dpdk_eth *eth, int qid, struct dpdk_queue_stats *stats,
            struct dp_packet_batch *batch, struct rte_mbuf *mbufs[],
            unsigned int n)
{
    unsigned int n_ok = 0;

    for (;;) {
        n_ok += rte_eth_tx_prepare(eth->port_id, qid, &mbufs[n_ok], n - n_ok);
        if (OVS_LIKELY(n_ok == n)) {
            return n;
        }
        VLOG_WARN_RL(&rl, "%s: Output batch contains invalid packets. "
                     "Only %u/%u are valid: %s", eth->dev.name, n_ok, n,
                     rte_strerror(rte_errno));
        dpdk_counter_add(&stats->drops[DPDK_DROP_HWOL], 1);
        dp_packet_delete(batch->packets[n_ok]);
        n--;
        for (unsigned int i = n_ok; i < n; i++) {
            mbufs[i] = mbufs[i + 1];
            batch->packets[i] = batch->packets[i + 1];
        }
    }
}

/* Sends 'batch' on queue 'qid' of 'eth', which no other thread uses now. */
static void
eth_send__(struct dpdk_eth *eth, int qid, struct dp_packet_batch *batch)
{
    struct dpdk_queue_stats *stats = &eth->dev.tx_stats[qid];
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    unsigned int n_sent = 0;
    uint64_t n_bytes;
    unsigned int n;

    if (OVS_UNLIKELY(!eth_is_usable(eth))) {
        dpdk_counter_add(&stats->drops[DPDK_DROP_UNUSABLE], batch->count);
        dpdk_packet_free_bulk(batch->packets, batch->count);
        return;
    }

    n = dpdk_dev_send_prepare(&eth->dev, &eth->dev.txqs[qid], stats, batch,
                              mbufs, &n_bytes);
    if (eth->dev.up.ol_flags) {
        n = eth_prepare(eth, qid, stats, batch, mbufs, n);
    }
    while (n_sent < n) {
        uint16_t n_burst = rte_eth_tx_burst(eth->port_id, qid, &mbufs[n_sent],
                                            n - n_sent);

        if (!n_burst) {
            break;
        }
        n_sent += n_burst;
    }
    if (OVS_UNLIKELY(n_sent < n)) {
        dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], n - n_sent);
        dpdk_packet_free_bulk(&batch->packets[n_sent], n - n_sent);
    }
}

int
dpdk_eth_send(struct netdev *netdev, int qid, struct dp_packet_batch *batch,
              bool concurrent_txq)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    struct dpdk_txq *txq;

    qid %= netdev->n_txq;
    txq = &eth->dev.txqs[qid];
    if (OVS_UNLIKELY(concurrent_txq)) {
        rte_spinlock_lock(&txq->lock);
        eth_send__(eth, qid, batch);
        rte_spinlock_unlock(&txq->lock);
    } else {
        eth_send__(eth, qid, batch);
    }
    return 0;
}
