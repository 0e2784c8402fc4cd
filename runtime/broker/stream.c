/* stream - see stream.h. */
#include "broker/stream.h"

#include "base/clock.h"
#include "base/mem.h"
#include "broker/client.h"
#include "broker/model.h"
#include "sdk/moult.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_MAX = 256 << 10 };
#define BETWEEN STR("\n\n") /* two replies of one turn */

struct stream {
    struct protocol_stream *events;
    struct buf said;          /* all that has left */
    size_t from;              /* where in it the last reply begins */
    const struct note *reply; /* which one that is */
    bool settled;             /* the conversation has it as it left */
};

void stream_free(struct stream *stream)
{
    if (!stream)
        return;
    protocol_stream_free(stream->events);
    buf_done(&stream->said);
    free(stream);
}

size_t stream_said(const struct stream *stream)
{
    return stream ? stream->said.size : 0;
}

bool stream_open(const struct turn *turn)
{
    /* A hosted turn's calls do not leave. */
    const uint32_t hosted = 1u << MOULT_REPLY | 1u << MOULT_ANSWER;
    const struct client *client = turn->client;
    if (!client || !client->exchange || !client->view->stream || !turn->worker)
        return false;
    uint32_t hooks = crew_hooks(turn->worker), look = hooks >> WIRE_LOOKS;
    uint32_t change = hooks & ~look;
    return !(change & (client->hosted ? hosted : hosted | 1u << MOULT_BEFORE_TOOL));
}

/* --- what leaves */

static struct stream *begin(struct turn *turn)
{
    struct client *client = turn->client;
    char *id = arena_format(&client->arena, "moult-%" PRIu64, turn->row);
    const struct protocol_answer answer = { .protocol = client->protocol,
        .stream = true,
        .model = client->view->model,
        .id = str_of(id),
        .at_s = clock_wall_ms() / 1000 };
    client->stream = mem_zero(1, sizeof *client->stream);
    client->stream->events = protocol_stream_new(&answer);
    client->stream->settled = true;
    client_stream_head(client);
    return client->stream;
}

static void push(struct turn *turn, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct client *client = turn->client;
    protocol_stream_text(&out, client->stream->events, text);
    buf_str(&client->stream->said, text);
    http_push(client->exchange, buf_view(&out));
    if (http_queued(client->exchange) > QUEUE_MAX)
        model_hold(turn, true);
}

void stream_text(struct turn *turn, const struct note *note, struct str text)
{
    struct client *client = turn->client;
    if (!client || !client->exchange || client->answered || text.size == 0)
        return;
    struct stream *stream = client->stream ? client->stream : begin(turn);
    if (stream->reply != note) {
        if (stream->said.size > 0)
            push(turn, BETWEEN);
        stream->from = stream->said.size;
        stream->reply = note;
        stream->settled = false;
    }
    size_t known = stream->said.size - stream->from;
    if (text.size > known)
        push(turn, (struct str){ text.at + known, text.size - known });
}

/* --- what is said of it later */

bool stream_free_to_ask(const struct turn *turn)
{
    const struct stream *stream = turn->client ? turn->client->stream : NULL;
    return !stream || stream->settled;
}

static struct str of_reply(const struct stream *stream)
{
    struct str said = buf_view(&stream->said);
    return (struct str){ said.at + stream->from, said.size - stream->from };
}

static int other_words(struct err *err)
{
    return err_set(err, ERR_STATE, "the harness changed words of the answer that had left");
}

int stream_settled(struct turn *turn, const struct note *note, struct str chat, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct stream *stream = turn->client ? turn->client->stream : NULL;
    if (!stream || stream->reply != note)
        return 0;
    const struct json *root = json_read(&arena, chat, NULL, NULL);
    if (!str_starts(json_string(&arena, json_get(root, "content")), of_reply(stream)))
        return other_words(err);
    stream->settled = true;
    return 0;
}

/* A text that no reply says (a hook ended the turn) stands behind those that are settled. */
static int put_behind(struct str *ret, struct stream *stream, const struct note *reply,
    struct str text, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf all = { 0 };
    struct str before = buf_view(&stream->said);
    bool begun = reply && stream->reply == reply;
    if (!begun && !stream->settled)
        return other_words(err);
    if (begun)
        before.size = stream->from;
    buf_str(&all, before);
    if (!begun && before.size > 0 && text.size > 0)
        buf_str(&all, BETWEEN);
    buf_str(&all, text);
    *ret = (struct str){ arena_string(arena, all.at ? all.at : "", all.size), all.size };
    return 0;
}

int stream_rest(struct buf *out, struct turn *turn, const struct note *reply,
    struct protocol_answer *answer, struct err *err)
{
    struct client *client = turn->client;
    struct stream *stream = client->stream;
    int rc = put_behind(&answer->text, stream, reply, answer->text, &client->arena, err);
    if (rc == 0)
        rc = protocol_stream_end(out, stream->events, answer, err);
    return rc == -ERR_STATE ? other_words(err) : rc;
}
