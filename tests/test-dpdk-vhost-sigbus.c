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

/* For rte_dev_hotplug_handle_enable(), by which EAL installs a handler. */
#define ALLOW_EXPERIMENTAL_API

#include "dpdk-vhost-sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <rte_dev.h>

#include "latch.h"
#include "ovs-atomic.h"
#include "test-child.h"
#include "test-filter.h"
#include "timeval.h"
#include "util.h"

#define SIZE (64 * 4096)

#define MAPS "/proc/self/maps"
#define VID 3

/* Files that are known of a guest, at most. */
#define MAX_FILES 32

/* Exit codes of children. */
#define GOOD 42
#define PREVIOUS 43
#define GAVE_UP 44

static struct latch latch;

static int
make_file(void)
{
    int fd = memfd_create("file", MFD_CLOEXEC);

    if (fd < 0 || ftruncate(fd, SIZE)) {
        ovs_abort(errno, "memfd_create");
    }
    return fd;
}

static volatile uint8_t *
map(int fd)
{
    volatile uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                               fd, 0);

    if (p == MAP_FAILED) {
        ovs_abort(errno, "mmap");
    }
    return p;
}

/* Takes 'fd' away from who has it mapped, and closes it. */
static void
take_away(int fd)
{
    if (ftruncate(fd, 0)) {
        ovs_abort(errno, "ftruncate");
    }
    close(fd);
}

/* Returns memory of which nothing is left, and that nobody knows of. */
static volatile uint8_t *
make_gone(void)
{
    int fd = make_file();
    volatile uint8_t *p = map(fd);

    take_away(fd);
    return p;
}

/* Returns memory that guest 'vid' has shared in its next message, and stores
 * its file in '*fdp'. */
static volatile uint8_t *
share(int vid, int *fdp)
{
    *fdp = make_file();
    if (dpdk_vhost_sigbus_pass(vid, fdp, 1)) {
        exit(1);
    }
    dpdk_vhost_sigbus_handle(vid);
    return map(*fdp);
}

/* The same, of which nothing is left. */
static volatile uint8_t *
share_gone(int vid)
{
    volatile uint8_t *p;
    int fd;

    p = share(vid, &fd);
    take_away(fd);
    return p;
}

/* Runs 'body' in a child.  Returns how that ended. */
static int
run(void (*body)(void))
{
    pid_t pid = child_start();

    if (!pid) {
        /* A sanitizer has handlers of its own. */
        signal(SIGBUS, SIG_DFL);
        body();
        _exit(0);
    }
    return child_wait(pid);
}

static void
start(void)
{
    latch_init(&latch);
    dpdk_vhost_sigbus_start(&latch);
    dpdk_vhost_sigbus_connect(VID);
    dpdk_vhost_sigbus_connect(VID + 1);
}

static void
assert_good(int status)
{
    assert_exited(status, GOOD);
}

static void
replaces(void)
{
    volatile uint8_t *p;

    start();
    p = share_gone(VID);
    if (dpdk_vhost_sigbus_is_lost(VID) || latch_is_set(&latch)) {
        return;
    }
    p[SIZE / 2] = 1;
    if (p[SIZE / 2] == 1 && !p[0] && !p[SIZE - 1]
        && dpdk_vhost_sigbus_is_lost(VID) && latch_is_set(&latch)
        && !dpdk_vhost_sigbus_is_lost(VID + 1)) {
        dpdk_vhost_sigbus_connect(VID);
        if (!dpdk_vhost_sigbus_is_lost(VID)) {
            _exit(GOOD);
        }
    }
}

/* What the file still has stays, as freeing that may take long. */
static void
keeps_rest(void)
{
    volatile uint8_t *p;
    int fd;

    start();
    p = share(VID, &fd);
    p[0] = 7;
    if (ftruncate(fd, SIZE / 2)) {
        return;
    }
    p[SIZE - 1] = 1;
    if (p[0] == 7 && !p[SIZE / 2] && dpdk_vhost_sigbus_is_lost(VID)) {
        _exit(GOOD);
    }
}

static void
test_replaced(void **state OVS_UNUSED)
{
    assert_good(run(replaces));
    assert_good(run(keeps_rest));
}

/* A guest is not forgiven because it shares other memory then. */
static void
stays_lost(void)
{
    volatile uint8_t *p;
    int fd;

    start();
    p = share_gone(VID);
    p[0] = 1;
    share(VID, &fd);
    if (dpdk_vhost_sigbus_is_lost(VID)) {
        _exit(GOOD);
    }
}

/* The library has not told yet that it handles the message. */
static void
replaces_early(void)
{
    int fd = make_file();
    volatile uint8_t *p;

    start();
    if (dpdk_vhost_sigbus_pass(VID, &fd, 1)) {
        return;
    }
    p = map(fd);
    take_away(fd);
    p[0] = 1;
    if (dpdk_vhost_sigbus_is_lost(VID)) {
        _exit(GOOD);
    }
}

/* What the library has mapped is known, though other files come and go. */
static void
replaces_late(void)
{
    volatile uint8_t *p, *q;
    int fd;

    start();
    p = share(VID, &fd);
    for (int i = 0; i < 10 * MAX_FILES; i++) {
        int other;

        q = share(VID, &other);
        munmap(CONST_CAST(uint8_t *, q), SIZE);
        close(other);
    }
    take_away(fd);
    p[0] = 1;
    if (dpdk_vhost_sigbus_is_lost(VID)) {
        _exit(GOOD);
    }
}

static void
test_when(void **state OVS_UNUSED)
{
    assert_good(run(stays_lost));
    assert_good(run(replaces_early));
    assert_good(run(replaces_late));
}

static void
loses_both(void)
{
    volatile uint8_t *p;
    int fd;

    start();
    p = share(VID, &fd);
    if (dpdk_vhost_sigbus_pass(VID + 1, &fd, 1)) {
        return;
    }
    take_away(fd);
    p[0] = 1;
    if (dpdk_vhost_sigbus_is_lost(VID) && dpdk_vhost_sigbus_is_lost(VID + 1)) {
        _exit(GOOD);
    }
}

static void
test_two_guests(void **state OVS_UNUSED)
{
    assert_good(run(loses_both));
}

/* Writes to each page of its argument, as may other threads. */
static void *
touch(void *p_)
{
    ATOMIC(uint8_t) *p = p_;

    for (int i = 0; i < SIZE; i += 4096) {
        atomic_store_relaxed(&p[i], 1);
    }
    return NULL;
}

/* Gets the SIGBUS for 'p', as a thread that comes second. */
static void
fault(volatile uint8_t *p)
{
    siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_ADRERR };

    info.si_addr = CONST_CAST(uint8_t *, p);
    syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), SIGBUS,
            &info);
}

/* Threads that touch the same memory do so in the end. */
static void
touch_in_threads(void)
{
    for (int i = 0; i < 100; i++) {
        volatile uint8_t *p = share_gone(VID);
        pthread_t threads[4];

        for (int j = 0; j < 4; j++) {
            if (pthread_create(&threads[j], NULL, touch,
                               CONST_CAST(uint8_t *, p))) {
                return;
            }
        }
        for (int j = 0; j < 4; j++) {
            pthread_join(threads[j], NULL);
        }
        fault(p + 1);
        if (!dpdk_vhost_sigbus_is_lost(VID) || p[0] != 1
            || p[SIZE - 4096] != 1 || p[1] || p[SIZE - 1]) {
            return;
        }
        munmap(CONST_CAST(uint8_t *, p), SIZE);
    }
    _exit(GOOD);
}

static void
replaces_in_threads(void)
{
    start();
    touch_in_threads();
}

static void
test_threads(void **state OVS_UNUSED)
{
    assert_good(run(replaces_in_threads));
}

/* Lets the kernel refuse SIZE bytes of private memory, as it does with
 * vm.overcommit_memory=2.  A sanitizer goes on to have what it needs. */
static bool
refuse_memory(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIZE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_PRIVATE, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return (set_filter(filter, ARRAY_SIZE(filter))
            && mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
}

static void
replaces_by_file(void)
{
    start();
    if (refuse_memory()) {
        touch_in_threads();
    }
}

static void
test_no_memory(void **state OVS_UNUSED)
{
    assert_good(run(replaces_by_file));
}

static void
touches_other(void)
{
    volatile uint8_t *p;

    start();
    share_gone(VID);
    p = make_gone();
    p[0] = 1;
}

static void
touches_forgotten(void)
{
    volatile uint8_t *p;

    start();
    p = share_gone(VID);
    dpdk_vhost_sigbus_connect(VID);
    p[0] = 1;
}

static void
kills_itself(void)
{
    start();
    raise(SIGBUS);
}

static void
test_others_die(void **state OVS_UNUSED)
{
    assert_died(run(touches_other), SIGBUS);
    assert_died(run(touches_forgotten), SIGBUS);
    assert_died(run(kills_itself), SIGBUS);
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
    assert_exited(run(had_handler), PREVIOUS);
}

/* EAL installs a handler, and memory is taken away then. */
static void
eal_has_handler(void)
{
    volatile uint8_t *mine, *others;
    pthread_t thread;

    start();
    mine = share_gone(VID);
    others = share_gone(VID + 1);
    if (rte_dev_hotplug_handle_enable()) {
        return;
    }
    touch(CONST_CAST(uint8_t *, mine));
    if (pthread_create(&thread, NULL, touch, CONST_CAST(uint8_t *, others))) {
        return;
    }
    pthread_join(thread, NULL);
    if (!dpdk_vhost_sigbus_is_lost(VID)
        || !dpdk_vhost_sigbus_is_lost(VID + 1)) {
        return;
    }
    rte_dev_hotplug_handle_disable();
    touch(CONST_CAST(uint8_t *, share_gone(VID)));
    _exit(GOOD);
}

static void
exit_handler(void)
{
    _exit(GAVE_UP);
}

/* That handler gives up in a way of its own, which is to call exit(). */
static void
eal_handles(void)
{
    atexit(exit_handler);
    start();
    rte_dev_hotplug_handle_enable();
    make_gone()[0] = 1;
}

/* It believes that ours is not there. */
static void
eal_passes_on(void)
{
    signal(SIGBUS, previous_handler);
    eal_handles();
}

static void
eal_is_elsewhere(void)
{
    pthread_t thread;

    start();
    rte_dev_hotplug_handle_enable();
    if (!pthread_create(&thread, NULL, touch,
                        CONST_CAST(uint8_t *, make_gone()))) {
        pthread_join(thread, NULL);
    }
}

static void
eal_is_done(void)
{
    start();
    rte_dev_hotplug_handle_enable();
    rte_dev_hotplug_handle_disable();
    make_gone()[0] = 1;
}

static void
test_eal(void **state OVS_UNUSED)
{
    assert_good(run(eal_has_handler));
    assert_exited(run(eal_handles), GAVE_UP);
    assert_exited(run(eal_passes_on), PREVIOUS);
    assert_died(run(eal_is_elsewhere), SIGBUS);
    assert_died(run(eal_is_done), SIGBUS);
}

/* There is room for MAX_FILES files, until the library has had them. */
static void
waits(void)
{
    int fds[MAX_FILES + 1];

    start();
    for (int i = 0; i < MAX_FILES + 1; i++) {
        int expected = i < MAX_FILES ? 0 : EAGAIN;

        fds[i] = make_file();
        if (dpdk_vhost_sigbus_pass(VID, &fds[i], 1) != expected) {
            return;
        }
    }
    if (dpdk_vhost_sigbus_pass(VID, fds, MAX_FILES)
        || dpdk_vhost_sigbus_pass(VID, &fds[MAX_FILES], 1) != EAGAIN
        || dpdk_vhost_sigbus_pass(VID + 1, &fds[MAX_FILES], 1)) {
        return;
    }

    /* Of one it is known only when it begins with the next one. */
    for (int i = 0; i < MAX_FILES + 1; i++) {
        dpdk_vhost_sigbus_handle(VID);
        if (dpdk_vhost_sigbus_pass(VID, &fds[MAX_FILES], 1) != EAGAIN) {
            return;
        }
    }
    dpdk_vhost_sigbus_handle(VID);
    if (!dpdk_vhost_sigbus_pass(VID, &fds[MAX_FILES], 1)) {
        _exit(GOOD);
    }
}

static void
test_room(void **state OVS_UNUSED)
{
    assert_good(run(waits));
}

/* How many files a flood of them has. */
#define N_FLOOD 100

/* Maps much, as where there are many huge pages, shares more files than can be
 * known at once, none of which the library has mapped any more, and then two
 * that it has. */
static void
survives_flood(void)
{
    volatile uint8_t *first, *last;
    long long int begun, walk, flood;
    int first_fd, last_fd;
    FILE *f;

    for (int i = 0; i < 4000; i++) {
        /* Neighbours are not the same, so they are not one mapping. */
        if (mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
            return;
        }
    }
    start();
    first = share(VID, &first_fd);
    begun = time_usec();
    f = fopen(MAPS, "r");
    while (f && getc(f) != EOF) {
        continue;
    }
    walk = time_usec() - begun;

    begun = time_usec();
    for (int i = 0; i < N_FLOOD; i++) {
        int file = make_file();
        int error = dpdk_vhost_sigbus_pass(VID, &file, 1);

        dpdk_vhost_sigbus_handle(VID);
        close(file);
        if (error) {
            return;
        }
    }
    flood = time_usec() - begun;
    printf("%d files: %lld us, a walk: %lld us\n", N_FLOOD, flood, walk);
    fflush(stdout);

    last = share(VID, &last_fd);
    take_away(last_fd);
    take_away(first_fd);
    first[0] = last[0] = 1;
    if (flood < N_FLOOD / 2 * walk && dpdk_vhost_sigbus_is_lost(VID)) {
        _exit(GOOD);
    }
}

/* Front ends that share other files again and again do not keep GUARD from
 * others. */
static void
test_flood(void **state OVS_UNUSED)
{
    assert_good(run(survives_flood));
}

static void
survives_in_old_kernel(void)
{
    if (refuse_query()) {
        survives_flood();
    }
}

static void
replaces_in_old_kernel(void)
{
    if (refuse_query()) {
        replaces_late();
    }
}

/* What is no file needs none. */
static void
ignores(void)
{
    int fds[3];

    start();
    if (pipe(fds)) {
        return;
    }
    fds[2] = -1;
    dpdk_vhost_sigbus_handle(-1);
    dpdk_vhost_sigbus_connect(1 << 20);
    if (!dpdk_vhost_sigbus_pass(VID, fds, 3)
        && !dpdk_vhost_sigbus_pass(VID, NULL, 0)
        && !dpdk_vhost_sigbus_pass(-1, fds, 3)
        && !dpdk_vhost_sigbus_is_lost(-1)
        && !dpdk_vhost_sigbus_is_lost(VID - 1)) {
        _exit(GOOD);
    }
}

static void
test_ignored(void **state OVS_UNUSED)
{
    assert_good(run(ignores));
}

static void
test_old_kernel(void **state OVS_UNUSED)
{
    assert_good(run(replaces_in_old_kernel));
    assert_good(run(survives_in_old_kernel));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_two_guests),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_others_die),
        cmocka_unit_test(test_previous),
        cmocka_unit_test(test_eal),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_ignored),
        cmocka_unit_test(test_old_kernel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
