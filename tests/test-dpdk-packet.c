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

/* Unit tests of lib/dpdk-packet.c: the arithmetic between mbufs and
 * dp_packets, the offload flags both ways, growing past headroom and tailroom,
 * wrapping, copying and freeing, with every element accounted for.
 *
 * Needs no root and no hugepages: EAL runs on ordinary memory. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include "dp-packet.h"
#include "dpdk-mempool.h"
#include "dpdk-packet.h"
#include "netdev-plugin.h"
#include "netdev-plugin-offload.h"
#include "packets.h"
#include "util.h"

/* The size of the buffers of the pool, and the data that fits behind the
 * headroom. */
#define BUF_SIZE 2048

/* The offload flags of a dp_packet. */
#define FLAGS (DP_PACKET_OL_SUPPORTED_MASK & ~DP_PACKET_OL_TX_SEGSZ)

static struct dpdk_mempool *pool;

/* What the core calls instead of the plugin's hooks, which are not loaded
 * here. */
static const struct netdev_plugin_hooks test_hooks = {
    .free_packet = dpdk_packet_free,
    .resize_packet = dpdk_packet_resize,
    .clone_packet = dpdk_packet_clone,
};

static unsigned int
in_use(void)
{
    return rte_mempool_in_use_count(pool->mp);
}

/* Returns a packet as a driver delivers it, with 'size' bytes that count up
 * from 'first'. */
static struct dp_packet *
receive(size_t size, uint8_t first)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(pool->mp);
    struct dp_packet *p;
    uint64_t n_bytes = 0;
    uint8_t *data;

    assert_non_null(m);
    data = (uint8_t *) rte_pktmbuf_append(m, size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        data[i] = first + i;
    }
    assert_int_equal(dpdk_packet_rx(&m, 1, &p, &n_bytes), 1);
    assert_int_equal(n_bytes, size);
    return p;
}

/* Fails unless 'p' has 'size' bytes that count up from 'first'. */
static void
assert_data(const struct dp_packet *p, size_t size, uint8_t first)
{
    const uint8_t *data = dp_packet_data(p);

    assert_int_equal(dp_packet_size(p), size);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(data[i], (uint8_t) (first + i));
    }
}

/* Returns a clone of 'p' that is not in an element. */
static struct dp_packet *
clone_by_malloc(const struct dp_packet *p, size_t headroom)
{
    return dp_packet_clone_data_with_headroom(dp_packet_data(p),
                                              dp_packet_size(p), headroom);
}

static void
test_layout(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(60, 0);
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);
    const void *data = dp_packet_data(p);

    assert_ptr_equal(dpdk_packet_from_mbuf(m), p);
    assert_int_equal((uintptr_t) &p->md % CACHE_LINE_SIZE, 0);
    assert_int_equal((uintptr_t) data % CACHE_LINE_SIZE, 0);
    assert_true((char *) (p + 1) <= (char *) m->buf_addr);
    assert_int_equal(p->source, DPBUF_DPDK);
    assert_true(dpdk_packet_is_mbuf(p));
    assert_int_equal(dp_packet_headroom(p), RTE_PKTMBUF_HEADROOM);
    assert_int_equal(dp_packet_tailroom(p), BUF_SIZE - 60);
    assert_int_equal(p->packet_type, htonl(PT_ETH));
    assert_data(p, 60, 0);
    dp_packet_delete(p);
    assert_int_equal(in_use(), 0);
}

static void
test_rx_forgets(void **state OVS_UNUSED)
{
    /* What the previous user of an element left must not leak. */
    struct dp_packet *p = receive(100, 0);
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);

    p->ol_flags = UINT32_MAX;
    p->cutlen = 17;
    p->packet_type = htonl(PT_NSH);
    dp_packet_pull(p, 50);
    dp_packet_delete(p);

    p = receive(64, 1);
    assert_ptr_equal(dpdk_packet_to_mbuf(p), m);
    assert_int_equal(p->ol_flags, 0);
    assert_int_equal(p->cutlen, 0);
    assert_int_equal(p->packet_type, htonl(PT_ETH));
    assert_data(p, 64, 1);
    dp_packet_delete(p);
}

static void
test_rx_segments(void **state OVS_UNUSED)
{
    struct rte_mbuf *mbufs[3];
    struct dp_packet *packets[3];
    uint64_t n_bytes = 0;

    for (int i = 0; i < 3; i++) {
        mbufs[i] = rte_pktmbuf_alloc(pool->mp);
        rte_pktmbuf_append(mbufs[i], 100 + i);
    }
    assert_int_equal(rte_pktmbuf_chain(mbufs[1],
                                       rte_pktmbuf_alloc(pool->mp)), 0);
    assert_int_equal(in_use(), 4);

    assert_int_equal(dpdk_packet_rx(mbufs, 3, packets, &n_bytes), 2);
    assert_int_equal(n_bytes, 100 + 102);
    assert_int_equal(dp_packet_size(packets[0]), 100);
    assert_int_equal(dp_packet_size(packets[1]), 102);
    assert_int_equal(in_use(), 2);
    dpdk_packet_free_bulk(packets, 2);
    assert_int_equal(in_use(), 0);
}

static void
test_rx_offloads(void **state OVS_UNUSED)
{
    struct rte_mbuf *m = rte_pktmbuf_alloc(pool->mp);
    struct dp_packet *p;
    uint64_t n_bytes = 0;
    uint32_t mark;

    rte_pktmbuf_append(m, 60);
    m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_RX_FDIR_ID
                   | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
    m->hash.rss = 0x12345678;
    m->hash.fdir.hi = 99;
    assert_int_equal(dpdk_packet_rx(&m, 1, &p, &n_bytes), 1);
    assert_true(dp_packet_rss_valid(p));
    assert_int_equal(dp_packet_get_rss_hash(p), 0x12345678);
    assert_true(dp_packet_has_flow_mark(p, &mark));
    assert_int_equal(mark, 99);
    assert_true(dp_packet_ip_checksum_valid(p));
    assert_false(dp_packet_l4_checksum_valid(p));
    dp_packet_delete(p);
}

static void
test_flags(void **state OVS_UNUSED)
{
    static const struct {
        uint64_t mbuf;
        uint32_t packet;
    } pairs[] = {
        { RTE_MBUF_F_RX_RSS_HASH, DP_PACKET_OL_RSS_HASH },
        { RTE_MBUF_F_RX_FDIR_ID, DP_PACKET_OL_FLOW_MARK },
        { RTE_MBUF_F_RX_L4_CKSUM_BAD, DP_PACKET_OL_RX_L4_CKSUM_BAD },
        { RTE_MBUF_F_RX_L4_CKSUM_GOOD, DP_PACKET_OL_RX_L4_CKSUM_GOOD },
        { RTE_MBUF_F_RX_L4_CKSUM_NONE, DP_PACKET_OL_RX_L4_CKSUM_MASK },
        { RTE_MBUF_F_RX_IP_CKSUM_BAD, DP_PACKET_OL_RX_IP_CKSUM_BAD },
        { RTE_MBUF_F_RX_IP_CKSUM_GOOD, DP_PACKET_OL_RX_IP_CKSUM_GOOD },
        { RTE_MBUF_F_TX_TCP_SEG, DP_PACKET_OL_TX_TCP_SEG },
        { RTE_MBUF_F_TX_IPV4, DP_PACKET_OL_TX_IPV4 },
        { RTE_MBUF_F_TX_IPV6, DP_PACKET_OL_TX_IPV6 },
        { RTE_MBUF_F_TX_TCP_CKSUM, DP_PACKET_OL_TX_TCP_CKSUM },
        { RTE_MBUF_F_TX_UDP_CKSUM, DP_PACKET_OL_TX_UDP_CKSUM },
        { RTE_MBUF_F_TX_SCTP_CKSUM, DP_PACKET_OL_TX_SCTP_CKSUM },
    };
    uint32_t all = 0;

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        assert_int_equal(dpdk_packet_flags_from_mbuf(pairs[i].mbuf),
                         pairs[i].packet);
        assert_int_equal(dpdk_packet_flags_to_mbuf(pairs[i].packet),
                         pairs[i].mbuf);
        all |= pairs[i].packet;
    }
    /* The segment size is not a flag. */
    assert_int_equal(all, FLAGS);
    assert_int_equal(dpdk_packet_flags_from_mbuf(RTE_MBUF_F_EXTERNAL), 0);
    assert_int_equal(dpdk_packet_flags_to_mbuf(0), 0);

    /* Every combination of bits with at most one transport checksum survives
     * both ways. */
    for (uint32_t flags = 0; flags <= FLAGS; flags++) {
        uint32_t l4 = flags & DP_PACKET_OL_TX_L4_MASK;

        if (!(l4 & (l4 - 1)) && !(flags & ~FLAGS)) {
            uint64_t mbuf = dpdk_packet_flags_to_mbuf(flags);

            assert_int_equal(dpdk_packet_flags_from_mbuf(mbuf), flags);
        }
    }
}

static void
test_sync(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(200, 0);
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);

    /* As the core does when it pops a header and pushes a larger one. */
    dp_packet_pull(p, 14);
    memset(dp_packet_push_uninit(p, 50), 0xaa, 50);
    m->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
    assert_true(dpdk_packet_sync(p, m, 1500));
    assert_int_equal(m->pkt_len, 236);
    assert_int_equal(m->data_len, 236);
    assert_int_equal(m->data_off, RTE_PKTMBUF_HEADROOM + 14 - 50);
    assert_ptr_equal(rte_pktmbuf_mtod(m, void *), dp_packet_data(p));
    assert_int_equal(m->ol_flags, 0);
    dp_packet_delete(p);
}

static void
test_sync_offload(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(14 + 20 + 20 + 500, 0);
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);
    struct tcp_header *tcp;

    dp_packet_set_l3(p, (char *) dp_packet_data(p) + 14);
    dp_packet_set_l4(p, (char *) dp_packet_data(p) + 34);
    tcp = dp_packet_l4(p);
    tcp->tcp_ctl = TCP_CTL(TCP_ACK, 5);
    p->ol_flags = DP_PACKET_OL_TX_TCP_SEG | DP_PACKET_OL_TX_IPV4
                  | DP_PACKET_OL_RSS_HASH;
    assert_true(dpdk_packet_sync(p, m, 1500));
    assert_int_equal(m->l2_len, 14);
    assert_int_equal(m->l3_len, 20);
    assert_int_equal(m->l4_len, 20);
    assert_int_equal(m->tso_segsz, 1460);
    assert_int_equal(m->ol_flags,
                     RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4
                     | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);

    /* The sender may want smaller segments, but not arbitrarily small ones. */
    netdev_plugin_set_segsz(p, 1000);
    assert_true(dpdk_packet_sync(p, m, 1500));
    assert_int_equal(m->tso_segsz, 1000);
    netdev_plugin_set_segsz(p, 1);
    assert_true(dpdk_packet_sync(p, m, 1500));
    assert_int_equal(m->tso_segsz, NETDEV_PLUGIN_SEGSZ_MIN);

    /* Headers that leave no room for data, or claim more than there is. */
    assert_false(dpdk_packet_sync(p, m, 40));
    tcp->tcp_ctl = TCP_CTL(TCP_ACK, 4);
    assert_false(dpdk_packet_sync(p, m, 1500));
    dp_packet_set_size(p, 14 + 20 + 59);
    tcp->tcp_ctl = TCP_CTL(TCP_ACK, 15);
    assert_false(dpdk_packet_sync(p, m, 1500));

    /* A packet that was cut off. */
    dp_packet_set_size(p, 14 + 20);
    assert_false(dpdk_packet_sync(p, m, 1500));
    p->ol_flags = DP_PACKET_OL_TX_UDP_CKSUM | DP_PACKET_OL_TX_IPV4;
    assert_false(dpdk_packet_sync(p, m, 1500));

    /* Without headers there is nothing to offload. */
    dp_packet_reset_offsets(p);
    assert_false(dpdk_packet_sync(p, m, 1500));
    p->ol_flags = 0;
    assert_true(dpdk_packet_sync(p, m, 1500));
    assert_int_equal(m->ol_flags, 0);
    dp_packet_delete(p);
}

static void
test_grow_head(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(100, 0);
    struct rte_mbuf *m = dpdk_packet_to_mbuf(p);
    uint8_t *header;

    /* Exactly the headroom is fine. */
    memset(dp_packet_push_uninit(p, RTE_PKTMBUF_HEADROOM), 1,
           RTE_PKTMBUF_HEADROOM);
    assert_true(dpdk_packet_is_mbuf(p));

    /* One byte more is not. */
    header = dp_packet_push_uninit(p, 1);
    *header = 2;
    assert_false(dpdk_packet_is_mbuf(p));
    assert_true(dpdk_packet_is_grown(p, m));
    assert_int_equal(p->source, DPBUF_DPDK);
    assert_int_equal(dp_packet_size(p), 101 + RTE_PKTMBUF_HEADROOM);
    assert_int_equal(((uint8_t *) dp_packet_data(p))[0], 2);
    assert_int_equal(((uint8_t *) dp_packet_data(p))[1], 1);
    dp_packet_pull(p, 1 + RTE_PKTMBUF_HEADROOM);
    assert_data(p, 100, 0);

    /* And again. */
    memset(dp_packet_push_uninit(p, 1000), 3, 1000);
    dp_packet_pull(p, 1000);
    assert_data(p, 100, 0);

    dp_packet_delete(p);
    assert_int_equal(in_use(), 0);

    /* The element has its own buffer again. */
    p = receive(60, 7);
    assert_true(dpdk_packet_is_mbuf(p));
    assert_data(p, 60, 7);
    dp_packet_delete(p);
}

static void
test_grow_tail(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(BUF_SIZE, 0);

    assert_int_equal(dp_packet_tailroom(p), 0);
    *(uint8_t *) dp_packet_put_uninit(p, 1) = (uint8_t) BUF_SIZE;
    assert_false(dpdk_packet_is_mbuf(p));
    assert_data(p, BUF_SIZE + 1, 0);
    dp_packet_delete(p);
    assert_int_equal(in_use(), 0);
}

static void
test_pull_grow_push(void **state OVS_UNUSED)
{
    /* The core may pull a header and expect it back after growing. */
    struct dp_packet *p = receive(100, 0);

    dp_packet_pull(p, 14);
    dp_packet_prealloc_tailroom(p, BUF_SIZE);
    assert_false(dpdk_packet_is_mbuf(p));
    dp_packet_push_uninit(p, 14);
    assert_data(p, 100, 0);
    dp_packet_delete(p);
}

static void
test_wrap(void **state OVS_UNUSED)
{
    struct dp_packet *clone;
    struct dp_packet *p;
    struct rte_mbuf m;

    p = receive(300, 5);
    clone = clone_by_malloc(p, 33);
    assert_int_equal(clone->source, DPBUF_MALLOC);
    dpdk_packet_wrap_init(&m);
    dpdk_packet_wrap(clone, &m);
    assert_true(dpdk_packet_sync(clone, &m, 1500));
    assert_ptr_equal(rte_pktmbuf_mtod(&m, void *), dp_packet_data(clone));
    assert_int_equal(m.pkt_len, 300);
    assert_int_equal(m.data_len, 300);
    assert_int_equal(m.nb_segs, 1);
    assert_null(m.next);
    assert_int_equal(m.ol_flags, 0);

    /* No element was needed. */
    assert_int_equal(in_use(), 1);
    dp_packet_delete(p);
    dp_packet_delete(clone);
    assert_int_equal(in_use(), 0);
}

static void
test_copy(void **state OVS_UNUSED)
{
    struct dp_packet *copy;
    struct dp_packet *p;
    struct rte_mbuf *m;

    p = dp_packet_new(4000);
    for (int i = 0; i < 500; i++) {
        *(uint8_t *) dp_packet_put_uninit(p, 1) = 9 + i;
    }
    m = dpdk_packet_copy(p, pool->mp);
    assert_non_null(m);
    copy = dpdk_packet_from_mbuf(m);
    assert_true(dpdk_packet_sync(copy, m, 1500));
    assert_int_equal(m->pkt_len, 500);
    assert_true(dpdk_packet_is_mbuf(copy));
    assert_data(copy, 500, 9);
    assert_data(p, 500, 9);
    dp_packet_delete(copy);
    assert_int_equal(in_use(), 0);

    dp_packet_delete(p);
}

static size_t
heap_in_use(void)
{
    struct rte_malloc_socket_stats stats;

    assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
    return stats.heap_allocsz_bytes;
}

/* The core clones a packet for each port that it goes to but one. */
static void
test_clone(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(300, 5);
    struct dp_packet *clone;
    struct rte_mbuf *m;

    p->ol_flags = DP_PACKET_OL_RSS_HASH;
    p->rss_hash = 0x12345678;
    p->md.skb_priority = 7;
    dp_packet_reset_packet(p, 14);
    clone = dp_packet_clone_with_headroom(p, RTE_PKTMBUF_HEADROOM);
    assert_int_equal(clone->source, DPBUF_DPDK);
    assert_true(dpdk_packet_is_mbuf(clone));
    assert_int_equal(in_use(), 2);
    assert_int_equal(dp_packet_headroom(clone), RTE_PKTMBUF_HEADROOM);
    assert_data(clone, dp_packet_size(p), 19);
    assert_int_equal(dp_packet_get_rss_hash(clone), 0x12345678);
    assert_int_equal(clone->md.skb_priority, 7);
    assert_int_equal(clone->l3_ofs, p->l3_ofs);

    /* They have nothing in common. */
    memset(dp_packet_data(p), 0, dp_packet_size(p));
    assert_data(clone, dp_packet_size(p), 19);
    dp_packet_delete(p);
    assert_data(clone, 286, 19);

    /* It can be sent. */
    m = dpdk_packet_to_mbuf(clone);
    assert_true(dpdk_packet_sync(clone, m, 1500));
    assert_ptr_equal(rte_pktmbuf_mtod(m, void *), dp_packet_data(clone));
    assert_int_equal(m->nb_segs, 1);
    assert_null(m->next);
    dp_packet_delete(clone);
    assert_int_equal(in_use(), 0);
}

/* What does not go into an element goes to malloc()'ed memory. */
static void
test_clone_elsewhere(void **state OVS_UNUSED)
{
    struct dp_packet *p = receive(300, 5);
    unsigned int lcore_id = rte_lcore_id();
    struct rte_mbuf **mbufs;
    struct dp_packet *clone;
    unsigned int n = 0;

    clone = dp_packet_clone_with_headroom(p, RTE_PKTMBUF_HEADROOM + 1);
    assert_int_equal(clone->source, DPBUF_MALLOC);
    assert_data(clone, 300, 5);
    dp_packet_delete(clone);

    /* A thread of the core. */
    RTE_PER_LCORE(_lcore_id) = LCORE_ID_ANY;
    clone = dp_packet_clone(p);
    RTE_PER_LCORE(_lcore_id) = lcore_id;
    assert_int_equal(clone->source, DPBUF_MALLOC);
    dp_packet_delete(clone);

    /* A packet that has grown. */
    dp_packet_put_zeros(p, 5000);
    assert_false(dpdk_packet_is_mbuf(p));
    clone = dp_packet_clone(p);
    assert_int_equal(clone->source, DPBUF_MALLOC);
    assert_int_equal(dp_packet_size(clone), 5300);
    dp_packet_delete(clone);
    dp_packet_set_size(p, 300);
    clone = dp_packet_clone(p);
    assert_int_equal(clone->source, DPBUF_DPDK);
    assert_data(clone, 300, 5);
    dp_packet_delete(clone);

    /* An empty pool. */
    mbufs = xmalloc(pool->mp->size * sizeof *mbufs);
    while (n < pool->mp->size
           && (mbufs[n] = rte_pktmbuf_alloc(pool->mp)) != NULL) {
        n++;
    }
    clone = dp_packet_clone(p);
    assert_int_equal(clone->source, DPBUF_MALLOC);
    assert_data(clone, 300, 5);
    dp_packet_delete(clone);
    rte_pktmbuf_free_bulk(mbufs, n);
    free(mbufs);
    dp_packet_delete(p);
    assert_int_equal(in_use(), 0);
}

/* Packets to be segmented do not fit into an element. */
static void
test_copy_large(void **state OVS_UNUSED)
{
    size_t heap = heap_in_use();
    struct dp_packet *copies[2];
    struct dp_packet *p = dp_packet_new(0);

    for (int i = 0; i < 65000; i++) {
        *(uint8_t *) dp_packet_put_uninit(p, 1) = i;
    }
    for (int i = 0; i < ARRAY_SIZE(copies); i++) {
        struct rte_mbuf *m = dpdk_packet_copy(p, pool->mp);

        assert_non_null(m);
        copies[i] = dpdk_packet_from_mbuf(m);
        assert_true(dpdk_packet_sync(copies[i], m, 1500));
        assert_true(dpdk_packet_is_mbuf(copies[i]));
        assert_true(RTE_MBUF_HAS_EXTBUF(m));
        assert_int_equal(m->data_len, 65000);
        assert_data(copies[i], 65000, 0);
    }

    /* Pushed past its headroom, the data moves, and both buffers are freed. */
    dp_packet_push_zeros(copies[0], RTE_PKTMBUF_HEADROOM + 1);
    assert_false(dpdk_packet_is_mbuf(copies[0]));
    dp_packet_pull(copies[0], RTE_PKTMBUF_HEADROOM + 1);
    assert_data(copies[0], 65000, 0);
    dpdk_packet_free_bulk(copies, ARRAY_SIZE(copies));
    assert_int_equal(in_use(), 0);
    assert_int_equal(heap_in_use(), heap);

    /* What no mbuf can hold is refused, and nothing leaks. */
    dp_packet_put_zeros(p, 535);
    assert_null(dpdk_packet_copy(p, pool->mp));
    assert_int_equal(in_use(), 0);
    dp_packet_delete(p);

    /* The elements are as before. */
    p = receive(1000, 1);
    assert_data(p, 1000, 1);
    dp_packet_delete(p);
}

static void
test_free_bulk_mixed(void **state OVS_UNUSED)
{
    struct dp_packet *packets[3 * NETDEV_MAX_BURST];

    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        struct dp_packet *p = receive(64, i);

        if (i % 3 == 1) {
            packets[i] = clone_by_malloc(p, 0);
            dp_packet_delete(p);
        } else {
            if (i % 3 == 2) {
                dp_packet_push_zeros(p, 500);
            }
            packets[i] = p;
        }
    }
    assert_int_equal(in_use(), 2 * NETDEV_MAX_BURST);
    dpdk_packet_free_bulk(packets, ARRAY_SIZE(packets));
    assert_int_equal(in_use(), 0);
}

/* Returns a pool for the port 'name' with the given 'mtu'. */
static struct dpdk_mempool *
get_pool(const char *name, int mtu)
{
    const struct dpdk_mempool_request request = { .name = name, .mtu = mtu };
    struct dpdk_mempool *mempool;
    char *why = NULL;

    if (dpdk_mempool_get(&request, &mempool, &why)) {
        fail_msg("%s", why);
    }
    return mempool;
}

static void
test_pool_sharing(void **state OVS_UNUSED)
{
    struct dpdk_mempool *a, *b, *c;
    struct rte_mbuf *m;
    char *name;

    a = get_pool("a", 600);
    b = get_pool("b", 900);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, pool);

    /* A pool outlives its ports, for a port that comes back, until another
     * one is asked for, and longer as long as a packet is out. */
    name = xstrdup(a->mp->name);
    m = rte_pktmbuf_alloc(a->mp);
    dpdk_mempool_put(a);
    dpdk_mempool_put(b);
    c = get_pool("c", 700);
    assert_ptr_equal(c, a);
    dpdk_mempool_put(c);
    dpdk_mempool_put(get_pool("d", 1000));
    assert_non_null(rte_mempool_lookup(name));
    rte_pktmbuf_free(m);
    dpdk_mempool_put(get_pool("d", 1000));
    assert_null(rte_mempool_lookup(name));
    free(name);
}

static int
setup(void **state OVS_UNUSED)
{
    char *argv[] = {
        (char *) "test-dpdk-packet", (char *) "--no-huge",
        (char *) "--no-pci", (char *) "--no-telemetry",
        (char *) "--no-shconf", (char *) "-m", (char *) "256",
        (char *) "--lcores", (char *) "0@0", (char *) "--log-level=error",
        NULL
    };

    if (rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0) {
        return -1;
    }
    netdev_plugin_hooks = &test_hooks;
    pool = get_pool("test", 1000);
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    dpdk_mempool_put(pool);
    return rte_eal_cleanup();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_rx_forgets),
        cmocka_unit_test(test_rx_segments),
        cmocka_unit_test(test_rx_offloads),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_sync),
        cmocka_unit_test(test_sync_offload),
        cmocka_unit_test(test_grow_head),
        cmocka_unit_test(test_grow_tail),
        cmocka_unit_test(test_pull_grow_push),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_clone),
        cmocka_unit_test(test_clone_elsewhere),
        cmocka_unit_test(test_copy_large),
        cmocka_unit_test(test_free_bulk_mixed),
        cmocka_unit_test(test_pool_sharing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
