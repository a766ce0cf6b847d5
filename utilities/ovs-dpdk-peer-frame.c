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

/* Frames of ovs-dpdk-peer: UDP in IPv4 in Ethernet, with a number, and a
 * content that follows from the number, so that the receiver knows of each
 * byte what it should be.  Called by ovs-dpdk-peer-run.c. */

#include <config.h>

#include "ovs-dpdk-peer.h"

#include <netinet/in.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* First in the payload. */
#define MAGIC 0x6f767370

/* Flows differ in the UDP source port, which counts up from the first one,
 * and beyond that many in the second byte of the source address. */
#define FIRST_SRC_PORT 1024
#define N_SRC_PORTS 64000
#define DST_PORT 4791

/* Size of the bitmap of numbers that were received. */
#define BITMAP_WORDS(N) (((N) + 63) / 64)

struct headers {
    struct rte_ether_hdr eth;
    struct rte_ipv4_hdr ip;
    struct rte_udp_hdr udp;
    rte_be32_t magic;
    uint8_t id;
    uint8_t kind;
    uint8_t pad[2];
    rte_be64_t value;
} __rte_packed __rte_aligned(2);

static const struct peer_options *options;

/* Bytes that count up, so that the payload of any frame starts somewhere in
 * the first 256 of them. */
static uint8_t ramp[256 + PEER_MAX_SIZE];

/* What all frames have in common. */
static struct headers template;

/* The numbers that were received, below 'options->n'. */
static uint64_t *seen;
static uint64_t max_seen;

void
peer_frame_init(const struct peer_options *options_)
{
    options = options_;
    for (size_t i = 0; i < sizeof ramp; i++) {
        ramp[i] = i;
    }
    seen = xcalloc(BITMAP_WORDS(options->n) + 1, sizeof *seen);

    template.eth.dst_addr = options->dst_mac;
    template.eth.src_addr = options->src_mac;
    template.eth.ether_type = htons(RTE_ETHER_TYPE_IPV4);
    template.ip.version_ihl = RTE_IPV4_VHL_DEF;
    template.ip.time_to_live = 64;
    template.ip.next_proto_id = IPPROTO_UDP;
    template.ip.dst_addr = htonl(RTE_IPV4(10, 0, 0, 254));
    template.udp.dst_port = htons(DST_PORT);
    template.magic = htonl(MAGIC);
    template.id = options->id;
}

unsigned int
peer_frame_size(uint64_t number)
{
    /* 28 small, 16 middle-sized and 4 large frames, in a mixed order. */
    if (options->imix) {
        unsigned int i = number * 7 % 48;

        return i < 28 ? 60 : i < 44 ? 566 : 1514;
    }
    return (options->min_size
            + number * 13 % (options->max_size - options->min_size + 1));
}

/* Returns the payload behind the headers of a frame. */
static const uint8_t *
payload(enum peer_kind kind, uint64_t value)
{
    return &ramp[(value * 31 + kind) & 0xff];
}

static void
set_flow(struct headers *h, unsigned int flow)
{
    h->ip.src_addr = htonl(RTE_IPV4(10, flow / N_SRC_PORTS, 0,
                                    options->id + 1));
    h->udp.src_port = htons(FIRST_SRC_PORT + flow % N_SRC_PORTS);
}

void
peer_frame_put(struct rte_mbuf *m, const struct peer_frame *frame)
{
    unsigned int size = (frame->kind == PEER_DATA
                         ? peer_frame_size(frame->value)
                         : PEER_MIN_SIZE);
    struct headers *h = rte_pktmbuf_mtod(m, struct headers *);
    unsigned int flow = (frame->kind == PEER_DATA
                         ? frame->value % options->n_flows
                         : 0);

    *h = template;
    h->ip.total_length = htons(size - sizeof h->eth);
    h->ip.packet_id = htons(frame->value);
    set_flow(h, flow);
    h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
    h->udp.dgram_len = htons(size - sizeof h->eth - sizeof h->ip);
    h->kind = frame->kind;
    h->value = rte_cpu_to_be_64(frame->value);
    memcpy(h + 1, payload(frame->kind, frame->value), size - sizeof *h);
    h->udp.dgram_cksum = rte_ipv4_udptcp_cksum(&h->ip, &h->udp);
    m->data_len = size;
    m->pkt_len = size;
}

void
peer_frame_macswap(struct rte_mbuf *m)
{
    struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
    struct rte_ether_addr src = eth->src_addr;

    eth->src_addr = eth->dst_addr;
    eth->dst_addr = src;
}

/* Does not compute the UDP checksum again, which would cost more than all the
 * rest: without one, none is checked. */
void
peer_frame_set_flow(struct rte_mbuf *m, unsigned int flow)
{
    struct headers *h = rte_pktmbuf_mtod(m, struct headers *);

    set_flow(h, flow);
    h->ip.hdr_checksum = 0;
    h->ip.hdr_checksum = rte_ipv4_cksum(&h->ip);
    h->udp.dgram_cksum = 0;
}

/* Are 'data', 'size' bytes, and their headers 'h', just as sent?  What the
 * content does not follow from, the checksums cover: that of UDP is in the sum
 * itself, which thus is all ones. */
static bool
is_unchanged(const uint8_t *data, unsigned int size, const struct headers *h)
{
    const struct headers *p = ALIGNED_CAST(const struct headers *, data);
    struct rte_ipv4_hdr ip = h->ip;
    uint64_t value = rte_be_to_cpu_64(h->value);

    ip.hdr_checksum = 0;
    return (size >= PEER_MIN_SIZE
            && h->kind <= PEER_DONE
            && ip.version_ihl == RTE_IPV4_VHL_DEF
            && rte_ipv4_cksum(&ip) == h->ip.hdr_checksum
            && ntohs(ip.total_length) == size - sizeof h->eth
            && ntohs(h->udp.dgram_len) == size - sizeof h->eth - sizeof ip
            && rte_ipv4_udptcp_cksum(&p->ip, &p->udp) == 0xffff
            && !memcmp(data + sizeof *h, payload(h->kind, value),
                       size - sizeof *h));
}

/* Counts numbered frame 'number'. */
static void
count_number(uint64_t number, struct peer_counters *counters)
{
    uint64_t bit = UINT64_C(1) << number % 64;

    counters->received++;
    counters->unchanged++;
    if (number >= options->n) {
        return;
    }
    if (seen[number / 64] & bit) {
        counters->duplicate++;
        return;
    }
    seen[number / 64] |= bit;
    counters->unique++;
    if (number < max_seen) {
        counters->reordered++;
    } else {
        max_seen = number;
    }
}

bool
peer_frame_check(struct rte_mbuf *m, struct peer_counters *counters,
                 struct peer_frame *frame)
{
    static OVS_ALIGNED_VAR(8) uint8_t buf[PEER_MAX_SIZE];
    unsigned int size = m->pkt_len;
    const uint8_t *data;
    struct headers h;

    if (size < sizeof h || size > sizeof buf) {
        counters->foreign++;
        return false;
    }
    data = rte_pktmbuf_read(m, 0, size, buf);
    memcpy(&h, data, sizeof h);
    if (h.magic != htonl(MAGIC)
        || h.eth.ether_type != htons(RTE_ETHER_TYPE_IPV4)) {
        counters->foreign++;
        return false;
    }
    if (!is_unchanged(data, size, &h)) {
        counters->corrupt++;
        counters->received += h.kind == PEER_DATA;
        return false;
    }

    frame->kind = h.kind;
    frame->value = rte_be_to_cpu_64(h.value);
    if (frame->kind == PEER_DATA) {
        count_number(frame->value, counters);
    } else {
        counters->acks_received++;
    }
    return true;
}
