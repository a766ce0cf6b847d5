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

#ifndef DPDK_ETH_HINT_H
#define DPDK_ETH_HINT_H 1

/* Why a device cannot be attached, as the kernel's view of it tells
 *
 * DPDK says little more than "no such device".  Called by dpdk-eth-attach.c;
 * calls no DPDK.  Any thread. */

#include <stdbool.h>
#include <stddef.h>

/* If 'devargs' starts with the address of a PCI device, copies it in full,
 * e.g. "0000:06:00.0", to the 'size' bytes in 'address' and returns true. */
bool dpdk_eth_hint_pci_address(const char *devargs, char *address,
                               size_t size);

/* Returns what 'sysfs', e.g. "/sys", tells about why DPDK cannot drive the PCI
 * device 'address' and what to do about it, or NULL if it tells nothing.  The
 * caller has to free the string. */
char *dpdk_eth_hint_pci(const char *sysfs, const char *address);

#endif /* dpdk-eth-hint.h */
