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


/* What GUARD does for a connection.  Called by dpdk-vhost-guard.c. */

#include <config.h>

#include "dpdk-vhost-relay.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dpdk-thread-time.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-call.h"
#include "dpdk-vhost-close.h"
#include "dpdk-vhost-connfd.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-fd.h"
#include "dpdk-vhost-sigbus.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"
#include "util.h"

/* Messages that a front end may send a second, and at once, before it has to
 * wait, so that it does not keep VHOST busy, which handles a few thousand a
 * second.  A guest with all queues that there can be starts with about 2000.
 * One with an IOMMU, which users have to ask for, may update it as often as it
 * likes. */
#define MESSAGE_RATE 1000
#define MESSAGE_BURST 4000

/* As how many messages each region of memory counts: GUARD and VHOST take
 * milliseconds for a table of them, which they do nothing else in. */
#define REGION_COST 16

/* Messages that are passed on before it is the next connection's turn. */
#define MAX_TURN 16

/* Bytes of replies that a front end has not read yet, with what the kernel
 * needs for them, before we give up.  It waits for each reply before it asks
 * for the next one. */
#define MAX_UNREAD 65536

/* A read or a write of the socket of a front end that GUARD runs longer for is
 * slow, and there may be so much of that a second, both in us.  It notifies
 * all who wait for the other end, which are as many as the peer likes. */
#define SLOW_IO 1000
#define MAX_SLOW_IO 20000

/* How often it looks whether a message can be noted that could not be, in
 * ms. */
#define NOTE_INTERVAL 10

/* How long it leaves a new connection of a client port alone, in ms.  Other
 * threads of librte_vhost than VHOST make it, and have VHOST poll it before
 * they add it to the connections of its socket.  If VHOST found it closed in
 * between, it would remove it from where it is not, and free it, and it would
 * be added nevertheless.  All of that takes microseconds, but the thread may
 * have to wait for a CPU. */
#define CLIENT_DELAY 20

void
dpdk_vhost_relay_close_outer(const char *name, int outer)
{
    shutdown(outer, SHUT_RDWR);
    dpdk_vhost_close(name, &outer, 1);
}

struct dpdk_vhost_relay *
dpdk_vhost_relay_create(struct dpdk_vhost *vhost, int vid, int outer,
                        int inner, uint64_t secret)
{
    struct dpdk_vhost_relay *conn = xzalloc(sizeof *conn);

    conn->vhost = vhost->guarded ? vhost : NULL;
    conn->port = vhost;
    conn->name = xstrdup(vhost->faults.name);
    conn->vid = vid;
    conn->inner = inner;
    conn->outer = outer;
    conn->serve_at = time_msec() + (vhost->client ? CLIENT_DELAY : 0);
    conn->secret = secret;
    conn->peer.offered_features = vhost->offered_features;
    conn->peer.offered_protocol = vhost->offered_protocol;
    conn->calls = dpdk_vhost_calls_create(vid, vhost, conn->name);
    conn->last_flood = conn->slow_since = LLONG_MIN / 2;
    token_bucket_init(&conn->rate, MESSAGE_RATE / 1000, MESSAGE_BURST);
    return conn;
}

void
dpdk_vhost_relay_destroy(struct dpdk_vhost_relay *conn)
{
    dpdk_vhost_close(conn->name, conn->fds.fds, conn->fds.n);
    dpdk_vhost_calls_abandon(conn->calls);
    dpdk_vhost_relay_close_outer(conn->name, conn->outer);
    close(conn->inner);
    free(conn->name);
    free(conn);
}

/* Reports 'cause', which it frees, for 'vhost', which may be null. */
static void
report(struct dpdk_vhost *vhost, enum dpdk_vhost_fault fault, char *cause)
{
    if (vhost) {
        dpdk_vhost_faults_report(&vhost->faults, fault, cause);
    }
    free(cause);
}

/* Returns a name for 'request' that the caller has to free. */
static char *
request_name(uint32_t request)
{
    const char *name = dpdk_vhost_message_name(request);

    return name ? xstrdup(name) : xasprintf("request %"PRIu32, request);
}

/* Reports that the message of 'conn' is refused because of 'why', which it
 * frees. */
static void
refuse(struct dpdk_vhost_relay *conn, enum dpdk_vhost_fault fault, char *why)
{
    char *name = request_name(conn->msg.request);

    report(conn->vhost, fault, xasprintf("message %s %s", name, why));
    free(name);
    free(why);
}

/* Reports that the connection was closed in an unexpected way. */
static void
report_closed(const struct dpdk_vhost_relay *conn, const char *how)
{
    char *name = request_name(conn->last_request);

    report(conn->vhost, DPDK_VHOST_FAULT_MESSAGE,
           xasprintf("%s, last message %s", how,
                     conn->last_request ? name : "none"));
    free(name);
}

bool
dpdk_vhost_relay_check_calls(struct dpdk_vhost_relay *conn)
{
    int ring = dpdk_vhost_calls_drain(conn->calls);

    if (ring >= 0) {
        report(conn->vhost, DPDK_VHOST_FAULT_CALL,
               xasprintf("ring %d: call eventfd is full", ring));
        return false;
    }
    ring = (conn->vhost
            ? dpdk_vhost_rings_get_slow(&conn->vhost->rings, conn->vid) : -1);
    if (ring >= 0) {
        report(conn->vhost, DPDK_VHOST_FAULT_CALL,
               xasprintf("ring %d: call eventfd takes too long to write to",
                         ring));
        return false;
    }
    return true;
}

/* Takes note of a read or write of the socket of the front end, which began at
 * 'begun' of dpdk_thread_us(). */
static void
note_io(struct dpdk_vhost_relay *conn, uint64_t begun)
{
    uint64_t us = dpdk_thread_us() - begun;

    if (us > SLOW_IO) {
        if (time_msec() >= conn->slow_since + 1000) {
            conn->slow_since = time_msec();
            conn->slow_us = 0;
        }
        conn->slow_us += us;
    }
}

static bool
is_slow(const struct dpdk_vhost_relay *conn)
{
    return conn->slow_us > MAX_SLOW_IO;
}

/* Returns false, and reports that, if 'conn' is to be closed because it is
 * slow. */
static bool
check_time(const struct dpdk_vhost_relay *conn)
{
    if (is_slow(conn)) {
        report_closed(conn, "socket takes too long to read and to write");
    }
    return !is_slow(conn);
}

/* Reads the message of 'conn' until it has 'n' bytes, or is found to be
 * slow. */
static enum dpdk_vhost_io
read_up_to(struct dpdk_vhost_relay *conn, size_t n)
{
    while (conn->n_read < n && !conn->fds.too_many) {
        uint64_t begun = dpdk_thread_us();
        enum dpdk_vhost_io io;

        io = dpdk_vhost_wire_read(conn->outer,
                                  (char *) &conn->msg + conn->n_read,
                                  n - conn->n_read, &conn->n_read, &conn->fds);
        note_io(conn, begun);
        if (io != DPDK_VHOST_IO_DONE) {
            return io;
        } else if (is_slow(conn)) {
            return DPDK_VHOST_IO_AGAIN;
        }
    }
    return DPDK_VHOST_IO_DONE;
}

/* Checks the message of 'conn', which is complete.  Returns null or what is
 * wrong, and stores in '*faultp' what kind of fault that is. */
static char *
check(const struct dpdk_vhost_relay *conn, enum dpdk_vhost_fault *faultp)
{
    char *why;

    *faultp = DPDK_VHOST_FAULT_MESSAGE;
    if (conn->fds.too_many) {
        return xstrdup("has too many file descriptors");
    }
    why = dpdk_vhost_message_check(&conn->peer, &conn->msg, conn->fds.n);
    return (why ? why
            : dpdk_vhost_fd_check_message(&conn->msg, conn->fds.fds,
                                          conn->fds.n, faultp));
}

/* Checks what there is of the message of 'conn'.  Returns null or what is
 * wrong. */
static char *
check_part(struct dpdk_vhost_relay *conn)
{
    for (size_t i = 0; i < conn->fds.n; i++) {
        if (dpdk_vhost_fd_is_socket(conn->fds.fds[i])) {
            if (conn->n_read < DPDK_VHOST_MESSAGE_HEADER_SIZE) {
                conn->msg.request = 0;
            }

            /* A front end may make it look like a new connection. */
            return xstrdup("is not complete, but comes with a socket");
        }
    }
    return NULL;
}

/* Reads from the front end.  Returns null or what is wrong with the message,
 * and then stores in '*faultp' what kind of fault that is. */
static char *
receive(struct dpdk_vhost_relay *conn, enum dpdk_vhost_io *iop,
        enum dpdk_vhost_fault *faultp)
{
    const size_t header_size = DPDK_VHOST_MESSAGE_HEADER_SIZE;
    char *why;

    *faultp = DPDK_VHOST_FAULT_MESSAGE;
    if (!conn->n_read
        && recv(conn->outer, &conn->msg, header_size, MSG_PEEK | MSG_DONTWAIT)
           < (ssize_t) header_size) {
        /* It has no name, should it be refused because of its descriptors. */
        conn->msg.request = 0;
    }

    /* Each byte may have been sent by itself, and then takes as long as all of
     * a message that was not. */
    *iop = read_up_to(conn, 1);
    if (*iop == DPDK_VHOST_IO_DONE) {
        *iop = read_up_to(conn, header_size);
    }
    if (*iop == DPDK_VHOST_IO_DONE) {
        /* Do not wait for a payload that is not acceptable. */
        why = dpdk_vhost_message_check_header(&conn->peer, &conn->msg);
        if (why) {
            return why;
        }
        *iop = read_up_to(conn, header_size + conn->msg.size);
    }
    return (*iop == DPDK_VHOST_IO_DONE ? check(conn, faultp)
            : *iop == DPDK_VHOST_IO_AGAIN ? check_part(conn)
            : NULL);
}

/* Stage DPDK_VHOST_RELAY_READ.  Returns false if 'conn' is to be closed. */
static bool
run_read(struct dpdk_vhost_relay *conn)
{
    enum dpdk_vhost_fault fault;
    enum dpdk_vhost_io io;
    char *why;

    why = receive(conn, &io, &fault);
    if (why) {
        refuse(conn, fault, why);
        return false;
    }
    if (io == DPDK_VHOST_IO_CLOSED) {
        if (conn->n_read) {
            report_closed(conn, "message ends too early");
        } else {
            dpdk_vhost_relay_check_calls(conn);
        }
        return false;
    }
    if (io == DPDK_VHOST_IO_DONE) {
        dpdk_vhost_message_note(&conn->peer, &conn->msg);
        conn->stage = DPDK_VHOST_RELAY_PAY;
    }
    return true;
}

/* Returns as how many messages that of 'conn' counts. */
static unsigned int
get_cost(const struct dpdk_vhost_relay *conn)
{
    return (conn->msg.request == DPDK_VHOST_SET_MEM_TABLE
            ? 1 + REGION_COST * conn->fds.n : 1);
}

/* Stage DPDK_VHOST_RELAY_PAY. */
static void
run_pay(struct dpdk_vhost_relay *conn)
{
    if (conn->msg.request == DPDK_VHOST_IOTLB_MSG
        || token_bucket_withdraw(&conn->rate, get_cost(conn))) {
        conn->stage = DPDK_VHOST_RELAY_NOTE;
    } else if (time_msec() >= conn->last_flood + 1000) {
        conn->last_flood = time_msec();
        report(conn->vhost, DPDK_VHOST_FAULT_FLOOD,
               xasprintf("more than %d messages a second", MESSAGE_RATE));
    }
}

/* If an eventfd has come with the message of 'conn' that nobody uses, replaces
 * it by one of ours: librte_vhost would close it.  Returns 0 or a positive
 * errno. */
static int
replace_event(struct dpdk_vhost_relay *conn)
{
    int fd;

    if (!conn->fds.n
        || (conn->msg.request != DPDK_VHOST_SET_VRING_KICK
            && conn->msg.request != DPDK_VHOST_SET_VRING_ERR
            && conn->msg.request != DPDK_VHOST_SET_LOG_FD)) {
        return 0;
    }
    fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    dpdk_vhost_close(conn->name, conn->fds.fds, 1);
    conn->fds.fds[0] = fd;
    return 0;
}

/* Stage DPDK_VHOST_RELAY_NOTE.  Returns false if 'conn' is to be closed. */
static bool
run_note(struct dpdk_vhost_relay *conn)
{
    const bool with_socket
        = conn->msg.request == DPDK_VHOST_SET_BACKEND_REQ_FD;
    enum dpdk_vhost_fault fault = DPDK_VHOST_FAULT_MESSAGE;
    uint64_t passed, begun;
    int error;

    if (conn->fds.n && dpdk_vhost_close_is_full(conn->name)) {
        if (dpdk_vhost_close_is_stuck(conn->name)) {
            refuse(conn, fault, xstrdup("with file, but others cannot be "
                                        "closed"));
            return false;
        }
        return true;
    }
    if (with_socket
        && !dpdk_vhost_connfd_exclude(conn->vid, conn->fds.fds[0])) {
        refuse(conn, DPDK_VHOST_FAULT_MESSAGE, xstrdup("comes too often"));
        return false;
    }

    /* A message has eventfds or files, so none is noted twice. */
    dpdk_vhost_sigbus_get_progress(conn->vid, &passed, &begun);
    error = replace_event(conn);
    error = error ? error : dpdk_vhost_calls_note(conn->calls, &conn->msg,
                                                  &conn->fds, passed + 1,
                                                  begun);
    if (!error) {
        fault = DPDK_VHOST_FAULT_MEMORY;
        error = dpdk_vhost_sigbus_pass(conn->vid, conn->fds.fds, conn->fds.n);
    }
    if (error == EAGAIN) {
        return true;
    } else if (error) {
        refuse(conn, fault, xasprintf("with file that cannot be kept (%s)",
                                      ovs_strerror(error)));
        return false;
    }
    conn->stage = DPDK_VHOST_RELAY_WRITE;
    return true;
}

/* Stage DPDK_VHOST_RELAY_WRITE.  Returns true if the message is written.  If
 * librte_vhost has closed the connection, dpdk_vhost_relay_run_inner() finds
 * out. */
static bool
run_write(struct dpdk_vhost_relay *conn)
{
    enum dpdk_vhost_io io;

    io = dpdk_vhost_wire_write(conn->inner, &conn->msg,
                               DPDK_VHOST_MESSAGE_HEADER_SIZE + conn->msg.size,
                               &conn->fds);
    if (io != DPDK_VHOST_IO_DONE) {
        conn->unwritable = io == DPDK_VHOST_IO_CLOSED;
        return false;
    }
    conn->last_request = conn->msg.request;
    if (conn->msg.request == DPDK_VHOST_SET_BACKEND_REQ_FD) {
        dpdk_vhost_close(conn->name, conn->fds.fds, conn->fds.n);
        conn->fds.n = 0;
    }
    dpdk_vhost_fds_close(&conn->fds);
    conn->n_read = 0;
    conn->stage = DPDK_VHOST_RELAY_READ;
    return true;
}

/* Returns until when 'conn' has to wait because its port is held down, or 0.
 * A front end that has been served is answered all the same: QEMU, with all of
 * the guest and its monitor, stands still until it has an answer. */
static long long int
held_until(const struct dpdk_vhost_relay *conn)
{
    return (conn->vhost && !conn->last_request
            ? dpdk_vhost_faults_held_until(&conn->vhost->faults)
            : 0);
}

/* Reads nothing.  Returns false if 'conn' is to be closed, because the front
 * end has closed it: so it can come again. */
static bool
run_held(struct dpdk_vhost_relay *conn)
{
    struct pollfd pfd = { .fd = conn->outer };

    if (poll(&pfd, 1, 0) > 0) {
        return false;
    }
    return true;
}

/* Passes messages from the front end on.  Returns false if 'conn' is to be
 * closed. */
static bool
run_outer(struct dpdk_vhost_relay *conn)
{
    if (held_until(conn)) {
        return run_held(conn);
    }
    for (int i = 0; i < MAX_TURN; i++) {
        if (conn->stage == DPDK_VHOST_RELAY_READ
            && (!run_read(conn) || !check_time(conn))) {
            return false;
        }
        if (conn->stage == DPDK_VHOST_RELAY_PAY) {
            run_pay(conn);
        }
        if (conn->stage == DPDK_VHOST_RELAY_NOTE && !run_note(conn)) {
            return false;
        }
        if (conn->stage != DPDK_VHOST_RELAY_WRITE || !run_write(conn)
            || conn->last_request == DPDK_VHOST_SET_MEM_TABLE) {
            return true;
        }
    }
    return true;
}

/* Returns true if the front end does not read its replies. */
static bool
is_deaf(const struct dpdk_vhost_relay *conn)
{
    int unread;

    return !ioctl(conn->outer, SIOCOUTQ, &unread) && unread > MAX_UNREAD;
}

/* Reads a reply of librte_vhost, which writes it as a whole. */
static enum dpdk_vhost_io
read_reply(const struct dpdk_vhost_relay *conn,
           struct dpdk_vhost_message *reply, struct dpdk_vhost_fds *fds)
{
    const size_t header_size = DPDK_VHOST_MESSAGE_HEADER_SIZE;
    enum dpdk_vhost_io io;
    size_t n = 0;

    io = dpdk_vhost_wire_read(conn->inner, reply, header_size, &n, fds);
    if (io != DPDK_VHOST_IO_DONE) {
        return io;
    }
    if (n == header_size && reply->size
        && reply->size <= sizeof reply->payload) {
        io = dpdk_vhost_wire_read(conn->inner, &reply->payload, reply->size,
                                  &n, fds);
    }
    return (n == header_size + reply->size ? DPDK_VHOST_IO_DONE
            : DPDK_VHOST_IO_CLOSED);
}

/* Returns true if 'reply' says that something has failed. */
static bool
is_failure(const struct dpdk_vhost_message *reply)
{
    switch (reply->request) {
    case DPDK_VHOST_GET_FEATURES:
    case DPDK_VHOST_GET_VRING_BASE:
    case DPDK_VHOST_GET_PROTOCOL_FEATURES:
    case DPDK_VHOST_GET_QUEUE_NUM:
    case DPDK_VHOST_GET_CONFIG:
    case DPDK_VHOST_GET_STATUS:
        /* What was asked for. */
        return false;

    default:
        return (reply->size == sizeof reply->payload.u64
                && reply->payload.u64);
    }
}

bool
dpdk_vhost_relay_run_inner(struct dpdk_vhost_relay *conn)
{
    for (;;) {
        struct dpdk_vhost_message reply;
        struct dpdk_vhost_fds fds = { .n = 0 };
        enum dpdk_vhost_io io;
        uint64_t begun;
        bool failure;

        io = read_reply(conn, &reply, &fds);
        if (io == DPDK_VHOST_IO_AGAIN) {
            return true;
        } else if (io == DPDK_VHOST_IO_CLOSED) {
            report_closed(conn, "refused by librte_vhost");
            return false;
        }

        failure = is_failure(&reply);
        begun = dpdk_thread_us();
        io = dpdk_vhost_wire_write(conn->outer, &reply,
                                   DPDK_VHOST_MESSAGE_HEADER_SIZE + reply.size,
                                   &fds);
        note_io(conn, begun);
        dpdk_vhost_fds_close(&fds);
        if (io == DPDK_VHOST_IO_AGAIN || is_deaf(conn)) {
            /* VHOST must not wait. */
            report_closed(conn, "replies are not read");
            return false;
        }
        if (!check_time(conn)) {
            return false;
        }
        if (failure) {
            conn->last_request = reply.request;
            report_closed(conn, "refused by librte_vhost");
            return false;
        }
    }
}

void
dpdk_vhost_relay_wait(struct dpdk_vhost_relay *conn)
{
    long long int until = held_until(conn);

    if (time_msec() < conn->serve_at) {
        poll_timer_wait_until(conn->serve_at);
        return;
    }
    if (until) {
        /* That the front end closes the connection is always told. */
        poll_fd_wait(conn->outer, 0);
        poll_fd_wait(conn->inner, POLLIN);
        poll_timer_wait_until(until);
        return;
    }
    switch (conn->stage) {
    case DPDK_VHOST_RELAY_READ:
        poll_fd_wait(conn->outer, POLLIN);
        poll_fd_wait(conn->inner, POLLIN);
        break;
    case DPDK_VHOST_RELAY_PAY:
        token_bucket_wait(&conn->rate, get_cost(conn));
        poll_fd_wait(conn->inner, POLLIN);
        break;
    case DPDK_VHOST_RELAY_NOTE:
        /* That is rare, so nobody tells. */
        poll_timer_wait(NOTE_INTERVAL);
        poll_fd_wait(conn->inner, POLLIN);
        break;
    case DPDK_VHOST_RELAY_WRITE:
        poll_fd_wait(conn->inner, POLLIN | POLLOUT);
        break;
    }
}

/* Returns false if 'conn' is to be closed, as its guest has taken memory
 * away. */
static bool
check_memory(struct dpdk_vhost_relay *conn)
{
    if (!dpdk_vhost_sigbus_is_lost(conn->vid)) {
        return true;
    }
    report(conn->vhost, DPDK_VHOST_FAULT_LOST,
           xstrdup("memory was taken away while it was in use"));
    return false;
}

/* Sends librte_vhost the first message of 'conn', which there is room for. */
static void
begin(struct dpdk_vhost_relay *conn)
{
    struct dpdk_vhost_message msg = {
        .request = DPDK_VHOST_HELLO,
        .flags = 1,             /* The version. */
        .size = sizeof msg.payload.u64,
        .payload.u64 = conn->secret,
    };
    struct dpdk_vhost_fds fds = { .n = 0 };

    dpdk_vhost_wire_write(conn->inner, &msg,
                          DPDK_VHOST_MESSAGE_HEADER_SIZE + msg.size, &fds);
    conn->begun = true;
}

/* Returns false if 'conn' is to be closed, as there is a message that cannot
 * be passed on, though librte_vhost is there. */
static bool
check_write(struct dpdk_vhost_relay *conn)
{
    if (conn->unwritable) {
        refuse(conn, DPDK_VHOST_FAULT_MESSAGE, xstrdup("cannot be passed on"));
    }
    return !conn->unwritable;
}

bool
dpdk_vhost_relay_run(struct dpdk_vhost_relay *conn)
{
    if (time_msec() < conn->serve_at) {
        return true;
    }
    if (!conn->begun) {
        begin(conn);
    }
    return check_memory(conn) && run_outer(conn)
           && dpdk_vhost_relay_run_inner(conn) && check_write(conn);
}
