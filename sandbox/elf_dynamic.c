/* elf_dynamic - the dynamic section, by allow-list: each tag at most once, since the loader takes
 * the last of several and other readers the first. */
#include "sandbox/elf_image.h"

#include "base/mem.h"

enum value { ANY, EXACTLY, BITS_OF, NEVER };
static const struct tag {
    int64_t tag;
    const char *name;
    enum value value;
    uint64_t want;
    const char *rule; /* of what is refused; NULL: elf.dynamic */
} tags[] = {
    { DT_GNU_HASH, "GNU_HASH", ANY, 0, NULL },
    { DT_STRTAB, "STRTAB", ANY, 0, NULL },
    { DT_SYMTAB, "SYMTAB", ANY, 0, NULL },
    { DT_STRSZ, "STRSZ", ANY, 0, NULL },
    { DT_SYMENT, "SYMENT", EXACTLY, sizeof(Elf64_Sym), NULL },
    { DT_RELA, "RELA", ANY, 0, NULL },
    { DT_RELASZ, "RELASZ", ANY, 0, NULL },
    { DT_RELAENT, "RELAENT", EXACTLY, sizeof(Elf64_Rela), NULL },
    { DT_RELACOUNT, "RELACOUNT", ANY, 0, NULL },
    { DT_FLAGS, "FLAGS", BITS_OF, DF_BIND_NOW, NULL },
    { DT_FLAGS_1, "FLAGS_1", BITS_OF, DF_1_NOW, NULL },
    { DT_BIND_NOW, "BIND_NOW", ANY, 0, NULL },
    { DT_JMPREL, "JMPREL", ANY, 0, NULL },
    { DT_PLTRELSZ, "PLTRELSZ", ANY, 0, NULL },
    { DT_PLTREL, "PLTREL", EXACTLY, DT_RELA, NULL },
    { DT_PLTGOT, "PLTGOT", ANY, 0, NULL },
    { DT_INIT, "INIT", NEVER, 0, "elf.constructor" },
    { DT_FINI, "FINI", NEVER, 0, "elf.constructor" },
    { DT_INIT_ARRAY, "INIT_ARRAY", NEVER, 0, "elf.constructor" },
    { DT_FINI_ARRAY, "FINI_ARRAY", NEVER, 0, "elf.constructor" },
    { DT_PREINIT_ARRAY, "PREINIT_ARRAY", NEVER, 0, "elf.constructor" },
    { DT_NEEDED, "NEEDED", NEVER, 0, "elf.needed" },
    { DT_RPATH, "RPATH", NEVER, 0, "elf.needed" },
    { DT_RUNPATH, "RUNPATH", NEVER, 0, "elf.needed" },
    { DT_AUDIT, "AUDIT", NEVER, 0, "elf.needed" },
    { DT_DEPAUDIT, "DEPAUDIT", NEVER, 0, "elf.needed" },
    { DT_FILTER, "FILTER", NEVER, 0, "elf.needed" },
    { DT_AUXILIARY, "AUXILIARY", NEVER, 0, "elf.needed" },
    { DT_TEXTREL, "TEXTREL", NEVER, 0, "elf.text-relocation" },
};

static void check_flags(struct elf_image *image, uint64_t flags)
{
    if (flags & DF_TEXTREL)
        elf_find(image, "elf.text-relocation", "code would be changed at load");
    if (flags & DF_STATIC_TLS)
        elf_find(image, "elf.tls", "wants static thread-local storage");
}

static void check_tag(struct elf_image *image, const Elf64_Dyn *entry)
{
    unsigned long long value = entry->d_un.d_val;
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        const struct tag *tag = &tags[i];
        if (tag->tag != entry->d_tag)
            continue;
        if (tag->tag == DT_FLAGS)
            check_flags(image, value);
        if (tag->value == NEVER)
            elf_find(image, tag->rule, "the dynamic section has %s", tag->name);
        else if ((tag->value == EXACTLY && value != tag->want) ||
                 (tag->value == BITS_OF && (value & ~tag->want)))
            elf_find(image, "elf.dynamic", "%s is %#llx", tag->name, value);
        return;
    }
    elf_find(image, "elf.dynamic", "a dynamic tag that is not known: %#llx",
        (unsigned long long)entry->d_tag);
}

static bool is_there(const struct elf_image *image, int64_t tag)
{
    for (unsigned i = 0; i < image->dynamic_count; i++)
        if (image->dynamic[i].d_tag == tag)
            return true;
    return false;
}

/* The loader looks up the others of a group without asking whether they are there. */
static const struct group {
    bool must;
    int64_t tags[5];
} groups[] = {
    { true, { DT_GNU_HASH, DT_SYMTAB, DT_SYMENT, DT_STRTAB, DT_STRSZ } },
    { false, { DT_RELA, DT_RELASZ, DT_RELAENT } },
    { false, { DT_JMPREL, DT_PLTRELSZ, DT_PLTREL } },
};

static bool check_groups(struct elf_image *image)
{
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        unsigned have = 0, want = 0;
        for (size_t n = 0; n < COUNT_OF(groups[i].tags) && groups[i].tags[n]; n++, want++)
            have += is_there(image, groups[i].tags[n]);
        if (have < want && (have > 0 || groups[i].must))
            elf_find(image, "elf.dynamic", "of the tags that go with %#llx some are missing",
                (unsigned long long)groups[i].tags[0]);
    }
    return image->found->count == 0;
}

bool elf_check_dynamic(struct elf_image *image)
{
    const Elf64_Phdr *segment = image->dynamic_segment;
    if (!segment || segment->p_vaddr % sizeof(uint64_t)) {
        elf_find(image, "elf.dynamic", "no dynamic section");
        return false;
    }
    for (uint64_t i = 0; i < segment->p_filesz / sizeof(Elf64_Dyn); i++) {
        Elf64_Dyn entry;
        if (!elf_copy(image, segment->p_offset + i * sizeof entry, &entry, sizeof entry) ||
            image->dynamic_count == ELF_DYNAMIC_MAX) {
            elf_find(image, "elf.dynamic", "the dynamic section is cut short or too long");
            return false;
        }
        if (entry.d_tag == DT_NULL)
            return check_groups(image);
        if (is_there(image, entry.d_tag))
            elf_find(image, "elf.dynamic", "the dynamic tag %#llx is there twice",
                (unsigned long long)entry.d_tag);
        check_tag(image, &entry);
        image->dynamic[image->dynamic_count++] = entry;
    }
    elf_find(image, "elf.dynamic", "the dynamic section has no end");
    return false;
}
