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

/* Commands for ovs-appctl that show and change the state of ports and devices.
 * Registered by plugin.c; calls dpdk-dev.c, dpdk-eth-attach.c,
 * dpdk-vhost-show.c, dpdk-vhost-fault.c, dpdk-vhost-guard.c, and, for the
 * ports of the classes of dpdk-eth.c and dpdk-vhost.c, the core. */

#include <config.h>

#include "dpdk-commands.h"

#include <errno.h>
#include <rte_mempool.h>
#include <stdio.h>

#include "dpdk-dev.h"
#include "dpdk-eth-attach.h"
#include "dpdk-eth.h"
#include "dpdk-vhost.h"
#include "dpdk-vhost-config.h"
#include "dpdk-vhost-guard.h"
#include "dpdk-vhost-show.h"
#include "netdev-provider.h"
#include "openvswitch/shash.h"
#include "unixctl.h"
#include "util.h"

/* Prints the pool of 'dev' to 'stream'.  Returns an error message, or null if
 * successful. */
static const char *
print_pool(FILE *stream, struct dpdk_dev *dev) OVS_EXCLUDED(dev->mutex)
{
    struct rte_mempool *mp;

    /* The mutex keeps the pool, which only "reconfigure" replaces. */
    ovs_mutex_lock(&dev->mutex);
    mp = dev->mp;
    if (mp) {
        rte_mempool_dump(stream, mp);
        fprintf(stream, "    count: avail (%u), in use (%u)\n",
                rte_mempool_avail_count(mp), rte_mempool_in_use_count(mp));
    }
    ovs_mutex_unlock(&dev->mutex);
    return mp ? NULL : "Not allocated";
}

/* "netdev-dpdk/get-mempool-info [PORT]": prints the pool of one port, or all
 * pools. */
static void
get_mempool_info(struct unixctl_conn *conn, int argc, const char *argv[],
                 void *aux OVS_UNUSED)
{
    struct netdev *netdev = argc > 1 ? netdev_from_name(argv[1]) : NULL;
    const char *error = NULL;
    char *reply = NULL;
    FILE *stream;
    size_t size;

    if (argc > 1 && (!netdev || !dpdk_dev_is(netdev))) {
        unixctl_command_reply_error(conn, "Not a DPDK Interface");
        netdev_close(netdev);
        return;
    }

    stream = open_memstream(&reply, &size);
    if (!stream) {
        char *message = xasprintf("Unable to open memstream: %s.",
                                  ovs_strerror(errno));

        unixctl_command_reply_error(conn, message);
        free(message);
        netdev_close(netdev);
        return;
    }
    if (netdev) {
        error = print_pool(stream, dpdk_dev_cast(netdev));
    } else {
        rte_mempool_list_dump(stream);
    }
    fclose(stream);
    if (error) {
        unixctl_command_reply_error(conn, error);
    } else {
        unixctl_command_reply(conn, reply);
    }
    free(reply);
    netdev_close(netdev);
}

/* Turns 'netdev' on or off, in each class's way.  Returns NULL if successful,
 * else an error message that the caller has to free. */
static char *
set_admin_state__(struct netdev *netdev, bool up)
{
    int error = (up ? netdev_turn_flags_on(netdev, NETDEV_UP, NULL)
                 : netdev_turn_flags_off(netdev, NETDEV_UP, NULL));

    return error ? xasprintf("%s: could not be turned %s: %s",
                             netdev_get_name(netdev), up ? "up" : "down",
                             ovs_strerror(error)) : NULL;
}

/* Turns all ports on or off.  Returns the first error message, like
 * set_admin_state__(). */
static char *
set_all_admin_states(bool up)
{
    struct shash netdevs = SHASH_INITIALIZER(&netdevs);
    struct shash_node *node;
    char *first_error = NULL;

    netdev_get_devices(&dpdk_eth_class, &netdevs);
    netdev_get_devices(&dpdk_vhost_server_class, &netdevs);
    netdev_get_devices(&dpdk_vhost_client_class, &netdevs);
    SHASH_FOR_EACH (node, &netdevs) {
        char *error = set_admin_state__(node->data, up);

        if (first_error) {
            free(error);
        } else {
            first_error = error;
        }
        netdev_close(node->data);
    }
    shash_destroy(&netdevs);
    return first_error;
}

/* "netdev-dpdk/set-admin-state [PORT] up|down": turns one port, or all of
 * them, on or off. */
static void
set_admin_state(struct unixctl_conn *conn, int argc, const char *argv[],
                void *aux OVS_UNUSED)
{
    const char *state = argv[argc - 1];
    bool up = !strcasecmp(state, "up");
    char *error;

    if (!up && strcasecmp(state, "down")) {
        unixctl_command_reply_error(conn, "Invalid Admin State");
        return;
    }

    if (argc > 2) {
        struct netdev *netdev = netdev_from_name(argv[1]);

        error = (netdev && dpdk_dev_is(netdev)
                 ? set_admin_state__(netdev, up)
                 : xstrdup("Not a DPDK Interface"));
        netdev_close(netdev);
    } else {
        error = set_all_admin_states(up);
    }
    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        unixctl_command_reply(conn, "OK");
    }
}

/* "netdev-dpdk/detach DEVICE": detaches a device that no port uses. */
static void
detach(struct unixctl_conn *conn, int argc OVS_UNUSED, const char *argv[],
       void *aux OVS_UNUSED)
{
    char *error = dpdk_eth_attach_remove(argv[1]);

    if (error) {
        unixctl_command_reply_error(conn, error);
        free(error);
    } else {
        char *reply = xasprintf("All devices shared with device '%s' have "
                                "been detached", argv[1]);

        unixctl_command_reply(conn, reply);
        free(reply);
    }
}

/* Opens the vhost port 'name'.  If there is none, returns null and replies to
 * 'conn' that there is none. */
static struct dpdk_vhost *
open_vhost(struct unixctl_conn *conn, const char *name)
{
    struct dpdk_vhost *vhost = dpdk_vhost_open(name);

    if (!vhost) {
        unixctl_command_reply_error(conn, "Not a vhost-user Interface");
    }
    return vhost;
}

/* "netdev-dpdk/vhost-datapath PORT [auto|library]": prints, or sets until
 * options:vhost-datapath changes, who may carry the packets of a port. */
static void
vhost_datapath(struct unixctl_conn *conn, int argc, const char *argv[],
               void *aux OVS_UNUSED)
{
    struct dpdk_vhost *vhost = open_vhost(conn, argv[1]);
    bool wanted;

    if (!vhost) {
        return;
    }
    if (argc < 3) {
        wanted = dpdk_vhost_rings_get_wanted(&vhost->rings);
        unixctl_command_reply(conn, dpdk_vhost_config_datapath_name(wanted));
    } else if (!dpdk_vhost_config_parse_datapath(argv[2], &wanted)) {
        unixctl_command_reply_error(conn, "Invalid datapath, use auto or "
                                    "library");
    } else {
        dpdk_vhost_rings_set_wanted(&vhost->rings, wanted);
        unixctl_command_reply(conn, "OK");
    }
    netdev_close(&vhost->dev.up);
}

/* "netdev-dpdk/vhost-release PORT": serves a port that is held down. */
static void
vhost_release(struct unixctl_conn *conn, int argc OVS_UNUSED,
              const char *argv[], void *aux OVS_UNUSED)
{
    struct dpdk_vhost *vhost = open_vhost(conn, argv[1]);

    if (vhost) {
        dpdk_vhost_faults_release(&vhost->faults);
        dpdk_vhost_guard_wake();
        unixctl_command_reply(conn, "OK");
        netdev_close(&vhost->dev.up);
    }
}

void
dpdk_commands_register(void)
{
    unixctl_command_register("netdev-dpdk/set-admin-state", "[netdev] up|down",
                             1, 2, set_admin_state, NULL);
    unixctl_command_register("netdev-dpdk/detach", "pci address of device",
                             1, 1, detach, NULL);
    unixctl_command_register("netdev-dpdk/get-mempool-info", "[netdev]", 0, 1,
                             get_mempool_info, NULL);
    unixctl_command_register("netdev-dpdk/vhost-datapath",
                             "netdev [auto|library]", 1, 2, vhost_datapath,
                             NULL);
    unixctl_command_register("netdev-dpdk/vhost-release", "netdev", 1, 1,
                             vhost_release, NULL);
    unixctl_command_register("netdev-dpdk/vhost-show", "[--json] [netdev]",
                             0, 2, dpdk_vhost_show, NULL);
}
