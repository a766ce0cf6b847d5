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

/* What librte_vhost calls the drivers of sockets.  Called by dpdk-vhost.c,
 * calls librte_vhost, dpdk-vhost-file.c, dpdk-vhost-guard.c and
 * dpdk-vhost-wake.c. */

#include <config.h>

#include "dpdk-vhost-driver.h"

#include <errno.h>
#include <rte_vhost.h>

#include "dpdk-log.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-events.h"
#include "dpdk-vhost-features.h"
#include "dpdk-vhost-file.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-socket.h"
#include "dpdk-vhost-wake.h"
#include "ovs-rcu.h"
#include "timeval.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* How long to wait before the socket of a client port is restarted, as long as
 * librte_vhost waits for a server. */
#define RESTART_MS 1000

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 5);

char *
dpdk_vhost_driver_check(const char *path, bool *leavingp)
    OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_vhost *vhost;
    char *why = NULL;

    *leavingp = false;
    ovs_mutex_lock(&dpdk_mutex);
    vhost = dpdk_vhost_lookup(path);
    if (vhost) {
        why = xasprintf("'%s' is the socket of port %s, use another one",
                        path, vhost->dev.name);
        ovs_mutex_lock(&vhost->dev.mutex);
        *leavingp = vhost->client
                    && !nullable_string_is_equal(vhost->requested_path, path);
        ovs_mutex_unlock(&vhost->dev.mutex);
    }
    ovs_mutex_unlock(&dpdk_mutex);

    return why;
}

/* Lets a port that waits for the socket 'path' try again. */
static void
retry_path(const char *path) OVS_EXCLUDED(dpdk_mutex)
{
    struct dpdk_dev *dev;

    ovs_mutex_lock(&dpdk_mutex);
    LIST_FOR_EACH (dev, list_node, &dpdk_devs) {
        if (dpdk_vhost_is(dev)) {
            struct dpdk_vhost *vhost = dpdk_vhost_cast(&dev->up);

            ovs_mutex_lock(&vhost->dev.mutex);
            if (nullable_string_is_equal(vhost->requested_path, path)) {
                netdev_request_reconfigure(&vhost->dev.up);
            }
            ovs_mutex_unlock(&vhost->dev.mutex);
        }
    }
    ovs_mutex_unlock(&dpdk_mutex);
}

/* Logs that 'function' of librte_vhost has failed for 'vhost'. */
static void
log_failure(const struct dpdk_vhost *vhost, const char *function)
{
    VLOG_ERR("rte_vhost_driver_%s failed for vhost user %sport: %s", function,
             vhost->client ? "client " : "", vhost->dev.name);
}

/* Decides what features of the protocol guests are offered on the socket
 * 'path', with an 'iommu' or not, and tells GUARD of what they are offered
 * there.  Returns false if librte_vhost does not know. */
static bool
store_offer(struct dpdk_vhost *vhost, const char *path, bool iommu)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    uint64_t features, protocol;

    if (rte_vhost_driver_get_features(path, &features)
        || rte_vhost_driver_get_protocol_features(path, &protocol)) {
        return false;
    }
    protocol = dpdk_vhost_features_protocol(protocol, iommu);
    if (rte_vhost_driver_set_protocol_features(path, protocol)) {
        return false;
    }
    dpdk_vhost_guard_begin(vhost, features, protocol);
    return true;
}

/* Makes librte_vhost serve the socket 'path' for 'vhost'.  Callbacks may run
 * before this returns, so the caller has stored the path in 'vhost' and holds
 * no mutex.  Returns 0 or a positive errno. */
static int
register_socket(struct dpdk_vhost *vhost, const char *path)
{
    uint64_t socket_flags = vhost->client ? dpdk_vhost_socket_client_flags()
                                          : 0;
    bool iommu = (socket_flags & RTE_VHOST_USER_IOMMU_SUPPORT) != 0;
    const char *failed = NULL;
    uint64_t flags;
    bool all;

    ovs_mutex_lock(&vhost->dev.mutex);
    all = vhost->all_features = vhost->requested_all_features;
    vhost->counts_iotlb = iommu;
    ovs_mutex_unlock(&vhost->dev.mutex);

    flags = dpdk_vhost_features_driver_flags(all) | socket_flags;
    if (vhost->client) {
        flags |= RTE_VHOST_USER_CLIENT;
    }
    if (iommu) {
        /* This, librte_vhost can count, and we cannot. */
        flags |= RTE_VHOST_USER_NET_STATS_ENABLE;
    }

    errno = 0;
    if (rte_vhost_driver_register(path, flags)) {
        VLOG_ERR_RL(&rl, "vhost-user %s setup failure for %s %s",
                    vhost->client ? "device" : "socket device",
                    vhost->client ? "device" : "socket", path);
        return errno ? errno : EEXIST;
    }

    if (rte_vhost_driver_callback_register(path, &dpdk_vhost_device_ops)) {
        failed = "callback_register";
    } else if (rte_vhost_driver_disable_features(
                   path, dpdk_vhost_features_disabled(all))) {
        failed = "disable_features";
    } else if (!store_offer(vhost, path, iommu)) {
        failed = "get_features";
    } else if (rte_vhost_driver_start(path)) {
        failed = "start";
    }
    if (failed) {
        int error = errno ? errno : EIO;

        log_failure(vhost, failed);
        rte_vhost_driver_unregister(path);
        return error;
    }
    return 0;
}

/* Undoes register_socket().  The callbacks for a guest that is connected run
 * in this thread, or in VHOST, which may be in destroy_device() and wait for a
 * grace period: this thread must not be the one that it waits for. */
static void
unregister_socket(const struct dpdk_vhost *vhost, const char *path)
{
    int retval;

    ovsrcu_quiesce_start();
    retval = rte_vhost_driver_unregister(path);
    ovsrcu_quiesce_end();
    if (retval) {
        VLOG_ERR("%s: Unable to unregister vhost driver for socket '%s'.",
                 vhost->dev.name, path);
    }
    dpdk_vhost_guard_end(vhost);
}

/* Stores that the socket of 'vhost' is 'path', which may be null, and which
 * 'vhost' then owns.  Returns the previous one, which the caller has to
 * free. */
static char *
set_path(struct dpdk_vhost *vhost, char *path)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    char *old;

    ovs_mutex_lock(&vhost->dev.mutex);
    old = vhost->socket_path;
    vhost->socket_path = path;
    ovs_mutex_unlock(&vhost->dev.mutex);

    return old;
}

/* Remembers which file the socket of 'vhost', a server port, is.  Returns 0 or
 * a positive errno. */
static int
open_file(struct dpdk_vhost *vhost, const char *path)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    struct dpdk_vhost_file *file = dpdk_vhost_file_create(path);

    ovs_mutex_lock(&vhost->dev.mutex);
    vhost->file = file;
    ovs_mutex_unlock(&vhost->dev.mutex);

    return file ? 0 : ENOENT;
}

/* Stores that the socket of 'vhost' is to be restarted 'when', by time_msec(),
 * or never if that is 0. */
static void
set_restart(struct dpdk_vhost *vhost, long long int when)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    ovs_mutex_lock(&vhost->dev.mutex);
    vhost->restart_at = when;
    ovs_mutex_unlock(&vhost->dev.mutex);
}

void
dpdk_vhost_driver_restart_later(struct dpdk_vhost *vhost)
{
    if (vhost->client) {
        set_restart(vhost, time_msec() + RESTART_MS);
        dpdk_vhost_events_wake();
    }
}

int
dpdk_vhost_driver_start(struct dpdk_vhost *vhost, const char *path)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    int error;

    set_path(vhost, xstrdup(path));
    set_restart(vhost, 0);
    error = register_socket(vhost, path);
    if (!error && !vhost->client) {
        error = open_file(vhost, path);
        if (error) {
            dpdk_vhost_guard_release(vhost, path);
            unregister_socket(vhost, path);
        }
    }
    if (error) {
        free(set_path(vhost, NULL));
        dpdk_vhost_driver_restart_later(vhost);
        return error;
    }
    if (vhost->client) {
        VLOG_INFO("vHost User device '%s' created in 'client' mode, using "
                  "client socket '%s'", vhost->dev.name, path);
    } else {
        dpdk_vhost_wake();
        VLOG_INFO("Socket %s created for vhost-user port %s",
                  path, vhost->dev.name);
    }
    return 0;
}

/* Unregisters the socket 'path' of 'vhost', a server port. */
static void
stop_server(struct dpdk_vhost *vhost, const char *path)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    struct dpdk_vhost_file *file;
    bool connected;

    ovs_mutex_lock(&vhost->dev.mutex);
    connected = vhost->vid >= 0;
    file = vhost->file;
    vhost->file = NULL;
    ovs_mutex_unlock(&vhost->dev.mutex);

    if (connected) {
        VLOG_ERR("Removing port '%s' while vhost device still attached.",
                 vhost->dev.name);
        VLOG_ERR("To restore connectivity after re-adding of port, VM on "
                 "socket '%s' must be restarted.", path);
    }
    dpdk_vhost_file_hide(file);
    unregister_socket(vhost, path);
    dpdk_vhost_file_unhide(file);
    dpdk_vhost_file_destroy(file);
}

void
dpdk_vhost_driver_stop(struct dpdk_vhost *vhost)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    char *path;

    ovs_mutex_lock(&vhost->dev.mutex);
    path = nullable_xstrdup(vhost->socket_path);
    vhost->stopping = path != NULL;
    ovs_mutex_unlock(&vhost->dev.mutex);
    if (!path) {
        return;
    }

    dpdk_vhost_guard_release(vhost, path);
    if (vhost->client) {
        unregister_socket(vhost, path);
    } else {
        stop_server(vhost, path);
    }

    ovs_mutex_lock(&vhost->dev.mutex);
    free(vhost->socket_path);
    vhost->socket_path = NULL;
    vhost->stopping = false;
    ovs_mutex_unlock(&vhost->dev.mutex);
    retry_path(path);
    free(path);
}

/* Makes 'path' the socket of 'vhost'.  Returns null, or a phrase that says why
 * not and that the caller has to free. */
static char *
try_start(struct dpdk_vhost *vhost, const char *path)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    int error = dpdk_vhost_driver_start(vhost, path);

    return error ? xasprintf("socket '%s' could not be set up: %s", path,
                             ovs_strerror(error))
                 : NULL;
}

/* Changes the socket of 'vhost' from 'old' to 'path', of which either may be
 * null.  If that cannot be, it stays 'old'.  Returns null, or a phrase that
 * says why not and that the caller has to free. */
static char *
change_path(struct dpdk_vhost *vhost, const char *old, const char *path)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    bool leaving = false;
    char *why = path ? dpdk_vhost_driver_check(path, &leaving) : NULL;

    if (why) {
        if (leaving) {
            /* Perhaps for the socket of 'vhost'. */
            dpdk_vhost_driver_stop(vhost);
        }
        return why;
    }
    dpdk_vhost_driver_stop(vhost);
    why = path ? try_start(vhost, path) : NULL;
    if (why && old) {
        dpdk_vhost_driver_start(vhost, old);
    }
    return why;
}

void
dpdk_vhost_driver_apply_path(struct dpdk_vhost *vhost)
    OVS_EXCLUDED(vhost->dev.mutex)
{
    char *why = NULL;
    bool restart;
    char *path;
    char *old;

    ovs_mutex_lock(&vhost->dev.mutex);
    old = nullable_xstrdup(vhost->socket_path);
    path = nullable_xstrdup(vhost->requested_path);
    restart = vhost->requested_all_features != vhost->all_features;
    if (vhost->restart_at && vhost->restart_at <= time_msec()) {
        vhost->restart_at = 0;
        restart = true;
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    if (!nullable_string_is_equal(old, path)) {
        why = change_path(vhost, old, path);
    } else if (path && restart) {
        dpdk_vhost_driver_stop(vhost);
        why = try_start(vhost, path);
    }
    free(old);
    free(path);

    ovs_mutex_lock(&vhost->dev.mutex);
    dpdk_vhost_set_error(vhost, DPDK_VHOST_ERROR_SOCKET, why);
    ovs_mutex_unlock(&vhost->dev.mutex);
}
