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

/* The smallest plugin, for tests/plugin-loader.at: no DPDK, no device class,
 * and hooks that only say that they were called.  Loaded by plugin-load and by
 * the switch.
 *
 * The tests make plugins that must be refused out of it with
 * plugin-abi-patch.py. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dp-packet.h"
#include "netdev-plugin.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(plugin_dummy);

static bool initialized;

/* Leaves a mark that code of this plugin has run. */
OVS_CONSTRUCTOR(plugin_dummy_constructor)
{
    const char *mark = getenv("PLUGIN_DUMMY_MARK");
    FILE *stream = mark ? fopen(mark, "w") : NULL;

    if (stream) {
        fclose(stream);
    }
}

static void
plugin_dummy_init(const struct smap *other_config)
{
    if (!initialized && smap_get_bool(other_config, "dpdk-init", false)) {
        initialized = true;
        VLOG_DBG("initialized");
    }
}

static bool
plugin_dummy_attach_thread(unsigned int core_id)
{
    printf("attach_thread %u\n", core_id);
    return true;
}

static void
plugin_dummy_detach_thread(void)
{
    puts("detach_thread");
}

static bool
plugin_dummy_available(void)
{
    return initialized;
}

static void
plugin_dummy_print_version(void)
{
    puts("dummy 1.0");
}

static void
plugin_dummy_status(const struct ovsrec_open_vswitch *cfg)
{
    if (cfg) {
        ovsrec_open_vswitch_set_dpdk_initialized(cfg, initialized);
        ovsrec_open_vswitch_set_dpdk_version(cfg, "dummy 1.0");
    }
}

static void
plugin_dummy_free_packet(struct dp_packet *packet)
{
    printf("free_packet %"PRIu32"\n", dp_packet_size(packet));
    packet->source = DPBUF_MALLOC;
    dp_packet_delete(packet);
}

static void
plugin_dummy_resize_packet(struct dp_packet *packet, size_t new_headroom,
                           size_t new_tailroom)
{
    printf("resize_packet %"PRIu32": %"PRIuSIZE" before, %"PRIuSIZE" after\n",
           dp_packet_size(packet), new_headroom, new_tailroom);
}

static struct dp_packet *
plugin_dummy_clone_packet(const struct dp_packet *packet OVS_UNUSED,
                          size_t headroom OVS_UNUSED)
{
    return NULL;
}

static bool
plugin_dummy_port_error(const char *name, const char **errorp)
{
    bool mine = !strcmp(name, "dummy0");

    *errorp = mine ? "dummy0: is only a dummy" : NULL;
    return mine;
}

static uint64_t
plugin_dummy_tsc_hz(void)
{
    return 0;
}

static const struct netdev_plugin_hooks plugin_dummy_hooks = {
    .init = plugin_dummy_init,
    .attach_thread = plugin_dummy_attach_thread,
    .detach_thread = plugin_dummy_detach_thread,
    .available = plugin_dummy_available,
    .print_version = plugin_dummy_print_version,
    .status = plugin_dummy_status,
    .free_packet = plugin_dummy_free_packet,
    .resize_packet = plugin_dummy_resize_packet,
    .clone_packet = plugin_dummy_clone_packet,
    .port_error = plugin_dummy_port_error,
    .tsc_hz = plugin_dummy_tsc_hz,
};

NETDEV_PLUGIN_DEFINE("dummy 1.0", &plugin_dummy_hooks);
