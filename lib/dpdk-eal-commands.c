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
/* Commands for ovs-appctl that show and change the state of DPDK itself.
 * Registered by plugin.c; calls librte_eal. */

#include <config.h>

#include "dpdk-eal-commands.h"

#include <errno.h>
#include <limits.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memzone.h>
#include <stdio.h>

#include "dpdk-log.h"
#include "unixctl.h"
#include "util.h"

#define this_module (*dpdk_log_eal)

/* A function that prints something of DPDK to 'stream'. */
typedef void dump_func(FILE *stream);

/* Replies with what 'aux', a dump_func, prints. */
static void
dump_command(struct unixctl_conn *conn, int argc OVS_UNUSED,
             const char *argv[] OVS_UNUSED, void *aux)
{
    dump_func *dump = aux;
    char *reply = NULL;
    FILE *stream;
    size_t size;

    stream = open_memstream(&reply, &size);
    if (!stream) {
        char *message = xasprintf("Unable to open memstream: %s.",
                                  ovs_strerror(errno));

        unixctl_command_reply_error(conn, message);
        free(message);
        return;
    }
    dump(stream);
    fclose(stream);
    unixctl_command_reply(conn, reply);
    free(reply);
}

static void
dump_malloc_stats(FILE *stream)
{
    rte_malloc_dump_stats(stream, NULL);
}

/* Returns the level that is named 'name', or -1. */
static int
parse_log_level(const char *name)
{
    static const struct {
        const char *name;
        int level;
    } levels[] = {
        { "emergency", RTE_LOG_EMERG },
        { "alert", RTE_LOG_ALERT },
        { "critical", RTE_LOG_CRIT },
        { "error", RTE_LOG_ERR },
        { "warning", RTE_LOG_WARNING },
        { "notice", RTE_LOG_NOTICE },
        { "info", RTE_LOG_INFO },
        { "debug", RTE_LOG_DEBUG },
    };

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
        if (!strcmp(name, levels[i].name)) {
            return levels[i].level;
        }
    }
    return -1;
}

/* Sets the level of log of the components that 'setting', "PATTERN:LEVEL" or
 * "LEVEL" for all, names.  Returns NULL if successful, else an error message
 * that the caller has to free. */
static char *
set_log_level(const char *setting)
{
    const char *colon = strchr(setting, ':');
    const char *name = colon ? colon + 1 : setting;
    int level = parse_log_level(name);
    char *pattern;
    char *error;

    if (level < 0) {
        return xasprintf("invalid log level: '%s'", name);
    }
    pattern = colon ? xmemdup0(setting, colon - setting) : xstrdup("*");
    error = (rte_log_set_level_pattern(pattern, level) < 0
             ? xasprintf("cannot set log level for '%s'", setting) : NULL);
    free(pattern);
    return error;
}

/* "dpdk/log-set [SETTING]...": without any, everything is logged. */
static void
log_set(struct unixctl_conn *conn, int argc, const char *argv[],
        void *aux OVS_UNUSED)
{
    char *error = argc > 1 ? NULL : set_log_level("debug");

    for (int i = 1; i < argc && !error; i++) {
        error = set_log_level(argv[i]);
    }
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        unixctl_command_reply(conn, NULL);
    }
}

void
dpdk_eal_commands_register(void)
{
    unixctl_command_register("dpdk/lcore-list", "", 0, 0, dump_command,
                             rte_lcore_dump);
    unixctl_command_register("dpdk/log-list", "", 0, 0, dump_command,
                             rte_log_dump);
    unixctl_command_register("dpdk/log-set", "{level | pattern:level}", 0,
                             INT_MAX, log_set, NULL);
    unixctl_command_register("dpdk/get-malloc-stats", "", 0, 0, dump_command,
                             dump_malloc_stats);
    unixctl_command_register("dpdk/get-memzone-stats", "", 0, 0, dump_command,
                             rte_memzone_dump);
}

void
dpdk_eal_commands_log_state(void)
{
    char *text = NULL;
    FILE *stream;
    size_t size;

    if (!VLOG_IS_DBG_ENABLED()) {
        return;
    }
    stream = open_memstream(&text, &size);
    if (!stream) {
        VLOG_DBG("Could not dump memzone and log levels. Unable to open "
                 "memstream: %s.", ovs_strerror(errno));
        return;
    }
    fprintf(stream, "rte_memzone_dump:\n");
    rte_memzone_dump(stream);
    fprintf(stream, "rte_log_dump:\n");
    rte_log_dump(stream);
    fclose(stream);
    VLOG_DBG("%s", text);
    free(text);
}
