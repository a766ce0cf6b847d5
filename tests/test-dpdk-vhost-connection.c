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

/* Unit tests of lib/dpdk-vhost-connection.c: what librte_vhost is to do with
 * messages.  This stands for the library, so what it would do is not
 * tested. */

#include <config.h>

#include "dpdk-vhost-connection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <rte_vhost.h>

#include <cmocka.h>

#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-message.h"
#include "dpdk-vhost-ring.h"
#include "util.h"

#define VID 5
#define SECRET UINT64_C(0x123456789abcdef)

static const struct rte_vhost_user_extern_ops *ops;
static int n_looks;             /* At the memory of the guest. */

/* The library
 * ----------- */

int
rte_vhost_extern_callback_register(
    int vid, struct rte_vhost_user_extern_ops const *const ops_,
    void *ctx OVS_UNUSED)
{
    assert_int_equal(vid, VID);
    ops = ops_;
    return 0;
}

int
rte_vhost_get_mem_table(int vid OVS_UNUSED,
                        struct rte_vhost_memory **mem OVS_UNUSED)
{
    n_looks++;
    return -1;
}

int
rte_vhost_get_negotiated_features(int vid OVS_UNUSED, uint64_t *features)
{
    *features = 0;
    return 0;
}

/* A port with a guest
 * ------------------- */

static struct dpdk_vhost_faults faults;
static struct dpdk_vhost_rings rings;
static struct dpdk_vhost_asked asked;

static int
setup(void **state OVS_UNUSED)
{
    dpdk_vhost_faults_init(&faults, "p");
    dpdk_vhost_rings_init(&rings, &faults);
    dpdk_vhost_connection_begin(VID, &rings, SECRET);
    n_looks = 0;
    return 0;
}

static int
teardown(void **state OVS_UNUSED)
{
    dpdk_vhost_connection_end(VID);
    dpdk_vhost_rings_destroy(&rings);
    dpdk_vhost_faults_destroy(&faults);
    return 0;
}

static enum rte_vhost_msg_result
before(uint32_t request, uint32_t size, uint64_t value)
{
    struct dpdk_vhost_message msg = {
        .request = request, .flags = 1, .size = size, .payload.u64 = value
    };

    return ops->pre_msg_handle(VID, &msg);
}

static enum rte_vhost_msg_result
after(uint32_t request)
{
    struct dpdk_vhost_message msg = { .request = request, .flags = 1 };

    return ops->post_msg_handle(VID, &msg);
}

static void
greet(void)
{
    assert_int_equal(before(DPDK_VHOST_HELLO, 8, SECRET),
                     RTE_VHOST_MSG_RESULT_OK);
    assert_int_equal(after(DPDK_VHOST_HELLO),
                     RTE_VHOST_MSG_RESULT_NOT_HANDLED);
}

/* Attaches the guest. */
static void
attach(void) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    rings.vid = VID;
    rings.asked = &asked;
}

static bool
is_in_message(void) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    return rings.in_message;
}

static void
test_hello(void **state OVS_UNUSED)
{
    greet();
    assert_int_equal(before(DPDK_VHOST_GET_FEATURES, 0, 0),
                     RTE_VHOST_MSG_RESULT_NOT_HANDLED);
    assert_int_equal(after(DPDK_VHOST_GET_FEATURES),
                     RTE_VHOST_MSG_RESULT_NOT_HANDLED);
    assert_false(dpdk_vhost_connection_has_failed(VID));
}

/* What comes from another connection, or past GUARD. */
static void
test_no_hello(void **state OVS_UNUSED)
{
    static const struct {
        uint32_t request;
        uint32_t size;
        uint64_t value;
    } first[] = {
        { DPDK_VHOST_GET_FEATURES, 0, 0 },
        { DPDK_VHOST_HELLO, 8, SECRET + 1 },
        { DPDK_VHOST_HELLO, 0, SECRET },
    };

    for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
        dpdk_vhost_connection_begin(VID, &rings, SECRET);
        assert_int_equal(before(first[i].request, first[i].size,
                                first[i].value), RTE_VHOST_MSG_RESULT_ERR);
        assert_true(dpdk_vhost_connection_has_failed(VID));
        assert_int_equal(before(DPDK_VHOST_HELLO, 8, SECRET),
                         RTE_VHOST_MSG_RESULT_ERR);
        assert_int_equal(before(DPDK_VHOST_GET_FEATURES, 0, 0),
                         RTE_VHOST_MSG_RESULT_ERR);
    }
}

/* A message that the library fails to handle is followed by ones that it would
 * not fail to handle. */
static void
test_failed(void **state OVS_UNUSED)
{
    greet();
    attach();

    /* This one takes the memory away. */
    assert_int_equal(before(DPDK_VHOST_SET_MEM_TABLE, 40, 1),
                     RTE_VHOST_MSG_RESULT_NOT_HANDLED);
    assert_true(is_in_message());
    for (int i = 0; i < 2; i++) {
        assert_int_equal(before(DPDK_VHOST_SET_LOG_FD, 0, 0),
                         RTE_VHOST_MSG_RESULT_NOT_HANDLED);
        assert_int_equal(after(DPDK_VHOST_SET_LOG_FD),
                         RTE_VHOST_MSG_RESULT_ERR);
        assert_int_equal(n_looks, 0);
        assert_true(is_in_message());
        assert_true(dpdk_vhost_connection_has_failed(VID));
        assert_int_equal(before(DPDK_VHOST_SET_VRING_NUM, 8, 0),
                         RTE_VHOST_MSG_RESULT_ERR);
    }
}

/* If the library replied, it would not close the connection, and a reply to
 * GET_VRING_BASE does not say that it has failed. */
static void
test_no_reply(void **state OVS_UNUSED)
{
    static const uint32_t requests[] = {
        DPDK_VHOST_GET_VRING_BASE, DPDK_VHOST_SET_VRING_KICK,
        DPDK_VHOST_SET_LOG_FD
    };

    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        struct dpdk_vhost_message msg = {
            .request = requests[i], .flags = 1 | DPDK_VHOST_FLAG_NEED_REPLY,
            .size = 8
        };

        dpdk_vhost_connection_begin(VID, &rings, SECRET);
        ops->pre_msg_handle(VID, &msg);
        assert_true(dpdk_vhost_connection_has_failed(VID));
        assert_int_equal(msg.flags, 1);
    }
}

/* The library looks at the memory of the guest after each other message. */
static void
test_good(void **state OVS_UNUSED)
{
    greet();
    attach();
    assert_int_equal(before(DPDK_VHOST_SET_MEM_TABLE, 40, 1),
                     RTE_VHOST_MSG_RESULT_NOT_HANDLED);
    assert_int_equal(after(DPDK_VHOST_SET_MEM_TABLE),
                     RTE_VHOST_MSG_RESULT_NOT_HANDLED);
    assert_int_equal(n_looks, 1);
    assert_false(is_in_message());
    assert_false(dpdk_vhost_connection_has_failed(VID));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
    };

    alarm(60);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
