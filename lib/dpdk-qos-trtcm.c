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

/* The type of QoS "trtcm-policer".  Called by dpdk-qos.c, calls librte_meter.
 * Knows no device. */

#include <config.h>

#include "dpdk-qos-trtcm.h"

#include <errno.h>
#include <rte_meter.h>
#include <stdlib.h>
#include <string.h>

#include "dp-packet.h"
#include "dpdk-meter.h"
#include "hash.h"
#include "netdev.h"
#include "openvswitch/hmap.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

/* Rates are in bytes of IP packets a second, bursts in bytes. */
struct trtcm_meter {
    struct rte_meter_trtcm_rfc4115_params params;
    struct rte_meter_trtcm_rfc4115_profile profile;
    struct rte_meter_trtcm_rfc4115 state;
};

struct trtcm_queue {
    struct hmap_node node;      /* In 'queues' of the trtcm. */
    unsigned int id;
    struct trtcm_meter meter;
    struct netdev_queue_stats stats;
};

struct trtcm {
    struct dpdk_qos up;         /* 'up.lock' protects all below. */
    struct trtcm_meter meter;
    struct hmap queues;         /* Of "struct trtcm_queue". */
};

static struct trtcm *
trtcm_cast(const struct dpdk_qos *qos)
{
    return CONTAINER_OF(qos, struct trtcm, up);
}

static void
get_params(const struct smap *details,
           struct rte_meter_trtcm_rfc4115_params *params)
{
    params->cir = smap_get_ullong(details, "cir", 0);
    params->cbs = smap_get_ullong(details, "cbs", 0);
    params->eir = smap_get_ullong(details, "eir", 0);
    params->ebs = smap_get_ullong(details, "ebs", 0);
}

static void
put_params(const struct rte_meter_trtcm_rfc4115_params *params,
           struct smap *details)
{
    smap_add_format(details, "cir", "%"PRIu64, params->cir);
    smap_add_format(details, "cbs", "%"PRIu64, params->cbs);
    smap_add_format(details, "eir", "%"PRIu64, params->eir);
    smap_add_format(details, "ebs", "%"PRIu64, params->ebs);
}

/* Initialises 'meter', with full buckets, for 'params'. */
static int
meter_init(struct trtcm_meter *meter,
           const struct rte_meter_trtcm_rfc4115_params *params,
           const char **whyp)
{
    int error;

    meter->params = *params;
    error = rte_meter_trtcm_rfc4115_profile_config(&meter->profile,
                                                   &meter->params);
    if (error) {
        *whyp = params->cir && !params->cbs
                ? "other_config:cbs has to be a number of bytes above 0"
                : "other_config:ebs has to be a number of bytes above 0";
        return -error;
    }
    return -rte_meter_trtcm_rfc4115_config(&meter->state, &meter->profile);
}

/* Replaces 'meter' of 'trtcm' by one for 'params', unless it has them. */
static int
meter_replace(struct trtcm *trtcm, struct trtcm_meter *meter,
              const struct rte_meter_trtcm_rfc4115_params *params,
              const char **whyp)
{
    struct trtcm_meter new_meter;
    int error;

    if (!memcmp(&meter->params, params, sizeof *params)) {
        return 0;
    }
    error = meter_init(&new_meter, params, whyp);
    if (!error) {
        rte_spinlock_lock(&trtcm->up.lock);
        *meter = new_meter;
        rte_spinlock_unlock(&trtcm->up.lock);
    }
    return error;
}

static struct dpdk_qos *
trtcm_alloc(void)
{
    static const struct rte_meter_trtcm_rfc4115_params none;
    struct trtcm *trtcm = xzalloc_cacheline(sizeof *trtcm);
    const char *why;

    meter_init(&trtcm->meter, &none, &why);
    hmap_init(&trtcm->queues);
    return &trtcm->up;
}

static void
trtcm_free(struct dpdk_qos *qos)
{
    struct trtcm *trtcm = trtcm_cast(qos);
    struct trtcm_queue *queue;

    HMAP_FOR_EACH_POP (queue, node, &trtcm->queues) {
        free(queue);
    }
    hmap_destroy(&trtcm->queues);
    free_cacheline(trtcm);
}

static int
trtcm_set(struct dpdk_qos *qos, const struct smap *details, const char **whyp)
{
    struct trtcm *trtcm = trtcm_cast(qos);
    struct rte_meter_trtcm_rfc4115_params params;

    get_params(details, &params);
    return meter_replace(trtcm, &trtcm->meter, &params, whyp);
}

static void
trtcm_get(const struct dpdk_qos *qos, struct smap *details)
{
    put_params(&trtcm_cast(qos)->meter.params, details);
}

/* Queues
 * ------ */

static struct trtcm_queue *
queue_find(const struct trtcm *trtcm, unsigned int id)
{
    struct trtcm_queue *queue;

    HMAP_FOR_EACH_WITH_HASH (queue, node, hash_int(id, 0), &trtcm->queues) {
        if (queue->id == id) {
            return queue;
        }
    }
    return NULL;
}

static int
trtcm_queue_set(struct dpdk_qos *qos, unsigned int id,
                const struct smap *details, const char **whyp)
{
    struct trtcm *trtcm = trtcm_cast(qos);
    struct trtcm_queue *queue = queue_find(trtcm, id);
    struct rte_meter_trtcm_rfc4115_params params;
    int error;

    if (!id && smap_is_empty(details)) {
        /* The core adds the queue for packets without one by itself. */
        params = trtcm->meter.params;
    } else {
        get_params(details, &params);
    }
    if (queue) {
        return meter_replace(trtcm, &queue->meter, &params, whyp);
    }

    queue = xzalloc(sizeof *queue);
    queue->id = id;
    queue->stats.created = time_msec();
    error = meter_init(&queue->meter, &params, whyp);
    if (error) {
        free(queue);
        return error;
    }
    rte_spinlock_lock(&qos->lock);
    hmap_insert(&trtcm->queues, &queue->node, hash_int(id, 0));
    rte_spinlock_unlock(&qos->lock);
    return 0;
}

static int
trtcm_queue_get(const struct dpdk_qos *qos, unsigned int id,
                struct smap *details)
{
    const struct trtcm_queue *queue = queue_find(trtcm_cast(qos), id);

    if (!queue) {
        return EINVAL;
    }
    put_params(&queue->meter.params, details);
    return 0;
}

static int
trtcm_queue_delete(struct dpdk_qos *qos, unsigned int id)
{
    struct trtcm *trtcm = trtcm_cast(qos);
    struct trtcm_queue *queue = queue_find(trtcm, id);

    if (!queue) {
        return EINVAL;
    }
    rte_spinlock_lock(&qos->lock);
    hmap_remove(&trtcm->queues, &queue->node);
    rte_spinlock_unlock(&qos->lock);
    free(queue);
    return 0;
}

static int
trtcm_queue_get_stats(struct dpdk_qos *qos, unsigned int id,
                      struct netdev_queue_stats *stats)
{
    const struct trtcm_queue *queue = queue_find(trtcm_cast(qos), id);

    if (!queue) {
        return EINVAL;
    }
    rte_spinlock_lock(&qos->lock);
    *stats = queue->stats;
    rte_spinlock_unlock(&qos->lock);
    return 0;
}

static int
compare_ids(const void *a_, const void *b_)
{
    const unsigned int *a = a_;
    const unsigned int *b = b_;

    return *a < *b ? -1 : *a > *b;
}

static size_t
trtcm_queue_ids(const struct dpdk_qos *qos, unsigned int **idsp)
{
    const struct trtcm *trtcm = trtcm_cast(qos);
    const struct trtcm_queue *queue;
    unsigned int *ids = xmalloc(hmap_count(&trtcm->queues) * sizeof *ids);
    size_t n = 0;

    HMAP_FOR_EACH (queue, node, &trtcm->queues) {
        ids[n++] = queue->id;
    }
    qsort(ids, n, sizeof *ids, compare_ids);
    *idsp = ids;
    return n;
}

/* Packets
 * ------- */

/* Returns the colour that 'queue' gives a packet of 'len' bytes, and counts
 * it. */
static enum rte_color
queue_color(struct trtcm_queue *queue, uint64_t now, uint32_t len)
{
    enum rte_color color;

    color = rte_meter_trtcm_rfc4115_color_blind_check(&queue->meter.state,
                                                      &queue->meter.profile,
                                                      now, len);
    if (color == RTE_COLOR_RED) {
        queue->stats.tx_errors++;
    } else {
        queue->stats.tx_packets++;
        queue->stats.tx_bytes += len;
    }
    return color;
}

static bool
trtcm_pass(struct dpdk_qos *qos, const struct dp_packet *p, uint64_t now)
{
    struct trtcm *trtcm = trtcm_cast(qos);
    struct trtcm_queue *queue = queue_find(trtcm, p->md.skb_priority);
    uint32_t len = dpdk_meter_len(p);

    if (!queue) {
        queue = queue_find(trtcm, 0);
        if (!queue) {
            return false;
        }
    }
    return rte_meter_trtcm_rfc4115_color_aware_check(
               &trtcm->meter.state, &trtcm->meter.profile, now, len,
               queue_color(queue, now, len)) != RTE_COLOR_RED;
}

const struct dpdk_qos_type dpdk_qos_trtcm_type = {
    .name = "trtcm-policer",
    .alloc = trtcm_alloc,
    .free = trtcm_free,
    .set = trtcm_set,
    .get = trtcm_get,
    .pass = trtcm_pass,
    .queue_set = trtcm_queue_set,
    .queue_get = trtcm_queue_get,
    .queue_delete = trtcm_queue_delete,
    .queue_get_stats = trtcm_queue_get_stats,
    .queue_ids = trtcm_queue_ids,
};
