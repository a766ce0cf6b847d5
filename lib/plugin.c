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

/* The plugin as the switch sees it: the one exported symbol, which holds the
 * description of this build and the hooks.  Called by the switch through the
 * table; hands other_config to dpdk-eal*.c, dpdk-mempool-conf.c and
 * dpdk-vhost-socket.c, and registers the classes of dpdk-eth.c and
 * dpdk-vhost.c and the commands of dpdk-commands.c and
 * dpdk-eal-commands.c. */

#include <config.h>

#include <rte_cycles.h>
#include <rte_version.h>

#include "dpdk-commands.h"
#include "dpdk-dev.h"
#include "dpdk-eal.h"
#include "dpdk-eal-commands.h"
#include "dpdk-eal-keys.h"
#include "dpdk-eth.h"
#include "dpdk-log.h"
#include "dpdk-mempool-conf.h"
#include "dpdk-packet.h"
#include "dpdk-vhost-socket.h"
#include "dpdk-vhost.h"
#include "netdev-plugin.h"
#include "smap.h"

#define this_module (*dpdk_log_eal)

/* Takes over what does not need a restart. */
static void
plugin_configure(const struct smap *other_config)
{
    dpdk_eal_keys_check_offload(other_config);
    dpdk_mempool_conf_run(other_config);
    dpdk_vhost_rings_run(other_config);
    dpdk_vhost_socket_run(other_config);
}

/* Does what has to be done once, when DPDK was initialised. */
static void
plugin_start(const struct smap *other_config)
{
    dpdk_eal_keys_set_applied(other_config);
    dpdk_eal_commands_log_state();
    plugin_configure(other_config);
    dpdk_eal_commands_register();
    dpdk_commands_register();
    netdev_register_provider(&dpdk_eth_class);
    netdev_register_provider(&dpdk_vhost_server_class);
    netdev_register_provider(&dpdk_vhost_client_class);
    VLOG_INFO("DPDK Enabled - initialized");
}

/* The hook init(): initialises DPDK as 'other_config' says, and, once that has
 * succeeded, registers the classes.  That happens before the core publishes
 * the types of interfaces, and creates ports.  Later, takes over what changes
 * in 'other_config'. */
static void
plugin_init(const struct smap *other_config)
{
    static struct smap last = SMAP_INITIALIZER(&last);
    static bool first = true;

    if (!first && smap_equal(other_config, &last)) {
        return;
    }
    first = false;
    smap_destroy(&last);
    smap_clone(&last, other_config);

    dpdk_eal_keys_check_names(other_config);
    if (dpdk_eal_run(other_config)) {
        plugin_start(other_config);
    } else if (dpdk_eal_available()) {
        dpdk_eal_keys_check_applied(other_config);
        plugin_configure(other_config);
    }
}

static const struct netdev_plugin_hooks hooks = {
    .init = plugin_init,
    .attach_thread = dpdk_eal_attach_thread,
    .detach_thread = dpdk_eal_detach_thread,
    .available = dpdk_eal_available,
    .print_version = dpdk_eal_print_version,
    .status = dpdk_eal_status,
    .free_packet = dpdk_packet_free,
    .resize_packet = dpdk_packet_resize,
    .clone_packet = dpdk_packet_clone,
    .port_error = dpdk_dev_get_error,
    .tsc_hz = rte_get_tsc_hz,
};

NETDEV_PLUGIN_DEFINE("netdev-dpdk for DPDK " RTE_STR(RTE_VER_YEAR) "."
                     RTE_STR(RTE_VER_MONTH), &hooks);
