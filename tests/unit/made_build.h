/* made_build - the bytes of a shared object whose plugin stands in the hooks that a test wants: one
 * segment, a dynamic section, the exported table, and a relocation for each hook. */
#pragma once

#include "base/str.h"
#include "moult.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct made_build {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    Elf64_Dyn dynamic[6];
    Elf64_Sym symbols[2];
    char strings[16];
    struct moult_plugin plugin;
    uint64_t unlike; /* so that builds differ */
    Elf64_Rela relocations[MOULT_HOOKS + 1];
};

static const size_t made_slots[MOULT_HOOKS + 1] = {
    [MOULT_TURN_START] = offsetof(struct moult_plugin, turn_start),
    [MOULT_CONTEXT] = offsetof(struct moult_plugin, context),
    [MOULT_REQUEST] = offsetof(struct moult_plugin, request),
    [MOULT_MODEL_ERROR] = offsetof(struct moult_plugin, model_error),
    [MOULT_REPLY] = offsetof(struct moult_plugin, reply),
    [MOULT_BEFORE_TOOL] = offsetof(struct moult_plugin, before_tool),
    [MOULT_AFTER_TOOL] = offsetof(struct moult_plugin, after_tool),
    [MOULT_ANSWER] = offsetof(struct moult_plugin, answer),
    [MOULT_TURN_END] = offsetof(struct moult_plugin, turn_end),
    [MOULT_HOOKS] = offsetof(struct moult_plugin, tools),
};

/* hooks: bits of enum moult_hook_id; bit MOULT_HOOKS: tools of its own. */
static inline struct made_build made_build(uint32_t hooks, uint64_t unlike)
{
    const size_t table = offsetof(struct made_build, plugin);
    struct made_build made = { .unlike = unlike,
        .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1 },
            .e_type = ET_DYN,
            .e_machine = EM_X86_64,
            .e_phoff = offsetof(struct made_build, segments),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 2 },
        .segments = { { .p_type = PT_LOAD, .p_filesz = sizeof made, .p_memsz = sizeof made },
            { .p_type = PT_DYNAMIC,
                .p_offset = offsetof(struct made_build, dynamic),
                .p_vaddr = offsetof(struct made_build, dynamic),
                .p_filesz = sizeof made.dynamic } },
        .symbols = { { 0 },
            { .st_name = 1, .st_shndx = 1, .st_value = table, .st_size = sizeof made.plugin } },
        .dynamic = { { DT_SYMTAB, { offsetof(struct made_build, symbols) } },
            { DT_STRTAB, { offsetof(struct made_build, strings) } },
            { DT_STRSZ, { sizeof made.strings } },
            { DT_RELA, { offsetof(struct made_build, relocations) } } } };
    unsigned count = 0;
    memcpy(made.strings + 1, "moult_plugin", sizeof "moult_plugin");
    for (unsigned i = 0; i <= MOULT_HOOKS; i++)
        if (hooks >> i & 1)
            made.relocations[count++] =
                (Elf64_Rela){ .r_offset = table + made_slots[i], .r_info = R_X86_64_RELATIVE };
    made.dynamic[4] = (Elf64_Dyn){ DT_RELASZ, { count * sizeof(Elf64_Rela) } };
    return made;
}

static inline struct str made_text(const struct made_build *made)
{
    return (struct str){ (const char *)made, sizeof *made };
}
