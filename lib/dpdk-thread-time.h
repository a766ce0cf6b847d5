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

#ifndef DPDK_THREAD_TIME_H
#define DPDK_THREAD_TIME_H 1

/* How long a thread runs, be it for itself or in the kernel, but not while it
 * waits: what it costs that a peer makes a system call take long.  Used by
 * dpdk-vhost-relay.c and dpdk-vhost-ring-enter.c. */

#include <stdint.h>
#include <time.h>

/* Returns how long this thread has run, in us. */
static inline uint64_t
dpdk_thread_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * UINT64_C(1000000) + ts.tv_nsec / 1000;
}

#endif /* dpdk-thread-time.h */
