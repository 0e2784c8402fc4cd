/* vectors - many candidates in one build: a candidate is a row of numbers that its code switches
 * on.
 *
 * The reply is parsed once; an error in its place is put to the turn as it would have arrived. For
 * each row its hooks run as they would in life, up to the point where something would leave; that
 * is digested, and memory, state and reply are put back. Nothing is sent or settled, so a thousand
 * candidates cost a thousand runs of the hooks and no more. */
#include "worker/vectors.h"

#include "base/mem.h"
#include "wire/shown.h"
#include "worker/effects.h"

#include <string.h>

static const struct moult_trial *find_trial(const struct harness *harness)
{
    for (uint32_t i = 0; i < harness->builds_count; i++)
        if (harness->builds[i].trial)
            return harness->builds[i].trial;
    return NULL;
}

static int check(const struct session *session, const struct moult_trial *trial,
    const struct wire_vectors *vectors, struct err *err)
{
    if (!trial)
        return err_set(err, ERR_STATE, "no trial build is loaded");
    if (session->kind != WIRE_GATEWAY || session->turn.stage != STAGE_IDLE)
        return err_set(
            err, ERR_STATE, "candidates are judged in a gateway session with no turn in work");
    if (vectors->width > trial->holes_count)
        return err_set(err, ERR_INPUT, "rows of %u numbers for a build with %u holes",
            vectors->width, trial->holes_count);
    if (vectors->error_class != MOULT_NO_ERROR && vectors->model >= session->models_count)
        return err_set(err, ERR_INPUT, "a failed request to model %u of %u", vectors->model,
            session->models_count);
    if (vectors->holes_count != vectors->width * vectors->decide_count)
        return err_set(err, ERR_INPUT, "the rows are not all there");
    return 0;
}

/* What a candidate starts from: the parsed reply. Its calls are changed in place, hence a copy. */
static void put_reply(struct turn *turn, const struct reply *parsed)
{
    turn->reply = *parsed;
    if (parsed->calls_count > 0)
        turn->reply.calls =
            arena_copy(&turn->arena, parsed->calls, parsed->calls_count * sizeof(struct call));
    turn->reply.calls_room = parsed->calls_count;
    turn->body = parsed->text;
    turn->body_changed = false;
    turn->how = 0;
    turn->waiting = turn->rounds = turn->index = turn->place = turn->asks_count = 0;
    turn->checked = turn->failed_hook = false;
}

/* What a candidate before may have made of the request. */
static void forget_request(struct turn *turn)
{
    turn->dropped = NULL;
    turn->added = NULL;
    turn->added_count = turn->added_room = 0;
    turn->hint = (struct str){ 0 };
}

/* The error instead, or none. */
static void put_error(struct turn *turn, const struct wire_vectors *vectors)
{
    turn->error_class = vectors->error_class;
    turn->retry_after_ms = vectors->retry_after_ms;
    turn->attempt = vectors->attempt;
    turn->model = vectors->model;
    turn->wait_ms = turn->waited_ms = 0;
    forget_request(turn);
}

/* The request of an error that was not the first of its step went who knows where. */
static bool own_model(const struct turn *turn, const struct wire_vectors *vectors)
{
    if (vectors->error_class == MOULT_NO_ERROR)
        return turn->model == 0;
    return vectors->attempt > 0 || turn->model == vectors->model;
}

/* The way to the request, if it is asked for. False: none is made, and the step ends there. */
static bool show(
    struct session *session, const struct wire_vectors *vectors, enum wire_step_end *ret_end)
{
    struct turn *turn = &session->turn;
    turn->shown = 0;
    if (!vectors->asks)
        return true;
    turn->error_class = MOULT_NO_ERROR;
    turn->model = 0;
    forget_request(turn);
    bool asks = loop_judge_request(session, ret_end);
    if (asks)
        turn->shown = effect_shown(session, own_model(turn, vectors), turn->shown);
    return asks;
}

/* One candidate on the step. */
static enum wire_step_end run_step(
    struct session *session, const struct wire_vectors *vectors, const struct reply *parsed)
{
    struct turn *turn = &session->turn;
    enum wire_step_end end;
    put_reply(turn, parsed);
    if (!show(session, vectors, &end))
        return end;
    bool failed = turn->failed_hook;
    put_reply(turn, parsed);
    put_error(turn, vectors);
    end = loop_judge(session);
    turn->failed_hook |= failed;
    return end;
}

static uint64_t end_digest(const struct turn *turn, const struct wire_vectors *vectors,
    enum wire_step_end end, const uint32_t *denied, uint32_t denials)
{
    enum wire_again again = WIRE_AGAIN_NOT;
    if (turn->failed_hook)
        end = WIRE_STEP_ABNORMAL;
    if (vectors->error_class == MOULT_NO_ERROR)
        return wire_shown_end(wire_end_digest((uint8_t)end, denied, denials), turn->shown);
    if (end == WIRE_STEP_ASKED)
        again =
            wire_again_of(vectors->model, vectors->retry_after_ms, turn->model, turn->waited_ms);
    return wire_shown_end(wire_error_digest((uint8_t)end, again), turn->shown);
}

/* text_digest: of the text that was parsed, so that it is made once. */
static struct wire_verdict digest(const struct session *session, const struct wire_vectors *vectors,
    enum wire_step_end end, struct str parsed, uint64_t parsed_digest)
{
    const struct turn *turn = &session->turn;
    const struct reply *reply = &turn->reply;
    uint64_t calls[WIRE_CALLS_MAX];
    uint32_t denied[WIRE_CALLS_MAX], count = 0, denials = 0;
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        if (reply->calls[i].denied)
            denied[denials++] = i;
        else
            calls[count++] = reply->calls[i].face.digest;
    }
    bool same_text = reply->text.at == parsed.at && reply->text.size == parsed.size;
    return (struct wire_verdict){
        .calls = wire_calls_fold(calls, count),
        .text = same_text ? parsed_digest : wire_text_digest(reply->text),
        .end = end_digest(turn, vectors, end, denied, denials),
        .abnormal = turn->failed_hook,
    };
}

static void set_candidate(
    const struct moult_trial *trial, const uint16_t *holes, uint32_t width, uint64_t decide)
{
    memcpy(trial->holes, holes, width * sizeof(*holes));
    memset(trial->holes + width, 0, (trial->holes_count - width) * sizeof(*holes));
    if (trial->decide)
        *trial->decide = decide;
    if (trial->reached)
        *trial->reached = 0;
}

/* The last row also brings what it covered and which conditions held. */
static void watch(const struct moult_trial *trial, const struct wire_vectors *vectors)
{
    if (trial->want_atoms)
        *trial->want_atoms = vectors->atoms;
    if (vectors->atoms && trial->atoms)
        memset(trial->atoms, 0, 64 * (size_t)(trial->atoms_count / 8));
    if (vectors->cover && trial->cover)
        memset(trial->cover, 0, trial->cover_count * sizeof(*trial->cover));
}

static void answer(struct session *session, const struct moult_trial *trial,
    const struct wire_vectors *vectors, struct wire_verdict *verdicts)
{
    struct wire message = { WIRE_VERDICTS, .verdicts = {
                                               .lease = session->lease,
                                               .verdicts = verdicts,
                                               .verdicts_count = vectors->decide_count,
                                           } };
    uint32_t reached = trial->reached ? *trial->reached : 0;
    if (vectors->atoms && trial->atoms)
        message.verdicts.atoms = (struct str){ (const char *)trial->atoms,
            (size_t)(reached < 64 ? reached : 64) * (trial->atoms_count / 8) };
    if (vectors->cover && trial->cover)
        message.verdicts.cover =
            (struct str){ (const char *)trial->cover, trial->cover_count * sizeof(*trial->cover) };
    frame_put(session->worker->channel, &message, NULL);
    if (trial->want_atoms)
        *trial->want_atoms = 0;
}

int vectors_judge(struct session *session, const struct wire_vectors *vectors, struct err *err)
{
    const struct moult_trial *trial = find_trial(session->harness);
    struct turn *turn = &session->turn;
    int r = check(session, trial, vectors, err);
    if (r < 0)
        return r;
    turn_begin(session);
    struct reply parsed = { 0 };
    if (vectors->error_class == MOULT_NO_ERROR)
        r = reply_parse(&parsed, &turn->arena, vectors->reply, err);
    if (r < 0)
        return r;
    uint64_t text_digest = wire_text_digest(parsed.text);
    struct wire_verdict *verdicts =
        arena_alloc(&session->worker->inbox, vectors->decide_count * sizeof(*verdicts));
    struct arena_mark mark = arena_mark(&turn->arena);
    turn->judging = true;
    for (uint32_t i = 0; i < vectors->decide_count; i++) {
        if (i + 1 == vectors->decide_count)
            watch(trial, vectors);
        set_candidate(
            trial, vectors->holes + (size_t)i * vectors->width, vectors->width, vectors->decide[i]);
        enum wire_step_end end = run_step(session, vectors, &parsed);
        verdicts[i] = digest(session, vectors, end, parsed.text, text_digest);
        verdicts[i].reached = trial->reached ? *trial->reached : 0;
        state_restore(session);
        arena_release(&turn->arena, mark);
    }
    turn_begin(session);
    answer(session, trial, vectors, verdicts);
    return 0;
}
