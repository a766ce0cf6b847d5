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

/* Statistics of vhost-user ports.  Called by dpdk-vhost.c and
 * dpdk-vhost-events.c; calls dpdk-dev.c, dpdk-stats.c and librte_vhost. */

#include <config.h>

/* For statistics of vrings, which are experimental before DPDK 23.07. */
#define ALLOW_EXPERIMENTAL_API

#include "dpdk-vhost-stats.h"

#include <rte_vhost.h>

#include "util.h"

/* Names of statistics for sizes, without "_packets". */
static const char *const size_names[DPDK_N_SIZES] = {
    [DPDK_SIZE_UNDERSIZE] = "undersize",
    [DPDK_SIZE_64] = "size_64",
    [DPDK_SIZE_65_127] = "size_65_127",
    [DPDK_SIZE_128_255] = "size_128_255",
    [DPDK_SIZE_256_511] = "size_256_511",
    [DPDK_SIZE_512_1023] = "size_512_1023",
    [DPDK_SIZE_1024_1518] = "size_1024_1518",
    [DPDK_SIZE_1519_MAX] = "size_1519_max",
};

/* How many statistics a queue has. */
#define N_QUEUE_STATS (DPDK_N_SIZES + 9)

/* What librte_vhost counts of a vring's use of the IOMMU. */
struct iotlb_stats {
    uint64_t hits;
    uint64_t misses;
};

/* Sets the statistics for sizes and destinations of one direction, whose
 * first ones 'bins' points to, from 'sum'. */
static void
set_bins(const struct dpdk_stats_sum *sum, uint64_t *bins[7])
{
    *bins[0] = sum->sizes[DPDK_SIZE_UNDERSIZE] + sum->sizes[DPDK_SIZE_64];
    for (int i = 1; i < 7; i++) {
        *bins[i] = sum->sizes[DPDK_SIZE_64 + i];
    }
}

void
dpdk_vhost_stats_get(const struct dpdk_vhost *vhost,
                     struct netdev_stats *stats)
    OVS_REQUIRES(vhost->dev.mutex)
{
    struct dpdk_stats_sum rx = { .packets = 0 };
    struct dpdk_stats_sum tx = { .packets = 0 };
    uint64_t *rx_bins[] = {
        &stats->rx_1_to_64_packets, &stats->rx_65_to_127_packets,
        &stats->rx_128_to_255_packets, &stats->rx_256_to_511_packets,
        &stats->rx_512_to_1023_packets, &stats->rx_1024_to_1522_packets,
        &stats->rx_1523_to_max_packets,
    };
    uint64_t *tx_bins[] = {
        &stats->tx_1_to_64_packets, &stats->tx_65_to_127_packets,
        &stats->tx_128_to_255_packets, &stats->tx_256_to_511_packets,
        &stats->tx_512_to_1023_packets, &stats->tx_1024_to_1522_packets,
        &stats->tx_1523_to_max_packets,
    };

    dpdk_dev_get_sw_stats(&vhost->dev, true, stats);
    dpdk_stats_sum(vhost->dev.rx_stats, vhost->dev.n_rx_stats, &rx);
    dpdk_stats_sum(vhost->dev.tx_stats, vhost->dev.n_tx_stats, &tx);

    set_bins(&rx, rx_bins);
    stats->multicast = rx.multicast;
    stats->rx_broadcast_packets = rx.broadcast;
    set_bins(&tx, tx_bins);
    stats->tx_multicast_packets = tx.multicast;
    stats->tx_broadcast_packets = tx.broadcast;
}

/* Returns what librte_vhost has counted for 'vring' of the guest of 'vhost'
 * since that connected. */
static struct iotlb_stats
get_iotlb(const struct dpdk_vhost *vhost, int vring)
    OVS_REQUIRES(vhost->dev.mutex)
{
    struct iotlb_stats iotlb = { .hits = 0 };
    struct rte_vhost_stat_name *names;
    struct rte_vhost_stat *values;
    int n;

    if (!vhost->counts_iotlb || vhost->vid < 0) {
        return iotlb;
    }
    n = rte_vhost_vring_stats_get_names(vhost->vid, vring, NULL, 0);
    if (n <= 0) {
        return iotlb;
    }

    names = xcalloc(n, sizeof *names);
    values = xcalloc(n, sizeof *values);
    if (rte_vhost_vring_stats_get_names(vhost->vid, vring, names, n) == n
        && rte_vhost_vring_stats_get(vhost->vid, vring, values, n) == n) {
        for (int i = 0; i < n; i++) {
            if (string_ends_with(names[i].name, "_iotlb_hits")) {
                iotlb.hits = values[i].value;
            } else if (string_ends_with(names[i].name, "_iotlb_misses")) {
                iotlb.misses = values[i].value;
            }
        }
    }
    free(names);
    free(values);
    return iotlb;
}

static void
add(struct netdev_custom_stats *custom, char direction, int qid,
    const char *name, const char *suffix, uint64_t value)
{
    struct netdev_custom_counter *counter = &custom->counters[custom->size++];

    snprintf(counter->name, sizeof counter->name, "%cx_q%d_%s%s", direction,
             qid, name, suffix);
    counter->value = value;
}

/* Adds the N_QUEUE_STATS statistics of the queue 'qid' in 'direction', 'r' or
 * 't', to 'custom': those in 'stats', and the current guest's 'iotlb'.
 * Nothing is ever in flight: we wait for each copy. */
static void
add_queue(struct netdev_custom_stats *custom, char direction, int qid,
          const struct dpdk_queue_stats *stats, struct iotlb_stats iotlb)
{
    add(custom, direction, qid, "good", "_packets",
        dpdk_counter_read(&stats->packets));
    add(custom, direction, qid, "good", "_bytes",
        dpdk_counter_read(&stats->bytes));
    add(custom, direction, qid, "multicast", "_packets",
        dpdk_counter_read(&stats->multicast));
    add(custom, direction, qid, "broadcast", "_packets",
        dpdk_counter_read(&stats->broadcast));
    for (int i = 0; i < DPDK_N_SIZES; i++) {
        add(custom, direction, qid, size_names[i], "_packets",
            dpdk_counter_read(&stats->sizes[i]));
    }
    add(custom, direction, qid, "guest", "_notifications",
        dpdk_counter_read(&stats->notifications));
    add(custom, direction, qid, "iotlb", "_hits",
        dpdk_counter_read(&stats->iotlb_hits) + iotlb.hits);
    add(custom, direction, qid, "iotlb", "_misses",
        dpdk_counter_read(&stats->iotlb_misses) + iotlb.misses);
    add(custom, direction, qid, "inflight", "_submitted", 0);
    add(custom, direction, qid, "inflight", "_completed", 0);
}

int
dpdk_vhost_stats_get_custom(const struct netdev *netdev,
                            struct netdev_custom_stats *custom)
{
    const struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);
    const struct dpdk_dev *dev = &vhost->dev;

    dpdk_dev_get_custom_stats(netdev, custom);

    ovs_mutex_lock(&vhost->dev.mutex);
    custom->counters = xrealloc(custom->counters,
                                (custom->size + DPDK_VHOST_N_FAULT_STATS
                                 + N_QUEUE_STATS
                                 * (netdev->n_rxq + netdev->n_txq))
                                * sizeof *custom->counters);
    dpdk_vhost_faults_get_custom_stats(&CONST_CAST(struct dpdk_vhost *,
                                                   vhost)->faults, custom);
    for (int i = 0; i < netdev->n_rxq; i++) {
        add_queue(custom, 'r', i, &dev->rx_stats[i],
                  get_iotlb(vhost, 2 * i + 1));
    }
    for (int i = 0; i < netdev->n_txq; i++) {
        add_queue(custom, 't', i, &dev->tx_stats[i], get_iotlb(vhost, 2 * i));
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}

void
dpdk_vhost_stats_keep(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    const struct dpdk_dev *dev = &vhost->dev;

    if (!vhost->counts_iotlb) {
        return;
    }
    for (int i = 0; i < dev->up.n_rxq; i++) {
        struct iotlb_stats iotlb = get_iotlb(vhost, 2 * i + 1);

        dpdk_counter_add(&dev->rx_stats[i].iotlb_hits, iotlb.hits);
        dpdk_counter_add(&dev->rx_stats[i].iotlb_misses, iotlb.misses);
    }
    for (int i = 0; i < dev->up.n_txq; i++) {
        struct iotlb_stats iotlb = get_iotlb(vhost, 2 * i);

        dpdk_counter_add(&dev->tx_stats[i].iotlb_hits, iotlb.hits);
        dpdk_counter_add(&dev->tx_stats[i].iotlb_misses, iotlb.misses);
    }
}
