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

#ifndef DPDK_VHOST_FAULT_H
#define DPDK_VHOST_FAULT_H 1

/* What the other end of a vhost port has done wrong: one line in the log, a
 * counter, and the status of the port say so.  If it goes on, the port is held
 * down, see dpdk-vhost-hold.h: no packet passes, and GUARD passes no messages
 * of connections on that were never answered.  The same happens if the switch
 * crashed while it served the port, see dpdk-crumb.h.
 *
 * Called by dpdk-vhost.c, dpdk-vhost-stats.c, dpdk-vhost-guard.c,
 * dpdk-vhost-relay.c, dpdk-vhost-ring.c, dpdk-vhost-events.c,
 * dpdk-vhost-show.c and dpdk-commands.c; calls dpdk-vhost-hold.c, dpdk-crumb.c
 * and dpdk-stats.c.
 *
 * All this belongs to the port, so it stays when a guest disconnects. */

#include "dpdk-vhost-hold.h"
#include "openvswitch/compiler.h"
#include "openvswitch/thread.h"
#include "openvswitch/vlog.h"

struct dpdk_crumb;
struct json;
struct netdev_custom_stats;
struct smap;

/* Kinds of faults, the names of their statistics, and what they mean. */
#define DPDK_VHOST_FAULTS                                                     \
    FAULT(CONNECTION, "ovs_vhost_refused_connections",                        \
          "the connection is refused")                                        \
    FAULT(MESSAGE, "ovs_vhost_refused_messages",                              \
          "the connection is closed")                                         \
    FAULT(MEMORY, "ovs_vhost_refused_memory",                                 \
          "the connection is closed")                                         \
    FAULT(LOST, "ovs_vhost_lost_memory",                                      \
          "the connection is closed")                                         \
    FAULT(CALL, "ovs_vhost_full_calls",                                       \
          "the connection is closed")                                         \
    FAULT(FLOOD, "ovs_vhost_message_floods",                                  \
          "messages have to wait")                                            \
    FAULT(RING, "ovs_vhost_broken_rings",                                     \
          "the ring is not used until the guest resets the device")

enum dpdk_vhost_fault {
#define FAULT(NAME, STATISTIC, MEANING) DPDK_VHOST_FAULT_##NAME,
    DPDK_VHOST_FAULTS
#undef FAULT
    DPDK_VHOST_N_FAULTS
};

/* So many of the last faults of a port are kept. */
#define DPDK_VHOST_FAULT_HISTORY 8

/* A fault that is kept. */
struct dpdk_vhost_fault_record {
    enum dpdk_vhost_fault fault;
    long long int when;         /* Wall clock, in ms. */
    char *text;                 /* In words. */
};

/* Their statistics, and that of how often they had the port held down. */
#define DPDK_VHOST_N_FAULT_STATS (DPDK_VHOST_N_FAULTS + 1)

/* The faults of a port. */
struct dpdk_vhost_faults {
    char *name;                 /* Of the port. */
    struct dpdk_crumb *crumb;   /* For whoever serves the port. */

    /* A port cannot hide the faults of others, nor that it is held. */
    struct vlog_rate_limit rl;
    struct vlog_rate_limit hold_rl;

    struct ovs_mutex mutex;     /* Below all others. */
    uint64_t n[DPDK_VHOST_N_FAULTS] OVS_GUARDED;
    long long int when[DPDK_VHOST_N_FAULTS] OVS_GUARDED; /* The last one of
                                 * each kind, wall clock, in ms. */

    /* The last ones of all kinds: that with number N is element
     * N % DPDK_VHOST_FAULT_HISTORY. */
    struct dpdk_vhost_fault_record history[DPDK_VHOST_FAULT_HISTORY]
        OVS_GUARDED;
    uint64_t n_all OVS_GUARDED; /* The sum of 'n', */
    uint64_t n_taken OVS_GUARDED; /* and what it was when news were taken. */

    struct dpdk_vhost_hold hold OVS_GUARDED;
    long long int held_until OVS_GUARDED; /* The same, on the wall clock. */
    char *held_why OVS_GUARDED; /* The last time, or null. */
    uint64_t n_holds OVS_GUARDED;
};

/* Makes 'changed' be called when a port has a fault, is held down, or is so no
 * more before the time that was said.  It may be called with any locks.  MAIN,
 * once. */
void dpdk_vhost_faults_start(void (*changed)(void));

void dpdk_vhost_faults_init(struct dpdk_vhost_faults *faults,
                            const char *name);
void dpdk_vhost_faults_destroy(struct dpdk_vhost_faults *faults);

/* Logs, counts and keeps a fault of kind 'fault': the phrase 'cause', and
 * holds the port down if there were too many.  Any thread. */
void dpdk_vhost_faults_report(struct dpdk_vhost_faults *faults,
                              enum dpdk_vhost_fault fault, const char *cause);

/* Returns true if there were faults since this was called last.  EVENT. */
bool dpdk_vhost_faults_take_news(struct dpdk_vhost_faults *faults);

/* Holds the port down if the switch has crashed too often while it served it.
 * MAIN, when the port is new. */
void dpdk_vhost_faults_check_crashes(struct dpdk_vhost_faults *faults);

/* Returns when the port will not be held down any more, as from time_msec(),
 * or 0 if it is not.  Any thread. */
long long int dpdk_vhost_faults_held_until(struct dpdk_vhost_faults *faults);

/* Ends the pause, and forgets the faults and crashes that led to it, though
 * not what is counted and shown of them.  Any thread. */
void dpdk_vhost_faults_release(struct dpdk_vhost_faults *faults);

/* Adds the last fault, if there was one, and until when the port is held down,
 * and why, if it is, to 'status'. */
void dpdk_vhost_faults_get_status(struct dpdk_vhost_faults *faults,
                                  struct smap *status);

/* Adds to 'object' how many faults there were of each kind, and when the last
 * one was, as "faults", and the last few of all kinds, the oldest first, as
 * "last_faults", and if the port is held down, until when and why, as
 * "held_until" and "held_why".  Times are in UTC. */
void dpdk_vhost_faults_to_json(struct dpdk_vhost_faults *faults,
                               struct json *object);

/* Adds DPDK_VHOST_N_FAULT_STATS counters to 'custom', which has room for
 * them. */
void dpdk_vhost_faults_get_custom_stats(struct dpdk_vhost_faults *faults,
                                        struct netdev_custom_stats *custom);

#endif /* dpdk-vhost-fault.h */
