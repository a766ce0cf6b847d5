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

#ifndef DPDK_VHOST_DRIVER_H
#define DPDK_VHOST_DRIVER_H 1

/* The sockets of vhost-user ports as librte_vhost serves them.  Called by
 * dpdk-vhost.c in MAIN, with no mutex held and in no grace period that
 * another thread waits for, and by dpdk-vhost-events.c. */

#include <stdbool.h>

struct dpdk_vhost;

/* Returns null if 'path' can be the socket of a port, else a phrase that says
 * which one has it, and that the caller has to free.  Stores in '*leavingp'
 * whether that one is about to change to another socket. */
char *dpdk_vhost_driver_check(const char *path, bool *leavingp);

/* Makes librte_vhost serve the socket 'path' for 'vhost', which has none.
 * Guests may connect before this returns.  Returns 0 or a positive errno. */
int dpdk_vhost_driver_start(struct dpdk_vhost *vhost, const char *path);

/* Disconnects the guest of 'vhost' and closes its socket, if it has one.  A
 * port that waits for its path tries again. */
void dpdk_vhost_driver_stop(struct dpdk_vhost *vhost);

/* Makes the requested path of 'vhost', a client port, that of its socket.  If
 * that fails, the port keeps the previous one, and its error says why. */
void dpdk_vhost_driver_apply_path(struct dpdk_vhost *vhost);

/* Makes dpdk_vhost_driver_apply_path() close and open the socket of 'vhost' in
 * a second, if that is a client port: one whose connection was refused, or
 * whose socket could not be set up, for which librte_vhost does no more.  Any
 * thread. */
void dpdk_vhost_driver_restart_later(struct dpdk_vhost *vhost);

#endif /* dpdk-vhost-driver.h */
