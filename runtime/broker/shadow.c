/* shadow - see shadow.h. */
#include "broker/shadow.h"

#include "base/mem.h"
#include "broker/session.h"
#include "broker/shadow_said.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- what an effect amounts to */

static uint64_t add(uint64_t seed, struct str text)
{
    seed = hash_fast(&text.size, sizeof text.size, seed);
    return hash_fast(text.at, text.size, seed);
}

static uint64_t digest_of(const struct wire_effect *effect)
{
    uint64_t digest = hash_fast(&effect->kind, sizeof effect->kind, 0);
    digest = hash_fast(&effect->same, sizeof effect->same, digest);
    digest = add(digest, effect->text);
    digest = add(digest, effect->kind == WIRE_MODEL ? (struct str){ 0 } : effect->body);
    for (uint32_t i = 0; i < effect->calls_count; i++) {
        digest = add(digest, effect->calls[i].name);
        digest = add(digest, effect->calls[i].args);
    }
    return digest;
}

/* --- steps */

static struct shadow_step *by_lease(struct shadow *shadow, uint64_t lease)
{
    for (unsigned i = 0; lease && i < SHADOWS_MAX; i++)
        if (shadow->steps[i].lease == lease)
            return &shadow->steps[i];
    return NULL;
}

static struct shadow_step *by_turn(struct shadow *shadow, const struct turn *turn)
{
    for (unsigned i = 0; i < SHADOWS_MAX; i++)
        if (shadow->steps[i].reply.at && shadow->steps[i].turn == turn->row)
            return &shadow->steps[i];
    return NULL;
}

static void forget(struct shadow_step *step)
{
    const struct wire close = { WIRE_CLOSE, .close = { step->lease } };
    if (step->lease && step->worker) {
        crew_send(step->worker, &close);
        crew_lease(step->worker, -1);
    }
    free(step->active.said);
    free(step->candidate.said);
    free((char *)step->reply.at);
    *step = (struct shadow_step){ 0 };
}

static void note(
    const struct shadow *shadow, struct shadow_side *side, const struct wire_effect *effect)
{
    side->there = true;
    side->digest = digest_of(effect);
    if (shadow->tells)
        side->said = shadow_said(effect);
}

static void tell(struct shadow *shadow, struct shadow_step *step)
{
    struct buf *told = &shadow->told;
    if (!step->active.said)
        step->active.said = shadow_said_reply(step->reply);
    if (!step->candidate.said)
        step->candidate.said = shadow_said_reply(step->reply);
    size_t size = strlen(step->active.said) + strlen(step->candidate.said);
    if (told->size + size > SHADOW_TOLD_MAX) {
        shadow->untold++;
        return;
    }
    buf_format(told,
        "%s{\"session\":%" PRIu64 ",\"turn\":%" PRIu64 ",\"step\":%u,\"was\":%s,\"is\":%s}",
        told->size ? "," : "", step->session, step->turn, step->step, step->active.said,
        step->candidate.said);
}

static void compare(struct shadow *shadow, struct shadow_step *step)
{
    if (!step->active.there || !step->candidate.there)
        return;
    bool same = step->active.digest == step->candidate.digest;
    *(same ? &shadow->same : &shadow->other) += 1;
    if (!same && shadow->tells)
        tell(shadow, step);
    forget(step);
}

static void give_up(struct shadow *shadow, struct shadow_step *step)
{
    shadow->failed++;
    forget(step);
}

/* A place for one more; one whose live turn ended before it asked for anything is given up. */
static struct shadow_step *place(struct shadow *shadow)
{
    for (unsigned i = 0; i < SHADOWS_MAX; i++)
        if (!shadow->steps[i].reply.at)
            return &shadow->steps[i];
    for (unsigned i = 0; i < SHADOWS_MAX; i++)
        if (shadow->steps[i].candidate.there) {
            forget(&shadow->steps[i]);
            return &shadow->steps[i];
        }
    return NULL;
}

/* --- from the live side */

void shadow_begin(struct shadow *shadow, uint32_t steps, bool tells)
{
    shadow_end(shadow);
    *shadow = (struct shadow){ .wanted = steps, .tells = tells };
}

void shadow_tell(struct shadow *shadow, struct buf *out)
{
    buf_text(out, "\"told\":[");
    buf_str(out, buf_view(&shadow->told));
    buf_format(out, "],\"untold\":%" PRIu64, shadow->untold);
    buf_clear(&shadow->told);
    shadow->untold = 0;
}

static void send_copy(struct turn *turn, const struct shadow_step *step)
{
    struct session *session = turn->session;
    const struct wire open = { WIRE_OPEN, .open = {
                                              .lease = step->lease,
                                              .kind = session->gateway ? WIRE_GATEWAY : WIRE_HOSTED,
                                              .seed = turn->row,
                                              .tools = session->tools,
                                              .models = turn->models_text,
                                              .states = session_states(session, &turn->arena),
                                              .states_count = session->states_count,
                                          } };
    const struct wire put = { WIRE_PUT,
        .put = {
            step->lease, 0, session_messages(session, &turn->arena), session->entries_count } };
    const struct wire run = { WIRE_RUN, .run = { step->lease, 0, false, true } };
    crew_send(step->worker, &open);
    crew_send(step->worker, &put);
    crew_send(step->worker, &run);
}

/* The candidate's worker of that principal, started where it has none yet; NULL: it gets none. */
static struct crew_worker *worker_for(
    struct shadow *shadow, struct crew_generation *candidate, struct str principal)
{
    struct shadow_worker *free_one = NULL;
    for (unsigned i = 0; i < SHADOW_WORKERS_MAX; i++) {
        struct shadow_worker *at = &shadow->workers[i];
        if (at->worker && str_equal(principal, str_of(at->principal)))
            return at->worker;
        if (!at->worker && !free_one)
            free_one = at;
    }
    if (!free_one || principal.size >= sizeof free_one->principal ||
        crew_worker_for(&free_one->worker, candidate, principal, NULL) < 0)
        return NULL;
    memcpy(free_one->principal, principal.at, principal.size);
    free_one->principal[principal.size] = 0;
    return free_one->worker;
}

void shadow_reply(struct shadow *shadow, struct turn *turn, struct crew_generation *candidate,
    const struct note *note)
{
    if (shadow->begun >= shadow->wanted || by_turn(shadow, turn))
        return;
    struct shadow_step *step = place(shadow);
    struct crew_worker *worker =
        step ? worker_for(shadow, candidate, turn->session->principal) : NULL;
    if (!worker)
        return;
    *step = (struct shadow_step){ .lease = ++turn->session->engine->last_lease,
        .turn = turn->row,
        .session = turn->session->number,
        .step = note->id.step,
        .worker = worker,
        .reply = { mem_copy(note->said.chat.at, note->said.chat.size), note->said.chat.size } };
    shadow->begun++;
    crew_lease(worker, 1);
    send_copy(turn, step);
}

void shadow_seen(struct shadow *shadow, const struct turn *turn, const struct wire_effect *effect)
{
    struct shadow_step *step = by_turn(shadow, turn);
    if (!step || step->active.there)
        return;
    note(shadow, &step->active, effect);
    compare(shadow, step);
}

/* --- from the candidate's worker */

static void answer(const struct shadow_step *step, uint32_t number, enum wire_status status)
{
    const struct wire message = { WIRE_RESULT,
        .result = { .lease = step->lease,
            .effect = number,
            .status = (uint8_t)status,
            .bytes = step->asked ? (struct str){ 0 } : step->reply } };
    crew_send(step->worker, &message);
}

static void on_effect(
    struct shadow *shadow, struct shadow_step *step, const struct wire_effect *effect)
{
    if (effect->kind == WIRE_MODEL && !step->asked) {
        answer(step, effect->number, WIRE_OK);
        step->asked = true;
        return;
    }
    if (!step->asked) { /* a hook before the request wants something: that is not looked at */
        give_up(shadow, step);
        return;
    }
    note(shadow, &step->candidate, effect);
    compare(shadow, step);
}

bool shadow_message(struct shadow *shadow, const struct wire *message)
{
    struct shadow_step *step = by_lease(shadow, message->close.lease);
    if (!step)
        return false;
    if (message->type == WIRE_EFFECT && !step->candidate.there)
        on_effect(shadow, step, &message->effect);
    else if (message->type == WIRE_END && !step->candidate.there)
        give_up(shadow, step);
    else if (message->type == WIRE_FAULT)
        give_up(shadow, step);
    return true;
}

bool shadow_gone(struct shadow *shadow, const struct crew_worker *worker)
{
    bool ours = false;
    for (unsigned i = 0; i < SHADOW_WORKERS_MAX; i++)
        if (shadow->workers[i].worker == worker) {
            shadow->workers[i].worker = NULL;
            ours = true;
        }
    for (unsigned i = 0; ours && i < SHADOWS_MAX; i++)
        if (shadow->steps[i].worker == worker) {
            shadow->steps[i].worker = NULL; /* nobody is there to be told */
            give_up(shadow, &shadow->steps[i]);
        }
    return ours;
}

void shadow_end(struct shadow *shadow)
{
    for (unsigned i = 0; i < SHADOWS_MAX; i++)
        if (shadow->steps[i].reply.at)
            forget(&shadow->steps[i]);
    buf_done(&shadow->told);
    *shadow = (struct shadow){ 0 };
}
