/* recording - see recording.h. */
#include "trials/episode/recording.h"

#include "base/mem.h"
#include "protocol/protocol.h"

static struct digest key_of(struct str message)
{
    struct arena scratch = { 0 };
    struct digest key = protocol_key(message, &scratch);
    arena_done(&scratch);
    return key;
}

void recording_begin(
    struct recording *ret, const struct run *run, uint32_t first, struct arena *arena)
{
    *ret = (struct recording){ .run = run, .first = first, .step = first };
    ret->keys = arena_alloc(arena, (run->told_count + 1) * sizeof *ret->keys);
    for (uint32_t i = 0; i < run->told_count; i++)
        ret->keys[i] = key_of(run->messages[run->told[i]].bytes);
}

/* The value of a result that is JSON, or NULL. */
static const struct json *result_value(struct str message, struct str *ret_id, struct arena *arena)
{
    struct err unused;
    const struct json *root = json_read(arena, message, NULL, &unused), *value = NULL;
    if (!str_equal(json_string(arena, json_get(root, "role")), STR("tool")))
        return NULL;
    *ret_id = json_string(arena, json_get(root, "tool_call_id"));
    struct str text = json_string(arena, json_get(root, "content"));
    if (text.size > 0 && (text.at[0] == '{' || text.at[0] == '['))
        value = json_read(arena, text, NULL, &unused);
    return value;
}

/* A tool that answers the same in another hand: blanks, order of keys, 1.0 for 1. */
static bool same_result(struct str a, struct str b)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct str id_a, id_b;
    const struct json *value_a = result_value(a, &id_a, &scratch);
    const struct json *value_b = value_a ? result_value(b, &id_b, &scratch) : NULL;
    return value_b && str_equal(id_a, id_b) && json_equal(value_a, value_b);
}

/* How many messages from the first on are the same. */
static uint32_t same(const struct recording *recording, const struct str *messages, uint32_t count)
{
    uint32_t i = 0;
    for (; i < count && i < recording->run->told_count; i++) {
        struct digest key = key_of(messages[i]);
        const struct run *run = recording->run;
        if (!hash_equal(&key, &recording->keys[i]) &&
            !same_result(messages[i], run->messages[run->told[i]].bytes))
            break;
    }
    return i;
}

uint32_t recording_find(struct recording *recording, const struct str *messages, uint32_t count)
{
    const struct run *run = recording->run;
    uint32_t step = recording->step;
    while (step < run->steps_count && run_context(run, step) < count)
        step++;
    if (step >= run->steps_count || run_context(run, step) != count ||
        same(recording, messages, count) != count)
        return UINT32_MAX;
    recording->step = step;
    return step;
}

void recording_took(struct recording *recording)
{
    recording->step++;
}

bool recording_over(const struct recording *recording, const struct str *messages, uint32_t count)
{
    return count == recording->run->told_count && same(recording, messages, count) == count;
}

struct recording_parting recording_parts(
    const struct recording *recording, const struct str *messages, uint32_t count)
{
    const struct run *run = recording->run;
    uint32_t context =
        recording->step < run->steps_count ? run_context(run, recording->step) : run->told_count;
    uint32_t at = same(recording, messages, count);
    struct recording_parting parting = { .message = at };
    if (at < context)
        parting.recorded = run->messages[run->told[at]].bytes;
    if (at < count)
        parting.asked = messages[at];
    return parting;
}
