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

/* Unit tests of lib/dpdk-vhost-ring.c and dpdk-vhost-ring-enter.c, and of what
 * dpdk-vhost-rxtx.c does with a ring: who has the rings of a port, and who
 * waits for whom.  The functions of librte_vhost that these call are here.
 *
 * Needs no root and no hugepages: EAL runs on ordinary memory. */

#include <config.h>

#include "dpdk-vhost-ring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <rte_eal.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "dpdk-mempool.h"
#include "dpdk-packet.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-rxtx.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"
#include "vring-guest.h"

/* The guest, and most of its rings. */
#define VID 3
#define MAX_RINGS 8

/* In an index of a packed ring, the wrap counter. */
#define WRAP 0x8000

/* The largest value of an eventfd. */
#define FULL (UINT64_MAX - 1)

/* How long anything may take, in s. */
#define TIMEOUT 20

static struct dpdk_mempool *pool;

/* The port, and what its guest has asked for. */
static struct dpdk_vhost vhost;
static struct dpdk_vhost_rings *const rings = &vhost.rings;
static struct dpdk_vhost_asked asked;

/* librte_vhost
 * ------------
 *
 * It has one guest, all rings of which are in the same place. */

static struct guest guest;
static uint16_t n_rings;
static int callfd;              /* Of all rings. */
static struct base {
    uint16_t last_avail;
    uint16_t last_used;
} bases[MAX_RINGS];

uint16_t
rte_vhost_get_vring_num(int vid)
{
    assert_int_equal(vid, VID);
    return n_rings;
}

int
rte_vhost_get_negotiated_features(int vid, uint64_t *features)
{
    assert_int_equal(vid, VID);
    *features = guest.features;
    return 0;
}

int
rte_vhost_get_mem_table(int vid, struct rte_vhost_memory **memoryp)
{
    const struct dpdk_vring_memory *from = &guest.memory;
    struct rte_vhost_memory *memory;

    assert_int_equal(vid, VID);
    memory = xzalloc(sizeof *memory + from->n * sizeof memory->regions[0]);
    memory->nregions = from->n;
    for (size_t i = 0; i < from->n; i++) {
        memory->regions[i] = (struct rte_vhost_mem_region) {
            .guest_phys_addr = from->regions[i].start,
            .size = from->regions[i].size,
            .host_user_addr = (uintptr_t) from->regions[i].base,
        };
    }
    *memoryp = memory;
    return 0;
}

int
rte_vhost_get_vhost_vring(int vid, uint16_t index,
                          struct rte_vhost_vring *vring)
{
    assert_int_equal(vid, VID);
    assert_true(index < n_rings);
    memset(vring, 0, sizeof *vring);
    vring->desc = guest.desc;
    if (guest.packed) {
        vring->driver_event = guest.driver_event;
        vring->device_event = guest.device_event;
    } else {
        vring->avail = guest.avail;
        vring->used = guest.used;
    }
    vring->callfd = callfd;
    vring->kickfd = -1;
    vring->size = guest.size;
    return 0;
}

int
rte_vhost_get_vring_base(int vid, uint16_t index, uint16_t *last_avail,
                         uint16_t *last_used)
{
    assert_int_equal(vid, VID);
    assert_true(index < n_rings);
    *last_avail = bases[index].last_avail;
    *last_used = bases[index].last_used;
    return 0;
}

int
rte_vhost_set_vring_base(int vid, uint16_t index, uint16_t last_avail,
                         uint16_t last_used)
{
    assert_int_equal(vid, VID);
    assert_true(index < n_rings);
    bases[index] = (struct base) { last_avail, last_used };
    return 0;
}

/* The port
 * -------- */

/* Makes a port with a guest that has negotiated 'features' and turned on 'n'
 * rings of 'size' descriptors each, and is notified by 'fd'. */
static void
attach(uint64_t features, uint16_t size, uint16_t n, int fd)
{
    const uint16_t start = features & PACKED ? WRAP : 0;

    guest_init(&guest, features, size, 0);
    n_rings = n;
    callfd = fd;
    memset(&vhost, 0, sizeof vhost);
    memset(&asked, 0, sizeof asked);
    vhost.dev.mp = pool->mp;
    ovsrcu_index_init(&vhost.usable_vid, VID);
    dpdk_vhost_faults_init(&vhost.faults, "p");
    dpdk_vhost_rings_init(rings, &vhost.faults);
    dpdk_vhost_rings_set_port(rings, pool->mp, DPDK_MTU_DEFAULT);
    for (int i = 0; i < n; i++) {
        bases[i] = (struct base) { start, start };
        dpdk_vhost_rings_enable(rings, VID, &asked, i, true);
    }
    dpdk_vhost_rings_attach(rings, VID, &asked);
}

/* Undoes attach(). */
static void
detach(void)
{
    dpdk_vhost_rings_detach(rings);
    dpdk_vhost_rings_destroy(rings);
    dpdk_vhost_faults_destroy(&vhost.faults);
    guest_uninit(&guest);
}

/* Uses each ring once. */
static void
visit_all(void)
{
    for (int i = 0; i < n_rings; i++) {
        assert_int_equal(dpdk_vhost_ring_enter(rings->ring[i]),
                         DPDK_VHOST_RING_VIEW);
        dpdk_vhost_ring_leave(rings->ring[i]);
    }
}

static void
assert_states(enum dpdk_vhost_ring_state state)
{
    for (int i = 0; i < n_rings; i++) {
        assert_int_equal(dpdk_vhost_ring_get_state(rings->ring[i]), state);
    }
}

static int
make_eventfd(uint64_t value)
{
    int fd = eventfd(0, EFD_CLOEXEC);

    assert_true(fd >= 0);
    if (value) {
        assert_int_equal(eventfd_write(fd, value), 0);
    }
    return fd;
}

static uint64_t
read_eventfd(int fd)
{
    uint64_t value;

    assert_int_equal(eventfd_read(fd, &value), 0);
    return value;
}

static bool
is_called(int fd)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };

    return poll(&pfd, 1, 0) > 0;
}

/* Tests
 * ----- */

/* Makes a view, of no ring, when all threads are at 'barrier'.  Returns null
 * if it knows how to walk. */
static void *
view_main(void *barrier)
{
    const struct dpdk_vring_config config = { .size = 0 };
    struct dpdk_vring view;

    pthread_barrier_wait(barrier);
    dpdk_vring_init(&view, &config);
    return view.ops ? NULL : barrier;
}

/* Several PMDs may make the first views ever at the same time.  It is the
 * thread sanitizer that would nearly always notice if that mattered. */
static void
test_first_views(void **state OVS_UNUSED)
{
    pthread_barrier_t barrier;
    pthread_t threads[4];

    pthread_barrier_init(&barrier, NULL, ARRAY_SIZE(threads));
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, view_main,
                                        &barrier), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    pthread_barrier_destroy(&barrier);
}

/* A guest is told once of what it may not know of in each ring that is taken
 * back. */
static void
test_calls(void **state OVS_UNUSED)
{
    int fd = make_eventfd(0);

    attach(GUEST_PLAIN, 64, MAX_RINGS, fd);
    assert_states(DPDK_VHOST_RING_VIEW);
    visit_all();
    dpdk_vhost_rings_before_message(rings, VID);
    assert_states(DPDK_VHOST_RING_MESSAGE);
    assert_int_equal(read_eventfd(fd), MAX_RINGS);
    dpdk_vhost_rings_after_message(rings, VID);
    assert_states(DPDK_VHOST_RING_VIEW);
    detach();
    close(fd);
}

/* QEMU gives a ring another eventfd when the guest masks or unmasks its
 * interrupt, and does not look at the former one any more once it has said so.
 * So what was told by that has to be told again. */
static void
test_replaced_calls(void **state OVS_UNUSED)
{
    int fds[] = { make_eventfd(0), make_eventfd(0) };

    attach(GUEST_PLAIN, 64, MAX_RINGS, fds[0]);
    visit_all();
    dpdk_vhost_rings_before_message(rings, VID);
    assert_int_equal(read_eventfd(fds[0]), MAX_RINGS);
    callfd = fds[1];
    dpdk_vhost_rings_after_message(rings, VID);
    assert_true(is_called(fds[1]));
    assert_int_equal(read_eventfd(fds[1]), MAX_RINGS);

    /* Not what nothing was used of, nor by one that stays. */
    dpdk_vhost_rings_before_message(rings, VID);
    dpdk_vhost_rings_after_message(rings, VID);
    assert_false(is_called(fds[1]));
    detach();
    attach(GUEST_PLAIN, 64, MAX_RINGS, fds[0]);
    dpdk_vhost_rings_before_message(rings, VID);
    callfd = fds[1];
    dpdk_vhost_rings_after_message(rings, VID);
    assert_false(is_called(fds[0]));
    assert_false(is_called(fds[1]));
    detach();
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        close(fds[i]);
    }
}

/* A front end has filled the eventfd of all of its rings, and made it
 * block. */
static void
test_full_calls(void **state OVS_UNUSED)
{
    int fd = make_eventfd(FULL);

    attach(GUEST_PLAIN, 64, MAX_RINGS, fd);
    visit_all();
    alarm(TIMEOUT);
    dpdk_vhost_rings_before_message(rings, VID);
    dpdk_vhost_rings_after_message(rings, VID);
    visit_all();
    detach();
    alarm(0);
    assert_int_equal(read_eventfd(fd), FULL);
    close(fd);
}

/* Instances of epoll, and copies of an eventfd that each of them waits for. */
#define N_EPOLLS 150
#define N_COPIES 150

/* Returns an eventfd that so many wait for that it takes the kernel about a
 * millisecond to notify them.  They are in 'epolls'. */
static int
make_slow_eventfd(int epolls[N_EPOLLS])
{
    int fd = make_eventfd(0);
    int copies[N_COPIES];

    for (int i = 0; i < N_COPIES; i++) {
        copies[i] = dup(fd);
        assert_true(copies[i] >= 0);
    }
    for (int i = 0; i < N_EPOLLS; i++) {
        epolls[i] = epoll_create1(EPOLL_CLOEXEC);
        assert_true(epolls[i] >= 0);
        for (int j = 0; j < N_COPIES; j++) {
            struct epoll_event event = { .events = EPOLLIN };

            assert_int_equal(epoll_ctl(epolls[i], EPOLL_CTL_ADD, copies[j],
                                       &event), 0);
        }
    }
    for (int i = 0; i < N_COPIES; i++) {
        close(copies[i]);
    }
    return fd;
}

/* Notifies the guest of 'ring', as the packet side does after a burst.
 * Returns the number of notifications. */
static unsigned int
notify(struct dpdk_vhost_ring *ring)
{
    unsigned int n;

    assert_int_equal(dpdk_vhost_ring_enter(ring), DPDK_VHOST_RING_VIEW);
    ring->view.kick_pending = 1;
    ring->view.signalled_valid = false;
    n = dpdk_vhost_ring_notify(ring);
    dpdk_vhost_ring_leave(ring);
    return n;
}

/* A guest has very many wait for what it is notified by.  That must not cost
 * others much time, neither those that send to it or receive from it nor those
 * that take its rings back, however many rings it has. */
static void
test_slow_calls(void **state OVS_UNUSED)
{
    enum { N_ROUNDS = 200 };
    int epolls[N_EPOLLS];

    for (int messages = 0; messages < 2; messages++) {
        int fd = make_slow_eventfd(epolls);
        uint64_t n_calls;

        attach(GUEST_PLAIN, 64, MAX_RINGS, fd);
        visit_all();
        assert_int_equal(dpdk_vhost_rings_get_slow(rings, VID), -1);
        for (int i = 0; i < N_ROUNDS; i++) {
            if (messages) {
                dpdk_vhost_rings_before_message(rings, VID);
                dpdk_vhost_rings_after_message(rings, VID);
                visit_all();
            } else {
                for (int j = 0; j < MAX_RINGS; j++) {
                    notify(rings->ring[j]);
                }
            }
        }
        n_calls = read_eventfd(fd);
        assert_true(n_calls >= 2);
        assert_true(n_calls < N_ROUNDS * MAX_RINGS / 2);
        assert_true(dpdk_vhost_rings_get_slow(rings, VID) >= 0);
        assert_int_equal(notify(rings->ring[0]), 0);
        assert_int_equal(dpdk_vhost_rings_get_slow(rings, VID + 1), -1);
        detach();
        for (int i = 0; i < N_EPOLLS; i++) {
            close(epolls[i]);
        }
        close(fd);
    }
}

static void *
message_main(void *aux OVS_UNUSED)
{
    dpdk_vhost_rings_before_message(rings, VID);
    return NULL;
}

/* As long as a PMD uses a ring, and be it because its guest makes it wait,
 * others need not wait for the rings that the guest sends by. */
static void
test_blocked(void **state OVS_UNUSED)
{
    struct dpdk_vhost_ring *ring;
    pthread_t thread;

    attach(GUEST_PLAIN, 64, 4, -1);
    visit_all();
    ring = rings->ring[1];
    assert_int_equal(dpdk_vhost_ring_enter(rings->ring[0]),
                     DPDK_VHOST_RING_VIEW);
    alarm(TIMEOUT);
    assert_int_equal(pthread_create(&thread, NULL, message_main, NULL), 0);
    while (dpdk_vhost_ring_get_state(ring) != DPDK_VHOST_RING_BLOCKED) {
        sched_yield();
    }
    assert_int_equal(dpdk_vhost_ring_enter(ring), DPDK_VHOST_RING_MESSAGE);
    assert_int_equal(dpdk_vhost_ring_get_state(ring), DPDK_VHOST_RING_BLOCKED);

    dpdk_vhost_ring_leave(rings->ring[0]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    alarm(0);
    assert_states(DPDK_VHOST_RING_MESSAGE);
    dpdk_vhost_rings_after_message(rings, VID);
    visit_all();
    detach();
}

/* Uses 'ring', which librte_vhost has for a message.  Returns how long that
 * took, in us. */
static long long int
time_message(struct dpdk_vhost_ring *ring)
{
    long long int start = time_usec();

    assert_int_equal(dpdk_vhost_ring_enter(ring), DPDK_VHOST_RING_MESSAGE);
    return time_usec() - start;
}

/* A packet waits for a message, but those of a guest that sends messages
 * without end do not keep a PMD from its other ports. */
static void
test_messages_without_end(void **state OVS_UNUSED)
{
    long long int start, waited;

    attach(GUEST_PLAIN, 64, 2, -1);
    visit_all();
    dpdk_vhost_rings_before_message(rings, VID);
    alarm(TIMEOUT);
    start = time_usec();
    waited = time_message(rings->ring[0]);
    assert_true(waited >= 900);
    while (time_usec() < start + 200 * 1000) {
        const long long int until = time_usec() + 100;

        while (time_usec() < until) {
            continue;           /* That is for other ports. */
        }
        waited += time_message(rings->ring[0]);
    }
    assert_true(waited < (time_usec() - start) / 2);
    alarm(0);
    dpdk_vhost_rings_after_message(rings, VID);
    visit_all();
    detach();
}

/* Receives a burst of packets of 60 bytes, the first of which has '*seedp',
 * which becomes that of the next one. */
static void
receive_patterns(struct dpdk_rxq *rxq, uint32_t *seedp)
{
    struct dp_packet_batch batch;

    assert_int_equal(dpdk_vhost_rxq_recv(&rxq->up, &batch, NULL), 0);
    for (size_t i = 0; i < batch.count; i++) {
        assert_pattern(batch.packets[i], 60, (*seedp)++);
    }
    dpdk_packet_free_bulk(batch.packets, batch.count);
}

/* A ring that goes back and forth loses nothing and repeats nothing. */
static void
test_hand_over(void **features)
{
    struct dpdk_rxq rxq = {
        .up = { .netdev = &vhost.dev.up, .queue_id = 0 },
        .stats = dpdk_stats_grow(NULL, 0, 1),
    };
    struct dp_packet_batch batch;
    uint32_t n_received = 0;
    uint32_t n_sent = 0;

    attach(*(uint64_t *) *features, 64, 2, -1);
    for (int i = 0; i < 20; i++) {
        uint32_t len;

        for (int j = 0; j < 50; j++) {
            assert_true(send_pattern(&guest, 60, n_sent++));
        }
        receive_patterns(&rxq, &n_received);
        dpdk_vhost_rings_before_message(rings, VID);
        assert_int_equal(bases[1].last_used, bases[1].last_avail);
        if (!guest.packed) {
            assert_int_equal(bases[1].last_avail, n_received);
        }
        assert_int_equal(dpdk_vhost_rxq_recv(&rxq.up, &batch, NULL), EAGAIN);
        dpdk_vhost_rings_after_message(rings, VID);
        receive_patterns(&rxq, &n_received);
        assert_int_equal(n_received, n_sent);
        for (int j = 0; j < 50; j++) {
            assert_true(guest_take(&guest, &len) >= 0);
        }
    }
    assert_int_equal(dpdk_vhost_rxq_recv(&rxq.up, &batch, NULL), EAGAIN);
    detach();
    dpdk_stats_free(rxq.stats);
}

/* Gives a buffer to the guest's receive queue, and sends a packet to it. */
static void
send_one(void)
{
    struct dp_packet_batch batch;

    assert_true(add_room(&guest, 2048) >= 0);
    dp_packet_batch_init_packet(&batch, packet_new(64, 0));
    dpdk_vhost_send(&vhost.dev.up, 0, &batch, false);
}

/* A PMD that may sleep before its next visit does not put off to look whether
 * a guest that was awake wants to be notified, but others do. */
static void
test_sleep(void **state OVS_UNUSED)
{
    struct dpdk_rxq rxq = {
        .up = { .netdev = &vhost.dev.up, .queue_id = 0 },
        .stats = dpdk_stats_grow(NULL, 0, 1),
    };
    struct dpdk_queue_stats *tx_stats = dpdk_stats_grow(NULL, 0, 1);
    struct dpdk_txq txq = { .lock = RTE_SPINLOCK_INITIALIZER };
    struct smap other_config = SMAP_INITIALIZER(&other_config);
    int fd = make_eventfd(0);

    for (int sleep = 0; sleep < 2; sleep++) {
        struct dp_packet_batch batch;
        uint32_t seed = 0;

        smap_replace(&other_config, "pmd-maxsleep", sleep ? "100" : "0");
        dpdk_vhost_rings_run(&other_config);

        /* The guest is awake, and wants to be notified then. */
        attach(GUEST_PLAIN, 64, 2, fd);
        vhost.dev.txqs = &txq;
        vhost.dev.tx_stats = tx_stats;
        vhost.dev.max_packet_len = 1518;
        vhost.dev.up.n_txq = 1;
        guest.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
        assert_int_equal(dpdk_vhost_rxq_recv(&rxq.up, &batch, NULL), EAGAIN);
        send_one();
        guest.avail->flags = 0;
        send_one();
        assert_int_equal(is_called(fd), sleep);
        detach();
        read_eventfd(fd);

        /* The same for what it sends. */
        attach(GUEST_PLAIN, 64, 2, fd);
        guest.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
        assert_true(send_pattern(&guest, 60, 0));
        receive_patterns(&rxq, &seed);
        assert_int_equal(rings->ring[1]->view.kick_pending, !sleep);
        detach();
        read_eventfd(fd);
    }
    smap_clear(&other_config);
    dpdk_vhost_rings_run(&other_config);
    smap_destroy(&other_config);
    dpdk_stats_free(tx_stats);
    dpdk_stats_free(rxq.stats);
    close(fd);
}

/* The most that 'n_avail' of 'counting_ops' was asked for. */
static unsigned int most_asked;
static const struct dpdk_vring_ops *real_ops;
static struct dpdk_vring_ops counting_ops;

static unsigned int
counting_n_avail(struct dpdk_vring *vr, unsigned int max)
{
    most_asked = MAX(most_asked, max);
    return real_ops->n_avail(vr, max);
}

/* Receives a full burst, and asks for '*qfillp' unless that is null. */
static void
receive_burst(struct dpdk_rxq *rxq, int *qfillp)
{
    struct dp_packet_batch batch;

    assert_int_equal(dpdk_vhost_rxq_recv(&rxq->up, &batch, qfillp), 0);
    assert_int_equal(batch.count, NETDEV_MAX_BURST);
    dpdk_packet_free_bulk(batch.packets, batch.count);
}

/* How many packets wait is not looked for if nobody wants to know: a guest
 * with a packed ring could make that take long. */
static void
test_fill_level(void **features)
{
    struct dpdk_rxq rxq = {
        .up = { .netdev = &vhost.dev.up, .queue_id = 0 },
        .stats = dpdk_stats_grow(NULL, 0, 1),
    };
    uint8_t data[60] = { 0 };
    struct dpdk_vring *view;
    int qfill = -1;

    attach(*(uint64_t *) *features, 256, 2, -1);
    for (int i = 0; i < 3 * NETDEV_MAX_BURST + 4; i++) {
        assert_true(guest_send(&guest, NULL, data, sizeof data));
    }
    receive_burst(&rxq, NULL);

    view = &rings->ring[1]->view;
    real_ops = view->ops;
    counting_ops = *real_ops;
    counting_ops.n_avail = counting_n_avail;
    view->ops = &counting_ops;
    most_asked = 0;
    receive_burst(&rxq, NULL);
    assert_int_equal(most_asked, NETDEV_MAX_BURST);
    receive_burst(&rxq, &qfill);
    assert_int_equal(qfill, 4);
    detach();
    dpdk_stats_free(rxq.stats);
}

static void
status_changed(int vid)
{
    assert_int_equal(vid, VID);
}

static int
setup(void **state OVS_UNUSED)
{
    const struct dpdk_mempool_request request = {
        .name = "test", .mtu = DPDK_MTU_DEFAULT
    };
    char *argv[] = {
        (char *) "test-dpdk-vhost-ring", (char *) "--no-huge",
        (char *) "--no-pci", (char *) "--no-telemetry",
        (char *) "--no-shconf", (char *) "-m", (char *) "256",
        (char *) "--lcores", (char *) "0@0", (char *) "--log-level=error",
        NULL
    };
    char *why = NULL;

    if (rte_eal_init(ARRAY_SIZE(argv) - 1, argv) < 0
        || dpdk_mempool_get(&request, &pool, &why)) {
        return -1;
    }
    dpdk_vhost_rings_start(status_changed);
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    dpdk_mempool_put(pool);
    return rte_eal_cleanup();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_views),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_replaced_calls),
        cmocka_unit_test(test_full_calls),
        cmocka_unit_test(test_slow_calls),
        cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_messages_without_end),
        ONE(test_hand_over, v1),
        ONE(test_hand_over, packed),
        cmocka_unit_test(test_sleep),
        ONE(test_fill_level, v1),
        ONE(test_fill_level, packed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
