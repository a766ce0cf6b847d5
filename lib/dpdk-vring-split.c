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

/* The walk of split rings.  Called through dpdk-vring.h, calls
 * dpdk-vring-pieces.c and dpdk-vring-offload.c.
 *
 * A burst is several passes over its packets: heads of chains, descriptors,
 * buffers.  Each pass prefetches what the next one needs, so that the misses
 * of a burst overlap, for what the guest has just written is in the cache of
 * another CPU. */

#include <config.h>

#include "dpdk-vring.h"

#include <linux/virtio_ring.h>

#include "dp-packet.h"
#include "dpdk-vring-walk.h"
#include "ovs-atomic.h"
#include "util.h"

#define DESC_FLAGS (VRING_DESC_F_NEXT | VRING_DESC_F_WRITE      \
                    | VRING_DESC_F_INDIRECT)

static VRING_INLINE uint16_t
desc_flags(struct vring_desc_copy d)
{
    return d.rest >> 32;
}

static VRING_INLINE uint16_t
desc_next(struct vring_desc_copy d)
{
    return d.rest >> 48;
}

static VRING_INLINE const struct vring_desc *
split_desc(const struct dpdk_vring *vr, uint16_t i)
{
    return (const struct vring_desc *) vr->desc + i;
}

static VRING_INLINE uint16_t
load_head(const struct dpdk_vring *vr, uint16_t i)
{
    const struct vring_avail *avail = vr->avail;

    return vring_load16(&avail->ring[i & (vr->size - 1)]);
}

/* Says that the chain that starts at 'head' was used and has 'len' bytes for
 * the guest.  The guest does not look at it before publish(). */
static VRING_INLINE void
store_used(struct dpdk_vring *vr, uint16_t i, uint16_t head, uint32_t len)
{
    struct vring_used *used = vr->used;

    used->ring[i & (vr->size - 1)] = (struct vring_used_elem) { head, len };
}

/* Takes 'n' chains off the ring and gives them back. */
static VRING_INLINE void
publish(struct dpdk_vring *vr, unsigned int n)
{
    struct vring_used *used = vr->used;

    if (OVS_LIKELY(n)) {
        vr->last_avail += n;
        vr->last_used += n;
        __atomic_store_n(&used->idx, vr->last_used, __ATOMIC_RELEASE);
        vring_log(vr, used, sizeof *used + vr->size * sizeof used->ring[0]);
        vr->kick_pending = 1;
    }
}

/* A burst may have used all the chains that were known of before it, of which
 * 'last_avail' does not tell yet.  So an index that goes back must not take
 * any of these away: 'last_avail' would get ahead of it, and nearly 65536
 * chains would seem to be available. */
static VRING_WALK unsigned int
split_n_avail(struct dpdk_vring *vr, unsigned int max)
{
    const struct vring_avail *avail = vr->avail;
    uint16_t n = vr->avail_idx - vr->last_avail;

    if (OVS_UNLIKELY(vr->broken)) {
        return 0;
    }
    if (n < max) {
        uint16_t idx = vring_load16_acquire(&avail->idx);
        uint16_t known = n;

        n = idx - vr->last_avail;
        if (OVS_UNLIKELY(n > vr->size || n < known)) {
            vring_break(vr, DPDK_VRING_FAULT_AVAIL);
            return 0;
        }
        vr->avail_idx = idx;
    }
    return MIN(n, max);
}

/* Adds to 'pieces' the chain of 'vr' that starts at 'head', whose buffers all
 * have the direction 'direction', that is, VRING_DESC_F_WRITE or 0.  Looks no
 * further once there are 'enough' bytes.  Returns what is wrong with it. */
static VRING_NOINLINE enum dpdk_vring_fault
walk_chain(struct dpdk_vring *vr, uint16_t head, uint16_t direction,
           uint64_t enough, struct vring_pieces *pieces)
{
    struct vring_table table = { .base = NULL };
    uint32_t left = vr->size;
    bool indirect = false;
    uint32_t i = head;

    for (;;) {
        struct vring_desc_copy d;

        if (!left--) {
            return DPDK_VRING_FAULT_LOOP;
        }
        if (!indirect) {
            d = vring_load_desc(split_desc(vr, i));
        } else if (!vring_table_load(vr, &table, i, &d)) {
            return DPDK_VRING_FAULT_INDIRECT_ADDRESS;
        }

        if (desc_flags(d) & VRING_DESC_F_INDIRECT) {
            enum dpdk_vring_fault fault;

            if (indirect) {
                return DPDK_VRING_FAULT_INDIRECT_NESTED;
            }
            if (desc_flags(d) & VRING_DESC_F_NEXT) {
                return DPDK_VRING_FAULT_INDIRECT_NEXT;
            }
            fault = vring_table_init(vr, &table, d);
            if (fault) {
                return fault;
            }
            indirect = true;
            left = table.n;
            i = 0;
            continue;
        }

        if ((desc_flags(d) & VRING_DESC_F_WRITE) != direction) {
            return DPDK_VRING_FAULT_DIRECTION;
        }
        if (!vring_pieces_add(vr, pieces, d.addr, vring_desc_len(d))) {
            return DPDK_VRING_FAULT_ADDRESS;
        }
        if (pieces->len >= enough || pieces->too_many
            || !(desc_flags(d) & VRING_DESC_F_NEXT)) {
            return DPDK_VRING_OK;
        }
        i = desc_next(d);
        if (i >= (indirect ? table.n : vr->size)) {
            return DPDK_VRING_FAULT_NEXT;
        }
    }
}

/* Prefetches what publish() and store_used() will write for 'n' chains. */
static VRING_INLINE void
prefetch_used(struct dpdk_vring *vr, unsigned int n)
{
    struct vring_used *used = vr->used;

    for (unsigned int i = 0; i < n; i += 8) {
        vring_prefetch_write(&used->ring[(vr->last_used + i)
                                         & (vr->size - 1)]);
    }
    vring_prefetch_write(&used->idx);
}

/* Prefetches what the next burst will look at first, if that is available
 * already, and notes it for dpdk_vring_prefetch() if not.  Most guests use
 * descriptors one after another, and 'head' is the last one that this burst
 * used. */
static VRING_INLINE void
prefetch_next(struct dpdk_vring *vr, uint16_t head)
{
    const struct vring_avail *avail = vr->avail;
    uint16_t n = vr->avail_idx - vr->last_avail;

    vr->next_desc = split_desc(vr, (head + 1) & (vr->size - 1));
    if (n) {
        OVS_PREFETCH(&avail->ring[vr->last_avail & (vr->size - 1)]);
        OVS_PREFETCH(&avail->ring[(vr->last_avail + 31) & (vr->size - 1)]);
        n = MIN(n, DPDK_VRING_MAX_BURST);
        for (unsigned int i = 1; i <= n; i += 4) {
            OVS_PREFETCH(split_desc(vr, (head + i) & (vr->size - 1)));
        }
    }
}

/* Loads the heads of 'n' available chains into 'heads'.  Returns how many
 * there are before one that breaks the ring.  These are good all the same. */
static VRING_INLINE size_t
load_heads(struct dpdk_vring *vr, uint16_t heads[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        heads[i] = load_head(vr, vr->last_avail + i);
        if (OVS_UNLIKELY(heads[i] >= vr->size)) {
            vring_break(vr, DPDK_VRING_FAULT_HEAD);
            return i;
        }
        OVS_PREFETCH(split_desc(vr, heads[i]));
    }
    prefetch_used(vr, n);
    return n;
}

/* What became of a chain to receive. */
enum rx_result {
    RX_RECEIVED,
    RX_DROPPED,
    RX_BROKEN
};

/* Receives the packet whose chain starts at 'head' into 'p'. */
static VRING_NOINLINE enum rx_result
rx_chain(struct dpdk_vring *vr, uint16_t head, struct dp_packet *p,
         struct dpdk_vring_burst *burst)
{
    enum dpdk_vring_fault fault;
    struct vring_pieces pieces;

    vring_pieces_init(&pieces);
    fault = walk_chain(vr, head, 0, VRING_MAX_CHAIN, &pieces);
    if (!fault && !pieces.too_many && pieces.len < vr->hdr_len) {
        fault = DPDK_VRING_FAULT_HEADER;
    }
    if (fault) {
        vring_break(vr, fault);
        return RX_BROKEN;
    }
    return (vring_pieces_to_packet(vr, &pieces, p, burst)
            ? RX_RECEIVED : RX_DROPPED);
}

/* What split_rx() does.  'host_offload' is a constant for the compiler. */
static VRING_INLINE size_t
split_rx__(struct dpdk_vring *vr, struct dp_packet *elements[], size_t n,
           struct dpdk_vring_burst *burst, bool host_offload)
{
    const uint32_t hdr_len = vr->hdr_len;
    uint16_t heads[DPDK_VRING_MAX_BURST];
    uint32_t sizes[DPDK_VRING_MAX_BURST];
    uint8_t *bufs[DPDK_VRING_MAX_BURST];
    size_t n_packets = 0;
    uint64_t classes = 0;
    uint64_t bytes = 0;

    n = load_heads(vr, heads, n);
    for (size_t i = 0; i < n; i++) {
        struct vring_desc_copy d = vring_load_desc(split_desc(vr, heads[i]));
        uint32_t size = vring_desc_len(d) - hdr_len;

        bufs[i] = NULL;
        sizes[i] = size;
        if (OVS_LIKELY(!(desc_flags(d) & DESC_FLAGS)
                       && size - VRING_MIN_PACKET
                          <= (uint32_t) vr->rx_room - VRING_MIN_PACKET)) {
            bufs[i] = vring_translate(vr, d.addr, vring_desc_len(d));
            /* An integer, since there is no arithmetic with null pointers,
             * and a branch would cost more than a prefetch of nothing. */
            OVS_PREFETCH((void *) ((uintptr_t) bufs[i] + hdr_len));
            if (host_offload) {
                OVS_PREFETCH(bufs[i]);
            }
        }
        vring_prefetch_write(elements[i]);
        vring_prefetch_write(vring_element_buffer(elements[i])
                             + vr->rx_head[1]);
    }

    for (size_t i = 0; i < n; i++) {
        struct dp_packet *p = elements[n_packets];
        uint32_t size = sizes[i];
        const uint8_t *data;

        if (OVS_LIKELY(bufs[i])) {
            uint8_t *dst = vring_element_buffer(p) + vr->rx_head[1];

            vring_copy(dst, bufs[i] + hdr_len, size);
            vring_fill(vr, p, size);
            if (host_offload) {
                struct virtio_net_hdr hdr = vring_load_header(bufs[i]);

                p->ol_flags = vring_rx_offload(&hdr, dst, size);
            }
            data = dst;
        } else {
            enum rx_result result = rx_chain(vr, heads[i], p, burst);

            if (result == RX_BROKEN) {
                n = i;
                break;
            } else if (result == RX_DROPPED) {
                continue;
            }
            data = dp_packet_data(p);
            size = p->size_;
        }
        bytes += size;
        classes += UINT64_C(1) << 8 * vring_size_class(size);
        vring_count_address(burst, data, size);
        n_packets++;
    }

    for (size_t i = 0; i < n; i++) {
        store_used(vr, vr->last_used + i, heads[i], 0);
    }
    publish(vr, n);
    if (OVS_LIKELY(n)) {
        prefetch_next(vr, heads[n - 1]);
    }
    burst->bytes = bytes;
    burst->sizes = classes;
    return n_packets;
}

static VRING_WALK size_t
split_rx(struct dpdk_vring *vr, struct dp_packet *elements[], size_t n,
         struct dpdk_vring_burst *burst)
{
    vring_burst_init(burst);
    n = split_n_avail(vr, MIN(n, DPDK_VRING_MAX_BURST));
    if (!n) {
        return 0;
    }
    return (vr->host_offload
            ? split_rx__(vr, elements, n, burst, true)
            : split_rx__(vr, elements, n, burst, false));
}

/* What became of a packet to send. */
enum tx_result {
    TX_SENT,
    TX_DROPPED,
    TX_FULL                     /* Or broken. */
};

/* Collects in 'pieces' room for 'len' bytes in the chains of 'vr' from the
 * 'first'-th available one, and says in the used ring that they have been
 * used.  Stores in '*n_chains' how many there are. */
static enum tx_result
collect_chains(struct dpdk_vring *vr, unsigned int first, uint32_t len,
               struct vring_pieces *pieces, unsigned int *n_chains)
{
    unsigned int n = 0;

    do {
        uint64_t before = pieces->len;
        enum dpdk_vring_fault fault;
        uint32_t used;
        uint16_t head;

        if (split_n_avail(vr, first + n + 1) <= first + n) {
            return TX_FULL;
        }
        head = load_head(vr, vr->last_avail + first + n);
        if (head >= vr->size) {
            vring_break(vr, DPDK_VRING_FAULT_HEAD);
            return TX_FULL;
        }
        fault = walk_chain(vr, head, VRING_DESC_F_WRITE, len, pieces);
        used = MIN(pieces->len, len) - before;
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
        store_used(vr, vr->last_used + first + n, head, used);
        n++;
    } while (pieces->len < len);

    *n_chains = n;
    return TX_SENT;
}

/* Sends 'p' to whatever chains there are from the '*n_used'-th available one,
 * and adds their number to that. */
static VRING_NOINLINE enum tx_result
tx_chains(struct dpdk_vring *vr, const struct dp_packet *p,
          unsigned int *n_used, struct dpdk_vring_burst *burst)
{
    struct virtio_net_hdr_v1 hdr = { .num_buffers = 1 };
    uint32_t len = vr->hdr_len + p->size_;
    struct vring_pieces pieces;
    enum tx_result result;
    unsigned int n;

    if (p->ol_flags & VRING_OL_TX && !vring_tx_offload(vr, p, &hdr)) {
        burst->drops[DPDK_VRING_DROP_OFFLOAD]++;
        return TX_DROPPED;
    }

    vring_pieces_init(&pieces);
    result = collect_chains(vr, *n_used, len, &pieces, &n);
    if (result == TX_SENT) {
        hdr.num_buffers = n;
        vring_pieces_write(&pieces, 0, &hdr, vr->hdr_len);
        vring_pieces_write(&pieces, vr->hdr_len, dp_packet_data(p), p->size_);
        vring_pieces_log(vr, &pieces);
        *n_used += n;
    } else if (result == TX_DROPPED) {
        burst->drops[DPDK_VRING_DROP_BIG]++;
    }
    return result;
}

/* Finds a buffer for each of the 'n' packets in 'packets', in the chains that
 * start at 'heads'.  Stores where they are in 'bufs' and, if 'guest_offload',
 * what to say in their headers in 'hdrs'.  Stops at a packet that does not go
 * into a single buffer, and returns the number of those before it. */
static VRING_INLINE size_t
find_buffers(struct dpdk_vring *vr, struct dp_packet *const packets[],
             const uint16_t heads[], size_t n, uint8_t *bufs[],
             struct virtio_net_hdr_v1 hdrs[], bool guest_offload)
{
    for (size_t i = 0; i < n; i++) {
        struct vring_desc_copy d = vring_load_desc(split_desc(vr, heads[i]));
        const struct dp_packet *p = packets[i];
        uint64_t len = (uint64_t) p->size_ + vr->hdr_len;

        if (OVS_UNLIKELY((desc_flags(d) & DESC_FLAGS) != VRING_DESC_F_WRITE
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
        vring_prefetch_write(bufs[i]);
        vring_prefetch_write(bufs[i] + len - 1);
    }
    return n;
}

/* What split_tx() does.  'hdr_len' and 'guest_offload' are constants for the
 * compiler. */
static VRING_INLINE size_t
split_tx__(struct dpdk_vring *vr, struct dp_packet *const packets[], size_t n,
           struct dpdk_vring_burst *burst, unsigned int hdr_len,
           bool guest_offload)
{
    static const struct virtio_net_hdr_v1 plain = { .num_buffers = 1 };
    struct virtio_net_hdr_v1 hdrs[guest_offload ? DPDK_VRING_MAX_BURST : 1];
    uint16_t heads[DPDK_VRING_MAX_BURST];
    uint8_t *bufs[DPDK_VRING_MAX_BURST];
    uint64_t classes = 0;
    uint64_t bytes = 0;
    unsigned int n_used;
    size_t n_simple;
    size_t n_avail;
    size_t i;

    n_avail = split_n_avail(vr, n);
    if (!n_avail) {
        return 0;
    }
    n_avail = load_heads(vr, heads, n_avail);
    n_simple = find_buffers(vr, packets, heads, n_avail, bufs, hdrs,
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
                           ? &hdrs[i] : &plain, hdr_len);
        vring_copy(bufs[i] + hdr_len, data, size);
        vring_log(vr, bufs[i], hdr_len + size);
        bytes += size;
        classes += UINT64_C(1) << 8 * vring_size_class(size);
        vring_count_address(burst, data, size);
        store_used(vr, vr->last_used + i, heads[i], hdr_len + size);
    }

    n_used = n_simple;
    if (OVS_UNLIKELY(n_simple < n_avail)) {
        enum dpdk_vring_fault later = vr->broken;

        /* What load_heads() found wrong comes after what is left here. */
        __atomic_store_n(&vr->broken, DPDK_VRING_OK, __ATOMIC_RELAXED);
        for (; i < n; i++) {
            const struct dp_packet *p = packets[i];
            enum tx_result result = tx_chains(vr, p, &n_used, burst);

            if (result == TX_FULL) {
                break;
            } else if (result == TX_SENT) {
                bytes += p->size_;
                classes += UINT64_C(1) << 8 * vring_size_class(p->size_);
                vring_count_address(burst, dp_packet_data(p), p->size_);
            }
        }
        vring_break(vr, later);
    }
    publish(vr, n_used);
    if (OVS_LIKELY(n_simple)) {
        prefetch_next(vr, heads[n_simple - 1]);
    }
    burst->bytes = bytes;
    burst->sizes = classes;
    return i;
}

static VRING_WALK size_t
split_tx(struct dpdk_vring *vr, struct dp_packet *const packets[], size_t n,
         struct dpdk_vring_burst *burst)
{
    vring_burst_init(burst);
    n = MIN(n, DPDK_VRING_MAX_BURST);
    if (vr->guest_csum) {
        return split_tx__(vr, packets, n, burst, vr->hdr_len, true);
    }
    return (vr->hdr_len == sizeof(struct virtio_net_hdr_v1)
            ? split_tx__(vr, packets, n, burst,
                         sizeof(struct virtio_net_hdr_v1), false)
            : split_tx__(vr, packets, n, burst,
                         sizeof(struct virtio_net_hdr), false));
}

/* Returns true if the guest asked to be notified of what was used since the
 * last time. */
static VRING_WALK bool
split_needs_kick(struct dpdk_vring *vr)
{
    const struct vring_avail *avail = vr->avail;
    uint16_t old = vr->signalled;
    uint16_t new = vr->last_used;
    bool kick;

    vr->kick_pending = 0;
    if (OVS_UNLIKELY(vr->broken == DPDK_VRING_FAULT_RING)
        || (new == old && vr->signalled_valid)) {
        return false;
    }

    /* The guest writes what it asks for, and then looks at 'used->idx' once
     * more before it sleeps; we have it the other way round. */
    atomic_thread_fence(memory_order_seq_cst);
    if (vr->event_idx) {
        uint16_t event = vring_load16(&avail->ring[vr->size]);

        kick = (!vr->signalled_valid
                || (uint16_t) (event - old) < (uint16_t) (new - old));
    } else {
        kick = !(vring_load16(&avail->flags) & VRING_AVAIL_F_NO_INTERRUPT);
    }
    vr->signalled = new;
    vr->signalled_valid = true;
    vr->eager = kick;
    return kick;
}

const struct dpdk_vring_ops VRING_SPLIT_OPS = {
    .n_avail = split_n_avail,
    .rx = split_rx,
    .tx = split_tx,
    .needs_kick = split_needs_kick,
};
