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

#ifndef DPDK_VHOST_CLOSE_H
#define DPDK_VHOST_CLOSE_H 1

/* Closing descriptors that front ends have passed
 * ================================================
 *
 * close() may take as long as whoever made the file likes: a socket may linger
 * until its peer has read all that was sent, a file of FUSE asks its server,
 * an eventfd waits for an instance of epoll that waits for it, and that for a
 * page of its user, and a socket may have any of these on their way in what
 * nobody has read.  So those that are not known to be harmless, and the
 * sockets of front ends, are closed by threads that nobody waits for.
 *
 * Only the last descriptor of a file takes that long.  librte_vhost gets an
 * eventfd of ours in the place of one that nobody uses, and of those that it
 * notifies guests by, we have another one for as long, see dpdk-vhost-call.h.
 *
 * A thread closes what came from one port at a time, and the next batch of
 * that port waits for it, so that a port can occupy one thread only.  There is
 * one more as soon as others would have to wait for long.
 *
 * Called by dpdk-vhost-guard.c, dpdk-vhost-relay.c, dpdk-vhost-listen.c,
 * dpdk-vhost-call.c, dpdk-vhost-events.c and dpdk-vhost.c; calls the kernel
 * only. */

#include <stdbool.h>
#include <stddef.h>

/* Closes the 'n' descriptors 'fds', which came from a front end of the port
 * called 'port', before long if they let us.  Any thread. */
void dpdk_vhost_close(const char *port, const int fds[], size_t n);

/* Returns true if 'fd' is one that is to be closed.  It has that number until
 * it is. */
bool dpdk_vhost_close_has(int fd);

/* Makes 'fd', which somebody else is about to close, stand for something
 * harmless.  What it has stood for needs another descriptor. */
void dpdk_vhost_close_disarm(int fd);

/* Returns true if so many descriptors of the port called 'port' are to be
 * closed that more of them have to wait. */
bool dpdk_vhost_close_is_full(const char *port);

/* Returns true if so many of the descriptors of the port called 'port' cannot
 * be closed that it must not have any more of them. */
bool dpdk_vhost_close_is_stuck(const char *port);

/* Forgets that what is still to be closed came from the port called 'port',
 * which is gone: the next one of that name has nothing to do with it.  Not for
 * a port that only begins again with its socket, which its peer can have it
 * do: it would occupy one more thread each time. */
void dpdk_vhost_close_forget(const char *port);

/* To be called every now and then: sees that nobody waits for a port that is
 * not theirs.  Returns false if there is nothing to be closed. */
bool dpdk_vhost_close_run(void);

#endif /* dpdk-vhost-close.h */
