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

/* Interface:options of vhost-user ports.  Called by the core, calls
 * dpdk-vhost.c, dpdk-vhost-file.c and dpdk-vhost-socket.c. */

#include <config.h>

#include "dpdk-vhost-config.h"

#include "dpdk-log.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-file.h"
#include "dpdk-vhost-socket.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

const char *
dpdk_vhost_config_datapath_name(bool wanted)
{
    return wanted ? "auto" : "library";
}

bool
dpdk_vhost_config_parse_datapath(const char *name, bool *wantedp)
{
    *wantedp = !strcmp(name, "auto");
    return *wantedp || !strcmp(name, "library");
}

/* Applies "vhost-datapath" in 'args', unless it is the same as when
 * dpdk_dev_warn_options() was called last: a command may have changed it
 * since. */
static void
set_datapath(struct dpdk_vhost *vhost, const struct smap *args)
{
    const char *before = smap_get(&vhost->dev.options, "vhost-datapath");
    const char *value = smap_get(args, "vhost-datapath");
    bool wanted = true;

    if (nullable_string_is_equal(value, before)) {
        return;
    }
    if (value && !dpdk_vhost_config_parse_datapath(value, &wanted)) {
        VLOG_WARN("%s: options:vhost-datapath: '%s' is neither auto nor "
                  "library, auto is used", vhost->dev.name, value);
        wanted = true;
    }
    dpdk_vhost_rings_set_wanted(&vhost->rings, wanted);
}

int
dpdk_vhost_config_set_server(struct netdev *netdev, const struct smap *args,
                             char **errp OVS_UNUSED)
{
    static const char *const known[] = {
        "vhost-socket-mode", "vhost-socket-owner", "vhost-socket-group",
        "vhost-datapath", NULL
    };
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);
    struct dpdk_vhost_access access;
    char *why;

    set_datapath(vhost, args);
    dpdk_dev_warn_options(&vhost->dev, args, known);
    ovs_mutex_lock(&vhost->dev.mutex);
    why = dpdk_vhost_file_parse_access(vhost->file, args, &access);
    if (!why) {
        why = dpdk_vhost_file_set_access(vhost->file, &access);
    }
    dpdk_vhost_set_error(vhost, DPDK_VHOST_ERROR_OPTIONS, why);
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}

/* Returns the number that "tx-retries-max" in 'args' is, and warns if that is
 * none and was not the same when dpdk_dev_warn_options() was called last. */
static int
parse_retries(const struct dpdk_vhost *vhost, const struct smap *args)
{
    const char *before = smap_get(&vhost->dev.options, "tx-retries-max");
    const char *value = smap_get(args, "tx-retries-max");
    int retries;

    if (!value) {
        return DPDK_VHOST_TX_RETRIES_DEF;
    }
    if (str_to_int(value, 10, &retries)
        && retries >= 0 && retries <= DPDK_VHOST_TX_RETRIES_MAX) {
        return retries;
    }
    if (!nullable_string_is_equal(value, before)) {
        VLOG_WARN("%s: options:tx-retries-max: '%s' is not a number from 0 to "
                  "%d, %d is used", vhost->dev.name, value,
                  DPDK_VHOST_TX_RETRIES_MAX, DPDK_VHOST_TX_RETRIES_DEF);
    }
    return DPDK_VHOST_TX_RETRIES_DEF;
}

/* Checks the path of a socket in 'args' and stores it, for "reconfigure" to
 * use. */
static void
request_path(struct dpdk_vhost *vhost, const struct smap *args)
    OVS_REQUIRES(vhost->dev.mutex)
{
    const char *path = smap_get(args, "vhost-server-path");
    char *why = NULL;

    if (path && !path[0]) {
        path = NULL;
    }
    if (path) {
        char *reason = dpdk_vhost_socket_check(path);

        if (reason) {
            why = xasprintf("options:vhost-server-path: %s", reason);
            free(reason);
        }
    }
    if (!why && !nullable_string_is_equal(path, vhost->requested_path)) {
        free(vhost->requested_path);
        vhost->requested_path = nullable_xstrdup(path);
        netdev_request_reconfigure(&vhost->dev.up);
    }
    dpdk_vhost_set_error(vhost, DPDK_VHOST_ERROR_OPTIONS, why);
}

int
dpdk_vhost_config_set_client(struct netdev *netdev, const struct smap *args,
                             char **errp OVS_UNUSED)
{
    static const char *const known[] = {
        "vhost-server-path", "tx-retries-max", "vhost-datapath", NULL
    };
    struct dpdk_vhost *vhost = dpdk_vhost_cast(netdev);
    int retries = parse_retries(vhost, args);
    int old_retries;

    set_datapath(vhost, args);
    dpdk_dev_warn_options(&vhost->dev, args, known);
    ovs_mutex_lock(&vhost->dev.mutex);
    request_path(vhost, args);
    atomic_read_relaxed(&vhost->tx_retries_max, &old_retries);
    if (retries != old_retries) {
        atomic_store_relaxed(&vhost->tx_retries_max, retries);
        VLOG_INFO("Max Tx retries for vhost device '%s' set to %d",
                  netdev->name, retries);
    }
    ovs_mutex_unlock(&vhost->dev.mutex);

    return 0;
}
