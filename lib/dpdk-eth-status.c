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

/* What the database and OpenFlow show of a NIC.  Called by dpdk-eth.c, calls
 * librte_ethdev. */

#include <config.h>

#include "dpdk-eth-status.h"

#include <errno.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_version.h>

#include "smap.h"
#include "util.h"

/* IANA ifType, ethernetCsmacd(6). */
#define IF_TYPE_ETHERNET "6"

enum netdev_features
dpdk_eth_status_features(const struct rte_eth_link *link)
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
    case RTE_ETH_SPEED_NUM_NONE:
    case RTE_ETH_SPEED_NUM_UNKNOWN:
        break;
    default:
        features = NETDEV_F_OTHER;
        break;
    }
    if (link->link_autoneg) {
        features |= NETDEV_F_AUTONEG;
    }
    return features;
}

const char *
dpdk_eth_status_speed(const struct rte_eth_link *link)
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
dpdk_eth_status_get(uint16_t port_id, uint32_t max_packet_len,
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
    smap_add(status, "link_speed", dpdk_eth_status_speed(link));
    return 0;
}
