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

/* Unit tests of lib/dpdk-vhost-sigbus.c: memory that is taken away is
 * replaced, other faults end the process or go to whom they went before. */

#include <config.h>

#include "dpdk-vhost-sigbus.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util.h"

#define SIZE (64 * 4096)
#define VID 3

/* Exit codes of children. */
#define GOOD 42
#define PREVIOUS 43

/* Returns memory of which nothing is left. */
static volatile uint8_t *
make_gone(void)
{
    int fd = memfd_create("gone", MFD_CLOEXEC);
    volatile uint8_t *p;

    if (fd < 0 || ftruncate(fd, SIZE)) {
        ovs_abort(errno, "memfd_create");
    }
    p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED || ftruncate(fd, 0)) {
        ovs_abort(errno, "mmap");
    }
    close(fd);
    return p;
}

/* Runs 'body' in a child.  Returns how that ended. */
static int
run(void (*body)(void))
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        static const struct rlimit none = { 0, 0 };

        setrlimit(RLIMIT_CORE, &none);

        /* A sanitizer has handlers of its own. */
        signal(SIGBUS, SIG_DFL);
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void
assert_good(int status)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GOOD);
}

static void
assert_died(int status)
{
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void
replaces(void)
{
    volatile uint8_t *p = make_gone();

    dpdk_vhost_sigbus_start();
    dpdk_vhost_sigbus_add(VID, CONST_CAST(uint8_t *, p), SIZE);
    if (dpdk_vhost_sigbus_is_lost(VID)) {
        return;
    }
    p[SIZE / 2] = 1;
    if (p[SIZE / 2] == 1 && !p[0] && !p[SIZE - 1]
        && dpdk_vhost_sigbus_is_lost(VID)
        && !dpdk_vhost_sigbus_is_lost(VID + 1)) {
        dpdk_vhost_sigbus_clear(VID);
        if (!dpdk_vhost_sigbus_is_lost(VID)) {
            _exit(GOOD);
        }
    }
}

static void
test_replaced(void **state OVS_UNUSED)
{
    assert_good(run(replaces));
}

static void
touches_other(void)
{
    volatile uint8_t *p = make_gone();
    volatile uint8_t *q = make_gone();

    dpdk_vhost_sigbus_start();
    dpdk_vhost_sigbus_add(VID, CONST_CAST(uint8_t *, p), SIZE);
    q[0] = 1;
}

static void
touches_cleared(void)
{
    volatile uint8_t *p = make_gone();

    dpdk_vhost_sigbus_start();
    dpdk_vhost_sigbus_add(VID, CONST_CAST(uint8_t *, p), SIZE);
    dpdk_vhost_sigbus_clear(VID);
    p[0] = 1;
}

static void
kills_itself(void)
{
    dpdk_vhost_sigbus_start();
    raise(SIGBUS);
}

static void
test_others_die(void **state OVS_UNUSED)
{
    assert_died(run(touches_other));
    assert_died(run(touches_cleared));
    assert_died(run(kills_itself));
}

static void
previous_handler(int signo OVS_UNUSED)
{
    _exit(PREVIOUS);
}

static void
had_handler(void)
{
    signal(SIGBUS, previous_handler);
    touches_other();
}

static void
test_previous(void **state OVS_UNUSED)
{
    int status = run(had_handler);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), PREVIOUS);
}

static void
takes_all(void)
{
    dpdk_vhost_sigbus_start();
    for (int i = 0; i < 8; i++) {
        volatile uint8_t *p = make_gone();

        dpdk_vhost_sigbus_clear(VID + i);
        for (int j = 0; j < 9; j++) {
            dpdk_vhost_sigbus_add(VID + i, CONST_CAST(uint8_t *, p), SIZE);
        }
        p[0] = 1;
        if (!dpdk_vhost_sigbus_is_lost(VID + i)) {
            return;
        }
    }
    dpdk_vhost_sigbus_add(-1, NULL, SIZE);
    dpdk_vhost_sigbus_clear(1 << 20);
    if (!dpdk_vhost_sigbus_is_lost(-1)
        && !dpdk_vhost_sigbus_is_lost(VID - 1)) {
        _exit(GOOD);
    }
}

static void
test_many(void **state OVS_UNUSED)
{
    assert_good(run(takes_all));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_others_die),
        cmocka_unit_test(test_previous),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
