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

#ifndef DPDK_VHOST_FILE_H
#define DPDK_VHOST_FILE_H 1

/* The files of sockets that the switch owns: who may connect, and whose file
 * it is that is removed.
 *
 * Others may rename such a file away, as container networking does to hand the
 * socket to a container, and put one of their own in its place.  So a socket
 * is known by its inode, which stays open here: access is changed wherever the
 * file is now, and only our own is ever removed.
 *
 * Called by dpdk-vhost.c and dpdk-vhost-config.c in MAIN. */

#include <stdbool.h>
#include <sys/types.h>

struct smap;

/* Who may connect to a socket. */
struct dpdk_vhost_access {
    mode_t mode;
    uid_t owner;
    gid_t group;
};

struct dpdk_vhost_file;

/* Returns the socket that has just been bound to 'path', which is removed when
 * the process ends, or NULL if there is none. */
struct dpdk_vhost_file *dpdk_vhost_file_create(const char *path);

/* Forgets 'file', which may be null. */
void dpdk_vhost_file_destroy(struct dpdk_vhost_file *file);

/* librte_vhost removes whatever is at the path of a socket.  If that is not
 * 'file', dpdk_vhost_file_hide() renames it until dpdk_vhost_file_unhide()
 * gives it its name back. */
void dpdk_vhost_file_hide(struct dpdk_vhost_file *file);
void dpdk_vhost_file_unhide(struct dpdk_vhost_file *file);

/* Parses the options "vhost-socket-mode" (octal), "vhost-socket-owner" and
 * "vhost-socket-group" (names or numbers) in 'args' into 'access'.  What is
 * not given is as 'file' was created.  Returns NULL, or a phrase that says
 * what is wrong and that the caller has to free. */
char *dpdk_vhost_file_parse_access(const struct dpdk_vhost_file *file,
                                   const struct smap *args,
                                   struct dpdk_vhost_access *access);

/* Gives 'file' that 'access', if it does not have it.  Returns NULL, or a
 * phrase that says why it still has its previous one, and that the caller has
 * to free. */
char *dpdk_vhost_file_set_access(struct dpdk_vhost_file *file,
                                 const struct dpdk_vhost_access *access);

#endif /* dpdk-vhost-file.h */
