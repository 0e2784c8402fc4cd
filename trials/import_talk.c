/* import_talk - see import_talk.h. */
#include "trials/import_talk.h"

#include "base/mem.h"
#include "wire/effect.h"

#include <stdlib.h>
#include <string.h>

static struct str keep(struct arena *arena, struct str s)
{
    return (struct str){ arena_string(arena, s.size ? s.at : "", s.size), s.size };
}

/* --- one of them */

int talk_add(struct talk *talk, struct str bytes, bool failed, struct err *err)
{
    uint32_t index = talk->run->messages_count;
    if (bytes.size > WIRE_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "message %u is larger than %d bytes", index, WIRE_BYTES_MAX);
    if (talk->size + bytes.size > IMPORT_RUN_MAX)
        return err_set(err, ERR_LIMIT, "one run is larger than %d MiB", IMPORT_RUN_MAX >> 20);
    int status = run_add(talk->run, keep(&talk->arena, bytes), failed, err);
    if (status < 0)
        return status;
    if (index >= talk->room) {
        uint32_t room = talk->room ? talk->room * 2 : 64;
        talk->failed = arena_grow(&talk->arena, talk->failed, talk->room, room);
        talk->room = room;
    }
    talk->failed[index] = failed;
    talk->size += bytes.size;
    return 0;
}

bool talk_tools(struct talk *talk, const struct json *tools)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct run_tools *list;
    if (!json_is(tools, JSON_ARRAY) || run_tools_read(&list, tools->raw, &arena, NULL) < 0)
        return false;
    talk->tools = keep(&talk->arena, tools->raw);
    return true;
}

void talk_about(struct talk *talk, const char *name, const struct json *value)
{
    if (!value || value->kind == JSON_NULL)
        return;
    CLEANUP(buf_done) struct buf about = { 0 };
    buf_str(&about, talk->about);
    buf_format(&about, ",\"%s\":", name);
    buf_str(&about, value->raw);
    talk->about = keep(&talk->arena, buf_view(&about));
}

struct talk *talk_new(void)
{
    struct talk *talk = mem_zero(1, sizeof *talk);
    talk->run = run_new(&talk->arena);
    return talk;
}

void talk_free(struct talk *talk)
{
    if (!talk)
        return;
    arena_done(&talk->arena);
    free(talk);
}

void talk_freep(struct talk **talk)
{
    talk_free(*talk);
}

/* Runs of one task count together: its first words stand for it. */
static struct str task_of(const struct run *run)
{
    char hex[DIGEST_HEX];
    for (uint32_t i = 0; i < run->messages_count; i++) {
        if (run->messages[i].role != RUN_USER)
            continue;
        struct digest digest = hash_of(run->messages[i].text);
        return str_of(arena_format(run->arena, "task %.16s", hash_hex(hex, &digest)));
    }
    return STR("no task");
}

static void quote_member(struct buf *out, const char *key, struct str value)
{
    buf_format(out, ",\"%s\":", key);
    json_quote(out, value);
}

static struct str meta_of(const struct talk *talk, const struct import_session *session)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"format\":");
    json_quote(&out, session->format);
    quote_member(&out, "origin", session->origin);
    quote_member(&out, "group", session->group);
    buf_str(&out, talk->about);
    buf_format(&out, ",\"offered\":%s,\"failed\":[", session->offered ? "true" : "false");
    for (uint32_t i = 0, n = 0; i < session->messages_count; i++)
        if (session->failed[i])
            buf_format(&out, n++ ? ",%u" : "%u", i);
    buf_text(&out, "]}");
    return keep(talk->run->arena, buf_view(&out));
}

static bool calls_natively(const struct run *run)
{
    for (uint32_t i = 0; i < run->messages_count; i++)
        if (run->messages[i].calls_count > 0)
            return true;
    return false;
}

int talk_end(struct talks *talks, struct talk *talk, struct err *err)
{
    struct run *run = talk->run;
    if (run->messages_count == 0)
        return 0;
    uint32_t count = run->messages_count;
    struct import_session session = { .messages_count = count,
        .messages = arena_alloc(run->arena, count * sizeof *session.messages),
        .failed = arena_alloc(run->arena, count),
        .user = arena_alloc(run->arena, count),
        .group = talk->group.size ? talk->group : task_of(run),
        .origin = talks->origin,
        .format = talks->format,
        .tools = talk->tools };
    for (uint32_t i = 0; i < count; i++) {
        session.messages[i] = run->messages[i].bytes;
        session.failed[i] = talk->failed[i];
        session.user[i] = run->messages[i].role == RUN_USER;
        session.turns += session.user[i];
    }
    int offered = talks->options->offered;
    session.offered = offered >= 0 ? offered : talk->tools.size > 0 || calls_natively(run);
    session.meta = meta_of(talk, &session);
    return talks->sink->session(talks->sink->with, &session, err);
}

/* --- all of a log */

static void put_part(struct hash_quick *state, struct str part)
{
    uint64_t size = part.size;
    hash_quick_add(state, &size, sizeof size);
    hash_quick_add(state, part.at, part.size);
}

/* What a model sees, in a chain: members that one client sends again and another does not (names,
 * refusals, an empty content) are no part of it. */
static struct digest chain_on(const struct digest *before, const struct run_message *message)
{
    struct hash_quick state;
    hash_quick_begin(&state);
    hash_quick_add(&state, before->at, sizeof before->at);
    hash_quick_add(&state, &message->role, sizeof message->role);
    put_part(&state, message->text);
    put_part(&state, message->tool_call_id);
    for (uint32_t i = 0; i < message->calls_count; i++) {
        put_part(&state, message->calls[i].id);
        put_part(&state, message->calls[i].name);
        put_part(&state, message->calls[i].args);
    }
    return hash_quick_end(&state);
}

static int drop_oldest(struct talks *talks, struct err *err)
{
    CLEANUP(talk_freep) struct talk *oldest = talks->open[0];
    memmove(talks->open, talks->open + 1, --talks->count * sizeof *talks->open);
    talks->size -= oldest->size;
    return talk_end(talks, oldest, err);
}

/* Asked for each message and each open conversation; a chain is no secret. */
static bool is_chain(const struct talk *talk, const struct digest *chain)
{
    return memcmp(talk->chain.at, chain->at, sizeof chain->at) == 0;
}

/* The open conversation that has the longest beginning of `run`, and where its end is there. */
static struct talk *find(
    struct talks *talks, const struct run *run, struct digest *ret_chain, uint32_t *ret_behind)
{
    struct talk *found = NULL;
    struct digest chain = { 0 };
    for (uint32_t i = 0; i < run->messages_count; i++) {
        if (run->messages[i].role == RUN_ERROR)
            continue;
        chain = chain_on(&chain, &run->messages[i]);
        for (unsigned k = 0; k < talks->count; k++)
            if (is_chain(talks->open[k], &chain)) {
                found = talks->open[k];
                *ret_behind = i + 1;
            }
    }
    *ret_chain = chain;
    return found;
}

static int begin(struct talks *talks, struct talk *from, struct err *err)
{
    int status = 0;
    while (status >= 0 && talks->count > 0 &&
           (talks->count == TALKS_OPEN || talks->size + from->size > IMPORT_RUN_MAX))
        status = drop_oldest(talks, err);
    talks->open[talks->count++] = from;
    talks->size += from->size;
    return status;
}

/* The same once more (a log that was written twice, a sample that was drawn again) goes on with
 * nothing: it is a conversation of its own. */
int talks_take(struct talks *talks, struct talk *from, struct err *err)
{
    struct digest chain;
    uint32_t behind = 0, count = from->run->messages_count;
    struct talk *talk = find(talks, from->run, &chain, &behind);
    from->chain = chain;
    if (!talk || behind == count || talk->size + from->size > IMPORT_RUN_MAX ||
        talk->run->messages_count + (count - behind) > WIRE_MESSAGES_MAX)
        return begin(talks, from, err);
    size_t before = talk->size;
    for (uint32_t i = behind; i < count; i++)
        talk_add(talk, from->run->messages[i].bytes, from->failed[i], NULL);
    talk->chain = chain;
    talks->size += talk->size - before;
    if (from->tools.size > 0)
        talk->tools = keep(&talk->arena, from->tools);
    talk_free(from);
    return 0;
}

int talks_end(struct talks *talks, int status, struct err *err)
{
    while (talks->count > 0 && status >= 0)
        status = drop_oldest(talks, err);
    while (talks->count > 0)
        talk_free(talks->open[--talks->count]);
    return status;
}

/* --- messages */

struct str talk_message(struct arena *arena, const char *role, struct str text, struct str calls)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"role\":\"%s\",\"content\":", role);
    if (text.size > 0 || calls.size == 0)
        json_quote(&out, text);
    else
        buf_text(&out, "null");
    if (calls.size > 0) {
        buf_text(&out, ",\"tool_calls\":[");
        buf_str(&out, calls);
        buf_char(&out, ']');
    }
    buf_char(&out, '}');
    return keep(arena, buf_view(&out));
}

struct str talk_result(struct arena *arena, struct str id, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"role\":\"tool\",\"tool_call_id\":");
    json_quote(&out, id);
    buf_text(&out, ",\"content\":");
    json_quote(&out, text);
    buf_char(&out, '}');
    return keep(arena, buf_view(&out));
}

void talk_call(struct buf *calls, struct str id, struct str name, struct str args)
{
    if (calls->size > 0)
        buf_char(calls, ',');
    buf_text(calls, "{\"id\":");
    json_quote(calls, id);
    buf_text(calls, ",\"type\":\"function\",\"function\":{\"name\":");
    json_quote(calls, name);
    buf_text(calls, ",\"arguments\":");
    json_quote(calls, args);
    buf_text(calls, "}}");
}

/* What a status says of an error; the rest by its hundred. */
static const struct class_of {
    int64_t status;
    const char *class;
} classes[] = { { 0, "connection" }, { 401, "unauthorized" }, { 403, "unauthorized" },
    { 408, "timeout" }, { 413, "too_long" }, { 429, "rate_limit" }, { 503, "overloaded" },
    { 504, "timeout" }, { 529, "overloaded" } };

struct str talk_error(struct arena *arena, int64_t status)
{
    const char *class = status == TALK_ABORTED ? "refused"
                        : status >= 500        ? "server"
                                               : "bad_request";
    bool aborted = status == TALK_ABORTED;
    if (status < 0 || status > 999)
        status = 0;
    for (size_t i = 0; i < COUNT_OF(classes); i++)
        if (classes[i].status == status && !aborted)
            class = classes[i].class;
    return str_of(arena_format(
        arena, "{\"role\":\"error\",\"class\":\"%s\",\"status\":%d}", class, (int)status));
}
