/* effects - what a step asked for, compared as frames compare and digested so that two arms can be.
 *
 * Canonical form: a call is its name, its arguments as canonical JSON (their raw text where they
 * are none) and whether it was denied; text is taken without white space, since a repair may leave
 * a blank line where a call stood. */
#include "trials/effects.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

const char *const outcome_words[5] = {
    [OUTCOME_SAME] = "same",
    [OUTCOME_RESOLVED] = "resolved",
    [OUTCOME_SUPPRESSED] = "suppressed",
    [OUTCOME_UNEXPLAINED] = "unexplained",
    [OUTCOME_ABNORMAL] = "abnormal",
};
const char *const effects_end_words[6] = {
    [EFFECTS_ANSWERED] = "answered",
    [EFFECTS_HANDED] = "handed",
    [EFFECTS_ASKED] = "asked",
    [EFFECTS_REFUSED] = "refused",
    [EFFECTS_FAILED] = "failed",
    [EFFECTS_ABNORMAL] = "abnormal",
};

const char *const effects_again_words[5] = {
    [WIRE_AGAIN_NOT] = "not again",
    [WIRE_AGAIN_OTHER] = "another model",
    [WIRE_AGAIN_LATER] = "again later",
    [WIRE_AGAIN_SOON] = "again too soon",
    [WIRE_AGAIN_LATE] = "again too late",
};

enum wire_again effects_again(const struct run_error *error, uint32_t model, uint32_t waited_ms)
{
    return wire_again_of(error->model, error->retry_after_ms, model, waited_ms);
}

void effects_recorded(
    struct effects *ret, const struct run *run, uint32_t step, struct arena *arena)
{
    const struct run_message *reply = run_step(run, step);
    const struct run_error *error = reply->error;
    *ret =
        (struct effects){ .request_same = true, .prefix = true, .same = true, .text = reply->text };
    ret->end = error                    ? error->again ? EFFECTS_ASKED : EFFECTS_FAILED
               : reply->calls_count > 0 ? EFFECTS_HANDED
                                        : EFFECTS_ANSWERED;
    ret->error = error != NULL;
    if (error && error->again)
        ret->again = (uint8_t)effects_again(error, error->again_model, error->again_ms);
    ret->calls = arena_alloc(arena, (reply->calls_count + 1) * sizeof(*ret->calls));
    ret->calls_count = reply->calls_count;
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        ret->calls[i].name = reply->calls[i].name;
        ret->calls[i].args = reply->calls[i].args;
    }
    effects_seal(ret);
}

static void text_form(struct buf *out, struct str text)
{
    for (size_t from = 0, at = 0; from < text.size; from = ++at) {
        while (at < text.size && !isspace((unsigned char)text.at[at]))
            at++;
        buf_add(out, text.at + from, at - from);
    }
}

static void args_form(struct buf *out, struct str args, struct arena *arena)
{
    static const struct json_limits lenient = { .duplicates = true };
    const struct json *value = json_read(arena, args, &lenient, NULL);
    if (value)
        json_canonical(out, value);
    else
        buf_str(out, args);
}

/* Parts are told apart by their lengths: no text can pass for a call. */
static void form_of(struct buf *out, const struct effects *effects)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf part = { 0 };
    text_form(&part, effects->text);
    buf_format(out, "%zu:", part.size);
    buf_str(out, buf_view(&part));
    for (uint32_t i = 0; i < effects->calls_count; i++) {
        const struct effects_call *call = &effects->calls[i];
        buf_clear(&part);
        args_form(&part, call->args, &arena);
        buf_format(out, "%d,%zu:", call->denied, call->name.size);
        buf_str(out, call->name);
        buf_format(out, "%zu:", part.size);
        buf_str(out, buf_view(&part));
    }
}

bool effects_equal(const struct effects *a, const struct effects *b)
{
    if (a->calls_count != b->calls_count)
        return false;
    CLEANUP(buf_done) struct buf form_a = { 0 }, form_b = { 0 };
    form_of(&form_a, a);
    form_of(&form_b, b);
    return str_equal(buf_view(&form_a), buf_view(&form_b));
}

void effects_seal(struct effects *effects)
{
    CLEANUP(buf_done) struct buf form = { 0 };
    buf_format(&form, "%d,%d,%d;", effects->end, effects->request_same, effects->again);
    if (effects->shown)
        buf_format(&form, "%llx;", (unsigned long long)effects->shown);
    if (!hash_zero(&effects->asked))
        buf_add(&form, effects->asked.at, sizeof effects->asked.at);
    form_of(&form, effects);
    effects->digest = hash_of(buf_view(&form));
}

void effects_say(struct buf *out, const struct effects *effects)
{
    buf_text(out, effects_end_words[effects->end]);
    if (effects->why.size > 0)
        buf_format(out, ": %.*s", (int)effects->why.size, effects->why.at);
    for (uint32_t i = 0; i < effects->calls_count; i++) {
        const struct effects_call *call = &effects->calls[i];
        buf_format(out, "; %s%.*s %.*s", call->denied ? "denied " : "", (int)call->name.size,
            call->name.at, (int)call->args.size, call->args.at);
    }
    if (effects->shows.size > 0)
        buf_format(out, "; shown%.*s", (int)effects->shows.size, effects->shows.at);
    if (effects->text.size > 0) {
        buf_text(out, "; text: ");
        buf_str(out, effects->text);
    }
    while (out->size > 0 && !str_utf8(buf_view(out)))
        out->at[--out->size] = '\0'; /* cut inside a character, or bytes that are none */
}

static struct str keep(struct arena *arena, struct str text)
{
    return (struct str){ arena_string(arena, text.size ? text.at : "", text.size), text.size };
}

struct effects effects_copy(const struct effects *effects, struct arena *arena)
{
    struct effects copy = *effects;
    copy.text = keep(arena, effects->text);
    copy.why = keep(arena, effects->why);
    copy.shows = keep(arena, effects->shows);
    copy.calls = arena_alloc(arena, (effects->calls_count + 1) * sizeof *copy.calls);
    for (uint32_t i = 0; i < effects->calls_count; i++)
        copy.calls[i] = (struct effects_call){ keep(arena, effects->calls[i].name),
            keep(arena, effects->calls[i].args), effects->calls[i].denied };
    return copy;
}
