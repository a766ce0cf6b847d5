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

#include "dpdk-crumb.h"
#include "dpdk-log.h"
#include "dpdk-stats.h"
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

#define TIME_FORMAT "%Y-%m-%dT%H:%M:%S.###Z"

/* Whom to tell that a port has a fault, is held down, or is so no more. */
static void (*tell_changed)(void);

void
dpdk_vhost_faults_start(void (*changed)(void))
{
    tell_changed = changed;
}

static void
tell(void)
{
    if (tell_changed) {
        tell_changed();
    }
}

void
dpdk_vhost_faults_init(struct dpdk_vhost_faults *faults, const char *name)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    static const struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(20, 10);

    memset(faults, 0, sizeof *faults);
    faults->name = xstrdup(name);
    faults->crumb = dpdk_crumb_create(name);
    faults->rl = rl;
    ovs_mutex_init(&faults->rl.mutex);
    faults->hold_rl = rl;
    ovs_mutex_init(&faults->hold_rl.mutex);
    ovs_mutex_init(&faults->mutex);
}

void
dpdk_vhost_faults_destroy(struct dpdk_vhost_faults *faults)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    free(faults->name);
    free(faults->held_why);
    dpdk_crumb_destroy(faults->crumb);
    for (int i = 0; i < DPDK_VHOST_FAULT_HISTORY; i++) {
        free(faults->history[i].text);
    }
    ovs_mutex_destroy(&faults->rl.mutex);
    ovs_mutex_destroy(&faults->hold_rl.mutex);
    ovs_mutex_destroy(&faults->mutex);
}

/* Stores that the port is held down for 'pause' ms because of 'why', which
 * 'faults' then owns, as 'faults->hold' says already. */
static void
hold(struct dpdk_vhost_faults *faults, long long int pause, char *why)
    OVS_REQUIRES(faults->mutex)
{
    VLOG_WARN_RL(&faults->hold_rl, "%s: held down for %lld s: %s; its peer "
                 "has to wait, see what is wrong with it, 'ovs-appctl "
                 "netdev-dpdk/vhost-release %s' ends the pause",
                 faults->name, DIV_ROUND_UP(pause, 1000), why, faults->name);
    faults->held_until = time_wall_msec() + pause;
    free(faults->held_why);
    faults->held_why = why;
    faults->n_holds++;
    tell();
}

/* Counts a fault, in words 'text', against the peace of the port. */
static void
count_for_hold(struct dpdk_vhost_faults *faults, const char *text)
    OVS_REQUIRES(faults->mutex)
{
    long long int now = time_msec();
    long long int pause = dpdk_vhost_hold_fault(&faults->hold, now);

    if (pause) {
        hold(faults, pause,
             xasprintf("%u faults within %lld s, the last one: %s",
                       faults->hold.n,
                       (now - faults->hold.first) / 1000 + 1, text));
    }
}

void
dpdk_vhost_faults_check_crashes(struct dpdk_vhost_faults *faults)
{
    long long int last;
    unsigned int n = dpdk_crumb_count(faults->name, &last);

    /* The pause starts with the crash, so that a switch that is restarted in
     * good order later does not hold the port again. */
    long long int pause = (dpdk_vhost_hold_crash_pause(n)
                           - (time_wall_msec() - last));

    if (n >= DPDK_VHOST_HOLD_CRASHES && pause > 0) {
        char *when = xastrftime_msec(TIME_FORMAT, last, true);

        ovs_mutex_lock(&faults->mutex);
        faults->hold.until = time_msec() + pause;
        hold(faults, pause,
             xasprintf("the switch crashed %u times while serving it, last at "
                       "%s", n, when));
        ovs_mutex_unlock(&faults->mutex);
        free(when);
    }
}

/* Returns true if the port is held down. */
static bool
is_held(const struct dpdk_vhost_faults *faults) OVS_REQUIRES(faults->mutex)
{
    return dpdk_vhost_hold_is_held(&faults->hold, time_msec());
}

long long int
dpdk_vhost_faults_held_until(struct dpdk_vhost_faults *faults)
{
    long long int until;

    ovs_mutex_lock(&faults->mutex);
    until = is_held(faults) ? faults->hold.until : 0;
    ovs_mutex_unlock(&faults->mutex);

    return until;
}

void
dpdk_vhost_faults_release(struct dpdk_vhost_faults *faults)
{
    dpdk_crumb_forget(faults->name);
    ovs_mutex_lock(&faults->mutex);
    memset(&faults->hold, 0, sizeof faults->hold);
    ovs_mutex_unlock(&faults->mutex);
    tell();
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
    count_for_hold(faults, text);
    ovs_mutex_unlock(&faults->mutex);
    tell();
}

bool
dpdk_vhost_faults_take_news(struct dpdk_vhost_faults *faults)
{
    bool news;

    ovs_mutex_lock(&faults->mutex);
    news = faults->n_taken != faults->n_all;
    faults->n_taken = faults->n_all;
    ovs_mutex_unlock(&faults->mutex);

    return news;
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
    if (is_held(faults)) {
        smap_add_nocopy(status, xstrdup("held_until"),
                        xastrftime_msec(TIME_FORMAT, faults->held_until,
                                        true));
        smap_add(status, "held_why", faults->held_why);
    }
    ovs_mutex_unlock(&faults->mutex);
}

/* Adds the time 'when', on the wall clock, to 'object'. */
static void
put_time(struct json *object, const char *name, long long int when)
{
    char *text = xastrftime_msec(TIME_FORMAT, when, true);

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
    if (is_held(faults)) {
        put_time(object, "held_until", faults->held_until);
        json_object_put_string(object, "held_why", faults->held_why);
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
        dpdk_stats_add_custom(custom, kinds[i].statistic, faults->n[i]);
    }
    dpdk_stats_add_custom(custom, "ovs_vhost_holds", faults->n_holds);
    ovs_mutex_unlock(&faults->mutex);
}
