/* effect - encodes, decodes and describes the messages of effect.h, all from one table.
 *
 * There is no code for any single message: a message is a row of fields with offset, kind and
 * bound, and three short walkers read the rows. A bound that is forgotten in code cannot exist; a
 * bound that is wrong is visible in the table. */
#include "wire/effect.h"

#include "base/json.h"
#include "base/mem.h"
#include "wire/words.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum kind { U8, U16, U32, U64, BOOL, BYTES, DIGEST, LIST };

struct shape;
struct field {
    const char *name;
    enum kind kind;
    uint16_t at;              /* offset in the struct */
    uint16_t count_at;        /* LIST: offset of its count */
    uint64_t max;             /* largest value, size or count */
    const struct shape *of;   /* LIST: its elements */
    const char *const *words; /* names of the values, for people */
};
struct shape {
    const struct field *fields;
    uint32_t fields_count;
    uint32_t size; /* of the struct */
    uint32_t
        least; /* bytes that one encoded element takes at least: bounds a count by what is there */
};

static const char *const origin_words[] = { "none", "effect", "build" };
static const char *const session_words[] = { "hosted", "gateway" };

enum { ANY8 = UINT8_MAX, HOOKS_MAX = 15, ACTIONS_MAX = WIRE_ACTION_FAILED, ERRORS_MAX = 31 };

/* clang-format off */
#define AT(type, member) .name = #member, .at = offsetof(struct type, member)
#define ONE(type, member, k, most) { AT(type, member), .kind = k, .max = most }
#define WORD(type, member, table) \
    { AT(type, member), .kind = U8, .max = COUNT_OF(table) - 1, .words = table }
#define MANY(type, member, most, shape) \
    { AT(type, member), .kind = LIST, .count_at = offsetof(struct type, member##_count), .max = most, .of = &shape }
#define SHAPE(type, table, bytes) { table, COUNT_OF(table), sizeof(type), bytes }

static const struct field u16_fields[] = { { .name = "number", .kind = U16, .max = UINT16_MAX } };
static const struct shape u16_shape = SHAPE(uint16_t, u16_fields, 2);
static const struct field u64_fields[] = { { .name = "number", .kind = U64, .max = UINT64_MAX } };
static const struct shape u64_shape = SHAPE(uint64_t, u64_fields, 8);
static const struct field name_fields[] = { { .name = "text", .kind = BYTES, .max = WIRE_TEXT_MAX } };
static const struct shape name_shape = SHAPE(struct str, name_fields, 4);

static const struct field plugin_fields[] = {
    ONE(wire_plugin, name, BYTES, WIRE_TEXT_MAX),
    ONE(wire_plugin, build, DIGEST, 0),
    ONE(wire_plugin, fd, U32, INT32_MAX),
};
static const struct shape plugin_shape = SHAPE(struct wire_plugin, plugin_fields, 40);

static const struct field state_fields[] = {
    ONE(wire_state, plugin, BYTES, WIRE_TEXT_MAX),
    ONE(wire_state, schema, U32, UINT32_MAX),
    ONE(wire_state, bytes, BYTES, WIRE_STATE_MAX),
};
static const struct shape state_shape = SHAPE(struct wire_state, state_fields, 12);

static const struct field message_fields[] = {
    ONE(wire_message, bytes, BYTES, WIRE_BYTES_MAX),
    ONE(wire_message, failed, BOOL, 1),
};
static const struct shape message_shape = SHAPE(struct wire_message, message_fields, 5);

static const struct field settled_fields[] = {
    WORD(wire_settled, origin, origin_words),
    ONE(wire_settled, effect, U32, UINT32_MAX),
    ONE(wire_settled, build, DIGEST, 0),
    ONE(wire_settled, replaces, U32, WIRE_MESSAGES_MAX),
    ONE(wire_settled, bytes, BYTES, WIRE_BYTES_MAX),
};
static const struct shape settled_shape = SHAPE(struct wire_settled, settled_fields, 45);

static const struct field part_fields[] = {
    ONE(wire_part, from, U32, WIRE_MESSAGES_MAX),
    ONE(wire_part, count, U32, WIRE_MESSAGES_MAX),
    ONE(wire_part, bytes, BYTES, WIRE_BYTES_MAX),
    ONE(wire_part, build, DIGEST, 0),
};
static const struct shape part_shape = SHAPE(struct wire_part, part_fields, 44);

static const struct field call_fields[] = {
    ONE(wire_call, id, BYTES, WIRE_TEXT_MAX),
    ONE(wire_call, name, BYTES, WIRE_TEXT_MAX),
    ONE(wire_call, args, BYTES, WIRE_BYTES_MAX),
    ONE(wire_call, same, BOOL, 1),
};
static const struct shape call_shape = SHAPE(struct wire_call, call_fields, 13);

static const struct field verdict_fields[] = {
    ONE(wire_verdict, calls, U64, UINT64_MAX),
    ONE(wire_verdict, text, U64, UINT64_MAX),
    ONE(wire_verdict, end, U64, UINT64_MAX),
    ONE(wire_verdict, reached, U32, UINT32_MAX),
    ONE(wire_verdict, abnormal, BOOL, 1),
};
static const struct shape verdict_shape = SHAPE(struct wire_verdict, verdict_fields, 29);

static const struct field load_fields[] = {
    ONE(wire_load, version, U32, UINT32_MAX),
    ONE(wire_load, generation, DIGEST, 0),
    ONE(wire_load, pipeline, BYTES, WIRE_TEXT_MAX),
    MANY(wire_load, plugins, WIRE_PLUGINS_MAX, plugin_shape),
    ONE(wire_load, events, U32, WIRE_EVENTS_ALL),
};
static const struct field open_fields[] = {
    ONE(wire_open, lease, U64, UINT64_MAX),
    WORD(wire_open, kind, session_words),
    ONE(wire_open, seed, U64, UINT64_MAX),
    ONE(wire_open, steps_max, U32, UINT32_MAX),
    ONE(wire_open, tools, BYTES, WIRE_BYTES_MAX),
    ONE(wire_open, models, BYTES, WIRE_BYTES_MAX),
    MANY(wire_open, states, WIRE_PLUGINS_MAX, state_shape),
};
static const struct field put_fields[] = {
    ONE(wire_put, lease, U64, UINT64_MAX),
    ONE(wire_put, keep, U32, WIRE_MESSAGES_MAX),
    MANY(wire_put, messages, WIRE_MESSAGES_MAX, message_shape),
};
static const struct field run_fields[] = {
    ONE(wire_run, lease, U64, UINT64_MAX),
    ONE(wire_run, elapsed_ms, U32, UINT32_MAX),
    ONE(wire_run, turn_start, BOOL, 1),
    ONE(wire_run, resumed, BOOL, 1),
};
static const struct field result_fields[] = {
    ONE(wire_result, lease, U64, UINT64_MAX),
    ONE(wire_result, effect, U32, UINT32_MAX),
    WORD(wire_result, status, words_status),
    ONE(wire_result, error_class, U8, ERRORS_MAX),
    ONE(wire_result, retry_after_ms, U32, UINT32_MAX),
    ONE(wire_result, elapsed_ms, U32, UINT32_MAX),
    ONE(wire_result, bytes, BYTES, WIRE_BYTES_MAX),
};
static const struct field close_fields[] = {
    ONE(wire_close, lease, U64, UINT64_MAX),
};
static const struct field vectors_fields[] = {
    ONE(wire_vectors, lease, U64, UINT64_MAX),
    ONE(wire_vectors, reply, BYTES, WIRE_BYTES_MAX),
    MANY(wire_vectors, holes, WIRE_VECTORS_MAX * WIRE_HOLES_MAX, u16_shape),
    ONE(wire_vectors, width, U32, WIRE_HOLES_MAX),
    MANY(wire_vectors, decide, WIRE_VECTORS_MAX, u64_shape),
    ONE(wire_vectors, atoms, BOOL, 1),
    ONE(wire_vectors, cover, BOOL, 1),
    ONE(wire_vectors, error_class, U8, ERRORS_MAX),
    ONE(wire_vectors, retry_after_ms, U32, UINT32_MAX),
    ONE(wire_vectors, attempt, U32, UINT32_MAX),
    ONE(wire_vectors, model, U32, UINT32_MAX),
    ONE(wire_vectors, asks, BOOL, 1),
};
static const struct field ready_fields[] = {
    ONE(wire_ready, version, U32, UINT32_MAX),
    ONE(wire_ready, layers, U32, UINT32_MAX),
    MANY(wire_ready, names, WIRE_PLUGINS_MAX, name_shape),
    ONE(wire_ready, hooks, U32, UINT32_MAX),
};
static const struct field effect_fields[] = {
    ONE(wire_effect, lease, U64, UINT64_MAX),
    ONE(wire_effect, number, U32, UINT32_MAX),
    WORD(wire_effect, kind, words_effect),
    WORD(wire_effect, origin, origin_words),
    ONE(wire_effect, hook, U8, HOOKS_MAX),
    ONE(wire_effect, build, DIGEST, 0),
    ONE(wire_effect, step, U32, UINT32_MAX),
    ONE(wire_effect, index, U32, UINT32_MAX),
    ONE(wire_effect, attempt, U32, UINT32_MAX),
    MANY(wire_effect, settled, WIRE_MESSAGES_MAX, settled_shape),
    MANY(wire_effect, states, WIRE_PLUGINS_MAX, state_shape),
    MANY(wire_effect, parts, WIRE_MESSAGES_MAX, part_shape),
    ONE(wire_effect, model, U32, UINT32_MAX),
    ONE(wire_effect, tools, BYTES, WIRE_BYTES_MAX),
    ONE(wire_effect, same, BOOL, 1),
    ONE(wire_effect, reply, U32, UINT32_MAX),
    ONE(wire_effect, text, BYTES, WIRE_BYTES_MAX),
    MANY(wire_effect, calls, WIRE_CALLS_MAX, call_shape),
    ONE(wire_effect, name, BYTES, WIRE_TEXT_MAX),
    ONE(wire_effect, body, BYTES, WIRE_BYTES_MAX),
    ONE(wire_effect, ms, U32, UINT32_MAX),
    ONE(wire_effect, refused, BOOL, 1),
};
static const struct field event_fields[] = {
    ONE(wire_event, lease, U64, UINT64_MAX),
    ONE(wire_event, step, U32, UINT32_MAX),
    ONE(wire_event, hook, U8, HOOKS_MAX),
    ONE(wire_event, action, U8, ACTIONS_MAX),
    ONE(wire_event, build, DIGEST, 0),
    ONE(wire_event, why, BYTES, WIRE_TEXT_MAX),
};
static const struct field end_fields[] = {
    ONE(wire_end, lease, U64, UINT64_MAX),
    WORD(wire_end, how, words_ended),
    ONE(wire_end, why, BYTES, WIRE_TEXT_MAX),
    MANY(wire_end, settled, WIRE_MESSAGES_MAX, settled_shape),
    MANY(wire_end, states, WIRE_PLUGINS_MAX, state_shape),
    ONE(wire_end, cover, BYTES, WIRE_COVER_MAX),
};
static const struct field fault_fields[] = {
    ONE(wire_fault, lease, U64, UINT64_MAX),
    ONE(wire_fault, code, U32, ERR_CODES - 1),
    ONE(wire_fault, text, BYTES, WIRE_TEXT_MAX),
};
static const struct field verdicts_fields[] = {
    ONE(wire_verdicts, lease, U64, UINT64_MAX),
    MANY(wire_verdicts, verdicts, WIRE_VECTORS_MAX, verdict_shape),
    ONE(wire_verdicts, atoms, BYTES, WIRE_BYTES_MAX),
    ONE(wire_verdicts, cover, BYTES, WIRE_BYTES_MAX),
};

#define ROW(TYPE, part, to) [TYPE] = { #TYPE, to, offsetof(struct wire, part), SHAPE(struct wire_##part, part##_fields, 0) }
static const struct row {
    const char *word;
    enum wire_direction direction;
    uint32_t at; /* offset of the message in struct wire */
    struct shape shape;
} rows[WIRE_TYPES] = {
    ROW(WIRE_LOAD, load, WIRE_TO_WORKER),
    ROW(WIRE_OPEN, open, WIRE_TO_WORKER),
    ROW(WIRE_PUT, put, WIRE_TO_WORKER),
    ROW(WIRE_RUN, run, WIRE_TO_WORKER),
    ROW(WIRE_RESULT, result, WIRE_TO_WORKER),
    ROW(WIRE_CLOSE, close, WIRE_TO_WORKER),
    ROW(WIRE_VECTORS, vectors, WIRE_TO_WORKER),
    ROW(WIRE_READY, ready, WIRE_FROM_WORKER),
    ROW(WIRE_EFFECT, effect, WIRE_FROM_WORKER),
    ROW(WIRE_EVENT, event, WIRE_FROM_WORKER),
    ROW(WIRE_END, end, WIRE_FROM_WORKER),
    ROW(WIRE_FAULT, fault, WIRE_FROM_WORKER),
    ROW(WIRE_VERDICTS, verdicts, WIRE_FROM_WORKER),
};

const char *const wire_error_words[WIRE_ERRORS] = { "none", "rate_limit", "overloaded", "too_long",
    "refused", "malformed", "timeout", "connection", "bad_request", "unauthorized", "server" };
const char *const wire_words[WIRE_TYPES] = {
    [WIRE_NONE] = "NONE", [WIRE_LOAD] = "LOAD", [WIRE_OPEN] = "OPEN", [WIRE_PUT] = "PUT",
    [WIRE_RUN] = "RUN", [WIRE_RESULT] = "RESULT", [WIRE_CLOSE] = "CLOSE", [WIRE_VECTORS] = "VECTORS",
    [WIRE_READY] = "READY", [WIRE_EFFECT] = "EFFECT", [WIRE_EVENT] = "EVENT", [WIRE_END] = "END",
    [WIRE_FAULT] = "FAULT", [WIRE_VERDICTS] = "VERDICTS",
};
/* clang-format on */

/* Bytes of a number on the wire, by kind; the rest have their own form. */
static const uint8_t widths[] = { [U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8, [BOOL] = 1 };

static uint64_t load_number(const void *from, enum kind kind)
{
    switch (kind) {
    case U8:
    case BOOL:
        return *(const uint8_t *)from;
    case U16:
        return *(const uint16_t *)from;
    case U32:
        return *(const uint32_t *)from;
    default:
        return *(const uint64_t *)from;
    }
}

static void store_number(void *to, enum kind kind, uint64_t value)
{
    switch (kind) {
    case BOOL:
        *(bool *)to = value != 0;
        break;
    case U8:
        *(uint8_t *)to = (uint8_t)value;
        break;
    case U16:
        *(uint16_t *)to = (uint16_t)value;
        break;
    case U32:
        *(uint32_t *)to = (uint32_t)value;
        break;
    default:
        *(uint64_t *)to = value;
        break;
    }
}

static void put_number(struct buf *out, uint64_t value, unsigned width)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    buf_add(out, bytes, width);
}

static void put_shape(struct buf *out, const struct shape *shape, const char *from);

static void put_field(struct buf *out, const struct field *field, const char *from)
{
    const void *at = from + field->at;
    if (field->kind == BYTES) {
        const struct str *s = at;
        assert(s->size <= field->max);
        put_number(out, s->size, 4);
        buf_str(out, *s);
    } else if (field->kind == DIGEST) {
        buf_add(out, at, sizeof(struct digest));
    } else if (field->kind == LIST) {
        uint32_t count = *(const uint32_t *)(const void *)(from + field->count_at);
        assert(count <= field->max);
        put_number(out, count, 4);
        const char *element = *(const char *const *)at;
        for (uint32_t i = 0; i < count; i++, element += field->of->size)
            put_shape(out, field->of, element);
    } else {
        uint64_t value = load_number(at, field->kind);
        assert(value <= field->max);
        put_number(out, value, widths[field->kind]);
    }
}

static void put_shape(struct buf *out, const struct shape *shape, const char *from)
{
    for (uint32_t i = 0; i < shape->fields_count; i++)
        put_field(out, &shape->fields[i], from);
}

void wire_encode(struct buf *out, const struct wire *message)
{
    assert(message->type > WIRE_NONE && message->type < WIRE_TYPES);
    const struct row *row = &rows[message->type];
    buf_char(out, (char)message->type);
    put_shape(out, &row->shape, (const char *)message + row->at);
}

/* What is left of a payload, and what it is being read as. */
struct reader {
    const char *at;
    size_t left;
    struct arena *arena;
    const char *message;
    struct err *err;
};

static int refuse(
    struct reader *reader, enum err_code code, const struct field *field, const char *what)
{
    err_set(reader->err, code, "%s", what);
    err_where(reader->err, "%s.%s", reader->message, field->name);
    return -(int)code;
}

static int take_number(
    struct reader *reader, const struct field *field, unsigned width, uint64_t *ret)
{
    if (reader->left < width)
        return refuse(reader, ERR_INPUT, field, "the message ends here");
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)(uint8_t)reader->at[i] << (8 * i);
    reader->at += width;
    reader->left -= width;
    if (value > field->max)
        return refuse(reader, ERR_LIMIT, field, "over its bound");
    *ret = value;
    return 0;
}

static int take_bytes(struct reader *reader, const struct field *field, struct str *ret)
{
    uint64_t size;
    int r = take_number(reader, field, 4, &size);
    if (r < 0)
        return r;
    if (size > reader->left)
        return refuse(reader, ERR_INPUT, field, "the message ends here");
    *ret = (struct str){ reader->at, size };
    reader->at += size;
    reader->left -= size;
    return 0;
}

static int take_shape(struct reader *reader, const struct shape *shape, char *to);

static int take_list(struct reader *reader, const struct field *field, char *to)
{
    uint64_t count;
    int r = take_number(reader, field, 4, &count);
    if (r < 0)
        return r;
    if (count * field->of->least > reader->left)
        return refuse(reader, ERR_INPUT, field, "the message ends here");
    char *element = count ? arena_alloc(reader->arena, count * field->of->size) : NULL;
    *(char **)(void *)(to + field->at) = element;
    *(uint32_t *)(void *)(to + field->count_at) = (uint32_t)count;
    for (uint64_t i = 0; i < count && r == 0; i++, element += field->of->size)
        r = take_shape(reader, field->of, element);
    return r;
}

static int take_field(struct reader *reader, const struct field *field, char *to)
{
    if (field->kind == BYTES)
        return take_bytes(reader, field, (struct str *)(void *)(to + field->at));
    if (field->kind == LIST)
        return take_list(reader, field, to);
    if (field->kind == DIGEST) {
        if (reader->left < sizeof(struct digest))
            return refuse(reader, ERR_INPUT, field, "the message ends here");
        memcpy(to + field->at, reader->at, sizeof(struct digest));
        reader->at += sizeof(struct digest);
        reader->left -= sizeof(struct digest);
        return 0;
    }
    uint64_t value;
    int r = take_number(reader, field, widths[field->kind], &value);
    if (r == 0)
        store_number(to + field->at, field->kind, value);
    return r;
}

static int take_shape(struct reader *reader, const struct shape *shape, char *to)
{
    int r = 0;
    for (uint32_t i = 0; i < shape->fields_count && r == 0; i++)
        r = take_field(reader, &shape->fields[i], to);
    return r;
}

int wire_decode(struct wire *ret, struct arena *arena, struct str payload,
    enum wire_direction direction, struct err *err)
{
    if (payload.size == 0)
        return err_set(err, ERR_INPUT, "an empty message");
    uint8_t type = (uint8_t)payload.at[0];
    if (type == WIRE_NONE || type >= WIRE_TYPES)
        return err_set(err, ERR_INPUT, "no message has the type %u", type);
    const struct row *row = &rows[type];
    if (row->direction != direction)
        return err_set(err, ERR_DENIED, "%s does not go in this direction", wire_words[type]);
    struct wire message;
    memset(&message, 0, sizeof(message));
    message.type = type;
    struct reader reader = { payload.at + 1, payload.size - 1, arena, wire_words[type], err };
    int r = take_shape(&reader, &row->shape, (char *)&message + row->at);
    if (r < 0)
        return r;
    if (reader.left > 0)
        return err_set(err, ERR_INPUT, "%s has %zu bytes left over", wire_words[type], reader.left);
    *ret = message;
    return 0;
}

enum { SHOWN = 60, ELEMENTS_SHOWN = 3 };

static void show_shape(struct buf *out, const struct shape *shape, const char *from);

static void show_field(struct buf *out, const struct field *field, const char *from)
{
    const void *at = from + field->at;
    if (field->kind == BYTES) {
        const struct str *s = at;
        char text[SHOWN + 1];
        buf_format(out, "\"%s\"", str_printable(text, sizeof(text), *s, false));
        if (s->size > SHOWN)
            buf_format(out, "(%zu bytes)", s->size);
    } else if (field->kind == DIGEST) {
        char hex[DIGEST_HEX];
        buf_format(out, "%.12s", hash_hex(hex, at));
    } else if (field->kind == LIST) {
        uint32_t count = *(const uint32_t *)(const void *)(from + field->count_at);
        buf_format(out, "%u[", count);
        const char *element = *(const char *const *)at;
        for (uint32_t i = 0; i < count && i < ELEMENTS_SHOWN; i++, element += field->of->size) {
            buf_char(out, '{');
            show_shape(out, field->of, element);
            buf_char(out, '}');
        }
        buf_text(out, count > ELEMENTS_SHOWN ? "...]" : "]");
    } else {
        uint64_t value = load_number(at, field->kind);
        if (field->words)
            buf_text(out, field->words[value]);
        else
            buf_format(out, "%" PRIu64, value);
    }
}

/* Fields that are zero or empty say nothing. */
static bool field_empty(const struct field *field, const char *from)
{
    const void *at = from + field->at;
    if (field->kind == BYTES)
        return ((const struct str *)at)->size == 0;
    if (field->kind == DIGEST)
        return hash_zero(at);
    if (field->kind == LIST)
        return *(const uint32_t *)(const void *)(from + field->count_at) == 0;
    return load_number(at, field->kind) == 0;
}

static void show_shape(struct buf *out, const struct shape *shape, const char *from)
{
    const char *separator = "";
    for (uint32_t i = 0; i < shape->fields_count; i++) {
        if (field_empty(&shape->fields[i], from))
            continue;
        buf_format(out, "%s%s=", separator, shape->fields[i].name);
        show_field(out, &shape->fields[i], from);
        separator = " ";
    }
}

void wire_describe(struct buf *out, const struct wire *message)
{
    const struct row *row = &rows[message->type];
    buf_format(out, "%s ", wire_words[message->type]);
    show_shape(out, &row->shape, (const char *)message + row->at);
}

uint64_t wire_call_digest(struct arena *arena, struct str name, struct str args)
{
    CLEANUP(buf_done) struct buf canonical = { 0 };
    struct arena_mark mark = arena_mark(arena);
    const struct json *value = json_read(arena, args, NULL, NULL);
    if (value)
        json_canonical(&canonical, value);
    uint64_t digest = wire_call_digest_of(name, value ? buf_view(&canonical) : args);
    arena_release(arena, mark);
    return digest;
}

uint64_t wire_call_digest_of(struct str name, struct str canonical)
{
    return hash_fast(canonical.at, canonical.size, hash_fast(name.at, name.size, 1));
}

uint64_t wire_calls_fold(const uint64_t *digests, uint32_t count)
{
    return hash_fast(digests, count * sizeof(*digests), count);
}

uint64_t wire_calls_digest(const struct wire_call *calls, uint32_t count)
{
    uint64_t digests[WIRE_CALLS_MAX];
    assert(count <= WIRE_CALLS_MAX);
    CLEANUP(arena_done) struct arena arena = { 0 };
    for (uint32_t i = 0; i < count; i++)
        digests[i] = wire_call_digest(&arena, calls[i].name, calls[i].args);
    return wire_calls_fold(digests, count);
}

/* In pieces of one size of what is not blank: the digest must not depend on where blanks stood. */
uint64_t wire_text_digest(struct str text)
{
    char piece[256];
    size_t size = 0;
    uint64_t digest = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            continue;
        piece[size++] = c;
        if (size == sizeof(piece)) {
            digest = hash_fast(piece, size, digest);
            size = 0;
        }
    }
    return hash_fast(piece, size, digest);
}

uint64_t wire_end_digest(uint8_t end, const uint32_t *denied, uint32_t denied_count)
{
    return hash_fast(denied, denied_count * sizeof(*denied), end);
}

enum wire_again wire_again_of(
    uint32_t failed, uint32_t retry_after_ms, uint32_t model, uint32_t waited_ms)
{
    if (waited_ms > WIRE_AGAIN_MAX_MS)
        return WIRE_AGAIN_LATE;
    if (model != failed)
        return WIRE_AGAIN_OTHER;
    return waited_ms > 0 && waited_ms >= retry_after_ms ? WIRE_AGAIN_LATER : WIRE_AGAIN_SOON;
}

uint64_t wire_error_digest(uint8_t end, enum wire_again again)
{
    const uint8_t form[] = { end, (uint8_t)again };
    return hash_fast(form, sizeof(form), sizeof(form));
}
