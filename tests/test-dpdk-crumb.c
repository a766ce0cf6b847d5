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

/* Unit tests of lib/dpdk-crumb.c: what is written when a process crashes, what
 * is read by the next one, and what files are not taken for ours. */

#include <config.h>

#include "dpdk-crumb.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "socket-util.h"
#include "test-child.h"
#include "timeval.h"
#include "util.h"

#define FILE_NAME "crashes"
#define HEADER "# crashes of ovs-vswitchd: time, port that was served\n"
#define PREVIOUS 43             /* Exit code of a handler. */

/* Makes 'content' that of the file. */
static void
put(const char *content, size_t size)
{
    int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t n;

    assert_true(fd >= 0);
    assert_int_equal(write_fully(fd, content, size, &n), 0);
    close(fd);
}

/* Makes the file one with 'lines'. */
static void
put_lines(const char *lines)
{
    char *content = xasprintf("%s%s", HEADER, lines);

    put(content, strlen(content));
    free(content);
}

/* Fails unless the file has 'content'. */
static void
assert_content(const char *content)
{
    char text[65536] = "";
    int fd = open(FILE_NAME, O_RDONLY);
    size_t n;

    assert_true(fd >= 0);
    read_fully(fd, text, sizeof text - 1, &n);
    close(fd);
    assert_string_equal(text, content);
}

static void
assert_lines(const char *lines)
{
    char *content = xasprintf("%s%s", HEADER, lines);

    assert_content(content);
    free(content);
}

static void
assert_count(const char *name, unsigned int n)
{
    long long int last;

    assert_int_equal(dpdk_crumb_count(name, &last), n);
    assert_int_equal(last != 0, n != 0);
}

/* Lets a child that serves the port 'name' get 'signo', of which another one
 * may take care.  Returns how it ended. */
static int
crash(const char *name, int signo, void (*handler)(int))
{
    pid_t pid = child_start();

    if (!pid) {
        /* A sanitizer has handlers of its own. */
        signal(signo, handler);
        dpdk_crumb_open(FILE_NAME);
        dpdk_crumb_catch();
        if (name) {
            dpdk_crumb_set(dpdk_crumb_create(name));
        }
        if (signo == SIGSEGV) {
            *(volatile char *) mmap(NULL, 1, PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 0;
        } else if (signo == SIGABRT) {
            ovs_abort(0, "on purpose");
        } else {
            raise(signo);
        }
        _exit(0);
    }
    return child_wait(pid);
}

/* A process dies of what it would have died of, and the next one knows. */
static void
test_crash(void **state OVS_UNUSED)
{
    static const int signals[] = { SIGSEGV, SIGABRT, SIGILL, SIGFPE };
    long long int before = time_wall_msec();
    long long int last;
    struct stat s;

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        assert_died(crash("v0", signals[i], SIG_DFL), signals[i]);
        dpdk_crumb_open(FILE_NAME);
        assert_int_equal(dpdk_crumb_count("v0", &last), i + 1);
        assert_true(last >= before - 1000 && last <= time_wall_msec());
        assert_count("v1", 0);
    }
    assert_int_equal(stat(FILE_NAME, &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
}

/* Nobody is blamed for what ends a process that serves no port, or on
 * purpose. */
static void
test_innocent(void **state OVS_UNUSED)
{
    assert_died(crash(NULL, SIGSEGV, SIG_DFL), SIGSEGV);
    assert_died(crash("v0", SIGKILL, SIG_DFL), SIGKILL);
    assert_died(crash("v0", SIGTERM, SIG_DFL), SIGTERM);
    assert_lines("");
}

static void
previous_handler(int signo OVS_UNUSED)
{
    _exit(PREVIOUS);
}

static void
test_previous_handler(void **state OVS_UNUSED)
{
    static const int signals[] = { SIGSEGV, SIGILL };

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        assert_exited(crash("v0", signals[i], previous_handler), PREVIOUS);
        dpdk_crumb_open(FILE_NAME);
        assert_count("v0", i + 1);
    }
}

/* A thread that has served a port which is gone blames nobody. */
static void
test_destroyed(void **state OVS_UNUSED)
{
    struct dpdk_crumb *crumb = dpdk_crumb_create("v0");

    dpdk_crumb_open(FILE_NAME);
    dpdk_crumb_set(crumb);
    dpdk_crumb_destroy(crumb);
    dpdk_crumb_record();
    dpdk_crumb_set(NULL);
    assert_lines("");
}

/* No name can be taken for anything else. */
static void
test_names(void **state OVS_UNUSED)
{
    static const char *const names[] = {
        "a b", "a\nb", "\n", "% \t%0a", "1 v0\n2 v0", "\xc3\xa4", "#",
    };
    char longest[256], too_long[257];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        crash(names[i], SIGILL, SIG_DFL);
        crash(names[i], SIGILL, SIG_DFL);
    }
    memset(longest, 'x', 255);
    longest[255] = '\0';
    crash(longest, SIGILL, SIG_DFL);
    memset(too_long, 'x', 256);
    too_long[256] = '\0';
    crash(too_long, SIGILL, SIG_DFL);
    crash("", SIGILL, SIG_DFL);

    dpdk_crumb_open(FILE_NAME);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_count(names[i], 2);
    }
    assert_count(longest, 1);
    assert_count(too_long, 0);
    assert_count("", 0);
    assert_count("v0", 0);
    assert_count("b", 0);
}

/* What is older than an hour is dropped, and what comes from the future has
 * happened now. */
static void
test_old(void **state OVS_UNUSED)
{
    long long int now = time_wall();
    long long int last;
    char *lines;

    lines = xasprintf("1 v0\n%lld v0\n%lld v0\n%lld v1\n%lld v0\n",
                      now - 3660, now - 3540, now - 7200, now - 10);
    put_lines(lines);
    free(lines);
    dpdk_crumb_open(FILE_NAME);
    assert_int_equal(dpdk_crumb_count("v0", &last), 2);
    assert_int_equal(last, (now - 10) * 1000);
    assert_count("v1", 0);
    lines = xasprintf("%lld v0\n%lld v0\n", now - 3540, now - 10);
    assert_lines(lines);
    free(lines);

    put_lines("999999999999999999 v0\n");
    dpdk_crumb_open(FILE_NAME);
    assert_int_equal(dpdk_crumb_count("v0", &last), 1);
    assert_true(last <= time_wall_msec());
}

/* Only the last crashes are kept. */
static void
test_many(void **state OVS_UNUSED)
{
    long long int now = time_wall();
    char *lines = xasprintf("%lld v0\n", now);

    for (int i = 0; i < 64; i++) {
        char *more = xasprintf("%s%lld v1\n", lines, now);

        free(lines);
        lines = more;
    }
    put_lines(lines);
    free(lines);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    assert_count("v1", 64);
}

static void
test_forget(void **state OVS_UNUSED)
{
    long long int now = time_wall();
    char *lines = xasprintf("%lld v0\n%lld v1\n%lld v0\n", now, now, now);

    put_lines(lines);
    free(lines);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 2);
    dpdk_crumb_forget("v0");
    dpdk_crumb_forget("v2");
    assert_count("v0", 0);
    assert_count("v1", 1);
    lines = xasprintf("%lld v1\n", now);
    assert_lines(lines);
    free(lines);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    assert_count("v1", 1);

    /* Crashes go to the file that there is now. */
    crash("v0", SIGILL, SIG_DFL);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 1);
}

/* A file that makes no sense counts for nothing, and does not stay. */
static void
test_damaged(void **state OVS_UNUSED)
{
    static const char *const damaged[] = {
        "9999999999 v0", "v0\n", "9999999999\n", "9999999999 \n", " v0\n",
        "-1 v0\n", "0x1 v0\n", "1  v0\n", "9999999999999999999999 v0\n",
        "9999999999 v0\n\n", "9999999999 v 0\n", "9999999999 v0\r\n",
        "9999999999 v0\n9999999999 \x01\n",
    };
    static const char zeros[] = HEADER "9999999999 v0\0\n";
    char *text;

    for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
        put_lines(damaged[i]);
        dpdk_crumb_open(FILE_NAME);
        assert_count("v0", 0);
        assert_lines("");
    }
    put(zeros, sizeof zeros - 1);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    put("", 0);
    dpdk_crumb_open(FILE_NAME);
    assert_lines("");
    put("9999999999 v0\n", 14);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    assert_lines("");

    /* A name, and a file, that are too long. */
    text = xasprintf("9999999999 v0\n9999999999 %0256d\n", 0);
    put_lines(text);
    free(text);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    put_lines("9999999999 v0\n");
    assert_int_equal(truncate(FILE_NAME, 1 << 30), 0);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    assert_lines("");
}

/* What is no file of ours is not touched, but replaced, if that can be. */
static void
test_not_ours(void **state OVS_UNUSED)
{
    put_lines("9999999999 v0\n");
    assert_int_equal(rename(FILE_NAME, "other"), 0);
    assert_int_equal(symlink("other", FILE_NAME), 0);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    assert_lines("");
    assert_int_equal(unlink(FILE_NAME), 0);
    assert_int_equal(rename("other", FILE_NAME), 0);
    assert_lines("9999999999 v0\n");

    assert_int_equal(unlink(FILE_NAME), 0);
    assert_int_equal(mkfifo(FILE_NAME, 0600), 0);
    dpdk_crumb_open(FILE_NAME);
    assert_lines("");

    assert_int_equal(unlink(FILE_NAME), 0);
    assert_int_equal(mkdir(FILE_NAME, 0700), 0);
    dpdk_crumb_open(FILE_NAME);
    assert_count("v0", 0);
    assert_died(crash("v0", SIGILL, SIG_DFL), SIGILL);
    assert_int_equal(rmdir(FILE_NAME), 0);
    assert_int_equal(access(FILE_NAME ".tmp", F_OK), -1);

    dpdk_crumb_open("no-such-directory/" FILE_NAME);
    assert_count("v0", 0);
}

static int
start_without_file(void **state OVS_UNUSED)
{
    return unlink(FILE_NAME) && errno != ENOENT;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_crash, start_without_file),
        cmocka_unit_test_setup(test_innocent, start_without_file),
        cmocka_unit_test_setup(test_previous_handler, start_without_file),
        cmocka_unit_test_setup(test_destroyed, start_without_file),
        cmocka_unit_test_setup(test_names, start_without_file),
        cmocka_unit_test_setup(test_old, start_without_file),
        cmocka_unit_test_setup(test_many, start_without_file),
        cmocka_unit_test_setup(test_forget, start_without_file),
        cmocka_unit_test_setup(test_damaged, start_without_file),
        cmocka_unit_test_setup(test_not_ours, start_without_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
