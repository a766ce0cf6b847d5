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

#ifndef DPDK_PACKET_H
#define DPDK_PACKET_H 1

/* Packets in mempool elements
 * ===========================
 *
 * Open vSwitch is built without DPDK, so its "struct dp_packet" has no mbuf
 * inside.  Each element of our mempools has both, the dp_packet in the private
 * area of the mbuf:
 *
 *       0  struct rte_mbuf
 *     128  struct dpdk_packet: padding, struct dp_packet
 *     704  buffer: headroom, data from 832
 *
 * so that finding one from the other is arithmetic, and no packet is copied on
 * its way from one DPDK port to another.  On receive the head of the dp_packet
 * is filled from the mbuf; on send the data offset, length and offload flags
 * go back into the mbuf, since the core may have pushed, popped or trimmed.
 *
 * Ownership
 * ---------
 *
 * A dp_packet with source DPBUF_DPDK owns its element, and whoever holds it
 * frees it by dp_packet_delete() or gives the mbuf to a driver, never both.
 * Pushing past the headroom moves the data, but not the dp_packet, to
 * malloc()'ed memory; see dpdk_packet_is_grown().  The mbuf of such a packet
 * must not reach a driver.
 *
 * Thread-safety
 * -------------
 *
 * A packet belongs to one thread at a time.  Nothing here blocks or locks,
 * and every function may be called by any thread, with or without an lcore
 * id.  Nothing here knows a device. */

#include <rte_mbuf.h>

#include "dp-packet.h"
#include "util.h"

/* The private area of a mbuf.  The padding puts the metadata of the packet,
 * which the core touches most, on a cache line of its own. */
struct dpdk_packet {
    uint8_t pad[16];
    struct dp_packet packet;
};

BUILD_ASSERT_DECL(sizeof(struct rte_mbuf) == 2 * CACHE_LINE_SIZE);
BUILD_ASSERT_DECL(sizeof(struct dpdk_packet) % RTE_MBUF_PRIV_ALIGN == 0);
BUILD_ASSERT_DECL((sizeof(struct rte_mbuf)
                   + offsetof(struct dpdk_packet, packet.md))
                  % CACHE_LINE_SIZE == 0);
BUILD_ASSERT_DECL((sizeof(struct rte_mbuf) + sizeof(struct dpdk_packet)
                   + RTE_PKTMBUF_HEADROOM) % CACHE_LINE_SIZE == 0);

/* Distance from a mbuf to its dp_packet. */
#define DPDK_PACKET_OFFSET \
    (sizeof(struct rte_mbuf) + offsetof(struct dpdk_packet, packet))

/* The flags of a mbuf that say where its data is.  They are DPDK's, the
 * translation of offloads leaves them alone. */
#define DPDK_PACKET_MBUF_KEEP (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)

/* The flags that 'dpdk_packet_flags_from_mbuf' and
 * 'dpdk_packet_flags_to_mbuf' translate. */
#define DPDK_PACKET_MBUF_RX (RTE_MBUF_F_RX_RSS_HASH         \
                             | RTE_MBUF_F_RX_FDIR_ID        \
                             | RTE_MBUF_F_RX_L4_CKSUM_MASK  \
                             | RTE_MBUF_F_RX_IP_CKSUM_MASK)
#define DPDK_PACKET_MBUF_TX (RTE_MBUF_F_TX_TCP_SEG          \
                             | RTE_MBUF_F_TX_IPV4           \
                             | RTE_MBUF_F_TX_IPV6           \
                             | RTE_MBUF_F_TX_L4_MASK)
#define DPDK_PACKET_OL_TX (DP_PACKET_OL_TX_TCP_SEG          \
                           | DP_PACKET_OL_TX_IPV4           \
                           | DP_PACKET_OL_TX_IPV6           \
                           | DP_PACKET_OL_TX_L4_MASK)

/* Returns the dp_packet of 'm', a mbuf of one of our mempools. */
static inline struct dp_packet *
dpdk_packet_from_mbuf(const struct rte_mbuf *m)
{
    return (struct dp_packet *) ((uintptr_t) m + DPDK_PACKET_OFFSET);
}

/* Returns the mbuf of 'p', whose source is DPBUF_DPDK. */
static inline struct rte_mbuf *
dpdk_packet_to_mbuf(const struct dp_packet *p)
{
    return (struct rte_mbuf *) ((uintptr_t) p - DPDK_PACKET_OFFSET);
}

/* Returns true if the data of 'p', whose source is DPBUF_DPDK, is no longer in
 * the buffer of its mbuf 'm', because it was too small. */
static inline bool
dpdk_packet_is_grown(const struct dp_packet *p, const struct rte_mbuf *m)
{
    return p->base_ != m->buf_addr;
}

/* Returns true if the mbuf of 'p' can be given to a driver. */
static inline bool
dpdk_packet_is_mbuf(const struct dp_packet *p)
{
    return p->source == DPBUF_DPDK
           && !dpdk_packet_is_grown(p, dpdk_packet_to_mbuf(p));
}

/* Returns the offload flags of a dp_packet for the 'ol_flags' of a mbuf, and
 * the other way round.  Flags without a counterpart are dropped. */
uint32_t dpdk_packet_flags_from_mbuf(uint64_t ol_flags);
uint64_t dpdk_packet_flags_to_mbuf(uint32_t ol_flags);

/* Turns the 'n' mbufs in 'mbufs', which a driver has just filled, into the
 * packets in 'packets', dropping those that consist of more than one segment,
 * which the core cannot hold.  Returns the number of packets, and adds the sum
 * of their sizes in bytes to '*n_bytes'. */
size_t dpdk_packet_rx(struct rte_mbuf *mbufs[], size_t n,
                      struct dp_packet *packets[], uint64_t *n_bytes);

/* Translates the offloads that 'p' asks for, and stores the lengths of its
 * headers in 'm', for a driver that computes checksums, or segments into
 * packets of at most 'mtu' bytes without the Ethernet header.  Returns false
 * if 'p' does not have the headers that this takes. */
bool dpdk_packet_tx_offload(const struct dp_packet *p, struct rte_mbuf *m,
                            uint16_t mtu);

/* Makes 'm' describe 'p', to be segmented, if it has to be, into packets of at
 * most 'mtu' bytes without the Ethernet header.  'm' is the mbuf of 'p', or
 * one that points to the data of 'p'.  Returns false if 'p' asks for offloads
 * that do not go with its headers. */
static inline bool
dpdk_packet_sync(const struct dp_packet *p, struct rte_mbuf *m, uint16_t mtu)
{
    m->data_off = p->data_ofs;
    m->data_len = p->size_;
    m->pkt_len = p->size_;
    m->ol_flags &= DPDK_PACKET_MBUF_KEEP;
    return OVS_LIKELY(!(p->ol_flags & DPDK_PACKET_OL_TX))
           || dpdk_packet_tx_offload(p, m, mtu);
}

/* Initialises 'm' for dpdk_packet_wrap(). */
void dpdk_packet_wrap_init(struct rte_mbuf *m);

/* Makes 'm', initialised by dpdk_packet_wrap_init(), point to the data of 'p',
 * of any source, without copying it; dpdk_packet_sync() has yet to be called.
 * Only for a driver that copies the data before it returns and does not keep
 * or free the mbuf: 'p' still has to be deleted, 'm' must not be. */
static inline void
dpdk_packet_wrap(const struct dp_packet *p, struct rte_mbuf *m)
{
    m->buf_addr = p->base_;
    m->buf_len = p->allocated_;
}

/* Copies 'p', of any source, into a new mbuf of 'pool', whose dp_packet is
 * valid too and has the same priority, except that dpdk_packet_sync() has yet
 * to be called.  If elements of the pool are too small, the mbuf has an
 * external buffer.  Returns NULL if there is no memory.  'p' still has to be
 * deleted. */
struct rte_mbuf *dpdk_packet_copy(const struct dp_packet *p,
                                  struct rte_mempool *pool);

/* Frees 'p', whose source is DPBUF_DPDK. */
void dpdk_packet_free(struct dp_packet *p);

/* Frees the 'n' packets in 'packets', of any source. */
void dpdk_packet_free_bulk(struct dp_packet *packets[], size_t n);

/* Returns a new element of the pool of 'p', whose source is DPBUF_DPDK, with
 * a copy of its data behind at least 'headroom' bytes, and nothing else of it.
 * Returns null if the data or 'headroom' do not fit, if the pool is empty, or
 * if the thread has no lcore id: then pools have no cache for it, and malloc()
 * is as fast.
 *
 * A packet that floods is cloned for each port but one, and malloc() and
 * free() took more than half of all that it cost. */
struct dp_packet *dpdk_packet_clone(const struct dp_packet *p,
                                    size_t headroom);

/* Moves the data of 'p', whose source is DPBUF_DPDK, to malloc()'ed memory
 * that has 'new_headroom' and 'new_tailroom' bytes around it. */
void dpdk_packet_resize(struct dp_packet *p, size_t new_headroom,
                        size_t new_tailroom);

/* Initialises the dp_packet of 'm', a new element of a mempool.  Its source is
 * written only here. */
void dpdk_packet_init(struct rte_mbuf *m);

#endif /* dpdk-packet.h */
