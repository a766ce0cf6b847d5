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

/* Ingress policing.  Called by dpdk-dev-qos.c and, for packets, dpdk-dev.h;
 * calls dpdk-packet.c.  Knows no device. */

#include <config.h>

#include "dpdk-policer.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_spinlock.h>
#include <string.h>

#include "dpdk-meter.h"
#include "dpdk-packet.h"
#include "ovs-rcu.h"
#include "util.h"

/* Bursts for rates that come without one, those of the kernel's ports. */
#define DEFAULT_KBITS_BURST 8000
#define DEFAULT_KPKTS_BURST 16

struct dpdk_policer {
    struct dpdk_policer_limits limits;

    rte_spinlock_t lock;        /* Protects all below. */
    uint64_t last;              /* Time of the last batch. */
    struct dpdk_meter bytes;    /* If 'limits.kbits_rate'. */
    struct dpdk_meter packets;  /* If 'limits.kpkts_rate'. */
};

static uint32_t
normal_burst(uint32_t rate, uint32_t burst, uint32_t default_burst)
{
    return !rate ? 0 : burst ? burst : default_burst;
}

void
dpdk_policer_normalize(struct dpdk_policer_limits *limits)
{
    limits->kbits_burst = normal_burst(limits->kbits_rate, limits->kbits_burst,
                                       DEFAULT_KBITS_BURST);
    limits->kpkts_burst = normal_burst(limits->kpkts_rate, limits->kpkts_burst,
                                       DEFAULT_KPKTS_BURST);
}

bool
dpdk_policer_has_limits(const struct dpdk_policer *policer,
                        const struct dpdk_policer_limits *limits)
{
    static const struct dpdk_policer_limits none;

    return !memcmp(policer ? &policer->limits : &none, limits, sizeof *limits);
}

static uint64_t
kbits_to_bytes(uint32_t kbits)
{
    return kbits * UINT64_C(1000) / 8;
}

int
dpdk_policer_create(const struct dpdk_policer_limits *limits,
                    struct dpdk_policer **policerp)
{
    struct dpdk_policer *policer;
    int error = 0;

    *policerp = NULL;
    if (!limits->kbits_rate && !limits->kpkts_rate) {
        return 0;
    }

    policer = xzalloc_cacheline(sizeof *policer);
    policer->limits = *limits;
    rte_spinlock_init(&policer->lock);
    if (limits->kbits_rate) {
        error = dpdk_meter_init(&policer->bytes,
                                kbits_to_bytes(limits->kbits_rate),
                                kbits_to_bytes(limits->kbits_burst));
    }
    if (!error && limits->kpkts_rate) {
        error = dpdk_meter_init(&policer->packets,
                                limits->kpkts_rate * UINT64_C(1000),
                                limits->kpkts_burst * UINT64_C(1000));
    }
    if (error) {
        free_cacheline(policer);
        return error;
    }
    policer->last = rte_rdtsc();
    *policerp = policer;
    return 0;
}

void
dpdk_policer_destroy(struct dpdk_policer *policer)
{
    if (policer) {
        ovsrcu_postpone(free_cacheline, policer);
    }
}

/* Returns true if 'p' may pass at the time 'now'.  'policer' is locked. */
static bool
policer_pass(struct dpdk_policer *policer, const struct dp_packet *p,
             uint64_t now)
{
    struct rte_meter_srtcm saved = policer->bytes.state;

    if (policer->limits.kbits_rate
        && !dpdk_meter_pass(&policer->bytes, now, dpdk_meter_len(p))) {
        return false;
    }
    if (policer->limits.kpkts_rate
        && !dpdk_meter_pass(&policer->packets, now, 1)) {
        policer->bytes.state = saved;
        return false;
    }
    return true;
}

size_t
dpdk_policer_run_at(struct dpdk_policer *policer, struct dp_packet *packets[],
                    size_t n, uint64_t now)
{
    struct dp_packet *excess[NETDEV_MAX_BURST];
    size_t n_excess = 0;
    size_t n_passed = 0;

    rte_spinlock_lock(&policer->lock);
    now = dpdk_meter_now(&policer->last, now);
    for (size_t i = 0; i < n; i++) {
        if (policer_pass(policer, packets[i], now)) {
            packets[n_passed++] = packets[i];
        } else {
            excess[n_excess++] = packets[i];
        }
    }
    rte_spinlock_unlock(&policer->lock);

    dpdk_packet_free_bulk(excess, n_excess);
    return n_passed;
}

size_t
dpdk_policer_run(struct dpdk_policer *policer, struct dp_packet *packets[],
                 size_t n)
{
    return dpdk_policer_run_at(policer, packets, n, rte_rdtsc());
}
