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

/* What a NIC counts.  Called by dpdk-eth.c, calls librte_ethdev and
 * dpdk-stats.c. */

#include <config.h>

#include "dpdk-eth-stats.h"

#include <ctype.h>
#include <errno.h>
#include <rte_ethdev.h>
#include <string.h>

#include "dpdk-eth-port.h"
#include "dpdk-log.h"
#include "dpdk-stats.h"
#include "openvswitch/netdev.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

uint64_t *
dpdk_eth_stats_member(struct netdev_stats *stats, const char *name)
{
    const struct {
        const char *name;
        uint64_t *member;
    } members[] = {
        { "rx_multicast_packets", &stats->multicast },
        { "tx_multicast_packets", &stats->tx_multicast_packets },
        { "rx_broadcast_packets", &stats->rx_broadcast_packets },
        { "tx_broadcast_packets", &stats->tx_broadcast_packets },
        { "rx_undersized_errors", &stats->rx_undersized_errors },
        { "rx_oversize_errors", &stats->rx_oversize_errors },
        { "rx_fragmented_errors", &stats->rx_fragmented_errors },
        { "rx_jabber_errors", &stats->rx_jabber_errors },
        { "rx_size_64_packets", &stats->rx_1_to_64_packets },
        { "rx_size_65_to_127_packets", &stats->rx_65_to_127_packets },
        { "rx_size_128_to_255_packets", &stats->rx_128_to_255_packets },
        { "rx_size_256_to_511_packets", &stats->rx_256_to_511_packets },
        { "rx_size_512_to_1023_packets", &stats->rx_512_to_1023_packets },
        { "rx_size_1024_to_1522_packets", &stats->rx_1024_to_1522_packets },
        { "rx_size_1523_to_max_packets", &stats->rx_1523_to_max_packets },
        { "tx_size_64_packets", &stats->tx_1_to_64_packets },
        { "tx_size_65_to_127_packets", &stats->tx_65_to_127_packets },
        { "tx_size_128_to_255_packets", &stats->tx_128_to_255_packets },
        { "tx_size_256_to_511_packets", &stats->tx_256_to_511_packets },
        { "tx_size_512_to_1023_packets", &stats->tx_512_to_1023_packets },
        { "tx_size_1024_to_1522_packets", &stats->tx_1024_to_1522_packets },
        { "tx_size_1523_to_max_packets", &stats->tx_1523_to_max_packets },
    };

    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if (!strcmp(name, members[i].name)) {
            return members[i].member;
        }
    }
    return NULL;
}

/* Returns true if 'name' counts the packets or bytes of a queue. */
static bool
is_of_queue(const char *name)
{
    const char *end;

    if ((name[0] != 'r' && name[0] != 't') || strncmp(name + 1, "x_q", 3)
        || !isdigit((unsigned char) name[4])) {
        return false;
    }
    end = name + 4 + strspn(name + 4, "0123456789");
    return !strcmp(end, "_packets") || !strcmp(end, "_bytes");
}

bool
dpdk_eth_stats_is_custom(const char *name)
{
    /* Keys of Interface:statistics that every port has anyhow. */
    static const char *const standard[] = {
        "rx_errors", "tx_errors", "rx_dropped", "tx_dropped",
        "rx_missed_errors",
    };

    for (size_t i = 0; i < ARRAY_SIZE(standard); i++) {
        if (!strcmp(name, standard[i])) {
            return false;
        }
    }
    return is_of_queue(name)
           || string_ends_with(name, "_errors")
           || string_ends_with(name, "_dropped")
           || strstr(name, "_management_");
}

void
dpdk_eth_stats_clear(struct dpdk_eth_xstats *xstats)
{
    for (size_t i = 0; i < xstats->n; i++) {
        free(xstats->xstats[i].name);
    }
    free(xstats->xstats);
    free(xstats->ids);
    memset(xstats, 0, sizeof *xstats);
}

/* Adds the statistic 'id', with that 'name', to 'xstats', if it is of
 * interest. */
static void
add(struct dpdk_eth_xstats *xstats, uint64_t id, const char *name)
{
    struct netdev_stats stats;
    bool custom = !dpdk_eth_stats_member(&stats, name);

    if (!custom || dpdk_eth_stats_is_custom(name)) {
        xstats->xstats[xstats->n].name = xstrdup(name);
        xstats->xstats[xstats->n].custom = custom;
        xstats->ids[xstats->n++] = id;
    }
}

/* Calls rte_eth_xstats_get_names(). */
static int
get_names(uint16_t port_id, struct rte_eth_xstat_name *names, int n)
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    int retval;

    ovs_mutex_lock(&dpdk_eth_port_mutex);
    retval = rte_eth_xstats_get_names(port_id, names, n);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    return retval;
}

void
dpdk_eth_stats_start(struct dpdk_eth_xstats *xstats, uint16_t port_id)
{
    struct rte_eth_xstat_name *names;
    int n;

    dpdk_eth_stats_clear(xstats);
    n = get_names(port_id, NULL, 0);
    if (n < 0) {
        VLOG_WARN_RL(&rl, "Cannot get XSTATS for port: %"PRIu16, port_id);
        return;
    }
    if (!n) {
        return;
    }

    names = xcalloc(n, sizeof *names);
    if (get_names(port_id, names, n) != n) {
        VLOG_WARN_RL(&rl, "Cannot get XSTATS names for port: %"PRIu16,
                     port_id);
    } else {
        xstats->xstats = xcalloc(n, sizeof *xstats->xstats);
        xstats->ids = xcalloc(n, sizeof *xstats->ids);
        for (int i = 0; i < n; i++) {
            add(xstats, i, names[i].name);
        }
    }
    free(names);
}

/* Returns the values of 'xstats', to be freed by the caller, or NULL if there
 * are none. */
static uint64_t *
get_values(const struct dpdk_eth_xstats *xstats, uint16_t port_id)
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    uint64_t *values;
    int n;

    if (!xstats->n) {
        return NULL;
    }
    values = xcalloc(xstats->n, sizeof *values);
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    n = rte_eth_xstats_get_by_id(port_id, xstats->ids, values, xstats->n);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    if (n != xstats->n) {
        VLOG_WARN_RL(&rl, "Cannot get XSTATS values for port: %"PRIu16,
                     port_id);
        free(values);
        return NULL;
    }
    return values;
}

int
dpdk_eth_stats_get(const struct dpdk_eth_xstats *xstats, uint16_t port_id,
                   struct netdev_stats *stats)
{
    struct rte_eth_stats eth;
    uint64_t *values;
    int error;

    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = rte_eth_stats_get(port_id, &eth);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    if (error) {
        VLOG_ERR_RL(&rl, "Can't get ETH statistics for port: %"PRIu16,
                    port_id);
        return EPROTO;
    }
    stats->rx_packets = eth.ipackets;
    stats->tx_packets = eth.opackets;
    stats->rx_bytes = eth.ibytes;
    stats->tx_bytes = eth.obytes;
    stats->rx_errors = eth.ierrors;
    stats->tx_errors = eth.oerrors;
    stats->rx_missed_errors = eth.imissed;
    stats->rx_dropped += eth.rx_nombuf + eth.imissed;

    values = get_values(xstats, port_id);
    for (size_t i = 0; values && i < xstats->n; i++) {
        if (!xstats->xstats[i].custom) {
            *dpdk_eth_stats_member(stats, xstats->xstats[i].name) = values[i];
        }
    }
    free(values);
    return 0;
}

void
dpdk_eth_stats_get_custom(const struct dpdk_eth_xstats *xstats,
                          uint16_t port_id, struct netdev_custom_stats *custom)
{
    uint64_t *values = get_values(xstats, port_id);

    if (!values) {
        return;
    }
    custom->counters = xrealloc(custom->counters, (custom->size + xstats->n)
                                * sizeof *custom->counters);
    for (size_t i = 0; i < xstats->n; i++) {
        if (xstats->xstats[i].custom) {
            dpdk_stats_add_custom(custom, xstats->xstats[i].name, values[i]);
        }
    }
    free(values);
}
