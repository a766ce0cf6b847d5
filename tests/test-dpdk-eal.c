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

/* Unit tests of lib/dpdk-eal.c and lib/dpdk-eal-huge.c: when DPDK is started
 * again after it did not start, with this program in the place of EAL. */

#include <config.h>

#include "dpdk-eal.h"

#include <errno.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "dpdk-eal-huge.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "util.h"

/* How often EAL was started. */
static int n_starts;

/* EAL, which always fails. */
int
rte_eal_init(int argc OVS_UNUSED, char **argv OVS_UNUSED)
{
    n_starts++;
    rte_errno = EINVAL;
    return -1;
}

/* Checks that a change of 'key' to 'value' in 'other_config' leads to 'n'
 * starts. */
static void
change(struct smap *other_config, const char *key, const char *value, int n)
{
    n_starts = 0;
    smap_replace(other_config, key, value);
    assert_false(dpdk_eal_run(other_config));
    assert_int_equal(n_starts, n);
}

/* What failed is tried again when the arguments or dpdk-init change. */
static void
test_again(void **state OVS_UNUSED)
{
    struct smap other_config = SMAP_INITIALIZER(&other_config);

    smap_add(&other_config, "dpdk-extra", "--no-huge --no-pci");
    change(&other_config, "dpdk-init", "false", 0);
    change(&other_config, "dpdk-init", "true", 1);
    change(&other_config, "dpdk-init", "true", 0);
    change(&other_config, "max-idle", "1000", 0);
    change(&other_config, "dpdk-extra", "--no-huge", 1);
    change(&other_config, "dpdk-init", "try", 1);
    change(&other_config, "dpdk-init", "false", 0);
    change(&other_config, "dpdk-init", "try", 1);
    change(&other_config, "dpdk-init", "try", 0);
    smap_destroy(&other_config);
}

/* The files of a size of hugepages, and numbers for them. */
static const char *const names[] = {
    "free_hugepages", "resv_hugepages", "nr_overcommit_hugepages",
    "surplus_hugepages",
};

/* Returns whether there are hugepages if there are 'numbers' of one size. */
static bool
available(const char *sysfs, const int numbers[])
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char *path = xasprintf("%s/kernel/mm/hugepages/hugepages-2048kB/%s",
                               sysfs, names[i]);
        FILE *stream = fopen(path, "w");

        assert_non_null(stream);
        fprintf(stream, "%d\n", numbers[i]);
        fclose(stream);
        free(path);
    }
    return dpdk_eal_huge_available(sysfs);
}

static void
test_hugepages(void **state OVS_UNUSED)
{
    static const char *const dirs[] = {
        "kernel", "kernel/mm", "kernel/mm/hugepages",
        "kernel/mm/hugepages/hugepages-2048kB",
    };
    char sysfs[] = "sysfs.XXXXXX";
    char *command;

    assert_non_null(mkdtemp(sysfs));
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char *path = xasprintf("%s/%s", sysfs, dirs[i]);

        assert_false(dpdk_eal_huge_available(sysfs));
        assert_int_equal(mkdir(path, 0777), 0);
        free(path);
    }
    assert_false(dpdk_eal_huge_available(sysfs));
    assert_false(available(sysfs, (int []) { 0, 0, 0, 0 }));
    assert_true(available(sysfs, (int []) { 1, 0, 0, 0 }));
    assert_false(available(sysfs, (int []) { 5, 5, 0, 0 }));
    assert_true(available(sysfs, (int []) { 0, 0, 2, 1 }));
    assert_false(available(sysfs, (int []) { 0, 0, 2, 2 }));
    assert_true(available(sysfs, (int []) { 1, 0, 0, 3 }));

    command = xasprintf("rm -r %s", sysfs);
    assert_int_equal(system(command), 0);
    free(command);
}

int
main(int argc OVS_UNUSED, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_hugepages),
    };

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
