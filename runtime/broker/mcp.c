/* mcp - see mcp.h. */
#include "broker/mcp.h"

#include "base/mem.h"
#include "broker/agent_tools.h"
#include "broker/mcp_sessions.h"

#include <stdlib.h>
#include <string.h>

struct mcp_post { /* until all that it brought is answered, and its client has gone */
    struct waiter waiter;
    struct http_exchange *exchange; /* NULL: it has gone */
    struct mcp_answers answers;
    unsigned open, status; /* messages to wait for; of the answer */
};
struct mcp_call {
    struct mcp_post *post;
    struct agent_call *call;
    struct engine *engine;
    char session[MCP_SESSION_ID + 1]; /* empty: none */
    char principal[64];
    struct mcp_call *next, **link;
    size_t id_size;
    char id[MCP_ID_MAX];
};

struct asking { /* a request, until it is answered or a call */
    struct engine *engine;
    struct http_exchange *exchange;
    struct str principal, session;
    bool operates;
};

static void reply(struct http_exchange *exchange, unsigned status, struct str body)
{
    http_reply(exchange, status, &http_json, body.size > 0, body);
}

void mcp_refuse(struct http_exchange *exchange, unsigned status, const char *text)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct http_header head[] = { http_json, { STR("Allow"), STR("POST, DELETE") } };
    mcp_error(&body, (struct str){ 0 }, MCP_INVALID, text);
    http_reply(exchange, status, head, status == 405 ? 2 : 1, buf_view(&body));
}

/* --- who may */

static struct str until(struct str text, const char *ends)
{
    size_t size = 0;
    while (size < text.size && !strchr(ends, text.at[size]))
        size++;
    return (struct str){ text.at, size };
}

/* A page that a browser has from this machine, or no browser at all. */
static bool origin_fits(const struct http_exchange *exchange)
{
    static const char *const schemes[] = { "http://", "https://" };
    struct str origin = http_header(exchange, "Origin"), host = { 0 };
    if (!origin.at)
        return true;
    for (size_t i = 0; i < COUNT_OF(schemes); i++)
        if (str_starts(origin, str_of(schemes[i]))) {
            size_t skip = strlen(schemes[i]);
            host = (struct str){ origin.at + skip, origin.size - skip };
        }
    if (str_starts(host, STR("[::1]")))
        return host.size == 5 || host.at[5] == ':';
    host = until(host, ":");
    return str_equal(host, STR("localhost")) || str_equal(host, STR("127.0.0.1"));
}

struct right {
    const struct config *config;
    bool operates;
};
static bool offered(const void *with, struct str tool)
{
    const struct right *right = with;
    const struct config_tool *row = config_tool(right->config, tool);
    unsigned permission = row ? row->permission : TOOL_ALLOW;
    return right->operates ? permission != TOOL_DENY
                           : right->config->agent_tools && permission == TOOL_ALLOW;
}

/* --- calls */

static void call_free(struct mcp_call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    free(call);
}

static void post_free(struct mcp_post *post)
{
    buf_done(&post->answers.out);
    free(post);
}

/* One message less to wait for. */
static void answered(struct mcp_post *post, struct str answer)
{
    mcp_answers_add(&post->answers, answer);
    if (--post->open > 0)
        return;
    if (post->exchange)
        reply(post->exchange, post->status, mcp_answers_end(&post->answers));
    else
        post_free(post);
}

static void on_done(void *with, const struct toolbox_answer *answer)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct mcp_call *call = with;
    mcp_result(
        &body, (struct str){ call->id, call->id_size }, answer->status != WIRE_OK, answer->text);
    answered(call->post, buf_view(&body));
    call_free(call);
}

static void gone(struct waiter *waiter, bool whole)
{
    struct mcp_post *post = (struct mcp_post *)waiter;
    (void)whole;
    post->exchange = NULL;
    if (post->open == 0)
        post_free(post);
}

static void drained(struct waiter *waiter)
{
    (void)waiter;
}

/* false: out says why not. */
static bool start(const struct asking *asking, struct mcp_post *post,
    const struct mcp_message *message, struct str by, struct buf *out)
{
    struct err err = { 0 };
    struct engine *engine = asking->engine;
    const struct agent_ask ask = { message->tool, message->args, asking->principal, by };
    struct mcp_call *call = mem_zero(1, sizeof *call);
    *call = (struct mcp_call){ .post = post,
        .engine = engine,
        .next = engine->mcp_calls,
        .link = &engine->mcp_calls,
        .id_size = message->id.size };
    memcpy(call->id, message->id.at, message->id.size);
    memcpy(call->principal, asking->principal.at, asking->principal.size);
    memcpy(call->session, asking->session.at ? asking->session.at : "", asking->session.size);
    if (agent_call_start(&call->call, engine, &ask, on_done, call, &err) < 0) {
        mcp_result(out, message->id, true, str_of(err.text));
        free(call);
        return false;
    }
    if (call->next)
        call->next->link = &call->next;
    engine->mcp_calls = call;
    return true;
}

static void cancel(const struct asking *asking, struct str id)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    for (struct mcp_call *call = asking->engine->mcp_calls; call; call = call->next) {
        if (!call->post->exchange || asking->session.size == 0 ||
            !str_equal(asking->session, str_of(call->session)) ||
            !str_equal(asking->principal, str_of(call->principal)) ||
            !str_equal(id, (struct str){ call->id, call->id_size }))
            continue;
        agent_call_cancel(call->call);
        mcp_error(&body, id, MCP_CANCELLED, "cancelled");
        answered(call->post, buf_view(&body));
        call_free(call);
        return;
    }
}

/* --- requests */

static void begin(const struct asking *asking, const struct mcp_client *client, struct str answer)
{
    const char *id = mcp_sessions_begin(asking->engine->mcp, asking->principal, client);
    const struct http_header head[] = { http_json, { STR("Mcp-Session-Id"), str_of(id) } };
    http_reply(asking->exchange, 200, head, id ? 2 : 1, answer);
}

static void take(const struct asking *asking, struct mcp_post *post,
    const struct mcp_message *message, const struct mcp_client *client)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_str(&out, message->answer);
    if (message->kind == MCP_CANCEL)
        cancel(asking, message->id);
    if (message->kind != MCP_CALL || !start(asking, post, message, mcp_by(client), &out))
        answered(post, buf_view(&out));
}

/* A request that was understood makes it good, what was no message makes it bad. */
static unsigned status_of(const struct mcp_sent *sent)
{
    unsigned status = 202;
    for (uint32_t i = 0; i < sent->count; i++) {
        if (sent->messages[i].kind == MCP_ANSWERED || sent->messages[i].kind == MCP_CALL)
            return 200;
        if (sent->messages[i].kind == MCP_REFUSED)
            status = 400;
    }
    return status;
}

static void take_all(
    const struct asking *asking, const struct mcp_sent *sent, const struct mcp_client *client)
{
    struct mcp_post *post = mem_zero(1, sizeof *post);
    *post = (struct mcp_post){ .waiter = { gone, drained },
        .exchange = asking->exchange,
        .answers = { .batch = sent->batch },
        .open = sent->count,
        .status = status_of(sent) };
    http_set_data(asking->exchange, post);
    for (uint32_t i = 0; i < sent->count; i++)
        take(asking, post, &sent->messages[i], client);
}

static void post(const struct asking *asking, struct mcp_client *client)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf tools = { 0 };
    const struct right right = { asking->engine->config, asking->operates };
    mcp_tools(&tools, offered, &right);
    struct mcp_sent sent = mcp_read(client, http_body(asking->exchange), buf_view(&tools), &arena);
    if (sent.messages->begins)
        begin(asking, client, sent.messages->answer);
    else
        take_all(asking, &sent, client);
}

static void end(const struct asking *asking)
{
    if (mcp_sessions_end(asking->engine->mcp, asking->principal, asking->session))
        reply(asking->exchange, 204, (struct str){ 0 });
    else
        mcp_refuse(asking->exchange, 404, "there is no such session");
}

void mcp_request(
    struct engine *engine, struct http_exchange *exchange, struct str principal, bool operates)
{
    const struct asking asking = { engine, exchange, principal,
        http_header(exchange, "Mcp-Session-Id"), operates };
    struct str version = http_header(exchange, "MCP-Protocol-Version"), method;
    struct mcp_client client = { 0 };
    const struct mcp_client *known =
        asking.session.at ? mcp_sessions_find(engine->mcp, principal, asking.session) : NULL;
    method = http_method(exchange);
    if (known)
        client = *known;
    else
        client.version = version.at ? mcp_version(version) : mcp_version_batches;
    if (!origin_fits(exchange))
        mcp_refuse(exchange, 403, "pages of other origins have no business here");
    else if (version.at && !mcp_version(version))
        mcp_refuse(exchange, 400, "MCP-Protocol-Version is none that moult speaks");
    else if (str_equal(method, STR("DELETE")))
        end(&asking);
    else if (!str_equal(method, STR("POST")))
        mcp_refuse(exchange, 405, "a message is a POST; there is no stream to listen to");
    else if (asking.session.at && !known)
        mcp_refuse(exchange, 404, "there is no such session: begin with initialize");
    else
        post(&asking, &client);
}
