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

/* The classes "dpdkvhostuser" and "dpdkvhostuserclient": life and status of
 * their ports.  Called by the core through the classes, by dpdk-vhost-config.c
 * and by dpdk-vhost-events.c; calls librte_vhost, dpdk-dev.c,
 * dpdk-vhost-driver.c, dpdk-vhost-close.c and dpdk-vhost-socket.c. */

#include <config.h>

#include "dpdk-vhost.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <sys/mman.h>

#include "dirs.h"
#include "dpdk-crumb.h"
#include "dpdk-dev-qos.h"
#include "dpdk-log.h"
#include "dpdk-mempool.h"
#include "dpdk-vhost-close.h"
#include "dpdk-vhost-config.h"
#include "dpdk-vhost-driver.h"
#include "dpdk-vhost-events.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-rxtx.h"
#include "dpdk-vhost-socket.h"
#include "dpdk-vhost-stats.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

bool
dpdk_vhost_is(const struct dpdk_dev *dev)
{
    return dev->up.netdev_class == &dpdk_vhost_server_class
           || dev->up.netdev_class == &dpdk_vhost_client_class;
}

struct dpdk_vhost *
dpdk_vhost_open(const char *name)
{
    struct netdev *netdev = netdev_from_name(name);

    if (netdev && dpdk_dev_is(netdev)
        && dpdk_vhost_is(dpdk_dev_cast(netdev))) {
        return dpdk_vhost_cast(netdev);
    }
    netdev_close(netdev);
    return NULL;
}

struct dpdk_vhost *
dpdk_vhost_lookup(const char *path) OVS_REQUIRES(dpdk_mutex)
{
    struct dpdk_dev *dev;

    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dpdk_vhost_is(dev)) {
            struct dpdk_vhost *vhost = dpdk_vhost_cast(&dev->up);
            bool found;

            ovs_mutex_lock(&dev->mutex);
            found = vhost->socket_path && !strcmp(vhost->socket_path, path);
            ovs_mutex_unlock(&dev->mutex);
            if (found) {
                return vhost;
            }
        }
    }
    return NULL;
}

void
dpdk_vhost_set_error(struct dpdk_vhost *vhost, enum dpdk_vhost_error error,
                     char *why) OVS_REQUIRES(vhost->dev.mutex)
{
    free(vhost->errors[error]);
    vhost->errors[error] = why;
    for (int i = 0; i < DPDK_VHOST_N_ERRORS; i++) {
        if (vhost->errors[i]) {
            dpdk_dev_set_error(&vhost->dev, "%s", vhost->errors[i]);
            return;
        }
    }
    dpdk_dev_clear_error(&vhost->dev);
}

void
dpdk_vhost_publish(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    bool held = dpdk_vhost_faults_held_until(&vhost->faults) != 0;

    ovsrcu_index_set(&vhost->usable_vid,
                     vhost->ready && !held && vhost->dev.flags & NETDEV_UP
                     ? vhost->vid : -1);
}

/* Returns true if the guest uses queue 'qid', of which it has said 'state'. */
static bool
queue_is_used(enum dpdk_vhost_queue_state state, int qid)
{
    return state == DPDK_VHOST_QUEUE_ENABLED
           || (state == DPDK_VHOST_QUEUE_UNKNOWN && !qid);
}

/* Spreads our transmit queues over those that the guest uses. */
static void
remap_txqs(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    struct dpdk_txq *txqs = vhost->dev.txqs;
    int used[DPDK_VHOST_MAX_QUEUE_PAIRS];
    int n_txq = vhost->dev.up.n_txq;
    int n_used = 0;
    int next = 0;

    if (!txqs) {
        return;
    }
    for (int i = 0; i < n_txq; i++) {
        if (queue_is_used(vhost->txq_state[i], i)) {
            used[n_used++] = i;
        }
    }
    for (int i = 0; i < n_txq; i++) {
        int map = DPDK_VHOST_MAP_NONE;

        if (queue_is_used(vhost->txq_state[i], i)) {
            map = i;
        } else if (n_used) {
            map = used[next++ % n_used];
        }
        atomic_store_relaxed(&txqs[i].map, map);
    }

    if (VLOG_IS_DBG_ENABLED()) {
        VLOG_DBG("TX queue mapping for port '%s':", vhost->dev.name);
        for (int i = 0; i < n_txq; i++) {
            int map;

            atomic_read_relaxed(&txqs[i].map, &map);
            VLOG_DBG("%2d --> %2d", i, map);
        }
    }
}

void
dpdk_vhost_apply_queue_states(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex)
{
    bool changed = false;

    for (int i = 0; i < DPDK_VHOST_MAX_QUEUE_PAIRS; i++) {
        bool used = queue_is_used(vhost->rxq_state[i], i);
        bool enabled;

        atomic_read_relaxed(&vhost->rxq_enabled[i], &enabled);
        if (used != enabled) {
            atomic_store_relaxed(&vhost->rxq_enabled[i], used);
            changed = true;
        }
    }
    remap_txqs(vhost);
    if (changed) {
        netdev_change_seq_changed(&vhost->dev.up);
    }
}

static struct netdev *
vhost_alloc(void)
{
    struct dpdk_vhost *vhost = xzalloc_cacheline(sizeof *vhost);

    return &vhost->dev.up;
}

/* What both classes construct.  The port has its queues from the start, so the
 * packet side needs no test for them. */
static void
vhost_construct__(struct dpdk_vhost *vhost, bool client)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    struct dpdk_dev *dev = &vhost->dev;

    dpdk_dev_init(dev, rte_lcore_to_socket_id(rte_get_main_lcore()));
    ovsrcu_index_init(&vhost->usable_vid, -1);
    vhost->vid = -1;
    vhost->client = client;
    dpdk_vhost_faults_init(&vhost->faults, dev->name);
    vhost->crumb = vhost->faults.crumb;
    dpdk_vhost_rings_init(&vhost->rings, &vhost->faults);
    atomic_init(&vhost->tx_retries_max, DPDK_VHOST_TX_RETRIES_DEF);
    for (int i = 0; i < DPDK_VHOST_MAX_QUEUE_PAIRS; i++) {
        atomic_init(&vhost->rxq_enabled[i], !i);
    }
    dpdk_dev_apply_queues(dev, 1, 1, true);
    dpdk_dev_link(dev);

    /* EVENT has to find the port. */
    dpdk_vhost_faults_check_crashes(&vhost->faults);
}

/* Undoes vhost_construct__(). */
static void
vhost_destruct__(struct dpdk_vhost *vhost) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    dpdk_dev_unlink(&vhost->dev);
    dpdk_vhost_rings_destroy(&vhost->rings);
    dpdk_vhost_faults_destroy(&vhost->faults);
    free(vhost->requested_path);
    for (int i = 0; i < DPDK_VHOST_N_ERRORS; i++) {
        free(vhost->errors[i]);
    }
    dpdk_dev_uninit(&vhost->dev);
}

static int
vhost_server_construct(struct netdev *netdev)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);
    const char *name = netdev_get_name(netdev);
    bool leaving;
    char *path;
    char *why;
    int error;

    /* The name becomes the name of the socket. */
    if (strchr(name, '/') || strchr(name, '\\')) {
        dpdk_dev_refuse(name, "\"%s\" is not a valid name for a vhost-user "
                        "port. A valid name must not include '/' or '\\'",
                        name);
        return EINVAL;
    }
    path = dpdk_vhost_socket_path(name);
    why = dpdk_vhost_socket_check(path);
    if (!why) {
        why = dpdk_vhost_driver_check(path, &leaving);
    }
    if (!why) {
        why = dpdk_vhost_socket_reclaim(path);
    }
    if (why) {
        dpdk_dev_refuse(name, "%s", why);
        free(why);
        free(path);
        return EADDRINUSE;
    }

    vhost_construct__(vhost, false);
    error = dpdk_vhost_driver_start(vhost, path);
    if (error) {
        dpdk_dev_refuse(name, "socket '%s' could not be set up: %s", path,
                        ovs_strerror(error));
        vhost_destruct__(vhost);
    }
    free(path);
    if (error) {
        return error;
    }

    if (ovsthread_once_start(&once)) {
        VLOG_WARN("dpdkvhostuser ports are considered deprecated;  please "
                  "migrate to dpdkvhostuserclient ports.");
        ovsthread_once_done(&once);
    }
    return 0;
}

static int
vhost_client_construct(struct netdev *netdev)
{
    vhost_construct__(dpdk_vhost_cast(netdev), true);
    return 0;
}

static void
vhost_destruct(struct netdev *netdev)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);

    dpdk_vhost_driver_stop(vhost);
    dpdk_vhost_close_forget(vhost->dev.name);
    vhost_destruct__(vhost);
}

/* Moves the port to a pool for what is requested, see dpdk_dev_apply_pool().
 * How many queues there are is up to the guest, which they cost nothing, so if
 * the port has memory of its own, there are not more packets for them all than
 * for DPDK_VHOST_MAX_POOL_PAIRS pairs. */
static void
vhost_apply_pool(struct dpdk_vhost *vhost, char **whyp)
    OVS_REQUIRES(vhost->dev.mutex)
{
    struct dpdk_dev *dev = &vhost->dev;
    int n = MAX(dev->requested_n_rxq, dev->requested_n_txq);
    int size = (n > DPDK_VHOST_MAX_POOL_PAIRS
                ? DPDK_DEFAULT_DESC * DPDK_VHOST_MAX_POOL_PAIRS / n
                : DPDK_DEFAULT_DESC);
    const struct dpdk_mempool_request request = {
        .name = dev->name,
        .mtu = dev->requested_mtu,
        .socket_id = dev->requested_socket_id,
        .n_rxq = dev->requested_n_rxq,
        .rxq_size = size,
        .n_txq = dev->requested_n_txq,
        .txq_size = size,
    };

    dpdk_dev_apply_pool(&vhost->dev, &request, whyp);
}

/* Applies what is requested of the queues and the memory.  A guest that memory
 * does not suffice for gets no packets, but the port stays, so that others may
 * be served after the next change. */
static void
vhost_apply(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    struct dpdk_dev *dev = &vhost->dev;
    char *why = NULL;

    dpdk_dev_apply_queues(&vhost->dev, dev->requested_n_rxq,
                          dev->requested_n_txq, true);
    if (vhost->vid >= 0 || dev->pool) {
        vhost_apply_pool(vhost, &why);
    } else {
        /* Packets are allocated for a guest, not for a port that may never
         * have one. */
        dev->mtu = dev->requested_mtu;
        dev->max_packet_len = dpdk_mtu_to_max_packet_len(dev->mtu);
        dev->socket_id = dev->requested_socket_id;
        dev->short_of_memory = false;
    }
    if (why) {
        char *sentence = xasprintf("%s, %s", why, dev->pool
                                   ? "the previous configuration runs on"
                                   : "the guest gets no packets");

        free(why);
        why = sentence;
    }
    dpdk_vhost_set_error(vhost, DPDK_VHOST_ERROR_MEMORY, why);
    vhost->ready = vhost->vid >= 0 && dev->pool;
    dpdk_vhost_rings_set_port(&vhost->rings, dev->mp, dev->mtu);
    dpdk_vhost_publish(vhost);
    dpdk_vhost_apply_queue_states(vhost);
    netdev_change_seq_changed(&dev->up);
}

static int
vhost_reconfigure(struct netdev *netdev)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);

    if (vhost->client) {
        dpdk_vhost_driver_apply_path(vhost);
    }
    ovs_mutex_lock(&vhost->dev.mutex);
    vhost_apply(vhost);
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}

static int
vhost_set_etheraddr(struct netdev *netdev, const struct eth_addr mac)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);

    ovs_mutex_lock(&vhost->dev.mutex);
    if (!eth_addr_equals(vhost->dev.hwaddr, mac)) {
        vhost->dev.hwaddr = mac;
        netdev_change_seq_changed(netdev);
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}

static int
vhost_get_carrier(const struct netdev *netdev, bool *carrier)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);

    ovs_mutex_lock(&vhost->dev.mutex);
    *carrier = vhost->ready;
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}

static long long int
vhost_get_carrier_resets(const struct netdev *netdev OVS_UNUSED)
{
    return 0;
}

static int
vhost_get_stats(const struct netdev *netdev, struct netdev_stats *stats)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);

    ovs_mutex_lock(&vhost->dev.mutex);
    dpdk_vhost_stats_get(vhost, stats);
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}

/* Adds to 'status' what librte_vhost knows of guest 'vid'. */
static void
get_guest_status(int vid, struct smap *status)
{
    char ifname[PATH_MAX];
    uint16_t n_vrings = rte_vhost_get_vring_num(vid);
    uint64_t features;
    uint16_t mtu;
    int numa;

    if (!rte_vhost_get_ifname(vid, ifname, sizeof ifname)) {
        smap_add(status, "socket", ifname);
    }
    if (!rte_vhost_get_negotiated_features(vid, &features)) {
        smap_add_format(status, "features", "0x%016"PRIx64, features);
    }
    if (!rte_vhost_get_mtu(vid, &mtu)) {
        smap_add_format(status, "mtu", "%"PRIu16, mtu);
    }
    numa = rte_vhost_get_numa_node(vid);
    if (numa >= 0) {
        smap_add_format(status, "numa", "%d", numa);
    }
    smap_add_format(status, "num_of_vrings", "%"PRIu16, n_vrings);
    for (int i = 0; i < n_vrings; i++) {
        struct rte_vhost_vring vring;

        if (!rte_vhost_get_vhost_vring(vid, i, &vring)) {
            char *key = xasprintf("vring_%d_size", i);

            smap_add_nocopy(status, key, xasprintf("%"PRIu16, vring.size));
        }
    }
}

static int
vhost_get_status(const struct netdev *netdev, struct smap *status)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);

    ovs_mutex_lock(&vhost->dev.mutex);
    smap_add(status, "mode", vhost->client ? "client" : "server");
    smap_add(status, "status",
             vhost->vid >= 0 ? "connected" : "disconnected");
    if (vhost->vid >= 0) {
        get_guest_status(vhost->vid, status);
        dpdk_vhost_rings_get_status(&vhost->rings,
                                    rte_vhost_get_vring_num(vhost->vid),
                                    status);
    }
    ovs_mutex_unlock(&vhost->dev.mutex);
    dpdk_vhost_faults_get_status(&vhost->faults, status);

    return 0;
}

static int
vhost_update_flags(struct netdev *netdev, enum netdev_flags off,
                   enum netdev_flags on, enum netdev_flags *old_flagsp)
{
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);
    enum netdev_flags new_flags;
    int error;

    ovs_mutex_lock(&vhost->dev.mutex);
    error = dpdk_dev_new_flags(&vhost->dev, off, on, old_flagsp, &new_flags);
    if (!error && new_flags != vhost->dev.flags) {
        vhost->dev.flags = new_flags;
        dpdk_vhost_publish(vhost);
        netdev_change_seq_changed(netdev);
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    return error;
}

/* Prepares for crashes.  "--monitor" restarts a switch that has crashed, with
 * the same directory. */
static void
start_crumbs(void)
{
    char *path = xasprintf("%s/netdev-dpdk.crashes", ovs_rundir());

    dpdk_crumb_open(path);
    dpdk_crumb_catch();
    free(path);
}

/* With --mlockall, to map the memory of a guest would fill it, however large
 * the guest says that it is.  So have pages locked when they are touched, as
 * later releases of Open vSwitch do.  Those that are there already stay. */
static void
lock_on_fault(void)
{
    if (memory_locked()
        && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) {
        VLOG_WARN("mlockall(MCL_ONFAULT) failed (%s): a guest may make the "
                  "switch fill all memory", ovs_strerror(errno));
    }
}

/* Both classes call this. */
static int
vhost_init(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        lock_on_fault();
        start_crumbs();
        dpdk_vhost_faults_start(dpdk_vhost_events_wake);
        dpdk_vhost_events_start();
        dpdk_vhost_guard_start();
        dpdk_vhost_rings_start(dpdk_vhost_events_rings_changed);
        ovsthread_once_done(&once);
    }
    return 0;
}

/* The members of the classes that are the same for both. */
#define VHOST_CLASS_COMMON                              \
    DPDK_DEV_CLASS_COMMON,                              \
    DPDK_DEV_QOS_CLASS,                                 \
    .init = vhost_init,                                 \
    .alloc = vhost_alloc,                               \
    .destruct = vhost_destruct,                         \
    .get_config = dpdk_dev_get_config,                  \
    .get_custom_stats = dpdk_vhost_stats_get_custom,      \
    .send = dpdk_vhost_send,                            \
    .set_etheraddr = vhost_set_etheraddr,               \
    .get_carrier = vhost_get_carrier,                   \
    .get_carrier_resets = vhost_get_carrier_resets,     \
    .get_stats = vhost_get_stats,                       \
    .get_status = vhost_get_status,                     \
    .update_flags = vhost_update_flags,                 \
    .reconfigure = vhost_reconfigure,                   \
    .rxq_recv = dpdk_vhost_rxq_recv,                    \
    .rxq_enabled = dpdk_vhost_rxq_enabled,              \
    .rxq_is_idle = dpdk_vhost_rxq_is_idle

const struct netdev_class dpdk_vhost_server_class = {
    .type = "dpdkvhostuser",
    VHOST_CLASS_COMMON,
    .construct = vhost_server_construct,
    .set_config = dpdk_vhost_config_set_server,
};

const struct netdev_class dpdk_vhost_client_class = {
    .type = "dpdkvhostuserclient",
    VHOST_CLASS_COMMON,
    .construct = vhost_client_construct,
    .set_config = dpdk_vhost_config_set_client,
};
