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

/* Unit tests of lib/dpdk-vhost-close.c and lib/dpdk-vhost-connfd.c: nobody
 * waits for a descriptor that takes long to close, and none that a front end
 * has passed is taken for a connection.  Needs neither root nor EAL. */

#include <config.h>

#include "dpdk-vhost-close.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpdk-vhost-connfd.h"
#include "dpdk-vhost-wire.h"
#include "ovs-rcu.h"
#include "timeval.h"
#include "util.h"

#define LINGER 2                /* Seconds. */
#define NAME "front-end.sock"

/* Returns a socket that lingers, and stores the other end in '*otherp'. */
static int
make_lingering(int *otherp)
{
    const struct linger linger = { .l_onoff = 1, .l_linger = LINGER };
    struct sockaddr_in sin = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t len = sizeof sin;
    char data[65536];

    assert_int_equal(bind(listener, (struct sockaddr *) &sin, len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *) &sin, &len), 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &sin, len), 0);
    *otherp = accept(listener, NULL, NULL);
    close(listener);
    memset(data, 0, sizeof data);
    while (send(fd, data, sizeof data, MSG_DONTWAIT) > 0) {
        continue;
    }
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
                                sizeof linger), 0);
    return fd;
}

/* Returns a socket that is not known to take long to close. */
static int
make_devious(int *otherp)
{
    struct dpdk_vhost_fds fds = { .n = 1 };
    int pair[2];

    fds.fds[0] = make_lingering(otherp);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(dpdk_vhost_wire_write(pair[0], "x", 1, &fds),
                     DPDK_VHOST_IO_DONE);
    dpdk_vhost_fds_close(&fds);
    close(pair[0]);
    return pair[1];
}

/* Closes 'fd' of 'port', and returns how long nobody waited for that, in
 * ms. */
static long long int
time_close(const char *port, int fd)
{
    long long int start = time_msec();

    dpdk_vhost_close(port, &fd, 1);
    assert_true(time_msec() - start < 100);
    while (dpdk_vhost_close_has(fd)) {
        dpdk_vhost_close_run();
        usleep(1000);
    }
    return time_msec() - start;
}

static void
test_linger(void **state OVS_UNUSED)
{
    int other;
    int fd = make_lingering(&other);

    assert_true(time_close("p", fd) < 1000);
    close(other);

    /* The threads keep nobody waiting when they are idle, either. */
    ovsrcu_synchronize();
}

/* A port holds up itself only. */
static void
test_stuck(void **state OVS_UNUSED)
{
    int devious, other, fd, number;

    devious = make_devious(&other);
    dpdk_vhost_close("a", &devious, 1);
    for (int i = 0; i < 4; i++) {
        assert_false(dpdk_vhost_close_is_stuck("a"));
        fd = eventfd(0, 0);
        dpdk_vhost_close("a", &fd, 1);
    }
    usleep(300 * 1000);
    assert_true(dpdk_vhost_close_is_stuck("a"));
    assert_false(dpdk_vhost_close_is_stuck("b"));
    assert_true(dpdk_vhost_close_has(devious));

    /* Its number is nobody else's. */
    number = dup(0);
    assert_true(number != devious);
    close(number);

    assert_true(time_close("b", eventfd(0, 0)) < 1000);
    assert_true(dpdk_vhost_close_has(devious));
    assert_true(time_close("a", eventfd(0, 0)) > 500);
    assert_false(dpdk_vhost_close_has(devious));
    assert_false(dpdk_vhost_close_is_stuck("a"));
    close(other);
}

static bool
is_taken(int fd OVS_UNUSED)
{
    return false;
}

/* A front end names a socket that it has passed like the one of the port. */
static void
test_planted(void **state OVS_UNUSED)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    struct sockaddr *sa = (struct sockaddr *) &un;
    int listener, planted, connfd, client;
    int pair[2];

    unlink(NAME);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    planted = dup(pair[0]);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), -1);
    assert_int_equal(bind(pair[0], sa, sizeof un), 0);
    close(pair[0]);
    unlink(NAME);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), planted);

    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, sa, sizeof un), 0);
    assert_int_equal(listen(listener, 1), 0);
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, sa, sizeof un), 0);
    connfd = accept(listener, NULL, NULL);
    assert_true(connfd > planted);

    assert_true(dpdk_vhost_connfd_exclude(3, planted));
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), connfd);
    dpdk_vhost_connfd_begin(4);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), connfd);

    /* Not without end, and not for ever. */
    for (int i = 0; i < 1000 && dpdk_vhost_connfd_exclude(3, planted); i++) {
        assert_true(i < 100);
    }
    dpdk_vhost_connfd_begin(3);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), planted);
    close(planted);
    close(pair[1]);
    close(client);
    close(connfd);
    close(listener);
    unlink(NAME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_planted),
    };

    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
