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

/* The vlog modules of the plugin.  Called by nobody, used by every file that
 * logs. */

#include <config.h>

#include "dpdk-log.h"

VLOG_DEFINE_THIS_MODULE(netdev_dpdk);

struct vlog_module *const dpdk_log_netdev = &this_module;

struct vlog_module *dpdk_log_eal;

/* The switch registers its modules before it loads a plugin, so the name is
 * there.  Were it not, logging to our own module beats not logging. */
OVS_CONSTRUCTOR(dpdk_log_init)
{
    dpdk_log_eal = vlog_module_from_name("dpdk");
    if (!dpdk_log_eal) {
        dpdk_log_eal = dpdk_log_netdev;
    }
}
