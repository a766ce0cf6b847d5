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

#ifndef TEST_CHILD_H
#define TEST_CHILD_H 1

/* What the unit tests of signals share: children that die, and leave no
 * core. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Starts a child.  Returns 0 there, and the child's number here. */
static inline pid_t
child_start(void)
{
    static const struct rlimit none = { 0, 0 };
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        setrlimit(RLIMIT_CORE, &none);
    }
    return pid;
}

/* Waits for child 'pid'.  Returns how it ended. */
static inline int
child_wait(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static inline void
assert_died(int status, int signo)
{
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signo);
}

static inline void
assert_exited(int status, int code)
{
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

#endif /* test-child.h */
