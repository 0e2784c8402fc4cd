/* conversation - the messages of a session as a stack, with its calls and the results that answer
 * them.
 *
 * A result belongs to the first unanswered earlier call with its id; without an id, of its name;
 * without either, to the latest unanswered call. A result that no call claims stays: histories that
 * clients bring have such. */
#include "worker/turn.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static const struct json_limits message_limits = { .size_max = WIRE_BYTES_MAX, .duplicates = true };

static void free_own(struct message *message)
{
    if (!message->own)
        return;
    arena_done(message->own);
    mem_freep(&message->own);
}

void conversation_done(struct conversation *conversation)
{
    for (uint32_t i = 0; i < conversation->count; i++)
        free_own(&conversation->messages[i]);
    mem_freep(&conversation->messages);
    mem_freep(&conversation->calls);
    arena_done(&conversation->arena);
    *conversation = (struct conversation){ 0 };
}

void conversation_cut(struct conversation *conversation, uint32_t keep)
{
    if (keep >= conversation->count)
        return;
    for (uint32_t i = conversation->count; i-- > keep;) {
        struct message *message = &conversation->messages[i];
        free_own(message);
        if (message->call != NONE) {
            conversation->calls[message->call].result = NONE;
            conversation->calls[message->call].result_digested = false;
        }
        if (message->calls_count > 0)
            conversation->calls_count = message->calls_from;
    }
    arena_release(&conversation->arena, conversation->messages[keep].mark);
    conversation->count = keep;
}

static uint8_t role_of(struct str word)
{
    static const struct {
        struct str word;
        uint8_t role;
    } roles[] = {
        { { "assistant", 9 }, MOULT_MODEL },
        { { "tool", 4 }, MOULT_RESULT },
        { { "user", 4 }, MOULT_USER },
        { { "system", 6 }, MOULT_SYSTEM },
        { { "developer", 9 }, MOULT_SYSTEM },
        { { "function", 8 }, MOULT_RESULT },
    };
    for (size_t i = 0; i < COUNT_OF(roles); i++)
        if (str_equal(word, roles[i].word))
            return roles[i].role;
    return 0;
}

static void add_past(struct conversation *conversation, const struct json *node, uint32_t message)
{
    if (conversation->calls_count == conversation->calls_room) {
        conversation->calls_room = conversation->calls_room ? 2 * conversation->calls_room : 16;
        conversation->calls =
            mem_grow(conversation->calls, conversation->calls_room, sizeof(*conversation->calls));
    }
    struct arena *arena = &conversation->arena;
    const struct json *function = json_get(node, "function");
    const struct json *args = json_get(function, "arguments");
    conversation->calls[conversation->calls_count++] = (struct past_call){
        .id = json_string(arena, json_get(node, "id")),
        .name = json_string(arena, json_get(function, "name")),
        .args = json_is(args, JSON_STRING) ? json_string(arena, args)
                : args                     ? args->raw
                                           : (struct str){ 0 },
        .message = message,
        .result = NONE,
    };
}

/* What will stand in a message of the wire must fit there. */
static bool calls_fit(const struct conversation *conversation, uint32_t from)
{
    for (uint32_t i = from; i < conversation->calls_count; i++)
        if (conversation->calls[i].id.size > WIRE_TEXT_MAX ||
            conversation->calls[i].name.size > WIRE_TEXT_MAX)
            return false;
    return true;
}

static bool claims(const struct past_call *call, const struct message *result)
{
    if (call->result != NONE)
        return false;
    if (result->id.size > 0)
        return str_equal(call->id, result->id);
    return result->name.size == 0 || str_equal(call->name, result->name);
}

static uint32_t find_call(const struct conversation *conversation, const struct message *result)
{
    bool latest = result->id.size == 0 && result->name.size == 0;
    uint32_t found = NONE;
    for (uint32_t i = conversation->calls_count; i-- > 0;) {
        if (!claims(&conversation->calls[i], result))
            continue;
        found = i;
        if (latest)
            break;
    }
    return found;
}

static int read_message(
    struct message *message, struct arena *arena, struct str bytes, struct err *err)
{
    message->bytes = (struct str){ arena_copy(arena, bytes.at, bytes.size), bytes.size };
    message->root = json_read(arena, message->bytes, &message_limits, err);
    if (!message->root)
        return -err->code;
    if (!json_is(message->root, JSON_OBJECT))
        return err_set(err, ERR_INPUT, "a message is no JSON object");
    message->role = role_of(json_string(arena, json_get(message->root, "role")));
    if (message->role == 0)
        return err_set(err, ERR_INPUT, "a message has no role that is known");
    message->content = json_get(message->root, "content");
    if (message->role != MOULT_RESULT)
        return 0;
    message->id = json_string(arena, json_get(message->root, "tool_call_id"));
    message->name = json_string(arena, json_get(message->root, "name"));
    return 0;
}

int conversation_add(
    struct conversation *conversation, struct str bytes, bool failed, struct err *err)
{
    struct err mine;
    err = err ? err : &mine;
    if (conversation->count == conversation->room) {
        conversation->room = conversation->room ? 2 * conversation->room : 32;
        conversation->messages =
            mem_grow(conversation->messages, conversation->room, sizeof(*conversation->messages));
    }
    struct message message = {
        .failed = failed, .call = NONE, .mark = arena_mark(&conversation->arena)
    };
    int r = read_message(&message, &conversation->arena, bytes, err);
    if (r < 0) {
        arena_release(&conversation->arena, message.mark);
        return r;
    }
    uint32_t number = conversation->count;
    if (message.role == MOULT_MODEL) {
        message.calls_from = conversation->calls_count;
        JSON_EACH(call, json_get(message.root, "tool_calls"))
        add_past(conversation, call, number);
        message.calls_count = conversation->calls_count - message.calls_from;
        if (!calls_fit(conversation, message.calls_from)) {
            conversation->calls_count = message.calls_from;
            arena_release(&conversation->arena, message.mark);
            return err_set(err, ERR_LIMIT, "a call's id or name is over %d bytes", WIRE_TEXT_MAX);
        }
    } else if (message.role == MOULT_RESULT) {
        message.call = find_call(conversation, &message);
        if (message.call != NONE)
            conversation->calls[message.call].result = number;
    }
    conversation->messages[conversation->count++] = message;
    return 0;
}

int conversation_replace(
    struct conversation *conversation, uint32_t at, struct str bytes, struct err *err)
{
    struct message *old = &conversation->messages[at];
    struct arena *own = mem_zero(1, sizeof(*own));
    struct message message = *old;
    message.own = own;
    int r = read_message(&message, own, bytes, err);
    if (r < 0) {
        arena_done(own);
        mem_freep(&own);
        return r;
    }
    free_own(old);
    *old = message;
    if (message.call != NONE)
        conversation->calls[message.call].result_digested = false;
    return 0;
}

uint32_t conversation_reply(const struct conversation *conversation)
{
    for (uint32_t i = conversation->count; i-- > 0;)
        if (conversation->messages[i].role == MOULT_MODEL)
            return i;
    return NONE;
}

uint32_t conversation_turn(const struct conversation *conversation)
{
    for (uint32_t i = conversation->count; i-- > 0;)
        if (conversation->messages[i].role == MOULT_USER)
            return i + 1;
    return 0;
}

bool call_open(const struct conversation *conversation, const struct call *call)
{
    return call->past == NONE || conversation->calls[call->past].result == NONE;
}

static bool text_part(const struct json *part)
{
    return json_is(json_get(part, "text"), JSON_STRING);
}

struct str content_text(struct arena *arena, const struct json *content)
{
    if (json_is(content, JSON_STRING))
        return json_string(arena, content);
    if (!json_is(content, JSON_ARRAY))
        return (struct str){ 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    JSON_EACH(part, content)
    {
        if (text_part(part))
            buf_str(&text, json_string(arena, json_get(part, "text")));
    }
    return (struct str){ arena_copy(arena, text.at, text.size), text.size };
}

static uint64_t digest_json(struct str text, struct arena *scratch)
{
    CLEANUP(buf_done) struct buf canonical = { 0 };
    const struct json *value = json_read(scratch, text, NULL, NULL);
    if (value)
        json_canonical(&canonical, value);
    struct str s = value ? buf_view(&canonical) : text;
    return hash_fast(s.at, s.size, 0);
}

void past_digest(struct conversation *conversation, struct past_call *call, struct arena *scratch)
{
    struct arena_mark mark = arena_mark(scratch);
    if (!call->digested) {
        call->name_digest = hash_fast(call->name.at, call->name.size, 0);
        call->args_digest = digest_json(call->args, scratch);
        call->digested = true;
    }
    if (!call->result_digested && call->result != NONE) {
        struct str text = content_text(scratch, conversation->messages[call->result].content);
        call->result_digest = hash_fast(text.at, text.size, 0);
        call->result_digested = true;
    }
    arena_release(scratch, mark);
}
