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

#ifndef DPDK_VHOST_EVENTS_H
#define DPDK_VHOST_EVENTS_H 1

/* What librte_vhost calls back: guests that come and go, rings that are turned
 * on and off.
 *
 * All callbacks run in VHOST, except that destroy_device() runs in MAIN when
 * it unregisters a socket, which destroy_connection() is not called for, and
 * that new_connection() of a client port runs in MAIN, or in the thread of
 * librte_vhost that connects anew.
 * vring_state_changed() runs with a lock of librte_vhost held that a PMD may
 * be waiting for, so it only tells dpdk-vhost-ring.c and enqueues, and EVENT
 * does the rest. */

struct rte_vhost_device_ops;

/* To be registered for each socket. */
extern const struct rte_vhost_device_ops dpdk_vhost_device_ops;

/* Tells that the status of the rings of the guest 'vid' has changed.  VHOST,
 * with any locks. */
void dpdk_vhost_events_rings_changed(int vid);

/* Tells that a port has a fault, has come to be held down or is so no more, or
 * that its socket is to be restarted.  Any thread, with any locks. */
void dpdk_vhost_events_wake(void);

/* Starts EVENT, if it does not run yet.  MAIN. */
void dpdk_vhost_events_start(void);

#endif /* dpdk-vhost-events.h */
