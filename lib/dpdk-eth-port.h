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

#ifndef DPDK_ETH_PORT_H
#define DPDK_ETH_PORT_H 1

/* Control of ethdev ports
 * =======================
 *
 * What a "dpdk" port does to its NIC, or to the virtual device that stands for
 * one, apart from packets: find, attach, configure, start, query, stop,
 * detach.  Called by dpdk-eth.c, calls librte_ethdev.  These functions know a
 * port by its number and take no lock; the caller serialises calls for one
 * port.  They run in MAIN unless said otherwise.
 *
 * Functions that return an "int" return 0 if successful, else a positive
 * errno. */

#include <rte_ethdev.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/netdev.h"
#include "openvswitch/types.h"

struct netdev_stats;
struct smap;

/* What a port is configured with. */
struct dpdk_eth_conf {
    int n_rxq;                  /* Receive queues. */
    int n_txq;                  /* Transmit queues. */
    int rxq_size;               /* Descriptors of a receive queue. */
    int txq_size;               /* Descriptors of a transmit queue. */
    int mtu;                    /* MTU. */
    bool lsc_interrupt;         /* Is the link's state signalled? */
    int socket_id;              /* NUMA node for the queues. */
    struct rte_mempool *mp;     /* What packets are received into. */
};

/* Finds the port that 'devargs' names, a PCI address, a virtual device with
 * its arguments, or "class=eth,mac=XX:XX:XX:XX:XX:XX", and attaches its device
 * first if DPDK does not know it yet.  Stores its number in '*port_id', and in
 * '*attached' whether it was attached here, so that dpdk_eth_port_detach() has
 * to detach it.  Returns ENODEV, or what the driver said, if that fails. */
int dpdk_eth_port_find(const char *devargs, uint16_t *port_id, bool *attached);

/* Closes port 'port_id' of the port 'name' and removes its device from DPDK.
 * If 'shared' is true, other ports of the same device are in use, so the
 * device stays. */
void dpdk_eth_port_detach(const char *name, uint16_t port_id, bool shared);

/* Returns true if 'a' and 'b' are ports of one device. */
bool dpdk_eth_port_is_sibling(uint16_t a, uint16_t b);

/* Configures 'port_id', which is stopped, as in 'conf', and starts it.  A
 * device that has or sets up fewer queues than asked for gets those, and
 * 'conf->n_rxq' and 'conf->n_txq' say how many.  'name' is for the log. */
int dpdk_eth_port_start(const char *name, uint16_t port_id,
                        struct dpdk_eth_conf *conf);

/* Stops 'port_id'. */
void dpdk_eth_port_stop(uint16_t port_id);

/* Returns the state of the link of 'port_id', without waiting for it.  Any
 * thread. */
struct rte_eth_link dpdk_eth_port_link(uint16_t port_id);

/* Turns the link of 'port_id' on or off.  A device that cannot do that is not
 * an error. */
int dpdk_eth_port_set_link(const char *name, uint16_t port_id, bool up);

/* Reads and writes the Ethernet address of 'port_id'. */
int dpdk_eth_port_get_mac(uint16_t port_id, struct eth_addr *mac);
int dpdk_eth_port_set_mac(const char *name, uint16_t port_id,
                          struct eth_addr mac);

/* Returns the OpenFlow port features that 'link' corresponds to. */
enum netdev_features dpdk_eth_port_features(const struct rte_eth_link *link);

/* Adds what Interface:status of 'port_id' shows to 'status'. */
int dpdk_eth_port_status(uint16_t port_id, uint32_t max_packet_len,
                         const struct rte_eth_link *link,
                         struct smap *status);

/* Stores what the device counts in 'stats' and adds its drops to
 * 'stats->rx_dropped'. */
int dpdk_eth_port_stats(uint16_t port_id, struct netdev_stats *stats);

#endif /* dpdk-eth-port.h */
