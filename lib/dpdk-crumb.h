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

#ifndef DPDK_CRUMB_H
#define DPDK_CRUMB_H 1

/* Which port a thread serves, for the next switch if this one crashes
 * ====================================================================
 *
 * Each thread that does something for a vhost port notes so, at the cost of a
 * store.  When a signal is about to end the process, a handler appends the
 * time and the port of the thread that it hits to a file, and lets things take
 * their course: core dumps and exit codes are what they would have been.  Who
 * ends the switch by SIGKILL, SIGTERM or a command leaves no trace.
 *
 * The next switch reads the file, and can tell how often the switch has
 * crashed in the last hour while it served a port.  The file has a header, and
 * a line for each crash: the time in seconds, a space, and the name of the
 * port.
 *
 * Called by dpdk-vhost*.c, and by dpdk-eth-rxtx.c, which notes that it serves
 * no such port; calls nobody. */

/* A port.  Its memory is never freed, so a thread that has gone on need not
 * forget it. */
struct dpdk_crumb;

/* The port that this thread serves, or null. */
extern __thread const struct dpdk_crumb *volatile dpdk_crumb_current
    __attribute__((tls_model("initial-exec")));

/* This thread serves 'crumb' from now on, or, if it is null, no port. */
static inline void
dpdk_crumb_set(const struct dpdk_crumb *crumb)
{
    dpdk_crumb_current = crumb;
}

/* The same, and returns whom it served. */
static inline const struct dpdk_crumb *
dpdk_crumb_swap(const struct dpdk_crumb *crumb)
{
    const struct dpdk_crumb *old = dpdk_crumb_current;

    dpdk_crumb_current = crumb;
    return old;
}

/* Returns a crumb for the port 'name', which the caller has to destroy.  Names
 * of more than 255 bytes are not kept.  Any thread. */
struct dpdk_crumb *dpdk_crumb_create(const char *name);
void dpdk_crumb_destroy(struct dpdk_crumb *crumb);

/* Reads the file 'path', and keeps what happened in the last hour in it.  A
 * file that makes no sense is replaced.  MAIN. */
void dpdk_crumb_open(const char *path);

/* Installs the handler for all signals that a crash raises but SIGBUS, which
 * dpdk-vhost-sigbus.c handles first.  MAIN, once. */
void dpdk_crumb_catch(void);

/* Appends the port that this thread serves, if it serves one and no thread has
 * done so before.  Async-signal-safe.  To be called before a signal ends the
 * process. */
void dpdk_crumb_record(void);

/* Returns how often the switch crashed while it served the port 'name', and
 * stores in '*lastp' when the last time was, in ms since 1970.  Any thread. */
unsigned int dpdk_crumb_count(const char *name, long long int *lastp);

/* Forgets the crashes of the port 'name'.  Any thread. */
void dpdk_crumb_forget(const char *name);

#endif /* dpdk-crumb.h */
