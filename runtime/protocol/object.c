/* object - an object written again with some members changed and all other bytes as they were. See
 * codec.h. */
#include "protocol/codec.h"

#include <assert.h>
#include <string.h>

/* The keys looked for are plain ASCII, but a client may have written one with escapes. */
static bool has_key(const struct json *member, struct str key)
{
    if (!member->key_escaped)
        return str_equal(member->key, key);
    if (member->key.size > 6 * key.size)
        return false; /* longer than all of it as \u escapes */
    struct arena arena = { 0 };
    bool same = str_equal(json_key(&arena, member), key);
    arena_done(&arena);
    return same;
}

const struct json *codec_member(const struct json *object, const char *key)
{
    const struct json *found = NULL;
    if (json_is(object, JSON_OBJECT))
        JSON_EACH(member, object)
    if (has_key(member, str_of(key)))
        found = member;
    return found;
}

static void change_add(struct codec_changes *changes, struct codec_change change)
{
    assert(changes->count < CODEC_CHANGES_MAX);
    changes->at[changes->count++] = change;
}

void codec_set(
    struct codec_changes *changes, const struct json *object, const char *key, struct str value)
{
    const struct json *member = codec_member(object, key);
    change_add(changes, (struct codec_change){ .member = member, .key = key, .value = value });
}

void codec_drop(struct codec_changes *changes, const char *key)
{
    change_add(changes, (struct codec_change){ .key = key });
}

static const struct codec_change *change_of(
    const struct codec_changes *changes, const struct json *member)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        const struct codec_change *change = &changes->at[i];
        bool dropped = !change->value.at && has_key(member, str_of(change->key));
        if (dropped || change->member == member)
            return change;
    }
    return NULL;
}

static void new_members(struct buf *out, const struct codec_changes *changes, bool first)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        const struct codec_change *change = &changes->at[i];
        if (change->member || !change->value.at)
            continue;
        if (!first)
            buf_char(out, ',');
        first = false;
        json_quote(out, str_of(change->key));
        buf_char(out, ':');
        buf_str(out, change->value);
    }
}

void codec_object_write(
    struct buf *out, const struct json *object, const struct codec_changes *changes)
{
    const char *done = object->raw.at + 1, *end = object->raw.at + object->raw.size - 1;
    bool first = true, dropped = false;
    buf_char(out, '{');
    JSON_EACH(member, object)
    {
        const struct codec_change *change = change_of(changes, member);
        const char *key = member->key.at - 1, *behind = member->raw.at + member->raw.size;
        if (change && !change->value.at) {
            done = behind;
            dropped = true;
            continue;
        }
        if (first && dropped)
            done = key; /* without the comma of the one before */
        buf_add(out, done, (size_t)(member->raw.at - done));
        buf_str(out, change ? change->value : member->raw);
        done = behind;
        first = false;
    }
    new_members(out, changes, first);
    buf_add(out, done, (size_t)(end - done));
    buf_char(out, '}');
}

struct str codec_keep(struct arena *arena, struct buf *buf)
{
    struct str kept = { arena_copy(arena, buf->at ? buf->at : "", buf->size), buf->size };
    buf_done(buf);
    return kept;
}
