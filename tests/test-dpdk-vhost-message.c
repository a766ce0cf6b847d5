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

/* Unit tests of lib/dpdk-vhost-message.c, lib/dpdk-vhost-fd.c and
 * lib/dpdk-vhost-wire.c: which messages of front ends are refused. */

#include <config.h>

#include "dpdk-vhost-fd.h"
#include "dpdk-vhost-message.h"
#include "dpdk-vhost-wire.h"

#include <fcntl.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "util.h"

#define MAX_RING 32768

#define FD_NAME "/proc/self/fd/%d"
#define ROOT "/"
#define ZERO "/dev/zero"
#define PROC_FILE "/proc/self/maps"

static const struct dpdk_vhost_front_end all = {
    .offered_features = UINT64_MAX,
    .offered_protocol = 0x1ffff,
};

/* Fails unless 'why', which it frees, starts with 'expected', or is null if
 * that is. */
static void
assert_why(char *why, const char *expected)
{
    if (expected) {
        assert_non_null(why);
        if (strncmp(why, expected, strlen(expected))) {
            fail_msg("'%s', not '%s'", why, expected);
        }
    } else if (why) {
        fail_msg("refused: %s", why);
    }
    free(why);
}

static struct dpdk_vhost_message
make(uint32_t request, uint32_t size)
{
    return (struct dpdk_vhost_message) {
        .request = request, .flags = 1, .size = size
    };
}

static void
check_header(const struct dpdk_vhost_front_end *peer, uint32_t request,
             uint32_t flags, uint32_t size, const char *expected)
{
    struct dpdk_vhost_message msg = make(request, size);

    msg.flags = flags;
    assert_why(dpdk_vhost_message_check_header(peer, &msg), expected);
}

static void
note_u64(struct dpdk_vhost_front_end *peer, uint32_t request, uint64_t value)
{
    struct dpdk_vhost_message msg = make(request, 8);

    msg.payload.u64 = value;
    dpdk_vhost_message_note(peer, &msg);
}

static void
test_flags(void **state OVS_UNUSED)
{
    struct dpdk_vhost_front_end peer = all;

    check_header(&peer, 1, 1, 0, NULL);
    for (uint32_t flags = 0; flags < 16; flags++) {
        if (flags != 1) {
            check_header(&peer, 1, flags, 0,
                         (flags & 3) != 1 ? "has version"
                         : flags & 4 ? "is marked as a reply"
                         : "asks for a reply");
        }
    }
    check_header(&peer, 1, 0x80000001, 0, "has reserved flags");

    note_u64(&peer, DPDK_VHOST_SET_PROTOCOL_FEATURES, 1 << 3);
    check_header(&peer, 1, 9, 0, NULL);
}

static void
test_requests(void **state OVS_UNUSED)
{
    static const uint32_t basic[] = {
        1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 23
    };
    struct dpdk_vhost_front_end peer = all;
    bool is_basic[64] = { false };

    for (size_t i = 0; i < ARRAY_SIZE(basic); i++) {
        is_basic[basic[i]] = true;
    }
    for (uint32_t request = 0; request < 64; request++) {
        bool known = request >= 1 && request <= 40;
        struct dpdk_vhost_message msg = make(request, 0xffffff);
        char *why = dpdk_vhost_message_check_header(&peer, &msg);

        assert_int_equal(known, dpdk_vhost_message_name(request) != NULL);
        assert_why(why, is_basic[request] ? "has 16777215 bytes"
                   : known ? "was not negotiated" : "is not known");
    }
    check_header(&peer, UINT32_MAX, 1, 0, "is not known");

    /* What makes no sense for a network device stays refused. */
    note_u64(&peer, DPDK_VHOST_SET_PROTOCOL_FEATURES, UINT64_MAX);
    note_u64(&peer, DPDK_VHOST_SET_FEATURES, UINT64_MAX);
    for (uint32_t request = 1; request <= 40; request++) {
        struct dpdk_vhost_message msg = make(request, 0xffffff);

        assert_why(dpdk_vhost_message_check_header(&peer, &msg),
                   request == 26 || request == 27 || request == 33
                   ? "was not negotiated" : "has 16777215 bytes");
    }
}

static void
test_negotiation(void **state OVS_UNUSED)
{
    struct dpdk_vhost_front_end peer = all;

    /* Only what is offered counts. */
    peer.offered_protocol = 1 << 2;
    note_u64(&peer, DPDK_VHOST_SET_PROTOCOL_FEATURES, UINT64_MAX);
    check_header(&peer, 19, 1, 8, NULL);
    check_header(&peer, 20, 1, 8, "was not negotiated");
    check_header(&peer, 999, 1, 8, "is not known");

    /* It counts for the rest of the connection. */
    note_u64(&peer, DPDK_VHOST_SET_PROTOCOL_FEATURES, 0);
    check_header(&peer, 19, 1, 8, NULL);

    /* The IOMMU is a feature of virtio. */
    check_header(&peer, DPDK_VHOST_IOTLB_MSG, 1, 32, "was not negotiated");
    note_u64(&peer, DPDK_VHOST_SET_FEATURES,
             UINT64_C(1) << VIRTIO_F_IOMMU_PLATFORM);
    note_u64(&peer, DPDK_VHOST_SET_FEATURES, 0);
    check_header(&peer, DPDK_VHOST_IOTLB_MSG, 1, 32, NULL);
    check_header(&peer, DPDK_VHOST_IOTLB_MSG, 1, 31, "has 31 bytes, not 32");

    /* What we do not know may belong to a feature that we do not know. */
    peer.offered_protocol = UINT64_MAX;
    note_u64(&peer, DPDK_VHOST_SET_PROTOCOL_FEATURES, 1 << 19);
    check_header(&peer, 999, 1, 8, NULL);
    check_header(&peer, 999, 1, 4096, NULL);
    check_header(&peer, 999, 1, 4097, "has a size of 4097");
}

static void
test_sizes(void **state OVS_UNUSED)
{
    struct dpdk_vhost_front_end peer = all;

    for (uint32_t size = 0; size < 512; size++) {
        check_header(&peer, 1, 1, size, size ? "has " : NULL);
        check_header(&peer, 2, 1, size, size != 8 ? "has " : NULL);
        check_header(&peer, 5, 1, size,
                     size < 8 || size > 264 ? "has " : NULL);
        check_header(&peer, 9, 1, size, size != 40 ? "has " : NULL);
    }
}

static struct dpdk_vhost_message
make_table(uint32_t n)
{
    struct dpdk_vhost_message msg = make(DPDK_VHOST_SET_MEM_TABLE, 8 + 32 * n);

    msg.payload.memory.n = n;
    for (uint32_t i = 0; i < MIN(n, 8); i++) {
        msg.payload.memory.regions[i] = (struct dpdk_vhost_region) {
            .guest_addr = 0x1000 * i,
            .size = 0x1000,
            .user_addr = 0x100000 + 0x1000 * i,
            .offset = 0x1000 * i,
        };
    }
    return msg;
}

/* Checks 'msg' with 'n_fds' descriptors. */
static void
check(const struct dpdk_vhost_message *msg, size_t n_fds,
      const char *expected)
{
    assert_why(dpdk_vhost_message_check(&all, msg, n_fds), expected);
}

static void
test_table(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg;

    for (uint32_t n = 0; n <= 9; n++) {
        msg = make_table(n);
        check(&msg, n, n && n <= 8 ? NULL : "has ");
        if (n && n <= 8) {
            check(&msg, n - 1, "has ");
            check(&msg, n + 1, "has ");
            msg.size++;
            check(&msg, n, "has ");
        }
    }

    msg = make_table(8);
    msg.payload.memory.regions[7].guest_addr = 0x2fff;
    check(&msg, 8, "region 7 overlaps region 2 in the guest");
    msg = make_table(8);
    msg.payload.memory.regions[6].user_addr = 0x100fff;
    check(&msg, 8, "region 6 overlaps region 0 in the front end");
    msg = make_table(8);
    msg.payload.memory.regions[6].size = 0;
    check(&msg, 8, "region 6 is empty");

    /* The very last byte may be used. */
    msg = make_table(1);
    msg.payload.memory.regions[0].guest_addr = UINT64_MAX - 0x1000;
    msg.payload.memory.regions[0].user_addr = UINT64_MAX - 0x1000;
    check(&msg, 1, NULL);
    msg.payload.memory.regions[0].user_addr++;
    msg.payload.memory.regions[0].size++;
    check(&msg, 1, "region 0 of 0x1001 bytes wraps around");
    msg = make_table(1);
    msg.payload.memory.regions[0].offset = UINT64_MAX;
    check(&msg, 1, "region 0 of 0x1000 bytes wraps around");
}

/* librte_vhost has one userfaultfd, and forgets to close the one before. */
static void
test_advise(void **state OVS_UNUSED)
{
    const struct dpdk_vhost_message advise = make(28, 0), end = make(30, 0);
    struct dpdk_vhost_front_end peer = all;

    for (int i = 0; i < 2; i++) {
        assert_why(dpdk_vhost_message_check(&peer, &advise, 0), NULL);
        dpdk_vhost_message_note(&peer, &advise);
        assert_why(dpdk_vhost_message_check(&peer, &advise, 0), "comes again");
        dpdk_vhost_message_note(&peer, &end);
    }
}

/* A guest whose memory comes while it is used: a table without regions says
 * that the front end knows where the library has those of the last one. */
static void
test_postcopy(void **state OVS_UNUSED)
{
    const struct dpdk_vhost_message listen = make(29, 0), end = make(30, 0);
    const struct dpdk_vhost_message table = make_table(1), ack = make(5, 8);
    struct dpdk_vhost_front_end peer = all;
    struct dpdk_vhost_message odd = ack;

    dpdk_vhost_message_note(&peer, &table);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 0), "has 0 regions");
    dpdk_vhost_message_note(&peer, &listen);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 0), "has 0 regions");
    dpdk_vhost_message_note(&peer, &table);
    assert_why(dpdk_vhost_message_check(&peer, &table, 1), NULL);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 0), NULL);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 1), "has 1 file");
    odd.payload.u64 = UINT64_C(1) << 32;
    assert_why(dpdk_vhost_message_check(&peer, &odd, 0), "has 0 regions");

    /* Once for each. */
    dpdk_vhost_message_note(&peer, &ack);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 0), "has 0 regions");
    dpdk_vhost_message_note(&peer, &table);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 0), NULL);
    dpdk_vhost_message_note(&peer, &ack);
    dpdk_vhost_message_note(&peer, &end);
    dpdk_vhost_message_note(&peer, &table);
    assert_why(dpdk_vhost_message_check(&peer, &ack, 0), "has 0 regions");
}

static void
test_rings(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg = make(DPDK_VHOST_SET_VRING_NUM, 8);
    struct dpdk_vhost_front_end packed = all;

    packed.features = UINT64_C(1) << VIRTIO_F_RING_PACKED;
    for (uint32_t num = 0; num <= MAX_RING + 1; num++) {
        bool ok = num && num <= MAX_RING;

        msg.payload.state.num = num;
        assert_why(dpdk_vhost_message_check(&packed, &msg, 0),
                   ok ? NULL : "has a ring of ");
        check(&msg, 0, ok && is_pow2(num) ? NULL : "has a ring of ");
    }
    msg.payload.state.num = 256;
    for (int request = 0; request < 64; request++) {
        bool has_index = request == 8 || request == 9 || request == 10
                         || request == 11 || request == 18;

        msg.request = request;
        msg.payload.state.index = 255;
        if (has_index) {
            check(&msg, 0, NULL);
            msg.payload.state.index = 256;
            check(&msg, 0, "is for ring 256");
            msg.payload.state.index = UINT32_MAX;
            check(&msg, 0, "is for ring 4294967295");
        }
    }
}

static void
test_many_descriptors(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg = make(DPDK_VHOST_SET_VRING_NUM, 8);
    struct dpdk_vhost_front_end peer = all;

    /* What QEMU can have, then more, in any order, and again. */
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 256; i++) {
            msg.payload.state.index = i;
            msg.payload.state.num = 1024;
            assert_why(dpdk_vhost_message_check(&peer, &msg, 0), NULL);
            dpdk_vhost_message_note(&peer, &msg);
        }
        for (uint32_t i = 0; i < 256; i += 100) {
            msg.payload.state.index = i;
            msg.payload.state.num = 32768;
            assert_why(dpdk_vhost_message_check(&peer, &msg, 0),
                       i < 200 ? NULL
                       : "makes 357376 descriptors of all rings, there are "
                         "at most 327680");
            if (i < 200) {
                dpdk_vhost_message_note(&peer, &msg);
            }
        }
    }
    msg.payload.state.index = 100;
    msg.payload.state.num = 32768;
    assert_why(dpdk_vhost_message_check(&peer, &msg, 0), NULL);
}

static void
test_addresses(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg = make(DPDK_VHOST_SET_VRING_ADDR, 40);
    struct dpdk_vhost_front_end packed = all;

    packed.features = UINT64_C(1) << VIRTIO_F_RING_PACKED;
    for (uint64_t i = 0; i < 32; i++) {
        memset(&msg.payload.addr, 0, sizeof msg.payload.addr);
        msg.payload.addr.desc = i;
        check(&msg, 0, i % 16 ? "has a ring that is not aligned" : NULL);
        msg.payload.addr.desc = 0;
        msg.payload.addr.avail = i;
        check(&msg, 0, i % 2 ? "has a ring that is not aligned" : NULL);
        assert_why(dpdk_vhost_message_check(&packed, &msg, 0),
                   i % 4 ? "has a ring that is not aligned" : NULL);
        msg.payload.addr.avail = 0;
        msg.payload.addr.used = i;
        check(&msg, 0, i % 4 ? "has a ring that is not aligned" : NULL);
    }
}

static void
test_fds_of_rings(void **state OVS_UNUSED)
{
    for (uint32_t request = 12; request <= 14; request++) {
        const char *why = (request == DPDK_VHOST_SET_VRING_KICK
                           ? "starts ring 255, which has no size" : NULL);
        struct dpdk_vhost_message msg = make(request, 8);

        msg.payload.u64 = 255;
        check(&msg, 1, why);
        check(&msg, 0, "has 0 file descriptors, not 1");
        check(&msg, 2, "has 2 file descriptors, not 1");
        msg.payload.u64 |= 1 << 8;
        check(&msg, 0, why);
        check(&msg, 1, "has 1 file descriptors, not 0");
        msg.payload.u64 = 1 << 9;
        check(&msg, 1, "is for ring 0x200");
    }
}

/* Notes that ring 'index' of 'peer' has 'num' descriptors, or, if that is 0,
 * that it is stopped. */
static void
note_size(struct dpdk_vhost_front_end *peer, uint32_t index, uint32_t num)
{
    struct dpdk_vhost_message msg = make(num ? DPDK_VHOST_SET_VRING_NUM
                                         : DPDK_VHOST_GET_VRING_BASE, 8);

    msg.payload.state.index = index;
    msg.payload.state.num = num;
    dpdk_vhost_message_note(peer, &msg);
}

/* librte_vhost would not notice that a ring has no size. */
static void
test_start(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg = make(DPDK_VHOST_SET_VRING_KICK, 8);
    const uint64_t mq = UINT64_C(1) << VIRTIO_NET_F_MQ;
    struct dpdk_vhost_front_end peer = all;

    for (uint32_t i = 0; i < 256; i++) {
        msg.payload.u64 = i;
        note_size(&peer, i, 32768 >> i % 16);
        assert_why(dpdk_vhost_message_check(&peer, &msg, 1), NULL);
        note_size(&peer, i, 0);
        assert_why(dpdk_vhost_message_check(&peer, &msg, 1), "starts ring ");
        note_size(&peer, i, 1);
    }

    note_u64(&peer, DPDK_VHOST_SET_FEATURES, mq);
    assert_why(dpdk_vhost_message_check(&peer, &msg, 1), NULL);
    note_u64(&peer, DPDK_VHOST_SET_FEATURES, UINT64_MAX - mq);
    for (uint32_t i = 0; i < 256; i++) {
        msg.payload.u64 = i;
        assert_why(dpdk_vhost_message_check(&peer, &msg, 1),
                   i < 2 ? NULL : "starts ring ");
    }
}

static void
test_log(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg = make(DPDK_VHOST_SET_LOG_BASE, 16);

    check(&msg, 1, "has an empty log");
    msg.payload.log.size = 4096;
    check(&msg, 1, NULL);
    check(&msg, 0, "has 0 file descriptors, not 1");
    msg.payload.log.offset = 4096;
    check(&msg, 1, "has offset 0x1000");
}

/* Checks of descriptors
 * --------------------- */

static void
test_memory_fd(void **state OVS_UNUSED)
{
    int fd = memfd_create("test", MFD_ALLOW_SEALING);
    int read_only;
    char *path;
    int zero;

    assert_int_equal(ftruncate(fd, 8192), 0);
    assert_why(dpdk_vhost_fd_check_memory(fd, 0, 8192), NULL);
    assert_why(dpdk_vhost_fd_check_memory(fd, 4096, 4096), NULL);
    assert_why(dpdk_vhost_fd_check_memory(fd, 8191, 1), NULL);
    assert_why(dpdk_vhost_fd_check_memory(fd, 8191, 2), "has 8192 bytes");
    assert_why(dpdk_vhost_fd_check_memory(fd, 8193, 1), "has 8192 bytes");
    assert_why(dpdk_vhost_fd_check_memory(fd, 1, UINT64_MAX - 1),
               "has 8192 bytes");

    path = xasprintf(FD_NAME, fd);
    read_only = open(path, O_RDONLY);
    assert_true(read_only >= 0);
    assert_why(dpdk_vhost_fd_check_memory(read_only, 0, 8192),
               "cannot be mapped");
    close(read_only);
    free(path);

    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    assert_why(dpdk_vhost_fd_check_memory(fd, 0, 8192), "cannot be mapped");
    close(fd);

    zero = open(ZERO, O_RDWR);
    assert_why(dpdk_vhost_fd_check_memory(zero, 0, 4096),
               "is a character device, not memory");
    close(zero);
    assert_why(dpdk_vhost_fd_check_memory(-1, 0, 4096), "cannot be examined");

    /* Any file, but not of memory. */
    read_only = open(PROC_FILE, O_RDONLY);
    assert_why(dpdk_vhost_fd_check_memory(read_only, 0, 4096),
               "is a regular file, but not of memory");
    close(read_only);
}

/* A file on a disk, as libvirt has them, if this test is on one. */
static void
test_disk_fd(void **state OVS_UNUSED)
{
    char name[] = "disk.XXXXXX";
    int fd = mkstemp(name);
    struct stat s;

    assert_true(fd >= 0);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(ftruncate(fd, 8192), 0);
    assert_int_equal(fstat(fd, &s), 0);
    assert_why(dpdk_vhost_fd_check_memory(fd, 0, 8192),
               major(s.st_dev) ? NULL : "is a regular file");
    close(fd);
}

/* Regions that are too large, or fit one by one, but not together: there are
 * 128 TB, of which others need some, too. */
static void
test_all_memory(void **state OVS_UNUSED)
{
    const uint64_t size = UINT64_C(60) << 40;
    struct dpdk_vhost_message msg = { .request = DPDK_VHOST_SET_MEM_TABLE };
    enum dpdk_vhost_fault fault;
    int fds[3];

    for (int i = 0; i < 3; i++) {
        struct dpdk_vhost_region *region = &msg.payload.memory.regions[i];

        fds[i] = memfd_create("test", 0);
        assert_int_equal(ftruncate(fds[i], size), 0);
        region->size = size;
        region->guest_addr = region->user_addr = i * size;
    }
    msg.payload.memory.n = 3;
    assert_why(dpdk_vhost_fd_check_message(&msg, fds, 1, &fault),
               "takes more than 1/8 of the address space");
    assert_int_equal(fault, DPDK_VHOST_FAULT_MEMORY);
    assert_why(dpdk_vhost_fd_check_message(&msg, fds, 3, &fault),
               "region 1: file cannot be mapped");
    assert_int_equal(fault, DPDK_VHOST_FAULT_MEMORY);
    assert_why(dpdk_vhost_fd_check_memory(fds[0], 0, size),
               "takes more than 1/8 of the address space");

    /* Nothing is left of that. */
    for (int i = 0; i < 3; i++) {
        msg.payload.memory.regions[i].size = UINT64_C(3) << 40;
    }
    for (int i = 0; i < 20; i++) {
        assert_why(dpdk_vhost_fd_check_message(&msg, fds, 3, &fault), NULL);
    }
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

/* A log that ends within a huge page.  Without these, there is none. */
static void
test_huge_log(void **state OVS_UNUSED)
{
    struct dpdk_vhost_message msg = { .request = DPDK_VHOST_SET_LOG_BASE };
    int fd = memfd_create("test", MFD_HUGETLB);
    enum dpdk_vhost_fault fault;
    struct stat s;
    char *why;

    if (fd < 0) {
        skip();
    }
    assert_int_equal(fstat(fd, &s), 0);
    assert_int_equal(ftruncate(fd, 2 * s.st_blksize), 0);
    for (int i = -1; i <= 1; i++) {
        msg.payload.log.size = s.st_blksize + 4096 * i;
        why = dpdk_vhost_fd_check_message(&msg, &fd, 1, &fault);
        if (i) {
            assert_why(why, "with file that has pages of ");
        } else if (why) {
            /* There may be no page. */
            assert_why(why, "with file that cannot be mapped");
        }
        assert_int_equal(fault, DPDK_VHOST_FAULT_MEMORY);
    }
    close(fd);
}

static void
test_event_fd(void **state OVS_UNUSED)
{
    int fd = eventfd(0, 0);
    int pair[2];

    assert_why(dpdk_vhost_fd_check_event(fd), NULL);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_why(dpdk_vhost_fd_check_socket(fd),
               "is an anonymous file, not a stream socket");
    close(fd);
    fd = epoll_create1(0);
    assert_why(dpdk_vhost_fd_check_event(fd), "is an anonymous file, not an");
    close(fd);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_why(dpdk_vhost_fd_check_event(pair[0]), "is a socket, not an");
    assert_why(dpdk_vhost_fd_check_socket(pair[0]), NULL);
    close(pair[0]);
    close(pair[1]);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_why(dpdk_vhost_fd_check_socket(fd), "is a socket, not a stream");
    close(fd);
    assert_int_equal(pipe(pair), 0);
    assert_why(dpdk_vhost_fd_check_event(pair[1]), "is a pipe, not an");
    close(pair[0]);
    close(pair[1]);

    fd = open(ROOT, O_RDONLY);
    assert_why(dpdk_vhost_fd_check_event(fd), "is a directory");
    close(fd);
    assert_why(dpdk_vhost_fd_check_event(-1), "cannot be examined");
}

static void
test_wire(void **state OVS_UNUSED)
{
    struct dpdk_vhost_fds in = { .n = 0 };
    struct dpdk_vhost_fds out = { .n = 0 };
    char data[64];
    size_t n = 0;
    int pair[2];
    int lowest;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    lowest = dup(0);
    close(lowest);
    assert_int_equal(dpdk_vhost_wire_read(pair[0], data, sizeof data, &n, &in),
                     DPDK_VHOST_IO_AGAIN);

    /* Descriptors come with the first byte. */
    for (int i = 0; i < DPDK_VHOST_MAX_FDS; i++) {
        out.fds[out.n++] = 0;
    }
    assert_int_equal(dpdk_vhost_wire_write(pair[1], "0123456789", 10, &out),
                     DPDK_VHOST_IO_DONE);
    assert_int_equal(dpdk_vhost_wire_read(pair[0], data, 4, &n, &in),
                     DPDK_VHOST_IO_DONE);
    assert_int_equal(n, 4);
    assert_int_equal(in.n, DPDK_VHOST_MAX_FDS);
    assert_false(in.too_many);
    assert_int_equal(dpdk_vhost_wire_read(pair[0], data + 4, 60, &n, &in),
                     DPDK_VHOST_IO_DONE);
    assert_int_equal(n, 10);
    assert_memory_equal(data, "0123456789", 10);

    /* More of them are closed. */
    out.n = 1;
    assert_int_equal(dpdk_vhost_wire_write(pair[1], "x", 1, &out),
                     DPDK_VHOST_IO_DONE);
    assert_int_equal(dpdk_vhost_wire_read(pair[0], data, 1, &n, &in),
                     DPDK_VHOST_IO_DONE);
    assert_true(in.too_many);
    dpdk_vhost_fds_close(&in);
    assert_int_equal(dup(0), lowest);
    close(lowest);

    close(pair[1]);
    assert_int_equal(dpdk_vhost_wire_read(pair[0], data, 1, &n, &in),
                     DPDK_VHOST_IO_CLOSED);
    out.n = 0;
    assert_int_equal(dpdk_vhost_wire_write(pair[0], "x", 1, &out),
                     DPDK_VHOST_IO_CLOSED);
    close(pair[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_negotiation),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_advise),
        cmocka_unit_test(test_postcopy),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_many_descriptors),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_fds_of_rings),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_memory_fd),
        cmocka_unit_test(test_disk_fd),
        cmocka_unit_test(test_all_memory),
        cmocka_unit_test(test_huge_log),
        cmocka_unit_test(test_event_fd),
        cmocka_unit_test(test_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
