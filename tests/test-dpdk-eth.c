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

/* Unit tests of lib/dpdk-eth*.c with devices that this program makes up, in
 * the place of librte_ethdev: what they do no virtual device does. */

#include <config.h>

/* For the removal of devices whose driver is not told of it. */
#define ALLOW_EXPERIMENTAL_API

#include <errno.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dp-packet.h"
#include "dpdk-dev.h"
#include "dpdk-eth.h"
#include "dpdk-mempool.h"
#include "netdev.h"
#include "openvswitch/vlog.h"
#include "ovs-atomic.h"
#include "packets.h"
#include "smap.h"
#include "timeval.h"
#include "userspace-tso.h"
#include "util.h"

/* The address of the NIC, of which the ethdevs below are. */
#define NIC "0000:01:00.0"

/* An ethdev. */
static struct {
    const char *devargs;
    bool exists;
    bool running;
    bool dead;                  /* Does nothing until it is reset? */
    atomic_bool up;             /* Has it a link? */
    uint32_t flags;             /* RTE_ETH_DEV_*. */
    int max_mtu;
    int mtu;
    struct eth_addr mac;
    struct eth_addr mac_after_reset;
    struct rte_eth_conf conf;
    int n_rxq;
} ethdevs[2];

enum { PF, REPRESENTOR };

/* How often the NIC has been removed from DPDK. */
static int n_removals;

/* What all ethdevs can do. */
static uint64_t tx_offload_capa;

/* The largest MTU that there is memory for. */
static int memory_mtu;

/* What is called back. */
static rte_eth_dev_cb_fn on_event;
static rte_dev_event_cb_fn on_device_event;

/* librte_ethdev and librte_eal. */

int
rte_eth_dev_is_valid_port(uint16_t port_id)
{
    return port_id < ARRAY_SIZE(ethdevs) && ethdevs[port_id].exists;
}

uint16_t
rte_eth_find_next_sibling(uint16_t port_id, uint16_t ref)
{
    assert_true(rte_eth_dev_is_valid_port(ref));
    return rte_eth_find_next_owned_by(port_id, RTE_ETH_DEV_NO_OWNER);
}

uint64_t
rte_eth_find_next_owned_by(uint16_t port_id,
                           const uint64_t owner_id OVS_UNUSED)
{
    while (port_id < ARRAY_SIZE(ethdevs) && !ethdevs[port_id].exists) {
        port_id++;
    }
    return port_id < ARRAY_SIZE(ethdevs) ? port_id : RTE_MAX_ETHPORTS;
}

/* Like that of DPDK, this finds representors only by what names them. */
int
rte_eth_iterator_init(struct rte_dev_iterator *iterator, const char *devargs)
{
    memset(iterator, 0, sizeof *iterator);
    iterator->dev_str = devargs;
    return 0;
}

uint16_t
rte_eth_iterator_next(struct rte_dev_iterator *iterator)
{
    for (size_t i = 0; iterator->dev_str && i < ARRAY_SIZE(ethdevs); i++) {
        if (ethdevs[i].exists
            && !strcmp(ethdevs[i].devargs, iterator->dev_str)) {
            iterator->dev_str = NULL;
            return i;
        }
    }
    return RTE_MAX_ETHPORTS;
}

void
rte_eth_iterator_cleanup(struct rte_dev_iterator *iterator)
{
    iterator->dev_str = NULL;
}

int
rte_eth_dev_info_get(uint16_t port_id, struct rte_eth_dev_info *info)
{
    assert_true(rte_eth_dev_is_valid_port(port_id));
    memset(info, 0, sizeof *info);
    info->device = (struct rte_device *) ethdevs;
    info->driver_name = "net_test";
    info->dev_flags = &ethdevs[port_id].flags;
    info->tx_offload_capa = tx_offload_capa;
    info->max_rx_queues = info->max_tx_queues = 16;
    return 0;
}

const char *
rte_dev_name(const struct rte_device *device)
{
    assert_ptr_equal(device, ethdevs);
    return NIC;
}

int
rte_eth_dev_socket_id(uint16_t port_id OVS_UNUSED)
{
    return 0;
}

int
rte_eth_dev_configure(uint16_t port_id, uint16_t n_rxq,
                      uint16_t n_txq OVS_UNUSED,
                      const struct rte_eth_conf *conf)
{
    assert_false(ethdevs[port_id].running);
    ethdevs[port_id].conf = *conf;
    ethdevs[port_id].n_rxq = n_rxq;
    return 0;
}

int
rte_eth_dev_set_mtu(uint16_t port_id, uint16_t mtu)
{
    if (mtu > ethdevs[port_id].max_mtu) {
        return -EINVAL;
    }
    ethdevs[port_id].mtu = mtu;
    return 0;
}

int
rte_eth_tx_queue_setup(uint16_t port_id OVS_UNUSED, uint16_t qid OVS_UNUSED,
                       uint16_t n_desc OVS_UNUSED,
                       unsigned int node OVS_UNUSED,
                       const struct rte_eth_txconf *conf OVS_UNUSED)
{
    return 0;
}

int
rte_eth_rx_queue_setup(uint16_t port_id OVS_UNUSED, uint16_t qid OVS_UNUSED,
                       uint16_t n_desc OVS_UNUSED,
                       unsigned int node OVS_UNUSED,
                       const struct rte_eth_rxconf *conf OVS_UNUSED,
                       struct rte_mempool *mp OVS_UNUSED)
{
    return 0;
}

int
rte_eth_dev_start(uint16_t port_id)
{
    ethdevs[port_id].running = true;
    return 0;
}

int
rte_eth_dev_stop(uint16_t port_id)
{
    ethdevs[port_id].running = false;
    return 0;
}

int
rte_eth_dev_reset(uint16_t port_id)
{
    ethdevs[port_id].running = false;
    ethdevs[port_id].dead = false;
    ethdevs[port_id].mac = ethdevs[port_id].mac_after_reset;
    return 0;
}

int
rte_eth_dev_close(uint16_t port_id)
{
    /* A sibling that runs may be polled. */
    assert_true(rte_eth_dev_is_valid_port(port_id));
    for (size_t i = 0; i < ARRAY_SIZE(ethdevs); i++) {
        assert_false(ethdevs[i].running);
    }
    ethdevs[port_id].exists = false;
    return 0;
}

int
rte_dev_remove(struct rte_device *device)
{
    assert_ptr_equal(device, ethdevs);
    for (size_t i = 0; i < ARRAY_SIZE(ethdevs); i++) {
        assert_false(ethdevs[i].exists);
    }
    n_removals++;
    return 0;
}

int
rte_eth_promiscuous_enable(uint16_t port_id OVS_UNUSED)
{
    return 0;
}

int
rte_eth_allmulticast_enable(uint16_t port_id OVS_UNUSED)
{
    return 0;
}

int
rte_eth_macaddr_get(uint16_t port_id, struct rte_ether_addr *mac)
{
    memcpy(mac->addr_bytes, ethdevs[port_id].mac.ea, ETH_ADDR_LEN);
    return 0;
}

int
rte_eth_dev_default_mac_addr_set(uint16_t port_id, struct rte_ether_addr *mac)
{
    memcpy(ethdevs[port_id].mac.ea, mac->addr_bytes, ETH_ADDR_LEN);
    return 0;
}

int
rte_eth_link_get_nowait(uint16_t port_id, struct rte_eth_link *link)
{
    bool up;

    atomic_read(&ethdevs[port_id].up, &up);
    link->link_status = up ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
    return 0;
}

int
rte_eth_dev_set_link_up(uint16_t port_id OVS_UNUSED)
{
    return 0;
}

int
rte_eth_dev_set_link_down(uint16_t port_id OVS_UNUSED)
{
    return 0;
}

int
rte_eth_stats_get(uint16_t port_id OVS_UNUSED, struct rte_eth_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    return 0;
}

int
rte_eth_dev_flow_ctrl_get(uint16_t port_id OVS_UNUSED,
                          struct rte_eth_fc_conf *conf OVS_UNUSED)
{
    return -ENOTSUP;
}

int
rte_eth_xstats_get_names(uint16_t port_id OVS_UNUSED,
                         struct rte_eth_xstat_name *names OVS_UNUSED,
                         unsigned int n OVS_UNUSED)
{
    return 0;
}

int
rte_eth_dev_callback_register(uint16_t port_id OVS_UNUSED,
                              enum rte_eth_event_type type OVS_UNUSED,
                              rte_eth_dev_cb_fn fn, void *aux OVS_UNUSED)
{
    on_event = fn;
    return 0;
}

int
rte_dev_event_callback_register(const char *name OVS_UNUSED,
                                rte_dev_event_cb_fn fn, void *aux OVS_UNUSED)
{
    on_device_event = fn;
    return 0;
}

/* dpdk-mempool.c. */

int
dpdk_mempool_get(const struct dpdk_mempool_request *request,
                 struct dpdk_mempool **poolp, char **whyp)
{
    static struct dpdk_mempool pool;

    if (request->mtu > memory_mtu) {
        *whyp = xstrdup("needs more memory");
        return ENOMEM;
    }
    *poolp = &pool;
    return 0;
}

bool
dpdk_mempool_suits(const struct dpdk_mempool *pool OVS_UNUSED,
                   const struct dpdk_mempool_request *request OVS_UNUSED)
{
    return true;
}

void
dpdk_mempool_put(struct dpdk_mempool *pool OVS_UNUSED)
{
}

/* The tests. */

static const struct eth_addr pf_mac = ETH_ADDR_C(02,00,00,00,00,01);
static const struct eth_addr vf_mac = ETH_ADDR_C(02,00,00,00,00,02);
static const struct eth_addr new_mac = ETH_ADDR_C(02,00,00,00,00,03);

/* Has DPDK know the NIC, with a PF and a representor. */
static int
setup(void **state OVS_UNUSED)
{
    const char *const devargs[] = { NIC, NIC",representor=[0]" };

    memset(ethdevs, 0, sizeof ethdevs);
    for (size_t i = 0; i < ARRAY_SIZE(ethdevs); i++) {
        ethdevs[i].devargs = devargs[i];
        ethdevs[i].exists = true;
        ethdevs[i].max_mtu = 9000;
        ethdevs[i].mac = i ? vf_mac : pf_mac;
        ethdevs[i].mac_after_reset = ethdevs[i].mac;
    }
    ethdevs[PF].flags = RTE_ETH_DEV_INTR_RMV;
    ethdevs[REPRESENTOR].flags = RTE_ETH_DEV_REPRESENTOR;
    n_removals = 0;
    memory_mtu = 9702;
    return 0;
}

/* Sets the options of 'netdev', which uses 'port_id', to that and 'key' with
 * 'value', unless it is null. */
static void
configure(struct netdev *netdev, uint16_t port_id, const char *key,
          const char *value)
{
    struct smap args = SMAP_INITIALIZER(&args);
    char *error = NULL;

    smap_add(&args, "dpdk-devargs", ethdevs[port_id].devargs);
    if (key) {
        smap_add(&args, key, value);
    }
    assert_int_equal(netdev_set_config(netdev, &args, &error), 0);
    assert_null(error);
    smap_destroy(&args);
}

/* Does what the core does after a pass of its main loop. */
static void
reconfigure(struct netdev *netdev)
{
    if (netdev_is_reconf_required(netdev)) {
        assert_int_equal(netdev_reconfigure(netdev), 0);
    }
}

/* Returns a port 'name' that uses 'port_id'. */
static struct netdev *
open_port(const char *name, uint16_t port_id)
{
    struct netdev *netdev;

    assert_int_equal(netdev_open(name, "dpdk", &netdev), 0);
    configure(netdev, port_id, NULL, NULL);
    reconfigure(netdev);
    assert_true(ethdevs[port_id].running);
    return netdev;
}

static void
assert_mac(struct netdev *netdev, struct eth_addr expected)
{
    struct eth_addr mac;

    assert_int_equal(netdev_get_etheraddr(netdev, &mac), 0);
    assert_memory_equal(&mac, &expected, sizeof mac);
}

static void
assert_mtu(struct netdev *netdev, int expected)
{
    int mtu;

    assert_int_equal(netdev_get_mtu(netdev, &mtu), 0);
    assert_int_equal(mtu, expected);
}

/* Checks that what is wrong with port 'name' contains 'expected', or is
 * nothing if that is null. */
static void
assert_error(const char *name, const char *expected)
{
    const char *error;

    assert_true(dpdk_dev_get_error(name, &error));
    if (expected) {
        assert_non_null(error);
        assert_non_null(strstr(error, expected));
    } else {
        assert_null(error);
    }
}

/* Has the device of 'netdev' ask for a reset, and get it. */
static void
reset(struct netdev *netdev, uint16_t port_id)
{
    ethdevs[port_id].dead = true;
    on_event(port_id, RTE_ETH_EVENT_INTR_RESET, NULL, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    reconfigure(netdev);
    assert_false(ethdevs[port_id].dead);
    assert_true(ethdevs[port_id].running);
}

/* A device is reset although another change waits for memory. */
static void
test_reset_without_memory(void **state OVS_UNUSED)
{
    struct netdev *netdev = open_port("p0", PF);

    memory_mtu = 1500;
    netdev_set_mtu(netdev, 9000);
    reconfigure(netdev);
    assert_error("p0", "needs more memory, the previous configuration");
    reset(netdev, PF);
    assert_error("p0", "needs more memory, the previous configuration");
    assert_mtu(netdev, 1500);

    /* The change still waits. */
    memory_mtu = 9000;
    netdev_set_mtu(netdev, 9000);
    reconfigure(netdev);
    assert_error("p0", NULL);
    assert_mtu(netdev, 9000);
    assert_int_equal(ethdevs[PF].mtu, 9000);
    netdev_close(netdev);
}

/* A device tells of its removal if it can. */
static void
test_removal_interrupt(void **state OVS_UNUSED)
{
    struct netdev *pf = open_port("p0", PF);
    struct netdev *representor = open_port("p1", REPRESENTOR);

    assert_true(ethdevs[PF].conf.intr_conf.rmv);
    assert_false(ethdevs[REPRESENTOR].conf.intr_conf.rmv);
    netdev_close(representor);
    netdev_close(pf);
}

/* A NIC of which only the representor is a port is pulled out. */
static void
test_unplug_representor(void **state OVS_UNUSED)
{
    struct netdev *netdev = open_port("p0", REPRESENTOR);

    on_device_event(NIC, RTE_DEV_EVENT_REMOVE, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    assert_int_equal(n_removals, 0);
    assert_true(ethdevs[PF].exists);
    reconfigure(netdev);
    assert_int_equal(n_removals, 1);
    assert_error("p0", "has been pulled out");
    netdev_close(netdev);
    assert_int_equal(n_removals, 1);
}

/* The same, with only the representor known to DPDK. */
static void
test_unplug_lone_representor(void **state OVS_UNUSED)
{
    struct netdev *netdev;

    ethdevs[PF].exists = false;
    netdev = open_port("p0", REPRESENTOR);
    on_device_event(NIC, RTE_DEV_EVENT_REMOVE, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    reconfigure(netdev);
    assert_int_equal(n_removals, 1);
    netdev_close(netdev);
}

/* A NIC of which all ethdevs are ports tells itself, of one of them, that it
 * is pulled out. */
static void
test_unplug_all(void **state OVS_UNUSED)
{
    struct netdev *pf = open_port("p0", PF);
    struct netdev *representor = open_port("p1", REPRESENTOR);

    on_event(PF, RTE_ETH_EVENT_INTR_RMV, NULL, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    reconfigure(pf);
    assert_int_equal(n_removals, 0);
    reconfigure(representor);
    assert_int_equal(n_removals, 1);
    assert_error("p0", "has been pulled out");
    assert_error("p1", "has been pulled out");
    netdev_close(representor);
    netdev_close(pf);
    assert_int_equal(n_removals, 1);
}

/* A NIC that no port uses is pulled out. */
static void
test_unplug_unused(void **state OVS_UNUSED)
{
    on_device_event("0000:02:00.0", RTE_DEV_EVENT_REMOVE, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    assert_int_equal(n_removals, 0);
    on_device_event(NIC, RTE_DEV_EVENT_REMOVE, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    assert_int_equal(n_removals, 1);

    /* One that comes in its place stays. */
    setup(NULL);
    on_device_event("0000:02:00.0", RTE_DEV_EVENT_REMOVE, NULL);
    dpdk_eth_class.run(&dpdk_eth_class);
    assert_int_equal(n_removals, 0);
}

/* The address of a device may be another one after a reset. */
static void
test_mac_after_reset(void **state OVS_UNUSED)
{
    struct netdev *netdev = open_port("p0", REPRESENTOR);

    assert_mac(netdev, vf_mac);
    ethdevs[REPRESENTOR].mac_after_reset = new_mac;
    reset(netdev, REPRESENTOR);
    assert_mac(netdev, new_mac);

    /* One that somebody wants is set again. */
    configure(netdev, REPRESENTOR, "dpdk-vf-mac", "02:00:00:00:00:04");
    reconfigure(netdev);
    assert_int_equal(ethdevs[REPRESENTOR].mac.ea[5], 4);
    reset(netdev, REPRESENTOR);
    assert_int_equal(ethdevs[REPRESENTOR].mac.ea[5], 4);
    assert_mac(netdev, ethdevs[REPRESENTOR].mac);

    /* And one that nobody wants any more is not. */
    configure(netdev, REPRESENTOR, NULL, NULL);
    reset(netdev, REPRESENTOR);
    assert_mac(netdev, new_mac);
    netdev_close(netdev);
}

/* What is refused does not hold up the rest. */
static void
test_refused_mtu(void **state OVS_UNUSED)
{
    struct netdev *netdev = open_port("p0", REPRESENTOR);

    netdev_set_mtu(netdev, 9702);
    reconfigure(netdev);
    assert_error("p0", "refuses MTU 9702: Invalid argument, the previous "
                 "configuration runs on");
    configure(netdev, REPRESENTOR, "dpdk-vf-mac", "02:00:00:00:00:04");
    reconfigure(netdev);
    assert_int_equal(ethdevs[REPRESENTOR].mac.ea[5], 4);

    configure(netdev, REPRESENTOR, "n_rxq", "4");
    reconfigure(netdev);
    assert_true(ethdevs[REPRESENTOR].running);
    assert_int_equal(ethdevs[REPRESENTOR].n_rxq, 4);
    assert_int_equal(netdev_n_rxq(netdev), 4);
    assert_mtu(netdev, 1500);
    assert_error("p0", "refuses MTU 9702: Invalid argument, the previous MTU "
                 "stays, everything else is applied");

    /* The same for lack of memory. */
    memory_mtu = 1500;
    netdev_set_mtu(netdev, 9000);
    reconfigure(netdev);
    configure(netdev, REPRESENTOR, "n_rxq", "2");
    reconfigure(netdev);
    assert_int_equal(netdev_n_rxq(netdev), 2);
    assert_error("p0", "needs more memory, the previous MTU stays");

    netdev_set_mtu(netdev, 1500);
    reconfigure(netdev);
    assert_error("p0", NULL);
    netdev_close(netdev);
}

/* A change of the link is noticed soon, though no device tells of it. */
static void
test_link(void **state OVS_UNUSED)
{
    struct netdev *netdev = open_port("p0", PF);
    long long int start = time_msec();

    for (int i = 0; i < 4; i++) {
        bool up = i % 2 == 0;

        atomic_store(&ethdevs[PF].up, up);
        while (netdev_get_carrier(netdev) != up) {
            assert_true(time_msec() - start < 20000);
            xnanosleep(1000 * 1000);
        }
    }
    assert_true(time_msec() - start < 8000);
    netdev_close(netdev);
}

/* What is sent to a port that is down is dropped, and no failure to send. */
static void
test_drops(void **state OVS_UNUSED)
{
    struct netdev *netdev = open_port("p0", PF);
    struct netdev_custom_stats custom;
    struct netdev_saved_flags *flags;
    struct netdev_stats stats;
    struct dp_packet_batch batch;

    assert_int_equal(netdev_turn_flags_off(netdev, NETDEV_UP, &flags), 0);
    dp_packet_batch_init_packet(&batch, dp_packet_new(64));
    dp_packet_batch_add(&batch, dp_packet_new(64));
    assert_int_equal(netdev_send(netdev, 0, &batch, false), 0);

    assert_int_equal(netdev_get_stats(netdev, &stats), 0);
    assert_int_equal(stats.tx_dropped, 2);
    assert_int_equal(netdev_get_custom_stats(netdev, &custom), 0);
    for (size_t i = 0; i < custom.size; i++) {
        assert_int_equal(custom.counters[i].value, 0);
    }
    netdev_free_custom_stats_counters(&custom);
    netdev_restore_flags(flags);
    netdev_close(netdev);
}

/* Opens a port and checks what it shows of "tx_tso_offload". */
static void
assert_tso(const char *expected)
{
    struct netdev *netdev = open_port("p0", PF);
    struct smap config = SMAP_INITIALIZER(&config);

    assert_int_equal(netdev_get_config(netdev, &config), 0);
    assert_string_equal(smap_get_def(&config, "tx_tso_offload", "none"),
                        expected);
    smap_destroy(&config);
    netdev_close(netdev);
}

/* The configuration shows whether segmentation is left to the device.  This
 * comes last, for it turns that on for good. */
static void
test_tso(void **state OVS_UNUSED)
{
    struct smap other_config = SMAP_INITIALIZER(&other_config);

    tx_offload_capa = RTE_ETH_TX_OFFLOAD_TCP_TSO
                      | RTE_ETH_TX_OFFLOAD_TCP_CKSUM
                      | RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
    assert_tso("false");
    smap_add(&other_config, "userspace-tso-enable", "true");
    userspace_tso_init(&other_config);
    smap_destroy(&other_config);
    assert_tso("true");
    tx_offload_capa = RTE_ETH_TX_OFFLOAD_TCP_TSO;
    assert_tso("false");
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_reset_without_memory, setup),
        cmocka_unit_test_setup(test_removal_interrupt, setup),
        cmocka_unit_test_setup(test_unplug_representor, setup),
        cmocka_unit_test_setup(test_unplug_lone_representor, setup),
        cmocka_unit_test_setup(test_unplug_all, setup),
        cmocka_unit_test_setup(test_unplug_unused, setup),
        cmocka_unit_test_setup(test_mac_after_reset, setup),
        cmocka_unit_test_setup(test_refused_mtu, setup),
        cmocka_unit_test_setup(test_link, setup),
        cmocka_unit_test_setup(test_drops, setup),
        cmocka_unit_test_setup(test_tso, setup),
    };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    netdev_register_provider(&dpdk_eth_class);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
