/* config_value - how config.c's tables are read: one row a key, one function a kind of value.
 *
 * What no row names is an error, so a misspelt key never silently changes what moult may do. Inside
 * this folder only. */
#pragma once

#include "wire/config.h"

#include <stddef.h>

enum { CONFIG_ITEMS_MAX = 256 };

struct config_reader {
    struct arena *arena;
    struct config *config;
    const struct json *root;
    struct str text;
    struct err *err;
};
struct config_key;
/* Reads value into *to; a negated ERR_ code. */
typedef int (*config_read_value)(
    struct config_reader *reader, const struct config_key *key, const struct json *value, void *to);
struct config_key { /* a table ends with a zeroed row */
    const char *name;
    config_read_value read;
    size_t offset;     /* of *to, in the object's own struct */
    const void *table; /* a nested object's keys, or the words allowed */
    const char *wants; /* for the message */
};

/* ERR_INPUT with the line and path of `at`. */
int config_refuse(struct config_reader *reader, const struct json *at, const char *what);
/* The same: "NAME wants WANTS". */
int config_wrong(struct config_reader *reader, const struct config_key *key, const struct json *at);
/* Each member of object by its row; what has none is refused, with a list of what is known. */
int config_keys(struct config_reader *reader, const struct json *object,
    const struct config_key *keys, void *to);
/* A list or object of at most CONFIG_ITEMS_MAX. */
int config_items(struct config_reader *reader, const struct config_key *key,
    const struct json *value, enum json_kind kind);
/* The number of the word in key->table, or a negated ERR_ code. */
int config_one_of(
    struct config_reader *reader, const struct config_key *key, const struct json *value);

int value_object(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_shape(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_text(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_texts(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_number(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_bool(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_word(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_choice(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_usd(struct config_reader *, const struct config_key *, const struct json *, void *);
int value_price(struct config_reader *, const struct config_key *, const struct json *, void *);
/* An absolute path of a folder or file, in its one form. */
bool config_is_path(struct str path);
/* config_proposer.c: the whole object; and, behind everything, that who is named is there. Of
 * evolve.llm the rows, for a struct config_proposer, and what it is without them. */
int config_read_proposers(
    struct config_reader *, const struct config_key *, const struct json *, void *);
int config_read_turns(
    struct config_reader *, const struct config_key *, const struct json *, void *);
int config_check_proposers(struct config_reader *reader);
extern const struct config_key config_llm_keys[];
extern const struct config_proposer config_llm_default;
/* config_redact.c: the whole object. */
int config_read_redact(
    struct config_reader *, const struct config_key *, const struct json *, void *);
