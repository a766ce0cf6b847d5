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

/* Wakes VHOST, the thread of librte_vhost.  Calls librte_vhost,
 * dpdk-vhost-guard.c and dpdk-vhost-wire.c.
 *
 * VHOST polls a copy of the list of sockets that it makes once a second.
 * librte_vhost of DPDK 22.11 wakes it for a new connection, but not for a new
 * socket to listen on, so that whoever connects to that waits for up to a
 * second.  A message on any connection wakes VHOST as well, so there is one
 * of our own: librte_vhost is the client of a socket that exists as long as
 * this takes and to which nobody else connects.  Our end of it is one of a
 * pair without a name, which is not mistaken for the connection of a port. */

#include <config.h>

#include "dpdk-vhost-wake.h"

#include <errno.h>
#include <rte_vhost.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dirs.h"
#include "dpdk-log.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-message.h"
#include "dpdk-vhost-wire.h"
#include "ovs-thread.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* A request that vhost-user does not have, so that librte_vhost does not log
 * it. */
#define REQUEST_WAKE 0x6f7673

static char *wake_path;         /* What the connection is named. */
static int wake_fd = -1;        /* Our end of it. */

/* librte_vhost calls this before it handles a message. */
static enum rte_vhost_msg_result
before_message(int vid OVS_UNUSED, void *message OVS_UNUSED)
{
    return RTE_VHOST_MSG_RESULT_OK;
}

/* librte_vhost calls this in MAIN, before VHOST reads from the connection. */
static int
new_connection(int vid)
{
    static const struct rte_vhost_user_extern_ops ops = {
        .pre_msg_handle = before_message,
    };

    return (rte_vhost_extern_callback_register(vid, &ops, NULL)
            || dpdk_vhost_guard_take(wake_path, &wake_fd) ? -1 : 0);
}

/* Makes librte_vhost connect to the socket 'wake_path'.  Returns 0 or a
 * positive errno. */
static int
register_socket(void)
{
    static const struct rte_vhost_device_ops device_ops = {
        .new_connection = new_connection,
    };

    if (rte_vhost_driver_register(wake_path, RTE_VHOST_USER_CLIENT
                                             | RTE_VHOST_USER_NO_RECONNECT)) {
        return EIO;
    }
    if (rte_vhost_driver_callback_register(wake_path, &device_ops)
        || rte_vhost_driver_start(wake_path) || wake_fd < 0) {
        rte_vhost_driver_unregister(wake_path);
        return EIO;
    }
    return 0;
}

/* Listens on the socket 'wake_path' while librte_vhost connects.  Returns 0 or
 * a positive errno. */
static int
connect_vhost(void)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    int error;
    int fd;

    if (strlen(wake_path) >= sizeof un.sun_path) {
        return ENAMETOOLONG;
    }
    ovs_strlcpy(un.sun_path, wake_path, sizeof un.sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    if (bind(fd, (struct sockaddr *) &un, sizeof un)) {
        error = errno;
    } else {
        error = listen(fd, 1) ? errno : register_socket();
        unlink(wake_path);
    }
    close(fd);
    return error;
}

/* Ports do without, if this fails. */
static void
start(void)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;

    if (ovsthread_once_start(&once)) {
        int error;

        wake_path = xasprintf("%s/vhost-wake.%ld",
                              ovs_rundir(), (long int) getpid());
        error = connect_vhost();
        if (error) {
            VLOG_INFO("the first guest of a new vhost port may wait for a "
                      "second: no connection on socket '%s' (%s)",
                      wake_path, ovs_strerror(error));
        }
        ovsthread_once_done(&once);
    }
}

void
dpdk_vhost_wake(void)
{
    struct dpdk_vhost_message msg = {
        .request = REQUEST_WAKE,
        .flags = 1,             /* The version. */
    };
    struct dpdk_vhost_fds fds = { .n = 0 };

    start();
    if (wake_fd >= 0) {
        /* If there is no room, VHOST has not even looked at the messages
         * before. */
        dpdk_vhost_wire_write(wake_fd, &msg, DPDK_VHOST_MESSAGE_HEADER_SIZE,
                              &fds);
    }
}
