/* elf - see elf.h. Every offset is checked against the image before it is used, and values are
 * copied out of it: the image need not be aligned. */
#include "sandbox/elf.h"

#include "base/mem.h"

#include <elf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 4096, SEGMENTS_MAX = 32, DYNAMIC_MAX = 64, ADDRESS_MAX = 1 << 26 };

struct checking {
    struct str image;
    enum elf_profile profile;
    struct elf_findings *found;
    Elf64_Phdr segments[SEGMENTS_MAX];
    unsigned segments_count;
    uint64_t dynamic[DYNAMIC_MAX][2];
    unsigned dynamic_count;
    uint64_t relro_from, relro_to;
    bool stack_seen;
};

__attribute__((format(printf, 3, 4))) static void find(
    struct checking *c, const char *rule, const char *format, ...)
{
    if (c->found->count == ELF_FINDINGS_MAX)
        return;
    struct elf_finding *finding = &c->found->list[c->found->count++];
    finding->rule = rule;
    va_list args;
    va_start(args, format);
    vsnprintf(finding->message, sizeof finding->message, format, args);
    va_end(args);
}

/* Copies `size` bytes at a file offset. False beyond the image. */
static bool copy(const struct checking *c, uint64_t offset, void *to, size_t size)
{
    if (offset > c->image.size || size > c->image.size - offset)
        return false;
    memcpy(to, c->image.at + offset, size);
    return true;
}

/* The file offset of an address that is loaded from the file, for `size` bytes. */
static bool offset_of(const struct checking *c, uint64_t address, uint64_t size, uint64_t *ret)
{
    for (unsigned i = 0; i < c->segments_count; i++) {
        const Elf64_Phdr *s = &c->segments[i];
        if (s->p_type != PT_LOAD || address < s->p_vaddr || address - s->p_vaddr > s->p_filesz ||
            size > s->p_filesz - (address - s->p_vaddr))
            continue;
        *ret = s->p_offset + (address - s->p_vaddr);
        return true;
    }
    return false;
}

/* --- the header and the segments */

static bool check_header(struct checking *c, Elf64_Ehdr *ret)
{
    Elf64_Ehdr e;
    if (!copy(c, 0, &e, sizeof e) || memcmp(e.e_ident, ELFMAG, SELFMAG) != 0) {
        find(c, "elf.header", "not an ELF file");
        return false;
    }
    if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB ||
        e.e_machine != EM_X86_64 || e.e_type != ET_DYN || e.e_phentsize != sizeof(Elf64_Phdr)) {
        find(c, "elf.header", "not a shared object for x86-64");
        return false;
    }
    if (e.e_phnum == 0 || e.e_phnum > SEGMENTS_MAX) {
        find(c, "elf.header", "%u segments", e.e_phnum);
        return false;
    }
    *ret = e;
    return true;
}

static void check_load(struct checking *c, const Elf64_Phdr *s)
{
    if ((s->p_flags & PF_W) && (s->p_flags & PF_X))
        find(c, "elf.writable-code", "a segment is writable and executable");
    if (s->p_filesz > s->p_memsz || s->p_vaddr > ADDRESS_MAX || s->p_memsz > ADDRESS_MAX ||
        s->p_offset > c->image.size || s->p_filesz > c->image.size - s->p_offset)
        find(c, "elf.segment", "a segment lies outside the file or its bounds");
}

static void check_segment(struct checking *c, const Elf64_Phdr *s)
{
    switch (s->p_type) {
    case PT_LOAD:
        check_load(c, s);
        break;
    case PT_DYNAMIC:
    case PT_GNU_EH_FRAME:
    case PT_NOTE:
    case PT_GNU_PROPERTY:
    case PT_NULL:
        break;
    case PT_GNU_RELRO:
        c->relro_from = s->p_vaddr & ~(uint64_t)(PAGE - 1);
        c->relro_to = (s->p_vaddr + s->p_memsz) & ~(uint64_t)(PAGE - 1);
        break;
    case PT_GNU_STACK:
        c->stack_seen = true;
        if (s->p_flags & PF_X)
            find(c, "elf.executable-stack", "the stack would be executable");
        break;
    case PT_TLS:
        find(c, "elf.tls", "thread-local storage keeps state that nobody sees");
        break;
    case PT_INTERP:
        find(c, "elf.interpreter", "names a program interpreter");
        break;
    default:
        find(c, "elf.segment", "a segment of type %#x", s->p_type);
    }
}

/* Writable after the loader has made RELRO read-only. */
static void check_writable(struct checking *c)
{
    for (unsigned i = 0; i < c->segments_count; i++) {
        const Elf64_Phdr *s = &c->segments[i];
        bool writable = s->p_type == PT_LOAD && (s->p_flags & PF_W) && s->p_memsz > 0;
        uint64_t end = s->p_vaddr + s->p_memsz;
        if (writable && (s->p_vaddr < c->relro_from || end > c->relro_to) &&
            c->profile == ELF_RELEASE)
            find(c, "elf.writable", "%llu bytes stay writable: a plugin has no globals that change",
                (unsigned long long)(end > c->relro_to && c->relro_to > s->p_vaddr
                                         ? end - c->relro_to
                                         : s->p_memsz));
    }
}

static bool check_segments(struct checking *c)
{
    Elf64_Ehdr e;
    if (!check_header(c, &e))
        return false;
    for (unsigned i = 0; i < e.e_phnum; i++) {
        if (!copy(c, e.e_phoff + (uint64_t)i * sizeof(Elf64_Phdr), &c->segments[i],
                sizeof(Elf64_Phdr)) ||
            e.e_phoff > c->image.size) {
            find(c, "elf.header", "the segment table is cut short");
            return false;
        }
        c->segments_count++;
        check_segment(c, &c->segments[i]);
    }
    if (!c->stack_seen)
        find(c, "elf.executable-stack", "does not say that its stack is not executable");
    check_writable(c);
    return c->found->count == 0;
}

/* --- the dynamic section */

static const struct tag {
    int64_t tag;
    const char *name;
    bool allowed;
    const char *rule;
} tags[] = {
    { DT_HASH, "HASH", true, NULL },
    { DT_GNU_HASH, "GNU_HASH", true, NULL },
    { DT_STRTAB, "STRTAB", true, NULL },
    { DT_SYMTAB, "SYMTAB", true, NULL },
    { DT_STRSZ, "STRSZ", true, NULL },
    { DT_SYMENT, "SYMENT", true, NULL },
    { DT_RELA, "RELA", true, NULL },
    { DT_RELASZ, "RELASZ", true, NULL },
    { DT_RELAENT, "RELAENT", true, NULL },
    { DT_RELACOUNT, "RELACOUNT", true, NULL },
    { DT_FLAGS, "FLAGS", true, NULL },
    { DT_FLAGS_1, "FLAGS_1", true, NULL },
    { DT_BIND_NOW, "BIND_NOW", true, NULL },
    { DT_JMPREL, "JMPREL", true, NULL },
    { DT_PLTRELSZ, "PLTRELSZ", true, NULL },
    { DT_PLTREL, "PLTREL", true, NULL },
    { DT_PLTGOT, "PLTGOT", true, NULL },
    { DT_SONAME, "SONAME", true, NULL },
    { DT_INIT, "INIT", false, "elf.constructor" },
    { DT_FINI, "FINI", false, "elf.constructor" },
    { DT_INIT_ARRAY, "INIT_ARRAY", false, "elf.constructor" },
    { DT_FINI_ARRAY, "FINI_ARRAY", false, "elf.constructor" },
    { DT_PREINIT_ARRAY, "PREINIT_ARRAY", false, "elf.constructor" },
    { DT_NEEDED, "NEEDED", false, "elf.needed" },
    { DT_RPATH, "RPATH", false, "elf.needed" },
    { DT_RUNPATH, "RUNPATH", false, "elf.needed" },
    { DT_TEXTREL, "TEXTREL", false, "elf.text-relocation" },
};

static void check_tag(struct checking *c, int64_t tag, uint64_t value)
{
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        if (tags[i].tag != tag)
            continue;
        if (!tags[i].allowed)
            find(c, tags[i].rule, "the dynamic section has %s", tags[i].name);
        if (tag == DT_FLAGS && (value & DF_TEXTREL))
            find(c, "elf.text-relocation", "code would be changed at load");
        if (tag == DT_FLAGS && (value & DF_STATIC_TLS))
            find(c, "elf.tls", "wants static thread-local storage");
        return;
    }
    find(c, "elf.dynamic", "a dynamic tag that is not known: %#llx", (unsigned long long)tag);
}

static bool check_dynamic(struct checking *c)
{
    const Elf64_Phdr *segment = NULL;
    for (unsigned i = 0; i < c->segments_count; i++)
        if (c->segments[i].p_type == PT_DYNAMIC)
            segment = &c->segments[i];
    uint64_t at = 0;
    if (!segment || !offset_of(c, segment->p_vaddr, segment->p_filesz, &at)) {
        find(c, "elf.dynamic", "no dynamic section");
        return false;
    }
    for (uint64_t i = 0; i < segment->p_filesz / sizeof(Elf64_Dyn); i++) {
        Elf64_Dyn entry;
        if (!copy(c, at + i * sizeof entry, &entry, sizeof entry) ||
            c->dynamic_count == DYNAMIC_MAX) {
            find(c, "elf.dynamic", "the dynamic section is cut short or too long");
            return false;
        }
        if (entry.d_tag == DT_NULL)
            return c->found->count == 0;
        check_tag(c, entry.d_tag, entry.d_un.d_val);
        c->dynamic[c->dynamic_count][0] = (uint64_t)entry.d_tag;
        c->dynamic[c->dynamic_count++][1] = entry.d_un.d_val;
    }
    find(c, "elf.dynamic", "the dynamic section has no end");
    return false;
}

static uint64_t dynamic_value(const struct checking *c, int64_t tag)
{
    for (unsigned i = 0; i < c->dynamic_count; i++)
        if (c->dynamic[i][0] == (uint64_t)tag)
            return c->dynamic[i][1];
    return 0;
}

/* --- symbols and relocations */

static bool symbol_name(const struct checking *c, const Elf64_Sym *symbol, char *out, size_t size)
{
    uint64_t table = dynamic_value(c, DT_STRTAB), bytes = dynamic_value(c, DT_STRSZ), at;
    if (symbol->st_name >= bytes || !offset_of(c, table, bytes, &at))
        return false;
    const char *name = c->image.at + at + symbol->st_name;
    size_t length = strnlen(name, bytes - symbol->st_name);
    if (length >= size || length == bytes - symbol->st_name)
        return false;
    memcpy(out, name, length + 1);
    return true;
}

static bool import_allowed(const struct checking *c, const char *name)
{
    static const char *const sizes[] = { "1", "2", "4", "8", "16", "N" };
    if (c->profile != ELF_ASAN)
        return false;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char load[40], store[40];
        snprintf(load, sizeof load, "__asan_load%s_noabort", sizes[i]);
        snprintf(store, sizeof store, "__asan_store%s_noabort", sizes[i]);
        if (strcmp(name, load) == 0 || strcmp(name, store) == 0)
            return true;
    }
    return strcmp(name, "__asan_handle_no_return") == 0;
}

static bool export_allowed(const struct checking *c, const char *name)
{
    return strcmp(name, "moult_plugin") == 0 || strcmp(name, "moult_pipeline") == 0 ||
           (c->profile == ELF_TRIAL && strcmp(name, "moult_trial") == 0);
}

static unsigned check_symbol(struct checking *c, const Elf64_Sym *symbol)
{
    char name[64] = "?", shown[80];
    unsigned type = ELF64_ST_TYPE(symbol->st_info), bind = ELF64_ST_BIND(symbol->st_info);
    if (!symbol_name(c, symbol, name, sizeof name)) {
        find(c, "elf.symbol", "a symbol's name lies outside its table or is too long");
        return 0;
    }
    str_printable(shown, sizeof shown, str_of(name), false);
    if (type == STT_GNU_IFUNC)
        find(c, "elf.ifunc", "%s is chosen by code that runs at load", shown);
    else if (type == STT_TLS)
        find(c, "elf.tls", "%s is thread-local", shown);
    else if (symbol->st_shndx == SHN_UNDEF && !import_allowed(c, name))
        find(c, "elf.import", "%s is imported: a plugin calls the host through its table only",
            shown);
    else if (symbol->st_shndx != SHN_UNDEF && bind != STB_LOCAL && !export_allowed(c, name))
        find(c, "elf.export", "%s is exported", shown);
    return symbol->st_shndx != SHN_UNDEF && strcmp(name, "moult_trial") != 0 &&
           export_allowed(c, name);
}

/* The loader finds symbols through the hash table, whose size is not written down for DT_GNU_HASH:
 * the symbol table ends where the string table begins, in every object that GNU ld and lld write.
 */
static void check_symbols(struct checking *c)
{
    uint64_t symbols = dynamic_value(c, DT_SYMTAB), strings = dynamic_value(c, DT_STRTAB), at;
    uint64_t bytes = strings > symbols ? strings - symbols : 0, count = bytes / sizeof(Elf64_Sym);
    unsigned exports = 0;
    if (bytes == 0 || bytes % sizeof(Elf64_Sym) || !offset_of(c, symbols, bytes, &at)) {
        find(c, "elf.symbol", "the symbol table does not stand before its strings");
        return;
    }
    for (uint64_t i = 1; i < count; i++) {
        Elf64_Sym symbol;
        if (copy(c, at + i * sizeof symbol, &symbol, sizeof symbol))
            exports += check_symbol(c, &symbol);
    }
    if (exports != 1)
        find(c, "elf.export", "exports %u of moult_plugin and moult_pipeline, not one", exports);
}

static void check_relocation(struct checking *c, const Elf64_Rela *rela)
{
    unsigned type = ELF64_R_TYPE(rela->r_info);
    bool asan = c->profile == ELF_ASAN &&
                (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT || type == R_X86_64_64);
    bool inside = false;
    if (type != R_X86_64_RELATIVE && !asan)
        find(c, type == R_X86_64_IRELATIVE ? "elf.ifunc" : "elf.relocation",
            "a relocation of type %u", type);
    for (unsigned i = 0; i < c->segments_count; i++) {
        const Elf64_Phdr *s = &c->segments[i];
        inside |= s->p_type == PT_LOAD && (s->p_flags & PF_W) && rela->r_offset >= s->p_vaddr &&
                  s->p_memsz >= 8 && rela->r_offset - s->p_vaddr <= s->p_memsz - 8;
    }
    if (!inside)
        find(c, "elf.text-relocation", "a relocation outside the writable data");
}

static void check_relocations(struct checking *c, int64_t table, int64_t size)
{
    uint64_t address = dynamic_value(c, table), bytes = dynamic_value(c, size), at;
    if (bytes == 0)
        return;
    if (bytes % sizeof(Elf64_Rela) || !offset_of(c, address, bytes, &at)) {
        find(c, "elf.relocation", "the relocations lie outside the file");
        return;
    }
    for (uint64_t i = 0; i < bytes / sizeof(Elf64_Rela); i++) {
        Elf64_Rela rela;
        if (copy(c, at + i * sizeof rela, &rela, sizeof rela))
            check_relocation(c, &rela);
    }
}

int elf_check(struct str image, enum elf_profile profile, struct elf_findings *ret, struct err *err)
{
    ret->count = 0;
    struct checking c = { .image = image, .profile = profile, .found = ret };
    if (check_segments(&c) && check_dynamic(&c)) {
        check_symbols(&c);
        check_relocations(&c, DT_RELA, DT_RELASZ);
        check_relocations(&c, DT_JMPREL, DT_PLTRELSZ);
    }
    if (ret->count == 0)
        return 0;
    return err_set(err, ERR_DENIED, "%s: %s", ret->list[0].rule, ret->list[0].message);
}
