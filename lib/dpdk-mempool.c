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

/* Pools of packets: create, share, sweep.  Called by dpdk-dev.c; calls
 * librte_mempool, librte_mbuf, dpdk-mempool-conf.c, dpdk-memory.c and
 * dpdk-packet.c. */

#include <config.h>

#include "dpdk-mempool.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include "dpdk-log.h"
#include "dpdk-memory.h"
#include "dpdk-packet.h"
#include "hash.h"
#include "ovs-thread.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

static struct ovs_mutex mempool_mutex = OVS_MUTEX_INITIALIZER;

static struct ovs_list pools OVS_GUARDED_BY(mempool_mutex)
    = OVS_LIST_INITIALIZER(&pools);

/* Initialises both parts of an element. */
static void
mempool_init_packet(struct rte_mempool *mp, void *aux OVS_UNUSED, void *m,
                    unsigned int i)
{
    rte_pktmbuf_init(mp, NULL, m, i);
    dpdk_packet_init(m);
}

/* Frees the pools that nobody refers to and whose packets are all back. */
static void
mempool_sweep(void) OVS_REQUIRES(mempool_mutex)
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

/* Stores in 'mp_name' the name of a pool with 'n' packets for 'request'. */
static void
mempool_name(const struct dpdk_mempool_request *request,
             const struct dpdk_mempool_shape *shape, uint32_t n,
             char mp_name[RTE_MEMPOOL_NAMESIZE])
{
    char *name = xasprintf("ovs%08x%02d%05d%07u",
                           hash_string(request->name, 0), request->socket_id,
                           shape->adjusted_mtu, n);

    ovs_strlcpy(mp_name, name, RTE_MEMPOOL_NAMESIZE);
    free(name);
}

/* Returns the pool that is named 'mp_name', or NULL. */
static struct dpdk_mempool *
find_by_name(const char *mp_name) OVS_REQUIRES(mempool_mutex)
{
    struct dpdk_mempool *pool;

    LIST_FOR_EACH (pool, list_node, &pools) {
        if (!strcmp(pool->mp->name, mp_name)) {
            return pool;
        }
    }
    return NULL;
}

/* Returns the pool that ports like that of 'request' share, or NULL. */
static struct dpdk_mempool *
find_shared(const struct dpdk_mempool_request *request,
            const struct dpdk_mempool_shape *shape)
    OVS_REQUIRES(mempool_mutex)
{
    struct dpdk_mempool *pool;

    LIST_FOR_EACH (pool, list_node, &pools) {
        if (pool->shape.shared
            && pool->shape.adjusted_mtu == shape->adjusted_mtu
            && pool->socket_id == request->socket_id) {
            VLOG_DBG("Reusing mempool \"%s\"", pool->mp->name);
            return pool;
        }
    }
    return NULL;
}

/* Returns the pool that the port of 'request' already had for itself, or
 * NULL. */
static struct dpdk_mempool *
find_own(const struct dpdk_mempool_request *request,
         const struct dpdk_mempool_shape *shape, uint32_t n)
    OVS_REQUIRES(mempool_mutex)
{
    char mp_name[RTE_MEMPOOL_NAMESIZE];
    struct dpdk_mempool *pool;

    mempool_name(request, shape, n, mp_name);
    pool = find_by_name(mp_name);
    if (pool) {
        VLOG_DBG("A mempool with name \"%s\" already exists at %p.",
                 mp_name, pool->mp);
    }
    return pool;
}

/* Returns how many bytes 'n' packets take at least. */
static uint64_t
mempool_size(const struct dpdk_mempool_shape *shape, uint32_t n)
{
    uint32_t elt_size = (sizeof(struct rte_mbuf) + sizeof(struct dpdk_packet)
                         + dpdk_mempool_conf_data_room(shape->adjusted_mtu));

    return (uint64_t) rte_mempool_calc_obj_size(elt_size, 0, NULL) * n;
}

/* Memory that a pool is wanted for, as it is before anything is allocated. */
struct supply {
    uint64_t wanted;            /* In bytes. */
    uint64_t minimum;           /* In bytes. */
    uint64_t available;         /* In bytes. */
    const char *remedy;         /* How to get more. */
};

static void
assess_supply(const struct dpdk_mempool_request *request,
              const struct dpdk_mempool_shape *shape, struct supply *supply)
{
    uint32_t minimum = shape->n_packets;

    while (minimum / 2 >= DPDK_MEMPOOL_MIN_PACKETS) {
        minimum /= 2;
    }
    supply->wanted = mempool_size(shape, shape->n_packets);
    supply->minimum = mempool_size(shape, minimum);
    supply->available = dpdk_memory_free(request->socket_id, &supply->remedy);
}

/* Gives 'mp', which is empty, the memory for packets that have 'room' bytes
 * for data.  Returns 0 or a positive errno. */
static int
mempool_populate(struct rte_mempool *mp, uint16_t room)
{
    struct rte_pktmbuf_pool_private private = {
        .mbuf_data_room_size = room,
        .mbuf_priv_size = sizeof(struct dpdk_packet),
    };
    int retval;

    retval = rte_mempool_set_ops_byname(mp, rte_mbuf_best_mempool_ops(), NULL);
    if (!retval) {
        rte_pktmbuf_pool_init(mp, &private);
        retval = rte_mempool_populate_default(mp);
    }
    return retval < 0 ? -retval : 0;
}

/* Returns a new rte_mempool named 'mp_name' on 'socket_id' with 'n' packets
 * that have 'room' bytes for data, or NULL and sets rte_errno.
 *
 * This is rte_pktmbuf_pool_create(), but it fetches each packet into the cache
 * once, where that function does and its caller would have to again.  How long
 * it takes is how long the guests of a switch that restarts wait. */
static struct rte_mempool *
mempool_create_packets(const char *mp_name, uint32_t n, uint16_t room,
                       int socket_id)
{
    struct rte_mempool *mp;
    int error;

    mp = rte_mempool_create_empty(mp_name, n, (sizeof(struct rte_mbuf)
                                               + sizeof(struct dpdk_packet)
                                               + room),
                                  RTE_MEMPOOL_CACHE_MAX_SIZE,
                                  sizeof(struct rte_pktmbuf_pool_private),
                                  socket_id, 0);
    if (!mp) {
        return NULL;
    }
    error = mempool_populate(mp, room);
    if (error) {
        rte_mempool_free(mp);
        rte_errno = error;
        return NULL;
    }
    rte_mempool_obj_iter(mp, mempool_init_packet, NULL);
    return mp;
}

/* Returns a new rte_mempool with 'n' packets, or NULL and sets rte_errno.
 *
 * Does not even try what 'supply' cannot suffice for: until it has failed, the
 * pool would hold all memory that there is, and whatever librte_vhost
 * allocates meanwhile for the guest of another port would fail as well. */
static struct rte_mempool *
mempool_alloc(const struct dpdk_mempool_request *request,
              const struct dpdk_mempool_shape *shape, uint32_t n,
              const struct supply *supply)
{
    char mp_name[RTE_MEMPOOL_NAMESIZE];
    struct rte_mempool *mp;

    if (mempool_size(shape, n) > supply->available) {
        rte_errno = ENOMEM;
        return NULL;
    }

    mempool_name(request, shape, n, mp_name);
    mp = mempool_create_packets(mp_name, n,
                                dpdk_mempool_conf_data_room(
                                    shape->adjusted_mtu),
                                request->socket_id);
    if (mp) {
        VLOG_DBG("Allocated \"%s\" mempool with %u mbufs", mp_name, n);
    } else if (rte_errno == ENOBUFS || rte_errno == ENAMETOOLONG) {
        /* The last piece of memory that was found for the pool had no room
         * for a single packet, or memory is in so many pieces that there are
         * no names left for them. */
        rte_errno = ENOMEM;
    }
    return mp;
}

/* Logs that there was no memory for a pool with 'n' packets, and that 'next'
 * packets are tried now, or none if that is 0. */
static void
log_alloc_failure(const struct dpdk_mempool_request *request,
                  const struct dpdk_mempool_shape *shape, uint32_t n,
                  uint32_t next)
{
    char mp_name[RTE_MEMPOOL_NAMESIZE];

    mempool_name(request, shape, n, mp_name);
    if (next) {
        VLOG_DBG("Failed to create mempool \"%s\" with a request of %u mbufs, "
                 "retrying with %u mbufs", mp_name, n, next);
    } else {
        VLOG_ERR("Failed to create mempool \"%s\" with a request of %u mbufs",
                 mp_name, n);
    }
}

/* Returns 'size' bytes in MB. */
static unsigned int
to_mb(uint64_t size)
{
    return DIV_ROUND_UP(size, 1024 * 1024);
}

/* Returns a phrase that says why there is no pool for 'request'. */
static char *
describe_failure(const struct dpdk_mempool_request *request, int error,
                 const struct supply *supply)
{
    if (error != ENOMEM) {
        return xasprintf("could not get memory for packets: %s",
                         rte_strerror(error));
    }
    return xasprintf("needs %u MB of hugepage memory on NUMA node %d, %u MB "
                     "are free, %u MB are the least that it works with; %s",
                     to_mb(supply->wanted), request->socket_id,
                     (unsigned int) (supply->available / (1024 * 1024)),
                     to_mb(supply->minimum), supply->remedy);
}

/* Gets a pool with as many packets as memory suffices for, going down by
 * halves. */
static int
mempool_create(const struct dpdk_mempool_request *request,
               const struct dpdk_mempool_shape *shape,
               struct dpdk_mempool **poolp, char **whyp)
    OVS_REQUIRES(mempool_mutex)
{
    uint32_t n = shape->n_packets;
    struct dpdk_mempool *pool;
    struct rte_mempool *mp;
    struct supply supply;

    VLOG_DBG("Port %s: Requesting a mempool of %u mbufs of size %"PRIu32" on "
             "socket %d for %d Rx and %d Tx queues, cache line size of %u",
             request->name, n,
             dpdk_mempool_conf_data_room(shape->adjusted_mtu),
             request->socket_id, request->n_rxq, request->n_txq,
             RTE_CACHE_LINE_SIZE);
    assess_supply(request, shape, &supply);
    for (;;) {
        bool retry;
        int error;

        pool = find_own(request, shape, n);
        if (pool) {
            goto found;
        }
        mp = mempool_alloc(request, shape, n, &supply);
        if (mp) {
            break;
        }

        error = rte_errno;
        retry = error == ENOMEM && n / 2 >= DPDK_MEMPOOL_MIN_PACKETS;
        log_alloc_failure(request, shape, n, retry ? n / 2 : 0);
        if (!retry) {
            VLOG_ERR("Failed to create memory pool for netdev %s, with MTU "
                     "%d on socket %d: %s", request->name, request->mtu,
                     request->socket_id, rte_strerror(error));
            *whyp = describe_failure(request, error, &supply);
            return error;
        }
        n /= 2;
    }
    if (n < shape->n_packets) {
        VLOG_INFO("%s: has a pool of %u packets instead of %u: that needs %u "
                  "MB of hugepage memory on NUMA node %d, %u MB were free",
                  request->name, n, shape->n_packets, to_mb(supply.wanted),
                  request->socket_id,
                  (unsigned int) (supply.available / (1024 * 1024)));
    }

    pool = xzalloc(sizeof *pool);
    pool->mp = mp;
    pool->socket_id = request->socket_id;
    pool->shape = *shape;
    ovs_list_push_back(&pools, &pool->list_node);

found:
    pool->refcount++;
    *poolp = pool;
    return 0;
}

int
dpdk_mempool_get(const struct dpdk_mempool_request *request,
                 struct dpdk_mempool **poolp, char **whyp)
    OVS_EXCLUDED(mempool_mutex)
{
    struct dpdk_mempool_shape shape;
    struct dpdk_mempool *pool;
    int error = 0;

    dpdk_mempool_conf_shape(request, &shape);

    ovs_mutex_lock(&mempool_mutex);
    pool = (shape.shared ? find_shared(request, &shape)
            : find_own(request, &shape, shape.n_packets));
    if (pool) {
        pool->refcount++;
        *poolp = pool;
        mempool_sweep();
    } else {
        mempool_sweep();
        error = mempool_create(request, &shape, poolp, whyp);
    }
    ovs_mutex_unlock(&mempool_mutex);

    return error;
}

bool
dpdk_mempool_suits(const struct dpdk_mempool *pool,
                   const struct dpdk_mempool_request *request)
{
    struct dpdk_mempool_shape shape;

    if (pool->shape.shared) {
        return true;
    }
    dpdk_mempool_conf_shape(request, &shape);
    return shape.shared || shape.n_packets == pool->shape.n_packets;
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
