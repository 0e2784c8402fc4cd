/* run - builds a recorded conversation from its messages.
 *
 * Recordings are read leniently in one respect only: a member may occur twice (models write that,
 * and the recorded harness took it). What a call or result means is decided here once, by the
 * definitions of docs/reference/detectors.md, so that importer, miner, replay and frames cannot
 * disagree. */
#include "trials/run.h"

#include "base/mem.h"
#include "base/names.h"
#include "base/result_text.h"
#include "trials/python.h"
#include "wire/effect.h"

#include <string.h>

static const struct json_limits lenient = { .size_max = WIRE_BYTES_MAX, .duplicates = true };

static const char *const role_words[] = {
    [RUN_SYSTEM] = "system",
    [RUN_USER] = "user",
    [RUN_MODEL] = "assistant",
    [RUN_RESULT] = "tool",
    [RUN_ERROR] = "error",
};

struct run *run_new(struct arena *arena)
{
    struct run *run = arena_alloc(arena, sizeof(*run));
    run->arena = arena;
    return run;
}

struct run *run_like(const struct run *run, struct arena *arena)
{
    struct run *made = run_new(arena);
    *made = *run;
    made->arena = arena;
    made->messages = NULL;
    made->messages_count = made->messages_room = 0;
    made->steps = made->told = NULL;
    made->steps_count = made->told_count = made->unasked = 0;
    return made;
}

static struct str text_of(struct arena *arena, const struct json *object, const char *key)
{
    return json_string(arena, json_get(object, key));
}

int run_set_meta(struct run *run, struct str text, struct err *err)
{
    const struct json *meta = json_read(run->arena, text, &lenient, err);
    if (!meta)
        return err_while(err, "read the session's meta");
    if (!json_is(meta, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "the session's meta is no object");
    run->meta = meta;
    run->group = text_of(run->arena, meta, "group");
    run->origin = text_of(run->arena, meta, "origin");
    run->source = text_of(run->arena, meta, "format");
    const struct json *reward = json_get(meta, "reward");
    run->graded = json_is(reward, JSON_NUMBER);
    run->solved = run->graded && json_double(reward, 0) >= 1;
    run->provider_error = json_is(json_get(meta, "error"), JSON_STRING);
    run->step_limit = str_equal(text_of(run->arena, meta, "termination_reason"), STR("max_steps"));
    run->offered = json_bool(json_get(meta, "offered"), true);
    run->claims = true;
    return 0;
}

void run_call_read(struct run_call *call, struct arena *arena)
{
    CLEANUP(buf_done) struct buf canonical = { 0 };
    const struct json *value = json_read(arena, call->args, &lenient, NULL);
    call->value = json_is(value, JSON_OBJECT) ? value : NULL;
    call->literal = call->value ? NULL : python_read(arena, call->args);
    if (!json_is(call->literal, JSON_OBJECT))
        call->literal = NULL;
    if (call->value || call->literal)
        json_canonical(&canonical, call->value ? call->value : call->literal);
    else
        buf_str(&canonical, call->args);
    call->key = hash_parts((struct str[]){ call->name, buf_view(&canonical) }, 2);
}

static void read_calls(struct run *run, struct run_message *message, const struct json *list)
{
    if (!json_is(list, JSON_ARRAY) || list->count == 0)
        return;
    message->calls = arena_alloc(run->arena, list->count * sizeof(*message->calls));
    JSON_EACH(item, list)
    {
        struct run_call *call = &message->calls[message->calls_count++];
        const struct json *function = json_get(item, "function");
        const struct json *args = json_get(function, "arguments");
        call->id = text_of(run->arena, item, "id");
        call->name = text_of(run->arena, function, "name");
        call->args = json_is(args, JSON_STRING) ? json_string(run->arena, args)
                     : args                     ? args->raw
                                                : (struct str){ 0 };
        call->result = -1;
        run_call_read(call, run->arena);
    }
}

static struct run_message *new_message(struct run *run)
{
    if (run->messages_count == run->messages_room) {
        uint32_t room = run->messages_room ? run->messages_room * 2 : 32;
        struct run_message *grown = arena_alloc(run->arena, room * sizeof(*grown));
        if (run->messages_count > 0)
            memcpy(grown, run->messages, run->messages_count * sizeof(*grown));
        run->messages = grown;
        run->messages_room = room;
    }
    return &run->messages[run->messages_count++];
}

static int role_of(struct str word)
{
    for (unsigned i = 0; i < COUNT_OF(role_words); i++)
        if (str_equal(word, str_of(role_words[i])))
            return (int)i;
    return str_equal(word, STR("developer")) ? RUN_SYSTEM : -1;
}

/* A number of an error within its bounds; what is not there is 0. */
static bool read_number(const struct json *object, const char *key, int64_t max, uint32_t *ret)
{
    const struct json *value = json_get(object, key);
    int64_t number = json_int(value, value ? -1 : 0);
    *ret = (uint32_t)number;
    return number >= 0 && number <= max;
}

static int read_error(
    struct run *run, struct run_message *message, const struct json *object, struct err *err)
{
    struct run_error *error = arena_alloc(run->arena, sizeof(*error));
    int class = NAME_FIND(wire_error_words, text_of(run->arena, object, "class"));
    const struct json *then = json_get(object, "then");
    bool good = class > 0 && read_number(object, "status", 999, &error->status) &&
                read_number(object, "retry_after_ms", UINT32_MAX, &error->retry_after_ms) &&
                read_number(object, "attempt", RUN_ATTEMPTS_MAX, &error->attempt) &&
                read_number(object, "models", RUN_MODELS_MAX, &error->models) &&
                read_number(object, "model", RUN_MODELS_MAX, &error->model) &&
                read_number(then, "model", RUN_MODELS_MAX, &error->again_model) &&
                read_number(then, "wait_ms", UINT32_MAX, &error->again_ms);
    if (error->models == 0)
        error->models = 1;
    error->again = json_is(then, JSON_OBJECT);
    if (!good || error->model >= error->models || error->again_model >= error->models)
        return err_set(
            err, ERR_INPUT, "message %u is no error of a model request", run->messages_count - 1);
    error->class = (uint8_t) class;
    message->error = error;
    return 0;
}

static int add(struct run *run, struct str bytes, bool failed, struct err *err)
{
    uint32_t index = run->messages_count;
    if (index >= WIRE_MESSAGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d messages", WIRE_MESSAGES_MAX);
    const struct json *object = json_read(run->arena, bytes, &lenient, err);
    if (!object)
        return err_while(err, "read message %u", index);
    int role = role_of(text_of(run->arena, object, "role"));
    if (role < 0)
        return err_set(err, ERR_INPUT, "message %u has no known role", index);
    struct run_message *message = new_message(run);
    message->role = (uint8_t)role;
    message->bytes = bytes;
    message->text = result_text(run->arena, json_get(object, "content"));
    message->answers_message = message->answers_call = -1;
    if (role == RUN_MODEL)
        read_calls(run, message, json_get(object, "tool_calls"));
    if (message->calls_count > WIRE_CALLS_MAX)
        return err_set(err, ERR_LIMIT, "message %u has %u calls, more than %d", index,
            message->calls_count, WIRE_CALLS_MAX);
    if (role == RUN_ERROR)
        return read_error(run, message, object, err);
    if (role == RUN_RESULT) {
        message->tool_call_id = text_of(run->arena, object, "tool_call_id");
        message->name = text_of(run->arena, object, "name");
        message->failed = failed || result_text_failed(message->text);
    }
    return 0;
}

/* What is refused is no part of the run. */
int run_add(struct run *run, struct str bytes, bool failed, struct err *err)
{
    uint32_t count = run->messages_count;
    int rc = add(run, bytes, failed, err);
    if (rc < 0 && run->messages_count > count)
        run->messages[--run->messages_count] = (struct run_message){ 0 };
    return rc;
}

/* By id; without one, by name; without either, any. */
static bool may_answer(const struct run_message *result, const struct run_call *call)
{
    if (call->result >= 0)
        return false;
    if (result->tool_call_id.size > 0)
        return str_equal(call->id, result->tool_call_id);
    return result->name.size == 0 || str_equal(call->name, result->name);
}

static bool all_answered(const struct run_message *message)
{
    for (uint32_t i = 0; i < message->calls_count; i++)
        if (message->calls[i].result < 0)
            return false;
    return true;
}

/* The first unanswered earlier call that fits; a result without id and name belongs to the latest.
 * *open: no message before it has an unanswered call. */
static void pair_result(struct run *run, uint32_t index, uint32_t *open)
{
    struct run_message *result = &run->messages[index];
    bool latest = result->tool_call_id.size == 0 && result->name.size == 0;
    while (*open < index && all_answered(&run->messages[*open]))
        ++*open;
    for (uint32_t i = *open; i < index; i++)
        for (uint32_t k = 0; k < run->messages[i].calls_count; k++) {
            if (!may_answer(result, &run->messages[i].calls[k]))
                continue;
            result->answers_message = (int32_t)i;
            result->answers_call = (int32_t)k;
            if (!latest)
                return;
        }
}

static bool says_stop(const struct run *run)
{
    uint32_t from = run->messages_count > 2 ? run->messages_count - 2 : 0;
    for (uint32_t i = from; i < run->messages_count; i++)
        if (str_find(run->messages[i].text, STR("###STOP###")) >= 0)
            return true;
    return false;
}

/* Whether a harness that is put where the told messages end so far asks the model: the loop carries
 * out calls that are open, and behind a reply it has nothing to do. last: the last reply, or NULL;
 * user: the last message of a person, by the messages told before it, or -1. */
static bool asks_there(const struct run *run, const struct run_message *last, int64_t user)
{
    if (!last || user > last->told)
        return true;
    for (uint32_t i = 0; i < last->calls_count; i++)
        if (last->calls[i].result < 0)
            return false;
    return last->told + 1 < run->told_count;
}

static void answer_call(struct run *run, uint32_t result, uint32_t *open)
{
    const struct run_message *message = &run->messages[result];
    pair_result(run, result, open);
    if (message->answers_message < 0)
        return;
    struct run_call *call = &run->messages[message->answers_message].calls[message->answers_call];
    call->result = (int32_t)result;
    call->failed = message->failed;
}

void run_seal(struct run *run)
{
    enum { TAU_MODEL_CALLS_MAX = 30 };
    const struct run_message *last = NULL;
    int64_t user = -1;
    uint32_t open = 0;
    run->steps = arena_alloc(run->arena, (run->messages_count + 1) * sizeof(*run->steps));
    run->told = arena_alloc(run->arena, (run->messages_count + 1) * sizeof(*run->told));
    run->models = 1;
    for (uint32_t i = 0; i < run->messages_count; i++) {
        struct run_message *message = &run->messages[i];
        message->told = run->told_count;
        bool reply = message->role == RUN_MODEL || message->role == RUN_ERROR;
        if (reply && asks_there(run, last, user))
            run->steps[run->steps_count++] = i;
        else
            run->unasked += reply;
        if (message->role == RUN_MODEL)
            last = message;
        if (message->role == RUN_USER)
            user = message->told;
        if (message->role != RUN_ERROR)
            run->told[run->told_count++] = i;
        else if (message->error->models > run->models)
            run->models = message->error->models;
        if (message->role == RUN_RESULT)
            answer_call(run, i, &open);
    }
    if (str_equal(run->source, STR("tau")))
        run->step_limit = run->steps_count >= TAU_MODEL_CALLS_MAX && !says_stop(run);
}

const struct run_message *run_step(const struct run *run, uint32_t step)
{
    return &run->messages[run->steps[step]];
}

const struct run_error *run_step_error(const struct run *run, uint32_t step)
{
    return run_step(run, step)->error;
}

uint32_t run_context(const struct run *run, uint32_t step)
{
    return run_step(run, step)->told;
}

struct str run_said(const struct run_message *reply)
{
    return reply->own.size > 0 ? reply->own : reply->bytes;
}

bool run_next_call(const struct run *run, struct run_cursor *cursor, struct run_at *ret)
{
    for (; cursor->step < run->steps_count; cursor->step++, cursor->call = 0) {
        uint32_t index = run->steps[cursor->step];
        const struct run_message *message = &run->messages[index];
        if (cursor->call >= message->calls_count)
            continue;
        *ret = (struct run_at){ .message = message,
            .call = &message->calls[cursor->call],
            .message_index = index,
            .call_index = cursor->call,
            .step = cursor->step };
        cursor->call++;
        return true;
    }
    return false;
}
