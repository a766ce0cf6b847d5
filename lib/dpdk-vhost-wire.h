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

#ifndef DPDK_VHOST_WIRE_H
#define DPDK_VHOST_WIRE_H 1

/* Reading and writing messages of vhost-user, with their file descriptors.
 * Nothing here blocks.  Called by dpdk-vhost-relay.c and
 * dpdk-vhost-wake.c. */

#include <stdbool.h>
#include <stddef.h>

/* Most descriptors that a message may have. */
#define DPDK_VHOST_MAX_FDS 16

/* Most descriptors that can come at once (SCM_MAX_FD).  All are taken, as the
 * kernel closes those that are not, which may take long: see
 * dpdk-vhost-close.h. */
#define DPDK_VHOST_MAX_PASSED 253

/* Descriptors that have come with a message. */
struct dpdk_vhost_fds {
    int fds[DPDK_VHOST_MAX_FDS + DPDK_VHOST_MAX_PASSED];
    size_t n;
    bool too_many;              /* More than a message may have?  Then no more
                                 * must be read. */
};

enum dpdk_vhost_io {
    DPDK_VHOST_IO_DONE,
    DPDK_VHOST_IO_AGAIN,        /* Only later. */
    DPDK_VHOST_IO_CLOSED        /* By the other end. */
};

/* Reads up to 'size' bytes from the socket 'from' into 'data', and adds the
 * number of bytes to '*np' and the descriptors to 'fds'. */
enum dpdk_vhost_io dpdk_vhost_wire_read(int from, void *data, size_t size,
                                        size_t *np,
                                        struct dpdk_vhost_fds *fds);

/* Writes the message of 'size' bytes in 'data' with 'fds', which stay open, to
 * the socket 'to', all or nothing. */
enum dpdk_vhost_io dpdk_vhost_wire_write(int to, const void *data, size_t size,
                                         const struct dpdk_vhost_fds *fds);

/* Closes all of 'fds', which have to be harmless: see dpdk-vhost-close.h. */
void dpdk_vhost_fds_close(struct dpdk_vhost_fds *fds);

#endif /* dpdk-vhost-wire.h */
