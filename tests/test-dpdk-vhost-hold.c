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

/* Unit tests of lib/dpdk-vhost-hold.c: when pauses start, how they grow, and
 * when all is forgotten. */

#include <config.h>

#include "dpdk-vhost-hold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util.h"

#define SECOND 1000LL
#define START (1000 * SECOND)

/* Has one fault too many, at 'START'. */
static struct dpdk_vhost_hold
make_held(void)
{
    struct dpdk_vhost_hold hold = { .n = 0 };

    assert_int_equal(dpdk_vhost_hold_fault(&hold, START - 2), 0);
    assert_int_equal(dpdk_vhost_hold_fault(&hold, START - 1), 0);
    assert_int_equal(dpdk_vhost_hold_fault(&hold, START), SECOND);
    return hold;
}

static void
test_third_within_a_minute(void **state OVS_UNUSED)
{
    struct dpdk_vhost_hold hold = make_held();

    assert_int_equal(hold.n, 3);
    assert_int_equal(hold.first, START - 2);
    assert_true(dpdk_vhost_hold_is_held(&hold, START));
    assert_true(dpdk_vhost_hold_is_held(&hold, START + SECOND - 1));
    assert_false(dpdk_vhost_hold_is_held(&hold, START + SECOND));
}

static void
test_never_held(void **state OVS_UNUSED)
{
    struct dpdk_vhost_hold hold = { .n = 0 };

    assert_false(dpdk_vhost_hold_is_held(&hold, 0));
    assert_false(dpdk_vhost_hold_is_held(&hold, START));
}

/* Seldom faults are no reason, though there is never a minute without. */
static void
test_seldom(void **state OVS_UNUSED)
{
    struct dpdk_vhost_hold hold = { .n = 0 };

    for (int i = 0; i < 100; i++) {
        assert_int_equal(dpdk_vhost_hold_fault(&hold,
                                               START + i * 30 * SECOND), 0);
    }
    /* The third one within a minute, barely. */
    assert_int_equal(dpdk_vhost_hold_fault(&hold,
                                           START + 99 * 30 * SECOND + 29999),
                     SECOND);
    assert_int_equal(hold.n, 101);
    assert_int_equal(hold.first, START);
}

/* Each fault after a pause doubles it, up to a minute. */
static void
test_grows(void **state OVS_UNUSED)
{
    static const int expected[] = { 2, 4, 8, 16, 32, 60, 60, 60 };
    struct dpdk_vhost_hold hold = make_held();

    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        /* At the end of the pause, and almost a minute after it. */
        long long int now = hold.until + i % 2 * 59999;

        assert_int_equal(dpdk_vhost_hold_fault(&hold, now),
                         expected[i] * SECOND);
        assert_int_equal(hold.until, now + expected[i] * SECOND);
    }
}

/* What happens in a pause does not make it longer, but is no peace. */
static void
test_faults_in_a_pause(void **state OVS_UNUSED)
{
    struct dpdk_vhost_hold hold = make_held();
    long long int until = hold.until;

    for (int i = 0; i < 1000; i++) {
        assert_int_equal(dpdk_vhost_hold_fault(&hold, START + i), 0);
    }
    assert_int_equal(hold.until, until);
    assert_int_equal(dpdk_vhost_hold_fault(&hold, until), 2 * SECOND);
}

static void
test_forgotten(void **state OVS_UNUSED)
{
    struct dpdk_vhost_hold hold = make_held();
    long long int peace = hold.until + 60 * SECOND;

    /* A minute after the pause, not after the fault. */
    assert_int_equal(dpdk_vhost_hold_fault(&hold, peace - 1), 2 * SECOND);

    hold = make_held();
    assert_int_equal(dpdk_vhost_hold_fault(&hold, peace), 0);
    assert_int_equal(hold.n, 1);
    assert_int_equal(hold.first, peace);
    assert_int_equal(dpdk_vhost_hold_fault(&hold, peace + 1), 0);
    assert_int_equal(dpdk_vhost_hold_fault(&hold, peace + 2), SECOND);

    /* What is too old does not count with what is not. */
    hold = (struct dpdk_vhost_hold) { .n = 0 };
    dpdk_vhost_hold_fault(&hold, START);
    dpdk_vhost_hold_fault(&hold, START + 1);
    assert_int_equal(dpdk_vhost_hold_fault(&hold, START + 60 * SECOND + 1), 0);
    assert_int_equal(hold.n, 1);
}

static void
test_crashes(void **state OVS_UNUSED)
{
    static const int expected[] = { 0, 0, 60, 120, 240, 480, 960, 1920, 3600,
                                    3600 };

    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_int_equal(dpdk_vhost_hold_crash_pause(i),
                         expected[i] * SECOND);
    }
    assert_int_equal(dpdk_vhost_hold_crash_pause(UINT_MAX), 3600 * SECOND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_third_within_a_minute),
        cmocka_unit_test(test_never_held),
        cmocka_unit_test(test_seldom),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_faults_in_a_pause),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_crashes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
