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

/* Calls of the device of the fuzzers of rings, and what has to hold after
 * them.  Called by vring-fuzz.c, calls vring-model.c and lib/dpdk-vring.h. */

#include <config.h>

#include "vring-check.h"

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <sys/mman.h>

#include "dp-packet.h"
#include "netdev-plugin-offload.h"
#include "util.h"
#include "vring-model.h"

#define HEADROOM 128
#define SMALL_ROOM DPDK_VRING_MIN_ROOM
#define LARGE_ROOM 1600
#define MAX_ENLARGED 60000

static struct dp_packet *elements[DPDK_VRING_MAX_BURST];

/* What is in the guest's memory and ring, to find changes. */
static struct {
    uint8_t regions[FUZZ_N_REGIONS][FUZZ_REGION_SIZE];
    uint8_t desc[16 * FUZZ_MAX_RING];
    uint8_t used[8 + 8 * FUZZ_MAX_RING];
    uint16_t last_avail, last_used;
} before;

static size_t
used_size(const struct fuzz_guest *g)
{
    return g->packed ? 4 : 4 + 8 * g->config.size;
}

static void
take_snapshot(const struct fuzz_guest *g)
{
    dpdk_vring_get_base(&g->vr, &before.last_avail, &before.last_used);
    if (g->stable || (g->vr.broken && !g->racing)) {
        for (size_t i = 0; i < FUZZ_N_REGIONS; i++) {
            memcpy(before.regions[i], g->memory.regions[i].base,
                   FUZZ_REGION_SIZE);
        }
        memcpy(before.desc, g->config.desc, 16 * g->config.size);
        memcpy(before.used, g->config.used, used_size(g));
    }
}

/* Returns how many bytes of the guest's memory differ from the snapshot. */
static size_t
count_changes(const struct fuzz_guest *g)
{
    size_t n = 0;

    for (size_t i = 0; i < FUZZ_N_REGIONS; i++) {
        const uint8_t *base = g->memory.regions[i].base;

        for (size_t j = 0; j < FUZZ_REGION_SIZE; j += 64) {
            if (memcmp(base + j, before.regions[i] + j, 64)) {
                for (size_t k = j; k < j + 64; k++) {
                    n += base[k] != before.regions[i][k];
                }
            }
        }
    }
    return n;
}

static size_t
hdr_len(const struct fuzz_guest *g)
{
    return (g->packed || g->config.features & (1 << VIRTIO_NET_F_MRG_RXBUF)
            || g->config.features >> VIRTIO_F_VERSION_1 & 1
            ? sizeof(struct virtio_net_hdr_v1)
            : sizeof(struct virtio_net_hdr));
}

/* Returns how far it is from 'old' to 'new', of dpdk_vring_get_base(). */
static unsigned int
distance(const struct fuzz_guest *g, uint16_t old, uint16_t new)
{
    unsigned int size = g->config.size;
    unsigned int old_place = (old & 0x7fff) + (old & 0x8000 ? 0 : size);
    unsigned int new_place = (new & 0x7fff) + (new & 0x8000 ? 0 : size);

    return (g->packed ? (new_place + 2 * size - old_place) % (2 * size)
            : (uint16_t) (new - old));
}

/* Returns how many descriptors, or chains of a split ring, were taken since
 * the snapshot.  As many were given back. */
static unsigned int
check_progress(const struct fuzz_guest *g)
{
    uint16_t last_avail, last_used;
    unsigned int n;

    dpdk_vring_get_base(&g->vr, &last_avail, &last_used);
    n = distance(g, before.last_avail, last_avail);

    /* A guest that makes descriptors of a packed ring available again before
     * they were given back sends the same packets again, in the same burst,
     * too.  To anybody else that is as if it had waited. */
    MUST(n <= g->config.size || (g->packed && !g->stable));
    MUST(n == distance(g, before.last_used, last_used));
    if (!g->packed && g->stable) {
        MUST(((struct vring_used *) g->config.used)->idx == last_used);
    }
    return n;
}

static unsigned int
count_sizes(const struct dpdk_vring_burst *burst)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < DPDK_VRING_N_SIZES; i++) {
        n += dpdk_vring_burst_size(burst, i);
    }
    return n;
}

/* Chains that were used
 * --------------------- */

/* Fails unless the descriptor of a packed ring that is now at 'i', 'wrap',
 * says that buffer 'id' was used.  Returns how many bytes it says that there
 * are in it. */
static uint32_t
check_used_packed(const struct fuzz_guest *g, uint16_t i, bool wrap,
                  uint16_t id)
{
    const struct vring_packed_desc *d = g->config.desc;
    uint16_t both = (1 << VRING_PACKED_DESC_F_AVAIL
                     | 1 << VRING_PACKED_DESC_F_USED);

    MUST((d[i].flags & both) == (wrap ? both : 0));
    MUST(d[i].id == id);
    return d[i].len;
}

/* Iterates over the chains that were taken since the snapshot, of which 'n'
 * descriptors or chains were taken. */
struct taken {
    unsigned int i, n;
    uint16_t head;              /* Where the chain starts. */
    uint16_t n_descs;           /* Packed: descriptors of the chain. */
    uint32_t len;               /* What we said that is in it. */
};

static bool
next_taken(const struct fuzz_guest *g, struct taken *t)
{
    uint16_t size = g->config.size;

    if (t->i >= t->n) {
        MUST(t->i == t->n);
        return false;
    }
    if (!g->packed) {
        const struct vring_avail *avail = g->config.avail;
        const struct vring_used *used = g->config.used;
        const struct vring_used_elem *elem;

        t->head = avail->ring[(before.last_avail + t->i) & (size - 1)];
        elem = &used->ring[(before.last_used + t->i) & (size - 1)];
        MUST(t->head < size && elem->id == t->head);
        t->len = elem->len;
        t->i++;
    } else {
        const struct vring_packed_desc *d = (void *) before.desc;
        unsigned int start = (before.last_avail & 0x7fff) + t->i;
        bool wrap = !(before.last_avail & 0x8000) ^ (start < size);
        uint16_t last;

        t->head = start % size;
        for (t->n_descs = 1; ; t->n_descs++) {
            last = (t->head + t->n_descs - 1) % size;
            MUST(t->n_descs <= size);
            if (!(d[last].flags & VRING_DESC_F_NEXT)) {
                break;
            }
        }
        t->len = check_used_packed(g, t->head, wrap, d[last].id);
        t->i += t->n_descs;
    }
    return true;
}

/* Receiving
 * --------- */

static bool
enlarge(struct dp_packet *p, uint32_t size)
{
    if (size > MAX_ENLARGED) {
        return false;
    }
    p->base_ = xmalloc(HEADROOM + size);
    p->allocated_ = HEADROOM + size;
    p->data_ofs = HEADROOM;
    return true;
}

void
check_init_pool(struct dpdk_vring_config *config, bool enlarge_)
{
    static struct dp_packet *pools[2][DPDK_VRING_MAX_BURST];

    config->headroom = HEADROOM;
    config->buf_size = HEADROOM + (enlarge_ ? SMALL_ROOM : LARGE_ROOM);
    config->enlarge = enlarge_ ? enlarge : NULL;
    for (size_t i = 0; i < DPDK_VRING_MAX_BURST; i++) {
        struct dp_packet **p = &pools[enlarge_][i];

        if (!*p) {
            *p = (void *) fuzz_guarded(sizeof **p + config->buf_size);
        }
        elements[i] = *p;
    }
}

/* Fails unless 'p' is a packet in a buffer that is large enough. */
static void
check_received(const struct fuzz_guest *g, const struct dp_packet *p)
{
    uint32_t ol = p->ol_flags;

    MUST(p->size_ >= 14 && p->size_ <= UINT16_MAX);
    MUST(p->data_ofs == HEADROOM);
    MUST(p->data_ofs + p->size_ <= p->allocated_);
    MUST(p->base_ == p + 1 ? p->allocated_ == g->config.buf_size
         : g->config.enlarge && p->allocated_ == HEADROOM + p->size_);
    MUST(p->packet_type == htonl(PT_ETH) && !p->cutlen);
    if (ol) {
        bool seg = ol & DP_PACKET_OL_TX_TCP_SEG;

        MUST(g->config.features & (1 << VIRTIO_NET_F_CSUM));
        MUST(!(ol & DP_PACKET_OL_TX_IPV4) != !(ol & DP_PACKET_OL_TX_IPV6));
        MUST(p->size_ >= 14 + 20 + 8);
        MUST(seg ? netdev_plugin_get_segsz(p) > 0
             : ol & DP_PACKET_OL_TX_L4_MASK);
    }
}

/* Fails unless the 'n' packets in 'elements' are those in the chains that were
 * taken since the snapshot, and what was dropped is what 'burst' counts. */
static void
check_content(const struct fuzz_guest *g, size_t n,
              const struct dpdk_vring_burst *burst)
{
    struct taken t = { .n = check_progress(g) };
    unsigned int n_big = 0, n_runt = 0;
    size_t i = 0;

    while (next_taken(g, &t)) {
        static struct model_chain chain;
        const struct dp_packet *p;
        size_t size;

        model_read(g, before.desc, t.head, &chain);
        MUST(!g->packed || chain.n_descs == t.n_descs);
        MUST(!t.len);
        MUST(chain.size >= hdr_len(g) || chain.big);
        size = chain.size - hdr_len(g);
        if (chain.big || size > UINT16_MAX) {
            n_big++;
        } else if (size < 14) {
            n_runt++;
        } else if (size > g->config.buf_size - HEADROOM
                   && (!g->config.enlarge || size > MAX_ENLARGED)) {
            n_big++;
        } else {
            MUST(i < n);
            p = elements[i++];
            MUST(p->size_ == size);
            MUST(!memcmp(dp_packet_data(p), chain.data + hdr_len(g), size));
        }
    }
    MUST(i == n);
    MUST(burst->drops[DPDK_VRING_DROP_BIG] == n_big);
    MUST(burst->drops[DPDK_VRING_DROP_RUNT] == n_runt);
    if (!g->packed) {
        MUST(t.n == n + n_big + n_runt);
    }
    MUST(!count_changes(g));
}

void
check_rx(struct fuzz_guest *g, size_t n)
{
    bool broken = g->vr.broken;
    struct dpdk_vring_burst burst;
    uint64_t bytes = 0;
    bool plainly_idle;
    size_t n_packets;
    bool idle;

    take_snapshot(g);
    plainly_idle = dpdk_vring_is_plainly_idle(&g->vr) && !g->racing;
    idle = dpdk_vring_is_idle(&g->vr) && !g->racing;
    MUST(!plainly_idle || (idle && !g->vr.broken == !broken));
    n_packets = dpdk_vring_rx(&g->vr, elements, n, &burst);
    MUST(n_packets <= MIN(n, DPDK_VRING_MAX_BURST));
    MUST(!broken || (!n_packets && g->vr.broken));
    MUST(!idle || (!n_packets && !g->vr.kick_pending));
    MUST(n_packets + burst.drops[DPDK_VRING_DROP_BIG]
         + burst.drops[DPDK_VRING_DROP_RUNT] <= n);
    MUST(!burst.drops[DPDK_VRING_DROP_OFFLOAD]);
    for (size_t i = 0; i < n_packets; i++) {
        check_received(g, elements[i]);
        bytes += elements[i]->size_;
    }
    MUST(burst.bytes == bytes);
    MUST(count_sizes(&burst) == n_packets);
    MUST(burst.n_multicast + burst.n_broadcast <= n_packets);
    if (g->stable) {
        check_content(g, n_packets, &burst);
    } else {
        check_progress(g);
    }
    for (size_t i = 0; i < DPDK_VRING_MAX_BURST; i++) {
        struct dp_packet *p = elements[i];

        if (p->base_ && p->base_ != p + 1) {
            free(p->base_);
            p->base_ = NULL;
        }
    }
}

/* Sending
 * ------- */

/* Makes 'p' a packet of 'size' bytes, which end where nobody may touch, unless
 * the core would be surprised: its packets are aligned. */
static void
make_packet(struct dp_packet *p, uint32_t size)
{
    static uint8_t *data;

    if (!data) {
        data = fuzz_guarded(FUZZ_MAX_PACKET);
        for (size_t i = 0; i < FUZZ_MAX_PACKET; i++) {
            data[i] = 1 + i * 7 % 255;
        }
        MUST(!mprotect(data + FUZZ_MAX_PACKET
                       - ROUND_UP(FUZZ_MAX_PACKET, get_page_size()),
                       ROUND_UP(FUZZ_MAX_PACKET, get_page_size()),
                       PROT_READ));
    }
    memset(p, 0, sizeof *p);
    p->base_ = data + FUZZ_MAX_PACKET - ROUND_UP(size, 2);
    p->size_ = size;
    p->packet_type = htonl(PT_ETH);
    p->l2_5_ofs = p->l3_ofs = p->l4_ofs = UINT16_MAX;
}

/* Makes 'p' ask for the offloads in 'bits', with headers at 'l3' and 'l4',
 * which are aligned as those that the core's parser finds. */
static void
add_offload(struct dp_packet *p, uint8_t bits, uint8_t l3, uint8_t l4)
{
    static const uint32_t flags[8] = {
        DP_PACKET_OL_TX_TCP_SEG, DP_PACKET_OL_TX_IPV4, DP_PACKET_OL_TX_IPV6,
        DP_PACKET_OL_TX_TCP_CKSUM, DP_PACKET_OL_TX_UDP_CKSUM, 0, 0, 0
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        p->ol_flags |= bits >> i & 1 ? flags[i] : 0;
    }
    if (p->ol_flags) {
        p->l3_ofs = l3 < 255 ? l3 & ~1 : UINT16_MAX;
        p->l4_ofs = l4 < 255 ? l4 & ~1 : UINT16_MAX;
        netdev_plugin_set_segsz(p, 100 * (bits >> 5));
    }
}

/* Fails unless the chains that were taken since the snapshot say that there
 * are 'n' bytes in them, and no more than these have changed. */
static void
check_written(const struct fuzz_guest *g, uint64_t n)
{
    struct taken t = { .n = check_progress(g) };
    uint64_t total = 0;

    while (next_taken(g, &t)) {
        total += t.len;
    }
    MUST(total == n);
    MUST(count_changes(g) <= n);
}

void
check_tx(struct fuzz_guest *g, struct fuzz_input *in)
{
    size_t n = fuzz_u8(in) % (DPDK_VRING_MAX_BURST + 1);
    uint16_t size = fuzz_u16(in);
    int8_t difference = fuzz_u8(in);
    uint8_t offloads = fuzz_u8(in);
    uint8_t l3 = fuzz_u8(in);
    uint8_t l4 = fuzz_u8(in);
    struct dp_packet packets[DPDK_VRING_MAX_BURST];
    struct dp_packet *pointers[DPDK_VRING_MAX_BURST];
    struct dpdk_vring_burst burst;
    bool broken = g->vr.broken;
    unsigned int n_dropped;
    uint64_t bytes = 0;
    size_t n_done;

    for (size_t i = 0; i < n; i++) {
        make_packet(&packets[i], MAX(size, 1));
        if (i % 3 == 0) {
            add_offload(&packets[i], offloads, l3, l4);
        }
        pointers[i] = &packets[i];
        size += difference;
    }
    take_snapshot(g);
    n_done = dpdk_vring_tx(&g->vr, pointers, n, &burst);
    MUST(n_done <= n);
    MUST(!broken || (!n_done && g->vr.broken));
    MUST(!burst.drops[DPDK_VRING_DROP_RUNT]);
    n_dropped = (burst.drops[DPDK_VRING_DROP_BIG]
                 + burst.drops[DPDK_VRING_DROP_OFFLOAD]);
    MUST(n_dropped + count_sizes(&burst) == n_done);
    for (size_t i = 0; i < n_done; i++) {
        bytes += packets[i].size_;
    }
    MUST(n_dropped ? burst.bytes <= bytes : burst.bytes == bytes);
    if (g->stable) {
        check_written(g, burst.bytes + (n_done - n_dropped) * hdr_len(g));
    } else {
        check_progress(g);
    }
}

/* Everything else
 * --------------- */

void
check_kick(struct fuzz_guest *g)
{
    bool pending = g->vr.kick_pending;

    take_snapshot(g);
    MUST(!dpdk_vring_must_check(&g->vr) || pending);
    MUST(!dpdk_vring_needs_kick(&g->vr) || pending);
    MUST(!dpdk_vring_must_check(&g->vr));
    MUST(!dpdk_vring_needs_kick(&g->vr));
    MUST(!check_progress(g));
}

void
check_broken(struct fuzz_guest *g)
{
    uint8_t fault = g->vr.broken;
    struct dpdk_vring_burst burst;
    struct dp_packet p, *pp = &p;

    MUST(fault < DPDK_VRING_N_FAULTS && fault != DPDK_VRING_FAULT_RING);
    MUST(strcmp(dpdk_vring_fault_name(fault), "none"));
    MUST(strcmp(dpdk_vring_fault_name(fault), "unknown"));
    make_packet(&p, 100);
    take_snapshot(g);
    MUST(!dpdk_vring_n_avail(&g->vr, 1));
    MUST(!dpdk_vring_rx(&g->vr, elements, 1, &burst) && !burst.bytes);
    MUST(!dpdk_vring_tx(&g->vr, &pp, 1, &burst) && !burst.bytes);
    MUST(g->vr.broken == fault);
    MUST(!check_progress(g));
    if (!g->racing) {
        MUST(!memcmp(before.desc, g->config.desc, 16 * g->config.size));
        MUST(!memcmp(before.used, g->config.used, used_size(g)));
        MUST(!count_changes(g));
    }
}
