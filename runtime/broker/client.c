/* client - see client.h. */
#include "broker/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/effects.h"
#include "broker/evolving.h"
#include "broker/headers.h"
#include "broker/model.h"
#include "broker/provider.h"
#include "broker/session.h"
#include "broker/stream.h"
#include "broker/swap.h"
#include "broker/turn.h"
#include "sdk/moult.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PING_MS = 10000, QUEUE_MAX = 256 << 10, OWN_HEADERS = 2, DESCRIBED_MAX = 400 };

/* --- what a client is told */

static const struct http_header json_type = { { "Content-Type", 12 }, { "application/json", 16 } };
static const struct http_header stream_type = { { "Content-Type", 12 },
    { "text/event-stream", 17 } };

static const struct {
    int code;
    unsigned status;
} statuses[] = {
    { ERR_INPUT, 400 },
    { ERR_USAGE, 400 },
    { ERR_LIMIT, 413 },
    { ERR_DENIED, 403 },
    { ERR_MISSING, 404 },
    { ERR_STATE, 503 },
    { ERR_LACKS, 503 },
    { ERR_VERIFY, 503 },
    { ERR_TIMEOUT, 504 },
    { ERR_PEER, 502 },
};

static unsigned status_of(const struct err *err)
{
    if (err_full(err))
        return 503;
    if (err->code == ERR_SYS)
        return 507; /* the disk: nothing was acknowledged */
    for (size_t i = 0; i < COUNT_OF(statuses); i++)
        if (statuses[i].code == err->code)
            return statuses[i].status;
    return 500;
}

static void stop_ping(struct client *client)
{
    if (client->ping)
        uv_close((uv_handle_t *)client->ping, (uv_close_cb)free);
    client->ping = NULL;
}

/* A stream that is held until the harness has seen the whole: once the provider has begun to answer
 * (or there is none to wait for: a hosted turn of many steps), its client hears that we live. */
static void on_ping(uv_timer_t *timer)
{
    struct client *client = timer->data;
    if (!client->exchange || client->answered || client->passing ||
        (!client->hosted && !(client->turn && model_answers(client->turn))))
        return;
    client_stream_head(client);
    http_push(client->exchange, protocol_ping(client->protocol));
}

static void start_ping(struct client *client)
{
    if (!client->view->stream || client->ping)
        return;
    client->ping = mem_zero(1, sizeof *client->ping);
    uv_timer_init(client->engine->loop, client->ping);
    client->ping->data = client;
    uv_timer_start(client->ping, on_ping, PING_MS, PING_MS);
}

/* By which `moult trace` and `moult prove` find the turn; and what the provider was not told. */
static unsigned add_own(struct client *client, struct http_header list[], unsigned count)
{
    uint64_t number = client->turn ? client->turn->row : client->number;
    if (number > 0) {
        char *text = arena_format(&client->arena, "%llu", (unsigned long long)number);
        list[count++] = (struct http_header){ STR("X-Moult-Turn"), str_of(text) };
    }
    if (client->dropped.size > 0)
        list[count++] = (struct http_header){ STR("X-Moult-Dropped"), client->dropped };
    return count;
}

/* An error while the stream is open goes out as the protocol's own event, and the transfer is
 * broken: no client can take what came for a whole answer. */
static void refuse_with(struct client *client, unsigned status, const char *code,
    struct str message, const struct http_header *more, unsigned count)
{
    struct http_header list[HEADERS_MAX + 1 + OWN_HEADERS] = { json_type };
    CLEANUP(buf_done) struct buf body = { 0 };
    stop_ping(client);
    if (!client->exchange || client->answered)
        return;
    client->answered = true;
    if (client->begun) {
        protocol_error_event(&body, client->protocol, str_of(code), message);
        http_push(client->exchange, buf_view(&body));
        http_end(client->exchange, false);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        list[1 + i] = more[i];
    protocol_error_write(&body, client->protocol, status, str_of(code), message);
    http_reply(client->exchange, status, list, add_own(client, list, 1 + count), buf_view(&body));
}

static void refuse(struct client *client, unsigned status, const char *code, struct str message)
{
    static const struct http_header soon = { { "Retry-After", 11 }, { "1", 1 } };
    refuse_with(client, status, code, message, &soon, client->busy || status == 503);
}

void client_refuse(struct client *client, const struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, err->text);
    if (err->where[0])
        buf_format(&text, " (%s)", err->where);
    if (err->hint[0])
        buf_format(&text, "; %s", err->hint);
    refuse(client, client->busy ? 409 : status_of(err), err_word(err->code), buf_view(&text));
}

void client_stream_head(struct client *client)
{
    struct http_header list[HEADERS_MAX + OWN_HEADERS] = { stream_type };
    if (client->begun)
        return;
    client->begun = true;
    http_begin(client->exchange, 200, list, add_own(client, list, 1));
}

/* The provider's own refusal, as it came, for a client of the same protocol. */
static bool relay_error(struct client *client, const struct note *note)
{
    struct http_header list[HEADERS_MAX + OWN_HEADERS];
    if (client->begun || client->hosted || !note || note->status == 0 ||
        note->protocol != client->protocol || note->status / 100 < 4 || note->status == 401 ||
        note->result.error_class == PROTOCOL_UNAUTHORIZED)
        return false;
    stop_ping(client);
    if (!client->exchange || client->answered)
        return true;
    client->answered = true;
    unsigned count = add_own(client, list, headers_list(note->head, list));
    http_reply(client->exchange, note->status, list, count, note->result.raw);
    return true;
}

static const struct {
    unsigned status;
    const char *code;
} classes[] = {
    [PROTOCOL_NO_ERROR] = { 500, "failed" },
    [PROTOCOL_RATE_LIMIT] = { 429, "rate_limit" },
    [PROTOCOL_OVERLOADED] = { 529, "overloaded" },
    [PROTOCOL_TOO_LONG] = { 400, "context_length_exceeded" },
    [PROTOCOL_REFUSED] = { 403, "refused" },
    [PROTOCOL_MALFORMED] = { 502, "malformed" },
    [PROTOCOL_TIMEOUT] = { 504, "timeout" },
    [PROTOCOL_CONNECTION] = { 502, "connection" },
    [PROTOCOL_BAD_REQUEST] = { 400, "bad_request" },
    [PROTOCOL_UNAUTHORIZED] = { 502, "unauthorized" }, /* moult's key, not the client's */
    [PROTOCOL_SERVER] = { 502, "server" },
};

/* Why the model request failed, in the provider's words, for who does not get its answer as it
 * came. */
static struct str describe(struct client *client, const struct note *note, struct str why)
{
    const struct str said = note->result.bytes;
    const struct json *root = json_read(&client->arena, said, NULL, NULL);
    struct str text = json_string(&client->arena, json_get(json_get(root, "error"), "message"));
    if (!text.at)
        text = str_trim(said);
    text.size = text.size < DESCRIBED_MAX ? text.size : DESCRIBED_MAX;
    if (why.size == 0 || text.size == 0)
        return why.size ? why : text;
    return str_of(
        arena_format(&client->arena, "%.*s: %.*s", (int)why.size, why.at, (int)text.size, text.at));
}

/* When the provider wants to be asked again, in its own headers. */
static unsigned say_again(const struct note *note, struct http_header list[HEADERS_MAX])
{
    unsigned count = headers_list(note->head, list), kept = 0;
    for (unsigned i = 0; i < count; i++)
        if (headers_again(list[i].name))
            list[kept++] = list[i];
    return kept;
}

static void say_failure(struct client *client, const struct turn *turn, uint8_t how, struct str why)
{
    struct http_header list[HEADERS_MAX];
    const struct note *note = turn->model_error;
    if (turn->limited || how == WIRE_ENDED_LIMIT) {
        static const struct http_header never = { { "x-should-retry", 14 }, { "false", 5 } };
        refuse_with(client, 429, "limit", turn->limited ? str_of(turn->limit) : why, &never, 1);
        return;
    }
    if (how == WIRE_ENDED_FAILED && relay_error(client, note))
        return;
    unsigned class =
        note && note->result.error_class < COUNT_OF(classes) ? note->result.error_class : 0;
    unsigned status = note && note->status / 100 == 3 ? 502 : classes[class].status;
    if (class == PROTOCOL_UNAUTHORIZED)
        why = STR(PROVIDER_UNAUTHORIZED);
    else if (note && how == WIRE_ENDED_FAILED)
        why = describe(client, note, why);
    if (why.size == 0)
        why = STR("the turn failed");
    unsigned count = note ? say_again(note, list) : 0;
    if (count)
        refuse_with(client, status, classes[class].code, why, list, count);
    else
        refuse(client, status, classes[class].code, why);
}

/* --- begin */

static void link_client(struct client *client)
{
    struct engine *engine = client->engine;
    client->next = engine->clients;
    if (client->next)
        client->next->before = client;
    engine->clients = client;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    *(client->before ? &client->before->next : &client->engine->clients) = client->next;
    if (client->next)
        client->next->before = client->before;
    stop_ping(client);
    hosted_forget(client);
    if (client->turn)
        client->turn->client = NULL;
    stream_free(client->stream);
    arena_done(&client->arena);
    free(client);
}

/* A hosted turn is begun when its tools are up, though its client may have gone by then. */
static struct str body_of(struct client *client)
{
    struct str body = http_body(client->exchange), group;
    if (!client->hosted)
        return body;
    group = http_header(client->exchange, "X-Moult-Group");
    client->group =
        (struct str){ arena_string(&client->arena, group.at ? group.at : "", group.size),
            group.size };
    return (
        struct str){ arena_string(&client->arena, body.at ? body.at : "", body.size), body.size };
}

/* Whether it is there decides who owns the conversation: said twice, or with nothing in it, it is a
 * mistake, and never gateway use. */
static int session_name(struct client *client, struct str *ret, struct err *err)
{
    static const char name[] = "X-Moult-Session";
    const struct http_header *list;
    unsigned count = http_headers(client->exchange, &list), found = 0;
    for (unsigned i = 0; i < count; i++)
        if (list[i].name.size == sizeof name - 1 &&
            strncasecmp(list[i].name.at, name, sizeof name - 1) == 0) {
            *ret = list[i].value;
            found++;
        }
    client->hosted = found > 0;
    return found > 1 ? err_set(err, ERR_INPUT, "%s is there %u times", name, found) : 0;
}

static int place(struct client *client, struct err *err)
{
    struct str name = { 0 };
    int rc = session_name(client, &name, err);
    if (rc == 0)
        rc = commit_begin(client->engine->commit, err);
    if (rc == 0)
        rc = protocol_request_read(
            &client->request, client->protocol, body_of(client), &client->arena, err);
    if (rc < 0)
        return rc;
    client->view = protocol_request_view(client->request);
    if (client->view->messages_count == 0)
        return err_set(err, ERR_INPUT, "a request without a message");
    if (client->view->tools.size > WIRE_BYTES_MAX || client->view->model.size > WIRE_TEXT_MAX)
        return err_set(err, ERR_LIMIT, "tools of more than %d bytes, or a model's name of %d",
            WIRE_BYTES_MAX, WIRE_TEXT_MAX);
    if (client->hosted)
        return hosted_place(client, name, err);
    return gateway_place(client, err);
}

void client_run(struct client *client)
{
    struct err err = { 0 };
    struct turn *turn = client->turn;
    struct str wanted = client->view->model;
    if (client->hosted && provider_alias(client->engine->config, wanted) < 0)
        wanted = (struct str){ 0 }; /* the first of moult.json */
    model_list(turn, wanted);
    start_ping(client);
    if (turn_run(turn, &err) < 0)
        client_broken(turn, &err);
}

/* --- what is handed */

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

/* What goes out, put together before it is journaled, so that nothing can fail behind it. */
struct answer {
    struct str bytes, head; /* head: of the provider, or empty */
    struct str chat;        /* the message in it */
    bool stream;
};

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

static void send_answer(struct client *client, const struct answer *answer)
{
    struct http_header list[HEADERS_MAX + OWN_HEADERS];
    unsigned count = headers_list(answer->head, list);
    if (count == 0)
        list[count++] = answer->stream ? stream_type : json_type;
    count = add_own(client, list, count);
    stop_ping(client);
    if (!client->exchange || client->answered)
        return;
    client->answered = true;
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

void client_again(struct client *client, const struct live_answer *known, struct str bytes)
{
    const struct answer answer = { .bytes = bytes, .stream = client->view->stream };
    client->hand = known->hand;
    client->number = known->turn;
    send_answer(client, &answer);
}

/* The run is over for turn and client both. */
static void finish(struct turn *turn)
{
    struct client *client = turn->client;
    bool suspended = turn->session->gateway && turn->how == WIRE_ENDED_HANDED;
    if (client)
        client->turn = NULL;
    turn->client = NULL;
    if (suspended) {
        turn_rest(turn);
        return;
    }
    evolving_turn_ended(turn->session->engine->evolving);
    turn_free(turn);
}

static void dispatch_hand(struct turn *turn, struct note *note)
{
    struct client *client = turn->client;
    note->done = true;
    turn->asked = NULL;
    if (client && client->ready) {
        client->hand = note->id.row;
        send_answer(client, client->ready);
    }
    turn->phase = TURN_RUNS; /* until it says END */
    if (turn->ended)
        finish(turn);
}

const struct effect_kind effect_hand = { prepare_hand, dispatch_hand, NULL, hand_written };

/* --- while a provider answers */

bool client_passes(const struct turn *turn)
{
    const struct client *client = turn->client;
    return stream_open(turn) && !client->hosted && !client->begun;
}

void client_pass_head(struct turn *turn, const struct note *note, unsigned status, struct str head)
{
    struct http_header list[HEADERS_MAX + OWN_HEADERS];
    struct client *client = turn->client;
    unsigned count = add_own(client, list, headers_list(head, list));
    stop_ping(client);
    client->begun = client->passing = true;
    client->passed_of = note;
    http_begin(client->exchange, status, list, count);
}

void client_pass(struct turn *turn, struct str bytes)
{
    struct client *client = turn->client;
    if (!client || !client->exchange)
        return;
    http_push(client->exchange, bytes);
    client->passed += bytes.size;
    if (http_queued(client->exchange) > QUEUE_MAX)
        model_hold(turn, true);
}

bool client_passed(const struct turn *turn)
{
    return turn->client && turn->client->passing;
}

static void drained(struct waiter *waiter)
{
    struct client *client = (struct client *)waiter;
    if (client->turn)
        model_hold(client->turn, false);
}

/* --- the end */

/* What a client has of an answer that broke off is a fact. */
static const char *with_said(struct client *client, const char *why)
{
    size_t text = stream_said(client->stream);
    if (text == 0 && client->passed == 0)
        return why;
    return arena_format(&client->arena, "%s; %zu bytes of %s had left", why,
        text ? text : client->passed, text ? "its text" : "the provider's answer");
}

static void journal_failure(struct turn *turn, uint8_t how, struct str why)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err err = { 0 };
    const struct note *note = turn->model_error;
    struct session *session = turn->session;
    struct engine *engine = session->engine;
    engine->metrics.turns_failed++;
    int rc = commit_begin(engine->commit, &err);
    if (rc == 0 && note && note->done) {
        buf_format(&text,
            SESSION_ERROR ",\"class\":\"%s\",\"status\":%u,\"retry_after_ms\":%u,\"attempt\":%u,"
                          "\"model\":%u,\"models\":%u}",
            wire_error_words[note->result.error_class], note->status, note->result.retry_after_ms,
            note->id.attempt, note->model, turn->models_count);
        const struct live_message message = { .turn = turn->row,
            .standing = JOURNAL_FACT,
            .origin = WIRE_FROM_EFFECT,
            .effect = note->id.row,
            .bytes = buf_view(&text) };
        rc = session_add(session, &message, -1, &err);
    }
    if (turn->client)
        why = str_of(with_said(
            turn->client, arena_string(&turn->client->arena, why.at ? why.at : "", why.size)));
    if (rc == 0)
        rc = live_turn_end(engine->store, turn->row, how, why, &err);
    if (rc < 0)
        log_line(LOG_WARN, "end of a turn: %s", err.text);
}

static void fail(struct turn *turn, uint8_t how, struct str why)
{
    struct client *client = turn->client;
    if (!turn->model_error)
        swap_failed(turn);
    journal_failure(turn, how, why);
    if (client) {
        say_failure(client, turn, how, why);
        client->turn = NULL;
    }
    turn->client = NULL;
    evolving_turn_ended(turn->session->engine->evolving);
    turn_free(turn);
}

void client_ended(struct turn *turn, uint8_t how, struct str why)
{
    struct engine *engine = turn->session->engine;
    struct err err = { 0 };
    if (!turn->handed) {
        fail(turn, how, why);
        return;
    }
    turn->how = how;
    turn->ended = true;
    bool suspended = turn->session->gateway && how == WIRE_ENDED_HANDED;
    if (!suspended && (commit_begin(engine->commit, &err) < 0 ||
                          live_turn_end(engine->store, turn->row, how, why, &err) < 0))
        log_line(LOG_WARN, "end of a turn: %s", err.text);
    if (turn->handed->done)
        finish(turn);
}

void client_broken(struct turn *turn, const struct err *err)
{
    struct client *client = turn->client;
    struct session *session = turn->session;
    bool disk = err->code == ERR_SYS && !err_full(err);
    if (!disk)
        journal_failure(turn, WIRE_ENDED_FAILED, str_of(err->text));
    log_line(LOG_ERROR, "turn %llu: %s", (unsigned long long)turn->row, err->text);
    if (client) {
        client_refuse(client, err);
        client->turn = NULL;
    }
    turn->client = NULL;
    turn_free(turn);
    if (disk) /* what the journal has is what there is */
        session_drop(session);
}

static void gone(struct waiter *waiter, bool whole)
{
    struct client *client = (struct client *)waiter;
    struct engine *engine = client->engine;
    struct err err = { 0 };
    client->exchange = NULL;
    if (client->hand && whole &&
        (commit_begin(engine->commit, &err) < 0 ||
            live_delivered(engine->store, client->hand, &err) < 0))
        log_line(LOG_WARN, "delivery of an answer: %s", err.text);
    struct turn *turn = client->turn;
    if (turn && turn->session->gateway && !client->answered) {
        client->turn = NULL;
        turn_abandon(turn, with_said(client, "the client hung up"));
    } else if (turn) {
        model_hold(turn, false); /* nobody has to be waited for any more */
    }
    if (!client->starting)
        client_free(client);
}

void client_request(struct engine *engine, struct http_exchange *exchange, enum protocol protocol,
    struct str principal)
{
    struct err err = { 0 };
    struct client *client = mem_zero(1, sizeof *client);
    *client = (struct client){
        .waiter = { gone, drained }, .engine = engine, .exchange = exchange, .protocol = protocol
    };
    client->principal =
        (struct str){ arena_string(&client->arena, principal.at, principal.size), principal.size };
    link_client(client);
    http_set_data(exchange, client);
    engine->metrics.requests++;
    int rc = place(client, &err);
    if (rc == 0)
        client_run(client);
    else if (rc < 0 && client->turn)
        client_broken(client->turn, &err);
    else if (rc < 0)
        client_refuse(client, &err);
    sessions_trim(engine);
}
