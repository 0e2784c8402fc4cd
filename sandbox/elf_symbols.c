/* elf_symbols - what is exported and imported, and the hash table through which it is found.
 *
 * How many symbols there are is written nowhere: the table ends where the string table begins, in
 * every object that GNU ld and lld write. The loader believes the hash table instead, which could
 * lead it beyond that end, to a symbol that nobody checked: so no index in it goes there. */
#include "sandbox/elf_image.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

static bool symbol_name(
    const struct elf_image *image, const Elf64_Sym *symbol, char *out, size_t size)
{
    uint64_t table = elf_dynamic(image, DT_STRTAB), bytes = elf_dynamic(image, DT_STRSZ), at;
    if (symbol->st_name >= bytes || !elf_table(image, table, bytes, &at))
        return false;
    const char *name = image->bytes.at + at + symbol->st_name;
    uint64_t rest = bytes - symbol->st_name; /* no further than a name may go: there may be many */
    size_t room = rest < size ? rest : size, length = strnlen(name, room);
    if (length == room)
        return false;
    memcpy(out, name, length + 1);
    return true;
}

static bool import_allowed(const struct elf_image *image, const char *name)
{
    static const char *const sizes[] = { "1", "2", "4", "8", "16", "N" };
    if (image->profile != ELF_ASAN)
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

static bool is_plugin(const char *name)
{
    return strcmp(name, "moult_plugin") == 0 || strcmp(name, "moult_pipeline") == 0;
}

/* One table of data within its segment, found by its name in this object alone: a unique symbol
 * would be that of the first plugin that has it, an absolute one is no part of the object. */
static void check_export(struct elf_image *image, const Elf64_Sym *symbol, const char *name)
{
    char shown[80];
    str_printable(shown, sizeof shown, str_of(name), false);
    const Elf64_Phdr *segment = elf_loaded(image, symbol->st_value, symbol->st_size);
    if (!is_plugin(name) && !(image->profile == ELF_TRIAL && strcmp(name, "moult_trial") == 0))
        elf_find(image, "elf.export", "%s is exported", shown);
    else if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT ||
             ELF64_ST_BIND(symbol->st_info) != STB_GLOBAL || symbol->st_other != STV_DEFAULT)
        elf_find(image, "elf.export", "%s is no ordinary data (info %#x, other %#x)", shown,
            symbol->st_info, symbol->st_other);
    else if (symbol->st_shndx >= SHN_LORESERVE || !segment || (segment->p_flags & PF_X) ||
             symbol->st_size < sizeof(uint64_t) || symbol->st_value % sizeof(uint64_t))
        elf_find(image, "elf.export", "%s lies outside the object's data", shown);
}

static unsigned check_symbol(struct elf_image *image, const Elf64_Sym *symbol)
{
    char name[64] = "?", shown[80];
    unsigned type = ELF64_ST_TYPE(symbol->st_info), bind = ELF64_ST_BIND(symbol->st_info);
    if (!symbol_name(image, symbol, name, sizeof name)) {
        elf_find(image, "elf.symbol", "a symbol's name lies outside its table or is too long");
        return 0;
    }
    str_printable(shown, sizeof shown, str_of(name), false);
    bool imported = symbol->st_shndx == SHN_UNDEF;
    if (type == STT_GNU_IFUNC)
        elf_find(image, "elf.ifunc", "%s is chosen by code that runs at load", shown);
    else if (type == STT_TLS)
        elf_find(image, "elf.tls", "%s is thread-local", shown);
    else if (imported && !import_allowed(image, name))
        elf_find(image, "elf.import",
            "%s is imported: a plugin calls the host through its table only", shown);
    else if (!imported && (bind != STB_LOCAL || type != STT_SECTION || is_plugin(name)))
        check_export(image, symbol, name);
    return !imported && is_plugin(name);
}

/* The words of the GNU hash table, one after the other. */
static uint32_t word_at(const struct elf_image *image, uint64_t table, uint64_t index)
{
    uint32_t word = 0;
    elf_copy(image, table + index * sizeof word, &word, sizeof word);
    return word;
}

/* Header (buckets, first symbol, words of the filter, shift), filter, buckets, one word for each
 * symbol from the first on; a chain ends at a word with its lowest bit set. */
static bool hash_fits(const struct elf_image *image, uint64_t symbols)
{
    enum { HEADER = 4 };
    uint64_t address = elf_dynamic(image, DT_GNU_HASH), at;
    if (address % sizeof(uint64_t) || !elf_table(image, address, HEADER * sizeof(uint32_t), &at))
        return false;
    uint64_t buckets = word_at(image, at, 0), first = word_at(image, at, 1);
    uint64_t filter = word_at(image, at, 2), shift = word_at(image, at, 3);
    if (buckets == 0 || filter == 0 || (filter & (filter - 1)) || shift >= 32 || first == 0 ||
        first >= symbols)
        return false;
    uint64_t begin = HEADER + 2 * filter, chains = begin + buckets;
    if (!elf_table(image, address, (chains + symbols - first) * sizeof(uint32_t), &at))
        return false;
    for (uint64_t i = 0; i < buckets; i++) {
        uint32_t bucket = word_at(image, at, begin + i);
        if (bucket != 0 && (bucket < first || bucket >= symbols))
            return false;
    }
    return word_at(image, at, chains + symbols - first - 1) & 1;
}

void elf_check_symbols(struct elf_image *image)
{
    uint64_t symbols = elf_dynamic(image, DT_SYMTAB), strings = elf_dynamic(image, DT_STRTAB), at;
    uint64_t bytes = strings > symbols ? strings - symbols : 0, count = bytes / sizeof(Elf64_Sym);
    unsigned exports = 0;
    if (bytes == 0 || bytes % sizeof(Elf64_Sym) || symbols % sizeof(uint64_t) ||
        !elf_table(image, symbols, bytes, &at)) {
        elf_find(image, "elf.symbol", "the symbol table does not stand before its strings");
        return;
    }
    for (uint64_t i = 1; i < count; i++) {
        Elf64_Sym symbol;
        if (elf_copy(image, at + i * sizeof symbol, &symbol, sizeof symbol))
            exports += check_symbol(image, &symbol);
    }
    if (exports != 1)
        elf_find(
            image, "elf.export", "exports %u of moult_plugin and moult_pipeline, not one", exports);
    if (!hash_fits(image, count))
        elf_find(image, "elf.symbol", "the hash table leads beyond the symbols");
}
