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

/* A walk of a chain that is written to be obvious.  Called by vring-fuzz.c. */

#include <config.h>

#include "vring-model.h"

#include <linux/virtio_ring.h>
#include <string.h>

#include "fuzz.h"
#include "util.h"

/* A descriptor of either kind. */
struct desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;              /* Split. */
    uint16_t id;                /* Packed. */
};

static struct desc
parse_desc(const struct fuzz_guest *g, const void *p)
{
    if (g->packed) {
        struct vring_packed_desc d;

        memcpy(&d, p, sizeof d);
        return (struct desc) { d.addr, d.len, d.flags, 0, d.id };
    } else {
        struct vring_desc d;

        memcpy(&d, p, sizeof d);
        return (struct desc) { d.addr, d.len, d.flags, d.next, 0 };
    }
}

/* Returns element 'i' of the indirect table 'table'. */
static struct desc
load_entry(const struct fuzz_guest *g, struct desc table, uint32_t i)
{
    uint8_t copy[16];

    MUST(i < table.len / 16);
    for (size_t j = 0; j < sizeof copy; j++) {
        uint64_t available;
        uint8_t *p = fuzz_guest_memory(g, table.addr + 16 * i + j, &available);

        MUST(p);
        copy[j] = *p;
    }
    return parse_desc(g, copy);
}

/* Adds the buffer of 'd' to 'chain'.  Returns false if that is enough. */
static bool
add_buffer(const struct fuzz_guest *g, struct desc d,
           struct model_chain *chain)
{
    if (chain->big) {
        return false;
    }
    MUST(!(d.flags & VRING_DESC_F_WRITE));
    if (!d.len && ++chain->n_empty > MODEL_MAX_PIECES) {
        chain->big = true;
    }
    while (d.len) {
        uint64_t available;
        uint8_t *p = fuzz_guest_memory(g, d.addr, &available);
        uint64_t part = MIN(d.len, available);

        MUST(p);
        if (++chain->n_pieces > MODEL_MAX_PIECES
            || chain->size + part > sizeof chain->data) {
            chain->big = true;
            return false;
        }
        memcpy(chain->data + chain->size, p, part);
        chain->size += part;
        d.addr += part;
        d.len -= part;
    }
    if (chain->size >= MODEL_MAX_BYTES) {
        chain->big = true;
    }
    return !chain->big;
}

/* Adds what is in the indirect table 'table' to 'chain'. */
static void
add_table(const struct fuzz_guest *g, struct desc table,
          struct model_chain *chain)
{
    uint32_t n = table.len / 16;
    uint32_t i = 0;

    MUST(g->config.features & UINT64_C(1) << VIRTIO_RING_F_INDIRECT_DESC);
    MUST(n && table.len % 16 == 0 && n <= g->config.size);
    MUST(!(table.flags & VRING_DESC_F_NEXT));
    if (chain->big) {
        return;
    }
    for (uint32_t n_seen = 0; ; n_seen++) {
        struct desc d = load_entry(g, table, i);

        MUST(n_seen < n);
        MUST(!(d.flags & VRING_DESC_F_INDIRECT));
        if (!add_buffer(g, d, chain)) {
            return;
        }
        if (g->packed ? ++i == n : !(d.flags & VRING_DESC_F_NEXT)) {
            return;
        }
        if (!g->packed) {
            i = d.next;
        }
    }
}

void
model_read(const struct fuzz_guest *g, const void *desc, uint16_t head,
           struct model_chain *chain)
{
    uint16_t size = g->config.size;
    uint16_t i = head;

    chain->size = 0;
    chain->n_pieces = 0;
    chain->n_empty = 0;
    chain->big = false;
    for (chain->n_descs = 1; ; chain->n_descs++) {
        struct desc d;

        MUST(i < size);
        MUST(chain->n_descs <= size);
        d = parse_desc(g, (const uint8_t *) desc + 16 * i);
        chain->id = d.id;
        if (d.flags & VRING_DESC_F_INDIRECT) {
            MUST(g->packed || !(d.flags & VRING_DESC_F_NEXT));
            add_table(g, d, chain);
        } else {
            add_buffer(g, d, chain);
        }

        /* In a split ring nobody needs the rest, in a packed one the end says
         * which buffer it is. */
        if (!(d.flags & VRING_DESC_F_NEXT) || (chain->big && !g->packed)) {
            return;
        }
        i = g->packed ? (i + 1) % size : d.next;
    }
}
