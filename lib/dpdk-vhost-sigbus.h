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

#ifndef DPDK_VHOST_SIGBUS_H
#define DPDK_VHOST_SIGBUS_H 1

/* Memory of guests that is taken away
 * ====================================
 *
 * Whoever shares a file with us may truncate it later.  Then the next access
 * to what is missing raises SIGBUS, in whatever thread it is, ours or the
 * library's.  We know which addresses are a guest's: there, a handler puts
 * empty memory in the place of the whole region, as part of a mapping of huge
 * pages cannot be replaced, and the access goes on.  GUARD then finds that the
 * guest has lost its memory and closes the connection.  Until it does, rings
 * are empty or break, and what is written to them is lost.
 *
 * Any other SIGBUS goes to the handler that there was before, or ends the
 * process as it would have.
 *
 * Called by dpdk-vhost.c, dpdk-vhost-events.c, dpdk-vhost-ring.c and
 * dpdk-vhost-guard.c; calls librte_vhost.  Functions for one 'vid', except for
 * dpdk_vhost_sigbus_is_lost(), are called by one thread at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Installs the handler, if it is not yet.  MAIN. */
void dpdk_vhost_sigbus_start(void);

/* Makes the 'size' bytes from 'start' on, which are whole pages, memory of
 * 'vid'.  Ignores what there is no room for, a ninth region for example. */
void dpdk_vhost_sigbus_add(int vid, void *start, size_t size);

/* Forgets the memory of 'vid', which is about to be unmapped. */
void dpdk_vhost_sigbus_clear(int vid);

/* librte_vhost is about to handle, or has handled, a message with number
 * 'request' of 'vid'.  VHOST. */
void dpdk_vhost_sigbus_before_message(int vid, uint32_t request);
void dpdk_vhost_sigbus_after_message(int vid, uint32_t request);

/* Returns true if memory of 'vid' was taken away.  Any thread. */
bool dpdk_vhost_sigbus_is_lost(int vid);

#endif /* dpdk-vhost-sigbus.h */
