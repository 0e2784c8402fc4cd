/* model_script - see model_script.h. */
#include "trials/episode/model_script.h"

#include "base/mem.h"
#include "protocol/protocol.h"

#include <strings.h>

enum { REPLY_MAX = 8 << 20 }; /* of a reply that a worker takes (wire/effect.h) */

/* What goes wrong on the way is seen as a client would see it. */
static enum protocol_error fault_class(const struct play *play)
{
    const struct script_fault *fault = &play->fault;
    if (fault->silent)
        return PROTOCOL_TIMEOUT;
    if (fault->close || fault->half || fault->cut_bytes || fault->cut_events)
        return PROTOCOL_CONNECTION;
    if (fault->bad_json || body_size(&play->body) > REPLY_MAX)
        return PROTOCOL_MALFORMED;
    return PROTOCOL_NO_ERROR;
}

static void body_text(struct buf *out, const struct body *body)
{
    for (uint32_t i = 0; i < body->count; i++)
        for (uint64_t k = 0; k < body->pieces[i].repeat; k++)
            buf_str(out, body_at(body, &body->pieces[i]));
}

/* Of the head that the engine wrote: "name: value" lines. */
static struct str header_of(const struct play *play, struct str name)
{
    struct str rest = buf_view(&play->head);
    while (rest.size > 0) {
        ptrdiff_t end = str_find(rest, STR("\r\n"));
        struct str line = { rest.at, end < 0 ? rest.size : (size_t)end };
        if (line.size > name.size && line.at[name.size] == ':' &&
            strncasecmp(line.at, name.at, name.size) == 0)
            return str_trim((struct str){ line.at + name.size + 1, line.size - name.size - 1 });
        rest = end < 0 ? (struct str){ 0 }
                       : (struct str){ rest.at + end + 2, rest.size - (size_t)end - 2 };
    }
    return (struct str){ 0 };
}

static void read_error(struct model_answer *ret, const struct play *play, struct str body)
{
    ret->error_class = (uint8_t)protocol_error_of(PROTOCOL_CHAT, play->status, body);
    ret->unanswered = play->rule == 0;
    ret->retry_after_ms = protocol_retry_after(
        header_of(play, STR("retry-after")), header_of(play, STR("retry-after-ms")), 0);
}

static void read_reply(struct model_answer *ret, struct str body, struct arena *arena)
{
    struct err unused;
    struct protocol_said said = { 0 };
    struct protocol_reply *reply = protocol_reply_new(PROTOCOL_CHAT, false);
    int rc = protocol_reply_feed(reply, body, &unused);
    if (rc == 0)
        rc = protocol_reply_end(reply, arena, &said, &unused);
    if (rc == 0)
        ret->chat =
            (struct str){ arena_string(arena, said.chat.at, said.chat.size), said.chat.size };
    else
        ret->error_class = said.error_class ? said.error_class : PROTOCOL_MALFORMED;
    protocol_reply_free(reply);
}

static void read_play(struct model_answer *ret, const struct play *play, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    ret->error_class = (uint8_t)fault_class(play);
    if (ret->error_class)
        return;
    body_text(&body, &play->body);
    if (play->status >= 300)
        read_error(ret, play, buf_view(&body));
    else
        read_reply(ret, buf_view(&body), arena);
}

void model_script_ask(struct model_answer *ret, struct engine *engine,
    const struct model_request *request, struct arena *arena)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    const struct protocol_fresh fresh = { .protocol = PROTOCOL_CHAT,
        .model = request->model,
        .messages = request->messages,
        .messages_count = request->messages_count,
        .tools = request->tools,
        .hosted = true };
    *ret = (struct model_answer){ 0 };
    if (protocol_request_fresh(&body, &fresh, NULL) < 0) { /* a build wrote what is no message */
        ret->error_class = PROTOCOL_BAD_REQUEST;
        return;
    }
    struct play play = { 0 };
    const struct engine_request asked = {
        .method = STR("POST"), .path = STR("/v1/chat/completions"), .body = buf_view(&body)
    };
    engine_play(engine, &asked, &play);
    read_play(ret, &play, arena);
    play_done(&play);
}
