/* hand - see hand.h. */
#include "broker/hand.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/client.h"
#include "broker/effects.h"
#include "broker/headers.h"
#include "broker/stream.h"
#include "broker/turn.h"

#include <stdio.h>
#include <string.h>

static bool reply_fits(const struct turn *turn, const struct wire_effect *effect)
{
    const struct note *note = effect->reply ? effect_note(turn, effect->reply) : NULL;
    if (!effect->reply)
        return !effect->same;
    return note && note->id.kind == WIRE_MODEL && note->done && note->result.status == WIRE_OK;
}

/* The assistant message as the client will bring it back. */
static void answer_chat(
    struct buf *out, struct str text, const struct wire_call *calls, uint32_t count)
{
    buf_text(out, "{\"role\":\"assistant\",\"content\":");
    json_quote(out, text);
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i ? ",{\"id\":" : ",\"tool_calls\":[{\"id\":");
        json_quote(out, calls[i].id);
        buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
        json_quote(out, calls[i].name);
        buf_text(out, ",\"arguments\":");
        json_quote(out, calls[i].args);
        buf_text(out, "}}");
    }
    buf_text(out, count ? "]}" : "}");
}

static int make_answer(struct client *client, const struct note *reply,
    const struct wire_effect *effect, struct str id, struct answer *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct turn *turn = client->turn;
    bool native =
        reply && reply->protocol == client->protocol && !client->hosted && !client->stream;
    ret->stream = client->view->stream;
    ret->head = native ? reply->head : (struct str){ 0 };
    if (native && effect->same && reply->stream == client->view->stream) {
        ret->bytes = reply->said.raw;
        return 0;
    }
    struct protocol_answer answer = { .protocol = client->protocol,
        .stream = client->view->stream,
        .model = client->view->model,
        .id = id,
        .text = effect->text,
        .refused = effect->refused && client->hosted,
        .calls_count = effect->calls_count,
        .at_s = clock_wall_ms() / 1000 };
    struct protocol_call *calls =
        arena_alloc(&turn->arena, (effect->calls_count + 1) * sizeof *calls);
    for (uint32_t i = 0; i < effect->calls_count; i++)
        calls[i] = (struct protocol_call){ effect->calls[i].id, effect->calls[i].name,
            effect->calls[i].args };
    answer.calls = calls;
    if (client->hosted) /* its steps are one answer */
        answer.usage = &turn->usage;
    /* Of another protocol's reply stay what it cost and why it ended. */
    if (native || (reply && (client->stream || reply->protocol != client->protocol))) {
        answer.from_protocol = reply->protocol;
        answer.from_stream = reply->stream;
        answer.from = reply->said.raw;
    }
    int rc = client->stream ? stream_rest(&out, turn, reply, &answer, err)
                            : protocol_answer_write(&out, &answer, err);
    ret->bytes =
        (struct str){ arena_string(&client->arena, out.at ? out.at : "", out.size), out.size };
    return rc;
}

/* `same` names the reply: its text and calls are read out of it, for another protocol's answer. */
static void spell_out(struct wire_effect *effect, const struct note *reply, struct arena *arena)
{
    const struct json *root = json_read(arena, reply->said.chat, NULL, NULL);
    const struct json *calls = json_get(root, "tool_calls");
    effect->text = json_string(arena, json_get(root, "content"));
    effect->calls_count = 0;
    effect->calls = arena_alloc(
        arena, (json_is(calls, JSON_ARRAY) ? calls->count + 1 : 1) * sizeof *effect->calls);
    JSON_EACH(call, calls)
    {
        const struct json *function = json_get(call, "function");
        effect->calls[effect->calls_count++] = (struct wire_call){
            .id = json_string(arena, json_get(call, "id")),
            .name = json_string(arena, json_get(function, "name")),
            .args = json_string(arena, json_get(function, "arguments")),
        };
    }
}

static void tell(
    const struct turn *turn, const struct wire_effect *effect, struct str chat, struct buf *body)
{
    const struct live_used used = turn_used(turn);
    buf_format(body, "{\"same\":%s,\"reply\":%u,\"message\":", effect->same ? "true" : "false",
        effect->reply);
    buf_str(body, chat);
    buf_text(body, ",\"used\":");
    live_used_print(&used, body);
    buf_char(body, '}');
}

static int prepare_hand(struct turn *turn, struct note *note, const struct wire_effect *asked,
    struct permit_facts *facts, struct buf *body, struct err *err)
{
    CLEANUP(buf_done) struct buf chat = { 0 };
    struct client *client = turn->client;
    struct wire_effect effect = *asked;
    char id[40];
    (void)facts;
    if (!reply_fits(turn, asked))
        return err_set(err, ERR_INPUT, "it hands over a reply that there is not");
    const struct note *reply = asked->reply ? effect_note(turn, asked->reply) : NULL;
    if (asked->same)
        spell_out(&effect, reply, &turn->arena);
    answer_chat(&chat, effect.text, effect.calls, effect.calls_count);
    tell(turn, &effect, buf_view(&chat), body);
    turn->handed = note;
    if (!client)
        return 0;
    snprintf(id, sizeof id, "moult-%llu-%u", (unsigned long long)turn->row, note->id.number);
    struct answer *answer = arena_alloc(&client->arena, sizeof *answer);
    if (client->passing && !(effect.same && reply == client->passed_of))
        return err_set(err, ERR_STATE, "the harness hands over another answer than has left");
    int rc = make_answer(
        client, reply, &effect, str_of(arena_format(&client->arena, "%s", id)), answer, err);
    answer->chat = (struct str){ arena_string(&client->arena, chat.at, chat.size), chat.size };
    client->ready = answer;
    return rc < 0 && rc != -ERR_STATE ? err_set(err, ERR_DEFECT, "an answer that cannot be written")
                                      : rc;
}

void hand_send(struct client *client, const struct answer *answer)
{
    struct http_header list[HEADERS_MAX + CLIENT_HEADERS];
    unsigned count = headers_list(answer->head, list);
    if (count == 0)
        list[count++] = answer->stream ? client_stream_type : http_json;
    count = client_headers(client, list, count);
    if (!client_speak(client))
        return;
    if (client->passing) { /* it has gone out already */
        http_end(client->exchange, true);
    } else if (client->begun) {
        http_push(client->exchange, answer->bytes);
        http_end(client->exchange, true);
    } else if (answer->stream) {
        http_begin(client->exchange, 200, list, count);
        http_push(client->exchange, answer->bytes);
        http_end(client->exchange, true);
    } else {
        http_reply(client->exchange, 200, list, count, answer->bytes);
    }
}

static int hand_written(struct turn *turn, struct note *note, struct err *err)
{
    struct client *client = turn->client;
    return client && !client->hosted ? gateway_head(client, client->ready->chat, note->id.row, err)
                                     : 0;
}

static void dispatch_hand(struct turn *turn, struct note *note)
{
    struct client *client = turn->client;
    note->done = true;
    turn->asked = NULL;
    if (client && client->ready) {
        client->hand = note->id.row;
        hand_send(client, client->ready);
    }
    turn->phase = TURN_RUNS; /* until it says END */
    if (turn->ended)
        client_let_go(turn);
}

const struct effect_kind effect_hand = { prepare_hand, dispatch_hand, NULL, hand_written };
