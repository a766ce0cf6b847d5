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

#ifndef DPDK_METER_H
#define DPDK_METER_H 1

/* Single rate meters
 * ==================
 *
 * A token bucket that lets pass what is green after RFC 2697, without an
 * excess bucket.  It counts any unit, bytes or packets.  Used by
 * dpdk-policer.c and dpdk-qos.c; librte_meter does the arithmetic.
 *
 * Time is in cycles of the TSC and must not go backward: librte_meter takes a
 * negative difference for a very long time, and fills the bucket.  Threads
 * that share a meter read the TSC before they have its lock, and on different
 * CPUs, so they pass what dpdk_meter_now() returns.
 *
 * Thread-safety: the caller's. */

#include <rte_meter.h>
#include <stdbool.h>
#include <stdint.h>

#include "dp-packet.h"
#include "packets.h"

struct dpdk_meter {
    struct rte_meter_srtcm_profile profile;
    struct rte_meter_srtcm state;
};

/* Initialises 'meter', with a full bucket, to let 'rate' units a second pass
 * and 'burst' units at once.  Returns 0, or EINVAL if one of them is 0. */
static inline int
dpdk_meter_init(struct dpdk_meter *meter, uint64_t rate, uint64_t burst)
{
    struct rte_meter_srtcm_params params = { .cir = rate, .cbs = burst };
    int error = rte_meter_srtcm_profile_config(&meter->profile, &params);

    return -(error ? error
                   : rte_meter_srtcm_config(&meter->state, &meter->profile));
}

/* Takes 'n' units from 'meter' at the time 'now' and returns true, or takes
 * nothing and returns false if it does not have as many. */
static inline bool
dpdk_meter_pass(struct dpdk_meter *meter, uint64_t now, uint32_t n)
{
    return rte_meter_srtcm_color_blind_check(&meter->state, &meter->profile,
                                             now, n) == RTE_COLOR_GREEN;
}

/* Returns the later one of 'now' and '*last', and stores it in '*last'. */
static inline uint64_t
dpdk_meter_now(uint64_t *last, uint64_t now)
{
    return *last = MAX(*last, now);
}

/* Returns the bytes of 'p' that meters count: the IP packet, not the Ethernet
 * header. */
static inline uint32_t
dpdk_meter_len(const struct dp_packet *p)
{
    uint32_t size = dp_packet_size(p);

    return size > ETH_HEADER_LEN ? size - ETH_HEADER_LEN : 0;
}

#endif /* dpdk-meter.h */
