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
#ifndef DPDK_EAL_KEYS_H
#define DPDK_EAL_KEYS_H 1

/* Keys of Open_vSwitch other_config that have no effect.
 *
 * Called by plugin.c in MAIN. */

struct smap;

/* Warns, once for each value, about keys in 'other_config' that look as if
 * they were ours and that we do not know. */
void dpdk_eal_keys_check_names(const struct smap *other_config);

/* Warns, once, if 'other_config' wants flows to be offloaded to NICs, which
 * the ports of this plugin do not do. */
void dpdk_eal_keys_check_offload(const struct smap *other_config);

/* Remembers 'other_config' as what DPDK was initialised with. */
void dpdk_eal_keys_set_applied(const struct smap *other_config);

/* Warns, once for each value, about keys in 'other_config' that differ from
 * what DPDK was initialised with. */
void dpdk_eal_keys_check_applied(const struct smap *other_config);

#endif /* dpdk-eal-keys.h */
