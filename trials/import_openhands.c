/* import_openhands - trajectories of OpenHands.
 *
 * An event is an action of somebody or what was observed of one. An agent's action carries the
 * model's whole reply, several of one reply the same one; without it (older logs) the action is the
 * call. A file is a list of events, or has a line for each task of a benchmark. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_flow.h"

#include <inttypes.h>
#include <string.h>

struct openhands {
    struct flow flow;
    char reply[80]; /* id of the model's reply that was told last */
};

static const struct str none;

static void unmapped(struct openhands *hands, const char *kind, struct str detail)
{
    import_unmapped(hands->flow.talks.sink, kind, detail);
}

/* --- events */

static struct str id_of_action(int64_t number, struct arena *arena)
{
    return str_of(arena_format(arena, "action_%" PRId64, number));
}

static void add_system(struct openhands *hands, const struct json *args, struct arena *arena)
{
    const struct json *tools = json_get(args, "tools");
    flow_say(&hands->flow, "system", json_string(arena, json_get(args, "content")));
    if (json_is(tools, JSON_ARRAY) && tools->count > 0 &&
        !talk_tools(flow_talk(&hands->flow), tools))
        unmapped(hands, "list of tools", none);
}

/* The reply that an action is a part of; false: it does not say. */
static bool add_reply(struct openhands *hands, const struct json *metadata, struct arena *arena)
{
    const struct json *response = json_get(metadata, "model_response");
    const struct json *choices = json_get(response, "choices");
    const struct json *first = json_is(choices, JSON_ARRAY) ? json_first(choices) : NULL;
    const struct json *message = json_get(first, "message");
    const struct json *calls = json_get(message, "tool_calls");
    struct str id = json_string(arena, json_get(response, "id"));
    if (!json_is(calls, JSON_ARRAY) || calls->count == 0)
        return false;
    if (id.size > 0 && id.size < sizeof hands->reply && str_equal(id, str_of(hands->reply)))
        return true;
    memset(hands->reply, 0, sizeof hands->reply);
    if (id.size < sizeof hands->reply)
        memcpy(hands->reply, id.size ? id.at : "", id.size);
    flow_close(&hands->flow);
    flow_text(&hands->flow, talk_text(hands->flow.talks.sink, json_get(message, "content"), arena));
    JSON_EACH(call, calls)
    {
        const struct json *function = json_get(call, "function");
        flow_call(&hands->flow, json_string(arena, json_get(call, "id")),
            json_string(arena, json_get(function, "name")),
            talk_raw(json_get(function, "arguments"), arena));
    }
    if (json_is(json_get(response, "model"), JSON_STRING) &&
        flow_talk(&hands->flow)->about.size == 0)
        talk_about(hands->flow.talk, "model", json_get(response, "model"));
    return true;
}

static void add_action(
    struct openhands *hands, const struct json *event, struct str action, struct arena *arena)
{
    const struct json *args = json_get(event, "args"), *number = json_get(event, "id");
    const struct json *metadata = json_get(event, "tool_call_metadata");
    struct str text = json_string(arena, json_get(args, "content"));
    bool agent = str_equal(json_string(arena, json_get(event, "source")), STR("agent"));
    if (str_equal(action, STR("system"))) {
        add_system(hands, args, arena);
    } else if (agent && add_reply(hands, metadata, arena)) {
        return;
    } else if (str_equal(action, STR("message"))) {
        if (agent)
            flow_text(&hands->flow, text);
        else
            flow_say(&hands->flow, "user", text);
    } else if (agent && json_is(args, JSON_OBJECT) && json_int(number, -1) >= 0) {
        flow_close(&hands->flow);
        flow_call(&hands->flow, id_of_action(json_int(number, 0), arena), action, args->raw);
    } else {
        unmapped(hands, "action", action);
    }
}

static bool observed_failure(const struct json *event, struct str observation, struct str text)
{
    const struct json *extras = json_get(event, "extras");
    const struct json *code = json_get(json_get(extras, "metadata"), "exit_code");
    code = code ? code : json_get(extras, "exit_code");
    return str_equal(observation, STR("error")) || json_int(code, 0) > 0 ||
           str_starts(text, STR("ERROR:"));
}

/* -1 is the exit code of what still runs. */
static void add_observation(
    struct openhands *hands, const struct json *event, struct str observation, struct arena *arena)
{
    struct str text = json_string(arena, json_get(event, "content"));
    struct str id =
        json_string(arena, json_get(json_get(event, "tool_call_metadata"), "tool_call_id"));
    if (id.size == 0)
        id = id_of_action(json_int(json_get(event, "cause"), -1), arena);
    if (flow_asked(&hands->flow, id))
        flow_result(&hands->flow, id, text, observed_failure(event, observation, text));
    else
        unmapped(hands, "observation", observation);
}

static int add_event(
    struct openhands *hands, const struct json *event, struct arena *arena, struct err *err)
{
    struct str action = json_string(arena, json_get(event, "action"));
    struct str observation = json_string(arena, json_get(event, "observation"));
    if (action.size > 0)
        add_action(hands, event, action, arena);
    else if (observation.size > 0)
        add_observation(hands, event, observation, arena);
    else
        return err_set(err, ERR_INPUT, "an event without `action` and `observation`");
    return 0;
}

/* --- sessions */

static int end_session(
    struct openhands *hands, const struct json *task, struct arena *arena, struct err *err)
{
    struct talk *talk = flow_talk(&hands->flow);
    struct str instance = json_string(arena, json_get(task, "instance_id"));
    if (instance.size > 0 && instance.size <= 200)
        talk->group =
            str_of(arena_format(&talk->arena, "task %.*s", (int)instance.size, instance.at));
    else
        talk_project(talk, none, none, hands->flow.talks.origin);
    talk_name(talk, instance);
    memset(hands->reply, 0, sizeof hands->reply);
    return flow_end(&hands->flow, err);
}

static void add_facts(struct openhands *hands, const struct json *task, struct arena *arena)
{
    static const char *const dropped[] = { "metadata", "metrics", "test_result", "report",
        "instance" };
    struct talk *talk = flow_talk(&hands->flow);
    const struct json *error = json_get(task, "error");
    const struct json limit = { .raw = STR("\"max_steps\""), .kind = JSON_STRING };
    struct str text = json_string(arena, error);
    if (str_find(text, STR("maximum iteration")) >= 0)
        talk_about(talk, "termination_reason", &limit);
    else if (text.size > 0)
        unmapped(hands, "error", none);
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        if (json_is(json_get(task, dropped[i]), JSON_OBJECT))
            unmapped(hands, dropped[i], none);
}

/* Older histories are pairs of an action and its observation. */
static void add_history(struct openhands *hands, const struct json *history, struct arena *arena)
{
    JSON_EACH(item, history)
    {
        bool pair = json_is(item, JSON_ARRAY);
        JSON_EACH(event, pair ? item : NULL)
        if (add_event(hands, event, arena, NULL) < 0)
            unmapped(hands, "event", none);
        if (!pair && add_event(hands, item, arena, NULL) < 0)
            unmapped(hands, "event", none);
    }
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct openhands *hands = with;
    const struct json *root = import_json(text, arena, err);
    if (!root)
        return -err->code;
    const struct json *history = json_get(root, "history");
    if (!json_is(history, JSON_ARRAY))
        return add_event(hands, root, arena, err);
    int status = end_session(hands, NULL, arena, err);
    if (status < 0)
        return status;
    hands->flow.where = where;
    add_history(hands, history, arena);
    add_facts(hands, root, arena);
    return end_session(hands, root, arena, err);
}

int import_openhands(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct openhands hands = { .reply = "" };
    flow_init(&hands.flow, path, "openhands", options, sink);
    int status = import_pieces(path, sink, take, &hands, &hands.flow.stop, err);
    if (status >= 0)
        status = end_session(&hands, NULL, &arena, err);
    flow_done(&hands.flow);
    return status;
}
