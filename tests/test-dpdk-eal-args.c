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

/* Unit tests of lib/dpdk-eal-args.c: the arguments of rte_eal_init() for each
 * key of Open_vSwitch other_config, alone and in conflict.
 *
 * Needs nothing. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dpdk-eal-args.h"
#include "smap.h"
#include "svec.h"
#include "util.h"

/* Fails unless the arguments for 'other_config', "KEY=VALUE" strings separated
 * by semicolons, on core 3, are 'expected'. */
static void
check(const char *other_config, const char *expected)
{
    struct svec args = SVEC_EMPTY_INITIALIZER;
    struct smap smap = SMAP_INITIALIZER(&smap);
    char *save_ptr = NULL;
    char *copy, *pair;
    char *joined;
    char *error;

    copy = xstrdup(other_config);
    for (pair = strtok_r(copy, ";", &save_ptr); pair;
         pair = strtok_r(NULL, ";", &save_ptr)) {
        char *value = strchr(pair, '=');

        *value++ = '\0';
        smap_add(&smap, pair, value);
    }

    error = dpdk_eal_args_build(&smap, 3, &args);
    joined = error ? xstrdup(error) : svec_join(&args, " ", "");
    assert_string_equal(joined, expected);

    free(joined);
    free(error);
    free(copy);
    smap_destroy(&smap);
    svec_destroy(&args);
}

static void
test_init(void **state OVS_UNUSED)
{
    static const struct {
        const char *value;
        enum dpdk_init expected;
    } cases[] = {
        { NULL, DPDK_INIT_FALSE },
        { "false", DPDK_INIT_FALSE },
        { "true", DPDK_INIT_TRUE },
        { "TRUE", DPDK_INIT_TRUE },
        { "try", DPDK_INIT_TRY },
        { "Try", DPDK_INIT_TRY },
        { "yes", DPDK_INIT_FALSE },
        { "", DPDK_INIT_FALSE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct smap smap = SMAP_INITIALIZER(&smap);

        if (cases[i].value) {
            smap_add(&smap, "dpdk-init", cases[i].value);
        }
        assert_int_equal(dpdk_eal_args_init(&smap), cases[i].expected);
        smap_destroy(&smap);
    }
}

static void
test_default(void **state OVS_UNUSED)
{
    check("", "--in-memory --lcores 0@3");
}

static void
test_keys(void **state OVS_UNUSED)
{
    check("dpdk-lcore-mask=0x5", "-c 0x5 --in-memory");
    check("dpdk-hugepage-dir=/mnt/huge",
          "--huge-dir /mnt/huge --in-memory --lcores 0@3");
    check("dpdk-socket-limit=1024,0",
          "--socket-limit 1024,0 --in-memory --lcores 0@3");
    check("dpdk-socket-mem=512,512",
          "--socket-mem 512,512 --in-memory --lcores 0@3");
    check("dpdk-alloc-mem=256", "-m 256 --in-memory --lcores 0@3");
    check("dpdk-alloc-mem=;dpdk-socket-mem=",
          "--in-memory --lcores 0@3");
    check("dpdk-alloc-mem=256;dpdk-socket-mem=512",
          "--socket-mem 512 --in-memory --lcores 0@3");
    check("dpdk-lcore-mask=0x1;dpdk-hugepage-dir=/h;dpdk-socket-limit=1;"
          "dpdk-socket-mem=2",
          "-c 0x1 --huge-dir /h --socket-limit 1 --socket-mem 2 "
          "--in-memory");
}

static void
test_extra(void **state OVS_UNUSED)
{
    check("dpdk-extra=--no-pci",
          "--no-pci --in-memory --lcores 0@3");
    check("dpdk-extra=--vdev 'net_tap0,iface=a b' \"-n\" 4",
          "--vdev net_tap0,iface=a b -n 4 --in-memory --lcores 0@3");

    /* It overrides the other keys. */
    check("dpdk-extra=-c 0x2;dpdk-lcore-mask=0x1", "-c 0x2 --in-memory");
    check("dpdk-extra=-c0x2;dpdk-lcore-mask=0x1", "-c0x2 --in-memory");
    check("dpdk-extra=--socket-mem=64;dpdk-socket-mem=512",
          "--socket-mem=64 --in-memory --lcores 0@3");
    check("dpdk-extra=--huge-dir /a;dpdk-hugepage-dir=/b",
          "--huge-dir /a --in-memory --lcores 0@3");
    check("dpdk-extra=-m 64;dpdk-alloc-mem=512",
          "-m 64 --in-memory --lcores 0@3");

    /* That holds for options that exclude one another, too. */
    check("dpdk-extra=--lcores=0@2;dpdk-lcore-mask=0x1",
          "--lcores=0@2 --in-memory");
    check("dpdk-extra=-l 2;dpdk-lcore-mask=0x1", "-l 2 --in-memory");
    check("dpdk-extra=--socket-mem=64;dpdk-alloc-mem=512",
          "--socket-mem=64 --in-memory --lcores 0@3");
    check("dpdk-extra=-m 64;dpdk-alloc-mem=128;dpdk-socket-mem=512",
          "-m 64 --in-memory --lcores 0@3");

    /* Each way to name lcores is enough. */
    check("dpdk-extra=-l 0,1", "-l 0,1 --in-memory");
    check("dpdk-extra=--lcores 0@1", "--lcores 0@1 --in-memory");
    check("dpdk-extra=--lcores=0@1", "--lcores=0@1 --in-memory");
}

static void
test_in_memory(void **state OVS_UNUSED)
{
    check("dpdk-extra=--in-memory", "--in-memory --lcores 0@3");
    check("dpdk-extra=--legacy-mem", "--legacy-mem --lcores 0@3");

    /* EAL refuses both together. */
    check("dpdk-extra=--no-huge -m 512", "--no-huge -m 512 --lcores 0@3");
}

static void
test_value(void **state OVS_UNUSED)
{
    static const struct {
        const char *args;
        const char *expected;
    } cases[] = {
        { "", NULL },
        { "--socket-limit 64,0 -v", "64,0" },
        { "--socket-limit=64", "64" },
        { "--socket-limit 64 --socket-limit=32", "32" },
        { "--socket-limits=64", NULL },
        { "--socket-limit", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct svec args = SVEC_EMPTY_INITIALIZER;
        const char *value;

        svec_parse_words(&args, cases[i].args);
        value = dpdk_eal_args_value(&args, "--socket-limit");
        assert_true(nullable_string_is_equal(value, cases[i].expected));
        svec_destroy(&args);
    }
}

static void
test_exiting(void **state OVS_UNUSED)
{
    static const char *options[] = {
        "-h", "-hv", "-vh", "--help", "--hel", "--he", "--log-level=help",
        "--log-l=help",
    };

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        char *config = xasprintf("dpdk-extra=--no-pci %s", options[i]);
        char *error = xasprintf("other_config:dpdk-extra: '%s' would end the "
                                "switch, remove it", options[i]);

        check(config, error);
        free(config);
        free(error);
    }
    check("dpdk-extra=--log-level help",
          "other_config:dpdk-extra: '--log-level' would end the switch, "
          "remove it");

    /* The option takes "-c" as its value. */
    check("dpdk-extra=--file-prefix;dpdk-lcore-mask=-h",
          "other_config: '-h' would end the switch, remove it");

    /* These look similar but are fine. */
    check("dpdk-extra=--huge-unlink --log-level=pmd.*:error -v",
          "--huge-unlink --log-level=pmd.*:error -v --in-memory "
          "--lcores 0@3");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_default),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_extra),
        cmocka_unit_test(test_in_memory),
        cmocka_unit_test(test_value),
        cmocka_unit_test(test_exiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
