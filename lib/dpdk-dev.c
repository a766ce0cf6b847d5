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

/* What the three classes of ports share.  Called by the core through the
 * classes, and by dpdk-eth*.c and dpdk-vhost*.c; calls dpdk-packet.c,
 * dpdk-mempool.c, dpdk-stats.c and dpdk-qos.c.  Threads and locks are in
 * dpdk-dev.h. */

#include <config.h>

#include "dpdk-dev.h"

#include <errno.h>
#include <stdarg.h>

#include "dpdk-dev-qos.h"
#include "dpdk-log.h"
#include "dpdk-mempool.h"
#include "dpdk-packet.h"
#include "dpdk-qos.h"
#include "hash.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

struct ovs_mutex dpdk_mutex = OVS_MUTEX_INITIALIZER;

struct ovs_list dpdk_devs OVS_GUARDED_BY(dpdk_mutex)
    = OVS_LIST_INITIALIZER(&dpdk_devs);

void
dpdk_dev_init(struct dpdk_dev *dev, int socket_id)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    ovs_mutex_init(&dev->mutex);
    dev->name = dev->up.name;
    dev->mtu = dev->requested_mtu = DPDK_MTU_DEFAULT;
    dev->max_packet_len = dpdk_mtu_to_max_packet_len(dev->mtu);
    dev->socket_id = dev->requested_socket_id = MAX(socket_id, 0);
    dev->requested_n_rxq = dev->requested_n_txq = 1;
    dev->flags = NETDEV_UP | NETDEV_PROMISC;
    dpdk_dev_qos_init(dev);
    smap_init(&dev->options);
}

void
dpdk_dev_link(struct dpdk_dev *dev) OVS_EXCLUDED(dpdk_mutex)
{
    ovs_mutex_lock(&dpdk_mutex);
    ovs_list_push_back(&dpdk_devs, &dev->list_node);
    ovs_mutex_unlock(&dpdk_mutex);
}

void
dpdk_dev_unlink(struct dpdk_dev *dev) OVS_EXCLUDED(dpdk_mutex)
{
    ovs_mutex_lock(&dpdk_mutex);
    ovs_list_remove(&dev->list_node);
    ovs_mutex_unlock(&dpdk_mutex);
}

static void
txqs_free(struct dpdk_txq *txqs, int n)
{
    if (txqs) {
        for (int i = 0; i < n; i++) {
            if (txqs[i].wraps) {
                free_cacheline(txqs[i].wraps);
            }
        }
        free_cacheline(txqs);
    }
}

/* Makes the ports that got no memory try again. */
static void
retry_short_of_memory(void) OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_dev *dev;

    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        ovs_mutex_lock(&dev->mutex);
        if (dev->short_of_memory) {
            netdev_request_reconfigure(&dev->up);
        }
        ovs_mutex_unlock(&dev->mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);
}

void
dpdk_dev_uninit(struct dpdk_dev *dev) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    dpdk_dev_qos_uninit(dev);
    if (dev->pool) {
        dpdk_mempool_put(dev->pool);
        retry_short_of_memory();
    }
    txqs_free(dev->txqs, dev->up.n_txq);
    dpdk_stats_free(dev->tx_stats);
    dpdk_stats_free(dev->rx_stats);
    free(dev->error);
    smap_destroy(&dev->options);
    ovs_mutex_destroy(&dev->mutex);
}

bool
dpdk_dev_is(const struct netdev *netdev)
{
    return netdev_get_class(netdev)->dealloc == dpdk_dev_dealloc;
}

/* The port that could not be constructed last, and why. */
static char *refused_name;
static char *refused_error;

static char * OVS_PRINTF_FORMAT(2, 0)
error_sentence(const char *name, const char *format, va_list args)
{
    char *what = xvasprintf(format, args);
    char *error = xasprintf("%s: %s", name, what);

    free(what);
    return error;
}

void
dpdk_dev_set_error(struct dpdk_dev *dev, const char *format, ...)
    OVS_REQUIRES(dev->mutex)
{
    va_list args;
    char *error;

    va_start(args, format);
    error = error_sentence(dev->name, format, args);
    va_end(args);

    if (nullable_string_is_equal(error, dev->error)) {
        free(error);
        return;
    }
    VLOG_ERR("%s", error);
    free(dev->error);
    dev->error = error;
    netdev_change_seq_changed(&dev->up);
}

void
dpdk_dev_clear_error(struct dpdk_dev *dev) OVS_REQUIRES(dev->mutex)
{
    if (dev->error) {
        free(dev->error);
        dev->error = NULL;
        netdev_change_seq_changed(&dev->up);
    }
}

void
dpdk_dev_refuse(const char *name, const char *format, ...)
{
    va_list args;

    free(refused_name);
    free(refused_error);
    va_start(args, format);
    refused_name = xstrdup(name);
    refused_error = error_sentence(name, format, args);
    va_end(args);
    VLOG_ERR("%s", refused_error);
}

bool
dpdk_dev_get_error(const char *name, const char **errorp)
    OVS_EXCLUDED(dpdk_mutex)
{
    static char *error;
    struct dpdk_dev *dev;
    bool found = false;

    free(error);
    error = NULL;
    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (!strcmp(dev->name, name)) {
            ovs_mutex_lock(&dev->mutex);
            error = nullable_xstrdup(dev->error ? dev->error
                                                : dev->qos_error);
            ovs_mutex_unlock(&dev->mutex);
            found = true;
            break;
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);

    if (!found && nullable_string_is_equal(name, refused_name)) {
        error = xstrdup(refused_error);
    }
    *errorp = error;
    return found;
}

void
dpdk_dev_dealloc(struct netdev *netdev)
{
    free_cacheline(dpdk_dev_cast(netdev));
}

int
dpdk_dev_apply_pool(struct dpdk_dev *dev,
                    const struct dpdk_mempool_request *request, char **whyp)
    OVS_REQUIRES(dev->mutex)
{
    struct dpdk_mempool *pool;

    if (!dev->pool || dev->socket_id != request->socket_id
        || dev->mtu != request->mtu
        || !dpdk_mempool_suits(dev->pool, request)) {
        int error = dpdk_mempool_get(request, &pool, whyp);

        if (error) {
            dev->short_of_memory = true;
            return error;
        }
        dpdk_mempool_put(dev->pool);
        dev->pool = pool;
        dev->mp = pool->mp;
        dev->socket_id = request->socket_id;
    }
    dev->short_of_memory = false;
    dev->mtu = request->mtu;
    dev->max_packet_len = dpdk_mtu_to_max_packet_len(dev->mtu);
    return 0;
}

void
dpdk_dev_apply_queues(struct dpdk_dev *dev, int n_rxq, int n_txq, bool wrap)
    OVS_REQUIRES(dev->mutex)
{
    if (n_rxq > dev->n_rx_stats) {
        dev->rx_stats = dpdk_stats_grow(dev->rx_stats, dev->n_rx_stats, n_rxq);
        dev->n_rx_stats = n_rxq;
    }
    if (n_txq > dev->n_tx_stats) {
        dev->tx_stats = dpdk_stats_grow(dev->tx_stats, dev->n_tx_stats, n_txq);
        dev->n_tx_stats = n_txq;
    }

    if (!dev->txqs || n_txq != dev->up.n_txq) {
        struct dpdk_txq *txqs = xzalloc_cacheline(n_txq * sizeof *txqs);

        for (int i = 0; i < n_txq; i++) {
            rte_spinlock_init(&txqs[i].lock);
            atomic_init(&txqs[i].map, i);
            if (wrap) {
                txqs[i].wraps = xzalloc_cacheline(NETDEV_MAX_BURST
                                                  * sizeof *txqs[i].wraps);
                for (int j = 0; j < NETDEV_MAX_BURST; j++) {
                    dpdk_packet_wrap_init(&txqs[i].wraps[j]);
                }
            }
        }
        txqs_free(dev->txqs, dev->up.n_txq);
        dev->txqs = txqs;
    }
    dev->up.n_rxq = n_rxq;
    dev->up.n_txq = n_txq;
}

void
dpdk_dev_request(struct dpdk_dev *dev, int *requested, int value)
    OVS_REQUIRES(dev->mutex)
{
    if (*requested != value) {
        *requested = value;
        netdev_request_reconfigure(&dev->up);
    }
}

static bool
is_known(const char *key, const char *const known[])
{
    for (; *known; known++) {
        if (!strcmp(key, *known)) {
            return true;
        }
    }
    return false;
}

void
dpdk_dev_warn_options(struct dpdk_dev *dev, const struct smap *args,
                      const char *const known[])
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, args) {
        const char *before = smap_get(&dev->options, node->key);

        if (!is_known(node->key, known)
            && (!before || strcmp(before, node->value))) {
            VLOG_WARN("%s: option '%s=%s' has no effect on a port of type %s",
                      dev->name, node->key, node->value,
                      dev->up.netdev_class->type);
        }
    }
    smap_destroy(&dev->options);
    smap_clone(&dev->options, args);
}

int
dpdk_dev_get_numa_id(const struct netdev *netdev)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    int socket_id;

    ovs_mutex_lock(&dev->mutex);
    socket_id = dev->socket_id;
    ovs_mutex_unlock(&dev->mutex);

    return socket_id;
}

int
dpdk_dev_get_etheraddr(const struct netdev *netdev, struct eth_addr *mac)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    *mac = dev->hwaddr;
    ovs_mutex_unlock(&dev->mutex);

    return 0;
}

int
dpdk_dev_get_mtu(const struct netdev *netdev, int *mtup)
{
    /* PMDs ask too, when they segment a packet, so this takes no lock. */
    *mtup = dpdk_dev_cast(netdev)->mtu;
    return 0;
}

int
dpdk_dev_set_mtu(struct netdev *netdev, int mtu)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);

    if (mtu < DPDK_MTU_MIN || mtu > DPDK_MTU_MAX) {
        VLOG_WARN("%s: unsupported MTU %d", dev->name, mtu);
        return EINVAL;
    }

    ovs_mutex_lock(&dev->mutex);
    dpdk_dev_request(dev, &dev->requested_mtu, mtu);
    if (dev->short_of_memory && mtu != dev->mtu) {
        /* The core asks again: memory may have become free. */
        netdev_request_reconfigure(netdev);
    }
    ovs_mutex_unlock(&dev->mutex);

    return 0;
}

int
dpdk_dev_get_ifindex(const struct netdev *netdev)
{
    /* A 24-bit value that is not 0, as sFlow wants it, and that stays the same
     * for a port of the same name. */
    return hash_string(netdev->name, 0) % 0xfffffe + 1;
}

int
dpdk_dev_set_miimon_interval(struct netdev *netdev OVS_UNUSED,
                             long long interval OVS_UNUSED)
{
    return EOPNOTSUPP;
}

int
dpdk_dev_get_config(const struct netdev *netdev, struct smap *args)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);

    ovs_mutex_lock(&dev->mutex);
    smap_add_format(args, "requested_rx_queues", "%d", dev->requested_n_rxq);
    smap_add_format(args, "configured_rx_queues", "%d", netdev->n_rxq);
    smap_add_format(args, "requested_tx_queues", "%d", dev->requested_n_txq);
    smap_add_format(args, "configured_tx_queues", "%d", netdev->n_txq);
    smap_add_format(args, "mtu", "%d", dev->mtu);
    ovs_mutex_unlock(&dev->mutex);

    return 0;
}

struct netdev_rxq *
dpdk_dev_rxq_alloc(void)
{
    struct dpdk_rxq *rxq = xzalloc_cacheline(sizeof *rxq);

    return &rxq->up;
}

int
dpdk_dev_rxq_construct(struct netdev_rxq *rxq_)
{
    struct dpdk_dev *dev = dpdk_dev_cast(rxq_->netdev);
    struct dpdk_rxq *rxq = dpdk_rxq_cast(rxq_);

    ovs_mutex_lock(&dev->mutex);
    rxq->stats = &dev->rx_stats[rxq_->queue_id];
    ovs_mutex_unlock(&dev->mutex);

    return 0;
}

void
dpdk_dev_rxq_destruct(struct netdev_rxq *rxq OVS_UNUSED)
{
}

void
dpdk_dev_rxq_dealloc(struct netdev_rxq *rxq)
{
    free_cacheline(dpdk_rxq_cast(rxq));
}

int
dpdk_dev_new_flags(const struct dpdk_dev *dev, enum netdev_flags off,
                   enum netdev_flags on, enum netdev_flags *old_flagsp,
                   enum netdev_flags *new_flagsp) OVS_REQUIRES(dev->mutex)
{
    if ((off | on) & ~(NETDEV_UP | NETDEV_PROMISC)) {
        return EINVAL;
    }
    *old_flagsp = dev->flags;
    *new_flagsp = (dev->flags | on) & ~off;
    return 0;
}

void
dpdk_dev_get_sw_stats(const struct dpdk_dev *dev, bool all,
                      struct netdev_stats *stats) OVS_REQUIRES(dev->mutex)
{
    struct dpdk_stats_sum rx = { .packets = 0 };
    struct dpdk_stats_sum tx = { .packets = 0 };

    dpdk_stats_sum(dev->rx_stats, dev->n_rx_stats, &rx);
    dpdk_stats_sum(dev->tx_stats, dev->n_tx_stats, &tx);

    dpdk_stats_unknown(stats);
    if (all) {
        stats->rx_packets = rx.packets;
        stats->rx_bytes = rx.bytes;
        stats->tx_packets = tx.packets;
        stats->tx_bytes = tx.bytes;
    }
    stats->rx_dropped = dpdk_stats_drops(&rx);
    stats->tx_dropped = dpdk_stats_drops(&tx);
}

int
dpdk_dev_get_custom_stats(const struct netdev *netdev,
                          struct netdev_custom_stats *cs)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    struct dpdk_stats_sum rx = { .packets = 0 };
    struct dpdk_stats_sum tx = { .packets = 0 };

    ovs_mutex_lock(&dev->mutex);
    dpdk_stats_sum(dev->rx_stats, dev->n_rx_stats, &rx);
    dpdk_stats_sum(dev->tx_stats, dev->n_tx_stats, &tx);
    ovs_mutex_unlock(&dev->mutex);

    cs->counters = xcalloc(7, sizeof *cs->counters);
    cs->size = 0;
    dpdk_stats_add_custom(cs, "ovs_tx_retries", tx.retries);
    dpdk_stats_add_custom(cs, "ovs_tx_failure_drops",
                          tx.drops[DPDK_DROP_FAILURE]);
    dpdk_stats_add_custom(cs, "ovs_tx_mtu_exceeded_drops",
                          tx.drops[DPDK_DROP_MTU]);
    dpdk_stats_add_custom(cs, "ovs_tx_qos_drops", tx.drops[DPDK_DROP_QOS]);
    dpdk_stats_add_custom(cs, "ovs_rx_qos_drops", rx.drops[DPDK_DROP_QOS]);
    dpdk_stats_add_custom(cs, "ovs_tx_invalid_hwol_drops",
                          tx.drops[DPDK_DROP_HWOL]);
    dpdk_stats_add_custom(cs, "ovs_rx_segments_drops",
                          rx.drops[DPDK_DROP_SEGMENTS]);
    return 0;
}

/* Finds a mbuf for 'p', whose own cannot be given to a driver, or which has
 * none.  Returns it, and stores the packet that stands for it in '*pp'.
 * Returns NULL if there is no memory. */
static struct rte_mbuf *
prepare_foreign(struct dpdk_dev *dev, struct dpdk_txq *txq, unsigned int i,
                struct dp_packet **pp)
{
    struct dp_packet *p = *pp;
    struct rte_mbuf *m;

    if (txq->wraps) {
        m = &txq->wraps[i];
        dpdk_packet_wrap(p, m);
        return m;
    }

    m = dpdk_packet_copy(p, dev->mp);
    if (m) {
        dp_packet_delete(p);
        *pp = dpdk_packet_from_mbuf(m);
    }
    return m;
}

/* Drops 'p', whose offloads do not go with its headers, which is a guest's
 * doing, and counts it in 'stats'. */
static void
drop_invalid(const struct dpdk_dev *dev, struct dpdk_queue_stats *stats,
             struct dp_packet *p)
{
    if (dp_packet_hwol_is_tso(p)) {
        VLOG_WARN_RL(&rl, "%s: TCP Segmentation without L4 header pkt len: "
                     "%"PRIu32, dev->name, p->size_);
    }
    dpdk_counter_add(&stats->drops[DPDK_DROP_HWOL], 1);
    dp_packet_delete(p);
}

static inline bool
is_too_big(const struct dpdk_dev *dev, const struct dp_packet *p)
{
    return p->size_ > dev->max_packet_len && !dp_packet_hwol_is_tso(p);
}

static void
drop_too_big(const struct dpdk_dev *dev, struct dpdk_queue_stats *stats,
             struct dp_packet *p)
{
    VLOG_WARN_RL(&rl, "%s: Too big size %"PRIu32" max_packet_len %"PRIu32,
                 dev->name, p->size_, dev->max_packet_len);
    dpdk_counter_add(&stats->drops[DPDK_DROP_MTU], 1);
    dp_packet_delete(p);
}

unsigned int
dpdk_dev_send_prepare(struct dpdk_dev *dev, struct dpdk_txq *txq,
                      struct dpdk_queue_stats *stats,
                      struct dp_packet_batch *batch, struct rte_mbuf *mbufs[],
                      uint64_t *n_bytes)
{
    struct dpdk_qos *qos = ovsrcu_get(struct dpdk_qos *, &dev->qos);
    size_t count = batch->count;
    uint64_t bytes = 0;
    unsigned int n = 0;

    for (size_t i = 0; i < count; i++) {
        struct dp_packet *p = batch->packets[i];
        struct rte_mbuf *m;

        if (OVS_UNLIKELY(is_too_big(dev, p))) {
            drop_too_big(dev, stats, p);
            continue;
        }

        if (OVS_LIKELY(dpdk_packet_is_mbuf(p))) {
            m = dpdk_packet_to_mbuf(p);
        } else {
            m = prepare_foreign(dev, txq, n, &p);
            if (OVS_UNLIKELY(!m)) {
                dpdk_counter_add(&stats->drops[DPDK_DROP_FAILURE], 1);
                dp_packet_delete(p);
                continue;
            }
        }
        if (OVS_UNLIKELY(!dpdk_packet_sync(p, m, dev->mtu))) {
            drop_invalid(dev, stats, p);
            continue;
        }
        bytes += p->size_;
        mbufs[n] = m;
        batch->packets[n++] = p;
    }
    if (OVS_UNLIKELY(qos)) {
        unsigned int n_passed = dpdk_qos_run(qos, batch->packets, mbufs, n,
                                             &bytes);

        dpdk_counter_add(&stats->drops[DPDK_DROP_QOS], n - n_passed);
        n = n_passed;
    }
    batch->count = n;
    *n_bytes = bytes;
    return n;
}

/* Takes the packets that are too large out of 'batch'. */
static void
filter_too_big(const struct dpdk_dev *dev, struct dpdk_queue_stats *stats,
               struct dp_packet_batch *batch)
{
    size_t n = 0;

    for (size_t i = 0; i < batch->count; i++) {
        struct dp_packet *p = batch->packets[i];

        if (is_too_big(dev, p)) {
            drop_too_big(dev, stats, p);
        } else {
            batch->packets[n++] = p;
        }
    }
    batch->count = n;
}

void
dpdk_dev_send_filter(struct dpdk_dev *dev, struct dpdk_queue_stats *stats,
                     struct dp_packet_batch *batch)
{
    struct dpdk_qos *qos = ovsrcu_get(struct dpdk_qos *, &dev->qos);
    uint32_t max_size = 0;

    for (size_t i = 0; i < batch->count; i++) {
        max_size = MAX(max_size, batch->packets[i]->size_);
    }
    if (OVS_UNLIKELY(max_size > dev->max_packet_len)) {
        filter_too_big(dev, stats, batch);
    }
    if (OVS_UNLIKELY(qos)) {
        struct rte_mbuf *mbufs[NETDEV_MAX_BURST] = { NULL };
        uint64_t bytes = 0;
        size_t n;

        n = dpdk_qos_run(qos, batch->packets, mbufs, batch->count, &bytes);
        dpdk_counter_add(&stats->drops[DPDK_DROP_QOS], batch->count - n);
        batch->count = n;
    }
}
