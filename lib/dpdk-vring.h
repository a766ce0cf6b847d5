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

#ifndef DPDK_VRING_H
#define DPDK_VRING_H 1

/* A guest's ring, walked by ourselves
 * ===================================
 *
 * "struct dpdk_vring" is a view of one virtqueue of a virtio-net device, split
 * or packed: where the ring and the guest's memory are, and how far we are.
 * The functions here move packets between the ring and dp_packets.  They know
 * no device, no mbuf and no library: the control side makes a view, see
 * dpdk-vhost-ring.h, and the packet side walks it.
 *
 * Receiving means taking what the guest transmits.  Sending means filling the
 * buffers that the guest gave for receiving.
 *
 * What a guest can do
 * -------------------
 *
 * Everything that the guest can write, it may write at any time.  Each value
 * is loaded from there once, into a local, and it is the local that is checked
 * and then used.  Nothing outside of the guest's memory regions is touched on
 * its behalf, and the ring is no exception: each of its parts has to be in one
 * region, or it is broken from the start.  The work for one packet is bounded.
 *
 * A ring that violates the specification of virtio is broken: 'broken' says
 * why, nothing after the violation is touched, and from then on the ring is
 * empty for receiving and full for sending.  What came before it in the same
 * burst is delivered.  Only a new view, after the guest has reset the ring,
 * mends it.
 *
 * Packets that are legitimate but that we have no use for are dropped and
 * counted.
 *
 * Notifications
 * -------------
 *
 * A guest that sleeps has to be notified of used buffers.  To find out whether
 * it sleeps takes a full memory barrier, which is avoided for each burst: a
 * burst only notes that there is something to tell.  The caller asks
 * dpdk_vring_must_check() after each burst, which is true if the guest slept
 * the last time.  Otherwise it has to call dpdk_vring_needs_kick() soon: at
 * its next visit, or before it does not come back for a while.
 *
 * Thread-safety
 * -------------
 *
 * One thread at a time uses a view.  Nothing here blocks, locks, or allocates
 * memory. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/compiler.h"
#include "util.h"

struct dp_packet;

/* Most packets in a burst, and most memory regions of a guest. */
#define DPDK_VRING_MAX_BURST 32
#define DPDK_VRING_MAX_REGIONS 8

/* Packets that dpdk_vring_prefetch() prefetches for.  The misses of more of
 * them overlap anyway. */
#define DPDK_VRING_N_AHEAD 4

/* Largest ring, in descriptors. */
#define DPDK_VRING_MAX_SIZE 32768

/* Least room for data in an element of a pool, in bytes. */
#define DPDK_VRING_MIN_ROOM 64

/* Ways to violate the specification, and what to tell users of it. */
#define DPDK_VRING_FAULTS                                                     \
    FAULT(RING, "ring has an impossible size or address")                     \
    FAULT(AVAIL,                                                              \
          "available index moved by more than the size of the ring, or back") \
    FAULT(HEAD, "descriptor outside of the ring made available")              \
    FAULT(NEXT, "descriptor chained to one outside of the table")             \
    FAULT(LOOP, "descriptor chain is longer than the ring")                   \
    FAULT(WRAP, "descriptor chained to one that is not available")            \
    FAULT(DIRECTION, "buffer for the wrong direction")                        \
    FAULT(ADDRESS, "buffer outside of the guest's memory")                    \
    FAULT(HEADER, "buffer has no room for the header of a packet")            \
    FAULT(INDIRECT, "indirect descriptor without the feature")                \
    FAULT(INDIRECT_NESTED, "indirect descriptor in an indirect table")        \
    FAULT(INDIRECT_NEXT, "indirect descriptor with a next one")               \
    FAULT(INDIRECT_SIZE, "indirect table has an impossible size")             \
    FAULT(INDIRECT_ADDRESS, "indirect table outside of the guest's memory")

enum dpdk_vring_fault {
    DPDK_VRING_OK,
#define FAULT(NAME, TEXT) DPDK_VRING_FAULT_##NAME,
    DPDK_VRING_FAULTS
#undef FAULT
    DPDK_VRING_N_FAULTS
};

/* Returns what 'fault' means, for the user: a phrase. */
const char *dpdk_vring_fault_name(enum dpdk_vring_fault fault);

/* Reasons to drop a packet without breaking the ring. */
enum dpdk_vring_drop {
    DPDK_VRING_DROP_BIG,        /* Larger than the buffer that it goes to, or
                                 * in too many pieces. */
    DPDK_VRING_DROP_RUNT,       /* Smaller than an Ethernet header. */
    DPDK_VRING_DROP_OFFLOAD,    /* Asks for an offload that does not go with
                                 * its headers or with the guest. */
    DPDK_VRING_N_DROPS
};

/* The classes of sizes that packets are counted by, in bytes without FCS: less
 * than 64, 64, 65 to 127, 128 to 255, 256 to 511, 512 to 1023, 1024 to 1518,
 * and more. */
#define DPDK_VRING_N_SIZES 8

/* What became of one burst.  Counts packets that passed, except for
 * 'drops'. */
struct dpdk_vring_burst {
    uint64_t bytes;             /* Sum of their sizes. */
    uint64_t sizes;             /* By class of size, 8 bits each, the first
                                 * class in the lowest ones. */
    uint32_t n_multicast;       /* To a group, but not to everybody. */
    uint32_t n_broadcast;
    uint8_t drops[DPDK_VRING_N_DROPS];
};

/* Guest memory. */
struct dpdk_vring_region {
    uint64_t start;             /* Guest's physical address. */
    uint64_t size;              /* Bytes, not 0. */
    uint8_t *base;              /* Where it is mapped. */
};

struct dpdk_vring_memory {
    size_t n;
    struct dpdk_vring_region regions[DPDK_VRING_MAX_REGIONS];
};

/* Gives 'p', an element of a pool, a buffer for 'size' bytes of data behind a
 * headroom, and sets its 'base_', 'allocated_' and 'data_ofs'.  Returns false
 * if there is no memory.  Whoever frees 'p' frees the buffer, too. */
typedef bool dpdk_vring_enlarge_func(struct dp_packet *p, uint32_t size);

/* Notes that the 'len' bytes at the guest's address 'addr', which are all in
 * one region, have been written.  'aux' is that of the view. */
typedef void dpdk_vring_log_func(void *aux, uint64_t addr, uint64_t len);

/* What a view is made from. */
struct dpdk_vring_config {
    uint64_t features;          /* Negotiated, VIRTIO_*_F_* bits. */
    const struct dpdk_vring_memory *memory; /* Outlives the view. */
    void *desc;                 /* Descriptors of either kind of ring. */
    void *avail;                /* Available ring, or driver event area. */
    void *used;                 /* Used ring, or device event area. */
    uint32_t size;              /* Number of descriptors. */

    /* How far we are, as SET_VRING_BASE has it: for a packed ring, bit 15 is
     * the wrap counter. */
    uint16_t last_avail;
    uint16_t last_used;

    /* For receiving: size of the buffer that follows the dp_packet of each
     * element, with the headroom, and what to do for packets that do not fit:
     * null to drop them. */
    uint16_t buf_size;
    uint16_t headroom;
    dpdk_vring_enlarge_func *enlarge;

    /* For sending: MTU of the port, that packets are segmented for. */
    uint16_t mtu;

    /* To be called after each write to the guest's memory, with 'log_aux', or
     * null. */
    dpdk_vring_log_func *log;
    void *log_aux;
};

/* A view of a ring. */
struct dpdk_vring {
    /* What each burst reads and writes. */
    OVS_ALIGNED_VAR(CACHE_LINE_SIZE)
    const struct dpdk_vring_ops *ops; /* How to walk the ring. */
    void *desc;                 /* Descriptors. */
    void *avail;                /* Available ring, or driver event area. */
    void *used;                 /* Used ring, or device event area. */
    uint16_t size;              /* Number of descriptors. */
    uint16_t last_avail;        /* Next one to take. */
    uint16_t last_used;         /* Next one to give back. */
    uint16_t avail_idx;         /* Split: guest's index when last read. */
    const uint16_t *guest_idx;  /* Split: where that is in its memory.  Null
                                 * if that must not be read. */
    const void *next_desc;      /* Likely to be the next descriptor to take,
                                 * or null; only to prefetch. */
    const uint8_t *last_sent[DPDK_VRING_N_AHEAD]; /* Buffers of the first
                                 * packets of the last bursts that were sent,
                                 * or null; the same. */
    uint16_t signalled;         /* 'last_used' at the last look at what the
                                 * guest wants to be notified of. */
    bool signalled_wrap;        /* Packed: 'used_wrap' of that time. */
    bool signalled_valid;       /* Was there such a look? */
    bool avail_wrap;            /* Packed: wrap counter of 'last_avail'. */
    bool used_wrap;             /* Packed: wrap counter of 'last_used'. */
    uint8_t kick_pending;       /* Used buffers that the guest may not know
                                 * of?  2 if there is no need to look at the
                                 * next visit, but at the one after it.  Any
                                 * thread may look at it, atomically. */
    bool eager;                 /* Did it sleep at the last look? */
    uint8_t hdr_len;            /* Size of the header of a packet. */
    bool mergeable;             /* May a packet use several buffers? */
    bool host_offload;          /* May the guest leave packets unfinished? */
    uint8_t broken;             /* enum dpdk_vring_fault.  Any thread may look
                                 * at it, atomically. */

    /* The region that was used last. */
    struct dpdk_vring_region hint;
    uint16_t rx_head[2];        /* 'allocated_' and 'data_ofs' of a packet. */
    uint16_t rx_room;           /* Bytes behind the headroom. */

    /* What few bursts read. */
    bool indirect;              /* May descriptors be indirect? */
    bool event_idx;             /* Does the guest say when to notify? */
    bool guest_csum;            /* Does the guest complete checksums? */
    bool guest_tso4;            /* Does it take unsegmented packets? */
    bool guest_tso6;
    uint16_t mtu;
    const struct dpdk_vring_memory *memory;
    dpdk_vring_enlarge_func *enlarge;
    dpdk_vring_log_func *log;
    void *log_aux;
};

/* How to walk a ring: split or packed, compiled for a kind of CPU, or to log
 * what is written.  See the functions below for what the members do. */
struct dpdk_vring_ops {
    unsigned int (*n_avail)(struct dpdk_vring *, unsigned int max);
    size_t (*rx)(struct dpdk_vring *, struct dp_packet *elements[], size_t n,
                 struct dpdk_vring_burst *);
    size_t (*tx)(struct dpdk_vring *, struct dp_packet *const packets[],
                 size_t n, struct dpdk_vring_burst *);
    bool (*needs_kick)(struct dpdk_vring *);
};

/* Makes 'vr' a view of the ring of 'config'.  If that cannot be a ring, the
 * view is broken from the start, and this returns false. */
bool dpdk_vring_init(struct dpdk_vring *vr,
                     const struct dpdk_vring_config *config);

/* Names of the kinds of CPU that views made from now on are for: a level of
 * x86-64 like "v3", or "any".  By default it is the best one of this CPU.
 * dpdk_vring_set_cpu() returns false, and changes nothing, if this CPU is not
 * of kind 'name', or if there is no such kind.  At most one thread at a
 * time. */
const char *dpdk_vring_get_cpu(void);
bool dpdk_vring_set_cpu(const char *name);

/* Stores in '*last_avail' and '*last_used' how far 'vr' is, in the form of
 * "struct dpdk_vring_config". */
void dpdk_vring_get_base(const struct dpdk_vring *vr, uint16_t *last_avail,
                         uint16_t *last_used);

/* Returns the number of descriptors that 'vr' has for us, up to 'max': an
 * upper bound of the number of packets to receive.  Looks into the guest's
 * memory only if fewer than 'max' are known of. */
static inline unsigned int
dpdk_vring_n_avail(struct dpdk_vring *vr, unsigned int max)
{
    return vr->ops->n_avail(vr, max);
}

/* Returns true if 'vr' is one of a split ring, has nothing to receive, and the
 * guest knows of all that was used.  For most views, most of the time, that is
 * all that happens to them, so nothing is called to find it out.  An index
 * that moved in any way is left to dpdk_vring_n_avail(), and so is a ring that
 * is broken. */
static inline bool
dpdk_vring_is_plainly_idle(const struct dpdk_vring *vr)
{
    return (OVS_LIKELY(!vr->kick_pending && vr->guest_idx)
            && vr->avail_idx == vr->last_avail
            && __atomic_load_n(vr->guest_idx, __ATOMIC_RELAXED)
               == vr->last_avail);
}

/* Returns true if 'vr' has nothing to receive, and there is no need to call
 * dpdk_vring_needs_kick() at this visit. */
static inline bool
dpdk_vring_is_idle(struct dpdk_vring *vr)
{
    if (OVS_UNLIKELY(vr->kick_pending)) {
        if (vr->kick_pending == 1) {
            return false;
        }
        __atomic_store_n(&vr->kick_pending, 1, __ATOMIC_RELAXED);
    }
    return !dpdk_vring_n_avail(vr, 1);
}

/* Prefetches what the next burst of 'vr' looks at first, as far as that can be
 * known, and what was sent in the last one, as guests that forward packets
 * change them and send them from the same buffers.  All that is in the cache
 * of another CPU, where the guest has written it.  'vr' may be one that
 * another thread uses.
 *
 * GCC takes a function that does nothing but prefetch for one without any
 * effect, and does not call it, unless it is inlined before it gets there. */
static inline __attribute__((always_inline)) void
dpdk_vring_prefetch(const struct dpdk_vring *vr)
{
    if (vr->guest_idx) {
        uint16_t head = vr->last_avail & (vr->size - 1);

        OVS_PREFETCH(&vr->guest_idx[1 + head]);
    }
    OVS_PREFETCH(vr->next_desc);
    OVS_PREFETCH((const void *) ((uintptr_t) vr->next_desc
                                 + 16 * (DPDK_VRING_N_AHEAD - 1)));
    for (int i = 0; i < DPDK_VRING_N_AHEAD; i++) {
        OVS_PREFETCH((const void *) ((uintptr_t) vr->last_sent[i]
                                     + vr->hdr_len));
    }
}

/* Receives up to 'n' packets, at most DPDK_VRING_MAX_BURST, from 'vr', into
 * the 'n' elements of a pool in 'elements', that is, dp_packets followed by
 * their buffers.  Returns the number of packets, which are the first ones in
 * 'elements'; the others still belong to the caller as they were.  Writes the
 * members of the packets that the core reads, and no other ones.  Initialises
 * '*burst'. */
static inline size_t
dpdk_vring_rx(struct dpdk_vring *vr, struct dp_packet *elements[], size_t n,
              struct dpdk_vring_burst *burst)
{
    return vr->ops->rx(vr, elements, n, burst);
}

/* Copies the first ones of the 'n' packets in 'packets', of any source, at
 * most DPDK_VRING_MAX_BURST, to 'vr'.  Returns the number of those that are
 * done with, including dropped ones; for the others the ring has no room.  The
 * caller still owns all packets.  Initialises '*burst'. */
static inline size_t
dpdk_vring_tx(struct dpdk_vring *vr, struct dp_packet *const packets[],
              size_t n, struct dpdk_vring_burst *burst)
{
    return vr->ops->tx(vr, packets, n, burst);
}

/* Returns true if dpdk_vring_needs_kick() has to be called now, false if there
 * is no need to hurry. */
static inline bool
dpdk_vring_must_check(const struct dpdk_vring *vr)
{
    return vr->kick_pending && vr->eager;
}

/* Returns true if the guest has to be notified of used buffers, which it need
 * not if there are none since this was called last. */
static inline bool
dpdk_vring_needs_kick(struct dpdk_vring *vr)
{
    return OVS_UNLIKELY(vr->kick_pending) && vr->ops->needs_kick(vr);
}

/* Returns how many packets of class 'i' of size, see DPDK_VRING_N_SIZES, there
 * are in 'burst'. */
static inline unsigned int
dpdk_vring_burst_size(const struct dpdk_vring_burst *burst, unsigned int i)
{
    return (uint8_t) (burst->sizes >> (8 * i));
}

#endif /* dpdk-vring.h */
