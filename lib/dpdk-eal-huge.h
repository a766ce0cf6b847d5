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

#ifndef DPDK_EAL_HUGE_H
#define DPDK_EAL_HUGE_H 1

/* Whether there are hugepages
 * ===========================
 *
 * The usual reason for which EAL does not start.  It would find that out only
 * after it has taken over its arguments, and does not take them again after
 * that, so it had better not be asked.
 *
 * Called by dpdk-eal.c. */

#include <stdbool.h>

/* Returns true if there are hugepages of any size that a process can get, by
 * what is below 'sysfs', which is "/sys". */
bool dpdk_eal_huge_available(const char *sysfs);

#endif /* dpdk-eal-huge.h */
