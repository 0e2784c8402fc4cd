/* import_swe - trajectories of SWE-agent and mini-swe-agent.
 *
 * SWE-agent writes one object whose `history` is the conversation as the model saw it; what stands
 * in `trajectory` says the same in another form. mini-swe-agent writes `messages`, in its first
 * form as a bare list. Where commands stand in the text of a reply there is no call: the text is
 * what the model said, and the observation what a person's message would be. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_flow.h"

/* One id, or a list of one. */
static struct str answered(const struct json *message, struct arena *arena)
{
    const struct json *ids = json_get(message, "tool_call_ids");
    struct str id = json_string(arena, json_get(message, "tool_call_id"));
    return id.size > 0 ? id : json_string(arena, json_is(ids, JSON_ARRAY) ? json_first(ids) : NULL);
}

static void add_reply(
    struct flow *flow, const struct json *message, struct str text, struct arena *arena)
{
    const struct json *calls = json_get(message, "tool_calls");
    flow_text(flow, text);
    JSON_EACH(call, json_is(calls, JSON_ARRAY) ? calls : NULL)
    {
        const struct json *function = json_get(call, "function");
        flow_call(flow, json_string(arena, json_get(call, "id")),
            json_string(arena, json_get(function, "name")),
            talk_raw(json_get(function, "arguments"), arena));
    }
    const struct json *thinking = json_get(message, "thinking_blocks");
    JSON_EACH(block, json_is(thinking, JSON_ARRAY) ? thinking : NULL)
    import_unmapped(flow->talks.sink, "thinking", (struct str){ 0 });
}

static void add_message(struct flow *flow, const struct json *message, struct arena *arena)
{
    struct str role = json_string(arena, json_get(message, "role"));
    struct str text = talk_text(flow->talks.sink, json_get(message, "content"), arena);
    if (str_equal(role, STR("assistant"))) {
        add_reply(flow, message, text, arena);
        flow_close(flow);
    } else if (str_equal(role, STR("tool"))) {
        flow_result(flow, answered(message, arena), text, false);
    } else if (str_equal(role, STR("user"))) {
        flow_say(flow, "user", text);
    } else if (str_equal(role, STR("system"))) {
        flow_say(flow, "system", text);
    } else {
        import_unmapped(flow->talks.sink, "message", role);
    }
}

/* What stands beside the conversation. */
static void add_facts(struct flow *flow, const struct json *root)
{
    const struct json *info = json_get(root, "info");
    const struct json *status = json_get(info, "exit_status");
    const struct json *model = json_get(json_get(json_get(info, "config"), "model"), "model_name");
    if (json_is(status, JSON_STRING))
        talk_about(flow_talk(flow), "exit_status", status);
    if (json_is(model, JSON_STRING))
        talk_about(flow_talk(flow), "model", model);
    static const char *const dropped[] = { "trajectory", "replay_config" };
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        if (json_get(root, dropped[i]))
            import_unmapped(flow->talks.sink, dropped[i], (struct str){ 0 });
    if (json_is(json_get(info, "submission"), JSON_STRING))
        import_unmapped(flow->talks.sink, "submission", (struct str){ 0 });
}

static int end_session(struct flow *flow, struct err *err)
{
    struct str none = { 0 };
    talk_project(flow_talk(flow), none, none, flow->talks.origin);
    return flow_end(flow, err);
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct flow *flow = with;
    const struct json *root = import_json(text, arena, err);
    if (!root)
        return -err->code;
    const struct json *messages = json_get(root, "history");
    messages = messages ? messages : json_get(root, "messages");
    if (!messages && json_get(root, "role")) { /* of a bare list, which is one session */
        add_message(flow, root, arena);
        return 0;
    }
    if (!json_is(messages, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "no trajectory: neither `history` nor `messages`");
    int status = end_session(flow, err);
    if (status < 0)
        return status;
    flow->where = where;
    JSON_EACH(message, messages)
    add_message(flow, message, arena);
    add_facts(flow, root);
    return end_session(flow, err);
}

int import_swe(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct flow flow;
    flow_init(&flow, path, "swe-agent", options, sink);
    int status = import_pieces(path, sink, take, &flow, &flow.stop, err);
    if (status >= 0)
        status = end_session(&flow, err);
    flow_done(&flow);
    return status;
}
