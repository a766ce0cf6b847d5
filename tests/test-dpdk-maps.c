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

/* Unit tests of lib/dpdk-maps.c and lib/dpdk-import.c: what is mapped, and who
 * calls what. */

#include <config.h>

#include "dpdk-maps.h"

#include <errno.h>
#include <sys/mman.h>

#include <rte_eal.h>

#include "dpdk-import.h"
#include "test-child.h"
#include "test-filter.h"
#include "util.h"

#define SIZE (64 * 4096)

/* Exit code of a child. */
#define GOOD 42

static void
check_maps(void)
{
    int fd = dpdk_maps_open();
    int file = memfd_create("file", MFD_CLOEXEC);
    void *p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, file, 0);
    uintptr_t address = (uintptr_t) p;
    struct dpdk_mapping mapping, next;
    struct dpdk_maps maps;
    size_t n = 0;

    assert_true(fd >= 0);
    assert_true(dpdk_maps_find(fd, address + SIZE - 1, &mapping));
    assert_true(mapping.start <= address && mapping.end >= address + SIZE);
    assert_true(mapping.inode != 0);
    assert_true(dpdk_maps_find(fd, (uintptr_t) &n, &mapping));
    assert_int_equal(mapping.inode, 0);
    assert_false(dpdk_maps_find(fd, 0, &mapping));
    assert_false(dpdk_maps_find(fd, UINTPTR_MAX, &mapping));
    assert_false(dpdk_maps_find(-1, address, &mapping));

    dpdk_maps_start(&maps, fd);
    mapping.end = 0;
    while (dpdk_maps_next(&maps, &next)) {
        assert_true(next.start < next.end && next.start >= mapping.end);
        mapping = next;
        n++;
    }
    assert_true(n > 10);
    munmap(p, SIZE);
    close(file);
    close(fd);
}

static void
test_maps(void **state OVS_UNUSED)
{
    check_maps();
}

static void
test_old_kernel(void **state OVS_UNUSED)
{
    pid_t pid = child_start();

    if (!pid) {
        assert_true(refuse_query());
        check_maps();
        _exit(GOOD);
    }
    assert_exited(child_wait(pid), GOOD);
}

/* Only those that are named so are replaced. */
static void
test_import(void **state OVS_UNUSED)
{
    assert_int_equal(dpdk_import_replace(rte_eal_init, "sigactio", check_maps),
                     ENOENT);
    assert_int_equal(dpdk_import_replace(NULL, "sigaction", check_maps),
                     ENOENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_old_kernel),
        cmocka_unit_test(test_import),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
