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

#ifndef DPDK_VHOST_HOLD_H
#define DPDK_VHOST_HOLD_H 1

/* When, and for how long, a port is held down whose peer keeps misbehaving.
 *
 * The third fault within a minute starts a pause of a second.  From then on
 * each fault outside of a pause starts one that is twice as long, up to a
 * minute.  Once there was neither a fault nor a pause for a minute, all is
 * forgotten.
 *
 * Only arithmetic, so that it can be tested without waiting.  All times are in
 * ms, as from time_msec().  Used by dpdk-vhost-fault.c, which has a mutex. */

#include <stdbool.h>

/* So many faults within DPDK_VHOST_HOLD_WINDOW start the first pause. */
#define DPDK_VHOST_HOLD_FAULTS 3
#define DPDK_VHOST_HOLD_WINDOW 60000

/* The first and the longest pause for faults. */
#define DPDK_VHOST_HOLD_MIN 1000
#define DPDK_VHOST_HOLD_MAX 60000

/* The first and the longest pause after crashes, and from how many on. */
#define DPDK_VHOST_HOLD_CRASHES 2
#define DPDK_VHOST_HOLD_CRASH_MIN 60000
#define DPDK_VHOST_HOLD_CRASH_MAX 3600000

/* The state of a port.  All zeros is that of one that never had a fault. */
struct dpdk_vhost_hold {
    unsigned int n;             /* Faults since all was forgotten. */
    long long int first;        /* When the first of them was, */
    long long int last[DPDK_VHOST_HOLD_FAULTS]; /* and the last few:
                                 * number N is element
                                 * N % DPDK_VHOST_HOLD_FAULTS. */
    long long int pause;        /* How long the last pause for them was, or 0
                                 * if there was none. */
    long long int until;        /* End of the last pause, or 0. */
};

/* Counts a fault at 'now'.  Returns the length of the pause that it starts, or
 * 0 if it starts none. */
long long int dpdk_vhost_hold_fault(struct dpdk_vhost_hold *hold,
                                    long long int now);

/* Returns how long a port is held that was served when the switch crashed 'n'
 * times, from the last one of them on: 0 if not at all. */
long long int dpdk_vhost_hold_crash_pause(unsigned int n);

/* Returns true if the port is held at 'now'. */
static inline bool
dpdk_vhost_hold_is_held(const struct dpdk_vhost_hold *hold, long long int now)
{
    return now < hold->until;
}

#endif /* dpdk-vhost-hold.h */
