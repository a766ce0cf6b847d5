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

/* Unit tests of lib/dpdk-vhost-bits.c: names of features. */

#include <config.h>

#include "dpdk-vhost-bits.h"

#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <rte_vhost.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util.h"

static void
check(char *name, const char *expected)
{
    assert_string_equal(name, expected);
    free(name);
}

/* The numbers are those of the kernel's and of DPDK's headers. */
static void
test_features(void **state OVS_UNUSED)
{
#define CHECK(BIT) check(dpdk_vhost_bits_feature(BIT), #BIT)
    CHECK(VIRTIO_NET_F_CSUM);
    CHECK(VIRTIO_NET_F_GUEST_CSUM);
    CHECK(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
    CHECK(VIRTIO_NET_F_MTU);
    CHECK(VIRTIO_NET_F_MAC);
    CHECK(VIRTIO_NET_F_GUEST_TSO4);
    CHECK(VIRTIO_NET_F_GUEST_TSO6);
    CHECK(VIRTIO_NET_F_GUEST_ECN);
    CHECK(VIRTIO_NET_F_GUEST_UFO);
    CHECK(VIRTIO_NET_F_HOST_TSO4);
    CHECK(VIRTIO_NET_F_HOST_TSO6);
    CHECK(VIRTIO_NET_F_HOST_ECN);
    CHECK(VIRTIO_NET_F_HOST_UFO);
    CHECK(VIRTIO_NET_F_MRG_RXBUF);
    CHECK(VIRTIO_NET_F_STATUS);
    CHECK(VIRTIO_NET_F_CTRL_VQ);
    CHECK(VIRTIO_NET_F_CTRL_RX);
    CHECK(VIRTIO_NET_F_CTRL_VLAN);
    CHECK(VIRTIO_NET_F_CTRL_RX_EXTRA);
    CHECK(VIRTIO_NET_F_GUEST_ANNOUNCE);
    CHECK(VIRTIO_NET_F_MQ);
    CHECK(VIRTIO_NET_F_CTRL_MAC_ADDR);
    CHECK(VIRTIO_NET_F_HASH_REPORT);
    CHECK(VIRTIO_NET_F_RSS);
    CHECK(VIRTIO_NET_F_RSC_EXT);
    CHECK(VIRTIO_NET_F_STANDBY);
    CHECK(VIRTIO_NET_F_SPEED_DUPLEX);
    CHECK(VIRTIO_F_NOTIFY_ON_EMPTY);
    CHECK(VIRTIO_F_ANY_LAYOUT);
    CHECK(VIRTIO_F_VERSION_1);
    CHECK(VIRTIO_F_ACCESS_PLATFORM);
    CHECK(VIRTIO_F_RING_PACKED);
    CHECK(VIRTIO_F_ORDER_PLATFORM);
    CHECK(VIRTIO_F_SR_IOV);
    CHECK(VHOST_F_LOG_ALL);
    CHECK(VHOST_USER_F_PROTOCOL_FEATURES);
#undef CHECK

    /* The kernel has another name than the specification. */
    check(dpdk_vhost_bits_feature(VIRTIO_RING_F_INDIRECT_DESC),
          "VIRTIO_F_INDIRECT_DESC");
    check(dpdk_vhost_bits_feature(VIRTIO_RING_F_EVENT_IDX),
          "VIRTIO_F_EVENT_IDX");
}

static void
test_protocol(void **state OVS_UNUSED)
{
#define CHECK(BIT) check(dpdk_vhost_bits_protocol(BIT), #BIT)
    CHECK(VHOST_USER_PROTOCOL_F_MQ);
    CHECK(VHOST_USER_PROTOCOL_F_LOG_SHMFD);
    CHECK(VHOST_USER_PROTOCOL_F_RARP);
    CHECK(VHOST_USER_PROTOCOL_F_REPLY_ACK);
    CHECK(VHOST_USER_PROTOCOL_F_CRYPTO_SESSION);
    CHECK(VHOST_USER_PROTOCOL_F_PAGEFAULT);
    CHECK(VHOST_USER_PROTOCOL_F_CONFIG);
    CHECK(VHOST_USER_PROTOCOL_F_HOST_NOTIFIER);
    CHECK(VHOST_USER_PROTOCOL_F_INFLIGHT_SHMFD);
    CHECK(VHOST_USER_PROTOCOL_F_STATUS);
#undef CHECK

    /* DPDK has other names than the specification. */
    check(dpdk_vhost_bits_protocol(4), "VHOST_USER_PROTOCOL_F_MTU");
    check(dpdk_vhost_bits_protocol(5), "VHOST_USER_PROTOCOL_F_BACKEND_REQ");
    check(dpdk_vhost_bits_protocol(10),
          "VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD");
}

static void
test_unknown(void **state OVS_UNUSED)
{
    check(dpdk_vhost_bits_feature(4), "bit 4");
    check(dpdk_vhost_bits_feature(31), "bit 31");
    check(dpdk_vhost_bits_feature(49), "bit 49");
    check(dpdk_vhost_bits_protocol(20), "bit 20");
    check(dpdk_vhost_bits_protocol(63), "bit 63");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_protocol),
        cmocka_unit_test(test_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
