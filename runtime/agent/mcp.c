/* mcp - see mcp.h. */
#include "agent/mcp.h"

#include "agent/command.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#ifndef MOULT_VERSION
#error "the build gives MOULT_VERSION"
#endif

/* The newest first: it is what a client is offered whose version is none of these. */
static const char *const versions[] = { "2025-06-18", "2025-03-26", "2024-11-05" };
static const struct json_limits limits = {
    .size_max = MCP_MESSAGE_MAX, .nodes_max = 1 << 16, .depth_max = 32
};
static const char instructions[] =
    "The harness of an agent that moult runs. harness_failures says what goes wrong and could be "
    "mended, harness_source shows the code, harness_propose hands in a patch, which is checked and "
    "judged on recorded conversations, harness_status says how far each came. A person decides.";

static const char *version_of(struct str text)
{
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        if (str_equal(text, str_of(versions[i])))
            return versions[i];
    return NULL;
}

bool mcp_version_known(struct str version)
{
    return version_of(version) != NULL;
}

struct str mcp_by(const struct mcp_client *client)
{
    return client->by[0] ? str_of(client->by) : STR("mcp:unnamed");
}

/* --- answers */

static void begin(struct buf *out, struct str id)
{
    buf_text(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    buf_str(out, id.size > 0 ? id : STR("null"));
}

void mcp_error(struct buf *out, struct str id, enum mcp_code code, const char *text)
{
    begin(out, id);
    buf_format(out, ",\"error\":{\"code\":%d,\"message\":", (int)code);
    json_quote(out, str_of(text));
    buf_text(out, "}}");
}

void mcp_result(struct buf *out, struct str id, bool failed, struct str text)
{
    begin(out, id);
    buf_text(out, ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":");
    json_quote(out, text);
    buf_format(out, "}],\"isError\":%s}}", failed ? "true" : "false");
}

void mcp_tools(
    struct buf *out, bool (*offered)(const void *with, struct str tool), const void *with)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *all = json_read(&arena, str_of(agent_command_definitions), NULL, NULL);
    const char *comma = "";
    buf_char(out, '[');
    JSON_EACH(tool, all)
    {
        const struct json *function = json_get(tool, "function");
        struct str name = json_string(&arena, json_get(function, "name"));
        if (!offered(with, name))
            continue;
        buf_format(out, "%s{\"name\":\"%.*s\",\"description\":", comma, (int)name.size, name.at);
        buf_str(out, json_get(function, "description")->raw);
        buf_text(out, ",\"inputSchema\":");
        buf_str(out, json_get(function, "parameters")->raw);
        buf_format(out, ",\"annotations\":{\"readOnlyHint\":%s,\"destructiveHint\":false}}",
            agent_command_looks(name) ? "true" : "false");
        comma = ",";
    }
    buf_char(out, ']');
}

/* --- methods */

struct taking {
    struct mcp_client *client;
    const struct json *params; /* an object, or NULL */
    struct str tools;
    struct arena *arena;
    struct mcp_message message;
    struct buf *out;
};

static void refuse(struct taking *taking, enum mcp_code code, const char *text)
{
    taking->message.kind = MCP_ANSWERED;
    mcp_error(taking->out, taking->message.id, code, text);
}

/* A claim as a word: what is no letter, digit, '.', '_' or '-' becomes '-', what is too long is
 * cut. */
static void name_client(struct mcp_client *client, struct str claimed)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = claimed.size < MCP_NAME_MAX ? claimed.size : MCP_NAME_MAX;
    char *to = client->by + snprintf(client->by, sizeof client->by, "mcp:");
    for (size_t i = 0; i < size; i++)
        *to++ = claimed.at[i] && strchr(good, claimed.at[i]) ? claimed.at[i] : '-';
    *to = '\0';
    if (size == 0)
        client->by[0] = '\0';
}

static void initialize(struct taking *taking)
{
    struct mcp_client *client = taking->client;
    const struct json *info = json_get(taking->params, "clientInfo");
    struct str wanted = json_string(taking->arena, json_get(taking->params, "protocolVersion"));
    struct str name = json_string(taking->arena, json_get(info, "name"));
    if (!wanted.at || !name.at) {
        refuse(taking, MCP_BAD_PARAMS, "initialize wants protocolVersion and clientInfo.name");
        return;
    }
    if (client->version) {
        refuse(taking, MCP_INVALID, "this session has begun");
        return;
    }
    client->version = version_of(wanted);
    if (!client->version)
        client->version = versions[0];
    name_client(client, name);
    taking->message.begins = true;
    begin(taking->out, taking->message.id);
    buf_format(taking->out,
        ",\"result\":{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{"
        "\"name\":\"moult\",\"version\":\"%s\"},\"instructions\":\"%s\"}}",
        client->version, MOULT_VERSION, instructions);
}

static void ping(struct taking *taking)
{
    begin(taking->out, taking->message.id);
    buf_text(taking->out, ",\"result\":{}}");
}

/* All of them are on the first page: a cursor is none of ours. */
static void list(struct taking *taking)
{
    if (json_get(taking->params, "cursor")) {
        refuse(taking, MCP_BAD_PARAMS, "there is no such page");
        return;
    }
    begin(taking->out, taking->message.id);
    buf_text(taking->out, ",\"result\":{\"tools\":");
    buf_str(taking->out, taking->tools);
    buf_text(taking->out, "}}");
}

static bool is_offered(const struct taking *taking, struct str name)
{
    const struct json *all = json_read(taking->arena, taking->tools, NULL, NULL);
    JSON_EACH(tool, all)
    if (str_equal(json_string(taking->arena, json_get(tool, "name")), name))
        return true;
    return false;
}

static void call(struct taking *taking)
{
    const struct json *args = json_get(taking->params, "arguments");
    struct str name = json_string(taking->arena, json_get(taking->params, "name"));
    if (!name.at || (args && !json_is(args, JSON_OBJECT))) {
        refuse(taking, MCP_BAD_PARAMS, "tools/call wants name, and arguments as an object");
        return;
    }
    if (!is_offered(taking, name)) {
        refuse(taking, MCP_BAD_PARAMS, "there is no such tool; tools/list says which there are");
        return;
    }
    taking->message.kind = MCP_CALL;
    taking->message.tool = name;
    taking->message.args = args ? args->raw : STR("{}");
}

static const struct method {
    const char *name;
    void (*run)(struct taking *taking);
} methods[] = {
    { "initialize", initialize },
    { "ping", ping },
    { "tools/list", list },
    { "tools/call", call },
};

/* --- messages */

static bool is_id(const struct json *id)
{
    return (json_is(id, JSON_STRING) || json_is(id, JSON_NUMBER)) && id->raw.size <= MCP_ID_MAX;
}

static void request(struct taking *taking, struct str name)
{
    taking->message.kind = MCP_ANSWERED;
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_equal(name, str_of(methods[i].name))) {
            methods[i].run(taking);
            return;
        }
    refuse(taking, MCP_NO_METHOD, "moult has no such method");
}

static void notification(struct taking *taking, struct str name)
{
    const struct json *id = json_get(taking->params, "requestId");
    taking->message.kind = MCP_NOTED;
    if (!str_equal(name, STR("notifications/cancelled")) || !is_id(id))
        return;
    taking->message.kind = MCP_CANCEL;
    taking->message.id = id->raw;
}

/* An answer to a request: moult makes none. */
static bool is_answer(const struct json *root)
{
    return json_get(root, "id") && (json_get(root, "result") || json_get(root, "error"));
}

static const char *check(const struct json *root, struct arena *arena)
{
    const struct json *params = json_get(root, "params"), *id = json_get(root, "id");
    if (json_is(root, JSON_ARRAY))
        return "batches are not taken: send each message by itself";
    if (!json_is(root, JSON_OBJECT) ||
        !str_equal(json_string(arena, json_get(root, "jsonrpc")), STR("2.0")))
        return "not a JSON-RPC 2.0 message";
    if (is_answer(root))
        return NULL;
    if (!json_is(json_get(root, "method"), JSON_STRING))
        return "neither a request nor an answer";
    if (id && !is_id(id))
        return "an id is a string or a number, of at most 256 bytes";
    return params && !json_is(params, JSON_OBJECT) ? "params are an object" : NULL;
}

struct mcp_message mcp_take(struct mcp_client *client, struct str text, struct str tools,
    struct arena *arena, struct buf *out)
{
    struct taking taking = { .client = client, .tools = tools, .arena = arena, .out = out };
    struct err err = { 0 };
    const struct json *root = json_read(arena, text, &limits, &err);
    const char *wrong = root ? check(root, arena) : NULL;
    if (!root || wrong) {
        taking.message.kind = MCP_REFUSED;
        mcp_error(out, (struct str){ 0 }, root ? MCP_INVALID : MCP_UNREAD, root ? wrong : err.text);
        return taking.message;
    }
    const struct json *id = json_get(root, "id");
    struct str name = json_string(arena, json_get(root, "method"));
    taking.params = json_get(root, "params");
    taking.message.kind = MCP_NOTED;
    if (is_answer(root))
        return taking.message;
    if (!id) {
        notification(&taking, name);
        return taking.message;
    }
    taking.message.id = id->raw;
    request(&taking, name);
    return taking.message;
}
