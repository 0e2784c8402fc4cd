/* stream - an answer as events while it is still being made. See protocol.h.
 *
 * What was written cannot be taken back, so the text is remembered and the end is held against it.
 * An answer of which nothing was said yet is written as a whole: then the provider's own events
 * are there to be kept. */
#include "protocol/codec.h"

#include "base/mem.h"

#include <stdlib.h>

static struct str keep(struct arena *arena, struct str s)
{
    return (struct str){ arena_copy(arena, s.size ? s.at : "", s.size), s.size };
}

struct protocol_stream *protocol_stream_new(const struct protocol_answer *answer)
{
    struct protocol_stream *stream = mem_zero(1, sizeof *stream);
    stream->codec = codec_of(answer->protocol);
    stream->head = (struct protocol_answer){
        .protocol = answer->protocol,
        .stream = true,
        .model = keep(&stream->arena, answer->model),
        .id = keep(&stream->arena, answer->id),
        .at_s = answer->at_s,
    };
    return stream;
}

void protocol_stream_free(struct protocol_stream *stream)
{
    if (!stream)
        return;
    buf_done(&stream->said);
    arena_done(&stream->arena);
    free(stream);
}

void protocol_stream_text(struct buf *out, struct protocol_stream *stream, struct str more)
{
    if (!stream->begun)
        stream->codec->stream_begin(out, stream);
    stream->begun = true;
    if (more.size == 0)
        return;
    stream->codec->stream_text(out, stream, more);
    buf_str(&stream->said, more);
}

int protocol_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, struct err *err)
{
    struct protocol_answer whole = *answer;
    whole.protocol = stream->head.protocol;
    whole.stream = true;
    whole.model = stream->head.model;
    whole.id = stream->head.id;
    whole.at_s = stream->head.at_s;
    if (!stream->begun)
        return protocol_answer_write(out, &whole, err);
    if (!str_starts(whole.text, buf_view(&stream->said)))
        return err_set(err, ERR_STATE, "the answer does not begin with what was said of it");
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct codec_source source;
    int rc = codec_source_read(&source, &whole, &scratch, err);
    if (rc < 0)
        return rc;
    size_t said = stream->said.size;
    if (whole.text.size > said)
        protocol_stream_text(
            out, stream, (struct str){ whole.text.at + said, whole.text.size - said });
    return stream->codec->stream_end(out, stream, &whole, &source, &scratch, err);
}
