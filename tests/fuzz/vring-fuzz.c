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

/* The guest and the device of the fuzzers of rings: what an input does.  Calls
 * vring-check.c to call the device and to check what it did. */

#include <config.h>

#include "vring-fuzz.h"

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "util.h"
#include "vring-check.h"
#include "vring-race.h"

#define MAX_OPERATIONS 100

#define PACKED_AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED (1 << VRING_PACKED_DESC_F_USED)

/* What the bits of the first byte of an input negotiate. */
#define BIT(NAME) (UINT64_C(1) << VIRTIO_##NAME)
static const uint64_t feature_bits[8] = {
    BIT(F_VERSION_1),
    BIT(NET_F_MRG_RXBUF),
    BIT(RING_F_INDIRECT_DESC),
    BIT(RING_F_EVENT_IDX),
    BIT(NET_F_CSUM) | BIT(NET_F_HOST_TSO4) | BIT(NET_F_HOST_TSO6),
    BIT(NET_F_GUEST_CSUM),
    BIT(NET_F_GUEST_TSO4),
    BIT(NET_F_GUEST_TSO6),
};

static const uint64_t region_starts[FUZZ_N_REGIONS] = {
    FUZZ_REGION_0, FUZZ_REGION_1, FUZZ_REGION_2
};

/* Memory
 * ------ */

uint8_t *
fuzz_guarded(size_t size)
{
    size_t page = get_page_size();
    size_t room = ROUND_UP(size, page);
    uint8_t *p = mmap(NULL, room + 64 * page, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    MUST(p != MAP_FAILED);
    p += 32 * page;
    MUST(!mprotect(p, room, PROT_READ | PROT_WRITE));
    return p + room - size;
}

uint8_t *
fuzz_guest_memory(const struct fuzz_guest *g, uint64_t addr, uint64_t *len)
{
    for (size_t i = 0; i < g->memory.n; i++) {
        const struct dpdk_vring_region *r = &g->memory.regions[i];

        if (addr >= r->start && addr - r->start < r->size) {
            *len = r->size - (addr - r->start);
            return r->base + (addr - r->start);
        }
    }
    return NULL;
}

static void
init_memory(struct fuzz_guest *g)
{
    static uint8_t *bases[FUZZ_N_REGIONS];

    g->memory.n = FUZZ_N_REGIONS;
    for (size_t i = 0; i < FUZZ_N_REGIONS; i++) {
        if (!bases[i]) {
            bases[i] = fuzz_guarded(FUZZ_REGION_SIZE);
        }
        memset(bases[i], 0, FUZZ_REGION_SIZE);
        g->memory.regions[i] = (struct dpdk_vring_region) {
            .start = region_starts[i],
            .size = FUZZ_REGION_SIZE,
            .base = bases[i],
        };
    }
}

/* Returns 'size' bytes, that end where nobody may touch, from 'cache', in
 * which there is room for FUZZ_MAX_RING. */
static void *
ring_part(uint8_t **cache, size_t max, size_t size)
{
    uint8_t *p;

    if (!*cache) {
        *cache = fuzz_guarded(max);
    }
    p = *cache + max - size;
    memset(p, 0, size);
    return p;
}

static void
init_ring(struct fuzz_guest *g)
{
    static uint8_t *desc, *avail, *used;
    struct dpdk_vring_config *c = &g->config;

    if (g->ring_in_memory) {
        size_t event = c->features & BIT(RING_F_EVENT_IDX) ? 4 : 0;
        uint8_t *base = g->memory.regions[0].base;

        c->desc = base;
        c->avail = base + 16 * c->size;
        c->used = base + FUZZ_REGION_SIZE - (4 + 8 * c->size + event);
    } else {
        c->desc = ring_part(&desc, 16 * FUZZ_MAX_RING, 16 * c->size);
        c->avail = ring_part(&avail, 8 + 2 * FUZZ_MAX_RING,
                             g->packed ? 4 : 6 + 2 * c->size);
        c->used = ring_part(&used, 8 + 8 * FUZZ_MAX_RING,
                            g->packed ? 4 : 8 + 8 * c->size);
    }
}

/* Adds the 'size' bytes at 'base' to the memory of 'g'. */
static void
add_region(struct fuzz_guest *g, void *base, size_t size)
{
    g->memory.regions[g->memory.n++] = (struct dpdk_vring_region) {
        .start = 0,
        .size = size,
        .base = base,
    };
}

/* Makes the device's view of the ring, which goes on where the driver is.  The
 * ring has to be in the guest's memory, but what is not for packets is so no
 * longer than that, for there is nothing of interest about buffers in it. */
static void
init_view(struct fuzz_guest *g)
{
    struct dpdk_vring_config *c = &g->config;
    size_t event = c->features & BIT(RING_F_EVENT_IDX) ? 2 : 0;

    c->last_avail = c->last_used = g->next_avail | (g->wrap ? 0x8000 : 0);
    if (!g->packed) {
        struct vring_used *used = c->used;
        struct vring_avail *avail = c->avail;

        c->last_avail = c->last_used = g->next_avail;
        avail->idx = g->next_avail;
        used->idx = g->next_avail;
    }
    add_region(g, c->desc, 16 * c->size);
    add_region(g, c->avail, g->packed ? 4 : 4 + 2 * c->size + event);
    add_region(g, c->used, g->packed ? 4 : 4 + 8 * c->size + event);
    MUST(dpdk_vring_init(&g->vr, c));
    g->memory.n = FUZZ_N_REGIONS;
}

static void
init_guest(struct fuzz_guest *g, struct fuzz_input *in, bool packed)
{
    static const uint16_t sizes[2][8] = {
        { 4, 8, 16, 32, 64, 256, 512, 1 }, { 4, 7, 16, 33, 64, 300, 512, 1 }
    };
    static const char *const cpus[] = { "any", "v2", "v3", "v4" };
    uint8_t features = fuzz_u8(in);
    uint8_t flags = fuzz_u8(in);
    uint16_t start = fuzz_u16(in);

    memset(g, 0, sizeof *g);
    g->packed = packed;
    g->config.features = packed ? BIT(F_RING_PACKED) : 0;
    for (size_t i = 0; i < ARRAY_SIZE(feature_bits); i++) {
        g->config.features |= features >> i & 1 ? feature_bits[i] : 0;
    }
    g->ring_in_memory = flags & 0x20;
    g->sending = flags & 0x80;
    g->config.size = sizes[packed][flags >> 2 & 7];
    if (g->ring_in_memory) {
        g->config.size = MIN(g->config.size, 64);
    }
    g->stable = !g->ring_in_memory;
    g->next_avail = packed ? start % g->config.size : start;
    g->wrap = packed;
    g->config.memory = &g->memory;
    g->config.mtu = 1500;
    check_init_pool(&g->config, flags & 0x40);
    if (!dpdk_vring_set_cpu(cpus[flags & 3])) {
        dpdk_vring_set_cpu("any");
    }
    init_memory(g);
    init_ring(g);
    if (packed) {
        /* What was there before must not look available. */
        struct vring_packed_desc *desc = g->config.desc;

        for (size_t i = 0; i < g->next_avail; i++) {
            desc[i].flags = PACKED_AVAIL | PACKED_USED;
        }
    }
    init_view(g);
}

/* What the driver writes
 * ---------------------- */

/* An address: what it is relative to, one byte, and the offset, two bytes. */
static uint64_t
read_address(struct fuzz_input *in)
{
    uint8_t kind = fuzz_u8(in);

    switch (kind & 7) {
    case 0: return FUZZ_REGION_0 + fuzz_u16(in) % FUZZ_REGION_SIZE;
    case 1: return FUZZ_REGION_1 + fuzz_u16(in) % FUZZ_REGION_SIZE;
    case 2: return FUZZ_REGION_2 + fuzz_u16(in) % FUZZ_REGION_SIZE;
    case 3: return FUZZ_REGION_1 - fuzz_u8(in);
    case 4: return FUZZ_REGION_1 + FUZZ_REGION_SIZE - fuzz_u8(in);
    case 5: return UINT64_MAX - fuzz_u8(in);
    case 6: return FUZZ_REGION_0 - fuzz_u8(in);
    default: return fuzz_u64(in);
    }
}

/* A length: one byte, or more. */
static uint32_t
read_length(struct fuzz_input *in)
{
    uint8_t x = fuzz_u8(in);

    return (x < 248 ? x
            : x < 252 ? fuzz_u16(in) % FUZZ_REGION_SIZE
            : x < 254 ? fuzz_u16(in)
            : x == 254 ? fuzz_u32(in)
            : UINT32_MAX);
}

/* Stores a descriptor at 'p'. */
static void
store_desc(const struct fuzz_guest *g, void *p, uint64_t addr, uint32_t len,
           uint16_t flags, uint16_t next_or_id)
{
    if (g->packed) {
        struct vring_packed_desc d = { addr, len, next_or_id, flags };

        memcpy(p, &d, sizeof d);
    } else {
        struct vring_desc d = { addr, len, flags, next_or_id };

        memcpy(p, &d, sizeof d);
    }
}

static uint16_t
packed_flags(const struct fuzz_guest *g)
{
    return g->packed ? (g->wrap ? PACKED_AVAIL : PACKED_USED) : 0;
}

/* Returns the flags of a buffer in the direction of 'g'. */
static uint16_t
direction(const struct fuzz_guest *g)
{
    return g->sending ? VRING_DESC_F_WRITE : 0;
}

/* Takes the next descriptor of the ring, and stores its index in '*i'. */
static void *
take_desc(struct fuzz_guest *g, uint16_t *i)
{
    if (g->packed) {
        *i = g->next_avail;
        if (++g->next_avail >= g->config.size) {
            g->next_avail = 0;
            g->wrap = !g->wrap;
        }
    } else {
        *i = g->next_desc++ % g->config.size;
    }
    return (uint8_t *) g->config.desc + 16 * *i;
}

/* Makes the chain that starts at 'head' available, if there is one. */
static void
publish(struct fuzz_guest *g, uint16_t head)
{
    if (!g->packed) {
        struct vring_avail *avail = g->config.avail;

        avail->ring[g->next_avail++ & (g->config.size - 1)] = head;
        __atomic_store_n(&avail->idx, g->next_avail, __ATOMIC_RELEASE);
    }
}

/* Writes a chain of buffers, all good unless their addresses are not, several
 * times. */
static void
add_chains(struct fuzz_guest *g, struct fuzz_input *in)
{
    uint8_t shape = fuzz_u8(in);
    unsigned int n = 1 + (shape & 7);
    unsigned int n_chains = 1 + fuzz_u8(in) % 64;
    uint64_t addrs[8];
    uint32_t lens[8];

    for (size_t i = 0; i < n; i++) {
        addrs[i] = read_address(in);
        lens[i] = read_length(in);
    }
    if (shape & 8) {
        /* Long: what a descriptor has room for, and many of them. */
        n = 8 * n;
    }
    for (; n_chains; n_chains--) {
        uint16_t head = 0;
        uint16_t i;

        for (size_t j = 0; j < n; j++) {
            bool wrap = g->wrap;
            void *d = take_desc(g, &i);
            uint16_t flags = (direction(g)
                              | (g->packed ? wrap ? PACKED_AVAIL : PACKED_USED
                                 : 0)
                              | (j + 1 < n ? VRING_DESC_F_NEXT : 0));

            head = j ? head : i;
            store_desc(g, d, addrs[j % 8 % (1 + (shape & 7))],
                       lens[j % 8 % (1 + (shape & 7))], flags,
                       g->packed ? i : g->next_desc % g->config.size);
        }
        publish(g, head);
    }
}

/* Writes an indirect table of 'n' entries, of which the last ones repeat, and
 * a chain that refers to it. */
static void
add_table(struct fuzz_guest *g, struct fuzz_input *in)
{
    uint8_t shape = fuzz_u8(in);
    unsigned int n_given = 1 + (shape & 7);
    unsigned int n = shape & 8 ? fuzz_u16(in) % 512 : n_given;
    uint64_t table = read_address(in);
    uint64_t addr = 0;
    uint32_t len = 0;
    uint16_t head;
    void *d;

    for (uint32_t i = 0; i < n; i++) {
        uint16_t flags = direction(g) | (i + 1 < n ? VRING_DESC_F_NEXT : 0);
        uint8_t entry[16];

        if (i < n_given) {
            addr = read_address(in);
            len = read_length(in);
            flags ^= fuzz_u8(in) & 7;
        }
        store_desc(g, entry, addr, len, flags, i + 1);
        for (size_t j = 0; j < sizeof entry; j++) {
            uint64_t available;
            uint8_t *p = fuzz_guest_memory(g, table + 16 * i + j, &available);

            if (p) {
                *p = entry[j];
            }
        }
    }

    {
        uint16_t flags = VRING_DESC_F_INDIRECT | packed_flags(g);
        uint8_t oddity = shape & 16 ? fuzz_u8(in) : 0;

        d = take_desc(g, &head);
        store_desc(g, d, table, 16 * n + (oddity >> 3), flags ^ (oddity & 7),
                   head);
        publish(g, head);
    }
}

/* Writes one descriptor of the ring. */
static void
write_desc(struct fuzz_guest *g, struct fuzz_input *in)
{
    uint16_t i = fuzz_u16(in) % g->config.size;
    uint64_t addr = read_address(in);
    uint32_t len = read_length(in);
    uint16_t flags = fuzz_u8(in);
    uint16_t next = fuzz_u16(in);

    if (g->packed) {
        flags = ((flags & 7) | (flags & 8 ? PACKED_AVAIL : 0)
                 | (flags & 16 ? PACKED_USED : 0) | (flags & 0x20) << 8);
    }
    store_desc(g, (uint8_t *) g->config.desc + 16 * i, addr, len, flags, next);
}

/* Writes bytes anywhere in memory. */
static void
write_bytes(struct fuzz_guest *g, struct fuzz_input *in)
{
    uint64_t addr = read_address(in);
    uint8_t n = fuzz_u8(in) % 64;
    uint8_t repeat = fuzz_u8(in);
    uint8_t bytes[64];

    fuzz_bytes(in, bytes, n);
    for (size_t i = 0; i < n * (1 + repeat % 8); i++) {
        uint64_t available;
        uint8_t *p = fuzz_guest_memory(g, addr + i, &available);

        if (p) {
            *p = bytes[i % n];
        }
    }
}

/* Writes to the available ring, or moves the place in a packed one. */
static void
write_avail(struct fuzz_guest *g, struct fuzz_input *in)
{
    uint16_t i = fuzz_u16(in);
    uint16_t x = fuzz_u16(in);

    if (g->packed) {
        g->next_avail = i % g->config.size;
        g->wrap = x & 1;
    } else {
        struct vring_avail *avail = g->config.avail;

        if (i & 0x8000) {
            g->next_avail += (int8_t) x;
            avail->idx = g->next_avail;
        } else {
            avail->ring[i & (g->config.size - 1)] = x;
        }
    }
}

/* Says what the driver wants to be notified of, and asks. */
static void
kick(struct fuzz_guest *g, struct fuzz_input *in)
{
    uint16_t event = fuzz_u16(in);
    uint8_t flags = fuzz_u8(in);

    if (g->packed) {
        struct vring_packed_desc_event *e = g->config.avail;

        e->off_wrap = event;
        e->flags = flags;
    } else {
        struct vring_avail *avail = g->config.avail;

        avail->flags = flags;
        avail->ring[g->config.size] = event;
    }
    check_kick(g);
}

static void
run_operation(struct fuzz_guest *g, struct fuzz_input *in)
{
    switch (fuzz_u8(in) % 10) {
    case 0: add_chains(g, in); break;
    case 1: add_table(g, in); break;
    case 2: write_desc(g, in); break;
    case 3: write_bytes(g, in); break;
    case 4: write_avail(g, in); break;
    case 5: kick(g, in); break;
    case 6: g->sending = !g->sending; break;
    case 7: init_view(g); break;
    case 8: check_rx(g, fuzz_u8(in) % (DPDK_VRING_MAX_BURST + 2)); break;
    case 9: check_tx(g, in); break;
    }
}

void
vring_fuzz(const uint8_t *data, size_t size, bool packed, bool racing)
{
    struct fuzz_input in = { data, size };
    struct vring_race *race = NULL;
    struct fuzz_input start;
    struct fuzz_guest g;

    init_guest(&g, &in, packed);
    if (racing) {
        g.racing = true;
        g.stable = false;
        race = vring_race_start(&g, fuzz_u32(&in));
    }
    start = in;
    do {
        in = start;
        for (int i = 0; in.left && i < MAX_OPERATIONS; i++) {
            run_operation(&g, &in);
            if (race && g.vr.broken) {
                check_broken(&g);
                init_view(&g);
            }
        }
    } while (race && vring_race_goes_on(race));
    if (race) {
        vring_race_stop(race);
    } else if (!g.vr.broken) {
        /* What is left. */
        check_rx(&g, DPDK_VRING_MAX_BURST);
    }
    if (g.vr.broken) {
        check_broken(&g);
    }
}
