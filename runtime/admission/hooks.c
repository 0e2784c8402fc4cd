/* hooks - see hooks.h. Every offset is checked before it is used, and values are copied out. */
#include "admission/hooks.h"

#include "base/file.h"
#include "base/mem.h"
#include "moult.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { BUILD_MAX = 16 << 20, SEGMENTS_MAX = 32, DYNAMIC_MAX = 64 };

struct image {
    struct str bytes;
    Elf64_Ehdr header;
    uint64_t symbols, strings, strings_size, relocations, relocations_size;
};

/* Where a hook's address stands in the table. */
static const struct slot {
    uint32_t bit;
    size_t offset;
} slots[] = {
    { 1u << MOULT_TURN_START, offsetof(struct moult_plugin, turn_start) },
    { 1u << MOULT_CONTEXT, offsetof(struct moult_plugin, context) },
    { 1u << MOULT_REQUEST, offsetof(struct moult_plugin, request) },
    { 1u << MOULT_MODEL_ERROR, offsetof(struct moult_plugin, model_error) },
    { 1u << MOULT_REPLY, offsetof(struct moult_plugin, reply) },
    { 1u << MOULT_BEFORE_TOOL, offsetof(struct moult_plugin, before_tool) },
    { 1u << MOULT_AFTER_TOOL, offsetof(struct moult_plugin, after_tool) },
    { 1u << MOULT_ANSWER, offsetof(struct moult_plugin, answer) },
    { 1u << MOULT_TURN_END, offsetof(struct moult_plugin, turn_end) },
    { HOOKS_TOOLS, offsetof(struct moult_plugin, tools) },
};
_Static_assert(COUNT_OF(slots) == MOULT_HOOKS + 1, "every hook has its place in the table");

static bool copy(const struct image *image, uint64_t offset, void *to, size_t size)
{
    if (offset > image->bytes.size || size > image->bytes.size - offset)
        return false;
    memcpy(to, image->bytes.at + offset, size);
    return true;
}

static bool segment(const struct image *image, unsigned i, Elf64_Phdr *ret)
{
    return image->header.e_phoff <= image->bytes.size &&
           copy(image, image->header.e_phoff + i * sizeof *ret, ret, sizeof *ret);
}

/* The file offset of an address. */
static bool place(const struct image *image, uint64_t address, uint64_t *ret)
{
    Elf64_Phdr s;
    for (unsigned i = 0; i < image->header.e_phnum; i++)
        if (segment(image, i, &s) && s.p_type == PT_LOAD && address >= s.p_vaddr &&
            address - s.p_vaddr < s.p_filesz && s.p_offset <= image->bytes.size) {
            *ret = s.p_offset + (address - s.p_vaddr);
            return true;
        }
    return false;
}

static void take(struct image *image, const Elf64_Dyn *entry)
{
    switch (entry->d_tag) {
    case DT_SYMTAB:
        image->symbols = entry->d_un.d_ptr;
        break;
    case DT_STRTAB:
        image->strings = entry->d_un.d_ptr;
        break;
    case DT_STRSZ:
        image->strings_size = entry->d_un.d_val;
        break;
    case DT_RELA:
        image->relocations = entry->d_un.d_ptr;
        break;
    case DT_RELASZ:
        image->relocations_size = entry->d_un.d_val;
        break;
    default:
        break;
    }
}

static bool read_dynamic(struct image *image)
{
    Elf64_Phdr s;
    for (unsigned i = 0; i < image->header.e_phnum; i++) {
        if (!segment(image, i, &s) || s.p_type != PT_DYNAMIC || s.p_offset > image->bytes.size)
            continue;
        for (uint64_t k = 0; k < DYNAMIC_MAX && k < s.p_filesz / sizeof(Elf64_Dyn); k++) {
            Elf64_Dyn entry;
            if (!copy(image, s.p_offset + k * sizeof entry, &entry, sizeof entry))
                return false;
            if (entry.d_tag == DT_NULL)
                return true;
            take(image, &entry);
        }
    }
    return false;
}

static bool read_header(struct image *image)
{
    return copy(image, 0, &image->header, sizeof image->header) &&
           memcmp(image->header.e_ident, ELFMAG, SELFMAG) == 0 &&
           image->header.e_ident[EI_CLASS] == ELFCLASS64 &&
           image->header.e_phentsize == sizeof(Elf64_Phdr) &&
           image->header.e_phnum <= SEGMENTS_MAX && read_dynamic(image);
}

/* The symbol table ends where its strings begin: the ELF gate wants it so. */
static bool find_table(const struct image *image, uint64_t *ret)
{
    static const char wanted[] = "moult_plugin";
    uint64_t from, strings;
    if (image->strings <= image->symbols || !place(image, image->symbols, &from) ||
        !place(image, image->strings, &strings))
        return false;
    for (uint64_t i = 0; i < (image->strings - image->symbols) / sizeof(Elf64_Sym); i++) {
        Elf64_Sym symbol;
        char name[sizeof wanted];
        if (!copy(image, from + i * sizeof symbol, &symbol, sizeof symbol))
            return false;
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= image->strings_size ||
            !copy(image, strings + symbol.st_name, name, sizeof name) ||
            memcmp(name, wanted, sizeof wanted) != 0)
            continue;
        *ret = symbol.st_value;
        return symbol.st_size >= sizeof(struct moult_plugin) &&
               place(image, symbol.st_value, &from) &&
               place(image, symbol.st_value + sizeof(struct moult_plugin) - 1, &from);
    }
    return false;
}

/* What the file itself has there counts too: then nothing has to be relocated. */
static uint32_t written(const struct image *image, uint64_t table)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        uint64_t at, value = 0;
        if (place(image, table + slots[i].offset, &at) && copy(image, at, &value, sizeof value) &&
            value)
            mask |= slots[i].bit;
    }
    return mask;
}

static uint32_t slot_at(uint64_t offset)
{
    for (size_t i = 0; i < COUNT_OF(slots); i++)
        if (offset >= slots[i].offset && offset < slots[i].offset + sizeof(void *))
            return slots[i].bit;
    return 0;
}

static bool relocated(const struct image *image, uint64_t table, uint32_t *ret)
{
    uint64_t from;
    if (image->relocations_size == 0)
        return true;
    if (!place(image, image->relocations, &from))
        return false;
    for (uint64_t i = 0; i < image->relocations_size / sizeof(Elf64_Rela); i++) {
        Elf64_Rela rela;
        if (!copy(image, from + i * sizeof rela, &rela, sizeof rela))
            return false;
        if (rela.r_offset >= table)
            *ret |= slot_at(rela.r_offset - table);
    }
    return true;
}

int hooks_of(uint32_t *ret, struct str bytes, struct err *err)
{
    struct image image = { .bytes = bytes };
    uint64_t table;
    uint32_t mask;
    if (!read_header(&image) || !find_table(&image, &table))
        return err_set(err, ERR_INPUT, "a build without a plugin's table");
    mask = written(&image, table);
    if (!relocated(&image, table, &mask))
        return err_set(err, ERR_INPUT, "a build whose relocations lie outside the file");
    *ret = mask;
    return 0;
}

int hooks_of_build(
    uint32_t *ret, const struct home *home, const struct digest *build, struct err *err)
{
    CLEANUP(buf_done) struct buf image = { 0 };
    char hex[DIGEST_HEX], name[DIGEST_HEX + 32], path[PATH_MAX];
    snprintf(name, sizeof name, "builds/sha256/%s.so", hash_hex(hex, build));
    int rc = file_read(home_path(path, home, name), &image, BUILD_MAX, err);
    if (rc < 0)
        return err_while(err, "build");
    struct digest have = hash_of(buf_view(&image));
    if (!hash_equal(&have, build))
        return err_set(err, ERR_VERIFY, "build %.12s does not hold what its name says", hex);
    return hooks_of(ret, buf_view(&image), err);
}
