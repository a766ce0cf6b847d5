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

#ifndef DPDK_VHOST_SOCKET_H
#define DPDK_VHOST_SOCKET_H 1

/* The files of vhost-user sockets.  Called by dpdk-vhost.c in MAIN. */

struct smap;

/* Chooses the directory of the sockets that the switch owns from
 * other_config:vhost-sock-dir, relative to the run directory. */
void dpdk_vhost_socket_init(const struct smap *other_config);

/* Returns the path of the socket of the port 'name', which the caller has to
 * free. */
char *dpdk_vhost_socket_path(const char *name);

/* Returns NULL if 'path' can be that of a socket, else a sentence that says
 * why not and that the caller has to free. */
char *dpdk_vhost_socket_check(const char *path);

/* Makes 'path' free for a new socket.  A socket there that belongs to us and
 * on which nobody listens was left by a switch that crashed: it is removed.
 * Anything else is left alone.  Returns NULL if 'path' is free, else a
 * sentence that says what is there and that the caller has to free. */
char *dpdk_vhost_socket_reclaim(const char *path);

#endif /* dpdk-vhost-socket.h */
