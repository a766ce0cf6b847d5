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

/* Control of ethdev ports.  Called by dpdk-eth.c, calls librte_ethdev. */

#include <config.h>

#include "dpdk-eth-port.h"

#include <errno.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "dpdk-log.h"
#include "packets.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* What a receive side scaling NIC spreads packets over its queues by. */
#define RSS_TYPES (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)

/* IANA ifType, ethernetCsmacd(6). */
#define IF_TYPE_ETHERNET "6"

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* Finds a port by its Ethernet address among those that DPDK knows. */
static int
find_by_mac(const char *mac_s, uint16_t *port_idp)
{
    struct eth_addr mac;
    uint16_t port_id;

    if (!eth_addr_from_string(mac_s, &mac)) {
        VLOG_ERR("invalid mac: %s", mac_s);
        return EINVAL;
    }
    RTE_ETH_FOREACH_DEV (port_id) {
        struct eth_addr port_mac;

        if (!dpdk_eth_port_get_mac(port_id, &port_mac)
            && eth_addr_equals(mac, port_mac)) {
            *port_idp = port_id;
            return 0;
        }
    }
    return ENODEV;
}

/* Finds a port by its devargs among those that DPDK knows. */
static bool
find_by_devargs(const char *devargs, uint16_t *port_idp)
{
    struct rte_dev_iterator iterator;
    uint16_t port_id;

    RTE_ETH_FOREACH_MATCHING_DEV (port_id, devargs, &iterator) {
        rte_eth_iterator_cleanup(&iterator);
        *port_idp = port_id;
        return true;
    }
    return false;
}

int
dpdk_eth_port_find(const char *devargs, uint16_t *port_id, bool *attached)
{
    static const char mac_prefix[] = "class=eth,mac=";
    int error;

    *attached = false;
    if (!strncmp(devargs, mac_prefix, strlen(mac_prefix))) {
        return find_by_mac(devargs + strlen(mac_prefix), port_id);
    }
    if (find_by_devargs(devargs, port_id)) {
        return 0;
    }

    error = -rte_dev_probe(devargs);
    if (error) {
        return error;
    }
    if (!find_by_devargs(devargs, port_id)) {
        return ENODEV;
    }
    *attached = true;
    VLOG_INFO("Device '%s' attached to DPDK", devargs);
    return 0;
}

bool
dpdk_eth_port_is_sibling(uint16_t a, uint16_t b)
{
    uint16_t port_id;

    RTE_ETH_FOREACH_DEV_SIBLING (port_id, a) {
        if (port_id == b) {
            return true;
        }
    }
    return false;
}

void
dpdk_eth_port_detach(const char *name, uint16_t port_id, bool shared)
{
    struct rte_eth_dev_info info;
    int error;

    /* The device has to be asked for before its port is closed. */
    error = -rte_eth_dev_info_get(port_id, &info);
    rte_eth_dev_close(port_id);
    if (!error && shared) {
        VLOG_INFO("Device '%s' has been removed", name);
        return;
    }
    if (!error) {
        error = -rte_dev_remove(info.device);
    }
    if (error) {
        VLOG_ERR("Device '%s' can not be detached: %s.",
                 name, rte_strerror(error));
    } else {
        VLOG_INFO("Device '%s' has been removed and detached", name);
    }
}

/* Configures 'port_id' with as many queues as in 'conf'. */
static int
port_configure_queues(uint16_t port_id, const struct rte_eth_dev_info *info,
                      const struct dpdk_eth_conf *conf)
{
    struct rte_eth_conf eth_conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE };

    eth_conf.intr_conf.lsc = conf->lsc_interrupt;
    eth_conf.rx_adv_conf.rss_conf.rss_hf = RSS_TYPES
                                           & info->flow_type_rss_offloads;
    if (conf->n_rxq > 1 && eth_conf.rx_adv_conf.rss_conf.rss_hf) {
        eth_conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    }

    return -rte_eth_dev_configure(port_id, conf->n_rxq, conf->n_txq,
                                  &eth_conf);
}

/* Configures 'port_id' with as many queues as in 'conf', or as many of both
 * kinds if the driver takes nothing else, as that of tap devices. */
static int
port_configure(const char *name, uint16_t port_id,
               const struct rte_eth_dev_info *info,
               struct dpdk_eth_conf *conf)
{
    int error;

    error = port_configure_queues(port_id, info, conf);
    if (error && conf->n_rxq != conf->n_txq) {
        conf->n_rxq = conf->n_txq = MIN(conf->n_rxq, conf->n_txq);
        VLOG_INFO("Retrying setup with (rxq:%d txq:%d)",
                  conf->n_rxq, conf->n_txq);
        error = port_configure_queues(port_id, info, conf);
    }
    if (error) {
        VLOG_WARN("Interface %s eth_dev setup error %s",
                  name, rte_strerror(error));
        return error;
    }

    error = -rte_eth_dev_set_mtu(port_id, conf->mtu);
    if (error == ENOTSUP) {
        VLOG_WARN("Interface %s does not support MTU configuration, "
                  "max packet size supported is %"PRIu32".",
                  name, info->max_rx_pktlen);
    } else if (error) {
        VLOG_ERR("Interface %s MTU (%d) setup error: %s",
                 name, conf->mtu, rte_strerror(error));
        return error;
    }
    return 0;
}

/* Sets up the queues of 'port_id'.  If one fails, stores the number of those
 * of its kind that did not in 'conf'. */
static int
port_setup_queues(const char *name, uint16_t port_id,
                  struct dpdk_eth_conf *conf)
{
    int error;

    for (int i = 0; i < conf->n_txq; i++) {
        error = -rte_eth_tx_queue_setup(port_id, i, conf->txq_size,
                                        conf->socket_id, NULL);
        if (error) {
            VLOG_INFO("Interface %s unable to setup txq(%d): %s",
                      name, i, rte_strerror(error));
            conf->n_txq = i;
            return error;
        }
    }
    for (int i = 0; i < conf->n_rxq; i++) {
        error = -rte_eth_rx_queue_setup(port_id, i, conf->rxq_size,
                                        conf->socket_id, NULL, conf->mp);
        if (error) {
            VLOG_INFO("Interface %s unable to setup rxq(%d): %s",
                      name, i, rte_strerror(error));
            conf->n_rxq = i;
            return error;
        }
    }
    return 0;
}

/* Configures 'port_id' and sets up its queues, with fewer of them if it has to
 * be. */
static int
port_setup(const char *name, uint16_t port_id,
           const struct rte_eth_dev_info *info, struct dpdk_eth_conf *conf)
{
    int error;

    conf->n_rxq = MIN(info->max_rx_queues, conf->n_rxq);
    conf->n_txq = MIN(info->max_tx_queues, conf->n_txq);
    for (;;) {
        error = port_configure(name, port_id, info, conf);
        if (error) {
            return error;
        }
        error = port_setup_queues(name, port_id, conf);
        if (!error || !conf->n_rxq || !conf->n_txq) {
            return error;
        }
        VLOG_INFO("Retrying setup with (rxq:%d txq:%d)",
                  conf->n_rxq, conf->n_txq);
    }
}

int
dpdk_eth_port_start(const char *name, uint16_t port_id,
                    struct dpdk_eth_conf *conf)
{
    struct rte_eth_dev_info info;
    int error;

    error = -rte_eth_dev_info_get(port_id, &info);
    if (error) {
        VLOG_ERR("Interface %s rte_eth_dev_info_get error: %s",
                 name, rte_strerror(error));
        return error;
    }

    error = port_setup(name, port_id, &info, conf);
    if (error) {
        VLOG_ERR("Interface %s(rxq:%d txq:%d lsc interrupt mode:%s) "
                 "configure error: %s", name, conf->n_rxq, conf->n_txq,
                 conf->lsc_interrupt ? "true" : "false", rte_strerror(error));
        return error;
    }

    error = -rte_eth_dev_start(port_id);
    if (error) {
        VLOG_ERR("Interface %s start error: %s", name, rte_strerror(error));
        return error;
    }

    /* A switch wants to see all frames.  Devices that cannot be told to show
     * them, do. */
    rte_eth_promiscuous_enable(port_id);
    rte_eth_allmulticast_enable(port_id);
    return 0;
}

void
dpdk_eth_port_stop(uint16_t port_id)
{
    rte_eth_dev_stop(port_id);
}

struct rte_eth_link
dpdk_eth_port_link(uint16_t port_id)
{
    struct rte_eth_link link;

    memset(&link, 0, sizeof link);
    rte_eth_link_get_nowait(port_id, &link);
    return link;
}

int
dpdk_eth_port_set_link(const char *name, uint16_t port_id, bool up)
{
    int error = -(up ? rte_eth_dev_set_link_up(port_id)
                  : rte_eth_dev_set_link_down(port_id));

    if (error == ENOTSUP) {
        VLOG_INFO("Interface %s does not support link state configuration",
                  name);
        return 0;
    }
    if (error) {
        VLOG_ERR("Interface %s link change error: %s",
                 name, rte_strerror(error));
    }
    return error;
}

int
dpdk_eth_port_get_mac(uint16_t port_id, struct eth_addr *mac)
{
    struct rte_ether_addr ea;
    int error = -rte_eth_macaddr_get(port_id, &ea);

    if (!error) {
        memcpy(mac->ea, ea.addr_bytes, ETH_ADDR_LEN);
    }
    return error;
}

int
dpdk_eth_port_set_mac(const char *name, uint16_t port_id, struct eth_addr mac)
{
    struct rte_ether_addr ea;
    int error;

    memcpy(ea.addr_bytes, mac.ea, ETH_ADDR_LEN);
    error = -rte_eth_dev_default_mac_addr_set(port_id, &ea);
    if (error) {
        VLOG_WARN("%s: Failed to set requested mac("ETH_ADDR_FMT"): %s",
                  name, ETH_ADDR_ARGS(mac), rte_strerror(error));
    }
    return error;
}

enum netdev_features
dpdk_eth_port_features(const struct rte_eth_link *link)
{
    bool full = link->link_duplex == RTE_ETH_LINK_FULL_DUPLEX;
    enum netdev_features features = 0;

    switch (link->link_speed) {
    case RTE_ETH_SPEED_NUM_10M:
        features = full ? NETDEV_F_10MB_FD : NETDEV_F_10MB_HD;
        break;
    case RTE_ETH_SPEED_NUM_100M:
        features = full ? NETDEV_F_100MB_FD : NETDEV_F_100MB_HD;
        break;
    case RTE_ETH_SPEED_NUM_1G:
        features = full ? NETDEV_F_1GB_FD : NETDEV_F_1GB_HD;
        break;
    case RTE_ETH_SPEED_NUM_10G:
        features = NETDEV_F_10GB_FD;
        break;
    case RTE_ETH_SPEED_NUM_40G:
        features = NETDEV_F_40GB_FD;
        break;
    case RTE_ETH_SPEED_NUM_100G:
        features = NETDEV_F_100GB_FD;
        break;
    default:
        break;
    }
    if (link->link_autoneg) {
        features |= NETDEV_F_AUTONEG;
    }
    return features;
}

/* Returns the name of the speed of 'link' as Interface:status shows it. */
static const char *
link_speed_name(const struct rte_eth_link *link)
{
    static const struct {
        uint32_t speed;
        const char *name;
    } speeds[] = {
        { RTE_ETH_SPEED_NUM_10M, "10Mbps" },
        { RTE_ETH_SPEED_NUM_100M, "100Mbps" },
        { RTE_ETH_SPEED_NUM_1G, "1Gbps" },
        { RTE_ETH_SPEED_NUM_2_5G, "2.5Gbps" },
        { RTE_ETH_SPEED_NUM_5G, "5Gbps" },
        { RTE_ETH_SPEED_NUM_10G, "10Gbps" },
        { RTE_ETH_SPEED_NUM_20G, "20Gbps" },
        { RTE_ETH_SPEED_NUM_25G, "25Gbps" },
        { RTE_ETH_SPEED_NUM_40G, "40Gbps" },
        { RTE_ETH_SPEED_NUM_50G, "50Gbps" },
        { RTE_ETH_SPEED_NUM_56G, "56Gbps" },
        { RTE_ETH_SPEED_NUM_100G, "100Gbps" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(speeds); i++) {
        if (speeds[i].speed == link->link_speed) {
            return speeds[i].name;
        }
    }
    return "Not Defined";
}

int
dpdk_eth_port_status(uint16_t port_id, uint32_t max_packet_len,
                     const struct rte_eth_link *link, struct smap *status)
{
    struct rte_eth_dev_info info;
    const char *bus_info;

    if (rte_eth_dev_info_get(port_id, &info)) {
        return ENODEV;
    }

    smap_add_format(status, "port_no", "%"PRIu16, port_id);
    smap_add_format(status, "numa_id", "%d", rte_eth_dev_socket_id(port_id));
    smap_add(status, "driver_name", info.driver_name);
    smap_add_format(status, "min_rx_bufsize", "%"PRIu32, info.min_rx_bufsize);
    smap_add_format(status, "max_rx_pktlen", "%"PRIu32, max_packet_len);
    smap_add_format(status, "max_rx_queues", "%"PRIu16, info.max_rx_queues);
    smap_add_format(status, "max_tx_queues", "%"PRIu16, info.max_tx_queues);
    smap_add_format(status, "max_mac_addrs", "%"PRIu32, info.max_mac_addrs);
    smap_add_format(status, "max_hash_mac_addrs", "%"PRIu32,
                    info.max_hash_mac_addrs);
    smap_add_format(status, "max_vfs", "%"PRIu16, info.max_vfs);
    smap_add_format(status, "max_vmdq_pools", "%"PRIu16, info.max_vmdq_pools);
    smap_add(status, "if_type", IF_TYPE_ETHERNET);
    smap_add_format(status, "if_descr", "%s %s",
                    rte_version(), info.driver_name);
    bus_info = rte_dev_bus_info(info.device);
    smap_add_format(status, "bus_info", "bus_name=%s%s%s",
                    rte_bus_name(rte_dev_bus(info.device)),
                    bus_info ? ", " : "", bus_info ? bus_info : "");
    smap_add(status, "link_speed", link_speed_name(link));
    return 0;
}

int
dpdk_eth_port_stats(uint16_t port_id, struct netdev_stats *stats)
{
    struct rte_eth_stats eth;

    if (rte_eth_stats_get(port_id, &eth)) {
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
    return 0;
}
