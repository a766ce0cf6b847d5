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

/* The message firewall in front of librte_vhost.  Called by dpdk-vhost.c,
 * dpdk-vhost-driver.c, dpdk-vhost-events.c, dpdk-vhost-wake.c and
 * dpdk-commands.c; calls dpdk-vhost-relay.c for each connection,
 * dpdk-vhost-connfd.c to find its socket, dpdk-vhost-listen.c for that of a
 * port, dpdk-vhost-call.c for eventfds that block, dpdk-vhost-close.c to close
 * what may take long, dpdk-vhost-sigbus.c for memory that is gone,
 * dpdk-vhost-fault.c to tell the user, dpdk-vhost-ring.c for rings that are
 * broken, and dpdk-crumb.c. */

#include <config.h>

#include "dpdk-vhost-guard.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

#include "dpdk-crumb.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-call.h"
#include "dpdk-vhost-close.h"
#include "dpdk-vhost-connfd.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-listen.h"
#include "dpdk-vhost-relay.h"
#include "dpdk-vhost-sigbus.h"
#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* Most connections of a port.  A guest needs one, and a second one while it
 * moves. */
#define MAX_CONNECTIONS 4

/* How often GUARD looks for what guests have done to their rings and eventfds,
 * in ms. */
#define CHECK_INTERVAL 250

/* How often it empties eventfds while a connection is being closed, in ms. */
#define DRAIN_INTERVAL 10

static struct ovs_mutex guard_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list connections OVS_GUARDED_BY(guard_mutex)
    = OVS_LIST_INITIALIZER(&connections);

/* Set when GUARD has to look at 'connections'. */
static struct latch guard_latch;

/* Closes 'conn' at both ends and frees it. */
static void
drop(struct dpdk_vhost_relay *conn) OVS_REQUIRES(guard_mutex)
{
    ovs_list_remove(&conn->node);
    dpdk_vhost_relay_destroy(conn);
}

/* What GUARD does from now on, it does for 'conn'. */
static void
serve(const struct dpdk_vhost_relay *conn) OVS_REQUIRES(guard_mutex)
{
    dpdk_crumb_set(conn->vhost ? conn->vhost->crumb : NULL);
}

/* Looks for rings that the guests of 'connections' have broken. */
static void
check_rings(void) OVS_REQUIRES(guard_mutex)
{
    struct dpdk_vhost_relay *conn;

    LIST_FOR_EACH (conn, node, &connections) {
        serve(conn);
        if (conn->vhost) {
            dpdk_vhost_rings_check(&conn->vhost->rings);
        }
    }
}

static void
check_all_calls(void) OVS_REQUIRES(guard_mutex)
{
    struct dpdk_vhost_relay *conn, *next;

    LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
        if (!dpdk_vhost_relay_check_calls(conn)) {
            drop(conn);
        }
    }
}

/* The main function of GUARD. */
static void *
guard_main(void *aux OVS_UNUSED)
{
    long long int next_check = 0;

    pthread_detach(pthread_self());
    for (;;) {
        struct dpdk_vhost_relay *conn, *next;
        bool pending;

        latch_poll(&guard_latch);
        ovs_mutex_lock(&guard_mutex);
        LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
            serve(conn);
            if (!dpdk_vhost_relay_run(conn)) {
                drop(conn);
            }
        }
        if (time_msec() >= next_check) {
            check_all_calls();
            check_rings();
            next_check = time_msec() + CHECK_INTERVAL;
        }
        pending = dpdk_vhost_close_run();
        pending |= dpdk_vhost_listen_run();
        if (pending) {
            poll_timer_wait_until(next_check);
        }
        if (dpdk_vhost_calls_run()) {
            next_check = MIN(next_check, time_msec() + DRAIN_INTERVAL);
            poll_timer_wait_until(next_check);
        }
        dpdk_crumb_set(NULL);
        LIST_FOR_EACH (conn, node, &connections) {
            dpdk_vhost_relay_wait(conn);
            poll_timer_wait_until(next_check);
        }
        ovs_mutex_unlock(&guard_mutex);
        latch_wait(&guard_latch);
        poll_block();
    }
    return NULL;
}

void
dpdk_vhost_guard_start(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        latch_init(&guard_latch);
        dpdk_vhost_sigbus_start(&guard_latch);
        dpdk_vhost_calls_start();
        ovs_thread_create("ovs_vhost_guard", guard_main, NULL);
        ovsthread_once_done(&once);
    }
}

void
dpdk_vhost_guard_wake(void)
{
    latch_set(&guard_latch);
}

/* Returns true if 'fd' is ours, not librte_vhost's. */
static bool
is_taken(int fd) OVS_REQUIRES(guard_mutex)
{
    const struct dpdk_vhost_relay *conn;

    LIST_FOR_EACH (conn, node, &connections) {
        if (conn->outer == fd) {
            return true;
        }
        for (size_t i = 0; i < conn->fds.n; i++) {
            if (conn->fds.fds[i] == fd) {
                return true;
            }
        }
    }
    return dpdk_vhost_close_has(fd);
}

static size_t
count_connections(const struct dpdk_vhost *vhost) OVS_REQUIRES(guard_mutex)
{
    const struct dpdk_vhost_relay *conn;
    size_t n = 0;

    LIST_FOR_EACH (conn, node, &connections) {
        n += conn->vhost == vhost;
    }
    return n;
}

/* Takes the socket of the new connection on, or of a 'client' to, 'path' from
 * librte_vhost: stores it in '*outerp', and in '*innerp' the other end of what
 * the library has instead.  Returns 0 or a positive errno. */
static int
take_socket(const char *path, bool client, int *outerp, int *innerp)
    OVS_REQUIRES(guard_mutex)
{
    int connfd = dpdk_vhost_connfd_find(path, client, is_taken);

    return (connfd < 0 ? ENOENT
            : dpdk_vhost_connfd_interpose(connfd, innerp, outerp));
}

int
dpdk_vhost_guard_take(const char *path, int *fdp) OVS_EXCLUDED(guard_mutex)
{
    int error, outer;

    ovs_mutex_lock(&guard_mutex);
    error = take_socket(path, true, &outer, fdp);
    if (!error) {
        /* It may be somebody else's, who made it look like ours. */
        dpdk_vhost_relay_close_outer(path, outer);
        latch_set(&guard_latch);
    }
    ovs_mutex_unlock(&guard_mutex);

    return error;
}

/* Stores a number that nobody can guess in '*secretp'.  Returns 0 or a
 * positive errno. */
static int
make_secret(uint64_t *secretp)
{
    ssize_t n = getrandom(secretp, sizeof *secretp, GRND_NONBLOCK);

    return n == sizeof *secretp ? 0 : n < 0 ? errno : EIO;
}

bool
dpdk_vhost_guard_connect(struct dpdk_vhost *vhost, const char *path, int vid,
                         uint64_t *secretp) OVS_EXCLUDED(guard_mutex)
{
    char *why = NULL;
    int inner, outer;
    bool accepted;
    int error;

    ovs_mutex_lock(&guard_mutex);
    error = make_secret(secretp);
    error = error ? error : take_socket(path, vhost->client, &outer, &inner);
    if (error) {
        /* Nobody is served whose messages cannot be checked. */
        why = xasprintf("messages cannot be checked (%s)",
                        ovs_strerror(error));
    } else if (dpdk_vhost_close_is_stuck(vhost->faults.name)) {
        why = xstrdup("descriptors that others have passed cannot be closed");
        if (!vhost->client) {
            dpdk_vhost_listen_pause(vhost, vhost->faults.name, path, is_taken);
        }
    } else if (count_connections(vhost) >= MAX_CONNECTIONS) {
        why = xasprintf("more than %d connections", MAX_CONNECTIONS);
    } else {
        struct dpdk_vhost_relay *conn;

        dpdk_vhost_sigbus_connect(vid);
        dpdk_vhost_connfd_begin(vid);
        dpdk_vhost_calls_forget(vid);
        conn = dpdk_vhost_relay_create(vhost, vid, outer, inner, *secretp);
        ovs_list_push_back(&connections, &conn->node);
        latch_set(&guard_latch);
    }
    accepted = !why;
    if (!accepted) {
        dpdk_vhost_faults_report(&vhost->faults, DPDK_VHOST_FAULT_CONNECTION,
                                 why);
        free(why);
        if (!error) {
            /* Not by librte_vhost, which waits. */
            dpdk_vhost_relay_close_outer(vhost->faults.name, outer);
            close(inner);
            latch_set(&guard_latch);
        }
    }
    ovs_mutex_unlock(&guard_mutex);

    return accepted;
}

void
dpdk_vhost_guard_disconnect(int vid) OVS_EXCLUDED(guard_mutex)
{
    struct dpdk_vhost_relay *conn, *next;

    ovs_mutex_lock(&guard_mutex);

    /* There may be another one whose 'vid' is used again already. */
    LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
        if (conn->vid == vid && !dpdk_vhost_relay_run_inner(conn)) {
            drop(conn);
        }
    }
    dpdk_vhost_calls_forget(vid);
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_begin(struct dpdk_vhost *vhost, uint64_t features,
                       uint64_t protocol) OVS_EXCLUDED(guard_mutex)
{
    ovs_mutex_lock(&guard_mutex);
    vhost->guarded = true;
    vhost->offered_features = features;
    vhost->offered_protocol = protocol;
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_release(struct dpdk_vhost *vhost, const char *path)
    OVS_EXCLUDED(guard_mutex)
{
    struct dpdk_vhost_relay *conn;

    ovs_mutex_lock(&guard_mutex);
    vhost->guarded = false;
    if (!vhost->client) {
        dpdk_vhost_listen_end(vhost, vhost->faults.name, path, is_taken);
    }
    LIST_FOR_EACH (conn, node, &connections) {
        if (conn->vhost == vhost) {
            conn->vhost = NULL;
        }
    }
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_end(const struct dpdk_vhost *vhost) OVS_EXCLUDED(guard_mutex)
{
    struct dpdk_vhost_relay *conn, *next;

    ovs_mutex_lock(&guard_mutex);
    LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
        if (conn->port == vhost) {
            drop(conn);
        }
    }
    dpdk_vhost_calls_forget_port(vhost);
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_get_info(const struct dpdk_vhost *vhost, int vid,
                          struct dpdk_vhost_guard_info *info)
    OVS_EXCLUDED(guard_mutex)
{
    const struct dpdk_vhost_relay *conn;
    bool found = false;

    memset(info, 0, sizeof *info);
    ovs_mutex_lock(&guard_mutex);
    LIST_FOR_EACH (conn, node, &connections) {
        if (conn->vhost == vhost) {
            info->n++;
            if (!found) {
                info->last_request = conn->last_request;
                info->features = conn->peer.features;
                info->protocol = conn->peer.protocol;
                found = conn->vid == vid;
            }
        }
    }
    ovs_mutex_unlock(&guard_mutex);
}
