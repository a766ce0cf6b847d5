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

#ifndef VRING_RACE_H
#define VRING_RACE_H 1

/* The other CPU of a guest, which changes its ring and its memory while the
 * device walks them: descriptors, indirect tables, heads, headers. */

#include <stdbool.h>
#include <stdint.h>

#include "vring-fuzz.h"

struct vring_race;

/* Starts to change what 'g' has, as 'seed' says. */
struct vring_race *vring_race_start(const struct fuzz_guest *g, uint32_t seed);

/* Returns false when it has been long enough. */
bool vring_race_goes_on(struct vring_race *);

/* Stops it. */
void vring_race_stop(struct vring_race *);

#endif /* vring-race.h */
