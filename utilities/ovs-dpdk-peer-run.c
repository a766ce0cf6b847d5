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


/* The modes of ovs-dpdk-peer.  Called by ovs-dpdk-peer.c, calls
 * ovs-dpdk-peer-frame.c.
 *
 * Machines for tests have few CPUs, so a poll that finds nothing yields. */

#include <config.h>

#include "ovs-dpdk-peer.h"

#include <inttypes.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* Seconds after which nothing can be on its way any more. */
#define QUIET 0.3

/* Seconds between control frames that wait for an answer. */
#define REPEAT 0.05

/* Seconds after which a "ping" is lost. */
#define LOST 0.1

/* Times are counted in nanoseconds, by their leading TIME_BITS + 1 bits. */
#define TIME_BITS 6
#define N_TIMES ((64 - TIME_BITS + 1) << TIME_BITS)

struct peer {
    const struct peer_options *options;
    uint16_t port_id;
    struct rte_mempool *mp;
    struct peer_signals *signals;
    struct peer_counters counters;
    unsigned int next_flow;     /* For --next-flow. */

    /* Round trips since they were printed last, by time_index(). */
    uint64_t n_times;
    uint64_t times[N_TIMES];

    /* Time, in seconds. */
    double start;               /* When the mode began. */
    double pace_start;          /* When --rate began to count. */
    double now;                 /* Of the last look at the clock. */
    double last_rx;             /* When a frame came last. */
    double last_progress;       /* When something new came or was sent. */
    double last_control;        /* When a control frame was sent last. */
    double next_report;         /* When to print progress. */
    struct peer_counters reported; /* At the last progress line. */
    double last_report;
    double end;                 /* When the mode ended. */

    /* Sending. */
    uint64_t next;              /* Number of the next frame. */
    unsigned int next_queue;    /* Queue for the next burst. */

    /* The other application. */
    bool heard;                 /* Has it sent anything? */
    bool done_heard;            /* Does it have everything? */
    uint64_t acked;             /* Frames that it acknowledged. */
    uint64_t acks;              /* Frames acknowledged to it. */
};

static double
time_now(void)
{
    double cycles = rte_rdtsc();

    return cycles / rte_get_tsc_hz();
}

/* Returns the index in 'times' of a time of 'ns' nanoseconds. */
static unsigned int
time_index(uint64_t ns)
{
    unsigned int shift = 0;

    while (ns >> shift >= 2 << TIME_BITS) {
        shift++;
    }
    return (shift << TIME_BITS) + (ns >> shift);
}

/* Returns the least time, in nanoseconds, that 'time_index' maps to 'i'. */
static uint64_t
index_time(unsigned int i)
{
    unsigned int shift = i >> TIME_BITS ? (i >> TIME_BITS) - 1 : 0;

    return (uint64_t) (i - (shift << TIME_BITS)) << shift;
}

/* Returns the time, in nanoseconds, that a fraction of 'p' of the round trips
 * did not take. */
static uint64_t
percentile(const struct peer *peer, double p)
{
    uint64_t below = p * peer->n_times;

    for (unsigned int i = 0; i < N_TIMES; i++) {
        if (below < peer->times[i]) {
            return index_time(i);
        }
        below -= peer->times[i];
    }
    return 0;
}

static void
print_times(const struct peer *peer)
{
    printf(" round_trips=%"PRIu64" p50_ns=%"PRIu64" p99_ns=%"PRIu64,
           peer->n_times, percentile(peer, .5), percentile(peer, .99));
}

/* Prints the counters, for who measures between two points in time. */
static void
tell(struct peer *peer)
{
    peer->signals->tell = false;
    printf("peer: counters seconds=%.6f tx_packets=%"PRIu64
           " rx_packets=%"PRIu64, time_now() - peer->start,
           peer->counters.tx_packets, peer->counters.rx_packets);
    if (peer->options->mode == PEER_PING) {
        print_times(peer);
        memset(peer->times, 0, sizeof peer->times);
        peer->n_times = 0;
    }
    putchar('\n');
}

/* Prints progress if it is time to. */
static void
report(struct peer *peer)
{
    const struct peer_counters *c = &peer->counters;
    double seconds;

    if (peer->signals->tell) {
        tell(peer);
    }
    peer->now = time_now();
    if (!peer->options->interval || peer->now < peer->next_report) {
        return;
    }
    seconds = peer->now - peer->last_report;
    printf("peer: %.1f s  tx %.3f Mpps  rx %.3f Mpps\n",
           peer->now - peer->start,
           (c->tx_packets - peer->reported.tx_packets) / seconds / 1e6,
           (c->rx_packets - peer->reported.rx_packets) / seconds / 1e6);
    peer->reported = *c;
    peer->last_report = peer->now;
    peer->next_report += peer->options->interval;
}

/* Has nothing new happened for so long that nothing will? */
static bool
is_stuck(const struct peer *peer)
{
    return peer->now - peer->last_progress > peer->options->timeout;
}

/* Is there neither a signal nor a reason to give up? */
static bool
goes_on(const struct peer *peer)
{
    return !peer->signals->stop && !is_stuck(peer);
}

/* Sends the 'n' mbufs in 'mbufs' to 'queue', and waits for it to have room if
 * it has to.  Frees those that it could not send.  Returns the number of those
 * that it did. */
static unsigned int
transmit(struct peer *peer, unsigned int queue, struct rte_mbuf *mbufs[],
         unsigned int n)
{
    uint64_t n_bytes = 0;
    unsigned int sent = 0;
    unsigned int sizes[PEER_BURST];

    /* The driver owns what it took. */
    for (unsigned int i = 0; i < n; i++) {
        sizes[i] = mbufs[i]->pkt_len;
    }
    while (sent < n) {
        unsigned int taken = rte_eth_tx_burst(peer->port_id, queue,
                                              mbufs + sent, n - sent);

        for (unsigned int i = sent; i < sent + taken; i++) {
            n_bytes += sizes[i];
        }
        sent += taken;
        if (!taken) {
            sched_yield();
            report(peer);
            if (!goes_on(peer)) {
                break;
            }
        }
    }
    if (sent < n) {
        rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
    }
    peer->counters.tx_packets += sent;
    peer->counters.tx_bytes += n_bytes;
    return sent;
}

/* Sends up to 'max' of the next numbered frames, as one burst. */
static void
send_numbered(struct peer *peer, uint64_t max)
{
    unsigned int n = RTE_MIN(max, (uint64_t) PEER_BURST);
    struct rte_mbuf *mbufs[PEER_BURST];
    unsigned int sent;

    if (!n || rte_pktmbuf_alloc_bulk(peer->mp, mbufs, n)) {
        return;
    }
    for (unsigned int i = 0; i < n; i++) {
        struct peer_frame frame = { PEER_DATA, peer->next + i };

        peer_frame_put(mbufs[i], &frame);
    }
    sent = transmit(peer, peer->next_queue, mbufs, n);
    peer->next_queue = (peer->next_queue + 1) % peer->options->n_queues;
    peer->next += sent;
    peer->counters.sent += sent;
    if (sent) {
        peer->last_progress = peer->now;
    }
}

static void
send_control(struct peer *peer, enum peer_kind kind)
{
    struct peer_frame frame = { kind, peer->counters.unique };
    struct rte_mbuf *m = rte_pktmbuf_alloc(peer->mp);

    if (m) {
        peer_frame_put(m, &frame);
        peer->counters.acks_sent += transmit(peer, 0, &m, 1);
        peer->acks = frame.value;
        peer->last_control = peer->now;
    }
}

/* Takes note of what is in a frame. */
static void
handle_frame(struct peer *peer, struct rte_mbuf *m)
{
    uint64_t unique = peer->counters.unique;
    struct peer_frame frame;

    if (!peer_frame_check(m, &peer->counters, &frame)) {
        return;
    }
    if (!peer->heard) {
        peer->heard = true;
        peer->pace_start = peer->now;
    }
    if (peer->counters.unique != unique) {
        peer->last_progress = peer->now;
    }
    if (frame.kind != PEER_DATA && frame.value > peer->acked) {
        peer->acked = frame.value;
        peer->last_progress = peer->now;
    }
    if (frame.kind == PEER_DONE) {
        peer->done_heard = true;
    }
}

/* Receives from all queues, and frees what came after looking at it.  Returns
 * the number of frames. */
static unsigned int
receive(struct peer *peer)
{
    struct rte_mbuf *mbufs[PEER_BURST];
    unsigned int total = 0;

    for (unsigned int q = 0; q < peer->options->n_queues; q++) {
        unsigned int n = rte_eth_rx_burst(peer->port_id, q, mbufs,
                                          PEER_BURST);

        for (unsigned int i = 0; i < n; i++) {
            peer->counters.rx_packets++;
            peer->counters.rx_bytes += mbufs[i]->pkt_len;
            handle_frame(peer, mbufs[i]);
        }
        rte_pktmbuf_free_bulk(mbufs, n);
        total += n;
    }
    if (total) {
        peer->last_rx = peer->now;
    } else {
        sched_yield();
    }
    report(peer);
    return total;
}

/* Receives until nothing has come for a while, so that both ends have counted
 * the same frames. */
static void
drain(struct peer *peer)
{
    peer->end = peer->last_rx = time_now();
    do {
        receive(peer);
    } while (peer->now - peer->last_rx < QUIET
             && peer->now - peer->end < peer->options->timeout);
}

static bool
is_repeat_due(const struct peer *peer)
{
    return peer->now - peer->last_control > REPEAT;
}

/* Returns how many more numbered frames --rate lets be sent now. */
static uint64_t
due(const struct peer *peer)
{
    uint64_t n = peer->options->n;
    double rate = peer->options->rate;
    uint64_t end = n;

    if (rate) {
        uint64_t paced = (peer->now - peer->pace_start) * rate + 1;

        end = RTE_MIN(paced, n);
    }
    return end > peer->next ? end - peer->next : 0;
}

/* Returns how many more numbered frames may be sent now. */
static uint64_t
allowance(const struct peer *peer)
{
    uint64_t on_the_way = peer->next - peer->acked;
    uint64_t left = due(peer);

    return (!peer->heard || on_the_way >= peer->options->window
            ? 0
            : RTE_MIN(left, peer->options->window - on_the_way));
}

/* Sends the control frame that the state of the exchange calls for, if any. */
static void
control(struct peer *peer, bool idle)
{
    uint64_t n = peer->options->n;
    uint64_t news = peer->counters.unique - peer->acks;

    if (!peer->heard) {
        if (is_repeat_due(peer)) {
            send_control(peer, PEER_HELLO);
        }
    } else if (peer->counters.unique == n && peer->acked == n) {
        if (is_repeat_due(peer)) {
            send_control(peer, PEER_DONE);
        }
    } else if (news >= peer->options->window / 4 || (news && idle)
               || is_repeat_due(peer)) {
        send_control(peer, PEER_ACK);
    }
}

static bool
run_exchange(struct peer *peer)
{
    const struct peer_counters *c = &peer->counters;
    uint64_t n = peer->options->n;
    bool done = false;

    while (goes_on(peer) && !done) {
        unsigned int received = receive(peer);

        send_numbered(peer, allowance(peer));
        control(peer, !received);
        done = peer->done_heard && c->unique == n && peer->acked == n;
    }
    if (done) {
        /* The other one may not have heard the last one. */
        send_control(peer, PEER_DONE);
    }
    drain(peer);
    return done && c->sent == n && !c->duplicate;
}

static bool
run_send(struct peer *peer)
{
    uint64_t n = peer->options->n;

    while (goes_on(peer) && peer->next < n) {
        receive(peer);
        send_numbered(peer, due(peer));
    }
    drain(peer);
    return peer->counters.sent == n;
}

static bool
run_receive(struct peer *peer)
{
    const struct peer_counters *c = &peer->counters;

    while (goes_on(peer) && c->unique < peer->options->n) {
        receive(peer);
    }
    drain(peer);
    return c->unique == peer->options->n && !c->duplicate;
}

/* Changes 'm', which came, as the options say. */
static void
touch(struct peer *peer, struct rte_mbuf *m)
{
    if (peer->options->macswap) {
        peer_frame_macswap(m);
    }
    if (peer->options->next_flow) {
        peer_frame_set_flow(m, peer->next_flow++ % peer->options->n_flows);
    }
}

/* Sends back what came to 'queue', or throws it away.  Returns the number of
 * frames. */
static unsigned int
loop_once(struct peer *peer, unsigned int queue)
{
    struct rte_mbuf *mbufs[PEER_BURST];
    unsigned int n = rte_eth_rx_burst(peer->port_id, queue, mbufs,
                                      PEER_BURST);

    for (unsigned int i = 0; i < n; i++) {
        peer->counters.rx_bytes += mbufs[i]->pkt_len;
        touch(peer, mbufs[i]);
    }
    peer->counters.rx_packets += n;
    if (peer->options->mode == PEER_SINK) {
        rte_pktmbuf_free_bulk(mbufs, n);
    } else if (n) {
        transmit(peer, queue, mbufs, n);
    }
    return n;
}

/* Returns when the mode has to end, or 0 if never. */
static double
end_time(const struct peer *peer)
{
    return (peer->options->duration
            ? peer->start + peer->options->duration
            : 0);
}

static bool
run_loop(struct peer *peer)
{
    double end = end_time(peer);

    while (goes_on(peer) && peer->next < peer->options->n) {
        send_numbered(peer, due(peer));
        report(peer);
    }
    while (!peer->signals->stop && (!end || peer->now < end)) {
        unsigned int n = 0;

        for (unsigned int q = 0; q < peer->options->n_queues; q++) {
            n += loop_once(peer, q);
        }
        if (!n) {
            sched_yield();
        }
        report(peer);

        /* A switch that is away is waited for. */
        peer->last_progress = peer->now;
    }
    drain(peer);
    return true;
}

/* Waits for frame 'number', sent at 'sent', to come back, and counts the time.
 * Does not yield, which would take longer than the frame. */
static void
wait_for_pong(struct peer *peer, uint64_t number, uint64_t sent)
{
    uint64_t lost = sent + LOST * rte_get_tsc_hz();
    struct peer_frame frame = { .value = UINT64_MAX };
    uint64_t now;

    do {
        struct rte_mbuf *m;
        unsigned int n = rte_eth_rx_burst(peer->port_id, 0, &m, 1);

        now = rte_rdtsc();
        if (n) {
            peer->counters.rx_packets++;
            peer->counters.rx_bytes += m->pkt_len;
            peer_frame_check(m, &peer->counters, &frame);
            rte_pktmbuf_free(m);
        }
    } while (frame.value != number && now < lost);
    if (frame.value == number) {
        peer->times[time_index((now - sent) * 1e9 / rte_get_tsc_hz())]++;
        peer->n_times++;
    }
}

static bool
run_ping(struct peer *peer)
{
    double end = end_time(peer);

    while (!peer->signals->stop && (!end || peer->now < end)) {
        struct peer_frame frame = { PEER_DATA, peer->next };
        struct rte_mbuf *m = rte_pktmbuf_alloc(peer->mp);
        uint64_t sent;

        if (!m) {
            return false;
        }
        peer_frame_put(m, &frame);
        sent = rte_rdtsc();
        if (transmit(peer, 0, &m, 1)) {
            peer->counters.sent++;
            wait_for_pong(peer, peer->next++, sent);
        }
        report(peer);
        peer->last_progress = peer->now;
    }
    drain(peer);
    return true;
}

static void
print_result(const struct peer *peer, bool pass)
{
    double seconds = peer->end - peer->start;
    const struct peer_counters *c = &peer->counters;
    bool receives = (peer->options->mode == PEER_EXCHANGE
                     || peer->options->mode == PEER_RECEIVE);
    uint64_t missing = receives ? peer->options->n - c->unique : 0;

    printf("peer: %s mode=%s sent=%"PRIu64" received=%"PRIu64
           " unchanged=%"PRIu64" missing=%"PRIu64" duplicate=%"PRIu64
           " reordered=%"PRIu64" corrupt=%"PRIu64" foreign=%"PRIu64
           " acks_sent=%"PRIu64" acks_received=%"PRIu64
           " tx_packets=%"PRIu64" rx_packets=%"PRIu64
           " rx_bytes=%"PRIu64" tx_bytes=%"PRIu64" seconds=%.3f mpps=%.3f",
           pass ? "PASS" : "FAIL", peer->options->mode_name, c->sent,
           c->received, c->unchanged, missing, c->duplicate, c->reordered,
           c->corrupt, c->foreign, c->acks_sent, c->acks_received,
           c->tx_packets, c->rx_packets, c->rx_bytes, c->tx_bytes, seconds,
           seconds > 0 ? c->rx_packets / seconds / 1e6 : 0);
    if (peer->options->mode == PEER_PING) {
        print_times(peer);
    }
    putchar('\n');
}

bool
peer_run(const struct peer_options *options, uint16_t port_id,
         struct rte_mempool *mp, struct peer_signals *signals)
{
    static bool (*const run[])(struct peer *) = {
        [PEER_EXCHANGE] = run_exchange,
        [PEER_SEND] = run_send,
        [PEER_RECEIVE] = run_receive,
        [PEER_LOOP] = run_loop,
        [PEER_SINK] = run_loop,
        [PEER_PING] = run_ping,
    };
    struct peer peer = {
        .options = options,
        .port_id = port_id,
        .mp = mp,
        .signals = signals,
        .start = time_now(),
    };
    bool pass;

    peer.now = peer.last_progress = peer.last_report = peer.start;
    peer.pace_start = peer.start;
    peer.next_report = peer.start + options->interval;
    pass = run[options->mode](&peer);

    /* Over one queue, frames keep their order. */
    if (peer.counters.corrupt
        || (options->n_queues == 1 && peer.counters.reordered
            && options->mode < PEER_LOOP)) {
        pass = false;
    }
    print_result(&peer, pass);
    return pass;
}
