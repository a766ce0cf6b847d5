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

#ifndef TEST_METER_H
#define TEST_METER_H 1

/* What the unit tests of meters share: packets in ordinary memory, and a clock
 * of their own.
 *
 * Needs no root and no hugepages: EAL only measures the frequency of the TSC.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "dp-packet.h"
#include "packets.h"
#include "util.h"

/* The bytes that meters count of each packet. */
#define LEN 100

/* Returns a packet of 'len' bytes of IP, for the queue 'priority'. */
static inline struct dp_packet *
make_packet(size_t len, uint32_t priority)
{
    struct dp_packet *p = dp_packet_new(ETH_HEADER_LEN + len);

    dp_packet_put_zeros(p, ETH_HEADER_LEN + len);
    pkt_metadata_init(&p->md, 0);
    p->md.skb_priority = priority;
    return p;
}

/* A time, in cycles of the TSC, after anything that runs before it. */
static inline uint64_t
start_time(void)
{
    return rte_rdtsc() + 10 * rte_get_tsc_hz();
}

/* Returns 'ms' milliseconds in cycles of the TSC. */
static inline uint64_t
cycles(unsigned int ms)
{
    return rte_get_tsc_hz() * ms / 1000;
}

static inline int
setup_eal(void **state OVS_UNUSED)
{
    char *argv[] = {
        (char *) program_name, (char *) "--no-huge",
        (char *) "--no-pci", (char *) "--no-telemetry",
        (char *) "--no-shconf", (char *) "-m", (char *) "16",
        (char *) "--lcores", (char *) "0@0", (char *) "--log-level=error",
        NULL
    };

    return rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0 ? -1 : 0;
}

static inline int
teardown_eal(void **state OVS_UNUSED)
{
    return rte_eal_cleanup();
}

#endif /* test-meter.h */
