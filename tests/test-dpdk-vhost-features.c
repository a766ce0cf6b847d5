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

/* Unit tests of lib/dpdk-vhost-features.c: what a client port offers changes
 * when a connection fails, but not as often as a peer likes. */

#include <config.h>

#include "dpdk-vhost-features.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "seq.h"
#include "timeval.h"
#include "util.h"

static struct dpdk_vhost vhost;

/* Closes a connection, and does what MAIN would do then.  Returns true if that
 * changes what the port offers. */
static bool
close_connection(bool had_guest)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    bool change;

    vhost.negotiated = had_guest;
    assert_int_equal(dpdk_vhost_features_closed(&vhost), !had_guest);
    change = vhost.all_features != vhost.requested_all_features;
    vhost.all_features = vhost.requested_all_features;
    return change;
}

static void
test_closed(void **state OVS_UNUSED)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    long long int start;
    int n = 0;

    vhost.client = true;
    vhost.dev.up.reconfigure_seq = seq_create();
    assert_true(close_connection(false));
    assert_true(vhost.all_features);

    start = time_msec();
    for (int i = 0; i < 100; i++) {
        n += close_connection(i % 2);
    }
    assert_true(!n || time_msec() - start > 900);

    /* It is not for ever. */
    while (!close_connection(true)) {
        usleep(10000);
    }
    assert_false(vhost.all_features);
    assert_true(time_msec() - start > 900);
    seq_destroy(vhost.dev.up.reconfigure_seq);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed),
    };

    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
