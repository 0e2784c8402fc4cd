/* outline_names - what a declaration declares, shared by the two files of the outline. Inside this
 * folder only. */
#pragma once

#include "patch/outline.h"

/* Room for one more in a list of `count` things of `size` bytes; lists in an arena double. */
void *outline_more(struct arena *arena, void *at, uint32_t count, size_t size);

/* One name of a declaration ("*words[4]" of `const char *words[4] = { 0 }, *rest;`). */
struct declared {
    uint32_t declaration; /* or parameter_declaration, function_definition */
    uint32_t declarator;  /* without the initialiser */
    uint32_t name;        /* the identifier */
    uint32_t value;       /* its initialiser, or 0 */
    uint32_t function;    /* the function_declarator, if it is a function, or 0 */
};
/* The first one, and the one behind; false at the end. Begin with a zeroed struct but for
 * `declaration`. */
bool outline_next_declared(const struct syntax *syntax, struct declared *declared);
/* Its type as C: the tokens without storage class, name, and what stands within `skip` (0: none).
 */
struct str outline_type(const struct syntax *syntax, const struct declared *declared, uint32_t skip,
    struct arena *arena);
bool outline_has_word(const struct syntax *syntax, uint32_t declaration, const char *kind,
    const char *word); /* a child of that kind is that word: "storage_class_specifier", "static" */
bool outline_ends_with(const char *text, const char *end);
/* The parameters that have a name, behind those already in the list. */
void outline_params(const struct syntax *syntax, uint32_t function_declarator,
    struct outline_names *names, struct arena *arena);
