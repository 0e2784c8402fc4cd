/* objects - shared objects that no compiler makes, one attempt each: what the ELF gate must refuse,
 * by the name of its rule, and a few that look odd and do nothing.
 *
 * `gates_objects GOOD.so FOLDER` writes them, made from a plugin that the gate let through, and
 * prints for each a line: name, rule ("" if inert), what dlopen does with it when nobody asks the
 * gate, and what it tries. The story gates_objects.mjs asks `moult check`. */
#include "object.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define RX (PF_R | PF_X)
#define RW (PF_R | PF_W)

/* --- edits; a and b are the row's */

static void set_byte(struct object *object, uint64_t a, uint64_t b)
{
    object->bytes[a] = (unsigned char)b;
}

static void set_short(struct object *object, uint64_t a, uint64_t b)
{
    uint16_t value = (uint16_t)b;
    memcpy(object->bytes + a, &value, sizeof value);
}

static void set_long(struct object *object, uint64_t a, uint64_t b)
{
    memcpy(object->bytes + a, &b, sizeof b);
}

static void cut(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    object->size = a < object->size ? a : object->size;
}

static void add_bytes(struct object *object, uint64_t a, uint64_t b)
{
    memset(object->bytes + object->size, (int)b, a);
    object->size += a;
}

static void add_segment(struct object *object, uint64_t a, uint64_t b)
{
    const Elf64_Phdr *text = object_load(object, RX);
    uint64_t address = text->p_vaddr, offset = text->p_offset;
    *object_add_segment(object, object_header(object)->e_phnum) =
        (Elf64_Phdr){ .p_type = (uint32_t)a,
            .p_flags = (uint32_t)b,
            .p_offset = offset,
            .p_vaddr = address,
            .p_filesz = 8,
            .p_memsz = 8,
            .p_align = 8 };
}

/* a: the rights of the segment; b: its new ones. */
static void set_rights(struct object *object, uint64_t a, uint64_t b)
{
    object_load(object, (uint32_t)a)->p_flags = (uint32_t)b;
}

/* a: the segment's type; b: the new one. */
static void set_type(struct object *object, uint64_t a, uint64_t b)
{
    object_segment(object, (uint32_t)a)->p_type = (uint32_t)b;
}

static void set_stack(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    object_segment(object, PT_GNU_STACK)->p_flags = (uint32_t)a;
}

/* a: where in struct Elf64_Phdr; b: the value. */
static void set_code_segment(struct object *object, uint64_t a, uint64_t b)
{
    memcpy((char *)object_load(object, RX) + a, &b, sizeof b);
}

static void set_dynamic_segment(struct object *object, uint64_t a, uint64_t b)
{
    memcpy((char *)object_segment(object, PT_DYNAMIC) + a, &b, sizeof b);
}

static void cut_dynamic(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    Elf64_Phdr *dynamic = object_segment(object, PT_DYNAMIC);
    dynamic->p_filesz = dynamic->p_memsz = a;
}

static void add_outside(struct object *object, uint64_t a, uint64_t b)
{
    add_segment(object, a, PF_R);
    object_segment(object, (uint32_t)a)->p_vaddr = b;
}

/* A page of notes: a is the type of the segment, b the size that the note tells of itself; within
 * it one property, which tells half of that. */
static void add_note(struct object *object, uint64_t a, uint64_t b)
{
    uint64_t page = object_add_page(object, PF_R);
    struct {
        Elf64_Nhdr head;
        char vendor[4];
        uint32_t property, size;
    } note = { { 4, (uint32_t)b, NT_GNU_PROPERTY_TYPE_0 }, "GNU", 0xc0000002, (uint32_t)b / 2 };
    memcpy(object_at(object, page), &note, sizeof note);
    uint64_t offset = (uint64_t)((unsigned char *)object_at(object, page) - object->bytes);
    *object_add_segment(object, object_header(object)->e_phnum) =
        (Elf64_Phdr){ .p_type = (uint32_t)a,
            .p_flags = PF_R,
            .p_offset = offset,
            .p_vaddr = page,
            .p_filesz = 32,
            .p_memsz = 32,
            .p_align = 8 };
}

static void set_relro(struct object *object, uint64_t a, uint64_t b)
{
    memcpy((char *)object_segment(object, PT_GNU_RELRO) + a, &b, sizeof b);
}

static void grow_data(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    object_load(object, RW)->p_memsz += a;
}

static void add_tag(struct object *object, uint64_t a, uint64_t b)
{
    object_add_tag(object, (int64_t)a, b);
}

static void set_tag(struct object *object, uint64_t a, uint64_t b)
{
    object_tag(object, (int64_t)a)->d_un.d_val = b;
}

static void move_tag(struct object *object, uint64_t a, uint64_t b)
{
    object_tag(object, (int64_t)a)->d_un.d_val += b;
}

static void fill_dynamic(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    const Elf64_Phdr *s = object_segment(object, PT_DYNAMIC);
    Elf64_Dyn *at = object_at(object, s->p_vaddr);
    for (size_t i = 0; i < s->p_filesz / sizeof *at; i++)
        if (at[i].d_tag == DT_NULL)
            at[i] = (Elf64_Dyn){ DT_RELACOUNT, { 0 } };
}

/* a: DT_INIT or DT_FINI: one function; an array of them else, b is the tag of its size. */
static void add_code(struct object *object, uint64_t a, uint64_t b)
{
    uint64_t code = object_code(object);
    if (!b) {
        object_add_tag(object, (int64_t)a, code);
        return;
    }
    /* The first relocation writes the array's one entry: an address of the object. */
    Elf64_Rela *rela = object_relocation(object, 0);
    rela->r_addend = (int64_t)code;
    object_add_tag(object, (int64_t)a, rela->r_offset);
    object_add_tag(object, (int64_t)b, sizeof(uint64_t));
}

static Elf64_Rela chosen(uint64_t place, uint64_t code)
{
    return (Elf64_Rela){ place, ELF64_R_INFO(0, R_X86_64_IRELATIVE), (int64_t)code };
}

static void relocate_by_code(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    Elf64_Rela *rela = object_relocation(object, 0);
    *rela = chosen(rela->r_offset, object_code(object));
    object_tag(object, DT_RELACOUNT)->d_un.d_val = 0;
}

/* The table that is found first is harmless; the loader takes the last. */
static void second_table(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    uint64_t page = object_add_page(object, PF_R), place = object_relocation(object, 0)->r_offset;
    *(Elf64_Rela *)object_at(object, page) = chosen(place, object_code(object));
    object_tag(object, DT_RELACOUNT)->d_un.d_val = 0;
    object_add_tag(object, DT_RELA, page);
}

static void second_symbols(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    uint64_t page = object_add_page(object, PF_R);
    Elf64_Sym *now = object_at(object, page);
    now[1] = *object_symbol(object);
    now[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
    now[1].st_value = object_code(object);
    object_add_tag(object, DT_SYMTAB, page);
}

/* The page of the tables once more, changed, over the first. */
static void lay_over(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    uint64_t code = object_code(object), table = object_value(object, DT_RELA);
    uint64_t place = object_relocation(object, 0)->r_offset;
    Elf64_Phdr first = *object_load(object, PF_R);
    size_t at = (object->size + OBJECT_PAGE - 1) & ~(size_t)(OBJECT_PAGE - 1);
    memcpy(object->bytes + at, object->bytes, OBJECT_PAGE);
    object->size = at + OBJECT_PAGE;
    *(Elf64_Rela *)(object->bytes + at + table) = chosen(place, code);
    first.p_offset = at;
    *object_add_segment(object, 1) = first;
    object_tag(object, DT_RELACOUNT)->d_un.d_val = 0;
}

/* Relocations that write the one behind them, byte by byte: of each only the lowest byte is known,
 * since the base is that of a page, and the next one writes over the rest. */
static void relocate_relocations(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    Elf64_Rela last = chosen(object_relocation(object, 0)->r_offset, object_code(object));
    uint64_t page = object_grow_data(object);
    Elf64_Rela *rela = object_at(object, page);
    const unsigned char *wanted = (const unsigned char *)&last.r_info;
    enum { BYTES = sizeof last - offsetof(Elf64_Rela, r_info) };
    uint64_t place = page + BYTES * sizeof last + offsetof(Elf64_Rela, r_info);
    for (unsigned i = 0; i < BYTES; i++)
        rela[i] = (Elf64_Rela){ place + i, ELF64_R_INFO(0, R_X86_64_RELATIVE), wanted[i] };
    rela[BYTES].r_offset = last.r_offset;
    object_tag(object, DT_RELA)->d_un.d_val = page;
    object_tag(object, DT_RELASZ)->d_un.d_val = (BYTES + 1) * sizeof last;
    object_tag(object, DT_RELACOUNT)->d_un.d_val = 0;
}

/* a: where in struct Elf64_Rela; b: the value. */
static void set_relocation(struct object *object, uint64_t a, uint64_t b)
{
    memcpy((char *)object_relocation(object, 0) + a, &b, sizeof b);
}

static void relocate_dynamic(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    object_relocation(object, 0)->r_offset = object_segment(object, PT_DYNAMIC)->p_vaddr + 8;
}

static void relocate_apart(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    object_relocation(object, 0)->r_offset += a;
}

static void relocate_code(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    object_relocation(object, 0)->r_offset = object_load(object, RX)->p_vaddr;
}

/* The relocations of hooks where the admission does not count them. */
static void relocate_later(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    object_add_tag(object, DT_JMPREL, object_value(object, DT_RELA));
    object_add_tag(object, DT_PLTRELSZ, object_value(object, DT_RELASZ));
    object_add_tag(object, DT_PLTREL, DT_RELA);
    object_tag(object, DT_RELASZ)->d_un.d_val = 0;
    object_tag(object, DT_RELACOUNT)->d_un.d_val = 0;
}

static void set_symbol_kind(struct object *object, uint64_t a, uint64_t b)
{
    object_symbol(object)->st_info = ELF64_ST_INFO(a, b);
}

static void choose_symbol(struct object *object, uint64_t a, uint64_t b)
{
    set_symbol_kind(object, a, b);
    object_symbol(object)->st_value = object_code(object);
}

static void set_symbol_section(struct object *object, uint64_t a, uint64_t b)
{
    object_symbol(object)->st_shndx = (uint16_t)a;
    if (b)
        object_symbol(object)->st_value = b;
}

static void set_symbol_place(struct object *object, uint64_t a, uint64_t b)
{
    object_symbol(object)->st_value = a;
    object_symbol(object)->st_size = b;
}

static void set_symbol_name(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    object_symbol(object)->st_name = (uint32_t)a;
}

static void set_symbol_other(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    object_symbol(object)->st_other = (unsigned char)a;
}

static void rename_symbol(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    char *names = object_at(object, object_value(object, DT_STRTAB));
    names[object_symbol(object)->st_name] = (char)a;
}

/* One symbol more, in a table of its own with its names: a is its kind, b its section. */
static void add_symbol(struct object *object, uint64_t a, uint64_t b)
{
    uint64_t page = object_add_page(object, PF_R);
    Elf64_Sym *now = object_at(object, page);
    char *names = (char *)&now[3];
    memcpy(names + 1, "moult_plugin", sizeof "moult_plugin");
    strcpy(names + 32, "puts");
    now[2] = *object_symbol(object);
    now[2].st_name = 1;
    now[1] = now[2];
    now[1].st_info = (unsigned char)a;
    now[1].st_shndx = (uint16_t)b;
    now[1].st_name = b == SHN_UNDEF ? 32 : 1;
    object_tag(object, DT_SYMTAB)->d_un.d_val = page;
    object_tag(object, DT_STRTAB)->d_un.d_val = page + 3 * sizeof *now;
    object_tag(object, DT_STRSZ)->d_un.d_val = 64;
}

/* a symbols, each with the same name of b bytes, which has no end. */
static void many_symbols(struct object *object, uint64_t a, uint64_t b)
{
    uint64_t symbols = object_add_pages(object, PF_R, a * sizeof(Elf64_Sym) + b);
    Elf64_Sym *now = object_at(object, symbols);
    for (uint64_t i = 1; i < a; i++)
        now[i] = *object_symbol(object);
    memset(&now[a], 'x', b);
    object_tag(object, DT_SYMTAB)->d_un.d_val = symbols;
    object_tag(object, DT_STRTAB)->d_un.d_val = symbols + a * sizeof *now;
    object_tag(object, DT_STRSZ)->d_un.d_val = b;
}

/* A word of the hash table. */
static void set_hash(struct object *object, uint64_t a, uint64_t b)
{
    object_hash(object)[a] = (uint32_t)b;
}

/* The index of the exported name's chain is beyond the symbols: there a fake one stands, which the
 * loader asks for by running it. */
static void lead_beyond(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    uint32_t *hash = object_hash(object), name = 5381;
    for (const char *c = "moult_plugin"; *c; c++)
        name = name * 33 + (unsigned char)*c;
    uint64_t page = object_add_page(object, PF_R), symbols = object_value(object, DT_SYMTAB);
    hash = object_hash(object);
    uint32_t buckets = hash[0], first = hash[1], filter = hash[2];
    uint32_t index = (uint32_t)((page - symbols + sizeof(Elf64_Sym) - 1) / sizeof(Elf64_Sym));
    uint32_t *bucket = hash + 4 + (size_t)2 * filter, *chain = bucket + buckets;
    for (uint32_t i = 0; i < buckets; i++)
        bucket[i] = index;
    chain[index - first] = name | 1;
    Elf64_Sym *fake = object_at(object, symbols + index * sizeof *fake);
    *fake = *object_symbol(object);
    fake->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
    fake->st_value = object_code(object);
}

static void move_tables(struct object *object, uint64_t a, uint64_t b)
{
    (void)b;
    uint64_t page = object_grow_data(object);
    uint64_t from = object_value(object, DT_SYMTAB);
    memcpy(object_at(object, page), object_at(object, from), 512);
    object_tag(object, DT_SYMTAB)->d_un.d_val = page;
    object_tag(object, DT_STRTAB)->d_un.d_val += page - from;
    (void)a;
}

static void machine_code(struct object *object, uint64_t a, uint64_t b)
{
    (void)a;
    (void)b;
    object_code(object);
}

static void nothing(struct object *object, uint64_t a, uint64_t b)
{
    (void)object;
    (void)a;
    (void)b;
}

/* --- the table */

#define H(member) offsetof(Elf64_Ehdr, member)
#define P(member) offsetof(Elf64_Phdr, member)
#define R(member) offsetof(Elf64_Rela, member)

static const struct row {
    const char *name, *rule; /* rule: "" is inert */
    void (*edit)(struct object *object, uint64_t a, uint64_t b);
    uint64_t a, b;
    const char *why;
} rows[] = {
    { "empty", "elf.header", cut, 0, 0, "no byte at all" },
    { "cut-header", "elf.header", cut, 40, 0, "the header is cut short" },
    { "cut-segments", "elf.header", cut, 200, 0, "the segment table is cut short" },
    { "cut-data", "elf.segment", cut, 9000, 0, "a segment lies behind the end of the file" },
    { "magic", "elf.header", set_byte, 1, 'e', "not the magic of ELF" },
    { "class-32", "elf.header", set_byte, EI_CLASS, ELFCLASS32, "says that it is 32-bit" },
    { "big-endian", "elf.header", set_byte, EI_DATA, ELFDATA2MSB, "says that it is big-endian" },
    { "version", "elf.header", set_byte, EI_VERSION, 0, "no version of ELF" },
    { "abi-gnu", "elf.header", set_byte, EI_OSABI, ELFOSABI_GNU, "wants GNU's additions" },
    { "machine", "elf.header", set_short, H(e_machine), EM_386, "for another machine" },
    { "program", "elf.header", set_short, H(e_type), ET_EXEC, "a program at fixed addresses" },
    { "relocatable", "elf.header", set_short, H(e_type), ET_REL, "an object before linking" },
    { "core", "elf.header", set_short, H(e_type), ET_CORE, "a dump of a process" },
    { "entry-size", "elf.header", set_short, H(e_phentsize), 32, "segments of another size" },
    { "no-segments", "elf.header", set_short, H(e_phnum), 0, "no segment" },
    { "many-segments", "elf.header", set_short, H(e_phnum), 65535, "65535 segments" },
    { "segments-beyond", "elf.header", set_long, H(e_phoff), 1 << 30, "a table behind the end" },
    { "segments-wrap", "elf.header", set_long, H(e_phoff), UINT64_MAX - 55,
        "a table that wraps round to the header" },

    { "interpreter", "elf.interpreter", add_segment, PT_INTERP, PF_R, "names a program" },
    { "thread-storage", "elf.tls", add_segment, PT_TLS, PF_R, "keeps state in threads" },
    { "stack", "elf.executable-stack", set_stack, RW | PF_X, 0, "makes every stack executable" },
    { "no-stack", "elf.executable-stack", set_type, PT_GNU_STACK, PT_NOTE,
        "silence makes every stack executable too" },
    { "two-stacks", "elf.segment", add_segment, PT_GNU_STACK, RW, "of two stacks the last counts" },
    { "unknown-segment", "elf.segment", add_segment, PT_LOOS + 7, PF_R, "a segment unheard of" },
    { "library-segment", "elf.segment", add_segment, PT_SHLIB, PF_R, "a segment without meaning" },
    { "note-outside", "elf.segment", add_outside, PT_GNU_PROPERTY, 1 << 20,
        "properties where nothing is loaded" },
    { "note-huge", "elf.note", add_note, PT_NOTE, 0x80000000, "a note of two gigabytes in a page" },
    { "property-huge", "elf.note", add_note, PT_GNU_PROPERTY, 0x80000000,
        "a property that leads the loader far behind its end" },
    { "property-long", "elf.note", add_note, PT_GNU_PROPERTY, 24,
        "a property longer than its note" },
    { "unwind-table", "elf.segment", add_segment, PT_GNU_EH_FRAME, PF_R,
        "programs that unwind the stack" },
    { "code-writable", "elf.writable-code", set_rights, RX, RX | PF_W, "code that changes itself" },
    { "data-executable", "elf.writable-code", set_rights, RW, RW | PF_X, "data that is run" },
    { "code-as-data", "elf.writable", set_rights, RX, RW, "a second segment that stays writable" },
    { "code-unreadable", "elf.segment", set_rights, RX, PF_X, "code that cannot be looked at" },
    { "odd-rights", "elf.segment", set_rights, RX, RX | 0x100000, "rights of a vendor" },
    { "lay-over", "elf.segment", lay_over, 0, 0,
        "a second page of tables over the one that was checked" },
    { "descending", "elf.segment", set_code_segment, P(p_vaddr), 0, "code over the tables" },
    { "unaligned", "elf.segment", set_code_segment, P(p_offset), 0x1008, "not at a page's start" },
    { "odd-alignment", "elf.segment", set_code_segment, P(p_align), 24,
        "aligned to no power of 2" },
    { "far-away", "elf.segment", set_code_segment, P(p_vaddr), 1ull << 46,
        "takes the whole address space" },
    { "huge", "elf.segment", set_code_segment, P(p_memsz), 1ull << 46, "takes 64 TiB" },
    { "shrinks", "elf.segment", set_code_segment, P(p_memsz), 8,
        "less in memory than in the file" },
    { "grows", "elf.segment", set_code_segment, P(p_memsz), 0x1000,
        "code that is not in the file" },
    { "behind-the-end", "elf.segment", set_code_segment, P(p_filesz), 1 << 24, "beyond the file" },
    { "bss", "elf.writable", grow_data, 8192, 0, "8 KiB that stay writable" },
    { "no-relro", "elf.writable", set_type, PT_GNU_RELRO, PT_NOTE, "all data stay writable" },
    { "short-relro", "elf.writable", set_relro, P(p_memsz), 16, "nearly all data stay writable" },
    { "relro-elsewhere", "elf.writable", set_relro, P(p_vaddr), 0x1000, "code is made read-only" },
    { "wide-relro", "elf.segment", set_relro, P(p_memsz), 1 << 20, "more than the data" },
    { "two-relros", "elf.segment", add_segment, PT_GNU_RELRO, PF_R,
        "of two the last counts, and it covers nothing" },

    { "no-dynamic", "elf.dynamic", set_type, PT_DYNAMIC, PT_NOTE, "nothing to find" },
    { "two-dynamics", "elf.segment", add_segment, PT_DYNAMIC, RW, "of two the last counts" },
    { "dynamic-outside", "elf.segment", set_dynamic_segment, P(p_vaddr), 1 << 20,
        "a dynamic section where nothing is loaded" },
    { "dynamic-two-places", "elf.segment", set_dynamic_segment, P(p_offset), 0,
        "in the file elsewhere than in memory" },
    { "dynamic-cut", "elf.dynamic", cut_dynamic, 32, 0, "without an end" },
    { "dynamic-no-end", "elf.dynamic", fill_dynamic, 0, 0, "no last entry" },
    { "init", "elf.constructor", add_code, DT_INIT, 0, "a function that runs at load" },
    { "init-array", "elf.constructor", add_code, DT_INIT_ARRAY, DT_INIT_ARRAYSZ,
        "functions that run at load" },
    { "preinit-array", "elf.constructor", add_code, DT_PREINIT_ARRAY, DT_PREINIT_ARRAYSZ,
        "functions of a program, before its libraries" },
    { "fini", "elf.constructor", add_code, DT_FINI, 0, "a function that runs at the end" },
    { "fini-array", "elf.constructor", add_code, DT_FINI_ARRAY, DT_FINI_ARRAYSZ,
        "functions that run at the end" },
    { "needed", "elf.needed", add_tag, DT_NEEDED, 1, "brings a library along" },
    { "rpath", "elf.needed", add_tag, DT_RPATH, 1, "where libraries are looked for" },
    { "runpath", "elf.needed", add_tag, DT_RUNPATH, 1, "where libraries are looked for" },
    { "audit", "elf.needed", add_tag, DT_AUDIT, 1, "a library that listens to the loader" },
    { "depaudit", "elf.needed", add_tag, DT_DEPAUDIT, 1, "the same for what it needs" },
    { "filter", "elf.needed", add_tag, DT_FILTER, 1, "its symbols come from a library" },
    { "auxiliary", "elf.needed", add_tag, DT_AUXILIARY, 1, "its symbols may come from a library" },
    { "soname", "elf.dynamic", add_tag, DT_SONAME, 1, "takes the name of a library" },
    { "symbolic", "elf.dynamic", add_tag, DT_SYMBOLIC, 0, "binds its own symbols first" },
    { "text-relocations", "elf.text-relocation", add_tag, DT_TEXTREL, 0,
        "makes code writable while it is loaded" },
    { "flag-text", "elf.text-relocation", set_tag, DT_FLAGS, DF_TEXTREL, "the same as a flag" },
    { "flag-tls", "elf.tls", set_tag, DT_FLAGS, DF_STATIC_TLS, "thread storage as a flag" },
    { "flag-symbolic", "elf.dynamic", set_tag, DT_FLAGS, DF_SYMBOLIC, "the same as a flag" },
    { "flag-interpose", "elf.dynamic", set_tag, DT_FLAGS_1, DF_1_INTERPOSE,
        "its symbols go before those of libraries" },
    { "flag-global", "elf.dynamic", set_tag, DT_FLAGS_1, DF_1_GLOBAL, "its symbols are for all" },
    { "flag-stays", "elf.dynamic", set_tag, DT_FLAGS_1, DF_1_NODELETE, "cannot be unloaded" },
    { "flag-first", "elf.dynamic", set_tag, DT_FLAGS_1, DF_1_INITFIRST, "runs before others" },
    { "versions", "elf.dynamic", add_tag, DT_VERNEED, 0, "versions of what it needs" },
    { "symbol-versions", "elf.dynamic", add_tag, DT_VERSYM, 0, "versions of its symbols" },
    { "old-relocations", "elf.dynamic", add_tag, DT_REL, 0, "relocations of another form" },
    { "packed-relocations", "elf.dynamic", add_tag, 36 /* DT_RELR */, 0, "relocations packed" },
    { "old-hash", "elf.dynamic", add_tag, DT_HASH, 0, "a second hash table" },
    { "debugger", "elf.dynamic", add_tag, DT_DEBUG, 0, "wants the loader's list of objects" },
    { "unknown-tag", "elf.dynamic", add_tag, 0x6000beef, 0, "a tag unheard of" },
    { "negative-tag", "elf.dynamic", add_tag, (uint64_t)INT64_MIN, 0, "a tag below all" },
    { "symbol-size", "elf.dynamic", set_tag, DT_SYMENT, 8, "symbols of another size" },
    { "relocation-size", "elf.dynamic", set_tag, DT_RELAENT, 8, "relocations of another size" },
    { "second-table", "elf.dynamic", second_table, 0, 0,
        "two tables of relocations: the first is harmless, the loader takes the last" },
    { "second-symbols", "elf.dynamic", second_symbols, 0, 0,
        "two tables of symbols: of the last one a symbol is asked for by running it" },

    { "chosen", "elf.ifunc", relocate_by_code, 0, 0, "an address that code works out at load" },
    { "relocated-relocations", "elf.relocation", relocate_relocations, 0, 0,
        "relocations that turn the next one into such an address" },
    { "relocate-copy", "elf.relocation", set_relocation, R(r_info), R_X86_64_COPY,
        "copies what a symbol holds" },
    { "relocate-symbol", "elf.relocation", set_relocation, R(r_info), ELF64_R_INFO(1, R_X86_64_64),
        "the address of a symbol" },
    { "relocate-no-symbol", "elf.relocation", set_relocation, R(r_info),
        ELF64_R_INFO(5000, R_X86_64_RELATIVE), "names a symbol that is not there" },
    { "relocate-thread", "elf.relocation", set_relocation, R(r_info), R_X86_64_DTPMOD64,
        "the number of a thread's storage" },
    { "relocate-code", "elf.text-relocation", relocate_code, 0, 0, "changes code" },
    { "relocate-outside", "elf.text-relocation", set_relocation, R(r_offset), 1ull << 40,
        "changes what is not its own" },
    { "relocate-dynamic", "elf.relocation", relocate_dynamic, 0, 0,
        "changes the dynamic section after it was checked" },
    { "relocate-between", "elf.relocation", relocate_apart, 4, 0,
        "writes half of one hook and half of the next" },
    { "relocate-far", "elf.relocation", set_relocation, R(r_addend), 1 << 30,
        "points to what lies behind the object" },
    { "relocate-before", "elf.relocation", set_relocation, R(r_addend), UINT64_MAX - 4095,
        "points to what lies before the object" },
    { "relocate-later", "elf.relocation", relocate_later, 0, 0,
        "hooks among the calls that are bound later, where the admission counts none" },
    { "relocations-odd", "elf.relocation", move_tag, DT_RELASZ, 1, "a part of a relocation" },
    { "relocations-beyond", "elf.relocation", set_tag, DT_RELASZ, 24 << 20, "beyond the file" },
    { "relocations-elsewhere", "elf.relocation", set_tag, DT_RELA, 1 << 24, "outside the file" },

    { "chosen-symbol", "elf.ifunc", choose_symbol, STB_GLOBAL, STT_GNU_IFUNC,
        "a symbol whose address is asked for by running it" },
    { "thread-symbol", "elf.tls", set_symbol_kind, STB_GLOBAL, STT_TLS,
        "a symbol for each thread" },
    { "unique-symbol", "elf.export", set_symbol_kind, STB_GNU_UNIQUE, STT_OBJECT,
        "one for the whole process: the next plugin gets this one's table" },
    { "weak-symbol", "elf.export", set_symbol_kind, STB_WEAK, STT_OBJECT, "gives way to others" },
    { "function-symbol", "elf.export", set_symbol_kind, STB_GLOBAL, STT_FUNC, "code as the table" },
    { "hidden-symbol", "elf.export", set_symbol_other, STV_HIDDEN, 0, "exported and hidden" },
    { "absolute-symbol", "elf.export", set_symbol_section, SHN_ABS, 0x400000,
        "a table at a fixed address, which is not the object's" },
    { "symbol-outside", "elf.export", set_symbol_place, 1 << 20, 144,
        "a table outside the object" },
    { "symbol-across", "elf.export", set_symbol_place, 0x3ff0, 1 << 20, "half of it outside" },
    { "symbol-empty", "elf.export", set_symbol_place, 0x3e60, 0, "a table of no bytes" },
    { "symbol-in-code", "elf.export", set_symbol_place, 0x1000, 144, "code as the table" },
    { "name-outside", "elf.symbol", set_symbol_name, 1 << 20, 0, "a name outside the names" },
    { "name-no-end", "elf.symbol", set_tag, DT_STRSZ, 8, "a name without an end" },
    { "names-long", "elf.symbol", many_symbols, 100000, 4 << 20,
        "a hundred thousand names of four megabytes, for who reads each to its end" },
    { "name-steers", "elf.export", rename_symbol, 0x1b, 0, "a name that steers a terminal" },
    { "renamed", "elf.export", rename_symbol, 'M', 0, "exports something else" },
    { "imported-table", "elf.import", set_symbol_section, SHN_UNDEF, 0,
        "the table comes from elsewhere" },
    { "import", "elf.import", add_symbol, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), SHN_UNDEF,
        "a function of the C library" },
    { "decoy", "elf.export", add_symbol, ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 1,
        "a second table, which the admission would read" },
    { "no-symbols", "elf.symbol", set_tag, DT_SYMTAB, 1 << 20, "a table outside the file" },
    { "symbols-behind", "elf.symbol", move_tag, DT_STRTAB, UINT64_MAX - 4095,
        "names before the symbols" },
    { "tables-writable", "elf.symbol", move_tables, 0, 0,
        "symbols that a relocation could change" },
    { "hash-no-buckets", "elf.symbol", set_hash, 0, 0, "the loader would divide by zero" },
    { "hash-filter", "elf.symbol", set_hash, 2, 3, "a filter of no power of 2" },
    { "hash-filter-huge", "elf.symbol", set_hash, 2, 1u << 31, "a filter beyond the file" },
    { "hash-shift", "elf.symbol", set_hash, 3, 64, "a shift of all bits" },
    { "hash-first", "elf.symbol", set_hash, 1, 0, "begins with the symbol that is none" },
    { "hash-beyond", "elf.symbol", lead_beyond, 0, 0,
        "leads to a symbol behind the table, which is asked for by running it" },
    { "hash-elsewhere", "elf.symbol", set_tag, DT_GNU_HASH, 1 << 24, "outside the file" },

    { "note", "", add_note, PT_NOTE, 16, "a note that is a note" },
    { "entry-point", "", set_long, H(e_entry), 0x1000, "a shared object's is never used" },
    { "sections", "", set_short, H(e_shnum), 65535, "nobody reads the section headers" },
    { "sections-beyond", "", set_long, H(e_shoff), UINT64_MAX, "nobody reads the section headers" },
    { "flags", "", set_byte, 48, 255, "x86-64 has none, the loader reads none" },
    { "trailing", "", add_bytes, 4096, 0x90, "what is in no segment is not loaded" },
    { "machine-code", "", machine_code, 0, 0,
        "a system call as bytes: nothing runs before the lock, and behind it the call ends the "
        "worker" },
    { "unchanged", "", nothing, 0, 0, "the plugin itself" },
};

/* --- what the loader does with it */

static int load(const char *path)
{
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
    alarm(10);
    if (!freopen("/dev/null", "w", stderr))
        return 2;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return 1;
    if (!dlsym(object, "moult_plugin"))
        return 1;
    dlclose(object);
    return 0;
}

static const char *loaded(const char *path)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(load(path));
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return "?";
    if (!WIFEXITED(status))
        return "crashes";
    switch (WEXITSTATUS(status)) {
    case OBJECT_RAN:
        return "runs it";
    case 0:
        return "loads it";
    case 1:
        return "refuses it";
    default:
        return "gives up"; /* the loader ends the process */
    }
}

static void write_object(const struct object *object, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(object->bytes, 1, object->size, file) != object->size || fclose(file)) {
        perror(path);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static unsigned char good[OBJECT_MAX], made[OBJECT_MAX];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: %s GOOD.so FOLDER\n", argv[0]);
        return 2;
    }
    size_t size = fread(good, 1, sizeof good, file), made_size = 0;
    fclose(file);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        char path[4096];
        struct object object = { made, size };
        memset(made, 0, made_size);
        memcpy(made, good, size);
        row->edit(&object, row->a, row->b);
        snprintf(path, sizeof path, "%s/%s.so", argv[2], row->name);
        made_size = object.size;
        write_object(&object, path);
        printf("%s\t%s\t%s\t%s\n", row->name, row->rule, loaded(path), row->why);
    }
    return 0;
}
