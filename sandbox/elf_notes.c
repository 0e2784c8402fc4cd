/* elf_notes - notes and the properties in them. Nothing in them runs, but the loader walks through
 * them by the sizes that they tell, without a look at where they end. */
#include "sandbox/elf_image.h"

#include <string.h>

struct piece {
    uint64_t at, size; /* in the file */
};

static uint64_t up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* Type, size, data, up to eight bytes. */
static bool properties_fit(const struct elf_image *image, struct piece rest)
{
    while (rest.size > 0) {
        uint32_t head[2];
        if (rest.size < sizeof head || !elf_copy(image, rest.at, head, sizeof head))
            return false;
        uint64_t size = up(sizeof head + head[1], sizeof(uint64_t));
        if (size > rest.size)
            return false;
        rest = (struct piece){ rest.at + size, rest.size - size };
    }
    return true;
}

static bool is_properties(const struct elf_image *image, const Elf64_Nhdr *note, uint64_t name)
{
    char vendor[sizeof ELF_NOTE_GNU];
    return note->n_type == NT_GNU_PROPERTY_TYPE_0 && note->n_namesz == sizeof vendor &&
           elf_copy(image, name, vendor, sizeof vendor) &&
           memcmp(vendor, ELF_NOTE_GNU, sizeof vendor) == 0;
}

static bool notes_fit(const struct elf_image *image, struct piece rest, uint64_t align)
{
    while (rest.size > 0) {
        Elf64_Nhdr note;
        if (rest.size < sizeof note || !elf_copy(image, rest.at, &note, sizeof note))
            return false;
        uint64_t text = up(sizeof note + note.n_namesz, align),
                 size = up(text + note.n_descsz, align);
        if (text + note.n_descsz > rest.size)
            return false;
        if (is_properties(image, &note, rest.at + sizeof note) &&
            !properties_fit(image, (struct piece){ rest.at + text, note.n_descsz }))
            return false;
        size = size < rest.size ? size : rest.size;
        rest = (struct piece){ rest.at + size, rest.size - size };
    }
    return true;
}

void elf_check_notes(struct elf_image *image)
{
    for (unsigned i = 0; i < image->segments_count; i++) {
        const Elf64_Phdr *s = &image->segments[i];
        if (s->p_type != PT_NOTE && s->p_type != PT_GNU_PROPERTY)
            continue;
        bool aligned = (s->p_align == 4 || s->p_align == 8) && s->p_vaddr % s->p_align == 0;
        if (!aligned || !notes_fit(image, (struct piece){ s->p_offset, s->p_filesz }, s->p_align))
            elf_find(image, "elf.note", "a note that is longer than its segment");
    }
}
