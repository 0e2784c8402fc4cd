/* model - see model.h.
 *
 * The worker names an alias and the conversation by numbers. Here that becomes a request: the
 * client's own body with only what changed written anew, or, for another protocol than the client's
 * and for hosted sessions, one made of allow-listed members. */
#include "broker/model.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/client.h"
#include "broker/headers.h"
#include "broker/provider.h"
#include "broker/redact.h"
#include "broker/stream.h"
#include "broker/turn.h"

#include <stdlib.h>
#include <string.h>

enum { ERROR_BODY_MAX = 1 << 20, HEAD_MAX = 64 << 10, MILLION = 1000000 };

struct model_call {
    struct turn *turn;
    struct note *note;
    const struct provider *provider;
    struct transfer *transfer;
    struct protocol_reply *reply;
    struct buf body, head, refusal; /* refusal: the body of an answer that is no 2xx */
    struct redact redact;
    char *url;
    char **headers;
    char retry_after[64], retry_after_ms[32];
    unsigned status;
    bool stream, passing;
    bool leaves;      /* its text goes to the client as it comes */
    bool nested;      /* the answer is a hook's: its text alone */
    struct err wrong; /* what the reply says is not the protocol */
};

/* --- which models there are */

static void add_name(struct buf *out, struct str name)
{
    if (out->size > 1)
        buf_char(out, ',');
    json_quote(out, name);
}

void model_list(struct turn *turn, struct str wanted)
{
    const struct config *config = turn->session->engine->config;
    struct buf text = { 0 };
    int first = wanted.size ? provider_alias(config, wanted) : 0;
    free(turn->models);
    free((char *)turn->models_text.at);
    turn->models = mem_zero(config->models_count + 1, sizeof *turn->models);
    turn->models_count = 0;
    buf_char(&text, '[');
    if (first < 0) {
        turn->models[turn->models_count++] = -1;
        add_name(&text, wanted);
    } else if (config->models_count > 0) {
        turn->models[turn->models_count++] = first;
        add_name(&text, config->models[first].name);
    }
    for (uint32_t i = 0; i < config->models_count; i++)
        if ((int)i != first) {
            turn->models[turn->models_count++] = (int32_t)i;
            add_name(&text, config->models[i].name);
        }
    buf_char(&text, ']');
    size_t size = text.size;
    turn->models_text = (struct str){ buf_steal(&text), size };
}

static const struct provider *provider_by(const struct turn *turn, uint32_t number)
{
    const struct engine *engine = turn->session->engine;
    if (number >= turn->models_count)
        return NULL;
    int32_t i = turn->models[number];
    return i < 0 ? provider_for(engine->providers, turn->session->protocol)
                 : provider_of(engine->providers, (uint32_t)i, turn->session->protocol);
}

/* --- the request's bytes */

static bool parts_fit(const struct session *session, const struct wire_effect *effect)
{
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (part->count > session->entries_count ||
            part->from > session->entries_count - part->count)
            return false;
    }
    return effect->parts_count > 0;
}

/* Messages of the conversation that the client's request holds are named by its numbers there, side
 * by side as one; what only the harness has goes as bytes. */
static uint32_t client_parts(const struct turn *turn, const struct wire_effect *effect,
    struct protocol_part **ret, struct arena *arena)
{
    const struct session *session = turn->session;
    uint32_t room = 1, count = 0;
    for (uint32_t i = 0; i < effect->parts_count; i++)
        room += effect->parts[i].count + 1;
    struct protocol_part *parts = arena_alloc(arena, room * sizeof *parts);
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (part->count == 0)
            parts[count++] = (struct protocol_part){ .chat = part->bytes };
        for (uint32_t k = part->from; k < part->from + part->count; k++) {
            const struct entry *entry = &session->entries[k];
            struct protocol_part *last = count ? &parts[count - 1] : NULL;
            if (entry->client < 0)
                parts[count++] = (struct protocol_part){ .chat = entry->bytes };
            else if (last && last->count > 0 && last->from + last->count == (uint32_t)entry->client)
                last->count++;
            else
                parts[count++] = (struct protocol_part){ (uint32_t)entry->client, 1, { 0 } };
        }
    }
    *ret = parts;
    return count;
}

/* given: which of them are of the conversation, and not a plugin's. */
static uint32_t all_messages(const struct turn *turn, const struct wire_effect *effect,
    struct str **ret, const bool **ret_given, struct arena *arena)
{
    const struct session *session = turn->session;
    uint32_t room = 1, count = 0;
    for (uint32_t i = 0; i < effect->parts_count; i++)
        room += effect->parts[i].count + 1;
    struct str *list = arena_alloc(arena, room * sizeof *list);
    bool *given = arena_alloc(arena, room * sizeof *given);
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (part->count == 0)
            list[count++] = part->bytes;
        for (uint32_t k = 0; k < part->count; k++) {
            given[count] = true;
            list[count++] = session->entries[part->from + k].bytes;
        }
    }
    *ret = list;
    *ret_given = given;
    return count;
}

/* In another protocol, or for a turn whose conversation is moult's. */
static int encode_fresh(struct model_call *call, struct protocol_fresh *fresh, struct err *err)
{
    struct turn *turn = call->turn;
    struct client *client = turn->client;
    const struct config_model *model = call->provider->model;
    CLEANUP(buf_done) struct buf dropped = { 0 };
    fresh->like = client ? client->request : NULL;
    fresh->hosted = !turn->session->gateway;
    fresh->drop = model ? model->drop : NULL;
    fresh->drop_count = model ? model->drop_count : 0;
    fresh->dropped = &dropped;
    fresh->stream = call->stream = call->leaves = stream_open(turn);
    int rc = protocol_request_fresh(&call->body, fresh, err);
    if (client)
        client->dropped =
            str_of(arena_string(&client->arena, dropped.at ? dropped.at : "", dropped.size));
    return rc;
}

static int encode(struct model_call *call, const struct wire_effect *effect, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct turn *turn = call->turn;
    const struct client *client = turn->client;
    const struct config_model *model = call->provider->model;
    int32_t alias = turn->models[effect->model];
    struct str name = alias < 0 || !model ? (struct str){ 0 }
                      : model->model.size ? model->model
                                          : model->name;
    if (turn->session->gateway && client && call->provider->protocol == client->protocol) {
        struct protocol_edit edit = { .tools = effect->tools };
        if (name.size && !str_equal(name, client->view->model))
            edit.model = name;
        edit.parts_count = client_parts(turn, effect, (struct protocol_part **)&edit.parts, &arena);
        call->stream = client->view->stream;
        return protocol_request_edit(&call->body, client->request, &edit, err);
    }
    struct protocol_fresh fresh = { .protocol = call->provider->protocol,
        .model = name.size ? name
                 : client  ? client->view->model
                           : (struct str){ 0 },
        .tools = effect->tools.size ? effect->tools : turn->session->tools,
        .tokens_max = client ? client->view->tokens_max : 0 };
    fresh.messages_count =
        all_messages(turn, effect, (struct str **)&fresh.messages, &fresh.given, &arena);
    return encode_fresh(call, &fresh, err);
}

static void call_free(struct model_call *call)
{
    if (!call)
        return;
    protocol_reply_free(call->reply);
    buf_done(&call->body);
    buf_done(&call->head);
    buf_done(&call->refusal);
    redact_done(&call->redact);
    headers_free(call->headers);
    free(call->url);
    free(call);
}

static void tell(const struct model_call *call, const struct wire_effect *effect, struct buf *body)
{
    const struct provider *provider = call->provider;
    buf_text(body, "{\"model\":");
    json_quote(body, provider->model ? provider->model->name : (struct str){ 0 });
    buf_format(body,
        ",\"number\":%u,\"protocol\":\"%s\",\"stream\":%s,\"leaves\":%s,\"bytes\":%zu,"
        "\"parts\":[",
        effect->model, protocol_words[provider->protocol], call->stream ? "true" : "false",
        call->leaves || (call->stream && client_passes(call->turn)) ? "true" : "false",
        call->body.size);
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (i)
            buf_char(body, ',');
        if (part->count)
            buf_format(body, "[%u,%u]", part->from, part->count);
        else
            buf_str(body, part->bytes);
    }
    buf_text(body, "],\"models\":");
    buf_str(body, call->turn->models_text);
    buf_char(body, '}');
}

/* The worker took what it was offered: moult.json is to blame, and no generation. */
static int no_provider(const struct turn *turn, struct err *err)
{
    struct str name = turn->client ? turn->client->view->model : (struct str){ 0 };
    char shown[80];
    if (turn->models_count == 0)
        err_set(err, ERR_MISSING, "moult.json has no models");
    else
        err_set(err, ERR_MISSING, "no provider of moult.json takes the model \"%s\"",
            str_printable(shown, sizeof shown, name, false));
    return err_hint(err, "give it a model of this name, or a provider that speaks this protocol");
}

static int prepare(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct permit_facts *facts, struct buf *body, struct err *err)
{
    const struct provider *provider = provider_by(turn, effect->model);
    facts->model_known = effect->model < turn->models_count;
    if (!provider && (facts->model_known || turn->models_count == 0))
        return no_provider(turn, err);
    if (!facts->model_known || !parts_fit(turn->session, effect))
        return err_set(err, ERR_INPUT, "a model request that names what is not there");
    struct model_call *call = mem_zero(1, sizeof *call);
    *call = (struct model_call){ .turn = turn, .note = note, .provider = provider };
    call_free(turn->model);
    turn->model = call;
    /* What a plugin made of the messages may not fit the protocol: the request fails, nobody lied.
     */
    if (encode(call, effect, &call->wrong) < 0)
        buf_clear(&call->body);
    tell(call, effect, body);
    turn->steps++;
    note->model = effect->model;
    note->protocol = provider->protocol;
    note->stream = call->stream;
    return 0;
}

static int named_model(const struct turn *turn, struct str name)
{
    const struct config *config = turn->session->engine->config;
    for (uint32_t i = 0; i < turn->models_count; i++)
        if (name.size == 0 ||
            (turn->models[i] >= 0 && str_equal(config->models[turn->models[i]].name, name)))
            return (int)i;
    return -1;
}

bool model_known(const struct turn *turn, struct str name)
{
    int number = named_model(turn, name);
    return number >= 0 && provider_by(turn, (uint32_t)number);
}

int model_nested(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct buf *body, struct err *err)
{
    CLEANUP(buf_done) struct buf prompt = { 0 };
    int number = named_model(turn, effect->name);
    const struct provider *provider = number < 0 ? NULL : provider_by(turn, (uint32_t)number);
    if (!provider)
        return err_set(err, ERR_INPUT, "a hook asks a model that there is not");
    struct model_call *call = mem_zero(1, sizeof *call);
    *call = (struct model_call){ .turn = turn, .note = note, .provider = provider, .nested = true };
    call_free(turn->model);
    turn->model = call;
    buf_text(&prompt, "{\"role\":\"user\",\"content\":");
    json_quote(&prompt, effect->body);
    buf_char(&prompt, '}');
    const struct str message = buf_view(&prompt);
    const struct config_model *model = provider->model;
    const struct protocol_fresh fresh = { .protocol = provider->protocol,
        .model =
            model ? (model->model.size ? model->model : model->name) : turn->client->view->model,
        .messages = &message,
        .messages_count = 1 };
    note->protocol = provider->protocol;
    tell(call, effect, body);
    return protocol_request_fresh(&call->body, &fresh, err);
}

/* --- the transfer */

static const char *url_of(struct model_call *call)
{
    const struct client *client = call->turn->client;
    bool same = client && client->protocol == call->provider->protocol && !client->hosted;
    struct str query = same ? http_query(client->exchange) : (struct str){ 0 };
    call->url = query.size ? mem_format("%s?%.*s", call->provider->url, (int)query.size, query.at)
                           : mem_string(call->provider->url);
    return call->url;
}

static bool has(char *const *lines, const char *name)
{
    for (; lines && *lines; lines++)
        if (strncasecmp(*lines, name, strlen(name)) == 0)
            return true;
    return false;
}

static const char *const *lines_of(struct model_call *call)
{
    const struct client *client = call->turn->client;
    bool same = client && client->protocol == call->provider->protocol && !client->hosted;
    char **up = same ? headers_up(client->exchange) : mem_zero(1, sizeof *up);
    unsigned count = 0;
    while (up[count])
        count++;
    up = mem_grow(up, count + 4, sizeof *up);
    up[count++] = mem_string("Content-Type: application/json");
    if (call->provider->key)
        up[count++] = mem_string(call->provider->key);
    up[count] = NULL;
    if (call->provider->protocol == PROTOCOL_MESSAGES && !has(up, "anthropic-version:")) {
        up[count++] = mem_string("anthropic-version: 2023-06-01");
        up[count] = NULL;
    }
    call->headers = up;
    return (const char *const *)up;
}

static void on_head(void *with, unsigned status)
{
    struct model_call *call = with;
    call->status = status;
}

static void keep_text(char *to, size_t size, struct str value)
{
    if (value.size < size) {
        memcpy(to, value.at, value.size);
        to[value.size] = 0;
    }
}

static bool is(struct str name, const char *want)
{
    return name.size == strlen(want) && strncasecmp(name.at, want, name.size) == 0;
}

static void on_header(void *with, struct str name, struct str value)
{
    struct model_call *call = with;
    if (is(name, "retry-after"))
        keep_text(call->retry_after, sizeof call->retry_after, value);
    if (is(name, "retry-after-ms"))
        keep_text(call->retry_after_ms, sizeof call->retry_after_ms, value);
    /* A provider that does not stream, though it was asked to. */
    if (call->leaves && is(name, "content-type") && str_starts(value, STR("application/json")))
        call->stream = call->note->stream = false;
    if (is(name, "content-encoding"))
        return; /* decoded */
    if (headers_down(name) && call->head.size + name.size + value.size < HEAD_MAX) {
        buf_str(&call->head, name);
        buf_text(&call->head, ": ");
        buf_str(&call->head, value);
        redact_bytes(
            call->provider->secret, call->head.at + call->head.size - value.size, value.size);
        buf_char(&call->head, '\n');
    }
}

/* Its first byte, or its end: who reads it, and whether it leaves as it comes. */
static void begin_reply(struct model_call *call)
{
    call->reply = protocol_reply_new(call->provider->protocol, call->stream);
    call->passing = call->stream && !call->leaves && client_passes(call->turn);
    if (call->passing)
        client_pass_head(call->turn, call->note, call->status, buf_view(&call->head));
}

static void take(struct model_call *call, struct str bytes)
{
    if (bytes.size == 0)
        return;
    if (call->status / 100 == 2 && !call->reply)
        begin_reply(call);
    if (!call->reply) {
        size_t room = ERROR_BODY_MAX - call->refusal.size;
        buf_add(&call->refusal, bytes.at, bytes.size < room ? bytes.size : room);
        return;
    }
    if (!call->wrong.code)
        protocol_reply_feed(call->reply, bytes, &call->wrong);
    if (call->passing && !call->wrong.code)
        client_pass(call->turn, bytes);
    if (call->leaves && !call->wrong.code)
        stream_text(call->turn, call->note, protocol_reply_text(call->reply));
}

static void on_data(void *with, struct str bytes)
{
    struct model_call *call = with;
    take(call, redact_feed(&call->redact, bytes));
}

static struct str copied(struct turn *turn, struct str text)
{
    return (struct str){ arena_string(&turn->arena, text.at ? text.at : "", text.size), text.size };
}

static void failed(struct model_call *call, enum protocol_error class, struct str text)
{
    struct note *note = call->note;
    note->result.status = WIRE_FAILED;
    note->result.error_class = (uint8_t) class;
    note->result.bytes = copied(call->turn, text);
    call->turn->session->engine->metrics.upstream_failed++;
    if (!call->nested)
        call->turn->model_error = note;
}

static void count_use(struct turn *turn, const struct model_call *call)
{
    const struct config_model *model = call->provider->model;
    const struct protocol_usage *usage = &call->note->said.usage;
    turn->tokens += usage->input + usage->output;
    turn->usage.input += usage->input;
    turn->usage.output += usage->output;
    if (model)
        turn->usd += (usage->input * model->usd_input + usage->output * model->usd_output) / 1000;
}

static struct str text_in(struct turn *turn, struct str chat)
{
    const struct json *root = json_read(&turn->arena, chat, NULL, NULL);
    return json_string(&turn->arena, json_get(root, "content"));
}

/* What it means that a transfer ended like this, before the reply was whole. */
static const uint8_t cut_classes[] = { [TRANSFER_DONE] = PROTOCOL_CONNECTION,
    [TRANSFER_CONNECT] = PROTOCOL_CONNECTION,
    [TRANSFER_TIMEOUT] = PROTOCOL_TIMEOUT,
    [TRANSFER_CUT] = PROTOCOL_CONNECTION,
    [TRANSFER_TOO_LARGE] = PROTOCOL_MALFORMED };

static void read_reply(struct model_call *call, enum transfer_end end, const struct err *why)
{
    struct turn *turn = call->turn;
    struct note *note = call->note;
    struct err err = call->wrong;
    int rc =
        err.code ? -err.code : protocol_reply_end(call->reply, &turn->arena, &note->said, &err);
    bool whole = end == TRANSFER_DONE || (rc == 0 && protocol_reply_complete(call->reply));
    if (rc == -ERR_PEER)
        failed(call, (enum protocol_error)note->said.error_class, str_of(err.text));
    else if (!whole)
        failed(call, (enum protocol_error)cut_classes[end],
            str_of(why && why->code ? why->text : "the provider's answer was cut off"));
    else if (rc < 0)
        failed(call, PROTOCOL_MALFORMED, str_of(err.text));
    else if (note->said.chat.size > WIRE_BYTES_MAX)
        failed(call, PROTOCOL_MALFORMED, STR("the provider's answer is too long for a harness"));
    else {
        note->result.status = WIRE_OK;
        note->result.bytes = call->nested ? text_in(turn, note->said.chat) : note->said.chat;
        count_use(turn, call);
        if (!call->nested)
            turn->model_error = NULL;
    }
    note->result.raw = note->said.raw;
}

static void no_reply(struct model_call *call, enum transfer_end end, const struct err *err)
{
    struct note *note = call->note;
    struct str body = buf_view(&call->refusal);
    if (call->status == 0 || end != TRANSFER_DONE) {
        call->status = 0;
        failed(call, (enum protocol_error)cut_classes[end],
            str_of(err && err->code ? err->text : "no answer"));
        return;
    }
    failed(call, protocol_error_of(call->provider->protocol, call->status, body), body);
    note->result.retry_after_ms = protocol_retry_after(
        str_of(call->retry_after), str_of(call->retry_after_ms), clock_wall_ms() / 1000);
    note->result.raw = note->result.bytes;
}

static void on_end(void *with, enum transfer_end end, bool sent, const struct err *err)
{
    struct model_call *call = with;
    struct turn *turn = call->turn;
    struct note *note = call->note;
    (void)sent;
    if (end == TRANSFER_CANCELLED)
        return; /* model_cancel frees it */
    take(call, redact_end(&call->redact));
    if (call->status / 100 == 2 && !call->reply)
        begin_reply(call);
    if (call->reply)
        read_reply(call, end, err);
    else
        no_reply(call, end, err);
    note->status = call->status;
    note->head = copied(turn, buf_view(&call->head));
    turn->model = NULL;
    call_free(call);
    turn_result(turn, note);
}

static void no_transfer(
    struct turn *turn, struct note *note, enum protocol_error class, const struct err *err)
{
    failed(turn->model, class, str_of(err->text));
    call_free(turn->model);
    turn->model = NULL;
    turn_result(turn, note);
}

static void dispatch(struct turn *turn, struct note *note)
{
    static const struct transfer_events events = { on_head, on_header, on_data, on_end };
    struct engine *engine = turn->session->engine;
    struct model_call *call = turn->model;
    struct err err;
    if (call->wrong.code) {
        err = call->wrong;
        no_transfer(turn, note, PROTOCOL_BAD_REQUEST, &err);
        return;
    }
    /* A harness may try again; a client that has half of an answer never gets another half. */
    if (!call->nested && (client_passed(turn) || !stream_free_to_ask(turn))) {
        const struct note *failed_one = turn->model_error;
        struct str why = failed_one ? failed_one->result.bytes : STR("asked again");
        err_set(&err, ERR_STATE, "%.*s; a part of the answer is with the client",
            why.size < 160 ? (int)why.size : 160, why.at);
        no_transfer(turn, note,
            failed_one ? (enum protocol_error)failed_one->result.error_class : PROTOCOL_REFUSED,
            &err);
        return;
    }
    struct transfer_request request = { .method = "POST",
        .url = url_of(call),
        .headers = lines_of(call),
        .decode = true,
        .body = buf_view(&call->body) };
    provider_way(call->provider, &request);
    call->redact.secret = call->provider->secret;
    engine->metrics.upstream++;
    if (transfer_start(&call->transfer, engine->transfers, &request, &events, call, &err) < 0)
        no_transfer(turn, note, PROTOCOL_CONNECTION, &err);
}

static void cancel(struct turn *turn)
{
    struct model_call *call = turn->model;
    turn->model = NULL;
    if (call && call->transfer)
        transfer_cancel(call->transfer);
    call_free(call);
}

const struct effect_kind effect_model = { prepare, dispatch, cancel };

void model_hold(struct turn *turn, bool held)
{
    if (turn->model && turn->model->transfer)
        transfer_pause(turn->model->transfer, held);
}

bool model_answers(const struct turn *turn)
{
    return turn->model && turn->model->status / 100 == 2;
}
