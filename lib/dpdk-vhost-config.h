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

#ifndef DPDK_VHOST_CONFIG_H
#define DPDK_VHOST_CONFIG_H 1

/* Interface:options of vhost-user ports, members "set_config" of the classes;
 * see netdev-provider.h.  A port with an option that is wrong goes on with the
 * previous value, and its error says so. */

#include <stdbool.h>

struct netdev;
struct smap;

int dpdk_vhost_config_set_server(struct netdev *netdev,
                                 const struct smap *args, char **errp);
int dpdk_vhost_config_set_client(struct netdev *netdev,
                                 const struct smap *args, char **errp);

/* The values of "vhost-datapath": "auto" wants views of rings where possible,
 * see dpdk-vhost-ring.h, "library" never.  dpdk_vhost_config_parse_datapath()
 * returns false if 'name' is neither. */
const char *dpdk_vhost_config_datapath_name(bool wanted);
bool dpdk_vhost_config_parse_datapath(const char *name, bool *wantedp);

#endif /* dpdk-vhost-config.h */
