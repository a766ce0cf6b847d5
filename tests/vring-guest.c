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

/* A guest that lives in the memory of a test. */

#include <config.h>

#include "vring-guest.h"

#include <stdlib.h>

#include "packets.h"
#include "random.h"
#include "util.h"

#define PACKED_AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED (1 << VRING_PACKED_DESC_F_USED)

static void *
alloc_aligned(size_t n)
{
    void *p = aligned_alloc(64, ROUND_UP(n, 64));

    ovs_assert(p);
    memset(p, 0, n);
    return p;
}

/* Adds the 'size' bytes at 'p', a part of the ring, to the memory of 'g'. */
static void
add_ring_region(struct guest *g, void *p, size_t size)
{
    size_t i = g->memory.n++;

    g->memory.regions[i] = (struct dpdk_vring_region) {
        .start = i * GUEST_RING,
        .size = size,
        .base = p,
    };
}

static void
init_ring(struct guest *g)
{
    size_t event = g->features & FEATURE(RING_F_EVENT_IDX) ? 2 : 0;
    size_t avail_size = sizeof *g->avail + g->size * 2;
    size_t used_size = sizeof *g->used + g->size * sizeof g->used->ring[0];

    g->desc = alloc_aligned(g->size * sizeof *g->desc);
    g->avail = alloc_aligned(avail_size + 2);
    g->used = alloc_aligned(used_size + 2);
    g->driver_event = alloc_aligned(sizeof *g->driver_event);
    g->device_event = alloc_aligned(sizeof *g->device_event);
    add_ring_region(g, g->desc, g->size * sizeof *g->desc);
    if (g->packed) {
        add_ring_region(g, g->driver_event, sizeof *g->driver_event);
        add_ring_region(g, g->device_event, sizeof *g->device_event);
    } else {
        add_ring_region(g, g->avail, avail_size + event);
        add_ring_region(g, g->used, used_size + event);
    }
    ovs_assert(g->memory.n == GUEST_N_REGIONS);
}

void
guest_init(struct guest *g, uint64_t features, uint16_t size, uint16_t start)
{
    static const uint64_t starts[] = {
        GUEST_REGION_0, GUEST_REGION_1, GUEST_REGION_2
    };

    memset(g, 0, sizeof *g);
    g->packed = features & FEATURE(F_RING_PACKED);
    g->features = features;
    g->size = size;
    g->memory.n = ARRAY_SIZE(starts);
    for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
        g->memory.regions[i] = (struct dpdk_vring_region) {
            .start = starts[i],
            .size = GUEST_REGION_SIZE,
            .base = xmalloc(GUEST_REGION_SIZE),
        };
        memset(g->memory.regions[i].base, 0xa5, GUEST_REGION_SIZE);
    }
    g->next_addr = GUEST_REGION_0;

    init_ring(g);
    g->avail->idx = start;
    g->used->idx = start;

    g->buffers = xcalloc(size, sizeof *g->buffers);
    g->desc_used = xcalloc(size, sizeof *g->desc_used);
    g->n_free = size;
    g->next_avail = start;
    g->next_used = start;
    g->avail_wrap = true;
    g->used_wrap = true;
    if (g->packed) {
        ovs_assert(start < size);
        /* As if the ring had been used up to there: whatever is there must
         * not look available. */
        for (size_t i = 0; i < start; i++) {
            g->desc_packed[i].flags = PACKED_AVAIL | PACKED_USED;
        }
    }
}

void
guest_uninit(struct guest *g)
{
    for (size_t i = 0; i < GUEST_N_REGIONS - 3; i++) {
        free(g->memory.regions[i].base);
    }
    free(g->desc);
    free(g->avail);
    free(g->used);
    free(g->driver_event);
    free(g->device_event);
    free(g->buffers);
    free(g->desc_used);
}

uint64_t
guest_alloc(struct guest *g, uint32_t len)
{
    uint64_t addr = g->next_addr;

    /* What is around the seam is for those who want that. */
    ovs_assert(len < GUEST_REGION_SIZE / 2);
    if (addr < GUEST_SEAM && addr + len > GUEST_SEAM - UINT16_MAX) {
        addr = GUEST_SEAM + UINT16_MAX;
    } else if (addr + len > GUEST_REGION_1 + GUEST_REGION_SIZE) {
        addr = GUEST_REGION_0;
    }
    g->next_addr = addr + len;
    return addr;
}

uint8_t *
guest_byte(struct guest *g, uint64_t addr)
{
    for (size_t i = 0; i < g->memory.n; i++) {
        const struct dpdk_vring_region *r = &g->memory.regions[i];

        if (addr >= r->start && addr - r->start < r->size) {
            return r->base + (addr - r->start);
        }
    }
    ovs_abort(0, "not in the memory of the guest: %"PRIx64, addr);
}

void
guest_write(struct guest *g, uint64_t addr, const void *src_, size_t n)
{
    const uint8_t *src = src_;

    for (size_t i = 0; i < n; i++) {
        *guest_byte(g, addr + i) = src[i];
    }
}

void
guest_read(struct guest *g, uint64_t addr, void *dst_, size_t n)
{
    uint8_t *dst = dst_;

    for (size_t i = 0; i < n; i++) {
        dst[i] = *guest_byte(g, addr + i);
    }
}

static int
free_buffer(const struct guest *g)
{
    for (int i = 0; i < g->size; i++) {
        if (!g->buffers[i].used) {
            return i;
        }
    }
    return -1;
}

/* Returns a descriptor of the split ring that is not in use. */
static uint16_t
take_desc(struct guest *g)
{
    uint16_t i = g->random ? random_range(g->size) : 0;

    while (g->desc_used[i]) {
        i = (i + 1) % g->size;
    }
    g->desc_used[i] = true;
    g->n_free--;
    return i;
}

/* Writes a table of indirect descriptors for 'parts' into the guest's memory,
 * and returns its address. */
static uint64_t
write_table(struct guest *g, const struct guest_part parts[], size_t n,
            uint16_t write)
{
    uint64_t table = guest_alloc(g, n * sizeof *g->desc);

    for (size_t i = 0; i < n; i++) {
        struct vring_desc d = { .addr = parts[i].addr, .len = parts[i].len };
        struct vring_packed_desc dp = { .addr = parts[i].addr,
                                        .len = parts[i].len, .flags = write };

        d.flags = write | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
        d.next = i + 1;
        guest_write(g, table + i * sizeof d, g->packed ? (void *) &dp
                                                       : (void *) &d,
                    sizeof d);
    }
    return table;
}

static void
add_split(struct guest *g, int id, const struct guest_part parts[], size_t n,
          uint16_t write, enum guest_layout layout)
{
    size_t n_direct = (layout == GUEST_DIRECT ? n
                       : layout == GUEST_INDIRECT ? 0 : n / 2);
    struct guest_buffer *b = &g->buffers[id];

    b->n_descs = n_direct + (n_direct < n);
    for (size_t i = 0; i < b->n_descs; i++) {
        b->descs[i] = take_desc(g);
    }
    for (size_t i = 0; i < b->n_descs; i++) {
        struct vring_desc *d = &g->desc[b->descs[i]];

        if (i < n_direct) {
            *d = (struct vring_desc) { parts[i].addr, parts[i].len, write, 0 };
        } else {
            d->addr = write_table(g, parts + n_direct, n - n_direct, write);
            d->len = (n - n_direct) * sizeof *d;
            d->flags = VRING_DESC_F_INDIRECT;
        }
        if (i + 1 < b->n_descs) {
            d->flags |= VRING_DESC_F_NEXT;
            d->next = b->descs[i + 1];
        }
    }
    g->avail->ring[g->next_avail++ % g->size] = b->descs[0];
}

static void
add_packed(struct guest *g, int id, const struct guest_part parts[], size_t n,
           uint16_t write, enum guest_layout layout)
{
    struct guest_buffer *b = &g->buffers[id];

    b->n_descs = layout == GUEST_DIRECT ? n : 1;
    for (size_t i = 0; i < b->n_descs; i++) {
        struct vring_packed_desc *d = &g->desc_packed[g->next_avail];
        uint16_t flags = g->avail_wrap ? PACKED_AVAIL : PACKED_USED;

        if (layout == GUEST_DIRECT) {
            d->addr = parts[i].addr;
            d->len = parts[i].len;
            flags |= write | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
        } else {
            d->addr = write_table(g, parts, n, write);
            d->len = n * sizeof *d;
            flags |= VRING_DESC_F_INDIRECT;
        }
        /* Only that of the last descriptor counts. */
        d->id = i + 1 < b->n_descs ? UINT16_MAX : id;
        if (g->pending) {
            d->flags = flags;
        } else {
            g->pending = d;
            g->pending_flags = flags;
        }
        if (++g->next_avail == g->size) {
            g->next_avail = 0;
            g->avail_wrap = !g->avail_wrap;
        }
        g->n_free--;
    }
}

int
guest_add(struct guest *g, const struct guest_part parts[], size_t n,
          bool writable, enum guest_layout layout)
{
    uint16_t write = writable ? VRING_DESC_F_WRITE : 0;
    int id = free_buffer(g);

    ovs_assert(n && n <= GUEST_MAX_PARTS);
    if (id < 0 || g->n_free < (layout == GUEST_INDIRECT ? 1 : n)) {
        return -1;
    }
    g->buffers[id].used = true;
    g->buffers[id].n_parts = n;
    memcpy(g->buffers[id].parts, parts, n * sizeof *parts);
    if (g->packed) {
        add_packed(g, id, parts, n, write, layout);
    } else {
        add_split(g, id, parts, n, write, layout);
    }
    return id;
}

void
guest_publish(struct guest *g)
{
    if (!g->packed) {
        __atomic_store_n(&g->avail->idx, g->next_avail, __ATOMIC_RELEASE);
    } else if (g->pending) {
        __atomic_store_n(&g->pending->flags, g->pending_flags,
                         __ATOMIC_RELEASE);
        g->pending = NULL;
    }
}

static int
take_split(struct guest *g, uint32_t *lenp)
{
    struct vring_used_elem *elem = &g->used->ring[g->next_used % g->size];

    if (__atomic_load_n(&g->used->idx, __ATOMIC_ACQUIRE) == g->next_used) {
        return -1;
    }
    g->next_used++;
    *lenp = elem->len;
    for (int id = 0; id < g->size; id++) {
        struct guest_buffer *b = &g->buffers[id];

        if (b->used && b->descs[0] == elem->id) {
            for (size_t i = 0; i < b->n_descs; i++) {
                g->desc_used[b->descs[i]] = false;
            }
            return id;
        }
    }
    ovs_abort(0, "device used what it did not have: %"PRIu32, elem->id);
}

static int
take_packed(struct guest *g, uint32_t *lenp)
{
    const struct vring_packed_desc *d = &g->desc_packed[g->next_used];
    uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
    bool avail = flags & PACKED_AVAIL;
    bool used = flags & PACKED_USED;

    if (avail != used || used != g->used_wrap) {
        return -1;
    }
    if (d->id >= g->size || !g->buffers[d->id].used) {
        ovs_abort(0, "device used what it did not have: %"PRIu16, d->id);
    }
    *lenp = d->len;
    g->next_used += g->buffers[d->id].n_descs;
    if (g->next_used >= g->size) {
        g->next_used -= g->size;
        g->used_wrap = !g->used_wrap;
    }
    return d->id;
}

int
guest_take(struct guest *g, uint32_t *lenp)
{
    int id = g->packed ? take_packed(g, lenp) : take_split(g, lenp);

    if (id >= 0) {
        g->buffers[id].used = false;
        g->n_free += g->buffers[id].n_descs;
    }
    return id;
}

void
guest_read_buffer(struct guest *g, int id, void *dst_, size_t n)
{
    const struct guest_buffer *b = &g->buffers[id];
    uint8_t *dst = dst_;

    for (size_t i = 0; n; i++) {
        size_t len = MIN(n, b->parts[i].len);

        ovs_assert(i < b->n_parts);
        guest_read(g, b->parts[i].addr, dst, len);
        dst += len;
        n -= len;
    }
}

size_t
guest_hdr_len(const struct guest *g)
{
    return (g->features & (GUEST_MERGEABLE | FEATURE(F_RING_PACKED))
            ? sizeof(struct virtio_net_hdr_v1)
            : sizeof(struct virtio_net_hdr));
}

bool
guest_send(struct guest *g, const struct virtio_net_hdr_v1 *hdr,
           const void *data, size_t n)
{
    static const struct virtio_net_hdr_v1 zero;
    size_t hdr_len = guest_hdr_len(g);
    struct guest_part part = { guest_alloc(g, hdr_len + n), hdr_len + n };

    guest_write(g, part.addr, hdr ? hdr : &zero, hdr_len);
    guest_write(g, part.addr + hdr_len, data, n);
    if (guest_add(g, &part, 1, false, GUEST_DIRECT) < 0) {
        return false;
    }
    guest_publish(g);
    return true;
}

static struct dp_packet *
element_new(void)
{
    struct dp_packet *p = xmalloc(sizeof *p + HEADROOM + ROOM);

    memset(p, 0x5a, sizeof *p);
    p->source = DPBUF_DPDK;
    p->base_ = p + 1;
    return p;
}

/* What new views log their writes with. */
static dpdk_vring_log_func *view_log;
static void *view_log_aux;

void
guest_set_log(dpdk_vring_log_func *log, void *aux)
{
    view_log = log;
    view_log_aux = aux;
}

void
guest_view(struct guest *g, struct dpdk_vring *vr,
           dpdk_vring_enlarge_func *enlarge)
{
    uint16_t wrap = g->packed ? 0x8000 : 0;
    struct dpdk_vring_config config = {
        .features = g->features,
        .memory = &g->memory,
        .desc = g->desc,
        .avail = g->packed ? (void *) g->driver_event : (void *) g->avail,
        .used = g->packed ? (void *) g->device_event : (void *) g->used,
        .size = g->size,
        .last_avail = g->next_avail | wrap,
        .last_used = g->next_used | wrap,
        .buf_size = HEADROOM + ROOM,
        .headroom = HEADROOM,
        .enlarge = enlarge,
        .mtu = 1500,
        .log = view_log,
        .log_aux = view_log_aux,
    };

    assert_true(dpdk_vring_init(vr, &config));
}

void
device_init(struct device *d, uint64_t features, uint16_t size, uint16_t start)
{
    guest_init(&d->g, features, size, start);
    guest_view(&d->g, &d->vr, NULL);
    for (size_t i = 0; i < BURST; i++) {
        d->elements[i] = element_new();
    }
}

void
device_uninit(struct device *d)
{
    for (size_t i = 0; i < BURST; i++) {
        free(d->elements[i]);
    }
    guest_uninit(&d->g);
}

size_t
device_rx(struct device *d, size_t n)
{
    return dpdk_vring_rx(&d->vr, d->elements, n, &d->burst);
}

void
assert_drops(const struct device *d, unsigned int big, unsigned int runt,
             unsigned int offload)
{
    assert_int_equal(d->burst.drops[DPDK_VRING_DROP_BIG], big);
    assert_int_equal(d->burst.drops[DPDK_VRING_DROP_RUNT], runt);
    assert_int_equal(d->burst.drops[DPDK_VRING_DROP_OFFLOAD], offload);
}

void
assert_packet(const struct dp_packet *p, const void *data, size_t n)
{
    assert_int_equal(dp_packet_size(p), n);
    assert_memory_equal(dp_packet_data(p), data, n);
    assert_int_equal(p->packet_type, htonl(PT_ETH));
    assert_int_equal(p->cutlen, 0);
}

void
assert_pattern(const struct dp_packet *p, size_t n, uint32_t seed)
{
    uint8_t data[UINT16_MAX];

    packet_pattern(data, n, seed);
    assert_packet(p, data, n);
}

bool
send_pattern(struct guest *g, size_t n, uint32_t seed)
{
    uint8_t data[UINT16_MAX];

    packet_pattern(data, n, seed);
    return guest_send(g, NULL, data, n);
}

struct dp_packet *
packet_new(size_t n, uint32_t seed)
{
    struct dp_packet *p = dp_packet_new(n);

    packet_pattern(dp_packet_put_uninit(p, n), n, seed);
    return p;
}

int
add_room(struct guest *g, uint32_t len)
{
    struct guest_part part = { guest_alloc(g, len), len };
    int id = guest_add(g, &part, 1, true, GUEST_DIRECT);

    guest_publish(g);
    return id;
}

ssize_t
guest_receive(struct guest *g, struct virtio_net_hdr_v1 *hdr, uint8_t *data)
{
    size_t hdr_len = guest_hdr_len(g);
    static uint8_t buf[2 * UINT16_MAX];
    uint32_t len, total;
    int id = guest_take(g, &len);

    if (id < 0) {
        return -1;
    }
    assert_true(len >= hdr_len);
    guest_read_buffer(g, id, buf, len);
    hdr->num_buffers = 1;
    memcpy(hdr, buf, hdr_len);
    total = len;
    for (int i = 1; i < hdr->num_buffers; i++) {
        id = guest_take(g, &len);
        assert_true(id >= 0);
        assert_true(total + len <= sizeof buf);
        guest_read_buffer(g, id, buf + total, len);
        total += len;
    }
    memcpy(data, buf + hdr_len, total - hdr_len);
    return total - hdr_len;
}

void
assert_receive(struct guest *g, size_t n, uint32_t seed)
{
    uint8_t expected[UINT16_MAX], data[UINT16_MAX];
    struct virtio_net_hdr_v1 hdr;

    packet_pattern(expected, n, seed);
    assert_int_equal(guest_receive(g, &hdr, data), n);
    assert_memory_equal(data, expected, n);
    assert_int_equal(hdr.flags, 0);
    assert_int_equal(hdr.gso_type, 0);
    assert_int_equal(hdr.hdr_len, 0);
    assert_int_equal(hdr.gso_size, 0);
    assert_int_equal(hdr.csum_start, 0);
    assert_int_equal(hdr.csum_offset, 0);
}

void
packet_pattern(uint8_t *data, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        data[i] = (seed * 2654435761u >> 8) + i * 7;
    }
    if (n) {
        data[0] &= ~1;
    }
}

uint64_t with_legacy = 0;
uint64_t with_v1 = GUEST_PLAIN;
uint64_t with_mergeable = GUEST_MERGEABLE;
uint64_t with_offload = GUEST_PLAIN | OFFLOAD_FEATURES;
uint64_t with_all = GUEST_MERGEABLE | OFFLOAD_FEATURES | FEATURE(F_IN_ORDER);
uint64_t with_packed = GUEST_PLAIN | PACKED;
uint64_t with_packed_mergeable = GUEST_MERGEABLE | PACKED;
uint64_t with_packed_all = GUEST_MERGEABLE | OFFLOAD_FEATURES | PACKED
                           | FEATURE(F_IN_ORDER);

static void
ignore_write(void *aux OVS_UNUSED, uint64_t addr OVS_UNUSED,
             uint64_t len OVS_UNUSED)
{
}

bool
next_cpu(unsigned int i)
{
    static const char *const names[] = { "any", "v2", "v3", "v4", "any" };

    random_set_seed(1);
    guest_set_log(i == 4 ? ignore_write : NULL, NULL);
    return dpdk_vring_set_cpu(names[i]);
}
