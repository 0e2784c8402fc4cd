/* refusal - see refusal.h. */
#include "broker/refusal.h"

#include "base/mem.h"
#include "broker/client.h"
#include "broker/effects.h"
#include "broker/headers.h"
#include "broker/provider.h"

#include <stdio.h>
#include <string.h>

enum { DESCRIBED_MAX = 400 };

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

/* An error while the stream is open goes out as the protocol's own event, and the transfer is
 * broken: no client can take what came for a whole answer. */
static void refuse_with(struct client *client, unsigned status, const char *code,
    struct str message, const struct http_header *more, unsigned count)
{
    struct http_header list[HEADERS_MAX + 1 + CLIENT_HEADERS] = { http_json };
    CLEANUP(buf_done) struct buf body = { 0 };
    if (!client_speak(client))
        return;
    if (client->begun) {
        protocol_error_event(&body, client->protocol, str_of(code), message);
        http_push(client->exchange, buf_view(&body));
        http_end(client->exchange, false);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        list[1 + i] = more[i];
    protocol_error_write(&body, client->protocol, status, str_of(code), message);
    http_reply(
        client->exchange, status, list, client_headers(client, list, 1 + count), buf_view(&body));
}

static void refuse(struct client *client, unsigned status, const char *code, struct str message)
{
    static const struct http_header soon = { { "Retry-After", 11 }, { "1", 1 } };
    refuse_with(client, status, code, message, &soon, client->busy || status == 503);
}

void refusal(struct client *client, const struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, err->text);
    if (err->where[0])
        buf_format(&text, " (%s)", err->where);
    if (err->hint[0])
        buf_format(&text, "; %s", err->hint);
    refuse(client, client->busy ? 409 : status_of(err), err_word(err->code), buf_view(&text));
}

/* --- of a turn */

/* The provider's own refusal, as it came, for a client of the same protocol. */
static bool relay_error(struct client *client, const struct note *note)
{
    struct http_header list[HEADERS_MAX + CLIENT_HEADERS];
    if (client->begun || client->hosted || !note || note->status == 0 ||
        note->protocol != client->protocol || note->status / 100 < 4 || note->status == 401 ||
        note->result.error_class == PROTOCOL_UNAUTHORIZED)
        return false;
    if (!client_speak(client))
        return true;
    unsigned count = client_headers(client, list, headers_list(note->head, list));
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

void refusal_of_turn(struct client *client, const struct turn *turn, uint8_t how, struct str why)
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
