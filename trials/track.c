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
        .mended = UINT32_MAX,
        .complete = run->steps_count == 0 };
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

/* NULL: nothing was said there. */
static const struct run *as_handed(
    struct arena *arena, const struct run *run, uint32_t step, const struct effects *effects)
{
    CLEANUP(buf_done) struct buf reply = { 0 };
    const struct run_message *recorded = run_step(run, step);
    if (recorded->error && effects->end == EFFECTS_ASKED)
        return NULL;
    if (recorded->error && effects->end == EFFECTS_FAILED)
        buf_str(&reply, recorded->bytes);
    else
        print_reply(&reply, effects);
    struct str text = { arena_string(arena, reply.at, reply.size), reply.size };
    return with_reply(arena, run, run->steps[step], text);
}

static bool at_its_end(const struct detector *detector, const struct run *now)
{
    struct last_step last = { .step = now->steps_count - 1 };
    detector->find(now, on_hit, &last);
    return last.hit;
}

uint64_t track_failing(const struct run *run, uint32_t step, const struct effects *effects)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct run *now = as_handed(&arena, run, step, effects);
    uint64_t failing = 0, bit = 1;
    for (unsigned i = 0; now && i < detectors_count; i++) {
        if (detectors[i].hook < 0)
            continue;
        if (at_its_end(&detectors[i], now))
            failing |= bit;
        bit <<= 1;
    }
    return failing;
}

bool track_shows(const struct detector *detector, const struct run *run, uint32_t step,
    const struct effects *effects)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct run *now = as_handed(&arena, run, step, effects);
    return now && at_its_end(detector, now);
}

/* --- a step */

static struct str detail_of(uint32_t step, const struct effects *seen, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { .max = DETAIL_MAX };
    buf_format(&out, "step %u ", step);
    effects_say(&out, seen);
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

/* Two at most tell people what was seen: a build that changes everything changes a lot. */
static bool worth_telling(const struct track *track, uint8_t outcome)
{
    if (!track->first)
        return true;
    for (const struct track_change *at = track->first->next; at; at = at->next)
        if (at->detail.size > 0)
            return false;
    return outcome != OUTCOME_RESOLVED;
}

/* The old arm fails there, too. A hook that failed has left everything as it was; a worker that
 * died has not. */
static bool at_symptom(const struct track *track, const struct detector *detector, uint32_t step,
    const struct effects *seen)
{
    bool died = seen->end == EFFECTS_ABNORMAL && !seen->hook_failed;
    return track->first && !died && detect_symptom(detector, track->run, step);
}

static void note_change(struct track *track, const struct detector *detector, uint32_t step,
    uint8_t outcome, const struct effects *seen, struct arena *arena)
{
    struct track_change *change = arena_alloc(arena, sizeof *change);
    *change = (struct track_change){ .step = step, .outcome = outcome, .prefix = seen->prefix };
    if (outcome == OUTCOME_SUPPRESSED || outcome == OUTCOME_UNEXPLAINED)
        change->rider = (uint8_t)rider_of(track->run, step, seen);
    if (outcome != OUTCOME_RESOLVED)
        change->symptom = at_symptom(track, detector, step, seen);
    if (worth_telling(track, outcome))
        change->detail = detail_of(step, seen, arena);
    if (!track->first) {
        track->changed = step;
        if (outcome != OUTCOME_RESOLVED && outcome != OUTCOME_ABNORMAL)
            track->failing = track_failing(track->run, step, seen);
    }
    if (outcome == OUTCOME_RESOLVED && track->mended == UINT32_MAX)
        track->mended = step;
    *(track->last ? &track->last->next : &track->first) = change;
    track->last = change;
}

/* Byte for byte, which is how nearly every step goes: nothing has to be compared in form. */
static bool as_recorded(const struct run *run, uint32_t step, const struct effects *seen)
{
    bool calls = run_step(run, step)->calls_count > 0;
    return seen->request_same && seen->same && !run_step_error(run, step) &&
           seen->end == (calls ? EFFECTS_HANDED : EFFECTS_ANSWERED);
}

/* Behind an abnormal end nothing is asked for: it has lost, and each further one costs a worker. */
int track_step(struct track *track, const struct detector *detector, uint32_t step,
    const struct effects *effects, struct arena *arena)
{
    CLEANUP(arena_done) struct arena mine = { 0 };
    uint8_t outcome = OUTCOME_SAME;
    track->steps[track->count++] = effects->digest;
    if (!as_recorded(track->run, step, effects))
        outcome = (uint8_t)detect_outcome(detector, track->run, step, effects, &mine);
    if (outcome == OUTCOME_UNEXPLAINED && track->any &&
        detect_resolved_by(track->run, step, effects))
        outcome = OUTCOME_RESOLVED;
    if (outcome != OUTCOME_SAME)
        note_change(track, detector, step, outcome, effects, arena);
    bool over = outcome == OUTCOME_ABNORMAL && !track->last->symptom;
    track->complete = over || step + 1 == track->run->steps_count;
    return over;
}

const struct track_change *track_change_at(const struct track *track, uint32_t step)
{
    const struct track_change *at = track->first;
    while (at && at->step < step)
        at = at->next;
    return at && at->step == step ? at : NULL;
}

uint8_t track_outcome(const struct track *track, uint32_t step)
{
    const struct track_change *at =
        step == UINT32_MAX ? track->first : track_change_at(track, step);
    return at ? at->outcome : OUTCOME_SAME;
}

uint8_t track_rider(const struct track *track, uint32_t step)
{
    const struct track_change *at = track_change_at(track, step);
    return at ? at->rider : RIDER_NONE;
}

uint32_t track_parts(const struct track *a, const struct track *b)
{
    uint32_t count = a->count < b->count ? a->count : b->count;
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&a->steps[i], &b->steps[i], sizeof a->steps[i]) != 0)
            return i;
    return a->count == b->count ? UINT32_MAX : count;
}

/* Where the old arm has no effects of its own, whoever leaves the recording alone is not worse. */
static bool strays(const struct track *old, const struct track *new, uint32_t step)
{
    uint8_t outcome = track_outcome(new, step);
    if (outcome == OUTCOME_RESOLVED)
        return false;
    if (step >= old->count || track_outcome(old, step) == OUTCOME_ABNORMAL)
        return outcome != OUTCOME_SAME;
    return memcmp(&old->steps[step], &new->steps[step], sizeof new->steps[step]) != 0;
}

uint32_t track_strays(
    const struct track *old, const struct track *new, uint32_t parts, bool *ret_symptom)
{
    uint32_t mild = UINT32_MAX;
    *ret_symptom = false;
    for (uint32_t step = parts; parts != UINT32_MAX && ++step < new->count;) {
        const struct track_change *change = track_change_at(new, step);
        if (!strays(old, new, step))
            continue;
        if (!change || !change->symptom)
            return step;
        if (mild == UINT32_MAX)
            mild = step;
    }
    *ret_symptom = mild != UINT32_MAX;
    return mild;
}

struct digest track_digest(const struct track *track, uint32_t step)
{
    struct hash_state hash;
    hash_begin(&hash);
    for (uint32_t i = 0; i < track->count && i <= step; i++)
        hash_add(&hash, track->steps[i].at, sizeof track->steps[i].at);
    return hash_end(&hash);
}
