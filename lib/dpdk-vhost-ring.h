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

#ifndef DPDK_VHOST_RING_H
#define DPDK_VHOST_RING_H 1

/* The rings of a vhost port, between librte_vhost and dpdk-vring.h
 * =================================================================
 *
 * librte_vhost keeps the protocol.  The packets of a ring go either through
 * its bursts or through a view of ours, and may change from one to the other
 * at any time, under traffic: whoever has the ring has its indices, and hands
 * them over.
 *
 * The library has a ring only if the user wants that, or if the guest uses an
 * IOMMU.  Any other ring is nobody's until the control side offers a view,
 * which the packet side takes over at its next visit, reading the indices from
 * the library.  Before anything of the ring or of the guest's memory changes,
 * that is, before the library handles any message that may change something,
 * the control side takes all views of the port back: it waits for the packet
 * side to leave them, and gives the indices to the library.  When the message
 * has been handled, it offers new views.
 *
 * In between, the rings are nobody's, since the library has faults that ours
 * have not, and does not lock them for each message that changes something.
 * They stay so if it fails to handle a message, of which it does not tell: it
 * may have lost the guest's memory.  Then the next message ends the
 * connection, see dpdk-vhost-connection.h.
 *
 * A ring that the guest has broken, see dpdk-vring.h, is nobody's until the
 * guest resets the device.
 *
 * Threads and locks
 * -----------------
 *
 * VHOST handles messages, partly with librte_vhost's locks of all rings held,
 * for which a PMD may be waiting in a burst of the library.  So the control
 * side never waits for a PMD there, only for one that uses a view, where it
 * waits for nobody, unless its guest makes it, and not for long, see
 * dpdk-vhost-call.h.  That is no grace period but a flag, 'busy', which costs
 * the packet side two plain stores: the control side pays for the barrier
 * between them, by membarrier(2).
 *
 * 'mutex' is below all others of the plugin but that of faults, and is not
 * held while librte_vhost is asked for anything that it locks. */

#include <rte_vhost.h>

#include "bitmap.h"
#include "dpdk-vring.h"
#include "openvswitch/compiler.h"
#include "openvswitch/thread.h"
#include "ovs-atomic.h"

struct dp_packet;
struct dpdk_vhost_faults;
struct rte_ether_addr;
struct rte_mempool;
struct smap;

/* Most rings of a guest. */
#define DPDK_VHOST_MAX_RINGS 256

/* What notifications of a guest that take very long, see dpdk-vhost-call.h,
 * may take of the time of all threads between two looks at that, in us. */
#define DPDK_VHOST_MAX_SLOW 10000

/* Who has a ring. */
enum dpdk_vhost_ring_state {
    DPDK_VHOST_RING_LIBRARY,    /* librte_vhost. */
    DPDK_VHOST_RING_VIEW,       /* We, or we may take it. */
    DPDK_VHOST_RING_BLOCKED,    /* Being handed over, which takes no time,
                                 * unless who uses a ring of the port waits
                                 * for the guest. */
    DPDK_VHOST_RING_MESSAGE,    /* Nobody, while a message is handled. */
    DPDK_VHOST_RING_OFF,        /* Nobody: there is nothing to do. */
    DPDK_VHOST_RING_BROKEN,     /* Nobody, until the guest resets it. */
    DPDK_VHOST_RING_ANNOUNCE    /* Any of them: the guest wants to be
                                 * announced first. */
};

/* With the guest's MAC address, in the order of bytes of the message with it,
 * a wish to be announced. */
#define DPDK_VHOST_RARP (UINT64_C(1) << 48)

/* Notifications of a guest that took very long.  Atomic. */
struct dpdk_vhost_slow {
    unsigned int us;            /* For how long, since the last look: 1 if it
                                 * is only a suspicion, 0 if there are none. */
    int ring;                   /* The last ring that there was one of. */
};

/* One ring. */
struct dpdk_vhost_ring {
    /* What each burst reads and writes. */
    OVS_ALIGNED_VAR(CACHE_LINE_SIZE)
    atomic_int state;           /* enum dpdk_vhost_ring_state. */
    atomic_bool busy;           /* Does the packet side use 'view'? */
    bool adopted;               /* Does 'view' have the indices? */
    bool peekable;              /* The same, and needs busyness no barrier? */
    bool has_pair;              /* Receive: does the thread that polls this
                                 * ring send to the other one of its pair,
                                 * too? */
    uint8_t pair_put_off;       /* Receive: bursts to there after which that
                                 * thread has not looked whether the guest
                                 * wants to be notified.  Both atomic, as the
                                 * thread that polled it before may not know
                                 * yet that it does not any more. */
    bool kick_next;             /* Notify the guest after the next packets of
                                 * the library, which does not know what it
                                 * was notified of.  Atomic. */
    int vid;                    /* librte_vhost's number of the guest. */
    int callfd;                 /* Notifies the guest, or negative if it must
                                 * not be used now. */
    uint16_t index;             /* Number of the ring. */
    unsigned int poller;        /* Receive: the thread that polls this ring,
                                 * see dpdk-vhost-rxtx.c, or 0.  Atomic. */
    struct dpdk_vhost_slow *slow; /* Of the port. */
    uint64_t wait_ended;        /* Packet side: when a wait for a message has
                                 * ended last, by the TSC, */
    uint64_t wait_saved;        /* and cycles that may be spent for that. */
    uint64_t rarp;              /* DPDK_VHOST_RARP with the address, or 0,
                                 * atomic. */
    struct dpdk_vring view;

    /* Control side. */
    struct dpdk_vring_config config; /* As librte_vhost has it. */
    int guest_callfd;           /* As librte_vhost has it. */
    bool call_again;            /* May the guest not have seen what it was
                                 * notified of by the one before? */
    bool exists;                /* Does 'config' describe a ring? */
    bool broken;                /* Until the guest resets the device. */
    bool reported;              /* Does the user know of it? */
    bool is_late;               /* Has the packet side not notified the guest
                                 * of what was used up to 'late_used'? */
    bool late_done;             /* Did somebody else do so? */
    uint16_t late_used;         /* 'view.last_used' at the last check. */
    const char *why;            /* Why the library or nobody has it, or what
                                 * is special about the view, or null. */
    const char *old_why;        /* What it was when 'changed' was called. */
};

/* What a connection has asked for, perhaps before it had a guest.  Guarded by
 * the mutex of the rings of its port. */
struct dpdk_vhost_asked {
    uint64_t rarp;              /* DPDK_VHOST_RARP with the address, or 0. */
    unsigned long enabled[BITMAP_N_LONGS(DPDK_VHOST_MAX_RINGS)]; /* Rings. */
};

/* The rings of a port. */
struct dpdk_vhost_rings {
    struct dpdk_vhost_ring *ring[DPDK_VHOST_MAX_RINGS]; /* Only added to. */

    struct dpdk_vhost_faults *faults; /* Of the port. */
    struct dpdk_vhost_slow slow;

    struct ovs_mutex mutex;
    int vid OVS_GUARDED;        /* Guest, or -1. */
    struct dpdk_vhost_asked *asked OVS_GUARDED; /* Of its connection. */
    bool in_message OVS_GUARDED; /* Is the library handling a message? */
    uint64_t features OVS_GUARDED; /* Negotiated. */
    struct dpdk_vring_memory memory; /* For the views. */

    /* What the port wants. */
    bool wanted OVS_GUARDED;    /* Views where possible, or the library? */
    uint16_t buf_size OVS_GUARDED; /* Of elements of the pool, 0 if none. */
    uint16_t mtu OVS_GUARDED;
};

/* Life of the rings of a port that has 'faults'.  They start without a guest,
 * and wanted. */
void dpdk_vhost_rings_init(struct dpdk_vhost_rings *rings,
                           struct dpdk_vhost_faults *faults);
void dpdk_vhost_rings_destroy(struct dpdk_vhost_rings *rings);

/* Called when the status of rings of the guest 'vid' has changed, which must
 * not block.  VHOST, with librte_vhost's locks of all rings held. */
typedef void dpdk_vhost_rings_changed_func(int vid);

/* To be called once, before there is a port. */
void dpdk_vhost_rings_start(dpdk_vhost_rings_changed_func *changed);

/* Takes over what 'other_config' says of PMD threads. */
void dpdk_vhost_rings_run(const struct smap *other_config);

/* A guest comes, which 'asked' for something, and goes away, in new_device()
 * and destroy_device().  'asked' has to stay until then.  When
 * dpdk_vhost_rings_detach() returns, nobody uses the guest's memory through a
 * view.  VHOST. */
void dpdk_vhost_rings_attach(struct dpdk_vhost_rings *rings, int vid,
                             struct dpdk_vhost_asked *asked);
void dpdk_vhost_rings_detach(struct dpdk_vhost_rings *rings);

/* A message of connection 'vid' that may change something is about to be
 * handled, and has been.  Do nothing if 'rings' has another guest, or none.
 * VHOST. */
void dpdk_vhost_rings_before_message(struct dpdk_vhost_rings *rings, int vid);
void dpdk_vhost_rings_after_message(struct dpdk_vhost_rings *rings, int vid);

/* Connection 'vid', which 'asked' for what it has so far, has turned its ring
 * 'index' on or off, or wants to be announced with the address 'mac', in the
 * order of bytes of the message.  VHOST, in a callback that runs in or after
 * the handling of a message, partly with librte_vhost's locks of all rings
 * held. */
void dpdk_vhost_rings_enable(struct dpdk_vhost_rings *rings, int vid,
                             struct dpdk_vhost_asked *asked, uint16_t index,
                             bool enable);
void dpdk_vhost_rings_announce(struct dpdk_vhost_rings *rings, int vid,
                               struct dpdk_vhost_asked *asked, uint64_t mac);

/* Returns true if there is a guest that has turned ring 'index', less than
 * DPDK_VHOST_MAX_RINGS, on.  Any thread that may take a mutex. */
bool dpdk_vhost_rings_is_enabled(struct dpdk_vhost_rings *rings,
                                 uint16_t index);

/* Tells the rings that elements of the port's pool 'mp', which may be null,
 * are to be used, and the 'mtu' of the port.  No PMD polls the port. */
void dpdk_vhost_rings_set_port(struct dpdk_vhost_rings *rings,
                               struct rte_mempool *mp, int mtu);

/* Makes the rings use views where possible, or never, and tells which.  Any
 * thread that may take a mutex. */
void dpdk_vhost_rings_set_wanted(struct dpdk_vhost_rings *rings, bool wanted);
bool dpdk_vhost_rings_get_wanted(struct dpdk_vhost_rings *rings);

/* Returns which way the packets of 'ring' go, and why, in words that the
 * caller has to free.  Any thread that holds the mutex of the rings. */
char *dpdk_vhost_ring_datapath(const struct dpdk_vhost_ring *ring);

/* Adds to 'status' which way the packets of each of 'n' rings go, and why. */
void dpdk_vhost_rings_get_status(struct dpdk_vhost_rings *rings, int n,
                                 struct smap *status);

/* Reports rings that have become broken, and looks for guests that the packet
 * side has put off to notify of what it has used, and has not come back for,
 * as nobody polls the port any more.  Returns true if there are broken ones.
 * The packet side does not tell, so this has to be called every now and then.
 * Does nothing if it would have to wait.  Any thread. */
bool dpdk_vhost_rings_check(struct dpdk_vhost_rings *rings);

/* Returns the number of a ring whose guest, if that is connection 'vid', is
 * not notified any more, because notifications took too much time, or -1.
 * Also if it would have to wait.  Has to be called every now and then: what
 * they took before does not count any more.  Any thread. */
int dpdk_vhost_rings_get_slow(struct dpdk_vhost_rings *rings, int vid);

/* Notifies guests that dpdk_vhost_rings_check() has found, and that
 * dpdk_vhost_rings_changed_func was called for.  That may take time if a front
 * end wants it to, see dpdk-vhost-call.h, so this is not for GUARD, which ends
 * that. */
void dpdk_vhost_rings_notify_late(struct dpdk_vhost_rings *rings);

/* Packet side
 * -----------
 *
 * One thread at a time for each ring: the PMD that polls the receive queue, or
 * whoever has locked the transmit queue. */

/* Has the packet side to pay for a barrier, because the kernel offers none?
 * Does not change once there is a port. */
extern bool dpdk_vhost_ring_needs_barrier;

/* May PMDs sleep between two visits?  Then nothing is put off to the next one,
 * as the core does not put off packets either.  Atomic. */
extern bool dpdk_vhost_ring_pmds_sleep;

static inline void
dpdk_vhost_ring_leave(struct dpdk_vhost_ring *ring)
{
    atomic_store_explicit(&ring->busy, false, memory_order_release);
}

/* Returns what state 'ring' is in, but for DPDK_VHOST_RING_ANNOUNCE.  Any
 * thread. */
static inline int
dpdk_vhost_ring_get_state(const struct dpdk_vhost_ring *ring)
{
    int state;

    atomic_read_relaxed(&CONST_CAST(struct dpdk_vhost_ring *, ring)->state,
                        &state);
    return state;
}

/* Marks 'ring' as busy, and returns what state it is in then. */
static inline int
dpdk_vhost_ring_knock(struct dpdk_vhost_ring *ring)
{
    int state;

    atomic_store_relaxed(&ring->busy, true);
    if (OVS_UNLIKELY(dpdk_vhost_ring_needs_barrier)) {
        atomic_thread_fence(memory_order_seq_cst);
    } else {
        atomic_signal_fence(memory_order_seq_cst);
    }
    atomic_read_explicit(&ring->state, &state, memory_order_acquire);
    return state;
}

/* Enters the view of 'ring' if that takes no time: if it returns true,
 * dpdk_vhost_ring_leave() has to be called. */
static inline bool
dpdk_vhost_ring_try_enter(struct dpdk_vhost_ring *ring)
{
    if (OVS_LIKELY(dpdk_vhost_ring_knock(ring) == DPDK_VHOST_RING_VIEW
                   && ring->adopted)) {
        return true;
    }
    dpdk_vhost_ring_leave(ring);
    return false;
}

/* The same as dpdk_vhost_ring_try_enter() where that needs no barrier, and
 * false elsewhere, so that the caller has to try that, too. */
static inline bool
dpdk_vhost_ring_peek(struct dpdk_vhost_ring *ring)
{
    int state;

    atomic_store_relaxed(&ring->busy, true);
    atomic_signal_fence(memory_order_seq_cst);
    atomic_read_explicit(&ring->state, &state, memory_order_acquire);
    if (OVS_LIKELY(state == DPDK_VHOST_RING_VIEW && ring->peekable)) {
        return true;
    }
    dpdk_vhost_ring_leave(ring);
    return false;
}

enum dpdk_vhost_ring_state
dpdk_vhost_ring_enter__(struct dpdk_vhost_ring *ring);

/* Enters the view of 'ring', which may be null.  Returns what it may use: only
 * if that is DPDK_VHOST_RING_VIEW, dpdk_vhost_ring_leave() has to be called.
 * Never returns DPDK_VHOST_RING_BLOCKED.  If 'ring' is for what we send, waits
 * a little if it would have to return DPDK_VHOST_RING_MESSAGE. */
static inline enum dpdk_vhost_ring_state
dpdk_vhost_ring_enter(struct dpdk_vhost_ring *ring)
{
    return (OVS_LIKELY(ring && dpdk_vhost_ring_try_enter(ring))
            ? DPDK_VHOST_RING_VIEW : dpdk_vhost_ring_enter__(ring));
}

/* Stores in '*mac' the address that the guest of 'ring', which could not be
 * entered because of DPDK_VHOST_RING_ANNOUNCE, is to be announced with.  When
 * that has been done, dpdk_vhost_ring_announced() has to be called with what
 * this returns. */
uint64_t dpdk_vhost_ring_get_rarp(const struct dpdk_vhost_ring *ring,
                                  struct rte_ether_addr *mac);
void dpdk_vhost_ring_announced(struct dpdk_vhost_ring *ring, uint64_t rarp);

/* Notifies the guest of 'ring', if it has said how, which may block if the
 * guest wants that, and unless that has taken too much time, see
 * dpdk-vhost-call.h.  Returns true if it did.  The control side may call this,
 * too. */
bool dpdk_vhost_ring_call(const struct dpdk_vhost_ring *ring);

/* Notifies the guest of what was used of 'ring', whose view has been entered,
 * if it wants that.  Returns the number of notifications. */
unsigned int dpdk_vhost_ring_notify(struct dpdk_vhost_ring *ring);

void dpdk_vhost_ring_after_library__(struct dpdk_vhost_ring *ring);

/* Has to be called after librte_vhost has carried 'n' packets in a burst on
 * 'ring', which may be null.  The library compares what it uses with what it
 * has notified the guest of last, and remembers only then that it has. */
static inline void
dpdk_vhost_ring_after_library(struct dpdk_vhost_ring *ring, size_t n)
{
    if (n && ring
        && OVS_UNLIKELY(__atomic_load_n(&ring->kick_next, __ATOMIC_RELAXED))) {
        dpdk_vhost_ring_after_library__(ring);
    }
}

#endif /* dpdk-vhost-ring.h */
