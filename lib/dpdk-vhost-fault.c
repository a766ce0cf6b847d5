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

/* Faults of the other ends of vhost ports. */

#include <config.h>

#include "dpdk-vhost-fault.h"

#include <string.h>

#include "dpdk-log.h"
#include "netdev-provider.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "timeval.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

static const struct {
    const char *statistic;
    const char *meaning;
} kinds[DPDK_VHOST_N_FAULTS] = {
#define FAULT(NAME, STATISTIC, MEANING) \
    [DPDK_VHOST_FAULT_##NAME] = { STATISTIC, MEANING },
    DPDK_VHOST_FAULTS
#undef FAULT
};

void
dpdk_vhost_faults_init(struct dpdk_vhost_faults *faults, const char *name)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    static const struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(20, 10);

    memset(faults, 0, sizeof *faults);
    faults->name = xstrdup(name);
    faults->rl = rl;
    ovs_mutex_init(&faults->rl.mutex);
    ovs_mutex_init(&faults->mutex);
}

void
dpdk_vhost_faults_destroy(struct dpdk_vhost_faults *faults)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    free(faults->name);
    for (int i = 0; i < DPDK_VHOST_FAULT_HISTORY; i++) {
        free(faults->history[i].text);
    }
    ovs_mutex_destroy(&faults->rl.mutex);
    ovs_mutex_destroy(&faults->mutex);
}

void
dpdk_vhost_faults_report(struct dpdk_vhost_faults *faults,
                         enum dpdk_vhost_fault fault, const char *cause)
{
    char *text = xasprintf("%s: %s", cause, kinds[fault].meaning);
    struct dpdk_vhost_fault_record *record;

    VLOG_WARN_RL(&faults->rl, "%s: %s", faults->name, text);
    ovs_mutex_lock(&faults->mutex);
    faults->n[fault]++;
    faults->when[fault] = time_wall_msec();
    record = &faults->history[faults->n_all++ % DPDK_VHOST_FAULT_HISTORY];
    record->fault = fault;
    record->when = faults->when[fault];
    free(record->text);
    record->text = text;
    ovs_mutex_unlock(&faults->mutex);
}

void
dpdk_vhost_faults_get_status(struct dpdk_vhost_faults *faults,
                             struct smap *status)
{
    ovs_mutex_lock(&faults->mutex);
    if (faults->n_all) {
        uint64_t last = faults->n_all - 1;

        smap_add(status, "last_fault",
                 faults->history[last % DPDK_VHOST_FAULT_HISTORY].text);
    }
    ovs_mutex_unlock(&faults->mutex);
}

/* Adds the time 'when', on the wall clock, to 'object'. */
static void
put_time(struct json *object, const char *name, long long int when)
{
    char *text = xastrftime_msec("%Y-%m-%dT%H:%M:%S.###Z", when, true);

    json_object_put(object, name, json_string_create_nocopy(text));
}

void
dpdk_vhost_faults_to_json(struct dpdk_vhost_faults *faults,
                          struct json *object)
{
    struct json *counts = json_object_create();
    struct json *last = json_array_create_empty();

    ovs_mutex_lock(&faults->mutex);
    for (int i = 0; i < DPDK_VHOST_N_FAULTS; i++) {
        struct json *count = json_object_create();

        json_object_put(count, "count", json_integer_create(faults->n[i]));
        if (faults->n[i]) {
            put_time(count, "last", faults->when[i]);
        }
        json_object_put(counts, kinds[i].statistic, count);
    }
    for (uint64_t i = faults->n_all
                      - MIN(faults->n_all, DPDK_VHOST_FAULT_HISTORY);
         i < faults->n_all; i++) {
        const struct dpdk_vhost_fault_record *record;
        struct json *fault = json_object_create();

        record = &faults->history[i % DPDK_VHOST_FAULT_HISTORY];
        put_time(fault, "time", record->when);
        json_object_put_string(fault, "kind", kinds[record->fault].statistic);
        json_object_put_string(fault, "text", record->text);
        json_array_add(last, fault);
    }
    ovs_mutex_unlock(&faults->mutex);
    json_object_put(object, "faults", counts);
    json_object_put(object, "last_faults", last);
}

void
dpdk_vhost_faults_get_custom_stats(struct dpdk_vhost_faults *faults,
                                   struct netdev_custom_stats *custom)
{
    ovs_mutex_lock(&faults->mutex);
    for (int i = 0; i < DPDK_VHOST_N_FAULTS; i++) {
        struct netdev_custom_counter *counter;

        counter = &custom->counters[custom->size++];
        ovs_strlcpy(counter->name, kinds[i].statistic, sizeof counter->name);
        counter->value = faults->n[i];
    }
    ovs_mutex_unlock(&faults->mutex);
}
