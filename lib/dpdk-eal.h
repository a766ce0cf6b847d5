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

#ifndef DPDK_EAL_H
#define DPDK_EAL_H 1

/* DPDK's environment abstraction layer: initialised once, threads in and out,
 * version, status.  Called by plugin.c. */

#include <stdbool.h>

struct ovsrec_open_vswitch;
struct smap;

/* Initialises DPDK if 'other_config' asks for it and that was not done yet.
 * Returns true in the one call that succeeds, so that the caller can register
 * what needs DPDK.
 *
 * A failure is logged once, in one sentence, and tried again only when what
 * EAL gets or dpdk-init changes.  It never ends the process, whatever
 * dpdk-init says.  MAIN. */
bool dpdk_eal_run(const struct smap *other_config);

/* Returns true if dpdk_eal_run() has succeeded.  Any thread. */
bool dpdk_eal_available(void);

/* Gives the calling thread, which runs on core 'cpu', an lcore id, without
 * which mempools have no cache for it.  Returns false if there is none left or
 * DPDK is not available.  PMD. */
bool dpdk_eal_attach_thread(unsigned int cpu);

/* Gives back the lcore id of the calling thread.  PMD. */
void dpdk_eal_detach_thread(void);

/* Returns DPDK's name and version, e.g. "DPDK 22.11.11". */
const char *dpdk_eal_version(void);

/* Prints dpdk_eal_version() to stdout. */
void dpdk_eal_print_version(void);

/* Stores dpdk_initialized and dpdk_version in 'cfg', which may be null. */
void dpdk_eal_status(const struct ovsrec_open_vswitch *cfg);

#endif /* dpdk-eal.h */
