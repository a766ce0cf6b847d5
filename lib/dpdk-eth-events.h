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

#ifndef DPDK_ETH_EVENTS_H
#define DPDK_ETH_EVENTS_H 1

/* What NICs report by themselves
 * ==============================
 *
 * A driver calls back, in the thread INTERRUPT and possibly with locks of
 * its own held, when a link changes, when a device needs a reset, and when it
 * is pulled out.  The callbacks take no mutex of a port: they take a note and
 * wake WATCHDOG, which looks at links, or MAIN, which does the rest.
 *
 * Called by dpdk-eth.c, calls librte_ethdev and dpdk-eth-port.c. */

#include <stdbool.h>
#include <stdint.h>

struct dpdk_eth;

/* Registers the callbacks and starts WATCHDOG.  Called once. */
void dpdk_eth_events_init(void);

/* Looks at the link of 'eth', and tells the core if it has changed.  The
 * port's mutex must not be held.  To be called after each change of how the
 * link is watched. */
void dpdk_eth_events_check_link(struct dpdk_eth *eth);

/* Has WATCHDOG look at all links soon. */
void dpdk_eth_events_look(void);

/* Returns true if 'port_id' has asked for a reset since the last call. */
bool dpdk_eth_events_take_reset(uint16_t port_id);

/* Returns true if the device of 'port_id' has been pulled out since the last
 * call. */
bool dpdk_eth_events_take_removal(uint16_t port_id);

/* Returns true if a device has asked for a reset or has been pulled out since
 * the last call.  In the latter case dpdk_eth_events_take_removal() says so of
 * each of its ports.  dpdk_eth_events_wait() wakes the poll loop when that
 * becomes so. */
bool dpdk_eth_events_run(void);
void dpdk_eth_events_wait(void);

#endif /* dpdk-eth-events.h */
