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

#ifndef DPDK_POLICER_H
#define DPDK_POLICER_H 1

/* Ingress policing
 * ================
 *
 * Drops what a port receives above a rate in bits, a rate in packets, or both.
 * A packet that one of the rates refuses takes nothing from the other.
 *
 * Thread-safety
 * -------------
 *
 * A policer may be run by several threads at once, since several PMD threads
 * may poll the queues of one port: each takes its spinlock once for a batch.
 * Its limits never change.  It is protected by RCU. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_packet;
struct dpdk_policer;

/* What a port may receive.  A rate of 0 is no limit. */
struct dpdk_policer_limits {
    uint32_t kbits_rate;        /* Kilobits of IP packets a second. */
    uint32_t kbits_burst;       /* Kilobits at once. */
    uint32_t kpkts_rate;        /* Thousands of packets a second. */
    uint32_t kpkts_burst;       /* Thousands of packets at once. */
};

/* Replaces the bursts in 'limits' by 0 where there is no rate, and by the
 * default where there is a rate but no burst. */
void dpdk_policer_normalize(struct dpdk_policer_limits *limits);

/* Returns true if 'policer', which may be null, has the limits in 'limits',
 * which are normalized. */
bool dpdk_policer_has_limits(const struct dpdk_policer *policer,
                             const struct dpdk_policer_limits *limits);

/* Stores in '*policerp' a new policer for 'limits', which are normalized, or
 * null if they are none.  Returns 0 or a positive errno. */
int dpdk_policer_create(const struct dpdk_policer_limits *limits,
                        struct dpdk_policer **policerp);

/* Frees 'policer', which may be null, after a grace period. */
void dpdk_policer_destroy(struct dpdk_policer *policer);

/* Takes out of the 'n' packets in 'packets', at most NETDEV_MAX_BURST, those
 * above the limits of 'policer', and frees them.  Returns the number of the
 * others, which keep their order.  Any thread.
 *
 * dpdk_policer_run_at() does it at the time 'now', in cycles of the TSC. */
size_t dpdk_policer_run(struct dpdk_policer *policer,
                        struct dp_packet *packets[], size_t n);
size_t dpdk_policer_run_at(struct dpdk_policer *policer,
                           struct dp_packet *packets[], size_t n,
                           uint64_t now);

#endif /* dpdk-policer.h */
