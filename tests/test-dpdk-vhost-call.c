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

/* Unit tests of lib/dpdk-vhost-call.c: who waits to write to an eventfd that
 * is full goes on, whatever became of it.  Needs neither root nor EAL. */

#include <config.h>

#include "dpdk-vhost-call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpdk-vhost-close.h"
#include "dpdk-vhost-wire.h"
#include "timeval.h"
#include "util.h"

/* Instances of epoll that wait for an eventfd. */
#define N_WAITING 500

#define FULL (UINT64_MAX - 1)
#define NO_FD (1 << 8)

#define FD_DIR "/proc/self/fd"
#define TASK_STAT "/proc/self/task/%d/stat"

static size_t n_closed;         /* Descriptors that were. */

/* Stands for the threads that close descriptors, which may take long. */
void
dpdk_vhost_close(const char *port, const int fds[], size_t n)
{
    assert_string_equal(port, "p");
    for (size_t i = 0; i < n; i++) {
        close(fds[i]);
    }
    n_closed += n;
}

/* Notes 'msg' number 'message' while librte_vhost is at number 'begun'. */
static int
try_note(struct dpdk_vhost_calls *calls, uint32_t request, uint64_t value,
         int fd, uint64_t message, uint64_t begun)
{
    struct dpdk_vhost_message msg = { .request = request };
    struct dpdk_vhost_fds fds = { .fds = { fd }, .n = fd >= 0 };

    msg.payload.u64 = value;
    return dpdk_vhost_calls_note(calls, &msg, &fds, message, begun);
}

static void
note(struct dpdk_vhost_calls *calls, uint64_t value, int fd)
{
    assert_int_equal(try_note(calls, DPDK_VHOST_SET_VRING_CALL, value, fd,
                              1, 0), 0);
}

/* Closes all that 'calls', of connection 'vid', have. */
static void
destroy(struct dpdk_vhost_calls *calls, int vid)
{
    dpdk_vhost_calls_abandon(calls);
    dpdk_vhost_calls_forget(vid);
}

static int
make_eventfd(uint64_t value, int flags)
{
    int fd = eventfd(0, EFD_CLOEXEC | flags);

    assert_true(fd >= 0);
    assert_int_equal(eventfd_write(fd, value), 0);
    return fd;
}

static bool
is_full(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLOUT };

    return poll(&pfd, 1, 0) == 0;
}

static void
fill(int fd)
{
    uint64_t value;

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    eventfd_read(fd, &value);
    assert_int_equal(eventfd_write(fd, FULL), 0);
    assert_true(is_full(fd));
}

static int
count_fds(void)
{
    DIR *dir = opendir(FD_DIR);
    int n = 0;

    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

static void *
write_once(void *fdp)
{
    return eventfd_write(*(int *) fdp, 1) ? fdp : NULL;
}

/* Waits until the thread 'tid' sleeps. */
static void
wait_until_asleep(pid_t tid)
{
    char *path = xasprintf(TASK_STAT, tid);
    char state = '\0';

    while (state != 'S') {
        FILE *stream = fopen(path, "r");

        assert_non_null(stream);
        assert_int_equal(fscanf(stream, "%*d %*s %c", &state), 1);
        fclose(stream);
    }
    free(path);
}

/* A thread that writes to 'fd' once. */
struct writer {
    int fd;
    pid_t tid;
    sem_t ready;
    volatile bool done;
    pthread_t thread;
};

static void *
writer_main(void *writer_)
{
    struct writer *writer = writer_;
    void *failed;

    writer->tid = gettid();
    sem_post(&writer->ready);
    failed = write_once(&writer->fd);
    writer->done = true;
    return failed;
}

/* Returns a thread that waits to write to 'fd'. */
static void
start_writer(struct writer *writer, int fd)
{
    writer->fd = fd;
    writer->done = false;
    sem_init(&writer->ready, 0, 0);
    assert_int_equal(pthread_create(&writer->thread, NULL, writer_main,
                                    writer), 0);
    sem_wait(&writer->ready);
    wait_until_asleep(writer->tid);
}

/* Fails if the writer has failed. */
static void
join_writer(struct writer *writer)
{
    void *failed;

    pthread_join(writer->thread, &failed);
    assert_null(failed);
    sem_destroy(&writer->ready);
}

static void
test_drain(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(1, NULL, "p");
    int nearly_full = make_eventfd(FULL - 1, 0);
    int full = make_eventfd(FULL, 0);
    struct writer writer;
    uint64_t value;

    assert_int_equal(dpdk_vhost_calls_drain(calls), -1);
    note(calls, 2, nearly_full);
    assert_int_equal(dpdk_vhost_calls_drain(calls), -1);
    assert_int_equal(eventfd_read(nearly_full, &value), 0);
    assert_true(value == FULL - 1);

    note(calls, 255, full);
    start_writer(&writer, full);

    /* The writer sleeps on, whatever is said now. */
    assert_int_equal(fcntl(full, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(dpdk_vhost_calls_drain(calls), 255);
    join_writer(&writer);
    assert_int_equal(dpdk_vhost_calls_drain(calls), -1);
    destroy(calls, 1);
    assert_true(fcntl(full, F_GETFD) >= 0 && fcntl(nearly_full, F_GETFD) >= 0);
    close(full);
    close(nearly_full);
}

/* One that counts down by 1, so that there is soon no room again. */
static void
test_semaphore(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(1, NULL, "p");
    int full = make_eventfd(FULL, EFD_SEMAPHORE | EFD_NONBLOCK);

    note(calls, 0, full);
    assert_int_equal(dpdk_vhost_calls_drain(calls), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(eventfd_write(full, 1), 0);
    }
    destroy(calls, 1);
    close(full);
}

/* Each read of it notifies many. */
static void
test_watched(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(1, NULL, "p");
    int full = make_eventfd(FULL, EFD_SEMAPHORE | EFD_NONBLOCK);
    struct epoll_event event = { .events = EPOLLIN };
    int waiting[N_WAITING];
    long long int begun;

    for (int i = 0; i < N_WAITING; i++) {
        waiting[i] = epoll_create1(EPOLL_CLOEXEC);
        assert_int_equal(epoll_ctl(waiting[i], EPOLL_CTL_ADD, full, &event),
                         0);
    }
    for (int i = 0; i < 256; i++) {
        note(calls, i, full);
    }
    begun = time_usec();
    assert_true(dpdk_vhost_calls_drain(calls) >= 0);
    assert_true(time_usec() - begun < 100000);
    assert_int_equal(eventfd_write(full, 1), 0);
    for (int i = 0; i < N_WAITING; i++) {
        close(waiting[i]);
    }
    destroy(calls, 1);
    close(full);
}

/* The last one counts, but the ones before may be in use. */
static void
test_note(void **state OVS_UNUSED)
{
    const uint32_t request = DPDK_VHOST_SET_VRING_CALL;
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(1, NULL, "p");
    int fd = make_eventfd(0, 0);
    int n = count_fds();
    uint64_t i;

    assert_int_equal(try_note(calls, DPDK_VHOST_SET_VRING_KICK, 1, fd, 1, 0),
                     0);
    assert_int_equal(count_fds(), n);
    assert_int_equal(try_note(calls, request, 1, fd, 2, 1), 0);
    assert_int_equal(count_fds(), n + 1);
    assert_int_equal(try_note(calls, request, 1 | NO_FD, -1, 3, 2), 0);
    assert_int_equal(count_fds(), n + 1);
    assert_int_equal(try_note(calls, request, 1, fd, 4, 3), 0);
    assert_int_equal(count_fds(), n + 2);
    n_closed = 0;
    assert_int_equal(try_note(calls, DPDK_VHOST_SET_VRING_KICK, 1, fd, 5, 4),
                     0);
    assert_int_equal(count_fds(), n + 1);
    assert_int_equal(n_closed, 1);

    /* Not without end. */
    for (i = 6; !try_note(calls, request, 1, fd, i, 5); i++) {
        assert_true(i < 1000);
    }
    assert_int_equal(try_note(calls, request, 1, fd, i, 5), EAGAIN);
    assert_int_equal(try_note(calls, request, 1, fd, i, i - 1), 0);
    assert_int_equal(count_fds(), n + 3);
    n_closed = 0;
    destroy(calls, 1);
    assert_int_equal(count_fds(), n);
    assert_int_equal(n_closed, 3);
    close(fd);
}

/* Somebody waits for an eventfd that was replaced. */
static void
test_replace(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(1, NULL, "p");
    int full = make_eventfd(FULL, 0);
    int other = make_eventfd(0, 0);
    struct writer writer;

    note(calls, 7, full);
    start_writer(&writer, full);
    note(calls, 7, other);
    assert_int_equal(dpdk_vhost_calls_drain(calls), 7);
    join_writer(&writer);
    destroy(calls, 1);
    close(full);
    close(other);
}

/* Somebody waits for an eventfd whose connection is closed. */
static void
test_abandon(void **state OVS_UNUSED)
{
    int port = 0, other_port = 0;
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(5, &port, "p");
    int full = make_eventfd(FULL, 0);
    int n = count_fds();
    struct writer writer;

    assert_false(dpdk_vhost_calls_run());
    note(calls, 0, full);
    start_writer(&writer, full);
    dpdk_vhost_calls_forget(5);
    dpdk_vhost_calls_abandon(calls);
    assert_true(dpdk_vhost_calls_run());
    join_writer(&writer);
    for (int i = 0; i < 3; i++) {
        fill(full);
        assert_true(dpdk_vhost_calls_run());
        assert_false(is_full(full));
    }
    dpdk_vhost_calls_forget(4);
    dpdk_vhost_calls_forget_port(&other_port);
    assert_int_equal(count_fds(), n + 1);
    dpdk_vhost_calls_forget(5);
    assert_int_equal(count_fds(), n);
    assert_false(dpdk_vhost_calls_run());

    calls = dpdk_vhost_calls_create(5, &port, "p");
    note(calls, 0, full);
    dpdk_vhost_calls_abandon(calls);
    dpdk_vhost_calls_forget_port(&port);
    assert_int_equal(count_fds(), n);
    close(full);
}

static volatile bool stopped;

static void *
refill_main(void *fdp)
{
    while (!stopped) {
        const uint64_t value = FULL;

        ignore(write(*(int *) fdp, &value, sizeof value));
    }
    return NULL;
}

/* A front end fills the eventfd again and again, faster than a writer gets its
 * turn. */
static void
test_refill(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls *calls = dpdk_vhost_calls_create(5, NULL, "p");
    int full = make_eventfd(FULL, 0);
    struct writer writer;
    pthread_t refill[4];

    note(calls, 0, full);
    for (int i = 0; i < 4; i++) {
        pthread_create(&refill[i], NULL, refill_main, &full);
    }
    start_writer(&writer, full);
    dpdk_vhost_calls_abandon(calls);
    while (!writer.done) {
        dpdk_vhost_calls_run();
        usleep(10000);
    }
    stopped = true;
    for (int i = 0; i < 4; i++) {
        /* They wait for an empty one, also if 'writer' got its turn. */
        while (pthread_tryjoin_np(refill[i], NULL)) {
            struct pollfd pfd = { .fd = full, .events = POLLIN };
            uint64_t value;

            if (poll(&pfd, 1, 1) > 0) {
                eventfd_read(full, &value);
            }
        }
    }
    pthread_join(writer.thread, NULL);
    dpdk_vhost_calls_forget(5);
    close(full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_semaphore),
        cmocka_unit_test(test_watched),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_refill),
    };

    /* A writer that nobody wakes up ends this. */
    alarm(20);
    dpdk_vhost_calls_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
