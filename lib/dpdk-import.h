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

#ifndef DPDK_IMPORT_H
#define DPDK_IMPORT_H 1

/* Functions that a shared object imports, as in the ELF specification, "Global
 * Offset Table" and "Procedure Linkage Table", and the processor's supplement
 * to it.  Called by dpdk-vhost-sigbus.c; calls the dynamic linker.
 *
 * It is the last resort where a library calls what it should not, with no
 * option and no hook to have it otherwise: nothing but that library changes,
 * and nothing on disk. */

/* Lets the shared object that has 'member', the address of any function or
 * variable of its own, call 'function' instead of the one of another shared
 * object that is named 'name'.
 *
 * Returns 0 if successful, ENOENT if it calls none of that name, ENOTSUP if
 * the processor is not known, or another positive errno.  The shared object
 * must not call it for the first time meanwhile.  MAIN. */
int dpdk_import_replace(const void *member, const char *name,
                        const void *function);

#endif /* dpdk-import.h */
