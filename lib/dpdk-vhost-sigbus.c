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

/* Memory of guests that is taken away. */

#include <config.h>

#include "dpdk-vhost-sigbus.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_pause.h>
#include <rte_vhost.h>

#include "dpdk-crumb.h"
#include "dpdk-import.h"
#include "dpdk-log.h"
#include "dpdk-maps.h"
#include "latch.h"
#include "ovs-atomic.h"
#include "util.h"

#define this_module (*dpdk_log_netdev)

/* Files of a guest that can be known: those that the library has mapped, for
 * memory and log, and those of a few messages on their way. */
#define MAX_FILES 32

/* A file.  GUARD writes it while the handler may be reading it, so 'message'
 * is set last. */
struct file {
    ATOMIC(uint64_t) message;   /* Number of the last message that had it, or
                                 * 0 if there is none. */
    ATOMIC(uint64_t) device;    /* As in a struct dpdk_mapping. */
    ATOMIC(uint64_t) inode;
};

/* What is known of a connection. */
struct guest {
    struct file files[MAX_FILES];
    uint64_t n_passed;          /* Messages passed on.  GUARD. */
    ATOMIC(uint64_t) n_begun;   /* Messages that the library has begun to
                                 * handle, one after the other. */
    atomic_bool lost;           /* Was any of it taken away? */
};

/* By 'vid'.  Never freed, as the handler may be reading it. */
static ATOMIC(struct guest *) guests[RTE_MAX_VHOST_DEVICE];

/* For walks through what is mapped: by the handler and by GUARD. */
static int handler_maps = -1;
static int guard_maps = -1;

/* Where a file is mapped to see how it is listed, if there is nothing: before
 * all other mappings, as a walk to those takes long where there are many huge
 * pages.  A front end that sends new memory again and again must not keep
 * GUARD busy with that. */
#define LOOK_UP_ADDRESS ((void *) (uintptr_t) 0x40000000)

/* Is a thread in the part of the handler that only one may be in? */
static atomic_flag handling = ATOMIC_FLAG_INIT;

/* Whom to tell. */
static struct latch *lost_latch;

/* What there was before our handler. */
static struct sigaction previous;

/* What EAL believes to be there, if 'eal_thread' is not 0 but the thread that
 * has said so. */
static struct sigaction eal_action;
static ATOMIC(pid_t) eal_thread;

static struct guest *
lookup(int vid)
{
    struct guest *guest = NULL;

    if (vid >= 0 && vid < RTE_MAX_VHOST_DEVICE) {
        atomic_read_explicit(&guests[vid], &guest, memory_order_acquire);
    }
    return guest;
}

/* Returns the number of the last message with 'file', or 0, if it is that of
 * 'mapping'. */
static uint64_t
match(struct file *file, const struct dpdk_mapping *mapping)
{
    uint64_t before, after, device, inode;

    atomic_read_explicit(&file->message, &before, memory_order_acquire);
    atomic_read_relaxed(&file->device, &device);
    atomic_read_relaxed(&file->inode, &inode);
    atomic_thread_fence(memory_order_acquire);
    atomic_read_relaxed(&file->message, &after);
    return (before == after && device == mapping->device
            && inode == mapping->inode ? before : 0);
}

/* The handler
 * -----------
 *
 * All of it is async-signal-safe. */

/* Notes that the memory of all that have the file of 'mapping' is lost.
 * Returns false if nobody has it. */
static bool
lose(const struct dpdk_mapping *mapping)
{
    bool found = false;

    for (int vid = 0; vid < RTE_MAX_VHOST_DEVICE; vid++) {
        struct guest *guest = lookup(vid);

        for (size_t i = 0; guest && i < MAX_FILES; i++) {
            if (match(&guest->files[i], mapping)) {
                atomic_store_relaxed(&guest->lost, true);
                found = true;
            }
        }
    }
    return found;
}

/* Can 'address' be written to?  The kernel tells, by an operation that leaves
 * what is there. */
static bool
is_writable(uintptr_t address)
{
    const uintptr_t mask = 3;
    uint32_t nobody_waits = 0;

    return syscall(SYS_futex, &nobody_waits, FUTEX_WAKE_OP_PRIVATE, 0, 0,
                   address & ~mask,
                   FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0)) >= 0;
}

/* Puts 'size' bytes of empty memory at 'start'.  With vm.overcommit_memory=2,
 * private memory is refused if there is not as much as that, though nobody has
 * touched it.  A sparse file is not. */
static bool
put_empty(void *start, size_t size)
{
    const int prot = PROT_READ | PROT_WRITE;
    bool done;
    int fd;

    if (mmap(start, size, prot,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
             -1, 0) != MAP_FAILED) {
        return true;
    }
    fd = memfd_create("lost", MFD_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    done = (!ftruncate(fd, size)
            && mmap(start, size, prot, MAP_SHARED | MAP_FIXED, fd, 0)
               != MAP_FAILED);
    close(fd);
    return done;
}

/* Puts empty memory in the place of what is left of 'mapping' from 'address'
 * on, which is what is missing if the file was truncated, and nothing has to
 * be freed there, which takes long for all of a large one.  Part of a huge
 * page cannot be replaced, so all of a mapping of these is. */
static bool
replace_mapping(const struct dpdk_mapping *mapping, uintptr_t address)
{
    uintptr_t start = address & ~((uintptr_t) getpagesize() - 1);

    return (put_empty((void *) start, mapping->end - start)
            || put_empty((void *) mapping->start,
                         mapping->end - mapping->start));
}

/* Returns true if 'address', which could not be accessed, now can be, because
 * it is a guest's. */
static bool
contain(uintptr_t address)
{
    struct dpdk_mapping mapping;
    bool contained = false;

    while (atomic_flag_test_and_set_explicit(&handling,
                                             memory_order_acquire)) {
        rte_pause();
    }
    if (dpdk_maps_find(handler_maps, address, &mapping)) {
        /* Another thread may have been here first. */
        contained = (mapping.inode && lose(&mapping)
                     ? replace_mapping(&mapping, address)
                     : is_writable(address));
    }
    atomic_flag_clear_explicit(&handling, memory_order_release);
    if (contained) {
        latch_set(lost_latch);
    }
    return contained;
}

/* Does this thread run what EAL wants a handler for? */
static bool
is_eal(void)
{
    pid_t thread;

    atomic_read_explicit(&eal_thread, &thread, memory_order_acquire);
    return thread && thread == syscall(SYS_gettid);
}

/* Does what 'action' says.  A faulting access is done again, and then ends the
 * process if nobody handles it. */
static void
pass_on(const struct sigaction *action, int signo, siginfo_t *info,
        void *context)
{
    if (action->sa_flags & SA_SIGINFO) {
        action->sa_sigaction(signo, info, context);
    } else if (action->sa_handler != SIG_DFL
               && action->sa_handler != SIG_IGN) {
        action->sa_handler(signo);
    } else if (info->si_code > 0 || action->sa_handler == SIG_DFL) {
        signal(signo, SIG_DFL);
        if (info->si_code <= 0) {
            raise(signo);
        }
    }
}

/* Handles SIGBUS.  Errors of hardware are not the guest's, so they end the
 * process. */
static void
handle(int signo, siginfo_t *info, void *context)
{
    int error = errno;

    if (info->si_code != BUS_ADRERR || !contain((uintptr_t) info->si_addr)) {
        if (is_eal()) {
            /* That may not return. */
            pass_on(&eal_action, signo, info, context);
        } else {
            dpdk_crumb_record();
            pass_on(&previous, signo, info, context);
        }
    }
    errno = error;
}

/* EAL's handler
 * -------------
 *
 * EAL has a handler of its own while it takes huge pages, be it for a pool or
 * for what librte_vhost allocates: without us it would get the SIGBUS of any
 * thread, and jump to where the one that takes pages was.  So what it calls is
 * ours: its handler is called, but by ours, in its own thread, and for what is
 * not a guest's. */

/* Does what sigaction() would do for EAL if our handler was not there.  One
 * thread at a time has a handler, as it holds EAL's lock of memory. */
static int
eal_sigaction(int signo, const struct sigaction *action,
              struct sigaction *old)
{
    if (signo != SIGBUS) {
        return sigaction(signo, action, old);
    }

    if (old) {
        *old = is_eal() ? eal_action : previous;
    }
    if (action) {
        atomic_store_explicit(&eal_thread, 0, memory_order_release);
        if (action->sa_handler != previous.sa_handler) {
            eal_action = *action;
            atomic_store_explicit(&eal_thread, (pid_t) syscall(SYS_gettid),
                                  memory_order_release);
        }
    }
    return 0;
}

/* Lets EAL call eal_sigaction(). */
static void
replace_eal_sigaction(void)
{
    int error = dpdk_import_replace(rte_eal_init, "sigaction", eal_sigaction);

    if (error) {
        VLOG_WARN("DPDK's calls of sigaction() cannot be replaced: %s: a peer "
                  "of a vhost-user port that truncates its memory while DPDK "
                  "takes huge pages will end the switch, let dpdk-socket-mem "
                  "be all that is needed",
                  ovs_strerror(error));
    }
}

void
dpdk_vhost_sigbus_start(struct latch *latch)
{
    struct sigaction action = {
        .sa_sigaction = handle,
        .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK,
    };

    lost_latch = latch;
    handler_maps = dpdk_maps_open();
    guard_maps = dpdk_maps_open();
    if (handler_maps < 0 || guard_maps < 0) {
        VLOG_WARN("Mappings cannot be read from the proc file system: %s: a "
                  "peer of a vhost-user port that truncates its memory will "
                  "end the switch, mount it",
                  ovs_strerror(-MIN(handler_maps, guard_maps)));
    }
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, NULL, &previous);
    sigaction(SIGBUS, &action, NULL);
    replace_eal_sigaction();
}

/* Connections
 * ----------- */

void
dpdk_vhost_sigbus_connect(int vid)
{
    struct guest *guest = lookup(vid);

    if (!guest && vid >= 0 && vid < RTE_MAX_VHOST_DEVICE) {
        guest = xzalloc(sizeof *guest);
        atomic_store_explicit(&guests[vid], guest, memory_order_release);
    } else if (guest) {
        for (size_t i = 0; i < MAX_FILES; i++) {
            atomic_store_relaxed(&guest->files[i].message, 0);
        }
        guest->n_passed = 0;
        atomic_store_relaxed(&guest->n_begun, 0);
        atomic_store_relaxed(&guest->lost, false);
    }
}

void
dpdk_vhost_sigbus_handle(int vid)
{
    struct guest *guest = lookup(vid);
    uint64_t old;

    if (guest) {
        atomic_add_relaxed(&guest->n_begun, 1, &old);
    }
}

bool
dpdk_vhost_sigbus_is_lost(int vid)
{
    struct guest *guest = lookup(vid);
    bool lost = false;

    if (guest) {
        atomic_read_relaxed(&guest->lost, &lost);
    }
    return lost;
}

/* GUARD
 * ----- */

void
dpdk_vhost_sigbus_get_progress(int vid, uint64_t *passedp, uint64_t *begunp)
{
    struct guest *guest = lookup(vid);

    *passedp = *begunp = 0;
    if (guest) {
        *passedp = guest->n_passed;
        atomic_read_explicit(&guest->n_begun, begunp, memory_order_acquire);
    }
}

/* Forgets the files of 'guest' that the library has had and has not mapped any
 * more, in one walk. */
static void
forget_unmapped(struct guest *guest)
{
    bool is_mapped[MAX_FILES] = { false };
    struct dpdk_mapping mapping;
    struct dpdk_maps maps;
    uint64_t n_begun;

    atomic_read_explicit(&guest->n_begun, &n_begun, memory_order_acquire);
    dpdk_maps_start(&maps, guard_maps);
    while (dpdk_maps_next(&maps, &mapping)) {
        for (size_t i = 0; mapping.inode && i < MAX_FILES; i++) {
            is_mapped[i] |= match(&guest->files[i], &mapping) != 0;
        }
    }
    for (size_t i = 0; i < MAX_FILES; i++) {
        uint64_t message;

        atomic_read_relaxed(&guest->files[i].message, &message);
        if (message && message < n_begun && !is_mapped[i]) {
            atomic_store_relaxed(&guest->files[i].message, 0);
        }
    }
}

/* Stores in '*mapping' how a mapping of 'fd', which 's' tells of, is listed,
 * which may be in another way than fstat() has it.  Returns 0 or a positive
 * errno. */
static int
identify(int fd, const struct stat *s, struct dpdk_mapping *mapping)
{
    /* That is the size of a huge page if the file consists of these. */
    size_t size = s->st_blksize;
    bool found;
    void *p;

    p = mmap(LOOK_UP_ADDRESS, size, PROT_READ,
             MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
    if (p == MAP_FAILED) {
        p = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd, 0);
        if (p == MAP_FAILED) {
            return errno;
        }
    }
    found = dpdk_maps_find(guard_maps, (uintptr_t) p, mapping);
    munmap(p, size);
    return found ? 0 : ENOENT;
}

/* Makes the file of 'mapping' one of 'guest', in message 'message'.  Returns
 * false if there is no room. */
static bool
note_file(struct guest *guest, const struct dpdk_mapping *mapping,
          uint64_t message)
{
    struct file *unused = NULL;

    for (size_t i = 0; i < MAX_FILES; i++) {
        struct file *file = &guest->files[i];
        uint64_t used;

        if (match(file, mapping)) {
            atomic_store_relaxed(&file->message, message);
            return true;
        }
        atomic_read_relaxed(&file->message, &used);
        unused = used ? unused : file;
    }
    if (unused) {
        atomic_store_relaxed(&unused->device, mapping->device);
        atomic_store_relaxed(&unused->inode, mapping->inode);
        atomic_store_explicit(&unused->message, message,
                              memory_order_release);
    }
    return unused != NULL;
}

/* Makes the file 'fd' one of 'guest', in message 'message'.  Returns 0 or a
 * positive errno. */
static int
add_file(struct guest *guest, int fd, uint64_t message)
{
    struct dpdk_mapping mapping;
    struct stat s;
    int error;

    if (fstat(fd, &s) || !S_ISREG(s.st_mode)) {
        return 0;
    }

    error = identify(fd, &s, &mapping);
    if (error || note_file(guest, &mapping, message)) {
        return error;
    }
    forget_unmapped(guest);
    return note_file(guest, &mapping, message) ? 0 : EAGAIN;
}

int
dpdk_vhost_sigbus_pass(int vid, const int fds[], size_t n)
{
    struct guest *guest = lookup(vid);

    if (!guest) {
        return 0;
    }
    for (size_t i = 0; guard_maps >= 0 && i < n; i++) {
        int error = add_file(guest, fds[i], guest->n_passed + 1);

        if (error) {
            return error;
        }
    }
    guest->n_passed++;
    return 0;
}
