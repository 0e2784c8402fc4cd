/* client - see client.h. */
#include "broker/client.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/evolving.h"
#include "broker/hand.h"
#include "broker/headers.h"
#include "broker/model.h"
#include "broker/provider.h"
#include "broker/refusal.h"
#include "broker/session.h"
#include "broker/stream.h"
#include "broker/swap.h"
#include "broker/turn.h"
#include "sdk/moult.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PING_MS = 10000, QUEUE_MAX = 256 << 10 };

/* --- what a client is told */

const struct http_header client_stream_type = { STR("Content-Type"), STR("text/event-stream") };

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

unsigned client_headers(struct client *client, struct http_header list[], unsigned count)
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

bool client_speak(struct client *client)
{
    stop_ping(client);
    if (!client->exchange || client->answered)
        return false;
    client->answered = true;
    return true;
}

void client_stream_head(struct client *client)
{
    struct http_header list[HEADERS_MAX + CLIENT_HEADERS] = { client_stream_type };
    if (client->begun)
        return;
    client->begun = true;
    http_begin(client->exchange, 200, list, client_headers(client, list, 1));
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

/* Behind an answer the turn is over (worker/loop.c, next): nobody would be asked anything. Calls
 * that stand there are carried out. */
static bool ends_with_answer(struct client *client)
{
    const struct protocol_view *view = client->view;
    const struct protocol_message *last = &view->messages[view->messages_count - 1];
    const struct json *calls =
        last->model ? json_get(json_read(&client->arena, last->chat, NULL, NULL), "tool_calls")
                    : NULL;
    return last->model && (!calls || calls->count == 0);
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
    if (ends_with_answer(client)) {
        err_set(
            err, ERR_INPUT, "the conversation ends with an answer: there is nothing to ask for");
        return err_hint(err, "an answer that the model shall go on with is not supported");
    }
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

void client_again(struct client *client, const struct live_answer *known, struct str bytes)
{
    const struct answer answer = { .bytes = bytes, .stream = client->view->stream };
    client->hand = known->hand;
    client->number = known->turn;
    hand_send(client, &answer);
}

void client_let_go(struct turn *turn)
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

/* --- while a provider answers */

bool client_passes(const struct turn *turn)
{
    const struct client *client = turn->client;
    return stream_open(turn) && !client->hosted && !client->begun;
}

void client_pass_head(struct turn *turn, const struct note *note, unsigned status, struct str head)
{
    struct http_header list[HEADERS_MAX + CLIENT_HEADERS];
    struct client *client = turn->client;
    unsigned count = client_headers(client, list, headers_list(head, list));
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
        refusal_of_turn(client, turn, how, why);
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
        client_let_go(turn);
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
        refusal(client, err);
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
        refusal(client, &err);
    sessions_trim(engine);
}
