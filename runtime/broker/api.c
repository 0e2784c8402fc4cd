/* api - see api.h. */
#include "broker/api.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/client.h"
#include "broker/mcp.h"
#include "broker/metrics.h"
#include "broker/relay.h"
#include "broker/service.h"
#include "broker/swap.h"
#include "broker/waits.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct http_header text_type = { { "Content-Type", 12 },
    { "text/plain; version=0.0.4; charset=utf-8", 39 } };

static const struct str mcp_path = { "/mcp", 4 };

struct request {
    struct engine *engine;
    struct http_exchange *exchange;
    struct str principal, path;
    bool operates; /* may see the home as a whole */
};

/* The shape in which a path's clients expect an error. */
static enum protocol shape(struct str path)
{
    if (str_starts(path, STR("/v1/messages")))
        return PROTOCOL_MESSAGES;
    return str_starts(path, STR("/v1/responses")) ? PROTOCOL_RESPONSES : PROTOCOL_CHAT;
}

static void refuse(
    struct http_exchange *exchange, unsigned status, const char *code, const char *message)
{
    const struct http_header head[] = { http_json, { STR("Retry-After"), STR("1") } };
    CLEANUP(buf_done) struct buf body = { 0 };
    if (str_equal(http_path(exchange), mcp_path)) {
        mcp_refuse(exchange, status, message);
        return;
    }
    protocol_error_write(
        &body, shape(http_target(exchange)), status, str_of(code), str_of(message));
    http_reply(exchange, status, head, 1 + (status == 503), buf_view(&body));
}

static void answer(const struct request *request, unsigned status, const struct buf *body)
{
    http_reply(request->exchange, status, &http_json, 1, buf_view(body));
}

static void refuse_err(const struct request *request, unsigned status, const struct err *err)
{
    refuse(request->exchange, status, err_word(err->code), err->text);
}

/* --- the protocols */

static void chat(const struct request *request)
{
    client_request(request->engine, request->exchange, PROTOCOL_CHAT, request->principal);
}
static void responses(const struct request *request)
{
    client_request(request->engine, request->exchange, PROTOCOL_RESPONSES, request->principal);
}
static void messages(const struct request *request)
{
    client_request(request->engine, request->exchange, PROTOCOL_MESSAGES, request->principal);
}

static void name_or_null(struct buf *out, const struct config_model *model)
{
    if (model)
        json_quote(out, model->name);
    else
        buf_text(out, "null");
}

static void models(const struct request *request)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct config *config = request->engine->config;
    bool anthropic = http_header(request->exchange, "anthropic-version").at != NULL;
    buf_text(&out, anthropic ? "{\"data\":[" : "{\"object\":\"list\",\"data\":[");
    for (uint32_t i = 0; i < config->models_count; i++) {
        buf_text(&out, i ? ",{\"id\":" : "{\"id\":");
        json_quote(&out, config->models[i].name);
        if (anthropic) {
            buf_text(&out, ",\"type\":\"model\",\"display_name\":");
            json_quote(&out, config->models[i].name);
            buf_text(&out, ",\"created_at\":\"1970-01-01T00:00:00Z\"}");
        } else {
            buf_text(&out, ",\"object\":\"model\",\"created\":0,\"owned_by\":\"moult\"}");
        }
    }
    buf_text(&out, "]");
    if (anthropic) {
        const struct config_model *models = config->models;
        buf_text(&out, ",\"has_more\":false,\"first_id\":");
        name_or_null(&out, config->models_count ? &models[0] : NULL);
        buf_text(&out, ",\"last_id\":");
        name_or_null(&out, config->models_count ? &models[config->models_count - 1] : NULL);
    }
    buf_text(&out, "}");
    answer(request, 200, &out);
}

static void relay(const struct request *request)
{
    struct err err = { 0 };
    const struct config *config = request->engine->config;
    bool counts = str_equal(request->path, STR("/v1/messages/count_tokens"));
    if (!counts && !config->listen.passthrough) {
        refuse(request->exchange, 404, "missing",
            "moult does not answer this path; listen.passthrough in moult.json lets it through");
        return;
    }
    if (relay_start(request->engine, request->exchange, shape(request->path), &err) < 0)
        refuse_err(request, 502, &err);
}

/* --- for operators */

static void healthz(const struct request *request)
{
    http_reply(request->exchange, 200, NULL, 0, STR("ok\n"));
}

static void readyz(const struct request *request)
{
    CLEANUP(buf_done) struct buf out = { 0 }, unread = { 0 };
    const char *why = service_unready(request->engine);
    buf_text(&out, why ? why : "ready\n");
    if (!why && swap_degraded(request->engine->swap, &unread))
        buf_text(&out, "degraded: turns fail; moult doctor says why\n");
    http_reply(request->exchange, why ? 503 : 200, NULL, 0, buf_view(&out));
}

static void metrics(const struct request *request)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (!request->operates) {
        refuse(request->exchange, 403, "denied",
            "these are totals of the home: the unix socket shows them, and a token of a line "
            "TOKEN PRINCIPAL operator");
        return;
    }
    metrics_print(request->engine, &out);
    http_reply(request->exchange, 200, &text_type, 1, buf_view(&out));
}

static void status(const struct request *request)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str all = { 0 };
    service_status(request->engine, request->operates ? all : request->principal, &out);
    answer(request, 200, &out);
}

static void permissions(const struct request *request)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    waits_list(request->engine, request->principal, &out);
    answer(request, 200, &out);
}

/* POST /api/permissions/TURN-EFFECT {"allow": true} */
static void decide(const struct request *request)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err = { 0 };
    uint64_t turn = 0, effect = 0;
    char id[64];
    struct str tail = request->path;
    size_t skip = sizeof "/api/permissions/" - 1;
    tail = (struct str){ tail.at + skip, tail.size - skip };
    str_printable(id, sizeof id, tail, false);
    const struct json *root = json_read(&arena, http_body(request->exchange), NULL, &err);
    const struct json *allow = json_get(root, "allow");
    int end = 0;
    if (sscanf(id, "%" SCNu64 "-%" SCNu64 "%n", &turn, &effect, &end) != 2 || id[end] ||
        (!json_is(allow, JSON_TRUE) && !json_is(allow, JSON_FALSE))) {
        refuse(request->exchange, 400, "input",
            "POST /api/permissions/ID wants {\"allow\": true} or false");
        return;
    }
    if (waits_decide(
            request->engine, request->principal, turn, effect, json_bool(allow, false), &err) < 0) {
        refuse_err(request, err.code == ERR_MISSING ? 404 : 500, &err);
        return;
    }
    buf_text(&out, "{\"ok\":true}");
    answer(request, 200, &out);
}

/* POST /api/sessions/NAME/cancel */
static void cancel(const struct request *request)
{
    static const struct str before = { "/api/sessions/", 14 }, behind = { "/cancel", 7 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err = { 0 };
    struct str path = request->path;
    struct str name = { path.at + before.size, path.size - before.size };
    if (name.size <= behind.size ||
        !str_equal((struct str){ path.at + path.size - behind.size, behind.size }, behind)) {
        refuse(request->exchange, 404, "missing", "moult has no such path");
        return;
    }
    name.size -= behind.size;
    if (hosted_cancel(request->engine, request->principal, name, &err) < 0) {
        refuse_err(request, err.code == ERR_MISSING ? 404 : 500, &err);
        return;
    }
    buf_text(&out, "{\"ok\":true}");
    answer(request, 200, &out);
}

static void mcp(const struct request *request)
{
    mcp_request(request->engine, request->exchange, request->principal, request->operates);
}

/* --- routes */

enum {
    PREFIX = 1, /* of the path */
    OPEN = 2,   /* no token is wanted */
    WORK = 4,   /* not begun any more while the service ends */
};
static const struct route {
    const char *method, *path;
    void (*run)(const struct request *request);
    unsigned flags;
} routes[] = {
    { "POST", "/v1/chat/completions", chat, WORK },
    { "POST", "/v1/responses", responses, WORK },
    { "POST", "/v1/messages", messages, WORK },
    { "GET", "/v1/models", models, 0 },
    { "GET", "/healthz", healthz, OPEN },
    { "GET", "/readyz", readyz, OPEN },
    { "GET", "/metrics", metrics, 0 },
    { "GET", "/api/status", status, 0 },
    { "GET", "/api/permissions", permissions, 0 },
    { "POST", "/api/permissions/", decide, PREFIX },
    { "POST", "/api/sessions/", cancel, PREFIX },
    { NULL, "/mcp", mcp, WORK },
    { NULL, "/v1/", relay, PREFIX | WORK },
};

static bool fits(const struct route *route, struct str method, struct str path)
{
    if (route->method && !str_equal(method, str_of(route->method)) &&
        !(str_equal(method, STR("HEAD")) && strcmp(route->method, "GET") == 0))
        return false;
    return route->flags & PREFIX ? str_starts(path, str_of(route->path))
                                 : str_equal(path, str_of(route->path));
}

static const struct route *find(const struct http_exchange *exchange)
{
    for (size_t i = 0; i < COUNT_OF(routes); i++)
        if (fits(&routes[i], http_method(exchange), http_path(exchange)))
            return &routes[i];
    return NULL;
}

/* Both ways of carrying a token are in use with both protocols. */
static struct principal principal_of(
    const struct engine *engine, const struct http_exchange *exchange)
{
    if (http_local(exchange))
        return (struct principal){ STR("local"), true };
    struct principal found =
        principals_find(engine->principals, http_header(exchange, "Authorization"));
    return found.name.at ? found
                         : principals_find(engine->principals, http_header(exchange, "x-api-key"));
}

static int on_head(void *with, struct http_exchange *exchange)
{
    const struct engine *engine = with;
    const struct route *route = find(exchange);
    if (!route) {
        refuse(exchange, 404, "missing", "moult has no such path");
        return -1;
    }
    if (!(route->flags & OPEN) && !principal_of(engine, exchange).name.at) {
        refuse(exchange, 401, "unauthorized",
            "a token of this home is wanted: Authorization: Bearer TOKEN, or x-api-key");
        return -1;
    }
    if (engine->ending && route->flags & WORK) {
        refuse(exchange, 503, "state", "the service is ending; ask again");
        return -1;
    }
    return 0;
}

static void on_refused(
    void *with, struct http_exchange *exchange, unsigned status, const char *text)
{
    (void)with;
    refuse(exchange, status, err_word(status == 400 ? ERR_INPUT : ERR_LIMIT), text);
}

static void on_request(void *with, struct http_exchange *exchange)
{
    const struct principal principal = principal_of(with, exchange);
    const struct request request = { with, exchange, principal.name, http_path(exchange),
        principal.operates };
    const struct route *route = find(exchange);
    route->run(&request);
}

/* What an exchange's data is: told apart by its first member. */
static void on_gone(void *with, struct http_exchange *exchange, bool whole)
{
    (void)with;
    struct waiter *waiter = http_data(exchange);
    if (waiter)
        waiter->gone(waiter, whole);
}

static void on_drained(void *with, struct http_exchange *exchange)
{
    (void)with;
    struct waiter *waiter = http_data(exchange);
    if (waiter)
        waiter->drained(waiter);
}

const struct http_handler api_handler = { on_head, on_request, on_drained, on_gone, on_refused };
