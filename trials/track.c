/* track - see track.h. */
#include "trials/track.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { DETAIL_MAX = 400 };

void track_begin(struct track *track, const struct run *run, struct arena *arena)
{
    *track = (struct track){ .run = run,
        .steps = arena_alloc(arena, (run->steps_count + 1) * sizeof *track->steps),
        .changed = UINT32_MAX,
        .outcome = OUTCOME_SAME,
        .complete = run->steps_count == 0,
        .prefix = true };
}

/* --- failures in what was handed over */

static void print_reply(struct buf *out, const struct effects *effects)
{
    int calls = 0;
    buf_text(out, "{\"role\":\"assistant\",\"content\":");
    json_quote(out, effects->text);
    for (uint32_t i = 0; i < effects->calls_count; i++) {
        const struct effects_call *call = &effects->calls[i];
        if (call->denied)
            continue;
        buf_format(out, "%s{\"id\":\"%u\",\"type\":\"function\",\"function\":{\"name\":",
            calls++ ? "," : ",\"tool_calls\":[", i);
        json_quote(out, call->name);
        buf_text(out, ",\"arguments\":");
        json_quote(out, call->args);
        buf_text(out, "}}");
    }
    buf_text(out, calls ? "]}" : "}");
}

/* The conversation as it would stand now, read by the code that reads recordings. */
static struct run *with_reply(
    struct arena *arena, const struct run *run, uint32_t at, struct str reply)
{
    struct run *copy = run_new(arena);
    copy->tools = run->tools;
    copy->offered = run->offered;
    copy->meta = run->meta;
    for (uint32_t i = 0; i < at; i++)
        if (run_add(copy, run->messages[i].bytes, run->messages[i].failed, NULL) < 0)
            return NULL;
    if (run_add(copy, reply, false, NULL) < 0)
        return NULL;
    run_seal(copy);
    return copy;
}

struct last_step {
    uint32_t step;
    bool hit;
};

static void on_hit(void *with, const struct detect_hit *hit)
{
    struct last_step *last = with;
    last->hit |= hit->step == last->step;
}

uint64_t track_failing(const struct run *run, uint32_t step, const struct effects *effects)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf reply = { 0 };
    const struct run_message *recorded = run_step(run, step);
    uint64_t failing = 0;
    if (recorded->error && effects->end == EFFECTS_ASKED)
        return 0; /* nothing was said yet */
    if (recorded->error && effects->end == EFFECTS_FAILED)
        buf_str(&reply, recorded->bytes);
    else
        print_reply(&reply, effects);
    const struct run *now = with_reply(&arena, run, run->steps[step], buf_view(&reply));
    for (unsigned i = 0; now && i < detectors_count; i++) {
        struct last_step last = { .step = now->steps_count - 1 };
        if (detectors[i].hook < 0)
            continue;
        detectors[i].find(now, on_hit, &last);
        failing |= (uint64_t)last.hit << i;
    }
    return failing;
}

/* --- a step */

static struct str detail_of(uint32_t step, const struct effects *seen, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { .max = DETAIL_MAX };
    buf_format(&out, "step %u %s", step, effects_end_words[seen->end]);
    if (seen->why.size > 0)
        buf_format(&out, ": %.*s", (int)seen->why.size, seen->why.at);
    for (uint32_t i = 0; i < seen->calls_count; i++) {
        const struct effects_call *call = &seen->calls[i];
        buf_format(&out, "; %s%.*s %.*s", call->denied ? "denied " : "", (int)call->name.size,
            call->name.at, (int)call->args.size, call->args.at);
    }
    if (seen->text.size > 0) {
        buf_text(&out, "; text: ");
        buf_str(&out, seen->text);
    }
    while (out.size > 0 && !str_utf8(buf_view(&out)))
        out.at[--out.size] = '\0'; /* cut inside a character, or bytes that are none */
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

static void note_change(
    struct track *track, uint32_t step, const struct effects *seen, struct arena *arena)
{
    track->changed = step;
    track->prefix = seen->prefix;
    track->detail = detail_of(step, seen, arena);
    if (track->outcome != OUTCOME_RESOLVED && track->outcome != OUTCOME_ABNORMAL)
        track->failing = track_failing(track->run, step, seen);
}

/* Byte for byte, which is how nearly every step goes: nothing has to be compared in form. */
static bool as_recorded(const struct run *run, uint32_t step, const struct effects *seen)
{
    bool calls = run_step(run, step)->calls_count > 0;
    return seen->request_same && seen->same && !run_step_error(run, step) &&
           seen->end == (calls ? EFFECTS_HANDED : EFFECTS_ANSWERED);
}

int track_step(struct track *track, const struct detector *detector, uint32_t step,
    const struct effects *effects, struct arena *arena)
{
    CLEANUP(arena_done) struct arena mine = { 0 };
    track->steps[track->count++] = effects->digest;
    if (!as_recorded(track->run, step, effects))
        track->outcome = (uint8_t)detect_outcome(detector, track->run, step, effects, &mine);
    bool changed = track->outcome != OUTCOME_SAME;
    if (changed)
        note_change(track, step, effects, arena);
    track->complete = changed || step + 1 == track->run->steps_count;
    return changed;
}

uint32_t track_parts(const struct track *a, const struct track *b)
{
    uint32_t count = a->count < b->count ? a->count : b->count;
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&a->steps[i], &b->steps[i], sizeof a->steps[i]) != 0)
            return i;
    return a->count == b->count ? UINT32_MAX : count;
}

struct digest track_digest(const struct track *track, uint32_t step)
{
    struct hash_state hash;
    hash_begin(&hash);
    for (uint32_t i = 0; i < track->count && i <= step; i++)
        hash_add(&hash, track->steps[i].at, sizeof track->steps[i].at);
    return hash_end(&hash);
}
