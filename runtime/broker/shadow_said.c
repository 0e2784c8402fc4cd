/* shadow_said - see shadow_said.h. */
#include "broker/shadow_said.h"

#include "base/json.h"
#include "base/mem.h"

enum { TEXT_MAX = 1500, CALLS_SAID_MAX = 16 };

/* At most so many bytes; a character that is cut becomes U+FFFD. */
static void member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, "\"%s\":", name);
    json_quote(out, (struct str){ text.at, text.size < TEXT_MAX ? text.size : TEXT_MAX });
}

/* In the words of the trials, which read it (effects_end_words). */
static void begin(struct buf *out, const char *end, struct str text)
{
    buf_format(out, "{\"end\":\"%s\",", end);
    member(out, "text", text);
    buf_text(out, ",\"calls\":[");
}

static void call(struct buf *out, uint32_t index, struct str name, struct str args)
{
    if (index >= CALLS_SAID_MAX)
        return;
    buf_text(out, index ? ",{" : "{");
    member(out, "name", name);
    buf_char(out, ',');
    member(out, "args", args);
    buf_char(out, '}');
}

static void as_replied(struct buf *out, struct str reply)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *message = json_read(&arena, reply, NULL, NULL);
    const struct json *calls = json_get(message, "tool_calls");
    uint32_t count = 0;
    begin(out, calls && calls->count > 0 ? "handed" : "answered",
        json_string(&arena, json_get(message, "content")));
    JSON_EACH(one, calls)
    {
        const struct json *function = json_get(one, "function");
        call(out, count++, json_string(&arena, json_get(function, "name")),
            json_string(&arena, json_get(function, "arguments")));
    }
}

static void as_asked(struct buf *out, const struct wire_effect *effect)
{
    bool hand = effect->kind == WIRE_HAND, calls = effect->calls_count > 0;
    const char *end = hand && effect->refused ? "refused" : calls ? "handed" : "answered";
    begin(out, hand || calls ? end : "asked", hand ? effect->text : effect->name);
    for (uint32_t i = 0; i < effect->calls_count; i++)
        call(out, i, effect->calls[i].name, effect->calls[i].args);
}

char *shadow_said(const struct wire_effect *effect)
{
    struct buf out = { 0 };
    if (effect->kind == WIRE_HAND && effect->same)
        return NULL;
    as_asked(&out, effect);
    buf_text(&out, "]}");
    return buf_steal(&out);
}

char *shadow_said_reply(struct str reply)
{
    struct buf out = { 0 };
    as_replied(&out, reply);
    buf_text(&out, "]}");
    return buf_steal(&out);
}
