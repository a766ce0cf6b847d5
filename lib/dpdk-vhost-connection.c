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

/* Connections of vhost ports.  Called by dpdk-vhost-events.c and librte_vhost;
 * calls dpdk-vhost-ring.c, dpdk-vhost-sigbus.c and dpdk-crumb.c. */

#include <config.h>

#include "dpdk-vhost-connection.h"

#include <rte_vhost.h>
#include <string.h>

#include "dpdk-crumb.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-message.h"
#include "dpdk-vhost-ring.h"
#include "dpdk-vhost-sigbus.h"
#include "util.h"

/* Each connection.  More than one may be for the same port. */
static struct connection {
    struct dpdk_vhost_rings *rings; /* Of its port, or null, atomic. */
    struct dpdk_vhost_asked asked;
    uint64_t secret;            /* What its first message has to have, */
    bool begun;                 /* if there was none yet. */
    bool in_message;            /* Is the library handling a message? */
    bool failed;                /* Is it to handle none any more? */
    bool running;               /* Does it have a guest? */
} connections[RTE_MAX_VHOST_DEVICE];

/* Returns connection 'vid', or null if it is not of a port. */
static struct connection *
lookup(int vid)
{
    return (vid >= 0 && vid < RTE_MAX_VHOST_DEVICE && connections[vid].rings
            ? &connections[vid]
            : NULL);
}

static bool
changes_something(uint32_t request)
{
    switch (request) {
    case DPDK_VHOST_GET_FEATURES:
    case DPDK_VHOST_GET_PROTOCOL_FEATURES:
    case DPDK_VHOST_GET_QUEUE_NUM:
    case DPDK_VHOST_GET_CONFIG:
    case DPDK_VHOST_GET_STATUS:
    case DPDK_VHOST_SEND_RARP:
    case DPDK_VHOST_RESET_OWNER:
        return false;
    default:
        return true;
    }
}

/* Makes librte_vhost refuse 'msg', because it has not been able to handle an
 * earlier one, without doing anything but to close what came with it, and then
 * close the connection, which it would not do if it had to reply. */
static enum rte_vhost_msg_result
refuse(struct dpdk_vhost_message *msg)
{
    dpdk_crumb_set(NULL);
    msg->flags &= ~DPDK_VHOST_FLAG_NEED_REPLY;
    switch (msg->request) {
    case DPDK_VHOST_SET_MEM_TABLE:
        msg->payload.memory.n = UINT32_MAX;
        return RTE_VHOST_MSG_RESULT_NOT_HANDLED;

    case DPDK_VHOST_SET_LOG_BASE:
        msg->size = 0;
        return RTE_VHOST_MSG_RESULT_NOT_HANDLED;

    case DPDK_VHOST_SET_VRING_KICK:
    case DPDK_VHOST_SET_VRING_CALL:
    case DPDK_VHOST_SET_VRING_ERR:
        /* With a descriptor, say that there is none. */
        msg->payload.u64 ^= DPDK_VHOST_NO_FD;
        return RTE_VHOST_MSG_RESULT_NOT_HANDLED;

    case DPDK_VHOST_SET_LOG_FD:
    case DPDK_VHOST_SET_BACKEND_REQ_FD:
        /* These do no harm, and after_message() makes them fail. */
        return RTE_VHOST_MSG_RESULT_NOT_HANDLED;

    default:
        return RTE_VHOST_MSG_RESULT_ERR;
    }
}

/* Returns true if 'msg' is the first one of 'conn' that GUARD sends. */
static bool
is_hello(const struct connection *conn, const struct dpdk_vhost_message *msg)
{
    return msg->request == DPDK_VHOST_HELLO
           && msg->size == sizeof msg->payload.u64
           && msg->payload.u64 == conn->secret;
}

/* librte_vhost calls this before it handles 'message', which begins as it came
 * on the wire. */
static enum rte_vhost_msg_result
before_message(int vid, void *message)
{
    struct dpdk_vhost_message *msg = message;
    struct connection *conn = lookup(vid);

    if (conn && !conn->begun) {
        conn->begun = true;
        conn->failed = !is_hello(conn, msg);
        if (!conn->failed) {
            return RTE_VHOST_MSG_RESULT_OK;
        }
    }
    dpdk_vhost_sigbus_handle(vid);
    if (conn && dpdk_vhost_connection_has_failed(vid)) {
        conn->failed = true;
        return refuse(msg);
    }
    dpdk_crumb_set(conn ? conn->rings->faults->crumb : NULL);
    if (msg->request == DPDK_VHOST_RESET_OWNER) {
        /* No front end of the last years sends it, and the specification
         * recommends to ignore it.  The library would forget memory without
         * freeing it, and go on to use a log that it has unmapped. */
        return RTE_VHOST_MSG_RESULT_OK;
    }
    if (conn && msg->request == DPDK_VHOST_SEND_RARP) {
        /* The library would have to receive from the ring once. */
        dpdk_vhost_rings_announce(conn->rings, vid, &conn->asked,
                                  msg->payload.u64);
        return RTE_VHOST_MSG_RESULT_OK;
    }
    if (conn && changes_something(msg->request)) {
        conn->in_message = true;
        dpdk_vhost_rings_before_message(conn->rings, vid);
    }
    return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

/* librte_vhost calls this when it has handled 'message', unless it failed. */
static enum rte_vhost_msg_result
after_message(int vid, void *message)
{
    const struct dpdk_vhost_message *msg = message;
    struct connection *conn = lookup(vid);

    if (conn && conn->failed) {
        /* What the library knows is not to be looked at: it may not even have
         * the guest's memory any more. */
        return RTE_VHOST_MSG_RESULT_ERR;
    }
    if (conn && conn->in_message && changes_something(msg->request)) {
        conn->in_message = false;
        dpdk_vhost_rings_after_message(conn->rings, vid);
    }
    dpdk_crumb_set(NULL);
    return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

void
dpdk_vhost_connection_begin(int vid, struct dpdk_vhost_rings *rings,
                            uint64_t secret)
{
    static const struct rte_vhost_user_extern_ops ops = {
        .pre_msg_handle = before_message,
        .post_msg_handle = after_message,
    };

    if (vid >= 0 && vid < RTE_MAX_VHOST_DEVICE) {
        struct connection *conn = &connections[vid];

        memset(&conn->asked, 0, sizeof conn->asked);
        conn->secret = secret;
        conn->begun = false;
        conn->in_message = false;
        conn->failed = false;
        conn->running = false;
        __atomic_store_n(&conn->rings, rings, __ATOMIC_RELEASE);
        rte_vhost_extern_callback_register(vid, &ops, NULL);
    }
}

void
dpdk_vhost_connection_end(int vid)
{
    struct connection *conn = lookup(vid);

    if (conn) {
        __atomic_store_n(&conn->rings, NULL, __ATOMIC_RELEASE);
    }
    dpdk_crumb_set(NULL);
}

bool
dpdk_vhost_connection_has_failed(int vid)
{
    const struct connection *conn = lookup(vid);

    return conn && (conn->in_message || conn->failed);
}

void
dpdk_vhost_connection_attach(int vid, struct dpdk_vhost_rings *rings)
{
    struct connection *conn = lookup(vid);

    if (conn && conn->rings == rings) {
        conn->running = true;
        dpdk_vhost_rings_attach(rings, vid, &conn->asked);
    }
}

int
dpdk_vhost_connection_detach(int vid)
{
    struct connection *conn = lookup(vid);

    if (!conn) {
        return -1;
    }
    conn->running = false;
    for (int i = 0; i < RTE_MAX_VHOST_DEVICE; i++) {
        const struct connection *other = &connections[i];

        if (__atomic_load_n(&other->rings, __ATOMIC_ACQUIRE) == conn->rings
            && other->running && !dpdk_vhost_connection_has_failed(i)) {
            return i;
        }
    }
    return -1;
}

void
dpdk_vhost_connection_enable(int vid, uint16_t index, bool enable)
{
    struct connection *conn = lookup(vid);

    if (conn && index < DPDK_VHOST_MAX_RINGS) {
        dpdk_vhost_rings_enable(conn->rings, vid, &conn->asked, index, enable);
    }
}
