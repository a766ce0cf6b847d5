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

/* The class "dpdk": life, state and reconfiguration of its ports.  Called by
 * the core through the class; calls the other dpdk-eth*.c and dpdk-dev.c. */

#include <config.h>

#include "dpdk-eth.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "dpdk-dev-qos.h"
#include "dpdk-eth-attach.h"
#include "dpdk-eth-config.h"
#include "dpdk-eth-events.h"
#include "dpdk-eth-port.h"
#include "dpdk-eth-rxtx.h"
#include "dpdk-eth-stats.h"
#include "dpdk-eth-status.h"
#include "dpdk-log.h"
#include "dpdk-mempool.h"
#include "if-notifier.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* Tells the packet side whether it may use the device. */
static void
eth_publish(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    atomic_store_relaxed(&eth->usable,
                         eth->started && eth->dev.flags & NETDEV_UP);
}

static int
eth_init(void)
{
    dpdk_eth_events_init();
    return 0;
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
            found = eth->present && eth->port_id == port_id;
            ovs_mutex_unlock(&dev->mutex);
            if (found) {
                return eth;
            }
        }
    }
    return NULL;
}

/* Acts on what 'port_id' has reported.  Returns false if the device has been
 * pulled out, and no port uses it, so that it can go. */
static bool
eth_handle_events(uint16_t port_id) OVS_EXCLUDED(dpdk_mutex)
{
    bool removed = dpdk_eth_events_take_removal(port_id);
    bool reset = dpdk_eth_events_take_reset(port_id);
    struct dpdk_eth *eth;

    if (!removed && !reset) {
        return true;
    }
    ovs_mutex_lock(&dpdk_mutex);
    eth = eth_lookup(port_id);
    if (eth) {
        ovs_mutex_lock(&eth->dev.mutex);
        if (removed) {
            eth->removed = true;
        } else {
            VLOG_DBG("%s: Device reset requested.", eth->dev.name);
            eth->reset_needed = true;
        }
        netdev_request_reconfigure(&eth->dev.up);
        ovs_mutex_unlock(&eth->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);
    return eth || !removed;
}

static void
eth_run(const struct netdev_class *class OVS_UNUSED)
{
    uint16_t unused[RTE_MAX_ETHPORTS];
    uint16_t port_id;
    size_t n = 0;

    if (!dpdk_eth_events_run()) {
        return;
    }
    RTE_ETH_FOREACH_DEV (port_id) {
        if (!eth_handle_events(port_id)) {
            unused[n++] = port_id;
        }
    }
    while (n > 0) {
        dpdk_eth_attach_let_go(unused[--n]);
    }
}

static void
eth_wait(const struct netdev_class *class OVS_UNUSED)
{
    dpdk_eth_events_wait();
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

static void
eth_destruct(struct netdev *netdev) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    dpdk_dev_unlink(&eth->dev);
    if (eth->present) {
        if (eth->started) {
            dpdk_eth_port_stop(eth->port_id);
        }
        dpdk_eth_attach_release(eth, eth->removed);
    }
    dpdk_eth_stats_clear(&eth->xstats);
    free(eth->devargs);
    free(eth->run_error);
    free(eth->mac_error);
    free(eth->config_error);
    dpdk_dev_uninit(&eth->dev);
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
    eth->mac_requested = true;
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
    *current = dpdk_eth_status_features(&eth->link);
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
    if (eth->present) {
        error = dpdk_eth_stats_get(&eth->xstats, eth->port_id, stats);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return error;
}

static int
eth_get_custom_stats(const struct netdev *netdev,
                     struct netdev_custom_stats *custom)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);

    dpdk_dev_get_custom_stats(netdev, custom);
    ovs_mutex_lock(&eth->dev.mutex);
    if (eth->present) {
        dpdk_eth_stats_get_custom(&eth->xstats, eth->port_id, custom);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}

static int
eth_get_status(const struct netdev *netdev, struct smap *status)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    int error = ENODEV;

    ovs_mutex_lock(&eth->dev.mutex);
    if (eth->present) {
        error = dpdk_eth_status_get(eth->port_id, eth->dev.max_packet_len,
                                    &eth->link, status);
    }
    if (!error && dpdk_eth_port_is_representor(eth->port_id)) {
        smap_add_format(status, "dpdk-vf-mac", ETH_ADDR_FMT,
                        ETH_ADDR_ARGS(eth->dev.hwaddr));
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
            dpdk_eth_events_look();
            netdev_change_seq_changed(netdev);
        }
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return error;
}

/* Returns the requested configuration. */
static struct dpdk_eth_conf
eth_request(const struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    return (struct dpdk_eth_conf) {
        .n_rxq = eth->dev.requested_n_rxq,
        .n_txq = eth->dev.requested_n_txq,
        .rxq_size = eth->requested_rxq_size,
        .txq_size = eth->requested_txq_size,
        .mtu = eth->dev.requested_mtu,
        .lsc_interrupt = eth->requested_lsc_interrupt,
        .socket_id = eth->dev.requested_socket_id,
    };
}

/* Takes over the Ethernet address of the device, which may be another one than
 * before it was reset: whoever owns the PF may have changed that of a VF. */
static void
eth_read_mac(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_dev *dev = &eth->dev;

    if (!dpdk_eth_port_get_mac(eth->port_id, &dev->hwaddr)
        && !eth->mac_requested) {
        dev->requested_hwaddr = dev->hwaddr;
    }
}

/* Starts the device with the configuration 'request', for which it has the
 * memory.  Returns 0, or a positive errno and stores why in '*whyp'. */
static int
eth_start(struct dpdk_eth *eth, const struct dpdk_eth_conf *request,
          char **whyp) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_eth_conf conf = *request;
    int error;

    conf.mp = eth->dev.mp;
    error = dpdk_eth_port_start(eth->dev.name, eth->port_id, &conf, whyp);
    if (error) {
        return error;
    }
    eth->conf = conf;
    eth->accepted = *request;
    eth->started = true;
    eth_read_mac(eth);
    eth->dev.up.ol_flags = dpdk_eth_port_ol_flags(conf.tx_offloads);
    dpdk_dev_apply_queues(&eth->dev, conf.n_rxq, conf.n_txq, false);
    dpdk_eth_stats_start(&eth->xstats, eth->port_id);

    /* Drivers may forget it when they start. */
    dpdk_eth_port_flow_ctrl(eth->port_id, eth->fc_mode, eth->fc_autoneg);
    return 0;
}

/* Stops the device, or resets it if it has asked for that. */
static void
eth_stop(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    int error;

    eth->started = false;
    eth_publish(eth);
    if (!eth->reset_needed) {
        dpdk_eth_port_stop(eth->port_id);
        return;
    }

    eth->reset_needed = false;
    error = dpdk_eth_port_reset(eth->port_id);
    if (error) {
        VLOG_ERR("%s: the device can not be reset: %s",
                 eth->dev.name, rte_strerror(error));
    }
    /* Nobody else tells those who watch interfaces. */
    if_notifier_manual_report();
}

/* Moves the port to a pool for 'conf'.  Returns 0, or a positive errno,
 * changes nothing, and stores why in '*whyp'. */
static int
eth_apply_pool(struct dpdk_eth *eth, const struct dpdk_eth_conf *conf,
               char **whyp) OVS_REQUIRES(eth->dev.mutex)
{
    const struct dpdk_mempool_request request = {
        .name = eth->dev.name,
        .mtu = conf->mtu,
        .socket_id = conf->socket_id,
        .n_rxq = conf->n_rxq,
        .rxq_size = conf->rxq_size,
        .n_txq = conf->n_txq,
        .txq_size = conf->txq_size,
    };

    return dpdk_dev_apply_pool(&eth->dev, &request, whyp);
}

/* Makes the device run as 'conf' says.  Returns 0, or a positive errno and
 * stores why in '*whyp'.  Then the device runs on if there is no memory for
 * 'conf', else it does not run any more. */
static int
eth_try_conf(struct dpdk_eth *eth, const struct dpdk_eth_conf *conf,
             char **whyp) OVS_REQUIRES(eth->dev.mutex)
{
    char *why = NULL;
    int error;

    error = eth_apply_pool(eth, conf, whyp);
    if (error) {
        return error;
    }
    if (eth->started || eth->reset_needed) {
        eth_stop(eth);
    }
    error = eth_start(eth, conf, &why);
    if (error) {
        *whyp = xasprintf("could not be configured: %s", why);
        free(why);
    }
    return error;
}

/* Makes the device, which did run, run on after 'request' was refused: with
 * the MTU of before, if that is what was wrong, or else with all that it had
 * before. */
static void
eth_fall_back(struct dpdk_eth *eth, const struct dpdk_eth_conf *request)
    OVS_REQUIRES(eth->dev.mutex)
{
    const struct dpdk_eth_conf before = eth->accepted;
    bool short_of_memory = eth->dev.short_of_memory;
    struct dpdk_eth_conf rest = *request;
    char *why = NULL;

    rest.mtu = before.mtu;
    if (rest.mtu != request->mtu && !dpdk_eth_conf_equal(&rest, &before)) {
        eth_try_conf(eth, &rest, &why);
    }

    /* A device that needs a reset is dead until it gets that, whether there is
     * memory for something else or not. */
    if (!eth->started || eth->reset_needed) {
        free(why);
        why = NULL;
        eth_try_conf(eth, &before, &why);
    }
    free(why);
    eth->dev.short_of_memory = short_of_memory;
}

/* Applies the requested Ethernet address to the device, which runs. */
static void
eth_apply_mac(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_dev *dev = &eth->dev;
    int error;

    free(eth->mac_error);
    eth->mac_error = NULL;
    if (eth_addr_equals(dev->hwaddr, dev->requested_hwaddr)) {
        return;
    }
    error = dpdk_eth_port_set_mac(dev->name, eth->port_id,
                                  dev->requested_hwaddr);
    if (error) {
        eth->mac_error = xasprintf("Failed to set requested mac("ETH_ADDR_FMT
                                   "): %s",
                                   ETH_ADDR_ARGS(dev->requested_hwaddr),
                                   rte_strerror(error));
    } else {
        dev->hwaddr = dev->requested_hwaddr;
    }
}

/* Makes the device run as 'request' says, or else as before if it did run.
 * Returns 0 or a positive errno. */
static int
eth_apply_conf(struct dpdk_eth *eth, const struct dpdk_eth_conf *request)
    OVS_REQUIRES(eth->dev.mutex)
{
    const struct dpdk_eth_conf before = eth->accepted;
    bool was_started = eth->started;
    char *why = NULL;
    int error;

    error = eth_try_conf(eth, request, &why);
    if (error && was_started) {
        eth_fall_back(eth, request);
    }
    eth_publish(eth);

    free(eth->run_error);
    eth->run_error = NULL;
    eth->has_refused = error != 0;
    if (error) {
        eth->refused = *request;
        eth->run_error = xasprintf(
            "%s%s", why, !eth->started ? ""
            : dpdk_eth_conf_equal(&eth->accepted, &before)
            ? ", the previous configuration runs on"
            : ", the previous MTU stays, everything else is applied");
    }
    free(why);
    return error;
}

/* Applies what is requested of 'eth', or what it can of that.  Returns 0 if
 * the device runs then, else a positive errno. */
static int
eth_apply(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_eth_conf request = eth_request(eth);
    bool settled = eth->started && !eth->reset_needed;
    bool refused = eth->has_refused && !eth->dev.short_of_memory
                   && dpdk_eth_conf_equal(&request, &eth->refused);
    int error = 0;

    if (settled && dpdk_eth_conf_equal(&request, &eth->accepted)) {
        /* What was refused is not asked for any more. */
        eth->has_refused = false;
        free(eth->run_error);
        eth->run_error = NULL;
    } else if (!settled || !refused) {
        error = eth_apply_conf(eth, &request);
    }
    if (eth->started) {
        eth_apply_mac(eth);
    }
    dpdk_eth_config_show_error(eth);
    return eth->started ? 0 : error;
}

/* Lets the device go, which somebody has pulled out. */
static void
eth_let_go(struct dpdk_eth *eth) OVS_EXCLUDED(eth->dev.mutex)
{
    ovs_mutex_lock(&eth->dev.mutex);
    if (eth->started) {
        eth->reset_needed = false;
        eth_stop(eth);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    dpdk_eth_attach_release(eth, true);

    ovs_mutex_lock(&eth->dev.mutex);
    eth->removed = false;
    memset(&eth->link, 0, sizeof eth->link);
    eth->link_resets++;
    dpdk_eth_stats_clear(&eth->xstats);
    free(eth->mac_error);
    eth->mac_error = NULL;
    free(eth->run_error);
    eth->run_error = xasprintf("the device '%s' has been pulled out, put it "
                               "back, then delete the port and add it again",
                               eth->devargs);
    dpdk_eth_config_show_error(eth);
    ovs_mutex_unlock(&eth->dev.mutex);
}

static int
eth_reconfigure(struct netdev *netdev)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    bool present, removed;
    int error = 0;

    ovs_mutex_lock(&eth->dev.mutex);
    present = eth->present;
    removed = eth->removed;
    if (present && !removed) {
        error = eth_apply(eth);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    if (present && removed) {
        eth_let_go(eth);
    } else if (present && !error) {
        dpdk_eth_events_check_link(eth);
    }
    netdev_change_seq_changed(netdev);
    return error;
}

const struct netdev_class dpdk_eth_class = {
    .type = "dpdk",
    DPDK_DEV_CLASS_COMMON,
    DPDK_DEV_QOS_CLASS,
    .init = eth_init,
    .run = eth_run,
    .wait = eth_wait,
    .alloc = eth_alloc,
    .construct = eth_construct,
    .destruct = eth_destruct,
    .get_config = dpdk_eth_config_get,
    .set_config = dpdk_eth_config_set,
    .set_tx_multiq = eth_set_tx_multiq,
    .send = dpdk_eth_send,
    .set_etheraddr = eth_set_etheraddr,
    .get_carrier = eth_get_carrier,
    .get_carrier_resets = eth_get_carrier_resets,
    .get_stats = eth_get_stats,
    .get_custom_stats = eth_get_custom_stats,
    .get_features = eth_get_features,
    .get_status = eth_get_status,
    .update_flags = eth_update_flags,
    .reconfigure = eth_reconfigure,
    .rxq_recv = dpdk_eth_rxq_recv,
};
