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

/* The message firewall in front of librte_vhost.  Called by dpdk-vhost.c,
 * dpdk-vhost-driver.c, dpdk-vhost-events.c and dpdk-commands.c; calls
 * dpdk-vhost-message.c and dpdk-vhost-fd.c for the checks,
 * dpdk-vhost-connfd.c and dpdk-vhost-wire.c for the sockets,
 * dpdk-vhost-call.c for eventfds that block, dpdk-vhost-close.c to close what
 * may take long,
 * dpdk-vhost-sigbus.c for memory that is gone, dpdk-vhost-fault.c to tell the
 * user and to ask which ports are held down, and dpdk-crumb.c. */

#include <config.h>

#include "dpdk-vhost-guard.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dpdk-crumb.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-call.h"
#include "dpdk-vhost-close.h"
#include "dpdk-vhost-connfd.h"
#include "dpdk-vhost-fault.h"
#include "dpdk-vhost-fd.h"
#include "dpdk-vhost-message.h"
#include "dpdk-vhost-sigbus.h"
#include "dpdk-vhost-wire.h"
#include "latch.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/token-bucket.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* Most connections of a port.  A guest needs one, and a second one while it
 * moves. */
#define MAX_CONNECTIONS 4

/* Messages that a front end may send a second, and at once, before it has to
 * wait, so that it does not keep VHOST busy, which handles a few thousand a
 * second.  A guest with all queues that there can be starts with about 2000.
 * One with an IOMMU, which users have to ask for, may update it as often as it
 * likes. */
#define MESSAGE_RATE 1000
#define MESSAGE_BURST 4000

/* Messages that are passed on before it is the next connection's turn. */
#define MAX_TURN 16

/* Bytes of replies that a front end has not read yet, with what the kernel
 * needs for them, before we give up.  It waits for each reply before it asks
 * for the next one. */
#define MAX_UNREAD 65536

/* How often GUARD looks for what guests have done to their rings and eventfds,
 * in ms. */
#define CHECK_INTERVAL 250

/* How often it empties eventfds while a connection is being closed, in ms. */
#define DRAIN_INTERVAL 10

/* How often it looks whether a message can be noted that could not be, in
 * ms. */
#define NOTE_INTERVAL 10

/* What a message of a front end waits for. */
enum stage {
    STAGE_READ,                 /* To be complete, and checked. */
    STAGE_PAY,                  /* For its turn, if there are too many. */
    STAGE_NOTE,                 /* For room to note the files that came. */
    STAGE_WRITE                 /* For librte_vhost to have room. */
};

/* A connection. */
struct connection {
    struct ovs_list node;       /* In 'connections'. */
    struct dpdk_vhost *vhost;   /* Its port, or null if faults do not matter
                                 * any more. */
    const void *port;           /* The same, to be compared only. */
    char *name;                 /* That of the port. */
    int vid;                    /* Number in librte_vhost. */
    int outer;                  /* To the front end. */
    int inner;                  /* To librte_vhost. */

    struct dpdk_vhost_front_end peer;
    struct token_bucket rate;   /* Of messages. */
    long long int last_flood;   /* When it was last reported, in ms. */
    uint32_t last_request;      /* That librte_vhost has got. */

    /* The message that is on its way. */
    struct dpdk_vhost_message msg;
    enum stage stage;
    size_t n_read;              /* Bytes of it. */
    struct dpdk_vhost_fds fds;  /* That came with it. */

    struct dpdk_vhost_calls *calls; /* That came with earlier ones. */
};

static struct ovs_mutex guard_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list connections OVS_GUARDED_BY(guard_mutex)
    = OVS_LIST_INITIALIZER(&connections);

/* Set when GUARD has to look at 'connections'. */
static struct latch guard_latch;

/* Closes 'outer', a socket to a front end of the port called 'name'. */
static void
close_outer(const char *name, int outer)
{
    shutdown(outer, SHUT_RDWR);
    dpdk_vhost_close(name, &outer, 1);
}

/* Closes 'conn' at both ends and frees it. */
static void
drop(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    ovs_list_remove(&conn->node);
    dpdk_vhost_close(conn->name, conn->fds.fds, conn->fds.n);
    dpdk_vhost_calls_abandon(conn->calls);
    close_outer(conn->name, conn->outer);
    close(conn->inner);
    free(conn->name);
    free(conn);
}

/* Reports 'cause', which it frees, for 'vhost', which may be null. */
static void
report(struct dpdk_vhost *vhost, enum dpdk_vhost_fault fault, char *cause)
    OVS_REQUIRES(guard_mutex)
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
 * frees, and closes the connection. */
static void
refuse(struct connection *conn, enum dpdk_vhost_fault fault, char *why)
    OVS_REQUIRES(guard_mutex)
{
    char *name = request_name(conn->msg.request);

    report(conn->vhost, fault, xasprintf("message %s %s", name, why));
    free(name);
    free(why);
    drop(conn);
}

/* Reports that the connection was closed in an unexpected way. */
static void
report_closed(const struct connection *conn, const char *how)
    OVS_REQUIRES(guard_mutex)
{
    char *name = request_name(conn->last_request);

    report(conn->vhost, DPDK_VHOST_FAULT_MESSAGE,
           xasprintf("%s, last message %s", how,
                     conn->last_request ? name : "none"));
    free(name);
}

/* Closes 'conn' if its front end makes those who notify it wait.  Returns
 * false if so. */
static bool
check_calls(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    int ring = dpdk_vhost_calls_drain(conn->calls);

    if (ring < 0) {
        return true;
    }
    report(conn->vhost, DPDK_VHOST_FAULT_CALL,
           xasprintf("ring %d: call eventfd is full", ring));
    drop(conn);
    return false;
}

/* Reads the message of 'conn' until it has 'n' bytes. */
static enum dpdk_vhost_io
read_up_to(struct connection *conn, size_t n)
{
    while (conn->n_read < n && !conn->fds.too_many) {
        enum dpdk_vhost_io io;

        io = dpdk_vhost_wire_read(conn->outer,
                                  (char *) &conn->msg + conn->n_read,
                                  n - conn->n_read, &conn->n_read, &conn->fds);
        if (io != DPDK_VHOST_IO_DONE) {
            return io;
        }
    }
    return DPDK_VHOST_IO_DONE;
}

/* Checks the message of 'conn', which is complete.  Returns null or what is
 * wrong, and stores in '*faultp' what kind of fault that is. */
static char *
check(const struct connection *conn, enum dpdk_vhost_fault *faultp)
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
check_part(struct connection *conn)
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
receive(struct connection *conn, enum dpdk_vhost_io *iop,
        enum dpdk_vhost_fault *faultp)
{
    const size_t header_size = DPDK_VHOST_MESSAGE_HEADER_SIZE;
    char *why;

    *faultp = DPDK_VHOST_FAULT_MESSAGE;
    *iop = read_up_to(conn, header_size);
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

/* Stage STAGE_READ.  Returns false if there is no 'conn' any more. */
static bool
run_read(struct connection *conn) OVS_REQUIRES(guard_mutex)
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
            drop(conn);
        } else if (check_calls(conn)) {
            drop(conn);
        }
        return false;
    }
    if (io == DPDK_VHOST_IO_DONE) {
        dpdk_vhost_message_note(&conn->peer, &conn->msg);
        conn->stage = STAGE_PAY;
    }
    return true;
}

/* Stage STAGE_PAY. */
static void
run_pay(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    if (conn->msg.request == DPDK_VHOST_IOTLB_MSG
        || token_bucket_withdraw(&conn->rate, 1)) {
        conn->stage = STAGE_NOTE;
    } else if (time_msec() >= conn->last_flood + 1000) {
        conn->last_flood = time_msec();
        report(conn->vhost, DPDK_VHOST_FAULT_FLOOD,
               xasprintf("more than %d messages a second", MESSAGE_RATE));
    }
}

/* Stage STAGE_NOTE.  Returns false if there is no 'conn' any more. */
static bool
run_note(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    const bool with_socket
        = conn->msg.request == DPDK_VHOST_SET_BACKEND_REQ_FD;
    uint64_t passed, begun;
    int error;

    if (with_socket
        && !dpdk_vhost_connfd_exclude(conn->vid, conn->fds.fds[0])) {
        refuse(conn, DPDK_VHOST_FAULT_MESSAGE, xstrdup("comes too often"));
        return false;
    }

    /* A message has eventfds or files, so none is noted twice. */
    dpdk_vhost_sigbus_get_progress(conn->vid, &passed, &begun);
    error = dpdk_vhost_calls_note(conn->calls, &conn->msg, &conn->fds,
                                  passed + 1, begun);
    if (!error) {
        error = dpdk_vhost_sigbus_pass(conn->vid, conn->fds.fds, conn->fds.n);
    }
    if (error == EAGAIN) {
        return true;
    } else if (error) {
        refuse(conn, DPDK_VHOST_FAULT_MESSAGE,
               xasprintf("cannot be checked (%s)", ovs_strerror(error)));
        return false;
    }
    conn->stage = STAGE_WRITE;
    return true;
}

/* Stage STAGE_WRITE.  Returns true if the message is written.  If librte_vhost
 * has closed the connection, run_inner() finds out. */
static bool
run_write(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    if (dpdk_vhost_wire_write(conn->inner, &conn->msg,
                              DPDK_VHOST_MESSAGE_HEADER_SIZE + conn->msg.size,
                              &conn->fds) != DPDK_VHOST_IO_DONE) {
        return false;
    }
    conn->last_request = conn->msg.request;
    if (conn->msg.request == DPDK_VHOST_SET_BACKEND_REQ_FD) {
        dpdk_vhost_close(conn->name, conn->fds.fds, conn->fds.n);
        conn->fds.n = 0;
    }
    dpdk_vhost_fds_close(&conn->fds);
    conn->n_read = 0;
    conn->stage = STAGE_READ;
    return true;
}

/* Returns until when 'conn' has to wait because its port is held down, or 0.
 * A front end that has been served is answered all the same: QEMU, with all of
 * the guest and its monitor, stands still until it has an answer. */
static long long int
held_until(const struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    return (conn->vhost && !conn->last_request
            ? dpdk_vhost_faults_held_until(&conn->vhost->faults)
            : 0);
}

/* Reads nothing, but closes the connection if the front end has, so that it
 * can come again.  Returns false if there is no 'conn' any more. */
static bool
run_held(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    struct pollfd pfd = { .fd = conn->outer };

    if (poll(&pfd, 1, 0) > 0) {
        drop(conn);
        return false;
    }
    return true;
}

/* Passes messages from the front end on.  Returns false if there is no 'conn'
 * any more. */
static bool
run_outer(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    if (held_until(conn)) {
        return run_held(conn);
    }
    for (int i = 0; i < MAX_TURN; i++) {
        if (conn->stage == STAGE_READ && !run_read(conn)) {
            return false;
        }
        if (conn->stage == STAGE_PAY) {
            run_pay(conn);
        }
        if (conn->stage == STAGE_NOTE && !run_note(conn)) {
            return false;
        }
        if (conn->stage != STAGE_WRITE || !run_write(conn)) {
            return true;
        }
    }
    return true;
}

/* Returns true if the front end does not read its replies. */
static bool
is_deaf(const struct connection *conn)
{
    int unread;

    return !ioctl(conn->outer, SIOCOUTQ, &unread) && unread > MAX_UNREAD;
}

/* Reads a reply of librte_vhost, which writes it as a whole. */
static enum dpdk_vhost_io
read_reply(const struct connection *conn, struct dpdk_vhost_message *reply,
           struct dpdk_vhost_fds *fds)
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

/* Passes replies from librte_vhost on.  Returns false if there is no 'conn'
 * any more. */
static bool
run_inner(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    for (;;) {
        struct dpdk_vhost_message reply;
        struct dpdk_vhost_fds fds = { .n = 0 };
        enum dpdk_vhost_io io;
        bool failure;

        io = read_reply(conn, &reply, &fds);
        if (io == DPDK_VHOST_IO_AGAIN) {
            return true;
        } else if (io == DPDK_VHOST_IO_CLOSED) {
            report_closed(conn, "refused by librte_vhost");
            drop(conn);
            return false;
        }

        failure = is_failure(&reply);
        io = dpdk_vhost_wire_write(conn->outer, &reply,
                                   DPDK_VHOST_MESSAGE_HEADER_SIZE + reply.size,
                                   &fds);
        dpdk_vhost_fds_close(&fds);
        if (io == DPDK_VHOST_IO_AGAIN || is_deaf(conn)) {
            /* VHOST must not wait. */
            report_closed(conn, "replies are not read");
            drop(conn);
            return false;
        }
        if (failure) {
            conn->last_request = reply.request;
            report_closed(conn, "refused by librte_vhost");
            drop(conn);
            return false;
        }
    }
}

static void
wait_for(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    long long int until = held_until(conn);

    if (until) {
        /* That the front end closes the connection is always told. */
        poll_fd_wait(conn->outer, 0);
        poll_fd_wait(conn->inner, POLLIN);
        poll_timer_wait_until(until);
        return;
    }
    switch (conn->stage) {
    case STAGE_READ:
        poll_fd_wait(conn->outer, POLLIN);
        poll_fd_wait(conn->inner, POLLIN);
        break;
    case STAGE_PAY:
        token_bucket_wait(&conn->rate, 1);
        poll_fd_wait(conn->inner, POLLIN);
        break;
    case STAGE_NOTE:
        /* That is rare, so nobody tells. */
        poll_timer_wait(NOTE_INTERVAL);
        poll_fd_wait(conn->inner, POLLIN);
        break;
    case STAGE_WRITE:
        poll_fd_wait(conn->inner, POLLIN | POLLOUT);
        break;
    }
}

/* What GUARD does from now on, it does for 'conn'. */
static void
serve(const struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    dpdk_crumb_set(conn->vhost ? conn->vhost->crumb : NULL);
}

/* Looks for rings that the guests of 'connections' have broken. */
static void
check_rings(void) OVS_REQUIRES(guard_mutex)
{
    struct connection *conn;

    LIST_FOR_EACH (conn, node, &connections) {
        serve(conn);
        if (conn->vhost) {
            dpdk_vhost_rings_check(&conn->vhost->rings);
        }
    }
}

/* Closes 'conn' if its guest has taken memory away.  Returns false if so. */
static bool
check_memory(struct connection *conn) OVS_REQUIRES(guard_mutex)
{
    if (!dpdk_vhost_sigbus_is_lost(conn->vid)) {
        return true;
    }
    report(conn->vhost, DPDK_VHOST_FAULT_LOST,
           xstrdup("memory was taken away while it was in use"));
    drop(conn);
    return false;
}

static void
check_all_calls(void) OVS_REQUIRES(guard_mutex)
{
    struct connection *conn, *next;

    LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
        check_calls(conn);
    }
}

/* The main function of GUARD. */
static void *
guard_main(void *aux OVS_UNUSED)
{
    long long int next_check = 0;

    pthread_detach(pthread_self());
    for (;;) {
        struct connection *conn, *next;

        latch_poll(&guard_latch);
        ovs_mutex_lock(&guard_mutex);
        LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
            serve(conn);
            if (check_memory(conn) && run_outer(conn)) {
                run_inner(conn);
            }
        }
        if (time_msec() >= next_check) {
            check_all_calls();
            check_rings();
            dpdk_vhost_close_run();
            next_check = time_msec() + CHECK_INTERVAL;
        }
        if (dpdk_vhost_calls_run()) {
            next_check = MIN(next_check, time_msec() + DRAIN_INTERVAL);
            poll_timer_wait_until(next_check);
        }
        dpdk_crumb_set(NULL);
        LIST_FOR_EACH (conn, node, &connections) {
            wait_for(conn);
            poll_timer_wait_until(next_check);
        }
        ovs_mutex_unlock(&guard_mutex);
        latch_wait(&guard_latch);
        poll_block();
    }
    return NULL;
}

void
dpdk_vhost_guard_start(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        latch_init(&guard_latch);
        dpdk_vhost_sigbus_start(&guard_latch);
        ovs_thread_create("ovs_vhost_guard", guard_main, NULL);
        ovsthread_once_done(&once);
    }
}

void
dpdk_vhost_guard_wake(void)
{
    latch_set(&guard_latch);
}

/* Returns true if 'fd' is ours, not librte_vhost's. */
static bool
is_taken(int fd) OVS_REQUIRES(guard_mutex)
{
    const struct connection *conn;

    LIST_FOR_EACH (conn, node, &connections) {
        if (conn->outer == fd) {
            return true;
        }
        for (size_t i = 0; i < conn->fds.n; i++) {
            if (conn->fds.fds[i] == fd) {
                return true;
            }
        }
    }
    return dpdk_vhost_close_has(fd);
}

static size_t
count_connections(const struct dpdk_vhost *vhost) OVS_REQUIRES(guard_mutex)
{
    const struct connection *conn;
    size_t n = 0;

    LIST_FOR_EACH (conn, node, &connections) {
        n += conn->vhost == vhost;
    }
    return n;
}

/* Guards connection 'vid' of 'vhost', between 'outer' and 'inner'. */
static void
add_connection(struct dpdk_vhost *vhost, int vid, int outer, int inner)
    OVS_REQUIRES(guard_mutex)
{
    struct connection *conn;

    dpdk_vhost_sigbus_connect(vid);
    dpdk_vhost_connfd_begin(vid);
    dpdk_vhost_calls_forget(vid);
    conn = xzalloc(sizeof *conn);
    conn->vhost = vhost->guarded ? vhost : NULL;
    conn->port = vhost;
    conn->name = xstrdup(vhost->faults.name);
    conn->vid = vid;
    conn->peer.offered_features = vhost->offered_features;
    conn->peer.offered_protocol = vhost->offered_protocol;
    conn->calls = dpdk_vhost_calls_create(vid, vhost);
    conn->inner = inner;
    conn->outer = outer;
    conn->last_flood = LLONG_MIN / 2;
    token_bucket_init(&conn->rate, MESSAGE_RATE / 1000, MESSAGE_BURST);

    ovs_list_push_back(&connections, &conn->node);
    latch_set(&guard_latch);
}

/* Takes the socket of the new connection on, or of a 'client' to, 'path' from
 * librte_vhost: stores it in '*outerp', and in '*innerp' the other end of what
 * the library has instead.  Returns 0 or a positive errno. */
static int
take_socket(const char *path, bool client, int *outerp, int *innerp)
    OVS_REQUIRES(guard_mutex)
{
    int connfd = dpdk_vhost_connfd_find(path, client, is_taken);

    return (connfd < 0 ? ENOENT
            : dpdk_vhost_connfd_interpose(connfd, innerp, outerp));
}

int
dpdk_vhost_guard_take(const char *path, int *fdp) OVS_EXCLUDED(guard_mutex)
{
    int error, outer;

    ovs_mutex_lock(&guard_mutex);
    error = take_socket(path, true, &outer, fdp);
    if (!error) {
        close(outer);
    }
    ovs_mutex_unlock(&guard_mutex);

    return error;
}

bool
dpdk_vhost_guard_connect(struct dpdk_vhost *vhost, const char *path, int vid)
    OVS_EXCLUDED(guard_mutex)
{
    char *why = NULL;
    int inner, outer;
    bool accepted;
    int error;

    ovs_mutex_lock(&guard_mutex);
    error = take_socket(path, vhost->client, &outer, &inner);
    if (error) {
        /* Nobody is served whose messages cannot be checked. */
        why = xasprintf("messages cannot be checked (%s)",
                        ovs_strerror(error));
    } else if (count_connections(vhost) >= MAX_CONNECTIONS) {
        why = xasprintf("more than %d connections", MAX_CONNECTIONS);
    } else if (dpdk_vhost_close_is_stuck(vhost->faults.name)) {
        why = xstrdup("descriptors that others have passed cannot be closed");
    } else {
        add_connection(vhost, vid, outer, inner);
    }
    accepted = !why;
    if (!accepted) {
        report(vhost, DPDK_VHOST_FAULT_CONNECTION, why);
        if (!error) {
            /* Not by librte_vhost, which waits. */
            close_outer(vhost->faults.name, outer);
            close(inner);
        }
    }
    ovs_mutex_unlock(&guard_mutex);

    return accepted;
}

void
dpdk_vhost_guard_disconnect(int vid) OVS_EXCLUDED(guard_mutex)
{
    struct connection *conn, *next;

    ovs_mutex_lock(&guard_mutex);
    LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
        if (conn->vid == vid) {
            run_inner(conn);
            break;
        }
    }
    dpdk_vhost_calls_forget(vid);
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_begin(struct dpdk_vhost *vhost, uint64_t features,
                       uint64_t protocol) OVS_EXCLUDED(guard_mutex)
{
    ovs_mutex_lock(&guard_mutex);
    vhost->guarded = true;
    vhost->offered_features = features;
    vhost->offered_protocol = protocol;
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_release(struct dpdk_vhost *vhost) OVS_EXCLUDED(guard_mutex)
{
    struct connection *conn;

    ovs_mutex_lock(&guard_mutex);
    vhost->guarded = false;
    LIST_FOR_EACH (conn, node, &connections) {
        if (conn->vhost == vhost) {
            conn->vhost = NULL;
        }
    }
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_end(const struct dpdk_vhost *vhost) OVS_EXCLUDED(guard_mutex)
{
    struct connection *conn, *next;

    ovs_mutex_lock(&guard_mutex);
    LIST_FOR_EACH_SAFE (conn, next, node, &connections) {
        if (conn->port == vhost) {
            drop(conn);
        }
    }
    dpdk_vhost_calls_forget_port(vhost);
    ovs_mutex_unlock(&guard_mutex);
}

void
dpdk_vhost_guard_get_info(const struct dpdk_vhost *vhost, int vid,
                          struct dpdk_vhost_guard_info *info)
    OVS_EXCLUDED(guard_mutex)
{
    const struct connection *conn;
    bool found = false;

    memset(info, 0, sizeof *info);
    ovs_mutex_lock(&guard_mutex);
    LIST_FOR_EACH (conn, node, &connections) {
        if (conn->vhost == vhost) {
            info->n++;
            if (!found) {
                info->last_request = conn->last_request;
                info->features = conn->peer.features;
                info->protocol = conn->peer.protocol;
                found = conn->vid == vid;
            }
        }
    }
    ovs_mutex_unlock(&guard_mutex);
}
