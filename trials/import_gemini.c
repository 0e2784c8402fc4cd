/* import_gemini - chats of Gemini CLI.
 *
 * One object is one session; its replies have their calls with what came of them. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_flow.h"

static struct str output_of(const struct json *call, struct arena *arena)
{
    CLEANUP(buf_done) struct buf all = { 0 };
    const struct json *result = json_get(call, "result");
    JSON_EACH(part, json_is(result, JSON_ARRAY) ? result : NULL)
    {
        const struct json *response = json_get(json_get(part, "functionResponse"), "response");
        const struct json *output = json_get(response, "output");
        output = output ? output : json_get(response, "error");
        buf_str(&all, talk_raw(output ? output : response, arena));
    }
    return (struct str){ arena_string(arena, all.at ? all.at : "", all.size), all.size };
}

static void add_results(struct flow *flow, const struct json *calls, struct arena *arena)
{
    JSON_EACH(call, calls)
    {
        struct str state = json_string(arena, json_get(call, "status"));
        bool failed = str_equal(state, STR("error")) || str_equal(state, STR("cancelled"));
        if (json_is(json_get(call, "result"), JSON_ARRAY))
            flow_result(
                flow, json_string(arena, json_get(call, "id")), output_of(call, arena), failed);
    }
}

static void add_reply(struct flow *flow, const struct json *message, struct arena *arena)
{
    const struct json *calls = json_get(message, "toolCalls"), *model = json_get(message, "model");
    const struct json *thoughts = json_get(message, "thoughts");
    calls = json_is(calls, JSON_ARRAY) ? calls : NULL;
    JSON_EACH(thought, json_is(thoughts, JSON_ARRAY) ? thoughts : NULL)
    import_unmapped(flow->talks.sink, "thought", (struct str){ 0 });
    flow_text(flow, talk_text(flow->talks.sink, json_get(message, "content"), arena));
    JSON_EACH(call, calls)
    {
        const struct json *args = json_get(call, "args");
        flow_call(flow, json_string(arena, json_get(call, "id")),
            json_string(arena, json_get(call, "name")), args ? args->raw : STR("{}"));
    }
    if (flow->talk->about.size == 0 && json_is(model, JSON_STRING))
        talk_about(flow->talk, "model", model);
    add_results(flow, calls, arena);
}

static void add_message(struct flow *flow, const struct json *message, struct arena *arena)
{
    const struct import_sink *sink = flow->talks.sink;
    struct str type = json_string(arena, json_get(message, "type"));
    const struct json *content = json_get(message, "content");
    if (str_equal(type, STR("gemini")))
        add_reply(flow, message, arena);
    else if (str_equal(type, STR("user")))
        flow_say(flow, "user", talk_text(sink, content, arena));
    else if (str_equal(type, STR("error")))
        flow_error(flow, talk_status(talk_text(sink, content, arena)));
    else
        import_unmapped(sink, "message", type);
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct flow *flow = with;
    const struct json *root = import_json(text, arena, err);
    if (!root)
        return -err->code;
    const struct json *messages = json_get(root, "messages");
    if (!json_is(messages, JSON_ARRAY) || !json_is(json_get(root, "sessionId"), JSON_STRING))
        return err_set(err, ERR_INPUT, "no chat: it has `sessionId` and `messages`");
    flow->where = where;
    flow_talk(flow);
    JSON_EACH(message, messages)
    add_message(flow, message, arena);
    talk_project(flow->talk, json_string(arena, json_get(root, "projectHash")), (struct str){ 0 },
        flow->talks.origin);
    talk_name(flow->talk, json_string(arena, json_get(root, "sessionId")));
    return flow_end(flow, err);
}

int import_gemini(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct flow flow;
    flow_init(&flow, path, "gemini-cli", options, sink);
    int status = import_pieces(path, sink, take, &flow, &flow.stop, err);
    flow_done(&flow);
    return status;
}
