/* fields - flat structs to JSON objects and back, from one table.
 *
 * A document that a gate believes must be read as strictly as it is printed: the same table does
 * both, so a member cannot be printed and silently not read. Every member must be there unless it
 * is optional, none may be unknown, and an error names its path. */
#pragma once

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

enum field_kind {
    FIELD_BOOL,
    FIELD_WORD, /* uint8_t; `words` has its names */
    FIELD_U32,
    FIELD_STEP,   /* uint32_t; UINT32_MAX is null */
    FIELD_DOUBLE, /* finite, from `min` to `max` */
    FIELD_STR,
    FIELD_DIGEST /* all zero is null */
};
struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    const char *const *words; /* FIELD_WORD */
    unsigned words_count;
    double min, max; /* FIELD_DOUBLE; both 0: any finite number */
    bool optional; /* need not be there: what it stands for stays as it was. FIELD_DIGEST: left out
                      where it is zero, so that what was printed before there was such a member
                      reads, and prints, as it did */
};

/* Appends `"name": value` for each field, separated by commas, without the braces. */
void fields_print(struct buf *out, const struct field *table, unsigned count, const void *from);
/* Fills *to from an object of the document `root`. Strings are in the arena or in the document.
 * Members that the table does not know are refused unless `others` (NULL-terminated) names them.
 * ERR_INPUT with the path. */
int fields_read(void *to, const struct field *table, unsigned count, const struct json *root,
    const struct json *object, const char *const *others, struct arena *arena, struct err *err);
/* Gives every string a copy in the arena with a NUL behind it: for what outlives the document or
 * goes to a C library. */
void fields_own(void *to, const struct field *table, unsigned count, struct arena *arena);
/* ERR_INPUT with the path of `node` as where. */
int fields_refuse(struct err *err, const struct json *root, const struct json *node,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
