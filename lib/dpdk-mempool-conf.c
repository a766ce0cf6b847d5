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

/* How large a pool of packets is to be.  Called by plugin.c with other_config,
 * and by dpdk-mempool.c for each new pool; calls nobody. */

#include <config.h>

#include "dpdk-mempool-conf.h"

#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <string.h>

#include "dp-packet.h"
#include "dpdk-log.h"
#include "smap.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* Buffers are sized in steps, so that ports with similar MTUs share a pool. */
#define BUF_ALIGN 1024

/* What a frame on the wire has around its MTU: an Ethernet header and an
 * FCS, and up to two VLAN tags. */
#define FRAME_OVERHEAD (14 + 4)
#define VLAN_OVERHEAD (2 * 4)

/* How many packets a shared pool gets if it is for full-size frames.  Others
 * get the minimum. */
#define SHARED_PACKETS (4096 * 64)
#define FULL_SIZE_MTU 1500

/* An element of other_config:shared-mempool-config. */
struct candidate {
    int mtu;
    int adjusted_mtu;
    int socket_id;              /* NUMA node, or ANY_NUMA. */
};
#define ANY_NUMA (-1)

static bool per_port;           /* other_config:per-port-memory. */
static char *list;              /* shared-mempool-config, or null. */
static struct candidate *candidates; /* What 'list' says. */
static size_t n_candidates;

int
dpdk_mempool_conf_adjust_mtu(int mtu)
{
    return (ROUND_UP(mtu + FRAME_OVERHEAD + VLAN_OVERHEAD, BUF_ALIGN)
            + RTE_PKTMBUF_HEADROOM - FRAME_OVERHEAD);
}

uint32_t
dpdk_mempool_conf_data_room(int adjusted_mtu)
{
    return adjusted_mtu + FRAME_OVERHEAD;
}

/* Parses 'token', MTU or MTU:NUMA, into '*c'.  Returns true if successful,
 * otherwise logs what is wrong. */
static bool
parse_candidate(char *token, struct candidate *c)
{
    char *numa = strchr(token, ':');

    if (numa) {
        *numa++ = '\0';
    }
    if (!str_to_int(token, 10, &c->mtu) || c->mtu <= 0
        || c->mtu > UINT16_MAX - RTE_PKTMBUF_HEADROOM - BUF_ALIGN) {
        VLOG_WARN("Invalid user configured shared mempool MTU.");
        return false;
    }
    c->socket_id = ANY_NUMA;
    if (numa && (!str_to_int(numa, 10, &c->socket_id) || c->socket_id < 0)) {
        VLOG_WARN("Invalid user configured shared mempool NUMA.");
        return false;
    }
    c->adjusted_mtu = dpdk_mempool_conf_adjust_mtu(c->mtu);
    return true;
}

/* Makes 'candidates' what 'list' says, or empty if that is wrong. */
static void
parse_list(void)
{
    char *copy = nullable_xstrdup(list);
    char *save_ptr = NULL;
    size_t allocated = 0;
    char *token;

    free(candidates);
    candidates = NULL;
    n_candidates = 0;
    for (token = copy ? strtok_r(copy, ", ", &save_ptr) : NULL; token;
         token = strtok_r(NULL, ", ", &save_ptr)) {
        if (n_candidates >= allocated) {
            candidates = x2nrealloc(candidates, &allocated,
                                    sizeof *candidates);
        }
        if (!parse_candidate(token, &candidates[n_candidates])) {
            VLOG_WARN("User configured shared mempools will not be used.");
            n_candidates = 0;
            break;
        }
        n_candidates++;
    }
    free(copy);
}

static void
log_candidates(void)
{
    for (size_t i = 0; i < n_candidates; i++) {
        const struct candidate *c = &candidates[i];

        if (c->socket_id == ANY_NUMA) {
            VLOG_INFO("User configured shared mempool set for: MTU %d, "
                      "NUMA ALL.", c->mtu);
        } else {
            VLOG_INFO("User configured shared mempool set for: MTU %d, "
                      "NUMA %d.", c->mtu, c->socket_id);
        }
    }
}

void
dpdk_mempool_conf_run(const struct smap *other_config)
{
    bool new_per_port = smap_get_bool(other_config, "per-port-memory", false);
    const char *new_list = (new_per_port ? NULL
                            : smap_get(other_config, "shared-mempool-config"));
    static bool first = true;

    if (first || new_per_port != per_port) {
        first = false;
        per_port = new_per_port;
        VLOG_INFO("Per port memory for DPDK devices %s.",
                  per_port ? "enabled" : "disabled");
    }
    if (!nullable_string_is_equal(new_list, list)) {
        free(list);
        list = nullable_xstrdup(new_list);
        if (n_candidates) {
            VLOG_INFO("User configured shared mempools changed.");
        }
        parse_list();
        log_candidates();
    }
}

/* Returns the adjusted MTU of a shared pool for 'request': the smallest one
 * that the user has configured and that suffices, or else that of the port. */
static int
choose_adjusted_mtu(const struct dpdk_mempool_request *request)
{
    int own = dpdk_mempool_conf_adjust_mtu(request->mtu);
    int best = 0;

    for (size_t i = 0; i < n_candidates; i++) {
        const struct candidate *c = &candidates[i];

        if (c->adjusted_mtu >= own && (!best || c->adjusted_mtu < best)
            && (c->socket_id == ANY_NUMA
                || c->socket_id == request->socket_id)) {
            best = c->adjusted_mtu;
        }
    }
    if (best) {
        VLOG_DBG("Found user configured shared mempool with mbufs of size "
                 "%"PRIu32", suitable for port with MTU %d, NUMA %d.",
                 dpdk_mempool_conf_data_room(best), request->mtu,
                 request->socket_id);
        return best;
    }
    if (n_candidates) {
        VLOG_DBG("No user configured shared mempool mbuf sizes found suitable "
                 "for port with MTU %d, NUMA %d.", request->mtu,
                 request->socket_id);
    }
    return own;
}

void
dpdk_mempool_conf_shape(const struct dpdk_mempool_request *request,
                        struct dpdk_mempool_shape *shape)
{
    shape->shared = !per_port;
    if (shape->shared) {
        shape->adjusted_mtu = choose_adjusted_mtu(request);
        shape->n_packets = (shape->adjusted_mtu >= FULL_SIZE_MTU
                            ? SHARED_PACKETS : DPDK_MEMPOOL_MIN_PACKETS);
        return;
    }

    /* Full rings, a batch in each thread that polls the port, and some for
     * the rings of other ports. */
    shape->adjusted_mtu = dpdk_mempool_conf_adjust_mtu(request->mtu);
    shape->n_packets = (request->n_rxq * request->rxq_size
                        + request->n_txq * request->txq_size
                        + MIN(RTE_MAX_LCORE, request->n_rxq) * NETDEV_MAX_BURST
                        + DPDK_MEMPOOL_MIN_PACKETS);
}
