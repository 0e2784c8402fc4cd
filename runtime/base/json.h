/* json - a strict, bounded reader that keeps raw slices, and the few ways to write.
 *
 * RFC 8259 and nothing else: no leading zeros, no "1.", no NaN, no trailing bytes, UTF-8 only (RFC
 * 3629), no control bytes in strings, lone surrogate escapes are allowed in the text but reported
 * by json_string. Duplicate keys are an error unless allowed. A document becomes an array of nodes
 * in document order; each keeps the slice that it was read from, so that what nobody changed can be
 * written again byte for byte. cJSON is used where documents are built (json_print) and never sees
 * bytes from outside that did not pass here. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <cjson/cJSON.h>

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* One value. Children of a container stand directly behind it; `next` nodes further is the node
 * behind its whole subtree (so a leaf has next == 1). In an object each child's `key` is the raw
 * slice between the quotes of its name, not unescaped. */
struct json {
    struct str raw; /* the value's bytes, quotes and braces included */
    struct str key; /* raw key in an object, else empty */
    uint32_t next;  /* nodes to the next sibling */
    uint32_t count; /* children of an array or object */
    uint8_t kind;   /* enum json_kind */
    bool escaped;   /* a string with a backslash: use json_string */
    bool key_escaped;
};

struct json_limits {
    size_t size_max;    /* bytes of the document; 0: 64 MiB */
    uint32_t nodes_max; /* 0: 4 million */
    uint16_t depth_max; /* 0: 128 */
    bool duplicates;    /* allow duplicate keys (the first one is found by json_get) */
    bool prefix;        /* stop behind the first value instead of refusing trailing bytes */
};

/* Reads one document. The nodes are in the arena, the slices point into `text`, which must stay.
 * Returns the root, or NULL with err set: ERR_INPUT or ERR_LIMIT, `where` is "offset N" and the
 * path
 * ("$.a[3]"). With limits->prefix, root->raw says how much was read. limits may be NULL. */
const struct json *json_read(
    struct arena *arena, struct str text, const struct json_limits *limits, struct err *err);

/* Looking. All take NULL and a wrong kind, and answer NULL or the fallback. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_get_str(const struct json *object, struct str key); /* key as text */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *container, const struct json *child); /* or NULL */
#define JSON_EACH(child, container)                                                                \
    for (const struct json *child = json_first(container); child;                                  \
         child = json_next(container, child))
bool json_is(const struct json *value, enum json_kind kind);
bool json_bool(const struct json *value, bool fallback);
int64_t json_int(const struct json *value, int64_t fallback); /* exact integers only */
double json_double(const struct json *value, double fallback);
/* The unescaped text of a string (in the arena if it had escapes, else in place). Not a string:
 * the empty view with at == NULL. A lone surrogate becomes its three-byte form (WTF-8); \u0000 a
 * NUL. */
struct str json_string(struct arena *arena, const struct json *value);
struct str json_key(struct arena *arena, const struct json *child);
/* json_equal and json_canonical recurse: for documents of at most the default depth.
 *
 * The same value: objects without regard to key order, numbers as exact decimals (1.0 is 1, but
 * 2^53+1 is not 2^53), strings by unescaped text. */
bool json_equal(const struct json *a, const struct json *b);
/* Sorted keys, no blanks, strings with minimal escapes (a lone surrogate stays an escape), numbers
 * as written: for keys and digests. */
void json_canonical(struct buf *out, const struct json *value);

/* Writing. json_quote adds a JSON string; invalid UTF-8 in s becomes U+FFFD. */
void json_quote(struct buf *out, struct str s);
/* cJSON tree to text, no blanks or pretty. cJSON's numbers are doubles: write 64-bit ids as
 * strings. */
void json_print(struct buf *out, const cJSON *tree, bool pretty);
/* A cJSON tree of a document that json_read has accepted (bounds as given); NULL with err.
 * ERR_INPUT also for \u0000, which cJSON would cut at, and for a lone surrogate. */
cJSON *json_tree(struct str text, const struct json_limits *limits, struct err *err);
void json_treep(cJSON **tree); /* for CLEANUP */
/* JSON with // and block comments (moult.json): blanks them out in a copy of the same length, so
 * that offsets stay. The result is in the arena. */
struct str json_uncomment(struct arena *arena, struct str text);
/* The path of a node in its document, "$.models[0].name", for messages. Returns out. */
char *json_path(char *out, size_t size, const struct json *root, const struct json *node);
/* Line and column (1-based) of an offset in text. */
void json_line(struct str text, size_t offset, uint32_t *ret_line, uint32_t *ret_column);
