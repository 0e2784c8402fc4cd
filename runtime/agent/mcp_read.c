/* mcp_read - what an MCP client sent, as messages: each checked by itself, and answered or noted.
 *
 * A batch is bounded twice: by its bytes, as a message is, and by its count, since each call of it
 * is a child. One that breaks a bound is refused whole. */
#include "agent/mcp_method.h"

#include "base/mem.h"

static const struct json_limits limits = {
    .size_max = MCP_MESSAGE_MAX, .nodes_max = 1 << 16, .depth_max = 32
};

static bool is_id(const struct json *id)
{
    return (json_is(id, JSON_STRING) || json_is(id, JSON_NUMBER)) && id->raw.size <= MCP_ID_MAX;
}

static void notification(struct mcp_taking *taking, struct str name)
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

static struct mcp_message refused(enum mcp_code code, const char *why, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    mcp_error(&out, (struct str){ 0 }, code, why);
    return (struct mcp_message){ .kind = MCP_REFUSED,
        .answer = { arena_string(arena, out.at, out.size), out.size } };
}

static struct mcp_message take(
    const struct mcp_taking *from, const struct json *root, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct mcp_taking taking = *from;
    const char *wrong = check(root, arena);
    if (wrong)
        return refused(MCP_INVALID, wrong, arena);
    const struct json *id = json_get(root, "id");
    struct str name = json_string(arena, json_get(root, "method"));
    taking.params = json_get(root, "params");
    taking.out = &out;
    taking.message.kind = MCP_NOTED;
    if (is_answer(root))
        return taking.message;
    if (!id) {
        notification(&taking, name);
        return taking.message;
    }
    taking.message.id = id->raw;
    mcp_method(&taking, name);
    if (out.size > 0)
        taking.message.answer = (struct str){ arena_string(arena, out.at, out.size), out.size };
    return taking.message;
}

/* NULL: it is taken. */
static const char *check_batch(const struct mcp_client *client, const struct json *root)
{
    if (client->version != mcp_version_batches)
        return "batches are of protocol version 2025-03-26: send each message by itself";
    if (root->count == 0 || root->count > MCP_BATCH_MAX)
        return "a batch has 1 to 32 messages";
    return NULL;
}

static struct mcp_sent alone(struct mcp_message message, struct arena *arena)
{
    struct mcp_message *messages = arena_alloc(arena, sizeof *messages);
    *messages = message;
    return (struct mcp_sent){ messages, 1, false };
}

struct mcp_sent mcp_read(
    struct mcp_client *client, struct str text, struct str tools, struct arena *arena)
{
    struct err err = { 0 };
    const struct json *root = json_read(arena, text, &limits, &err);
    struct mcp_taking taking = { .client = client, .tools = tools, .arena = arena };
    if (!root)
        return alone(refused(MCP_UNREAD, err.text, arena), arena);
    if (!json_is(root, JSON_ARRAY))
        return alone(take(&taking, root, arena), arena);
    const char *wrong = check_batch(client, root);
    if (wrong)
        return alone(refused(MCP_INVALID, wrong, arena), arena);
    struct mcp_sent sent = { arena_alloc(arena, root->count * sizeof *sent.messages), 0, true };
    taking.batch = true;
    JSON_EACH(item, root)
    sent.messages[sent.count++] = take(&taking, item, arena);
    return sent;
}
