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

#ifndef TEST_FILTER_H
#define TEST_FILTER_H 1

/* Kernels that refuse something: filters of system calls, see seccomp(2).
 * They are for good, so they are set in children. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

/* Sets the filter of 'n' statements. */
static inline bool
set_filter(struct sock_filter filter[], size_t n)
{
    const struct sock_fprog program = { n, filter };

    return (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            && !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_TSYNC, &program));
}

/* Makes the kernel one before Linux 6.11, which cannot be asked for what is
 * mapped. */
static inline bool
refuse_query(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return (set_filter(filter, ARRAY_SIZE(filter))
            && ioctl(0, 0) && errno == ENOTTY);
}

#endif /* test-filter.h */
