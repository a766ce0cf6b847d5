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

#ifndef DPDK_VHOST_CONNECTION_H
#define DPDK_VHOST_CONNECTION_H 1

/* Connections of vhost ports, by librte_vhost's number, 'vid'
 * ============================================================
 *
 * What is known of a connection before it has a guest and after it had one,
 * and what has to be done around each message: the rings of the port stop
 * while librte_vhost handles one that may change something.
 *
 * If librte_vhost fails to handle a message whose sender does not ask for a
 * reply, it closes the connection.  With a reply, it would go on, although it
 * may have unmapped the guest's memory, and not remember that.  So such a
 * connection gets no packets any more, and its next message fails, too.
 *
 * The first message of each connection is GUARD's, with a secret number, so
 * that the library has nothing from a front end whose messages GUARD does not
 * check, or takes for those of another connection.  See dpdk-vhost-connfd.h
 * for why that might be: only the kernel knows what socket is whose, and peers
 * may name theirs as they like.
 *
 * Called by dpdk-vhost-events.c; calls dpdk-vhost-ring.c,
 * dpdk-vhost-sigbus.c, dpdk-crumb.c and librte_vhost, which calls back.
 *
 * All functions: VHOST, MAIN while it unregisters a socket, which VHOST then
 * does not look at, and, for dpdk_vhost_connection_begin() of a client port,
 * MAIN or librte_vhost's thread that connects anew, before VHOST knows of the
 * connection. */

#include <stdbool.h>
#include <stdint.h>

struct dpdk_vhost_rings;

/* Connection 'vid' of the port with 'rings' begins, in new_connection(), with
 * a message that has the number 'secret', and ends, in
 * destroy_connection(). */
void dpdk_vhost_connection_begin(int vid, struct dpdk_vhost_rings *rings,
                                 uint64_t secret);
void dpdk_vhost_connection_end(int vid);

/* Returns true if librte_vhost has failed to handle a message of connection
 * 'vid'.  Not to be called while it handles one; new_device() comes after
 * that. */
bool dpdk_vhost_connection_has_failed(int vid);

/* Connection 'vid' of the port with 'rings' has a guest, in new_device().  Of
 * several, the last one is attached. */
void dpdk_vhost_connection_attach(int vid, struct dpdk_vhost_rings *rings);

/* Connection 'vid' has a guest no more, in destroy_device().  Returns a
 * connection of the same port that has one, or -1. */
int dpdk_vhost_connection_detach(int vid);

/* The guest 'vid' has turned its ring 'index' on or off.  In a callback that
 * runs in or after the handling of a message, partly with librte_vhost's locks
 * of all rings held. */
void dpdk_vhost_connection_enable(int vid, uint16_t index, bool enable);

#endif /* dpdk-vhost-connection.h */
