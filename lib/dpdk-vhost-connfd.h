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

#ifndef DPDK_VHOST_CONNFD_H
#define DPDK_VHOST_CONNFD_H 1

/* Which socket a connection of librte_vhost has.  The library tells its
 * callbacks a number of its own only, but the kernel knows.  Of several that
 * may be it, one is taken: if it is another one's, librte_vhost finds out, see
 * dpdk-vhost-connection.h.  Called by dpdk-vhost-guard.c, dpdk-vhost-relay.c
 * and dpdk-vhost-listen.c, with the mutex of the first one. */

#include <stdbool.h>

/* The connection 'vid' is new and has passed no socket. */
void dpdk_vhost_connfd_begin(int vid);

/* Front end 'vid' passes the socket 'fd', which librte_vhost is about to get:
 * it must not be found, whatever it is bound to.  Returns false if there were
 * too many. */
bool dpdk_vhost_connfd_exclude(int vid, int fd);

/* Returns true if 'fd' is somebody else's. */
typedef bool dpdk_vhost_connfd_is_taken_func(int fd);

/* Returns the descriptor of the new connection that librte_vhost has accepted
 * on the socket 'path' or, for a 'client', made to it, or -1 if it cannot be
 * told.  Leaves out those that 'is_taken'. */
int dpdk_vhost_connfd_find(const char *path, bool client,
                           dpdk_vhost_connfd_is_taken_func *is_taken);

/* Returns the descriptor of the socket 'path', on which librte_vhost listens,
 * or -1 if it does not.  Leaves out those that 'is_taken'. */
int dpdk_vhost_connfd_find_listener(const char *path,
                                    dpdk_vhost_connfd_is_taken_func *is_taken);

/* Puts a pair of sockets between 'connfd', a socket, and whoever uses it: then
 * 'connfd' is one end of the pair, '*innerp' the other one, and '*outerp' what
 * 'connfd' was.  Returns 0 or a positive errno. */
int dpdk_vhost_connfd_interpose(int connfd, int *innerp, int *outerp);

#endif /* dpdk-vhost-connfd.h */
