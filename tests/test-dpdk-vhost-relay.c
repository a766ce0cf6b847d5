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

/* Unit tests of lib/dpdk-vhost-relay.c: what librte_vhost gets.  Needs neither
 * root nor EAL. */

#include <config.h>

#include "dpdk-vhost-relay.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpdk-thread-time.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-call.h"
#include "dpdk-vhost-close.h"
#include "dpdk-vhost-fault.h"
#include "timeval.h"
#include "util.h"

/* Instances of epoll that wait for a socket, by this many descriptors. */
#define N_EPOLLS 400
#define N_DUPS 100

#define VID 3
#define SECRET UINT64_C(0x123456789abcdef)

/* A port with one connection. */
struct fixture {
    struct dpdk_vhost vhost;
    struct dpdk_vhost_relay *conn;
    int front_end;              /* Its end. */
    int library;                /* That of librte_vhost. */
    long long int created;      /* When the connection came, in ms. */
};

static int
setup_role(void **state, bool client)
{
    struct fixture *f = xzalloc_cacheline(sizeof *f);
    int outer[2], inner[2];

    dpdk_vhost_faults_init(&f->vhost.faults, "p");
    dpdk_vhost_rings_init(&f->vhost.rings, &f->vhost.faults);
    f->vhost.guarded = true;
    f->vhost.client = client;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, outer), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, inner), 0);
    f->front_end = outer[1];
    f->library = inner[1];
    f->created = time_msec();
    f->conn = dpdk_vhost_relay_create(&f->vhost, VID, outer[0], inner[0],
                                      SECRET);
    *state = f;
    return 0;
}

static int
setup(void **state)
{
    return setup_role(state, false);
}

static int
setup_client(void **state)
{
    return setup_role(state, true);
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    dpdk_vhost_relay_destroy(f->conn);
    dpdk_vhost_calls_forget(VID);
    dpdk_vhost_rings_destroy(&f->vhost.rings);
    dpdk_vhost_faults_destroy(&f->vhost.faults);
    close(f->front_end);
    close(f->library);
    free_cacheline(f);
    return 0;
}

/* Reads the next message for librte_vhost into '*msg'. */
static void
read_message(const struct fixture *f, struct dpdk_vhost_message *msg)
{
    const ssize_t header_size = DPDK_VHOST_MESSAGE_HEADER_SIZE;

    assert_int_equal(recv(f->library, msg, header_size, MSG_DONTWAIT),
                     header_size);
    assert_true(msg->size <= sizeof msg->payload);
    if (msg->size) {
        assert_int_equal(recv(f->library, &msg->payload, msg->size,
                              MSG_DONTWAIT), msg->size);
    }
}

static void
send_get_features(const struct fixture *f)
{
    const struct dpdk_vhost_message msg = {
        .request = DPDK_VHOST_GET_FEATURES, .flags = 1
    };

    assert_int_equal(send(f->front_end, &msg, DPDK_VHOST_MESSAGE_HEADER_SIZE,
                          0), DPDK_VHOST_MESSAGE_HEADER_SIZE);
}

/* The first message is ours. */
static void
test_hello(void **state)
{
    struct fixture *f = *state;
    struct dpdk_vhost_message msg;

    send_get_features(f);
    for (int i = 0; i < 3; i++) {
        assert_true(dpdk_vhost_relay_run(f->conn));
    }
    read_message(f, &msg);
    assert_int_equal(msg.request, DPDK_VHOST_HELLO);
    assert_int_equal(msg.flags, 1);
    assert_int_equal(msg.size, sizeof msg.payload.u64);
    assert_true(msg.payload.u64 == SECRET);
    read_message(f, &msg);
    assert_int_equal(msg.request, DPDK_VHOST_GET_FEATURES);
    assert_int_equal(recv(f->library, &msg, 1, MSG_DONTWAIT), -1);
}

/* The thread of librte_vhost that made a connection of a client port has time
 * to finish, even if the front end has closed it. */
static void
test_client_delay(void **state)
{
    struct fixture *f = *state;
    char byte;

    assert_int_equal(shutdown(f->front_end, SHUT_RDWR), 0);
    while (dpdk_vhost_relay_run(f->conn)) {
        assert_int_equal(recv(f->library, &byte, 1, MSG_DONTWAIT), -1);
        usleep(1000);
    }
    assert_true(time_msec() >= f->created + 20);
    read_message(f, &(struct dpdk_vhost_message) { .size = 0 });
}

/* A front end does not say so. */
static void
test_hello_of_front_end(void **state)
{
    struct fixture *f = *state;
    const struct dpdk_vhost_message msg = {
        .request = DPDK_VHOST_HELLO, .flags = 1, .size = 8,
        .payload.u64 = SECRET,
    };

    assert_int_equal(send(f->front_end, &msg, 20, 0), 20);
    assert_false(dpdk_vhost_relay_run(f->conn));
}

/* GUARD must not try again, and again. */
static void
test_unwritable(void **state)
{
    struct fixture *f = *state;

    assert_true(dpdk_vhost_relay_run(f->conn));
    assert_int_equal(shutdown(f->conn->inner, SHUT_WR), 0);
    send_get_features(f);
    assert_false(dpdk_vhost_relay_run(f->conn));
}

/* Reads what there is for librte_vhost.  Returns how many tables of memory
 * that has. */
static int
count_tables(const struct fixture *f)
{
    struct dpdk_vhost_message msg;
    struct dpdk_vhost_fds fds = { .n = 0 };
    size_t n = 0;
    int n_tables = 0;

    while (dpdk_vhost_wire_read(f->library, &msg,
                                DPDK_VHOST_MESSAGE_HEADER_SIZE, &n, &fds)
           == DPDK_VHOST_IO_DONE) {
        if (msg.size) {
            assert_int_equal(dpdk_vhost_wire_read(f->library, &msg.payload,
                                                  msg.size, &n, &fds),
                             DPDK_VHOST_IO_DONE);
        }
        n_tables += msg.request == DPDK_VHOST_SET_MEM_TABLE;
        dpdk_vhost_fds_close(&fds);
    }
    return n_tables;
}

/* What takes long waits for more messages of others, and is rarer. */
static void
test_tables(void **state)
{
    struct dpdk_vhost_message msg = {
        .request = DPDK_VHOST_SET_MEM_TABLE, .flags = 1, .size = 8 + 8 * 32
    };
    struct dpdk_vhost_fds fds = { .n = 8 };
    struct fixture *f = *state;
    int fd = memfd_create("test", MFD_CLOEXEC);
    int n_tables = 0;

    assert_int_equal(ftruncate(fd, 4096), 0);
    msg.payload.memory.n = 8;
    for (int i = 0; i < 8; i++) {
        msg.payload.memory.regions[i].guest_addr = i * 4096;
        msg.payload.memory.regions[i].user_addr = i * 4096;
        msg.payload.memory.regions[i].size = 4096;
        fds.fds[i] = fd;
    }
    for (int i = 0; i < 60; i++) {
        int n;

        for (int j = 0; j < 2 && i < 30; j++) {
            assert_int_equal(
                dpdk_vhost_wire_write(f->front_end, &msg,
                                      DPDK_VHOST_MESSAGE_HEADER_SIZE
                                      + msg.size, &fds), DPDK_VHOST_IO_DONE);
        }
        assert_true(dpdk_vhost_relay_run(f->conn));
        n = count_tables(f);
        assert_true(n <= 1);
        n_tables += n;
    }
    assert_true(n_tables >= 31 && n_tables < 40);
    close(fd);
}

/* Has the front end's socket watched very often.  Stores the N_EPOLLS and
 * N_DUPS descriptors that do that in 'fds', to be closed. */
static void
watch_socket(const struct fixture *f, int fds[])
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };

    for (int i = 0; i < N_DUPS; i++) {
        fds[i] = dup(f->front_end);
        assert_true(fds[i] >= 0);
    }
    for (int i = N_DUPS; i < N_DUPS + N_EPOLLS; i++) {
        fds[i] = epoll_create1(EPOLL_CLOEXEC);
        for (int j = 0; j < N_DUPS; j++) {
            assert_int_equal(epoll_ctl(fds[i], EPOLL_CTL_ADD, fds[j], &event),
                             0);
        }
    }
}

/* Very many wait for the front end's socket, which GUARD notifies. */
static void
test_watched(void **state)
{
    const struct dpdk_vhost_message msg = {
        .request = DPDK_VHOST_GET_FEATURES, .flags = 1
    };
    struct fixture *f = *state;
    int fds[N_EPOLLS + N_DUPS];
    uint64_t begun, total = 0;
    bool open = true;

    send_get_features(f);
    assert_true(dpdk_vhost_relay_run(f->conn));
    watch_socket(f, fds);
    for (int i = 0; open && i < 100; i++) {
        for (int j = 0; j < DPDK_VHOST_MESSAGE_HEADER_SIZE; j++) {
            assert_int_equal(send(f->front_end, (char *) &msg + j, 1, 0), 1);
        }
        begun = dpdk_thread_us();
        open = dpdk_vhost_relay_run(f->conn);
        total += dpdk_thread_us() - begun;
    }
    assert_false(open);
    assert_true(total < 200000);
    for (int i = 0; i < N_EPOLLS + N_DUPS; i++) {
        close(fds[i]);
    }
}

/* Sends a message 'request' for ring 0 with 'fd', and returns what
 * librte_vhost gets in its place. */
static int
pass_event(const struct fixture *f, uint32_t request, int fd)
{
    const struct dpdk_vhost_message msg = {
        .request = request, .flags = 1, .size = 8
    };
    const struct dpdk_vhost_fds sent = { .fds = { fd }, .n = 1 };
    struct dpdk_vhost_fds got = { .n = 0 };
    struct dpdk_vhost_message copy;
    size_t n = 0;

    assert_int_equal(dpdk_vhost_wire_write(f->front_end, &msg, 20, &sent),
                     DPDK_VHOST_IO_DONE);
    assert_true(dpdk_vhost_relay_run(f->conn));
    assert_int_equal(dpdk_vhost_wire_read(f->library, &copy, 20, &n, &got),
                     DPDK_VHOST_IO_DONE);
    assert_int_equal(n, 20);
    assert_int_equal(copy.request, request);
    assert_int_equal(got.n, 1);
    return got.fds[0];
}

/* librte_vhost closes the eventfds that it gets, which may take as long as
 * their front end likes, unless they are ours, or GUARD has them, too. */
static void
test_events(void **state)
{
    static const struct {
        uint32_t request;
        bool ours;
    } cases[] = {
        { DPDK_VHOST_SET_VRING_KICK, true },
        { DPDK_VHOST_SET_VRING_ERR, true },
        { DPDK_VHOST_SET_LOG_FD, true },
        { DPDK_VHOST_SET_VRING_CALL, false },
    };
    struct fixture *f = *state;
    struct dpdk_vhost_message msg;

    f->conn->peer.ever_protocol = UINT64_MAX >> 48;
    f->conn->peer.sizes[0] = 256;
    assert_true(dpdk_vhost_relay_run(f->conn));
    read_message(f, &msg);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int event = eventfd(0, EFD_NONBLOCK);
        int fd = pass_event(f, cases[i].request, event);
        uint64_t value = 0;

        assert_int_equal(eventfd_write(fd, 1), 0);
        eventfd_read(event, &value);
        assert_int_equal(value, cases[i].ours ? 0 : 1);
        close(event);
        close(fd);
    }
}

/* Has 'n' batches of 16 eventfds each of the port wait to be closed. */
static void
close_many(int n)
{
    struct rlimit old, none;
    int fds[16];

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(fds); j++) {
            fds[j] = eventfd(0, 0);
        }

        /* Without descriptors, there is no thread that closes them. */
        none = old;
        none.rlim_cur = 0;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        dpdk_vhost_close("p", fds, ARRAY_SIZE(fds));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    }
}

/* A front end has passed files that cannot be closed, and passes more.  Comes
 * first, as there is no thread yet. */
static void
test_full(void **state)
{
    const struct dpdk_vhost_message msg = {
        .request = DPDK_VHOST_SET_VRING_ERR, .flags = 1, .size = 8
    };
    struct dpdk_vhost_fds fds = { .fds = { eventfd(0, 0) }, .n = 1 };
    struct fixture *f = *state;
    struct dpdk_vhost_message hello;
    char byte;

    assert_true(dpdk_vhost_relay_run(f->conn));
    read_message(f, &hello);
    close_many(4);
    assert_int_equal(dpdk_vhost_wire_write(f->front_end, &msg, 20, &fds),
                     DPDK_VHOST_IO_DONE);
    dpdk_vhost_fds_close(&fds);
    assert_true(dpdk_vhost_close_is_full("p"));
    assert_false(dpdk_vhost_close_is_full("q"));

    /* It waits, and is given up if that is for long. */
    assert_true(dpdk_vhost_relay_run(f->conn));
    while (!dpdk_vhost_close_is_stuck("p")) {
        assert_true(dpdk_vhost_relay_run(f->conn));
        usleep(1000);
    }
    assert_false(dpdk_vhost_relay_run(f->conn));
    assert_int_equal(recv(f->library, &byte, 1, MSG_DONTWAIT), -1);
    while (dpdk_vhost_close_run()) {
        usleep(1000);
    }
    assert_false(dpdk_vhost_close_is_full("p"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello_of_front_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_client_delay, setup_client,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_unwritable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watched, setup, teardown),
    };

    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
