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

#ifndef DPDK_QOS_H
#define DPDK_QOS_H 1

/* Egress quality of service
 * =========================
 *
 * What a port sends passes an object of one of the types of QoS:
 *
 *   - "egress-policer", in dpdk-qos.c: drops what is above a rate.
 *
 *   - "trtcm-policer", in dpdk-qos-trtcm.c: two rates, for the port and for
 *     each of its queues.
 *
 * Errors are positive errno values.  A function with a parameter 'whyp' stores
 * in '*whyp', when it fails, a clause for the user that goes on after "...
 * cannot be set: ", or null if there is no more to say than the errno value.
 * A function that fails changes nothing.
 *
 * Thread-safety
 * -------------
 *
 * Any number of threads may run an object while one, the same all the time,
 * configures it: its spinlock is taken once for a batch, and for the moment in
 * which parameters are replaced.  It is protected by RCU. */

#include <rte_spinlock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_packet;
struct dpdk_qos;
struct netdev_queue_stats;
struct rte_mbuf;
struct smap;
struct sset;

/* A type of QoS.  Unless noted otherwise, objects are not locked. */
struct dpdk_qos_type {
    const char *name;

    /* Life of an object.  A new one has no parameters and may be run only
     * after 'set'. */
    struct dpdk_qos *(*alloc)(void);
    void (*free)(struct dpdk_qos *);

    /* Replaces the parameters by those in 'details', or adds them to
     * 'details'.  Meters whose parameters stay the same run on. */
    int (*set)(struct dpdk_qos *, const struct smap *details,
               const char **whyp);
    void (*get)(const struct dpdk_qos *, struct smap *details);

    /* Returns true if a packet may pass at the time 'now'.  The object is
     * locked.  Any thread. */
    bool (*pass)(struct dpdk_qos *, const struct dp_packet *, uint64_t now);

    /* Queues; all null if there are none.  See the functions below. */
    int (*queue_set)(struct dpdk_qos *, unsigned int queue_id,
                     const struct smap *details, const char **whyp);
    int (*queue_get)(const struct dpdk_qos *, unsigned int queue_id,
                     struct smap *details);
    int (*queue_delete)(struct dpdk_qos *, unsigned int queue_id);
    int (*queue_get_stats)(struct dpdk_qos *, unsigned int queue_id,
                           struct netdev_queue_stats *);
    size_t (*queue_ids)(const struct dpdk_qos *, unsigned int **idsp);
};

/* Base of the objects of all types. */
struct dpdk_qos {
    const struct dpdk_qos_type *type;
    rte_spinlock_t lock;        /* Protects all that 'pass' uses. */
    uint64_t last;              /* Time of the last batch. */
};

/* Adds the names of all types to 'names'. */
void dpdk_qos_types(struct sset *names);

/* Stores in '*qosp' a new object of the type of that name, with the parameters
 * in 'details'.  Returns EOPNOTSUPP if there is no such type, or EINVAL. */
int dpdk_qos_create(const char *type, const struct smap *details,
                    struct dpdk_qos **qosp, const char **whyp);

/* Frees 'qos', which may be null, after a grace period. */
void dpdk_qos_destroy(struct dpdk_qos *qos);

/* Replaces the parameters of 'qos' by those in 'details', leaving its queues
 * alone.  Returns 0 or EINVAL. */
int dpdk_qos_set(struct dpdk_qos *qos, const struct smap *details,
                 const char **whyp);

/* Adds the parameters of 'qos' to 'details'. */
void dpdk_qos_get(const struct dpdk_qos *qos, struct smap *details);

/* Queues.  These functions return EOPNOTSUPP if 'qos' is null or of a type
 * without queues, else EINVAL if there is no such queue.
 *
 * dpdk_qos_queue_set() adds a queue or replaces its parameters, keeping its
 * statistics.  dpdk_qos_queue_ids() stores in '*idsp' a new array of the
 * '*np' queues there are, in ascending order. */
int dpdk_qos_queue_set(struct dpdk_qos *qos, unsigned int queue_id,
                       const struct smap *details, const char **whyp);
int dpdk_qos_queue_get(const struct dpdk_qos *qos, unsigned int queue_id,
                       struct smap *details);
int dpdk_qos_queue_delete(struct dpdk_qos *qos, unsigned int queue_id);
int dpdk_qos_queue_get_stats(struct dpdk_qos *qos, unsigned int queue_id,
                             struct netdev_queue_stats *stats);
int dpdk_qos_queue_ids(const struct dpdk_qos *qos, unsigned int **idsp,
                       size_t *np);

/* Takes out of the 'n' packets in 'packets', at most NETDEV_MAX_BURST, those
 * that 'qos' does not let pass, along with the mbufs in 'mbufs' that describe
 * them; frees the packets, and subtracts their sizes from '*n_bytes'.  Returns
 * the number of the others, which keep their order.  Any thread.
 *
 * dpdk_qos_run_at() does it at the time 'now', in cycles of the TSC. */
size_t dpdk_qos_run(struct dpdk_qos *qos, struct dp_packet *packets[],
                    struct rte_mbuf *mbufs[], size_t n, uint64_t *n_bytes);
size_t dpdk_qos_run_at(struct dpdk_qos *qos, struct dp_packet *packets[],
                       struct rte_mbuf *mbufs[], size_t n, uint64_t *n_bytes,
                       uint64_t now);

#endif /* dpdk-qos.h */
