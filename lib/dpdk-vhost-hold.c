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

/* Pauses for ports whose peer keeps misbehaving. */

#include <config.h>

#include "dpdk-vhost-hold.h"

#include "util.h"

/* Forgets all faults if there was peace for long enough before 'now'. */
static void
forgive(struct dpdk_vhost_hold *hold, long long int now)
{
    if (hold->n) {
        long long int last = hold->last[(hold->n - 1)
                                        % DPDK_VHOST_HOLD_FAULTS];

        if (now >= MAX(last, hold->until) + DPDK_VHOST_HOLD_WINDOW) {
            hold->n = 0;
            hold->pause = 0;
        }
    }
}

/* Returns true if the fault at 'now', which is counted, is one too many. */
static bool
is_too_many(const struct dpdk_vhost_hold *hold, long long int now)
{
    /* The next element to be overwritten is the oldest one. */
    return hold->pause
           || (hold->n >= DPDK_VHOST_HOLD_FAULTS
               && now - hold->last[hold->n % DPDK_VHOST_HOLD_FAULTS]
                  < DPDK_VHOST_HOLD_WINDOW);
}

long long int
dpdk_vhost_hold_fault(struct dpdk_vhost_hold *hold, long long int now)
{
    forgive(hold, now);
    if (!hold->n) {
        hold->first = now;
    }
    hold->last[hold->n++ % DPDK_VHOST_HOLD_FAULTS] = now;

    /* What fails in a pause must not make it longer: a good guest may be among
     * those who wait. */
    if (dpdk_vhost_hold_is_held(hold, now) || !is_too_many(hold, now)) {
        return 0;
    }
    hold->pause = MIN(MAX(2 * hold->pause, DPDK_VHOST_HOLD_MIN),
                      DPDK_VHOST_HOLD_MAX);
    hold->until = now + hold->pause;
    return hold->pause;
}

long long int
dpdk_vhost_hold_crash_pause(unsigned int n)
{
    long long int pause = DPDK_VHOST_HOLD_CRASH_MIN;

    if (n < DPDK_VHOST_HOLD_CRASHES) {
        return 0;
    }
    for (unsigned int i = DPDK_VHOST_HOLD_CRASHES;
         i < n && pause < DPDK_VHOST_HOLD_CRASH_MAX; i++) {
        pause *= 2;
    }
    return MIN(pause, DPDK_VHOST_HOLD_CRASH_MAX);
}
