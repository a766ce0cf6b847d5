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

/* The loader of netdev plugins, see netdev-plugin.h.  Called by ovs-vswitchd.c
 * while it parses its options and, through 'netdev_plugin_hooks', by
 * dpdk-stub.c.  Calls netdev-plugin-elf.c to read a file before any code in it
 * runs.
 *
 * Whoever can write to a plugin or rename it runs code as the switch, so the
 * loader only trusts files that nobody but root and the running user can
 * change.  It checks that first, and then relies on the file to stay what it
 * is.
 *
 * What happened is logged only when the options for logging are known, that
 * is, in netdev_plugin_load_finish(). */

#include <config.h>

#include "netdev-plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef DPDK_NETDEV
#include <rte_config.h>
#include <rte_cycles.h>
#endif

#include "netdev-plugin-elf.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/vlog.h"
#include "ovs-thread.h"
#include "smap.h"
#include "svec.h"
#include "unixctl.h"
#include "util.h"
#include "vswitch-idl.h"

VLOG_DEFINE_THIS_MODULE(netdev_plugin);

/* A file that was found. */
struct plugin {
    struct ovs_list node;       /* In 'plugins'. */
    char *file_name;            /* As the user gave it. */
    dev_t dev;                  /* Device of the file. */
    ino_t ino;                  /* Inode, or 0 if it could not be opened. */
    const char *name;           /* What it is, or null if it was refused. */
    struct svec reasons;        /* Why it was refused. */
    bool differs;               /* Do 'reasons' list differences of fields? */
    bool logged;                /* Has the result been logged? */
};

/* All files that were found, in the order in which they were. */
static struct ovs_list plugins = OVS_LIST_INITIALIZER(&plugins);

/* The one that was loaded, or null. */
static const struct plugin *loaded_plugin;

/* The directory that was last searched, or null. */
static char *searched_dir;

/* Set by netdev_plugin_load_finish(). */
static bool load_finished;

const struct netdev_plugin_abi netdev_plugin_host_abi
    = NETDEV_PLUGIN_ABI_INITIALIZER;

/* Default hooks
 * =============
 *
 * They do what a switch without DPDK does. */

static void
default_init(const struct smap *other_config)
{
    static struct ovsthread_once once = OVSTHREAD_ONCE_INITIALIZER;
    const char *value = smap_get_def(other_config, "dpdk-init", "");

    /* Users' scripts look for the first sentence, and for its module. */
    if ((!strcasecmp(value, "true") || !strcasecmp(value, "try"))
        && ovsthread_once_start(&once)) {
        vlog(vlog_module_from_name("dpdk"), VLL_ERR,
             "DPDK not supported in this copy of Open vSwitch.  It takes a "
             "plugin, and \"ovs-appctl plugin/list\" tells why none was "
             "loaded");
        ovsthread_once_done(&once);
    }
}

static bool
default_attach_thread(unsigned int core_id OVS_UNUSED)
{
    return false;
}

static void
default_detach_thread(void)
{
}

static bool
default_available(void)
{
    return false;
}

static void
default_print_version(void)
{
}

static void
default_status(const struct ovsrec_open_vswitch *cfg)
{
    if (cfg) {
        ovsrec_open_vswitch_set_dpdk_initialized(cfg, false);
        ovsrec_open_vswitch_set_dpdk_version(cfg, "none");
    }
}

/* Without a plugin, there are no packets of this kind. */
static void
default_free_packet(struct dp_packet *packet OVS_UNUSED)
{
    OVS_NOT_REACHED();
}

static void
default_resize_packet(struct dp_packet *packet OVS_UNUSED,
                      size_t new_headroom OVS_UNUSED,
                      size_t new_tailroom OVS_UNUSED)
{
    OVS_NOT_REACHED();
}

static struct dp_packet *
default_clone_packet(const struct dp_packet *packet OVS_UNUSED,
                     size_t headroom OVS_UNUSED)
{
    return NULL;
}

static bool
default_port_error(const char *name OVS_UNUSED, const char **errorp)
{
    *errorp = NULL;
    return false;
}

/* A build with DPDK calls this, too. */
static uint64_t
default_tsc_hz(void)
{
#ifdef DPDK_NETDEV
    return rte_get_tsc_hz();
#else
    return 0;
#endif
}

static const struct netdev_plugin_hooks default_hooks = {
    .init = default_init,
    .attach_thread = default_attach_thread,
    .detach_thread = default_detach_thread,
    .available = default_available,
    .print_version = default_print_version,
    .status = default_status,
    .free_packet = default_free_packet,
    .resize_packet = default_resize_packet,
    .clone_packet = default_clone_packet,
    .port_error = default_port_error,
    .tsc_hz = default_tsc_hz,
};

const struct netdev_plugin_hooks *netdev_plugin_hooks = &default_hooks;

const char *
netdev_plugin_strerror(const char *name, int error)
{
    const char *text;

    netdev_plugin_hooks->port_error(name, &text);
    return text ? text : ovs_strerror(error);
}

void
netdev_plugin_resize_packet(struct dp_packet *packet, size_t new_headroom,
                            size_t new_tailroom)
{
    static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 5);
    size_t size = dp_packet_size(packet);
    size_t total = new_headroom + size + new_tailroom;

    /* The size of a dp_packet's buffer has 16 bits. */
    if (total > UINT16_MAX) {
        bool grow_head = new_headroom > dp_packet_headroom(packet);
        size_t *spare = grow_head ? &new_tailroom : &new_headroom;
        size_t cut = MIN(*spare, total - UINT16_MAX);

        *spare -= cut;
        total -= cut;
    }

    /* No protocol can carry such a packet, and there is nobody to return an
     * error to. */
    if (total > UINT16_MAX) {
        size_t excess = total - UINT16_MAX;

        ovs_assert(excess <= size);
        VLOG_WARN_RL(&rl, "packet of %"PRIuSIZE" bytes is about to grow past "
                     "64 kB: cutting %"PRIuSIZE" bytes from its end",
                     size, excess);
        dp_packet_set_size(packet, size - excess);
    }
    netdev_plugin_hooks->resize_packet(packet, new_headroom, new_tailroom);
}

/* Checks
 * ====== */

static void OVS_PRINTF_FORMAT(2, 3)
plugin_refuse(struct plugin *plugin, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    svec_add_nocopy(&plugin->reasons, xvasprintf(format, args));
    va_end(args);
}

/* Checks that only root and the running user can write to 'name', a file or
 * directory with status 's'.  Refuses 'plugin' and returns false if not. */
static bool
plugin_check_owner(struct plugin *plugin, const char *name,
                   const struct stat *s)
{
    const char *kind = S_ISDIR(s->st_mode) ? "directory" : "file";

    if (s->st_uid != 0 && s->st_uid != geteuid()) {
        plugin_refuse(plugin, "%s \"%s\" is owned by user %u, neither root "
                      "nor the user that runs the switch; refusing to load",
                      kind, name, (unsigned int) s->st_uid);
        return false;
    }

    /* In a sticky directory, such as /tmp, others can only add files. */
    if (S_ISDIR(s->st_mode) && s->st_mode & S_ISVTX) {
        return true;
    }
    if (s->st_mode & S_IWOTH) {
        plugin_refuse(plugin, "%s \"%s\" is world-writable; refusing to load",
                      kind, name);
        return false;
    }
    if (s->st_mode & S_IWGRP && s->st_gid != 0 && s->st_gid != getegid()) {
        plugin_refuse(plugin, "%s \"%s\" is writable by group %u; "
                      "refusing to load", kind, name,
                      (unsigned int) s->st_gid);
        return false;
    }
    return true;
}

/* Checks the directories above 'path', an absolute path without symbolic
 * links. */
static bool
plugin_check_dirs(struct plugin *plugin, const char *path)
{
    char *dir = xstrdup(path);
    bool ok = true;

    while (ok && strcmp(dir, "/")) {
        char *slash = strrchr(dir, '/');
        struct stat s;

        /* Keep the slash that is the root directory. */
        slash[slash == dir] = '\0';
        if (stat(dir, &s)) {
            plugin_refuse(plugin, "directory \"%s\" cannot be checked (%s)",
                          dir, ovs_strerror(errno));
            ok = false;
        } else {
            ok = plugin_check_owner(plugin, dir, &s);
        }
    }
    free(dir);
    return ok;
}

/* Reads the ABI block of 'plugin' from 'fd' and compares it with that of the
 * switch.  Returns the block, which the caller must free, or refuses 'plugin'
 * and returns a null pointer. */
static struct netdev_plugin_abi *
plugin_check_abi(struct plugin *plugin, int fd)
{
    const struct netdev_plugin_abi *host = &netdev_plugin_host_abi;
    struct netdev_plugin_abi *abi;
    char *error;

    error = netdev_plugin_elf_read(fd, NETDEV_PLUGIN_SYMBOL, &abi);
    if (error) {
        plugin_refuse(plugin, "%s; not an Open vSwitch plugin", error);
        free(error);
        return NULL;
    }
    if (netdev_plugin_abi_compare(abi, host, "here", &plugin->reasons)) {
        return abi;
    }

    /* Another version explains all other differences. */
    const struct netdev_plugin_abi_field *version
        = netdev_plugin_abi_find(abi, NETDEV_PLUGIN_VERSION_FIELD);
    if (version && strcmp(version->text, VERSION)) {
        char *value = netdev_plugin_abi_value(version);

        svec_clear(&plugin->reasons);
        plugin_refuse(plugin, "built for Open vSwitch %s, this is %s; "
                      "rebuild the plugin against this version",
                      value, VERSION);
        free(value);
    } else {
        plugin->differs = true;
    }
    free(abi);
    return NULL;
}

/* Loading
 * ======= */

static bool
hooks_are_complete(const struct netdev_plugin_hooks *hooks)
{
    return (hooks->init && hooks->attach_thread && hooks->detach_thread
            && hooks->available && hooks->print_version && hooks->status
            && hooks->free_packet && hooks->resize_packet
            && hooks->clone_packet && hooks->port_error
            && hooks->tsc_hz);
}

/* Loads 'path', whose file has passed all checks and starts with 'abi'.  From
 * here on code of the plugin runs, which may leave references to itself
 * anywhere in the process, so that even one that is refused cannot be
 * unloaded. */
static void
plugin_open(struct plugin *plugin, const char *path,
            const struct netdev_plugin_abi *abi)
{
    const struct netdev_plugin *symbol;
    void *handle;

    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        plugin_refuse(plugin, "dlopen failed: %s", dlerror());
        return;
    }

    symbol = dlsym(handle, NETDEV_PLUGIN_SYMBOL);
    if (!symbol
        || memcmp(&symbol->abi, abi, netdev_plugin_abi_size(abi))) {
        plugin_refuse(plugin, "file changed while it was loaded");
    } else if (!symbol->name || !symbol->hooks
               || !hooks_are_complete(symbol->hooks)) {
        plugin_refuse(plugin, "has no name or lacks a hook");
    } else {
        plugin->name = symbol->name;
        netdev_plugin_hooks = symbol->hooks;
        loaded_plugin = plugin;
    }
}

static struct plugin *
plugin_find(const struct stat *s)
{
    struct plugin *plugin;

    LIST_FOR_EACH (plugin, node, &plugins) {
        if (plugin->ino && plugin->ino == s->st_ino
            && plugin->dev == s->st_dev) {
            return plugin;
        }
    }
    return NULL;
}

/* Checks 'fd', the file with the resolved name 'path' and status 's', and
 * loads it. */
static void
plugin_load_file(struct plugin *plugin, const char *path, int fd,
                 const struct stat *s)
{
    struct netdev_plugin_abi *abi;

    if (load_finished) {
        plugin_refuse(plugin, "too late: plugins are loaded only while the "
                      "switch starts");
        return;
    } else if (!S_ISREG(s->st_mode)) {
        plugin_refuse(plugin, "not a regular file");
        return;
    } else if (!plugin_check_owner(plugin, path, s)
               || !plugin_check_dirs(plugin, path)) {
        return;
    }

    abi = plugin_check_abi(plugin, fd);
    if (abi) {
        if (loaded_plugin) {
            plugin_refuse(plugin, "only one plugin can be loaded, and plugin "
                          "\"%s\" was first", loaded_plugin->file_name);
        } else {
            plugin_open(plugin, path, abi);
        }
        free(abi);
    }
}

static void
plugin_log(struct plugin *plugin)
{
    const char *reason;
    size_t i;

    plugin->logged = true;
    if (plugin->name) {
        VLOG_INFO("plugin \"%s\": loaded, %s",
                  plugin->file_name, plugin->name);
    }
    SVEC_FOR_EACH (i, reason, &plugin->reasons) {
        VLOG_ERR("plugin \"%s\": %s", plugin->file_name, reason);
    }
    if (plugin->differs) {
        VLOG_ERR("plugin \"%s\": not loaded", plugin->file_name);
    }
}

/* Logs which plugins were refused, if an error or an option such as --version
 * ends the process before netdev_plugin_load_finish() does. */
static void
log_refused_at_exit(void)
{
    struct plugin *plugin;

    LIST_FOR_EACH (plugin, node, &plugins) {
        if (!plugin->logged && !plugin->name) {
            plugin_log(plugin);
        }
    }
}

static struct plugin *
plugin_create(const char *file_name)
{
    struct plugin *plugin = xzalloc(sizeof *plugin);

    if (ovs_list_is_empty(&plugins)) {
        atexit(log_refused_at_exit);
    }
    plugin->file_name = xstrdup(file_name);
    svec_init(&plugin->reasons);
    ovs_list_push_back(&plugins, &plugin->node);
    return plugin;
}

/* Loads or refuses 'file_name'.  Returns 0, or a positive errno value if there
 * is no file to say anything about. */
static int
load_file(const char *file_name)
{
    struct plugin *plugin = NULL;
    char *path = NULL;
    int fd = -1;
    struct stat s;
    int error = 0;

    /* Opening a FIFO must not block. */
    path = realpath(file_name, NULL);
    if (path) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    }
    if (fd < 0 || fstat(fd, &s)) {
        error = errno;
        if (error == ENOENT || error == ENOTDIR) {
            error = ENOENT;
        } else {
            plugin = plugin_create(file_name);
            plugin_refuse(plugin, "cannot be opened (%s)",
                          ovs_strerror(error));
            error = 0;
        }
    } else if (!plugin_find(&s)) {
        plugin = plugin_create(file_name);
        plugin->dev = s.st_dev;
        plugin->ino = s.st_ino;
        plugin_load_file(plugin, path, fd, &s);
    }

    if (plugin && load_finished) {
        plugin_log(plugin);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return error;
}

int
netdev_plugin_load(const char *file_name)
{
    return load_file(file_name);
}

static bool
is_plugin_name(const char *name)
{
    return name[0] != '.' && string_ends_with(name, ".so");
}

void
netdev_plugin_load_dir(const char *dir_name)
{
    struct svec names = SVEC_EMPTY_INITIALIZER;
    const struct dirent *entry;
    const char *name;
    DIR *dir;
    size_t i;

    free(searched_dir);
    searched_dir = xstrdup(dir_name);

    dir = opendir(dir_name);
    if (!dir) {
        if (errno != ENOENT) {
            plugin_refuse(plugin_create(dir_name), "cannot be searched (%s)",
                          ovs_strerror(errno));
        }
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (is_plugin_name(entry->d_name)) {
            svec_add_nocopy(&names, xasprintf("%s/%s", dir_name,
                                              entry->d_name));
        }
    }
    closedir(dir);

    svec_sort(&names);
    SVEC_FOR_EACH (i, name, &names) {
        int error = load_file(name);

        if (error) {
            plugin_refuse(plugin_create(name), "cannot be opened (%s)",
                          ovs_strerror(error));
        }
    }
    svec_destroy(&names);
}

const char *
netdev_plugin_dir(void)
{
    const char *dir = getenv("OVS_PLUGINDIR");

    return dir && dir[0] ? dir : NETDEV_PLUGIN_DIR;
}

static void
plugin_list(struct unixctl_conn *conn, int argc OVS_UNUSED,
            const char *argv[] OVS_UNUSED, void *aux OVS_UNUSED)
{
    struct ds reply = DS_EMPTY_INITIALIZER;

    netdev_plugin_format(&reply);
    unixctl_command_reply(conn, ds_cstr(&reply));
    ds_destroy(&reply);
}

void
netdev_plugin_load_finish(void)
{
    struct plugin *plugin;

    load_finished = true;
    LIST_FOR_EACH (plugin, node, &plugins) {
        plugin_log(plugin);
    }
    unixctl_command_register("plugin/list", "", 0, 0, plugin_list, NULL);
}

void
netdev_plugin_format(struct ds *out)
{
    struct plugin *plugin;

    LIST_FOR_EACH (plugin, node, &plugins) {
        if (plugin->name) {
            ds_put_format(out, "%s: loaded, %s\n",
                          plugin->file_name, plugin->name);
        } else {
            char *reasons = svec_join(&plugin->reasons, "; ", "");

            ds_put_format(out, "%s: refused: %s\n",
                          plugin->file_name, reasons);
            free(reasons);
        }
    }
    if (ovs_list_is_empty(&plugins)) {
        if (searched_dir) {
            ds_put_format(out, "no plugin found in %s\n", searched_dir);
        } else {
            ds_put_cstr(out, "no plugin was looked for\n");
        }
    }
}
