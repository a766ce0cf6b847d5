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

/* Messages of vhost-user on sockets. */

#include <config.h>

#include "dpdk-vhost-wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

/* Room for the control data of a message with 'N' descriptors. */
#define CONTROL(N)                                                            \
    union {                                                                   \
        struct cmsghdr align;                                                 \
        char data[CMSG_SPACE((N) * sizeof(int))];                             \
    }

/* Adds the descriptors that came with 'mh' to 'fds', which then own them. */
static void
take_fds(struct dpdk_vhost_fds *fds, struct msghdr *mh)
{
    struct cmsghdr *cmsg;

    for (cmsg = CMSG_FIRSTHDR(mh); cmsg; cmsg = CMSG_NXTHDR(mh, cmsg)) {
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
            size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

            memcpy(&fds->fds[fds->n], CMSG_DATA(cmsg), n * sizeof(int));
            fds->n += n;
        }
    }
    if (fds->n > DPDK_VHOST_MAX_FDS || mh->msg_flags & MSG_CTRUNC) {
        fds->too_many = true;
    }
}

enum dpdk_vhost_io
dpdk_vhost_wire_read(int from, void *data, size_t size, size_t *np,
                     struct dpdk_vhost_fds *fds)
{
    struct iovec iov = { data, size };
    CONTROL(DPDK_VHOST_MAX_PASSED) control;
    struct msghdr mh = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t retval;

    do {
        retval = recvmsg(from, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (retval < 0 && errno == EINTR);
    if (retval <= 0) {
        return (retval && errno == EAGAIN
                ? DPDK_VHOST_IO_AGAIN : DPDK_VHOST_IO_CLOSED);
    }
    *np += retval;
    take_fds(fds, &mh);
    return DPDK_VHOST_IO_DONE;
}

enum dpdk_vhost_io
dpdk_vhost_wire_write(int to, const void *data, size_t size,
                      const struct dpdk_vhost_fds *fds)
{
    struct iovec iov = { CONST_CAST(void *, data), size };
    struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
    CONTROL(DPDK_VHOST_MAX_FDS) control;
    ssize_t retval;

    ovs_assert(fds->n <= DPDK_VHOST_MAX_FDS);
    if (fds->n) {
        size_t n = fds->n * sizeof(int);

        memset(&control, 0, sizeof control);
        mh.msg_control = &control;
        mh.msg_controllen = CMSG_SPACE(n);
        control.align.cmsg_level = SOL_SOCKET;
        control.align.cmsg_type = SCM_RIGHTS;
        control.align.cmsg_len = CMSG_LEN(n);
        memcpy(CMSG_DATA(&control.align), fds->fds, n);
    }

    /* The kernel takes messages as small as ours as a whole. */
    do {
        retval = sendmsg(to, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (retval < 0 && errno == EINTR);
    return (retval == size ? DPDK_VHOST_IO_DONE
            : retval < 0 && errno == EAGAIN ? DPDK_VHOST_IO_AGAIN
            : DPDK_VHOST_IO_CLOSED);
}

void
dpdk_vhost_fds_close(struct dpdk_vhost_fds *fds)
{
    for (size_t i = 0; i < fds->n; i++) {
        close(fds->fds[i]);
    }
    fds->n = 0;
    fds->too_many = false;
}
