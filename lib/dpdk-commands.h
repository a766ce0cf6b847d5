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

#ifndef DPDK_COMMANDS_H
#define DPDK_COMMANDS_H 1

/* Commands for ovs-appctl that show and change the state of ports.
 *
 * Called by plugin.c in MAIN, once DPDK is initialised.  The commands run in
 * MAIN, too. */

/* Registers the commands. */
void dpdk_commands_register(void);

#endif /* dpdk-commands.h */
