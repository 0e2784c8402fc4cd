/* effects - puts together what leaves the worker, and what the turn has settled with it. */
#include "worker/effects.h"

#include "base/mem.h"
#include "wire/shown.h"
#include "worker/cover.h"
#include "worker/hooks.h"
#include "worker/tools.h"

#include <string.h>

static void put(struct session *session, const struct wire *message)
{
    struct err err;
    if (frame_put(session->worker->channel, message, &err) < 0)
        effect_fault(session->worker, session->lease, &err);
}

void effect_fault(struct worker *worker, uint64_t lease, const struct err *err)
{
    struct wire fault = { WIRE_FAULT, .fault = { lease, (uint32_t)err->code, str_of(err->text) } };
    frame_put(worker->channel, &fault, NULL);
}

static void settle(struct session *session, struct wire_settled settled)
{
    if (session->settled_count == session->settled_room) {
        session->settled_room = session->settled_room ? 2 * session->settled_room : 8;
        session->settled =
            mem_grow(session->settled, session->settled_room, sizeof(*session->settled));
    }
    session->settled[session->settled_count++] = settled;
}

static struct digest digest_of(const struct session *session, uint32_t build)
{
    return build == NONE ? (struct digest){ { 0 } } : session->harness->builds[build].digest;
}

static void settle_message(
    struct session *session, struct wire_settled settled, struct str bytes, bool failed)
{
    struct err err;
    if (conversation_add(&session->conversation, bytes, failed, &err) < 0)
        effect_fault(
            session->worker, session->lease, &err); /* a defect: the worker wrote it itself */
    settle(session, settled);
}

void settle_reply(struct session *session)
{
    struct turn *turn = &session->turn;
    struct reply *reply = &turn->reply;
    if (reply->settled)
        return;
    reply->settled = true;
    bool same = reply->root && !reply->text_changed && !reply->calls_changed;
    struct wire_settled settled = {
        .origin = same ? WIRE_FROM_EFFECT : WIRE_FROM_BUILD,
        .effect = reply->effect,
        .build = digest_of(session, same ? NONE : reply->by),
    };
    struct str bytes = reply->bytes;
    if (!same)
        settled.bytes = bytes = reply_print(reply, &turn->arena);
    settle_message(session, settled, bytes, false);
}

void settle_result(struct session *session, const struct call *call, struct str text, bool failed,
    uint32_t effect, uint32_t by)
{
    struct str bytes = result_print(&session->turn.arena, call->id,
        (struct str){ call->face.name.at, call->face.name.size }, text);
    struct wire_settled settled = {
        .origin = by == NONE ? WIRE_FROM_EFFECT : WIRE_FROM_BUILD,
        .effect = effect,
        .build = digest_of(session, by),
        .bytes = by == NONE ? (struct str){ 0 } : bytes,
    };
    settle_message(session, settled, bytes, failed);
}

void settle_replaced(struct session *session, uint32_t at, struct str bytes)
{
    struct err err;
    if (conversation_replace(&session->conversation, at, bytes, &err) < 0)
        effect_fault(session->worker, session->lease, &err);
    settle(session, (struct wire_settled){
                        .origin = WIRE_FROM_BUILD,
                        .build = digest_of(session, session->turn.body_by),
                        .replaces = at + 1,
                        .bytes = bytes,
                    });
}

uint32_t turn_step(const struct session *session)
{
    const struct conversation *conversation = &session->conversation;
    uint32_t step = 0;
    for (uint32_t i = conversation->count; i-- > 0;) {
        if (conversation->messages[i].role == MOULT_USER)
            break;
        step += conversation->messages[i].role == MOULT_MODEL;
    }
    return step;
}

/* Sends an effect with what was settled before it; its number is then awaited unless it ends the
 * run. */
static void send_effect(struct session *session, struct wire_effect *effect)
{
    struct wire_state states[WIRE_PLUGINS_MAX];
    effect->lease = session->lease;
    effect->number = ++session->effects;
    effect->step = turn_step(session);
    effect->settled = session->settled;
    effect->settled_count = session->settled_count;
    effect->states = states;
    effect->states_count = state_list(session, states);
    struct wire message = { WIRE_EFFECT, .effect = *effect };
    put(session, &message);
    session->settled_count = 0;
}

static void send_and_wait(struct session *session, struct wire_effect *effect)
{
    struct turn *turn = &session->turn;
    if (turn->judging) {
        turn->waiting = NONE;
        return;
    }
    send_effect(session, effect);
    turn->waiting = effect->number;
}

/* Runs of messages that nobody dropped, then what plugins and a retry added. */
static uint32_t list_parts(struct session *session, struct wire_part **ret)
{
    struct turn *turn = &session->turn;
    uint32_t messages = session->conversation.count;
    uint32_t runs = turn->dropped ? messages : 1;
    struct wire_part *parts =
        arena_alloc(&turn->arena, (runs + turn->added_count + 1) * sizeof(*parts));
    uint32_t count = 0;
    for (uint32_t i = 0; i < messages;) {
        uint32_t from = i;
        while (i < messages && !(turn->dropped && turn->dropped[i]))
            i = turn->dropped ? i + 1 : messages;
        if (i > from)
            parts[count++] = (struct wire_part){ .from = from, .count = i - from };
        while (i < messages && turn->dropped && turn->dropped[i])
            i++;
    }
    for (uint32_t i = 0; i < turn->added_count; i++)
        parts[count++] = (struct wire_part){
            .bytes = turn->added[i].bytes,
            .build = digest_of(session, turn->added[i].build),
        };
    *ret = parts;
    return count;
}

uint64_t effect_shown(struct session *session, bool own_model, uint64_t shown)
{
    struct turn *turn = &session->turn;
    for (uint32_t i = 0; turn->dropped && i < session->conversation.count; i++)
        if (turn->dropped[i])
            shown = wire_shown_without(shown, i);
    for (uint32_t i = 0; i < turn->added_count; i++)
        shown = wire_shown_added(shown, turn->added[i].bytes);
    return wire_shown_asked(shown, own_model, turn->model, tools_with_plugins(session));
}

void effect_model(struct session *session)
{
    struct turn *turn = &session->turn;
    struct wire_effect effect = {
        .kind = WIRE_MODEL,
        .origin = WIRE_FROM_EFFECT,
        .index = turn->rounds,
        .attempt = turn->attempt,
        .model = turn->model,
        .tools = tools_with_plugins(session),
    };
    effect.parts_count = list_parts(session, &effect.parts);
    send_and_wait(session, &effect);
}

static void wire_call_of(struct wire_call *ret, const struct call *call, bool same)
{
    *ret = (struct wire_call){
        .id = call->id,
        .name = { call->face.name.at, call->face.name.size },
        .args = { call->face.raw.at, call->face.raw.size },
        .same = same,
    };
}

void effect_hand(struct session *session)
{
    struct turn *turn = &session->turn;
    const struct reply *reply = &turn->reply;
    struct wire_call calls[WIRE_CALLS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        const struct call *call = &reply->calls[i];
        if (call->denied || !call_open(&session->conversation, call))
            continue;
        wire_call_of(&calls[count], call, i == count && !call->changed);
        count++;
    }
    struct wire_effect effect = {
        .kind = WIRE_HAND,
        .origin = WIRE_FROM_EFFECT,
        .reply = reply->effect,
        .refused = turn->how == WIRE_ENDED_REFUSED,
        .same = reply->root && reply->effect && !reply->text_changed && !reply->calls_changed &&
                count == reply->calls_count,
    };
    if (!effect.same) {
        effect.text = reply->text;
        effect.calls = calls;
        effect.calls_count = count;
    }
    send_effect(session, &effect);
}

void effect_tool(struct session *session, const struct call *call)
{
    struct turn *turn = &session->turn;
    struct wire_call one;
    wire_call_of(&one, call, !call->changed);
    struct wire_effect effect = {
        .kind = WIRE_TOOL,
        .origin = WIRE_FROM_EFFECT,
        .index = turn->index,
        .attempt = turn->tool_attempt,
        .calls = &one,
        .calls_count = 1,
    };
    send_and_wait(session, &effect);
    turn->result_effect = effect.number;
}

void effect_nested(struct session *session)
{
    struct turn *turn = &session->turn;
    const struct asked *asked = &turn->asks[turn->asks_count - 1];
    struct wire_effect effect = {
        .kind = WIRE_NESTED,
        .origin = WIRE_FROM_BUILD,
        .hook = (uint8_t)turn->hook,
        .build = turn->build->digest,
        .index = (turn->rounds << 20) + (turn->index << 4) + turn->asks_count - 1,
        .name = asked->sent_name,
        .body = asked->sent_text,
        .model = asked->what,
    };
    send_and_wait(session, &effect);
}

void effect_wait(struct session *session)
{
    struct wire_effect effect = {
        .kind = WIRE_WAIT,
        .origin = WIRE_FROM_EFFECT,
        .attempt = session->turn.attempt,
        .ms = session->turn.wait_ms,
    };
    send_and_wait(session, &effect);
}

void effect_end(struct session *session)
{
    struct turn *turn = &session->turn;
    struct wire_state states[WIRE_PLUGINS_MAX];
    struct wire message = { WIRE_END,
        .end = {
            .lease = session->lease,
            .how = turn->how,
            .why = { turn->why.at,
                turn->why.size < WIRE_TEXT_MAX ? turn->why.size : WIRE_TEXT_MAX },
            .settled = session->settled,
            .settled_count = session->settled_count,
            .states = states,
            .states_count = state_list(session, states),
            .cover = cover_list(session),
        } };
    put(session, &message);
    session->settled_count = 0;
    cover_forget(session);
}

void effect_event(struct session *session, int action)
{
    struct turn *turn = &session->turn;
    struct wire message = { WIRE_EVENT, .event = {
                                            .lease = session->lease,
                                            .step = turn_step(session),
                                            .hook = (uint8_t)turn->hook,
                                            .action = (uint8_t)action,
                                            .build = turn->build->digest,
                                            .why = turn->explanation,
                                        } };
    put(session, &message);
}
