/* mcp - see mcp.h. */
#include "agent/mcp.h"

#include "agent/command.h"
#include "agent/mcp_method.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#ifndef MOULT_VERSION
#error "the build gives MOULT_VERSION"
#endif

/* The newest first: it is what a client is offered whose version is none of these. */
const char mcp_version_batches[] = "2025-03-26";
static const char *const versions[] = { "2025-06-18", mcp_version_batches, "2024-11-05" };
static const char instructions[] =
    "The harness of an agent that moult runs. harness_failures says what goes wrong and could be "
    "mended, harness_source shows the code, harness_propose hands in a patch, which is checked and "
    "judged on recorded conversations, harness_status says how far each came. A person decides.";

const char *mcp_version(struct str text)
{
    for (size_t i = 0; i < COUNT_OF(versions); i++)
        if (str_equal(text, str_of(versions[i])))
            return versions[i];
    return NULL;
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

void mcp_answers_add(struct mcp_answers *answers, struct str answer)
{
    if (answer.size == 0)
        return;
    if (answers->batch)
        buf_char(&answers->out, answers->out.size ? ',' : '[');
    buf_str(&answers->out, answer);
}

struct str mcp_answers_end(struct mcp_answers *answers)
{
    if (answers->batch && answers->out.size > 0)
        buf_char(&answers->out, ']');
    return buf_view(&answers->out);
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

static void refuse(struct mcp_taking *taking, enum mcp_code code, const char *text)
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

static void initialize(struct mcp_taking *taking)
{
    struct mcp_client *client = taking->client;
    const struct json *info = json_get(taking->params, "clientInfo");
    struct str wanted = json_string(taking->arena, json_get(taking->params, "protocolVersion"));
    struct str name = json_string(taking->arena, json_get(info, "name"));
    if (!wanted.at || !name.at) {
        refuse(taking, MCP_BAD_PARAMS, "initialize wants protocolVersion and clientInfo.name");
        return;
    }
    if (taking->batch || client->begun) {
        refuse(taking, MCP_INVALID,
            taking->batch ? "initialize stands alone, in no batch" : "this session has begun");
        return;
    }
    client->version = mcp_version(wanted);
    if (!client->version)
        client->version = versions[0];
    client->begun = true;
    name_client(client, name);
    taking->message.begins = true;
    begin(taking->out, taking->message.id);
    buf_format(taking->out,
        ",\"result\":{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{}},\"serverInfo\":{"
        "\"name\":\"moult\",\"version\":\"%s\"},\"instructions\":\"%s\"}}",
        client->version, MOULT_VERSION, instructions);
}

static void ping(struct mcp_taking *taking)
{
    begin(taking->out, taking->message.id);
    buf_text(taking->out, ",\"result\":{}}");
}

/* All of them are on the first page: a cursor is none of ours. */
static void list(struct mcp_taking *taking)
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

static bool is_offered(const struct mcp_taking *taking, struct str name)
{
    const struct json *all = json_read(taking->arena, taking->tools, NULL, NULL);
    JSON_EACH(tool, all)
    if (str_equal(json_string(taking->arena, json_get(tool, "name")), name))
        return true;
    return false;
}

static void call(struct mcp_taking *taking)
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
    void (*run)(struct mcp_taking *taking);
} methods[] = {
    { "initialize", initialize },
    { "ping", ping },
    { "tools/list", list },
    { "tools/call", call },
};

void mcp_method(struct mcp_taking *taking, struct str name)
{
    taking->message.kind = MCP_ANSWERED;
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (str_equal(name, str_of(methods[i].name))) {
            methods[i].run(taking);
            return;
        }
    refuse(taking, MCP_NO_METHOD, "moult has no such method");
}
