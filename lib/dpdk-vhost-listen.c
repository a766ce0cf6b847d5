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

/* Sockets of ports on which librte_vhost listens, and is not to.  Called by
 * dpdk-vhost-guard.c. */

#include <config.h>

#include "dpdk-vhost-listen.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dpdk-vhost-close.h"
#include "openvswitch/list.h"
#include "util.h"

/* A socket that was taken away. */
struct taken {
    struct ovs_list node;       /* In 'all_taken'. */
    const void *port;
    char *name;                 /* Of the port. */
    int fd;                     /* The socket. */
    int number;                 /* What it was, and stands for nothing. */
};

static struct ovs_list all_taken = OVS_LIST_INITIALIZER(&all_taken);

static struct taken *
find_taken(const void *port)
{
    struct taken *taken;

    LIST_FOR_EACH (taken, node, &all_taken) {
        if (taken->port == port) {
            return taken;
        }
    }
    return NULL;
}

/* Makes 'number', a socket, stand for something that is never readable.
 * Returns the socket, or -1 if that cannot be. */
static int
replace(int number)
{
    int fd = fcntl(number, F_DUPFD_CLOEXEC, 0);
    int never = eventfd(0, EFD_CLOEXEC);

    if (fd >= 0 && (never < 0 || dup3(never, number, O_CLOEXEC) < 0)) {
        close(fd);
        fd = -1;
    }
    if (never >= 0) {
        close(never);
    }
    return fd;
}

void
dpdk_vhost_listen_pause(const void *port, const char *name, const char *path,
                        dpdk_vhost_connfd_is_taken_func *is_taken)
{
    struct taken *taken;
    int number, fd;

    if (find_taken(port)) {
        return;
    }
    number = dpdk_vhost_connfd_find_listener(path, is_taken);
    fd = number >= 0 ? replace(number) : -1;
    if (fd < 0) {
        return;
    }
    taken = xzalloc(sizeof *taken);
    taken->port = port;
    taken->name = xstrdup(name);
    taken->fd = fd;
    taken->number = number;
    ovs_list_push_back(&all_taken, &taken->node);
}

/* Forgets 'taken'. */
static void
forget(struct taken *taken)
{
    ovs_list_remove(&taken->node);
    free(taken->name);
    free(taken);
}

bool
dpdk_vhost_listen_run(void)
{
    struct taken *taken, *next;

    LIST_FOR_EACH_SAFE (taken, next, node, &all_taken) {
        if (!dpdk_vhost_close_is_stuck(taken->name)) {
            ignore(dup3(taken->fd, taken->number, O_CLOEXEC));
            close(taken->fd);
            forget(taken);
        }
    }
    return !ovs_list_is_empty(&all_taken);
}

void
dpdk_vhost_listen_end(const void *port, const char *name, const char *path,
                      dpdk_vhost_connfd_is_taken_func *is_taken)
{
    struct taken *taken;

    dpdk_vhost_listen_pause(port, name, path, is_taken);
    taken = find_taken(port);
    if (taken) {
        shutdown(taken->fd, SHUT_RDWR);
        dpdk_vhost_close(name, &taken->fd, 1);
        forget(taken);
    }
}
