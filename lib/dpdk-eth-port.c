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

/* Control of ethdev ports.  Called by the other dpdk-eth*.c, calls
 * librte_ethdev. */

#include <config.h>

#include "dpdk-eth-port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_errno.h>

#include "dpdk-eal-log.h"
#include "dpdk-log.h"
#include "netdev-provider.h"
#include "openvswitch/thread.h"
#include "packets.h"
#include "userspace-tso.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* What a receive side scaling NIC spreads packets over its queues by. */
#define RSS_TYPES (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)

struct ovs_mutex dpdk_eth_port_mutex = OVS_MUTEX_INITIALIZER;

bool
dpdk_eth_conf_equal(const struct dpdk_eth_conf *a,
                    const struct dpdk_eth_conf *b)
{
    return a->n_rxq == b->n_rxq
           && a->n_txq == b->n_txq
           && a->rxq_size == b->rxq_size
           && a->txq_size == b->txq_size
           && a->mtu == b->mtu
           && a->lsc_interrupt == b->lsc_interrupt
           && a->socket_id == b->socket_id;
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

/* Returns the receive offloads to ask for of 'port_id', a device like 'info',
 * for the given 'mtu'. */
static uint64_t
rx_offloads(uint16_t port_id, const struct rte_eth_dev_info *info, int mtu)
{
    uint64_t offloads = 0;

    /* Nobody reads the CRC, so it is not asked for, unlike in-tree: a driver
     * and a device that disagree about it, such as those of the e1000e that
     * QEMU emulates, cost the last bytes of each packet. */
    if (strstr(info->driver_name, "vf")) {
        VLOG_INFO("Virtual function detected, HW_CRC_STRIP will be enabled");
    }

    if ((info->rx_offload_capa & DPDK_ETH_RX_CSUM) == DPDK_ETH_RX_CSUM) {
        offloads |= DPDK_ETH_RX_CSUM;
    } else {
        VLOG_WARN("Rx checksum offload is not supported on port %"PRIu16,
                  port_id);
    }

    if (mtu > RTE_ETHER_MTU) {
        offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
    }
    return offloads;
}

/* What the core can leave to a device. */
static const struct {
    uint64_t eth;               /* RTE_ETH_TX_OFFLOAD_*. */
    uint64_t netdev;            /* NETDEV_TX_OFFLOAD_*. */
} tx_offload_map[] = {
    { RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, NETDEV_TX_OFFLOAD_IPV4_CKSUM },
    { RTE_ETH_TX_OFFLOAD_TCP_CKSUM, NETDEV_TX_OFFLOAD_TCP_CKSUM },
    { RTE_ETH_TX_OFFLOAD_UDP_CKSUM, NETDEV_TX_OFFLOAD_UDP_CKSUM },
    { RTE_ETH_TX_OFFLOAD_SCTP_CKSUM, NETDEV_TX_OFFLOAD_SCTP_CKSUM },
    { RTE_ETH_TX_OFFLOAD_TCP_TSO, NETDEV_TX_OFFLOAD_TCP_TSO },
};

uint64_t
dpdk_eth_port_ol_flags(uint64_t tx_offloads)
{
    uint64_t ol_flags = 0;

    for (size_t i = 0; i < ARRAY_SIZE(tx_offload_map); i++) {
        if (tx_offloads & tx_offload_map[i].eth) {
            ol_flags |= tx_offload_map[i].netdev;
        }
    }
    return ol_flags;
}

/* Returns the RTE_ETH_TX_OFFLOAD_* to configure a device with that has those
 * in 'info'.  What it lacks the core does in software. */
static uint64_t
port_tx_offloads(const char *name, const struct rte_eth_dev_info *info)
{
    const uint64_t tso = RTE_ETH_TX_OFFLOAD_TCP_TSO
                         | RTE_ETH_TX_OFFLOAD_TCP_CKSUM
                         | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
    const uint64_t l4_cksums = RTE_ETH_TX_OFFLOAD_TCP_CKSUM
                               | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    uint64_t offloads = 0;

    if (!userspace_tso_enabled()) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tx_offload_map); i++) {
        offloads |= info->tx_offload_capa & tx_offload_map[i].eth;
    }
    if (offloads & l4_cksums && !strcmp(info->driver_name, "net_tap")) {
        /* The driver's checksums are wrong. */
        VLOG_INFO("%s: disabled Tx L4 checksum offloads for a net/tap port.",
                  name);
        offloads &= ~l4_cksums;
    }
    if ((offloads & tso) != tso) {
        /* Segments need checksums. */
        VLOG_WARN("%s: Tx TSO offload is not supported.", name);
        offloads &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
    }
    return offloads;
}

/* Configures 'port_id' with as many queues as in 'conf'. */
static int
port_configure_queues(uint16_t port_id, const struct rte_eth_dev_info *info,
                      const struct dpdk_eth_conf *conf)
{
    struct rte_eth_conf eth_conf = { .rxmode.mq_mode = RTE_ETH_MQ_RX_NONE };

    eth_conf.intr_conf.lsc = conf->lsc_interrupt;
    eth_conf.intr_conf.rmv = !!(*info->dev_flags & RTE_ETH_DEV_INTR_RMV);
    eth_conf.rxmode.offloads = conf->rx_offloads;
    eth_conf.txmode.offloads = conf->tx_offloads;
    eth_conf.rx_adv_conf.rss_conf.rss_hf = RSS_TYPES
                                           & info->flow_type_rss_offloads;
    if (eth_conf.rx_adv_conf.rss_conf.rss_hf) {
        eth_conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    }

    return -rte_eth_dev_configure(port_id, conf->n_rxq, conf->n_txq,
                                  &eth_conf);
}

/* Stores in '*whyp' the sentence from 'format', the meaning of 'error', and
 * what DPDK had to say about it. */
static void OVS_PRINTF_FORMAT(3, 4)
set_why(char **whyp, int error, const char *format, ...)
{
    va_list args;
    char log[256];
    char *what;

    va_start(args, format);
    what = xvasprintf(format, args);
    va_end(args);
    dpdk_eal_log_take_error(log, sizeof log);
    *whyp = xasprintf("%s: %s%s%s%s", what, rte_strerror(error),
                      log[0] ? " (" : "", log, log[0] ? ")" : "");
    free(what);
}

/* Forgets what DPDK has logged by now: it is not why something fails later. */
static void
forget_errors(void)
{
    char log[256];

    dpdk_eal_log_take_error(log, sizeof log);
}

/* Starts over with fewer queues. */
static void
prepare_retry(const struct dpdk_eth_conf *conf)
{
    VLOG_INFO("Retrying setup with (rxq:%d txq:%d)", conf->n_rxq, conf->n_txq);
    forget_errors();
}

/* Configures 'port_id' with as many queues as in 'conf', or as many of both
 * kinds if the driver takes nothing else, as that of tap devices. */
static int
port_configure(const char *name, uint16_t port_id,
               const struct rte_eth_dev_info *info,
               struct dpdk_eth_conf *conf, char **whyp)
{
    int error;

    error = port_configure_queues(port_id, info, conf);
    if (error && conf->n_rxq != conf->n_txq) {
        conf->n_rxq = conf->n_txq = MIN(conf->n_rxq, conf->n_txq);
        prepare_retry(conf);
        error = port_configure_queues(port_id, info, conf);
    }
    if (error) {
        VLOG_WARN("Interface %s eth_dev setup error %s",
                  name, rte_strerror(error));
        set_why(whyp, error, "the driver refuses n_rxq=%d, n_txq=%d, "
                "dpdk-lsc-interrupt=%s", conf->n_rxq, conf->n_txq,
                conf->lsc_interrupt ? "true" : "false");
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
        set_why(whyp, error, "the driver refuses MTU %d", conf->mtu);
        return error;
    }
    return 0;
}

/* Sets up the queues of 'port_id'.  If one fails, stores the number of those
 * of its kind that did not in 'conf'. */
static int
port_setup_queues(const char *name, uint16_t port_id,
                  struct dpdk_eth_conf *conf, char **whyp)
{
    int error;

    for (int i = 0; i < conf->n_txq; i++) {
        error = -rte_eth_tx_queue_setup(port_id, i, conf->txq_size,
                                        conf->socket_id, NULL);
        if (error) {
            VLOG_INFO("Interface %s unable to setup txq(%d): %s",
                      name, i, rte_strerror(error));
            if (!i) {
                set_why(whyp, error, "the driver refuses a transmit queue "
                        "of %d descriptors", conf->txq_size);
            }
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
            if (!i) {
                set_why(whyp, error, "the driver refuses a receive queue "
                        "of %d descriptors", conf->rxq_size);
            }
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
           const struct rte_eth_dev_info *info, struct dpdk_eth_conf *conf,
           char **whyp)
{
    int error;

    conf->n_rxq = MIN(info->max_rx_queues, conf->n_rxq);
    conf->n_txq = MIN(info->max_tx_queues, conf->n_txq);
    conf->tx_offloads = port_tx_offloads(name, info);
    for (;;) {
        error = port_configure(name, port_id, info, conf, whyp);
        if (error) {
            return error;
        }
        error = port_setup_queues(name, port_id, conf, whyp);
        if (!error || !conf->n_rxq || !conf->n_txq) {
            return error;
        }
        prepare_retry(conf);
    }
}

static int
port_start(const char *name, uint16_t port_id, struct dpdk_eth_conf *conf,
           char **whyp)
{
    struct rte_eth_dev_info info;
    int error;

    error = -rte_eth_dev_info_get(port_id, &info);
    if (error) {
        VLOG_ERR("Interface %s rte_eth_dev_info_get error: %s",
                 name, rte_strerror(error));
        set_why(whyp, error, "the device does not tell what it can do");
        return error;
    }

    conf->rx_offloads = rx_offloads(port_id, &info, conf->mtu);
    error = port_setup(name, port_id, &info, conf, whyp);
    if (error) {
        VLOG_ERR("Interface %s(rxq:%d txq:%d lsc interrupt mode:%s) "
                 "configure error: %s", name, conf->n_rxq, conf->n_txq,
                 conf->lsc_interrupt ? "true" : "false", rte_strerror(error));
        return error;
    }

    error = -rte_eth_dev_start(port_id);
    if (error) {
        VLOG_ERR("Interface %s start error: %s", name, rte_strerror(error));
        set_why(whyp, error, "the device does not start");
        return error;
    }

    /* A switch wants to see all frames.  Devices that cannot be told to show
     * them, do. */
    rte_eth_promiscuous_enable(port_id);
    rte_eth_allmulticast_enable(port_id);
    return 0;
}

/* Logs the Ethernet address of 'port_id'. */
static void
log_mac(uint16_t port_id)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);
    struct eth_addr mac;

    if (!dpdk_eth_port_get_mac(port_id, &mac)) {
        VLOG_INFO_RL(&rl, "Port %"PRIu16": "ETH_ADDR_FMT,
                     port_id, ETH_ADDR_ARGS(mac));
    }
}

int
dpdk_eth_port_start(const char *name, uint16_t port_id,
                    struct dpdk_eth_conf *conf, char **whyp)
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    int error;

    forget_errors();
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = port_start(name, port_id, conf, whyp);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    if (!error) {
        log_mac(port_id);
    }
    return error;
}

void
dpdk_eth_port_stop(uint16_t port_id) OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    rte_eth_dev_stop(port_id);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
}

int
dpdk_eth_port_reset(uint16_t port_id) OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    int error;

    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = -rte_eth_dev_reset(port_id);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    return error;
}

void
dpdk_eth_port_close(uint16_t port_id) OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    rte_eth_dev_close(port_id);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
}

int
dpdk_eth_port_remove(uint16_t port_id) OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    uint16_t siblings[RTE_MAX_ETHPORTS];
    struct rte_eth_dev_info info;
    size_t n = 0;
    uint16_t i;
    int error;

    ovs_mutex_lock(&dpdk_eth_port_mutex);
    /* The device has to be asked for before its ports are closed. */
    error = -rte_eth_dev_info_get(port_id, &info);
    if (!error) {
        RTE_ETH_FOREACH_DEV_SIBLING (i, port_id) {
            siblings[n++] = i;
        }
        while (n > 0) {
            rte_eth_dev_close(siblings[--n]);
        }
        error = -rte_dev_remove(info.device);
    }
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    return error;
}

int
dpdk_eth_port_link(uint16_t port_id, struct rte_eth_link *link)
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    int error;

    memset(link, 0, sizeof *link);
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = -rte_eth_link_get_nowait(port_id, link);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    return error;
}

int
dpdk_eth_port_set_link(const char *name, uint16_t port_id, bool up)
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    int error;

    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = -(up ? rte_eth_dev_set_link_up(port_id)
              : rte_eth_dev_set_link_down(port_id));
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
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
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    struct rte_ether_addr ea;
    int error;

    memcpy(ea.addr_bytes, mac.ea, ETH_ADDR_LEN);
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = -rte_eth_dev_default_mac_addr_set(port_id, &ea);
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    if (error) {
        VLOG_WARN("%s: Failed to set requested mac("ETH_ADDR_FMT"): %s",
                  name, ETH_ADDR_ARGS(mac), rte_strerror(error));
    }
    return error;
}

bool
dpdk_eth_port_is_representor(uint16_t port_id)
{
    struct rte_eth_dev_info info;

    return !rte_eth_dev_info_get(port_id, &info)
           && *info.dev_flags & RTE_ETH_DEV_REPRESENTOR;
}

int
dpdk_eth_port_flow_ctrl(uint16_t port_id, enum rte_eth_fc_mode mode,
                        bool autoneg)
    OVS_EXCLUDED(dpdk_eth_port_mutex)
{
    struct rte_eth_fc_conf fc;
    int error;

    memset(&fc, 0, sizeof fc);
    ovs_mutex_lock(&dpdk_eth_port_mutex);
    error = -rte_eth_dev_flow_ctrl_get(port_id, &fc);
    if (!error && (fc.mode != mode || fc.autoneg != autoneg)) {
        fc.mode = mode;
        fc.autoneg = autoneg;
        if (rte_eth_dev_flow_ctrl_set(port_id, &fc)) {
            VLOG_WARN("Failed to enable flow control on device %"PRIu16,
                      port_id);
        }
    }
    ovs_mutex_unlock(&dpdk_eth_port_mutex);
    return error;
}
