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

/* Whether there are hugepages.  Called by dpdk-eal.c, reads sysfs. */

#include <config.h>

#include "dpdk-eal-huge.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* Returns the number in the file 'name' of the directory 'dir', or 0 if there
 * is none. */
static long long int
read_number(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    FILE *stream = fopen(path, "r");
    long long int n;

    if (!stream || fscanf(stream, "%lld", &n) != 1) {
        n = 0;
    }
    if (stream) {
        fclose(stream);
    }
    free(path);
    return n;
}

/* Returns true if a process can get hugepages of the size that the directory
 * 'dir' is about. */
static bool
has_free(const char *dir)
{
    long long int overcommit = (read_number(dir, "nr_overcommit_hugepages")
                                - read_number(dir, "surplus_hugepages"));

    return read_number(dir, "free_hugepages") + MAX(overcommit, 0)
           > read_number(dir, "resv_hugepages");
}

bool
dpdk_eal_huge_available(const char *sysfs)
{
    char *path = xasprintf("%s/kernel/mm/hugepages", sysfs);
    DIR *stream = opendir(path);
    bool available = false;

    while (stream && !available) {
        const struct dirent *de = readdir(stream);
        char *dir;

        if (!de) {
            break;
        }
        dir = xasprintf("%s/%s", path, de->d_name);
        available = has_free(dir);
        free(dir);
    }
    if (stream) {
        closedir(stream);
    }
    free(path);
    return available;
}
