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

#ifndef DPDK_EAL_ARGS_H
#define DPDK_EAL_ARGS_H 1

/* From Open_vSwitch other_config to the arguments of rte_eal_init().
 *
 * Pure functions, called by dpdk-eal.c in MAIN and by the unit tests. */

#include <stdbool.h>

struct smap;
struct svec;

/* What other_config:dpdk-init asks for. */
enum dpdk_init {
    DPDK_INIT_FALSE,            /* Do not use DPDK, the default. */
    DPDK_INIT_TRUE,             /* Use DPDK. */
    DPDK_INIT_TRY               /* The same; in-tree goes on if it fails. */
};

enum dpdk_init dpdk_eal_args_init(const struct smap *other_config);

/* Stores in 'args', which must be empty, the arguments for 'other_config',
 * those of other_config:dpdk-extra first since they override the other keys.
 * 'args' does not include the name of the program.
 *
 * 'core' is the lowest core that the main thread may run on.  It becomes the
 * only lcore if 'other_config' names none.
 *
 * Returns NULL if successful, else a sentence that says what cannot be done;
 * the caller has to free it. */
char *dpdk_eal_args_build(const struct smap *other_config, int core,
                          struct svec *args);

/* Returns true if 'args' have 'option', alone, or together with its value. */
bool dpdk_eal_args_has(const struct svec *args, const char *option);

/* Returns the value of the long option 'option' in 'args', or NULL if they do
 * not have it. */
const char *dpdk_eal_args_value(const struct svec *args, const char *option);

#endif /* dpdk-eal-args.h */
