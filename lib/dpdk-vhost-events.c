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

/* What librte_vhost calls back.  Called by librte_vhost, and by dpdk-vhost.c
 * for the thread EVENT; calls dpdk-vhost.c to publish what has changed,
 * dpdk-vhost-guard.c, dpdk-vhost-connection.c, dpdk-vhost-fault.c and
 * dpdk-vhost-close.c. */

#include <config.h>

#include "dpdk-vhost-events.h"

#include <rte_vhost.h>
#include <sys/un.h>

#include "dpdk-log.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-close.h"
#include "dpdk-vhost-connection.h"
#include "dpdk-vhost-driver.h"
#include "dpdk-vhost-features.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-rxtx.h"
#include "dpdk-vhost-stats.h"
#include "latch.h"
#include "mpsc-queue.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "openvswitch/poll-loop.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* A guest can cause all of our messages, as often as it likes.  One that has
 * many queues causes many at once. */
static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(600, 600);

/* Size of a buffer for librte_vhost's name of a guest, which is the path of
 * its socket. */
#define IFNAME_SIZE sizeof(((struct sockaddr_un *) 0)->sun_path)

/* A ring that was turned on or off, or rings whose status has changed. */
struct vring_event {
    struct mpsc_queue_node node; /* In 'events'. */
    char ifname[IFNAME_SIZE];
    bool status;                /* Is it just the status? */
    uint16_t vring;
    bool enable;
};

static struct mpsc_queue events;
static atomic_count n_events = ATOMIC_COUNT_INIT(0); /* In 'events'. */
static struct latch events_latch; /* Set when 'events' was added to. */

/* So many events that their consumer seems to be stuck, and most of them.  Of
 * what is more, only 'events_lost' tells: a guest can cause them faster than
 * they are handled, and they take memory. */
#define MANY_EVENTS 1000
#define MAX_EVENTS 10000
static atomic_bool events_lost = ATOMIC_VAR_INIT(false);

/* How often EVENT looks whether a port that is stuck can have a connection
 * again, in ms. */
#define STUCK_INTERVAL 1000

static void
get_ifname(int vid, char ifname[IFNAME_SIZE])
{
    if (rte_vhost_get_ifname(vid, ifname, IFNAME_SIZE)) {
        ifname[0] = '\0';
    }
}

/* Returns true if 'vhost' has to be reconfigured before it can serve a guest
 * with 'n_pairs' pairs of queues on the NUMA node that it asks for. */
static bool
needs_reconfigure(const struct dpdk_vhost *vhost, int n_pairs)
    OVS_REQUIRES(vhost->dev.mutex)
{
    const struct dpdk_dev *dev = &vhost->dev;

    return !dev->pool
           || dev->socket_id != dev->requested_socket_id
           || dev->mtu != dev->requested_mtu
           || dev->up.n_rxq < n_pairs
           || dev->up.n_txq < n_pairs;
}

/* Forgets what was said of the queues of a guest of 'vhost'. */
static void
forget_queue_states(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    for (int i = 0; i < DPDK_VHOST_MAX_QUEUE_PAIRS; i++) {
        vhost->rxq_state[i] = DPDK_VHOST_QUEUE_UNKNOWN;
        vhost->txq_state[i] = DPDK_VHOST_QUEUE_UNKNOWN;
    }
}

/* Notes which rings of its 'n_pairs' of queues the guest of 'vhost' has turned
 * on before it was attached, and nothing of one that it replaces.  EVENT may
 * be late, and what the guest sends at once may be for itself. */
static void
note_queue_states(struct dpdk_vhost *vhost, int n_pairs)
    OVS_REQUIRES(vhost->dev.mutex)
{
    forget_queue_states(vhost);
    for (int i = 0; i < 2 * n_pairs; i++) {
        if (dpdk_vhost_rings_is_enabled(&vhost->rings, i)) {
            *dpdk_vhost_queue_state(vhost, i) = DPDK_VHOST_QUEUE_ENABLED;
        }
    }
    dpdk_vhost_apply_queue_states(vhost);
}

/* Makes 'vid' the guest of 'vhost'.  Returns the NUMA node that it is on, or a
 * negative number. */
static int
attach_guest(struct dpdk_vhost *vhost, int vid)
    OVS_REQUIRES(vhost->dev.mutex)
{
    int n_pairs = MIN(MAX(rte_vhost_get_vring_num(vid) / 2, 1),
                      DPDK_VHOST_MAX_QUEUE_PAIRS);
    int numa = rte_vhost_get_numa_node(vid);
    struct dpdk_dev *dev = &vhost->dev;

    if (numa >= 0) {
        vhost->dev.requested_socket_id = numa;
    }
    vhost->vid = vid;
    vhost->negotiated = true;
    dpdk_vhost_features_apply(vhost);
    dpdk_vhost_connection_attach(vid, &vhost->rings);
    note_queue_states(vhost, n_pairs);

    /* Also if there are enough: that destroy_connection() has asked for fewer
     * may not have been granted yet. */
    dev->requested_n_rxq = MAX(dev->requested_n_rxq, n_pairs);
    dev->requested_n_txq = MAX(dev->requested_n_txq, n_pairs);
    vhost->ready = !needs_reconfigure(vhost, n_pairs);
    if (!vhost->ready) {
        netdev_request_reconfigure(&dev->up);
    }
    dpdk_vhost_publish(vhost);
    netdev_change_seq_changed(&dev->up);
    return numa;
}

/* Says hello to the port that the connection 'vid' is for.  One that is for
 * none would not be guarded. */
static int
new_connection(int vid) OVS_EXCLUDED(dpdk_mutex)
{
    bool accepted = false;
    struct dpdk_vhost *vhost;
    char ifname[IFNAME_SIZE];

    get_ifname(vid, ifname);
    ovs_mutex_lock(&dpdk_mutex);
    vhost = dpdk_vhost_lookup(ifname);
    if (vhost) {
        uint64_t secret;

        accepted = dpdk_vhost_guard_connect(vhost, ifname, vid, &secret);
        if (accepted) {
            dpdk_vhost_connection_begin(vid, &vhost->rings, secret);
        } else {
            dpdk_vhost_driver_restart_later(vhost);
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);
    return accepted ? 0 : -1;
}

static int
new_device(int vid) OVS_EXCLUDED(dpdk_mutex)
{
    int n_vrings = rte_vhost_get_vring_num(vid);
    struct dpdk_vhost *vhost;
    int numa = -1;
    char ifname[IFNAME_SIZE];

    if (dpdk_vhost_connection_has_failed(vid)) {
        /* What it tells of the guest may not be so. */
        return -1;
    }
    get_ifname(vid, ifname);

    /* We poll, so a kick would only cost the guest. */
    for (int i = 0; i < n_vrings; i++) {
        rte_vhost_enable_guest_notification(vid, i, 0);
    }

    ovs_mutex_lock(&dpdk_mutex);
    vhost = dpdk_vhost_lookup(ifname);
    if (vhost) {
        ovs_mutex_lock(&vhost->dev.mutex);
        numa = attach_guest(vhost, vid);
        ovs_mutex_unlock(&vhost->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);

    if (!vhost) {
        VLOG_INFO_RL(&rl, "vHost Device '%s' can't be added - name not found",
                     ifname);
        return -1;
    }
    if (numa < 0) {
        VLOG_INFO_RL(&rl, "Error getting NUMA info for vHost Device '%s'",
                     ifname);
    }
    VLOG_INFO_RL(&rl, "vHost Device '%s' has been added on numa node %i",
                 ifname, numa);
    return 0;
}

/* Makes 'vhost' a port without a guest. */
static void
detach_guest(struct dpdk_vhost *vhost) OVS_REQUIRES(vhost->dev.mutex)
{
    dpdk_vhost_stats_keep(vhost);
    vhost->vid = -1;
    vhost->ready = false;
    dpdk_vhost_publish(vhost);
    dpdk_vhost_rings_detach(&vhost->rings);
    forget_queue_states(vhost);
    dpdk_vhost_apply_queue_states(vhost);
    if (vhost->dev.short_of_memory) {
        /* There is nobody any more who needs the memory. */
        netdev_request_reconfigure(&vhost->dev.up);
    }
    netdev_change_seq_changed(&vhost->dev.up);
}

static void
destroy_device(int vid) OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_vhost *vhost;
    char ifname[IFNAME_SIZE];
    bool found = false;
    int other;

    get_ifname(vid, ifname);

    ovs_mutex_lock(&dpdk_mutex);
    other = dpdk_vhost_connection_detach(vid);
    vhost = dpdk_vhost_lookup(ifname);
    if (vhost) {
        ovs_mutex_lock(&vhost->dev.mutex);
        found = vhost->vid == vid;
        if (found) {
            detach_guest(vhost);
        }
        if (found && other >= 0 && !vhost->stopping) {
            /* This one replaced the other one, which has stayed. */
            attach_guest(vhost, other);
        }
        ovs_mutex_unlock(&vhost->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);

    if (!vhost) {
        VLOG_INFO_RL(&rl, "vHost Device '%s' not found", ifname);
        return;
    }

    /* The guest's memory is unmapped when we return, so wait until no PMD uses
     * it any more, which may be so even if another guest has replaced it.
     * That leaves this thread outside of a quiescent state, and VHOST would
     * never enter one again by itself. */
    ovsrcu_synchronize();
    ovsrcu_quiesce_start();
    VLOG_INFO_RL(&rl, "vHost Device '%s' has been removed", ifname);
}

/* Makes sure that librte_vhost, which is about to close the eventfds that the
 * guest 'vid' was notified by, and GUARD has as well, is not the last one. */
static void
disarm_calls(int vid)
{
    int n_vrings = rte_vhost_get_vring_num(vid);

    for (int i = 0; i < n_vrings; i++) {
        struct rte_vhost_vring vring;

        if (!rte_vhost_get_vhost_vring(vid, i, &vring) && vring.callfd >= 0) {
            dpdk_vhost_close_disarm(vring.callfd);
        }
    }
}

static void
destroy_connection(int vid) OVS_EXCLUDED(dpdk_mutex)
{
    bool still_attached = false;
    bool refused = false;
    struct dpdk_vhost *vhost;
    char ifname[IFNAME_SIZE];

    get_ifname(vid, ifname);
    disarm_calls(vid);
    dpdk_vhost_guard_disconnect(vid);

    ovs_mutex_lock(&dpdk_mutex);
    vhost = dpdk_vhost_lookup(ifname);
    if (vhost) {
        ovs_mutex_lock(&vhost->dev.mutex);
        still_attached = vhost->vid == vid;
        if (vhost->vid < 0) {
            /* The next guest may have fewer queues. */
            dpdk_dev_request(&vhost->dev, &vhost->dev.requested_n_rxq, 1);
            dpdk_dev_request(&vhost->dev, &vhost->dev.requested_n_txq, 1);
        }
        refused = dpdk_vhost_features_closed(vhost);
        ovs_mutex_unlock(&vhost->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);
    dpdk_vhost_connection_end(vid);

    if (still_attached) {
        VLOG_ERR_RL(&rl, "Connection on socket '%s' destroyed while vhost "
                    "device still attached.", ifname);
    }
    if (refused) {
        VLOG_WARN_RL(&rl, "Connection on socket '%s' closed during "
                     "initialization.", ifname);
    }
    if (vhost) {
        VLOG_INFO_RL(&rl, "vHost Device '%s' connection has been destroyed",
                     ifname);
    } else {
        VLOG_INFO_RL(&rl, "vHost Device '%s' not found", ifname);
    }
}

/* Leaves 'event' of the guest 'vid' to EVENT. */
static void
enqueue(int vid, const struct vring_event *event)
{
    static struct vlog_rate_limit many_rl = VLOG_RATE_LIMIT_INIT(5, 5);
    unsigned int n = atomic_count_inc(&n_events) + 1;
    struct vring_event *copy;

    if (n > MAX_EVENTS) {
        atomic_count_dec(&n_events);
        atomic_store(&events_lost, true);
        latch_set(&events_latch);
        return;
    }

    copy = xmemdup(event, sizeof *event);
    get_ifname(vid, copy->ifname);
    if (n >= MANY_EVENTS) {
        VLOG_WARN_RL(&many_rl, "vring state change queue has %u entries. "
                     "Last update was for socket %s.", n, copy->ifname);
    }
    mpsc_queue_insert(&events, &copy->node);
    latch_set(&events_latch);
}

static int
vring_state_changed(int vid, uint16_t vring, int enable)
{
    dpdk_vhost_connection_enable(vid, vring, enable != 0);
    enqueue(vid, &(struct vring_event) { .vring = vring,
                                         .enable = enable != 0 });
    return 0;
}

void
dpdk_vhost_events_rings_changed(int vid)
{
    enqueue(vid, &(struct vring_event) { .status = true });
}

/* Notes whether 'vring' of the guest of 'vhost' is on: as it is now, for what
 * was said of it may have been long ago, and of an earlier guest. */
static void
set_vring_state(struct dpdk_vhost *vhost, uint16_t vring)
    OVS_REQUIRES(vhost->dev.mutex)
{
    *dpdk_vhost_queue_state(vhost, vring)
        = (dpdk_vhost_rings_is_enabled(&vhost->rings, vring)
           ? DPDK_VHOST_QUEUE_ENABLED : DPDK_VHOST_QUEUE_DISABLED);
}

/* Applies that 'vring' of the guest of 'vhost' was turned on or off. */
static void
apply_vring_state(struct dpdk_vhost *vhost, uint16_t vring)
    OVS_REQUIRES(vhost->dev.mutex)
{
    if (vhost->vid >= 0 && vring / 2 < DPDK_VHOST_MAX_QUEUE_PAIRS) {
        set_vring_state(vhost, vring);
        dpdk_vhost_apply_queue_states(vhost);
    }
}

static void
run_event(const struct vring_event *event) OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_vhost *vhost;

    ovs_mutex_lock(&dpdk_mutex);
    vhost = dpdk_vhost_lookup(event->ifname);
    if (vhost) {
        ovs_mutex_lock(&vhost->dev.mutex);
        if (event->status) {
            netdev_change_seq_changed(&vhost->dev.up);
        } else {
            apply_vring_state(vhost, event->vring);
        }
        ovs_mutex_unlock(&vhost->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);

    if (event->status) {
        /* Nothing that the log has to say. */
    } else if (vhost) {
        VLOG_INFO_RL(&rl, "State of queue %d ( %s %d ) of vhost device '%s' "
                     "changed to '%s'", event->vring,
                     event->vring % 2 ? "rx_qid" : "tx_qid", event->vring / 2,
                     event->ifname, event->enable ? "enabled" : "disabled");
    } else {
        VLOG_INFO_RL(&rl, "vHost Device '%s' not found", event->ifname);
    }
}

/* Does what events of 'vhost' that were lost would have done: applies which
 * rings are on, of those that its guest has said something of. */
static void
run_lost_events(struct dpdk_vhost *vhost) OVS_EXCLUDED(vhost->dev.mutex)
{
    ovs_mutex_lock(&vhost->dev.mutex);
    for (int i = 0; vhost->vid >= 0 && i < 2 * DPDK_VHOST_MAX_QUEUE_PAIRS;
         i++) {
        if (*dpdk_vhost_queue_state(vhost, i) != DPDK_VHOST_QUEUE_UNKNOWN
            || dpdk_vhost_rings_is_enabled(&vhost->rings, i)) {
            set_vring_state(vhost, i);
        }
    }
    dpdk_vhost_apply_queue_states(vhost);
    netdev_change_seq_changed(&vhost->dev.up);
    ovs_mutex_unlock(&vhost->dev.mutex);
}

void
dpdk_vhost_events_wake(void)
{
    latch_set(&events_latch);
}

/* Stops the packets of 'vhost' if it has come to be held down, lets them pass
 * again if it is so no more, and makes the core look at its status.  Returns
 * until when it is held, or 0. */
static long long int
show_hold(struct dpdk_vhost *vhost) OVS_EXCLUDED(vhost->dev.mutex)
{
    bool news = dpdk_vhost_faults_take_news(&vhost->faults);
    long long int until = dpdk_vhost_faults_held_until(&vhost->faults);

    ovs_mutex_lock(&vhost->dev.mutex);
    if (news) {
        netdev_change_seq_changed(&vhost->dev.up);
    }
    if (vhost->shown_hold != until) {
        vhost->shown_hold = until;
        dpdk_vhost_publish(vhost);
        netdev_change_seq_changed(&vhost->dev.up);
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    return until;
}

/* Makes the core reconfigure 'vhost' when it is time to begin again with its
 * socket.  Returns when that will be, or 0. */
static long long int
run_restart(struct dpdk_vhost *vhost) OVS_EXCLUDED(vhost->dev.mutex)
{
    bool stuck = dpdk_vhost_close_is_stuck(vhost->faults.name);
    long long int at;

    ovs_mutex_lock(&vhost->dev.mutex);
    at = vhost->restart_at;
    if (at && at <= time_msec() && stuck) {
        /* The connection would be refused, and cost a descriptor more. */
        at = vhost->restart_at = time_msec() + STUCK_INTERVAL;
    }
    if (at && at <= time_msec()) {
        netdev_request_reconfigure(&vhost->dev.up);
        at = 0;
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    return at;
}

static void
wait_until(long long int when)
{
    if (when) {
        poll_timer_wait_until(when);
    }
}

/* Does what is due for each port by now, and wakes up when there is more. */
static void
run_ports(void) OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_dev *dev;
    bool lost;

    atomic_read(&events_lost, &lost);
    if (lost) {
        atomic_store(&events_lost, false);
    }
    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dpdk_vhost_is(dev)) {
            struct dpdk_vhost *vhost = dpdk_vhost_cast(&dev->up);

            if (lost) {
                run_lost_events(vhost);
            }
            dpdk_vhost_rings_notify_late(&vhost->rings);
            wait_until(show_hold(vhost));
            wait_until(run_restart(vhost));
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);
}

/* Does what is due for events, for some of them if there are many, so that
 * they do not hold up anything else.  Wakes up again for the others. */
static void
run_events(void) OVS_EXCLUDED(dpdk_mutex) OVS_REQUIRES(events.read_lock)
{
    for (int i = 0; i < MANY_EVENTS; i++) {
        struct mpsc_queue_node *node = mpsc_queue_pop(&events);
        struct vring_event *event;

        if (!node) {
            break;
        }
        event = CONTAINER_OF(node, struct vring_event, node);
        atomic_count_dec(&n_events);
        run_event(event);
        free(event);
    }
    if (atomic_count_get(&n_events)) {
        latch_set(&events_latch);
    }
}

/* The main function of EVENT. */
static void *
events_main(void *aux OVS_UNUSED)
{
    pthread_detach(pthread_self());
    mpsc_queue_acquire(&events);
    for (;;) {
        latch_poll(&events_latch);
        run_events();
        run_ports();
        latch_wait(&events_latch);
        poll_block();
    }
    return NULL;
}

void
dpdk_vhost_events_start(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        mpsc_queue_init(&events);
        latch_init(&events_latch);
        ovs_thread_create("ovs_vhost", events_main, NULL);
        ovsthread_once_done(&once);
    }
}

const struct rte_vhost_device_ops dpdk_vhost_device_ops = {
    .new_connection = new_connection,
    .new_device = new_device,
    .destroy_device = destroy_device,
    .vring_state_changed = vring_state_changed,
    .destroy_connection = destroy_connection,
    .guest_notified = dpdk_vhost_guest_notified,
};
