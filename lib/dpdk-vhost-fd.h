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

#ifndef DPDK_VHOST_FD_H
#define DPDK_VHOST_FD_H 1

/* Descriptors that a front end passes with its messages, before anything is
 * done with them.  Called by dpdk-vhost-relay.c; calls the kernel only.
 * Whatever they are, nothing here blocks.
 *
 * Each check returns null, or a phrase that says what is wrong with 'fd' and
 * that the caller has to free. */

#include <stdbool.h>
#include <stddef.h>

#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-message.h"

/* Can 'fd' back 'size' bytes of memory that start 'offset' bytes into it?
 * They must not wrap around, nor take too much of our address space.  Memory
 * is what a memfd, tmpfs, hugetlbfs or a device (DAX) has: a file of any other
 * file system may be served by anybody, and then whoever touches it waits for
 * them.  Those on disks of the host are taken, too. */
char *dpdk_vhost_fd_check_memory(int fd, uint64_t offset, uint64_t size);

/* Is 'fd' an eventfd?  Makes it not block: the other end may leave its counter
 * full, and a PMD writes to it. */
char *dpdk_vhost_fd_check_event(int fd);

/* Is 'fd' a stream socket of family AF_UNIX? */
char *dpdk_vhost_fd_check_socket(int fd);

/* Is 'fd' an eventfd? */
bool dpdk_vhost_fd_is_event(int fd);

/* Is 'fd' any socket? */
bool dpdk_vhost_fd_is_socket(int fd);

/* Checks the 'n' descriptors 'fds' that came with 'msg', which may have so
 * many.  If something is wrong with them, stores in '*faultp' what kind of
 * fault that is. */
char *dpdk_vhost_fd_check_message(const struct dpdk_vhost_message *msg,
                                  const int fds[], size_t n,
                                  enum dpdk_vhost_fault *faultp);

#endif /* dpdk-vhost-fd.h */
