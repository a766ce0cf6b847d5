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

/* Fuzzes lib/dpdk-vhost-message.c, the checks of messages of vhost-user, and
 * lib/dpdk-vhost-wire.c, which reads and writes them.
 *
 * An input is what a front end is offered (one byte for the features, two for
 * the protocol features), then messages, up to the end of the input:
 *
 *   - Request: one byte, 255 for four bytes that follow.
 *   - Flags: one byte, of which the lowest bit is inverted, so that 0 is a
 *     good message; 255 for four bytes that follow.
 *   - Descriptors: one byte, modulo 20.
 *   - How the wire is cut: one byte, 0 not to use the wire.
 *   - Size: one byte, 255 for four bytes that follow, or 254 for as many as
 *     the regions of SET_MEM_TABLE take.
 *   - Payload: for SET_MEM_TABLE a number of regions, one byte, and for each
 *     region its four members, each a shift (one byte, modulo 64), and a
 *     number (two bytes) that is shifted, or subtracted from 0 if the shift's
 *     bit 6 is set.  Otherwise the bytes, up to 64 of them.
 *
 * What must hold: a message is accepted if and only if it is good according
 * to expect(), which says what the specification says and is written without
 * a look at the code.  What is refused comes with a reason.  A front end has
 * only features that it was offered, and only two requests change them.  The
 * wire delivers the same bytes and descriptors, however it is cut, and leaks
 * no descriptor. */

#include <config.h>

#include <linux/virtio_config.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dpdk-vhost-message.h"
#include "dpdk-vhost-wire.h"
#include "fuzz.h"
#include "util.h"

#define MAX_MESSAGES 64
#define MAX_FDS 20
#define MAX_ON_WIRE 272         /* Bytes of payload. */

/* Bits of protocol features, as the specification has them. */
enum {
    LOG_SHMFD = 1, RARP = 2, REPLY_ACK = 3, MTU = 4, BACKEND_REQ = 5,
    PAGEFAULT = 8, CONFIG = 9, INFLIGHT = 12, RESET = 13, INBAND = 14,
    MEM_SLOTS = 15, STATUS = 16
};

static bool
has(uint64_t bits, int bit)
{
    return bits >> bit & 1;
}

/* What the specification says of the form of a request. */
struct form {
    bool known;
    bool allowed;               /* Negotiated, if that is needed? */
    uint32_t min, max;          /* Of the payload, in bytes. */
    size_t n_fds;               /* If it is known. */
};

static struct form
form_of(const struct dpdk_vhost_front_end *peer,
        const struct dpdk_vhost_message *msg)
{
    uint64_t p = peer->ever_protocol;
    bool ring_fd = !has(msg->payload.u64, 8);

    switch (msg->request) {
    case 1: case 3: case 4: case 15: case 17:
        return (struct form) { true, true, 0, 0, 0 };
    case 2: case 8: case 10: case 11: case 16: case 18: case 23:
        return (struct form) { true, true, 8, 8, 0 };
    case 5:
        return (struct form) { true, true, 8, 8 + 8 * 32,
                               msg->payload.memory.n };
    case 6: return (struct form) { true, has(p, LOG_SHMFD), 16, 16, 1 };
    case 7: return (struct form) { true, true, 0, 8, 1 };
    case 9: return (struct form) { true, true, 40, 40, 0 };
    case 12: case 13: case 14:
        return (struct form) { true, true, 8, 8, ring_fd };
    case 19: return (struct form) { true, has(p, RARP), 8, 8, 0 };
    case 20: return (struct form) { true, has(p, MTU), 8, 8, 0 };
    case 21: return (struct form) { true, has(p, BACKEND_REQ), 0, 8, 1 };
    case 22:
        return (struct form) { true, has(peer->ever_features,
                                         VIRTIO_F_IOMMU_PLATFORM), 32, 32, 0 };
    case 24: case 25:
        return (struct form) { true, has(p, CONFIG), 12, 268, 0 };
    case 26: case 27: case 33:
        return (struct form) { true, false, 0, 0, 0 };
    case 28: case 29: case 30:
        return (struct form) { true, has(p, PAGEFAULT), 0, 0, 0 };
    case 31: return (struct form) { true, has(p, INFLIGHT), 20, 24, 0 };
    case 32: return (struct form) { true, has(p, INFLIGHT), 20, 24, 1 };
    case 34: return (struct form) { true, has(p, RESET), 0, 0, 0 };
    case 35: return (struct form) { true, has(p, INBAND), 8, 8, 0 };
    case 36: return (struct form) { true, has(p, MEM_SLOTS), 0, 0, 0 };
    case 37: return (struct form) { true, has(p, MEM_SLOTS), 40, 40, 1 };
    case 38: return (struct form) { true, has(p, MEM_SLOTS), 40, 40, 0 };
    case 39: return (struct form) { true, has(p, STATUS), 8, 8, 0 };
    case 40: return (struct form) { true, has(p, STATUS), 0, 0, 0 };
    default:
        return (struct form) { false, p >> 17, 0, DPDK_VHOST_MESSAGE_MAX_SIZE,
                               0 };
    }
}

static bool
expect_header(const struct dpdk_vhost_front_end *peer,
              const struct dpdk_vhost_message *msg)
{
    struct form form = form_of(peer, msg);

    return (form.allowed && msg->size >= form.min && msg->size <= form.max
            && (msg->flags == 1
                || (msg->flags == 9 && has(peer->ever_protocol, REPLY_ACK))));
}

/* Addresses, wide enough not to wrap. */
struct range {
    unsigned __int128 start, end;
};

/* Returns true if the 'n' 'ranges' have bytes, do not wrap, and do not
 * overlap. */
static bool
are_disjoint(const struct range ranges[], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (ranges[i].start == ranges[i].end
            || ranges[i].end > UINT64_MAX) {
            return false;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (ranges[i].start < ranges[j].end
                && ranges[j].start < ranges[i].end) {
                return false;
            }
        }
    }
    return true;
}

static bool
expect_memory(const struct dpdk_vhost_message *msg)
{
    struct range guest[DPDK_VHOST_MESSAGE_MAX_REGIONS];
    struct range user[DPDK_VHOST_MESSAGE_MAX_REGIONS];
    uint32_t n = msg->payload.memory.n;

    if (n < 1 || n > 8 || msg->size != 8 + 32 * n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct dpdk_vhost_region *r = &msg->payload.memory.regions[i];
        unsigned __int128 size = r->size;

        guest[i] = (struct range) { r->guest_addr, r->guest_addr + size };
        user[i] = (struct range) { r->user_addr, r->user_addr + size };
        if (r->offset + size > UINT64_MAX) {
            return false;
        }
    }
    return are_disjoint(guest, n) && are_disjoint(user, n);
}

/* Returns true if a ring of the size in 'msg' is not too much beside the other
 * ones. */
static bool
expect_room(const struct dpdk_vhost_front_end *peer,
            const struct dpdk_vhost_message *msg)
{
    uint64_t sum = msg->payload.state.num;

    for (size_t i = 0; i < 256; i++) {
        if (i != msg->payload.state.index) {
            sum += peer->sizes[i];
        }
    }
    return sum <= 327680;
}

static bool
expect_payload(const struct dpdk_vhost_front_end *peer,
               const struct dpdk_vhost_message *msg)
{
    bool packed = has(peer->features, VIRTIO_F_RING_PACKED);
    uint32_t num = msg->payload.state.num;
    bool index_ok = msg->payload.state.index < 256;

    switch (msg->request) {
    case 5:
        return ((peer->owes_ack && msg->size == 8 && !msg->payload.u64)
                || expect_memory(msg));
    case 6:
        return msg->payload.log.size && !msg->payload.log.offset;
    case 8:
        return (index_ok && num >= 1 && num <= 32768
                && (packed || !(num & (num - 1)))
                && expect_room(peer, msg));
    case 9:
        return (index_ok && !(msg->payload.addr.desc & 15)
                && !(msg->payload.addr.used & 3)
                && !(msg->payload.addr.avail & (packed ? 3 : 1)));
    case 10: case 11: case 18:
        return index_ok;
    case 12:
        return (msg->payload.u64 < 512
                && peer->sizes[msg->payload.u64 % 256]);
    case 13: case 14:
        return msg->payload.u64 < 512;
    case 28:
        return !peer->advised;
    default:
        return true;
    }
}

/* Reading a message
 * ----------------- */

static uint64_t
read_member(struct fuzz_input *in)
{
    uint8_t shift = fuzz_u8(in);
    uint64_t x = (uint64_t) fuzz_u16(in) << (shift & 63);

    return shift & 64 ? -x : x;
}

static uint32_t
read_escaped(struct fuzz_input *in)
{
    uint8_t x = fuzz_u8(in);

    return x == 255 ? fuzz_u32(in) : x;
}

static void
read_message(struct fuzz_input *in, struct dpdk_vhost_message *msg,
             size_t *n_fds, uint8_t *cut)
{
    memset(msg, 0, sizeof *msg);
    msg->request = read_escaped(in);
    msg->flags = read_escaped(in) ^ 1;
    *n_fds = fuzz_u8(in) % (MAX_FDS + 1);
    *cut = fuzz_u8(in);
    msg->size = read_escaped(in);
    if (msg->request == DPDK_VHOST_SET_MEM_TABLE) {
        uint8_t n = fuzz_u8(in);

        msg->payload.memory.n = n;
        for (size_t i = 0; i < n && i < DPDK_VHOST_MESSAGE_MAX_REGIONS; i++) {
            struct dpdk_vhost_region *r = &msg->payload.memory.regions[i];

            r->guest_addr = read_member(in);
            r->size = read_member(in);
            r->user_addr = read_member(in);
            r->offset = read_member(in);
        }
        if (msg->size == 254) {
            msg->size = 8 + n * sizeof msg->payload.memory.regions[0];
        }
    } else {
        fuzz_bytes(in, &msg->payload, MIN(msg->size, 64));
    }
}

/* The wire
 * -------- */

static int passed_fd = -1;        /* What is passed. */

/* Sends the first bytes of 'data' with 'n_fds' descriptors. */
static void
send_fds(int to, const uint8_t *data, size_t size, size_t n_fds)
{
    struct iovec iov = { CONST_CAST(uint8_t *, data), size };
    union {
        struct cmsghdr align;
        char data[CMSG_SPACE(MAX_FDS * sizeof(int))];
    } control;
    struct msghdr mh = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = n_fds ? &control : NULL,
        .msg_controllen = n_fds ? CMSG_SPACE(n_fds * sizeof(int)) : 0,
    };

    memset(&control, 0, sizeof control);
    control.align.cmsg_level = SOL_SOCKET;
    control.align.cmsg_type = SCM_RIGHTS;
    control.align.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    for (size_t i = 0; i < n_fds; i++) {
        memcpy(CMSG_DATA(&control.align) + i * sizeof passed_fd,
               &passed_fd, sizeof passed_fd);
    }
    MUST(sendmsg(to, &mh, MSG_NOSIGNAL) == size);
}

/* Sends and receives 'msg', in parts that 'cut' says. */
static void
pass(const struct dpdk_vhost_message *msg, size_t n_fds, uint8_t cut)
{
    size_t size = DPDK_VHOST_MESSAGE_HEADER_SIZE
                  + MIN(msg->size, MAX_ON_WIRE);
    const uint8_t *bytes = (const uint8_t *) msg;
    struct dpdk_vhost_fds fds = { .n = 0 };
    struct dpdk_vhost_message copy, again;
    size_t n_sent = 0, n_read = 0;
    int before, after, pair[2];

    /* Descriptors are the lowest free ones: there is a leak if this one moves.
     * The first call opens the one that is passed. */
    if (passed_fd < 0) {
        passed_fd = memfd_create("fuzz", 0);
    }
    before = dup(passed_fd);
    memset(&copy, 0x5a, sizeof copy);
    MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    while (n_read < size) {
        enum dpdk_vhost_io io;

        if (n_sent < size) {
            size_t part = MIN(size - n_sent, 1 + cut % 32 * 7);

            send_fds(pair[0], bytes + n_sent, part, n_sent ? 0 : n_fds);
            n_sent += part;
        }
        do {
            size_t room = MIN(size - n_read, 1 + (cut >> 5) * 9);

            io = dpdk_vhost_wire_read(pair[1], (uint8_t *) &copy + n_read,
                                      room, &n_read, &fds);
        } while (io == DPDK_VHOST_IO_DONE && n_read < n_sent);
        MUST(io != DPDK_VHOST_IO_CLOSED && n_read == n_sent);
    }
    MUST(!memcmp(msg, &copy, size));
    MUST(fds.n == n_fds);
    MUST(fds.too_many == (n_fds > DPDK_VHOST_MAX_FDS));
    if (fds.too_many) {
        /* These are not passed on, and all of them are known. */
        dpdk_vhost_fds_close(&fds);
        MUST(!fds.n && !fds.too_many);
    }

    /* And back, as a whole. */
    MUST(dpdk_vhost_wire_write(pair[1], &copy, size, &fds)
         == DPDK_VHOST_IO_DONE);
    dpdk_vhost_fds_close(&fds);
    MUST(!fds.n && !fds.too_many);
    n_read = 0;
    MUST(dpdk_vhost_wire_read(pair[0], &again, size, &n_read, &fds)
         == DPDK_VHOST_IO_DONE);
    MUST(n_read == size && !memcmp(msg, &again, size));
    MUST(fds.n == (n_fds > DPDK_VHOST_MAX_FDS ? 0 : n_fds));
    dpdk_vhost_fds_close(&fds);

    n_read = 0;
    MUST(dpdk_vhost_wire_read(pair[0], &again, size, &n_read, &fds)
         == DPDK_VHOST_IO_AGAIN && !n_read);

    /* Not just close(): who looks into /proc may keep the socket open. */
    shutdown(pair[1], SHUT_RDWR);
    close(pair[1]);
    MUST(dpdk_vhost_wire_read(pair[0], &again, size, &n_read, &fds)
         == DPDK_VHOST_IO_CLOSED && !n_read);
    close(pair[0]);

    close(before);
    after = dup(passed_fd);
    MUST(before == after);
    close(after);
}

/* The checks
 * ---------- */

/* Fails unless 'why', which is freed, is a reason if and only if the message
 * is not 'expected' to be good. */
static bool
check_reason(char *why, bool expected)
{
    MUST(!why == expected);
    MUST(!why || why[0]);
    free(why);
    return expected;
}

static void
check_note(struct dpdk_vhost_front_end *peer,
           const struct dpdk_vhost_message *msg)
{
    const struct dpdk_vhost_front_end old = *peer;

    dpdk_vhost_message_note(peer, msg);
    MUST(peer->offered_features == old.offered_features);
    MUST(peer->offered_protocol == old.offered_protocol);
    MUST(!(peer->ever_features & ~peer->offered_features));
    MUST(!(peer->ever_protocol & ~peer->offered_protocol));
    MUST(!(peer->features & ~peer->ever_features));
    MUST(!(peer->protocol & ~peer->ever_protocol));
    MUST(!(old.ever_features & ~peer->ever_features));
    MUST(!(old.ever_protocol & ~peer->ever_protocol));
    if (msg->request == 2) {
        MUST(peer->features == (msg->payload.u64 & old.offered_features));
    } else {
        MUST(peer->features == old.features);
        MUST(peer->ever_features == old.ever_features);
    }
    if (msg->request == 16) {
        MUST(peer->protocol == (msg->payload.u64 & old.offered_protocol));
    } else {
        MUST(peer->protocol == old.protocol);
        MUST(peer->ever_protocol == old.ever_protocol);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    struct dpdk_vhost_front_end peer = { .features = 0 };
    uint8_t offered = fuzz_u8(&in);

    peer.offered_features = ((offered & 1 ? UINT64_C(1) << VIRTIO_F_RING_PACKED
                              : 0)
                             | (offered & 2
                                ? UINT64_C(1) << VIRTIO_F_IOMMU_PLATFORM : 0)
                             | UINT64_C(1) << VIRTIO_F_VERSION_1);
    peer.offered_protocol = fuzz_u16(&in)
                            | (uint64_t) (offered & 0xfc) << 14;
    for (int i = 0; in.left && i < MAX_MESSAGES; i++) {
        struct dpdk_vhost_message msg;
        struct form form;
        size_t n_fds;
        uint8_t cut;

        read_message(&in, &msg, &n_fds, &cut);
        if (cut) {
            pass(&msg, n_fds, cut);
        }

        /* A connection ends with a message that is refused, but there is more
         * to find if it does not. */
        form = form_of(&peer, &msg);
        MUST(!dpdk_vhost_message_name(msg.request) == !form.known);
        if (check_reason(dpdk_vhost_message_check_header(&peer, &msg),
                         expect_header(&peer, &msg))
            && check_reason(dpdk_vhost_message_check(&peer, &msg, n_fds),
                            (expect_payload(&peer, &msg)
                             && (!form.known || n_fds == form.n_fds)))) {
            check_note(&peer, &msg);
        }
    }
    return 0;
}
