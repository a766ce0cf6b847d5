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

/* Unit tests of lib/dpdk-policer.c: which packets pass at which time. */

#include <config.h>

#include "dpdk-policer.h"
#include "test-meter.h"

/* Lets 'policer' police 'n' packets of 'len' bytes of IP at the time 'now'.
 * Returns how many passed. */
static size_t
police(struct dpdk_policer *policer, size_t n, size_t len, uint64_t now)
{
    size_t n_passed = 0;

    while (n) {
        struct dp_packet *packets[NETDEV_MAX_BURST];
        size_t n_batch = MIN(n, NETDEV_MAX_BURST);
        size_t n_left;

        for (size_t i = 0; i < n_batch; i++) {
            packets[i] = make_packet(len, 0);
        }
        n_left = dpdk_policer_run_at(policer, packets, n_batch, now);
        assert_true(n_left <= n_batch);
        for (size_t i = 0; i < n_left; i++) {
            dp_packet_delete(packets[i]);
        }
        n_passed += n_left;
        n -= n_batch;
    }
    return n_passed;
}

static struct dpdk_policer *
create(uint32_t kbits_rate, uint32_t kbits_burst, uint32_t kpkts_rate,
       uint32_t kpkts_burst)
{
    struct dpdk_policer_limits limits = {
        kbits_rate, kbits_burst, kpkts_rate, kpkts_burst
    };
    struct dpdk_policer *policer;

    dpdk_policer_normalize(&limits);
    assert_int_equal(dpdk_policer_create(&limits, &policer), 0);
    assert_true(dpdk_policer_has_limits(policer, &limits));
    return policer;
}

static void
assert_normal(struct dpdk_policer_limits limits,
              struct dpdk_policer_limits expected)
{
    dpdk_policer_normalize(&limits);
    assert_memory_equal(&limits, &expected, sizeof limits);
}

static void
test_normalize(void **state OVS_UNUSED)
{
    typedef struct dpdk_policer_limits limits;

    assert_normal((limits) { 0, 0, 0, 0 }, (limits) { 0, 0, 0, 0 });
    assert_normal((limits) { 5, 6, 7, 8 }, (limits) { 5, 6, 7, 8 });
    assert_normal((limits) { 5, 0, 7, 0 }, (limits) { 5, 8000, 7, 16 });
    assert_normal((limits) { 0, 6, 0, 8 }, (limits) { 0, 0, 0, 0 });
}

static void
test_none(void **state OVS_UNUSED)
{
    struct dpdk_policer_limits none = { .kbits_rate = 0 };
    struct dpdk_policer_limits some = { .kbits_rate = 1, .kbits_burst = 1 };
    struct dpdk_policer *policer = create(0, 100, 0, 100);

    assert_null(policer);
    assert_true(dpdk_policer_has_limits(policer, &none));
    assert_false(dpdk_policer_has_limits(policer, &some));
    dpdk_policer_destroy(policer);

    policer = create(1, 1, 0, 0);
    assert_true(dpdk_policer_has_limits(policer, &some));
    assert_false(dpdk_policer_has_limits(policer, &none));
    dpdk_policer_destroy(policer);
}

/* 8 kbit a second are 1000 bytes, 80 kbit at once 10000. */
static void
test_bytes(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(8, 80, 0, 0);
    uint64_t now = start_time();

    assert_int_equal(police(policer, 99, LEN, now), 99);
    assert_int_equal(police(policer, 50, LEN, now), 1);
    assert_int_equal(police(policer, 50, LEN, now), 0);

    /* What is refused takes nothing. */
    now += cycles(1000);
    assert_int_equal(police(policer, 10, 5 * LEN, now), 2);
    now += cycles(1000);
    assert_int_equal(police(policer, 50, LEN, now), 10);

    /* Never more than the burst. */
    now += cycles(3600 * 1000);
    assert_int_equal(police(policer, 500, LEN, now), 100);
    dpdk_policer_destroy(policer);
}

static void
test_packets(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(0, 0, 1, 2);
    uint64_t now = start_time();

    assert_int_equal(police(policer, 1000, 1, now), 1000);
    assert_int_equal(police(policer, 1500, 1486, now), 1000);
    now += cycles(100);
    assert_in_range(police(policer, 1000, LEN, now), 100, 101);
    now += cycles(60 * 1000);
    assert_int_equal(police(policer, 5000, LEN, now), 2000);
    dpdk_policer_destroy(policer);
}

/* A burst of 200000 bytes, and one of 1000 packets that is there again at
 * once. */
static void
test_both(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(8, 1600, 1000, 1);
    uint64_t now = start_time();

    assert_int_equal(police(policer, 1500, LEN, now), 1000);

    /* The 500 took no bytes. */
    now += cycles(2);
    assert_int_equal(police(policer, 1500, LEN, now), 1000);

    /* Now there are packets, but no bytes. */
    now += cycles(2);
    assert_int_equal(police(policer, 1500, LEN, now), 0);
    dpdk_policer_destroy(policer);
}

/* Threads on different CPUs may read the TSC in another order than they get
 * the lock. */
static void
test_time_backward(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(8, 80, 0, 0);
    uint64_t now = start_time();

    assert_int_equal(police(policer, 200, LEN, now), 100);
    assert_int_equal(police(policer, 200, LEN, now - cycles(1)), 0);
    assert_int_equal(police(policer, 200, LEN, now - cycles(5000)), 0);
    now += cycles(1000);
    assert_int_equal(police(policer, 50, LEN, now), 10);
    dpdk_policer_destroy(policer);
}

static void
test_order(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(8, 8, 0, 0);
    struct dp_packet *small1 = make_packet(400, 0);
    struct dp_packet *small2 = make_packet(500, 0);
    struct dp_packet *packets[] = {
        make_packet(1001, 0), small1, make_packet(601, 0), small2,
        make_packet(200, 0),
    };

    assert_int_equal(dpdk_policer_run_at(policer, packets, 5, start_time()),
                     2);
    assert_ptr_equal(packets[0], small1);
    assert_ptr_equal(packets[1], small2);
    dp_packet_delete(small1);
    dp_packet_delete(small2);
    dpdk_policer_destroy(policer);
}

/* A guest may send less than an Ethernet header. */
static void
test_runt(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(8, 8, 0, 0);
    uint64_t now = start_time();
    struct dp_packet *p = dp_packet_new(ETH_HEADER_LEN);

    dp_packet_put_zeros(p, ETH_HEADER_LEN - 1);
    assert_int_equal(dpdk_policer_run_at(policer, &p, 1, now), 1);
    dp_packet_delete(p);
    assert_int_equal(police(policer, 20, LEN, now), 10);
    dpdk_policer_destroy(policer);
}

/* The largest values that the core passes. */
static void
test_largest(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(UINT32_MAX, UINT32_MAX, UINT32_MAX,
                                          UINT32_MAX);

    assert_int_equal(police(policer, 1000, 1486, start_time()), 1000);
    dpdk_policer_destroy(policer);
}

static void
test_clock(void **state OVS_UNUSED)
{
    struct dpdk_policer *policer = create(8, 8, 0, 0);
    struct dp_packet *p = make_packet(1000, 0);

    assert_int_equal(dpdk_policer_run(policer, &p, 1), 1);
    assert_int_equal(dpdk_policer_run(policer, &p, 1), 0);
    dpdk_policer_destroy(policer);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_both),
        cmocka_unit_test(test_time_backward),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_runt),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_clock),
    };

    set_program_name(argv[0]);
    return cmocka_run_group_tests(tests, setup_eal, teardown_eal);
}
