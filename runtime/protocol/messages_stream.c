/* messages_stream - an Anthropic reply while it is being made: one block of text, then the calls.
 *
 * The block of text is opened by the first text, since the provider's clients send blocks back as
 * they came and the provider refuses an empty one. What was read is told at the end, where the
 * clients take it from as well. */
#include "protocol/messages.h"

#include "base/mem.h"

void messages_stream_begin(struct buf *out, struct protocol_stream *stream)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    buf_text(&data, "{\"type\":\"message_start\",\"message\":");
    messages_made_write(&data, &(struct messages_made){ .id = stream->head.id,
                                   .model = stream->head.model,
                                   .content = STR("[]"),
                                   .stop = STR("null") });
    buf_char(&data, '}');
    messages_event_write(out, "message_start", &data);
}

void messages_stream_text(struct buf *out, struct protocol_stream *stream, struct str more)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    if (stream->said.size == 0) {
        buf_text(&data, "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
                        "{\"type\":\"text\",\"text\":\"\"}}");
        messages_event_write(out, "content_block_start", &data);
    }
    buf_text(&data, "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
                    "{\"type\":\"text_delta\",\"text\":");
    json_quote(&data, more);
    buf_text(&data, "}}");
    messages_event_write(out, "content_block_delta", &data);
}

static int write_calls(struct buf *out, uint32_t index, const struct protocol_answer *answer,
    struct arena *scratch, struct err *err)
{
    static const struct json_limits limits = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };
    struct spoken said = { .calls = answer->calls, .calls_count = answer->calls_count };
    struct messages_block *blocks;
    uint32_t count = messages_merge(&blocks, NULL, 0, &said, scratch);
    for (uint32_t i = 0; i < count; i++) {
        const struct json *node = json_read(scratch, blocks[i].raw, &limits, err);
        if (!node)
            return -err->code;
        messages_block_write(out, index++, node, scratch);
    }
    return 0;
}

int messages_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, const struct codec_source *source, struct arena *scratch,
    struct err *err)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    bool text = stream->said.size > 0;
    if (text) {
        buf_text(&data, "{\"type\":\"content_block_stop\",\"index\":0}");
        messages_event_write(out, "content_block_stop", &data);
    }
    int rc = write_calls(out, text, answer, scratch, err);
    if (rc < 0)
        return rc;
    buf_text(&data, "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":");
    json_quote(&data, messages_stop_reason(answer, source));
    buf_text(&data, ",\"stop_sequence\":null},\"usage\":");
    messages_usage_write(&data, &source->said.usage);
    buf_char(&data, '}');
    messages_event_write(out, "message_delta", &data);
    buf_text(&data, "{\"type\":\"message_stop\"}");
    messages_event_write(out, "message_stop", &data);
    return 0;
}
