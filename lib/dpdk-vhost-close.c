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

/* Closing descriptors that front ends have passed. */

#include <config.h>

#include "dpdk-vhost-close.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/list.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* So many batches of a port may wait before it is stuck. */
#define MAX_BATCHES 4

/* So many descriptors of a port may wait before more of them have to. */
#define MAX_PENDING 64

/* Most threads, each of which is occupied by one port at most: there are not
 * many more ports, see SECURITY.md. */
#define MAX_THREADS 300

/* How long a batch may wait for a thread until its port is stuck, in ms, even
 * if the threads wait for a CPU. */
#define MAX_START 2000

/* How long a batch waits for others before there is one more thread, and may
 * take until its port is stuck, in ms. */
#define MAX_WAIT 200

/* Descriptors that came together. */
struct batch {
    struct ovs_list node;       /* In 'batches'. */
    char *port;
    long long int since;        /* When it came, in ms. */
    bool running;               /* Is there a thread that closes them? */
    long long int begun;        /* Since when, in ms. */
    size_t n;
    int fds[];
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER; /* There are more. */
static struct ovs_list batches OVS_GUARDED_BY(mutex)
    = OVS_LIST_INITIALIZER(&batches);
static unsigned int n_threads OVS_GUARDED_BY(mutex);

/* What a descriptor stands for when its file is closed, until its number is
 * free.  Set before there is a thread. */
static int harmless = -1;

/* Returns true if a batch of 'port' is being closed. */
static bool
is_running(const char *port) OVS_REQUIRES(mutex)
{
    const struct batch *batch;

    LIST_FOR_EACH (batch, node, &batches) {
        if (batch->running && !strcmp(batch->port, port)) {
            return true;
        }
    }
    return false;
}

/* Returns the batch to be closed next, or null if there is none. */
static struct batch *
next_batch(void) OVS_REQUIRES(mutex)
{
    struct batch *batch;

    LIST_FOR_EACH (batch, node, &batches) {
        if (!batch->running && !is_running(batch->port)) {
            return batch;
        }
    }
    return NULL;
}

/* Closes the file that 'fd' stands for, and makes it stand for 'harmless'.  So
 * nobody else can get that number as long as this takes. */
static void
close_file(int fd)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    ignore(dup3(harmless, fd, O_CLOEXEC));
}

/* The main function of the threads.  They use nothing that RCU protects, and
 * never keep it waiting. */
static void *
close_main(void *aux OVS_UNUSED)
{
    pthread_detach(pthread_self());
    ovsrcu_quiesce_start();
    ovs_mutex_lock(&mutex);
    for (;;) {
        struct batch *batch = next_batch();

        if (!batch) {
            ovs_mutex_cond_wait(&cond, &mutex);
            continue;
        }
        batch->running = true;
        batch->begun = time_msec();
        ovs_mutex_unlock(&mutex);

        for (size_t i = 0; i < batch->n; i++) {
            close_file(batch->fds[i]);
        }

        ovs_mutex_lock(&mutex);
        ovs_list_remove(&batch->node);
        for (size_t i = 0; i < batch->n; i++) {
            close(batch->fds[i]);
        }
        free(batch->port);
        free(batch);
    }
    return NULL;
}

/* Returns true if a batch has waited long enough for one more thread. */
static bool
is_late(void) OVS_REQUIRES(mutex)
{
    const struct batch *batch = next_batch();

    return batch && (!n_threads || time_msec() >= batch->since + MAX_WAIT);
}

/* Makes sure that there is 'harmless'.  Returns false if that cannot be. */
static bool
has_harmless(void) OVS_REQUIRES(mutex)
{
    if (harmless < 0) {
        harmless = eventfd(0, EFD_CLOEXEC);
    }
    return harmless >= 0;
}

/* Returns true if there are descriptors for one more thread.  The core makes a
 * pipe for each, and ends the process if it cannot. */
static bool
has_descriptors(void) OVS_REQUIRES(mutex)
{
    int fds[2];

    if (!has_harmless() || pipe2(fds, O_CLOEXEC)) {
        return false;
    }
    close(fds[0]);
    close(fds[1]);
    return true;
}

/* Starts a thread if a batch has waited long enough for one.  If there are no
 * descriptors any more, it has to wait for these, too. */
static void
start_thread(void) OVS_REQUIRES(mutex)
{
    if (n_threads < MAX_THREADS && is_late() && has_descriptors()) {
        n_threads++;
        ovs_thread_create("ovs_vhost_close", close_main, NULL);
    }
}

void
dpdk_vhost_close(const char *port, const int fds[], size_t n)
{
    struct batch *batch;

    if (!n) {
        return;
    }
    batch = xzalloc(sizeof *batch + n * sizeof *fds);
    batch->port = xstrdup(port);
    batch->since = time_msec();
    batch->n = n;
    memcpy(batch->fds, fds, n * sizeof *fds);

    ovs_mutex_lock(&mutex);
    ovs_list_push_back(&batches, &batch->node);
    start_thread();
    xpthread_cond_signal(&cond);
    ovs_mutex_unlock(&mutex);
}

bool
dpdk_vhost_close_run(void)
{
    bool idle;

    ovs_mutex_lock(&mutex);
    start_thread();
    idle = ovs_list_is_empty(&batches);
    ovs_mutex_unlock(&mutex);

    return !idle;
}

bool
dpdk_vhost_close_has(int fd)
{
    const struct batch *batch;
    bool found = false;

    ovs_mutex_lock(&mutex);
    LIST_FOR_EACH (batch, node, &batches) {
        for (size_t i = 0; i < batch->n; i++) {
            found |= batch->fds[i] == fd;
        }
    }
    ovs_mutex_unlock(&mutex);

    return found;
}

void
dpdk_vhost_close_disarm(int fd)
{
    ovs_mutex_lock(&mutex);
    if (has_harmless()) {
        ignore(dup3(harmless, fd, O_CLOEXEC));
    }
    ovs_mutex_unlock(&mutex);
}

bool
dpdk_vhost_close_is_full(const char *port)
{
    const struct batch *batch;
    size_t n = 0;

    ovs_mutex_lock(&mutex);
    LIST_FOR_EACH (batch, node, &batches) {
        n += !strcmp(batch->port, port) ? batch->n : 0;
    }
    ovs_mutex_unlock(&mutex);

    return n >= MAX_PENDING;
}

void
dpdk_vhost_close_forget(const char *port)
{
    static unsigned int n OVS_GUARDED_BY(mutex);
    struct batch *batch;

    ovs_mutex_lock(&mutex);
    n++;
    LIST_FOR_EACH (batch, node, &batches) {
        if (!strcmp(batch->port, port)) {
            free(batch->port);
            /* No port can be called that. */
            batch->port = xasprintf("../%u", n);
        }
    }
    ovs_mutex_unlock(&mutex);
}

bool
dpdk_vhost_close_is_stuck(const char *port)
{
    const long long int now = time_msec();
    const struct batch *batch;
    bool waits = false;
    size_t n = 0;

    ovs_mutex_lock(&mutex);
    LIST_FOR_EACH (batch, node, &batches) {
        if (!strcmp(batch->port, port)) {
            n++;
            waits |= now >= (batch->running ? batch->begun + MAX_WAIT
                             : batch->since + MAX_START);
        }
    }
    ovs_mutex_unlock(&mutex);

    return waits && n >= MAX_BATCHES;
}
