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

/* Unit tests of lib/dpdk-eal-log.c: what DPDK logs comes out of vlog in as
 * many lines as DPDK means, and the first error is kept for those who ask.
 *
 * Needs nothing: DPDK logs before it is initialised. */

#include <config.h>

#include <rte_log.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dpdk-eal-log.h"
#include "openvswitch/vlog.h"
#include "util.h"

/* The lines that vlog has written since the test began. */
static FILE *lines;

/* The standard error that cmocka writes to. */
static int stderr_fd;

static int
setup(void **state OVS_UNUSED)
{
    lines = tmpfile();
    assert_non_null(lines);
    stderr_fd = dup(STDERR_FILENO);
    assert_int_not_equal(dup2(fileno(lines), STDERR_FILENO), -1);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_INFO);
    vlog_set_pattern(VLF_CONSOLE, "%p: %m");
    return dpdk_eal_log_open();
}

static int
teardown(void **state OVS_UNUSED)
{
    dpdk_eal_log_close();
    fclose(lines);
    close(stderr_fd);
    return 0;
}

/* Reads the next line and compares it. */
static void
assert_line(const char *expected)
{
    char line[256];

    if (!expected) {
        assert_null(fgets(line, sizeof line, lines));
        return;
    }
    assert_non_null(fgets(line, sizeof line, lines));
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(line, expected);
}

static void
assert_error(const char *expected)
{
    char error[256];

    dpdk_eal_log_take_error(error, sizeof error);
    assert_string_equal(error, expected);
}

static void
test_parts(void **state OVS_UNUSED)
{
    FILE *stream = rte_log_get_stream();

    rte_log(RTE_LOG_NOTICE, RTE_LOGTYPE_USER1, "a %s\n", "dump");
    /* Dumps of libraries go to the stream like this. */
    fprintf(stream, "one");
    fprintf(stream, ", %d", 2);
    fprintf(stream, " and three\n");
    rte_log(RTE_LOG_WARNING, RTE_LOGTYPE_USER1, "another\n");
    rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "%s: an %s\n", "p0", "error");
    rte_log(RTE_LOG_ERR, RTE_LOGTYPE_USER1, "what follows\n");
    dup2(stderr_fd, STDERR_FILENO);
    rewind(lines);
    assert_line("INFO: a dump");
    assert_line("INFO: one, 2 and three");
    assert_line("WARN: another");
    assert_line("ERR: p0: an error");
    assert_line("ERR: what follows");
    assert_line(NULL);
    assert_error("p0: an error");
    assert_error("");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
