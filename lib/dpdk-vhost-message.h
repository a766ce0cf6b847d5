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

#ifndef DPDK_VHOST_MESSAGE_H
#define DPDK_VHOST_MESSAGE_H 1

/* Messages of vhost-user, and which of them a front end may send
 * ===============================================================
 *
 * Pure functions on a message in memory that know no socket and no library.
 * Called by dpdk-vhost-guard.c for each message before librte_vhost gets it.
 *
 * What is refused is what no front end that keeps to the specification sends,
 * or what the library is known to take wrong: see the comments there.  What we
 * do not know passes, if it belongs to a protocol feature that we do not know
 * either. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/compiler.h"

/* Most regions of memory in a message, which are most of the descriptors that
 * come with one, too. */
#define DPDK_VHOST_MESSAGE_MAX_REGIONS 8

/* Largest payload, in bytes.  librte_vhost takes less, and refuses what it
 * cannot take. */
#define DPDK_VHOST_MESSAGE_MAX_SIZE 4096

/* Rings of a guest. */
#define DPDK_VHOST_MESSAGE_MAX_RINGS 256

/* Most descriptors that the rings of a guest have in all: QEMU's most for each
 * of them, and more for two.  librte_vhost takes some 40 bytes of hugepages
 * for each. */
#define DPDK_VHOST_MESSAGE_MAX_DESCRIPTORS                      \
    (DPDK_VHOST_MESSAGE_MAX_RINGS * 1024 + 2 * 32768)

/* Requests that are of interest beyond their form. */
enum dpdk_vhost_request {
    DPDK_VHOST_GET_FEATURES = 1,
    DPDK_VHOST_SET_FEATURES = 2,
    DPDK_VHOST_RESET_OWNER = 4,
    DPDK_VHOST_SET_MEM_TABLE = 5,
    DPDK_VHOST_SET_LOG_BASE = 6,
    DPDK_VHOST_SET_LOG_FD = 7,
    DPDK_VHOST_SET_VRING_NUM = 8,
    DPDK_VHOST_SET_VRING_ADDR = 9,
    DPDK_VHOST_SET_VRING_BASE = 10,
    DPDK_VHOST_GET_VRING_BASE = 11,
    DPDK_VHOST_SET_VRING_KICK = 12,
    DPDK_VHOST_SET_VRING_CALL = 13,
    DPDK_VHOST_SET_VRING_ERR = 14,
    DPDK_VHOST_GET_PROTOCOL_FEATURES = 15,
    DPDK_VHOST_SET_PROTOCOL_FEATURES = 16,
    DPDK_VHOST_GET_QUEUE_NUM = 17,
    DPDK_VHOST_SET_VRING_ENABLE = 18,
    DPDK_VHOST_SEND_RARP = 19,
    DPDK_VHOST_SET_BACKEND_REQ_FD = 21,
    DPDK_VHOST_IOTLB_MSG = 22,
    DPDK_VHOST_GET_CONFIG = 24,
    DPDK_VHOST_POSTCOPY_ADVISE = 28,
    DPDK_VHOST_POSTCOPY_LISTEN = 29,
    DPDK_VHOST_POSTCOPY_END = 30,
    DPDK_VHOST_GET_STATUS = 40,

    /* Not a front end's: the first one that GUARD sends, see
     * dpdk-vhost-connection.h. */
    DPDK_VHOST_HELLO = 0x6f766868
};

/* Bits of 'flags' of a message. */
#define DPDK_VHOST_FLAG_VERSION 0x3 /* Must be 1. */
#define DPDK_VHOST_FLAG_REPLY 0x4
#define DPDK_VHOST_FLAG_NEED_REPLY 0x8

/* In the payload of SET_VRING_KICK and the like: no descriptor comes with
 * it. */
#define DPDK_VHOST_NO_FD 0x100

OVS_PACKED(
struct dpdk_vhost_region {
    uint64_t guest_addr;        /* Physical. */
    uint64_t size;              /* Bytes. */
    uint64_t user_addr;         /* In the front end. */
    uint64_t offset;            /* In the file. */
});

/* A message as it is on the wire, in the order of bytes of the host. */
OVS_PACKED(
struct dpdk_vhost_message {
    uint32_t request;
    uint32_t flags;
    uint32_t size;              /* Bytes of payload. */
    union {
        uint8_t bytes[DPDK_VHOST_MESSAGE_MAX_SIZE];
        uint64_t u64;
        struct {
            uint32_t index;
            uint32_t num;
        } state;
        struct {
            uint32_t index;
            uint32_t flags;
            uint64_t desc;
            uint64_t used;
            uint64_t avail;
            uint64_t log;
        } addr;
        struct {
            uint32_t n;
            uint32_t padding;
            struct dpdk_vhost_region regions[DPDK_VHOST_MESSAGE_MAX_REGIONS];
        } memory;
        struct {
            uint64_t size;
            uint64_t offset;
        } log;
    } payload;
});

#define DPDK_VHOST_MESSAGE_HEADER_SIZE \
    offsetof(struct dpdk_vhost_message, payload)

/* What is known of a front end from its earlier messages.  Starts with zeros,
 * except for what it is offered. */
struct dpdk_vhost_front_end {
    uint64_t offered_features;  /* Virtio features that it may have. */
    uint64_t offered_protocol;  /* Protocol features that it may have. */
    uint64_t features;          /* Virtio features that it has now, */
    uint64_t ever_features;     /* and has ever had. */
    uint64_t protocol;          /* Protocol features that it has now, */
    uint64_t ever_protocol;     /* and has ever had. */
    bool advised;               /* Has librte_vhost a userfaultfd for it? */
    bool postcopy;              /* Does memory come while it is used?  Then
                                 * librte_vhost answers a table of memory by
                                 * where that is, */
    bool owes_ack;              /* and waits for an empty one. */
    uint16_t sizes[DPDK_VHOST_MESSAGE_MAX_RINGS]; /* Of its rings, or 0 if
                                 * librte_vhost has no memory for one. */
};

/* Returns the name of 'request', or null if it is not known. */
const char *dpdk_vhost_message_name(uint32_t request);

/* Returns null if a message of 'peer' may start with the header of 'msg', else
 * a phrase that says why not and that the caller has to free.  The payload
 * need not be there. */
char *dpdk_vhost_message_check_header(const struct dpdk_vhost_front_end *peer,
                                      const struct dpdk_vhost_message *msg);

/* Returns null if 'peer' may send 'msg', whose header has been checked, with
 * 'n_fds' descriptors, else a phrase that says why not and that the caller has
 * to free. */
char *dpdk_vhost_message_check(const struct dpdk_vhost_front_end *peer,
                               const struct dpdk_vhost_message *msg,
                               size_t n_fds);

/* Remembers of 'msg', which has been checked, what matters for later ones. */
void dpdk_vhost_message_note(struct dpdk_vhost_front_end *peer,
                             const struct dpdk_vhost_message *msg);

#endif /* dpdk-vhost-message.h */
