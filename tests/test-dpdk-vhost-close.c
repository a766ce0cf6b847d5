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

/* Unit tests of lib/dpdk-vhost-close.c, lib/dpdk-vhost-connfd.c and
 * lib/dpdk-vhost-listen.c: nobody waits for a descriptor that takes long to
 * close, none that a front end has passed is taken for a connection, and
 * nobody connects to a port that is stuck.  Needs neither root nor EAL. */

#include <config.h>

#include "dpdk-vhost-close.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpdk-thread-time.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-connfd.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-listen.h"
#include "dpdk-vhost-wire.h"
#include "fatal-signal.h"
#include "ovs-rcu.h"
#include "test-child.h"
#include "timeval.h"
#include "util.h"

#define LINGER 2                /* Seconds. */
#define NAME "front-end.sock"
#define OTHER_NAME "other.sock"
#define DIRECTORY "front-end.d"
#define FUSE "/dev/fuse"
#define UID_MAP "/proc/self/uid_map"
#define GID_MAP "/proc/self/gid_map"
#define SETGROUPS "/proc/self/setgroups"
#define SKIPPED 77              /* Exit status. */

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

/* Waits until 'fd' of any port is closed. */
static void
wait_closed(int fd)
{
    while (dpdk_vhost_close_has(fd)) {
        dpdk_vhost_close_run();
        usleep(1000);
    }
}

/* Closes 'fd' of 'port', and returns how long nobody waited for that, in
 * ms. */
static long long int
time_close(const char *port, int fd)
{
    long long int start = time_msec();

    dpdk_vhost_close(port, &fd, 1);
    assert_true(time_msec() - start < 100);
    wait_closed(fd);
    return time_msec() - start;
}

/* Without descriptors, there is no thread yet, and still nobody waits.  That
 * is no fault of the ports, either.  Comes first. */
static void
test_no_descriptors(void **state OVS_UNUSED)
{
    struct rlimit old, none;
    int other;
    int devious = make_devious(&other);
    int fd = eventfd(0, 0);
    int more[4];
    long long int start = time_msec();

    for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
        more[i] = eventfd(0, 0);
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    dpdk_vhost_close("a", &devious, 1);
    for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
        dpdk_vhost_close("c", &more[i], 1);
    }
    usleep(300 * 1000);
    dpdk_vhost_close("b", &fd, 1);
    assert_true(dpdk_vhost_close_run());
    assert_false(dpdk_vhost_close_is_stuck("c"));
    assert_true(time_msec() - start < 1000);
    assert_true(dpdk_vhost_close_has(devious));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);

    wait_closed(fd);
    assert_true(dpdk_vhost_close_has(devious));
    wait_closed(devious);
    assert_false(dpdk_vhost_close_run());
    close(other);
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

/* Makes 'port' stuck with 'devious'.  Returns the descriptor that is closed
 * last. */
static int
make_stuck(const char *port, int devious)
{
    int fd = -1;

    dpdk_vhost_close(port, &devious, 1);
    for (int i = 0; i < 4; i++) {
        fd = eventfd(0, 0);
        dpdk_vhost_close(port, &fd, 1);
    }
    usleep(300 * 1000);
    assert_true(dpdk_vhost_close_is_stuck(port));
    return fd;
}

/* A port does not wait for what another one of that name has left, and what
 * that has left occupies one thread, as before. */
static void
test_forget(void **state OVS_UNUSED)
{
    int other;
    int devious = make_devious(&other);
    int left = make_stuck("a", devious);

    dpdk_vhost_close_forget("a");
    assert_false(dpdk_vhost_close_is_stuck("a"));
    assert_true(time_close("a", eventfd(0, 0)) < 500);
    assert_true(dpdk_vhost_close_has(devious));
    assert_true(dpdk_vhost_close_has(left));
    wait_closed(left);
    assert_false(dpdk_vhost_close_has(devious));
    close(other);
}

/* A port begins again with its socket, which its peer may have caused. */
static void
test_restart(void **state OVS_UNUSED)
{
    struct dpdk_vhost *vhost = xzalloc_cacheline(sizeof *vhost);
    int other;
    int fd = make_stuck("a", make_devious(&other));

    dpdk_vhost_faults_init(&vhost->faults, "a");
    dpdk_vhost_guard_end(vhost);
    assert_true(dpdk_vhost_close_is_stuck("a"));
    wait_closed(fd);
    close(other);
    dpdk_vhost_faults_destroy(&vhost->faults);
    free_cacheline(vhost);
}

static bool
is_taken(int fd OVS_UNUSED)
{
    return false;
}

static int
connect_to(const struct sockaddr_un *un)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *) un, sizeof *un),
                     0);
    return fd;
}

static int
listen_at(const struct sockaddr_un *un)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    unlink(un->sun_path);
    assert_int_equal(bind(fd, (const struct sockaddr *) un, sizeof *un), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

/* A front end names a socket that it has passed like the one of the port. */
static void
test_planted(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    int listener, planted, connfd, client;
    int pair[2];

    unlink(NAME);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    planted = dup(pair[0]);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), -1);
    assert_int_equal(bind(pair[0], (const struct sockaddr *) &un, sizeof un),
                     0);
    close(pair[0]);
    unlink(NAME);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), planted);

    listener = listen_at(&un);
    client = connect_to(&un);
    connfd = accept(listener, NULL, NULL);
    assert_true(planted < connfd);
    pair[0] = dup(planted);
    assert_true(pair[0] > connfd);

    assert_true(dpdk_vhost_connfd_exclude(3, planted));
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), connfd);
    dpdk_vhost_connfd_begin(4);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), connfd);

    /* Not without end, and not for ever. */
    for (int i = 0; i < 1000 && dpdk_vhost_connfd_exclude(3, planted); i++) {
        assert_true(i < 100);
    }
    dpdk_vhost_connfd_begin(3);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), pair[0]);
    close(planted);
    close(pair[0]);
    close(pair[1]);
    close(client);
    close(connfd);
    close(listener);
    unlink(NAME);
}

/* What is new is found before long, however much there is. */
static void
test_many_descriptors(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    const int n_fds = 3000, n_rounds = 20;
    struct rlimit old, many;
    long long int begun, all;
    int *fds = xmalloc(n_fds * sizeof *fds);
    int listener, client, connfd;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    many = old;
    many.rlim_cur = MAX(old.rlim_cur, n_fds + 1000);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
    listener = listen_at(&un);
    client = connect_to(&un);
    for (int i = 0; i < n_fds; i++) {
        fds[i] = eventfd(0, EFD_CLOEXEC);
        assert_true(fds[i] >= 0);
    }

    /* The first time takes longer. */
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), -1);
    begun = dpdk_thread_us();
    assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken), -1);
    all = dpdk_thread_us() - begun;
    connfd = accept(listener, NULL, NULL);
    begun = dpdk_thread_us();
    for (int i = 0; i < n_rounds; i++) {
        assert_int_equal(dpdk_vhost_connfd_find(NAME, false, is_taken),
                         connfd);
    }
    assert_true(dpdk_thread_us() - begun < n_rounds * all / 4);

    for (int i = 0; i < n_fds; i++) {
        close(fds[i]);
    }
    free(fds);
    close(client);
    close(connfd);
    close(listener);
    unlink(NAME);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* Returns true if 'fd' is readable within 'ms'. */
static bool
is_readable(int fd, int ms)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };

    return poll(&pfd, 1, ms) > 0;
}

/* What we print goes to a socket. */
static void
test_stdin(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    int listener = listen_at(&un);
    int client = connect_to(&un);
    int saved = dup(STDIN_FILENO);

    assert_int_equal(dpdk_vhost_connfd_find(NAME, true, is_taken), client);
    assert_true(dup2(client, STDIN_FILENO) == STDIN_FILENO);
    close(client);
    assert_int_equal(dpdk_vhost_connfd_find(NAME, true, is_taken), -1);
    assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
    close(saved);
    close(listener);
    unlink(NAME);
}

/* The front end has bound its socket to another name of the file, and there is
 * another new connection. */
static void
test_other_name(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    const struct sockaddr_un other = {
        .sun_family = AF_UNIX, .sun_path = OTHER_NAME
    };
    const struct sockaddr_un link_un = {
        .sun_family = AF_UNIX, .sun_path = "link.sock"
    };
    int listeners[] = { listen_at(&un), listen_at(&other) };
    int clients[3];

    unlink(link_un.sun_path);
    assert_int_equal(link(NAME, link_un.sun_path), 0);
    clients[0] = connect_to(&other);
    clients[1] = connect_to(&link_un);
    clients[2] = connect_to(&other);
    assert_int_equal(dpdk_vhost_connfd_find(link_un.sun_path, true, is_taken),
                     clients[1]);
    for (int i = 0; i < 3; i++) {
        close(clients[i]);
    }
    close(listeners[0]);
    close(listeners[1]);
    unlink(link_un.sun_path);
    unlink(NAME);
    unlink(OTHER_NAME);
}

/* Writes 'text', which it frees, to the file 'path'. */
static bool
write_file(const char *path, char *text)
{
    int fd = open(path, O_WRONLY);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == strlen(text);

    close(fd);
    free(text);
    return ok;
}

/* Mounts a file system that never answers at 'path'.  Returns false if that
 * cannot be. */
static bool
mount_silent(const char *path)
{
    unsigned int uid = geteuid(), gid = getegid();
    char *options;
    bool ok;
    int fd;

    ok = !unshare(CLONE_NEWUSER | CLONE_NEWNS)
         && write_file(UID_MAP, xasprintf("0 %u 1", uid))
         && write_file(SETGROUPS, xstrdup("deny"))
         && write_file(GID_MAP, xasprintf("0 %u 1", gid));
    fd = open(FUSE, O_RDWR);
    options = xasprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    ok = ok && !mount("fuse", path, "fuse", 0, options);
    free(options);
    return ok;
}

/* The name that the front end has bound its socket to stands for something
 * else in the meantime, which takes for ever to look at. */
static void
test_slow_name(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    const struct sockaddr_un bound = {
        .sun_family = AF_UNIX, .sun_path = DIRECTORY "/s"
    };
    int listener, client, status;
    pid_t pid;

    mkdir(DIRECTORY, 0777);
    listener = listen_at(&bound);
    unlink(NAME);
    assert_int_equal(link(bound.sun_path, NAME), 0);
    client = connect_to(&un);
    pid = child_start();
    if (!pid) {
        if (!mount_silent(DIRECTORY)) {
            _exit(SKIPPED);
        }
        signal(SIGALRM, SIG_DFL);
        alarm(5);
        _exit(dpdk_vhost_connfd_find(NAME, true, is_taken) != client);
    }
    status = child_wait(pid);
    close(client);
    close(listener);
    unlink(NAME);
    unlink(bound.sun_path);
    rmdir(DIRECTORY);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
        skip();
    }
    assert_exited(status, 0);
}

/* Nobody connects to a port that is stuck, until it is so no more. */
static void
test_pause(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    int listener = listen_at(&un);
    int clients[2], other, fd;

    assert_int_equal(dpdk_vhost_connfd_find_listener(NAME, is_taken),
                     listener);
    fd = make_stuck("p", make_devious(&other));

    clients[0] = connect_to(&un);
    assert_true(is_readable(listener, 1000));
    dpdk_vhost_listen_pause(&un, "p", NAME, is_taken);
    dpdk_vhost_listen_pause(&un, "p", NAME, is_taken);
    clients[1] = connect_to(&un);
    assert_true(dpdk_vhost_listen_run());
    assert_false(is_readable(listener, 100));

    wait_closed(fd);
    assert_false(dpdk_vhost_listen_run());
    for (int i = 0; i < 2; i++) {
        assert_true(is_readable(listener, 1000));
        close(accept(listener, NULL, NULL));
        close(clients[i]);
    }
    close(listener);
    close(other);
    unlink(NAME);
}

/* A port goes while somebody connects. */
static void
test_end(void **state OVS_UNUSED)
{
    const struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = NAME };
    struct dpdk_vhost_fds fds = { .n = 1 };
    int listener = listen_at(&un);
    int client = connect_to(&un);
    long long int start;
    int other;

    fds.fds[0] = make_lingering(&other);
    assert_int_equal(dpdk_vhost_wire_write(client, "x", 1, &fds),
                     DPDK_VHOST_IO_DONE);
    dpdk_vhost_fds_close(&fds);

    start = time_msec();
    dpdk_vhost_listen_end(&un, "p", NAME, is_taken);
    close(listener);
    assert_true(time_msec() - start < 500);
    assert_false(dpdk_vhost_listen_run());
    assert_true(dpdk_vhost_close_run());
    while (dpdk_vhost_close_run()) {
        usleep(1000);
    }
    assert_true(time_msec() - start > 500);
    close(client);
    close(other);
    unlink(NAME);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_linger),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_forget),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_many_descriptors),
        cmocka_unit_test(test_stdin),
        cmocka_unit_test(test_other_name),
        cmocka_unit_test(test_slow_name),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_end),
    };

    /* As in a switch, whose threads need no descriptors for that. */
    fatal_signal_init();
    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
