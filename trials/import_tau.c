/* import_tau - runs of tau-bench and tau2-bench as gateway sessions.
 *
 * A tau message is in the OpenAI chat form already, so its bytes are kept as they stand. tau2 has
 * arguments as objects and flat calls: those messages are put together from the source's own
 * slices. Both kinds are told apart by their members, not by the file's name. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/scan.h"
#include "wire/effect.h"

#include <string.h>

static struct str copy(struct arena *arena, const struct buf *buf)
{
    return (struct str){ arena_string(arena, buf->at ? buf->at : "", buf->size), buf->size };
}

static const struct json *member(const struct json *object, const char *key, enum json_kind kind)
{
    const struct json *found = json_get(object, key);
    return json_is(found, kind) ? found : NULL;
}

/* --- messages --- */

static void tau2_call(struct buf *out, const struct json *call)
{
    const struct json *id = member(call, "id", JSON_STRING);
    const struct json *name = member(call, "name", JSON_STRING);
    const struct json *args = json_get(call, "arguments");
    buf_text(out, "{\"id\":");
    buf_str(out, id ? id->raw : STR("\"\""));
    buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
    buf_str(out, name ? name->raw : STR("\"\""));
    buf_text(out, ",\"arguments\":");
    if (json_is(args, JSON_STRING))
        buf_str(out, args->raw);
    else
        json_quote(out, args ? args->raw : STR("{}"));
    buf_text(out, "}}");
}

/* A tau2 message in the OpenAI form; what is not named here is left out. */
static struct str tau2_message(const struct json *message, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct json *role = member(message, "role", JSON_STRING);
    const struct json *id = member(message, "id", JSON_STRING);
    const struct json *content = json_get(message, "content");
    const struct json *calls = member(message, "tool_calls", JSON_ARRAY);
    buf_text(&out, "{\"role\":");
    buf_str(&out, role ? role->raw : STR("null"));
    if (id && role && str_equal(role->raw, STR("\"tool\""))) {
        buf_text(&out, ",\"tool_call_id\":");
        buf_str(&out, id->raw);
    }
    buf_text(&out, ",\"content\":");
    buf_str(&out, content ? content->raw : STR("null"));
    if (calls && calls->count > 0) {
        buf_text(&out, ",\"tool_calls\":[");
        JSON_EACH(call, calls)
        {
            if (call != json_first(calls))
                buf_char(&out, ',');
            tau2_call(&out, call);
        }
        buf_char(&out, ']');
    }
    buf_char(&out, '}');
    return copy(arena, &out);
}

static int read_messages(struct import_session *ret, const struct json *list, bool tau2,
    struct arena *arena, struct err *err)
{
    ret->messages = arena_alloc(arena, (list->count + 1) * sizeof(*ret->messages));
    ret->failed = arena_alloc(arena, list->count + 1);
    ret->user = arena_alloc(arena, list->count + 1);
    JSON_EACH(message, list)
    {
        uint32_t i = ret->messages_count++;
        struct str role = json_string(arena, json_get(message, "role"));
        if (role.size == 0)
            return err_set(err, ERR_INPUT, "message %u is no object with a role", i);
        ret->messages[i] = tau2 ? tau2_message(message, arena) : message->raw;
        ret->failed[i] = tau2 && json_bool(json_get(message, "error"), false);
        ret->user[i] = str_equal(role, STR("user"));
        ret->turns += ret->user[i];
        if (ret->messages[i].size > WIRE_BYTES_MAX)
            return err_set(err, ERR_LIMIT, "message %u is larger than %d bytes", i, WIRE_BYTES_MAX);
    }
    return 0;
}

/* --- what the source says about the run --- */

/* The customer that a tau2 run was about, as its own calls and results show. */
static struct str customer_of(const struct run *run)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        if (at.call->result < 0 || at.call->failed)
            continue;
        struct str result = str_trim(run->messages[at.call->result].text);
        if (str_starts(at.call->name, STR("find_user_id_by_")) && result.size < 64)
            return result;
        struct str user = json_string(run->arena, json_get(at.call->value, "user_id"));
        if (user.size > 0)
            return user;
    }
    return (struct str){ 0 };
}

static void quote_member(struct buf *out, const char *key, struct str value)
{
    buf_format(out, ",\"%s\":", key);
    json_quote(out, value);
}

static void raw_member(struct buf *out, const char *key, const struct json *value)
{
    if (!value || value->kind == JSON_NULL)
        return;
    buf_format(out, ",\"%s\":", key);
    buf_str(out, value->raw);
}

/* The first line of an exception, cut at 400 bytes: what happened, not where in whose folders. */
static void error_member(struct buf *out, const struct json *error, struct arena *arena)
{
    struct str text = str_trim(json_string(arena, error));
    const char *end = text.size ? memchr(text.at, '\n', text.size) : NULL;
    if (end)
        text.size = (size_t)(end - text.at);
    if (text.size > 400)
        text.size = 400;
    if (json_is(error, JSON_STRING))
        quote_member(out, "error", text);
}

static void action_member(struct buf *out, const struct json *action, bool *first)
{
    const struct json *name = member(action, "name", JSON_STRING);
    const struct json *args =
        json_get(action, "kwargs") ? json_get(action, "kwargs") : json_get(action, "arguments");
    if (!name)
        return;
    buf_text(out, *first ? "{\"name\":" : ",{\"name\":");
    buf_str(out, name->raw);
    raw_member(out, "kwargs", args);
    buf_char(out, '}');
    *first = false;
}

/* The expected calls: of the task, or of the checks that tau2 made of them. */
static void actions_member(struct buf *out, const struct json *task, const struct json *checks)
{
    const struct json *list = member(task, "actions", JSON_ARRAY);
    bool first = true;
    buf_text(out, ",\"actions\":[");
    JSON_EACH(action, list)
    action_member(out, action, &first);
    JSON_EACH(check, list ? NULL : checks)
    action_member(out, json_get(check, "action"), &first);
    buf_char(out, ']');
}

/* Definitions of known tools in the system text: the model was told to write its calls as text. */
static bool described(const struct run *run)
{
    for (uint32_t i = 0; i < run->messages_count; i++) {
        if (run->messages[i].role != RUN_SYSTEM)
            continue;
        struct str text = run->messages[i].text;
        for (size_t at = 0; at < text.size; at++) {
            struct scan_objects cursor = { at };
            const struct json *object = scan_object(&cursor, text, run->arena);
            if (!object)
                break;
            at = (size_t)(object->raw.at - text.at); /* look inside it too */
            struct str name = json_string(run->arena, json_get(object, "name"));
            if (run_tool_find(run, name) && json_is(json_get(object, "parameters"), JSON_OBJECT))
                return true;
        }
    }
    return false;
}

static void group_member(struct import_session *ret, struct buf *out, const struct json *root,
    const struct run *run, struct arena *arena)
{
    const struct json *task = json_get(json_get(root, "info"), "task");
    struct str group = json_string(arena, json_get(task, "user_id"));
    const struct json *id = json_get(root, "task_id");
    if (group.size == 0)
        group = customer_of(run);
    if (group.size == 0 && id) {
        struct str number = json_is(id, JSON_STRING) ? json_string(arena, id) : id->raw;
        group = str_of(arena_format(
            arena, "task %.*s", (int)(number.size < 80 ? number.size : 80), number.at));
    }
    ret->group = group;
    quote_member(out, "group", group);
}

static void print_meta(struct import_session *ret, const struct json *root, const struct run *run,
    const struct import_options *options, struct arena *arena)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct json *info = json_get(root, "info"), *task = json_get(info, "task");
    const struct json *grade = json_get(root, "reward_info");
    bool tau2 = json_get(root, "messages") != NULL;
    ret->offered = options->offered >= 0 ? options->offered : !described(run);
    ret->format = tau2 ? STR("tau2") : STR("tau");
    buf_format(&out, "{\"format\":\"%s\"", ret->format.at);
    quote_member(&out, "origin", ret->origin);
    group_member(ret, &out, root, run, arena);
    raw_member(&out, "task_id", json_get(root, "task_id"));
    raw_member(&out, "trial", json_get(root, "trial"));
    raw_member(&out, "reward", tau2 ? json_get(grade, "reward") : json_get(root, "reward"));
    raw_member(&out, "termination_reason", json_get(root, "termination_reason"));
    error_member(&out, json_get(info, "error"), arena);
    actions_member(&out, task, member(grade, "action_checks", JSON_ARRAY));
    raw_member(&out, "outputs", member(task, "outputs", JSON_ARRAY));
    buf_format(&out, ",\"offered\":%s,\"failed\":[", ret->offered ? "true" : "false");
    for (uint32_t i = 0, n = 0; i < ret->messages_count; i++)
        if (ret->failed[i])
            buf_format(&out, n++ ? ",%u" : "%u", i);
    buf_text(&out, "]}");
    ret->meta = copy(arena, &out);
}

/* --- runs --- */

static int build(struct run **ret, const struct import_session *session,
    const struct run_tools *tools, struct arena *arena, struct err *err)
{
    struct run *run = run_new(arena);
    run->tools = tools;
    for (uint32_t i = 0; i < session->messages_count; i++) {
        int status = run_add(run, session->messages[i], session->failed[i], err);
        if (status < 0)
            return status;
    }
    *ret = run;
    return 0;
}

int import_run(struct run **ret, const struct import_session *session,
    const struct run_tools *tools, struct arena *arena, struct err *err)
{
    int status = build(ret, session, tools, arena, err);
    if (status < 0)
        return status;
    status = run_set_meta(*ret, session->meta, err);
    if (status < 0)
        return status;
    run_seal(*ret);
    return 0;
}

int import_tau_run(struct import_session *ret, struct str text, struct str origin,
    const struct import_options *options, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = IMPORT_RUN_MAX, .depth_max = IMPORT_DEPTH_MAX, .duplicates = true
    };
    const struct json *root = json_read(arena, text, &limits, err);
    if (!root)
        return err_while(err, "read the run");
    const struct json *messages = member(root, "traj", JSON_ARRAY);
    bool tau2 = !messages && member(root, "messages", JSON_ARRAY);
    if (tau2)
        messages = json_get(root, "messages");
    if (!messages)
        return err_set(err, ERR_INPUT, "no run of tau-bench: it has neither `traj` nor `messages`");
    *ret = (struct import_session){ .origin = origin };
    int status = read_messages(ret, messages, tau2, arena, err);
    if (status < 0)
        return status;
    struct run *run = NULL;
    status = build(&run, ret, options->tools, arena, err);
    if (status < 0)
        return status;
    run_seal(run);
    print_meta(ret, root, run, options, arena);
    return 0;
}

struct tau_file {
    const struct import_options *options;
    const struct import_sink *sink;
    struct str origin;
    bool stop;
};

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct tau_file *file = with;
    struct import_session session;
    (void)where;
    int status = import_tau_run(&session, text, file->origin, file->options, arena, err);
    if (status < 0)
        return status;
    status = file->sink->session(file->sink->with, &session, err);
    file->stop = status < 0;
    return status;
}

int import_tau(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct tau_file file = { options, sink, import_stem(path), false };
    return import_pieces(path, sink, take, &file, &file.stop, err);
}
