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

/* QoS and policing of a port.  Called by the core through the classes, calls
 * dpdk-qos.c and dpdk-policer.c. */

#include <config.h>

#include "dpdk-dev-qos.h"

#include <errno.h>

#include "dpdk-log.h"
#include "dpdk-policer.h"
#include "dpdk-qos.h"
#include "ovs-rcu.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

void
dpdk_dev_qos_init(struct dpdk_dev *dev)
{
    ovsrcu_init(&dev->policer, NULL);
    ovsrcu_init(&dev->qos, NULL);
}

void
dpdk_dev_qos_uninit(struct dpdk_dev *dev) OVS_NO_THREAD_SAFETY_ANALYSIS
{
    dpdk_policer_destroy(ovsrcu_get_protected(struct dpdk_policer *,
                                              &dev->policer));
    dpdk_qos_destroy(ovsrcu_get_protected(struct dpdk_qos *, &dev->qos));
    free(dev->qos_error);
}

/* Only a thread with the mutex of 'dev' replaces the object. */
static struct dpdk_qos *
dev_qos(const struct dpdk_dev *dev) OVS_REQUIRES(dev->mutex)
{
    return ovsrcu_get_protected(struct dpdk_qos *, &dev->qos);
}

/* Makes 'error', which it takes, or null, what is wrong with the QoS of 'dev'.
 * In the log it is not an error: the line of in-tree ports that comes with it
 * is one already, and the only one that users expect. */
static void
set_error(struct dpdk_dev *dev, char *error) OVS_REQUIRES(dev->mutex)
{
    if (nullable_string_is_equal(error, dev->qos_error)) {
        free(error);
        return;
    }
    if (error) {
        VLOG_INFO("%s", error);
    }
    free(dev->qos_error);
    dev->qos_error = error;
    netdev_change_seq_changed(&dev->up);
}

int
dpdk_dev_qos_set_policing(struct netdev *netdev, unsigned int kbits_rate,
                          unsigned int kbits_burst, unsigned int kpkts_rate,
                          unsigned int kpkts_burst)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    struct dpdk_policer_limits limits = {
        .kbits_rate = kbits_rate,
        .kbits_burst = kbits_burst,
        .kpkts_rate = kpkts_rate,
        .kpkts_burst = kpkts_burst,
    };
    struct dpdk_policer *policer;
    struct dpdk_policer *old;
    int error = 0;

    dpdk_policer_normalize(&limits);

    ovs_mutex_lock(&dev->mutex);
    old = ovsrcu_get_protected(struct dpdk_policer *, &dev->policer);
    if (!dpdk_policer_has_limits(old, &limits)) {
        error = dpdk_policer_create(&limits, &policer);
        if (error) {
            VLOG_ERR("Could not create rte meter for ingress policer");
        } else {
            ovsrcu_set(&dev->policer, policer);
            dpdk_policer_destroy(old);
        }
    }
    ovs_mutex_unlock(&dev->mutex);

    return error;
}

int
dpdk_dev_qos_get_types(const struct netdev *netdev OVS_UNUSED,
                       struct sset *types)
{
    dpdk_qos_types(types);
    return 0;
}

int
dpdk_dev_qos_get(const struct netdev *netdev, const char **typep,
                 struct smap *details)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    const struct dpdk_qos *qos;

    ovs_mutex_lock(&dev->mutex);
    qos = dev_qos(dev);
    if (qos) {
        *typep = qos->type->name;
        dpdk_qos_get(qos, details);
    } else {
        *typep = "";
    }
    ovs_mutex_unlock(&dev->mutex);

    return 0;
}

/* Makes 'qos', which may be null, the QoS of 'dev'. */
static void
publish_qos(struct dpdk_dev *dev, struct dpdk_qos *qos)
    OVS_REQUIRES(dev->mutex)
{
    struct dpdk_qos *old = dev_qos(dev);

    ovsrcu_set(&dev->qos, qos);
    dpdk_qos_destroy(old);
}

static int
set_qos(struct dpdk_dev *dev, const char *type, const struct smap *details,
        const char **whyp) OVS_REQUIRES(dev->mutex)
{
    struct dpdk_qos *qos = dev_qos(dev);
    int error;

    *whyp = NULL;
    if (qos && !strcmp(qos->type->name, type)) {
        return dpdk_qos_set(qos, details, whyp);
    }
    if (!*type) {
        publish_qos(dev, NULL);
        return 0;
    }
    error = dpdk_qos_create(type, details, &qos, whyp);
    if (!error) {
        publish_qos(dev, qos);
    }
    return error;
}

int
dpdk_dev_qos_set(struct netdev *netdev, const char *type,
                 const struct smap *details)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    const char *why;
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = set_qos(dev, type, details, &why);
    dev->qos_refused = error != 0;
    if (error) {
        VLOG_ERR("Failed to set QoS type %s on port %s: %s", type, dev->name,
                 ovs_strerror(error));
        set_error(dev, xasprintf("%s: QoS type %s cannot be set: %s%s",
                                 dev->name, type,
                                 why ? why : ovs_strerror(error),
                                 dev_qos(dev)
                                 ? ", the previous QoS stays in force" : ""));
    } else {
        set_error(dev, NULL);
    }
    ovs_mutex_unlock(&dev->mutex);

    return error;
}

int
dpdk_dev_qos_get_queue(const struct netdev *netdev, unsigned int queue_id,
                       struct smap *details)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = dpdk_qos_queue_get(dev_qos(dev), queue_id, details);
    ovs_mutex_unlock(&dev->mutex);

    return error;
}

int
dpdk_dev_qos_set_queue(struct netdev *netdev, unsigned int queue_id,
                       const struct smap *details)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    const char *why = NULL;
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = dev->qos_refused
            ? EOPNOTSUPP
            : dpdk_qos_queue_set(dev_qos(dev), queue_id, details, &why);
    if (error && error != EOPNOTSUPP) {
        VLOG_ERR("Failed to set QoS queue %u on port %s: %s", queue_id,
                 dev->name, ovs_strerror(error));
        set_error(dev, xasprintf("%s: QoS queue %u cannot be set: %s",
                                 dev->name, queue_id,
                                 why ? why : ovs_strerror(error)));
    }
    ovs_mutex_unlock(&dev->mutex);

    return error;
}

int
dpdk_dev_qos_delete_queue(struct netdev *netdev, unsigned int queue_id)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = dev->qos_refused
            ? EOPNOTSUPP
            : dpdk_qos_queue_delete(dev_qos(dev), queue_id);
    ovs_mutex_unlock(&dev->mutex);

    return error;
}

int
dpdk_dev_qos_get_queue_stats(const struct netdev *netdev,
                             unsigned int queue_id,
                             struct netdev_queue_stats *stats)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = dpdk_qos_queue_get_stats(dev_qos(dev), queue_id, stats);
    ovs_mutex_unlock(&dev->mutex);

    return error;
}

/* The queues that there were when a dump started. */
struct queue_dump {
    unsigned int *ids;
    size_t n;
    size_t next;
};

int
dpdk_dev_qos_queue_dump_start(const struct netdev *netdev, void **statep)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    struct queue_dump *dump = xzalloc(sizeof *dump);
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = dpdk_qos_queue_ids(dev_qos(dev), &dump->ids, &dump->n);
    ovs_mutex_unlock(&dev->mutex);

    if (error) {
        free(dump);
    } else {
        *statep = dump;
    }
    return error;
}

int
dpdk_dev_qos_queue_dump_next(const struct netdev *netdev, void *state,
                             unsigned int *queue_id, struct smap *details)
{
    struct queue_dump *dump = state;

    /* Queues may be deleted between two calls. */
    while (dump->next < dump->n) {
        *queue_id = dump->ids[dump->next++];
        if (!dpdk_dev_qos_get_queue(netdev, *queue_id, details)) {
            return 0;
        }
    }
    return EOF;
}

int
dpdk_dev_qos_queue_dump_done(const struct netdev *netdev OVS_UNUSED,
                             void *state)
{
    struct queue_dump *dump = state;

    free(dump->ids);
    free(dump);
    return 0;
}

int
dpdk_dev_qos_dump_queue_stats(const struct netdev *netdev,
                              netdev_dump_queue_stats_cb *cb, void *aux)
{
    struct dpdk_dev *dev = dpdk_dev_cast(netdev);
    struct netdev_queue_stats stats;
    unsigned int *ids;
    size_t n;
    int error;

    ovs_mutex_lock(&dev->mutex);
    error = dpdk_qos_queue_ids(dev_qos(dev), &ids, &n);
    if (!error) {
        for (size_t i = 0; i < n; i++) {
            dpdk_qos_queue_get_stats(dev_qos(dev), ids[i], &stats);
            cb(ids[i], &stats, aux);
        }
        free(ids);
    }
    ovs_mutex_unlock(&dev->mutex);

    return error;
}
