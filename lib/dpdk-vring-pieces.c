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

/* Guest memory, and packets that are in several pieces of it.  Called by the
 * walks of split and packed rings, calls dpdk-vring-offload.c. */

#include <config.h>

#include "dpdk-vring-walk.h"

#include "util.h"

void
vring_break(struct dpdk_vring *vr, enum dpdk_vring_fault fault)
{
    if (!vr->broken) {
        __atomic_store_n(&vr->broken, fault, __ATOMIC_RELAXED);
    }
}

/* Returns where the guest's address 'addr' is mapped, or null, and stores in
 * '*len' how many bytes there are from there to the end of the region. */
static uint8_t *
find_region(struct dpdk_vring *vr, uint64_t addr, uint64_t *len)
{
    for (size_t i = 0; i < vr->memory->n; i++) {
        const struct dpdk_vring_region *r = &vr->memory->regions[i];
        uint64_t ofs = addr - r->start;

        if (ofs < r->size) {
            vr->hint = *r;
            *len = r->size - ofs;
            return r->base + ofs;
        }
    }
    return NULL;
}

uint8_t *
vring_translate__(struct dpdk_vring *vr, uint64_t addr, uint64_t len)
{
    uint64_t available;
    uint8_t *p = find_region(vr, addr, &available);

    return p && len <= available ? p : NULL;
}

bool
vring_pieces_add(struct dpdk_vring *vr, struct vring_pieces *pieces,
                 uint64_t addr, uint32_t len)
{
    pieces->len += len;
    if (!len && ++pieces->n_empty > VRING_MAX_PIECES) {
        pieces->too_many = true;
    }
    while (len) {
        uint64_t available;
        uint8_t *p = find_region(vr, addr, &available);
        uint32_t part = MIN(len, available);

        if (!p) {
            return false;
        }
        if (pieces->n == VRING_MAX_PIECES) {
            pieces->too_many = true;
            return true;
        }
        pieces->p[pieces->n++] = (struct vring_piece) { p, part };
        addr += part;
        len -= part;
    }
    return true;
}

/* Prefetches the first 'n' bytes of 'piece', or all, to be written if 'write'.
 * The CPU's own prefetcher reads ahead within a page, but it needs a start,
 * and it does not fetch what will be written. */
static void
prefetch_piece(const struct vring_piece *piece, size_t n, bool write)
{
    n = MIN(n, piece->len);
    if (write) {
        vring_prefetch_write(piece->addr);
        vring_prefetch_buffer(piece->addr, n);
    } else {
        for (size_t ofs = 0; ofs < MIN(n, 256); ofs += 64) {
            OVS_PREFETCH(piece->addr + ofs);
        }
    }
}

/* Copies 'n' bytes between 'pieces', without their first 'skip' bytes, and
 * 'buf': from there if 'write'. */
static void
pieces_copy(const struct vring_pieces *pieces, size_t skip, uint8_t *buf,
            size_t n, bool write)
{
    for (const struct vring_piece *piece = pieces->p; n; piece++) {
        size_t len;

        if (skip >= piece->len) {
            skip -= piece->len;
            continue;
        }
        len = MIN(n, piece->len - skip);
        if (len < n) {
            prefetch_piece(piece + 1, n - len, write);
        }
        if (write) {
            memcpy(piece->addr + skip, buf, len);
        } else {
            memcpy(buf, piece->addr + skip, len);
        }
        skip = 0;
        buf += len;
        n -= len;
    }
}

void
vring_pieces_read(const struct vring_pieces *pieces, size_t skip, void *dst,
                  size_t n)
{
    pieces_copy(pieces, skip, dst, n, false);
}

void
vring_pieces_write(const struct vring_pieces *pieces, size_t skip,
                   const void *src, size_t n)
{
    pieces_copy(pieces, skip, CONST_CAST(void *, src), n, true);
}

void
vring_log__(const struct dpdk_vring *vr, const void *p_, uint64_t len)
{
    const uint8_t *p = p_;

    for (size_t i = 0; i < vr->memory->n; i++) {
        const struct dpdk_vring_region *r = &vr->memory->regions[i];

        if (p >= r->base && p < r->base + r->size) {
            vr->log(vr->log_aux, r->start + (p - r->base), len);
            return;
        }
    }
}

void
vring_pieces_log__(const struct dpdk_vring *vr,
                   const struct vring_pieces *pieces)
{
    for (unsigned int i = 0; i < pieces->n; i++) {
        vring_log__(vr, pieces->p[i].addr, pieces->p[i].len);
    }
}

bool
vring_pieces_to_packet(const struct dpdk_vring *vr,
                       const struct vring_pieces *pieces, struct dp_packet *p,
                       struct dpdk_vring_burst *burst)
{
    uint64_t size = pieces->len - vr->hdr_len;
    uint8_t *data;

    if (pieces->too_many || size > UINT16_MAX
        || (size > vr->rx_room && !vr->enlarge)) {
        burst->drops[DPDK_VRING_DROP_BIG]++;
        return false;
    }
    if (size < VRING_MIN_PACKET) {
        burst->drops[DPDK_VRING_DROP_RUNT]++;
        return false;
    }

    vring_fill(vr, p, size);
    if (size > vr->rx_room && !vr->enlarge(p, size)) {
        burst->drops[DPDK_VRING_DROP_BIG]++;
        return false;
    }
    data = dp_packet_data(p);
    vring_pieces_read(pieces, vr->hdr_len, data, size);
    if (vr->host_offload) {
        struct virtio_net_hdr hdr;

        vring_pieces_read(pieces, 0, &hdr, sizeof hdr);
        p->ol_flags = vring_rx_offload(&hdr, data, size);
    }
    return true;
}

enum dpdk_vring_fault
vring_table_init(struct dpdk_vring *vr, struct vring_table *table,
                 struct vring_desc_copy d)
{
    uint32_t len = vring_desc_len(d);

    if (!vr->indirect) {
        return DPDK_VRING_FAULT_INDIRECT;
    }
    if (!len || len % sizeof d || len / sizeof d > vr->size) {
        return DPDK_VRING_FAULT_INDIRECT_SIZE;
    }
    table->addr = d.addr;
    table->base = vring_translate(vr, d.addr, len);
    table->n = len / sizeof d;
    return DPDK_VRING_OK;
}

bool
vring_table_load(struct dpdk_vring *vr, const struct vring_table *table,
                 uint32_t i, struct vring_desc_copy *d)
{
    struct vring_pieces pieces;

    if (OVS_LIKELY(table->base)) {
        *d = vring_load_desc(table->base + i * sizeof *d);
        return true;
    }

    vring_pieces_init(&pieces);
    if (!vring_pieces_add(vr, &pieces, table->addr + i * sizeof *d,
                          sizeof *d)) {
        return false;
    }
    vring_pieces_read(&pieces, 0, d, sizeof *d);
    return true;
}

void
vring_count_group(struct dpdk_vring_burst *burst, const uint8_t *data)
{
    static const uint8_t broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    if (memcmp(data, broadcast, sizeof broadcast)) {
        burst->n_multicast++;
    } else {
        burst->n_broadcast++;
    }
}
