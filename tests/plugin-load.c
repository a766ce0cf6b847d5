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

/* plugin-load: the plugin loader in a program of its own, for
 * tests/plugin-loader.at.  Does what its arguments say, in their order.  Calls
 * netdev-plugin.c like ovs-vswitchd does. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dp-packet.h"
#include "dpdk.h"
#include "netdev-plugin-elf.h"
#include "netdev-plugin.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "random.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* How often --damage changes a file. */
enum { N_CHANGES = 20000 };

/* Calls the functions that go through the hooks, in the same order as a switch
 * with one PMD thread. */
static void
call_hooks(void)
{
    struct smap other_config = SMAP_INITIALIZER(&other_config);

    smap_add(&other_config, "dpdk-init", "true");
    print_dpdk_version();
    dpdk_init(&other_config);
    dpdk_init(&other_config);
    if (dpdk_attach_thread(1)) {
        dpdk_detach_thread();
    }
    printf("available: %s\n", dpdk_available() ? "true" : "false");
    dpdk_status(NULL);
    printf("error: %s\n", netdev_plugin_strerror("dummy0", ENOENT));
    printf("error: %s\n", netdev_plugin_strerror("eth0", ENOENT));
    smap_destroy(&other_config);
}

/* Pushes to or, if 'push' is negative, puts at the end of a DPDK packet with
 * 'size' bytes of data and neither headroom nor tailroom.  The plugin frees
 * it. */
static void
grow_packet(int size, int push)
{
    struct dp_packet *packet = dp_packet_new(size);

    dp_packet_put_zeros(packet, size);
    packet->source = DPBUF_DPDK;
    if (push >= 0) {
        dp_packet_prealloc_headroom(packet, push);
    } else {
        dp_packet_prealloc_tailroom(packet, -push);
    }
    dp_packet_delete(packet);
}

/* Parses the 'size' bytes of 'data', which may be damaged, and uses the result
 * if there is one.  'data' is copied to memory of just that size, for a
 * sanitizer to notice a read past its end.  Returns true if the ABI block
 * could be read. */
static bool
parse(const uint8_t *data, size_t size)
{
    struct svec differences = SVEC_EMPTY_INITIALIZER;
    struct netdev_plugin_abi *abi;
    uint8_t *copy = xmemdup(data, size);
    char *error;

    error = netdev_plugin_elf_parse(copy, size, NETDEV_PLUGIN_SYMBOL, &abi);
    ovs_assert(!error == !!abi);
    free(copy);
    if (error) {
        free(error);
        return false;
    }

    netdev_plugin_abi_compare(abi, &netdev_plugin_host_abi, "here",
                              &differences);
    svec_destroy(&differences);
    free(abi);
    return true;
}

/* Returns an offset into 'size' bytes of an ELF file, often in one of its
 * headers, which are at its start and its end. */
static size_t
random_offset(size_t size)
{
    size_t span = MIN(size, 2048);

    switch (random_range(3)) {
    case 0:
        return random_range(span);
    case 1:
        return size - 1 - random_range(span);
    default:
        return random_range(size);
    }
}

/* Parses the plugin 'file_name' truncated to each length, and with random
 * changes. */
static void
damage(const char *file_name)
{
    static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
    size_t n_parsed = 0;
    uint8_t *data;
    struct stat s;
    size_t size;
    int fd;

    fd = open(file_name, O_RDONLY);
    ovs_assert(fd >= 0 && !fstat(fd, &s));
    size = s.st_size;
    data = xmalloc(size);
    ovs_assert(read(fd, data, size) == size);
    close(fd);
    ovs_assert(parse(data, size));

    /* Headers and symbols are at the start, section headers at the end, where
     * not all of them are needed. */
    ovs_assert(!parse(data, size / 2));
    for (size_t n = 0; n < size; n += (n < 4096 || n > size - 4096) ? 1 : 97) {
        parse(data, n);
    }

    random_set_seed(1);
    for (int i = 0; i < N_CHANGES; i++) {
        size_t offset = random_offset(size);
        size_t n = 1u << random_range(4);
        uint8_t *saved;

        n = MIN(n, size - offset);
        saved = xmemdup(data + offset, n);
        for (size_t j = 0; j < n; j++) {
            data[offset + j] = (random_range(2)
                                ? values[random_range(ARRAY_SIZE(values))]
                                : random_uint8());
        }
        n_parsed += parse(data, size);
        memcpy(data + offset, saved, n);
        free(saved);
    }
    ovs_assert(n_parsed && n_parsed < N_CHANGES);
    free(data);
    puts("survived");
}

static void
usage(void)
{
    printf("%s: test the plugin loader\n"
           "usage: %s [OPTIONS] [FILE]...\n"
           "Loads each FILE and does what options say, in their order.\n"
           "  --dir=DIR        load the plugins in DIR\n"
           "  --finish         end loading\n"
           "  --list           print what became of the files so far\n"
           "  --hooks          call the functions that go through the hooks\n"
           "  --push=SIZE      grow the head of a packet of SIZE bytes\n"
           "  --put=SIZE       grow the end of a packet of SIZE bytes\n"
           "  --damage=FILE    parse variations of the plugin FILE\n"
           "  -h, --help       display this help message\n",
           program_name, program_name);
}

static void
list(void)
{
    struct ds out = DS_EMPTY_INITIALIZER;

    netdev_plugin_format(&out);
    fputs(ds_cstr(&out), stdout);
    ds_destroy(&out);
}

static void
load(const char *file_name)
{
    int error = netdev_plugin_load(file_name);

    if (error) {
        ovs_fatal(error, "%s", file_name);
    }
}

int
main(int argc, char *argv[])
{
    enum {
        OPT_DIR = UCHAR_MAX + 1,
        OPT_FINISH,
        OPT_LIST,
        OPT_HOOKS,
        OPT_PUSH,
        OPT_PUT,
        OPT_DAMAGE,
    };
    static const struct option long_options[] = {
        {"dir", required_argument, NULL, OPT_DIR},
        {"finish", no_argument, NULL, OPT_FINISH},
        {"list", no_argument, NULL, OPT_LIST},
        {"hooks", no_argument, NULL, OPT_HOOKS},
        {"push", required_argument, NULL, OPT_PUSH},
        {"put", required_argument, NULL, OPT_PUT},
        {"damage", required_argument, NULL, OPT_DAMAGE},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    set_program_name(argv[0]);
    vlog_set_pattern(VLF_CONSOLE, "%c|%p|%m");

    /* '-' makes a FILE the argument of an option 1, in its place. */
    while ((c = getopt_long(argc, argv, "-h", long_options, NULL)) != -1) {
        switch (c) {
        case 1:
            load(optarg);
            break;
        case OPT_DIR:
            netdev_plugin_load_dir(optarg);
            break;
        case OPT_FINISH:
            netdev_plugin_load_finish();
            break;
        case OPT_LIST:
            list();
            break;
        case OPT_HOOKS:
            call_hooks();
            break;
        case OPT_PUSH:
            grow_packet(atoi(optarg), 100);
            break;
        case OPT_PUT:
            grow_packet(atoi(optarg), -100);
            break;
        case OPT_DAMAGE:
            damage(optarg);
            break;
        case 'h':
            usage();
            return EXIT_SUCCESS;
        default:
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
