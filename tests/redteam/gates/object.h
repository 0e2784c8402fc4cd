/* object - a shared object in memory that can be damaged on purpose: the parts of a plugin's build
 * by name, and room for more of them. The object is one that the gate let through. */
#pragma once

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

enum { OBJECT_MAX = 8 << 20, OBJECT_PAGE = 4096 };

struct object {
    unsigned char *bytes; /* OBJECT_MAX, zeroed behind `size` */
    size_t size;
};

Elf64_Ehdr *object_header(struct object *object);
/* The first segment of a type, the first loaded one with exactly these rights. */
Elf64_Phdr *object_segment(struct object *object, uint32_t type);
Elf64_Phdr *object_load(struct object *object, uint32_t rights);
/* One more segment, the `index`th; returns it zeroed. The table moves to the end of the file. */
Elf64_Phdr *object_add_segment(struct object *object, unsigned index);
/* Loaded pages behind all others, filled with zeros; returns their address. */
uint64_t object_add_pages(struct object *object, uint32_t rights, size_t size);
uint64_t object_add_page(struct object *object, uint32_t rights);
/* A page more of the data that are made read-only; returns its address. */
uint64_t object_grow_data(struct object *object);
/* What stands at an address, or behind the end of a segment in its last page. */
void *object_at(struct object *object, uint64_t address);

Elf64_Dyn *object_tag(struct object *object, int64_t tag);
uint64_t object_value(struct object *object, int64_t tag);
void object_add_tag(struct object *object, int64_t tag, uint64_t value);

Elf64_Sym *object_symbol(struct object *object); /* the exported one */
Elf64_Rela *object_relocation(struct object *object, unsigned index);
uint32_t *object_hash(struct object *object);
/* Writes code that ends the process with OBJECT_RAN, where the first function was; its address. */
enum { OBJECT_RAN = 42 };
uint64_t object_code(struct object *object);
