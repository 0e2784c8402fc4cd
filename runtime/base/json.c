/* json - the reader: one pass, no recursion, every node keeps its slice. See json.h.
 *
 * Nodes are written into a scratch array that grows, then copied once into the arena, so that a
 * small document costs one allocation from an arena that is reused. */
#include "base/json.h"

#include "base/json_members.h"
#include "base/json_plain.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE_DEFAULT = 64 << 20,
    NODES_DEFAULT = 4 << 20,
    DEPTH_DEFAULT = 128,
    NODES_LOCAL = 64,
    KEYS_PAIRWISE = 12
};

struct reading {
    const char *begin, *p, *end;
    struct json local[NODES_LOCAL];
    struct json *nodes;
    uint32_t count, room, nodes_max;
    uint32_t *open; /* indexes of the containers that are open */
    uint32_t open_local[DEPTH_DEFAULT];
    uint32_t depth, depth_max;
    bool duplicates;
    struct err *err;
};

/* The path of the value that is being read, from the open containers. */
static void where(struct reading *r)
{
    char path[80];
    size_t used = (size_t)snprintf(path, sizeof path, "$");
    for (uint32_t i = 0; i < r->depth && used + 24 < sizeof path; i++) {
        const struct json *container = &r->nodes[r->open[i]];
        const struct json *child =
            i + 1 < r->depth ? &r->nodes[r->open[i + 1]] : &r->nodes[r->count - 1];
        if (child <= container)
            break;
        char key[20];
        if (container->kind == JSON_ARRAY)
            used += (size_t)snprintf(path + used, sizeof path - used, "[%u]",
                container->count ? container->count - 1 : 0);
        else
            used += (size_t)snprintf(path + used, sizeof path - used, ".%s",
                str_printable(key, sizeof key, child->key, false));
    }
    err_where(r->err, "offset %zu, %s", (size_t)(r->p - r->begin), path);
}

static int refuse(struct reading *r, enum err_code code, const char *what)
{
    err_set(r->err, code, "JSON: %s", what);
    if (r->err)
        where(r);
    return -(int)code;
}

static void blanks(struct reading *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static int node_new(struct reading *r, uint8_t kind, struct str key, bool key_escaped)
{
    if (r->count >= r->nodes_max)
        return refuse(r, ERR_LIMIT, "too many values");
    if (r->count == r->room) {
        uint32_t room = r->room * 4;
        struct json *old = r->nodes == r->local ? NULL : r->nodes;
        struct json *nodes = mem_grow(old, room, sizeof *nodes);
        if (!old)
            memcpy(nodes, r->local, sizeof r->local);
        r->nodes = nodes;
        r->room = room;
    }
    r->nodes[r->count++] = (struct json){
        .raw = { r->p, 0 },
        .key = key,
        .next = 1,
        .kind = kind,
        .key_escaped = key_escaped,
    };
    return 0;
}

static bool four_hex(const char *p, const char *end)
{
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')))
            return false;
    return true;
}

/* p stands on a backslash; on success behind its escape. */
static int read_escape(struct reading *r)
{
    static const bool known[256] = {
        ['"'] = true,
        ['\\'] = true,
        ['/'] = true,
        ['b'] = true,
        ['f'] = true,
        ['n'] = true,
        ['r'] = true,
        ['t'] = true,
        ['u'] = true,
    };
    if (++r->p >= r->end)
        return refuse(r, ERR_INPUT, "a string has no end");
    if (!known[(unsigned char)*r->p])
        return refuse(r, ERR_INPUT, "an unknown escape");
    if (*r->p == 'u' && !four_hex(r->p + 1, r->end))
        return refuse(r, ERR_INPUT, "\\u wants four hex digits");
    r->p += *r->p == 'u' ? 5 : 1;
    return 0;
}

/* p stands on the opening quote; on success behind the closing one. */
static int read_string(struct reading *r, bool *ret_escaped)
{
    const char *start = ++r->p;
    bool escaped = false, high = false;
    for (;;) {
        r->p = json_skip_plain(r->p, r->end);
        if (r->p >= r->end)
            return refuse(r, ERR_INPUT, "a string has no end");
        if (*r->p == '"')
            break;
        if ((unsigned char)*r->p < 0x20)
            return refuse(r, ERR_INPUT, "a control byte in a string");
        if (*r->p == '\\') {
            if (read_escape(r) < 0)
                return -ERR_INPUT;
            escaped = true;
            continue;
        }
        for (high = true; r->p < r->end && (*r->p & 0x80);)
            r->p++;
    }
    if (high && !str_utf8((struct str){ start, (size_t)(r->p - start) }))
        return refuse(r, ERR_INPUT, "a string is not UTF-8");
    r->p++;
    *ret_escaped = escaped;
    return 0;
}

static bool digits(struct reading *r)
{
    const char *start = r->p;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return r->p > start;
}

static int read_number(struct reading *r)
{
    if (*r->p == '-')
        r->p++;
    if (r->p < r->end && *r->p == '0')
        r->p++;
    else if (!digits(r))
        return refuse(r, ERR_INPUT, "not a value");
    if (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        return refuse(r, ERR_INPUT, "a number with a leading zero");
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        if (!digits(r))
            return refuse(r, ERR_INPUT, "a number ends in its point");
    }
    if (r->p < r->end && (*r->p | 32) == 'e') {
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
            r->p++;
        if (!digits(r))
            return refuse(r, ERR_INPUT, "a number without its exponent");
    }
    return 0;
}

static int read_word(struct reading *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return refuse(r, ERR_INPUT, "not a value");
    r->p += n;
    return 0;
}

/* Two keys of one object with the same text. Keys with escapes are compared unescaped. */
static bool key_same(const struct json *a, const struct json *b)
{
    if (!a->key_escaped && !b->key_escaped)
        return str_equal(a->key, b->key);
    struct arena arena = { 0 };
    bool same = str_equal(json_key(&arena, a), json_key(&arena, b));
    arena_done(&arena);
    return same;
}

/* The key that few members share, or NULL: no memory is needed for that. */
static const struct json *repeated_of_few(const struct json *object)
{
    JSON_EACH(a, object)
    for (const struct json *b = json_next(object, a); b; b = json_next(object, b))
        if (key_same(a, b))
            return b;
    return NULL;
}

static const struct json *repeated_of_many(const struct json *object)
{
    struct arena arena = { 0 };
    const struct json_member *members = json_members(&arena, object);
    const struct json *found = NULL;
    for (uint32_t i = 0; i + 1 < object->count && !found; i++)
        if (str_equal(members[i].key, members[i + 1].key))
            found = members[i + 1].value;
    arena_done(&arena);
    return found;
}

static int refuse_repeated(struct reading *r, const struct json *object)
{
    const struct json *found =
        object->count <= KEYS_PAIRWISE ? repeated_of_few(object) : repeated_of_many(object);
    if (!found)
        return 0;
    char text[80], key[48];
    snprintf(text, sizeof text, "an object has the key \"%s\" twice",
        str_printable(key, sizeof key, found->key, false));
    return refuse(r, ERR_INPUT, text);
}

static int open_container(struct reading *r)
{
    if (r->depth == r->depth_max)
        return refuse(r, ERR_LIMIT, "nested too deep");
    r->open[r->depth++] = r->count - 1;
    r->p++;
    return 0;
}

static int close_container(struct reading *r)
{
    struct json *node = &r->nodes[r->open[r->depth - 1]];
    node->next = r->count - r->open[r->depth - 1];
    r->p++;
    node->raw.size = (size_t)(r->p - node->raw.at);
    if (node->kind == JSON_OBJECT && !r->duplicates) {
        int rc = refuse_repeated(r, node);
        if (rc < 0)
            return rc;
    }
    r->depth--;
    return 0;
}

/* Reads a scalar, or opens a container. Returns 1 when a container was opened. */
static int read_value(struct reading *r, struct str key, bool key_escaped)
{
    static const uint8_t kinds[256] = {
        ['"'] = JSON_STRING + 1,
        ['{'] = JSON_OBJECT + 1,
        ['['] = JSON_ARRAY + 1,
        ['t'] = JSON_TRUE + 1,
        ['f'] = JSON_FALSE + 1,
        ['n'] = JSON_NULL + 1,
        ['-'] = JSON_NUMBER + 1,
        ['0'] = JSON_NUMBER + 1,
        ['1'] = JSON_NUMBER + 1,
        ['2'] = JSON_NUMBER + 1,
        ['3'] = JSON_NUMBER + 1,
        ['4'] = JSON_NUMBER + 1,
        ['5'] = JSON_NUMBER + 1,
        ['6'] = JSON_NUMBER + 1,
        ['7'] = JSON_NUMBER + 1,
        ['8'] = JSON_NUMBER + 1,
        ['9'] = JSON_NUMBER + 1,
    };
    if (r->p >= r->end)
        return refuse(r, ERR_INPUT, "the text ends where a value should stand");
    uint8_t kind = kinds[(unsigned char)*r->p];
    if (kind == 0)
        return refuse(r, ERR_INPUT, "not a value");
    kind--;
    int rc = node_new(r, kind, key, key_escaped);
    if (rc < 0)
        return rc;
    struct json *node = &r->nodes[r->count - 1];
    switch ((enum json_kind)kind) {
    case JSON_STRING:
        rc = read_string(r, &node->escaped);
        break;
    case JSON_NUMBER:
        rc = read_number(r);
        break;
    case JSON_TRUE:
        rc = read_word(r, "true");
        break;
    case JSON_FALSE:
        rc = read_word(r, "false");
        break;
    case JSON_NULL:
        rc = read_word(r, "null");
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        rc = open_container(r);
        return rc < 0 ? rc : 1;
    }
    node->raw.size = (size_t)(r->p - node->raw.at);
    return rc;
}

static int read_key(struct reading *r, struct str *ret_key, bool *ret_escaped)
{
    if (r->p >= r->end || *r->p != '"')
        return refuse(r, ERR_INPUT, "a key should stand here");
    const char *start = r->p + 1;
    int rc = read_string(r, ret_escaped);
    if (rc < 0)
        return rc;
    *ret_key = (struct str){ start, (size_t)(r->p - start - 1) };
    blanks(r);
    if (r->p >= r->end || *r->p != ':')
        return refuse(r, ERR_INPUT, "a colon should stand behind a key");
    r->p++;
    blanks(r);
    return 0;
}

/* Closes what ends here and steps over the comma to the next member. 1: one follows, 0: all is
 * done. */
static int after_value(struct reading *r)
{
    while (r->depth > 0) {
        blanks(r);
        if (r->p >= r->end)
            return refuse(r, ERR_INPUT, "the text ends inside an array or object");
        bool object = r->nodes[r->open[r->depth - 1]].kind == JSON_OBJECT;
        if (*r->p == ',') {
            r->p++;
            blanks(r);
            return 1;
        }
        if (*r->p != (object ? '}' : ']'))
            return refuse(r, ERR_INPUT, "a comma or the end of the container should stand here");
        int rc = close_container(r);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int read_all_values(struct reading *r)
{
    int more = 1;
    while (more > 0) {
        struct str key = { 0 };
        bool escaped = false;
        if (r->depth > 0) {
            struct json *container = &r->nodes[r->open[r->depth - 1]];
            int rc = container->kind == JSON_OBJECT ? read_key(r, &key, &escaped) : 0;
            if (rc < 0)
                return rc;
            r->nodes[r->open[r->depth - 1]].count++;
        }
        int opened = read_value(r, key, escaped);
        if (opened < 0)
            return opened;
        if (opened) {
            blanks(r);
            bool object = r->nodes[r->count - 1].kind == JSON_OBJECT;
            if (r->p < r->end && *r->p != (object ? '}' : ']'))
                continue;
        }
        more = after_value(r);
    }
    return more;
}

static int read_document(struct reading *r, bool prefix)
{
    blanks(r);
    int rc = read_all_values(r);
    if (rc < 0)
        return rc;
    blanks(r);
    if (!prefix && r->p < r->end)
        return refuse(r, ERR_INPUT, "something stands behind the value");
    return 0;
}

const struct json *json_read(
    struct arena *arena, struct str text, const struct json_limits *limits, struct err *err)
{
    static const struct json_limits none;
    limits = limits ? limits : &none;
    struct reading r;
    r.begin = r.p = text.at ? text.at : "";
    r.end = r.begin + text.size;
    r.nodes = r.local;
    r.count = 0;
    r.room = NODES_LOCAL;
    r.nodes_max = limits->nodes_max ? limits->nodes_max : NODES_DEFAULT;
    r.depth = 0;
    r.depth_max = limits->depth_max ? limits->depth_max : DEPTH_DEFAULT;
    r.open = r.depth_max <= DEPTH_DEFAULT ? r.open_local : mem_zero(r.depth_max, sizeof *r.open);
    r.duplicates = limits->duplicates;
    r.err = err;
    struct json *root = NULL;
    if (text.size > (limits->size_max ? limits->size_max : SIZE_DEFAULT))
        refuse(&r, ERR_LIMIT, "the text is too long");
    else if (read_document(&r, limits->prefix) == 0)
        root = arena_copy(arena, r.nodes, r.count * sizeof *r.nodes);
    if (r.nodes != r.local)
        free(r.nodes);
    if (r.open != r.open_local)
        free(r.open);
    return root;
}
