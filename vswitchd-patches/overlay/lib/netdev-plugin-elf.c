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

/* ABI blocks of plugins and switches, see netdev-plugin-elf.h.
 *
 * A file is taken for damaged or hostile: each offset and size in it is
 * checked before it is used, everything is copied before it is looked at, and
 * what does not fit ends in an error message.  Offsets are 64 bits wide, so
 * sums of two of them that were checked against the file's size cannot wrap
 * around. */

#include <config.h>

#include "netdev-plugin-elf.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openvswitch/util.h"
#include "svec.h"
#include "util.h"

/* A larger file is no plugin, and reading it would only waste memory. */
#define MAX_FILE_SIZE (UINT64_C(1) << 30)

/* Bounds of a block in a file: as many fields as any version could want, so
 * that comparing each with each stays cheap. */
#define MAX_FIELDS 1024
#define MAX_FIELD_SIZE 4096

/* The kind of ELF files that run on this machine. */
#define NATIVE_CLASS (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)
#ifdef WORDS_BIGENDIAN
#define NATIVE_DATA ELFDATA2MSB
#else
#define NATIVE_DATA ELFDATA2LSB
#endif

/* Contents of a file. */
struct elf {
    const uint8_t *data;
    uint64_t size;              /* In bytes. */
};

/* Returns the 'size' bytes at 'offset' in 'elf', or a null pointer if it does
 * not have that many.  The result may be misaligned. */
static const void *
elf_at(const struct elf *elf, uint64_t offset, uint64_t size)
{
    return (offset <= elf->size && size <= elf->size - offset
            ? elf->data + offset
            : NULL);
}

/* Copies to 'dst' the 'index'th of the elements, 'size' bytes each, that start
 * at 'offset' in 'elf'.  Returns false if 'elf' does not have that many. */
static bool
elf_copy(const struct elf *elf, uint64_t offset, uint64_t index,
         void *dst, size_t size)
{
    const void *src = (offset <= elf->size && index <= elf->size / size
                       ? elf_at(elf, offset + index * size, size)
                       : NULL);

    if (src) {
        memcpy(dst, src, size);
    }
    return src != NULL;
}

/* Stores in 'header' that of 'elf'.  Returns an error message or a null
 * pointer. */
static char *
elf_read_header(const struct elf *elf, ElfW(Ehdr) *header)
{
    const uint8_t *ident = elf_at(elf, 0, EI_NIDENT);

    if (!ident || memcmp(ident, ELFMAG, SELFMAG)) {
        return xstrdup("not an ELF file");
    } else if (ident[EI_CLASS] != NATIVE_CLASS
               || ident[EI_DATA] != NATIVE_DATA) {
        return xasprintf("is for another machine (its ELF class and byte "
                         "order are %d and %d, %d and %d here)",
                         ident[EI_CLASS], ident[EI_DATA],
                         NATIVE_CLASS, NATIVE_DATA);
    } else if (!elf_copy(elf, 0, 0, header, sizeof *header)) {
        return xstrdup("ELF header is truncated");
    } else if (header->e_shentsize != sizeof(ElfW(Shdr))
               || header->e_phentsize != sizeof(ElfW(Phdr))) {
        return xstrdup("ELF file has no section or program headers");
    }
    return NULL;
}

/* Stores in 'dynsym' and 'dynstr' the headers of the sections with the dynamic
 * symbols and their names.  Returns an error message or a null pointer. */
static char *
elf_find_dynsym(const struct elf *elf, const ElfW(Ehdr) *header,
                ElfW(Shdr) *dynsym, ElfW(Shdr) *dynstr)
{
    for (int i = 0; i < header->e_shnum; i++) {
        if (!elf_copy(elf, header->e_shoff, i, dynsym, sizeof *dynsym)) {
            return xstrdup("ELF section headers are truncated");
        }
        if (dynsym->sh_type == SHT_DYNSYM) {
            if (dynsym->sh_link >= header->e_shnum
                || !elf_copy(elf, header->e_shoff, dynsym->sh_link,
                             dynstr, sizeof *dynstr)
                || !elf_at(elf, dynsym->sh_offset, dynsym->sh_size)
                || !elf_at(elf, dynstr->sh_offset, dynstr->sh_size)) {
                return xstrdup("ELF dynamic symbols are truncated");
            }
            return NULL;
        }
    }
    return xstrdup("ELF file has no dynamic symbols");
}

/* Returns true if the string at 'offset' in section 'strings', which is inside
 * of 'elf', is 's'. */
static bool
elf_string_equals(const struct elf *elf, const ElfW(Shdr) *strings,
                  uint64_t offset, const char *s)
{
    size_t size = strlen(s) + 1;

    return (offset <= strings->sh_size
            && size <= strings->sh_size - offset
            && !memcmp(elf_at(elf, strings->sh_offset + offset, size),
                       s, size));
}

/* Stores in 'symbol' the dynamic symbol 'name' that 'elf' defines.  Returns an
 * error message or a null pointer. */
static char *
elf_find_symbol(const struct elf *elf, const ElfW(Ehdr) *header,
                const char *name, ElfW(Sym) *symbol)
{
    ElfW(Shdr) dynsym, dynstr;
    char *error;

    error = elf_find_dynsym(elf, header, &dynsym, &dynstr);
    if (error) {
        return error;
    }

    for (uint64_t i = 0; i < dynsym.sh_size / sizeof *symbol; i++) {
        if (elf_copy(elf, dynsym.sh_offset, i, symbol, sizeof *symbol)
            && symbol->st_shndx != SHN_UNDEF
            && elf_string_equals(elf, &dynstr, symbol->st_name, name)) {
            return NULL;
        }
    }
    return xasprintf("no symbol %s", name);
}

/* Returns the bytes of the object 'symbol' in 'elf', or a null pointer if they
 * are not in the file. */
static const void *
elf_symbol_data(const struct elf *elf, const ElfW(Ehdr) *header,
                const ElfW(Sym) *symbol)
{
    for (int i = 0; i < header->e_phnum; i++) {
        ElfW(Phdr) segment;
        uint64_t offset;

        if (!elf_copy(elf, header->e_phoff, i, &segment, sizeof segment)) {
            return NULL;
        }
        if (segment.p_type != PT_LOAD
            || symbol->st_value < segment.p_vaddr
            || !elf_at(elf, segment.p_offset, segment.p_filesz)) {
            continue;
        }

        offset = symbol->st_value - segment.p_vaddr;
        if (offset <= segment.p_filesz
            && symbol->st_size <= segment.p_filesz - offset) {
            return elf_at(elf, segment.p_offset + offset, symbol->st_size);
        }
    }
    return NULL;
}

/* Returns true if 's' is a null-terminated string of at most 'size' - 1
 * printable characters, so that it can go into a log. */
static bool
string_is_printable(const char *s, size_t size)
{
    for (size_t i = 0; i < size && (s[i] == '\0' || (s[i] >= ' '
                                                     && s[i] <= '~')); i++) {
        if (s[i] == '\0') {
            return true;
        }
    }
    return false;
}

/* Returns an error message if a field of 'abi', whose size has been checked,
 * cannot be used, or else a null pointer. */
static char *
abi_check_fields(const struct netdev_plugin_abi *abi)
{
    for (size_t i = 0; i < abi->n_fields; i++) {
        const struct netdev_plugin_abi_field *field;

        field = netdev_plugin_abi_field_at(abi, i);
        if (!string_is_printable(field->name, sizeof field->name)
            || !string_is_printable(field->text, sizeof field->text)
            || !field->name[0]) {
            return xasprintf("field %"PRIuSIZE" is damaged", i);
        } else if (netdev_plugin_abi_find(abi, field->name) != field) {
            return xasprintf("has field %s twice", field->name);
        }
    }
    return NULL;
}

/* Copies to '*abip' the block at the start of the 'size' bytes 'data'.
 * Returns an error message or a null pointer. */
static char *
abi_parse(const void *data, size_t size, struct netdev_plugin_abi **abip)
{
    const size_t head_size = offsetof(struct netdev_plugin_abi, fields);
    struct netdev_plugin_abi *abi;
    char *error;

    if (size < head_size || memcmp(data, NETDEV_PLUGIN_MAGIC,
                                   sizeof NETDEV_PLUGIN_MAGIC)) {
        return xstrdup("does not start with \"OVS-NETDEV-ABI\"");
    }

    /* The copy is aligned. */
    abi = xmemdup(data, size);
    if (abi->field_size < sizeof(struct netdev_plugin_abi_field)
        || abi->field_size > MAX_FIELD_SIZE
        || abi->field_size % sizeof(uint64_t)
        || abi->n_fields > MAX_FIELDS) {
        error = xasprintf("has %"PRIu32" fields of %"PRIu32" bytes",
                          abi->n_fields, abi->field_size);
    } else if (netdev_plugin_abi_size(abi) > size) {
        error = xstrdup("is truncated");
    } else {
        error = abi_check_fields(abi);
    }

    if (error) {
        free(abi);
    } else {
        *abip = abi;
    }
    return error;
}

/* Finds 'symbol' in the 'size' bytes 'file', the contents of an ELF file, and
 * stores a copy of the ABI block that it starts with in '*abip', for the
 * caller to free.  Returns a null pointer, or an error message, which the
 * caller must free, and sets '*abip' to a null pointer. */
char *
netdev_plugin_elf_parse(const void *file, size_t size, const char *symbol,
                        struct netdev_plugin_abi **abip)
{
    const struct elf elf = { .data = file, .size = size };
    ElfW(Ehdr) header;
    const void *data;
    ElfW(Sym) sym;
    char *error;

    *abip = NULL;
    error = elf_read_header(&elf, &header);
    if (!error) {
        error = elf_find_symbol(&elf, &header, symbol, &sym);
    }
    if (error) {
        return error;
    }

    data = elf_symbol_data(&elf, &header, &sym);
    if (!data) {
        return xasprintf("symbol %s has no contents in the file", symbol);
    }
    error = abi_parse(data, sym.st_size, abip);
    if (error) {
        char *s = xasprintf("ABI block %s %s", symbol, error);

        free(error);
        error = s;
    }
    return error;
}

/* Does the same as netdev_plugin_elf_parse() for the regular file 'fd'.  It is
 * read, not mapped, since access to a mapping of a file that somebody
 * truncates would end the process. */
char *
netdev_plugin_elf_read(int fd, const char *symbol,
                       struct netdev_plugin_abi **abip)
{
    uint8_t *data = NULL;
    size_t n = 0, size;
    struct stat s;
    char *error;

    *abip = NULL;
    if (fstat(fd, &s)) {
        return xasprintf("cannot be read (%s)", ovs_strerror(errno));
    } else if (s.st_size > MAX_FILE_SIZE) {
        return xasprintf("has %"PRIu64" bytes, too many for a plugin",
                         (uint64_t) s.st_size);
    }

    size = s.st_size;
    data = xmalloc(size);
    while (n < size) {
        ssize_t retval = pread(fd, data + n, size - n, n);

        if (retval > 0) {
            n += retval;
        } else if (!retval) {
            break;
        } else if (errno != EINTR) {
            error = xasprintf("cannot be read (%s)", ovs_strerror(errno));
            free(data);
            return error;
        }
    }

    error = netdev_plugin_elf_parse(data, n, symbol, abip);
    free(data);
    return error;
}

/* Returns the number of bytes in 'abi'. */
size_t
netdev_plugin_abi_size(const struct netdev_plugin_abi *abi)
{
    return (offsetof(struct netdev_plugin_abi, fields)
            + (size_t) abi->n_fields * abi->field_size);
}

/* Returns the field of 'abi' with the given 'index'.  In another version a
 * field may be larger than here, with what is known here at its start. */
const struct netdev_plugin_abi_field *
netdev_plugin_abi_field_at(const struct netdev_plugin_abi *abi, size_t index)
{
    const char *fields = (const char *) abi
                         + offsetof(struct netdev_plugin_abi, fields);

    return ALIGNED_CAST(const struct netdev_plugin_abi_field *,
                        fields + index * abi->field_size);
}

/* Returns the first field of 'abi' with the given 'name', or a null pointer if
 * there is none. */
const struct netdev_plugin_abi_field *
netdev_plugin_abi_find(const struct netdev_plugin_abi *abi, const char *name)
{
    for (size_t i = 0; i < abi->n_fields; i++) {
        const struct netdev_plugin_abi_field *field;

        field = netdev_plugin_abi_field_at(abi, i);
        if (!strcmp(field->name, name)) {
            return field;
        }
    }
    return NULL;
}

/* Returns the value of 'field', which may be null, for people to read.  The
 * caller must free it. */
char *
netdev_plugin_abi_value(const struct netdev_plugin_abi_field *field)
{
    return (!field ? xstrdup("missing")
            : field->text[0] ? xstrdup(field->text)
            : xasprintf("%"PRIu64, field->number));
}

static bool
field_equals(const struct netdev_plugin_abi_field *a,
             const struct netdev_plugin_abi_field *b)
{
    return (a && b && !strcmp(a->text, b->text)
            && (a->text[0] || a->number == b->number));
}

static void
add_difference(const char *name, char *in_plugin, char *in_host,
               const char *host_place, struct svec *differences)
{
    svec_add_nocopy(differences, xasprintf("%s is %s in the plugin, %s %s",
                                           name, in_plugin, in_host,
                                           host_place));
    free(in_plugin);
    free(in_host);
}

/* Adds a sentence to 'differences' for each field that is not the same in
 * 'plugin' and 'host' or that only one of them has.  'host_place' says where
 * values of 'host' are, e.g. "here".  Returns true if there is no
 * difference. */
bool
netdev_plugin_abi_compare(const struct netdev_plugin_abi *plugin,
                          const struct netdev_plugin_abi *host,
                          const char *host_place, struct svec *differences)
{
    size_t n = differences->n;

    if (plugin->field_size != host->field_size) {
        add_difference("size of an ABI field",
                       xasprintf("%"PRIu32, plugin->field_size),
                       xasprintf("%"PRIu32, host->field_size),
                       host_place, differences);
    }
    for (size_t i = 0; i < host->n_fields; i++) {
        const struct netdev_plugin_abi_field *h, *p;

        h = netdev_plugin_abi_field_at(host, i);
        p = netdev_plugin_abi_find(plugin, h->name);
        if (!field_equals(p, h)) {
            add_difference(h->name, netdev_plugin_abi_value(p),
                           netdev_plugin_abi_value(h), host_place,
                           differences);
        }
    }
    for (size_t i = 0; i < plugin->n_fields; i++) {
        const struct netdev_plugin_abi_field *p;

        p = netdev_plugin_abi_field_at(plugin, i);
        if (!netdev_plugin_abi_find(host, p->name)) {
            add_difference(p->name, netdev_plugin_abi_value(p),
                           netdev_plugin_abi_value(NULL), host_place,
                           differences);
        }
    }
    return differences->n == n;
}
