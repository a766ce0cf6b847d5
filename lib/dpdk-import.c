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

/* Functions that a shared object imports. */

#include <config.h>

#include "dpdk-import.h"

#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util.h"

/* Relocations of a word that has the address of a function. */
#if defined __x86_64__
#define FUNCTION_RELOCATIONS { R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT }
#elif defined __aarch64__
#define FUNCTION_RELOCATIONS { R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT }
#endif

#ifdef FUNCTION_RELOCATIONS
/* What to replace, and what came of it. */
struct request {
    uintptr_t member;
    const char *name;
    uintptr_t function;
    int error;
};

/* A shared object. */
struct object {
    uintptr_t base;                 /* Of its addresses. */
    uintptr_t ro_start, ro_end;     /* Pages that are read-only once it is
                                     * relocated. */
    const ElfW(Sym) *symbols;
    const char *names;
};

static bool
names_function(const ElfW(Rela) *rela)
{
    static const unsigned int types[] = FUNCTION_RELOCATIONS;

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (ELF64_R_TYPE(rela->r_info) == types[i]) {
            return true;
        }
    }
    return false;
}

/* Stores 'value' in '*word' of 'object'.  Returns 0 or a positive errno. */
static int
store(const struct object *object, uintptr_t *word, uintptr_t value)
{
    uintptr_t size = sysconf(_SC_PAGESIZE);
    uintptr_t page = (uintptr_t) word & ~(size - 1);
    bool is_ro = page >= object->ro_start && page < object->ro_end;

    if (is_ro && mprotect((void *) page, size, PROT_READ | PROT_WRITE)) {
        return errno;
    }

    /* Others may be calling it. */
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    if (is_ro && mprotect((void *) page, size, PROT_READ)) {
        return errno;
    }
    return 0;
}

/* Replaces what the 'size' bytes of relocations at 'rela' import. */
static void
replace(const struct object *object, const ElfW(Rela) *rela, size_t size,
        struct request *request)
{
    for (size_t i = 0; rela && i < size / sizeof *rela; i++) {
        size_t symbol = ELF64_R_SYM(rela[i].r_info);
        const char *name = object->names + object->symbols[symbol].st_name;

        if (names_function(&rela[i]) && !strcmp(name, request->name)) {
            uintptr_t word = object->base + rela[i].r_offset;
            int error = store(object, (uintptr_t *) word, request->function);

            if (error || request->error == ENOENT) {
                request->error = error;
            }
        }
    }
}

/* Returns what entry 'd' of the dynamic section points to.  Most linkers have
 * replaced the offset in the object there by the address. */
static const void *
point(const struct object *object, const ElfW(Dyn) *d)
{
    return (const void *) (d->d_un.d_ptr < object->base
                           ? object->base + d->d_un.d_ptr : d->d_un.d_ptr);
}

/* Replaces what 'object' imports, with the dynamic section 'dynamic'. */
static void
replace_in_object(struct object *object, const ElfW(Dyn) *dynamic,
                  struct request *request)
{
    const ElfW(Rela) *data = NULL, *jumps = NULL;
    size_t data_size = 0, jumps_size = 0;

    for (const ElfW(Dyn) *d = dynamic; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB) {
            object->symbols = point(object, d);
        } else if (d->d_tag == DT_STRTAB) {
            object->names = point(object, d);
        } else if (d->d_tag == DT_RELA) {
            data = point(object, d);
        } else if (d->d_tag == DT_RELASZ) {
            data_size = d->d_un.d_val;
        } else if (d->d_tag == DT_JMPREL) {
            jumps = point(object, d);
        } else if (d->d_tag == DT_PLTRELSZ) {
            jumps_size = d->d_un.d_val;
        }
    }
    if (object->symbols && object->names) {
        replace(object, data, data_size, request);
        replace(object, jumps, jumps_size, request);
    }
}

/* Called for each shared object.  Returns nonzero to end that. */
static int
visit(struct dl_phdr_info *info, size_t size OVS_UNUSED, void *request_)
{
    const uintptr_t page_mask = ~((uintptr_t) sysconf(_SC_PAGESIZE) - 1);
    struct request *request = request_;
    struct object object = { .base = info->dlpi_addr };
    const ElfW(Dyn) *dynamic = NULL;
    bool found = false;

    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t start = object.base + header->p_vaddr;
        uintptr_t end = start + header->p_memsz;

        if (header->p_type == PT_LOAD) {
            found |= request->member >= start && request->member < end;
        } else if (header->p_type == PT_DYNAMIC) {
            dynamic = (const ElfW(Dyn) *) start;
        } else if (header->p_type == PT_GNU_RELRO) {
            object.ro_start = start & page_mask;
            object.ro_end = end & page_mask;
        }
    }
    if (found && dynamic) {
        replace_in_object(&object, dynamic, request);
    }
    return found;
}
#endif /* FUNCTION_RELOCATIONS */

int
dpdk_import_replace(const void *member OVS_UNUSED,
                    const char *name OVS_UNUSED,
                    const void *function OVS_UNUSED)
{
#ifdef FUNCTION_RELOCATIONS
    struct request request = {
        .member = (uintptr_t) member,
        .name = name,
        .function = (uintptr_t) function,
        .error = ENOENT,
    };

    dl_iterate_phdr(visit, &request);
    return request.error;
#else
    return ENOTSUP;
#endif
}
