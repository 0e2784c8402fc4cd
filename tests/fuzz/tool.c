/* Any bytes as what an MCP server answers, and as the calls that come in: refused, or what is kept
 * of them is JSON that can stand in a line of ours. */
#include "tool/serve.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str value, enum json_kind kind)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    assert(json_is(json_read(&arena, value, NULL, NULL), kind));
    assert(!memchr(value.at, '\n', value.size));
}

static void check_tools(const struct json *result)
{
    CLEANUP(buf_done) struct buf tools = { 0 };
    struct str cursor;
    uint32_t count = 0;
    buf_char(&tools, '[');
    if (client_read_tools(result, &tools, &count, &cursor, NULL) < 0)
        return;
    buf_char(&tools, ']');
    check(buf_view(&tools), JSON_ARRAY);
    if (cursor.size > 0)
        check(cursor, JSON_STRING);
}

static void as_answer(struct str line)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf name = { 0 };
    struct rpc_message message;
    struct client_answer answer;
    if (rpc_read(&message, line, &arena, NULL) < 0)
        return;
    if (message.kind == RPC_REQUEST) {
        rpc_pong(&name, message.request_id);
        check(str_trim(buf_view(&name)), JSON_OBJECT);
    }
    if (message.kind != RPC_RESULT && message.kind != RPC_ERROR)
        return;
    if (client_read_call(&message, &arena, &answer, NULL) == 0)
        check(answer.content, JSON_ARRAY);
    if (message.kind == RPC_ERROR)
        return;
    check_tools(message.result);
    if (client_read_begin(message.result, &arena, &name, NULL) == 0)
        check(buf_view(&name), JSON_STRING);
}

static void as_call(struct str line)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct serve_call call;
    struct str id;
    if (serve_read(&call, &id, line, &arena, NULL) == 0)
        check(call.args, JSON_OBJECT);
}

/* A line has no end of line in it: the bytes are cut at the first. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
    struct str line = { (const char *)data, end ? (size_t)(end - (const char *)data) : size };
    as_answer(line);
    as_call(line);
    return 0;
}
