/* asking - one request at a door: permitted, journaled, sent, answered. See door.h.
 *
 * What goes up is made anew from what was read: text, function tools, how long the answer may be.
 * A provider's own tools, addresses of pictures and members that nobody knows could carry evidence
 * out of the sandbox, so they are refused or left out, and no header of the command's goes along.
 */
#include "broker/door.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/provider.h"
#include "broker/redact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    IN_WORK_MAX = 4,
    TOKENS_DEFAULT = 4096,
    TOKENS_MOST = 1000000000,
    BYTES_A_TOKEN = 4,
    ERROR_BODY_MAX = 1 << 20
};

struct asking {
    struct door *door;
    struct http_exchange *exchange; /* NULL: it has gone */
    struct arena arena;
    const struct protocol_view *view;
    const struct provider *provider;
    struct transfer *transfer;
    struct protocol_reply *reply;
    struct buf body, refusal; /* refusal: the body of an answer that is no 2xx */
    struct redact redact;
    char *headers[4];
    char after[40], after_ms[40]; /* how long the provider wants to be left alone, as it says it */
    struct digest row;            /* of the document that says that it was asked */
    uint64_t tokens, usd;         /* reserved */
    uint64_t tokens_took, usd_took; /* paid */
    unsigned status;
    bool waits; /* for the disk */
    struct err wrong;
};

/* --- its end */

static void settle(struct asking *asking)
{
    struct door *door = asking->door;
    if (asking->exchange || asking->transfer || asking->waits)
        return;
    door->tokens_reserved -= asking->tokens;
    door->usd_reserved -= asking->usd;
    door->in_work--;
    protocol_reply_free(asking->reply);
    buf_done(&asking->body);
    buf_done(&asking->refusal);
    redact_done(&asking->redact);
    for (size_t i = 0; i < COUNT_OF(asking->headers); i++)
        free(asking->headers[i]);
    arena_done(&asking->arena);
    free(asking);
    door_settled(door);
}

void asking_gone(void *data)
{
    struct asking *asking = data;
    asking->exchange = NULL;
    if (asking->transfer)
        transfer_cancel(asking->transfer);
    asking->transfer = NULL;
    settle(asking);
}

/* after_ms: that a provider wants to be left alone; 0: it did not say. */
static void refuse_for(struct http_exchange *exchange, enum protocol protocol, unsigned status,
    const char *code, const char *text, uint32_t after_ms)
{
    /* What will not become better is not to be asked again by a library. */
    bool again = status / 100 == 5 || strcmp(code, err_word(ERR_PEER)) == 0;
    char ms[16], seconds[16];
    struct http_header head[4] = { http_json, { STR("x-moult-refused"), str_of(code) } };
    unsigned count = 2;
    CLEANUP(buf_done) struct buf body = { 0 };
    snprintf(ms, sizeof ms, "%u", after_ms);
    snprintf(seconds, sizeof seconds, "%u", (after_ms + 999) / 1000);
    if (!again)
        head[count++] = (struct http_header){ STR("x-should-retry"), STR("false") };
    else if (after_ms) {
        head[count++] = (struct http_header){ STR("retry-after-ms"), str_of(ms) };
        head[count++] = (struct http_header){ STR("retry-after"), str_of(seconds) };
    }
    protocol_error_write(&body, protocol, status, str_of(code), str_of(text));
    http_reply(exchange, status, head, count, buf_view(&body));
}

void asking_refuse(struct http_exchange *exchange, enum protocol protocol, unsigned status,
    const char *code, const char *text)
{
    refuse_for(exchange, protocol, status, code, text, 0);
}

static void refuse(struct asking *asking, unsigned status, const struct err *err)
{
    if (asking->exchange)
        asking_refuse(
            asking->exchange, asking->view->protocol, status, err_word(err->code), err->text);
}

/* --- the journal */

static void print_common(const struct asking *asking, struct buf *out)
{
    const struct door *door = asking->door;
    buf_text(out, "{\"schema\":1,\"proposer\":");
    if (*door->terms.proposer)
        json_quote(out, str_of(door->terms.proposer));
    else
        buf_text(out, "null");
    buf_text(out, ",\"model\":");
    json_quote(out, asking->provider->model->name);
}

static int put(struct asking *asking, const char *kind, const struct buf *text, struct buf *out,
    struct err *err)
{
    struct engine *engine = asking->door->engine;
    int rc = commit_mark(engine->commit, err);
    if (rc < 0)
        return rc;
    rc = store_put(engine->store, str_of(kind), buf_view(text), out, err);
    if (rc < 0)
        commit_undo(engine->commit);
    else
        commit_keep(engine->commit);
    return rc;
}

/* By its digest: what is asked is made of evidence that the journal has, and of what was answered;
 * what came of both is the proposal. */
static int journal_asked(struct asking *asking, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 }, out = { 0 };
    char hex[DIGEST_HEX];
    struct digest request = hash_of(buf_view(&asking->body));
    print_common(asking, &text);
    buf_format(&text, ",\"number\":%u,\"at_ms\":%" PRIu64 ",\"request\":\"%s\",\"bytes\":%zu}",
        asking->door->requests, clock_wall_ms(), hash_hex(hex, &request), asking->body.size);
    asking->row = hash_of(buf_view(&text));
    return put(asking, "asked", &text, &out, err);
}

/* answer: what the provider sent, or at NULL. That it cannot be written is told by the next
 * request's row, which cannot be either. */
static void journal_answered(struct asking *asking, const struct protocol_usage *usage,
    struct str answer, uint64_t usd, const char *end)
{
    CLEANUP(buf_done) struct buf text = { 0 }, out = { 0 };
    char hex[DIGEST_HEX];
    print_common(asking, &text);
    if (answer.at) {
        struct digest digest = hash_of(answer);
        buf_format(&text, ",\"answer\":\"%s\"", hash_hex(hex, &digest));
    }
    buf_format(&text,
        ",\"asked\":\"%s\",\"at_ms\":%" PRIu64 ",\"status\":%u,\"end\":\"%s\",\"tokens\":{"
        "\"input\":%" PRIu64 ",\"output\":%" PRIu64 "},\"usd\":%" PRIu64 ".%06" PRIu64 "}",
        hash_hex(hex, &asking->row), clock_wall_ms(), asking->status, end, usage->input,
        usage->output, usd / 1000000, usd % 1000000);
    put(asking, "answered", &text, &out, NULL);
}

/* --- the budget */

static uint64_t price(const struct asking *asking, uint64_t input, uint64_t output)
{
    const struct config_model *model = asking->provider->model;
    return (input * model->usd_input + output * model->usd_output) / 1000;
}

/* What it may cost is set aside until it is known: two that are asked at once cannot both have what
 * is left. */
static int reserve(struct asking *asking, struct err *err)
{
    struct door *door = asking->door;
    const struct door_terms *terms = &door->terms;
    uint64_t input = asking->body.size / BYTES_A_TOKEN;
    uint64_t output = asking->view->tokens_max ? asking->view->tokens_max : TOKENS_DEFAULT;
    asking->tokens = input + output;
    asking->usd = price(asking, input, output);
    if (door->in_work > IN_WORK_MAX)
        err_set(err, ERR_LIMIT, "%d requests at this door are in work already", IN_WORK_MAX);
    else if (door->tokens + door->tokens_reserved + asking->tokens > terms->tokens)
        err_set(err, ERR_LIMIT, "the budget of tokens is used up");
    else if (terms->usd && door->usd + door->usd_reserved + asking->usd > terms->usd)
        err_set(err, ERR_LIMIT, "the budget of money is used up");
    else {
        door->tokens_reserved += asking->tokens;
        door->usd_reserved += asking->usd;
        return 0;
    }
    asking->tokens = asking->usd = 0;
    return -ERR_LIMIT;
}

static uint64_t bounded(uint64_t tokens)
{
    return tokens < TOKENS_MOST ? tokens : TOKENS_MOST;
}

/* A provider that does not say what it took is believed to have taken what was set aside; one that
 * says a number beyond all bounds has used up every budget, and is not to come round to nothing. */
static void pay(
    struct asking *asking, const struct protocol_usage *usage, struct str answer, const char *end)
{
    struct door *door = asking->door;
    const struct protocol_usage used = { bounded(usage->input), bounded(usage->output) };
    bool said = used.input + used.output > 0;
    asking->usd_took = said ? price(asking, used.input, used.output) : asking->usd;
    asking->tokens_took = said ? used.input + used.output : asking->tokens;
    door->tokens += asking->tokens_took;
    door->usd += asking->usd_took;
    journal_answered(asking, &used, answer, asking->usd_took, end);
}

/* --- the answer */

static struct protocol_call *read_calls(
    struct arena *arena, const struct json *list, uint32_t *ret_count)
{
    struct protocol_call *calls =
        arena_alloc(arena, ((list ? list->count : 0) + 1) * sizeof *calls);
    *ret_count = 0;
    if (!json_is(list, JSON_ARRAY))
        return calls;
    JSON_EACH(item, list)
    {
        const struct json *function = json_get(item, "function");
        calls[(*ret_count)++] = (struct protocol_call){ json_string(arena, json_get(item, "id")),
            json_string(arena, json_get(function, "name")),
            json_string(arena, json_get(function, "arguments")) };
    }
    return calls;
}

static int write_answer(
    struct asking *asking, const struct protocol_said *said, struct buf *out, struct err *err)
{
    const struct json_limits lenient = { .duplicates = true };
    struct arena *arena = &asking->arena;
    const struct json *root = json_read(arena, said->chat, &lenient, err);
    if (!root)
        return -ERR_INPUT;
    struct protocol_answer answer = { .protocol = asking->view->protocol,
        .stream = asking->view->stream,
        .model = asking->view->model,
        .id = said->id.size ? said->id : STR("moult"),
        .text = json_string(arena, json_get(root, "content")),
        .from_protocol = asking->provider->protocol,
        .from = said->raw,
        .at_s = clock_wall_ms() / 1000 };
    answer.calls = read_calls(arena, json_get(root, "tool_calls"), &answer.calls_count);
    return protocol_answer_write(out, &answer, err);
}

static void answer(struct asking *asking, const struct protocol_said *said)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err = { 0 };
    char row[DIGEST_HEX], tokens[24], usd[24];
    if (!asking->exchange)
        return;
    if (write_answer(asking, said, &out, &err) < 0) {
        refuse(asking, 502, &err);
        return;
    }
    snprintf(tokens, sizeof tokens, "%" PRIu64, asking->tokens_took);
    snprintf(usd, sizeof usd, "%" PRIu64, asking->usd_took);
    const struct http_header head[] = {
        asking->view->stream ? (struct http_header){ STR("Content-Type"), STR("text/event-stream") }
                             : http_json,
        { STR("x-moult-asked"), str_of(hash_hex(row, &asking->row)) },
        { STR("x-moult-tokens"), str_of(tokens) },
        { STR("x-moult-usd"), str_of(usd) },
    };
    http_reply(asking->exchange, 200, head, COUNT_OF(head), buf_view(&out));
}

/* A provider's own refusal, in words that are not about moult's key. */
static void answer_refusal(struct asking *asking)
{
    struct err err = { 0 };
    bool key = asking->status == 401 || asking->status == 403;
    bool passed = asking->status == 429 || asking->status / 100 == 5;
    const struct protocol_usage none = { 0 };
    char text[400];
    str_printable(text, sizeof text, buf_view(&asking->refusal), false);
    err_set(&err, ERR_PEER, "the provider refused, %u: %s", asking->status,
        key ? PROVIDER_UNAUTHORIZED : text);
    asking->door->failed++;
    journal_answered(asking, &none, buf_view(&asking->refusal), 0, "refused");
    if (asking->exchange)
        refuse_for(asking->exchange, asking->view->protocol,
            passed ? asking->status
            : key  ? 502
                   : 400,
            err_word(err.code), err.text,
            protocol_retry_after(
                str_of(asking->after), str_of(asking->after_ms), clock_wall_ms() / 1000));
}

static void fail(struct asking *asking, const struct err *err)
{
    struct protocol_usage none = { 0 };
    asking->door->failed++;
    asking->door->engine->metrics.upstream_failed++;
    pay(asking, &none, (struct str){ 0 }, "failed"); /* what it has cost is not known */
    refuse(asking, 502, err);
}

/* --- the transfer */

static void on_head(void *with, unsigned status)
{
    ((struct asking *)with)->status = status;
}

static void on_header(void *with, struct str name, struct str value)
{
    struct asking *asking = with;
    const struct {
        struct str name;
        char *to;
        size_t size;
    } kept[] = { { STR("retry-after"), asking->after, sizeof asking->after },
        { STR("retry-after-ms"), asking->after_ms, sizeof asking->after_ms } };
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        if (name.size == kept[i].name.size && strncasecmp(name.at, kept[i].name.at, name.size) == 0)
            snprintf(kept[i].to, kept[i].size, "%.*s", (int)value.size, value.at);
}

static void take(struct asking *asking, struct str bytes)
{
    size_t room = ERROR_BODY_MAX - asking->refusal.size;
    if (asking->status / 100 == 2 && !asking->wrong.code)
        protocol_reply_feed(asking->reply, bytes, &asking->wrong);
    else if (asking->status / 100 != 2)
        buf_add(&asking->refusal, bytes.at, bytes.size < room ? bytes.size : room);
}

static void on_data(void *with, struct str bytes)
{
    struct asking *asking = with;
    take(asking, redact_feed(&asking->redact, bytes));
}

static void on_end(void *with, enum transfer_end end, bool sent, const struct err *err)
{
    struct asking *asking = with;
    struct protocol_said said = { 0 };
    struct err why = { 0 };
    (void)sent;
    asking->transfer = NULL;
    if (end == TRANSFER_CANCELLED) {
        struct protocol_usage none = { 0 };
        pay(asking, &none, (struct str){ 0 }, "cancelled");
        return;
    }
    take(asking, redact_end(&asking->redact));
    why = asking->wrong;
    if (end != TRANSFER_DONE)
        err_set(&why, ERR_PEER, "%s", err ? err->text : "no answer");
    if (end == TRANSFER_DONE && asking->status / 100 != 2) {
        answer_refusal(asking);
    } else if (why.code || protocol_reply_end(asking->reply, &asking->arena, &said, &why) < 0) {
        fail(asking, &why);
    } else {
        pay(asking, &said.usage, said.raw, "answered");
        answer(asking, &said);
    }
    settle(asking);
}

static void dispatch(struct asking *asking)
{
    static const struct transfer_events events = { on_head, on_header, on_data, on_end };
    const struct provider *provider = asking->provider;
    struct err err = { 0 };
    unsigned count = 0;
    asking->headers[count++] = mem_string("Content-Type: application/json");
    if (provider->key)
        asking->headers[count++] = mem_string(provider->key);
    if (provider->protocol == PROTOCOL_MESSAGES)
        asking->headers[count++] = mem_string("anthropic-version: 2023-06-01");
    struct transfer_request request = { .method = "POST",
        .url = provider->url,
        .headers = (const char *const *)asking->headers,
        .decode = true,
        .body = buf_view(&asking->body) };
    provider_way(provider, &request);
    asking->redact.secret = provider->secret;
    asking->reply = protocol_reply_new(provider->protocol, false);
    asking->door->engine->metrics.upstream++;
    if (transfer_start(&asking->transfer, asking->door->engine->transfers, &request, &events,
            asking, &err) < 0)
        fail(asking, &err);
}

/* Its row is on the disk, or cannot be: then nothing is asked. Nor is it for who has gone by now,
 * which costs nothing; the row gets its end all the same. */
static void on_journaled(void *with, int rc, const struct err *err)
{
    struct asking *asking = with;
    const struct protocol_usage none = { 0 };
    asking->waits = false;
    if (rc < 0)
        refuse(asking, 507, err);
    else if (asking->exchange && asking->door->client)
        dispatch(asking);
    else
        journal_answered(asking, &none, (struct str){ 0 }, 0, "cancelled");
    settle(asking);
}

/* --- the request */

/* A trial's temperature goes up, in the words of the provider's protocol; a configuration that
 * drops it says that its model takes none. */
static int read_temperature(struct asking *asking, struct protocol_fresh *fresh, struct err *err)
{
    const struct json_limits lenient = { .duplicates = true };
    const struct json *root = json_read(&asking->arena, asking->view->body, &lenient, err);
    const struct json *value = json_get(root, "temperature");
    if (*asking->door->terms.proposer || !json_is(value, JSON_NUMBER))
        return 0;
    for (uint32_t i = 0; i < fresh->drop_count; i++)
        if (str_equal(fresh->drop[i], STR("temperature")))
            return 0;
    return protocol_request_warm(&fresh->like, value->raw, &asking->arena, err);
}

static int encode(struct asking *asking, struct err *err)
{
    const struct protocol_view *view = asking->view;
    const struct config_model *model = asking->provider->model;
    struct str *messages =
        arena_alloc(&asking->arena, (view->messages_count + 1) * sizeof *messages);
    for (uint32_t i = 0; i < view->messages_count; i++)
        messages[i] = view->messages[i].chat;
    struct protocol_fresh fresh = { .protocol = asking->provider->protocol,
        .model = model->model.size ? model->model : model->name,
        .messages = messages,
        .messages_count = view->messages_count,
        .tools = view->tools,
        .tokens_max = view->tokens_max,
        .drop = model->drop,
        .drop_count = model->drop_count };
    int rc = read_temperature(asking, &fresh, err);
    return rc < 0 ? rc : protocol_request_fresh(&asking->body, &fresh, err);
}

static int prepare(struct asking *asking, enum protocol protocol, struct err *err)
{
    struct door *door = asking->door;
    struct protocol_request *request;
    int rc =
        protocol_request_read(&request, protocol, http_body(asking->exchange), &asking->arena, err);
    if (rc < 0)
        return rc;
    asking->view = protocol_request_view(request);
    int model = door->terms.model < 0 ? provider_alias(door->engine->config, asking->view->model)
                                      : door->terms.model;
    if (model < 0)
        return err_set(err, ERR_MISSING, "moult.json has no model of that alias");
    asking->provider = provider_of(door->engine->providers, (uint32_t)model, protocol);
    if ((rc = encode(asking, err)) < 0 || (rc = reserve(asking, err)) < 0)
        return rc;
    door->requests++;
    return journal_asked(asking, err);
}

static unsigned status_of(const struct err *err)
{
    return err->code == ERR_LIMIT     ? 429
           : err->code == ERR_SYS     ? 507
           : err->code == ERR_MISSING ? 404
                                      : 400;
}

void asking_start(struct door *door, struct http_exchange *exchange, enum protocol protocol)
{
    struct err err = { 0 };
    struct asking *asking = mem_zero(1, sizeof *asking);
    asking->door = door;
    asking->exchange = exchange;
    door->in_work++;
    http_set_data(exchange, asking);
    if (prepare(asking, protocol, &err) < 0) {
        door->refused++;
        asking_refuse(exchange, protocol, status_of(&err), err_word(err.code), err.text);
        return;
    }
    asking->waits = true;
    commit_after(door->engine->commit, on_journaled, asking);
}
