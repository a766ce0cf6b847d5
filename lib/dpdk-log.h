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

#ifndef DPDK_LOG_H
#define DPDK_LOG_H 1

/* The vlog modules of the plugin.
 *
 * Users' scripts, and the tests of Open vSwitch, know two module names: "dpdk"
 * for DPDK itself and "netdev_dpdk" for its ports.  A name has to stay one
 * module, because "vlog/set" looks a name up and changes the level of the
 * first module that it finds, so each file of the plugin logs through one of
 * the two below:
 *
 *     #define this_module (*dpdk_log_netdev)
 */

#include "openvswitch/vlog.h"

/* "netdev_dpdk", which this plugin defines. */
extern struct vlog_module *const dpdk_log_netdev;

/* "dpdk", which the switch defines. */
extern struct vlog_module *dpdk_log_eal;

#endif /* dpdk-log.h */
