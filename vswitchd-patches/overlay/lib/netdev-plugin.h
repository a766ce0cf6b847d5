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

#ifndef NETDEV_PLUGIN_H
#define NETDEV_PLUGIN_H 1

/* Netdev plugins
 * ==============
 *
 * The seam between ovs-vswitchd and a netdev provider that is loaded at run
 * time.  This is the only header that both sides compile: the switch, through
 * netdev-plugin.c, dpdk-stub.c, netdev-dpdk.h and dp-packet.c; and the plugin,
 * in the one file that defines 'ovs_netdev_plugin'.
 *
 * A plugin shares structures, inline functions and locks with the switch, so
 * it only works with the very build it was compiled against.  Both sides
 * therefore describe the layout that they were compiled with in a "struct
 * netdev_plugin_abi", and the loader compares the two, field by field, before
 * any code of the plugin runs.  The description is plain bytes without
 * pointers: the loader and ovs-plugin-abi(1) read it from the file.
 *
 * A plugin that differs is refused and the switch runs on without it.  A
 * plugin that was loaded is never unloaded: threads, netdev classes and
 * packets may refer to it until the process ends.
 *
 * Thread-safety
 * -------------
 *
 * netdev_plugin_load(), netdev_plugin_load_dir() and
 * netdev_plugin_load_finish() may be called only by the main thread, before it
 * has created any other one.  'netdev_plugin_hooks' does not change after
 * that, so it is read without a lock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dp-packet.h"
#include "netdev-plugin-build.h"
#include "netdev-provider.h"
#include "openvswitch/compiler.h"
#include "openvswitch/thread.h"
#include "ovs-atomic.h"
#include "util.h"

#ifdef  __cplusplus
extern "C" {
#endif

struct ds;
struct ovsrec_open_vswitch;
struct smap;

/* Version of this interface.  Incremented with each incompatible change of
 * the structures in this file. */
#define NETDEV_PLUGIN_API 2

/* Name of the one symbol that a plugin exports, a
 * "const struct netdev_plugin". */
#define NETDEV_PLUGIN_SYMBOL "ovs_netdev_plugin"

/* Name of the symbol under which the switch exports its own
 * "const struct netdev_plugin_abi", for ovs-plugin-abi(1). */
#define NETDEV_PLUGIN_HOST_SYMBOL "netdev_plugin_host_abi"

/* First bytes of a "struct netdev_plugin_abi". */
#define NETDEV_PLUGIN_MAGIC "OVS-NETDEV-ABI\n"

/* Name of the field that holds the version of Open vSwitch.  It is the same in
 * every version of this interface, too. */
#define NETDEV_PLUGIN_VERSION_FIELD "Open vSwitch version"

/* One fact about the build, as a number or, if 'text' is not empty, as a
 * text.  Both are null-terminated and padded with zeros. */
struct netdev_plugin_abi_field {
    char name[48];              /* For example "sizeof(struct dp_packet)". */
    char text[72];              /* Value of a textual field. */
    uint64_t number;            /* Value of a numeric field. */
};

/* What the switch calls in a plugin.  No member is null.  The default hooks,
 * in netdev-plugin.c, do what a switch without DPDK does. */
struct netdev_plugin_hooks {
    /* Called by the main thread in each pass of its loop, once the database
     * is connected, with Open_vSwitch other_config.  The first call that finds
     * the plugin enabled initialises it and registers its netdev classes.
     * It never ends the process. */
    void (*init)(const struct smap *other_config);

    /* Called by a PMD thread that was just created, with the core that it runs
     * on.  Returns true if detach_thread() has to be called at its end. */
    bool (*attach_thread)(unsigned int core_id);
    void (*detach_thread)(void);

    /* Returns true if init() has succeeded.  Any thread. */
    bool (*available)(void);

    /* Prints the version of the plugin's library to stdout, as a line of
     * "ovs-vswitchd --version".  Called before init(). */
    void (*print_version)(void);

    /* Stores the state of the plugin in 'cfg', which may be null.  Called by
     * the main thread, inside a database transaction. */
    void (*status)(const struct ovsrec_open_vswitch *cfg);

    /* Frees 'packet', whose source is DPBUF_DPDK, and its data.  Any thread,
     * with or without attach_thread(). */
    void (*free_packet)(struct dp_packet *packet);

    /* Moves the data of 'packet', whose source is DPBUF_DPDK, to memory that
     * has exactly 'new_headroom' and 'new_tailroom' bytes before and after it.
     * The caller has checked that the sum fits what a dp_packet can hold.
     * Any thread. */
    void (*resize_packet)(struct dp_packet *packet, size_t new_headroom,
                          size_t new_tailroom);

    /* Returns a new packet, whose source is DPBUF_DPDK, with at least
     * 'headroom' bytes before a copy of the data of 'packet', whose source is
     * DPBUF_DPDK too, but with nothing else of it.  Returns null if it is
     * better to copy to malloc()'ed memory.  Any thread. */
    struct dp_packet *(*clone_packet)(const struct dp_packet *packet,
                                      size_t headroom);

    /* Stores in '*errorp' a sentence that says what is wrong with the port
     * 'name', for Interface:error, or null if nothing is.  The plugin owns it,
     * and keeps it until the next call.  Returns true if the plugin has such a
     * port, false if it has none or has just failed to make it.  Main
     * thread. */
    bool (*port_error)(const char *name, const char **errorp);

    /* Returns how often the TSC counts in a second, or 0 if that is not known
     * and has to be measured.  Called once init() has succeeded. */
    uint64_t (*tsc_hz)(void);
};

/* Values of the fields below that no header of Open vSwitch has. */
#ifdef WORDS_BIGENDIAN
#define NETDEV_PLUGIN_BYTE_ORDER "big-endian"
#else
#define NETDEV_PLUGIN_BYTE_ORDER "little-endian"
#endif

/* The implementation that "ovs-atomic.h" selected, known by the macros that
 * only it defines. */
#if defined(OVS_ATOMIC_CLANG_IMPL)
#define NETDEV_PLUGIN_ATOMICS "clang"
#elif defined(OVS_ATOMIC_PTHREADS_IMPL)
#define NETDEV_PLUGIN_ATOMICS "pthreads"
#elif defined(OVS_ATOMIC_X86_64_IMPL)
#define NETDEV_PLUGIN_ATOMICS "x86_64"
#elif defined(OVS_ATOMIC_I586_IMPL)
#define NETDEV_PLUGIN_ATOMICS "i586"
#elif defined(OVS_ATOMIC_GCC4P_IMPL)
#define NETDEV_PLUGIN_ATOMICS "gcc4+"
#elif defined(OMIT_STANDARD_ATOMIC_TYPES)
#define NETDEV_PLUGIN_ATOMICS "c11"
#else
#define NETDEV_PLUGIN_ATOMICS "gcc4.7+"
#endif

#ifdef DPDK_NETDEV
#define NETDEV_PLUGIN_DPDK_NETDEV 1
#else
#define NETDEV_PLUGIN_DPDK_NETDEV 0
#endif

#if HAVE_AF_XDP
#define NETDEV_PLUGIN_AF_XDP 1
#else
#define NETDEV_PLUGIN_AF_XDP 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define NETDEV_PLUGIN_ASAN 1
#else
#define NETDEV_PLUGIN_ASAN 0
#endif

/* ABI fields
 * ----------
 *
 * NETDEV_PLUGIN_ABI_FIELDS lists what has to be equal, the most telling first,
 * since the first difference is often the cause of the others.  What is listed
 * is whatever the plugin compiles into itself: the layout of the structures
 * that it reads and writes, and the build flags that change a layout.  Sizes
 * alone are not enough, point releases of Open vSwitch do move members, hence
 * the exact version and the hash over the headers. */
#define NETDEV_PLUGIN_ABI_FIELDS                                            \
    NETDEV_PLUGIN_NUMBER("API", NETDEV_PLUGIN_API),                         \
    NETDEV_PLUGIN_TEXT(NETDEV_PLUGIN_VERSION_FIELD, VERSION),               \
    NETDEV_PLUGIN_TEXT("hash of headers", NETDEV_PLUGIN_HEADER_HASH),       \
    NETDEV_PLUGIN_TEXT("byte order", NETDEV_PLUGIN_BYTE_ORDER),             \
    NETDEV_PLUGIN_TEXT("atomics", NETDEV_PLUGIN_ATOMICS),                   \
    NETDEV_PLUGIN_NUMBER("sizeof(void *)", sizeof(void *)),                 \
    NETDEV_PLUGIN_NUMBER("sizeof(off_t)", sizeof(off_t)),                   \
    NETDEV_PLUGIN_NUMBER("CACHE_LINE_SIZE", CACHE_LINE_SIZE),               \
    NETDEV_PLUGIN_NUMBER("DPDK_NETDEV", NETDEV_PLUGIN_DPDK_NETDEV),         \
    NETDEV_PLUGIN_NUMBER("HAVE_AF_XDP", NETDEV_PLUGIN_AF_XDP),              \
    NETDEV_PLUGIN_NUMBER("AddressSanitizer", NETDEV_PLUGIN_ASAN),           \
    NETDEV_PLUGIN_NUMBER("NETDEV_MAX_BURST", NETDEV_MAX_BURST),             \
    NETDEV_PLUGIN_NUMBER("DPBUF_DPDK", DPBUF_DPDK),                         \
    NETDEV_PLUGIN_SIZE(struct dp_packet),                                   \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, base_),                          \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, data_ofs),                       \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, size_),                          \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, ol_flags),                       \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, source),                         \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, l2_pad_size),                    \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, cutlen),                         \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, packet_type),                    \
    NETDEV_PLUGIN_OFFSET(struct dp_packet, md),                             \
    NETDEV_PLUGIN_SIZE(struct pkt_metadata),                                \
    NETDEV_PLUGIN_OFFSET(struct pkt_metadata, in_port),                     \
    NETDEV_PLUGIN_OFFSET(struct pkt_metadata, tunnel),                      \
    NETDEV_PLUGIN_SIZE(struct dp_packet_batch),                             \
    NETDEV_PLUGIN_OFFSET(struct dp_packet_batch, packets),                  \
    NETDEV_PLUGIN_SIZE(struct netdev),                                      \
    NETDEV_PLUGIN_OFFSET(struct netdev, ol_flags),                          \
    NETDEV_PLUGIN_OFFSET(struct netdev, n_rxq),                             \
    NETDEV_PLUGIN_SIZE(struct netdev_class),                                \
    NETDEV_PLUGIN_OFFSET(struct netdev_class, construct),                   \
    NETDEV_PLUGIN_OFFSET(struct netdev_class, send),                        \
    NETDEV_PLUGIN_OFFSET(struct netdev_class, get_stats),                   \
    NETDEV_PLUGIN_OFFSET(struct netdev_class, update_flags),                \
    NETDEV_PLUGIN_OFFSET(struct netdev_class, rxq_is_idle),                 \
    NETDEV_PLUGIN_OFFSET(struct netdev_class, rxq_recv),                    \
    NETDEV_PLUGIN_SIZE(struct netdev_rxq),                                  \
    NETDEV_PLUGIN_SIZE(struct netdev_stats),                                \
    NETDEV_PLUGIN_SIZE(struct netdev_custom_stats),                         \
    NETDEV_PLUGIN_SIZE(struct ovs_mutex),                                   \
    NETDEV_PLUGIN_SIZE(struct netdev_plugin_hooks),

#define NETDEV_PLUGIN_NUMBER(NAME, VALUE) { .name = NAME, .number = (VALUE) }
#define NETDEV_PLUGIN_TEXT(NAME, VALUE) { .name = NAME, .text = VALUE }
#define NETDEV_PLUGIN_SIZE(TYPE)                                            \
    NETDEV_PLUGIN_NUMBER("sizeof(" #TYPE ")", sizeof(TYPE))
#define NETDEV_PLUGIN_OFFSET(TYPE, MEMBER)                                  \
    NETDEV_PLUGIN_NUMBER("offsetof(" #TYPE ", " #MEMBER ")",                \
                         offsetof(TYPE, MEMBER))

#define NETDEV_PLUGIN_N_ABI_FIELDS                                          \
    (sizeof((struct netdev_plugin_abi_field[]) { NETDEV_PLUGIN_ABI_FIELDS }) \
     / sizeof(struct netdev_plugin_abi_field))

/* Describes how a plugin or a switch was compiled.  The first three members
 * keep their place and meaning in every version of this interface, so that a
 * switch and a plugin of different versions can still name their
 * differences. */
struct netdev_plugin_abi {
    char magic[16];             /* NETDEV_PLUGIN_MAGIC. */
    uint32_t field_size;        /* Size of an element of 'fields', in bytes. */
    uint32_t n_fields;          /* Number of elements in 'fields'. */
    struct netdev_plugin_abi_field fields[NETDEV_PLUGIN_N_ABI_FIELDS];
};

/* What a plugin exports as 'ovs_netdev_plugin'.  'abi' comes first and holds
 * no pointer, so it can be read from the file. */
struct netdev_plugin {
    struct netdev_plugin_abi abi;
    const char *name;           /* For plugin/list, e.g. "DPDK 22.11.11". */
    const struct netdev_plugin_hooks *hooks;
};

/* The hooks of the plugin that was loaded, or else the default ones. */
extern const struct netdev_plugin_hooks *netdev_plugin_hooks;

/* How this switch was compiled. */
extern const struct netdev_plugin_abi netdev_plugin_host_abi;

/* Initialiser of the "struct netdev_plugin_abi" of the file that uses it. */
#define NETDEV_PLUGIN_ABI_INITIALIZER                                       \
    {                                                                       \
        .magic = NETDEV_PLUGIN_MAGIC,                                       \
        .field_size = sizeof(struct netdev_plugin_abi_field),               \
        .n_fields = NETDEV_PLUGIN_N_ABI_FIELDS,                             \
        .fields = { NETDEV_PLUGIN_ABI_FIELDS },                             \
    }

/* Defines the symbol of a plugin with the given name and hooks. */
#define NETDEV_PLUGIN_DEFINE(NAME, HOOKS)                                   \
    extern const struct netdev_plugin ovs_netdev_plugin;                    \
    const struct netdev_plugin ovs_netdev_plugin                            \
        __attribute__((visibility("default"))) = {                          \
        .abi = NETDEV_PLUGIN_ABI_INITIALIZER,                               \
        .name = NAME,                                                       \
        .hooks = HOOKS,                                                     \
    }

/* Loads the plugin in 'file_name', an absolute or relative path, if it passes
 * all checks.  Returns 0 if it was loaded or refused, each of which is logged
 * and listed by plugin/list, and ENOENT if there is no such file.  Main
 * thread, before netdev_plugin_load_finish(): a later call refuses the
 * plugin. */
int netdev_plugin_load(const char *file_name);

/* Loads each "*.so" in 'dir', in alphabetic order, like netdev_plugin_load().
 * A directory that does not exist holds no plugins. */
void netdev_plugin_load_dir(const char *dir);

/* Returns the directory from which plugins are loaded by default, the value of
 * OVS_PLUGINDIR in the environment or else the one chosen when the switch was
 * built.  The caller must not free it. */
const char *netdev_plugin_dir(void);

/* Ends loading, logs its results, and registers the command plugin/list.
 * Called by the main thread, once, after its options are parsed: they say
 * where to log.  If the process exits earlier, what was refused is logged
 * then. */
void netdev_plugin_load_finish(void);

/* Appends to 'out' one line for each file that was found: what it is, if it
 * was loaded, else why it was refused. */
void netdev_plugin_format(struct ds *out);

/* Returns what hook port_error() says of the port 'name', or else the text of
 * 'error', a positive errno.  The caller must not free it.  Main thread. */
const char *netdev_plugin_strerror(const char *name, int error);

/* Does what hook resize_packet() says.  Cuts what cannot fit into a dp_packet
 * after that: first the room that was not asked to grow, then the end of a
 * packet that would be longer than 64 kB. */
void netdev_plugin_resize_packet(struct dp_packet *packet,
                                 size_t new_headroom, size_t new_tailroom);

#ifdef  __cplusplus
}
#endif

#endif /* netdev-plugin.h */
