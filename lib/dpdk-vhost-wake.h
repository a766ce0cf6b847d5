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

#ifndef DPDK_VHOST_WAKE_H
#define DPDK_VHOST_WAKE_H 1

/* Wakes VHOST, the thread of librte_vhost.  Called by dpdk-vhost-driver.c in
 * MAIN, with no mutex held. */

/* Makes VHOST look at the sockets that were registered before. */
void dpdk_vhost_wake(void);

#endif /* dpdk-vhost-wake.h */
