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

#ifndef NETDEV_PLUGIN_ELF_H
#define NETDEV_PLUGIN_ELF_H 1

/* ABI blocks
 * ==========
 *
 * Reads the ABI block of a plugin or a switch from its file, without running
 * any code in it, and compares two of them.  Called by netdev-plugin.c, which
 * loads plugins, and by ovs-plugin-abi(1), which explains them.
 *
 * Blocks describe themselves, so those of other versions of Open vSwitch can
 * be read and compared, too.
 *
 * Thread-safety
 * -------------
 *
 * These functions keep no state, so they may be called by any thread. */

#include <stdbool.h>
#include <stddef.h>

#include "netdev-plugin.h"

#ifdef  __cplusplus
extern "C" {
#endif

struct svec;

char *netdev_plugin_elf_read(int fd, const char *symbol,
                             struct netdev_plugin_abi **abip);
char *netdev_plugin_elf_parse(const void *file, size_t size,
                              const char *symbol,
                              struct netdev_plugin_abi **abip);

size_t netdev_plugin_abi_size(const struct netdev_plugin_abi *);
const struct netdev_plugin_abi_field *netdev_plugin_abi_field_at(
    const struct netdev_plugin_abi *, size_t index);
const struct netdev_plugin_abi_field *netdev_plugin_abi_find(
    const struct netdev_plugin_abi *, const char *name);
char *netdev_plugin_abi_value(const struct netdev_plugin_abi_field *);
bool netdev_plugin_abi_compare(const struct netdev_plugin_abi *plugin,
                               const struct netdev_plugin_abi *host,
                               const char *host_place,
                               struct svec *differences);

#ifdef  __cplusplus
}
#endif

#endif /* netdev-plugin-elf.h */
