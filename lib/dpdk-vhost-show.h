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

#ifndef DPDK_VHOST_SHOW_H
#define DPDK_VHOST_SHOW_H 1

/* The command "netdev-dpdk/vhost-show [--json] [PORT]", which shows all that
 * is known of one vhost port, or of all of them: how far the connection is,
 * what was negotiated, the rings, and the faults of the other end.
 *
 * Addresses of the switch are not shown, in neither form: they are of no use
 * to anybody who looks for the reason why a guest has no network, and of much
 * use to a guest that has found a way to write to an address. */

#include "unixctl.h"

/* Registered by dpdk-commands.c.  MAIN. */
unixctl_cb_func dpdk_vhost_show;

#endif /* dpdk-vhost-show.h */
