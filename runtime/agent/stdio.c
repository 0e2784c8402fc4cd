/* stdio - see stdio.h. */
#include "agent/stdio.h"

#include "agent/mcp.h"
#include "agent/run.h"
#include "base/fd.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16 };

struct stdio {
    const struct stdio_plan *plan;
    uv_loop_t loop;
    uv_fs_t reading;
    char chunk[CHUNK];
    struct buf line; /* not yet ended */
    bool skipping;   /* the rest of a line that was too long */
    bool deaf;       /* the client hears no more */
    int failed;      /* the input: a negated ERR_ code */
    struct err err;
    struct mcp_client client;
    struct buf tools;
    struct call *calls;
    unsigned calls_count;
    uint32_t proposals;
};
struct sent { /* a line, until all of it is answered */
    struct mcp_answers answers;
    unsigned open; /* messages */
};
struct call {
    struct stdio *stdio;
    struct sent *sent;
    struct child *child;
    struct call *next;
    size_t id_size;
    char id[MCP_ID_MAX];
};

static void say(struct stdio *stdio, struct str answer)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    buf_str(&line, answer);
    buf_char(&line, '\n');
    if (!stdio->deaf && write_all(stdio->plan->out, line.at, line.size, NULL) < 0)
        stdio->deaf = true;
}

/* One message less to wait for. */
static void answered(struct stdio *stdio, struct sent *sent, struct str answer)
{
    mcp_answers_add(&sent->answers, answer);
    if (--sent->open > 0)
        return;
    if (sent->answers.out.size > 0)
        say(stdio, mcp_answers_end(&sent->answers));
    buf_done(&sent->answers.out);
    free(sent);
}

/* --- calls */

static struct call **find(struct stdio *stdio, struct str id)
{
    struct call **at = &stdio->calls;
    while (*at && !str_equal((struct str){ (*at)->id, (*at)->id_size }, id))
        at = &(*at)->next;
    return at;
}

static void forget(struct stdio *stdio, struct call **at)
{
    struct call *call = *at;
    *at = call->next;
    stdio->calls_count--;
    free(call);
}

static void on_ended(void *with, const struct child_result *result)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct call *call = with;
    struct stdio *stdio = call->stdio;
    struct str text, id = { call->id, call->id_size };
    bool failed = !agent_said(result, &text);
    mcp_result(&out, id, failed, text);
    answered(stdio, call->sent, buf_view(&out));
    forget(stdio, find(stdio, id));
}

static int begin(struct stdio *stdio, struct sent *sent, const struct mcp_message *message,
    struct arena *arena, struct err *err)
{
    const struct stdio_plan *plan = stdio->plan;
    const struct agent_place place = { &stdio->loop, plan->bin, plan->home->path };
    struct agent_command command;
    int rc = agent_command(
        &command, message->tool, message->args, STR("local"), mcp_by(&stdio->client), arena, err);
    if (rc < 0)
        return rc;
    if (stdio->calls_count == MCP_CALLS_MAX)
        return err_set(err, ERR_LIMIT, "%d calls are at work: try again later", MCP_CALLS_MAX);
    if (command.proposes && stdio->proposals == plan->config->rounds_a_day)
        return err_set(err, ERR_LIMIT, "the proposals of this session are used up");
    struct call *call = mem_zero(1, sizeof *call);
    call->stdio = stdio;
    call->sent = sent;
    call->id_size = message->id.size;
    memcpy(call->id, message->id.at, message->id.size);
    if ((rc = agent_run(&call->child, &place, &command, on_ended, call, err)) < 0) {
        free(call);
        return rc;
    }
    call->next = stdio->calls;
    stdio->calls = call;
    stdio->calls_count++;
    stdio->proposals += command.proposes;
    return 0;
}

/* --- lines */

/* false: it is answered, or nobody hears it. */
static bool start_call(struct stdio *stdio, struct sent *sent, const struct mcp_message *message,
    struct arena *arena, struct buf *out)
{
    struct err err = { 0 };
    if (stdio->deaf)
        return false;
    if (*find(stdio, message->id))
        mcp_error(out, message->id, MCP_INVALID, "a call of this id is at work");
    else if (begin(stdio, sent, message, arena, &err) < 0)
        mcp_result(out, message->id, true, str_of(err.text));
    else
        return true;
    return false;
}

/* It is ended, and nothing goes back. What a proposal has left in the journal is gone on with by
 * the next round, as after a kill. */
static void cancel(struct stdio *stdio, struct str id)
{
    struct call **at = find(stdio, id);
    if (!*at)
        return;
    child_free((*at)->child);
    answered(stdio, (*at)->sent, (struct str){ 0 });
    forget(stdio, at);
}

static void take_message(
    struct stdio *stdio, struct sent *sent, const struct mcp_message *message, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_str(&out, message->answer);
    if (message->kind == MCP_CANCEL)
        cancel(stdio, message->id);
    if (message->kind != MCP_CALL || !start_call(stdio, sent, message, arena, &out))
        answered(stdio, sent, buf_view(&out));
}

static void take(struct stdio *stdio, struct str line)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    if (str_trim(line).size == 0)
        return;
    struct mcp_sent read = mcp_read(&stdio->client, line, buf_view(&stdio->tools), &arena);
    struct sent *sent = mem_zero(1, sizeof *sent);
    *sent = (struct sent){ .answers = { .batch = read.batch }, .open = read.count };
    for (uint32_t i = 0; i < read.count; i++)
        take_message(stdio, sent, &read.messages[i], &arena);
}

static void refuse_long(struct stdio *stdio)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    mcp_error(&out, (struct str){ 0 }, MCP_INVALID, "a message has at most 1 MiB");
    say(stdio, buf_view(&out));
    stdio->skipping = true;
    buf_clear(&stdio->line);
}

static void take_bytes(struct stdio *stdio, struct str bytes)
{
    while (bytes.size > 0) {
        const char *end = memchr(bytes.at, '\n', bytes.size);
        size_t size = end ? (size_t)(end - bytes.at) : bytes.size;
        if (!stdio->skipping)
            buf_add(&stdio->line, bytes.at, size);
        if (stdio->line.size > MCP_MESSAGE_MAX)
            refuse_long(stdio);
        if (end && !stdio->skipping)
            take(stdio, buf_view(&stdio->line));
        if (end) {
            stdio->skipping = false;
            buf_clear(&stdio->line);
        }
        size += end ? 1 : 0;
        bytes = (struct str){ bytes.at + size, bytes.size - size };
    }
}

/* --- the input: read by a thread of libuv, so that it may be a pipe, a terminal or a file */

static void read_on(struct stdio *stdio);

static void on_read(uv_fs_t *reading)
{
    struct stdio *stdio = reading->data;
    ssize_t n = reading->result;
    uv_fs_req_cleanup(reading);
    if (n < 0 && n != UV_EINTR)
        stdio->failed = err_set(&stdio->err, ERR_SYS, "read messages: %s", uv_strerror((int)n));
    if (n > 0)
        take_bytes(stdio, (struct str){ stdio->chunk, (size_t)n });
    if (n > 0 || n == UV_EINTR)
        read_on(stdio);
    else if (!stdio->skipping)
        take(stdio, buf_view(&stdio->line)); /* a last line without its end */
}

static void read_on(struct stdio *stdio)
{
    uv_buf_t room = uv_buf_init(stdio->chunk, sizeof stdio->chunk);
    stdio->reading.data = stdio;
    int rc = uv_fs_read(&stdio->loop, &stdio->reading, stdio->plan->in, &room, 1, -1, on_read);
    if (rc < 0)
        stdio->failed = err_set(&stdio->err, ERR_SYS, "read messages: %s", uv_strerror(rc));
}

static bool offered(const void *with, struct str tool)
{
    const struct config_tool *row = config_tool(with, tool);
    return !row || row->permission != TOOL_DENY;
}

int stdio_serve(const struct stdio_plan *plan, struct err *err)
{
    struct stdio *stdio = mem_zero(1, sizeof *stdio);
    stdio->plan = plan;
    mcp_tools(&stdio->tools, offered, plan->config);
    uv_loop_init(&stdio->loop);
    read_on(stdio);
    uv_run(&stdio->loop, UV_RUN_DEFAULT);
    uv_loop_close(&stdio->loop);
    buf_done(&stdio->line);
    buf_done(&stdio->tools);
    int rc = stdio->failed;
    if (rc < 0)
        *err = stdio->err;
    free(stdio);
    return rc;
}
