/* key - see key.h. */
#include "mock/key.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void key_begin(struct key *key)
{
    hash_begin(&key->state);
}

struct digest key_so_far(const struct key *key)
{
    struct hash_state copy = key->state;
    return hash_end(&copy);
}

/* Adds the string that begins at `at`; returns where it ends. */
static size_t add_string(struct buf *out, struct str text, size_t at)
{
    size_t end = at + 1;
    while (end < text.size && text.at[end] != '"')
        end += text.at[end] == '\\' ? 2 : 1;
    end = end < text.size ? end + 1 : text.size;
    buf_add(out, text.at + at, end - at);
    return end;
}

/* 1.0 and 1 are one number: printed the same, as a double is all that most readers take. */
static size_t add_number(struct buf *out, struct str text, size_t at)
{
    char *end = NULL;
    double value = strtod(text.at + at, &end);
    buf_format(out, "%.17g", value);
    return (size_t)(end - text.at);
}

static void print_value(struct buf *out, const struct json *value)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    json_canonical(&plain, value);
    struct str text = buf_view(&plain);
    for (size_t at = 0; at < text.size;) {
        char c = text.at[at];
        if (c == '"')
            at = add_string(out, text, at);
        else if (c == '-' || (c >= '0' && c <= '9'))
            at = add_number(out, text, at);
        else {
            buf_char(out, c);
            at++;
        }
    }
}

/* The value of a result that has one; false: it is a text. */
static bool value_of(struct buf *out, struct str text)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str trimmed = str_trim(text);
    if (trimmed.size == 0 || (trimmed.at[0] != '{' && trimmed.at[0] != '['))
        return false;
    const struct json *value = json_read(&arena, trimmed, NULL, NULL);
    if (value)
        print_value(out, value);
    return value != NULL;
}

void key_add(struct key *key, enum ask_role role, struct str text)
{
    CLEANUP(buf_done) struct buf value = { 0 };
    if (role != ASK_USER && role != ASK_TOOL)
        return;
    bool is_value = role == ASK_TOOL && value_of(&value, text);
    if (is_value)
        text = buf_view(&value);
    uint64_t head[3] = { role, is_value, text.size };
    hash_add(&key->state, head, sizeof head);
    hash_add(&key->state, text.at, text.size);
}
