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

/* Which device a "dpdk" port uses.  Called by dpdk-eth.c, dpdk-eth-config.c
 * and dpdk-commands.c; calls dpdk-eth-port.c, dpdk-eth-hint.c and
 * librte_ethdev. */

#include <config.h>

#include "dpdk-eth-attach.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "dpdk-eal-log.h"
#include "dpdk-eth.h"
#include "dpdk-eth-hint.h"
#include "dpdk-eth-port.h"
#include "dpdk-log.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* Where the kernel tells about devices. */
static const char sysfs[] = "/sys";

/* Finds a port by its Ethernet address among those that DPDK knows. */
static int
find_by_mac(const char *mac_s, uint16_t *port_idp, char **whyp)
{
    struct eth_addr mac;
    uint16_t port_id;

    if (!eth_addr_from_string(mac_s, &mac)) {
        VLOG_ERR("invalid mac: %s", mac_s);
        *whyp = xasprintf("'%s' is not a MAC address", mac_s);
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
    *whyp = xstrdup("no device that DPDK has taken into use at its start has "
                    "this MAC address, name the device by its PCI address");
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

/* Returns why DPDK could not attach 'devargs', which failed with 'error', to
 * be freed by the caller. */
static char *
explain(const char *devargs, int error)
{
    struct ds why = DS_EMPTY_INITIALIZER;
    char address[32];
    char log[256];

    ds_put_cstr(&why, rte_strerror(error));
    dpdk_eal_log_take_error(log, sizeof log);
    if (log[0]) {
        ds_put_format(&why, " (%s)", log);
    }
    if (dpdk_eth_hint_pci_address(devargs, address, sizeof address)) {
        char *hint = dpdk_eth_hint_pci(sysfs, address);

        if (!rte_eal_has_pci()) {
            ds_put_cstr(&why, ": DPDK was told to leave PCI devices alone, "
                        "remove '--no-pci' from other_config:dpdk-extra and "
                        "restart ovs-vswitchd");
        } else if (hint) {
            ds_put_format(&why, ": %s", hint);
        }
        free(hint);
    }
    return ds_steal_cstr(&why);
}

/* Finds the port that 'devargs' names, and attaches its device first if DPDK
 * does not know it yet, as '*attached' then says. */
static int
find(const char *devargs, uint16_t *port_id, bool *attached, char **whyp)
{
    static const char mac_prefix[] = "class=eth,mac=";
    char log[256];
    int error;

    *attached = false;
    if (!strncmp(devargs, mac_prefix, strlen(mac_prefix))) {
        return find_by_mac(devargs + strlen(mac_prefix), port_id, whyp);
    }

    /* Errors of before are not the reason. */
    dpdk_eal_log_take_error(log, sizeof log);
    if (find_by_devargs(devargs, port_id)) {
        return 0;
    }
    error = -rte_dev_probe(devargs);
    if (!error && !find_by_devargs(devargs, port_id)) {
        error = ENODEV;
    }
    if (error) {
        *whyp = explain(devargs, error);
        return error;
    }
    *attached = true;
    VLOG_INFO("Device '%s' attached to DPDK", devargs);
    return 0;
}

/* Returns true if 'dev' uses 'port_id', or, if 'siblings', any port of its
 * device. */
static bool
uses(struct dpdk_dev *dev, uint16_t port_id, bool siblings)
    OVS_REQUIRES(dpdk_mutex)
{
    bool found = false;

    if (dev->up.netdev_class == &dpdk_eth_class) {
        struct dpdk_eth *eth = dpdk_eth_cast(&dev->up);

        ovs_mutex_lock(&dev->mutex);
        found = eth->present
                && (eth->port_id == port_id
                    || (siblings
                        && dpdk_eth_port_is_sibling(eth->port_id, port_id)));
        ovs_mutex_unlock(&dev->mutex);
    }
    return found;
}

/* Returns the port that uses ethdev 'port_id', or NULL. */
static struct dpdk_dev *
find_user(uint16_t port_id) OVS_REQUIRES(dpdk_mutex)
{
    struct dpdk_dev *dev;

    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (uses(dev, port_id, false)) {
            return dev;
        }
    }
    return NULL;
}

int
dpdk_eth_attach(struct dpdk_eth *eth, const char *devargs, char **errp)
{
    struct dpdk_dev *user;
    uint16_t port_id;
    bool attached;
    char *why;
    int error = 0;

    if (find(devargs, &port_id, &attached, &why)) {
        VLOG_WARN_BUF(errp, "Error attaching device '%s' to DPDK: %s",
                      devargs, why);
        free(why);
        return EINVAL;
    }

    ovs_mutex_lock(&dpdk_mutex);
    user = find_user(port_id);
    if (user) {
        VLOG_WARN_BUF(errp, "'%s' is trying to use device '%s' which is "
                      "already in use by '%s'",
                      eth->dev.name, devargs, user->name);
        error = EADDRINUSE;
    } else {
        ovs_mutex_lock(&eth->dev.mutex);
        eth->port_id = port_id;
        eth->attached = attached;
        eth->present = true;
        eth->devargs = xstrdup(devargs);
        ovs_mutex_unlock(&eth->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);
    return error;
}

/* Returns the names of ports that use a device of which 'port_id' is an
 * ethdev, separated by spaces, or NULL if there are none.  The caller has to
 * free the string. */
static char *
users_of_device(uint16_t port_id) OVS_EXCLUDED(dpdk_mutex)
{
    struct ds names = DS_EMPTY_INITIALIZER;
    struct dpdk_dev *dev;

    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (uses(dev, port_id, true)) {
            ds_put_format(&names, "%s%s", names.length ? " " : "", dev->name);
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);
    return names.length ? ds_steal_cstr(&names) : NULL;
}

void
dpdk_eth_attach_release(struct dpdk_eth *eth, bool gone)
{
    uint16_t port_id = eth->port_id;
    bool attached;
    char *devargs;
    char *users;
    int error;

    ovs_mutex_lock(&eth->dev.mutex);
    attached = eth->attached || gone;
    devargs = xstrdup(eth->devargs);
    eth->present = false;
    ovs_mutex_unlock(&eth->dev.mutex);

    if (attached) {
        users = users_of_device(port_id);
        if (users) {
            /* Of a device that is gone, all ports are let go, and the last one
             * closes them all, when none of them is polled any more. */
            if (!gone) {
                dpdk_eth_port_close(port_id);
            }
            VLOG_INFO("Device '%s' has been removed", devargs);
        } else {
            error = dpdk_eth_port_remove(port_id);
            if (error) {
                VLOG_ERR("Device '%s' can not be detached: %s.",
                         devargs, rte_strerror(error));
            } else {
                VLOG_INFO("Device '%s' has been removed and detached",
                          devargs);
            }
        }
        free(users);
    }
    free(devargs);
}

void
dpdk_eth_attach_let_go(uint16_t port_id)
{
    /* It may have gone with another port of its device. */
    if (rte_eth_dev_is_valid_port(port_id)) {
        char *users = users_of_device(port_id);

        if (!users) {
            dpdk_eth_port_remove(port_id);
        }
        free(users);
    }
}

char *
dpdk_eth_attach_remove(const char *devargs)
{
    uint16_t port_id;
    char *error = NULL;
    char *users;

    if (!find_by_devargs(devargs, &port_id)) {
        return xasprintf("Device '%s' not found in DPDK", devargs);
    }
    users = users_of_device(port_id);
    if (users) {
        error = xasprintf("Device '%s' is being used by the following "
                          "interfaces: %s. Remove them before detaching.",
                          devargs, users);
    } else if (dpdk_eth_port_remove(port_id)) {
        error = xasprintf("Device '%s' can not be detached", devargs);
    }
    free(users);
    return error;
}
