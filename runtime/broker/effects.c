/* effects - see effects.h. */
#include "broker/effects.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/client.h"
#include "broker/open_calls.h"
#include "broker/session.h"
#include "broker/stream.h"
#include "broker/swap.h"
#include "broker/turn.h"

#include <stdlib.h>
#include <string.h>

static const struct effect_kind *const kinds[] = {
    [WIRE_MODEL] = &effect_model,
    [WIRE_HAND] = &effect_hand,
    [WIRE_TOOL] = &effect_tool,
    [WIRE_NESTED] = &effect_nested,
    [WIRE_PERSON] = &effect_person,
    [WIRE_WAIT] = &effect_wait,
};

/* --- notes */

struct note *effect_note(const struct turn *turn, uint32_t number)
{
    for (struct note *note = turn->notes; note; note = note->next)
        if (note->id.lease == turn->lease && note->id.number == number)
            return note;
    return NULL;
}

static bool same_identity(const struct live_effect *a, const struct live_effect *b)
{
    return a->kind == b->kind && a->step == b->step && a->index == b->index &&
           a->attempt == b->attempt && a->origin == b->origin && a->hook == b->hook &&
           hash_equal(&a->build, &b->build);
}

static struct note *asked_before(const struct turn *turn, const struct live_effect *id)
{
    for (struct note *note = turn->notes; note; note = note->next)
        if (same_identity(&note->id, id))
            return note;
    return NULL;
}

static struct live_effect identity(const struct turn *turn, const struct wire_effect *effect)
{
    return (struct live_effect){
        .turn = turn->row,
        .lease = effect->lease,
        .number = effect->number,
        .kind = effect->kind,
        .origin = effect->origin,
        .hook = effect->hook,
        .build = effect->build,
        .generation = crew_spec_of(turn->generation)->generation,
        .step = effect->step,
        .index = effect->index,
        .attempt = effect->attempt,
    };
}

static struct note *note_new(struct turn *turn, const struct live_effect *id)
{
    struct note *note = arena_alloc(&turn->arena, sizeof *note);
    note->id = *id;
    return note;
}

/* From here on it is known to who asks the same again. */
static void keep(struct turn *turn, struct note *note)
{
    *(turn->last ? &turn->last->next : &turn->notes) = note;
    turn->last = note;
}

/* Whether it was carried out matters, and nobody can tell any more. All others may be asked anew: a
 * model, a person, a wait, and a hand to a client that has gone. */
static bool is_tool(const struct live_effect *row, const struct json *body)
{
    return row->kind == WIRE_TOOL || (row->kind == WIRE_NESTED && json_get(body, "tool"));
}

static struct note *recalled(struct turn *turn, const struct live_effect *id,
    const struct live_effect *row, const struct live_result *result, const struct json *body)
{
    struct note *note = note_new(turn, id);
    note->id.row = row->row;
    note->result = *result;
    note->done = result->status != LIVE_NO_RESULT;
    note->call_id = json_string(&turn->arena, json_get(body, "call"));
    note->call_name = json_string(&turn->arena, json_get(body, "tool"));
    note->call_args = json_string(&turn->arena, json_get(body, "arguments"));
    if (!note->done)
        note->result =
            (struct live_result){ .status = WIRE_UNKNOWN_OUTCOME, .bytes = STR(OPEN_CALL_UNKNOWN) };
    note->said.chat = result->bytes;
    note->said.raw = result->raw;
    keep(turn, note);
    return note;
}

/* A turn that a broker before this one began: what it had asked is in the journal. 1 found, 0 it is
 * to be asked (again): row is then that of a call which waits for a person, or has number 0. */
static int recall(struct turn *turn, const struct live_effect *id, struct live_effect *ret_waits,
    struct note **ret, struct err *err)
{
    struct live_effect row;
    struct live_result result;
    struct engine *engine = turn->session->engine;
    int rc = live_effect_find(engine->store, id, &turn->arena, &row, &result, err);
    if (rc <= 0)
        return rc;
    const struct json *body = json_read(&turn->arena, row.body, NULL, NULL);
    if (row.waits) {
        *ret_waits = row;
        return 0;
    }
    if (result.status == LIVE_NO_RESULT && !is_tool(&row, body))
        return 0;
    *ret = recalled(turn, id, &row, &result, body);
    return 1;
}

/* --- what the turn has settled */

static bool known_build(const struct turn *turn, const struct digest *build)
{
    const struct crew_spec *spec = crew_spec_of(turn->generation);
    for (uint32_t i = 0; i < spec->builds_count; i++)
        if (hash_equal(&spec->builds[i].build, build))
            return true;
    return hash_zero(build); /* the loop itself */
}

static int from_effect(
    struct turn *turn, const struct wire_settled *settled, struct live_message *ret)
{
    struct note *note = effect_note(turn, settled->effect);
    if (!note || !note->done || settled->replaces || settled->bytes.size > 0)
        return -1;
    if (note->id.kind == WIRE_MODEL && note->result.status == WIRE_OK)
        ret->bytes = note->said.chat;
    else if (note->id.kind == WIRE_TOOL)
        ret->bytes =
            open_call_result(note->call_id, note->call_name, note->result.bytes, &turn->arena);
    else
        return -1;
    ret->failed = note->id.kind == WIRE_TOOL && note->result.status != WIRE_OK;
    ret->effect = note->id.row;
    return 0;
}

static bool is_role(const struct json *root, const char *role)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    return str_equal(json_string(&arena, json_get(root, "role")), str_of(role));
}

/* What a build wrote: a message of a kind that it may write at that place. */
static int from_build(
    struct turn *turn, const struct wire_settled *settled, struct live_message *ret)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct session *session = turn->session;
    const struct json *root = json_read(&arena, settled->bytes, NULL, NULL);
    const struct note *note = settled->effect ? effect_note(turn, settled->effect) : NULL;
    if (!json_is(root, JSON_OBJECT) || !known_build(turn, &settled->build) ||
        (settled->effect && !note) || settled->replaces > session->entries_count)
        return -1;
    bool tool = is_role(root, "tool");
    if (settled->replaces ? !tool && !is_role(root, "user") : !tool && !is_role(root, "assistant"))
        return -1;
    ret->bytes = settled->bytes;
    ret->build = settled->build;
    ret->effect = note ? note->id.row : 0;
    return 0;
}

static int settle_one(struct turn *turn, const struct wire_settled *settled, struct err *err)
{
    struct live_message message = {
        .turn = turn->row, .standing = JOURNAL_FACT, .origin = settled->origin
    };
    bool effect = settled->origin == WIRE_FROM_EFFECT;
    if ((effect ? from_effect : from_build)(turn, settled, &message) < 0)
        return err_set(err, ERR_INPUT, "it settles what is not there");
    if (settled->effect) {
        int rc = stream_settled(turn, effect_note(turn, settled->effect), message.bytes, err);
        if (rc < 0)
            return rc;
    }
    if (settled->replaces)
        return session_replace(turn->session, settled->replaces - 1, &message, err);
    return session_add(turn->session, &message, -1, err);
}

static int settle(struct turn *turn, const struct wire_settled *settled, uint32_t count,
    const struct wire_state *states, uint32_t states_count, struct err *err)
{
    const struct digest *generation = &crew_spec_of(turn->generation)->generation;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = settle_one(turn, &settled[i], err);
    for (uint32_t i = 0; rc == 0 && i < states_count; i++)
        rc = session_state(turn->session, turn->row, generation, &states[i], err);
    return rc;
}

/* --- an effect */

/* No honest worker says that: it is ended, and its turns go on elsewhere. */
static void breach(struct turn *turn, struct crew_worker *worker, const char *why)
{
    struct engine *engine = turn ? turn->session->engine : NULL;
    log_line(LOG_ERROR, "a worker broke the protocol: %s", why);
    if (engine)
        engine->metrics.breaches++;
    crew_break(worker, turn ? turn->lease : 0, why);
}

struct after {
    struct engine *engine;
    uint64_t lease;
    struct note *note;
};

static void on_disk(void *with, int rc, const struct err *err)
{
    struct after after = *(struct after *)with;
    free(with);
    struct turn *turn = turn_of(after.engine, after.lease);
    if (!turn || turn->asked != after.note)
        return; /* its client went meanwhile */
    if (rc < 0) {
        after.engine->metrics.commits_failed++;
        client_broken(turn, err);
        return;
    }
    turn->phase = TURN_WAITS;
    kinds[after.note->id.kind]->dispatch(turn, after.note);
}

static void when_durable(struct turn *turn, struct note *note)
{
    struct after *after = mem_zero(1, sizeof *after);
    *after = (struct after){ turn->session->engine, turn->lease, note };
    turn->asked = note;
    turn->phase = TURN_COMMITS;
    commit_after(turn->session->engine->commit, on_disk, after);
}

static void fill_facts(const struct turn *turn, struct permit_facts *facts, bool current)
{
    const struct config *config = turn->session->engine->config;
    facts->gateway = turn->session->gateway;
    facts->turn_open = turn->phase != TURN_RESTS;
    facts->lease_current = current;
    facts->busy = turn->phase != TURN_RUNS;
    facts->steps = turn->steps;
    facts->tokens = turn->tokens;
    facts->usd = turn->usd;
    facts->seconds = turn_elapsed_ms(turn) / 1000;
    facts->steps_max = config->steps_max;
    facts->tokens_max = config->tokens_max;
    facts->usd_max = config->turn_usd;
    facts->seconds_max = config->turn_seconds;
}

static void refuse(struct turn *turn, struct note *note, const struct permit_verdict *verdict)
{
    turn->session->engine->metrics.refused++;
    if (verdict->answer == PERMIT_LIMIT) {
        turn->limited = true;
        turn->limit = verdict->why;
    }
    note->result.error_class = note->id.kind == WIRE_MODEL ? PROTOCOL_REFUSED : 0;
    effect_answer(turn, note, WIRE_REFUSED, str_of(verdict->why));
}

/* What was not permitted was never asked: who asks the same again is judged anew. */
static int turned_down(struct turn *turn, const struct note *note, const char *why, struct err *err)
{
    if (turn->handed == note)
        turn->handed = NULL;
    return err_set(err, ERR_INPUT, "%s", why);
}

/* A body that says: this one waits for a person's word. */
static void asks_person(struct buf *body)
{
    body->size--;
    buf_text(body, ",\"asks\":true}");
}

static int write_effect(struct turn *turn, struct note *note, struct buf *body,
    enum permit_answer answer, const struct live_effect *waits, struct err *err)
{
    struct store *store = turn->session->engine->store;
    if (waits->row) { /* it stands there; without a question any more, it begins */
        note->id.row = waits->row;
        return answer == PERMIT_YES ? live_delivered(store, waits->row, err) : 0;
    }
    if (answer == PERMIT_ASK)
        asks_person(body);
    note->id.body = body->size ? buf_view(body) : STR("{}");
    int rc = live_effect_new(store, &note->id, &note->id.row, err);
    note->id.body = (struct str){ 0 };
    return rc;
}

/* Permit, journal, and only then (on_disk) dispatch. */
static int take_new(struct turn *turn, const struct live_effect *id,
    const struct wire_effect *effect, const struct live_effect *waits,
    struct permit_verdict *verdict, struct note **ret, struct err *err)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct permit_facts facts = { .kind = effect->kind };
    struct note *note = note_new(turn, id);
    fill_facts(turn, &facts, true);
    facts.form = true;
    int rc = kinds[effect->kind]->prepare(turn, note, effect, &facts, &body, err);
    if (rc < 0 && rc != -ERR_INPUT)
        return rc;
    facts.form = rc == 0;
    *verdict = permit_effect(&facts);
    if (verdict->answer == PERMIT_BREACH)
        return turned_down(turn, note, verdict->why, err);
    keep(turn, note);
    rc = write_effect(turn, note, &body, verdict->answer, waits, err);
    if (rc == 0 && kinds[effect->kind]->written)
        rc = kinds[effect->kind]->written(turn, note, err);
    *ret = note;
    return rc;
}

/* A person says yes to what was asked for first, whatever is asked for in its place now. */
static int take_again(struct turn *turn, const struct live_effect *id,
    const struct wire_effect *effect, const struct live_effect *waits,
    struct permit_verdict *verdict, struct note **ret, struct err *err)
{
    const struct json *body = json_read(&turn->arena, waits->body, NULL, NULL);
    struct wire_call call = { json_string(&turn->arena, json_get(body, "call")),
        json_string(&turn->arena, json_get(body, "tool")),
        json_string(&turn->arena, json_get(body, "arguments")) };
    struct wire_effect first = *effect;
    first.calls = &call;
    first.calls_count = 1;
    return take_new(turn, id, &first, waits, verdict, ret, err);
}

static int take(struct turn *turn, const struct wire_effect *effect, struct permit_verdict *verdict,
    struct note **ret, struct err *err)
{
    struct live_effect id = identity(turn, effect), waits = { 0 };
    int rc = settle(
        turn, effect->settled, effect->settled_count, effect->states, effect->states_count, err);
    if (rc < 0)
        return rc;
    turn->settled = true;
    struct note *note = asked_before(turn, &id);
    if (!note && turn->recalls && (rc = recall(turn, &id, &waits, &note, err)) < 0)
        return rc;
    if (!note)
        return (waits.row ? take_again : take_new)(turn, &id, effect, &waits, verdict, ret, err);
    note->id.lease = id.lease;
    note->id.number = id.number;
    *ret = note;
    verdict->answer = PERMIT_YES;
    return 0;
}

static void on_effect(
    struct turn *turn, struct crew_worker *worker, const struct wire_effect *effect)
{
    struct engine *engine = turn->session->engine;
    struct permit_verdict verdict = { PERMIT_YES, "" };
    struct note *note = NULL;
    struct err err = { 0 };
    if (turn->phase != TURN_RUNS) {
        breach(turn, worker, "it asks while an effect is on its way");
        return;
    }
    engine->metrics.effects[effect->kind]++;
    swap_effect(turn, effect);
    int rc = commit_begin(engine->commit, &err);
    if (rc == 0)
        rc = take(turn, effect, &verdict, &note, &err);
    if (rc == -ERR_INPUT) {
        breach(turn, worker, err.text);
    } else if (rc < 0) {
        client_broken(turn, &err);
    } else if (note->done) {
        turn->asked = note;
        turn_result(turn, note);
    } else if (note->result.status == WIRE_UNKNOWN_OUTCOME) {
        turn->asked = note;
        turn_result(turn, note);
    } else if (verdict.answer == PERMIT_YES || verdict.answer == PERMIT_ASK) {
        turn->consent_wanted = verdict.answer == PERMIT_ASK;
        when_durable(turn, note);
    } else {
        refuse(turn, note, &verdict);
    }
}

/* --- the end of a run */

static void on_end(struct turn *turn, struct crew_worker *worker, const struct wire_end *end)
{
    struct engine *engine = turn->session->engine;
    struct err err = { 0 };
    bool said = turn->asked && turn->asked->id.kind == WIRE_HAND;
    if (turn->phase != TURN_RUNS && !said) {
        breach(turn, worker, "it ends a turn while an effect is on its way");
        return;
    }
    int rc = commit_begin(engine->commit, &err);
    if (rc == 0)
        rc = settle(turn, end->settled, end->settled_count, end->states, end->states_count, &err);
    if (rc == -ERR_INPUT) {
        breach(turn, worker, err.text);
        return;
    }
    if (rc < 0) {
        client_broken(turn, &err);
        return;
    }
    swap_survived(turn);
    client_ended(turn, end->how, end->why);
}

/* What a client brought may be nothing that a worker can take: then its own turn ends, and not the
 * worker with its neighbours in it, nor the generation. */
static void on_fault(struct turn *turn, struct crew_worker *worker, const struct wire_fault *fault)
{
    struct err err = { 0 };
    if (turn->phase != TURN_RUNS || (fault->code != ERR_INPUT && fault->code != ERR_LIMIT)) {
        breach(turn, worker, "it refuses what it was sent");
        return;
    }
    err_set(&err, (enum err_code)fault->code, "the harness does not take this conversation: %.*s",
        fault->text.size < 160 ? (int)fault->text.size : 160, fault->text.at);
    client_broken(turn, &err);
}

void turn_message(void *with, struct crew_worker *worker, const struct wire *message)
{
    struct engine *engine = with;
    struct err err = { 0 };
    if (swap_message(engine->swap, message))
        return;
    /* The lease is the first member of every one of them. */
    struct turn *turn = turn_of(engine, message->close.lease);
    if (message->type == WIRE_FAULT && !turn) {
        log_line(LOG_WARN, "a worker refused: %.*s", (int)message->fault.text.size,
            message->fault.text.at);
        return;
    }
    if (!turn) {
        engine->metrics.stale++; /* of a lease that has ended: not delivered */
        if (live_stale(engine->store, engine->commit, message, &err) < 0)
            log_line(LOG_WARN, "what came under an ended lease: %s", err.text);
        return;
    }
    if (turn->worker != worker) {
        engine->metrics.breaches++;
        breach(NULL, worker, "it speaks under a lease that is another worker's");
        return;
    }
    switch (message->type) {
    case WIRE_EFFECT:
        on_effect(turn, worker, &message->effect);
        break;
    case WIRE_EVENT:
        if (commit_begin(engine->commit, &err) < 0 ||
            live_event(engine->store, turn->row, &crew_spec_of(turn->generation)->generation,
                &message->event, &err) < 0)
            log_line(LOG_WARN, "testimony was not kept: %s", err.text);
        break;
    case WIRE_END:
        on_end(turn, worker, &message->end);
        break;
    case WIRE_FAULT:
        on_fault(turn, worker, &message->fault);
        break;
    default:
        breach(turn, worker, "no worker of a service sends that");
    }
}

void effects_cancel(struct turn *turn)
{
    for (size_t kind = WIRE_MODEL; kind < COUNT_OF(kinds); kind++)
        if (kinds[kind]->cancel)
            kinds[kind]->cancel(turn);
}

void effect_answer(struct turn *turn, struct note *note, enum wire_status status, struct str text)
{
    note->result.status = (uint8_t)status;
    note->result.bytes =
        (struct str){ arena_string(&turn->arena, text.at ? text.at : "", text.size), text.size };
    turn_result(turn, note);
}
