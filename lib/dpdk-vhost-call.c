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
 * dpdk-vhost-guard.c and dpdk-vhost-relay.c. */

#include <config.h>

#include "dpdk-vhost-call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dpdk-vhost-close.h"
#include "dpdk-vhost-fd.h"
#include "dpdk-vhost-wire.h"
#include "openvswitch/list.h"
#include "timeval.h"
#include "util.h"

/* In SET_VRING_CALL, the number of the ring. */
#define RING_MASK 0xff

/* Eventfds that were replaced, but that may be in use yet.  A front end that
 * has replaced so many waits. */
#define MAX_REPLACED 64

/* Most reads to empty an eventfd.  A single one does, unless the front end has
 * made it a semaphore, which counts down by 1. */
#define MAX_READS 256

/* How long that may go on for those of a connection, in us. */
#define MAX_DRAIN 5000

/* The signal that ends a write().  By default, it is ignored. */
#define INTERRUPT SIGURG

#define TASK_DIR "/proc/self/task"
#define TASK_SYSCALL "/proc/self/task/%s/syscall"

/* An eventfd that was replaced. */
struct replaced {
    int fd;
    unsigned int ring;
    uint64_t message;           /* Number of the message that did that. */
};

/* Those of a connection. */
struct dpdk_vhost_calls {
    struct ovs_list node;       /* In 'abandoned', if they are. */
    int vid;
    const void *port;
    char *name;                 /* Of the port. */

    unsigned int n;             /* Elements that are in use. */
    int fds[DPDK_VHOST_MESSAGE_MAX_RINGS]; /* By ring, or -1. */

    unsigned int n_replaced;
    struct replaced replaced[MAX_REPLACED];
};

/* Those of connections that are being closed. */
static struct ovs_list abandoned = OVS_LIST_INITIALIZER(&abandoned);

static void
do_nothing(int signo OVS_UNUSED)
{
}

void
dpdk_vhost_calls_start(void)
{
    /* Without SA_RESTART. */
    const struct sigaction action = { .sa_handler = do_nothing };

    sigaction(INTERRUPT, &action, NULL);
}

struct dpdk_vhost_calls *
dpdk_vhost_calls_create(int vid, const void *port, const char *name)
{
    struct dpdk_vhost_calls *calls = xzalloc(sizeof *calls);

    calls->vid = vid;
    calls->port = port;
    calls->name = xstrdup(name);
    return calls;
}

/* Closes what was replaced by messages that librte_vhost has handled, as it
 * has if it has begun the next one. */
static void
close_replaced(struct dpdk_vhost_calls *calls, uint64_t begun)
{
    unsigned int n = 0;

    for (unsigned int i = 0; i < calls->n_replaced; i++) {
        if (calls->replaced[i].message < begun) {
            dpdk_vhost_close(calls->name, &calls->replaced[i].fd, 1);
        } else {
            calls->replaced[n++] = calls->replaced[i];
        }
    }
    calls->n_replaced = n;
}

int
dpdk_vhost_calls_note(struct dpdk_vhost_calls *calls,
                      const struct dpdk_vhost_message *msg,
                      const struct dpdk_vhost_fds *fds,
                      uint64_t message, uint64_t begun)
{
    unsigned int ring = msg->payload.u64 & RING_MASK;
    int fd = -1;

    close_replaced(calls, begun);
    if (msg->request != DPDK_VHOST_SET_VRING_CALL) {
        return 0;
    }
    if (calls->n_replaced >= MAX_REPLACED) {
        return EAGAIN;
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
        calls->replaced[calls->n_replaced++]
            = (struct replaced) { calls->fds[ring], ring, message };
    }
    calls->fds[ring] = fd;
    return 0;
}

/* Would who writes to 'fd' wait? */
static bool
is_full(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLOUT };

    return poll(&pfd, 1, 0) >= 0 && !(pfd.revents & POLLOUT);
}

/* Empties 'fd', which may block, without that.  A writer that has waited goes
 * on.
 *
 * Each read notifies all who wait for that eventfd, which takes as long as the
 * peer likes, so there is none but the first one after 'until', and none at
 * all if another ring has the same one. */
static void
drain(int fd, long long int until)
{
    if (!is_full(fd)) {
        return;
    }
    for (int i = 0; i < MAX_READS && (!i || time_usec() < until); i++) {
        uint64_t value;
        struct iovec iov = { &value, sizeof value };

        if (preadv2(fd, &iov, 1, -1, RWF_NOWAIT) < 0) {
            break;
        }
    }
}

int
dpdk_vhost_calls_drain(const struct dpdk_vhost_calls *calls)
{
    struct pollfd pfds[DPDK_VHOST_MESSAGE_MAX_RINGS + MAX_REPLACED];
    unsigned int n = calls->n + calls->n_replaced;
    const long long int until = time_usec() + MAX_DRAIN;
    int full = -1;

    for (unsigned int i = 0; i < n; i++) {
        pfds[i] = (struct pollfd) {
            .fd = (i < calls->n ? calls->fds[i]
                   : calls->replaced[i - calls->n].fd),
            .events = POLLOUT,
        };
    }
    if (poll(pfds, n, 0) < 0) {
        return -1;
    }
    for (unsigned int i = 0; i < n && (full < 0 || time_usec() < until); i++) {
        if (pfds[i].fd >= 0 && !(pfds[i].revents & POLLOUT)) {
            drain(pfds[i].fd, until);
            full = i < calls->n ? i : calls->replaced[i - calls->n].ring;
        }
    }
    return full;
}

/* Returns true if the thread 'tid' waits to write to an eventfd. */
static bool
is_waiting(const char *tid)
{
    char *path = xasprintf(TASK_SYSCALL, tid);
    FILE *stream = fopen(path, "r");
    bool waiting = false;
    unsigned int fd;
    int number;

    free(path);
    if (stream) {
        /* It is not a number if the thread runs. */
        waiting = fscanf(stream, "%d %x", &number, &fd) == 2
                  && number == SYS_write && dpdk_vhost_fd_is_event(fd);
        fclose(stream);
    }
    return waiting;
}

/* Interrupts all who wait to write to an eventfd. */
static void
interrupt(void)
{
    DIR *dir = opendir(TASK_DIR);
    struct dirent *de;

    while (dir && (de = readdir(dir))) {
        int tid;

        if (str_to_int(de->d_name, 10, &tid) && is_waiting(de->d_name)) {
            syscall(SYS_tgkill, getpid(), tid, INTERRUPT);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

void
dpdk_vhost_calls_abandon(struct dpdk_vhost_calls *calls)
{
    ovs_list_push_back(&abandoned, &calls->node);
}

bool
dpdk_vhost_calls_run(void)
{
    const struct dpdk_vhost_calls *calls;

    LIST_FOR_EACH (calls, node, &abandoned) {
        if (dpdk_vhost_calls_drain(calls) >= 0) {
            interrupt();
        }
    }
    return !ovs_list_is_empty(&abandoned);
}

/* Frees 'calls', which are abandoned. */
static void
destroy(struct dpdk_vhost_calls *calls)
{
    unsigned int n = 0;

    ovs_list_remove(&calls->node);
    close_replaced(calls, UINT64_MAX);
    for (unsigned int i = 0; i < calls->n; i++) {
        if (calls->fds[i] >= 0) {
            calls->fds[n++] = calls->fds[i];
        }
    }
    dpdk_vhost_close(calls->name, calls->fds, n);
    free(calls->name);
    free(calls);
}

void
dpdk_vhost_calls_forget(int vid)
{
    struct dpdk_vhost_calls *calls, *next;

    LIST_FOR_EACH_SAFE (calls, next, node, &abandoned) {
        if (calls->vid == vid) {
            destroy(calls);
        }
    }
}

void
dpdk_vhost_calls_forget_port(const void *port)
{
    struct dpdk_vhost_calls *calls, *next;

    LIST_FOR_EACH_SAFE (calls, next, node, &abandoned) {
        if (calls->port == port) {
            destroy(calls);
        }
    }
}
