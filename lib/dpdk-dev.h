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

#ifndef DPDK_DEV_H
#define DPDK_DEV_H 1

/* What the three classes of ports share
 * =====================================
 *
 * "struct dpdk_dev" is the base of "struct dpdk_eth" (dpdk-eth.h) and "struct
 * dpdk_vhost" (dpdk-vhost.h).  It holds the parts of a netdev that do not
 * depend on what is at the other end: life, MTU, address, flags, memory,
 * queues and their counters, and the preparation of packets to send.
 *
 * Requested and applied values are different members.  Anything but
 * "reconfigure" only stores a requested value and asks for a reconfiguration;
 * "reconfigure", which the core calls when nobody polls the port, moves one to
 * the other.  If it fails, the port goes on with what it had.
 *
 * Threads
 * -------
 *
 *   - MAIN: ovs-vswitchd's main thread: configuration, status, statistics.
 *
 *   - PMD: one for each core, calls rxq_recv() and send().  MAIN and the
 *     handler threads call send() too, for packets of their own.
 *
 *   - VHOST: librte_vhost's, calls back on connections and messages.
 *
 *   - EVENT: ours, applies changes of vhost rings (dpdk-vhost-events.h).
 *
 *   - WATCHDOG: ours, notices changes of NICs' links.
 *
 *   - INTERRUPT: EAL's, calls back on what NICs report (dpdk-eth-events.h).
 *
 *   - RCU: ovs-rcu's, frees what nobody refers to any more.
 *
 * Functions say which thread calls them if it is not MAIN.
 *
 * Locks, in the order in which they are taken
 * -------------------------------------------
 *
 *   - Control side: netdev_mutex (the core's), dpdk_mutex, dev->mutex, the
 *     mutex of the list of pools (dpdk-mempool.c), that of devices' control
 *     (dpdk-eth-port.c), that of a port's rings (dpdk-vhost-ring.h).
 *
 *   - Packet side: txq->lock, and then the spinlock of a policer or QoS, which
 *     MAIN takes under dev->mutex.  A PMD takes no mutex.
 *
 * Rules that keep librte_vhost's locks out of this order:
 *
 *   - A callback that runs under a lock of DPDK (vring_state_changed, and
 *     those around a message) takes no lock of ours but that of the rings
 *     (dpdk-vhost-ring.h), under which nobody waits for a lock of DPDK.  What
 *     needs more is enqueued.
 *
 *   - rte_vhost_driver_unregister() waits for VHOST, which may wait for
 *     dpdk_mutex or for a grace period: MAIN calls it with none of our mutexes
 *     held, and quiescent.
 *
 *   - destroy_device() of a guest of a port returns only after
 *     ovsrcu_synchronize(), because the guest's memory goes away then, even if
 *     another guest has replaced it. */

#include <rte_mbuf.h>
#include <rte_spinlock.h>
#include <sys/types.h>

#include "dpdk-policer.h"
#include "dpdk-stats.h"
#include "netdev-provider.h"
#include "openvswitch/compiler.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "ovs-rcu.h"
#include "packets.h"
#include "smap.h"

struct dpdk_mempool;
struct dpdk_mempool_request;
struct dpdk_qos;

/* Protects the list of ports. */
extern struct ovs_mutex dpdk_mutex;

/* All ports, of all classes. */
extern struct ovs_list dpdk_devs OVS_GUARDED_BY(dpdk_mutex);

/* Number of receive and transmit descriptors of a queue by default, and at
 * most. */
#define DPDK_DEFAULT_DESC 2048
#define DPDK_MAX_DESC 4096

/* One transmit queue. */
struct dpdk_txq {
    OVS_ALIGNED_VAR(CACHE_LINE_SIZE)
    rte_spinlock_t lock;        /* Taken if other threads use the queue. */
    atomic_int map;             /* vhost only: the guest's queue to use. */

    /* Mbufs that describe packets without one, for a driver that copies. */
    struct rte_mbuf *wraps;     /* NETDEV_MAX_BURST of them, or null. */
};

/* Unlocks 'txq'.  rte_spinlock_unlock() waits on x86 until all stores of the
 * burst are done, many of which go to what is in a guest's cache. */
static inline void
dpdk_txq_unlock(struct dpdk_txq *txq)
{
    __atomic_store_n(&txq->lock.locked, 0, __ATOMIC_RELEASE);
}

/* A port of any class. */
struct dpdk_dev {
    struct netdev up;

    /* What the packet side reads, written by "reconfigure" and
     * update_flags(). */
    struct dpdk_txq *txqs;      /* 'up.n_txq' queues. */
    struct dpdk_queue_stats *tx_stats; /* 'n_tx_stats' queues. */
    struct dpdk_queue_stats *rx_stats; /* 'n_rx_stats' queues. */
    struct rte_mempool *mp;     /* Of 'pool', or null. */
    uint32_t max_packet_len;    /* Largest packet to send, in bytes. */
    int mtu;                    /* Applied MTU. */

    /* Null if there is none.  Replaced under 'mutex'. */
    OVSRCU_TYPE(struct dpdk_policer *) policer; /* For what is received. */
    OVSRCU_TYPE(struct dpdk_qos *) qos; /* For what is sent. */

    struct ovs_mutex mutex OVS_ACQ_AFTER(dpdk_mutex);

    struct ovs_list list_node OVS_GUARDED_BY(dpdk_mutex); /* In dpdk_devs. */
    const char *name;           /* 'up.name', for threads that are not MAIN. */

    /* Applied configuration. */
    struct dpdk_mempool *pool OVS_GUARDED; /* Null until there is one. */
    size_t n_tx_stats OVS_GUARDED; /* Elements of 'tx_stats'. */
    size_t n_rx_stats OVS_GUARDED; /* Elements of 'rx_stats'. */
    int socket_id OVS_GUARDED;  /* NUMA node of the memory. */
    struct eth_addr hwaddr OVS_GUARDED;
    enum netdev_flags flags OVS_GUARDED; /* NETDEV_UP and NETDEV_PROMISC. */

    /* Requested configuration. */
    int requested_mtu OVS_GUARDED;
    int requested_n_rxq OVS_GUARDED;
    int requested_n_txq OVS_GUARDED;
    int requested_socket_id OVS_GUARDED;
    struct eth_addr requested_hwaddr OVS_GUARDED;

    bool short_of_memory OVS_GUARDED; /* No pool for what is requested? */
    char *error OVS_GUARDED;    /* What is wrong, or null.  For the user. */
    char *qos_error OVS_GUARDED; /* The same, for dpdk-dev-qos.c. */
    bool qos_refused OVS_GUARDED; /* The last QoS asked for is not 'qos'. */
    struct smap options;        /* Last ones looked at for warnings.  MAIN. */
};

/* A receive queue of a port of any class. */
struct dpdk_rxq {
    struct netdev_rxq up;
    struct dpdk_queue_stats *stats; /* Of the port, outlives the queue. */
};

static inline struct dpdk_dev *
dpdk_dev_cast(const struct netdev *netdev)
{
    return CONTAINER_OF(netdev, struct dpdk_dev, up);
}

static inline struct dpdk_rxq *
dpdk_rxq_cast(const struct netdev_rxq *rxq)
{
    return CONTAINER_OF(rxq, struct dpdk_rxq, up);
}

/* Life of a port.  dpdk_dev_init() initialises the base of a new port whose
 * memory, from 'alloc', is zeroed, and dpdk_dev_link() adds it to the list;
 * dpdk_dev_unlink() and dpdk_dev_uninit() undo that. */
void dpdk_dev_init(struct dpdk_dev *dev, int socket_id);
void dpdk_dev_link(struct dpdk_dev *dev) OVS_EXCLUDED(dpdk_mutex);
void dpdk_dev_unlink(struct dpdk_dev *dev) OVS_EXCLUDED(dpdk_mutex);
void dpdk_dev_uninit(struct dpdk_dev *dev);

/* Returns true if 'netdev' is a port of this plugin, of any class. */
bool dpdk_dev_is(const struct netdev *netdev);

/* Errors
 * ------
 *
 * What a user reads in Interface:error, and once in the log: a sentence like
 * "NAME: what does not work: why, and how to mend it", in which these
 * functions put "NAME: " in front of 'format'.
 *
 * dpdk_dev_set_error() says what is wrong with 'dev', until
 * dpdk_dev_clear_error() or the next error; it is for what the port runs
 * without.  dpdk_dev_refuse() says why there is no port 'name'; it is for
 * "construct". */
void dpdk_dev_set_error(struct dpdk_dev *dev, const char *format, ...)
    OVS_REQUIRES(dev->mutex) OVS_PRINTF_FORMAT(2, 3);
void dpdk_dev_clear_error(struct dpdk_dev *dev) OVS_REQUIRES(dev->mutex);
void dpdk_dev_refuse(const char *name, const char *format, ...)
    OVS_PRINTF_FORMAT(2, 3);

/* The hook port_error(): stores in '*errorp' what is wrong with the port
 * 'name', or null, valid until the next call.  Returns true if there is such a
 * port. */
bool dpdk_dev_get_error(const char *name, const char **errorp)
    OVS_EXCLUDED(dpdk_mutex);

/* Frees the memory that a port's alloc() returned. */
void dpdk_dev_dealloc(struct netdev *netdev);

/* Parts of "reconfigure".
 *
 * dpdk_dev_apply_pool() moves the port to a pool for 'request', and makes the
 * MTU and the NUMA node of that its own.  Returns 0, or a positive errno and
 * changes nothing; then '*whyp' becomes a phrase for the user that says why,
 * and that the caller has to free.  What is requested of the port stays so,
 * and is tried again when the core repeats it or when a port that is removed
 * gives memory back.
 *
 * dpdk_dev_apply_queues() gives the port 'n_rxq' and 'n_txq' queues, each with
 * counters, and with mbufs to wrap packets in if 'wrap'. */
int dpdk_dev_apply_pool(struct dpdk_dev *dev,
                        const struct dpdk_mempool_request *request,
                        char **whyp) OVS_REQUIRES(dev->mutex);
void dpdk_dev_apply_queues(struct dpdk_dev *dev, int n_rxq, int n_txq,
                           bool wrap) OVS_REQUIRES(dev->mutex);

/* Stores '*requested' = 'value' and asks for a reconfiguration, if that is a
 * change. */
void dpdk_dev_request(struct dpdk_dev *dev, int *requested, int value)
    OVS_REQUIRES(dev->mutex);

/* Warns about each option in 'args' that is not in 'known', which ends with a
 * null pointer: it has no effect on 'dev', so it is probably misspelt.  Does
 * so once for each value.  Takes no lock. */
void dpdk_dev_warn_options(struct dpdk_dev *dev, const struct smap *args,
                           const char *const known[]);

/* Class functions that are the same for all classes; see
 * netdev-provider.h. */
int dpdk_dev_get_numa_id(const struct netdev *netdev);
int dpdk_dev_get_etheraddr(const struct netdev *netdev, struct eth_addr *mac);
int dpdk_dev_get_mtu(const struct netdev *netdev, int *mtup);
int dpdk_dev_set_mtu(struct netdev *netdev, int mtu);
int dpdk_dev_get_ifindex(const struct netdev *netdev);
int dpdk_dev_set_miimon_interval(struct netdev *netdev, long long interval);
int dpdk_dev_get_config(const struct netdev *netdev, struct smap *args);
struct netdev_rxq *dpdk_dev_rxq_alloc(void);
int dpdk_dev_rxq_construct(struct netdev_rxq *rxq);
void dpdk_dev_rxq_destruct(struct netdev_rxq *rxq);
void dpdk_dev_rxq_dealloc(struct netdev_rxq *rxq);

/* Stores in 'old_flagsp' the flags of 'dev', and in 'new_flagsp' what they are
 * to become by turning those in 'off' off and those in 'on' on.  Returns 0, or
 * EINVAL if there is one that a port cannot have. */
int dpdk_dev_new_flags(const struct dpdk_dev *dev, enum netdev_flags off,
                       enum netdev_flags on, enum netdev_flags *old_flagsp,
                       enum netdev_flags *new_flagsp)
    OVS_REQUIRES(dev->mutex);

/* Stores in 'stats' what the software counts for 'dev': packets and bytes if
 * 'all', drops in any case, and marks the rest as unknown. */
void dpdk_dev_get_sw_stats(const struct dpdk_dev *dev, bool all,
                           struct netdev_stats *stats)
    OVS_REQUIRES(dev->mutex);

/* Stores in 'custom_stats' the counters of 'dev' that in-tree ports have as
 * "ovs_*". */
int dpdk_dev_get_custom_stats(const struct netdev *netdev,
                              struct netdev_custom_stats *custom_stats);

/* The members of a "struct netdev_class" that are the same for all classes. */
#define DPDK_DEV_CLASS_COMMON                           \
    .is_pmd = true,                                     \
    .dealloc = dpdk_dev_dealloc,                        \
    .get_numa_id = dpdk_dev_get_numa_id,                \
    .get_etheraddr = dpdk_dev_get_etheraddr,            \
    .get_mtu = dpdk_dev_get_mtu,                        \
    .set_mtu = dpdk_dev_set_mtu,                        \
    .get_ifindex = dpdk_dev_get_ifindex,                \
    .set_miimon_interval = dpdk_dev_set_miimon_interval, \
    .rxq_alloc = dpdk_dev_rxq_alloc,                    \
    .rxq_construct = dpdk_dev_rxq_construct,            \
    .rxq_destruct = dpdk_dev_rxq_destruct,              \
    .rxq_dealloc = dpdk_dev_rxq_dealloc

/* Receiving
 * ---------
 *
 * Drops what ingress policing refuses of the 'n' packets in 'packets', which
 * 'dev' has just received, and counts it in 'stats'.  Returns the number of
 * the others, which keep their order.  PMD. */
static inline size_t
dpdk_dev_police(struct dpdk_dev *dev, struct dpdk_queue_stats *stats,
                struct dp_packet *packets[], size_t n)
{
    struct dpdk_policer *policer = ovsrcu_get(struct dpdk_policer *,
                                              &dev->policer);
    size_t n_passed;

    if (OVS_LIKELY(!policer)) {
        return n;
    }
    n_passed = dpdk_policer_run(policer, packets, n);
    dpdk_counter_add(&stats->drops[DPDK_DROP_QOS], n - n_passed);
    return n_passed;
}

/* Sending
 * -------
 *
 * dpdk_dev_send_prepare() is one pass over the packets of 'batch' that takes
 * those out that cannot be sent, and makes 'mbufs' describe the others, in
 * order.  A packet without a mbuf of its own is wrapped if 'txq' has mbufs for
 * that, else copied into a new one of the port's pool.  Afterward 'batch'
 * holds exactly the packets behind 'mbufs', so freeing it frees what the
 * driver did not take.
 *
 * Stores in '*n_bytes' the sum of the sizes of these packets, and counts
 * dropped packets in 'stats'.  Returns the number of mbufs.  PMD, and any
 * thread that sends, with 'txq' locked if it is shared. */
unsigned int dpdk_dev_send_prepare(struct dpdk_dev *dev, struct dpdk_txq *txq,
                                   struct dpdk_queue_stats *stats,
                                   struct dp_packet_batch *batch,
                                   struct rte_mbuf *mbufs[],
                                   uint64_t *n_bytes);

/* The same for a port that needs no mbufs: takes those packets out of 'batch',
 * frees and counts them that are too large or that QoS does not let pass.
 * Same threads. */
void dpdk_dev_send_filter(struct dpdk_dev *dev,
                          struct dpdk_queue_stats *stats,
                          struct dp_packet_batch *batch);

#endif /* dpdk-dev.h */
