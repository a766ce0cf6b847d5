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

#ifndef DPDK_VHOST_CALL_H
#define DPDK_VHOST_CALL_H 1

/* The eventfds that a front end is notified by, one for each of its rings
 * ========================================================================
 *
 * Whoever notifies a guest writes to an eventfd, which blocks if its counter
 * is full and it is told to block.  It is told not to when it comes, but that
 * is a property of the open file, so that the front end may tell it otherwise
 * later, and can fill it.  Then a PMD hangs, and whoever waits for that PMD.
 *
 * There is no way to write to an eventfd without blocking that does not depend
 * on this property, but one to read from it.  So GUARD keeps a duplicate of
 * each, finds those that are full and block, which is no accident, empties
 * them, which wakes the PMD up, and closes the connection.  Until librte_vhost
 * does not use them any more, it empties them again and again.
 *
 * Called by dpdk-vhost-guard.c, with its mutex; calls the kernel only. */

#include <stdbool.h>

#include "dpdk-vhost-message.h"

struct dpdk_vhost_fds;

/* Those of a connection. */
struct dpdk_vhost_calls {
    unsigned int n;             /* Elements that are in use. */
    int fds[DPDK_VHOST_MESSAGE_MAX_RINGS]; /* By ring, or -1. */
};

/* Takes note of 'msg', which has been checked, and came with 'fds'.  Returns 0
 * or a positive errno. */
int dpdk_vhost_calls_note(struct dpdk_vhost_calls *calls,
                          const struct dpdk_vhost_message *msg,
                          const struct dpdk_vhost_fds *fds);

/* Empties those that are full and block.  Returns the number of a ring that
 * has one, or -1. */
int dpdk_vhost_calls_drain(const struct dpdk_vhost_calls *calls);

void dpdk_vhost_calls_close(struct dpdk_vhost_calls *calls);

/* Takes 'calls', some of which were full, from the connection 'vid', which is
 * being closed, and makes dpdk_vhost_calls_run() empty them. */
void dpdk_vhost_calls_abandon(struct dpdk_vhost_calls *calls, int vid);

/* Empties what was abandoned and is still in use.  Returns false if there is
 * nothing, else this has to be called again, soon. */
bool dpdk_vhost_calls_run(void);

/* librte_vhost does not use the eventfds of connection 'vid' any more. */
void dpdk_vhost_calls_forget(int vid);

#endif /* dpdk-vhost-call.h */
