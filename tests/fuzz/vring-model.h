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

#ifndef VRING_MODEL_H
#define VRING_MODEL_H 1

/* A walk of a chain that is written to be obvious, to compare with. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vring-fuzz.h"

/* Most bytes and pieces of a chain that are looked at. */
#define MODEL_MAX_BYTES (UINT16_MAX + 64)
#define MODEL_MAX_PIECES 256

/* What is in a chain. */
struct model_chain {
    uint8_t data[2 * UINT16_MAX];
    size_t size;                /* Bytes in 'data'. */
    unsigned int n_pieces;
    unsigned int n_empty;       /* Descriptors without a byte. */
    bool big;                   /* Is there more? */
    unsigned int n_descs;       /* Descriptors in the ring. */
    uint16_t id;                /* Packed: of the buffer. */
};

/* Stores in 'chain' what is in the chain of 'g', for us to read, that starts
 * at 'head' in the descriptors that 'desc' is a copy of.  Ends the process if
 * the chain is not good. */
void model_read(const struct fuzz_guest *g, const void *desc, uint16_t head,
                struct model_chain *chain);

#endif /* vring-model.h */
