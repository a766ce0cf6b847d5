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

/* From DPDK's log to the vlog module "dpdk".  Called by dpdk-eal.c and, once
 * DPDK's stream is open, by any thread that logs through rte_log(). */

#include <config.h>

#include "dpdk-eal-log.h"

#include <errno.h>
#include <rte_log.h>
#include <stdio.h>

#include "dpdk-log.h"
#include "ovs-thread.h"
#include "util.h"

#define this_module (*dpdk_log_eal)

static FILE *log_stream;

static struct ovs_mutex error_mutex = OVS_MUTEX_INITIALIZER;

/* The first error that DPDK has logged since it was last asked for.  It often
 * says better than an errno, or the errors that follow from it, what went
 * wrong. */
static char first_error[256] OVS_GUARDED_BY(error_mutex);

static void
remember_error(const char *msg, int len) OVS_EXCLUDED(error_mutex)
{
    ovs_mutex_lock(&error_mutex);
    if (!first_error[0]) {
        snprintf(first_error, sizeof first_error, "%.*s", len, msg);
    }
    ovs_mutex_unlock(&error_mutex);
}

/* Writes one message of DPDK, which may lack the final new-line, to the log.
 * A guest can make librte_vhost log as much as it likes, hence the limits. */
static ssize_t
dpdk_log_write(void *cookie OVS_UNUSED, const char *msg, size_t size)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(600, 600);
    static struct vlog_rate_limit dbg_rl = VLOG_RATE_LIMIT_INIT(600, 600);
    int len = size;

    while (len > 0 && msg[len - 1] == '\n') {
        len--;
    }
    if (!len) {
        return size;
    }

    switch (rte_log_cur_msg_loglevel()) {
    case RTE_LOG_DEBUG:
        VLOG_DBG_RL(&dbg_rl, "%.*s", len, msg);
        break;
    case RTE_LOG_INFO:
    case RTE_LOG_NOTICE:
        VLOG_INFO_RL(&rl, "%.*s", len, msg);
        break;
    case RTE_LOG_WARNING:
        VLOG_WARN_RL(&rl, "%.*s", len, msg);
        break;
    case RTE_LOG_ERR:
        remember_error(msg, len);
        VLOG_ERR_RL(&rl, "%.*s", len, msg);
        break;
    case RTE_LOG_CRIT:
    case RTE_LOG_ALERT:
    case RTE_LOG_EMERG:
        remember_error(msg, len);
        VLOG_EMER("%.*s", len, msg);
        break;
    default:
        OVS_NOT_REACHED();
    }
    return size;
}

int
dpdk_eal_log_open(void)
{
    static const cookie_io_functions_t functions = { .write = dpdk_log_write };

    log_stream = fopencookie(NULL, "w", functions);
    if (!log_stream) {
        return errno;
    }

    /* Without a buffer, a message that is printed in parts would become
     * several lines of the log. */
    setvbuf(log_stream, NULL, _IOLBF, 0);
    rte_openlog_stream(log_stream);
    return 0;
}

void
dpdk_eal_log_close(void)
{
    rte_openlog_stream(NULL);
    fclose(log_stream);
    log_stream = NULL;
}

void
dpdk_eal_log_take_error(char *buf, size_t size) OVS_EXCLUDED(error_mutex)
{
    ovs_mutex_lock(&error_mutex);
    ovs_strlcpy(buf, first_error, size);
    first_error[0] = '\0';
    ovs_mutex_unlock(&error_mutex);
}
