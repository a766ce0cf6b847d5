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

/* The sockets of vhost-user ports: their files, and what other_config says of
 * them.  Called by plugin.c and dpdk-vhost.c in MAIN. */

#include <stdint.h>

struct smap;

/* Takes over and logs what 'other_config' says of sockets, if that is new.  It
 * applies to ports that are added afterward:
 *
 *   - "vhost-sock-dir": the directory of the sockets that the switch owns,
 *     relative to the run directory.
 *
 *   - "vhost-iommu-support", "vhost-postcopy-support": what
 *     dpdk_vhost_socket_client_flags() returns. */
void dpdk_vhost_socket_run(const struct smap *other_config);

/* Returns the RTE_VHOST_USER_* flags of other_config for the socket of a new
 * client port. */
uint64_t dpdk_vhost_socket_client_flags(void);

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
