/* answer - what writing an answer has in common: the provider's own reply that it is made from. See
 * protocol.h. */
#include "protocol/codec.h"

struct walk {
    struct sse sse;
    struct str raw;
    size_t from; /* where the next event's lines begin */
    codec_event_fn *event;
    void *user;
};

static int walk_event(void *user, struct str name, struct str data, struct err *err)
{
    struct walk *walk = user;
    struct str bytes = { walk->raw.at + walk->from, (size_t)walk->sse.at - walk->from };
    walk->from = (size_t)walk->sse.at;
    return walk->event(walk->user, name, data, bytes, err);
}

int codec_events(struct str raw, codec_event_fn *event, void *user, struct err *err)
{
    struct walk walk = { .raw = raw, .event = event, .user = user };
    int rc = sse_feed(&walk.sse, raw, walk_event, &walk, err);
    sse_done(&walk.sse);
    return rc;
}

static int read_source(struct codec_source *source, const struct protocol_answer *answer,
    struct arena *scratch, struct err *err)
{
    *source = (struct codec_source){ 0 };
    if (answer->refused) /* a word that each codec knows */
        source->said.finish = STR("content_filter");
    if (answer->from.size == 0 || answer->refused)
        return 0;
    struct protocol_reply *reply = protocol_reply_new(answer->from_protocol, answer->from_stream);
    int rc = protocol_reply_feed(reply, answer->from, err);
    if (rc == 0)
        rc = protocol_reply_end(reply, scratch, &source->said, err);
    protocol_reply_free(reply);
    if (rc < 0)
        return rc;
    struct json_limits limits = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };
    source->raw = answer->from;
    source->same_protocol = answer->from_protocol == answer->protocol;
    source->same = source->same_protocol && answer->from_stream == answer->stream;
    if (!answer->from_stream)
        source->root = json_read(scratch, answer->from, &limits, err);
    return 0;
}

int codec_source_read(struct codec_source *source, const struct protocol_answer *answer,
    struct arena *scratch, struct err *err)
{
    int rc = read_source(source, answer, scratch, err);
    if (answer->usage)
        source->said.usage = *answer->usage;
    return rc;
}

int protocol_answer_write(struct buf *out, const struct protocol_answer *answer, struct err *err)
{
    struct arena scratch = { 0 };
    struct codec_source source;
    int rc = codec_source_read(&source, answer, &scratch, err);
    if (rc == 0)
        rc = codec_of(answer->protocol)->answer_write(out, answer, &source, &scratch, err);
    arena_done(&scratch);
    return rc;
}
