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

/* From Open_vSwitch other_config to the arguments of rte_eal_init(). */

#include <config.h>

#include "dpdk-eal-args.h"

#include <string.h>

#include "dpdk-log.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

#define this_module (*dpdk_log_eal)

/* A key of other_config that is one EAL option. */
struct eal_option {
    const char *key;
    const char *option;
};

/* Options that name lcores or memory, each of which overrides the others:
 * EAL refuses two of them. */
static const char *const lcore_options[] = { "-c", "-l", "--lcores", NULL };
static const char *const memory_options[] = { "-m", "--socket-mem", NULL };

/* Keys of memory, the last one wins. */
static const struct eal_option memory_keys[] = {
    { "dpdk-alloc-mem", "-m" },
    { "dpdk-socket-mem", "--socket-mem" },
};

enum dpdk_init
dpdk_eal_args_init(const struct smap *other_config)
{
    const char *value = smap_get_def(other_config, "dpdk-init", "false");

    return (!strcasecmp(value, "true") ? DPDK_INIT_TRUE
            : !strcasecmp(value, "try") ? DPDK_INIT_TRY
            : DPDK_INIT_FALSE);
}

/* Returns true if 'arg' is 'option', alone, or together with its value as in
 * "--OPTION=VALUE" or "-cVALUE". */
static bool
is_option(const char *arg, const char *option)
{
    size_t len = strlen(option);
    bool is_long = option[1] == '-';

    return (!strncmp(arg, option, len)
            && (!arg[len] || arg[len] == '=' || !is_long));
}

bool
dpdk_eal_args_has(const struct svec *args, const char *option)
{
    const char *arg;
    size_t i;

    SVEC_FOR_EACH (i, arg, args) {
        if (is_option(arg, option)) {
            return true;
        }
    }
    return false;
}

const char *
dpdk_eal_args_value(const struct svec *args, const char *option)
{
    const char *value = NULL;
    const char *arg;
    size_t i;

    /* EAL takes the last one. */
    SVEC_FOR_EACH (i, arg, args) {
        if (is_option(arg, option)) {
            const char *equals = strchr(arg, '=');

            value = (equals ? equals + 1
                     : i + 1 < args->n ? args->names[i + 1] : NULL);
        }
    }
    return value;
}

/* Returns true if 'args' have one of 'options'. */
static bool
has_any(const struct svec *args, const char *const options[])
{
    for (; *options; options++) {
        if (dpdk_eal_args_has(args, *options)) {
            return true;
        }
    }
    return false;
}

/* Adds 'option' with 'value', which may be null if there is nothing to
 * add, unless 'args' have one of 'rivals' already. */
static void
add_option(struct svec *args, const char *option, const char *value,
           const char *const rivals[])
{
    if (!value) {
        return;
    }
    if (has_any(args, rivals)) {
        VLOG_WARN("Ignoring database defined option '%s' due to dpdk-extra "
                  "config", option);
        return;
    }
    svec_add(args, option);
    svec_add(args, value);
}

/* Adds an option that has no other rival than itself. */
static void
add_flat_option(const struct smap *other_config, const char *key,
                const char *option, struct svec *args)
{
    const char *const rivals[] = { option, NULL };

    add_option(args, option, smap_get(other_config, key), rivals);
}

static void
add_memory_option(const struct smap *other_config, struct svec *args)
{
    const struct eal_option *chosen = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(memory_keys); i++) {
        const struct eal_option *o = &memory_keys[i];

        if (smap_get_def(other_config, o->key, "")[0]) {
            if (chosen) {
                VLOG_ERR("Multiple defined options for memory type. Please "
                         "check your database settings and reconfigure if "
                         "necessary.");
            }
            chosen = o;
        }
    }
    if (chosen) {
        add_option(args, chosen->option, smap_get(other_config, chosen->key),
                   memory_options);
    }
}

/* Returns true if getopt_long() takes 'arg', without any "=VALUE", for the
 * long option 'option', given that EAL has no other option that begins with
 * the first 'min' characters of it. */
static bool
is_long_option(const char *arg, const char *option, size_t min)
{
    size_t len = strcspn(arg, "=");

    return len >= min && len <= strlen(option) && !strncmp(arg, option, len);
}

/* Returns the first of 'args' that makes EAL print something and call exit(),
 * which would end the switch, or NULL if there is none. */
static const char *
find_exiting_option(const struct svec *args)
{
    const char *arg;
    size_t i;

    SVEC_FOR_EACH (i, arg, args) {
        if (is_long_option(arg, "--help", strlen("--he"))) {
            return arg;
        }
        if (is_long_option(arg, "--log-level", strlen("--lo"))) {
            const char *value = strchr(arg, '=');

            value = (value ? value + 1
                     : i + 1 < args->n ? args->names[i + 1] : "");
            if (!strcmp(value, "help")) {
                return arg;
            }
        }

        /* "-h", perhaps behind "-v", which takes no value either. */
        if (arg[0] == '-' && arg[1 + strspn(arg + 1, "v")] == 'h') {
            return arg;
        }
    }
    return NULL;
}

char *
dpdk_eal_args_build(const struct smap *other_config, int core,
                    struct svec *args)
{
    const char *extra = smap_get_def(other_config, "dpdk-extra", "");
    const char *exiting;

    if (extra[0]) {
        svec_parse_words(args, extra);
    }
    exiting = find_exiting_option(args);
    if (exiting) {
        return xasprintf("other_config:dpdk-extra: '%s' would end the switch, "
                         "remove it", exiting);
    }

    add_option(args, "-c", smap_get(other_config, "dpdk-lcore-mask"),
               lcore_options);
    add_flat_option(other_config, "dpdk-hugepage-dir", "--huge-dir", args);
    add_flat_option(other_config, "dpdk-socket-limit", "--socket-limit", args);
    add_memory_option(other_config, args);

    /* Files in hugetlbfs serve secondary processes, which we do not allow, and
     * survive a crash.  EAL refuses the combination with "--no-huge". */
    if (!dpdk_eal_args_has(args, "--in-memory")
        && !dpdk_eal_args_has(args, "--legacy-mem")
        && !dpdk_eal_args_has(args, "--no-huge")) {
        svec_add(args, "--in-memory");
    }

    if (!has_any(args, lcore_options)) {
        svec_add(args, "--lcores");
        svec_add_nocopy(args, xasprintf("0@%d", core));
    }

    /* If dpdk-extra ends with an option that lacks its value, it takes the
     * next option as that, and a value becomes an option. */
    exiting = find_exiting_option(args);
    return (exiting
            ? xasprintf("other_config: '%s' would end the switch, remove it",
                        exiting)
            : NULL);
}
