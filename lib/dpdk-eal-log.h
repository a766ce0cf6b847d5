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

#ifndef DPDK_EAL_LOG_H
#define DPDK_EAL_LOG_H 1

/* From DPDK's log to the vlog module "dpdk".
 *
 * Called by dpdk-eal.c and, for errors, dpdk-eth*.c in MAIN.  DPDK then logs
 * from any thread. */

#include <stddef.h>

/* Redirects DPDK's log to vlog.  Returns 0 or a positive errno. */
int dpdk_eal_log_open(void);

/* Undoes dpdk_eal_log_open(), so that DPDK logs nowhere. */
void dpdk_eal_log_close(void);

/* Copies to the 'size' bytes in 'buf' the first error or worse that DPDK has
 * logged since the last call, or an empty string if there was none. */
void dpdk_eal_log_take_error(char *buf, size_t size);

#endif /* dpdk-eal-log.h */
