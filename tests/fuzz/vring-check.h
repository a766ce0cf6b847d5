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

#ifndef VRING_CHECK_H
#define VRING_CHECK_H 1

/* Calls of the device of the fuzzers of rings, each of which ends the process
 * if what vring-fuzz.h promises does not hold. */

#include <stdbool.h>

#include "fuzz.h"
#include "vring-fuzz.h"

/* Sets what 'config' says of the pool, whose buffers may be 'enlarged'. */
void check_init_pool(struct dpdk_vring_config *config, bool enlarge);

/* Receives up to 'n' packets. */
void check_rx(struct fuzz_guest *, size_t n);

/* Sends packets: their number (one byte), the size of the first one (two
 * bytes), by how much the next ones differ (one byte), what offloads they ask
 * for (one byte), and where their headers are (two bytes). */
void check_tx(struct fuzz_guest *, struct fuzz_input *);

/* Asks if the guest has to be notified. */
void check_kick(struct fuzz_guest *);

/* Fails unless the ring, which is broken, stays so and is not touched. */
void check_broken(struct fuzz_guest *);

#endif /* vring-check.h */
