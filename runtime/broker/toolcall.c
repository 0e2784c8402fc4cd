/* toolcall - the tools of hosted sessions: a call of the model, or of a hook, carried out in the
 * session's tool boxes.
 *
 * The call is one that the conversation holds and that has no result yet; whether the tool may run
 * is moult.json's word, by name, whatever a plugin made of the arguments. */
#include "broker/toolcall.h"

#include "base/mem.h"
#include "broker/agent_tools.h"
#include "broker/client.h"
#include "broker/turn.h"
#include "broker/waits.h"

#include <stdlib.h>
#include <string.h>

static struct str kept(struct turn *turn, struct str text)
{
    return (struct str){ arena_string(&turn->arena, text.at ? text.at : "", text.size), text.size };
}

/* --- is it a call of the conversation? */

static bool has_call(const struct json *root, struct str id, uint32_t index, struct arena *arena)
{
    uint32_t at = 0;
    JSON_EACH(call, json_get(root, "tool_calls"))
    if (at++ == index)
        return str_equal(json_string(arena, json_get(call, "id")), id);
    return false;
}

static bool call_is_open(const struct session *session, struct str id, uint32_t index)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    for (uint32_t i = session->entries_count; i-- > 0;) {
        const struct json *root = json_read(&arena, session->entries[i].bytes, NULL, NULL);
        struct str role = json_string(&arena, json_get(root, "role"));
        if (str_equal(role, STR("assistant")))
            return has_call(root, id, index, &arena);
        if (!str_equal(role, STR("tool")) ||
            str_equal(json_string(&arena, json_get(root, "tool_call_id")), id))
            return false;
    }
    return false;
}

static enum entry_role role_of(struct entry *entry)
{
    static const struct {
        const char *word;
        enum entry_role role;
    } rows[] = { { "user", ROLE_USER }, { "assistant", ROLE_MODEL }, { "tool", ROLE_TOOL } };
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (entry->role)
        return (enum entry_role)entry->role;
    const struct json *root = json_read(&arena, entry->bytes, NULL, NULL);
    struct str word = json_string(&arena, json_get(root, "role"));
    entry->role = ROLE_OTHER;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (str_equal(word, str_of(rows[i].word)))
            entry->role = (uint8_t)rows[i].role;
    return (enum entry_role)entry->role;
}

/* One call of the conversation is one effect: nothing by which a worker names it is its own choice,
 * or the same call would be another one under another name. */
static bool named_as_it_must_be(const struct session *session, const struct live_effect *id)
{
    uint32_t step = 0;
    for (uint32_t i = session->entries_count; i-- > 0;) {
        enum entry_role role = role_of(&session->entries[i]);
        if (role == ROLE_USER)
            break;
        step += role == ROLE_MODEL;
    }
    return id->step == step && id->origin == WIRE_FROM_EFFECT && id->hook == 0 &&
           hash_zero(&id->build);
}

/* A second attempt is another run of the tool: it must have failed for certain, and be harmless to
 * repeat by the operator's word. */
static bool may_try_again(const struct turn *turn, const struct live_effect *id, struct str name)
{
    const struct note *before = NULL;
    if (id->attempt == 0)
        return true;
    for (const struct note *note = turn->notes; note; note = note->next)
        if (note->id.kind == WIRE_TOOL && note->id.step == id->step &&
            note->id.index == id->index && note->id.attempt + 1 == id->attempt)
            before = note;
    return before && before->done && before->result.status == WIRE_FAILED &&
           toolbox_idempotent(turn->session->engine->config, name);
}

static void tell(const struct note *note, struct buf *body)
{
    buf_text(body, "{\"call\":");
    json_quote(body, note->call_id);
    buf_text(body, ",\"tool\":");
    json_quote(body, note->call_name);
    buf_text(body, ",\"arguments\":");
    json_quote(body, note->call_args);
    buf_char(body, '}');
}

static int prepare(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body, struct err *err)
{
    if (effect->calls_count != 1)
        return err_set(err, ERR_INPUT, "a tool effect has one call");
    const struct wire_call *call = &effect->calls[0];
    note->call_id = kept(turn, call->id);
    note->call_name = kept(turn, call->name);
    note->call_args = kept(turn, call->args);
    facts->call_open = call_is_open(turn->session, call->id, effect->index) &&
                       named_as_it_must_be(turn->session, &note->id) &&
                       may_try_again(turn, &note->id, call->name);
    const struct config *config = turn->session->engine->config;
    facts->tool = agent_tool(turn->session->engine, call->name)
                      ? (uint8_t)toolbox_permission_of_set(config, call->name)
                      : (uint8_t)toolbox_permission(config, call->name);
    tell(note, body);
    return 0;
}

/* --- carried out */

struct carrying { /* by lease: the turn may be gone when the answer comes */
    struct engine *engine;
    uint64_t lease;
    struct note *note;
};

static void on_done(void *with, const struct toolbox_answer *answer)
{
    struct carrying carrying = *(struct carrying *)with;
    free(with);
    struct turn *turn = turn_of(carrying.engine, carrying.lease);
    if (!turn || turn->asked != carrying.note)
        return;
    turn->carrying = NULL;
    effect_answer(turn, carrying.note, (enum wire_status)answer->status, answer->text);
}

static void carry_out(struct turn *turn, struct note *note)
{
    struct carrying *carrying = mem_zero(1, sizeof *carrying);
    *carrying = (struct carrying){ turn->session->engine, turn->lease, note };
    turn->carrying = carrying;
    if (agent_tool(turn->session->engine, note->call_name))
        agent_tool_call(turn, note->call_name, note->call_args, on_done, carrying);
    else
        toolbox_call(turn->session->toolbox, note->call_name, note->call_args, on_done, carrying);
}

/* From here on nobody knows whether it was carried out, until it has a result: that is written
 * before it begins. */
static void agreed(struct turn *turn, struct note *note)
{
    struct engine *engine = turn->session->engine;
    struct err err = { 0 };
    int rc = commit_begin(engine->commit, &err);
    if (rc == 0)
        rc = live_delivered(engine->store, note->id.row, &err);
    if (rc == 0)
        rc = commit_now(engine->commit, &err);
    if (rc == 0)
        carry_out(turn, note);
    else
        client_broken(turn, &err);
}

static void dispatch(struct turn *turn, struct note *note)
{
    if (!turn->consent_wanted) {
        carry_out(turn, note);
        return;
    }
    note->consented = agreed;
    waits_ask(turn, note, note->call_name, note->call_args);
}

static void cancel(struct turn *turn)
{
    struct carrying *carrying = turn->carrying;
    turn->carrying = NULL;
    if (!carrying || agent_tool(turn->session->engine, carrying->note->call_name))
        return; /* an agent's tool says when it has ended */
    toolbox_cancel(turn->session->toolbox, carrying);
    free(carrying);
}

const struct effect_kind effect_tool = { prepare, dispatch, cancel };

/* --- what a hook asks for: a tool of the session, or a model with one prompt (nested.c) */

int toolcall_nested(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body)
{
    note->call_name = kept(turn, effect->name);
    note->call_args = kept(turn, effect->body);
    facts->tool_nested = true;
    facts->tool = agent_tool(turn->session->engine, effect->name)
                      ? TOOL_DENY /* a plugin has no say about its harness */
                      : (uint8_t)toolbox_permission(turn->session->engine->config, effect->name);
    tell(note, body);
    return 0;
}

void toolcall_run(struct turn *turn, struct note *note)
{
    carry_out(turn, note);
}
