/* client - see client.h. */
#include "tool/client.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

enum {
    MS_NS = 1000000,
    END_MS = 2000,
    PAGES_MAX = 64,
    TOOLS_MAX = 1024,
    NAME_MAX_BYTES = 128,
    LIST_MAX = 8 << 20,
    BLOCKS_MAX = 1024,
    EXCERPT = 60,
};

const struct client_limits client_limits_default = {
    .start_ms = 30000,
    .call_ms = 60000,
    .server = { .line_max = 4 << 20, .bytes_max = 16 << 20 },
};

#define VERSION "2025-06-18"
static const char *const versions[] = { VERSION, "2025-03-26", "2024-11-05" };

int client_read_begin(
    const struct json *result, struct arena *arena, struct buf *name, struct err *err)
{
    struct str version = json_string(arena, json_get(result, "protocolVersion"));
    const struct json *own = json_get(json_get(result, "serverInfo"), "name");
    bool known = false;
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        known |= str_equal(version, str_of(versions[i]));
    if (!known)
        return err_set(err, ERR_PEER, "the server speaks none of the known versions of MCP");
    if (!json_is(own, JSON_STRING) || own->raw.size > NAME_MAX_BYTES)
        return err_set(err, ERR_INPUT, "a server without a name, or with a long one");
    buf_str(name, own->raw);
    return 0;
}

int client_read_tools(const struct json *result, struct buf *tools, uint32_t *count,
    struct str *ret_cursor, struct err *err)
{
    const struct json *list = json_get(result, "tools");
    const struct json *cursor = json_get(result, "nextCursor");
    if (!json_is(list, JSON_ARRAY) || (cursor && !json_is(cursor, JSON_STRING)))
        return err_set(err, ERR_INPUT, "a list of tools that is none");
    if (list->count > TOOLS_MAX - *count || tools->size + list->raw.size > LIST_MAX)
        return err_set(
            err, ERR_LIMIT, "more than %d tools, or %d bytes of them", TOOLS_MAX, LIST_MAX);
    JSON_EACH(tool, list)
    {
        if (!json_is(tool, JSON_OBJECT))
            return err_set(err, ERR_INPUT, "tool %u is no object", *count);
        if ((*count)++ > 0)
            buf_char(tools, ',');
        buf_str(tools, tool->raw);
    }
    *ret_cursor = cursor ? cursor->raw : (struct str){ 0 };
    return 0;
}

/* JSON-RPC's error for a call is an answer as well: an unknown tool, arguments that do not fit. */
static struct str content_of_error(const struct rpc_message *message, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "[{\"type\":\"text\",\"text\":");
    json_quote(&out, message->text);
    buf_text(&out, "}]");
    return (struct str){ arena_string(arena, out.at, out.size), out.size };
}

int client_read_call(const struct rpc_message *message, struct arena *arena,
    struct client_answer *ret, struct err *err)
{
    if (message->kind == RPC_ERROR) {
        *ret = (struct client_answer){ true, content_of_error(message, arena) };
        return 0;
    }
    const struct json *content = json_get(message->result, "content");
    const struct json *is_error = json_get(message->result, "isError");
    if (!json_is(content, JSON_ARRAY) || content->count > BLOCKS_MAX)
        return err_set(err, ERR_INPUT, "a result without content, or with too much");
    JSON_EACH(block, content)
    if (!json_is(json_get(block, "type"), JSON_STRING))
        return err_set(err, ERR_INPUT, "content without a type");
    if (is_error && !json_is(is_error, JSON_TRUE) && !json_is(is_error, JSON_FALSE))
        return err_set(err, ERR_INPUT, "isError is neither true nor false");
    *ret = (struct client_answer){ json_bool(is_error, false), content->raw };
    return 0;
}

/* The words of a server that wrote what is no message. */
static int not_a_message(struct str line, struct err *err)
{
    char words[EXCERPT * 4];
    if (line.size > EXCERPT)
        line.size = EXCERPT;
    err_while(err, "the server wrote \"%s\"", str_printable(words, sizeof words, line, false));
    return err_hint(
        err, "its standard output is for the protocol; other words go to its standard error");
}

/* With no id: an error about what it could not read. */
static int not_ours(const struct rpc_message *message, struct err *err)
{
    char words[EXCERPT * 4];
    if (message->id != 0)
        return err_set(err, ERR_INPUT, "an answer to what was not asked");
    return err_set(err, ERR_PEER, "the server could not read the request: %s",
        str_printable(words, sizeof words, message->text, false));
}

/* What a server may ask of us: whether we are there. */
static void answer_request(struct server *server, const struct rpc_message *message)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (str_equal(message->method, STR("ping")))
        rpc_pong(&out, message->request_id);
    else
        rpc_refusal(&out, message->request_id);
    server_say(server, buf_view(&out));
}

static int wait_for_answer(
    struct client *client, uint64_t deadline_ns, struct rpc_message *ret, struct err *err)
{
    server_expect(&client->server);
    for (;;) {
        struct str line;
        struct rpc_message message;
        arena_reset(&client->arena);
        int rc = server_line(&client->server, &line, deadline_ns, err);
        if (rc < 0)
            return rc;
        if (rpc_read(&message, line, &client->arena, err) < 0)
            return not_a_message(line, err);
        if (message.kind == RPC_REQUEST)
            answer_request(&client->server, &message);
        if (message.kind == RPC_REQUEST || message.kind == RPC_NOTIFICATION)
            continue;
        if (message.id != client->last_id)
            return not_ours(&message, err);
        *ret = message;
        return 0;
    }
}

static int ask(struct client *client, const char *method, struct str params, uint64_t deadline_ns,
    struct rpc_message *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    rpc_request(&out, ++client->last_id, method, params);
    server_say(&client->server, buf_view(&out));
    return wait_for_answer(client, deadline_ns, ret, err);
}

/* Before the session stands, an error is the end of it. */
static int ask_first(struct client *client, const char *method, struct str params,
    uint64_t deadline_ns, const struct json **ret, struct err *err)
{
    char words[EXCERPT * 4];
    struct rpc_message message;
    int rc = ask(client, method, params, deadline_ns, &message, err);
    if (rc == 0 && message.kind == RPC_ERROR)
        rc = err_set(err, ERR_PEER, "the server refused: %s",
            str_printable(words, sizeof words, message.text, false));
    if (rc < 0)
        return err_while(err, "%s", method);
    *ret = message.result;
    return 0;
}

static int begin(struct client *client, uint64_t deadline_ns, struct err *err)
{
    const struct json *result;
    CLEANUP(buf_done) struct buf ready = { 0 };
    int rc = ask_first(client, "initialize",
        STR("{\"protocolVersion\":\"" VERSION "\",\"capabilities\":{},"
            "\"clientInfo\":{\"name\":\"moult-tool\",\"version\":\"1\"}}"),
        deadline_ns, &result, err);
    if (rc == 0)
        rc = client_read_begin(result, &client->arena, &client->name, err);
    rpc_notification(&ready, "notifications/initialized");
    server_say(&client->server, buf_view(&ready));
    return rc;
}

static int list(struct client *client, uint64_t deadline_ns, struct err *err)
{
    CLEANUP(buf_done) struct buf params = { 0 };
    struct str cursor = { 0 };
    buf_text(&params, "{}");
    for (int page = 0; page < PAGES_MAX; page++) {
        const struct json *result;
        int rc = ask_first(client, "tools/list", buf_view(&params), deadline_ns, &result, err);
        if (rc == 0)
            rc = client_read_tools(result, &client->tools, &client->tools_count, &cursor, err);
        if (rc < 0 || cursor.size == 0)
            return rc;
        buf_clear(&params);
        buf_text(&params, "{\"cursor\":");
        buf_str(&params, cursor);
        buf_char(&params, '}');
    }
    return err_set(err, ERR_LIMIT, "a list of tools on more than %d pages", PAGES_MAX);
}

int client_begin(
    struct client *client, char *const *argv, const struct client_limits *limits, struct err *err)
{
    uint64_t deadline_ns = clock_mono_ns() + (uint64_t)limits->start_ms * MS_NS;
    client->limits = *limits;
    int rc = server_start(&client->server, argv, &limits->server, err);
    if (rc == 0)
        rc = begin(client, deadline_ns, err);
    if (rc == 0)
        rc = list(client, deadline_ns, err);
    if (rc < 0)
        client->broken = *err;
    return rc;
}

static int call(struct client *client, struct str tool, struct str args, struct client_answer *ret,
    struct err *err)
{
    uint64_t deadline_ns = clock_mono_ns() + (uint64_t)client->limits.call_ms * MS_NS;
    CLEANUP(buf_done) struct buf params = { 0 };
    struct rpc_message message;
    buf_text(&params, "{\"name\":");
    json_quote(&params, tool);
    buf_text(&params, ",\"arguments\":");
    buf_str(&params, args);
    buf_char(&params, '}');
    int rc = ask(client, "tools/call", buf_view(&params), deadline_ns, &message, err);
    return rc == 0 ? client_read_call(&message, &client->arena, ret, err) : rc;
}

int client_call(struct client *client, struct str tool, struct str args, struct client_answer *ret,
    bool *ret_sent, struct err *err)
{
    *ret_sent = false;
    if (client->broken.code != 0) {
        *err = client->broken;
        return err_while(err, "the server was given up");
    }
    *ret_sent = true;
    int rc = call(client, tool, args, ret, err);
    if (rc < 0) {
        client->broken = *err;
        server_end(&client->server, 0);
    }
    return rc;
}

void client_end(struct client *client)
{
    server_end(&client->server, client->broken.code != 0 ? 0 : END_MS);
    arena_done(&client->arena);
    buf_done(&client->name);
    buf_done(&client->tools);
    *client = (struct client){ 0 };
}
