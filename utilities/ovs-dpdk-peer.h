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

#ifndef OVS_DPDK_PEER_H
#define OVS_DPDK_PEER_H 1

/* ovs-dpdk-peer: an application at the other end of a vhost-user port
 * ====================================================================
 *
 *   ovs-dpdk-peer.c         Options, EAL, the virtio-user port.
 *   ovs-dpdk-peer-frame.c   Frames: makes them, checks them, counts them.
 *   ovs-dpdk-peer-run.c     What the application does with the port: the
 *                           modes.
 *
 * Everything runs in the one thread that calls main(). */

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

/* Smallest and largest frame, in bytes without FCS. */
#define PEER_MIN_SIZE 60
#define PEER_MAX_SIZE 9728

/* What a frame without VLAN tag adds to the MTU, in bytes. */
#define PEER_FRAME_OVERHEAD RTE_ETHER_HDR_LEN

#define PEER_MAX_QUEUES 16
#define PEER_BURST 32

enum peer_mode {
    PEER_EXCHANGE,              /* Send and receive numbered frames. */
    PEER_SEND,                  /* Send numbered frames. */
    PEER_RECEIVE,               /* Receive numbered frames. */
    PEER_LOOP,                  /* Send back what comes. */
    PEER_SINK,                  /* Throw away what comes. */
    PEER_PING,                  /* Measure how long a frame takes to come
                                 * back. */
};

/* The command line. */
struct peer_options {
    enum peer_mode mode;
    const char *mode_name;
    uint64_t n;                 /* Number of frames. */

    /* The port. */
    const char *socket;         /* Name of the vhost-user socket. */
    bool server;                /* Does the application own the socket? */
    unsigned int n_queues;      /* Pairs of queues. */
    unsigned int queue_size;    /* Descriptors of a queue. */
    bool packed;                /* Packed rings? */
    unsigned int mtu;           /* In bytes. */
    unsigned int buffer;        /* Bytes of a buffer, 0 to fit the MTU. */

    /* Frames. */
    unsigned int id;            /* Stands in the frames that are sent. */
    bool imix;                  /* Mix of sizes, instead of a range? */
    unsigned int min_size;      /* In bytes, without FCS. */
    unsigned int max_size;
    unsigned int n_flows;       /* Number of flows. */
    bool macswap;               /* In "loop": exchange the addresses? */
    bool next_flow;             /* In "loop": change the flow? */
    struct rte_ether_addr src_mac;
    struct rte_ether_addr dst_mac;

    /* Pace. */
    double rate;                /* Frames a second, or 0 for no limit. */
    unsigned int window;        /* Frames that are not acknowledged yet. */
    double duration;            /* Seconds that "loop", "sink" and "ping" run,
                                 * 0 for ever. */
    double interval;            /* Seconds between progress lines, or 0. */
    double timeout;             /* Seconds to wait without any progress. */

    /* EAL. */
    bool no_huge;               /* Memory without hugepages? */
    int cpu;                    /* CPU to run on, or -1 for any. */
    unsigned int memory;        /* In MB. */
    const char *eal_args[16];   /* More arguments. */
    unsigned int n_eal_args;
};

/* What arrived and what was sent. */
struct peer_counters {
    uint64_t rx_packets, rx_bytes; /* All frames that were received. */
    uint64_t tx_packets, tx_bytes; /* All frames that the port took. */
    uint64_t sent;              /* Numbered frames that the port took. */
    uint64_t received;          /* Numbered frames, with duplicates. */
    uint64_t unchanged;         /* Numbered frames that were as sent. */
    uint64_t unique;            /* Numbers that were received. */
    uint64_t duplicate;         /* Numbered frames received again. */
    uint64_t reordered;         /* Received after a larger number. */
    uint64_t corrupt;           /* Of this program, but damaged. */
    uint64_t foreign;           /* Not of this program. */
    uint64_t acks_sent, acks_received; /* Control frames. */
};

/* Kinds of frames. */
enum peer_kind {
    PEER_DATA,                  /* Has a number. */
    PEER_HELLO,                 /* The sender is there. */
    PEER_ACK,                   /* The sender has that many frames. */
    PEER_DONE,                  /* The sender has all, and all it sent was
                                 * acknowledged. */
};

/* What is in a frame. */
struct peer_frame {
    enum peer_kind kind;
    uint64_t value;             /* Number, or number of acknowledged frames. */
};

/* Prepares the other functions for 'options', which must stay. */
void peer_frame_init(const struct peer_options *options);

/* Returns the size of numbered frame 'number', in bytes. */
unsigned int peer_frame_size(uint64_t number);

/* Makes 'm', which is empty, the frame 'frame'. */
void peer_frame_put(struct rte_mbuf *m, const struct peer_frame *frame);

/* Exchanges the Ethernet addresses in 'm'. */
void peer_frame_macswap(struct rte_mbuf *m);

/* Makes 'm', a frame of this program, one of flow 'flow'. */
void peer_frame_set_flow(struct rte_mbuf *m, unsigned int flow);

/* Checks 'm', counts it in 'counters', and stores what is in it in '*frame'.
 * Returns false if it is damaged or not of this program, so that it does not
 * mean anything. */
bool peer_frame_check(struct rte_mbuf *m, struct peer_counters *counters,
                      struct peer_frame *frame);

/* What signals ask for. */
struct peer_signals {
    volatile bool stop;         /* End. */
    volatile bool tell;         /* Print the counters.  Reset by peer_run(). */
};

/* Does what 'options' say with port 'port_id', with mbufs from 'mp', and
 * prints progress and the result.  Returns true if everything went well.
 * Does what 'signals' ask for in between. */
bool peer_run(const struct peer_options *options, uint16_t port_id,
              struct rte_mempool *mp, struct peer_signals *signals);

#endif /* ovs-dpdk-peer.h */
