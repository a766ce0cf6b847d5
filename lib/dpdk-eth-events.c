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

/* What NICs report by themselves.  Called by dpdk-eth.c and by DPDK's
 * interrupt thread; calls librte_ethdev and dpdk-eth-port.c. */

#include <config.h>

/* For the removal of devices whose driver is not told of it. */
#define ALLOW_EXPERIMENTAL_API

#include "dpdk-eth-events.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "dpdk-dev.h"
#include "dpdk-eth.h"
#include "dpdk-eth-port.h"
#include "dpdk-log.h"
#include "openvswitch/poll-loop.h"
#include "ovs-thread.h"
#include "seq.h"
#include "sset.h"

#define this_module (*dpdk_log_netdev)

/* Time between looks at the links, in milliseconds: while there is a port
 * whose device does not signal changes, and otherwise.  The core of an in-tree
 * switch, which asks the device itself, does so twice a second. */
#define LINK_INTERVAL_POLLED 500
#define LINK_INTERVAL_SIGNALLED 5000

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* What has happened to a port and nobody has looked at yet. */
static struct {
    atomic_bool reset;
    atomic_bool removed;
} notes[RTE_MAX_ETHPORTS];

/* The names of devices that have been pulled out since MAIN looked. */
static struct ovs_mutex names_mutex = OVS_MUTEX_INITIALIZER;
static struct sset removed_names OVS_GUARDED_BY(names_mutex)
    = SSET_INITIALIZER(&removed_names);

/* Changes with these, and when WATCHDOG has to look. */
static struct seq *notes_seq;
static struct seq *look_seq;

/* The value of 'notes_seq' that MAIN has seen. */
static uint64_t notes_seen;

/* Called back in INTERRUPT. */
static int
on_event(uint16_t port_id, enum rte_eth_event_type type, void *aux OVS_UNUSED,
         void *ret_param OVS_UNUSED)
{
    if (type == RTE_ETH_EVENT_INTR_LSC) {
        seq_change(look_seq);
        return 0;
    }
    if (type == RTE_ETH_EVENT_INTR_RESET) {
        atomic_store_explicit(&notes[port_id].reset, true,
                              memory_order_release);
    } else {
        atomic_store_explicit(&notes[port_id].removed, true,
                              memory_order_release);
    }
    seq_change(notes_seq);
    return 0;
}

/* Called back in INTERRUPT: the kernel wants the device 'name'
 * back.  Which ports that has, MAIN finds out. */
static void
on_device_event(const char *name, enum rte_dev_event_type type,
                void *aux OVS_UNUSED) OVS_EXCLUDED(names_mutex)
{
    if (type == RTE_DEV_EVENT_REMOVE) {
        ovs_mutex_lock(&names_mutex);
        sset_add(&removed_names, name);
        ovs_mutex_unlock(&names_mutex);
        seq_change(notes_seq);
    }
}

/* Stores 'link', as that of 'eth', and tells the core if it has changed. */
static void
store_link(struct dpdk_eth *eth, const struct rte_eth_link *link)
    OVS_REQUIRES(eth->dev.mutex)
{
    if (link->link_status == eth->link.link_status
        && link->link_speed == eth->link.link_speed
        && link->link_duplex == eth->link.link_duplex
        && link->link_autoneg == eth->link.link_autoneg) {
        return;
    }
    if (link->link_status != eth->link.link_status) {
        eth->link_resets++;
    }
    eth->link = *link;
    netdev_change_seq_changed(&eth->dev.up);
    if (link->link_status) {
        VLOG_DBG("Port %"PRIu16" Link Up - speed %"PRIu32" Mbps - %s",
                 eth->port_id, link->link_speed,
                 link->link_duplex == RTE_ETH_LINK_FULL_DUPLEX
                 ? "full-duplex" : "half-duplex");
    } else {
        VLOG_DBG("Port %"PRIu16" Link Down", eth->port_id);
    }
}

/* Asks for the link of 'port_id'.  Returns true if successful. */
static bool
ask_link(uint16_t port_id, struct rte_eth_link *link)
{
    if (dpdk_eth_port_link(port_id, link)) {
        VLOG_DBG_RL(&rl, "Failed to retrieve link status for port %"PRIu16,
                    port_id);
        return false;
    }
    return true;
}

void
dpdk_eth_events_check_link(struct dpdk_eth *eth) OVS_EXCLUDED(eth->dev.mutex)
{
    struct rte_eth_link link;

    if (ask_link(eth->port_id, &link)) {
        ovs_mutex_lock(&eth->dev.mutex);
        store_link(eth, &link);
        ovs_mutex_unlock(&eth->dev.mutex);
    }

    /* WATCHDOG may have to look more often now. */
    dpdk_eth_events_look();
}

void
dpdk_eth_events_look(void)
{
    seq_change(look_seq);
}

/* Stores the numbers of all ports with a device in 'port_ids', which has room
 * for RTE_MAX_ETHPORTS, and in '*intervalp' when to look at their links again.
 * Returns how many there are. */
static size_t
list_ports(uint16_t port_ids[], long long int *intervalp)
    OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_dev *dev;
    size_t n = 0;

    *intervalp = LINK_INTERVAL_SIGNALLED;
    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dev->up.netdev_class == &dpdk_eth_class) {
            struct dpdk_eth *eth = dpdk_eth_cast(&dev->up);

            ovs_mutex_lock(&eth->dev.mutex);
            if (eth->present) {
                port_ids[n++] = eth->port_id;
                if (!eth->conf.lsc_interrupt) {
                    *intervalp = LINK_INTERVAL_POLLED;
                }
            }
            ovs_mutex_unlock(&eth->dev.mutex);
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);
    return n;
}

/* Stores 'link' as that of the port that uses 'port_id', if there still is
 * one. */
static void
store_link_of(uint16_t port_id, const struct rte_eth_link *link)
    OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_dev *dev;

    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dev->up.netdev_class == &dpdk_eth_class) {
            struct dpdk_eth *eth = dpdk_eth_cast(&dev->up);

            ovs_mutex_lock(&eth->dev.mutex);
            if (eth->present && eth->port_id == port_id) {
                store_link(eth, link);
            }
            ovs_mutex_unlock(&eth->dev.mutex);
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);
}

/* The main function of WATCHDOG.  It holds no mutex that others need while it
 * asks a device, which may take long. */
static void *
watchdog(void *aux OVS_UNUSED)
{
    uint16_t port_ids[RTE_MAX_ETHPORTS];

    pthread_detach(pthread_self());
    for (;;) {
        uint64_t seen = seq_read(look_seq);
        long long int interval;
        size_t n = list_ports(port_ids, &interval);

        for (size_t i = 0; i < n; i++) {
            struct rte_eth_link link;

            if (ask_link(port_ids[i], &link)) {
                store_link_of(port_ids[i], &link);
            }
        }
        seq_wait(look_seq, seen);
        poll_timer_wait(interval);
        poll_block();
    }
    return NULL;
}

bool
dpdk_eth_events_take_reset(uint16_t port_id)
{
    return atomic_exchange_explicit(&notes[port_id].reset, false,
                                    memory_order_acq_rel);
}

bool
dpdk_eth_events_take_removal(uint16_t port_id)
{
    return atomic_exchange_explicit(&notes[port_id].removed, false,
                                    memory_order_acq_rel);
}

/* Notes for the ports of each device in 'removed_names' that it has been
 * pulled out.  That includes representors, which a name as devargs does not
 * match. */
static void
note_removed_names(void) OVS_EXCLUDED(names_mutex)
{
    uint16_t port_id;

    ovs_mutex_lock(&names_mutex);
    RTE_ETH_FOREACH_DEV (port_id) {
        struct rte_eth_dev_info info;

        if (!sset_is_empty(&removed_names)
            && !rte_eth_dev_info_get(port_id, &info)
            && sset_contains(&removed_names, rte_dev_name(info.device))) {
            atomic_store_relaxed(&notes[port_id].removed, true);
        }
    }
    sset_clear(&removed_names);
    ovs_mutex_unlock(&names_mutex);
}

/* Notes for all ports of a device what one of them has noted, that it has been
 * pulled out: a driver tells so only of ports that run. */
static void
spread_removals(void)
{
    uint16_t port_id, sibling;

    RTE_ETH_FOREACH_DEV (port_id) {
        bool removed;

        atomic_read_explicit(&notes[port_id].removed, &removed,
                             memory_order_acquire);
        if (removed) {
            RTE_ETH_FOREACH_DEV_SIBLING (sibling, port_id) {
                atomic_store_relaxed(&notes[sibling].removed, true);
            }
        }
    }
}

bool
dpdk_eth_events_run(void)
{
    uint64_t seq = seq_read(notes_seq);

    if (seq == notes_seen) {
        return false;
    }
    notes_seen = seq;
    note_removed_names();
    spread_removals();
    return true;
}

void
dpdk_eth_events_wait(void)
{
    seq_wait(notes_seq, notes_seen);
}

/* Has DPDK call back on events of 'type'. */
static void
register_event(enum rte_eth_event_type type)
{
    int error = -rte_eth_dev_callback_register(RTE_ETH_ALL, type, on_event,
                                               NULL);

    if (error) {
        VLOG_ERR("Ethernet device callback register error: %s",
                 rte_strerror(error));
    }
}

void
dpdk_eth_events_init(void)
{
    int error;

    notes_seq = seq_create();
    look_seq = seq_create();
    notes_seen = seq_read(notes_seq);

    register_event(RTE_ETH_EVENT_INTR_LSC);
    register_event(RTE_ETH_EVENT_INTR_RESET);
    register_event(RTE_ETH_EVENT_INTR_RMV);
    error = -rte_dev_event_callback_register(NULL, on_device_event, NULL);
    if (error) {
        VLOG_ERR("Ethernet device callback register error: %s",
                 rte_strerror(error));
    }
    ovs_thread_create("dpdk_watchdog", watchdog, NULL);
}
