/* export_atif - a session as a trajectory of the Agent Trajectory Interchange Format.
 *
 * An agent's step has its calls and, behind them, what answered them. The format wants arguments as
 * an object: those that are none, as a model wrote them, stand beside in `extra`, and so does an
 * error of a model request, which is no step of that format. It tells calls of a step by their ids,
 * so that those without one, or with that of another call of the step, are given one. */
#include "trials/export.h"

#include "base/mem.h"
#include "trials/run.h"

#include <string.h>

static const char *const sources[] = { [RUN_SYSTEM] = "system",
    [RUN_USER] = "user",
    [RUN_MODEL] = "agent",
    [RUN_RESULT] = "system",
    [RUN_ERROR] = "agent" };

static void member(struct buf *out, const char *key, struct str text)
{
    buf_format(out, ",\"%s\":", key);
    json_quote(out, text);
}

/* As it was written, unless the format cannot say it. */
static bool is_kept_beside(const struct run_call *call)
{
    return !call->value || call->args.size == 0 || memchr(call->args.at, '\n', call->args.size) ||
           memchr(call->args.at, '\r', call->args.size);
}

static void print_calls(struct buf *out, const struct run_message *message)
{
    bool beside = false;
    buf_text(out, ",\"tool_calls\":[");
    for (uint32_t i = 0; i < message->calls_count; i++) {
        const struct run_call *call = &message->calls[i];
        buf_text(out, i ? ",{\"tool_call_id\":" : "{\"tool_call_id\":");
        json_quote(out, call->id);
        member(out, "function_name", call->name);
        buf_text(out, ",\"arguments\":");
        export_flat(out, call->value ? call->value->raw : STR("{}"));
        buf_char(out, '}');
    }
    buf_char(out, ']');
    for (uint32_t i = 0; i < message->calls_count; i++) {
        const struct run_call *call = &message->calls[i];
        if (!is_kept_beside(call))
            continue;
        buf_text(out, beside ? "," : ",\"extra\":{\"arguments\":{");
        json_quote(out, call->id);
        buf_char(out, ':');
        json_quote(out, call->args);
        beside = true;
    }
    if (beside)
        buf_text(out, "}}");
}

static bool asks(const struct run_message *message, struct str id)
{
    for (uint32_t i = 0; i < message->calls_count; i++)
        if (str_equal(message->calls[i].id, id))
            return true;
    return false;
}

/* Behind the seal: a result belongs to its call by what both had before. */
static void name_calls(struct run *run)
{
    unsigned named = 0;
    for (uint32_t m = 0; m < run->messages_count; m++) {
        struct run_message *message = &run->messages[m];
        for (uint32_t i = 0; i < message->calls_count; i++) {
            struct run_message before = { .calls = message->calls, .calls_count = i };
            if (message->calls[i].id.size == 0 || asks(&before, message->calls[i].id))
                message->calls[i].id = str_of(arena_format(run->arena, "unnamed_%u", ++named));
        }
    }
}

/* The id of the call that it answers, if that is one of the step's; else empty. */
static struct str answered(
    const struct run *run, const struct run_message *asker, const struct run_message *result)
{
    if (result->answers_message >= 0 && &run->messages[result->answers_message] == asker)
        return asker->calls[result->answers_call].id;
    return asks(asker, result->tool_call_id) ? result->tool_call_id : STR("");
}

/* The results from message `at` on; returns how many. One without a call in its step has no id
 * there: the format wants each id to be that of a call. */
static uint32_t print_results(
    struct buf *out, const struct run *run, const struct run_message *asker, uint32_t at)
{
    uint32_t count = 0;
    for (; at + count < run->messages_count; count++) {
        const struct run_message *result = &run->messages[at + count];
        if (result->role != RUN_RESULT)
            break;
        buf_text(out, count ? ",{" : ",\"observation\":{\"results\":[{");
        struct str id = answered(run, asker, result);
        if (id.size > 0) {
            buf_text(out, "\"source_call_id\":");
            json_quote(out, id);
            buf_char(out, ',');
        }
        buf_text(out, "\"content\":");
        json_quote(out, result->text);
        buf_char(out, '}');
    }
    if (count > 0)
        buf_text(out, "]}");
    return count;
}

/* One step; returns how many messages it took. */
static uint32_t print_step(struct buf *out, const struct run *run, uint32_t at, unsigned number)
{
    const struct run_message *message = &run->messages[at];
    uint32_t took = message->role != RUN_RESULT;
    buf_format(out, "%s{\"step_id\":%u,\"source\":\"%s\"", number > 1 ? "," : "", number,
        sources[message->role]);
    member(out, "message", message->role == RUN_RESULT ? STR("") : message->text);
    if (message->calls_count > 0)
        print_calls(out, message);
    if (message->role == RUN_ERROR) {
        buf_text(out, ",\"extra\":{\"error\":");
        export_flat(out, message->bytes);
        buf_char(out, '}');
    }
    if (message->role == RUN_MODEL || message->role == RUN_RESULT)
        took += print_results(out, run, message, at + took);
    buf_char(out, '}');
    return took;
}

static int read_run(
    struct run **ret, const struct journal_session *session, struct arena *arena, struct err *err)
{
    struct run *run = run_new(arena);
    for (uint32_t i = 0; i < session->messages_count; i++) {
        const struct journal_message *message = &session->messages[i];
        int status = run_add(run, message->bytes, message->failed, err);
        if (status < 0)
            return status;
    }
    run_seal(run);
    name_calls(run);
    *ret = run;
    return 0;
}

int export_atif(
    struct buf *out, const struct journal_session *session, struct arena *arena, struct err *err)
{
    struct run *run;
    char hex[DIGEST_HEX];
    int status = read_run(&run, session, arena, err);
    if (status < 0)
        return status;
    const struct json *meta = json_read(arena, session->meta, NULL, NULL);
    struct str agent = session->origin.size ? session->origin : STR("moult");
    struct str model = json_string(arena, json_get(meta, "model"));
    buf_text(out, "{\"schema_version\":\"ATIF-v1.5\"");
    member(out, "session_id", str_of(hash_hex(hex, &session->id)));
    buf_text(out, ",\"agent\":{\"name\":");
    json_quote(out, agent);
    member(out, "version", STR("unknown"));
    if (model.size > 0)
        member(out, "model_name", model);
    if (session->tools.size > 0) {
        buf_text(out, ",\"tool_definitions\":");
        export_flat(out, session->tools);
    }
    buf_text(out, "},\"steps\":[");
    unsigned number = 0;
    for (uint32_t at = 0; at < run->messages_count;)
        at += print_step(out, run, at, ++number);
    buf_text(out, "]}");
    return 0;
}
