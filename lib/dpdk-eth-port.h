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
 * one, apart from packets: configure, start, query, reset, stop, close.
 * Called by the other dpdk-eth*.c, calls librte_ethdev.  These functions know
 * a port by its number.  They run in MAIN unless said otherwise.
 *
 * WATCHDOG looks at links, which may take a driver long, without a mutex that
 * MAIN would have to wait for in order to say how they are.  What changes a
 * device or asks it for its counters, so that its driver cannot be asked for
 * the link at the same time, waits for WATCHDOG on a mutex of its own, below
 * all others.
 *
 * Functions that return an "int" return 0 if successful, else a positive
 * errno. */

#include <rte_ethdev.h>
#include <stdbool.h>
#include <stdint.h>

#include "openvswitch/thread.h"
#include "openvswitch/types.h"

/* Held while a device changes or is asked for something, see above.  These
 * functions take it, others that call a driver have to.  No other mutex of
 * ours is taken with it held.  MAIN and WATCHDOG. */
extern struct ovs_mutex dpdk_eth_port_mutex;

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
    uint64_t rx_offloads;       /* RTE_ETH_RX_OFFLOAD_*. */
    uint64_t tx_offloads;       /* RTE_ETH_TX_OFFLOAD_*, set by the start. */
};

/* What a NIC has to verify for its word on checksums to be of use. */
#define DPDK_ETH_RX_CSUM (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM \
                          | RTE_ETH_RX_OFFLOAD_UDP_CKSUM \
                          | RTE_ETH_RX_OFFLOAD_TCP_CKSUM)

/* Returns true if 'a' and 'b' ask for the same: 'mp' and the offloads follow
 * from the other members. */
bool dpdk_eth_conf_equal(const struct dpdk_eth_conf *a,
                         const struct dpdk_eth_conf *b);

/* Returns true if 'a' and 'b' are ports of one device. */
bool dpdk_eth_port_is_sibling(uint16_t a, uint16_t b);

/* Configures 'port_id', which is stopped, as in 'conf', and starts it.  A
 * device that has or sets up fewer queues than asked for gets those, and
 * 'conf->n_rxq' and 'conf->n_txq' say how many.  Chooses the offloads.  If
 * that fails, stores why in '*whyp', to be freed by the caller.  'name' is for
 * the log. */
int dpdk_eth_port_start(const char *name, uint16_t port_id,
                        struct dpdk_eth_conf *conf, char **whyp);

/* Resets 'port_id', which also stops it. */
int dpdk_eth_port_reset(uint16_t port_id);

/* Closes 'port_id', which is stopped.  Its device stays. */
void dpdk_eth_port_close(uint16_t port_id);

/* Closes all ports of the device of 'port_id', and removes it from DPDK. */
int dpdk_eth_port_remove(uint16_t port_id);

/* Returns the NETDEV_TX_OFFLOAD_* that RTE_ETH_TX_OFFLOAD_* 'tx_offloads'
 * stand for. */
uint64_t dpdk_eth_port_ol_flags(uint64_t tx_offloads);

/* Stops 'port_id'. */
void dpdk_eth_port_stop(uint16_t port_id);

/* Stores the state of the link of 'port_id' in '*link', without waiting for it
 * to change.  MAIN and WATCHDOG. */
int dpdk_eth_port_link(uint16_t port_id, struct rte_eth_link *link);

/* Turns the link of 'port_id' on or off.  A device that cannot do that is not
 * an error. */
int dpdk_eth_port_set_link(const char *name, uint16_t port_id, bool up);

/* Reads and writes the Ethernet address of 'port_id'. */
int dpdk_eth_port_get_mac(uint16_t port_id, struct eth_addr *mac);
int dpdk_eth_port_set_mac(const char *name, uint16_t port_id,
                          struct eth_addr mac);

/* Returns true if 'port_id' represents a VF of a switching NIC. */
bool dpdk_eth_port_is_representor(uint16_t port_id);

/* Makes 'port_id' use flow control 'mode', negotiated if 'autoneg'.  Returns
 * ENOTSUP if it knows no flow control, or the error of asking what it uses
 * now.  A device that refuses is only warned about. */
int dpdk_eth_port_flow_ctrl(uint16_t port_id, enum rte_eth_fc_mode mode,
                            bool autoneg);

#endif /* dpdk-eth-port.h */
