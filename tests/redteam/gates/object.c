/* object - see object.h. */
#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The object is our own: what is not there is a mistake in this test. */
static void *there(void *part, const char *what)
{
    if (!part) {
        fprintf(stderr, "the object has no %s\n", what);
        exit(2);
    }
    return part;
}

Elf64_Ehdr *object_header(struct object *object)
{
    return (Elf64_Ehdr *)object->bytes;
}

static Elf64_Phdr *segments(struct object *object)
{
    return (Elf64_Phdr *)(object->bytes + object_header(object)->e_phoff);
}

Elf64_Phdr *object_segment(struct object *object, uint32_t type)
{
    for (unsigned i = 0; i < object_header(object)->e_phnum; i++)
        if (segments(object)[i].p_type == type)
            return &segments(object)[i];
    return there(NULL, "such segment");
}

Elf64_Phdr *object_load(struct object *object, uint32_t rights)
{
    for (unsigned i = 0; i < object_header(object)->e_phnum; i++)
        if (segments(object)[i].p_type == PT_LOAD && segments(object)[i].p_flags == rights)
            return &segments(object)[i];
    return there(NULL, "segment with such rights");
}

static size_t append(struct object *object, size_t size)
{
    size_t at = (object->size + OBJECT_PAGE - 1) & ~(size_t)(OBJECT_PAGE - 1);
    there(at + size <= OBJECT_MAX ? object : NULL, "room left");
    object->size = at + size;
    return at;
}

Elf64_Phdr *object_add_segment(struct object *object, unsigned index)
{
    Elf64_Ehdr *header = object_header(object);
    size_t at = append(object, (header->e_phnum + 1u) * sizeof(Elf64_Phdr));
    Elf64_Phdr *old = segments(object), *now = (Elf64_Phdr *)(object->bytes + at);
    memcpy(now, old, index * sizeof *now);
    memcpy(now + index + 1, old + index, (header->e_phnum - index) * sizeof *now);
    header->e_phoff = at;
    header->e_phnum++;
    return &now[index];
}

uint64_t object_add_pages(struct object *object, uint32_t rights, size_t size)
{
    Elf64_Phdr *last = object_load(object, PF_R | PF_W);
    uint64_t address = 0;
    for (unsigned i = 0; i < object_header(object)->e_phnum; i++) {
        Elf64_Phdr *s = &segments(object)[i];
        if (s->p_type == PT_LOAD && s->p_vaddr >= last->p_vaddr)
            address = (s->p_vaddr + s->p_memsz + OBJECT_PAGE - 1) & ~(uint64_t)(OBJECT_PAGE - 1);
    }
    size_t at = append(object, size);
    Elf64_Phdr *s = object_add_segment(object, object_header(object)->e_phnum);
    *s = (Elf64_Phdr){ .p_type = PT_LOAD,
        .p_flags = rights,
        .p_offset = at,
        .p_vaddr = address,
        .p_filesz = size,
        .p_memsz = size,
        .p_align = OBJECT_PAGE };
    return address;
}

uint64_t object_add_page(struct object *object, uint32_t rights)
{
    return object_add_pages(object, rights, OBJECT_PAGE);
}

uint64_t object_grow_data(struct object *object)
{
    Elf64_Phdr *data = object_load(object, PF_R | PF_W), *relro, *dynamic;
    uint64_t within = data->p_vaddr % OBJECT_PAGE, page = data->p_vaddr - within + OBJECT_PAGE;
    size_t at = append(object, (size_t)2 * OBJECT_PAGE);
    memcpy(object->bytes + at + within, object->bytes + data->p_offset, data->p_filesz);
    relro = object_segment(object, PT_GNU_RELRO);
    dynamic = object_segment(object, PT_DYNAMIC);
    dynamic->p_offset += at + within - data->p_offset;
    data->p_offset = at + within;
    data->p_filesz = data->p_memsz = page + OBJECT_PAGE - data->p_vaddr;
    relro->p_memsz = page + OBJECT_PAGE - relro->p_vaddr;
    return page;
}

void *object_at(struct object *object, uint64_t address)
{
    for (unsigned i = 0; i < object_header(object)->e_phnum; i++) {
        const Elf64_Phdr *s = &segments(object)[i];
        uint64_t from = s->p_vaddr & ~(uint64_t)(OBJECT_PAGE - 1);
        uint64_t size = s->p_memsz > OBJECT_PAGE ? s->p_memsz : OBJECT_PAGE;
        if (s->p_type == PT_LOAD && address >= from && address - from < size)
            return object->bytes + s->p_offset + (address - s->p_vaddr);
    }
    return there(NULL, "such address");
}

Elf64_Dyn *object_tag(struct object *object, int64_t tag)
{
    Elf64_Dyn *at = object_at(object, object_segment(object, PT_DYNAMIC)->p_vaddr);
    while (at->d_tag != tag && at->d_tag != DT_NULL)
        at++;
    return there(at->d_tag == tag ? at : NULL, "such tag");
}

uint64_t object_value(struct object *object, int64_t tag)
{
    return object_tag(object, tag)->d_un.d_val;
}

void object_add_tag(struct object *object, int64_t tag, uint64_t value)
{
    Elf64_Dyn *end = object_tag(object, DT_NULL);
    there(end[1].d_tag == DT_NULL ? end : NULL, "room in the dynamic section");
    *end = (Elf64_Dyn){ tag, { value } };
}

Elf64_Sym *object_symbol(struct object *object)
{
    return (Elf64_Sym *)object_at(object, object_value(object, DT_SYMTAB)) + 1;
}

Elf64_Rela *object_relocation(struct object *object, unsigned index)
{
    return (Elf64_Rela *)object_at(object, object_value(object, DT_RELA)) + index;
}

uint32_t *object_hash(struct object *object)
{
    return object_at(object, object_value(object, DT_GNU_HASH));
}

uint64_t object_code(struct object *object)
{
    static const unsigned char code[] = { 0xbf, OBJECT_RAN, 0, 0, 0, /* mov edi, OBJECT_RAN */
        0xb8, 231, 0, 0, 0,                                          /* mov eax, exit_group */
        0x0f, 0x05 };                                                /* syscall */
    uint64_t address = object_load(object, PF_R | PF_X)->p_vaddr;
    memcpy(object_at(object, address), code, sizeof code);
    return address;
}
