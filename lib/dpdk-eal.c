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

/* DPDK's environment abstraction layer.  Called by plugin.c, calls librte_eal,
 * dpdk-eal-args.c, dpdk-eal-huge.c, dpdk-eal-log.c and dpdk-memory.c. */

#include <config.h>

#include "dpdk-eal.h"

#include <errno.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_version.h>
#include <sched.h>

#include "dpdk-eal-args.h"
#include "dpdk-eal-huge.h"
#include "dpdk-eal-log.h"
#include "dpdk-log.h"
#include "dpdk-memory.h"
#include "dpdk.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"
#include "smap.h"
#include "svec.h"
#include "util.h"
#include "vswitch-idl.h"

#define this_module (*dpdk_log_eal)

/* Where the kernel tells about hugepages. */
static const char sysfs[] = "/sys";

static atomic_bool available = ATOMIC_VAR_INIT(false);

/* The arguments that failed last, so that the same ones are not tried with
 * each change of other_config.  NULL if none has failed. */
static char *failed_args;

/* The last value of dpdk-init. */
static enum dpdk_init last_init = DPDK_INIT_FALSE;

/* Returns the lowest core that the calling thread may run on. */
static int
lowest_core(void)
{
    cpu_set_t set;

    if (pthread_getaffinity_np(pthread_self(), sizeof set, &set)) {
        VLOG_ERR("Thread getaffinity failed. Using core #0");
        return 0;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &set)) {
            return cpu;
        }
    }
    return 0;
}

/* Calls rte_eal_init() with 'args' and returns its result. */
static int
eal_init(const struct svec *args)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;
    char **shuffled;
    int retval;

    svec_add(&argv, program_name);
    svec_append(&argv, args);
    svec_terminate(&argv);

    /* EAL reorders the arguments. */
    shuffled = xmemdup(argv.names, (argv.n + 1) * sizeof *shuffled);
    retval = rte_eal_init(argv.n, shuffled);
    free(shuffled);
    svec_destroy(&argv);

    return retval;
}

static void
log_failure(const char *what, int error)
{
    char detail[256];

    dpdk_eal_log_take_error(detail, sizeof detail);
    if (error == EALREADY || strstr(detail, "is ignored, because")) {
        /* An earlier attempt failed too late for EAL to undo it, or after EAL
         * had taken over its CPUs, which it does only once. */
        VLOG_EMER("Unable to initialize DPDK: EAL does not start again after "
                  "what it failed with before; restart ovs-vswitchd to try "
                  "again, Open vSwitch goes on without it until then");
        return;
    }
    VLOG_EMER("Unable to initialize DPDK: %s%s%s%s; Open vSwitch goes on "
              "without it, change other_config, or set other_config:dpdk-init "
              "to false and back, to try again", what,
              detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
}

/* Initialises EAL with 'args'.  Returns true if successful. */
static bool
init_with_args(const struct svec *args)
{
    bool have_affinity;
    cpu_set_t affinity;
    int retval;
    int error;

    error = dpdk_eal_log_open();
    if (error) {
        VLOG_EMER("Unable to initialize DPDK: no stream for its log (%s)",
                  ovs_strerror(error));
        return false;
    }

    /* EAL pins the thread that initialises it to the main lcore, and all
     * threads that the switch creates later would inherit that. */
    have_affinity = !pthread_getaffinity_np(pthread_self(), sizeof affinity,
                                            &affinity);
    retval = eal_init(args);
    error = rte_errno;
    if (have_affinity) {
        pthread_setaffinity_np(pthread_self(), sizeof affinity, &affinity);
    }

    if (retval < 0) {
        log_failure(rte_strerror(error), error);
        dpdk_eal_log_close();
        return false;
    }

    /* Secondary processes would share memory that a guest can fill. */
    if (!rte_mp_disable()) {
        VLOG_EMER("Could not disable multiprocess, DPDK won't be available.");
        rte_eal_cleanup();
        dpdk_eal_log_close();
        return false;
    }

    /* The main thread sends and frees few packets: a cache of its own would
     * only withhold them from the PMDs. */
    RTE_PER_LCORE(_lcore_id) = NON_PMD_CORE_ID;
    dpdk_memory_init(dpdk_eal_args_has(args, "--no-huge")
                     || dpdk_eal_args_has(args, "--legacy-mem")
                     ? DPDK_MEMORY_FIXED : DPDK_MEMORY_GROWS,
                     dpdk_eal_args_value(args, "--socket-limit"));
    return true;
}

/* Tries to initialise DPDK as 'other_config' says.  Returns true if
 * successful. */
static bool
try_init(const struct smap *other_config)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    bool ok = false;
    char *joined;
    char *error;

    error = dpdk_eal_args_build(other_config, lowest_core(), &args);
    if (!error && !dpdk_eal_args_has(&args, "--no-huge")
        && !dpdk_eal_huge_available(sysfs)) {
        error = xstrdup("no hugepages are free, reserve some, e.g. by 'echo "
                        "1024 >/proc/sys/vm/nr_hugepages'");
    }
    joined = svec_join(&args, " ", "");
    if (failed_args && !strcmp(joined, failed_args)) {
        goto out;
    }

    VLOG_INFO("Using %s", rte_version());
    VLOG_INFO("DPDK Enabled - initializing...");
    if (error) {
        log_failure(error, EINVAL);
    } else {
        VLOG_INFO("EAL ARGS: %s %s.", program_name, joined);
        ok = init_with_args(&args);
    }

    free(failed_args);
    failed_args = ok ? NULL : xstrdup(joined);
    if (!ok) {
        VLOG_ERR("DPDK Initialization Failed.");
    }

out:
    free(joined);
    free(error);
    svec_destroy(&args);
    return ok;
}

bool
dpdk_eal_run(const struct smap *other_config)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;
    enum dpdk_init init = dpdk_eal_args_init(other_config);

    if (dpdk_eal_available()) {
        return false;
    }
    if (init != last_init) {
        /* Somebody wants it tried again: what was wrong, such as a lack of
         * hugepages, need not be a matter of the arguments. */
        free(failed_args);
        failed_args = NULL;
        last_init = init;
    }
    if (init == DPDK_INIT_FALSE) {
        if (ovsthread_once_start(&once)) {
            VLOG_INFO("DPDK Disabled - Use other_config:dpdk-init to enable");
            ovsthread_once_done(&once);
        }
        return false;
    }
    if (!try_init(other_config)) {
        return false;
    }
    atomic_store(&available, true);
    return true;
}

bool
dpdk_eal_available(void)
{
    bool value;

    atomic_read_relaxed(&available, &value);
    return value;
}

bool
dpdk_eal_attach_thread(unsigned int cpu)
{
    /* NON_PMD_CORE_ID is reserved for threads that are not PMDs. */
    ovs_assert(cpu != NON_PMD_CORE_ID);

    if (!dpdk_eal_available()) {
        return false;
    }
    if (rte_thread_register() < 0) {
        VLOG_WARN("DPDK max threads count has been reached. "
                  "PMD thread performance may be impacted.");
        return false;
    }
    VLOG_INFO("PMD thread uses DPDK lcore %u.", rte_lcore_id());
    return true;
}

void
dpdk_eal_detach_thread(void)
{
    unsigned int lcore_id = rte_lcore_id();

    rte_thread_unregister();
    VLOG_INFO("PMD thread released DPDK lcore %u.", lcore_id);
}

const char *
dpdk_eal_version(void)
{
    return rte_version();
}

void
dpdk_eal_print_version(void)
{
    puts(rte_version());
}

void
dpdk_eal_status(const struct ovsrec_open_vswitch *cfg)
{
    if (cfg) {
        ovsrec_open_vswitch_set_dpdk_initialized(cfg, dpdk_eal_available());
        ovsrec_open_vswitch_set_dpdk_version(cfg, rte_version());
    }
}
