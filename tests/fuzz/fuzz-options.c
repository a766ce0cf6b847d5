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

/* Fuzzes what parses text that users write to the database:
 * lib/dpdk-eal-args.c, lib/dpdk-eal-keys.c, lib/dpdk-mempool-conf.c,
 * lib/dpdk-memory.c, and the addresses of devices in lib/dpdk-eth-hint.c.
 *
 * An input is text, a line "KEY=VALUE" for each key of other_config, and
 * "devargs=VALUE" for the last one.
 *
 * What must hold: there are arguments for EAL, in the order in which they were
 * given, or a sentence that says why not.  As getopt_long() sees them, the
 * arguments never end the process, as "-h" does, and name lcores, and memory
 * unless the user did not.  A pool has buffers that are large enough for each
 * MTU, and not larger than DPDK can have.  A PCI address has its full form. */

#include <config.h>

#include <getopt.h>

#include "dpdk-eal-args.h"
#include "dpdk-eal-keys.h"
#include "dpdk-eth-hint.h"
#include "dpdk-memory.h"
#include "dpdk-mempool-conf.h"
#include "fuzz.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* What EAL 22.11 passes to getopt_long(). */
enum { OPT_HELP = 'h', OPT_LOG_LEVEL = 256, OPT_OTHER, OPT_VALUE };
static const char short_options[] = "a:b:c:s:d:hl:S:m:n:r:v";
static const struct option long_options[] = {
    { "help", 0, NULL, OPT_HELP },
    { "log-level", 1, NULL, OPT_LOG_LEVEL },
#define FLAG(NAME) { NAME, 0, NULL, OPT_OTHER }
#define VALUE(NAME) { NAME, 1, NULL, OPT_VALUE }
    VALUE("base-virtaddr"), FLAG("create-uio-dev"), VALUE("file-prefix"),
    VALUE("huge-dir"), { "huge-unlink", 2, NULL, OPT_OTHER },
    VALUE("iova-mode"), VALUE("lcores"), VALUE("main-lcore"),
    VALUE("mbuf-pool-ops-name"), FLAG("no-hpet"), FLAG("no-huge"),
    FLAG("no-pci"), FLAG("no-shconf"), FLAG("in-memory"), VALUE("block"),
    VALUE("allow"), VALUE("proc-type"), VALUE("socket-mem"),
    VALUE("socket-limit"), VALUE("syslog"), VALUE("trace"),
    VALUE("trace-dir"), VALUE("trace-bufsz"), VALUE("trace-mode"),
    VALUE("vdev"), VALUE("vfio-intr"), VALUE("vfio-vf-token"),
    FLAG("vmware-tsc-map"), FLAG("legacy-mem"), FLAG("single-file-segments"),
    FLAG("match-allocations"), FLAG("telemetry"), FLAG("no-telemetry"),
    VALUE("force-max-simd-bitwidth"),
    { "huge-worker-stack", 2, NULL, OPT_OTHER },
#undef FLAG
#undef VALUE
    { NULL, 0, NULL, 0 }
};

/* Returns true if EAL would end the process for 'args'. */
static bool
would_exit(const struct svec *args)
{
    char **argv = xcalloc(args->n + 2, sizeof *argv);
    bool exits = false;
    int c;

    argv[0] = CONST_CAST(char *, "ovs-vswitchd");
    for (size_t i = 0; i < args->n; i++) {
        argv[i + 1] = args->names[i];
    }
    opterr = 0;
    optind = 0;
    while (!exits
           && (c = getopt_long(args->n + 1, argv, short_options,
                               long_options, NULL)) >= 0
           && c != '?') {
        exits = (c == OPT_HELP
                 || (c == OPT_LOG_LEVEL && !strcmp(optarg, "help")));
    }
    free(argv);
    return exits;
}

static void
check_args(const struct smap *config, int core)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    struct svec extra = SVEC_EMPTY_INITIALIZER;
    char *error = dpdk_eal_args_build(config, core, &args);

    dpdk_eal_args_init(config);
    svec_parse_words(&extra, smap_get_def(config, "dpdk-extra", ""));
    if (error) {
        MUST(strstr(error, "other_config"));
    } else {
        static const char *const keys[] = { "--socket-limit", "--huge-dir" };

        MUST(!would_exit(&args));
        MUST(dpdk_eal_args_has(&args, "-c") || dpdk_eal_args_has(&args, "-l")
             || dpdk_eal_args_has(&args, "--lcores"));
        MUST(dpdk_eal_args_has(&args, "--in-memory")
             || dpdk_eal_args_has(&args, "--legacy-mem")
             || dpdk_eal_args_has(&args, "--no-huge"));
        MUST(args.n >= extra.n && args.n <= extra.n + 9);
        for (size_t i = 0; i < extra.n; i++) {
            MUST(!strcmp(extra.names[i], args.names[i]));
        }
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
            MUST(dpdk_eal_args_has(&args, keys[i])
                 || !dpdk_eal_args_value(&args, keys[i]));
        }
    }
    free(error);
    svec_destroy(&args);
    svec_destroy(&extra);
}

static void
check_pools(const struct smap *config)
{
    static const int mtus[] = { 68, 998, 1500, 2023, 9000, 9702 };
    static const struct smap none = SMAP_INITIALIZER(&none);
    bool per_port = smap_get_bool(config, "per-port-memory", false);
    const char *list = smap_get(config, "shared-mempool-config");

    /* Nothing is left of the previous input. */
    dpdk_mempool_conf_run(&none);
    dpdk_mempool_conf_run(config);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(mtus); i++) {
        int mtu = mtus[i / 2];
        int own = dpdk_mempool_conf_adjust_mtu(mtu);
        struct dpdk_mempool_request request = {
            .name = "p0", .mtu = mtu, .socket_id = i % 2,
            .n_rxq = 1, .rxq_size = 2048, .n_txq = 1, .txq_size = 2048,
        };
        struct dpdk_mempool_shape shape;
        uint32_t room;

        dpdk_mempool_conf_shape(&request, &shape);
        room = dpdk_mempool_conf_data_room(shape.adjusted_mtu);
        MUST(shape.shared == !per_port);
        MUST(shape.adjusted_mtu >= own);
        MUST(room >= 128 + 14 + 8 + mtu + 4 && room <= UINT16_MAX);
        MUST(shape.n_packets >= DPDK_MEMPOOL_MIN_PACKETS);
        if (per_port || !list
            || list[strspn(list, "0123456789:, +-\t\n\v\f\r")]) {
            MUST(shape.adjusted_mtu == own);
        }
    }
}

static void
check_devargs(const char *devargs)
{
    char address[sizeof "0000:00:00.0"];

    if (dpdk_eth_hint_pci_address(devargs, address, sizeof address)) {
        MUST(strlen(address) == sizeof address - 1);
        MUST(strspn(address, "0123456789abcdef:.") == sizeof address - 1);
        MUST(address[4] == ':' && address[7] == ':' && address[10] == '.');
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smap config = SMAP_INITIALIZER(&config);
    char *copy = xmemdup0((const char *) data, size);
    char *save_ptr = NULL;
    char *line;

    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    for (line = strtok_r(copy, "\n", &save_ptr); line;
         line = strtok_r(NULL, "\n", &save_ptr)) {
        char *value = strchr(line, '=');

        if (value) {
            *value++ = '\0';
            smap_replace(&config, line, value);
        }
    }
    free(copy);

    check_args(&config, size % 64);
    check_pools(&config);
    check_devargs(smap_get_def(&config, "devargs", ""));
    dpdk_eal_keys_check_applied(&config);
    dpdk_memory_init(0, smap_get(&config, "dpdk-socket-limit"));
    smap_destroy(&config);
    return 0;
}
