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

#ifndef DPDK_MEMORY_H
#define DPDK_MEMORY_H 1

/* How much memory DPDK can still allocate.
 *
 * Called by dpdk-eal.c, once, and by dpdk-mempool.c before it creates a pool,
 * in MAIN. */

#include <stdint.h>

/* How DPDK gets its memory. */
enum dpdk_memory_growth {
    DPDK_MEMORY_GROWS,          /* Hugepages are allocated when needed. */
    DPDK_MEMORY_FIXED           /* All was allocated at initialisation. */
};

/* Says that DPDK's memory grows as in 'growth' until each NUMA node has what
 * 'limits', EAL's "--socket-limit", allows it: a list of MB separated by
 * commas, in which 0 is no limit, or null. */
void dpdk_memory_init(enum dpdk_memory_growth growth, const char *limits);

/* Returns how many bytes can still be allocated on NUMA node 'socket_id' at
 * most, for they may be in pieces, and stores in '*remedyp' what a user can do
 * to have more, as a phrase. */
uint64_t dpdk_memory_free(int socket_id, const char **remedyp);

#endif /* dpdk-memory.h */
