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

/* ovs-plugin-abi: prints how a netdev plugin was built, and compares that with
 * a switch.  Called by users whose switch has refused a plugin, and by the
 * tests.  Reads the files with netdev-plugin-elf.c, like the switch, and runs
 * no code in them. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netdev-plugin-elf.h"
#include "netdev-plugin.h"
#include "svec.h"
#include "util.h"

/* Exit codes, those of diff(1). */
enum {
    EXIT_SAME = 0,
    EXIT_DIFFERENT = 1,
    EXIT_TROUBLE = 2,
};

OVS_NO_RETURN static void usage(void);

/* Prints an error message that starts with 'name' and exits. */
static OVS_NO_RETURN void
fail(const char *name, const char *message)
{
    ovs_error(0, "%s: %s", name, message);
    exit(EXIT_TROUBLE);
}

/* Stores in '*abip' the ABI block that 'symbol' in 'file_name' starts with.
 * Returns a null pointer or an error message, which the caller must free. */
static char *
try_read_abi(const char *file_name, const char *symbol,
             struct netdev_plugin_abi **abip)
{
    struct stat s;
    char *error;
    int fd;

    /* Opening a FIFO must not block. */
    fd = open(file_name, O_RDONLY | O_NONBLOCK);
    if (fd < 0) {
        return xasprintf("cannot be opened (%s)", ovs_strerror(errno));
    }
    if (!fstat(fd, &s) && !S_ISREG(s.st_mode)) {
        error = xstrdup("not a regular file");
    } else {
        error = netdev_plugin_elf_read(fd, symbol, abip);
    }
    close(fd);
    return error;
}

static struct netdev_plugin_abi *
read_abi(const char *file_name, const char *symbol)
{
    struct netdev_plugin_abi *abi;
    char *error;

    error = try_read_abi(file_name, symbol, &abi);
    if (error) {
        fail(file_name, error);
    }
    return abi;
}

/* Prints each field of 'file_name', a plugin or a switch. */
static int
print_abi(const char *file_name)
{
    struct netdev_plugin_abi *abi;
    char *error;

    error = try_read_abi(file_name, NETDEV_PLUGIN_HOST_SYMBOL, &abi);
    if (error) {
        free(error);
        abi = read_abi(file_name, NETDEV_PLUGIN_SYMBOL);
    }

    for (size_t i = 0; i < abi->n_fields; i++) {
        const struct netdev_plugin_abi_field *field;
        char *value;

        field = netdev_plugin_abi_field_at(abi, i);
        value = netdev_plugin_abi_value(field);
        printf("%s: %s\n", field->name, value);
        free(value);
    }
    free(abi);
    return EXIT_SAME;
}

/* Prints each difference between a plugin and a switch. */
static int
compare_abis(const char *plugin_name, const char *switch_name)
{
    struct netdev_plugin_abi *plugin = read_abi(plugin_name,
                                                NETDEV_PLUGIN_SYMBOL);
    struct netdev_plugin_abi *host = read_abi(switch_name,
                                              NETDEV_PLUGIN_HOST_SYMBOL);
    struct svec differences = SVEC_EMPTY_INITIALIZER;
    const char *difference;
    bool same;
    size_t i;

    same = netdev_plugin_abi_compare(plugin, host, "in the switch",
                                     &differences);
    SVEC_FOR_EACH (i, difference, &differences) {
        puts(difference);
    }
    if (same) {
        puts("no differences");
    }
    svec_destroy(&differences);
    free(plugin);
    free(host);
    return same ? EXIT_SAME : EXIT_DIFFERENT;
}

int
main(int argc, char *argv[])
{
    static const struct option long_options[] = {
        {"compare", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    const char *switch_name = NULL;
    int result;

    set_program_name(argv[0]);
    for (;;) {
        int c = getopt_long(argc, argv, "c:hV", long_options, NULL);

        if (c == -1) {
            break;
        }
        switch (c) {
        case 'c':
            switch_name = optarg;
            break;

        case 'h':
            usage();

        case 'V':
            ovs_print_version(0, 0);
            exit(EXIT_SAME);

        default:
            exit(EXIT_TROUBLE);
        }
    }
    if (argc - optind != 1) {
        fail("needs one FILE", "use --help for usage");
    }

    result = (switch_name
              ? compare_abis(argv[optind], switch_name)
              : print_abi(argv[optind]));
    if (fflush(stdout) || ferror(stdout)) {
        fail("standard output", ovs_strerror(errno));
    }
    return result;
}

static void
usage(void)
{
    printf("%s: print how a netdev plugin was built\n"
           "usage: %s [OPTIONS] FILE\n"
           "where FILE is a plugin or an ovs-vswitchd that loads plugins.\n"
           "\nOptions:\n"
           "  -c, --compare=VSWITCHD    print only what differs between the\n"
           "                            plugin FILE and the switch VSWITCHD\n"
           "  -h, --help                display this help message\n"
           "  -V, --version             display version information\n"
           "\nExits with 0 on success and if nothing differs, 1 if something\n"
           "does, 2 on trouble.\n",
           program_name, program_name);
    exit(EXIT_SAME);
}
