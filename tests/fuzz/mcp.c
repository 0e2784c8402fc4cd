/* Any bytes as what an MCP client sends: what goes back is one line of JSON, a call has arguments
 * that are an object, a claimed name is a word, and a batch is bounded. */
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

static void one(struct mcp_message *message, const struct mcp_client *client, struct arena *arena,
    struct mcp_answers *answers)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct agent_command command;
    buf_str(&out, message->answer);
    assert((out.size > 0) == (message->kind < MCP_NOTED));
    if (message->kind == MCP_CALL) {
        assert(agent_command_known(message->tool));
        agent_command(
            &command, message->tool, message->args, STR("local"), mcp_by(client), arena, NULL);
        mcp_result(&out, message->id, false, message->args);
    }
    if (out.size > 0)
        check(buf_view(&out), JSON_OBJECT);
    mcp_answers_add(answers, buf_view(&out));
}

static void all_of(struct mcp_client *client, struct str line, struct str tools)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct mcp_sent sent = mcp_read(client, line, tools, &arena);
    struct mcp_answers answers = { .batch = sent.batch };
    assert(sent.count > 0 && sent.count <= (sent.batch ? MCP_BATCH_MAX : 1));
    assert(str_starts(mcp_by(client), STR("mcp:")));
    assert(
        str_is_name((struct str){ mcp_by(client).at + 4, mcp_by(client).size - 4 }, MCP_NAME_MAX));
    for (uint32_t i = 0; i < sent.count; i++) {
        assert(!sent.batch || !sent.messages[i].begins);
        one(&sent.messages[i], client, &arena, &answers);
    }
    struct str said = mcp_answers_end(&answers);
    if (said.size > 0)
        check(said, sent.batch ? JSON_ARRAY : JSON_OBJECT);
    buf_done(&answers.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf tools = { 0 };
    struct mcp_client client = { 0 };
    const char *at = (const char *)data, *end;
    mcp_tools(&tools, offered, NULL);
    while (size > 0 && (end = memchr(at, '\n', size))) {
        all_of(&client, (struct str){ at, (size_t)(end - at) }, buf_view(&tools));
        size -= (size_t)(end - at) + 1;
        at = end + 1;
    }
    all_of(&client, (struct str){ at, size }, buf_view(&tools));
    return 0;
}
