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


/* ovs-dpdk-peer: an application at the other end of a vhost-user port, in the
 * place of a guest or a container.  Called by users, the tests, the demo and
 * the benchmarks.  This file parses the command line, starts EAL and the
 * virtio-user port, and calls ovs-dpdk-peer-run.c. */

#include <config.h>

#include "ovs-dpdk-peer.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_version.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "util.h"

enum {
    EXIT_FAIL = 1,
    EXIT_TROUBLE = 2,
};

/* More mbufs than this wait in no queue of ours. */
#define N_SPARE_MBUFS 1024

/* What the driver wants in a buffer beside the MTU: headers, VLAN tags, FCS,
 * and its own header. */
#define PEER_BUFFER_OVERHEAD 64

static struct peer_signals signals;

/* Prints an error message and exits. */
static void OVS_NO_RETURN OVS_PRINTF_FORMAT(1, 2)
die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    ovs_error_valist(0, format, args);
    va_end(args);
    exit(EXIT_TROUBLE);
}

static void
usage(void)
{
    printf("%s: be the application at the other end of a vhost-user port\n"
           "usage: %s [OPTION]... --socket=FILE MODE [N]\n"
           "\n"
           "Modes:\n"
           "  exchange N          send N numbered frames to another of these\n"
           "                      applications, and receive as many from it\n"
           "  send N              send N numbered frames\n"
           "  receive N           receive N numbered frames\n"
           "  loop [N]            send N frames, then return all that comes\n"
           "  sink                throw away all that comes\n"
           "  ping                send a frame, wait for it to come back, and "
           "so on\n"
           "\n"
           "The port:\n"
           "  --socket=FILE       vhost-user socket of the port\n"
           "  --server            make the socket, for dpdkvhostuserclient\n"
           "  --queues=N          queues in each direction (default: 1)\n"
           "  --queue-size=N      descriptors in a queue (default: 256)\n"
           "  --packed            use packed rings\n"
           "  --mtu=BYTES         MTU (default: 1500)\n"
           "  --buffer=BYTES      size of buffers for receiving (default: as\n"
           "                      large as frames)\n"
           "\n"
           "Frames:\n"
           "  --id=N              which application this is (default: 0)\n"
           "  --size=BYTES        size of frames without FCS (default: 64)\n"
           "  --size=MIN-MAX      sizes between MIN and MAX\n"
           "  --size=imix         60, 566 and 1514 bytes, as 28:16:4\n"
           "  --flows=N           use N UDP source ports and, beyond 64000,\n"
           "                      addresses (default: 1)\n"
           "  --macswap           in loop: exchange the addresses\n"
           "  --next-flow         in loop: give each frame the next flow\n"
           "  --src-mac=MAC       source (default: 02:00:00:00:00:01 + id)\n"
           "  --dst-mac=MAC       destination (default: 02:00:00:00:00:fe)\n"
           "\n"
           "Pace:\n"
           "  --rate=N            in exchange, send, loop: N frames a second\n"
           "                      (default: all)\n"
           "  --window=N          in exchange: at most N frames not yet\n"
           "                      acknowledged (default: half a queue)\n"
           "  --duration=SECONDS  in loop, sink and ping: end after that\n"
           "                      (default: never)\n"
           "  --interval=SECONDS  time between progress lines (default: 1,\n"
           "                      0: none)\n"
           "  --timeout=SECONDS   give up when nothing happens for that long\n"
           "                      (default: 30)\n"
           "\n"
           "DPDK:\n"
           "  --cpu=N             run on CPU N (default: any)\n"
           "  --memory=MB         memory (default: 64)\n"
           "  --no-huge           use no hugepages\n"
           "  --eal=ARGUMENT      add an argument for EAL (may be repeated)\n"
           "\n"
           "Other options:\n"
           "  -h, --help          display this help message\n"
           "  -V, --version       display version information\n"
           "\n"
           "Ends with the line \"peer: PASS ...\" and exit code 0,\n"
           "\"peer: FAIL ...\" and 1, or an error message and 2.\n"
           "SIGTERM and SIGINT end it in good order, SIGUSR1 prints "
           "counters.\n",
           program_name, program_name);
}

/* Command line
 * ============ */

/* Returns 'text', the argument of 'option', as a number from 'min' to
 * 'max'. */
static uint64_t
parse_number(const char *option, const char *text, uint64_t min, uint64_t max)
{
    unsigned long long value;
    char *tail;

    errno = 0;
    value = strtoull(text, &tail, 10);
    if (text[0] < '0' || text[0] > '9' || *tail || errno || value < min
        || value > max) {
        die("%s: '%s' is not a number from %llu to %llu", option, text,
            (unsigned long long) min, (unsigned long long) max);
    }
    return value;
}

static double
parse_seconds(const char *option, const char *text)
{
    char *tail;
    double value = strtod(text, &tail);

    if (tail == text || *tail || !isfinite(value) || value < 0) {
        die("%s: '%s' is not a number of at least 0", option, text);
    }
    return value;
}

static void
parse_mac(const char *option, const char *text, struct rte_ether_addr *mac)
{
    if (rte_ether_unformat_addr(text, mac)) {
        die("%s: '%s' is not an Ethernet address", option, text);
    }
}

static void
parse_size(const char *text, struct peer_options *options)
{
    const char *dash = strchr(text, '-');
    char min[16];

    options->imix = !strcmp(text, "imix");
    if (options->imix) {
        options->max_size = 1514;
    } else if (dash) {
        snprintf(min, sizeof min, "%.*s", (int) (dash - text), text);
        options->min_size = parse_number("--size", min, PEER_MIN_SIZE,
                                         PEER_MAX_SIZE);
        options->max_size = parse_number("--size", dash + 1,
                                         options->min_size, PEER_MAX_SIZE);
    } else {
        options->min_size = parse_number("--size", text, PEER_MIN_SIZE,
                                         PEER_MAX_SIZE);
        options->max_size = options->min_size;
    }
}

static void
parse_mode(int argc, char *argv[], struct peer_options *options)
{
    static const char *const names[] = {
        [PEER_EXCHANGE] = "exchange",
        [PEER_SEND] = "send",
        [PEER_RECEIVE] = "receive",
        [PEER_LOOP] = "loop",
        [PEER_SINK] = "sink",
        [PEER_PING] = "ping",
    };
    unsigned int mode;

    if (argc < 1) {
        die("needs a MODE (use --help for help)");
    }
    for (mode = 0; strcmp(names[mode], argv[0]); mode++) {
        if (mode == PEER_PING) {
            die("'%s': unknown mode (use --help for help)", argv[0]);
        }
    }
    if (mode >= PEER_SINK && argc > 1) {
        die("%s: takes no number of frames", argv[0]);
    }
    if (argc > 2 || (argc < 2 && mode < PEER_LOOP)) {
        die("%s: needs one number of frames", argv[0]);
    }
    options->mode = mode;
    options->mode_name = names[mode];
    options->n = (argc == 2
                  ? parse_number(argv[0], argv[1], 0, UINT32_MAX)
                  : 0);
}

/* Options that have no short form. */
enum {
    OPT_SOCKET = UCHAR_MAX + 1,
    OPT_SERVER,
    OPT_QUEUES,
    OPT_QUEUE_SIZE,
    OPT_PACKED,
    OPT_MTU,
    OPT_BUFFER,
    OPT_ID,
    OPT_SIZE,
    OPT_FLOWS,
    OPT_MACSWAP,
    OPT_NEXT_FLOW,
    OPT_SRC_MAC,
    OPT_DST_MAC,
    OPT_RATE,
    OPT_WINDOW,
    OPT_DURATION,
    OPT_INTERVAL,
    OPT_TIMEOUT,
    OPT_CPU,
    OPT_MEMORY,
    OPT_NO_HUGE,
    OPT_EAL,
};

static const struct option long_options[] = {
    {"socket", required_argument, NULL, OPT_SOCKET},
    {"server", no_argument, NULL, OPT_SERVER},
    {"queues", required_argument, NULL, OPT_QUEUES},
    {"queue-size", required_argument, NULL, OPT_QUEUE_SIZE},
    {"packed", no_argument, NULL, OPT_PACKED},
    {"mtu", required_argument, NULL, OPT_MTU},
    {"buffer", required_argument, NULL, OPT_BUFFER},
    {"id", required_argument, NULL, OPT_ID},
    {"size", required_argument, NULL, OPT_SIZE},
    {"flows", required_argument, NULL, OPT_FLOWS},
    {"macswap", no_argument, NULL, OPT_MACSWAP},
    {"next-flow", no_argument, NULL, OPT_NEXT_FLOW},
    {"src-mac", required_argument, NULL, OPT_SRC_MAC},
    {"dst-mac", required_argument, NULL, OPT_DST_MAC},
    {"rate", required_argument, NULL, OPT_RATE},
    {"window", required_argument, NULL, OPT_WINDOW},
    {"duration", required_argument, NULL, OPT_DURATION},
    {"interval", required_argument, NULL, OPT_INTERVAL},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"cpu", required_argument, NULL, OPT_CPU},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"no-huge", no_argument, NULL, OPT_NO_HUGE},
    {"eal", required_argument, NULL, OPT_EAL},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* Stores option 'c', one of those about the port and EAL, with its argument
 * 'arg'.  Returns false if it is another one. */
static bool
parse_port_option(int c, const char *arg, struct peer_options *options)
{
    switch (c) {
    case OPT_SOCKET:
        options->socket = arg;
        return true;
    case OPT_SERVER:
        options->server = true;
        return true;
    case OPT_QUEUES:
        options->n_queues = parse_number("--queues", arg, 1, PEER_MAX_QUEUES);
        return true;
    case OPT_QUEUE_SIZE:
        options->queue_size = parse_number("--queue-size", arg, 32, 32768);
        return true;
    case OPT_PACKED:
        options->packed = true;
        return true;
    case OPT_MTU:
        options->mtu = parse_number("--mtu", arg, 68,
                                    PEER_MAX_SIZE - PEER_FRAME_OVERHEAD);
        return true;
    case OPT_BUFFER:
        options->buffer = parse_number("--buffer", arg, 128, PEER_MAX_SIZE);
        return true;
    case OPT_CPU:
        options->cpu = parse_number("--cpu", arg, 0, CPU_SETSIZE - 1);
        return true;
    case OPT_MEMORY:
        options->memory = parse_number("--memory", arg, 16, 1 << 20);
        return true;
    case OPT_NO_HUGE:
        options->no_huge = true;
        return true;
    case OPT_EAL:
        if (options->n_eal_args >= ARRAY_SIZE(options->eal_args)) {
            die("--eal: more than %"PRIuSIZE" arguments",
                ARRAY_SIZE(options->eal_args));
        }
        options->eal_args[options->n_eal_args++] = arg;
        return true;
    default:
        return false;
    }
}

/* Like parse_port_option(), for options about frames and their pace. */
static bool
parse_frame_option(int c, const char *arg, struct peer_options *options)
{
    switch (c) {
    case OPT_ID:
        options->id = parse_number("--id", arg, 0, 249);
        return true;
    case OPT_SIZE:
        parse_size(arg, options);
        return true;
    case OPT_FLOWS:
        options->n_flows = parse_number("--flows", arg, 1, 1000000);
        return true;
    case OPT_MACSWAP:
        options->macswap = true;
        return true;
    case OPT_NEXT_FLOW:
        options->next_flow = true;
        return true;
    case OPT_SRC_MAC:
        parse_mac("--src-mac", arg, &options->src_mac);
        return true;
    case OPT_DST_MAC:
        parse_mac("--dst-mac", arg, &options->dst_mac);
        return true;
    case OPT_RATE:
        options->rate = parse_seconds("--rate", arg);
        return true;
    case OPT_WINDOW:
        options->window = parse_number("--window", arg, 4, UINT32_MAX);
        return true;
    case OPT_DURATION:
        options->duration = parse_seconds("--duration", arg);
        return true;
    case OPT_INTERVAL:
        options->interval = parse_seconds("--interval", arg);
        return true;
    case OPT_TIMEOUT:
        options->timeout = parse_seconds("--timeout", arg);
        return true;
    default:
        return false;
    }
}

static void
parse_options(int argc, char *argv[], struct peer_options *options)
{
    int c;

    while ((c = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
        if (parse_port_option(c, optarg, options)
            || parse_frame_option(c, optarg, options)) {
            continue;
        }
        switch (c) {
        case 'h':
            usage();
            exit(EXIT_SUCCESS);
        case 'V':
            ovs_print_version(0, 0);
            puts(rte_version());
            exit(EXIT_SUCCESS);
        default:
            exit(EXIT_TROUBLE);
        }
    }
    parse_mode(argc - optind, argv + optind, options);

    if (!options->window) {
        /* Neither the queue of the other one nor the port's overflows. */
        options->window = options->queue_size / 2;
    }
    if (!options->socket) {
        die("needs --socket (use --help for help)");
    } else if (strchr(options->socket, ',')) {
        die("--socket: '%s' has a comma, which DPDK does not take",
            options->socket);
    } else if (options->max_size > options->mtu + PEER_FRAME_OVERHEAD) {
        die("--size: frames of %u bytes need --mtu=%u", options->max_size,
            options->max_size - PEER_FRAME_OVERHEAD);
    }
    if (rte_is_zero_ether_addr(&options->src_mac)) {
        options->src_mac.addr_bytes[0] = 2;
        options->src_mac.addr_bytes[5] = options->id + 1;
    }
}

/* DPDK
 * ==== */

/* Appends to 'argv' where EAL may run the program: on 'cpu', or if that is -1
 * wherever it may now. */
static void
add_lcores(struct svec *argv, int cpu)
{
    struct ds lcores = DS_EMPTY_INITIALIZER;
    cpu_set_t set;

    CPU_ZERO(&set);
    if (cpu >= 0) {
        CPU_SET(cpu, &set);
    } else if (sched_getaffinity(0, sizeof set, &set)) {
        die("sched_getaffinity: %s", ovs_strerror(errno));
    }
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &set)) {
            ds_put_format(&lcores, "%s%d", lcores.length ? "," : "", i);
        }
    }
    svec_add_nocopy(argv, xasprintf("--lcores=0@(%s)", ds_cstr(&lcores)));
    ds_destroy(&lcores);
}

/* Removes the socket that an application which died has left behind, since
 * DPDK does not.  One that somebody listens to stays. */
static void
remove_stale_socket(const char *name)
{
    struct sockaddr_un sun = { .sun_family = AF_UNIX };
    int fd;

    if (strlen(name) >= sizeof sun.sun_path) {
        die("--socket: '%s' is longer than %"PRIuSIZE" bytes",
            name, sizeof sun.sun_path - 1);
    }
    ovs_strlcpy(sun.sun_path, name, sizeof sun.sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        die("socket: %s", ovs_strerror(errno));
    }
    if (connect(fd, (struct sockaddr *) &sun, sizeof sun)
        && errno == ECONNREFUSED) {
        unlink(name);
    }
    close(fd);
}

static void
start_eal(const struct peer_options *options)
{
    struct svec argv = SVEC_EMPTY_INITIALIZER;

    if (options->server) {
        remove_stale_socket(options->socket);
    }
    svec_add(&argv, program_name);
    svec_add(&argv, "--no-pci");
    svec_add(&argv, "--no-telemetry");
    svec_add(&argv, "--log-level=warning");
    add_lcores(&argv, options->cpu);
    svec_add_nocopy(&argv, xasprintf("-m%u", options->memory));
    if (options->no_huge) {
        svec_add(&argv, "--no-huge");
        svec_add(&argv, "--no-shconf");
    } else {
        /* A vhost-user back end takes no more than eight files. */
        svec_add(&argv, "--in-memory");
        svec_add(&argv, "--single-file-segments");
    }
    svec_add_nocopy(&argv, xasprintf(
        "--vdev=net_virtio_user0,path=%s,queues=%u,queue_size=%u,"
        "packed_vq=%d,server=%d,mac="RTE_ETHER_ADDR_PRT_FMT,
        options->socket, options->n_queues, options->queue_size,
        options->packed, options->server,
        RTE_ETHER_ADDR_BYTES(&options->src_mac)));
    for (unsigned int i = 0; i < options->n_eal_args; i++) {
        svec_add(&argv, options->eal_args[i]);
    }
    svec_terminate(&argv);
    if (rte_eal_init(argv.n, argv.names) < 0) {
        die("%s: EAL did not start (%s)", options->socket,
            rte_strerror(rte_errno));
    }

    /* EAL has reordered the arguments, and keeps some. */
}

/* Creates a pool of buffers of 'size' bytes, enough for all queues. */
static struct rte_mempool *
create_pool(const struct peer_options *options, const char *name,
            unsigned int size)
{
    unsigned int n = (2 * options->n_queues * options->queue_size
                      + N_SPARE_MBUFS);
    struct rte_mempool *mp = rte_pktmbuf_pool_create(
        name, n, PEER_BURST, 0, RTE_PKTMBUF_HEADROOM + size, SOCKET_ID_ANY);

    if (!mp) {
        die("%s: %u MB are not enough for %u packets, use --memory",
            options->socket, options->memory, n);
    }
    return mp;
}

/* Configures and starts port 'port_id', with memory from 'mp'. */
static void
start_port(const struct peer_options *options, uint16_t port_id,
           struct rte_mempool *mp)
{
    /* The driver reconnects when an interrupt tells it that the switch has
     * gone. */
    struct rte_eth_conf conf = {
        .rxmode.mtu = options->mtu,
        .intr_conf.lsc = 1,
    };
    int error;

    if (options->buffer) {
        conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_SCATTER;
        conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    }
    error = rte_eth_dev_configure(port_id, options->n_queues,
                                  options->n_queues, &conf);
    for (unsigned int i = 0; !error && i < options->n_queues; i++) {
        error = rte_eth_rx_queue_setup(port_id, i, options->queue_size,
                                       SOCKET_ID_ANY, NULL, mp);
        if (!error) {
            error = rte_eth_tx_queue_setup(port_id, i, options->queue_size,
                                           SOCKET_ID_ANY, NULL);
        }
    }
    if (!error) {
        error = rte_eth_dev_start(port_id);
    }
    if (error) {
        die("%s: the port did not start (%s)", options->socket,
            rte_strerror(-error));
    }
}

/* Waits until the switch has taken port 'port_id'. */
static void
wait_for_link(const struct peer_options *options, uint16_t port_id)
{
    const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
    struct rte_eth_link link = { .link_status = RTE_ETH_LINK_DOWN };
    time_t end = time(NULL) + options->timeout;

    while (!signals.stop) {
        rte_eth_link_get_nowait(port_id, &link);
        if (link.link_status == RTE_ETH_LINK_UP) {
            puts("peer: ready");
            return;
        }
        if (time(NULL) > end) {
            die("%s: no switch has connected within %.0f seconds",
                options->socket, options->timeout);
        }
        nanosleep(&pause, NULL);
    }
}

static void
on_signal(int signr)
{
    if (signr == SIGUSR1) {
        signals.tell = true;
    } else {
        signals.stop = true;
    }
}

int
main(int argc, char *argv[])
{
    struct peer_options options = {
        .n_queues = 1,
        .queue_size = 256,
        .mtu = 1500,
        .min_size = 64,
        .max_size = 64,
        .n_flows = 1,
        .dst_mac = {{ 2, 0, 0, 0, 0, 0xfe }},
        .interval = 1,
        .timeout = 30,
        .cpu = -1,
        .memory = 64,
    };
    struct rte_mempool *mp, *rx_mp;
    uint16_t port_id;
    bool pass;

    set_program_name(argv[0]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    parse_options(argc, argv, &options);
    start_eal(&options);

    port_id = rte_eth_find_next(0);
    mp = rx_mp = create_pool(&options, "peer", options.mtu
                             + PEER_BUFFER_OVERHEAD);
    if (options.buffer) {
        rx_mp = create_pool(&options, "rx", options.buffer);
    }
    peer_frame_init(&options);
    start_port(&options, port_id, rx_mp);
    signal(SIGPIPE, SIG_IGN);   /* The switch may go away. */
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    signal(SIGUSR1, on_signal);
    wait_for_link(&options, port_id);

    pass = peer_run(&options, port_id, mp, &signals);
    rte_eth_dev_stop(port_id);
    rte_eth_dev_close(port_id);
    rte_eal_cleanup();
    return pass ? EXIT_SUCCESS : EXIT_FAIL;
}
