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
/* Unit tests of lib/dpdk-mempool-conf.c: how large a pool of packets is to be,
 * for each MTU, and with per-port-memory and shared-mempool-config.
 *
 * Needs nothing. */

#include <config.h>

#include <rte_lcore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dpdk-mempool-conf.h"
#include "smap.h"
#include "util.h"

/* Takes over other_config with 'per_port' and 'list', which may be null. */
static void
configure(const char *per_port, const char *list)
{
    struct smap smap = SMAP_INITIALIZER(&smap);

    if (per_port) {
        smap_add(&smap, "per-port-memory", per_port);
    }
    if (list) {
        smap_add(&smap, "shared-mempool-config", list);
    }
    dpdk_mempool_conf_run(&smap);
    smap_destroy(&smap);
}

/* Returns the adjusted MTU of the pool for 'mtu' on NUMA node 'socket_id'. */
static int
adjusted(int mtu, int socket_id)
{
    const struct dpdk_mempool_request request = {
        .name = "p0",
        .mtu = mtu,
        .socket_id = socket_id,
    };
    struct dpdk_mempool_shape shape;

    dpdk_mempool_conf_shape(&request, &shape);
    assert_true(shape.shared);
    return shape.adjusted_mtu;
}

/* Returns the size of the buffers for 'mtu'. */
static uint32_t
data_room(int mtu)
{
    return dpdk_mempool_conf_data_room(dpdk_mempool_conf_adjust_mtu(mtu));
}

static void
test_data_room(void **state OVS_UNUSED)
{
    assert_int_equal(data_room(68), 1152);
    assert_int_equal(data_room(998), 1152);
    assert_int_equal(data_room(999), 2176);
    assert_int_equal(data_room(1500), 2176);
    assert_int_equal(data_room(2000), 2176);
    assert_int_equal(data_room(2022), 2176);
    assert_int_equal(data_room(2023), 3200);
    assert_int_equal(data_room(2030), 3200);
    assert_int_equal(data_room(6000), 6272);
    assert_int_equal(data_room(9000), 9344);
    assert_int_equal(dpdk_mempool_conf_adjust_mtu(1500), 2158);
}

static void
test_shared(void **state OVS_UNUSED)
{
    struct dpdk_mempool_request request = { .name = "p0", .n_rxq = 64 };
    struct dpdk_mempool_shape shape;

    configure(NULL, NULL);
    request.mtu = 1500;
    dpdk_mempool_conf_shape(&request, &shape);
    assert_true(shape.shared);
    assert_int_equal(shape.n_packets, 262144);
    request.mtu = 999;
    dpdk_mempool_conf_shape(&request, &shape);
    assert_int_equal(shape.n_packets, 262144);
    request.mtu = 998;
    dpdk_mempool_conf_shape(&request, &shape);
    assert_int_equal(shape.n_packets, 16384);
}

static void
test_per_port(void **state OVS_UNUSED)
{
    struct dpdk_mempool_request request = {
        .name = "p0",
        .mtu = 1500,
        .n_rxq = 2,
        .rxq_size = 1024,
        .n_txq = 3,
        .txq_size = 512,
    };
    struct dpdk_mempool_shape shape;

    /* The list of shared pools is of no importance. */
    configure("true", "9000");
    dpdk_mempool_conf_shape(&request, &shape);
    assert_false(shape.shared);
    assert_int_equal(shape.adjusted_mtu, 2158);
    assert_int_equal(shape.n_packets,
                     2 * 1024 + 3 * 512 + 2 * 32 + 16384);
    request.n_rxq = RTE_MAX_LCORE + 1;
    dpdk_mempool_conf_shape(&request, &shape);
    assert_int_equal(shape.n_packets, (RTE_MAX_LCORE + 1) * 1024 + 3 * 512
                     + RTE_MAX_LCORE * 32 + 16384);

    /* What is not a Boolean is false. */
    configure("yes", NULL);
    dpdk_mempool_conf_shape(&request, &shape);
    assert_true(shape.shared);
}

static void
test_list(void **state OVS_UNUSED)
{
    configure(NULL, "8000,6000,1500");
    assert_int_equal(adjusted(1500, 0), 2158);
    assert_int_equal(adjusted(100, 0), 2158);
    assert_int_equal(adjusted(2030, 0), dpdk_mempool_conf_adjust_mtu(6000));
    assert_int_equal(adjusted(7000, 0), dpdk_mempool_conf_adjust_mtu(8000));
    assert_int_equal(adjusted(9000, 0), dpdk_mempool_conf_adjust_mtu(9000));

    /* A buffer is larger than the MTU that it is configured by. */
    assert_int_equal(adjusted(8100, 0), dpdk_mempool_conf_adjust_mtu(8000));

    configure(NULL, "9000:1, 6000");
    assert_int_equal(adjusted(1500, 0), dpdk_mempool_conf_adjust_mtu(6000));
    assert_int_equal(adjusted(7000, 0), dpdk_mempool_conf_adjust_mtu(7000));
    assert_int_equal(adjusted(7000, 1), dpdk_mempool_conf_adjust_mtu(9000));

    configure("false", NULL);
    assert_int_equal(adjusted(7000, 1), dpdk_mempool_conf_adjust_mtu(7000));
}

static void
test_bad_lists(void **state OVS_UNUSED)
{
    static const char *lists[] = {
        "6000,x", "6000,9000:", "6000:x", "6000:-1", "-6000", "0", "6000 9O00",
        "6000,65535", "6000:0:0", "99999999999", "", ",",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        configure(NULL, "9000");
        assert_int_equal(adjusted(1500, 0),
                         dpdk_mempool_conf_adjust_mtu(9000));
        configure(NULL, lists[i]);
        assert_int_equal(adjusted(1500, 0), 2158);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data_room),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_per_port),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_bad_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
