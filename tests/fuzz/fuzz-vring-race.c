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

/* Fuzzes the walks of rings, lib/dpdk-vring-split.c, lib/dpdk-vring-packed.c
 * and what they call, while another thread changes what they look at.
 *
 * The first byte of an input says whether the ring is packed (bit 0).  Then it
 * is read as in vring-fuzz.h, with the seed of the other thread (four bytes)
 * before the operations, which are repeated for at most 2 ms.  What must hold
 * is what vring-fuzz.h says, except for what depends on memory that does not
 * change.  The same input may not find the same again: it takes several CPUs,
 * and luck. */

#include <config.h>

#include "fuzz.h"
#include "vring-fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size) {
        vring_fuzz(data + 1, size - 1, data[0] & 1, true);
    }
    return 0;
}
