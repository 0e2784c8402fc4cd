/* key - what a message says, as one digest, whoever wrote it down. See protocol_key.
 *
 * A client that echoes a reply parses it and prints it again: escapes, blanks, key order and the
 * form of numbers change (JavaScript makes 1 of 1.0 and has no integers over 2^53), members are
 * added and left out. None of that may count; the words, the calls and their ids do. */
#include "protocol/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct keying {
    struct hash_quick state;
    struct arena *scratch;
};

static void add_part(struct keying *keying, char tag, struct str part)
{
    uint8_t head[9] = { (uint8_t)tag };
    for (unsigned i = 0; i < 8; i++)
        head[i + 1] = (uint8_t)((uint64_t)part.size >> (8 * i));
    hash_quick_add(&keying->state, head, sizeof head);
    hash_quick_add(&keying->state, part.at, part.size);
}

static struct str text_of(struct keying *keying, const struct json *object, const char *key)
{
    return json_string(keying->scratch, codec_member(object, key));
}

/* Behind the string whose opening quote is at p. */
static const char *behind_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        p += *p == '\\';
    return p + 1;
}

/* Canonical JSON with every number as the double that it is for most readers. */
static void add_json(struct keying *keying, char tag, const struct json *value)
{
    struct buf exact = { 0 }, out = { 0 };
    json_canonical(&exact, value);
    const char *end = exact.at + exact.size;
    for (const char *p = exact.at; p < end;) {
        const char *start = p;
        if (*p == '"') {
            p = behind_string(p, end);
            buf_add(&out, start, (size_t)(p - start));
        } else if (*p == '-' || (*p >= '0' && *p <= '9')) {
            char *behind;
            double number = strtod(p, &behind);
            buf_format(&out, "%.17g", number + 0.0);
            p = behind;
        } else {
            buf_char(&out, *p++);
        }
    }
    add_part(keying, tag, buf_view(&out));
    buf_done(&exact);
    buf_done(&out);
}

/* Arguments are text that should be JSON; blank ones are the empty object. */
static void add_arguments(struct keying *keying, struct str text)
{
    text = str_trim(text);
    if (text.size == 0)
        text = STR("{}");
    struct json_limits limits = { .duplicates = true };
    const struct json *value = json_read(keying->scratch, text, &limits, NULL);
    if (value)
        add_json(keying, 'a', value);
    else
        add_part(keying, 'b', text);
}

static void add_call(struct keying *keying, const struct json *call)
{
    const struct json *function = codec_member(call, "function");
    const struct json *custom = codec_member(call, "custom");
    add_part(keying, 'i', text_of(keying, call, "id"));
    add_part(keying, 'n', text_of(keying, function ? function : custom, "name"));
    if (function)
        add_arguments(keying, text_of(keying, function, "arguments"));
    else
        add_part(keying, 'b', text_of(keying, custom, "input"));
}

/* The text of a content part, or of a refusal; at == NULL: it is something else. */
static struct str part_text(struct keying *keying, const struct json *part)
{
    if (json_is(part, JSON_STRING))
        return json_string(keying->scratch, part);
    struct str type = text_of(keying, part, "type");
    if (str_equal(type, STR("refusal")))
        return text_of(keying, part, "refusal");
    bool text = type.size == 0 || str_equal(type, STR("text"));
    return text ? text_of(keying, part, "text") : (struct str){ 0 };
}

/* An image, a file, a sound: all of it but the mark that moves with every request. */
static void add_other_part(struct keying *keying, const struct json *part)
{
    if (json_is(part, JSON_OBJECT))
        JSON_EACH(member, part)
        {
            if (str_equal(member->key, STR("cache_control")))
                continue;
            add_part(keying, 'k', json_key(keying->scratch, member));
            add_json(keying, 'v', member);
        }
}

/* What a model's message has besides text are thoughts, which clients may leave out. */
static void add_parts(struct keying *keying, const struct json *content, bool model)
{
    struct buf joined = { 0 };
    struct str only = { 0 };
    uint32_t texts = 0;
    JSON_EACH(part, content)
    {
        struct str text = part_text(keying, part);
        if (text.at) {
            if (texts++ > 0 && joined.size == 0)
                buf_str(&joined, only);
            only = text;
            if (texts > 1)
                buf_str(&joined, text);
        } else if (!model) {
            add_other_part(keying, part);
        }
    }
    add_part(keying, 't', str_trim(texts > 1 ? buf_view(&joined) : only));
    buf_done(&joined);
}

static void add_content(struct keying *keying, const struct json *message, bool model)
{
    const struct json *content = codec_member(message, "content");
    if (json_is(content, JSON_ARRAY)) {
        add_parts(keying, content, model);
        return;
    }
    struct str text = json_string(keying->scratch, content);
    if (text.size == 0)
        text = text_of(keying, message, "refusal");
    add_part(keying, 't', str_trim(text));
}

struct digest codec_key(const struct json *message, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    struct keying keying = { .scratch = scratch };
    hash_quick_begin(&keying.state);
    struct str role = text_of(&keying, message, "role");
    bool model = str_equal(role, STR("assistant"));
    add_part(&keying, 'r', role);
    add_content(&keying, message, model);
    const struct json *calls = codec_member(message, "tool_calls");
    const struct json *function = codec_member(message, "function_call");
    if (json_is(calls, JSON_ARRAY))
        JSON_EACH(call, calls)
    add_call(&keying, call);
    if (json_is(function, JSON_OBJECT)) {
        add_part(&keying, 'f', text_of(&keying, function, "name"));
        add_arguments(&keying, text_of(&keying, function, "arguments"));
    }
    if (!model)
        add_part(&keying, 'c', text_of(&keying, message, "tool_call_id"));
    struct digest key = hash_quick_end(&keying.state);
    arena_release(scratch, mark);
    return key;
}

struct digest protocol_key(struct str chat, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    struct json_limits limits = { .duplicates = true };
    const struct json *message = json_read(scratch, chat, &limits, NULL);
    struct digest key = message ? codec_key(message, scratch) : hash_of(chat);
    arena_release(scratch, mark);
    return key;
}
