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

#ifndef DPDK_QOS_TRTCM_H
#define DPDK_QOS_TRTCM_H 1

/* The type of QoS "trtcm-policer": two rates and three colours, RFC 4115.
 *
 * A packet belongs to the queue that its 'skb_priority' names, by OpenFlow
 * "set_queue", or to queue 0 if there is none.  The meter of the queue colours
 * it, the meter of the port takes that colour into account, and what is red
 * then is dropped.  Thread-safety and functions are in dpdk-qos.h. */

#include "dpdk-qos.h"

extern const struct dpdk_qos_type dpdk_qos_trtcm_type;

#endif /* dpdk-qos-trtcm.h */
