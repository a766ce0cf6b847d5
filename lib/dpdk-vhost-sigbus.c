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

/* Memory of guests that is taken away. */

#include <config.h>

#include "dpdk-vhost-sigbus.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <rte_vhost.h>

#include "dpdk-vhost-message.h"
#include "ovs-atomic.h"
#include "ovs-thread.h"
#include "util.h"

/* A request that makes librte_vhost unmap memory, besides SET_MEM_TABLE. */
#define RESET_OWNER 4

/* Memory that is mapped from 'start' to 'end', which is 0 if there is none.
 * The handler reads it at any time, so 'end' is written last and reset
 * first. */
struct region {
    atomic_uintptr_t start;
    atomic_uintptr_t end;
};

/* What librte_vhost has mapped for a 'vid'. */
struct mapped {
    struct region regions[DPDK_VHOST_MESSAGE_MAX_REGIONS];
    atomic_bool lost;
};

static struct mapped mapped[RTE_MAX_VHOST_DEVICE];

/* What there was before our handler. */
static struct sigaction previous;

static bool
is_valid(int vid)
{
    return vid >= 0 && vid < RTE_MAX_VHOST_DEVICE;
}

/* Puts empty memory in the place of 'region' if 'address' is in it.  Returns
 * true if so.  Async-signal-safe. */
static bool
replace(struct region *region, uintptr_t address)
{
    uintptr_t start, end;

    atomic_read_explicit(&region->end, &end, memory_order_acquire);
    if (address >= end) {
        return false;
    }
    atomic_read_relaxed(&region->start, &start);
    return address >= start
           && mmap((void *) start, end - start, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
                   -1, 0) != MAP_FAILED;
}

/* Does the same to whatever region has 'address'. */
static bool
contain(uintptr_t address)
{
    for (size_t vid = 0; vid < ARRAY_SIZE(mapped); vid++) {
        for (size_t i = 0; i < ARRAY_SIZE(mapped[vid].regions); i++) {
            if (replace(&mapped[vid].regions[i], address)) {
                atomic_store_relaxed(&mapped[vid].lost, true);
                return true;
            }
        }
    }
    return false;
}

/* Does what would have been done without us.  A faulting access is done again,
 * and then ends the process if nobody handles it. */
static void
pass_on(int signo, siginfo_t *info, void *context)
{
    if (previous.sa_flags & SA_SIGINFO) {
        previous.sa_sigaction(signo, info, context);
    } else if (previous.sa_handler != SIG_DFL
               && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signo);
    } else if (info->si_code > 0 || previous.sa_handler == SIG_DFL) {
        signal(signo, SIG_DFL);
        if (info->si_code <= 0) {
            raise(signo);
        }
    }
}

/* Handles SIGBUS.  Errors of hardware are not the guest's, so they end the
 * process. */
static void
handle(int signo, siginfo_t *info, void *context)
{
    int error = errno;

    if (info->si_code != BUS_ADRERR || !contain((uintptr_t) info->si_addr)) {
        pass_on(signo, info, context);
    }
    errno = error;
}

void
dpdk_vhost_sigbus_start(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        struct sigaction action = {
            .sa_sigaction = handle,
            .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
        };

        sigemptyset(&action.sa_mask);
        sigaction(SIGBUS, NULL, &previous);
        sigaction(SIGBUS, &action, NULL);
        ovsthread_once_done(&once);
    }
}

void
dpdk_vhost_sigbus_add(int vid, void *start, size_t size)
{
    if (!is_valid(vid)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(mapped[vid].regions); i++) {
        struct region *region = &mapped[vid].regions[i];
        uintptr_t end;

        atomic_read_relaxed(&region->end, &end);
        if (!end) {
            atomic_store_relaxed(&region->start, (uintptr_t) start);
            atomic_store_explicit(&region->end, (uintptr_t) start + size,
                                  memory_order_release);
            return;
        }
    }
}

void
dpdk_vhost_sigbus_clear(int vid)
{
    if (!is_valid(vid)) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(mapped[vid].regions); i++) {
        atomic_store_explicit(&mapped[vid].regions[i].end, 0,
                              memory_order_release);
    }
    atomic_store_relaxed(&mapped[vid].lost, false);
}

void
dpdk_vhost_sigbus_before_message(int vid, uint32_t request)
{
    if (request == DPDK_VHOST_SET_MEM_TABLE) {
        dpdk_vhost_sigbus_clear(vid);
    }
}

void
dpdk_vhost_sigbus_after_message(int vid, uint32_t request)
{
    struct rte_vhost_memory *memory;

    /* If the device was running, destroy_device() has done so already, before
     * the memory went. */
    if (request == RESET_OWNER) {
        dpdk_vhost_sigbus_clear(vid);
    }
    if (request != DPDK_VHOST_SET_MEM_TABLE
        || rte_vhost_get_mem_table(vid, &memory)) {
        return;
    }
    for (uint32_t i = 0; i < memory->nregions; i++) {
        dpdk_vhost_sigbus_add(vid, memory->regions[i].mmap_addr,
                              memory->regions[i].mmap_size);
    }
    free(memory);
}

bool
dpdk_vhost_sigbus_is_lost(int vid)
{
    bool lost = false;

    if (is_valid(vid)) {
        atomic_read_relaxed(&mapped[vid].lost, &lost);
    }
    return lost;
}
