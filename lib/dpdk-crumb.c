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

/* Which port a thread serves when the switch crashes. */

#include <config.h>

#include "dpdk-crumb.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "dpdk-log.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/list.h"
#include "openvswitch/thread.h"
#include "ovs-atomic.h"
#include "socket-util.h"
#include "timeval.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* First line of the file. */
#define HEADER "# crashes of ovs-vswitchd: time, port that was served\n"

/* Longest name, as it is in the file. */
#define MAX_NAME 255

/* Crashes that are kept, the last ones, and for how many seconds. */
#define MAX_CRASHES 64
#define MAX_AGE 3600

/* No file of ours is longer. */
#define MAX_SIZE 65536

struct dpdk_crumb {
    struct ovs_list node;       /* In 'free_crumbs', if it is free. */
    atomic_size_t length;       /* Of 'text', or 0 if there is no port. */
    char text[1 + MAX_NAME + 1]; /* The end of the line of this port. */
};

/* A crash. */
struct crash {
    long long int when;         /* In seconds since 1970. */
    char name[MAX_NAME + 1];    /* Of the port, as it is in the file. */
};

__thread const struct dpdk_crumb *volatile dpdk_crumb_current;

static struct ovs_mutex crumb_mutex = OVS_MUTEX_INITIALIZER;
static struct ovs_list free_crumbs OVS_GUARDED_BY(crumb_mutex)
    = OVS_LIST_INITIALIZER(&free_crumbs);

/* The crashes of earlier switches, the oldest first. */
static struct crash crashes[MAX_CRASHES] OVS_GUARDED_BY(crumb_mutex);
static size_t n_crashes OVS_GUARDED_BY(crumb_mutex);

/* The file.  'crumb_fd' keeps its number, for the handler. */
static char *crumb_path OVS_GUARDED_BY(crumb_mutex);
static int crumb_fd = -1;

/* Signals that a crash raises, and what there was before our handler. */
static const int signals[] = { SIGSEGV, SIGABRT, SIGILL, SIGFPE };
static struct sigaction previous[ARRAY_SIZE(signals)];

/* Names
 * ----- */

/* Is 'c' in the file as it is? */
static bool
is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '%';
}

/* Stores 'name' in 'encoded' as it is in the file: what could be mistaken for
 * something else is the percent sign and two digits.  Returns false if it is
 * too long, or empty. */
static bool
encode(const char *name, char encoded[MAX_NAME + 1])
{
    size_t n = 0;

    for (; *name; name++) {
        unsigned char c = *name;

        if (n + (is_plain(c) ? 1 : 3) > MAX_NAME) {
            return false;
        }
        n += snprintf(&encoded[n], MAX_NAME + 1 - n,
                      is_plain(c) ? "%c" : "%%%02x", c);
    }
    encoded[n] = '\0';
    return n > 0;
}

struct dpdk_crumb *
dpdk_crumb_create(const char *name) OVS_EXCLUDED(crumb_mutex)
{
    char encoded[MAX_NAME + 1];
    struct dpdk_crumb *crumb;

    ovs_mutex_lock(&crumb_mutex);
    if (ovs_list_is_empty(&free_crumbs)) {
        crumb = xzalloc(sizeof *crumb);
        atomic_init(&crumb->length, 0);
    } else {
        crumb = CONTAINER_OF(ovs_list_pop_front(&free_crumbs),
                             struct dpdk_crumb, node);
    }
    ovs_mutex_unlock(&crumb_mutex);

    if (encode(name, encoded)) {
        size_t length = strlen(encoded);

        crumb->text[0] = ' ';
        memcpy(&crumb->text[1], encoded, length);
        crumb->text[1 + length] = '\n';
        atomic_store_explicit(&crumb->length, length + 2,
                              memory_order_release);
    }
    return crumb;
}

void
dpdk_crumb_destroy(struct dpdk_crumb *crumb) OVS_EXCLUDED(crumb_mutex)
{
    atomic_store_explicit(&crumb->length, 0, memory_order_release);
    ovs_mutex_lock(&crumb_mutex);
    ovs_list_push_back(&free_crumbs, &crumb->node);
    ovs_mutex_unlock(&crumb_mutex);
}

/* In the handler
 * -------------- */

/* Writes 'value', which is not negative, to the end of the 'size' bytes in
 * 'buf'.  Returns how many bytes that takes. */
static size_t
format_number(long long int value, char *buf, size_t size)
{
    size_t n = 0;

    do {
        buf[size - ++n] = '0' + value % 10;
        value /= 10;
    } while (value && n < size);
    return n;
}

void
dpdk_crumb_record(void)
{
    const struct dpdk_crumb *crumb = dpdk_crumb_current;
    static atomic_flag done = ATOMIC_FLAG_INIT;
    char line[20 + sizeof crumb->text];
    size_t n_digits, length;

    if (!crumb || crumb_fd < 0) {
        return;
    }
    atomic_read_explicit(&CONST_CAST(struct dpdk_crumb *, crumb)->length,
                         &length, memory_order_acquire);
    if (!length || atomic_flag_test_and_set(&done)) {
        return;
    }
    n_digits = format_number(time(NULL), line, 20);
    memmove(line, &line[20 - n_digits], n_digits);
    memcpy(&line[n_digits], crumb->text, length);
    ignore(write(crumb_fd, line, n_digits + length));
}

/* Handles a signal, and makes it come again for whom it would have come to
 * without us.  A fault does so by itself. */
static void
handle(int signo, siginfo_t *info, void *context OVS_UNUSED)
{
    int error = errno;

    dpdk_crumb_record();
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (signals[i] == signo) {
            sigaction(signo, &previous[i], NULL);
        }
    }
    if (info->si_code <= 0) {
        raise(signo);
    }
    errno = error;
}

void
dpdk_crumb_catch(void)
{
    struct sigaction action = {
        .sa_sigaction = handle,
        .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
    };

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaction(signals[i], NULL, &previous[i]);
        sigaction(signals[i], &action, NULL);
    }
}

/* The file
 * -------- */

/* Parses 'line', without its end, into '*crash'. */
static bool
parse_line(const char *line, struct crash *crash)
{
    const char *name = strchr(line, ' ');
    size_t n_digits = strspn(line, "0123456789");

    if (!name || !n_digits || n_digits > 18 || &line[n_digits] != name
        || strlen(++name) > MAX_NAME || !*name) {
        return false;
    }
    for (const char *p = name; *p; p++) {
        if (!is_plain(*p) && *p != '%') {
            return false;
        }
    }
    crash->when = strtoll(line, NULL, 10);
    ovs_strlcpy(crash->name, name, sizeof crash->name);
    return true;
}

/* Keeps 'crash', unless it is too old. */
static void
keep(struct crash *crash) OVS_REQUIRES(crumb_mutex)
{
    long long int now = time_wall();

    /* The clock may have been set back. */
    crash->when = MIN(crash->when, now);
    if (now - crash->when > MAX_AGE) {
        return;
    }
    if (n_crashes == MAX_CRASHES) {
        memmove(&crashes[0], &crashes[1],
                (MAX_CRASHES - 1) * sizeof crashes[0]);
        n_crashes--;
    }
    crashes[n_crashes++] = *crash;
}

/* Parses 'text', the 'size' bytes of the file, which it changes, and keeps
 * what it says.  Returns false if it makes no sense, and then keeps
 * nothing. */
static bool
parse(char *text, size_t size) OVS_REQUIRES(crumb_mutex)
{
    const char *end = text + size;
    struct crash crash;
    char *line;

    if (size < strlen(HEADER) || memcmp(text, HEADER, strlen(HEADER))
        || *(end - 1) != '\n' || memchr(text, '\0', size)) {
        return false;
    }
    line = text + strlen(HEADER);
    while (line < end) {
        char *eol = memchr(line, '\n', end - line);

        *eol = '\0';
        if (!parse_line(line, &crash)) {
            n_crashes = 0;
            return false;
        }
        keep(&crash);
        line = eol + 1;
    }
    return true;
}

/* Reads 'fd', whose content goes to '*text', which the caller has to free, and
 * '*sizep'.  Returns null or what is wrong. */
static const char *
read_fd(int fd, char **textp, size_t *sizep)
{
    struct stat s;
    int error;

    if (fstat(fd, &s)) {
        return ovs_strerror(errno);
    } else if (!S_ISREG(s.st_mode)) {
        return "no regular file";
    } else if (s.st_uid != geteuid()) {
        return "belongs to another user";
    } else if (s.st_size > MAX_SIZE) {
        return "too long";
    }
    *textp = xzalloc(s.st_size + 1);
    error = read_fully(fd, *textp, s.st_size, sizep);
    return error > 0 ? ovs_strerror(error) : NULL;
}

/* Reads the file, and keeps what it says.  Returns null, also if there is no
 * file, or what is wrong with it. */
static const char *
read_file(void) OVS_REQUIRES(crumb_mutex)
{
    char *text = NULL;
    const char *why;
    size_t size = 0;
    int fd;

    n_crashes = 0;
    fd = open(crumb_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? NULL : ovs_strerror(errno);
    }
    why = read_fd(fd, &text, &size);
    if (!why && !parse(text, size)) {
        why = "damaged";
    }
    free(text);
    close(fd);
    return why;
}

/* Writes the crashes to 'fd'.  Returns 0 or a positive errno. */
static int
write_crashes(int fd) OVS_REQUIRES(crumb_mutex)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    size_t n_written;
    int error;

    ds_put_cstr(&ds, HEADER);
    for (size_t i = 0; i < n_crashes; i++) {
        ds_put_format(&ds, "%lld %s\n", crashes[i].when, crashes[i].name);
    }
    error = write_fully(fd, ds.string, ds.length, &n_written);
    ds_destroy(&ds);
    return error;
}

/* Puts a new file in the place of the one that there is, so that nobody ever
 * finds half of it.  Returns 0 or a positive errno. */
static int
write_file(void) OVS_REQUIRES(crumb_mutex)
{
    char *temporary = xasprintf("%s.tmp", crumb_path);
    int error = 0;
    int fd;

    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
              0600);
    if (fd < 0) {
        error = errno;
    } else {
        error = write_crashes(fd);
        if (!error && rename(temporary, crumb_path)) {
            error = errno;
        }
        if (error) {
            unlink(temporary);
            close(fd);
        } else if (crumb_fd < 0) {
            crumb_fd = fd;
        } else {
            /* The handler may be using it. */
            error = dup3(fd, crumb_fd, O_CLOEXEC) < 0 ? errno : 0;
            close(fd);
        }
    }
    free(temporary);
    return error;
}

void
dpdk_crumb_open(const char *path) OVS_EXCLUDED(crumb_mutex)
{
    const char *why;
    int error;

    ovs_mutex_lock(&crumb_mutex);
    free(crumb_path);
    crumb_path = xstrdup(path);
    why = read_file();
    error = write_file();
    ovs_mutex_unlock(&crumb_mutex);

    if (error) {
        VLOG_WARN("%s: could not be written (%s): a vhost port that crashes "
                  "the switch will not be held down, make the directory "
                  "writable and restart ovs-vswitchd", path,
                  ovs_strerror(error));
    } else if (why) {
        VLOG_WARN("%s: is ignored and replaced (%s): how often the switch "
                  "crashed while it served which vhost port is not known",
                  path, why);
    }
}

unsigned int
dpdk_crumb_count(const char *name, long long int *lastp)
    OVS_EXCLUDED(crumb_mutex)
{
    char encoded[MAX_NAME + 1];
    unsigned int n = 0;

    *lastp = 0;
    if (!encode(name, encoded)) {
        return 0;
    }
    ovs_mutex_lock(&crumb_mutex);
    for (size_t i = 0; i < n_crashes; i++) {
        if (!strcmp(crashes[i].name, encoded)) {
            n++;
            *lastp = MAX(*lastp, crashes[i].when * 1000);
        }
    }
    ovs_mutex_unlock(&crumb_mutex);

    return n;
}

void
dpdk_crumb_forget(const char *name) OVS_EXCLUDED(crumb_mutex)
{
    char encoded[MAX_NAME + 1];
    size_t n = 0;

    if (!encode(name, encoded)) {
        return;
    }
    ovs_mutex_lock(&crumb_mutex);
    for (size_t i = 0; i < n_crashes; i++) {
        if (strcmp(crashes[i].name, encoded)) {
            crashes[n++] = crashes[i];
        }
    }
    if (n < n_crashes) {
        int error;

        n_crashes = n;
        error = write_file();
        if (error) {
            VLOG_WARN("%s: could not be written: %s", crumb_path,
                      ovs_strerror(error));
        }
    }
    ovs_mutex_unlock(&crumb_mutex);
}
