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

#ifndef DPDK_VHOST_CALL_H
#define DPDK_VHOST_CALL_H 1

/* The eventfds that a front end is notified by, one for each of its rings
 * ========================================================================
 *
 * Whoever notifies a guest writes to an eventfd, which blocks if its counter
 * is full and it is told to block.  It is told not to when it comes, but that
 * is a property of the open file, so that the front end may tell it otherwise
 * at any time, and can fill it.  Then a PMD hangs, and whoever waits for that
 * PMD.
 *
 * There is no way to write to an eventfd without blocking that does not depend
 * on this property, but one to read from it.  So GUARD keeps a duplicate of
 * each for as long as librte_vhost or a PMD may use it, which is longer than
 * the front end is connected, so that the library is not the last to close it,
 * see dpdk-vhost-close.h, and looks at it every now and then.  One that is
 * full is no accident, as it takes 2^64 notifications: whether it blocks just
 * now or not, GUARD empties it, which wakes the PMD up, and closes the
 * connection.  It does not help a front end to fill it again before the PMD
 * has its turn, and again: GUARD then sends those who wait a signal, which
 * ends their write().
 *
 * The kernel walks all that wait for an eventfd, and a front end may have it
 * in very many instances of epoll.  Nobody notifies a guest any more that
 * this has taken some milliseconds for between two looks of GUARD, see
 * dpdk-vhost-ring.h, and GUARD closes the connection.
 *
 * Called by dpdk-vhost-guard.c and dpdk-vhost-relay.c, with the mutex of the
 * first one; calls dpdk-vhost-close.c. */

#include <stdbool.h>
#include <stdint.h>

#include "dpdk-vhost-message.h"

struct dpdk_vhost_calls;
struct dpdk_vhost_fds;

/* Has to be called once.  MAIN. */
void dpdk_vhost_calls_start(void);

/* Returns the eventfds of the new connection 'vid' of 'port', which is only
 * compared, and called 'name': none so far. */
struct dpdk_vhost_calls *dpdk_vhost_calls_create(int vid, const void *port,
                                                 const char *name);

/* Takes note of 'msg', which has been checked, came with 'fds', and is about
 * to be passed on to librte_vhost as message number 'message'.  The library
 * has begun to handle number 'begun' of the connection.  Returns 0, EAGAIN if
 * that has to wait until the library has handled earlier ones, or another
 * positive errno. */
int dpdk_vhost_calls_note(struct dpdk_vhost_calls *calls,
                          const struct dpdk_vhost_message *msg,
                          const struct dpdk_vhost_fds *fds,
                          uint64_t message, uint64_t begun);

/* Empties those that are full, for a few ms, and what is left the next time.
 * Returns the number of a ring that has, or had, one, or -1. */
int dpdk_vhost_calls_drain(const struct dpdk_vhost_calls *calls);

/* The connection of 'calls' is being closed.  From now on they are left to
 * dpdk_vhost_calls_run() and dpdk_vhost_calls_forget(). */
void dpdk_vhost_calls_abandon(struct dpdk_vhost_calls *calls);

/* Empties what was abandoned and is full, and interrupts who waits.  Returns
 * false if nothing is abandoned, else this has to be called again, soon. */
bool dpdk_vhost_calls_run(void);

/* librte_vhost does not use the eventfds of connection 'vid', or those of any
 * connection of 'port', any more, and will not close them: forgets those that
 * are abandoned. */
void dpdk_vhost_calls_forget(int vid);
void dpdk_vhost_calls_forget_port(const void *port);

#endif /* dpdk-vhost-call.h */
