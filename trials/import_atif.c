/* import_atif - trajectories of the Agent Trajectory Interchange Format, v1.
 *
 * A trajectory is one object, its steps are what system, user and agent said; an agent's step has
 * its calls and what they answered. Reasoning, figures and pictures have no place in a trace and
 * are counted. What moult trace --format atif put into `extra` comes back. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_talk.h"

#include <string.h>

struct atif {
    struct talks talks;
    bool stop;
};

static const struct json *member(const struct json *object, const char *key, enum json_kind kind)
{
    const struct json *found = json_get(object, key);
    return json_is(found, kind) ? found : NULL;
}

/* The arguments' own bytes; those that are no object were kept by the export. */
static struct str args_of(const struct json *step, const struct json *call, struct arena *arena)
{
    const struct json *kept = member(json_get(step, "extra"), "arguments", JSON_OBJECT);
    const struct json *args = json_get(call, "arguments");
    struct str id = json_string(arena, json_get(call, "tool_call_id"));
    if (kept && json_is(json_get_str(kept, id), JSON_STRING))
        return json_string(arena, json_get_str(kept, id));
    if (json_is(args, JSON_STRING))
        return json_string(arena, args);
    return args ? args->raw : STR("{}");
}

static int add_results(struct atif *atif, struct talk *talk, const struct json *step,
    struct arena *arena, struct err *err)
{
    const struct json *calls = member(step, "tool_calls", JSON_ARRAY);
    const struct json *results = member(json_get(step, "observation"), "results", JSON_ARRAY);
    int status = 0;
    JSON_EACH(result, results)
    {
        struct str id = json_string(arena, json_get(result, "source_call_id"));
        if (id.size == 0 && calls && calls->count == 1)
            id = json_string(arena, json_get(json_first(calls), "tool_call_id"));
        if (json_get(result, "subagent_trajectory_ref"))
            import_unmapped(atif->talks.sink, "subagent", (struct str){ 0 });
        if (id.size == 0) {
            import_unmapped(atif->talks.sink, "observation without a call", (struct str){ 0 });
            continue;
        }
        struct str text = talk_text(atif->talks.sink, json_get(result, "content"), arena);
        status = talk_add(talk, talk_result(arena, id, text), false, err);
        if (status < 0)
            break;
    }
    return status;
}

static int add_agent(struct atif *atif, struct talk *talk, const struct json *step,
    struct arena *arena, struct err *err)
{
    const struct json *error = member(json_get(step, "extra"), "error", JSON_OBJECT);
    if (error)
        return talk_add(talk, error->raw, false, err);
    CLEANUP(buf_done) struct buf calls = { 0 };
    JSON_EACH(call, member(step, "tool_calls", JSON_ARRAY))
    talk_call(&calls, json_string(arena, json_get(call, "tool_call_id")),
        json_string(arena, json_get(call, "function_name")), args_of(step, call, arena));
    struct str text = talk_text(atif->talks.sink, json_get(step, "message"), arena);
    int status =
        talk_add(talk, talk_message(arena, "assistant", text, buf_view(&calls)), false, err);
    return status < 0 ? status : add_results(atif, talk, step, arena, err);
}

static int add_step(struct atif *atif, struct talk *talk, const struct json *step,
    struct arena *arena, struct err *err)
{
    static const char *const dropped[] = { "reasoning_content", "metrics" };
    struct str source = json_string(arena, json_get(step, "source"));
    for (size_t i = 0; i < COUNT_OF(dropped); i++)
        if (json_get(step, dropped[i]))
            import_unmapped(atif->talks.sink, dropped[i], (struct str){ 0 });
    if (str_equal(source, STR("agent")))
        return add_agent(atif, talk, step, arena, err);
    bool user = str_equal(source, STR("user"));
    if (!user && !str_equal(source, STR("system")))
        return err_set(err, ERR_INPUT, "a step whose source is not system, user or agent");
    struct str text = talk_text(atif->talks.sink, json_get(step, "message"), arena);
    struct str none = { 0 };
    return talk_add(talk, talk_message(arena, user ? "user" : "system", text, none), false, err);
}

static int read_trajectory(struct atif *atif, struct talk *talk, const struct json *root,
    struct arena *arena, struct err *err)
{
    struct str version = json_string(arena, json_get(root, "schema_version"));
    const struct json *steps = member(root, "steps", JSON_ARRAY), *agent = json_get(root, "agent");
    if (!str_starts(version, STR("ATIF-v1.")) || !steps)
        return err_set(err, ERR_INPUT, "no trajectory of ATIF v1: `schema_version` and `steps`");
    JSON_EACH(step, steps)
    {
        int status = add_step(atif, talk, step, arena, err);
        if (status < 0)
            return err_while(err, "step %u", (unsigned)json_int(json_get(step, "step_id"), 0));
    }
    if (talk->run->messages_count == 0)
        return err_set(err, ERR_INPUT, "a trajectory without steps");
    const struct json *tools = member(agent, "tool_definitions", JSON_ARRAY);
    if (tools && tools->count > 0 && !talk_tools(talk, tools))
        import_unmapped(atif->talks.sink, "list of tools", (struct str){ 0 });
    talk_about(talk, "session", member(root, "session_id", JSON_STRING));
    talk_about(talk, "agent", member(agent, "name", JSON_STRING));
    talk_about(talk, "model", member(agent, "model_name", JSON_STRING));
    return 0;
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = IMPORT_RUN_MAX, .depth_max = IMPORT_DEPTH_MAX, .duplicates = true
    };
    struct atif *atif = with;
    CLEANUP(talk_freep) struct talk *talk = talk_new();
    const struct json *root = json_read(arena, text, &limits, err);
    (void)where;
    if (!root)
        return err_while(err, "read the trajectory");
    int status = read_trajectory(atif, talk, root, arena, err);
    if (status < 0)
        return status;
    status = talk_end(&atif->talks, talk, err);
    atif->stop = status < 0;
    return status;
}

int import_atif(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct atif atif = { .talks = {
                             .sink = sink,
                             .options = options,
                             .format = STR("atif"),
                             .origin = import_stem(path),
                         } };
    return import_pieces(path, sink, take, &atif, &atif.stop, err);
}
