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

#ifndef DPDK_ETH_ATTACH_H
#define DPDK_ETH_ATTACH_H 1

/* Which device a "dpdk" port uses
 * ===============================
 *
 * From "dpdk-devargs" to an ethdev, and back.  A device may have several
 * ethdevs, as those of a NIC and its representors, which are siblings: it can
 * only go when none of them is in use.
 *
 * Called by dpdk-eth.c, dpdk-eth-config.c and dpdk-commands.c in MAIN; calls
 * dpdk-eth-port.c and librte_ethdev. */

#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/thread.h"

struct dpdk_eth;

/* Gives 'eth' the device that 'devargs' names: a PCI address or a virtual
 * device, with arguments, or "class=eth,mac=XX:XX:XX:XX:XX:XX".  Attaches it
 * if DPDK does not know it yet.  Returns 0, or a positive errno and stores in
 * '*errp' what the user has to know, to be freed by the caller. */
int dpdk_eth_attach(struct dpdk_eth *eth, const char *devargs, char **errp);

/* Takes the device, which is stopped, from 'eth', and detaches it if it was
 * attached for 'eth', or if it is 'gone', and no other port uses it. */
void dpdk_eth_attach_release(struct dpdk_eth *eth, bool gone);

/* Detaches the device of 'port_id', which is gone, unless a port still uses
 * one of its ethdevs: then the last one that is released detaches it. */
void dpdk_eth_attach_let_go(uint16_t port_id);

/* Detaches the device 'devargs' with all its ethdevs, if no port uses one.
 * Returns NULL if successful, else what the user has to know, to be freed by
 * the caller. */
char *dpdk_eth_attach_remove(const char *devargs);

#endif /* dpdk-eth-attach.h */
