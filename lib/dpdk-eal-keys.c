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
/* Keys of Open_vSwitch other_config that have no effect.  Called by plugin.c;
 * calls dpdk-eal-args.c. */

#include <config.h>

#include "dpdk-eal-keys.h"

#include "dpdk-eal-args.h"
#include "dpdk-log.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_eal)

/* How the names of our keys begin, and the names of some that are no more. */
static const char *const prefixes[] = { "dpdk-", "n-dpdk-", "vhost-" };

/* Keys that EAL gets, once. */
static const char *const eal_keys[] = {
    "dpdk-alloc-mem",
    "dpdk-extra",
    "dpdk-hugepage-dir",
    "dpdk-lcore-mask",
    "dpdk-socket-limit",
    "dpdk-socket-mem",
};

/* Other keys with one of 'prefixes'.  "dpdk-probe-at-init" is for later
 * versions of Open vSwitch, which share a database with this one while they
 * are being installed. */
static const char *const other_keys[] = {
    "dpdk-init",
    "dpdk-probe-at-init",
    "vhost-iommu-support",
    "vhost-postcopy-support",
    "vhost-sock-dir",
};

/* Values that were warned about. */
static struct smap warned_names = SMAP_INITIALIZER(&warned_names);

/* What DPDK was initialised with, and the values after that that were warned
 * about. */
static struct smap applied = SMAP_INITIALIZER(&applied);
static struct smap seen = SMAP_INITIALIZER(&seen);

static bool
is_ours(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
        if (!strncmp(key, prefixes[i], strlen(prefixes[i]))) {
            return true;
        }
    }
    return false;
}

static bool
contains(const char *const keys[], size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(key, keys[i])) {
            return true;
        }
    }
    return false;
}

void
dpdk_eal_keys_check_names(const struct smap *other_config)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, other_config) {
        if (is_ours(node->key)
            && !contains(eal_keys, ARRAY_SIZE(eal_keys), node->key)
            && !contains(other_keys, ARRAY_SIZE(other_keys), node->key)
            && !nullable_string_is_equal(node->value,
                                         smap_get(&warned_names, node->key))) {
            smap_replace(&warned_names, node->key, node->value);
            VLOG_WARN("other_config:%s has no effect: there is no such key, "
                      "remove it or correct its name", node->key);
        }
    }
}

void
dpdk_eal_keys_check_offload(const struct smap *other_config)
{
    static bool warned;

    if (!warned && smap_get_bool(other_config, "hw-offload", false)) {
        warned = true;
        VLOG_WARN("other_config:hw-offload has no effect on DPDK ports: their "
                  "packets are processed by the CPU");
    }
}

void
dpdk_eal_keys_set_applied(const struct smap *other_config)
{
    smap_clone(&applied, other_config);
    smap_clone(&seen, other_config);
}

void
dpdk_eal_keys_check_applied(const struct smap *other_config)
{
    static bool disabled;

    for (size_t i = 0; i < ARRAY_SIZE(eal_keys); i++) {
        const char *key = eal_keys[i];
        const char *value = smap_get(other_config, key);

        if (nullable_string_is_equal(value, smap_get(&seen, key))) {
            continue;
        }
        smap_remove(&seen, key);
        if (value) {
            smap_add(&seen, key, value);
        }
        if (!nullable_string_is_equal(value, smap_get(&applied, key))) {
            VLOG_WARN("other_config:%s: the change takes effect when "
                      "ovs-vswitchd restarts", key);
        }
    }

    if (disabled != (dpdk_eal_args_init(other_config) == DPDK_INIT_FALSE)) {
        disabled = !disabled;
        if (disabled) {
            VLOG_WARN("other_config:dpdk-init: the change takes effect when "
                      "ovs-vswitchd restarts");
        }
    }
}
