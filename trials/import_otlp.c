/* import_otlp - spans of OpenTelemetry's GenAI conventions, as OTLP/JSON or as an SDK prints them.
 *
 * Spans of one trace come in the order in which they ended, over several lines, so a trace is put
 * together before it is read; so many are open at once. Spans of models and tools are read in the
 * order of their beginnings. A model's span with its input messages tells the whole conversation
 * (import_talk.h makes one of what belongs together); where it has none, the results come from the
 * spans of tools before it. */
#include "trials/import.h"

#include "base/mem.h"
#include "base/sort.h"
#include "trials/import_talk.h"
#include "trials/otlp_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACES_OPEN = 64, ID_MOST = 80, RESULTS_MOST = 1024 };

struct span {
    struct str start, bytes;
};
struct trace {
    struct arena arena;
    struct str id;
    struct span *spans;
    uint32_t count, room;
    size_t size;
};
/* One trace while it is read. */
struct reading {
    struct talk *talk;
    const struct json *results[RESULTS_MOST]; /* spans of tools whose results nobody told yet */
    unsigned count;
    uint32_t ids; /* given to calls that had none */
};
struct otlp {
    struct talks talks;
    struct trace *open[TRACES_OPEN]; /* the oldest first */
    unsigned count;
    size_t size;
    bool stop;
};

static const struct str none;

/* --- messages */

static struct str raw_text(const struct json *value, struct arena *arena)
{
    return json_is(value, JSON_STRING) ? json_string(arena, value) : value ? value->raw : none;
}

static struct str id_of(struct reading *reading, const struct json *id, struct arena *arena)
{
    struct str text = json_string(arena, id);
    return text.size > 0 ? text : str_of(arena_format(arena, "call_%u", ++reading->ids));
}

static int add_result(struct talk *talk, struct str id, struct str text, bool failed,
    struct arena *arena, struct err *err)
{
    return talk_add(talk, talk_result(arena, id, text), failed, err);
}

/* Texts and calls of a message in parts; results are messages of their own, as they come. */
static int read_part(struct otlp *otlp, struct reading *reading, const struct json *part,
    struct buf *text, struct buf *calls, struct arena *arena, struct err *err)
{
    struct str type = json_string(arena, json_get(part, "type"));
    if (str_equal(type, STR("text"))) {
        buf_str(text, json_string(arena, json_get(part, "content")));
    } else if (str_equal(type, STR("tool_call"))) {
        talk_call(calls, id_of(reading, json_get(part, "id"), arena),
            json_string(arena, json_get(part, "name")),
            raw_text(json_get(part, "arguments"), arena));
    } else if (str_equal(type, STR("tool_call_response"))) {
        const struct json *answer = json_get(part, "response");
        answer = answer ? answer : json_get(part, "result");
        return add_result(reading->talk, json_string(arena, json_get(part, "id")),
            raw_text(answer, arena), false, arena, err);
    } else {
        import_unmapped(otlp->talks.sink, "part", type);
    }
    return 0;
}

/* A message in parts, or one in the chat form already. */
static int add_message(struct otlp *otlp, struct reading *reading, const struct json *message,
    struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 }, calls = { 0 };
    const struct json *parts = json_get(message, "parts");
    struct str role = json_string(arena, json_get(message, "role"));
    if (!json_is(parts, JSON_ARRAY))
        return talk_add(reading->talk, message->raw, false, err);
    JSON_EACH(part, parts)
    {
        int status = read_part(otlp, reading, part, &text, &calls, arena, err);
        if (status < 0)
            return status;
    }
    if (str_equal(role, STR("tool")) || (text.size == 0 && calls.size == 0))
        return 0;
    const char *word = str_equal(role, STR("assistant")) ? "assistant"
                       : str_equal(role, STR("system"))  ? "system"
                                                         : "user";
    return talk_add(
        reading->talk, talk_message(arena, word, buf_view(&text), buf_view(&calls)), false, err);
}

static int add_messages(struct otlp *otlp, struct reading *reading, const struct json *list,
    struct arena *arena, struct err *err)
{
    JSON_EACH(message, json_is(list, JSON_ARRAY) ? list : NULL)
    {
        int status = add_message(otlp, reading, message, arena, err);
        if (status < 0)
            return status;
    }
    return 0;
}

/* --- spans */

/* The call that a tool's span answers: by its id, else the first of its name without a result. */
static struct str call_of(const struct run *run, const struct json *span, struct arena *arena)
{
    struct str id = otlp_text(span, "gen_ai.tool.call.id", arena);
    struct str name = otlp_text(span, "gen_ai.tool.name", arena);
    uint32_t reply = run->messages_count;
    while (reply > 0 && run->messages[reply - 1].role != RUN_MODEL)
        reply--;
    if (id.size > 0 || reply == 0)
        return id;
    const struct run_message *asked = &run->messages[reply - 1];
    for (uint32_t i = 0; i < asked->calls_count; i++) {
        bool answered = false;
        for (uint32_t k = reply; k < run->messages_count; k++)
            answered |= str_equal(run->messages[k].tool_call_id, asked->calls[i].id);
        if (!answered && str_equal(asked->calls[i].name, name))
            return asked->calls[i].id;
    }
    return none;
}

/* What the tools' spans said, where no input messages will. */
static int add_results(
    struct otlp *otlp, struct reading *reading, struct arena *arena, struct err *err)
{
    int status = 0;
    for (unsigned i = 0; i < reading->count && status >= 0; i++) {
        const struct json *span = reading->results[i];
        struct str text = otlp_text(span, "gen_ai.tool.call.result", arena);
        text = text.at ? text : otlp_text(span, "gen_ai.output", arena);
        struct str id = call_of(reading->talk->run, span, arena);
        if (id.size == 0 || !text.at)
            import_unmapped(otlp->talks.sink, "tool without call or result", none);
        else
            status = add_result(reading->talk, id, text, otlp_failed(span), arena, err);
    }
    reading->count = 0;
    return status;
}

/* `gen_ai.output`: a list of calls, or a text. */
static int add_output(
    struct reading *reading, struct str output, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf calls = { 0 };
    const struct json *list = json_read(arena, output, NULL, NULL);
    JSON_EACH(call, json_is(list, JSON_ARRAY) ? list : NULL)
    {
        struct str name = json_string(arena, json_get(call, "tool.name"));
        if (name.size > 0)
            talk_call(&calls, id_of(reading, NULL, arena), name,
                raw_text(json_get(call, "tool.args"), arena));
    }
    struct str text = calls.size > 0 ? none : output;
    return talk_add(
        reading->talk, talk_message(arena, "assistant", text, buf_view(&calls)), false, err);
}

static int add_reply(struct otlp *otlp, struct reading *reading, const struct json *span,
    struct arena *arena, struct err *err)
{
    const struct json *said = otlp_json(span, "gen_ai.output.messages", arena);
    struct str output = otlp_text(span, "gen_ai.output", arena);
    if (json_is(said, JSON_ARRAY) && said->count > 0)
        return add_messages(otlp, reading, said, arena, err);
    if (output.at)
        return add_output(reading, output, arena, err);
    if (!otlp_failed(span)) {
        import_unmapped(otlp->talks.sink, "model without a reply", none);
        return 0;
    }
    struct str status = otlp_text(span, "http.response.status_code", arena);
    struct str type = otlp_text(span, "error.type", arena);
    status = status.size > 0 ? status : type;
    int64_t number = status.size == 3 ? json_int(json_read(arena, status, NULL, NULL), 0) : 0;
    return talk_add(reading->talk, talk_error(arena, number), false, err);
}

static int hand_on(struct otlp *otlp, struct reading *reading, struct err *err)
{
    struct talk *talk = STEAL(reading->talk);
    if (talk && talk->run->messages_count > 0)
        return talks_take(&otlp->talks, talk, err);
    talk_free(talk);
    return 0;
}

/* A conversation that is told from its beginning. */
static int begin(struct otlp *otlp, struct reading *reading, const struct json *span,
    const struct json *input, struct arena *arena, struct err *err)
{
    int status = hand_on(otlp, reading, err);
    otlp->stop = status < 0;
    if (status < 0)
        return status;
    reading->talk = talk_new();
    reading->count = reading->ids = 0; /* results stand in the input */
    CLEANUP(buf_done) struct buf system = { 0 };
    const struct json *parts = otlp_json(span, "gen_ai.system_instructions", arena);
    JSON_EACH(part, json_is(parts, JSON_ARRAY) ? parts : NULL)
    buf_str(&system, json_string(arena, json_get(part, "content")));
    if (system.size > 0)
        status = talk_add(
            reading->talk, talk_message(arena, "system", buf_view(&system), none), false, err);
    return status < 0 ? status : add_messages(otlp, reading, input, arena, err);
}

static int read_model(struct otlp *otlp, struct reading *reading, const struct json *span,
    struct arena *arena, struct err *err)
{
    const struct json *input = otlp_json(span, "gen_ai.input.messages", arena);
    const struct json *tools = otlp_json(span, "gen_ai.tool.definitions", arena);
    bool told = json_is(input, JSON_ARRAY) && input->count > 0;
    int status = 0;
    if (!told && !reading->talk) {
        import_unmapped(otlp->talks.sink, "model without messages", none);
        return 0;
    }
    status = told ? begin(otlp, reading, span, input, arena, err)
                  : add_results(otlp, reading, arena, err);
    if (status >= 0)
        status = add_reply(otlp, reading, span, arena, err);
    if (status < 0)
        return status;
    struct talk *talk = reading->talk;
    struct str user = otlp_text(span, "user.id", arena);
    if (tools && !talk_tools(talk, tools))
        import_unmapped(otlp->talks.sink, "list of tools", none);
    if (talk->about.size == 0)
        talk_about(talk, "model", otlp_value(span, "gen_ai.request.model"));
    if (user.size > 0 && user.size <= 200)
        talk->group = str_of(arena_string(&talk->arena, user.at, user.size));
    return 0;
}

static bool is_one_of(struct str word, const char *const *words)
{
    for (; *words; words++)
        if (str_equal(word, str_of(*words)))
            return true;
    return false;
}

static int read_span(struct otlp *otlp, struct reading *reading, const struct json *span,
    struct arena *arena, struct err *err)
{
    static const char *const asks[] = { "chat", "generate_content", "text_completion", "call_llm",
        NULL };
    struct str operation = otlp_text(span, "gen_ai.operation.name", arena);
    if (is_one_of(operation, asks))
        return read_model(otlp, reading, span, arena, err);
    if (str_equal(operation, STR("execute_tool")) && reading->count < RESULTS_MOST)
        reading->results[reading->count++] = span;
    else
        import_unmapped(otlp->talks.sink, "span", operation);
    return 0;
}

/* --- traces */

static int by_start(const void *a, const void *b)
{
    const struct span *one = a, *other = b;
    if (one->start.size != other->start.size)
        return one->start.size < other->start.size ? -1 : 1;
    return str_compare(one->start, other->start);
}

static void trace_freep(struct trace **trace)
{
    if (*trace)
        arena_done(&(*trace)->arena);
    free(*trace);
}

static int read_trace(struct otlp *otlp, struct trace *trace, struct reading *reading,
    struct arena *arena, struct err *err)
{
    static const struct json_limits lenient = { .duplicates = true };
    int status = 0;
    sort(trace->spans, trace->count, sizeof *trace->spans, by_start);
    for (uint32_t i = 0; i < trace->count && status >= 0; i++)
        status = read_span(
            otlp, reading, json_read(arena, trace->spans[i].bytes, &lenient, err), arena, err);
    if (status >= 0 && reading->talk)
        status = add_results(otlp, reading, arena, err);
    return status;
}

/* What cannot be read is skipped; what the sink says is the end. */
static int end_trace(struct otlp *otlp, struct err *err)
{
    CLEANUP(trace_freep) struct trace *trace = otlp->open[0];
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct reading *reading = arena_alloc(&arena, sizeof *reading);
    struct err why = { 0 };
    memmove(otlp->open, otlp->open + 1, --otlp->count * sizeof *otlp->open);
    otlp->size -= trace->size;
    int status = read_trace(otlp, trace, reading, &arena, &why);
    if (status < 0 && otlp->stop && err)
        *err = why;
    if (status < 0 && !otlp->stop) {
        char where[ID_MOST + 8];
        snprintf(where, sizeof where, "trace %.*s", (int)trace->id.size, trace->id.at);
        otlp->talks.sink->skipped(otlp->talks.sink->with, where, why.text);
        talk_free(STEAL(reading->talk));
        status = 0;
    }
    if (status >= 0) {
        status = hand_on(otlp, reading, err);
        otlp->stop = status < 0;
    }
    talk_free(reading->talk);
    return status;
}

static struct trace *trace_of(struct otlp *otlp, struct str id)
{
    for (unsigned i = 0; i < otlp->count; i++)
        if (str_equal(otlp->open[i]->id, id))
            return otlp->open[i];
    struct trace *trace = otlp->open[otlp->count++] = mem_zero(1, sizeof *trace);
    trace->id = (struct str){ arena_copy(&trace->arena, id.at, id.size), id.size };
    return trace;
}

static void keep_span(
    struct otlp *otlp, struct trace *trace, const struct json *span, struct str start)
{
    if (trace->count == trace->room) {
        uint32_t room = trace->room ? trace->room * 2 : 16;
        trace->spans = arena_grow(&trace->arena, trace->spans, trace->room * sizeof *trace->spans,
            room * sizeof *trace->spans);
        trace->room = room;
    }
    trace->spans[trace->count++] =
        (struct span){ { arena_copy(&trace->arena, start.at, start.size), start.size },
            { arena_copy(&trace->arena, span->raw.at, span->raw.size), span->raw.size } };
    trace->size += span->raw.size;
    otlp->size += span->raw.size;
}

static int take_span(
    struct otlp *otlp, const struct json *span, struct arena *arena, struct err *err)
{
    struct str id = raw_text(json_get(span, "traceId"), arena);
    struct str start = raw_text(json_get(span, "startTimeUnixNano"), arena);
    if (id.size == 0)
        id = raw_text(json_get(json_get(span, "context"), "trace_id"), arena);
    if (start.size == 0)
        start = raw_text(json_get(span, "start_time"), arena);
    if (id.size == 0 || id.size > ID_MOST || start.size == 0 || start.size > ID_MOST)
        return err_set(err, ERR_INPUT, "a span without its trace or its time");
    while (otlp->count > 0 && !otlp->stop &&
           (otlp->count == TRACES_OPEN || otlp->size + span->raw.size > IMPORT_RUN_MAX)) {
        int status = end_trace(otlp, err);
        if (status < 0)
            return status;
    }
    keep_span(otlp, trace_of(otlp, id), span, start);
    return 0;
}

static int take_spans(
    struct otlp *otlp, const struct json *list, struct arena *arena, struct err *err)
{
    JSON_EACH(span, json_is(list, JSON_ARRAY) ? list : NULL)
    {
        int status = take_span(otlp, span, arena, err);
        if (status < 0)
            return status;
    }
    return 0;
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = IMPORT_RUN_MAX, .depth_max = IMPORT_DEPTH_MAX, .duplicates = true
    };
    struct otlp *otlp = with;
    const struct json *root = json_read(arena, text, &limits, err);
    (void)where;
    if (!root)
        return err_while(err, "read the spans");
    const struct json *resources = json_get(root, "resourceSpans");
    int status = 0;
    JSON_EACH(resource, json_is(resources, JSON_ARRAY) ? resources : NULL)
    {
        const struct json *scopes = json_get(resource, "scopeSpans");
        JSON_EACH(scope, json_is(scopes, JSON_ARRAY) ? scopes : NULL)
        {
            status = take_spans(otlp, json_get(scope, "spans"), arena, err);
            if (status < 0)
                return status;
        }
    }
    if (json_get(root, "spans"))
        return take_spans(otlp, json_get(root, "spans"), arena, err);
    if (json_get(root, "attributes"))
        return take_span(otlp, root, arena, err);
    return resources ? 0 : err_set(err, ERR_INPUT, "neither `resourceSpans` nor `spans`");
}

int import_otlp(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct otlp otlp = { .talks = {
                             .sink = sink,
                             .options = options,
                             .format = STR("otlp"),
                             .origin = import_stem(path),
                         } };
    int status = import_pieces(path, sink, take, &otlp, &otlp.stop, err);
    while (otlp.count > 0 && status >= 0)
        status = end_trace(&otlp, err);
    while (otlp.count > 0)
        trace_freep(&otlp.open[--otlp.count]);
    return talks_end(&otlp.talks, status, err);
}
