/* judge - see judge.h. */
#include "propose/judge.h"

#include "base/clock.h"
#include "base/mem.h"
#include "wire/pack.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SAY_MAX = 400, ANSWER_VERDICTS_MAX = 400000 };

void judge_begin(struct judge *judge, struct arena *arena, const struct bundle *bundle, int fd)
{
    *judge =
        (struct judge){ .channel = { .fd = fd }, .bundle = bundle, .began_ns = clock_mono_ns() };
    for (uint32_t i = 0; i < bundle->steps_count; i++)
        if (bundle->steps[i].id >= judge->ids)
            judge->ids = bundle->steps[i].id + 1;
    judge->place_of = arena_alloc(arena, judge->ids * sizeof(*judge->place_of));
    for (uint32_t i = 0; i < bundle->steps_count; i++)
        judge->place_of[bundle->steps[i].id] = i;
}

void judge_done(struct judge *judge)
{
    proposer_channel_done(&judge->channel);
}

double judge_seconds(const struct judge *judge)
{
    return (double)(clock_mono_ns() - judge->began_ns) / 1e9;
}

int judge_send(struct judge *judge, enum proposer_type type, struct str payload, struct err *err)
{
    return proposer_send(&judge->channel, type, payload, err);
}

void judge_say(struct judge *judge, const char *format, ...)
{
    char text[SAY_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    /* Progress that nobody hears is no reason to end; the next request will say so. */
    (void)judge_send(judge, PROPOSER_SAY, str_of(text), NULL);
}

/* The next frame must be of this type. */
static int want(struct judge *judge, enum proposer_type type, struct str *ret, struct err *err)
{
    enum proposer_type got;
    int r = proposer_receive(&judge->channel, &got, ret, err);
    if (r == 0)
        return err_set(err, ERR_PEER, "the driver has gone");
    if (r < 0)
        return err_while(err, "the driver's answer");
    if (got == PROPOSER_DENIED)
        return err_set(err, ERR_DENIED, "the driver: %.*s",
            (int)(ret->size < 200 ? ret->size : 200), ret->size ? ret->at : "");
    if (got != type)
        return err_set(err, ERR_PEER, "the driver answered with type %d instead of %d", got, type);
    return 0;
}

/* {"ok", "stage", "findings": [...]} as one line. */
static const char *findings(struct arena *arena, const struct json *answer)
{
    CLEANUP(buf_done) struct buf text = { .max = SAY_MAX };
    struct str stage = json_string(arena, json_get(answer, "stage"));
    buf_str(&text, stage);
    JSON_EACH(finding, json_get(answer, "findings"))
    {
        buf_text(&text, ": ");
        buf_str(&text, finding->raw);
    }
    return text.size ? arena_string(arena, text.at, text.size) : "";
}

int judge_build(struct judge *judge, struct str plugin, struct str source, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str payload;
    buf_text(&out, "{\"plugin\":");
    json_quote(&out, plugin);
    buf_text(&out, ",\"source\":");
    json_quote(&out, source);
    buf_char(&out, '}');
    int r = judge_send(judge, PROPOSER_BUILD, buf_view(&out), err);
    if (r == 0)
        r = want(judge, PROPOSER_BUILT, &payload, err);
    if (r < 0)
        return r;
    judge->builds++;
    const struct json *answer = json_read(&arena, payload, NULL, err);
    if (!answer)
        return err_while(err, "the driver's answer");
    if (!json_bool(json_get(answer, "ok"), false))
        return err_set(err, ERR_INPUT, "the trial build: %s", findings(&arena, answer));
    return 0;
}

static int take_judged(struct judge *judge, struct arena *arena, const uint32_t *row_of,
    uint32_t at, uint32_t part, bool watch, struct verdicts *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct str payload;
    struct proposer_judged judged;
    int r = want(judge, PROPOSER_JUDGED, &payload, err);
    if (r == 0)
        r = proposer_judged_decode(&judged, &scratch, payload, err);
    if (r < 0)
        return r;
    uint32_t row = judged.job < judge->ids ? row_of[judged.job] : UINT32_MAX;
    if (row == UINT32_MAX || judged.count != part)
        return err_set(err, ERR_PEER, "verdicts on a step or of a number that was not asked for");
    memcpy(
        ret->at + (size_t)row * ret->count + at, judged.verdicts, part * sizeof(*judged.verdicts));
    if (!watch)
        return 0;
    ret->atoms[row] =
        (struct str){ arena_copy(arena, judged.atoms.at, judged.atoms.size), judged.atoms.size };
    ret->cover[row] =
        (struct str){ arena_copy(arena, judged.cover.at, judged.cover.size), judged.cover.size };
    return 0;
}

/* One frame of candidates, and an answer a step. */
static int ask_part(struct judge *judge, struct arena *arena, const struct steps *steps,
    const struct candidate *candidates, uint32_t at, uint32_t part, bool watch,
    struct verdicts *ret, struct err *err)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct proposer_judge ask = {
        .jobs_count = steps->count, .count = part, .width = HOLES, .atoms = watch, .cover = watch
    };
    uint32_t *row_of = arena_take(&scratch, judge->ids * sizeof(*row_of));
    memset(row_of, 0xff, judge->ids * sizeof(*row_of));
    ask.jobs = arena_alloc(&scratch, steps->count * sizeof(*ask.jobs));
    ask.holes = arena_alloc(&scratch, part * sizeof(candidates->holes));
    ask.decide = arena_alloc(&scratch, part * sizeof(*ask.decide));
    for (uint32_t i = 0; i < steps->count; i++) {
        ask.jobs[i] = judge->bundle->steps[steps->at[i]].id;
        row_of[ask.jobs[i]] = i;
    }
    for (uint32_t i = 0; i < part; i++) {
        memcpy(ask.holes + (size_t)i * HOLES, candidates[at + i].holes, sizeof(candidates->holes));
        ask.decide[i] = candidates[at + i].decide;
    }
    proposer_judge_encode(&out, &ask);
    int r = judge_send(judge, PROPOSER_JUDGE, buf_view(&out), err);
    for (uint32_t i = 0; r == 0 && i < steps->count; i++)
        r = take_judged(judge, arena, row_of, at, part, watch, ret, err);
    judge->judged += (uint64_t)steps->count * part;
    return r;
}

int judge_ask(struct judge *judge, struct arena *arena, const struct steps *steps,
    const struct candidate *candidates, uint32_t count, bool watch, struct verdicts *ret,
    struct err *err)
{
    *ret = (struct verdicts){ .count = count };
    if (steps->count == 0 || count == 0)
        return 0;
    ret->at = arena_alloc(arena, (size_t)steps->count * count * sizeof(*ret->at));
    ret->atoms = arena_alloc(arena, steps->count * sizeof(*ret->atoms));
    ret->cover = arena_alloc(arena, steps->count * sizeof(*ret->cover));
    uint32_t room = ANSWER_VERDICTS_MAX / steps->count;
    uint32_t part_max = room < 1 ? 1 : room < PROPOSER_VECTORS_MAX ? room : PROPOSER_VECTORS_MAX;
    for (uint32_t at = 0; at < count;) {
        uint32_t part = count - at < part_max ? count - at : part_max;
        bool last = at + part == count;
        int r = ask_part(judge, arena, steps, candidates, at, part, watch && last, ret, err);
        if (r < 0)
            return r;
        at += part;
    }
    return 0;
}

int judge_tried(struct judge *judge, struct arena *arena, struct str proposal,
    const struct json **ret, struct err *err)
{
    struct str payload;
    int r = judge_send(judge, PROPOSER_TRY, proposal, err);
    if (r == 0)
        r = want(judge, PROPOSER_TRIED, &payload, err);
    if (r < 0)
        return r;
    judge->tried++;
    struct str copy = { arena_copy(arena, payload.at, payload.size), payload.size };
    *ret = json_read(arena, copy, NULL, err);
    return *ret ? 0 : err_while(err, "the driver's answer");
}

int judge_try(struct judge *judge, struct arena *arena, struct str proposal,
    struct judge_fixed *ret, const char **ret_why, struct err *err)
{
    const struct json *answer;
    int r = judge_tried(judge, arena, proposal, &answer, err);
    if (r < 0)
        return r;
    ret->groups = (uint32_t)json_int(json_get(answer, "fixed_groups"), 0);
    ret->steps = (uint32_t)json_int(json_get(answer, "fixed"), 0);
    *ret_why = findings(arena, answer);
    const struct json *changed = json_get(answer, "changed_steps");
    if (changed && changed->count > 0)
        *ret_why = arena_format(arena, "changes %u steps that must stay", changed->count);
    return json_bool(json_get(answer, "ok"), false) && ret->groups > 0 &&
           !(changed && changed->count > 0);
}

int judge_model(struct judge *judge, struct arena *arena, struct str request, unsigned *ret_status,
    struct str *ret_body, struct err *err)
{
    struct str payload;
    int r = judge_send(judge, PROPOSER_ASK, request, err);
    if (r == 0)
        r = want(judge, PROPOSER_ANSWERED, &payload, err);
    if (r < 0)
        return r;
    struct unpack in = unpack_begin(payload);
    unsigned status = unpack_u32(&in);
    struct str body = unpack_text(&in, PROPOSER_FRAME_MAX);
    if (!unpack_end(&in))
        return err_set(err, ERR_PEER, "a model's answer that is not whole");
    *ret_status = status;
    *ret_body = (struct str){ arena_copy(arena, body.at, body.size), body.size };
    return 0;
}

bool judge_same(const struct proposer_verdict *a, const struct proposer_verdict *b)
{
    return !a->abnormal && !b->abnormal && a->calls == b->calls && a->text == b->text &&
           a->end == b->end;
}
