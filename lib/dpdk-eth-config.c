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

/* The options of a "dpdk" port.  Called by the core through the class, calls
 * dpdk-eth-attach.c and dpdk-eth-port.c. */

#include <config.h>

#include "dpdk-eth-config.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "dpdk-eth.h"
#include "dpdk-eth-attach.h"
#include "dpdk-eth-events.h"
#include "dpdk-eth-port.h"
#include "dpdk-log.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* All options of a port. */
static const char *const known_options[] = {
    "dpdk-devargs",
    "dpdk-lsc-interrupt",
    "dpdk-vf-mac",
    "flow-ctrl-autoneg",
    "n_rxq",
    "n_rxq_desc",
    "n_txq_desc",
    "rx-flow-ctrl",
    "tx-flow-ctrl",
    NULL
};

/* What the options ask for. */
struct options {
    int n_rxq;
    int rxq_size;
    int txq_size;
    bool lsc_interrupt;
    bool has_flow_ctrl;         /* Is there one of the options for this? */
    enum rte_eth_fc_mode fc_mode;
    bool fc_autoneg;
    struct eth_addr vf_mac;     /* All-zeros if there is none. */
};

/* Returns the number of descriptors that 'key' in 'args' asks for, as close as
 * a device with limits 'lim' comes to that.  'what' and 'current', the number
 * asked for before, are for the log. */
static int
parse_desc(const char *name, const struct smap *args, const char *key,
           const char *what, const struct rte_eth_desc_lim *lim, int current)
{
    int wanted = smap_get_int(args, key, DPDK_DEFAULT_DESC);
    int n = wanted;

    if (n <= 0 || n > DPDK_MAX_DESC || !IS_POW2(n)) {
        n = DPDK_DEFAULT_DESC;
    }
    if (lim->nb_align) {
        n = ROUND_UP(n, lim->nb_align);
    }
    if (lim->nb_max) {
        n = MIN(n, lim->nb_max);
    }
    n = MAX(n, lim->nb_min);
    if (n != wanted) {
        VLOG(n != current ? VLL_INFO : VLL_DBG,
             "%s: Unable to set the number of %s descriptors to %d. "
             "Adjusted to %d.", name, what, wanted, n);
    }
    return n;
}

/* Returns the flow control mode that 'args' asks for.  To let the receive side
 * control the flow is to send pause frames. */
static enum rte_eth_fc_mode
parse_fc_mode(const struct smap *args)
{
    bool rx = smap_get_bool(args, "rx-flow-ctrl", false);
    bool tx = smap_get_bool(args, "tx-flow-ctrl", false);

    return rx && tx ? RTE_ETH_FC_FULL
           : rx ? RTE_ETH_FC_TX_PAUSE
           : tx ? RTE_ETH_FC_RX_PAUSE
           : RTE_ETH_FC_NONE;
}

/* Returns the MAC address of the VF behind 'eth' that 'args' asks for, or
 * all-zeros if there is none. */
static struct eth_addr
parse_vf_mac(const struct dpdk_eth *eth, const struct smap *args,
             bool representor)
{
    const char *vf_mac = smap_get(args, "dpdk-vf-mac");
    const char *name = eth->dev.name;
    struct eth_addr mac;

    if (!vf_mac) {
        return eth_addr_zero;
    }
    if (!representor) {
        VLOG_WARN("'%s' is trying to set the VF MAC '%s' but "
                  "'options:dpdk-vf-mac' is only supported for VF "
                  "representors.", name, vf_mac);
    } else if (!eth_addr_from_string(vf_mac, &mac)) {
        VLOG_WARN("interface '%s': cannot parse VF MAC '%s'.", name, vf_mac);
    } else if (eth_addr_is_multicast(mac)) {
        VLOG_WARN("interface '%s': cannot set VF MAC to multicast address "
                  "'%s'.", name, vf_mac);
    } else {
        return mac;
    }
    return eth_addr_zero;
}

/* Stores in '*options' what 'args' asks of 'eth', a device like 'info'. */
static void
parse(struct dpdk_eth *eth, const struct smap *args,
      const struct rte_eth_dev_info *info, struct options *options)
    OVS_REQUIRES(eth->dev.mutex)
{
    const char *name = eth->dev.name;

    options->n_rxq = MAX(smap_get_int(args, "n_rxq", 1), 1);
    options->rxq_size = parse_desc(name, args, "n_rxq_desc", "rx",
                                   &info->rx_desc_lim,
                                   eth->requested_rxq_size);
    options->txq_size = parse_desc(name, args, "n_txq_desc", "tx",
                                   &info->tx_desc_lim,
                                   eth->requested_txq_size);
    options->lsc_interrupt = smap_get_bool(args, "dpdk-lsc-interrupt", false);
    options->has_flow_ctrl = smap_get(args, "rx-flow-ctrl")
                             || smap_get(args, "tx-flow-ctrl")
                             || smap_get(args, "flow-ctrl-autoneg");
    options->fc_mode = parse_fc_mode(args);
    options->fc_autoneg = smap_get_bool(args, "flow-ctrl-autoneg", false);
    options->vf_mac = parse_vf_mac(eth, args, *info->dev_flags
                                   & RTE_ETH_DEV_REPRESENTOR);
}

/* Makes the device of 'eth' control the flow as 'options' say.  Returns 0 or a
 * positive errno. */
static int
apply_flow_ctrl(struct dpdk_eth *eth, const struct options *options)
    OVS_REQUIRES(eth->dev.mutex)
{
    int error = dpdk_eth_port_flow_ctrl(eth->port_id, options->fc_mode,
                                        options->fc_autoneg);

    if (error == ENOTSUP) {
        if (options->has_flow_ctrl) {
            VLOG_WARN("%s: Flow control is not supported.", eth->dev.name);
        }
        return 0;
    }
    if (!error) {
        eth->fc_mode = options->fc_mode;
        eth->fc_autoneg = options->fc_autoneg;
    }
    return error;
}

/* Stores what 'options' ask for, for "reconfigure" to apply. */
static void
request(struct dpdk_eth *eth, const struct options *options)
    OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_dev *dev = &eth->dev;

    dpdk_dev_request(&eth->dev, &dev->requested_n_rxq, options->n_rxq);
    dpdk_dev_request(&eth->dev, &eth->requested_rxq_size, options->rxq_size);
    dpdk_dev_request(&eth->dev, &eth->requested_txq_size, options->txq_size);
    if (eth->requested_lsc_interrupt != options->lsc_interrupt) {
        eth->requested_lsc_interrupt = options->lsc_interrupt;
        netdev_request_reconfigure(&dev->up);
    }
    if (!eth_addr_equals(eth->vf_mac, options->vf_mac)) {
        /* Without the option, the address stays as it is. */
        dev->requested_hwaddr = eth_addr_is_zero(options->vf_mac)
                                ? dev->hwaddr : options->vf_mac;
        eth->vf_mac = options->vf_mac;
        eth->mac_requested = !eth_addr_is_zero(options->vf_mac);
        netdev_request_reconfigure(&dev->up);
    }
}

/* Checks what 'args' asks of 'eth', which has a device, and stores it.
 * Returns NULL if successful, else what is wrong, to be freed by the caller,
 * and stores nothing. */
static char *
configure(struct dpdk_eth *eth, const struct smap *args)
    OVS_REQUIRES(eth->dev.mutex)
{
    const char *name = eth->dev.name;
    struct rte_eth_dev_info info;
    struct options options;
    int error;

    error = -rte_eth_dev_info_get(eth->port_id, &info);
    if (error) {
        return xasprintf("%s: Failed to get device info: %s",
                         name, rte_strerror(error));
    }
    parse(eth, args, &info, &options);
    if (options.lsc_interrupt && !(*info.dev_flags & RTE_ETH_DEV_INTR_LSC)) {
        return xasprintf("'%s': link status interrupt is not supported.",
                         name);
    }
    error = apply_flow_ctrl(eth, &options);
    if (error) {
        return xasprintf("%s: Cannot get flow control parameters: %s",
                         name, rte_strerror(error));
    }
    request(eth, &options);
    return NULL;
}

/* Initialises what follows from the device that 'eth' has just got. */
static void
take_device(struct dpdk_eth *eth) OVS_REQUIRES(eth->dev.mutex)
{
    struct dpdk_dev *dev = &eth->dev;

    dpdk_eth_events_take_reset(eth->port_id);
    dpdk_eth_events_take_removal(eth->port_id);
    dev->requested_socket_id = MAX(rte_eth_dev_socket_id(eth->port_id), 0);
    dpdk_eth_port_get_mac(eth->port_id, &dev->hwaddr);
    dev->requested_hwaddr = dev->hwaddr;
    netdev_request_reconfigure(&dev->up);
}

int
dpdk_eth_config_set(struct netdev *netdev, const struct smap *args,
                    char **errp)
{
    struct dpdk_eth *eth = dpdk_eth_cast(netdev);
    const char *devargs = smap_get_def(args, "dpdk-devargs", "");
    char *wrong = NULL;
    bool running;
    int error;

    if (!devargs[0]) {
        VLOG_WARN_BUF(errp, "'%s' is missing 'options:dpdk-devargs'. "
                      "The old 'dpdk<port_id>' names are not supported",
                      netdev_get_name(netdev));
        return EINVAL;
    }
    if (!eth->devargs) {
        error = dpdk_eth_attach(eth, devargs, errp);
        if (error) {
            return error;
        }
        ovs_mutex_lock(&eth->dev.mutex);
        take_device(eth);
        ovs_mutex_unlock(&eth->dev.mutex);
    } else if (strcmp(eth->devargs, devargs)) {
        /* The core closes the port and opens it again. */
        return EAGAIN;
    }

    dpdk_dev_warn_options(&eth->dev, args, known_options);
    ovs_mutex_lock(&eth->dev.mutex);
    running = eth->started;
    if (eth->present) {
        wrong = configure(eth, args);
        free(eth->config_error);
        /* dpdk_dev_set_error() names the port itself. */
        eth->config_error = wrong && running
                            ? xasprintf("the options are not applied, those "
                                        "of before stay: %s",
                                        strstr(wrong, ": ") + 2)
                            : NULL;
        dpdk_eth_config_show_error(eth);
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    if (wrong && !running) {
        VLOG_WARN_BUF(errp, "%s", wrong);
        free(wrong);
        return EINVAL;
    }
    free(wrong);
    return 0;
}

void
dpdk_eth_config_show_error(struct dpdk_eth *eth)
    OVS_REQUIRES(eth->dev.mutex)
{
    const char *error = eth->run_error ? eth->run_error
                        : eth->mac_error ? eth->mac_error
                        : eth->config_error;

    if (error) {
        dpdk_dev_set_error(&eth->dev, "%s", error);
    } else {
        dpdk_dev_clear_error(&eth->dev);
    }
}

int
dpdk_eth_config_get(const struct netdev *netdev, struct smap *args)
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
    smap_add(args, "rx_csum_offload",
             eth->conf.rx_offloads & DPDK_ETH_RX_CSUM ? "true" : "false");
    smap_add(args, "tx_tso_offload",
             eth->conf.tx_offloads & RTE_ETH_TX_OFFLOAD_TCP_TSO
             ? "true" : "false");
    smap_add(args, "lsc_interrupt_mode",
             eth->conf.lsc_interrupt ? "true" : "false");
    if (eth->present && dpdk_eth_port_is_representor(eth->port_id)) {
        smap_add_format(args, "dpdk-vf-mac", ETH_ADDR_FMT,
                        ETH_ADDR_ARGS(eth->dev.requested_hwaddr));
    }
    ovs_mutex_unlock(&eth->dev.mutex);

    return 0;
}
