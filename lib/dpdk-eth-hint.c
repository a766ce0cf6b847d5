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

/* Why a PCI device cannot be attached.  Called by dpdk-eth-attach.c, reads
 * sysfs. */

#include <config.h>

#include "dpdk-eth-hint.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util.h"

bool
dpdk_eth_hint_pci_address(const char *devargs, char *address, size_t size)
{
    unsigned int domain = 0, bus, device, function;
    int n = 0;

    if (!strncmp(devargs, "pci:", 4)) {
        devargs += 4;
    }
    if (sscanf(devargs, "%4x:%2x:%2x.%1x%n",
               &domain, &bus, &device, &function, &n) < 4) {
        domain = 0;
        n = 0;
        if (sscanf(devargs, "%2x:%2x.%1x%n",
                   &bus, &device, &function, &n) < 3) {
            return false;
        }
    }
    if (devargs[n] && devargs[n] != ',') {
        return false;
    }

    /* The width of a number is limited, but its sign counts, too. */
    if (domain > 0xffff || bus > 0xff || device > 0xff || function > 0xf) {
        return false;
    }
    snprintf(address, size, "%04x:%02x:%02x.%x",
             domain, bus, device, function);
    return true;
}

/* Returns the last part of where the link 'name' of the PCI device 'address'
 * leads, or NULL if there is no such link.  The caller has to free it. */
static char *
read_link(const char *sysfs, const char *address, const char *name)
{
    char *link = xasprintf("%s/bus/pci/devices/%s/%s", sysfs, address, name);
    char target[PATH_MAX];
    ssize_t n;

    n = readlink(link, target, sizeof target - 1);
    free(link);
    if (n < 0) {
        return NULL;
    }
    target[n] = '\0';
    return base_name(target);
}

/* Returns true if the kernel driver 'name' leaves a device to user space. */
static bool
is_user_space_driver(const char *name)
{
    return !strcmp(name, "vfio-pci") || !strcmp(name, "igb_uio")
           || !strcmp(name, "uio_pci_generic");
}

char *
dpdk_eth_hint_pci(const char *sysfs, const char *address)
{
    char *path = xasprintf("%s/bus/pci/devices/%s", sysfs, address);
    bool exists = !access(path, F_OK);
    char *driver = read_link(sysfs, address, "driver");
    char *group = read_link(sysfs, address, "iommu_group");
    char *hint = NULL;

    if (!exists) {
        hint = xstrdup("there is no such PCI device, 'lspci -D' lists those "
                       "that there are");
    } else if (!driver) {
        hint = xasprintf("no kernel driver has it, bind it to vfio-pci with "
                         "'dpdk-devbind.py -b vfio-pci %s'", address);
    } else if (!is_user_space_driver(driver)) {
        hint = xasprintf("the kernel driver '%s' has it, unless DPDK shares "
                         "devices with that one bind it to vfio-pci with "
                         "'dpdk-devbind.py -b vfio-pci %s'", driver, address);
    } else if (strcmp(driver, "vfio-pci")) {
        hint = NULL;
    } else if (!group) {
        hint = xstrdup("it is in no IOMMU group, enable the IOMMU in the "
                       "firmware and the kernel (intel_iommu=on)");
    } else {
        hint = xasprintf("vfio-pci has it, so every other device of its IOMMU "
                         "group %s has to be bound to vfio-pci, too", group);
    }
    free(path);
    free(driver);
    free(group);
    return hint;
}
