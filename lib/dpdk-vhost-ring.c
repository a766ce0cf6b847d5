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

/* The rings of a vhost port.  Called by dpdk-vhost.c, dpdk-vhost-events.c,
 * dpdk-vhost-connection.c, dpdk-vhost-rxtx.c, dpdk-vhost-guard.c and
 * dpdk-vhost-show.c; calls librte_vhost and dpdk-vring.c. */

#include <config.h>

#include "dpdk-vhost-ring.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <poll.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dp-packet.h"
#include "dpdk-log.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-sigbus.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

bool dpdk_vhost_ring_needs_barrier;
bool dpdk_vhost_ring_pmds_sleep;

/* Whom to tell that the status of rings has changed. */
static dpdk_vhost_rings_changed_func *status_changed;

static int
membarrier(int command)
{
    return syscall(__NR_membarrier, command, 0, 0);
}

void
dpdk_vhost_rings_start(dpdk_vhost_rings_changed_func *changed)
{
    status_changed = changed;
    dpdk_vhost_ring_needs_barrier =
        membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0;
    if (dpdk_vhost_ring_needs_barrier) {
        VLOG_INFO("membarrier() is not available (%s), each burst of a vhost "
                  "port takes a memory barrier", ovs_strerror(errno));
    }
}

void
dpdk_vhost_rings_run(const struct smap *other_config)
{
    __atomic_store_n(&dpdk_vhost_ring_pmds_sleep,
                     smap_get_ullong(other_config, "pmd-maxsleep", 0) > 0,
                     __ATOMIC_RELAXED);
}

/* Orders what this thread has stored before what it loads afterward, against
 * dpdk_vhost_ring_knock() in any other thread. */
static void
control_barrier(void)
{
    if (dpdk_vhost_ring_needs_barrier
        || membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
        atomic_thread_fence(memory_order_seq_cst);
    }
}

void
dpdk_vhost_rings_init(struct dpdk_vhost_rings *rings,
                      struct dpdk_vhost_faults *faults)
    OVS_NO_THREAD_SAFETY_ANALYSIS
{
    memset(rings, 0, sizeof *rings);
    ovs_mutex_init(&rings->mutex);
    rings->faults = faults;
    rings->vid = -1;
    rings->wanted = true;
}

void
dpdk_vhost_rings_destroy(struct dpdk_vhost_rings *rings)
{
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS; i++) {
        if (rings->ring[i]) {
            free_cacheline(rings->ring[i]);
        }
    }
    ovs_mutex_destroy(&rings->mutex);
}

static void
set_state(struct dpdk_vhost_ring *ring, enum dpdk_vhost_ring_state state)
{
    atomic_store_explicit(&ring->state, state, memory_order_release);
}

/* Notifies the guest of 'ring', unless that takes time.  A front end may fill
 * the eventfd of each of its rings, and others wait for us; but what is full
 * wakes the guest up by itself. */
static void
call_at_once(const struct dpdk_vhost_ring *ring)
{
    struct pollfd pfd = { .fd = ring->callfd, .events = POLLOUT };

    if (pfd.fd >= 0 && poll(&pfd, 1, 0) > 0 && pfd.revents & POLLOUT) {
        dpdk_vhost_ring_call(ring);
    }
}

/* Takes the indices of 'ring', which is blocked and nobody uses, back to
 * librte_vhost. */
static void
give_back(struct dpdk_vhost_ring *ring)
{
    uint16_t last_avail, last_used;

    if (ring->adopted) {
        ring->broken = ring->view.broken != DPDK_VRING_OK;
        dpdk_vring_get_base(&ring->view, &last_avail, &last_used);
        rte_vhost_set_vring_base(ring->vid, ring->index, last_avail,
                                 last_used);
        call_at_once(ring);
        __atomic_store_n(&ring->kick_next, true, __ATOMIC_RELAXED);
        ring->adopted = false;
        ring->peekable = false;
    }
    ring->callfd = -1;
    if (ring->broken) {
        set_state(ring, DPDK_VHOST_RING_BROKEN);
    }
}

/* Waits until the packet side does not use 'ring', which is blocked. */
static void
wait_until_idle(struct dpdk_vhost_ring *ring)
{
    bool busy;

    for (;;) {
        atomic_read_explicit(&ring->busy, &busy, memory_order_acquire);
        if (!busy) {
            return;
        }
        rte_pause();
    }
}

/* Reports that 'ring' is broken, if it is and the user does not know yet.
 * Returns true if so.  The packet side may use 'ring'. */
static bool
report_broken(struct dpdk_vhost_rings *rings, struct dpdk_vhost_ring *ring)
    OVS_REQUIRES(rings->mutex)
{
    uint8_t fault;
    char *cause;

    if (ring->reported || !__atomic_load_n(&ring->adopted, __ATOMIC_ACQUIRE)) {
        return false;
    }
    fault = __atomic_load_n(&ring->view.broken, __ATOMIC_RELAXED);
    if (!fault || dpdk_vhost_sigbus_is_lost(ring->vid)) {
        return false;
    }
    ring->reported = true;
    cause = xasprintf("ring %"PRIu16": %s", ring->index,
                      dpdk_vring_fault_name(fault));
    dpdk_vhost_faults_report(rings->faults, DPDK_VHOST_FAULT_RING, cause);
    free(cause);
    return true;
}

/* Looks whether the packet side was to notify the guest of 'ring' when this
 * was called last, and has neither done it nor used anything since.  Returns
 * true if that is new. */
static bool
become_late(struct dpdk_vhost_ring *ring)
{
    bool adopted = __atomic_load_n(&ring->adopted, __ATOMIC_ACQUIRE);
    uint16_t used;

    /* Before it is, the packet side may be making the view. */
    used = (adopted
            ? __atomic_load_n(&ring->view.last_used, __ATOMIC_RELAXED) : 0);
    if (!adopted
        || !__atomic_load_n(&ring->view.kick_pending, __ATOMIC_RELAXED)
        || used != ring->late_used) {
        ring->late_used = used;
        ring->is_late = ring->late_done = false;
    } else if (!ring->is_late) {
        ring->is_late = true;
        return true;
    }
    return false;
}

bool
dpdk_vhost_rings_check(struct dpdk_vhost_rings *rings)
{
    bool late = false;
    bool any = false;

    if (ovs_mutex_trylock(&rings->mutex)) {
        return false;
    }
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        any |= report_broken(rings, rings->ring[i]);
        late |= become_late(rings->ring[i]);
    }
    if (late) {
        status_changed(rings->vid);
    }
    ovs_mutex_unlock(&rings->mutex);

    return any;
}

int
dpdk_vhost_rings_get_slow(struct dpdk_vhost_rings *rings, int vid)
{
    int slow = -1;

    if (ovs_mutex_trylock(&rings->mutex)) {
        return -1;
    }
    if (rings->vid == vid) {
        if (__atomic_load_n(&rings->slow.us, __ATOMIC_RELAXED)
            >= DPDK_VHOST_MAX_SLOW) {
            slow = __atomic_load_n(&rings->slow.ring, __ATOMIC_RELAXED);
        } else {
            __atomic_store_n(&rings->slow.us, 0, __ATOMIC_RELAXED);
        }
    }
    ovs_mutex_unlock(&rings->mutex);

    return slow;
}

void
dpdk_vhost_rings_notify_late(struct dpdk_vhost_rings *rings)
{
    ovs_mutex_lock(&rings->mutex);
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];

        if (ring->is_late && !ring->late_done) {
            ring->late_done = true;
            call_at_once(ring);
        }
    }
    ovs_mutex_unlock(&rings->mutex);
}

/* Returns why librte_vhost carries the packets, or null if it never does. */
static const char *
why_library(const struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    return (!rings->wanted ? "vhost-datapath"
            : rings->features & (UINT64_C(1) << VIRTIO_F_IOMMU_PLATFORM)
            ? "IOMMU" : NULL);
}

/* Takes all rings back from the packet side, for 'why': until offer(), which
 * has to follow at once, nobody uses them, but for librte_vhost if it has them
 * and is to have them.  Until refresh(), nobody else notifies the guest. */
static void
withdraw(struct dpdk_vhost_rings *rings, const char *why)
    OVS_REQUIRES(rings->mutex)
{
    bool library = why_library(rings) != NULL;

    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];
        int state = dpdk_vhost_ring_get_state(ring);

        if (library && state == DPDK_VHOST_RING_LIBRARY) {
            __atomic_store_n(&ring->callfd, -1, __ATOMIC_RELAXED);
        } else if (state != DPDK_VHOST_RING_BROKEN) {
            ring->why = why;
            set_state(ring, DPDK_VHOST_RING_BLOCKED);
        }
    }
    control_barrier();
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];

        wait_until_idle(ring);
        if (dpdk_vhost_ring_get_state(ring) == DPDK_VHOST_RING_BLOCKED) {
            report_broken(rings, ring);
            give_back(ring);
        }
    }
}

/* Gives 'p', an element of a pool, a larger buffer; see dpdk-vring.h.  Freeing
 * the packet frees it, as it does for one that has grown. */
static bool
enlarge(struct dp_packet *p, uint32_t size)
{
    size_t allocated = RTE_PKTMBUF_HEADROOM + size;

    if (allocated > UINT16_MAX) {
        return false;
    }
    p->base_ = xmalloc(allocated);
    p->allocated_ = allocated;
    p->data_ofs = RTE_PKTMBUF_HEADROOM;
    return true;
}

/* Returns why 'ring' cannot have a view, or null if it can.  The library, too,
 * would have nothing to do with it, but might find that this has changed. */
static const char *
why_off(const struct dpdk_vhost_rings *rings,
        const struct dpdk_vhost_ring *ring)
    OVS_REQUIRES(rings->mutex)
{
    return (!ring->exists ? "ring does not exist"
            : !bitmap_is_set(rings->asked->enabled, ring->index)
            ? "ring is disabled"
            : !rings->memory.n ? "memory regions"
            : !rings->buf_size ? "memory for packets"
            : NULL);
}

/* Tells librte_vhost, and so the front end, what a view has written to the
 * memory of a guest that migrates. */
static void
log_write(void *ring_, uint64_t addr, uint64_t len)
{
    struct dpdk_vhost_ring *ring = ring_;

    rte_vhost_log_write(ring->vid, addr, len);
}

/* Offers the view of 'ring' to the packet side. */
static void
offer_view(struct dpdk_vhost_rings *rings, struct dpdk_vhost_ring *ring)
    OVS_REQUIRES(rings->mutex)
{
    bool logs = rings->features & (UINT64_C(1) << VHOST_F_LOG_ALL);

    ring->why = logs ? "migration" : NULL;
    ring->config.log = logs ? log_write : NULL;
    ring->config.log_aux = ring;
    ring->view.broken = DPDK_VRING_OK;
    ring->reported = false;
    ring->config.features = rings->features;
    ring->config.buf_size = rings->buf_size;
    ring->config.mtu = rings->mtu;
    set_state(ring, DPDK_VHOST_RING_VIEW);
}

/* Makes what is blocked nobody's, as long as the message that is being handled
 * takes, or as there is no guest. */
static void
park(struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];

        if (dpdk_vhost_ring_get_state(ring) == DPDK_VHOST_RING_BLOCKED) {
            set_state(ring, rings->in_message ? DPDK_VHOST_RING_MESSAGE
                                              : DPDK_VHOST_RING_OFF);
        }
    }
}

/* Undoes withdraw(): offers views to the packet side, where they can be.  An
 * announcement comes with the first packets that the guest sends. */
static void
offer(struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    if (rings->vid < 0 || rings->in_message) {
        park(rings);
        return;
    }
    if (rings->asked->rarp && rings->ring[1]) {
        __atomic_store_n(&rings->ring[1]->rarp, rings->asked->rarp,
                         __ATOMIC_RELAXED);
        rings->asked->rarp = 0;
    }
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];
        const char *why = why_library(rings);

        if (dpdk_vhost_ring_get_state(ring) == DPDK_VHOST_RING_BROKEN) {
            continue;
        }
        /* dpdk_vhost_ring_after_library() may run for it. */
        __atomic_store_n(&ring->callfd, ring->guest_callfd, __ATOMIC_RELAXED);
        if (ring->call_again) {
            ring->call_again = false;
            call_at_once(ring);
        }
        if (why) {
            ring->why = why;
            set_state(ring, DPDK_VHOST_RING_LIBRARY);
            continue;
        }
        why = why_off(rings, ring);
        if (why) {
            ring->why = why;
            set_state(ring, DPDK_VHOST_RING_OFF);
        } else {
            offer_view(rings, ring);
        }
    }
}

/* Copies what librte_vhost knows of the guest's memory.  It has more regions
 * than we take if it is newer than we are. */
static void
copy_memory(struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    struct rte_vhost_memory *memory;

    rings->memory.n = 0;
    if (rte_vhost_get_mem_table(rings->vid, &memory)) {
        return;
    }
    if (memory->nregions <= DPDK_VRING_MAX_REGIONS) {
        for (uint32_t i = 0; i < memory->nregions; i++) {
            const struct rte_vhost_mem_region *from = &memory->regions[i];

            rings->memory.regions[i] = (struct dpdk_vring_region) {
                .start = from->guest_phys_addr,
                .size = from->size,
                .base = (uint8_t *) (uintptr_t) from->host_user_addr,
            };
        }
        rings->memory.n = memory->nregions;
    }
    free(memory);
}

/* Copies what librte_vhost knows of 'ring'. */
static void
copy_ring(struct dpdk_vhost_rings *rings, struct dpdk_vhost_ring *ring)
    OVS_REQUIRES(rings->mutex)
{
    struct rte_vhost_vring vring;

    ring->exists = !rte_vhost_get_vhost_vring(rings->vid, ring->index, &vring)
                   && vring.desc && vring.avail && vring.used && vring.size;
    if (!ring->exists) {
        return;
    }
    ring->vid = rings->vid;
    ring->call_again |= (ring->guest_callfd != vring.callfd
                         && __atomic_load_n(&ring->kick_next,
                                            __ATOMIC_RELAXED));
    ring->guest_callfd = vring.callfd;
    ring->config = (struct dpdk_vring_config) {
        .memory = &rings->memory,
        .desc = vring.desc,
        .avail = vring.avail,
        .used = vring.used,
        .size = vring.size,
        .headroom = RTE_PKTMBUF_HEADROOM,
        .enlarge = enlarge,
    };
}

/* Makes sure that there are 'n' rings, at most DPDK_VHOST_MAX_RINGS. */
static void
add_rings(struct dpdk_vhost_rings *rings, int n) OVS_REQUIRES(rings->mutex)
{
    for (int i = 0; i < n; i++) {
        if (!rings->ring[i]) {
            struct dpdk_vhost_ring *ring = xzalloc_cacheline(sizeof *ring);

            atomic_init(&ring->state, DPDK_VHOST_RING_OFF);
            atomic_init(&ring->busy, false);
            ring->index = i;
            ring->callfd = -1;
            ring->slow = &rings->slow;
            __atomic_store_n(&rings->ring[i], ring, __ATOMIC_RELEASE);
        }
    }
}

/* Tells of it if rings go another way, or for another reason, than they did
 * when this was called last. */
static void
tell_changes(struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    bool changed = false;

    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];

        changed |= ring->why != ring->old_why;
        ring->old_why = ring->why;
    }
    if (changed) {
        status_changed(rings->vid);
    }
}

/* Looks at what librte_vhost knows now, and offers views. */
static void
refresh(struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    if (rte_vhost_get_negotiated_features(rings->vid, &rings->features)) {
        rings->features = 0;
    }
    copy_memory(rings);
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        copy_ring(rings, rings->ring[i]);
    }
    offer(rings);
    tell_changes(rings);
}

void
dpdk_vhost_rings_before_message(struct dpdk_vhost_rings *rings, int vid)
{
    ovs_mutex_lock(&rings->mutex);
    if (rings->vid == vid) {
        rings->in_message = true;
        withdraw(rings, "message");
        offer(rings);
    }
    ovs_mutex_unlock(&rings->mutex);
}

void
dpdk_vhost_rings_after_message(struct dpdk_vhost_rings *rings, int vid)
{
    ovs_mutex_lock(&rings->mutex);
    if (rings->vid == vid) {
        rings->in_message = false;
        refresh(rings);
    }
    ovs_mutex_unlock(&rings->mutex);
}

/* Forgets the guest of 'rings', if there is one. */
static void
detach(struct dpdk_vhost_rings *rings) OVS_REQUIRES(rings->mutex)
{
    withdraw(rings, "no guest");
    rings->vid = -1;
    rings->asked = NULL;
    rings->in_message = false;
    for (int i = 0; i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        struct dpdk_vhost_ring *ring = rings->ring[i];

        ring->broken = false;
        ring->exists = false;
        ring->call_again = false;
        __atomic_store_n(&ring->kick_next, false, __ATOMIC_RELAXED);
        __atomic_store_n(&ring->rarp, 0, __ATOMIC_RELAXED);
        set_state(ring, DPDK_VHOST_RING_OFF);
    }
}

void
dpdk_vhost_rings_attach(struct dpdk_vhost_rings *rings, int vid,
                        struct dpdk_vhost_asked *asked)
{
    ovs_mutex_lock(&rings->mutex);
    detach(rings);
    rings->vid = vid;
    rings->asked = asked;
    __atomic_store_n(&rings->slow.us, 0, __ATOMIC_RELAXED);
    add_rings(rings, MIN(rte_vhost_get_vring_num(vid), DPDK_VHOST_MAX_RINGS));
    refresh(rings);
    ovs_mutex_unlock(&rings->mutex);
}

void
dpdk_vhost_rings_detach(struct dpdk_vhost_rings *rings)
{
    ovs_mutex_lock(&rings->mutex);
    detach(rings);
    ovs_mutex_unlock(&rings->mutex);
}

/* Does what the guest 'vid' has asked for. */
static void
apply_asked(struct dpdk_vhost_rings *rings, int vid)
    OVS_REQUIRES(rings->mutex)
{
    /* The library says so after the handling of a message, too, or out of
     * it. */
    if (rings->vid == vid && !rings->in_message) {
        withdraw(rings, "message");
        offer(rings);
        tell_changes(rings);
    }
}

void
dpdk_vhost_rings_enable(struct dpdk_vhost_rings *rings, int vid,
                        struct dpdk_vhost_asked *asked, uint16_t index,
                        bool enable)
{
    ovs_mutex_lock(&rings->mutex);
    bitmap_set(asked->enabled, index, enable);
    apply_asked(rings, vid);
    ovs_mutex_unlock(&rings->mutex);
}

bool
dpdk_vhost_rings_is_enabled(struct dpdk_vhost_rings *rings, uint16_t index)
{
    bool enabled;

    ovs_mutex_lock(&rings->mutex);
    enabled = rings->asked && bitmap_is_set(rings->asked->enabled, index);
    ovs_mutex_unlock(&rings->mutex);
    return enabled;
}

void
dpdk_vhost_rings_announce(struct dpdk_vhost_rings *rings, int vid,
                          struct dpdk_vhost_asked *asked, uint64_t mac)
{
    ovs_mutex_lock(&rings->mutex);
    asked->rarp = DPDK_VHOST_RARP | (mac & (DPDK_VHOST_RARP - 1));
    apply_asked(rings, vid);
    ovs_mutex_unlock(&rings->mutex);
}

void
dpdk_vhost_rings_set_port(struct dpdk_vhost_rings *rings,
                          struct rte_mempool *mp, int mtu)
{
    uint16_t buf_size = mp ? rte_pktmbuf_data_room_size(mp) : 0;

    ovs_mutex_lock(&rings->mutex);
    if (rings->buf_size != buf_size || rings->mtu != mtu) {
        withdraw(rings, "reconfiguration");
        rings->buf_size = buf_size;
        rings->mtu = mtu;
        offer(rings);
    }
    ovs_mutex_unlock(&rings->mutex);
}

void
dpdk_vhost_rings_set_wanted(struct dpdk_vhost_rings *rings, bool wanted)
{
    ovs_mutex_lock(&rings->mutex);
    if (rings->wanted != wanted) {
        rings->wanted = wanted;
        withdraw(rings, "vhost-datapath");
        offer(rings);
    }
    ovs_mutex_unlock(&rings->mutex);
}

bool
dpdk_vhost_rings_get_wanted(struct dpdk_vhost_rings *rings)
{
    bool wanted;

    ovs_mutex_lock(&rings->mutex);
    wanted = rings->wanted;
    ovs_mutex_unlock(&rings->mutex);

    return wanted;
}

char *
dpdk_vhost_ring_datapath(const struct dpdk_vhost_ring *ring)
{
    uint8_t fault = __atomic_load_n(&ring->view.broken, __ATOMIC_RELAXED);
    int state = dpdk_vhost_ring_get_state(ring);

    if (state == DPDK_VHOST_RING_VIEW && !fault) {
        return ring->why ? xasprintf("ring (%s)", ring->why) : xstrdup("ring");
    } else if (state == DPDK_VHOST_RING_LIBRARY) {
        return xasprintf("library (%s)", ring->why);
    } else if (state == DPDK_VHOST_RING_OFF
               || state == DPDK_VHOST_RING_MESSAGE) {
        return xasprintf("none (%s)", ring->why ? ring->why : "no guest");
    }
    return xasprintf("broken (%s)", dpdk_vring_fault_name(fault));
}

void
dpdk_vhost_rings_get_status(struct dpdk_vhost_rings *rings, int n,
                            struct smap *status)
{
    ovs_mutex_lock(&rings->mutex);
    for (int i = 0; i < n && i < DPDK_VHOST_MAX_RINGS && rings->ring[i]; i++) {
        char *key = xasprintf("vring_%d_datapath", i);

        smap_add_nocopy(status, key, dpdk_vhost_ring_datapath(rings->ring[i]));
    }
    ovs_mutex_unlock(&rings->mutex);
}
