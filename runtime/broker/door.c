/* door - see door.h. */
#include "broker/door.h"

#include "base/mem.h"
#include "broker/provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX 1000000000000
#define USD_MAX 1e6
enum { DOORS_MAX = 4, CONNECTIONS_MAX = 32, IDLE_S = 300 };
static const struct http_limits limits = { 16 << 20, 32 << 10, CONNECTIONS_MAX, IDLE_S };

/* --- what may be asked */

static const struct {
    const char *method, *path;
    enum protocol protocol;
} routes[] = {
    { "POST", "/v1/chat/completions", PROTOCOL_CHAT },
    { "POST", "/v1/responses", PROTOCOL_RESPONSES },
    { "POST", "/v1/messages", PROTOCOL_MESSAGES },
};

static int route_of(const struct http_exchange *exchange)
{
    for (size_t i = 0; i < COUNT_OF(routes); i++)
        if (str_equal(http_method(exchange), str_of(routes[i].method)) &&
            str_equal(http_path(exchange), str_of(routes[i].path)))
            return (int)i;
    return -1;
}

static enum protocol shape(const struct http_exchange *exchange)
{
    return http_header(exchange, "anthropic-version").at ? PROTOCOL_MESSAGES : PROTOCOL_CHAT;
}

/* In a form that both providers' clients read. */
static void list_models(const struct door *door, struct http_exchange *exchange)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct config *config = door->engine->config;
    unsigned told = 0;
    buf_text(&out, "{\"object\":\"list\",\"data\":[");
    for (uint32_t i = 0; i < config->models_count; i++) {
        if (door->terms.model >= 0 && door->terms.model != (int)i)
            continue;
        buf_text(&out, told++ ? ",{\"id\":" : "{\"id\":");
        json_quote(&out, config->models[i].name);
        buf_text(&out,
            ",\"object\":\"model\",\"type\":\"model\",\"created\":0,\"owned_by\":\"moult\","
            "\"created_at\":\"1970-01-01T00:00:00Z\",\"display_name\":");
        json_quote(&out, config->models[i].name);
        buf_char(&out, '}');
    }
    buf_text(&out, "],\"has_more\":false}");
    http_reply(exchange, 200, &http_json, 1, buf_view(&out));
}

static bool lists_models(const struct http_exchange *exchange)
{
    return str_equal(http_method(exchange), STR("GET")) &&
           str_equal(http_path(exchange), STR("/v1/models"));
}

static int on_head(void *with, struct http_exchange *exchange)
{
    struct door *door = with;
    if (route_of(exchange) < 0 && !lists_models(exchange)) {
        door->refused++;
        asking_refuse(
            exchange, shape(exchange), 404, "missing", "a model is asked here and nothing else");
        return -1;
    }
    if (!door->engine->ending)
        return 0;
    asking_refuse(exchange, shape(exchange), 503, "state", "the service is ending");
    return -1;
}

static void on_request(void *with, struct http_exchange *exchange)
{
    struct door *door = with;
    int route = route_of(exchange);
    if (route < 0)
        list_models(door, exchange);
    else
        asking_start(door, exchange, routes[route].protocol);
}

static void on_gone(void *with, struct http_exchange *exchange, bool whole)
{
    (void)with;
    (void)whole;
    if (http_data(exchange))
        asking_gone(http_data(exchange));
}

static void on_refused(
    void *with, struct http_exchange *exchange, unsigned status, const char *text)
{
    struct door *door = with;
    door->refused++;
    asking_refuse(exchange, shape(exchange), status, "limit", text);
}

static const struct http_handler handler = { on_head, on_request, NULL, on_gone, on_refused };

/* --- its life */

static struct door **find(struct engine *engine, const void *client)
{
    struct door **at = &engine->doors;
    while (*at && (*at)->client != client)
        at = &(*at)->next;
    return at;
}

/* A request that waits for the disk outlives the door. */
void door_settled(struct door *door)
{
    if (door->client || door->in_work > 0)
        return;
    struct door **at = &door->engine->doors;
    while (*at != door)
        at = &(*at)->next;
    *at = door->next;
    free(door);
}

static void shut(struct door *door)
{
    struct http_server *server = door->server;
    door->client = NULL;
    door->server = NULL;
    door->in_work++; /* it stays until the last exchange has gone */
    http_server_free(server);
    door->in_work--;
    door_settled(door);
}

/* A command by its name, a model by "llm:" and its alias. */
static bool proposer_of(const struct config *config, struct str name, struct config_proposer *ret)
{
    for (uint32_t i = 0; i < config->commands_count; i++)
        if (str_equal(config->commands[i].name, name)) {
            *ret = config->commands[i];
            return true;
        }
    return config_llm(config, name, ret);
}

/* A driver may give less than moult.json does; 0: no bound of its own. */
static void lower(uint64_t *terms, const struct json *to)
{
    int64_t value = json_int(to, 0);
    if (value > 0 && (*terms == 0 || (uint64_t)value < *terms))
        *terms = (uint64_t)value;
}

static int proposer_terms(const struct engine *engine, const struct json *root, struct str name,
    struct door_terms *ret, struct err *err)
{
    char shown[80];
    struct config_proposer proposer;
    if (name.size >= sizeof ret->proposer || !proposer_of(engine->config, name, &proposer)) {
        err_set(err, ERR_MISSING, "the service knows no proposer %s",
            str_printable(shown, sizeof shown, name, false));
        return err_hint(err, "moult serve reads moult.json at its start: start it again");
    }
    int model = provider_alias(engine->config, proposer.model);
    if (model < 0)
        return err_set(err, ERR_USAGE, "that proposer asks no model");
    *ret = (struct door_terms){ .model = model, .tokens = proposer.tokens, .usd = proposer.usd };
    lower(&ret->tokens, json_get(root, "tokens"));
    lower(&ret->usd, json_get(root, "usd"));
    snprintf(ret->proposer, sizeof ret->proposer, "%.*s", (int)name.size, name.at);
    return 0;
}

/* A trial says itself what it may cost: it is the operator's, who pays. */
static int trial_terms(const struct json *root, struct door_terms *ret, struct err *err)
{
    int64_t tokens = json_int(json_get(root, "tokens"), 0);
    double usd = json_double(json_get(root, "usd"), -1);
    if (tokens < 1 || tokens > TOKENS_MAX || !(usd >= 0 && usd <= USD_MAX))
        return err_set(err, ERR_INPUT, "a trial may cost 1 to 10^12 tokens and 0 to 10^6 dollars");
    *ret = (struct door_terms){ .model = -1, .tokens = (uint64_t)tokens };
    ret->usd = (uint64_t)(usd * 1e6 + .5);
    return 0;
}

static int open_door(struct engine *engine, const void *client, const struct door_terms *terms,
    struct buf *out, struct err *err)
{
    char name[64];
    uint32_t count = 0;
    struct door door = { .engine = engine, .client = client, .terms = *terms };
    for (const struct door *other = engine->doors; other; other = other->next)
        count++;
    if (*find(engine, client))
        return err_set(err, ERR_STATE, "one door at a time");
    if (count >= DOORS_MAX)
        return err_set(err, ERR_LIMIT, "%d others ask their models already", DOORS_MAX);
    snprintf(name, sizeof name, "run/ask-%" PRIu64 ".sock", ++engine->last_door);
    const struct http_listen where = { .unix_path = home_path(door.path, engine->home, name) };
    struct door *kept = mem_alloc(sizeof *kept);
    *kept = door;
    int rc = http_server_start(&kept->server, engine->loop, &where, &limits, &handler, kept, err);
    if (rc < 0) {
        free(kept);
        return rc;
    }
    kept->next = engine->doors;
    engine->doors = kept;
    buf_text(out, "{\"socket\":");
    json_quote(out, str_of(kept->path));
    buf_char(out, '}');
    return 0;
}

static int end_door(struct engine *engine, const void *client, struct buf *out, struct err *err)
{
    struct door *door = *find(engine, client);
    if (!door)
        return err_set(err, ERR_STATE, "nobody asks a model here");
    buf_format(out,
        "{\"requests\":%u,\"refused\":%u,\"failed\":%u,\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64
        ".%06" PRIu64 "}",
        door->requests, door->refused, door->failed, door->tokens, door->usd / 1000000,
        door->usd % 1000000);
    shut(door);
    return 0;
}

bool door_has(struct str verb)
{
    return str_equal(verb, STR("ask")) || str_equal(verb, STR("ask-live")) ||
           str_equal(verb, STR("ask-end"));
}

int door_verb(struct engine *engine, const void *client, struct str verb, struct str body,
    struct buf *out, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, body, NULL, err);
    if (!root)
        return -ERR_INPUT;
    if (str_equal(verb, STR("ask-end")))
        return end_door(engine, client, out, err);
    struct door_terms terms;
    int rc = str_equal(verb, STR("ask"))
                 ? proposer_terms(
                       engine, root, json_string(&arena, json_get(root, "proposer")), &terms, err)
                 : trial_terms(root, &terms, err);
    return rc < 0 ? rc : open_door(engine, client, &terms, out, err);
}

void door_left(struct engine *engine, const void *client)
{
    struct door *door = *find(engine, client);
    if (door)
        shut(door);
}

/* Those that wait for the disk are told, and gone, when the commit ends. */
void doors_end(struct engine *engine)
{
    struct door *next;
    for (struct door *door = engine->doors; door; door = next) {
        next = door->next;
        if (door->client)
            shut(door);
    }
}
