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

#ifndef FUZZ_H
#define FUZZ_H 1

/* What the fuzzers share: the entry point, and how an input is read.
 *
 * An input is a string of bytes that a fuzzer reads from front to back.  Where
 * it ends, zeros follow, so that any input means something and a small change
 * of an input is a small change of what it means.
 *
 * The entry point is called by libFuzzer, see fuzz.sh, or by replay.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process unless 'CONDITION' holds, with NDEBUG, too. */
#define MUST(CONDITION)                                                 \
    ((CONDITION) ? (void) 0                                             \
     : ovs_abort(0, "%s:%d: violated: %s", __FILE__, __LINE__, #CONDITION))

struct fuzz_input {
    const uint8_t *data;
    size_t left;                /* Bytes that were not read. */
};

/* Copies the next 'n' bytes to 'dst'. */
static inline void
fuzz_bytes(struct fuzz_input *in, void *dst, size_t n)
{
    size_t have = n < in->left ? n : in->left;

    memset(dst, 0, n);
    if (have) {
        memcpy(dst, in->data, have);
        in->data += have;
        in->left -= have;
    }
}

static inline uint8_t
fuzz_u8(struct fuzz_input *in)
{
    uint8_t x;

    fuzz_bytes(in, &x, sizeof x);
    return x;
}

/* Numbers are little endian, whatever the CPU. */
static inline uint64_t
fuzz_number(struct fuzz_input *in, size_t n)
{
    uint64_t x = 0;

    for (size_t i = 0; i < n; i++) {
        x |= (uint64_t) fuzz_u8(in) << 8 * i;
    }
    return x;
}

static inline uint16_t
fuzz_u16(struct fuzz_input *in)
{
    return fuzz_number(in, 2);
}

static inline uint32_t
fuzz_u32(struct fuzz_input *in)
{
    return fuzz_number(in, 4);
}

static inline uint64_t
fuzz_u64(struct fuzz_input *in)
{
    return fuzz_number(in, 8);
}

#endif /* fuzz.h */
