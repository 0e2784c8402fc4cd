/* rider - see rider.h. */
#include "trials/rider.h"

#include "base/mem.h"

const char *const rider_words[RIDERS] = {
    [RIDER_NONE] = "none",
    [RIDER_REQUEST] = "request",
    [RIDER_CALL_MORE] = "extra_call",
    [RIDER_CALL_LESS] = "call_gone",
    [RIDER_CALL_OTHER] = "other_call",
    [RIDER_ARGUMENT_MORE] = "extra_argument",
    [RIDER_ARGUMENT_LESS] = "argument_gone",
    [RIDER_ARGUMENT] = "argument",
    [RIDER_TEXT] = "text",
    [RIDER_END] = "end",
};
const char *const rider_phrases[RIDERS] = {
    [RIDER_NONE] = "nothing",
    [RIDER_REQUEST] = "a changed request",
    [RIDER_CALL_MORE] = "an extra call",
    [RIDER_CALL_LESS] = "a call gone",
    [RIDER_CALL_OTHER] = "another call",
    [RIDER_ARGUMENT_MORE] = "an extra argument",
    [RIDER_ARGUMENT_LESS] = "an argument gone",
    [RIDER_ARGUMENT] = "a changed argument",
    [RIDER_TEXT] = "a changed text",
    [RIDER_END] = "another end",
};

static uint32_t handed(const struct effects *effects)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < effects->calls_count; i++)
        count += !effects->calls[i].denied;
    return count;
}

/* Members of the arguments; what is no object has none. */
static enum rider arguments(struct str was, struct str now, struct arena *arena)
{
    static const struct json_limits lenient = { .duplicates = true };
    const struct json *a = json_read(arena, was, &lenient, NULL);
    const struct json *b = json_read(arena, now, &lenient, NULL);
    if (!a || !b)
        return str_equal(was, now) ? RIDER_NONE : RIDER_ARGUMENT;
    if (json_equal(a, b))
        return RIDER_NONE;
    if (!json_is(a, JSON_OBJECT) || !json_is(b, JSON_OBJECT))
        return RIDER_ARGUMENT;
    JSON_EACH(member, b)
    if (!json_get_str(a, json_key(arena, member)))
        return RIDER_ARGUMENT_MORE;
    return a->count > b->count ? RIDER_ARGUMENT_LESS : RIDER_ARGUMENT;
}

static enum rider calls(const struct effects *was, const struct effects *now)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    enum rider most = RIDER_NONE;
    uint32_t a = handed(was), b = handed(now);
    if (a != b)
        return b > a ? RIDER_CALL_MORE : RIDER_CALL_LESS;
    for (uint32_t i = 0, k = 0; i < now->calls_count; i++) {
        if (now->calls[i].denied)
            continue;
        const struct effects_call *before = &was->calls[k++]; /* none of a recording is denied */
        if (!str_equal(before->name, now->calls[i].name))
            return RIDER_CALL_OTHER;
        enum rider one = arguments(before->args, now->calls[i].args, &arena);
        if (one != RIDER_NONE && (most == RIDER_NONE || one < most))
            most = one;
    }
    return most;
}

enum rider rider_of(const struct run *run, uint32_t step, const struct effects *effects)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct effects recorded;
    effects_recorded(&recorded, run, step, &arena);
    if (!effects->request_same)
        return RIDER_REQUEST;
    enum rider of_calls = calls(&recorded, effects);
    if (of_calls != RIDER_NONE)
        return of_calls;
    return wire_text_digest(recorded.text) != wire_text_digest(effects->text) ? RIDER_TEXT
                                                                              : RIDER_END;
}
