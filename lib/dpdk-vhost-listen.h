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

#ifndef DPDK_VHOST_LISTEN_H
#define DPDK_VHOST_LISTEN_H 1

/* Sockets of ports on which librte_vhost listens, and is not to
 * ==============================================================
 *
 * librte_vhost accepts each connection, and closes its socket in the end.
 * That has two drawbacks:
 *
 * - A port that is stuck, see dpdk-vhost-close.h, cannot close any connection,
 *   so each one, even if it is refused, costs a descriptor for as long as its
 *   peers like.
 *
 * - Connections that nobody has accepted go when the socket is closed, with
 *   the descriptors that came with what nobody has read.  To close those may
 *   take long.
 *
 * So we take the socket away, and give the library something in its place,
 * under the same number, which nobody ever connects to: as long as the port is
 * stuck, or for ever.  Peers wait meanwhile.
 *
 * Called by dpdk-vhost-guard.c, with its mutex; calls dpdk-vhost-connfd.c and
 * dpdk-vhost-close.c. */

#include <stdbool.h>

#include "dpdk-vhost-connfd.h"

/* Takes the socket 'path' away, on which librte_vhost listens for 'port',
 * which is only compared, as long as the port called 'name' is stuck.  It is
 * none that 'is_taken'. */
void dpdk_vhost_listen_pause(const void *port, const char *name,
                             const char *path,
                             dpdk_vhost_connfd_is_taken_func *is_taken);

/* Gives back the sockets of ports that are not stuck any more.  Returns true
 * if this has to be called again. */
bool dpdk_vhost_listen_run(void);

/* Takes the socket of 'port' away for ever, and closes it where nobody waits.
 * librte_vhost is about to close what it has instead. */
void dpdk_vhost_listen_end(const void *port, const char *name,
                           const char *path,
                           dpdk_vhost_connfd_is_taken_func *is_taken);

#endif /* dpdk-vhost-listen.h */
