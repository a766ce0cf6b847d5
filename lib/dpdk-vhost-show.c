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

/* The command "netdev-dpdk/vhost-show".  Registered by dpdk-commands.c; calls
 * librte_vhost, dpdk-vhost-guard.c, dpdk-vhost-ring.c and dpdk-vhost-fault.c
 * for what they know, and dpdk-vhost-bits.c and dpdk-vhost-message.c for
 * names.
 *
 * What is known is collected as JSON, and the text is made from that, so that
 * the two forms cannot differ. */

#include <config.h>

#include "dpdk-vhost-show.h"

#include <linux/virtio_config.h>
#include <rte_vhost.h>
#include <string.h>

#include "dpdk-vhost.h"
#include "dpdk-vhost-bits.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-message.h"
#include "dpdk-vhost-ring.h"
#include "netdev-provider.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "util.h"

/* Names of reasons to drop packets, as in the names of statistics. */
static const char *const drop_names[DPDK_N_DROPS] = {
    [DPDK_DROP_FAILURE] = "failure",
    [DPDK_DROP_MTU] = "mtu_exceeded",
    [DPDK_DROP_SEGMENTS] = "segments",
    [DPDK_DROP_QOS] = "qos",
    [DPDK_DROP_HWOL] = "invalid_hwol",
    [DPDK_DROP_UNUSABLE] = "unusable",
};

/* What is copied of a ring while its mutex is held. */
struct ring_info {
    bool exists;                /* Has the guest set the ring up? */
    bool adopted;               /* Have we its indices? */
    uint32_t size;              /* Descriptors. */
    uint16_t last_avail;        /* If we have them. */
    uint16_t last_used;
    char *datapath;             /* Who carries its packets, or null. */
};

/* Collecting
 * ---------- */

static void
put_integer(struct json *object, const char *name, uint64_t value)
{
    json_object_put(object, name, json_integer_create(value));
}

/* Adds the names of 'bits', from 'bit_name', to 'object'. */
static void
put_bits(struct json *object, const char *name, uint64_t bits,
         char *(*bit_name)(int bit))
{
    struct json *names = json_array_create_empty();

    for (int i = 0; i < 64; i++) {
        if ((bits >> i) & 1) {
            json_array_add(names, json_string_create_nocopy(bit_name(i)));
        }
    }
    json_object_put(object, name, names);
}

/* Returns how far the connection of 'vhost' is. */
static const char *
get_state(struct dpdk_vhost *vhost, const struct dpdk_vhost_guard_info *info)
    OVS_REQUIRES(vhost->dev.mutex)
{
    return (dpdk_vhost_faults_held_until(&vhost->faults) ? "held"
            : vhost->vid >= 0 ? "device started"
            : info->last_request ? "negotiating"
            : info->n ? "connected"
            : !vhost->socket_path ? "no socket"
            : vhost->client ? "connecting"
            : "listening");
}

/* Adds to 'object' how far the connection of 'vhost' is. */
static void
put_connection(struct dpdk_vhost *vhost,
               const struct dpdk_vhost_guard_info *info, struct json *object)
    OVS_REQUIRES(vhost->dev.mutex)
{
    json_object_put_string(object, "name", vhost->dev.name);
    json_object_put_string(object, "type",
                           netdev_get_type(&vhost->dev.up));
    json_object_put_string(object, "role",
                           vhost->client ? "client" : "server");
    if (vhost->socket_path) {
        json_object_put_string(object, "socket", vhost->socket_path);
    }
    json_object_put_string(object, "state", get_state(vhost, info));
    json_object_put(object, "link", json_boolean_create(vhost->ready));
    put_integer(object, "connections", info->n);
    if (info->last_request) {
        const char *name = dpdk_vhost_message_name(info->last_request);

        if (name) {
            json_object_put_string(object, "last_request", name);
        } else {
            json_object_put_format(object, "last_request",
                                   "request %"PRIu32, info->last_request);
        }
    }
    put_integer(object, "numa_node", vhost->dev.socket_id);
}

/* Adds to 'object' what was negotiated with 'vhost'. */
static void
put_features(const struct dpdk_vhost *vhost,
             const struct dpdk_vhost_guard_info *info, struct json *object)
    OVS_REQUIRES(vhost->dev.mutex)
{
    uint64_t features = info->features;

    if (vhost->vid >= 0) {
        rte_vhost_get_negotiated_features(vhost->vid, &features);
    }
    put_bits(object, "features", features, dpdk_vhost_bits_feature);
    put_bits(object, "protocol_features", info->protocol,
             dpdk_vhost_bits_protocol);
}

/* Adds to 'object' the guest's memory, as the rings know it. */
static void
put_memory(struct dpdk_vhost_rings *rings, struct json *object)
    OVS_EXCLUDED(rings->mutex)
{
    struct json *regions = json_array_create_empty();

    ovs_mutex_lock(&rings->mutex);
    for (size_t i = 0; rings->vid >= 0 && i < rings->memory.n; i++) {
        struct json *region = json_object_create();

        /* All 64 bits of an address do not go into an integer. */
        json_object_put_format(region, "guest_address", "0x%"PRIx64,
                               rings->memory.regions[i].start);
        put_integer(region, "size", rings->memory.regions[i].size);
        json_array_add(regions, region);
    }
    ovs_mutex_unlock(&rings->mutex);
    json_object_put(object, "memory_regions", regions);
}

/* Copies what is known of ring 'index'.  The packet side may be using it, so
 * each index is loaded once, and the two need not fit together. */
static struct ring_info
get_ring(struct dpdk_vhost_rings *rings, int index)
    OVS_EXCLUDED(rings->mutex)
{
    struct ring_info info = { .exists = false };
    const struct dpdk_vhost_ring *ring;

    ovs_mutex_lock(&rings->mutex);
    ring = index < DPDK_VHOST_MAX_RINGS ? rings->ring[index] : NULL;
    if (ring && rings->vid >= 0) {
        const struct dpdk_vring *view = &ring->view;

        info.exists = ring->exists;
        info.size = ring->config.size;
        info.adopted = __atomic_load_n(&ring->adopted, __ATOMIC_RELAXED);
        info.last_avail = __atomic_load_n(&view->last_avail, __ATOMIC_RELAXED);
        info.last_used = __atomic_load_n(&view->last_used, __ATOMIC_RELAXED);
        info.datapath = dpdk_vhost_ring_datapath(ring);
    }
    ovs_mutex_unlock(&rings->mutex);
    return info;
}

/* Adds to 'object' what is known of ring 'index' of the guest of 'vhost'. */
static void
put_ring(struct dpdk_vhost *vhost, int index, bool packed,
         struct json *object)
    OVS_REQUIRES(vhost->dev.mutex)
{
    enum dpdk_vhost_queue_state state = *dpdk_vhost_queue_state(vhost, index);
    struct ring_info info = get_ring(&vhost->rings, index);
    uint16_t mask = packed ? 0x7fff : 0xffff; /* Without wrap counters. */

    if (info.datapath) {
        json_object_put(object, "datapath",
                        json_string_create_nocopy(info.datapath));
    }
    if (state != DPDK_VHOST_QUEUE_UNKNOWN) {
        bool enabled = state == DPDK_VHOST_QUEUE_ENABLED;

        json_object_put(object, "enabled", json_boolean_create(enabled));
    }
    if (!info.exists) {
        return;
    }
    put_integer(object, "size", info.size);

    /* destroy_device() waits for the mutex of the port, so the ring stays.
     * librte_vhost takes no lock for this. */
    if (info.adopted
        || !rte_vhost_get_vring_base(vhost->vid, index, &info.last_avail,
                                     &info.last_used)) {
        put_integer(object, "last_avail", info.last_avail & mask);
        put_integer(object, "last_used", info.last_used & mask);
    }
}

/* Adds to 'object' the counters of a queue. */
static void
put_counters(const struct dpdk_queue_stats *stats, struct json *object)
{
    struct json *drops = json_object_create();

    for (int i = 0; i < DPDK_N_DROPS; i++) {
        put_integer(drops, drop_names[i], dpdk_counter_read(&stats->drops[i]));
    }
    json_object_put(object, "drops", drops);
    put_integer(object, "packets", dpdk_counter_read(&stats->packets));
    put_integer(object, "bytes", dpdk_counter_read(&stats->bytes));
    put_integer(object, "calls", dpdk_counter_read(&stats->notifications));
}

/* Adds to 'object' the rings of 'vhost', and those that it has had, whose
 * counters it keeps. */
static void
put_rings(struct dpdk_vhost *vhost, struct json *object)
    OVS_REQUIRES(vhost->dev.mutex)
{
    const struct dpdk_dev *dev = &vhost->dev;
    struct json *rings = json_array_create_empty();
    size_t n_guest = 0;
    uint64_t features;
    bool packed = false;
    size_t n;

    if (vhost->vid >= 0) {
        n_guest = MIN(rte_vhost_get_vring_num(vhost->vid),
                      DPDK_VHOST_MAX_RINGS);
        packed = !rte_vhost_get_negotiated_features(vhost->vid, &features)
                 && features & (UINT64_C(1) << VIRTIO_F_RING_PACKED);
    }
    n = MAX(n_guest, 2 * MAX(dev->n_rx_stats, dev->n_tx_stats));
    for (size_t i = 0; i < n; i++) {
        size_t n_stats = i % 2 ? dev->n_rx_stats : dev->n_tx_stats;
        struct json *ring = json_object_create();

        put_integer(ring, "ring", i);
        put_integer(ring, "queue", i / 2);
        json_object_put_string(ring, "direction", i % 2 ? "rx" : "tx");
        if (i < n_guest) {
            put_ring(vhost, i, packed, ring);
        }
        if (i / 2 < n_stats) {
            put_counters(i % 2 ? &dev->rx_stats[i / 2]
                         : &dev->tx_stats[i / 2], ring);
        }
        json_array_add(rings, ring);
    }
    json_object_put(object, "rings", rings);
}

/* Returns all that is known of 'vhost'. */
static struct json *
collect(struct dpdk_vhost *vhost) OVS_EXCLUDED(vhost->dev.mutex)
{
    struct json *object = json_object_create();
    struct dpdk_vhost_guard_info info;

    ovs_mutex_lock(&vhost->dev.mutex);
    dpdk_vhost_guard_get_info(vhost, vhost->vid, &info);
    put_connection(vhost, &info, object);
    put_features(vhost, &info, object);
    put_memory(&vhost->rings, object);
    put_rings(vhost, object);
    ovs_mutex_unlock(&vhost->dev.mutex);
    dpdk_vhost_faults_to_json(&vhost->faults, object);
    return object;
}

/* Text
 * ---- */

static const struct json *
get(const struct json *object, const char *name)
{
    return shash_find_data(json_object(object), name);
}

/* Returns the string 'name' of 'object', or null if there is none. */
static const char *
get_string(const struct json *object, const char *name)
{
    const struct json *value = get(object, name);

    return value ? json_string(value) : NULL;
}

static long long int
get_integer(const struct json *object, const char *name)
{
    return json_integer(get(object, name));
}

/* Prints the strings of the array 'name' of 'object', if there are any. */
static void
print_list(struct ds *ds, const char *title, const struct json *object,
           const char *name)
{
    const struct json *list = get(object, name);

    if (list && list->array.n) {
        ds_put_format(ds, "    %s:\n", title);
        for (size_t i = 0; i < list->array.n; i++) {
            ds_put_format(ds, "        %s\n",
                          json_string(list->array.elems[i]));
        }
    }
}

static void
print_connection(struct ds *ds, const struct json *port)
{
    const char *socket = get_string(port, "socket");
    const char *request = get_string(port, "last_request");

    ds_put_format(ds, "%s: %s\n", get_string(port, "name"),
                  get_string(port, "type"));
    ds_put_format(ds, "    socket: %s (%s)\n", socket ? socket : "none",
                  get_string(port, "role"));
    ds_put_format(ds, "    state: %s", get_string(port, "state"));
    if (request) {
        ds_put_format(ds, ", last request %s", request);
    }
    if (get(port, "held_until")) {
        ds_put_format(ds, "\n    held until: %s, %s",
                      get_string(port, "held_until"),
                      get_string(port, "held_why"));
    }
    ds_put_format(ds, "\n    link: %s\n",
                  json_boolean(get(port, "link")) ? "up" : "down");
    ds_put_format(ds, "    connections: %lld\n",
                  get_integer(port, "connections"));
    ds_put_format(ds, "    NUMA node: %lld\n", get_integer(port, "numa_node"));
    print_list(ds, "features", port, "features");
    print_list(ds, "protocol features", port, "protocol_features");
}

static void
print_memory(struct ds *ds, const struct json *port)
{
    const struct json *regions = get(port, "memory_regions");

    for (size_t i = 0; i < regions->array.n; i++) {
        const struct json *region = regions->array.elems[i];

        ds_put_format(ds, "    memory region %"PRIuSIZE": guest address %s, "
                      "%lld bytes\n", i, get_string(region, "guest_address"),
                      get_integer(region, "size"));
    }
}

static void
print_counters(struct ds *ds, const struct json *ring)
{
    const struct json *drops = get(ring, "drops");

    ds_put_format(ds, "        packets %lld, bytes %lld, calls %lld\n",
                  get_integer(ring, "packets"), get_integer(ring, "bytes"),
                  get_integer(ring, "calls"));
    for (int i = 0; i < DPDK_N_DROPS; i++) {
        long long int n = get_integer(drops, drop_names[i]);

        if (n) {
            ds_put_format(ds, "        dropped: %s %lld\n", drop_names[i], n);
        }
    }
}

static void
print_ring(struct ds *ds, const struct json *ring)
{
    const struct json *enabled = get(ring, "enabled");
    const char *datapath = get_string(ring, "datapath");

    ds_put_format(ds, "    ring %lld (%s queue %lld):",
                  get_integer(ring, "ring"), get_string(ring, "direction"),
                  get_integer(ring, "queue"));
    if (get(ring, "size")) {
        ds_put_format(ds, " size %lld,", get_integer(ring, "size"));
    }
    ds_put_format(ds, " %s", datapath ? datapath : "no guest");
    if (enabled) {
        ds_put_format(ds, ", %s",
                      json_boolean(enabled) ? "enabled" : "disabled");
    }
    if (get(ring, "last_avail")) {
        ds_put_format(ds, ", last avail %lld, last used %lld",
                      get_integer(ring, "last_avail"),
                      get_integer(ring, "last_used"));
    }
    ds_put_char(ds, '\n');
    if (get(ring, "packets")) {
        print_counters(ds, ring);
    }
}

static void
print_faults(struct ds *ds, const struct json *port)
{
    const struct json *last = get(port, "last_faults");
    const struct shash_node **kinds = shash_sort(json_object(get(port,
                                                                 "faults")));
    size_t n = shash_count(json_object(get(port, "faults")));

    for (size_t i = 0; i < n; i++) {
        const struct json *fault = kinds[i]->data;

        if (get_integer(fault, "count")) {
            ds_put_format(ds, "    %s: %lld, last at %s\n", kinds[i]->name,
                          get_integer(fault, "count"),
                          get_string(fault, "last"));
        }
    }
    free(kinds);
    if (last->array.n) {
        ds_put_cstr(ds, "    last faults:\n");
    }
    for (size_t i = 0; i < last->array.n; i++) {
        ds_put_format(ds, "        %s %s\n",
                      get_string(last->array.elems[i], "time"),
                      get_string(last->array.elems[i], "text"));
    }
}

/* Returns 'ports' as text that the caller has to free. */
static char *
to_text(const struct json *ports)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    for (size_t i = 0; i < ports->array.n; i++) {
        const struct json *port = ports->array.elems[i];
        const struct json *rings = get(port, "rings");

        print_connection(&ds, port);
        print_memory(&ds, port);
        for (size_t j = 0; j < rings->array.n; j++) {
            print_ring(&ds, rings->array.elems[j]);
        }
        print_faults(&ds, port);
    }
    return ds_steal_cstr(&ds);
}

/* The command
 * ----------- */

/* Adds all vhost ports to 'ports', in the order of their names. */
static void
collect_all(struct json *ports)
{
    struct shash netdevs = SHASH_INITIALIZER(&netdevs);
    const struct shash_node **nodes;

    netdev_get_devices(&dpdk_vhost_server_class, &netdevs);
    netdev_get_devices(&dpdk_vhost_client_class, &netdevs);
    nodes = shash_sort(&netdevs);
    for (size_t i = 0; i < shash_count(&netdevs); i++) {
        struct netdev *netdev = nodes[i]->data;

        json_array_add(ports, collect(dpdk_vhost_cast(netdev)));
        netdev_close(netdev);
    }
    free(nodes);
    shash_destroy(&netdevs);
}

/* Adds the vhost port 'name' to 'ports'.  Returns false if there is none. */
static bool
collect_one(struct json *ports, const char *name)
{
    struct dpdk_vhost *vhost = dpdk_vhost_open(name);

    if (!vhost) {
        return false;
    }
    json_array_add(ports, collect(vhost));
    netdev_close(&vhost->dev.up);
    return true;
}

void
dpdk_vhost_show(struct unixctl_conn *conn, int argc, const char *argv[],
                void *aux OVS_UNUSED)
{
    bool json = argc > 1 && !strcmp(argv[1], "--json");
    const char *name = argc > 1 + json ? argv[1 + json] : NULL;
    struct json *ports;
    char *reply;

    if (argc > 2 + json) {
        unixctl_command_reply_error(conn, "Use [--json] [netdev]");
        return;
    }
    ports = json_array_create_empty();
    if (!name) {
        collect_all(ports);
    } else if (!collect_one(ports, name)) {
        unixctl_command_reply_error(conn, "Not a vhost-user Interface");
        json_destroy(ports);
        return;
    }
    reply = json ? json_to_string(ports, JSSF_PRETTY | JSSF_SORT)
                 : to_text(ports);
    unixctl_command_reply(conn, reply);
    free(reply);
    json_destroy(ports);
}
