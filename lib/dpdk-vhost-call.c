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

/* The eventfds that a front end is notified by.  Called by
 * dpdk-vhost-guard.c. */

#include <config.h>

#include "dpdk-vhost-call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dpdk-vhost-wire.h"
#include "openvswitch/list.h"
#include "timeval.h"
#include "util.h"

/* In SET_VRING_CALL, the number of the ring. */
#define RING_MASK 0xff

/* Time for librte_vhost to close a connection, in ms.  It does not say when it
 * has unregistered a socket. */
#define MAX_CLOSE 10000

/* Eventfds of a connection that is being closed. */
struct abandoned {
    struct ovs_list node;       /* In 'all_abandoned'. */
    int vid;
    long long int end;          /* When nobody uses them any more for sure. */
    struct dpdk_vhost_calls calls;
};

static struct ovs_list all_abandoned = OVS_LIST_INITIALIZER(&all_abandoned);

int
dpdk_vhost_calls_note(struct dpdk_vhost_calls *calls,
                      const struct dpdk_vhost_message *msg,
                      const struct dpdk_vhost_fds *fds)
{
    unsigned int ring = msg->payload.u64 & RING_MASK;
    int fd = -1;

    if (msg->request != DPDK_VHOST_SET_VRING_CALL) {
        return 0;
    }
    if (fds->n) {
        fd = fcntl(fds->fds[0], F_DUPFD_CLOEXEC, 0);
        if (fd < 0) {
            return errno;
        }
    }
    while (calls->n <= ring) {
        calls->fds[calls->n++] = -1;
    }
    if (calls->fds[ring] >= 0) {
        close(calls->fds[ring]);
    }
    calls->fds[ring] = fd;
    return 0;
}

/* Reads from 'fd', which may block, without that. */
static void
drain(int fd)
{
    uint64_t value;
    struct iovec iov = { &value, sizeof value };

    ignore(preadv2(fd, &iov, 1, -1, RWF_NOWAIT));
}

int
dpdk_vhost_calls_drain(const struct dpdk_vhost_calls *calls)
{
    struct pollfd pfds[DPDK_VHOST_MESSAGE_MAX_RINGS];
    int full = -1;

    for (unsigned int i = 0; i < calls->n; i++) {
        pfds[i] = (struct pollfd) { .fd = calls->fds[i], .events = POLLOUT };
    }
    if (poll(pfds, calls->n, 0) < 0) {
        return -1;
    }
    for (unsigned int i = 0; i < calls->n; i++) {
        if (calls->fds[i] >= 0 && !(pfds[i].revents & POLLOUT)
            && !(fcntl(calls->fds[i], F_GETFL) & O_NONBLOCK)) {
            drain(calls->fds[i]);
            full = i;
        }
    }
    return full;
}

void
dpdk_vhost_calls_close(struct dpdk_vhost_calls *calls)
{
    for (unsigned int i = 0; i < calls->n; i++) {
        if (calls->fds[i] >= 0) {
            close(calls->fds[i]);
        }
    }
    calls->n = 0;
}

void
dpdk_vhost_calls_abandon(struct dpdk_vhost_calls *calls, int vid)
{
    struct abandoned *a = xmalloc(sizeof *a);

    a->vid = vid;
    a->end = time_msec() + MAX_CLOSE;
    a->calls = *calls;
    calls->n = 0;
    ovs_list_push_back(&all_abandoned, &a->node);
}

static void
free_abandoned(struct abandoned *a)
{
    ovs_list_remove(&a->node);
    dpdk_vhost_calls_close(&a->calls);
    free(a);
}

bool
dpdk_vhost_calls_run(void)
{
    struct abandoned *a, *next;

    LIST_FOR_EACH_SAFE (a, next, node, &all_abandoned) {
        dpdk_vhost_calls_drain(&a->calls);
        if (time_msec() >= a->end) {
            free_abandoned(a);
        }
    }
    return !ovs_list_is_empty(&all_abandoned);
}

void
dpdk_vhost_calls_forget(int vid)
{
    struct abandoned *a, *next;

    LIST_FOR_EACH_SAFE (a, next, node, &all_abandoned) {
        if (a->vid == vid) {
            free_abandoned(a);
        }
    }
}
