/* Any bytes as what an MCP client sends: what goes back is one line of JSON, a call has arguments
 * that are an object, and a claimed name is a word. */
#include "agent/mcp.h"

#include "agent/command.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool offered(const void *with, struct str tool)
{
    (void)with;
    return agent_command_known(tool);
}

static void check(struct str value, enum json_kind kind)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    assert(json_is(json_read(&arena, value, NULL, NULL), kind));
    assert(!memchr(value.at, '\n', value.size));
}

static void one(struct mcp_client *client, struct str line, struct str tools)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct agent_command command;
    struct mcp_message message = mcp_take(client, line, tools, &arena, &out);
    assert(str_starts(mcp_by(client), STR("mcp:")));
    assert(
        str_is_name((struct str){ mcp_by(client).at + 4, mcp_by(client).size - 4 }, MCP_NAME_MAX));
    if (message.kind == MCP_CALL) {
        assert(agent_command_known(message.tool));
        agent_command(
            &command, message.tool, message.args, STR("local"), mcp_by(client), &arena, NULL);
        mcp_result(&out, message.id, false, message.args);
    }
    assert((out.size > 0) == (message.kind < MCP_NOTED || message.kind == MCP_CALL));
    if (out.size > 0)
        check(buf_view(&out), JSON_OBJECT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf tools = { 0 };
    struct mcp_client client = { 0 };
    const char *at = (const char *)data, *end;
    mcp_tools(&tools, offered, NULL);
    while (size > 0 && (end = memchr(at, '\n', size))) {
        one(&client, (struct str){ at, (size_t)(end - at) }, buf_view(&tools));
        size -= (size_t)(end - at) + 1;
        at = end + 1;
    }
    one(&client, (struct str){ at, size }, buf_view(&tools));
    return 0;
}
