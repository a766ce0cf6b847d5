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


#ifndef DPDK_VHOST_RELAY_H
#define DPDK_VHOST_RELAY_H 1

/* What GUARD does for a connection: passes messages from the front end on to
 * librte_vhost, and replies back.  See dpdk-vhost-guard.h, whose mutex guards
 * all of this.  Nothing here waits for anybody.
 *
 * Called by dpdk-vhost-guard.c; calls dpdk-vhost-message.c and dpdk-vhost-fd.c
 * for the checks, dpdk-vhost-wire.c for the sockets, dpdk-vhost-connfd.c for
 * sockets that are passed, dpdk-vhost-call.c for eventfds that block,
 * dpdk-vhost-close.c to close what may take long, dpdk-vhost-sigbus.c for
 * memory that is gone, and dpdk-vhost-fault.c to tell the user and to ask
 * which ports are held down. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dpdk-vhost-message.h"
#include "dpdk-vhost-wire.h"
#include "openvswitch/list.h"
#include "openvswitch/token-bucket.h"

struct dpdk_vhost;
struct dpdk_vhost_calls;

/* What a message of a front end waits for. */
enum dpdk_vhost_relay_stage {
    DPDK_VHOST_RELAY_READ, /* To be complete, and checked. */
    DPDK_VHOST_RELAY_PAY, /* For its turn, if there are too many. */
    DPDK_VHOST_RELAY_NOTE, /* For room to note the files that came. */
    DPDK_VHOST_RELAY_WRITE /* For librte_vhost to have room. */
};

/* A connection. */
struct dpdk_vhost_relay {
    struct ovs_list node;       /* For the owner. */
    struct dpdk_vhost *vhost;   /* Its port, or null if faults do not matter
                                 * any more. */
    const void *port;           /* The same, to be compared only. */
    char *name;                 /* That of the port. */
    int vid;                    /* Number in librte_vhost. */
    int outer;                  /* To the front end. */
    int inner;                  /* To librte_vhost. */
    long long int serve_at;     /* When to begin, by time_msec(), */
    uint64_t secret;            /* with a message that has this number, */
    bool begun;                 /* if that has not been. */

    struct dpdk_vhost_front_end peer;
    struct token_bucket rate;   /* Of messages. */
    uint64_t slow_us;           /* How long slow operations on 'outer' took */
    long long int slow_since;   /* since then, in ms. */
    long long int last_flood;   /* When it was last reported, in ms. */
    uint32_t last_request;      /* That librte_vhost has got. */

    /* The message that is on its way. */
    struct dpdk_vhost_message msg;
    enum dpdk_vhost_relay_stage stage;
    size_t n_read;              /* Bytes of it. */
    struct dpdk_vhost_fds fds;  /* That came with it. */
    bool unwritable;            /* Is there no way to pass it on? */

    struct dpdk_vhost_calls *calls; /* That came with earlier ones. */
};

/* Returns a new connection 'vid' of 'vhost', between 'outer' and 'inner',
 * whose first message has the number 'secret'. */
struct dpdk_vhost_relay *dpdk_vhost_relay_create(struct dpdk_vhost *vhost,
                                                 int vid, int outer,
                                                 int inner, uint64_t secret);

/* Closes 'conn' at both ends and frees it. */
void dpdk_vhost_relay_destroy(struct dpdk_vhost_relay *conn);

/* Closes 'outer', a socket to a front end of the port called 'name'. */
void dpdk_vhost_relay_close_outer(const char *name, int outer);

/* Passes messages and replies, or only replies, on.  Returns false if 'conn'
 * is to be closed, which has been reported if it is a fault. */
bool dpdk_vhost_relay_run(struct dpdk_vhost_relay *conn);
bool dpdk_vhost_relay_run_inner(struct dpdk_vhost_relay *conn);

/* Returns false, and reports that, if 'conn' is to be closed because its front
 * end makes those who notify it wait.  Whoever waits goes on. */
bool dpdk_vhost_relay_check_calls(struct dpdk_vhost_relay *conn);

/* Makes the poll loop wake up when there is something to do for 'conn'. */
void dpdk_vhost_relay_wait(struct dpdk_vhost_relay *conn);

#endif /* dpdk-vhost-relay.h */
