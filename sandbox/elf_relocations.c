/* elf_relocations - what the loader writes before anything runs: addresses of the object itself,
 * into its own data.
 *
 * With many small ones any bytes can be written. So none may change what the loader reads: its
 * tables lie where nothing is written (elf_table), and the dynamic section is left alone. */
#include "sandbox/elf_image.h"

#include "base/mem.h"

static bool type_allowed(const struct elf_image *image, unsigned type)
{
    return type == R_X86_64_RELATIVE ||
           (image->profile == ELF_ASAN &&
               (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT || type == R_X86_64_64));
}

static uint64_t symbols_count(const struct elf_image *image)
{
    return (elf_dynamic(image, DT_STRTAB) - elf_dynamic(image, DT_SYMTAB)) / sizeof(Elf64_Sym);
}

/* The end of the object in memory; just behind it a pointer may point. */
static uint64_t end_of(const struct elf_image *image)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < image->segments_count; i++)
        if (image->segments[i].p_type == PT_LOAD)
            end = image->segments[i].p_vaddr + image->segments[i].p_memsz;
    return end;
}

static void check_place(struct elf_image *image, uint64_t offset)
{
    const Elf64_Phdr *segment = elf_loaded(image, offset, sizeof(uint64_t));
    const Elf64_Phdr *dynamic = image->dynamic_segment;
    if (!segment || !(segment->p_flags & PF_W))
        elf_find(image, "elf.text-relocation", "a relocation outside the writable data");
    else if (offset % sizeof(uint64_t))
        elf_find(image, "elf.relocation", "a relocation that is not aligned");
    else if (offset + sizeof(uint64_t) > dynamic->p_vaddr &&
             offset < dynamic->p_vaddr + dynamic->p_memsz)
        elf_find(image, "elf.relocation", "a relocation changes the dynamic section");
}

static void check_relocation(struct elf_image *image, const Elf64_Rela *rela)
{
    unsigned type = ELF64_R_TYPE(rela->r_info);
    if (!type_allowed(image, type))
        elf_find(image, type == R_X86_64_IRELATIVE ? "elf.ifunc" : "elf.relocation",
            "a relocation of type %u", type);
    else if (type == R_X86_64_RELATIVE && ELF64_R_SYM(rela->r_info) != 0)
        elf_find(image, "elf.relocation", "a relative relocation that names a symbol");
    else if (ELF64_R_SYM(rela->r_info) >= symbols_count(image))
        elf_find(image, "elf.relocation", "a relocation names a symbol that is not there");
    else if (type == R_X86_64_RELATIVE && (uint64_t)rela->r_addend > end_of(image))
        elf_find(image, "elf.relocation", "a relocation points outside the object");
    check_place(image, rela->r_offset);
}

static void check_table(struct elf_image *image, int64_t table, int64_t size)
{
    uint64_t address = elf_dynamic(image, table), bytes = elf_dynamic(image, size), at;
    if (bytes == 0)
        return;
    if (bytes % sizeof(Elf64_Rela) || address % sizeof(uint64_t) ||
        !elf_table(image, address, bytes, &at)) {
        elf_find(image, "elf.relocation", "the relocations lie outside the read-only part");
        return;
    }
    for (uint64_t i = 0; i < bytes / sizeof(Elf64_Rela); i++) {
        Elf64_Rela rela;
        if (elf_copy(image, at + i * sizeof rela, &rela, sizeof rela))
            check_relocation(image, &rela);
    }
}

/* So many at the front the loader takes for relative ones, without a look at their types. */
static void check_count(struct elf_image *image)
{
    uint64_t count = elf_dynamic(image, DT_RELACOUNT), at;
    bool fits = count <= elf_dynamic(image, DT_RELASZ) / sizeof(Elf64_Rela) &&
                elf_table(image, elf_dynamic(image, DT_RELA), count * sizeof(Elf64_Rela), &at);
    for (uint64_t i = 0; fits && i < count; i++) {
        Elf64_Rela rela = { 0 };
        elf_copy(image, at + i * sizeof rela, &rela, sizeof rela);
        fits = ELF64_R_TYPE(rela.r_info) == R_X86_64_RELATIVE;
    }
    if (count > 0 && !fits)
        elf_find(image, "elf.relocation", "%llu relative relocations are not there",
            (unsigned long long)count);
}

void elf_check_relocations(struct elf_image *image)
{
    check_table(image, DT_RELA, DT_RELASZ);
    check_count(image);
    check_table(image, DT_JMPREL, DT_PLTRELSZ);
    if (image->profile != ELF_ASAN &&
        (elf_dynamic(image, DT_JMPREL) || elf_dynamic(image, DT_PLTGOT)))
        elf_find(image, "elf.relocation", "calls that are bound later: a plugin has none");
}
