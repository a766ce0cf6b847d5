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

/* The class "dpdk": life, configuration, link and status of its ports.  Called
 * by the core through the class; calls dpdk-eth-port.c, dpdk-dev.c and, for
 * packets, dpdk-eth-rxtx.c. */

#include <config.h>

#include "dpdk-eth.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "dpdk-dev-qos.h"
#include "dpdk-eth-port.h"
#include "dpdk-eth-rxtx.h"
#include "dpdk-log.h"
#include "dpdk-mempool.h"
#include "ovs-thread.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* Time between looks at the links, in seconds. */
#define LINK_INTERVAL 5

/* Tells the packet side whether it may use the device. */
static void
eth_publish(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    atomic_store_relaxed(&eth->usable,
                         eth->started && eth->dev.flags & NETDEV_UP);
}

/* Looks at the link and tells the core if it has changed. */
static void
eth_check_link(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct rte_eth_link link = dpdk_eth_port_link(eth->port_id);

    if (link.link_status == eth->link.link_status
        && link.link_speed == eth->link.link_speed
        && link.link_duplex == eth->link.link_duplex) {
        return;
    }
    if (link.link_status != eth->link.link_status) {
        eth->link_resets++;
    }
    eth->link = link;
    netdev_change_seq_changed(&eth->dev.up);
    if (link.link_status) {
        VLOG_DBG("Port %"PRIu16" Link Up - speed %"PRIu32" Mbps - %s",
                 eth->port_id, link.link_speed,
                 link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX
                 ? "full-duplex" : "half-duplex");
    } else {
        VLOG_DBG("Port %"PRIu16" Link Down", eth->port_id);
    }
}

/* The main function of WATCHDOG. */
static void *
eth_watchdog(void *aux OVS_UNUSED)
{
    pthread_detach(pthread_self());
    for (;;) {
        struct dpdk_dev *dev;

        ovs_mutex_lock(&dpdk_mutex);
        LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
            if (dev->up.netdev_class == &dpdk_eth_class) {
                struct dpdk_eth *eth = dpdk_eth_cast(&dev->up);

                ovs_mutex_lock(&eth->dev.mutex);
                if (eth->devargs) {
                    eth_check_link(eth);
                }
                ovs_mutex_unlock(&eth->dev.mutex);
            }
        }
        ovs_mutex_unlock(&dpdk_mutex);
        xsleep(LINK_INTERVAL);
    }
    return NULL;
}

static int
eth_init(void)
{
    ovs_thread_create("dpdk_watchdog", eth_watchdog, NULL);
    return 0;
}

static struct netdev *
eth_alloc(void)
{
    struct dpdk_eth *eth = xzalloc_cacheline(sizeof *eth);

    return &eth->dev.up;
}

static int
eth_construct(struct netdev *netdev) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    dpdk_dev_init(&eth->dev, rte_lcore_to_socket_id(rte_get_main_lcore()));
    atomic_init(&eth->usable, false);
    eth->requested_rxq_size = DPDK_DEFAULT_DESC;
    eth->requested_txq_size = DPDK_DEFAULT_DESC;
    dpdk_dev_link(&eth->dev);
    return 0;
}

/* Returns true if another of our ports uses the device of 'eth'. */
static bool
eth_is_shared(const struct dpdk_eth *eth) OVS_REQUIRES(dpdk_mutex)
{
    struct dpdk_dev *dev;

    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dev != &eth->dev && dev->up.netdev_class == &dpdk_eth_class) {
            struct dpdk_eth *other = dpdk_eth_cast(&dev->up);
            bool sibling;

            ovs_mutex_lock(&dev->mutex);
            sibling = other->devargs
                      && dpdk_eth_port_is_sibling(eth->port_id,
                                                  other->port_id);
            ovs_mutex_unlock(&dev->mutex);
            if (sibling) {
                return true;
            }
        }
    }
    return false;
}

static void
eth_destruct(struct netdev *netdev) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    dpdk_dev_unlink(&eth->dev);
    if (eth->devargs) {
        if (eth->started) {
            dpdk_eth_port_stop(eth->port_id);
        }
        if (eth->attached) {
            bool shared;

            ovs_mutex_lock(&dpdk_mutex);
            shared = eth_is_shared(eth);
            ovs_mutex_unlock(&dpdk_mutex);
            dpdk_eth_port_detach(eth->devargs, eth->port_id, shared);
        }
    }
    free(eth->devargs);
    dpdk_dev_uninit(&eth->dev);
}

/* Returns the number of descriptors that 'key' in 'args' asks for. */
static int
parse_desc(const struct smap *args, const char *key)
{
    int n = smap_get_int(args, key, DPDK_DEFAULT_DESC);

    return n > 0 && n <= DPDK_MAX_DESC && IS_POW2(n) ? n : DPDK_DEFAULT_DESC;
}

/* Returns the port that uses ethdev 'port_id', or NULL. */
static struct dpdk_eth *
eth_lookup(uint16_t port_id) OVS_REQUIRES(dpdk_mutex)
{
    struct dpdk_dev *dev;

    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dev->up.netdev_class == &dpdk_eth_class) {
            struct dpdk_eth *eth = dpdk_eth_cast(&dev->up);
            bool found;

            ovs_mutex_lock(&dev->mutex);
            found = eth->devargs && eth->port_id == port_id;
            ovs_mutex_unlock(&dev->mutex);
            if (found) {
                return eth;
            }
        }
    }
    return NULL;
}

/* Finds the device that 'devargs' names and makes it that of 'eth'. */
static int
eth_attach(struct dpdk_eth *eth, const char *devargs, char **errp)
    OVS_REQUIRES(dpdk_mutex) OVS_EXCLUDED(eth->dev.mutex)
{
    const char *name = eth->dev.name;
    struct dpdk_eth *owner;
    uint16_t port_id;
    bool attached;
    int error;

    error = dpdk_eth_port_find(devargs, &port_id, &attached);
    if (error) {
        VLOG_WARN_BUF(errp, "Error attaching device '%s' to DPDK: %s",
                      devargs, rte_strerror(error));
        return EINVAL;
    }
    owner = eth_lookup(port_id);
    if (owner) {
        VLOG_WARN_BUF(errp, "'%s' is trying to use device '%s' which is "
                      "already in use by '%s'",
                      name, devargs, owner->dev.name);
        return EADDRINUSE;
    }

    ovs_mutex_lock(&eth->dev.mutex);
    eth->port_id = port_id;
    eth->attached = attached;
    eth->devargs = xstrdup(devargs);
    eth->dev.requested_socket_id = MAX(rte_eth_dev_socket_id(port_id), 0);
    dpdk_eth_port_get_mac(port_id, &eth->dev.hwaddr);
    eth->dev.requested_hwaddr = eth->dev.hwaddr;
    eth->link = dpdk_eth_port_link(port_id);
    netdev_request_reconfigure(&eth->dev.up);
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

/* The options of a port. */
static const char *const known_options[] = {
    "dpdk-devargs",
    "dpdk-lsc-interrupt",
    "n_rxq",
    "n_rxq_desc",
    "n_txq_desc",
    NULL
};

static int
eth_set_config(struct netdev *netdev, const struct smap *args, char **errp)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    const char *devargs = smap_get_def(args, "dpdk-devargs", "");
    bool lsc = smap_get_bool(args, "dpdk-lsc-interrupt", false);
    int rxq_size = parse_desc(args, "n_rxq_desc");
    int txq_size = parse_desc(args, "n_txq_desc");
    bool has_device;
    bool same;

    if (!devargs[0]) {
        VLOG_WARN_BUF(errp, "'%s' is missing 'options:dpdk-devargs'. "
                      "The old 'dpdk<port_id>' names are not supported",
                      netdev_get_name(netdev));
        return EINVAL;
    }

    ovs_mutex_lock(&eth->dev.mutex);
    has_device = eth->devargs != NULL;
    same = has_device && !strcmp(eth->devargs, devargs);
    ovs_mutex_unlock(&eth->dev.mutex);
    if (has_device && !same) {
        /* The core closes the port and opens it again. */
        return EAGAIN;
    }
    if (!has_device) {
        int error;

        ovs_mutex_lock(&dpdk_mutex);
        error = eth_attach(eth, devargs, errp);
        ovs_mutex_unlock(&dpdk_mutex);
        if (error) {
            return error;
        }
    }

    ovs_mutex_lock(&eth->dev.mutex);
    dpdk_dev_warn_options(&eth->dev, args, known_options);
    dpdk_dev_request_n_rxq(&eth->dev, args);
    dpdk_dev_request(&eth->dev, &eth->requested_rxq_size, rxq_size);
    dpdk_dev_request(&eth->dev, &eth->requested_txq_size, txq_size);
    if (eth->requested_lsc_interrupt != lsc) {
        eth->requested_lsc_interrupt = lsc;
        netdev_request_reconfigure(netdev);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

static int
eth_get_config(const struct netdev *netdev, struct smap *args)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    dpdk_dev_get_config(netdev, args);
    ovs_mutex_lock(&eth->dev.mutex);
    smap_add_format(args, "requested_rxq_descriptors", "%d",
                    eth->requested_rxq_size);
    smap_add_format(args, "configured_rxq_descriptors", "%d",
                    eth->conf.rxq_size);
    smap_add_format(args, "requested_txq_descriptors", "%d",
                    eth->requested_txq_size);
    smap_add_format(args, "configured_txq_descriptors", "%d",
                    eth->conf.txq_size);
    smap_add(args, "lsc_interrupt_mode",
             eth->conf.lsc_interrupt ? "true" : "false");
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

static int
eth_set_tx_multiq(struct netdev *netdev, unsigned int n_txq)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    ovs_mutex_lock(&eth->dev.mutex);
    dpdk_dev_request(&eth->dev, &eth->dev.requested_n_txq, n_txq);
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

static int
eth_set_etheraddr(struct netdev *netdev, const struct eth_addr mac)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    ovs_mutex_lock(&eth->dev.mutex);
    if (!eth_addr_equals(eth->dev.requested_hwaddr, mac)) {
        eth->dev.requested_hwaddr = mac;
        netdev_request_reconfigure(netdev);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

static int
eth_get_carrier(const struct netdev *netdev, bool *carrier)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    ovs_mutex_lock(&eth->dev.mutex);
    if (eth->devargs) {
        eth_check_link(eth);
    }
    *carrier = eth->link.link_status;
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

static long long int
eth_get_carrier_resets(const struct netdev *netdev)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    long long int link_resets;

    ovs_mutex_lock(&eth->dev.mutex);
    link_resets = eth->link_resets;
    ovs_mutex_unlock(&eth->dev.mutex);

    return link_resets;
}

static int
eth_get_features(const struct netdev *netdev, enum netdev_features *current,
                 enum netdev_features *advertised,
                 enum netdev_features *supported, enum netdev_features *peer)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    ovs_mutex_lock(&eth->dev.mutex);
    *current = dpdk_eth_port_features(&eth->link);
    ovs_mutex_unlock(&eth->dev.mutex);
    *advertised = *supported = *peer = 0;

    return 0;
}

static int
eth_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    int error = EPROTO;

    ovs_mutex_lock(&eth->dev.mutex);
    dpdk_dev_get_sw_stats(&eth->dev, false, stats);
    if (eth->devargs) {
        eth_check_link(eth);
        error = dpdk_eth_port_stats(eth->port_id, stats);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return error;
}

static int
eth_get_status(const struct netdev *netdev, struct smap *status)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    int error = ENODEV;

    ovs_mutex_lock(&eth->dev.mutex);
    if (eth->devargs) {
        error = dpdk_eth_port_status(eth->port_id, eth->dev.max_packet_len,
                                     &eth->link, status);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return error;
}

static int
eth_update_flags(struct netdev *netdev, enum netdev_flags off,
                 enum netdev_flags on, enum netdev_flags *old_flagsp)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    enum netdev_flags new_flags;
    int error;

    ovs_mutex_lock(&eth->dev.mutex);
    error = dpdk_dev_new_flags(&eth->dev, off, on, old_flagsp, &new_flags);
    if (!error && new_flags != eth->dev.flags) {
        if (eth->started && (new_flags ^ eth->dev.flags) & NETDEV_UP) {
            error = dpdk_eth_port_set_link(eth->dev.name, eth->port_id,
                                           new_flags & NETDEV_UP);
        }
        if (!error) {
            eth->dev.flags = new_flags;
            eth_publish(eth);
            netdev_change_seq_changed(netdev);
        }
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return error;
}

/* Moves the port to a pool for its requested configuration, see
 * dpdk_dev_apply_pool(). */
static int
eth_apply_pool(struct dpdk_eth *eth, char **whyp)
    OVS_REQUIRES(eth->dev.mutex)
{
    return dpdk_dev_apply_pool(&eth->dev, eth->requested_rxq_size,
                               eth->requested_txq_size, whyp);
}

/* Starts the device with the requested configuration and the applied MTU, NUMA
 * node and pool.  Returns 0 or a positive errno. */
static int
eth_start(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_eth_conf conf;
    int error;

    conf.n_rxq = eth->dev.requested_n_rxq;
    conf.n_txq = eth->dev.requested_n_txq;
    conf.rxq_size = eth->requested_rxq_size;
    conf.txq_size = eth->requested_txq_size;
    conf.mtu = eth->dev.mtu;
    conf.lsc_interrupt = eth->requested_lsc_interrupt;
    conf.socket_id = eth->dev.socket_id;
    conf.mp = eth->dev.mp;
    error = dpdk_eth_port_start(eth->dev.name, eth->port_id, &conf);
    if (error) {
        return error;
    }
    eth->conf = conf;
    eth->started = true;
    dpdk_dev_apply_queues(&eth->dev, conf.n_rxq, conf.n_txq, false);
    return 0;
}

/* Goes back to the configuration before a failed reconfiguration. */
static int
eth_restart(struct dpdk_eth *eth, const struct dpdk_eth_conf *conf)
    OVS_REQUIRES(eth->dev.mutex)
{
    char *why = NULL;
    int error;

    eth->dev.requested_mtu = conf->mtu;
    eth->dev.requested_n_rxq = conf->n_rxq;
    eth->dev.requested_n_txq = conf->n_txq;
    eth->dev.requested_socket_id = conf->socket_id;
    eth->requested_rxq_size = conf->rxq_size;
    eth->requested_txq_size = conf->txq_size;
    eth->requested_lsc_interrupt = conf->lsc_interrupt;

    error = eth_apply_pool(eth, &why);
    free(why);
    return error ? error : eth_start(eth);
}

/* Returns true if the device runs as requested, apart from what depends on its
 * pool. */
static bool
eth_device_is_current(const struct dpdk_eth *eth)
    OVS_REQUIRES(eth->dev.mutex)
{
    const struct dpdk_dev *dev = &eth->dev;

    return eth->started
           && dev->up.n_rxq == dev->requested_n_rxq
           && dev->up.n_txq == dev->requested_n_txq
           && eth->conf.rxq_size == eth->requested_rxq_size
           && eth->conf.txq_size == eth->requested_txq_size
           && eth->conf.lsc_interrupt == eth->requested_lsc_interrupt
           && eth_addr_equals(dev->hwaddr, dev->requested_hwaddr);
}

/* Returns true if the port runs as requested. */
static bool
eth_is_current(const struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    return eth_device_is_current(eth)
           && eth->dev.mtu == eth->dev.requested_mtu
           && eth->dev.socket_id == eth->dev.requested_socket_id;
}

/* Applies the requested Ethernet address. */
static void
eth_apply_mac(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_dev *dev = &eth->dev;

    if (!eth_addr_equals(dev->hwaddr, dev->requested_hwaddr)) {
        if (!dpdk_eth_port_set_mac(dev->name, eth->port_id,
                                   dev->requested_hwaddr)) {
            dev->hwaddr = dev->requested_hwaddr;
        } else {
            dev->requested_hwaddr = dev->hwaddr;
        }
    }
}

/* Makes the device run with the requested configuration, or, if that fails,
 * with the previous one.  Returns 0, or a positive errno and sets '*whyp' to
 * what failed. */
static int
eth_apply(struct dpdk_eth *eth, char **whyp) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_eth_conf old = eth->conf;
    bool was_started = eth->started;
    int error;

    if (was_started) {
        eth->started = false;
        eth_publish(eth);
        dpdk_eth_port_stop(eth->port_id);
    }

    error = eth_start(eth);
    if (error) {
        free(*whyp);
        *whyp = xasprintf("could not be configured: %s", rte_strerror(error));
        if (was_started) {
            eth_restart(eth, &old);
        }
    }
    return error;
}

static int
eth_reconfigure(struct netdev *netdev)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    char *why = NULL;
    int error = 0;

    ovs_mutex_lock(&eth->dev.mutex);
    if (eth_is_current(eth)) {
        dpdk_dev_clear_error(&eth->dev);
        goto out;
    }

    /* Without memory for another MTU, the device does not stop for it. */
    error = eth_apply_pool(eth, &why);
    if (!error || (eth->started && !eth_device_is_current(eth))) {
        error = eth_apply(eth, &why);
    }
    if (why) {
        dpdk_dev_set_error(&eth->dev, "%s%s", why, eth->started
                           ? ", the previous configuration runs on" : "");
        free(why);
    } else {
        dpdk_dev_clear_error(&eth->dev);
    }
    if (eth->started) {
        error = 0;
        eth_apply_mac(eth);
        eth_publish(eth);
        eth_check_link(eth);
    }
    netdev_change_seq_changed(netdev);

out:
    ovs_mutex_unlock(&eth->dev.mutex);
    return error;
}

const struct netdev_class dpdk_eth_class = {
    .type = "dpdk",
    DPDK_DEV_CLASS_COMMON,
    DPDK_DEV_QOS_CLASS,
    .init = eth_init,
    .alloc = eth_alloc,
    .construct = eth_construct,
    .destruct = eth_destruct,
    .get_config = eth_get_config,
    .set_config = eth_set_config,
    .set_tx_multiq = eth_set_tx_multiq,
    .send = dpdk_eth_send,
    .set_etheraddr = eth_set_etheraddr,
    .get_carrier = eth_get_carrier,
    .get_carrier_resets = eth_get_carrier_resets,
    .get_stats = eth_get_stats,
    .get_features = eth_get_features,
    .get_status = eth_get_status,
    .update_flags = eth_update_flags,
    .reconfigure = eth_reconfigure,
    .rxq_recv = dpdk_eth_rxq_recv,
};
