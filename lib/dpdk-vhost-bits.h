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

#ifndef DPDK_VHOST_BITS_H
#define DPDK_VHOST_BITS_H 1

/* Names of the bits that front ends and we negotiate, as the specifications
 * of virtio and of vhost-user spell them.  Called by dpdk-vhost-show.c, calls
 * nothing. */

/* Return the name of feature 'bit', or "bit N" if it has none that we know, in
 * a string that the caller has to free: of virtio, of a network device, and of
 * the protocol. */
char *dpdk_vhost_bits_feature(int bit);
char *dpdk_vhost_bits_protocol(int bit);

#endif /* dpdk-vhost-bits.h */
