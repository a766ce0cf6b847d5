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

/* Unit tests of lib/dpdk-qos.c and lib/dpdk-qos-trtcm.c: parameters, colours,
 * queues, and which packets pass at which time. */

#include <config.h>

#include <errno.h>

#include "dpdk-qos.h"
#include "netdev.h"
#include "smap.h"
#include "sset.h"
#include "test-meter.h"

/* Sends 'n' packets of LEN bytes of IP for the queue 'priority' at the time
 * 'now'.  Returns how many passed. */
static size_t
transmit(struct dpdk_qos *qos, size_t n, uint32_t priority, uint64_t now)
{
    size_t n_passed = 0;

    while (n) {
        struct dp_packet *packets[NETDEV_MAX_BURST];
        struct rte_mbuf *mbufs[NETDEV_MAX_BURST];
        size_t n_batch = MIN(n, NETDEV_MAX_BURST);
        uint64_t n_bytes = n_batch * (ETH_HEADER_LEN + LEN);
        size_t n_left;

        for (size_t i = 0; i < n_batch; i++) {
            packets[i] = make_packet(LEN, priority);
            mbufs[i] = (struct rte_mbuf *) packets[i];
        }
        n_left = dpdk_qos_run_at(qos, packets, mbufs, n_batch, &n_bytes, now);
        assert_true(n_left <= n_batch);
        assert_int_equal(n_bytes, n_left * (ETH_HEADER_LEN + LEN));
        for (size_t i = 0; i < n_left; i++) {
            assert_ptr_equal(mbufs[i], packets[i]);
            dp_packet_delete(packets[i]);
        }
        n_passed += n_left;
        n -= n_batch;
    }
    return n_passed;
}

/* Adds the parameters in 's', "KEY=VALUE...", to 'details'. */
static void
parse(struct smap *details, const char *s)
{
    char *copy = xstrdup(s);
    char *save = NULL;

    smap_init(details);
    for (char *key = strtok_r(copy, " ", &save); key;
         key = strtok_r(NULL, " ", &save)) {
        char *value = strchr(key, '=');

        *value++ = '\0';
        smap_add(details, key, value);
    }
    free(copy);
}

/* Are the parameters in 'details', which it frees, those in 's'? */
static void
assert_details(struct smap *details, const char *s)
{
    struct smap expected;

    parse(&expected, s);
    assert_true(smap_equal(details, &expected));
    smap_destroy(&expected);
    smap_destroy(details);
}

static void
assert_params(const struct dpdk_qos *qos, const char *params)
{
    struct smap details = SMAP_INITIALIZER(&details);

    dpdk_qos_get(qos, &details);
    assert_details(&details, params);
}

static void
assert_queue(const struct dpdk_qos *qos, unsigned int id, const char *params)
{
    struct smap details = SMAP_INITIALIZER(&details);

    assert_int_equal(dpdk_qos_queue_get(qos, id, &details), 0);
    assert_details(&details, params);
}

/* Does creating fail with 'error', and say something about 'word'? */
static void
assert_refused(const char *type, const char *params, int error,
               const char *word)
{
    struct smap details;
    struct dpdk_qos *qos;
    const char *why;

    parse(&details, params);
    assert_int_equal(dpdk_qos_create(type, &details, &qos, &why), error);
    assert_null(qos);
    assert_non_null(strstr(why, word));
    smap_destroy(&details);
}

static struct dpdk_qos *
create(const char *type, const char *params)
{
    struct smap details;
    struct dpdk_qos *qos;
    const char *why;

    parse(&details, params);
    assert_int_equal(dpdk_qos_create(type, &details, &qos, &why), 0);
    assert_string_equal(qos->type->name, type);
    smap_destroy(&details);
    return qos;
}

static int
set(struct dpdk_qos *qos, const char *params)
{
    struct smap details;
    const char *why;
    int error;

    parse(&details, params);
    error = dpdk_qos_set(qos, &details, &why);
    assert_true(!error == !why);
    smap_destroy(&details);
    return error;
}

static int
set_queue(struct dpdk_qos *qos, unsigned int id, const char *params)
{
    struct smap details;
    const char *why;
    int error;

    parse(&details, params);
    error = dpdk_qos_queue_set(qos, id, &details, &why);
    smap_destroy(&details);
    return error;
}

static void
assert_stats(struct dpdk_qos *qos, unsigned int id, uint64_t packets,
             uint64_t errors)
{
    struct netdev_queue_stats stats;

    assert_int_equal(dpdk_qos_queue_get_stats(qos, id, &stats), 0);
    assert_int_equal(stats.tx_packets, packets);
    assert_int_equal(stats.tx_bytes, packets * LEN);
    assert_int_equal(stats.tx_errors, errors);
    assert_true(stats.created > 0);
}

static void
test_types(void **state OVS_UNUSED)
{
    struct sset names = SSET_INITIALIZER(&names);

    dpdk_qos_types(&names);
    assert_int_equal(sset_count(&names), 2);
    assert_true(sset_contains(&names, "egress-policer"));
    assert_true(sset_contains(&names, "trtcm-policer"));
    sset_destroy(&names);
    assert_refused("linux-htb", "max-rate=1", EOPNOTSUPP, "egress-policer");
    dpdk_qos_destroy(NULL);
}

static void
test_egress_refused(void **state OVS_UNUSED)
{
    assert_refused("egress-policer", "", EINVAL, "cir");
    assert_refused("egress-policer", "cbs=2048", EINVAL, "cir");
    assert_refused("egress-policer", "cir=0 cbs=2048", EINVAL, "cir");
    assert_refused("egress-policer", "cir=much cbs=2048", EINVAL, "cir");
    assert_refused("egress-policer", "cir=1250000", EINVAL, "cbs");
    assert_refused("egress-policer", "cir=1250000 cbs=0", EINVAL, "cbs");
}

static void
test_egress_packets(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("egress-policer", "cir=1000 cbs=10000");
    uint64_t now = start_time();

    assert_params(qos, "cir=1000 cbs=10000");
    assert_int_equal(transmit(qos, 150, 0, now), 100);
    assert_int_equal(transmit(qos, 10, 0, now - cycles(1)), 0);
    now += cycles(1000);
    assert_int_equal(transmit(qos, 50, 3, now), 10);
    now += cycles(3600 * 1000);
    assert_int_equal(transmit(qos, 500, 0, now), 100);
    dpdk_qos_destroy(qos);
}

static void
test_egress_change(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("egress-policer", "cir=1000 cbs=10000");
    uint64_t now = start_time();

    assert_int_equal(transmit(qos, 200, 0, now), 100);

    /* The bucket stays empty if nothing changes. */
    assert_int_equal(set(qos, "cir=1000 cbs=10000"), 0);
    assert_int_equal(transmit(qos, 200, 0, now), 0);

    /* What fails changes nothing. */
    assert_int_equal(set(qos, "cir=0 cbs=10000"), EINVAL);
    assert_int_equal(set(qos, "cir=1000"), EINVAL);
    assert_params(qos, "cir=1000 cbs=10000");
    assert_int_equal(transmit(qos, 200, 0, now), 0);

    assert_int_equal(set(qos, "cir=1000 cbs=2000"), 0);
    assert_params(qos, "cir=1000 cbs=2000");
    assert_int_equal(transmit(qos, 200, 0, now), 20);
    dpdk_qos_destroy(qos);
}

static void
test_no_queues(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("egress-policer", "cir=1000 cbs=10000");
    struct dpdk_qos *objects[] = { qos, NULL };

    for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
        struct netdev_queue_stats stats;
        struct smap details;
        unsigned int *ids;
        size_t n;

        smap_init(&details);
        assert_int_equal(set_queue(objects[i], 0, ""), EOPNOTSUPP);
        assert_int_equal(dpdk_qos_queue_get(objects[i], 0, &details),
                         EOPNOTSUPP);
        assert_int_equal(dpdk_qos_queue_delete(objects[i], 0), EOPNOTSUPP);
        assert_int_equal(dpdk_qos_queue_get_stats(objects[i], 0, &stats),
                         EOPNOTSUPP);
        assert_int_equal(dpdk_qos_queue_ids(objects[i], &ids, &n),
                         EOPNOTSUPP);
        smap_destroy(&details);
    }
    dpdk_qos_destroy(qos);
}

static void
test_trtcm_refused(void **state OVS_UNUSED)
{
    assert_refused("trtcm-policer", "cir=1000", EINVAL, "cbs");
    assert_refused("trtcm-policer", "cir=1000 cbs=1000 eir=1000", EINVAL,
                   "ebs");
}

/* The colour of a queue's meter goes into the port's. */
static void
test_trtcm_colors(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("trtcm-policer",
                                  "cir=1 cbs=1000 eir=1 ebs=2000");
    uint64_t now = start_time();

    assert_params(qos, "cir=1 cbs=1000 eir=1 ebs=2000");

    /* Without a queue, nothing passes. */
    assert_int_equal(transmit(qos, 5, 0, now), 0);

    assert_int_equal(set_queue(qos, 0, "cir=1 cbs=500 eir=1 ebs=500"), 0);
    assert_int_equal(set_queue(qos, 1, "cir=1 cbs=10000"), 0);
    assert_queue(qos, 1, "cir=1 cbs=10000 eir=0 ebs=0");

    /* The queue has 5 green and 5 yellow ones, and the port takes them all:
     * it has 500 and 1500 bytes left. */
    assert_int_equal(transmit(qos, 20, 0, now), 10);
    assert_stats(qos, 0, 10, 10);

    /* All are green to the queue, but not to the port. */
    assert_int_equal(transmit(qos, 30, 1, now), 20);
    assert_stats(qos, 1, 30, 0);
    assert_stats(qos, 0, 10, 10);
    dpdk_qos_destroy(qos);
}

/* What is yellow to the queue never uses the port's committed rate. */
static void
test_trtcm_yellow(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("trtcm-policer", "cir=1 cbs=10000");
    uint64_t now = start_time();

    assert_int_equal(set_queue(qos, 0, "eir=1 ebs=1000"), 0);
    assert_int_equal(set_queue(qos, 1, "cir=1 cbs=1000"), 0);
    assert_int_equal(transmit(qos, 20, 0, now), 0);
    assert_stats(qos, 0, 10, 10);
    assert_int_equal(transmit(qos, 20, 1, now), 10);
    assert_stats(qos, 1, 10, 10);
    dpdk_qos_destroy(qos);
}

static void
test_trtcm_rates(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("trtcm-policer",
                                  "cir=1000 cbs=1000 eir=500 ebs=500");
    uint64_t now = start_time();

    assert_int_equal(set_queue(qos, 0, ""), 0);
    assert_queue(qos, 0, "cir=1000 cbs=1000 eir=500 ebs=500");
    assert_int_equal(transmit(qos, 100, 0, now), 15);
    now += cycles(500);
    assert_int_equal(transmit(qos, 100, 0, now), 7);
    now += cycles(3600 * 1000);
    assert_int_equal(transmit(qos, 100, 0, now), 15);
    dpdk_qos_destroy(qos);
}

/* Packets of a queue that there is not go to queue 0. */
static void
test_trtcm_unknown_queue(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("trtcm-policer", "cir=1 cbs=100000");
    uint64_t now = start_time();

    assert_int_equal(set_queue(qos, 0, "cir=1 cbs=1000"), 0);
    assert_int_equal(set_queue(qos, 7, "cir=1 cbs=2000"), 0);
    assert_int_equal(transmit(qos, 5, 8, now), 5);
    assert_int_equal(transmit(qos, 30, 7, now), 20);
    assert_int_equal(dpdk_qos_queue_delete(qos, 7), 0);
    assert_int_equal(transmit(qos, 30, 7, now), 5);
    assert_stats(qos, 0, 10, 25);
    assert_int_equal(dpdk_qos_queue_delete(qos, 0), 0);
    assert_int_equal(transmit(qos, 5, 0, now), 0);
    dpdk_qos_destroy(qos);
}

static void
test_trtcm_queues(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("trtcm-policer", "cir=1 cbs=100000");
    const unsigned int expected[] = { 0, 1, 5, UINT32_MAX };
    struct netdev_queue_stats stats;
    struct smap details;
    unsigned int *ids;
    size_t n;

    assert_int_equal(dpdk_qos_queue_ids(qos, &ids, &n), 0);
    assert_int_equal(n, 0);
    free(ids);

    assert_int_equal(set_queue(qos, 5, "cir=5 cbs=5"), 0);
    assert_int_equal(set_queue(qos, 0, "cir=1 cbs=1"), 0);
    assert_int_equal(set_queue(qos, UINT32_MAX, "cir=9 cbs=9"), 0);
    assert_int_equal(set_queue(qos, 1, ""), 0);
    assert_queue(qos, 1, "cir=0 cbs=0 eir=0 ebs=0");

    /* The queues outlive a change of the port's parameters. */
    assert_int_equal(set(qos, "cir=2 cbs=100000"), 0);
    assert_int_equal(dpdk_qos_queue_ids(qos, &ids, &n), 0);
    assert_int_equal(n, ARRAY_SIZE(expected));
    assert_memory_equal(ids, expected, sizeof expected);
    free(ids);

    smap_init(&details);
    assert_int_equal(dpdk_qos_queue_get(qos, 2, &details), EINVAL);
    assert_int_equal(dpdk_qos_queue_delete(qos, 2), EINVAL);
    assert_int_equal(dpdk_qos_queue_get_stats(qos, 2, &stats), EINVAL);
    smap_destroy(&details);
    dpdk_qos_destroy(qos);
}

static void
test_trtcm_change(void **state OVS_UNUSED)
{
    struct dpdk_qos *qos = create("trtcm-policer", "cir=1 cbs=100000");
    uint64_t now = start_time();

    assert_int_equal(set_queue(qos, 0, "cir=1 cbs=1000"), 0);
    assert_int_equal(transmit(qos, 30, 0, now), 10);

    /* The bucket stays empty if nothing changes, or a change fails. */
    assert_int_equal(set_queue(qos, 0, "cir=1 cbs=1000"), 0);
    assert_int_equal(set_queue(qos, 0, "cir=1"), EINVAL);
    assert_int_equal(set(qos, "eir=1"), EINVAL);
    assert_params(qos, "cir=1 cbs=100000 eir=0 ebs=0");
    assert_queue(qos, 0, "cir=1 cbs=1000 eir=0 ebs=0");
    assert_int_equal(transmit(qos, 30, 0, now), 0);
    assert_stats(qos, 0, 10, 50);

    /* A change keeps the counters. */
    assert_int_equal(set_queue(qos, 0, "cir=1 cbs=500"), 0);
    assert_int_equal(transmit(qos, 30, 0, now), 5);
    assert_stats(qos, 0, 15, 75);

    /* A queue that fails is not added. */
    assert_int_equal(set_queue(qos, 1, "eir=1"), EINVAL);
    assert_int_equal(dpdk_qos_queue_delete(qos, 1), EINVAL);
    dpdk_qos_destroy(qos);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_egress_refused),
        cmocka_unit_test(test_egress_packets),
        cmocka_unit_test(test_egress_change),
        cmocka_unit_test(test_no_queues),
        cmocka_unit_test(test_trtcm_refused),
        cmocka_unit_test(test_trtcm_colors),
        cmocka_unit_test(test_trtcm_yellow),
        cmocka_unit_test(test_trtcm_rates),
        cmocka_unit_test(test_trtcm_unknown_queue),
        cmocka_unit_test(test_trtcm_queues),
        cmocka_unit_test(test_trtcm_change),
    };

    set_program_name(argv[0]);
    return cmocka_run_group_tests(tests, setup_eal, teardown_eal);
}
