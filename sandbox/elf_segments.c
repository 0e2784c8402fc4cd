/* elf_segments - the header and the segments: what is mapped where, and with which rights.
 *
 * The loader maps whole pages, one segment after the other, so a later one could lie over what was
 * checked in an earlier one: segments ascend and share no page. */
#include "sandbox/elf_image.h"

#include <string.h>

static uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(ELF_PAGE - 1);
}

static uint64_t page_up(uint64_t address)
{
    return page_down(address + ELF_PAGE - 1);
}

static bool check_header(struct elf_image *image, Elf64_Ehdr *ret)
{
    Elf64_Ehdr e;
    if (!elf_copy(image, 0, &e, sizeof e) || memcmp(e.e_ident, ELFMAG, SELFMAG) != 0) {
        elf_find(image, "elf.header", "not an ELF file");
        return false;
    }
    if (e.e_ident[EI_CLASS] != ELFCLASS64 || e.e_ident[EI_DATA] != ELFDATA2LSB ||
        e.e_ident[EI_VERSION] != EV_CURRENT || e.e_version != EV_CURRENT ||
        e.e_machine != EM_X86_64 || e.e_type != ET_DYN || e.e_phentsize != sizeof(Elf64_Phdr)) {
        elf_find(image, "elf.header", "not a shared object for x86-64");
        return false;
    }
    if (e.e_phnum == 0 || e.e_phnum > ELF_SEGMENTS_MAX) {
        elf_find(image, "elf.header", "%u segments", e.e_phnum);
        return false;
    }
    *ret = e;
    return true;
}

static void check_rights(struct elf_image *image, const Elf64_Phdr *s)
{
    if ((s->p_flags & PF_W) && (s->p_flags & PF_X))
        elf_find(image, "elf.writable-code", "a segment is writable and executable");
    else if (!(s->p_flags & PF_R) || (s->p_flags & ~(uint32_t)(PF_R | PF_W | PF_X)))
        elf_find(image, "elf.segment", "a segment with the rights %#x", s->p_flags);
}

static void check_place(struct elf_image *image, const Elf64_Phdr *s, uint64_t *ret_end)
{
    bool aligned = s->p_align >= ELF_PAGE && s->p_align <= ELF_ADDRESS_MAX &&
                   (s->p_align & (s->p_align - 1)) == 0 &&
                   ((s->p_vaddr - s->p_offset) & (s->p_align - 1)) == 0;
    if (s->p_filesz > s->p_memsz || s->p_vaddr > ELF_ADDRESS_MAX || s->p_memsz > ELF_ADDRESS_MAX ||
        s->p_offset > image->bytes.size || s->p_filesz > image->bytes.size - s->p_offset)
        elf_find(image, "elf.segment", "a segment lies outside the file or its bounds");
    else if (!aligned)
        elf_find(image, "elf.segment", "a segment that is not aligned to pages");
    else if (page_down(s->p_vaddr) < *ret_end)
        elf_find(image, "elf.segment", "a segment lies over the one before it");
    else if (s->p_filesz < s->p_memsz && !(s->p_flags & PF_W))
        elf_find(image, "elf.segment", "a part of a read-only segment is not in the file");
    else if (s->p_memsz == 0 && s->p_vaddr % ELF_PAGE) /* GNU ld writes empty ones: not mapped */
        elf_find(image, "elf.segment", "an empty segment within a page");
    else if (s->p_memsz > 0)
        *ret_end = page_up(s->p_vaddr + s->p_memsz);
}

static void check_type(struct elf_image *image, const Elf64_Phdr *s)
{
    switch (s->p_type) {
    case PT_LOAD:
        check_rights(image, s);
        break;
    case PT_DYNAMIC:
    case PT_NOTE:
    case PT_GNU_PROPERTY:
    case PT_GNU_RELRO:
        break;
    case PT_GNU_STACK:
        if (s->p_flags & PF_X)
            elf_find(image, "elf.executable-stack", "the stack would be executable");
        break;
    case PT_TLS:
        elf_find(image, "elf.tls", "thread-local storage keeps state that nobody sees");
        break;
    case PT_INTERP:
        elf_find(image, "elf.interpreter", "names a program interpreter");
        break;
    default:
        elf_find(image, "elf.segment", "a segment of type %#x", s->p_type);
    }
}

/* The loader takes the last of several, other readers the first. */
static const Elf64_Phdr *only(struct elf_image *image, uint32_t type)
{
    const Elf64_Phdr *found = NULL;
    for (unsigned i = 0; i < image->segments_count; i++) {
        if (image->segments[i].p_type != type)
            continue;
        if (found)
            elf_find(image, "elf.segment", "two segments of type %#x", type);
        found = &image->segments[i];
    }
    return found;
}

/* What describes a part of the file lies in one that is loaded, at the same place in both. */
static void check_parts(struct elf_image *image)
{
    for (unsigned i = 0; i < image->segments_count; i++) {
        const Elf64_Phdr *s = &image->segments[i], *load;
        if (s->p_type == PT_LOAD || s->p_type == PT_GNU_STACK || s->p_type == PT_GNU_RELRO)
            continue;
        load = elf_loaded(image, s->p_vaddr, s->p_filesz);
        if (!load || s->p_memsz != s->p_filesz || s->p_offset < load->p_offset ||
            s->p_offset - load->p_offset != s->p_vaddr - load->p_vaddr ||
            s->p_vaddr - load->p_vaddr + s->p_filesz > load->p_filesz)
            elf_find(
                image, "elf.segment", "a part of type %#x lies outside the segments", s->p_type);
    }
}

struct range {
    uint64_t from, to;
};

/* The pages that the loader makes read-only: of one writable segment, or none. */
static struct range read_only(struct elf_image *image)
{
    const Elf64_Phdr *relro = only(image, PT_GNU_RELRO);
    const Elf64_Phdr *data = relro ? elf_loaded(image, relro->p_vaddr, 1) : NULL;
    if (!relro)
        return (struct range){ 0 };
    if (!data || !(data->p_flags & PF_W) || relro->p_memsz > ELF_ADDRESS_MAX ||
        page_down(relro->p_vaddr + relro->p_memsz) > page_up(data->p_vaddr + data->p_memsz)) {
        elf_find(image, "elf.segment", "what is made read-only is not one writable segment");
        return (struct range){ 0 };
    }
    return (struct range){ page_down(relro->p_vaddr), page_down(relro->p_vaddr + relro->p_memsz) };
}

static void check_writable(struct elf_image *image)
{
    const struct range fixed = read_only(image);
    for (unsigned i = 0; i < image->segments_count; i++) {
        const Elf64_Phdr *s = &image->segments[i];
        uint64_t end = s->p_vaddr + s->p_memsz, kept = s->p_memsz;
        if (end > fixed.to && fixed.to > s->p_vaddr)
            kept = end - fixed.to;
        if (s->p_type == PT_LOAD && (s->p_flags & PF_W) && image->profile == ELF_RELEASE &&
            (s->p_vaddr < fixed.from || end > fixed.to))
            elf_find(image, "elf.writable",
                "%llu bytes stay writable: a plugin has no globals that change",
                (unsigned long long)kept);
    }
}

bool elf_check_segments(struct elf_image *image)
{
    Elf64_Ehdr e;
    uint64_t end = 0;
    if (!check_header(image, &e))
        return false;
    for (unsigned i = 0; i < e.e_phnum; i++) {
        Elf64_Phdr *s = &image->segments[i];
        if (e.e_phoff > image->bytes.size ||
            !elf_copy(image, e.e_phoff + (uint64_t)i * sizeof *s, s, sizeof *s)) {
            elf_find(image, "elf.header", "the segment table is cut short");
            return false;
        }
        image->segments_count++;
        check_type(image, s);
        if (s->p_type == PT_LOAD)
            check_place(image, s, &end);
    }
    if (!only(image, PT_GNU_STACK))
        elf_find(image, "elf.executable-stack", "does not say that its stack is not executable");
    image->dynamic_segment = only(image, PT_DYNAMIC);
    if (image->found->count > 0)
        return false;
    check_parts(image);
    check_writable(image);
    return image->found->count == 0;
}

void elf_check_abi(struct elf_image *image)
{
    unsigned char ident[EI_NIDENT];
    if (elf_copy(image, 0, ident, sizeof ident) &&
        (ident[EI_OSABI] != ELFOSABI_SYSV || ident[EI_ABIVERSION] != 0))
        elf_find(image, "elf.header", "wants more of the loader than System V has (ABI %u, %u)",
            ident[EI_OSABI], ident[EI_ABIVERSION]);
}
