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

/* Views of a guest's rings: life, and the choice of how to walk them.  Called
 * by the control side of vhost ports; the walks are in dpdk-vring-split.c and
 * dpdk-vring-packed.c. */

#include <config.h>

#include "dpdk-vring.h"

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "dpdk-vring-walk.h"
#include "openvswitch/util.h"

#define HAS(FEATURES, NAME) (((FEATURES) >> (NAME)) & 1)

const char *
dpdk_vring_fault_name(enum dpdk_vring_fault fault)
{
    static const char *const names[] = {
        [DPDK_VRING_OK] = "none",
#define FAULT(NAME, TEXT) [DPDK_VRING_FAULT_##NAME] = TEXT,
        DPDK_VRING_FAULTS
#undef FAULT
    };

    return fault < ARRAY_SIZE(names) ? names[fault] : "unknown";
}

/* A kind of CPU. */
struct cpu {
    const char *name;
    bool supported;
    const struct dpdk_vring_ops *split;
    const struct dpdk_vring_ops *packed;
};

/* Finds the kind of CPU called 'name', or the best one if that is null.
 * Returns false if this CPU is not of that kind. */
static bool
find_cpu(const char *name, struct cpu *cpu)
{
    const struct cpu cpus[] = {
#define VRING_CPU(CPU, A, B, C, D, E)                                       \
        { #CPU, (__builtin_cpu_supports(A) && __builtin_cpu_supports(B)     \
                 && __builtin_cpu_supports(C) && __builtin_cpu_supports(D)  \
                 && __builtin_cpu_supports(E)),                             \
          &dpdk_vring_split_ops_##CPU, &dpdk_vring_packed_ops_##CPU },
        VRING_CPUS
#undef VRING_CPU
        { "any", true, &dpdk_vring_split_ops, &dpdk_vring_packed_ops },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
        if (cpus[i].supported && (!name || !strcmp(name, cpus[i].name))) {
            *cpu = cpus[i];
            return true;
        }
    }
    return false;
}

/* What new views are for. */
static struct cpu current_cpu;

/* Several threads may make their first views at the same time. */
OVS_CONSTRUCTOR(choose_cpu)
{
    find_cpu(NULL, &current_cpu);
}

const char *
dpdk_vring_get_cpu(void)
{
    return current_cpu.name;
}

bool
dpdk_vring_set_cpu(const char *name)
{
    return find_cpu(name, &current_cpu);
}

static bool
is_aligned(const void *p, size_t alignment)
{
    return p && !((uintptr_t) p % alignment);
}

/* Returns true if there can be a ring like that of 'config', wherever it
 * is. */
static bool
ring_is_possible(const struct dpdk_vring_config *config, bool packed)
{
    if (!config->size || config->size > DPDK_VRING_MAX_SIZE
        || !is_aligned(config->desc, VRING_DESC_ALIGN_SIZE)) {
        return false;
    }
    if (packed) {
        return is_aligned(config->avail, VRING_USED_ALIGN_SIZE)
               && is_aligned(config->used, VRING_USED_ALIGN_SIZE)
               && (config->last_avail & VRING_PACKED_INDEX) < config->size
               && (config->last_used & VRING_PACKED_INDEX) < config->size;
    }
    return IS_POW2(config->size)
           && is_aligned(config->avail, VRING_AVAIL_ALIGN_SIZE)
           && is_aligned(config->used, VRING_USED_ALIGN_SIZE);
}

/* Returns true if all of the 'len' bytes at 'p' are in one region of
 * 'memory'. */
static bool
is_in_memory(const struct dpdk_vring_memory *memory, const void *p, size_t len)
{
    for (size_t i = 0; i < memory->n; i++) {
        const struct dpdk_vring_region *r = &memory->regions[i];
        uintptr_t ofs = (uintptr_t) p - (uintptr_t) r->base;

        if (ofs < r->size && len <= r->size - ofs) {
            return true;
        }
    }
    return false;
}

/* Returns true if all of the ring of 'config', which is possible otherwise, is
 * in the guest's memory.  Whoever found out where it is may not know: the size
 * or the features may have changed since then, or that it did not fit was only
 * noted elsewhere. */
static bool
ring_is_in_memory(const struct dpdk_vring_config *config, bool packed)
{
    size_t event = HAS(config->features, VIRTIO_RING_F_EVENT_IDX) ? 2 : 0;
    size_t avail_size = sizeof(struct vring_packed_desc_event);
    size_t used_size = sizeof(struct vring_packed_desc_event);

    if (!packed) {
        avail_size = (sizeof(struct vring_avail)
                      + config->size * sizeof(uint16_t) + event);
        used_size = (sizeof(struct vring_used)
                     + config->size * sizeof(struct vring_used_elem) + event);
    }
    return (is_in_memory(config->memory, config->desc,
                         config->size * sizeof(struct vring_desc))
            && is_in_memory(config->memory, config->avail, avail_size)
            && is_in_memory(config->memory, config->used, used_size));
}

static bool
memory_is_possible(const struct dpdk_vring_memory *memory)
{
    if (!memory->n || memory->n > DPDK_VRING_MAX_REGIONS) {
        return false;
    }
    for (size_t i = 0; i < memory->n; i++) {
        const struct dpdk_vring_region *r = &memory->regions[i];

        if (!r->size || r->start + (r->size - 1) < r->start) {
            return false;
        }
    }
    return true;
}

static void
init_features(struct dpdk_vring *vr, uint64_t features)
{
    bool v1 = HAS(features, VIRTIO_F_VERSION_1);
    bool packed = HAS(features, VIRTIO_F_RING_PACKED);

    vr->mergeable = HAS(features, VIRTIO_NET_F_MRG_RXBUF);
    vr->hdr_len = (vr->mergeable || v1 || packed
                   ? sizeof(struct virtio_net_hdr_v1)
                   : sizeof(struct virtio_net_hdr));
    vr->host_offload = (HAS(features, VIRTIO_NET_F_CSUM)
                        || HAS(features, VIRTIO_NET_F_HOST_TSO4)
                        || HAS(features, VIRTIO_NET_F_HOST_TSO6));
    vr->guest_csum = HAS(features, VIRTIO_NET_F_GUEST_CSUM);
    vr->guest_tso4 = HAS(features, VIRTIO_NET_F_GUEST_TSO4);
    vr->guest_tso6 = HAS(features, VIRTIO_NET_F_GUEST_TSO6);
    vr->indirect = HAS(features, VIRTIO_RING_F_INDIRECT_DESC);
    vr->event_idx = HAS(features, VIRTIO_RING_F_EVENT_IDX);
}

static void
init_indices(struct dpdk_vring *vr, const struct dpdk_vring_config *config,
             bool packed)
{
    vr->last_avail = config->last_avail;
    vr->last_used = config->last_used;
    if (packed) {
        vr->last_avail &= VRING_PACKED_INDEX;
        vr->avail_wrap = config->last_avail & VRING_PACKED_WRAP;
        vr->last_used &= VRING_PACKED_INDEX;
        vr->used_wrap = config->last_used & VRING_PACKED_WRAP;
    }
    vr->avail_idx = vr->last_avail;
}

bool
dpdk_vring_init(struct dpdk_vring *vr, const struct dpdk_vring_config *config)
{
    bool packed = HAS(config->features, VIRTIO_F_RING_PACKED);

    memset(vr, 0, sizeof *vr);
    if (config->log) {
        vr->ops = packed ? &dpdk_vring_packed_ops_log
                         : &dpdk_vring_split_ops_log;
    } else {
        vr->ops = packed ? current_cpu.packed : current_cpu.split;
    }
    vr->desc = config->desc;
    vr->avail = config->avail;
    vr->used = config->used;
    vr->size = config->size;
    vr->memory = config->memory;
    vr->enlarge = config->enlarge;
    vr->log = config->log;
    vr->log_aux = config->log_aux;
    vr->mtu = config->mtu;
    init_features(vr, config->features);
    init_indices(vr, config, packed);
    if (!ring_is_possible(config, packed)
        || !memory_is_possible(config->memory)
        || !ring_is_in_memory(config, packed)
        || config->buf_size < config->headroom + DPDK_VRING_MIN_ROOM) {
        __atomic_store_n(&vr->broken, DPDK_VRING_FAULT_RING,
                         __ATOMIC_RELAXED);
        return false;
    }

    if (!packed) {
        vr->guest_idx = &((const struct vring_avail *) vr->avail)->idx;
    }
    vr->hint = config->memory->regions[0];
    vr->rx_room = config->buf_size - config->headroom;
    vr->rx_head[0] = config->buf_size;
    vr->rx_head[1] = config->headroom;

    /* The guest may have been left with something that it does not know of,
     * and nobody knows whether it sleeps. */
    vr->kick_pending = 1;
    vr->eager = true;
    return true;
}

void
dpdk_vring_get_base(const struct dpdk_vring *vr, uint16_t *last_avail,
                    uint16_t *last_used)
{
    *last_avail = vr->last_avail | (vr->avail_wrap ? VRING_PACKED_WRAP : 0);
    *last_used = vr->last_used | (vr->used_wrap ? VRING_PACKED_WRAP : 0);
}
