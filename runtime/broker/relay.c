/* relay - see relay.h. */
#include "broker/relay.h"

#include "base/mem.h"
#include "broker/headers.h"
#include "broker/provider.h"
#include "broker/redact.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 64 << 10, QUEUE_MAX = 256 << 10 };

struct relay {
    struct waiter waiter;
    struct http_exchange *exchange;
    struct transfer *transfer;
    enum protocol protocol;
    char *url, *method;
    char **headers;
    struct buf head;
    struct redact redact;
    unsigned status;
    bool begun;
};

static void relay_free(struct relay *relay)
{
    headers_free(relay->headers);
    buf_done(&relay->head);
    redact_done(&relay->redact);
    free(relay->url);
    free(relay->method);
    free(relay);
}

static void on_head(void *with, unsigned status)
{
    ((struct relay *)with)->status = status;
}

static void on_header(void *with, struct str name, struct str value)
{
    struct relay *relay = with;
    if (!headers_down(name) || relay->head.size + name.size + value.size > HEAD_MAX)
        return;
    buf_str(&relay->head, name);
    buf_text(&relay->head, ": ");
    buf_str(&relay->head, value);
    redact_bytes(relay->redact.secret, relay->head.at + relay->head.size - value.size, value.size);
    buf_char(&relay->head, '\n');
}

static void begin(struct relay *relay)
{
    struct http_header list[HEADERS_MAX];
    if (relay->begun)
        return;
    relay->begun = true;
    unsigned count = headers_list(buf_view(&relay->head), list);
    http_begin(relay->exchange, relay->status, list, count);
}

/* What is no business of the client's: that moult's own key is wrong, and where a provider would
 * send moult. Then the text is ours. */
static const char *refusal(const struct relay *relay)
{
    if (relay->status == 401 || relay->status == 403)
        return PROVIDER_UNAUTHORIZED;
    return relay->status / 100 == 3 ? "the provider redirects, which is not followed" : NULL;
}

static void on_data(void *with, struct str bytes)
{
    struct relay *relay = with;
    if (refusal(relay))
        return;
    begin(relay);
    http_push(relay->exchange, redact_feed(&relay->redact, bytes));
    if (http_queued(relay->exchange) > QUEUE_MAX)
        transfer_pause(relay->transfer, true);
}

static void on_end(void *with, enum transfer_end end, bool sent, const struct err *err)
{
    struct relay *relay = with;
    CLEANUP(buf_done) struct buf body = { 0 };
    static const struct http_header type = { { "Content-Type", 12 }, { "application/json", 16 } };
    (void)sent;
    relay->transfer = NULL;
    if (end == TRANSFER_CANCELLED)
        return;
    if (end == TRANSFER_DONE && !refusal(relay)) {
        begin(relay);
        http_push(relay->exchange, redact_end(&relay->redact));
        http_end(relay->exchange, true);
    } else if (relay->begun) {
        http_end(relay->exchange, false);
    } else {
        const char *why = end == TRANSFER_DONE ? refusal(relay) : err ? err->text : "no answer";
        protocol_error_write(&body, relay->protocol, 502, STR("upstream"), str_of(why));
        http_reply(relay->exchange, 502, &type, 1, buf_view(&body));
    }
}

static void gone(struct waiter *waiter, bool whole)
{
    struct relay *relay = (struct relay *)waiter;
    (void)whole;
    if (relay->transfer)
        transfer_cancel(relay->transfer);
    relay_free(relay);
}

static void drained(struct waiter *waiter)
{
    struct relay *relay = (struct relay *)waiter;
    if (relay->transfer)
        transfer_pause(relay->transfer, false);
}

static char **lines_of(const struct http_exchange *exchange, const struct provider *provider)
{
    struct str type = http_header(exchange, "Content-Type");
    char **lines = headers_up(exchange);
    unsigned count = 0;
    while (lines[count])
        count++;
    lines = mem_grow(lines, count + 3, sizeof *lines);
    if (type.size)
        lines[count++] = mem_format("Content-Type: %.*s", (int)type.size, type.at);
    if (provider->key)
        lines[count++] = mem_string(provider->key);
    lines[count] = NULL;
    return lines;
}

int relay_start(
    struct engine *engine, struct http_exchange *exchange, enum protocol protocol, struct err *err)
{
    static const struct transfer_events events = { on_head, on_header, on_data, on_end };
    const struct provider *provider = provider_for(engine->providers, protocol);
    const char *base = provider_base(engine->providers, protocol);
    struct str target = http_target(exchange), method = http_method(exchange);
    if (!provider || !base || !str_starts(target, STR("/v1")))
        return err_set(err, ERR_MISSING, "no model of moult.json speaks this protocol");
    struct relay *relay = mem_zero(1, sizeof *relay);
    relay->waiter = (struct waiter){ gone, drained };
    relay->exchange = exchange;
    relay->protocol = protocol;
    relay->redact.secret = provider->secret;
    relay->url = mem_format("%s%.*s", base, (int)target.size - 3, target.at + 3);
    relay->method = mem_format("%.*s", (int)method.size, method.at);
    relay->headers = lines_of(exchange, provider);
    struct transfer_request request = { .method = relay->method,
        .url = relay->url,
        .headers = (const char *const *)relay->headers,
        .body = http_body(exchange) };
    provider_way(provider, &request);
    int rc = transfer_start(&relay->transfer, engine->transfers, &request, &events, relay, err);
    if (rc < 0)
        relay_free(relay);
    else
        http_set_data(exchange, relay);
    return rc;
}
