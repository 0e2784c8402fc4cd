/* elf - see elf.h. Every offset is checked against the image before it is used, and values are
 * copied out of it: the image need not be aligned. */
#include "sandbox/elf.h"
#include "sandbox/elf_image.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void elf_find(struct elf_image *image, const char *rule, const char *format, ...)
{
    if (image->found->count == ELF_FINDINGS_MAX)
        return;
    struct elf_finding *finding = &image->found->list[image->found->count++];
    finding->rule = rule;
    va_list args;
    va_start(args, format);
    vsnprintf(finding->message, sizeof finding->message, format, args);
    va_end(args);
}

bool elf_copy(const struct elf_image *image, uint64_t offset, void *to, size_t size)
{
    if (offset > image->bytes.size || size > image->bytes.size - offset)
        return false;
    memcpy(to, image->bytes.at + offset, size);
    return true;
}

const Elf64_Phdr *elf_loaded(const struct elf_image *image, uint64_t address, uint64_t size)
{
    for (unsigned i = 0; i < image->segments_count; i++) {
        const Elf64_Phdr *s = &image->segments[i];
        if (s->p_type == PT_LOAD && address >= s->p_vaddr && size <= s->p_memsz &&
            address - s->p_vaddr <= s->p_memsz - size)
            return s;
    }
    return NULL;
}

bool elf_table(const struct elf_image *image, uint64_t address, uint64_t size, uint64_t *ret)
{
    const Elf64_Phdr *s = elf_loaded(image, address, size);
    if (!s || (s->p_flags & PF_W))
        return false;
    *ret = s->p_offset + (address - s->p_vaddr);
    return true;
}

uint64_t elf_dynamic(const struct elf_image *image, int64_t tag)
{
    for (unsigned i = 0; i < image->dynamic_count; i++)
        if (image->dynamic[i].d_tag == tag)
            return image->dynamic[i].d_un.d_val;
    return 0;
}

int elf_check(struct str image, enum elf_profile profile, struct elf_findings *ret, struct err *err)
{
    struct elf_image checked = { .bytes = image, .profile = profile, .found = ret };
    ret->count = 0;
    if (elf_check_segments(&checked) && elf_check_dynamic(&checked)) {
        elf_check_symbols(&checked);
        elf_check_relocations(&checked);
        elf_check_notes(&checked);
    }
    elf_check_abi(&checked);
    if (ret->count == 0)
        return 0;
    return err_set(err, ERR_DENIED, "%s: %s", ret->list[0].rule, ret->list[0].message);
}
