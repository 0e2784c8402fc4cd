/* reply - a provider's reply as it comes, made into one assistant message of the chat format; and
 * the reply as an answer's source. See protocol.h; what single events mean is the codecs'. */
#include "protocol/codec.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct protocol_reply *protocol_reply_new(enum protocol protocol, bool stream)
{
    struct protocol_reply *reply = mem_zero(1, sizeof *reply);
    reply->codec = codec_of(protocol);
    reply->stream = stream;
    return reply;
}

void protocol_reply_free(struct protocol_reply *reply)
{
    if (!reply)
        return;
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        buf_done(&reply->calls[i].id);
        buf_done(&reply->calls[i].name);
        buf_done(&reply->calls[i].args);
    }
    free(reply->calls);
    buf_done(&reply->raw);
    buf_done(&reply->text);
    buf_done(&reply->plain);
    sse_done(&reply->sse);
    arena_done(&reply->scratch);
    arena_done(&reply->arena);
    free(reply);
}

/* --- what codecs note */

struct codec_call *codec_call(struct protocol_reply *reply, uint64_t index)
{
    /* The newest first: fragments of one call come one after the other. */
    for (uint32_t i = reply->calls_count; i-- > 0;)
        if (reply->calls[i].index == index)
            return &reply->calls[i];
    if (reply->calls_count == CODEC_CALLS_MAX)
        return NULL;
    if (reply->calls_count == reply->calls_room) {
        reply->calls_room = reply->calls_room ? reply->calls_room * 2 : 4;
        reply->calls = mem_grow(reply->calls, reply->calls_room, sizeof *reply->calls);
    }
    reply->calls[reply->calls_count] = (struct codec_call){ .index = index };
    return &reply->calls[reply->calls_count++];
}

void codec_text_add(struct buf *text, const struct json *string)
{
    if (json_is(string, JSON_STRING))
        buf_add(text, string->raw.at + 1, string->raw.size - 2);
}

void codec_text_quote(struct buf *text, struct str bytes)
{
    struct buf quoted = { 0 };
    json_quote(&quoted, bytes);
    buf_add(text, quoted.at + 1, quoted.size - 2);
    buf_done(&quoted);
}

/* Bytes at the end that say something only together with what comes: a first half of a surrogate
 * pair, \uD800 to \uDBFF. */
static size_t half_pair(struct str inside)
{
    enum { ESCAPE = 6 };
    if (inside.size < ESCAPE)
        return 0;
    size_t at = inside.size - ESCAPE, slashes = 0;
    const char *escape = inside.at + at;
    bool high = escape[0] == '\\' && escape[1] == 'u' && (escape[2] | ' ') == 'd' &&
                strchr("89abAB", escape[3]);
    while (slashes <= at && inside.at[at - slashes] == '\\')
        slashes++;
    return high && slashes % 2 ? ESCAPE : 0;
}

/* Brings plain up to what text says. */
static void unfold(struct protocol_reply *reply)
{
    if (reply->plain_done || reply->text.size == reply->plain_at)
        return;
    struct str more = { reply->text.at + reply->plain_at, reply->text.size - reply->plain_at };
    more.size -= half_pair(more);
    reply->plain_at += more.size;
    if (!memchr(more.at, '\\', more.size)) {
        buf_str(&reply->plain, more);
        return;
    }
    struct arena_mark mark = arena_mark(&reply->scratch);
    CLEANUP(buf_done) struct buf quoted = { 0 };
    buf_char(&quoted, '"');
    buf_str(&quoted, more);
    buf_char(&quoted, '"');
    struct json_limits limits = { .size_max = PROTOCOL_BODY_MAX };
    const struct json *string = json_read(&reply->scratch, buf_view(&quoted), &limits, NULL);
    buf_str(&reply->plain, json_string(&reply->scratch, string));
    arena_release(&reply->scratch, mark);
}

void codec_text_settle(struct protocol_reply *reply)
{
    unfold(reply);
    reply->plain_done = true;
}

void codec_note(struct protocol_reply *reply, struct str *text, const struct json *string)
{
    struct str says = json_string(&reply->scratch, string);
    if (says.size == 0 || str_equal(says, *text))
        return;
    *text = (struct str){ arena_copy(&reply->arena, says.at, says.size), says.size };
}

void codec_reply_error(struct protocol_reply *reply, const struct json *error)
{
    if (reply->error_class == PROTOCOL_NO_ERROR)
        reply->error_class = (uint8_t)codec_error_class(0, error, &reply->scratch);
}

/* --- reading */

static int read_event(void *user, struct str name, struct str data, struct err *err)
{
    struct protocol_reply *reply = user;
    if (reply->complete || reply->error_class || str_trim(data).size == 0)
        return 0;
    if (reply->codec->done && str_equal(str_trim(data), str_of(reply->codec->done))) {
        reply->complete = true;
        return 0;
    }
    arena_reset(&reply->scratch);
    struct json_limits limits = { .duplicates = true };
    const struct json *root = json_read(&reply->scratch, data, &limits, err);
    if (!root)
        return err_while(err, "an event of the stream");
    if (root->kind != JSON_OBJECT)
        return err_set(err, ERR_INPUT, "an event of the stream is no object");
    return reply->codec->reply_event(reply, name, root, err);
}

int protocol_reply_feed(struct protocol_reply *reply, struct str bytes, struct err *err)
{
    int rc = 0;
    if (bytes.size > PROTOCOL_BODY_MAX - reply->raw.size)
        rc = err_set(&reply->failed, ERR_LIMIT, "a reply of more than %d bytes", PROTOCOL_BODY_MAX);
    else
        buf_str(&reply->raw, bytes);
    if (rc == 0 && reply->stream && reply->failed.code == ERR_NONE)
        sse_feed(&reply->sse, bytes, read_event, reply, &reply->failed);
    if (reply->stream)
        unfold(reply);
    if (err && reply->failed.code)
        *err = reply->failed;
    return -reply->failed.code;
}

bool protocol_reply_complete(const struct protocol_reply *reply)
{
    return reply->complete;
}

struct str protocol_reply_text(const struct protocol_reply *reply)
{
    return buf_view(&reply->plain);
}

static int read_json(struct protocol_reply *reply, struct err *err)
{
    struct json_limits limits = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };
    const struct json *root = json_read(&reply->scratch, buf_view(&reply->raw), &limits, err);
    if (!root)
        return err_while(err, "the reply");
    if (root->kind != JSON_OBJECT)
        return err_set(err, ERR_INPUT, "the reply is no object");
    int rc = reply->codec->reply_json(reply, root, err);
    reply->complete = rc == 0;
    return rc;
}

/* The assistant message; texts are insides of JSON strings already. */
static struct str make_chat(const struct protocol_reply *reply, struct arena *arena)
{
    struct buf out = { 0 };
    bool nothing = reply->text.size == 0 && reply->calls_count > 0;
    buf_text(&out, "{\"role\":\"assistant\",\"content\":");
    buf_text(&out, nothing ? "null" : "\"");
    buf_str(&out, buf_view(&reply->text));
    buf_text(&out, nothing ? "" : "\"");
    for (uint32_t i = 0; i < reply->calls_count; i++) {
        const struct codec_call *call = &reply->calls[i];
        buf_text(&out, i ? ",{\"id\":\"" : ",\"tool_calls\":[{\"id\":\"");
        buf_str(&out, buf_view(&call->id));
        buf_text(&out, "\",\"type\":\"function\",\"function\":{\"name\":\"");
        buf_str(&out, buf_view(&call->name));
        buf_text(&out, "\",\"arguments\":\"");
        buf_str(&out, buf_view(&call->args));
        buf_text(&out, "\"}}");
    }
    buf_text(&out, reply->calls_count ? "]}" : "}");
    return codec_keep(arena, &out);
}

static struct str keep(struct arena *arena, struct str s)
{
    return (struct str){ arena_copy(arena, s.at ? s.at : "", s.size), s.size };
}

int protocol_reply_end(
    struct protocol_reply *reply, struct arena *arena, struct protocol_said *ret, struct err *err)
{
    struct err local;
    err = err ? err : &local;
    *ret = (struct protocol_said){ .raw = keep(arena, buf_view(&reply->raw)) };
    if (!reply->stream && !reply->complete && !reply->error_class && !reply->failed.code)
        read_json(reply, &reply->failed);
    ret->error_class = reply->error_class;
    if (reply->error_class)
        return err_set(err, ERR_PEER, "the provider answered with an error");
    if (reply->failed.code) {
        *err = reply->failed;
        return -err->code;
    }
    if (!reply->complete && !reply->whole)
        return err_set(err, ERR_INPUT, "the reply was cut off");
    ret->chat = make_chat(reply, arena);
    ret->id = keep(arena, reply->id);
    ret->model = keep(arena, reply->model);
    ret->finish = keep(arena, reply->finish);
    ret->usage = reply->usage;
    return 0;
}
