/* import_openai - logs of chat completions as JSON lines.
 *
 * A line is a request with its reply (also as the batch interface writes them), a conversation, or
 * a row for fine-tuning. Messages are in the form that sessions keep, so their bytes stand as they
 * are; only the older calls of functions are put into today's words. A request repeats the whole
 * conversation: import_talk.h makes one session of what belongs together. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_talk.h"

#include <string.h>

struct log {
    struct talks talks;
    bool stop;
};

static const struct json *member(const struct json *object, const char *key, enum json_kind kind)
{
    const struct json *found = json_get(object, key);
    return json_is(found, kind) ? found : NULL;
}

/* The object itself, or what it has in `body`. */
static const struct json *body_of(const struct json *object)
{
    const struct json *body = member(object, "body", JSON_OBJECT);
    return body ? body : json_is(object, JSON_OBJECT) ? object : NULL;
}

/* Parts of a content that are no text have no place in a trace; the bytes stay. */
static void say_parts(const struct import_sink *sink, const struct json *message)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    JSON_EACH(part, member(message, "content", JSON_ARRAY))
    {
        struct str type = json_string(&arena, json_get(part, "type"));
        if (!str_equal(type, STR("text")))
            import_unmapped(sink, "part", type);
    }
    if (member(message, "audio", JSON_OBJECT))
        import_unmapped(sink, "audio", (struct str){ 0 });
}

/* Before there were tools: one call of a function, and its result by the function's name. */
static struct str old_call(
    const struct json *message, const struct json *call, uint32_t index, struct arena *arena)
{
    CLEANUP(buf_done) struct buf calls = { 0 };
    char *id = arena_format(arena, "call_%u", index);
    talk_call(&calls, str_of(id), json_string(arena, json_get(call, "name")),
        json_string(arena, json_get(call, "arguments")));
    struct str text = json_string(arena, json_get(message, "content"));
    return talk_message(arena, "assistant", text, buf_view(&calls));
}

static struct str old_result(const struct json *message, uint32_t index, struct arena *arena)
{
    char *id = arena_format(arena, "call_%u", index ? index - 1 : 0);
    return talk_result(arena, str_of(id), json_string(arena, json_get(message, "content")));
}

static int add(struct log *log, struct talk *talk, const struct json *message, struct arena *arena,
    struct err *err)
{
    struct str bytes = message->raw;
    uint32_t index = talk->run->messages_count;
    const struct json *call = member(message, "function_call", JSON_OBJECT);
    say_parts(log->talks.sink, message);
    if (call)
        bytes = old_call(message, call, index, arena);
    else if (str_equal(json_string(arena, json_get(message, "role")), STR("function")))
        bytes = old_result(message, index, arena);
    return talk_add(talk, bytes, false, err);
}

/* What the provider said: its first choice, or an error. */
static int add_reply(struct log *log, struct talk *talk, const struct json *line,
    struct arena *arena, struct err *err)
{
    const struct json *outer = json_get(line, "response"), *body = body_of(outer);
    const struct json *error =
        json_get(body, "error") ? json_get(body, "error") : json_get(line, "error");
    const struct json *choices = member(body, "choices", JSON_ARRAY);
    const struct json *message = json_get(json_first(choices), "message");
    if (choices && choices->count > 1)
        import_unmapped(log->talks.sink, "choice beyond the first", (struct str){ 0 });
    if (json_is(message, JSON_OBJECT))
        return add(log, talk, message, arena, err);
    if (json_is(error, JSON_OBJECT) || json_is(error, JSON_STRING)) {
        int64_t status = json_int(json_get(outer, "status_code"), 0);
        status = json_int(json_get(outer, "status"), json_int(json_get(line, "status"), status));
        return talk_add(talk, talk_error(arena, status), false, err);
    }
    if (outer)
        import_unmapped(log->talks.sink, "response without a message", (struct str){ 0 });
    return 0;
}

/* Functions of old are tools of today. */
static void add_tools(struct log *log, struct talk *talk, const struct json *request)
{
    const struct json *tools = member(request, "tools", JSON_ARRAY);
    const struct json *functions = member(request, "functions", JSON_ARRAY);
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf list = { 0 };
    if (!tools && functions && functions->count > 0) {
        JSON_EACH(function, functions)
        {
            buf_text(&list, list.size ? "," : "[");
            buf_text(&list, "{\"type\":\"function\",\"function\":");
            buf_str(&list, function->raw);
            buf_char(&list, '}');
        }
        buf_char(&list, ']');
        tools = json_read(&arena, buf_view(&list), NULL, NULL);
    }
    if (tools && tools->count > 0 && !talk_tools(talk, tools))
        import_unmapped(log->talks.sink, "list of tools", (struct str){ 0 });
}

static int read_line(struct log *log, struct talk *talk, const struct json *line,
    struct arena *arena, struct err *err)
{
    const struct json *request = body_of(json_get(line, "request"));
    if (!request)
        request = body_of(line);
    const struct json *messages = member(request, "messages", JSON_ARRAY);
    if (!messages)
        return err_set(err, ERR_INPUT, "neither `messages` nor a `request` that has them");
    if (messages->count == 0)
        return err_set(err, ERR_INPUT, "a request without messages");
    int status = 0;
    JSON_EACH(message, messages)
    {
        status = add(log, talk, message, arena, err);
        if (status < 0)
            return status;
    }
    status = add_reply(log, talk, line, arena, err);
    if (status < 0)
        return status;
    add_tools(log, talk, request);
    talk_about(talk, "model", member(request, "model", JSON_STRING));
    struct str user = json_string(arena, json_get(request, "user"));
    if (user.size > 0 && user.size <= 200)
        talk->group = str_of(arena_string(&talk->arena, user.at, user.size));
    return 0;
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = IMPORT_RUN_MAX, .depth_max = IMPORT_DEPTH_MAX, .duplicates = true
    };
    struct log *log = with;
    CLEANUP(talk_freep) struct talk *talk = talk_new();
    const struct json *line = json_read(arena, text, &limits, err);
    (void)where;
    if (!line)
        return err_while(err, "read the line");
    int status = read_line(log, talk, line, arena, err);
    if (status < 0)
        return status;
    status = talks_take(&log->talks, STEAL(talk), err);
    log->stop = status < 0;
    return status;
}

int import_openai(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct log log = { .talks = {
                           .sink = sink,
                           .options = options,
                           .format = STR("openai"),
                           .origin = import_stem(path),
                       } };
    int status = import_pieces(path, sink, take, &log, &log.stop, err);
    return talks_end(&log.talks, status, err);
}
