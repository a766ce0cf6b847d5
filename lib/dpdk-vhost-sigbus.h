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

#ifndef DPDK_VHOST_SIGBUS_H
#define DPDK_VHOST_SIGBUS_H 1

/* Memory of guests that is taken away
 * ====================================
 *
 * Whoever shares a file with us may truncate it later.  Then the next access
 * to what is missing raises SIGBUS, in whatever thread it is, ours or the
 * library's, be it memory or the log of its pages, and be it while the library
 * handles the very message that shares it.  So each file is known before the
 * library gets it.  If a mapping of one of them raises SIGBUS, a handler puts
 * empty memory in its place from there on, or in that of all of it if it is of
 * huge pages, and the access goes on.  GUARD then learns that the
 * guest has lost its memory and closes the connection.  Until it does, rings
 * are empty or break, and what is written to them is lost.
 *
 * Files are told apart by what /proc/self/maps says of a mapping, as the
 * library does not tell in time what it maps, and when it unmaps that.  It
 * tells when it begins to handle a message, though, so that a file is known
 * for as long as the message with it waits or the library has it mapped.
 *
 * Any other SIGBUS goes to the handler that there was before, or ends the
 * process as it would have.  EAL has a handler at times, which would take the
 * place of ours: it is made to call a function of ours instead of sigaction().
 *
 * Called by dpdk-vhost-guard.c, dpdk-vhost-relay.c, dpdk-vhost-connection.c
 * and dpdk-vhost-ring.c; calls dpdk-maps.c, dpdk-import.c, dpdk-crumb.c and
 * EAL. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct latch;

/* Installs the handler, which sets 'latch' when memory was taken away.  Has to
 * be called once, while no thread takes memory from DPDK.  MAIN. */
void dpdk_vhost_sigbus_start(struct latch *latch);

/* Connection 'vid' is new and has sent nothing.  In new_connection(), which
 * runs in VHOST, in MAIN, or in the thread of librte_vhost that connects
 * again, before GUARD knows it. */
void dpdk_vhost_sigbus_connect(int vid);

/* The next message of 'vid' is about to be passed on to librte_vhost, with the
 * 'n' file descriptors 'fds'.  Returns 0, EAGAIN if that has to wait until the
 * library has handled earlier ones, or another positive errno if a file cannot
 * be mapped.  GUARD. */
int dpdk_vhost_sigbus_pass(int vid, const int fds[], size_t n);

/* Stores in '*passedp' the number of the last message of 'vid' that was passed
 * on, and in '*begunp' that of the last one that librte_vhost has begun to
 * handle.  GUARD. */
void dpdk_vhost_sigbus_get_progress(int vid, uint64_t *passedp,
                                    uint64_t *begunp);

/* librte_vhost is about to handle the next message of 'vid'.  VHOST. */
void dpdk_vhost_sigbus_handle(int vid);

/* Returns true if memory of 'vid' was taken away since it connected.  Any
 * thread. */
bool dpdk_vhost_sigbus_is_lost(int vid);

#endif /* dpdk-vhost-sigbus.h */
