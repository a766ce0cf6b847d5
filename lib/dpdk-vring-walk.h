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

#ifndef DPDK_VRING_WALK_H
#define DPDK_VRING_WALK_H 1

/* What the walks of split and packed rings have in common.  Only for
 * dpdk-vring*.c.
 *
 * A packet in one buffer, which nearly all are, takes the inline functions,
 * which are compiled for several kinds of CPU.  The others, in chains of
 * descriptors, in indirect tables, across memory regions, spilled over several
 * buffers, become "pieces" first; dpdk-vring-pieces.c and dpdk-vring-offload.c
 * are compiled once. */

#include <linux/virtio_net.h>
#include <string.h>

#include "dp-packet.h"
#include "dpdk-vring.h"
#include "openvswitch/compiler.h"
#include "util.h"

/* An index of a packed ring, and the wrap counter beside it. */
#define VRING_PACKED_INDEX 0x7fff
#define VRING_PACKED_WRAP 0x8000

/* Ethernet's header. */
#define VRING_MIN_PACKET 14

/* Offloads that a packet can ask for. */
#define VRING_OL_TX (DP_PACKET_OL_TX_TCP_SEG    \
                     | DP_PACKET_OL_TX_IPV4     \
                     | DP_PACKET_OL_TX_IPV6     \
                     | DP_PACKET_OL_TX_L4_MASK)

/* ThreadSanitizer does not see the guest, by which what several threads do to
 * its memory is ordered: each packet that comes back would be a race. */
#define VRING_WALK __attribute__((no_sanitize("thread")))
#define VRING_INLINE inline __attribute__((always_inline)) VRING_WALK
#define VRING_NOINLINE __attribute__((noinline, cold)) VRING_WALK

/* The walks are compiled several times: for any CPU, and for each of these
 * levels of x86-64, the best first.  A CPU has one if it supports all these
 * features, and the Makefile tells the compiler of no other ones that matter
 * here. */
#ifdef __x86_64__
#define VRING_CPUS                                                          \
    VRING_CPU(v4, "avx512f", "avx512bw", "avx512dq", "avx512vl", "bmi2")    \
    VRING_CPU(v3, "avx", "avx2", "bmi", "bmi2", "fma")                      \
    VRING_CPU(v2, "ssse3", "sse4.1", "sse4.2", "popcnt", "sse3")
#else
#define VRING_CPUS
#endif

/* The names of the walks. */
#ifdef VRING_WALK_CPU
#define VRING_SPLIT_OPS VRING_OPS_NAME(dpdk_vring_split_ops, VRING_WALK_CPU)
#define VRING_PACKED_OPS VRING_OPS_NAME(dpdk_vring_packed_ops, VRING_WALK_CPU)
#define VRING_OPS_NAME(KIND, CPU) VRING_OPS_NAME__(KIND, CPU)
#define VRING_OPS_NAME__(KIND, CPU) KIND##_##CPU
#else
#define VRING_SPLIT_OPS dpdk_vring_split_ops
#define VRING_PACKED_OPS dpdk_vring_packed_ops
#endif

/* The walks are compiled once more for guests that migrate, so that the others
 * do not have to look whether writes are logged. */
#ifdef VRING_WALK_LOGS
#define VRING_LOGS true
#else
#define VRING_LOGS false
#endif

extern const struct dpdk_vring_ops dpdk_vring_split_ops;
extern const struct dpdk_vring_ops dpdk_vring_packed_ops;
extern const struct dpdk_vring_ops dpdk_vring_split_ops_log;
extern const struct dpdk_vring_ops dpdk_vring_packed_ops_log;
#define VRING_CPU(CPU, A, B, C, D, E)                                   \
    extern const struct dpdk_vring_ops dpdk_vring_split_ops_##CPU;      \
    extern const struct dpdk_vring_ops dpdk_vring_packed_ops_##CPU;
VRING_CPUS
#undef VRING_CPU

/* Prefetches the cache line at 'p' to be written.  What the guest has written,
 * or reads, is in the cache of another CPU, which has to give it up, but does
 * not unless it is told that we want to write.  OVS_PREFETCH_WRITE() says so
 * only if the compiler was told of the CPU.  CPUs that do not know the
 * instruction ignore it. */
static VRING_INLINE void
vring_prefetch_write(void *p)
{
#ifdef __x86_64__
    asm volatile("prefetchw %0" : : "m" (*(char *) p));
#else
    OVS_PREFETCH_WRITE(p);
#endif
}

/* Notes for dpdk_vring_prefetch() where the 'n' packets of a burst go. */
static VRING_INLINE void
vring_note_sent(struct dpdk_vring *vr, uint8_t *const bufs[], size_t n)
{
    n = MIN(n, DPDK_VRING_N_AHEAD);
    for (size_t i = 0; i < n; i++) {
        vr->last_sent[i] = bufs[i];
    }
}

/* Loads from memory that the guest writes.  The compiler must neither repeat
 * nor split one, nor load from there again what it has in a register. */
static VRING_INLINE uint16_t
vring_load16(const void *p)
{
    return __atomic_load_n((const uint16_t *) p, __ATOMIC_RELAXED);
}

static VRING_INLINE uint16_t
vring_load16_acquire(const void *p)
{
    return __atomic_load_n((const uint16_t *) p, __ATOMIC_ACQUIRE);
}

/* A descriptor of either kind of ring, copied.  In the second half is the
 * length in the lower 32 bits, and two members of 16 bits whose order depends
 * on the kind. */
struct vring_desc_copy {
    uint64_t addr;
    uint64_t rest;
};

typedef uint64_t __attribute__((may_alias)) vring_desc_half;

/* The guest's tables of indirect descriptors have any address. */
typedef uint64_t __attribute__((aligned(1), may_alias)) vring_u64;
typedef uint16_t __attribute__((aligned(1), may_alias)) vring_u16;

static VRING_INLINE struct vring_desc_copy
vring_load_desc(const void *p)
{
    const volatile vring_u64 *d = p;

    return (struct vring_desc_copy) { .addr = d[0], .rest = d[1] };
}

static VRING_INLINE uint32_t
vring_desc_len(struct vring_desc_copy d)
{
    return d.rest;
}

static VRING_INLINE struct virtio_net_hdr
vring_load_header(const void *p)
{
    struct vring_header_copy {
        uint64_t first;
        uint16_t second;
    } copy = {
        .first = *(const volatile vring_u64 *) p,
        .second = *(const volatile vring_u16 *) ((const uint8_t *) p + 8),
    };
    struct virtio_net_hdr hdr;

    memcpy(&hdr, &copy, sizeof hdr);
    return hdr;
}

/* Breaks 'vr' because of 'fault', if it is not broken already. */
void vring_break(struct dpdk_vring *vr, enum dpdk_vring_fault fault);

uint8_t *vring_translate__(struct dpdk_vring *vr, uint64_t addr, uint64_t len);

/* Returns where the 'len' bytes at the guest's address 'addr' are mapped, or
 * null unless all of them are in one region. */
static VRING_INLINE uint8_t *
vring_translate(struct dpdk_vring *vr, uint64_t addr, uint64_t len)
{
    uint64_t ofs = addr - vr->hint.start;

    if (OVS_LIKELY(ofs < vr->hint.size && len <= vr->hint.size - ofs)) {
        return vr->hint.base + ofs;
    }
    return vring_translate__(vr, addr, len);
}

void vring_log__(const struct dpdk_vring *vr, const void *p, uint64_t len);

/* Logs that the 'len' bytes at 'p', which are all in one region, have been
 * written. */
static VRING_INLINE void
vring_log(const struct dpdk_vring *vr, const void *p, uint64_t len)
{
    if (VRING_LOGS) {
        vring_log__(vr, p, len);
    }
}

/* Copies 'n' bytes.  Most packets are of few sizes, so that the branches are
 * predicted, and what is copied twice costs less than to do it byte by
 * byte. */
static VRING_INLINE void
vring_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
    if (OVS_LIKELY(n >= 64)) {
        size_t last = n - 64;

        if (OVS_UNLIKELY(n > 2048)) {
            memcpy(dst, src, n);
            return;
        }
        for (size_t i = 0; i < last; i += 64) {
            memcpy(dst + i, src + i, 64);
        }
        memcpy(dst + last, src + last, 64);
    } else if (n >= 32) {
        memcpy(dst, src, 32);
        memcpy(dst + n - 32, src + n - 32, 32);
    } else if (n >= 16) {
        memcpy(dst, src, 16);
        memcpy(dst + n - 16, src + n - 16, 16);
    } else {
        for (size_t i = 0; i < n; i++) {
            dst[i] = src[i];
        }
    }
}

/* Prefetches the buffer at 'p' for a packet of 'size' bytes, but for its first
 * and last cache lines, to be written.  The CPU's own prefetcher does not do
 * that. */
static VRING_INLINE void
vring_prefetch_buffer(uint8_t *p, uint32_t size)
{
    size = MIN(size, 2048);
    for (uint32_t ofs = 64; ofs < size; ofs += 64) {
        vring_prefetch_write(p + ofs);
    }
}

/* Returns the class of a packet of 'size' bytes, see DPDK_VRING_N_SIZES. */
static VRING_INLINE unsigned int
vring_size_class(uint32_t size)
{
    /* The number of the highest bit, less 5, with 64 and 1519 as the bounds
     * that are not powers of two. */
    unsigned int class = (31 ^ __builtin_clz(size | 32)) - 4;

    return MIN(class - (size <= 64) + (size > 1518), DPDK_VRING_N_SIZES - 1);
}

void vring_count_group(struct dpdk_vring_burst *burst, const uint8_t *data);

/* Counts in 'burst' if the packet of 'size' bytes at 'data' goes to a
 * group. */
static VRING_INLINE void
vring_count_address(struct dpdk_vring_burst *burst, const uint8_t *data,
                    uint32_t size)
{
    if (OVS_UNLIKELY(data[0] & 1) && OVS_LIKELY(size >= VRING_MIN_PACKET)) {
        vring_count_group(burst, data);
    }
}

static VRING_INLINE void
vring_burst_init(struct dpdk_vring_burst *burst)
{
    memset(burst, 0, sizeof *burst);
}

/* Returns the start of the buffer of 'p', an element of a pool. */
static VRING_INLINE uint8_t *
vring_element_buffer(struct dp_packet *p)
{
    return (uint8_t *) (p + 1);
}

BUILD_ASSERT_DECL(offsetof(struct dp_packet, data_ofs)
                  == offsetof(struct dp_packet, allocated_) + 2);
BUILD_ASSERT_DECL(MEMBER_SIZEOF(struct dp_packet, allocated_) == 2);

/* Makes 'p' an Ethernet packet of 'size' bytes behind the headroom of its own
 * buffer. */
static VRING_INLINE void
vring_fill(const struct dpdk_vring *vr, struct dp_packet *p, uint32_t size)
{
    p->base_ = vring_element_buffer(p);
    memcpy(&p->allocated_, vr->rx_head, sizeof vr->rx_head);
    p->size_ = size;
    p->ol_flags = 0;
    p->cutlen = 0;
    p->packet_type = htonl(PT_ETH);
}

/* Returns the offload flags of a packet of 'size' bytes at 'data', which came
 * with 'hdr'.  Both are ours already, the guest cannot change them. */
uint32_t vring_rx_offload(const struct virtio_net_hdr *hdr,
                          const uint8_t *data, uint32_t size);

/* Stores in 'hdr' what the guest has to know of 'p', which is to go to 'vr',
 * except for the number of buffers.  Returns false if 'p' asks for what does
 * not go with its headers or with the guest. */
bool vring_tx_offload(const struct dpdk_vring *vr, const struct dp_packet *p,
                      struct virtio_net_hdr_v1 *hdr);

/* Stores 'hdr' in the buffer at 'dst'.  'hdr_len' is a constant for the
 * compiler, or 'vr->hdr_len'. */
static VRING_INLINE void
vring_store_header(uint8_t *dst, const struct virtio_net_hdr_v1 *hdr,
                   unsigned int hdr_len)
{
    if (hdr_len == sizeof *hdr) {
        memcpy(dst, hdr, sizeof *hdr);
    } else {
        memcpy(dst, hdr, sizeof(struct virtio_net_hdr));
    }
}

/* Pieces
 * ------ */

/* Most pieces of a packet, and most descriptors of it that have no bytes.  A
 * guest of Linux uses 19, and none. */
#define VRING_MAX_PIECES 256

/* Most bytes in a chain that are of interest. */
#define VRING_MAX_CHAIN (UINT16_MAX + 64)

struct vring_piece {
    uint8_t *addr;
    uint32_t len;               /* In bytes, not 0. */
};

/* The memory that a packet is in, or is to be put into. */
struct vring_pieces {
    uint64_t len;               /* Sum of the lengths, in bytes. */
    unsigned int n;
    unsigned int n_empty;       /* Descriptors without a byte. */
    bool too_many;              /* Did not fit into 'p'?  'len' has them. */
    struct vring_piece p[VRING_MAX_PIECES];
};

static inline void
vring_pieces_init(struct vring_pieces *pieces)
{
    pieces->len = 0;
    pieces->n = 0;
    pieces->n_empty = 0;
    pieces->too_many = false;
}

/* Adds the 'len' bytes at the guest's address 'addr' to 'pieces'.  Returns
 * false if they are not all in the guest's memory; but bytes that are next to
 * each other for the guest may be in different regions. */
bool vring_pieces_add(struct dpdk_vring *vr, struct vring_pieces *pieces,
                      uint64_t addr, uint32_t len);

/* Copies 'n' bytes, not more than there are, from 'pieces', where 'skip' bytes
 * are left out, to 'dst', or the other way round. */
void vring_pieces_read(const struct vring_pieces *pieces, size_t skip,
                       void *dst, size_t n);
void vring_pieces_write(const struct vring_pieces *pieces, size_t skip,
                        const void *src, size_t n);

void vring_pieces_log__(const struct dpdk_vring *vr,
                        const struct vring_pieces *pieces);

/* Logs that all of 'pieces' has been written. */
static VRING_INLINE void
vring_pieces_log(const struct dpdk_vring *vr,
                 const struct vring_pieces *pieces)
{
    if (VRING_LOGS) {
        vring_pieces_log__(vr, pieces);
    }
}

/* Makes 'p', an element of a pool, the packet that is in 'pieces' behind a
 * header.  Returns false if there is none, and counts why in 'burst'. */
bool vring_pieces_to_packet(const struct dpdk_vring *vr,
                            const struct vring_pieces *pieces,
                            struct dp_packet *p,
                            struct dpdk_vring_burst *burst);

/* Indirect tables. */
struct vring_table {
    uint64_t addr;              /* Guest's address. */
    const uint8_t *base;        /* Where it is, or null if in two regions. */
    uint32_t n;                 /* Descriptors. */
};

/* Finds the table that the indirect descriptor 'd' of 'vr' refers to.  Returns
 * what is wrong with it. */
enum dpdk_vring_fault vring_table_init(struct dpdk_vring *vr,
                                       struct vring_table *table,
                                       struct vring_desc_copy d);

/* Copies element 'i' of 'table', which has to have it, to '*d'.  Returns false
 * if it is not in the guest's memory. */
bool vring_table_load(struct dpdk_vring *vr, const struct vring_table *table,
                      uint32_t i, struct vring_desc_copy *d);

#endif /* dpdk-vring-walk.h */
