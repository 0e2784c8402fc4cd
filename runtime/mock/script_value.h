/* script_value - kinds of values in a script: one function each. Inside this folder only. */
#pragma once

#include "mock/script.h"

#include <stddef.h>

struct script_reader {
    struct arena *arena;
    const char *name; /* of the script, for messages */
    const struct json *root;
    struct str text;
    struct err *err;
};
struct script_key;
/* Reads value into *to; a negated ERR_ code. */
typedef int (*script_read_value)(
    struct script_reader *reader, const struct script_key *key, const struct json *value, void *to);
struct script_key { /* a table ends with a zeroed row */
    const char *name;
    script_read_value read;
    size_t offset;     /* of *to, in the object's own struct */
    const void *table; /* a nested object's keys, or the words allowed */
    uint64_t max;      /* of a number; 0: SCRIPT_NUMBER_MAX */
};

/* ERR_INPUT with line and path of `at`. */
int script_refuse(struct script_reader *reader, const struct json *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Each member of object by its row; a member without one is refused. */
int script_object(struct script_reader *reader, const struct json *object,
    const struct script_key *keys, void *to);

/* struct str */
int script_text(struct script_reader *, const struct script_key *, const struct json *, void *);
/* struct script_texts: a string, or a list of strings */
int script_text_list(
    struct script_reader *, const struct script_key *, const struct json *, void *);
int script_u32(struct script_reader *, const struct script_key *, const struct json *, void *);
/* Kept + 1. */
int script_u32_or_none(
    struct script_reader *, const struct script_key *, const struct json *, void *);
int script_u64(struct script_reader *, const struct script_key *, const struct json *, void *);
int script_u64_or_none(
    struct script_reader *, const struct script_key *, const struct json *, void *);
int script_flag(struct script_reader *, const struct script_key *, const struct json *, void *);
/* int: 1 for false, 2 for true */
int script_either(struct script_reader *, const struct script_key *, const struct json *, void *);
/* int: number of the word in key->table, + 1 */
int script_word(struct script_reader *, const struct script_key *, const struct json *, void *);
/* a nested object by key->table, into the struct at the offset */
int script_nested(struct script_reader *, const struct script_key *, const struct json *, void *);
