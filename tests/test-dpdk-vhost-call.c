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

/* Unit tests of lib/dpdk-vhost-call.c: who writes to an eventfd that is full
 * and blocks goes on.  Needs neither root nor EAL. */

#include <config.h>

#include "dpdk-vhost-call.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpdk-vhost-wire.h"
#include "util.h"

#define FULL (UINT64_MAX - 1)
#define NO_FD (1 << 8)

static void
note(struct dpdk_vhost_calls *calls, uint32_t request, uint64_t value, int fd)
{
    struct dpdk_vhost_message msg = { .request = request };
    struct dpdk_vhost_fds fds = { .fds = { fd }, .n = fd >= 0 };

    msg.payload.u64 = value;
    assert_int_equal(dpdk_vhost_calls_note(calls, &msg, &fds), 0);
}

static int
make_eventfd(uint64_t value)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(eventfd_write(fd, value), 0);
    return fd;
}

static bool
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void *
write_once(void *fdp)
{
    return eventfd_write(*(int *) fdp, 1) ? fdp : NULL;
}

static void
test_drain(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls calls = { .n = 0 };
    int full = make_eventfd(FULL);
    int nearly_full = make_eventfd(FULL - 1);
    pthread_t thread;
    uint64_t value;
    void *failed;

    assert_int_equal(dpdk_vhost_calls_drain(&calls), -1);
    note(&calls, DPDK_VHOST_SET_VRING_CALL, 2, nearly_full);
    assert_int_equal(dpdk_vhost_calls_drain(&calls), -1);
    assert_int_equal(eventfd_read(nearly_full, &value), 0);
    assert_true(value == FULL - 1);

    note(&calls, DPDK_VHOST_SET_VRING_CALL, 255, full);
    assert_int_equal(fcntl(full, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(dpdk_vhost_calls_drain(&calls), -1);
    assert_int_equal(fcntl(full, F_SETFL, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_once, &full), 0);
    assert_int_equal(dpdk_vhost_calls_drain(&calls), 255);
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_int_equal(dpdk_vhost_calls_drain(&calls), -1);
    dpdk_vhost_calls_close(&calls);
    assert_true(is_open(full) && is_open(nearly_full));
    close(full);
    close(nearly_full);
}

static void
test_note(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls calls = { .n = 0 };
    int full = make_eventfd(FULL);
    int copy;

    /* Other messages do not matter, and the last one counts. */
    note(&calls, DPDK_VHOST_SET_VRING_KICK, 1, full);
    assert_int_equal(calls.n, 0);
    note(&calls, DPDK_VHOST_SET_VRING_CALL, 1, full);
    copy = calls.fds[1];
    assert_true(copy != full && is_open(copy));
    assert_int_equal(calls.fds[0], -1);
    note(&calls, DPDK_VHOST_SET_VRING_CALL, 1 | NO_FD, -1);
    assert_false(is_open(copy));
    assert_int_equal(dpdk_vhost_calls_drain(&calls), -1);
    note(&calls, DPDK_VHOST_SET_VRING_CALL, 1, full);
    copy = calls.fds[1];
    dpdk_vhost_calls_close(&calls);
    assert_false(is_open(copy));
    close(full);
}

static void
test_abandon(void **state OVS_UNUSED)
{
    struct dpdk_vhost_calls calls = { .n = 0 };
    int full = make_eventfd(FULL);
    int copy;

    assert_false(dpdk_vhost_calls_run());
    note(&calls, DPDK_VHOST_SET_VRING_CALL, 0, full);
    copy = calls.fds[0];
    dpdk_vhost_calls_abandon(&calls, 5);
    assert_int_equal(calls.n, 0);
    for (int i = 0; i < 3; i++) {
        assert_true(dpdk_vhost_calls_run());
        assert_int_equal(eventfd_write(full, FULL), 0);
    }
    dpdk_vhost_calls_forget(4);
    assert_true(is_open(copy));
    dpdk_vhost_calls_forget(5);
    assert_false(is_open(copy));
    assert_false(dpdk_vhost_calls_run());
    close(full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_note),
        cmocka_unit_test(test_abandon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
