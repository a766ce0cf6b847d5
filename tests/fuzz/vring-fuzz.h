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

#ifndef VRING_FUZZ_H
#define VRING_FUZZ_H 1

/* What fuzz-vring-split, fuzz-vring-packed and fuzz-vring-race share: a guest
 * that an input tells what to write, byte by byte or in whole chains, and the
 * device that walks its ring.
 *
 * tests/vring-guest.h has a guest for unit tests, which is a good one and as
 * large as a guest is.  This one is small, since it is cleared for each of
 * millions of inputs, and has pages around each part of its memory that nobody
 * may touch, with ASan or without.
 *
 * An input begins with
 *
 *   - the features, one byte, see 'feature_bits' in vring-fuzz.c;
 *   - the kind of CPU (bits 0 and 1), the size of the ring (bits 2 to 4), if
 *     the ring is in the memory for packets (bit 5), if packets may be larger
 *     than a buffer of the pool (bit 6), if it is about sending (bit 7);
 *   - where the ring starts (two bytes);
 *
 * and what follows are operations, see run_operation().
 *
 * What must hold, besides that nothing outside of the guest's memory is
 * touched:
 *
 *   - What is received is, byte by byte, what an obvious walk of the chains
 *     that were used finds, see vring-model.h, and what was dropped had to be.
 *     Receiving writes nothing but the ring.
 *   - Sending writes no more bytes than were sent, and says how many.
 *   - A burst takes no more than it was asked to, counts what it did, and
 *     gives back the chains that it took, in order.
 *   - A ring either goes on, or is broken, has a reason, is empty, full, and
 *     is not touched again. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dpdk-vring.h"

/* The guest's memory: the first two regions are next to each other for the
 * guest but not for us, the third one is at the end of its address space. */
#define FUZZ_N_REGIONS 3
#define FUZZ_REGION_SIZE 8192
#define FUZZ_REGION_0 UINT64_C(0x100000)
#define FUZZ_REGION_1 (FUZZ_REGION_0 + FUZZ_REGION_SIZE)
#define FUZZ_REGION_2 (UINT64_MAX - FUZZ_REGION_SIZE + 1)

/* Largest ring, and largest packet. */
#define FUZZ_MAX_RING 512
#define FUZZ_MAX_PACKET 66000

struct fuzz_guest {
    struct dpdk_vring_config config;
    struct dpdk_vring_memory memory;
    bool packed;
    bool ring_in_memory;        /* Is the ring in the first region? */
    bool racing;                /* Does another thread write to memory? */
    bool stable;                /* Does only the driver write to the ring, and
                                 * nobody to memory while we receive? */

    /* The driver. */
    uint16_t next_desc;         /* Split: next descriptor to use. */
    uint16_t next_avail;        /* Next index to make available. */
    bool wrap;                  /* Packed: its wrap counter. */
    bool sending;               /* Are its buffers for us to write to? */

    /* The device. */
    struct dpdk_vring vr;
};

/* Runs the input of 'size' bytes at 'data' with a guest whose ring is packed
 * or not, as 'packed' says.  If 'racing', another thread writes to the memory
 * at the same time. */
void vring_fuzz(const uint8_t *data, size_t size, bool packed, bool racing);

/* Memory of 'size' bytes, which ends, and begins if 'size' is a number of
 * pages, next to what nobody may touch.  Never freed. */
uint8_t *fuzz_guarded(size_t size);

/* Returns the guest's memory at 'addr' and stores how many bytes there are in
 * '*len', or returns null. */
uint8_t *fuzz_guest_memory(const struct fuzz_guest *, uint64_t addr,
                           uint64_t *len);

#endif /* vring-fuzz.h */
