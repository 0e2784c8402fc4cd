/* shadow - see shadow.h. */
#include "broker/shadow.h"

#include "base/mem.h"
#include "broker/session.h"

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

static void forget(struct shadow *shadow, struct shadow_step *step)
{
    const struct wire close = { WIRE_CLOSE, .close = { step->lease } };
    if (step->lease && shadow->worker) {
        crew_send(shadow->worker, &close);
        crew_lease(shadow->worker, -1);
    }
    free((char *)step->reply.at);
    *step = (struct shadow_step){ 0 };
}

static void compare(struct shadow *shadow, struct shadow_step *step)
{
    if (!step->here || !step->there)
        return;
    *(step->active == step->candidate ? &shadow->same : &shadow->other) += 1;
    forget(shadow, step);
}

static void give_up(struct shadow *shadow, struct shadow_step *step)
{
    shadow->failed++;
    forget(shadow, step);
}

/* --- from the live side */

void shadow_begin(struct shadow *shadow, uint32_t steps)
{
    shadow_end(shadow);
    *shadow = (struct shadow){ .wanted = steps };
}

static void send_copy(struct shadow *shadow, struct turn *turn, struct shadow_step *step)
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
    crew_send(shadow->worker, &open);
    crew_send(shadow->worker, &put);
    crew_send(shadow->worker, &run);
}

static bool has_worker(
    struct shadow *shadow, struct crew_generation *candidate, struct str principal)
{
    if (shadow->worker)
        return str_equal(principal, str_of(shadow->principal));
    if (principal.size >= sizeof shadow->principal ||
        crew_worker_for(&shadow->worker, candidate, principal, NULL) < 0)
        return false;
    memcpy(shadow->principal, principal.at, principal.size);
    shadow->principal[principal.size] = 0;
    return true;
}

void shadow_reply(struct shadow *shadow, struct turn *turn, struct crew_generation *candidate,
    const struct note *note)
{
    struct shadow_step *step = NULL;
    for (unsigned i = 0; i < SHADOWS_MAX && !step; i++)
        if (!shadow->steps[i].reply.at)
            step = &shadow->steps[i];
    if (shadow->begun >= shadow->wanted || !step || by_turn(shadow, turn) ||
        !has_worker(shadow, candidate, turn->session->principal))
        return;
    *step = (struct shadow_step){ .lease = ++turn->session->engine->last_lease,
        .turn = turn->row,
        .step = note->id.step,
        .reply = { mem_copy(note->said.chat.at, note->said.chat.size), note->said.chat.size } };
    shadow->begun++;
    crew_lease(shadow->worker, 1);
    send_copy(shadow, turn, step);
}

void shadow_seen(struct shadow *shadow, const struct turn *turn, const struct wire_effect *effect)
{
    struct shadow_step *step = by_turn(shadow, turn);
    if (!step || step->here)
        return;
    step->here = true;
    step->active = digest_of(effect);
    compare(shadow, step);
}

/* --- from the candidate's worker */

static void answer(
    struct shadow *shadow, struct shadow_step *step, uint32_t number, enum wire_status status)
{
    const struct wire message = { WIRE_RESULT,
        .result = { .lease = step->lease,
            .effect = number,
            .status = (uint8_t)status,
            .bytes = step->asked ? (struct str){ 0 } : step->reply } };
    crew_send(shadow->worker, &message);
}

static void on_effect(
    struct shadow *shadow, struct shadow_step *step, const struct wire_effect *effect)
{
    if (effect->kind == WIRE_MODEL && !step->asked) {
        answer(shadow, step, effect->number, WIRE_OK);
        step->asked = true;
        return;
    }
    if (!step->asked) { /* a hook before the request wants something: that is not looked at */
        give_up(shadow, step);
        return;
    }
    step->there = true;
    step->candidate = digest_of(effect);
    compare(shadow, step);
}

bool shadow_message(struct shadow *shadow, const struct wire *message)
{
    struct shadow_step *step = by_lease(shadow, message->close.lease);
    if (!step)
        return false;
    if (message->type == WIRE_EFFECT && !step->there)
        on_effect(shadow, step, &message->effect);
    else if (message->type == WIRE_END && !step->there)
        give_up(shadow, step);
    else if (message->type == WIRE_FAULT)
        give_up(shadow, step);
    return true;
}

bool shadow_gone(struct shadow *shadow, const struct crew_worker *worker)
{
    if (!shadow->worker || shadow->worker != worker)
        return false;
    shadow->worker = NULL;
    for (unsigned i = 0; i < SHADOWS_MAX; i++)
        if (shadow->steps[i].reply.at)
            give_up(shadow, &shadow->steps[i]);
    return true;
}

void shadow_end(struct shadow *shadow)
{
    for (unsigned i = 0; i < SHADOWS_MAX; i++)
        if (shadow->steps[i].reply.at)
            forget(shadow, &shadow->steps[i]);
    shadow->worker = NULL;
}
