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

/* The walk of packed rings.  Called through dpdk-vring.h, calls
 * dpdk-vring-pieces.c and dpdk-vring-offload.c.
 *
 * Descriptors of a packed ring are available and used in place and in order,
 * so that a burst is a run of simple ones, in two passes, descriptors and
 * buffers, between which chains come one by one.  What was used is written
 * back at the end of the burst, the first one last: once the guest sees that,
 * it may rely on the others. */

#include <config.h>

#include "dpdk-vring.h"

#include <linux/virtio_ring.h>

#include "dp-packet.h"
#include "dpdk-vring-walk.h"
#include "ovs-atomic.h"
#include "util.h"

#define DESC_AVAIL (1 << VRING_PACKED_DESC_F_AVAIL)
#define DESC_USED (1 << VRING_PACKED_DESC_F_USED)
#define DESC_FLAGS (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE      \
                    | VRING_DESC_F_INDIRECT)

/* A place in the ring. */
struct place {
    uint16_t i;                 /* Index of a descriptor. */
    bool wrap;                  /* Wrap counter. */
};

/* Buffers that were used, but that the guest does not know of yet.  There is
 * room for those of one packet after a burst of simple ones. */
struct used_buffers {
    struct place next;          /* Where the next one goes. */
    unsigned int n;
    struct {
        uint64_t rest;          /* Second half of the descriptor. */
        uint16_t i;             /* Its index. */
    } p[DPDK_VRING_MAX_BURST + VRING_MAX_PIECES];
};

static VRING_INLINE uint16_t
desc_id(struct vring_desc_copy d)
{
    return d.rest >> 32;
}

static VRING_INLINE uint16_t
desc_flags(struct vring_desc_copy d)
{
    return d.rest >> 48;
}

static VRING_INLINE struct vring_packed_desc *
packed_desc(const struct dpdk_vring *vr, uint16_t i)
{
    return (struct vring_packed_desc *) vr->desc + i;
}

/* Moves 'place' on by 'n' descriptors, at most a whole ring. */
static VRING_INLINE void
advance(const struct dpdk_vring *vr, struct place *place, unsigned int n)
{
    unsigned int i = place->i + n;

    if (OVS_UNLIKELY(i >= vr->size)) {
        i -= vr->size;
        place->wrap = !place->wrap;
    }
    place->i = i;
}

/* Returns true if a descriptor with 'flags' is available at a place with wrap
 * counter 'wrap'. */
static VRING_INLINE bool
is_available(uint16_t flags, bool wrap)
{
    return (flags & (DESC_AVAIL | DESC_USED)) == (wrap ? DESC_AVAIL
                                                  : DESC_USED);
}

/* Copies the descriptor at 'place' to '*d'.  Returns false if it is not
 * available. */
static VRING_INLINE bool
load_available(const struct dpdk_vring *vr, struct place place,
               struct vring_desc_copy *d)
{
    const struct vring_packed_desc *desc = packed_desc(vr, place.i);

    if (!is_available(vring_load16_acquire(&desc->flags), place.wrap)) {
        return false;
    }
    *d = vring_load_desc(desc);
    return true;
}

static VRING_INLINE struct place
avail_place(const struct dpdk_vring *vr)
{
    return (struct place) { vr->last_avail, vr->avail_wrap };
}

static VRING_INLINE void
used_init(const struct dpdk_vring *vr, struct used_buffers *used)
{
    used->next = (struct place) { vr->last_used, vr->used_wrap };
    used->n = 0;
}

/* Adds to 'used' the buffer 'id' of 'n' descriptors, in which there are 'len'
 * bytes for the guest. */
static VRING_INLINE void
used_add(struct dpdk_vring *vr, struct used_buffers *used, uint16_t id,
         uint32_t len, unsigned int n)
{
    uint16_t flags = ((used->next.wrap ? DESC_AVAIL | DESC_USED : 0)
                      | (len ? VRING_DESC_F_WRITE : 0));

    used->p[used->n].i = used->next.i;
    used->p[used->n].rest = (len | (uint64_t) id << 32
                             | (uint64_t) flags << 48);
    used->n++;
    if (OVS_UNLIKELY(used->next.i + n >= vr->size)) {
        /* If this is the second time since the last look at what the guest
         * wants to be notified of, distance() does not know how much was used
         * since then. */
        vr->signalled_valid &= used->next.wrap == vr->signalled_wrap;
    }
    advance(vr, &used->next, n);
}

/* Tells the guest of the buffers in 'used', and that 'avail' is where we look
 * for the next one. */
static VRING_INLINE void
publish(struct dpdk_vring *vr, struct used_buffers *used, struct place avail)
{
    vr->last_avail = avail.i;
    vr->avail_wrap = avail.wrap;
    if (OVS_LIKELY(used->n)) {
        for (unsigned int i = used->n; i > 0; i--) {
            struct vring_packed_desc *d = packed_desc(vr, used->p[i - 1].i);

            __atomic_store_n((vring_desc_half *) (void *) &d->len,
                             used->p[i - 1].rest, __ATOMIC_RELEASE);
        }
        vring_log(vr, vr->desc, vr->size * sizeof(struct vring_packed_desc));
        vr->last_used = used->next.i;
        vr->used_wrap = used->next.wrap;
        vr->kick_pending = 1;
        vr->next_desc = packed_desc(vr, avail.i);
        used->n = 0;
    }
}

static VRING_WALK unsigned int
packed_n_avail(struct dpdk_vring *vr, unsigned int max)
{
    struct place place = avail_place(vr);
    unsigned int n;

    if (OVS_UNLIKELY(vr->broken)) {
        return 0;
    }
    for (n = 0; n < max; n++) {
        const struct vring_packed_desc *d = packed_desc(vr, place.i);

        if (!is_available(vring_load16_acquire(&d->flags), place.wrap)) {
            break;
        }
        advance(vr, &place, 1);
    }
    return n;
}

/* A chain. */
struct chain {
    uint16_t id;                /* Identifies the buffer. */
    unsigned int n;             /* Its descriptors in the ring. */
};

/* Adds to 'pieces' what the indirect descriptor 'd' refers to; see
 * walk_chain(). */
static enum dpdk_vring_fault
walk_table(struct dpdk_vring *vr, struct vring_desc_copy d, uint16_t direction,
           uint64_t enough, struct vring_pieces *pieces)
{
    enum dpdk_vring_fault fault;
    struct vring_table table;

    if (desc_flags(d) & VRING_DESC_F_NEXT) {
        return DPDK_VRING_FAULT_INDIRECT_NEXT;
    }
    fault = vring_table_init(vr, &table, d);
    if (fault) {
        return fault;
    }
    for (uint32_t i = 0; i < table.n; i++) {
        if (pieces->len >= enough || pieces->too_many) {
            break;
        }
        if (!vring_table_load(vr, &table, i, &d)) {
            return DPDK_VRING_FAULT_INDIRECT_ADDRESS;
        }
        if (desc_flags(d) & VRING_DESC_F_INDIRECT) {
            return DPDK_VRING_FAULT_INDIRECT_NESTED;
        }
        if ((desc_flags(d) & VRING_DESC_F_WRITE) != direction) {
            return DPDK_VRING_FAULT_DIRECTION;
        }
        if (!vring_pieces_add(vr, pieces, d.addr, vring_desc_len(d))) {
            return DPDK_VRING_FAULT_ADDRESS;
        }
    }
    return DPDK_VRING_OK;
}

/* Adds to 'pieces' the chain of 'vr' at 'place', whose first descriptor 'd' is
 * available, and whose buffers all have the direction 'direction', that is,
 * VRING_DESC_F_WRITE or 0.  Adds no more once there are 'enough' bytes.
 * Returns what is wrong with it, or describes it in '*chain', unless there are
 * too many pieces to write to: such a chain stays, and the guest must not make
 * us look for its end for each packet. */
static VRING_NOINLINE enum dpdk_vring_fault
walk_chain(struct dpdk_vring *vr, struct place place, struct vring_desc_copy d,
           uint16_t direction, uint64_t enough, struct vring_pieces *pieces,
           struct chain *chain)
{
    for (chain->n = 1; ; chain->n++) {
        if (desc_flags(d) & VRING_DESC_F_INDIRECT) {
            enum dpdk_vring_fault fault;

            fault = walk_table(vr, d, direction, enough, pieces);
            if (fault) {
                return fault;
            }
        } else if ((desc_flags(d) & VRING_DESC_F_WRITE) != direction) {
            return DPDK_VRING_FAULT_DIRECTION;
        } else if (pieces->len < enough && !pieces->too_many
                   && !vring_pieces_add(vr, pieces, d.addr,
                                        vring_desc_len(d))) {
            return DPDK_VRING_FAULT_ADDRESS;
        }
        if (pieces->too_many && direction) {
            return DPDK_VRING_OK;
        }
        if (!(desc_flags(d) & VRING_DESC_F_NEXT)) {
            chain->id = desc_id(d);
            return DPDK_VRING_OK;
        }

        /* No more than a ring of descriptors is available. */
        if (chain->n == vr->size) {
            return DPDK_VRING_FAULT_LOOP;
        }
        advance(vr, &place, 1);
        if (!load_available(vr, place, &d)) {
            return DPDK_VRING_FAULT_WRAP;
        }
    }
}

/* Receives the packet in the chain at '*place', whose first descriptor is 'd',
 * into 'p', and moves '*place' on.  Returns false if there is none: then it
 * was dropped, or 'vr' is broken now. */
static VRING_NOINLINE bool
rx_chain(struct dpdk_vring *vr, struct place *place, struct vring_desc_copy d,
         struct dp_packet *p, struct used_buffers *used,
         struct dpdk_vring_burst *burst)
{
    enum dpdk_vring_fault fault;
    struct vring_pieces pieces;
    struct chain chain;

    vring_pieces_init(&pieces);
    fault = walk_chain(vr, *place, d, 0, VRING_MAX_CHAIN, &pieces, &chain);
    if (!fault && !pieces.too_many && pieces.len < vr->hdr_len) {
        fault = DPDK_VRING_FAULT_HEADER;
    }
    if (fault) {
        vring_break(vr, fault);
        return false;
    }
    used_add(vr, used, chain.id, 0, chain.n);
    advance(vr, place, chain.n);
    return vring_pieces_to_packet(vr, &pieces, p, burst);
}

/* Packets in one descriptor each, before one that is not. */
struct rx_run {
    size_t n;
    uint8_t *bufs[DPDK_VRING_MAX_BURST];
    uint32_t sizes[DPDK_VRING_MAX_BURST];
    struct vring_desc_copy rest; /* The first one that is not... */
    bool more;                  /* ...if there is one. */
};

/* Finds up to 'n' packets, from '*place' on, which moves to behind them, and
 * adds them to 'used'.  'host_offload' is a constant for the compiler. */
static VRING_INLINE void
rx_find(struct dpdk_vring *vr, struct place *place,
        struct dp_packet *elements[], size_t n, struct used_buffers *used,
        struct rx_run *run, bool host_offload)
{
    const uint32_t hdr_len = vr->hdr_len;

    run->more = false;
    for (run->n = 0; run->n < n; run->n++) {
        struct vring_desc_copy d;
        uint8_t *buf = NULL;
        uint32_t size;

        if (!load_available(vr, *place, &d)) {
            return;
        }
        size = vring_desc_len(d) - hdr_len;
        if (OVS_LIKELY(!(desc_flags(d) & DESC_FLAGS)
                       && size - VRING_MIN_PACKET
                          <= (uint32_t) vr->rx_room - VRING_MIN_PACKET)) {
            buf = vring_translate(vr, d.addr, vring_desc_len(d));
        }
        if (OVS_UNLIKELY(!buf)) {
            run->rest = d;
            run->more = true;
            return;
        }
        OVS_PREFETCH(buf + hdr_len);
        if (host_offload) {
            OVS_PREFETCH(buf);
        }
        vring_prefetch_write(packed_desc(vr, place->i));
        vring_prefetch_write(elements[run->n]);
        vring_prefetch_write(vring_element_buffer(elements[run->n])
                             + vr->rx_head[1]);
        run->bufs[run->n] = buf;
        run->sizes[run->n] = size;
        used_add(vr, used, desc_id(d), 0, 1);
        advance(vr, place, 1);
    }
}

/* What packed_rx() does.  'host_offload' is a constant for the compiler. */
static VRING_INLINE size_t
packed_rx__(struct dpdk_vring *vr, struct dp_packet *elements[], size_t n,
            struct dpdk_vring_burst *burst, bool host_offload)
{
    struct place place = avail_place(vr);
    struct used_buffers used;
    size_t n_packets = 0;
    uint64_t classes = 0;
    uint64_t bytes = 0;
    struct rx_run run;

    used_init(vr, &used);
    do {
        rx_find(vr, &place, &elements[n_packets], n - used.n, &used, &run,
                host_offload);
        for (size_t i = 0; i < run.n; i++) {
            struct dp_packet *p = elements[n_packets++];
            uint8_t *dst = vring_element_buffer(p) + vr->rx_head[1];
            uint32_t size = run.sizes[i];

            vring_copy(dst, run.bufs[i] + vr->hdr_len, size);
            vring_fill(vr, p, size);
            if (host_offload) {
                struct virtio_net_hdr hdr = vring_load_header(run.bufs[i]);

                p->ol_flags = vring_rx_offload(&hdr, dst, size);
            }
            bytes += size;
            classes += UINT64_C(1) << 8 * vring_size_class(size);
            vring_count_address(burst, dst, size);
        }
        if (OVS_UNLIKELY(run.more)) {
            struct dp_packet *p = elements[n_packets];

            if (rx_chain(vr, &place, run.rest, p, &used, burst)) {
                bytes += p->size_;
                classes += UINT64_C(1) << 8 * vring_size_class(p->size_);
                vring_count_address(burst, dp_packet_data(p), p->size_);
                n_packets++;
            }
        }
    } while (OVS_UNLIKELY(run.more) && !vr->broken && used.n < n);

    publish(vr, &used, place);
    burst->bytes = bytes;
    burst->sizes = classes;
    return n_packets;
}

static VRING_WALK size_t
packed_rx(struct dpdk_vring *vr, struct dp_packet *elements[], size_t n,
          struct dpdk_vring_burst *burst)
{
    vring_burst_init(burst);
    n = MIN(n, DPDK_VRING_MAX_BURST);
    if (OVS_UNLIKELY(vr->broken || !n)) {
        return 0;
    }
    return (vr->host_offload
            ? packed_rx__(vr, elements, n, burst, true)
            : packed_rx__(vr, elements, n, burst, false));
}

/* What became of a packet to send. */
enum tx_result {
    TX_SENT,
    TX_DROPPED,
    TX_FULL                     /* Or broken. */
};

/* Collects in 'pieces' room for 'len' bytes in the chains from '*place' on,
 * adds these to 'used', and moves '*place' on.  Stores in '*n_chains' how many
 * there are. */
static enum tx_result
collect_chains(struct dpdk_vring *vr, struct place *place, uint32_t len,
               struct vring_pieces *pieces, struct used_buffers *used,
               unsigned int *n_chains)
{
    unsigned int n = 0;

    do {
        uint64_t before = pieces->len;
        enum dpdk_vring_fault fault;
        struct vring_desc_copy d;
        struct chain chain;

        if (!load_available(vr, *place, &d)) {
            return TX_FULL;
        }
        fault = walk_chain(vr, *place, d, VRING_DESC_F_WRITE, len, pieces,
                           &chain);
        if (!fault && !pieces->too_many && pieces->len - before < vr->hdr_len
            && pieces->len < len) {
            fault = DPDK_VRING_FAULT_HEADER;
        }
        if (fault) {
            vring_break(vr, fault);
            return TX_FULL;
        }
        if (pieces->too_many || (pieces->len < len && !vr->mergeable)) {
            return TX_DROPPED;
        }
        used_add(vr, used, chain.id, MIN(pieces->len, len) - before, chain.n);
        advance(vr, place, chain.n);
        n++;
    } while (pieces->len < len);

    *n_chains = n;
    return TX_SENT;
}

/* Sends 'p' to whatever chains there are from '*place' on, which moves to
 * behind them, and adds them to 'used'. */
static VRING_NOINLINE enum tx_result
tx_chains(struct dpdk_vring *vr, const struct dp_packet *p,
          struct place *place, struct used_buffers *used,
          struct dpdk_vring_burst *burst)
{
    struct virtio_net_hdr_v1 hdr = { .num_buffers = 1 };
    uint32_t len = vr->hdr_len + p->size_;
    struct vring_pieces pieces;
    struct place old_place = *place;
    struct place old_next;
    enum tx_result result;
    unsigned int old_n;
    unsigned int n;

    if (p->ol_flags & VRING_OL_TX && !vring_tx_offload(vr, p, &hdr)) {
        burst->drops[DPDK_VRING_DROP_OFFLOAD]++;
        return TX_DROPPED;
    }
    if (used->n > DPDK_VRING_MAX_BURST) {
        publish(vr, used, *place);
    }

    old_next = used->next;
    old_n = used->n;
    vring_pieces_init(&pieces);
    result = collect_chains(vr, place, len, &pieces, used, &n);
    if (result == TX_SENT) {
        hdr.num_buffers = n;
        vring_pieces_write(&pieces, 0, &hdr, vr->hdr_len);
        vring_pieces_write(&pieces, vr->hdr_len, dp_packet_data(p), p->size_);
        vring_pieces_log(vr, &pieces);
        return TX_SENT;
    }

    *place = old_place;
    used->next = old_next;
    used->n = old_n;
    if (result == TX_DROPPED) {
        burst->drops[DPDK_VRING_DROP_BIG]++;
    }
    return result;
}

/* Finds a buffer for each of the 'n' packets in 'packets' from '*place' on,
 * which moves to behind them, and adds them to 'used'.  Stores where they are
 * in 'bufs' and, if 'guest_offload', what to say in their headers in 'hdrs'.
 * Stops at a packet that does not go into a single descriptor, and returns the
 * number of those before it. */
static VRING_INLINE size_t
tx_find(struct dpdk_vring *vr, struct place *place,
        struct dp_packet *const packets[], size_t n, uint8_t *bufs[],
        struct virtio_net_hdr_v1 hdrs[], struct used_buffers *used,
        bool guest_offload)
{
    for (size_t i = 0; i < n; i++) {
        const struct dp_packet *p = packets[i];
        uint64_t len = (uint64_t) p->size_ + vr->hdr_len;
        struct vring_desc_copy d;

        if (!load_available(vr, *place, &d)
            || OVS_UNLIKELY((desc_flags(d) & DESC_FLAGS) != VRING_DESC_F_WRITE
                            || len > vring_desc_len(d))) {
            return i;
        }
        if (OVS_UNLIKELY(p->ol_flags & VRING_OL_TX)) {
            if (!guest_offload || !vring_tx_offload(vr, p, &hdrs[i])) {
                return i;
            }
            hdrs[i].num_buffers = 1;
        }
        bufs[i] = vring_translate(vr, d.addr, vring_desc_len(d));
        if (OVS_UNLIKELY(!bufs[i])) {
            return i;
        }
        vring_prefetch_write(packed_desc(vr, place->i));
        vring_prefetch_write(bufs[i]);
        vring_prefetch_write(bufs[i] + len - 1);
        used_add(vr, used, desc_id(d), len, 1);
        advance(vr, place, 1);
    }
    return n;
}

/* What packed_tx() does.  'guest_offload' is a constant for the compiler. */
static VRING_INLINE size_t
packed_tx__(struct dpdk_vring *vr, struct dp_packet *const packets[], size_t n,
            struct dpdk_vring_burst *burst, bool guest_offload)
{
    static const struct virtio_net_hdr_v1 plain = { .num_buffers = 1 };
    struct virtio_net_hdr_v1 hdrs[guest_offload ? DPDK_VRING_MAX_BURST : 1];
    uint8_t *bufs[DPDK_VRING_MAX_BURST];
    struct place place = avail_place(vr);
    struct used_buffers used;
    uint64_t classes = 0;
    uint64_t bytes = 0;
    size_t n_simple;
    size_t i;

    used_init(vr, &used);
    n_simple = tx_find(vr, &place, packets, n, bufs, hdrs, &used,
                       guest_offload);
    vring_note_sent(vr, bufs, n_simple);
    for (i = 0; i < n_simple; i++) {
        const struct dp_packet *p = packets[i];
        const uint8_t *data = dp_packet_data(p);
        uint32_t size = p->size_;

        if (OVS_LIKELY(i + 1 < n_simple)) {
            vring_prefetch_buffer(bufs[i + 1], packets[i + 1]->size_);
        }
        vring_store_header(bufs[i],
                           guest_offload && p->ol_flags & VRING_OL_TX
                           ? &hdrs[i] : &plain, sizeof plain);
        vring_copy(bufs[i] + sizeof plain, data, size);
        vring_log(vr, bufs[i], sizeof plain + size);
        bytes += size;
        classes += UINT64_C(1) << 8 * vring_size_class(size);
        vring_count_address(burst, data, size);
    }
    for (; OVS_UNLIKELY(i < n); i++) {
        const struct dp_packet *p = packets[i];
        enum tx_result result = tx_chains(vr, p, &place, &used, burst);

        if (result == TX_FULL) {
            break;
        } else if (result == TX_SENT) {
            bytes += p->size_;
            classes += UINT64_C(1) << 8 * vring_size_class(p->size_);
            vring_count_address(burst, dp_packet_data(p), p->size_);
        }
    }
    publish(vr, &used, place);
    burst->bytes = bytes;
    burst->sizes = classes;
    return i;
}

static VRING_WALK size_t
packed_tx(struct dpdk_vring *vr, struct dp_packet *const packets[], size_t n,
          struct dpdk_vring_burst *burst)
{
    vring_burst_init(burst);
    n = MIN(n, DPDK_VRING_MAX_BURST);
    if (OVS_UNLIKELY(vr->broken)) {
        return 0;
    }
    return (vr->guest_csum
            ? packed_tx__(vr, packets, n, burst, true)
            : packed_tx__(vr, packets, n, burst, false));
}

/* Returns how far it is from place 'i', 'wrap' to another one.  The wrap
 * counters make the ring twice as long as it is. */
static unsigned int
distance(const struct dpdk_vring *vr, unsigned int i, bool wrap,
         unsigned int other_i, bool other_wrap)
{
    unsigned int size = vr->size;

    return (other_i + 2 * size - i + (wrap != other_wrap ? size : 0))
           % (2 * size);
}

/* Returns true if the guest asked to be notified of what was used since the
 * last time. */
static VRING_WALK bool
packed_needs_kick(struct dpdk_vring *vr)
{
    const struct vring_packed_desc_event *event = vr->avail;
    uint16_t flags;
    uint16_t where;
    bool kick;

    vr->kick_pending = 0;
    if (OVS_UNLIKELY(vr->broken == DPDK_VRING_FAULT_RING)
        || (vr->last_used == vr->signalled
            && vr->used_wrap == vr->signalled_wrap && vr->signalled_valid)) {
        return false;
    }

    /* The guest writes what it asks for, and then looks at the descriptors
     * once more before it sleeps; we have it the other way round. */
    atomic_thread_fence(memory_order_seq_cst);
    flags = vring_load16_acquire(&event->flags);
    where = vring_load16(&event->off_wrap);
    if (flags == VRING_PACKED_EVENT_FLAG_DISABLE) {
        kick = false;
    } else if (flags == VRING_PACKED_EVENT_FLAG_DESC && vr->event_idx
               && vr->signalled_valid) {
        bool wrap = where & VRING_PACKED_WRAP;

        where &= VRING_PACKED_INDEX;
        kick = (where >= vr->size
                || distance(vr, vr->signalled, vr->signalled_wrap, where, wrap)
                   < distance(vr, vr->signalled, vr->signalled_wrap,
                              vr->last_used, vr->used_wrap));
    } else {
        kick = true;
    }
    vr->signalled = vr->last_used;
    vr->signalled_wrap = vr->used_wrap;
    vr->signalled_valid = true;
    vr->eager = kick;
    return kick;
}

const struct dpdk_vring_ops VRING_PACKED_OPS = {
    .n_avail = packed_n_avail,
    .rx = packed_rx,
    .tx = packed_tx,
    .needs_kick = packed_needs_kick,
};
