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

/* Egress QoS: the table of types, and the simple one, "egress-policer".
 * Called by dpdk-dev-qos.c and, for packets, dpdk-dev.c; calls
 * dpdk-qos-trtcm.c and dpdk-packet.c.  Knows no device. */

#include <config.h>

#include "dpdk-qos.h"

#include <errno.h>
#include <rte_cycles.h>
#include <string.h>

#include "dpdk-log.h"
#include "dpdk-meter.h"
#include "dpdk-packet.h"
#include "dpdk-qos-trtcm.h"
#include "openvswitch/vlog.h"
#include "ovs-rcu.h"
#include "smap.h"
#include "sset.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* egress-policer
 * -------------- */

struct egress_policer {
    struct dpdk_qos up;
    uint64_t cir;               /* Bytes of IP packets a second. */
    uint64_t cbs;               /* Bytes at once. */
    struct dpdk_meter meter;    /* Protected by 'up.lock'. */
};

static struct egress_policer *
egress_policer_cast(const struct dpdk_qos *qos)
{
    return CONTAINER_OF(qos, struct egress_policer, up);
}

static struct dpdk_qos *
egress_policer_alloc(void)
{
    struct egress_policer *policer = xzalloc_cacheline(sizeof *policer);

    return &policer->up;
}

static void
egress_policer_free(struct dpdk_qos *qos)
{
    free_cacheline(egress_policer_cast(qos));
}

static int
egress_policer_set(struct dpdk_qos *qos, const struct smap *details,
                   const char **whyp)
{
    struct egress_policer *policer = egress_policer_cast(qos);
    uint64_t cir = smap_get_ullong(details, "cir", 0);
    uint64_t cbs = smap_get_ullong(details, "cbs", 0);
    struct dpdk_meter meter;
    int error;

    if (cir && cir == policer->cir && cbs == policer->cbs) {
        return 0;
    }

    error = dpdk_meter_init(&meter, cir, cbs);
    if (error) {
        VLOG_ERR("Could not create rte meter for egress policer");
        *whyp = !cir ? "other_config:cir has to be a number of bytes a second "
                       "above 0"
                : "other_config:cbs has to be a number of bytes above 0";
        return error;
    }
    policer->cir = cir;
    policer->cbs = cbs;
    rte_spinlock_lock(&qos->lock);
    policer->meter = meter;
    rte_spinlock_unlock(&qos->lock);
    return 0;
}

static void
egress_policer_get(const struct dpdk_qos *qos, struct smap *details)
{
    const struct egress_policer *policer = egress_policer_cast(qos);

    smap_add_format(details, "cir", "%"PRIu64, policer->cir);
    smap_add_format(details, "cbs", "%"PRIu64, policer->cbs);
}

static bool
egress_policer_pass(struct dpdk_qos *qos, const struct dp_packet *p,
                    uint64_t now)
{
    return dpdk_meter_pass(&egress_policer_cast(qos)->meter, now,
                           dpdk_meter_len(p));
}

static const struct dpdk_qos_type egress_policer_type = {
    .name = "egress-policer",
    .alloc = egress_policer_alloc,
    .free = egress_policer_free,
    .set = egress_policer_set,
    .get = egress_policer_get,
    .pass = egress_policer_pass,
};

/* All types
 * --------- */

static const struct dpdk_qos_type *const types[] = {
    &egress_policer_type,
    &dpdk_qos_trtcm_type,
};

void
dpdk_qos_types(struct sset *names)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        sset_add(names, types[i]->name);
    }
}

static const struct dpdk_qos_type *
type_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(types[i]->name, name)) {
            return types[i];
        }
    }
    return NULL;
}

int
dpdk_qos_create(const char *name, const struct smap *details,
                struct dpdk_qos **qosp, const char **whyp)
{
    const struct dpdk_qos_type *type = type_find(name);
    struct dpdk_qos *qos;
    int error;

    *qosp = NULL;
    if (!type) {
        *whyp = "ports of this type have egress-policer and trtcm-policer";
        return EOPNOTSUPP;
    }

    qos = type->alloc();
    qos->type = type;
    rte_spinlock_init(&qos->lock);
    error = dpdk_qos_set(qos, details, whyp);
    if (error) {
        type->free(qos);
        return error;
    }
    qos->last = rte_rdtsc();
    *qosp = qos;
    return 0;
}

void
dpdk_qos_destroy(struct dpdk_qos *qos)
{
    if (qos) {
        ovsrcu_postpone(qos->type->free, qos);
    }
}

int
dpdk_qos_set(struct dpdk_qos *qos, const struct smap *details,
             const char **whyp)
{
    *whyp = NULL;
    return qos->type->set(qos, details, whyp);
}

void
dpdk_qos_get(const struct dpdk_qos *qos, struct smap *details)
{
    qos->type->get(qos, details);
}

static bool
has_queues(const struct dpdk_qos *qos)
{
    return qos && qos->type->queue_set;
}

int
dpdk_qos_queue_set(struct dpdk_qos *qos, unsigned int queue_id,
                   const struct smap *details, const char **whyp)
{
    *whyp = NULL;
    return has_queues(qos)
           ? qos->type->queue_set(qos, queue_id, details, whyp)
           : EOPNOTSUPP;
}

int
dpdk_qos_queue_get(const struct dpdk_qos *qos, unsigned int queue_id,
                   struct smap *details)
{
    return has_queues(qos)
           ? qos->type->queue_get(qos, queue_id, details)
           : EOPNOTSUPP;
}

int
dpdk_qos_queue_delete(struct dpdk_qos *qos, unsigned int queue_id)
{
    return has_queues(qos)
           ? qos->type->queue_delete(qos, queue_id)
           : EOPNOTSUPP;
}

int
dpdk_qos_queue_get_stats(struct dpdk_qos *qos, unsigned int queue_id,
                         struct netdev_queue_stats *stats)
{
    return has_queues(qos)
           ? qos->type->queue_get_stats(qos, queue_id, stats)
           : EOPNOTSUPP;
}

int
dpdk_qos_queue_ids(const struct dpdk_qos *qos, unsigned int **idsp,
                   size_t *np)
{
    if (!has_queues(qos)) {
        return EOPNOTSUPP;
    }
    *np = qos->type->queue_ids(qos, idsp);
    return 0;
}

/* Packets
 * ------- */

size_t
dpdk_qos_run_at(struct dpdk_qos *qos, struct dp_packet *packets[],
                struct rte_mbuf *mbufs[], size_t n, uint64_t *n_bytes,
                uint64_t now)
{
    struct dp_packet *excess[NETDEV_MAX_BURST];
    size_t n_excess = 0;
    size_t n_passed = 0;

    rte_spinlock_lock(&qos->lock);
    now = dpdk_meter_now(&qos->last, now);
    for (size_t i = 0; i < n; i++) {
        if (qos->type->pass(qos, packets[i], now)) {
            mbufs[n_passed] = mbufs[i];
            packets[n_passed++] = packets[i];
        } else {
            excess[n_excess++] = packets[i];
        }
    }
    rte_spinlock_unlock(&qos->lock);

    for (size_t i = 0; i < n_excess; i++) {
        *n_bytes -= dp_packet_size(excess[i]);
    }
    dpdk_packet_free_bulk(excess, n_excess);
    return n_passed;
}

size_t
dpdk_qos_run(struct dpdk_qos *qos, struct dp_packet *packets[],
             struct rte_mbuf *mbufs[], size_t n, uint64_t *n_bytes)
{
    return dpdk_qos_run_at(qos, packets, mbufs, n, n_bytes, rte_rdtsc());
}
