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

#ifndef DPDK_VHOST_GUARD_H
#define DPDK_VHOST_GUARD_H 1

/* The message firewall in front of librte_vhost
 * ==============================================
 *
 * The library reads messages and their file descriptors by itself, allocates
 * for them, and waits for payloads that do not come, before it calls anybody
 * back.  So what is to be checked has to be checked before the library reads
 * it.  When a connection is new, we take its socket away and give the library
 * one end of a pair of sockets in its place, under the same number.  The
 * thread GUARD reads each message from the front end, checks it and the
 * descriptors that come with it, and only then writes it, whole, to the other
 * end of the pair.  Replies go the other way as they are.
 *
 *     front end --- outer | GUARD | inner --- librte_vhost (VHOST)
 *
 * The first message is ours, see dpdk-vhost-connection.h.  If a message is
 * refused, both sides find their connection closed and all of its descriptors
 * are closed, which no part of the library has seen.  All of this uses
 * documented interfaces only: no layout of the library's messages.
 *
 * If the library fails to do what a front end asked for, it closes the
 * connection, as what it knows of the guest may be nonsense then; but if the
 * front end wants an answer, it only tells.  GUARD then passes that on, and
 * closes the connection all the same.
 *
 * A front end that sends half a message, does not read replies, or sends more
 * than MESSAGE_RATE messages a second holds up itself, and VHOST finds whole
 * messages only.  Who notifies it may have to wait for it, but not for long:
 * see dpdk-vhost-call.h.
 *
 * Nothing is read, either, from a new connection to a port that is held down,
 * see dpdk-vhost-fault.h.  It is accepted, because librte_vhost gives up the
 * socket of a client port that accepts none, and waits.  An older one is
 * served as ever, but no packets pass: see dpdk_vhost_publish().
 *
 * GUARD also notices which rings a guest has broken, see dpdk-vhost-ring.h, so
 * that the packet side need not tell.
 *
 * Locks: 'guard_mutex', below dpdk_mutex and all mutexes of a port but that of
 * its faults.  Whoever has it waits for nobody: a PMD may be waiting for a
 * front end that only GUARD can stop, and others for that PMD, with mutexes.
 * So GUARD leaves to EVENT what needs such a mutex. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dpdk_vhost;

/* Starts GUARD, if it does not run yet.  MAIN. */
void dpdk_vhost_guard_start(void);

/* Guards the new connection 'vid', on the socket 'path', of 'vhost', and
 * stores the secret of its first message in '*secretp'.  Returns false if it
 * is to be refused.  In new_connection(). */
bool dpdk_vhost_guard_connect(struct dpdk_vhost *vhost, const char *path,
                              int vid, uint64_t *secretp);

/* Makes librte_vhost, which has made a new connection to the socket 'path',
 * use one end of a pair of sockets instead, and stores the other one in
 * '*fdp'.  Returns 0 or a positive errno.  In new_connection(), without a
 * port. */
int dpdk_vhost_guard_take(const char *path, int *fdp);

/* librte_vhost has closed connection 'vid', or knows that it is closed.  In
 * destroy_connection(). */
void dpdk_vhost_guard_disconnect(int vid);

/* Makes GUARD look at what ports are held down.  Any thread. */
void dpdk_vhost_guard_wake(void);

/* What is known of the connections of a port. */
struct dpdk_vhost_guard_info {
    size_t n;                   /* How many there are. */

    /* Of one of them. */
    uint32_t last_request;      /* That librte_vhost has got, 0 if none. */
    uint64_t features;          /* Virtio features that were asked for, */
    uint64_t protocol;          /* and of the protocol. */
};

/* Stores in '*info' what is known of the connections of 'vhost': of connection
 * 'vid' or, if there is none, the newest one.  MAIN. */
void dpdk_vhost_guard_get_info(const struct dpdk_vhost *vhost, int vid,
                               struct dpdk_vhost_guard_info *info);

/* Connections of 'vhost' may come, and are offered the 'features' of virtio
 * and of the 'protocol'.  MAIN. */
void dpdk_vhost_guard_begin(struct dpdk_vhost *vhost, uint64_t features,
                            uint64_t protocol);

/* It is us who are about to close all connections of 'vhost', and its socket
 * 'path': what goes wrong from now on is not the peer's fault, and nobody
 * connects to a server any more.  MAIN. */
void dpdk_vhost_guard_release(struct dpdk_vhost *vhost, const char *path);

/* librte_vhost has closed all connections of 'vhost', and uses nothing of
 * theirs any more.  MAIN. */
void dpdk_vhost_guard_end(const struct dpdk_vhost *vhost);

#endif /* dpdk-vhost-guard.h */
