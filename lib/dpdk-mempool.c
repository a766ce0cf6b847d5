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

/* Pools of packets: size, create, share, sweep.  Called by dpdk-dev.c, calls
 * librte_mempool and dpdk-packet.c. */

#include <config.h>

#include "dpdk-mempool.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dpdk-log.h"
#include "dpdk-packet.h"
#include "hash.h"
#include "ovs-thread.h"

#define this_module (*dpdk_log_netdev)

/* Buffers are sized in steps, so that ports with similar MTUs share a pool. */
#define BUF_ALIGN 1024

/* A frame on the wire has an Ethernet header, an FCS and up to two VLAN
 * tags around its MTU. */
#define FRAME_OVERHEAD (14 + 4 + 2 * 4)

/* How many packets a pool gets: the first that memory suffices for, going
 * down by halves. */
#define MAX_PACKETS (4096 * 64)
#define MIN_PACKETS (4096 * 4)

static struct ovs_mutex mempool_mutex = OVS_MUTEX_INITIALIZER;

static struct ovs_list pools OVS_GUARDED_BY(mempool_mutex)
    = OVS_LIST_INITIALIZER(&pools);

uint32_t
dpdk_mempool_buf_size(int mtu)
{
    return ROUND_UP(mtu + FRAME_OVERHEAD, BUF_ALIGN);
}

static void
mempool_init_packet(struct rte_mempool *mp OVS_UNUSED, void *aux OVS_UNUSED,
                    void *m, unsigned int i OVS_UNUSED)
{
    dpdk_packet_init(m);
}

/* Frees the pools that nobody refers to and whose packets are all back. */
static void
mempool_sweep__(void) OVS_REQUIRES(mempool_mutex)
{
    struct dpdk_mempool *pool;

    LIST_FOR_EACH_SAFE (pool, list_node, &pools) {
        if (!pool->refcount && rte_mempool_full(pool->mp)) {
            VLOG_DBG("Freeing mempool \"%s\"", pool->mp->name);
            ovs_list_remove(&pool->list_node);
            rte_mempool_free(pool->mp);
            free(pool);
        }
    }
}

/* Returns a new rte_mempool with 'n' packets, or NULL and sets rte_errno. */
static struct rte_mempool *
mempool_alloc(const char *name, uint32_t buf_size, int socket_id, uint32_t n)
{
    char mp_name[RTE_MEMPOOL_NAMESIZE];
    struct rte_mempool *mp;

    snprintf(mp_name, sizeof mp_name, "ovs%08x%02d%05d%07u",
             hash_string(name, 0), socket_id, buf_size - 18, n);
    mp = rte_pktmbuf_pool_create(mp_name, n, RTE_MEMPOOL_CACHE_MAX_SIZE,
                                 sizeof(struct dpdk_packet),
                                 buf_size + RTE_PKTMBUF_HEADROOM, socket_id);
    if (mp) {
        rte_mempool_obj_iter(mp, mempool_init_packet, NULL);
        VLOG_DBG("Allocated \"%s\" mempool with %u mbufs", mp_name, n);
    }
    return mp;
}

static int
mempool_create(const char *name, int mtu, int socket_id,
               struct dpdk_mempool **poolp) OVS_REQUIRES(mempool_mutex)
{
    uint32_t n = mtu >= DPDK_MTU_DEFAULT ? MAX_PACKETS : MIN_PACKETS;
    uint32_t buf_size = dpdk_mempool_buf_size(mtu);
    struct dpdk_mempool *pool;
    struct rte_mempool *mp;

    VLOG_DBG("Port %s: Requesting a mempool of %u mbufs of size %u on "
             "socket %d", name, n, buf_size, socket_id);
    while (!(mp = mempool_alloc(name, buf_size, socket_id, n))) {
        int error = rte_errno;

        /* ENOBUFS means that the last piece of memory that was found for the
         * pool had no room for a single packet. */
        if (error == ENOBUFS) {
            error = ENOMEM;
        }
        if (error != ENOMEM || n / 2 < MIN_PACKETS) {
            VLOG_ERR("Failed to create memory pool for netdev %s, with MTU "
                     "%d on socket %d: %s",
                     name, mtu, socket_id, rte_strerror(error));
            return error;
        }
        n /= 2;
    }

    pool = xmalloc(sizeof *pool);
    pool->mp = mp;
    pool->buf_size = buf_size;
    pool->socket_id = socket_id;
    pool->refcount = 1;
    ovs_list_push_back(&pools, &pool->list_node);
    *poolp = pool;
    return 0;
}

int
dpdk_mempool_get(const char *name, int mtu, int socket_id,
                 struct dpdk_mempool **poolp) OVS_EXCLUDED(mempool_mutex)
{
    uint32_t buf_size = dpdk_mempool_buf_size(mtu);
    struct dpdk_mempool *pool;
    int error;

    ovs_mutex_lock(&mempool_mutex);
    LIST_FOR_EACH (pool, list_node, &pools) {
        if (pool->buf_size == buf_size && pool->socket_id == socket_id) {
            VLOG_DBG("Reusing mempool \"%s\"", pool->mp->name);
            pool->refcount++;
            *poolp = pool;
            mempool_sweep__();
            ovs_mutex_unlock(&mempool_mutex);
            return 0;
        }
    }
    mempool_sweep__();
    error = mempool_create(name, mtu, socket_id, poolp);
    ovs_mutex_unlock(&mempool_mutex);

    return error;
}

void
dpdk_mempool_put(struct dpdk_mempool *pool) OVS_EXCLUDED(mempool_mutex)
{
    if (pool) {
        ovs_mutex_lock(&mempool_mutex);
        ovs_assert(pool->refcount > 0);
        pool->refcount--;
        ovs_mutex_unlock(&mempool_mutex);
    }
}

void
dpdk_mempool_sweep(void) OVS_EXCLUDED(mempool_mutex)
{
    ovs_mutex_lock(&mempool_mutex);
    mempool_sweep__();
    ovs_mutex_unlock(&mempool_mutex);
}
