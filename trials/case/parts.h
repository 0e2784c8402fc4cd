/* parts - nested structs to JSON and back, from tables.
 *
 * A case is written by hand as often as by a program, so it may leave out what has a usual value;
 * and it counts once however it is written. Both come from one table: what a table does not name is
 * refused by its path, and what has its usual value is not printed, so that two texts which say the
 * same print the same. base/fields.h does this for flat structs whose every member must be there.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

enum part_kind {
    PART_FLAG,    /* bool */
    PART_WORD,    /* uint8_t; `words` has its names */
    PART_NUMBER,  /* uint32_t, from `min` to `max` */
    PART_REAL,    /* double, from `min` to `max` */
    PART_TEXT,    /* struct str of at most `max` bytes, and of at least one if it is needed */
    PART_TEXTS,   /* const struct str * of at most `max`, none of them empty */
    PART_NUMBERS, /* const uint32_t * of at most `max` */
    PART_ANY,     /* const struct json *; NULL: not said */
    PART_OBJECT,  /* the same; an object */
    PART_OBJECTS, /* const struct json *const * of at most `max` objects */
    PART_ONE,     /* a struct by `table`, in place */
    PART_LIST     /* structs by `table`, of at most `max` */
};
struct part {
    const char *name; /* NULL ends a table */
    enum part_kind kind;
    size_t offset, count; /* in the struct: of the value, and of a list's uint32_t count */
    bool needed;
    bool said;                /* of a list: that it is empty says something */
    double min, max, usual;   /* usual: what it is where it is not said */
    const struct part *table; /* PART_ONE, PART_LIST */
    size_t size;              /* of such a struct */
    const char *const *words;
    unsigned words_count;
};

/* Fills *to, zeroed before, from an object of the document `root`. What is read is in the arena or
 * in the document. A list that is not there is NULL. ERR_INPUT, ERR_LIMIT with the path. */
int parts_read(void *to, const struct part *table, const struct json *root,
    const struct json *object, struct arena *arena, struct err *err);
/* What *to is where nothing is said. */
void parts_usual(void *to, const struct part *table);
/* Appends the object: its members on a line each while deep > 1, items of its lists while deep > 0;
 * within a member that is a struct it is one less. A nested struct all of whose members are as
 * usual is left out whole, needed ones included. */
void parts_print(struct buf *out, const struct part *table, const void *from, unsigned deep);
