/* import_codex - rollouts of Codex.
 *
 * A line is an item of the conversation in the form of OpenAI's responses, or an event that tells
 * the same to a screen. Items are read; of the events those that no item tells: what the person
 * said where no item has it, and how a request failed. Where the program compacts its history, what
 * it goes on with is another session. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_flow.h"

#include <string.h>

struct codex {
    struct flow flow;
    struct arena arena; /* of the facts */
    struct str id, folder, repository, model, instructions;
    unsigned part;
};

static const struct str none;

static void note(struct codex *codex, struct str *fact, const struct json *value)
{
    if (fact->size == 0 && json_is(value, JSON_STRING)) {
        struct str text = json_string(&codex->arena, value);
        *fact = (struct str){ arena_string(&codex->arena, text.at, text.size), text.size };
    }
}

static void unmapped(struct codex *codex, const char *kind, struct str detail)
{
    import_unmapped(codex->flow.talks.sink, kind, detail);
}

static int end_part(struct codex *codex, struct err *err)
{
    struct flow *flow = &codex->flow;
    CLEANUP(buf_done) struct buf name = { 0 }, model = { 0 };
    struct talk *talk = flow_talk(flow);
    talk_project(talk, codex->folder, codex->repository, flow->talks.origin);
    buf_str(&name, codex->id);
    if (codex->part++ > 0)
        buf_format(&name, "%s%u", name.size ? " " : "part ", codex->part);
    talk_name(talk, buf_view(&name));
    json_quote(&model, codex->model);
    const struct json value = { .raw = buf_view(&model), .kind = JSON_STRING };
    talk_about(talk, "model", codex->model.size ? &value : NULL);
    return flow_end(flow, err);
}

/* --- items */

/* "Process exited with code 1" in the lines above the output, or "Exit code: 1" in the first. */
static bool exit_failed(struct str text)
{
    static const char *const words[] = { "Process exited with code ", "Exit code: " };
    struct str head = { text.at, text.size < 400 ? text.size : 400 };
    ptrdiff_t output = str_find(head, STR("Output:\n"));
    head.size = output >= 0 ? (size_t)output : head.size;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct str word = str_of(words[i]);
        ptrdiff_t at = str_find(head, word);
        size_t digit = at < 0 ? head.size : (size_t)at + word.size;
        bool line = at == 0 || (at > 0 && head.at[at - 1] == '\n');
        if (line && digit < head.size)
            return head.at[digit] != '0';
    }
    return false;
}

/* Older ones have JSON in the text, with the exit code beside the output. */
static struct str output_of(
    struct codex *codex, const struct json *output, bool *ret_failed, struct arena *arena)
{
    const struct json *inside = output;
    struct str text = json_string(arena, output);
    if (str_starts(text, STR("{\"output\":")))
        inside = json_read(arena, text, NULL, NULL);
    const struct json *said = json_get(inside, "output");
    const struct json *code = json_get(json_get(inside, "metadata"), "exit_code");
    *ret_failed = json_int(code, 0) != 0 || !json_bool(json_get(inside, "success"), true);
    if (json_is(said, JSON_STRING))
        return json_string(arena, said);
    if (json_is(output, JSON_OBJECT))
        return talk_text(codex->flow.talks.sink, json_get(output, "content"), arena);
    if (json_is(output, JSON_ARRAY))
        return talk_text(codex->flow.talks.sink, output, arena);
    *ret_failed = exit_failed(text);
    return text;
}

static void read_message(struct codex *codex, const struct json *item, struct arena *arena)
{
    struct str role = json_string(arena, json_get(item, "role"));
    struct str text = talk_text(codex->flow.talks.sink, json_get(item, "content"), arena);
    if (str_equal(role, STR("assistant")))
        flow_text(&codex->flow, text);
    else if (!str_equal(role, STR("user")))
        flow_say(&codex->flow, "system", text);
    else if (!flow_user_said(&codex->flow, text))
        flow_say(&codex->flow, "user", text);
}

static void read_call(struct codex *codex, const struct json *item, struct arena *arena)
{
    struct str space = json_string(arena, json_get(item, "namespace"));
    struct str name = json_string(arena, json_get(item, "name"));
    struct str args = json_string(arena, json_get(item, "arguments"));
    struct str id = json_string(arena, json_get(item, "call_id"));
    const struct json *input = json_get(item, "input"), *action = json_get(item, "action");
    if (space.size > 0)
        name = str_of(arena_format(arena, "%.*s%.*s", (int)(space.size < 200 ? space.size : 200),
            space.at, (int)(name.size < 200 ? name.size : 200), name.at ? name.at : ""));
    if (json_is(input, JSON_STRING)) { /* a tool that takes any text */
        CLEANUP(buf_done) struct buf wrapped = { 0 };
        buf_text(&wrapped, "{\"input\":");
        buf_str(&wrapped, input->raw);
        buf_char(&wrapped, '}');
        flow_call(&codex->flow, id, name, buf_view(&wrapped));
        return;
    }
    if (json_is(action, JSON_OBJECT)) {
        args = action->raw;
        name = STR("local_shell");
    }
    flow_call(&codex->flow, id, name, args);
}

static void read_output(struct codex *codex, const struct json *item, struct arena *arena)
{
    bool failed = false;
    struct str text = output_of(codex, json_get(item, "output"), &failed, arena);
    flow_result(&codex->flow, json_string(arena, json_get(item, "call_id")), text, failed);
}

static void read_item(struct codex *codex, const struct json *item, struct arena *arena)
{
    static const struct {
        const char *type;
        void (*read)(struct codex *codex, const struct json *item, struct arena *arena);
    } kinds[] = {
        { "message", read_message },
        { "function_call", read_call },
        { "custom_tool_call", read_call },
        { "local_shell_call", read_call },
        { "function_call_output", read_output },
        { "custom_tool_call_output", read_output },
    };
    struct str type = json_string(arena, json_get(item, "type"));
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_equal(type, str_of(kinds[i].type))) {
            kinds[i].read(codex, item, arena);
            return;
        }
    unmapped(codex, "item", type);
}

/* --- lines */

static bool waits_for_model(const struct flow *flow)
{
    const struct run *run = flow->talk ? flow->talk->run : NULL;
    if (!run || run->messages_count == 0 || flow->reply.count > 0)
        return false;
    uint8_t role = run->messages[run->messages_count - 1].role;
    return role == RUN_USER || role == RUN_RESULT;
}

static void read_event(struct codex *codex, const struct json *event, struct arena *arena)
{
    struct str type = json_string(arena, json_get(event, "type"));
    struct str text = json_string(arena, json_get(event, "message"));
    bool error = str_equal(type, STR("error")), aborted = str_equal(type, STR("turn_aborted"));
    if (str_equal(type, STR("user_message")) && !flow_user_said(&codex->flow, text))
        flow_say(&codex->flow, "user", text);
    else if ((error || aborted) && waits_for_model(&codex->flow))
        flow_error(&codex->flow, error ? talk_status(text) : TALK_ABORTED);
    else
        unmapped(codex, "event", type);
}

static void begin(struct codex *codex, const struct json *meta, struct arena *arena)
{
    const struct json *base = json_get(json_get(meta, "base_instructions"), "text");
    if (codex->id.size > 0) {
        unmapped(codex, "line", STR("session_meta"));
        return;
    }
    note(codex, &codex->id, json_get(meta, "id"));
    note(codex, &codex->folder, json_get(meta, "cwd"));
    note(codex, &codex->repository, json_get(json_get(meta, "git"), "repository_url"));
    if (json_is(json_get(meta, "dynamic_tools"), JSON_ARRAY))
        unmapped(codex, "list of tools", none);
    struct str text = json_string(arena, base ? base : json_get(meta, "instructions"));
    if (text.size > 0)
        flow_say(&codex->flow, "system", text);
}

static int compact(
    struct codex *codex, const struct json *payload, struct arena *arena, struct err *err)
{
    const struct json *history = json_get(payload, "replacement_history");
    int status = end_part(codex, err);
    if (status < 0)
        return status;
    JSON_EACH(item, json_is(history, JSON_ARRAY) ? history : NULL)
    read_item(codex, item, arena);
    if (!json_is(history, JSON_ARRAY))
        flow_say(&codex->flow, "user", json_string(arena, json_get(payload, "message")));
    return 0;
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct codex *codex = with;
    const struct json *line = import_json(text, arena, err);
    (void)where;
    if (!line)
        return -err->code;
    struct str type = json_string(arena, json_get(line, "type"));
    const struct json *payload = json_get(line, "payload");
    if (str_equal(type, STR("compacted")) && payload)
        return compact(codex, payload, arena, err);
    if (str_equal(type, STR("session_meta")) || (type.size == 0 && json_get(line, "id"))) {
        begin(codex, payload ? payload : line, arena);
    } else if (type.size == 0) {
        return err_set(err, ERR_INPUT, "a line without a `type`");
    } else if (!payload) { /* the form of early 2025: items without a cover */
        read_item(codex, line, arena);
    } else if (str_equal(type, STR("response_item"))) {
        read_item(codex, payload, arena);
    } else if (str_equal(type, STR("event_msg"))) {
        read_event(codex, payload, arena);
    } else {
        note(codex, &codex->model, json_get(payload, "model"));
        unmapped(codex, "line", type);
    }
    return 0;
}

int import_codex(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct codex codex = { .part = 0 };
    flow_init(&codex.flow, path, "codex", options, sink);
    int status = import_pieces(path, sink, take, &codex, &codex.flow.stop, err);
    if (status >= 0)
        status = end_part(&codex, err);
    flow_done(&codex.flow);
    arena_done(&codex.arena);
    return status;
}
