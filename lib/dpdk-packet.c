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

/* Packets in mempool elements: translation between mbufs and dp_packets.
 * Called by the ports' receive and send functions, and by the core through the
 * hooks in plugin.c.  Calls only librte_mbuf and rte_malloc. */

#include <config.h>

#include "dpdk-packet.h"

#include <rte_malloc.h>
#include <rte_mempool.h>

#include "dpdk-log.h"
#include "netdev-plugin-offload.h"
#include "packets.h"

#define this_module (*dpdk_log_netdev)

static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(5, 20);

/* The offload flags that are one bit on both sides. */
static const struct {
    uint64_t mbuf;
    uint32_t packet;
} flag_map[] = {
    { RTE_MBUF_F_RX_RSS_HASH, DP_PACKET_OL_RSS_HASH },
    { RTE_MBUF_F_RX_FDIR_ID, DP_PACKET_OL_FLOW_MARK },
    { RTE_MBUF_F_RX_L4_CKSUM_BAD, DP_PACKET_OL_RX_L4_CKSUM_BAD },
    { RTE_MBUF_F_RX_L4_CKSUM_GOOD, DP_PACKET_OL_RX_L4_CKSUM_GOOD },
    { RTE_MBUF_F_RX_IP_CKSUM_BAD, DP_PACKET_OL_RX_IP_CKSUM_BAD },
    { RTE_MBUF_F_RX_IP_CKSUM_GOOD, DP_PACKET_OL_RX_IP_CKSUM_GOOD },
    { RTE_MBUF_F_TX_TCP_SEG, DP_PACKET_OL_TX_TCP_SEG },
    { RTE_MBUF_F_TX_IPV4, DP_PACKET_OL_TX_IPV4 },
    { RTE_MBUF_F_TX_IPV6, DP_PACKET_OL_TX_IPV6 },
};

/* The transport checksums are bits of their own in a dp_packet but values of
 * a two-bit field in a mbuf. */
static const struct {
    uint64_t mbuf;
    uint32_t packet;
} l4_map[] = {
    { RTE_MBUF_F_TX_TCP_CKSUM, DP_PACKET_OL_TX_TCP_CKSUM },
    { RTE_MBUF_F_TX_UDP_CKSUM, DP_PACKET_OL_TX_UDP_CKSUM },
    { RTE_MBUF_F_TX_SCTP_CKSUM, DP_PACKET_OL_TX_SCTP_CKSUM },
};

uint32_t
dpdk_packet_flags_from_mbuf(uint64_t ol_flags)
{
    uint32_t flags = 0;

    for (size_t i = 0; i < ARRAY_SIZE(flag_map); i++) {
        if (ol_flags & flag_map[i].mbuf) {
            flags |= flag_map[i].packet;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(l4_map); i++) {
        if ((ol_flags & RTE_MBUF_F_TX_L4_MASK) == l4_map[i].mbuf) {
            flags |= l4_map[i].packet;
        }
    }
    return flags;
}

uint64_t
dpdk_packet_flags_to_mbuf(uint32_t ol_flags)
{
    uint64_t flags = 0;

    for (size_t i = 0; i < ARRAY_SIZE(flag_map); i++) {
        if (ol_flags & flag_map[i].packet) {
            flags |= flag_map[i].mbuf;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(l4_map); i++) {
        if ((ol_flags & DP_PACKET_OL_TX_L4_MASK) == l4_map[i].packet) {
            flags |= l4_map[i].mbuf;
        }
    }
    return flags;
}

/* Stores in 'p' the offloads of its mbuf 'm'. */
static void
rx_offload(struct dp_packet *p, const struct rte_mbuf *m)
{
    p->ol_flags = dpdk_packet_flags_from_mbuf(m->ol_flags);
    p->rss_hash = m->hash.rss;
    p->flow_mark = m->hash.fdir.hi;
    if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) {
        netdev_plugin_set_segsz(p, m->tso_segsz);
    }
}

/* Drops those of the 'n' mbufs in 'mbufs' that have several segments, keeping
 * the order of the others.  Returns how many are left. */
static size_t
drop_segmented(struct rte_mbuf *mbufs[], size_t n)
{
    size_t n_left = 0;

    for (size_t i = 0; i < n; i++) {
        if (OVS_LIKELY(mbufs[i]->nb_segs == 1)) {
            mbufs[n_left++] = mbufs[i];
        } else {
            rte_pktmbuf_free(mbufs[i]);
        }
    }
    return n_left;
}

size_t
dpdk_packet_rx(struct rte_mbuf *mbufs[], size_t n,
               struct dp_packet *packets[], uint64_t *n_bytes)
{
    uint64_t ol_flags = 0;
    uint64_t bytes = 0;
    uint16_t segs = 0;

    for (size_t i = 0; i < n; i++) {
        OVS_PREFETCH_WRITE(dpdk_packet_from_mbuf(mbufs[i]));
        ol_flags |= mbufs[i]->ol_flags;
        segs |= mbufs[i]->nb_segs;
    }
    if (OVS_UNLIKELY(segs != 1)) {
        n = drop_segmented(mbufs, n);
    }

    for (size_t i = 0; i < n; i++) {
        const struct rte_mbuf *m = mbufs[i];
        struct dp_packet *p = dpdk_packet_from_mbuf(m);

        p->base_ = m->buf_addr;
        p->allocated_ = m->buf_len;
        p->data_ofs = m->data_off;
        p->size_ = m->pkt_len;
        p->ol_flags = 0;
        p->cutlen = 0;
        p->packet_type = htonl(PT_ETH);
        bytes += m->pkt_len;
        packets[i] = p;
    }

    if (OVS_UNLIKELY(ol_flags & (DPDK_PACKET_MBUF_RX | DPDK_PACKET_MBUF_TX))) {
        for (size_t i = 0; i < n; i++) {
            rx_offload(packets[i], mbufs[i]);
        }
    }
    *n_bytes += bytes;
    return n;
}

/* Stores in 'm' what a driver needs to segment 'p' into packets of at most
 * 'mtu' bytes.  Returns false if 'p' cannot be segmented. */
static bool
tx_segment(const struct dp_packet *p, struct rte_mbuf *m, uint16_t mtu)
{
    const struct tcp_header *tcp = dp_packet_l4(p);
    size_t tcp_len;

    if (dp_packet_l4_size(p) < TCP_HEADER_LEN) {
        return false;
    }
    tcp_len = TCP_OFFSET(tcp->tcp_ctl) * 4;
    if (tcp_len < TCP_HEADER_LEN || tcp_len > dp_packet_l4_size(p)
        || m->l3_len + tcp_len >= mtu) {
        return false;
    }
    m->l4_len = tcp_len;
    m->tso_segsz = netdev_plugin_limit_segsz(p, mtu - m->l3_len - tcp_len);
    m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
    if (m->ol_flags & RTE_MBUF_F_TX_IPV4) {
        m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
    }
    return true;
}

bool
dpdk_packet_tx_offload(const struct dp_packet *p, struct rte_mbuf *m,
                       uint16_t mtu)
{
    size_t l2_len = p->l3_ofs;
    size_t l3_len = p->l4_ofs - p->l3_ofs;

    /* The offsets are those of the core's parser, so they are in order, unless
     * it did not find the headers.  A packet may have been cut off since. */
    if (p->l3_ofs == UINT16_MAX || p->l4_ofs == UINT16_MAX
        || p->l4_ofs >= p->size_
        || l2_len >= 1 << RTE_MBUF_L2_LEN_BITS
        || l3_len >= 1 << RTE_MBUF_L3_LEN_BITS) {
        return false;
    }
    m->ol_flags |= dpdk_packet_flags_to_mbuf(p->ol_flags)
                   & DPDK_PACKET_MBUF_TX;
    m->tx_offload = 0;
    m->l2_len = l2_len;
    m->l3_len = l3_len;
    return !(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) || tx_segment(p, m, mtu);
}

void
dpdk_packet_wrap_init(struct rte_mbuf *m)
{
    memset(m, 0, sizeof *m);
    m->nb_segs = 1;
    m->port = RTE_MBUF_PORT_INVALID;
    rte_mbuf_refcnt_set(m, 1);
}

static void
free_external(void *buf OVS_UNUSED, void *aux)
{
    rte_free(aux);
}

/* Gives 'm' a buffer of its own for 'size' bytes of data.  Returns false if
 * there is no memory, or if a mbuf cannot hold that much. */
static bool
attach_external(struct rte_mbuf *m, uint32_t size)
{
    /* The size of a buffer has 16 bits.  librte_mbuf's book-keeping goes to
     * its end. */
    uint32_t total = RTE_PKTMBUF_HEADROOM + size
                     + sizeof(struct rte_mbuf_ext_shared_info)
                     + sizeof(uintptr_t);
    struct rte_mbuf_ext_shared_info *info;
    uint16_t buf_len = total;
    void *buf;

    if (total > UINT16_MAX) {
        VLOG_ERR_RL(&rl, "Can't copy packet: too big %"PRIu32, total);
        return false;
    }
    buf = rte_malloc(NULL, total, RTE_CACHE_LINE_SIZE);
    if (!buf) {
        VLOG_ERR_RL(&rl, "Failed to allocate memory using rte_malloc: "
                    "%"PRIu32, total);
        return false;
    }
    info = rte_pktmbuf_ext_shinfo_init_helper(buf, &buf_len, free_external,
                                              buf);
    if (!info) {
        VLOG_ERR_RL(&rl, "Failed to initialize shared info for mbuf while "
                    "attempting to attach an external buffer.");
        rte_free(buf);
        return false;
    }
    rte_pktmbuf_attach_extbuf(m, buf, rte_malloc_virt2iova(buf), buf_len,
                              info);
    rte_pktmbuf_reset_headroom(m);
    return true;
}

struct rte_mbuf *
dpdk_packet_copy(const struct dp_packet *p, struct rte_mempool *pool)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
    struct dp_packet *copy;

    if (OVS_UNLIKELY(!m)) {
        return NULL;
    }
    if (OVS_UNLIKELY(p->size_ > rte_pktmbuf_tailroom(m))
        && !attach_external(m, p->size_)) {
        rte_pktmbuf_free(m);
        return NULL;
    }
    memcpy(rte_pktmbuf_mtod(m, void *), dp_packet_data(p), p->size_);

    copy = dpdk_packet_from_mbuf(m);
    copy->base_ = m->buf_addr;
    copy->allocated_ = m->buf_len;
    copy->data_ofs = m->data_off;
    copy->size_ = p->size_;
    copy->ol_flags = p->ol_flags;
    copy->l2_5_ofs = p->l2_5_ofs;
    copy->l2_pad_size = p->l2_pad_size;
    copy->l3_ofs = p->l3_ofs;
    copy->l4_ofs = p->l4_ofs;
    copy->cutlen = 0;
    copy->packet_type = p->packet_type;
    copy->md.skb_priority = p->md.skb_priority;
    return m;
}

void
dpdk_packet_free(struct dp_packet *p)
{
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);

    if (OVS_UNLIKELY(dpdk_packet_is_grown(p, m))) {
        free(p->base_);
        p->base_ = m->buf_addr;
    }
    rte_pktmbuf_free(m);
}

/* Frees the 'n' mbufs in 'mbufs'.  Those of our own pools, with one segment, a
 * buffer of their own, and no other reference, are as they have to be for the
 * next allocation, and need not be written to. */
static void
free_mbufs(struct rte_mbuf *mbufs[], unsigned int n)
{
    struct rte_mempool *mp = n ? mbufs[0]->pool : NULL;
    bool plain = n > 0;

    for (unsigned int i = 0; i < n; i++) {
        const struct rte_mbuf *m = mbufs[i];

        plain &= (m->pool == mp) & (rte_mbuf_refcnt_read(m) == 1)
                 & (m->nb_segs == 1) & RTE_MBUF_DIRECT(m);
    }
    if (OVS_LIKELY(plain)) {
        rte_mempool_put_bulk(mp, (void **) mbufs, n);
    } else {
        rte_pktmbuf_free_bulk(mbufs, n);
    }
}

void
dpdk_packet_free_bulk(struct dp_packet *packets[], size_t n)
{
    struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
    unsigned int n_mbufs = 0;

    for (size_t i = 0; i < n; i++) {
        if (OVS_LIKELY(dpdk_packet_is_mbuf(packets[i]))) {
            mbufs[n_mbufs++] = dpdk_packet_to_mbuf(packets[i]);
            if (n_mbufs == ARRAY_SIZE(mbufs)) {
                free_mbufs(mbufs, n_mbufs);
                n_mbufs = 0;
            }
        } else {
            dp_packet_delete(packets[i]);
        }
    }
    free_mbufs(mbufs, n_mbufs);
}

struct dp_packet *
dpdk_packet_clone(const struct dp_packet *p, size_t headroom)
{
    struct rte_mempool *mp = dpdk_packet_to_mbuf(p)->pool;
    struct dp_packet *clone;
    void *element;

    if (OVS_UNLIKELY(rte_lcore_id() == LCORE_ID_ANY
                     || headroom > RTE_PKTMBUF_HEADROOM
                     || (p->size_ + RTE_PKTMBUF_HEADROOM
                         > rte_pktmbuf_data_room_size(mp))
                     || rte_mempool_get(mp, &element))) {
        return NULL;
    }

    clone = dpdk_packet_from_mbuf(element);
    clone->base_ = dpdk_packet_to_mbuf(clone)->buf_addr;
    clone->allocated_ = dpdk_packet_to_mbuf(clone)->buf_len;
    clone->data_ofs = RTE_PKTMBUF_HEADROOM;
    clone->size_ = p->size_;
    memcpy(dp_packet_data(clone), dp_packet_data(p), p->size_);
    return clone;
}

void
dpdk_packet_resize(struct dp_packet *p, size_t new_headroom,
                   size_t new_tailroom)
{
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);
    size_t head = MIN(dp_packet_headroom(p), new_headroom);
    size_t tail = MIN(dp_packet_tailroom(p), new_tailroom);
    size_t allocated = new_headroom + p->size_ + new_tailroom;
    char *base = xmalloc(allocated);

    /* The core pulls headers and pushes them back, so the bytes around the
     * data count as well. */
    memcpy(base + new_headroom - head, (char *) dp_packet_data(p) - head,
           head + p->size_ + tail);
    if (dpdk_packet_is_grown(p, m)) {
        free(p->base_);
    }
    p->base_ = base;
    p->allocated_ = allocated;
    p->data_ofs = new_headroom;
}

void
dpdk_packet_init(struct rte_mbuf *m)
{
    struct dp_packet *p = dpdk_packet_from_mbuf(m);

    memset(p, 0, sizeof *p);
    p->source = DPBUF_DPDK;
    p->base_ = m->buf_addr;
    p->allocated_ = m->buf_len;
    dp_packet_reset_offsets(p);
}
