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

#ifndef DPDK_VHOST_H
#define DPDK_VHOST_H 1

/* The classes "dpdkvhostuser" and "dpdkvhostuserclient": ports whose other end
 * is a guest, a virtual machine or a container, that speaks vhost-user over a
 * Unix domain socket.  With the first, the switch owns the socket and the
 * guest connects to it; with the second it is the other way round.
 *
 * librte_vhost speaks the protocol.  dpdk-vhost.c has the life of the ports,
 * dpdk-vhost-config.c their options, dpdk-vhost-driver.c, dpdk-vhost-socket.c
 * and dpdk-vhost-file.c their sockets, dpdk-vhost-events.c what librte_vhost
 * calls back, dpdk-vhost-guard.c what is kept from it, dpdk-vhost-fault.c and
 * dpdk-vhost-hold.c what comes of it, dpdk-vhost-ring.c the rings,
 * dpdk-vhost-rxtx.c the packets, dpdk-vhost-stats.c the statistics.
 *
 * Connection
 * ----------
 *
 * 'vid' is librte_vhost's number of the connected guest.  The packet side must
 * use it only while librte_vhost keeps the guest's memory mapped, so it reads
 * 'usable_vid' instead, and destroy_device() waits for a grace period after it
 * has set that to -1.  'usable_vid' is 'vid' if the port has been reconfigured
 * for that guest, is administratively up and is not held down, else -1.
 *
 * Queues
 * ------
 *
 * The guest decides how many queues there are and which of them it uses.
 * Our receive queue N is its transmit queue N, vring 2 * N + 1, and our
 * transmit queue N is its receive queue N, vring 2 * N. */

#include <rte_vhost.h>

#include "dpdk-dev.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-ring.h"
#include "ovs-rcu.h"

struct dpdk_vhost_file;

/* As many as librte_vhost supports. */
#define DPDK_VHOST_MAX_QUEUE_PAIRS 128

/* Pairs of queues that memory of the port's own is for, at most. */
#define DPDK_VHOST_MAX_POOL_PAIRS 16

/* Default and largest number of attempts to send what a guest's full ring did
 * not take, after the first one. */
#define DPDK_VHOST_TX_RETRIES_DEF 8
#define DPDK_VHOST_TX_RETRIES_MAX 32

/* What is known of one of the guest's queues. */
enum dpdk_vhost_queue_state {
    DPDK_VHOST_QUEUE_UNKNOWN,   /* The guest has not said anything of it. */
    DPDK_VHOST_QUEUE_ENABLED,
    DPDK_VHOST_QUEUE_DISABLED
};

/* What may be wrong with a port, the most important first. */
enum dpdk_vhost_error {
    DPDK_VHOST_ERROR_MEMORY,    /* Not enough for the guest. */
    DPDK_VHOST_ERROR_SOCKET,    /* Cannot be set up. */
    DPDK_VHOST_ERROR_OPTIONS,   /* Some are wrong. */
    DPDK_VHOST_N_ERRORS
};

/* A port of class "dpdkvhostuser" or "dpdkvhostuserclient". */
struct dpdk_vhost {
    struct dpdk_dev dev;

    /* What the packet side reads. */
    ovsrcu_index usable_vid;    /* Guest to use now, or -1. */
    const struct dpdk_crumb *crumb; /* That of 'faults'. */
    struct dpdk_vhost_rings rings; /* Who has them. */
    atomic_int tx_retries_max;  /* Attempts to send after the first one. */
    atomic_bool rxq_enabled[DPDK_VHOST_MAX_QUEUE_PAIRS]; /* To be polled? */

    /* Connection. */
    int vid OVS_GUARDED;        /* Guest that is connected, or -1. */
    bool ready OVS_GUARDED;     /* Reconfigured for 'vid'? */
    enum dpdk_vhost_queue_state rxq_state[DPDK_VHOST_MAX_QUEUE_PAIRS]
        OVS_GUARDED;
    enum dpdk_vhost_queue_state txq_state[DPDK_VHOST_MAX_QUEUE_PAIRS]
        OVS_GUARDED;

    /* Socket.  'socket_path' is null unless librte_vhost knows it. */
    bool client;                /* Does the guest own the socket? */
    bool stopping OVS_GUARDED;  /* Is it being closed by us? */
    bool negotiated OVS_GUARDED; /* Has this connection had a guest? */
    bool all_features OVS_GUARDED; /* See dpdk-vhost-features.h. */
    bool requested_all_features OVS_GUARDED;
    long long int offer_until OVS_GUARDED; /* What it offers does not change
                                 * before then, by time_msec(), which was so */
    long long int offer_pause OVS_GUARDED; /* long then, in ms. */
    bool counts_iotlb OVS_GUARDED; /* Does librte_vhost count for it? */
    struct dpdk_vhost_file *file OVS_GUARDED; /* Of a server port. */
    long long int restart_at OVS_GUARDED; /* When to begin again with the
                                 * socket, by time_msec(), or 0: never. */
    char *socket_path OVS_GUARDED;
    char *requested_path OVS_GUARDED;

    char *errors[DPDK_VHOST_N_ERRORS] OVS_GUARDED; /* Phrases, or null. */

    /* What dpdk-vhost-guard.c needs. */
    struct dpdk_vhost_faults faults; /* Of the other end. */
    long long int shown_hold OVS_GUARDED; /* Of 'faults', when the core was
                                 * told of it last. */

    /* Guarded by its mutex. */
    bool guarded;               /* Do faults matter? */
    uint64_t offered_features;  /* Virtio features, and */
    uint64_t offered_protocol;  /* those of the protocol. */
};

static inline struct dpdk_vhost *
dpdk_vhost_cast(const struct netdev *netdev)
{
    return CONTAINER_OF(dpdk_dev_cast(netdev), struct dpdk_vhost, dev);
}

/* Returns where 'vhost' keeps what its guest has said of 'vring', of the first
 * DPDK_VHOST_MAX_QUEUE_PAIRS pairs of queues.  Any thread. */
static inline enum dpdk_vhost_queue_state *
dpdk_vhost_queue_state(struct dpdk_vhost *vhost, uint16_t vring)
    OVS_REQUIRES(vhost->dev.mutex)
{
    return &(vring % 2 ? vhost->rxq_state : vhost->txq_state)[vring / 2];
}

extern const struct netdev_class dpdk_vhost_server_class;
extern const struct netdev_class dpdk_vhost_client_class;

/* Returns true if 'dev' is a "struct dpdk_vhost". */
bool dpdk_vhost_is(const struct dpdk_dev *dev);

/* Opens the vhost port 'name', of either class, which the caller has to close
 * by netdev_close().  Returns null if there is none.  MAIN. */
struct dpdk_vhost *dpdk_vhost_open(const char *name);

/* Returns the port whose socket is 'path', or null.  Any thread. */
struct dpdk_vhost *dpdk_vhost_lookup(const char *path)
    OVS_REQUIRES(dpdk_mutex);

/* Recomputes 'usable_vid' after a change of what it depends on.  Any
 * thread. */
void dpdk_vhost_publish(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex);

/* Tells the packet side which queues the guest uses, after a change of
 * 'rxq_state', 'txq_state' or the number of queues: which receive queues to
 * poll, and over which of the guest's our transmit queues are spread.  A guest
 * that says nothing about its queues uses the first pair.  Any thread. */
void dpdk_vhost_apply_queue_states(struct dpdk_vhost *vhost)
    OVS_REQUIRES(vhost->dev.mutex);

/* Stores that 'why', which 'vhost' then owns, is wrong, or nothing if that is
 * null, and shows the user the most important of all errors. */
void dpdk_vhost_set_error(struct dpdk_vhost *vhost,
                          enum dpdk_vhost_error error, char *why)
    OVS_REQUIRES(vhost->dev.mutex);

#endif /* dpdk-vhost.h */
