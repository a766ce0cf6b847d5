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

/* Messages of vhost-user.  Called by dpdk-vhost-guard.c, calls nobody. */

#include <config.h>

#include "dpdk-vhost-message.h"

#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <string.h>

#include "util.h"

/* Protocol features, bits of SET_PROTOCOL_FEATURES. */
enum protocol_feature {
    F_LOG_SHMFD = 1,
    F_RARP = 2,
    F_REPLY_ACK = 3,
    F_NET_MTU = 4,
    F_BACKEND_REQ = 5,
    F_PAGEFAULT = 8,
    F_CONFIG = 9,
    F_INFLIGHT_SHMFD = 12,
    F_RESET_DEVICE = 13,
    F_INBAND_NOTIFICATIONS = 14,
    F_CONFIGURE_MEM_SLOTS = 15,
    F_STATUS = 16,
    N_FEATURES,                 /* That we know. */

    /* Pseudo features. */
    F_NONE,                     /* Request is always allowed. */
    F_IOMMU,                    /* Needs a feature of virtio. */
    F_NEVER                     /* Makes no sense for a network device. */
};

/* Descriptors that come with a request. */
enum fds {
    FDS_0,
    FDS_1,
    FDS_RING,                   /* One, unless the payload says none. */
    FDS_REGIONS                 /* As many as regions. */
};

/* Requests of front ends. */
static const struct request {
    const char *name;           /* Null if not known. */
    enum protocol_feature needs;
    uint32_t min_size;          /* Of the payload, in bytes. */
    uint32_t max_size;
    enum fds fds;
} requests[] = {
#define REQUEST(NUMBER, NAME, NEEDS, MIN, MAX, FDS) \
    [NUMBER] = { #NAME, F_##NEEDS, MIN, MAX, FDS_##FDS }
    REQUEST(1, GET_FEATURES, NONE, 0, 0, 0),
    REQUEST(2, SET_FEATURES, NONE, 8, 8, 0),
    REQUEST(3, SET_OWNER, NONE, 0, 0, 0),
    REQUEST(4, RESET_OWNER, NONE, 0, 0, 0),
    REQUEST(5, SET_MEM_TABLE, NONE, 8, 264, REGIONS),
    REQUEST(6, SET_LOG_BASE, LOG_SHMFD, 16, 16, 1),
    REQUEST(7, SET_LOG_FD, NONE, 0, 8, 1),
    REQUEST(8, SET_VRING_NUM, NONE, 8, 8, 0),
    REQUEST(9, SET_VRING_ADDR, NONE, 40, 40, 0),
    REQUEST(10, SET_VRING_BASE, NONE, 8, 8, 0),
    REQUEST(11, GET_VRING_BASE, NONE, 8, 8, 0),
    REQUEST(12, SET_VRING_KICK, NONE, 8, 8, RING),
    REQUEST(13, SET_VRING_CALL, NONE, 8, 8, RING),
    REQUEST(14, SET_VRING_ERR, NONE, 8, 8, RING),
    REQUEST(15, GET_PROTOCOL_FEATURES, NONE, 0, 0, 0),
    REQUEST(16, SET_PROTOCOL_FEATURES, NONE, 8, 8, 0),
    REQUEST(17, GET_QUEUE_NUM, NONE, 0, 0, 0),
    REQUEST(18, SET_VRING_ENABLE, NONE, 8, 8, 0),
    REQUEST(19, SEND_RARP, RARP, 8, 8, 0),
    REQUEST(20, NET_SET_MTU, NET_MTU, 8, 8, 0),
    REQUEST(21, SET_BACKEND_REQ_FD, BACKEND_REQ, 0, 8, 1),
    REQUEST(22, IOTLB_MSG, IOMMU, 32, 32, 0),
    REQUEST(23, SET_VRING_ENDIAN, NONE, 8, 8, 0),
    REQUEST(24, GET_CONFIG, CONFIG, 12, 268, 0),
    REQUEST(25, SET_CONFIG, CONFIG, 12, 268, 0),
    REQUEST(26, CREATE_CRYPTO_SESSION, NEVER, 0, 0, 0),
    REQUEST(27, CLOSE_CRYPTO_SESSION, NEVER, 0, 0, 0),
    REQUEST(28, POSTCOPY_ADVISE, PAGEFAULT, 0, 0, 0),
    REQUEST(29, POSTCOPY_LISTEN, PAGEFAULT, 0, 0, 0),
    REQUEST(30, POSTCOPY_END, PAGEFAULT, 0, 0, 0),
    REQUEST(31, GET_INFLIGHT_FD, INFLIGHT_SHMFD, 20, 24, 0),
    REQUEST(32, SET_INFLIGHT_FD, INFLIGHT_SHMFD, 20, 24, 1),
    REQUEST(33, GPU_SET_SOCKET, NEVER, 0, 0, 1),
    REQUEST(34, RESET_DEVICE, RESET_DEVICE, 0, 0, 0),
    REQUEST(35, VRING_KICK, INBAND_NOTIFICATIONS, 8, 8, 0),
    REQUEST(36, GET_MAX_MEM_SLOTS, CONFIGURE_MEM_SLOTS, 0, 0, 0),
    REQUEST(37, ADD_MEM_REG, CONFIGURE_MEM_SLOTS, 40, 40, 1),
    REQUEST(38, REM_MEM_REG, CONFIGURE_MEM_SLOTS, 40, 40, 0),
    REQUEST(39, SET_STATUS, STATUS, 8, 8, 0),
    REQUEST(40, GET_STATUS, STATUS, 0, 0, 0),
#undef REQUEST
};

static const struct request *
find_request(uint32_t number)
{
    const struct request *request = &requests[MIN(number,
                                                  ARRAY_SIZE(requests) - 1)];

    return number < ARRAY_SIZE(requests) && request->name ? request : NULL;
}

const char *
dpdk_vhost_message_name(uint32_t number)
{
    const struct request *request = find_request(number);

    return request ? request->name : NULL;
}

static bool
has(uint64_t features, int feature)
{
    return (features >> feature) & 1;
}

/* Returns true if 'peer' has negotiated what 'request' needs.  It may use up
 * what it started before it changed its mind. */
static bool
is_negotiated(const struct dpdk_vhost_front_end *peer,
              const struct request *request)
{
    return (request->needs == F_NONE ? true
            : request->needs == F_NEVER ? false
            : request->needs == F_IOMMU
            ? has(peer->ever_features, VIRTIO_F_IOMMU_PLATFORM)
            : has(peer->ever_protocol, request->needs));
}

static char *
check_flags(const struct dpdk_vhost_front_end *peer, uint32_t flags)
{
    if ((flags & DPDK_VHOST_FLAG_VERSION) != 1) {
        return xasprintf("has version %"PRIu32" of the protocol, not 1",
                         flags & DPDK_VHOST_FLAG_VERSION);
    }
    if (flags & DPDK_VHOST_FLAG_REPLY) {
        return xstrdup("is marked as a reply");
    }
    if (flags & ~(DPDK_VHOST_FLAG_VERSION | DPDK_VHOST_FLAG_NEED_REPLY)) {
        return xasprintf("has reserved flags 0x%"PRIx32, flags);
    }

    /* librte_vhost would answer errors instead of closing the connection. */
    if (flags & DPDK_VHOST_FLAG_NEED_REPLY
        && !has(peer->ever_protocol, F_REPLY_ACK)) {
        return xstrdup("asks for a reply, which was not negotiated");
    }
    return NULL;
}

char *
dpdk_vhost_message_check_header(const struct dpdk_vhost_front_end *peer,
                                const struct dpdk_vhost_message *msg)
{
    const struct request *request = find_request(msg->request);
    char *why = check_flags(peer, msg->flags);

    if (why) {
        return why;
    }
    if (!request) {
        /* Any request that we do not know has come with a protocol feature
         * that we do not know, either. */
        if (!(peer->ever_protocol >> N_FEATURES)) {
            return xstrdup("is not known");
        }
        if (msg->size > DPDK_VHOST_MESSAGE_MAX_SIZE) {
            return xasprintf("has a size of %"PRIu32" bytes", msg->size);
        }
        return NULL;
    }
    if (!is_negotiated(peer, request)) {
        return xstrdup("was not negotiated");
    }
    if (msg->size < request->min_size || msg->size > request->max_size) {
        return (request->min_size == request->max_size
                ? xasprintf("has %"PRIu32" bytes, not %"PRIu32, msg->size,
                            request->min_size)
                : xasprintf("has %"PRIu32" bytes, not %"PRIu32" to %"PRIu32,
                            msg->size, request->min_size, request->max_size));
    }
    return NULL;
}

/* Returns true if 'size' bytes from 'start' on do not wrap. */
static bool
fits(uint64_t start, uint64_t size)
{
    return size <= UINT64_MAX - start;
}

static bool
overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b ? b - a < a_size : a - b < b_size;
}

static char *
check_region(const struct dpdk_vhost_region *region)
{
    return (!region->size ? xstrdup("is empty")
            : !fits(region->guest_addr, region->size)
            || !fits(region->user_addr, region->size)
            || !fits(region->offset, region->size)
            ? xasprintf("of 0x%"PRIx64" bytes wraps around", region->size)
            : NULL);
}

/* Checks region 'i' of 'msg' against the ones before it. */
static char *
check_overlap(const struct dpdk_vhost_message *msg, uint32_t i)
{
    const struct dpdk_vhost_region *a = &msg->payload.memory.regions[i];

    for (uint32_t j = 0; j < i; j++) {
        const struct dpdk_vhost_region *b = &msg->payload.memory.regions[j];

        if (overlaps(a->guest_addr, a->size, b->guest_addr, b->size)) {
            return xasprintf("overlaps region %"PRIu32" in the guest", j);
        }
        if (overlaps(a->user_addr, a->size, b->user_addr, b->size)) {
            return xasprintf("overlaps region %"PRIu32" in the front end", j);
        }
    }
    return NULL;
}

static char *
check_memory(const struct dpdk_vhost_front_end *peer,
             const struct dpdk_vhost_message *msg)
{
    uint32_t n = msg->payload.memory.n;

    if (peer->owes_ack && msg->size == sizeof msg->payload.u64
        && !msg->payload.u64) {
        return NULL;
    }
    if (!n || n > DPDK_VHOST_MESSAGE_MAX_REGIONS) {
        return xasprintf("has %"PRIu32" regions, not 1 to %d", n,
                         DPDK_VHOST_MESSAGE_MAX_REGIONS);
    }
    if (msg->size != 8 + n * sizeof msg->payload.memory.regions[0]) {
        return xasprintf("has %"PRIu32" bytes for %"PRIu32" regions",
                         msg->size, n);
    }
    for (uint32_t i = 0; i < n; i++) {
        char *why = check_region(&msg->payload.memory.regions[i]);

        why = why ? why : check_overlap(msg, i);
        if (why) {
            char *sentence = xasprintf("region %"PRIu32" %s", i, why);

            free(why);
            return sentence;
        }
    }
    return NULL;
}

static char *
check_log(const struct dpdk_vhost_message *msg)
{
    /* librte_vhost 22.11 maps the log from its start, then adds the offset
     * once more than it has room for.  No front end uses one. */
    return (msg->payload.log.offset
            ? xasprintf("has offset 0x%"PRIx64", which is not supported",
                        msg->payload.log.offset)
            : !msg->payload.log.size ? xstrdup("has an empty log")
            : NULL);
}

/* Returns how many descriptors the rings of 'peer' have, but for 'index'. */
static uint32_t
sum_of_sizes(const struct dpdk_vhost_front_end *peer, uint32_t index)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < DPDK_VHOST_MESSAGE_MAX_RINGS; i++) {
        sum += i != index ? peer->sizes[i] : 0;
    }
    return sum;
}

/* Checks 'size', a number of descriptors for ring 'index', which is one.  A
 * packed ring need not have a power of two of them. */
static char *
check_ring_size(const struct dpdk_vhost_front_end *peer, uint32_t index,
                uint32_t size)
{
    bool packed = has(peer->features, VIRTIO_F_RING_PACKED);

    return (!size || size > 32768
            ? xasprintf("has a ring of %"PRIu32" descriptors, not 1 to 32768",
                        size)
            : !packed && !is_pow2(size)
            ? xasprintf("has a ring of %"PRIu32" descriptors, which is not a "
                        "power of 2", size)
            : sum_of_sizes(peer, index) + size
              > DPDK_VHOST_MESSAGE_MAX_DESCRIPTORS
            ? xasprintf("makes %"PRIu32" descriptors of all rings, there are "
                        "at most %d", sum_of_sizes(peer, index) + size,
                        DPDK_VHOST_MESSAGE_MAX_DESCRIPTORS)
            : NULL);
}

/* Checks the alignment of the addresses of a ring, on which our reads and
 * writes being atomic depends. */
static char *
check_ring_address(const struct dpdk_vhost_front_end *peer,
                   const struct dpdk_vhost_message *msg)
{
    bool packed = has(peer->features, VIRTIO_F_RING_PACKED);
    uint64_t avail = msg->payload.addr.avail;
    uint64_t used = msg->payload.addr.used;
    uint64_t desc = msg->payload.addr.desc;

    return (desc % 16 || avail % (packed ? 4 : 2) || used % 4
            ? xasprintf("has a ring that is not aligned (descriptors 0x%"
                        PRIx64", available 0x%"PRIx64", used 0x%"PRIx64")",
                        desc, avail, used)
            : NULL);
}

static char *
check_ring_index(uint32_t index)
{
    return (index >= DPDK_VHOST_MESSAGE_MAX_RINGS
            ? xasprintf("is for ring %"PRIu32", there are at most %d", index,
                        DPDK_VHOST_MESSAGE_MAX_RINGS)
            : NULL);
}

static char *
check_payload(const struct dpdk_vhost_front_end *peer,
              const struct dpdk_vhost_message *msg)
{
    char *why;

    switch (msg->request) {
    case DPDK_VHOST_SET_MEM_TABLE:
        return check_memory(peer, msg);

    case DPDK_VHOST_SET_LOG_BASE:
        return check_log(msg);

    case DPDK_VHOST_SET_VRING_NUM:
        why = check_ring_index(msg->payload.state.index);
        return why ? why : check_ring_size(peer, msg->payload.state.index,
                                           msg->payload.state.num);

    case DPDK_VHOST_SET_VRING_ADDR:
        why = check_ring_index(msg->payload.addr.index);
        return why ? why : check_ring_address(peer, msg);

    case DPDK_VHOST_SET_VRING_BASE:
    case DPDK_VHOST_GET_VRING_BASE:
    case DPDK_VHOST_SET_VRING_ENABLE:
        return check_ring_index(msg->payload.state.index);

    case DPDK_VHOST_POSTCOPY_ADVISE:
        /* librte_vhost would forget a descriptor. */
        return peer->advised ? xstrdup("comes again") : NULL;

    case DPDK_VHOST_SET_VRING_KICK:
    case DPDK_VHOST_SET_VRING_CALL:
    case DPDK_VHOST_SET_VRING_ERR:
        return (msg->payload.u64 >> 9
                ? xasprintf("is for ring 0x%"PRIx64, msg->payload.u64)
                : NULL);

    default:
        return NULL;
    }
}

/* Returns how many descriptors come with 'msg', whose payload has been
 * checked. */
static size_t
count_fds(const struct dpdk_vhost_message *msg, enum fds fds)
{
    switch (fds) {
    case FDS_1:
        return 1;
    case FDS_RING:
        return !has(msg->payload.u64, 8);
    case FDS_REGIONS:
        return msg->payload.memory.n;
    case FDS_0:
    default:
        return 0;
    }
}

/* Returns the number of the ring in 'msg', SET_VRING_KICK or the like, which
 * has been checked. */
static unsigned int
kick_index(const struct dpdk_vhost_message *msg)
{
    return msg->payload.u64 & (DPDK_VHOST_MESSAGE_MAX_RINGS - 1);
}

char *
dpdk_vhost_message_check(const struct dpdk_vhost_front_end *peer,
                         const struct dpdk_vhost_message *msg, size_t n_fds)
{
    const struct request *request = find_request(msg->request);
    char *why = check_payload(peer, msg);

    if (!why && request && n_fds != count_fds(msg, request->fds)) {
        why = xasprintf("has %"PRIuSIZE" file descriptors, not %"PRIuSIZE,
                        n_fds, count_fds(msg, request->fds));
    }
    if (!why && msg->request == DPDK_VHOST_SET_VRING_KICK
        && !peer->sizes[kick_index(msg)]) {
        /* librte_vhost would use memory that it has freed, or has none of. */
        why = xasprintf("starts ring %u, which has no size", kick_index(msg));
    }
    return why;
}

/* Remembers that 'peer' has set its 'features'.  librte_vhost forgets all but
 * two rings of a front end that does not have several queues. */
static void
note_features(struct dpdk_vhost_front_end *peer, uint64_t features)
{
    /* librte_vhost refuses what it does not offer. */
    peer->features = features & peer->offered_features;
    peer->ever_features |= peer->features;
    if (!has(features, VIRTIO_NET_F_MQ)) {
        memset(&peer->sizes[2], 0,
               sizeof peer->sizes - 2 * sizeof peer->sizes[0]);
    }
}

void
dpdk_vhost_message_note(struct dpdk_vhost_front_end *peer,
                        const struct dpdk_vhost_message *msg)
{
    if (msg->request == DPDK_VHOST_SET_FEATURES) {
        note_features(peer, msg->payload.u64);
    } else if (msg->request == DPDK_VHOST_SET_PROTOCOL_FEATURES) {
        peer->protocol = msg->payload.u64 & peer->offered_protocol;
        peer->ever_protocol |= peer->protocol;
    } else if (msg->request == DPDK_VHOST_SET_VRING_NUM) {
        peer->sizes[msg->payload.state.index] = msg->payload.state.num;
    } else if (msg->request == DPDK_VHOST_GET_VRING_BASE) {
        peer->sizes[msg->payload.state.index] = 0;
    } else if (msg->request == DPDK_VHOST_POSTCOPY_ADVISE) {
        peer->advised = true;
    } else if (msg->request == DPDK_VHOST_POSTCOPY_LISTEN) {
        peer->postcopy = true;
    } else if (msg->request == DPDK_VHOST_POSTCOPY_END) {
        peer->advised = peer->postcopy = false;
    } else if (msg->request == DPDK_VHOST_SET_MEM_TABLE) {
        peer->owes_ack = peer->postcopy && msg->payload.memory.n;
    }
}
