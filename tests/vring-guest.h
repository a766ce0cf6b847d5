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

#ifndef VRING_GUEST_H
#define VRING_GUEST_H 1

/* A guest that lives in the memory of a test: the driver's side of one ring,
 * split or packed, written to be obvious rather than fast.  It trusts its
 * device: what violates the specification is an assertion failure.  And the
 * device, with a pool of packets. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <sys/types.h>

#include "dp-packet.h"
#include "dpdk-vring.h"

#define FEATURE(NAME) (UINT64_C(1) << VIRTIO_##NAME)

/* Features of an ordinary guest. */
#define GUEST_PLAIN FEATURE(F_VERSION_1)
#define GUEST_MERGEABLE (GUEST_PLAIN | FEATURE(NET_F_MRG_RXBUF))

/* The guest's memory: two regions that are next to each other for the guest
 * but not for us, a third one at the end of its address space, and one for
 * each of the three parts of the ring, which has no more room than that. */
#define GUEST_N_REGIONS 6
#define GUEST_REGION_SIZE (1024 * 1024)
#define GUEST_REGION_0 UINT64_C(0x100000)
#define GUEST_REGION_1 (GUEST_REGION_0 + GUEST_REGION_SIZE)
#define GUEST_REGION_2 (UINT64_MAX - GUEST_REGION_SIZE + 1)
#define GUEST_SEAM GUEST_REGION_1
#define GUEST_RING UINT64_C(0x10000000)

/* A part of a buffer. */
struct guest_part {
    uint64_t addr;
    uint32_t len;
};

/* How to describe a buffer. */
enum guest_layout {
    GUEST_DIRECT,               /* A chain of descriptors. */
    GUEST_INDIRECT,             /* One descriptor, and a table. */
    GUEST_CHAINED_INDIRECT      /* Split only: a chain that ends with that. */
};

#define GUEST_MAX_PARTS 64

/* A buffer that the device has. */
struct guest_buffer {
    bool used;                  /* Is this in use? */
    size_t n_parts;
    struct guest_part parts[GUEST_MAX_PARTS];
    uint16_t descs[GUEST_MAX_PARTS]; /* Split: indexes of its descriptors. */
    uint16_t n_descs;
};

struct guest {
    bool packed;
    uint64_t features;
    uint16_t size;
    struct dpdk_vring_memory memory;
    uint64_t next_addr;         /* Where guest_alloc() goes on. */

    /* The ring. */
    union {
        struct vring_desc *desc;
        struct vring_packed_desc *desc_packed;
    };
    struct vring_avail *avail;
    struct vring_used *used;
    struct vring_packed_desc_event *driver_event;
    struct vring_packed_desc_event *device_event;

    /* The driver. */
    struct guest_buffer *buffers; /* 'size' of them, by identifier. */
    bool *desc_used;            /* Split: which descriptors are in use. */
    uint16_t n_free;            /* Descriptors that are not in use. */
    uint16_t next_avail;        /* Index of the next one to make available. */
    uint16_t next_used;         /* Index of the next one to be used. */
    bool avail_wrap;            /* Packed: wrap counters. */
    bool used_wrap;
    uint16_t pending_flags;     /* Packed: of the first buffer not yet made */
    struct vring_packed_desc *pending; /* available, or null. */
    bool random;                /* Take descriptors in random order? */
};

/* Creates a guest that has negotiated 'features', and whose ring has 'size'
 * descriptors and is at index 'start'. */
void guest_init(struct guest *, uint64_t features, uint16_t size,
                uint16_t start);
void guest_uninit(struct guest *);

/* Returns the address of 'len' bytes that nobody has used for long. */
uint64_t guest_alloc(struct guest *, uint32_t len);

/* Access to the guest's memory, which must be there. */
uint8_t *guest_byte(struct guest *, uint64_t addr);
void guest_write(struct guest *, uint64_t addr, const void *, size_t n);
void guest_read(struct guest *, uint64_t addr, void *, size_t n);

/* Adds a buffer of the 'n' parts in 'parts', that the device may write to if
 * 'writable', else read from.  Returns an identifier, or -1 if there is no
 * room.  The device does not know of it before guest_publish(). */
int guest_add(struct guest *, const struct guest_part parts[], size_t n,
              bool writable, enum guest_layout);
void guest_publish(struct guest *);

/* Takes a buffer that the device has used.  Returns its identifier, and stores
 * the number of bytes that the device wrote in '*lenp', or returns -1. */
int guest_take(struct guest *, uint32_t *lenp);

/* Copies the first 'n' bytes of buffer 'id' to 'dst'. */
void guest_read_buffer(struct guest *, int id, void *dst, size_t n);

/* Sends the 'n' bytes at 'data' behind 'hdr', or a header of zeros, in a
 * single part.  Returns false if there is no room. */
bool guest_send(struct guest *, const struct virtio_net_hdr_v1 *hdr,
                const void *data, size_t n);

/* Size of the header of a packet. */
size_t guest_hdr_len(const struct guest *);

/* A device, and the guest that it belongs to. */
#define ROOM 1600               /* For data in an element, in bytes. */
#define BURST DPDK_VRING_MAX_BURST
struct device {
    struct guest g;
    struct dpdk_vring vr;
    struct dp_packet *elements[BURST]; /* The pool. */
    struct dpdk_vring_burst burst; /* Of the last call. */
};

/* Makes 'vr' the device's view of the ring of 'g'. */
#define HEADROOM 128
void guest_view(struct guest *g, struct dpdk_vring *vr,
                dpdk_vring_enlarge_func *);

/* Makes views from now on log their writes, or not if 'log' is null. */
void guest_set_log(dpdk_vring_log_func *log, void *aux);

void device_init(struct device *, uint64_t features, uint16_t size,
                 uint16_t start);
void device_uninit(struct device *);

/* Receives up to 'n' packets into the first elements. */
size_t device_rx(struct device *, size_t n);

/* Fails unless the last call dropped as many as that. */
void assert_drops(const struct device *, unsigned int big, unsigned int runt,
                  unsigned int offload);

/* Fails unless 'p' is the packet of 'n' bytes at 'data'. */
void assert_packet(const struct dp_packet *p, const void *data, size_t n);

/* Packets of 'n' bytes that 'seed' tells from others. */
void packet_pattern(uint8_t *data, size_t n, uint32_t seed);
struct dp_packet *packet_new(size_t n, uint32_t seed);
void assert_pattern(const struct dp_packet *, size_t n, uint32_t seed);
bool send_pattern(struct guest *, size_t n, uint32_t seed);
void assert_receive(struct guest *, size_t n, uint32_t seed);

/* Gives the device a buffer of one part to write 'len' bytes to.  Returns its
 * identifier, or -1. */
int add_room(struct guest *, uint32_t len);

/* Takes a packet from the ring into 'data', and its header into 'hdr'.
 * Returns its size, or -1. */
ssize_t guest_receive(struct guest *, struct virtio_net_hdr_v1 *hdr,
                      uint8_t *data);

/* The combinations of features that tests run with. */
#define PACKED FEATURE(F_RING_PACKED)
#define OFFLOAD_FEATURES                                                    \
    (FEATURE(NET_F_CSUM) | FEATURE(NET_F_HOST_TSO4)                         \
     | FEATURE(NET_F_HOST_TSO6) | FEATURE(NET_F_GUEST_CSUM)                 \
     | FEATURE(NET_F_GUEST_TSO4) | FEATURE(NET_F_GUEST_TSO6))

extern uint64_t with_legacy, with_v1, with_mergeable, with_offload, with_all;
extern uint64_t with_packed, with_packed_mergeable, with_packed_all;

#define ONE(TEST, FEATURES)                                             \
    { #TEST ", " #FEATURES, TEST, NULL, NULL, &with_##FEATURES }
#define EACH(TEST)                                                      \
    ONE(TEST, legacy), ONE(TEST, v1), ONE(TEST, mergeable),             \
    ONE(TEST, packed), ONE(TEST, packed_mergeable)
#define EACH_ALL(TEST)                                                  \
    EACH(TEST), ONE(TEST, offload), ONE(TEST, all), ONE(TEST, packed_all)

/* Runs 'TESTS' for each kind of CPU that this one is of, and for guests that
 * migrate, and returns the number of failed tests. */
#define RUN_FOR_CPUS(TESTS)                                             \
    ((next_cpu(0) ? cmocka_run_group_tests(TESTS, NULL, NULL) : 0)      \
     + (next_cpu(1) ? cmocka_run_group_tests(TESTS, NULL, NULL) : 0)    \
     + (next_cpu(2) ? cmocka_run_group_tests(TESTS, NULL, NULL) : 0)    \
     + (next_cpu(3) ? cmocka_run_group_tests(TESTS, NULL, NULL) : 0)    \
     + (next_cpu(4) ? cmocka_run_group_tests(TESTS, NULL, NULL) : 0))
bool next_cpu(unsigned int i);

#endif /* vring-guest.h */
