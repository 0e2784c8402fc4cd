/* json - the reader: one pass, no recursion, every node keeps its slice. See json.h.
 *
 * Nodes are written into a scratch array that grows, then copied once into the arena, so that a
 * small document costs one allocation from an arena that is reused. */
#include "base/json.h"

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
    if (r->err) {
        err_set(r->err, code, "JSON: %s", what);
        where(r);
    }
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

static int hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++)
        if (!((p[i] >= '0' && p[i] <= '9') || ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'f')))
            return -1;
    return 4;
}

/* p stands on the opening quote; on success behind the closing one. */
static int read_string(struct reading *r, bool *ret_escaped)
{
    const char *start = ++r->p;
    bool escaped = false, high = false;
    for (;;) {
        while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= 0x20) {
            high |= (unsigned char)*r->p >= 0x80;
            r->p++;
        }
        if (r->p >= r->end)
            return refuse(r, ERR_INPUT, "a string has no end");
        if (*r->p == '"')
            break;
        if (*r->p != '\\')
            return refuse(r, ERR_INPUT, "a control byte in a string");
        escaped = true;
        if (++r->p >= r->end)
            return refuse(r, ERR_INPUT, "a string has no end");
        if (*r->p == 'u') {
            if (hex4(r->p + 1, r->end) < 0)
                return refuse(r, ERR_INPUT, "\\u wants four hex digits");
            r->p += 5;
        } else if (memchr("\"\\/bfnrt", *r->p, 8)) {
            r->p++;
        } else {
            return refuse(r, ERR_INPUT, "an unknown escape");
        }
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

static int compare_keys(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;
    return str_compare((*x)->key, (*y)->key);
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

static bool has_duplicates(const struct json *object)
{
    if (object->count < 2)
        return false;
    bool escaped = false;
    const struct json *child = object + 1;
    for (uint32_t i = 0; i < object->count; i++, child += child->next)
        escaped |= child->key_escaped;
    if (object->count <= KEYS_PAIRWISE) {
        const struct json *a = object + 1;
        for (uint32_t i = 0; i + 1 < object->count; i++, a += a->next) {
            const struct json *b = a + a->next;
            for (uint32_t j = i + 1; j < object->count; j++, b += b->next)
                if (key_same(a, b))
                    return true;
        }
        return false;
    }
    CLEANUP(mem_freep) struct json *copies = mem_zero(object->count, sizeof *copies);
    CLEANUP(mem_freep) const struct json **order = mem_zero(object->count, sizeof *order);
    struct arena arena = { 0 };
    child = object + 1;
    for (uint32_t i = 0; i < object->count; i++, child += child->next) {
        copies[i] = *child;
        if (escaped)
            copies[i].key = json_key(&arena, child);
        order[i] = &copies[i];
    }
    qsort(order, object->count, sizeof *order, compare_keys);
    bool found = false;
    for (uint32_t i = 0; i + 1 < object->count && !found; i++)
        found = str_equal(order[i]->key, order[i + 1]->key);
    arena_done(&arena);
    return found;
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
    if (node->kind == JSON_OBJECT && !r->duplicates && has_duplicates(node))
        return refuse(r, ERR_INPUT, "an object has one key twice");
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

bool json_is(const struct json *value, enum json_kind kind)
{
    return value && value->kind == kind;
}

const struct json *json_first(const struct json *container)
{
    if (!container || (container->kind != JSON_ARRAY && container->kind != JSON_OBJECT))
        return NULL;
    return container->count ? container + 1 : NULL;
}

const struct json *json_next(const struct json *container, const struct json *child)
{
    const struct json *next = child + child->next;
    return next < container + container->next ? next : NULL;
}

const struct json *json_get_str(const struct json *object, struct str key)
{
    if (!json_is(object, JSON_OBJECT))
        return NULL;
    JSON_EACH(child, object)
    {
        if (!child->key_escaped) {
            if (str_equal(child->key, key))
                return child;
            continue;
        }
        struct arena arena = { 0 };
        bool same = str_equal(json_key(&arena, child), key);
        arena_done(&arena);
        if (same)
            return child;
    }
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_get_str(object, str_of(key));
}

bool json_bool(const struct json *value, bool fallback)
{
    if (json_is(value, JSON_TRUE))
        return true;
    return json_is(value, JSON_FALSE) ? false : fallback;
}

int64_t json_int(const struct json *value, int64_t fallback)
{
    if (!json_is(value, JSON_NUMBER) || value->raw.size > 20)
        return fallback;
    const char *p = value->raw.at, *end = p + value->raw.size;
    bool negative = *p == '-';
    uint64_t n = 0;
    for (p += negative; p < end; p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
            return fallback;
    if (n > (uint64_t)INT64_MAX)
        return negative && n == (uint64_t)INT64_MAX + 1 ? INT64_MIN : fallback;
    return negative ? -(int64_t)n : (int64_t)n;
}

double json_double(const struct json *value, double fallback)
{
    if (!json_is(value, JSON_NUMBER))
        return fallback;
    char text[64];
    if (value->raw.size >= sizeof text)
        return fallback;
    memcpy(text, value->raw.at, value->raw.size);
    text[value->raw.size] = 0;
    return strtod(text, NULL);
}

static uint32_t hex_value(const char *p)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 4 | (uint32_t)(p[i] <= '9' ? p[i] - '0' : (p[i] | 32) - 'a' + 10);
    return value;
}

static size_t put_utf8(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)((0xf00u >> n) | point);
    return n;
}

/* The text between the quotes, unescaped. The reader has checked the escapes. */
static struct str unescape(struct arena *arena, struct str raw)
{
    static const char plain[256] = {
        ['"'] = '"',
        ['\\'] = '\\',
        ['/'] = '/',
        ['b'] = '\b',
        ['f'] = '\f',
        ['n'] = '\n',
        ['r'] = '\r',
        ['t'] = '\t',
    };
    char *out = arena_alloc(arena, raw.size + 1), *to = out;
    for (const char *p = raw.at, *end = p + raw.size; p < end;) {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        if (p[1] != 'u') {
            *to++ = plain[(unsigned char)p[1]];
            p += 2;
            continue;
        }
        uint32_t point = hex_value(p + 2);
        p += 6;
        if (point >= 0xd800 && point < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
            uint32_t low = hex_value(p + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                p += 6;
            }
        }
        to += put_utf8(to, point);
    }
    return (struct str){ out, (size_t)(to - out) };
}

struct str json_string(struct arena *arena, const struct json *value)
{
    if (!json_is(value, JSON_STRING))
        return (struct str){ 0 };
    struct str inner = { value->raw.at + 1, value->raw.size - 2 };
    return value->escaped ? unescape(arena, inner) : inner;
}

struct str json_key(struct arena *arena, const struct json *child)
{
    return child->key_escaped ? unescape(arena, child->key) : child->key;
}
