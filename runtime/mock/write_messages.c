/* write_messages - Anthropic messages: one object, or its named events. */
#include "mock/write.h"

#include "base/mem.h"

static const char *const finishes[FINISHES] = {
    [FINISH_STOP] = "end_turn",
    [FINISH_LENGTH] = "max_tokens",
    [FINISH_FILTER] = "refusal",
    [FINISH_CALLS] = "tool_use",
};

static void put_signature(struct buf *out, const struct write_job *job)
{
    buf_format(out, "\"c2lnbmVkIGJ5IHRoZSBtb2Nr%06llu==\"", (unsigned long long)job->number);
}

static void put_head(struct buf *out, const struct write_job *job)
{
    buf_format(out,
        "{\"id\":\"msg_mock_%llu\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
        (unsigned long long)job->number);
    json_quote(out, job->ask->model);
}

static void put_usage(struct buf *out, const struct write_job *job, uint64_t tokens_out)
{
    buf_format(out,
        "\"usage\":{\"input_tokens\":%llu,\"cache_creation_input_tokens\":0,"
        "\"cache_read_input_tokens\":%llu,\"output_tokens\":%llu",
        (unsigned long long)job->tokens_in, (unsigned long long)job->answer->tokens_cached,
        (unsigned long long)tokens_out);
}

/* A call's input must be JSON here; what is none goes as a string. */
static void put_input(struct buf *out, struct str args)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json_limits limits = { .duplicates = true };
    if (json_read(&arena, args, &limits, NULL))
        buf_str(out, args);
    else
        json_quote(out, args);
}

/* --- whole */

static void put_blocks(struct body *out, const struct write_job *job)
{
    const struct answer *answer = job->answer;
    struct buf *bytes = &out->bytes;
    bool text = write_has_text(answer);
    if (answer->think.size) {
        buf_text(bytes, "{\"type\":\"thinking\",\"thinking\":");
        json_quote(bytes, answer->think);
        buf_text(bytes, ",\"signature\":");
        put_signature(bytes, job);
        buf_text(bytes, text ? "}," : "}");
    }
    if (text) {
        buf_text(bytes, "{\"type\":\"text\",\"text\":");
        write_text(out, answer);
        buf_char(bytes, '}');
    }
    for (uint32_t i = 0; i < answer->calls_count; i++) {
        buf_text(bytes, i || text || answer->think.size ? "," : "");
        buf_text(bytes, "{\"type\":\"tool_use\",\"id\":");
        write_call_id(bytes, job, i, "toolu");
        buf_text(bytes, ",\"name\":");
        json_quote(bytes, answer->calls[i].name);
        buf_text(bytes, ",\"input\":");
        put_input(bytes, answer->calls[i].args);
        buf_char(bytes, '}');
    }
}

static void write_whole(struct body *out, const struct write_job *job)
{
    put_head(&out->bytes, job);
    buf_text(&out->bytes, ",\"content\":[");
    put_blocks(out, job);
    buf_format(&out->bytes, "],\"stop_reason\":\"%s\",\"stop_sequence\":null,",
        finishes[write_finish(job->answer)]);
    put_usage(&out->bytes, job, job->tokens_out);
    buf_text(&out->bytes, ",\"service_tier\":\"standard\"}}");
}

/* --- streamed */

static void event(struct body *out, const char *name)
{
    buf_format(&out->bytes, "event: %s\ndata: {\"type\":\"%s\"", name, name);
}

static void event_end(struct body *out)
{
    buf_text(&out->bytes, "}\n\n");
    body_event(out);
}

static void ping(struct body *out)
{
    buf_text(&out->bytes, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    body_event(out);
}

static void block_stop(struct body *out, uint32_t index)
{
    event(out, "content_block_stop");
    buf_format(&out->bytes, ",\"index\":%u", index);
    event_end(out);
}

static void delta_begin(struct body *out, uint32_t index, const char *type, const char *member)
{
    event(out, "content_block_delta");
    buf_format(
        &out->bytes, ",\"index\":%u,\"delta\":{\"type\":\"%s\",\"%s\":", index, type, member);
}

static void delta(
    struct body *out, uint32_t index, const char *type, const char *member, struct str text)
{
    delta_begin(out, index, type, member);
    json_quote(&out->bytes, text);
    buf_char(&out->bytes, '}');
    event_end(out);
}

static void text_delta(struct write_stream *stream, struct str text)
{
    delta_begin(stream->out, stream->item, "text_delta", "text");
    json_quote(&stream->out->bytes, text);
    buf_text(&stream->out->bytes, "}}\n\n");
}

static void stream_thought(struct body *out, const struct write_job *job)
{
    struct str part;
    event(out, "content_block_start");
    buf_text(&out->bytes, ",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\","
                          "\"signature\":\"\"}");
    event_end(out);
    ping(out);
    for (size_t at = 0; write_next_of(job->answer->think, job->answer->chunk, &at, &part);)
        delta(out, 0, "thinking_delta", "thinking", part);
    delta_begin(out, 0, "signature_delta", "signature");
    put_signature(&out->bytes, job);
    buf_char(&out->bytes, '}');
    event_end(out);
    block_stop(out, 0);
}

static void stream_text(struct body *out, const struct write_job *job, uint32_t index)
{
    event(out, "content_block_start");
    buf_format(
        &out->bytes, ",\"index\":%u,\"content_block\":{\"type\":\"text\",\"text\":\"\"}", index);
    event_end(out);
    if (index == 0)
        ping(out);
    write_deltas(&(struct write_stream){ out, job, 0, index }, text_delta);
    block_stop(out, index);
}

static void stream_call(
    struct body *out, const struct write_job *job, uint32_t call, uint32_t index)
{
    struct str part;
    event(out, "content_block_start");
    buf_format(
        &out->bytes, ",\"index\":%u,\"content_block\":{\"type\":\"tool_use\",\"id\":", index);
    write_call_id(&out->bytes, job, call, "toolu");
    buf_text(&out->bytes, ",\"name\":");
    json_quote(&out->bytes, job->answer->calls[call].name);
    buf_text(&out->bytes, ",\"input\":{}}");
    event_end(out);
    if (index == 0)
        ping(out);
    delta(out, index, "input_json_delta", "partial_json", STR(""));
    for (size_t at = 0;
         write_next_of(job->answer->calls[call].args, job->answer->chunk, &at, &part);)
        delta(out, index, "input_json_delta", "partial_json", part);
    block_stop(out, index);
}

static void stream_end(struct body *out, const struct write_job *job)
{
    event(out, "message_delta");
    buf_format(&out->bytes, ",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},",
        finishes[write_finish(job->answer)]);
    put_usage(&out->bytes, job, job->tokens_out);
    buf_char(&out->bytes, '}');
    event_end(out);
    event(out, "message_stop");
    event_end(out);
}

static void write_stream(struct body *out, const struct write_job *job)
{
    uint32_t index = 0;
    event(out, "message_start");
    buf_text(&out->bytes, ",\"message\":");
    put_head(&out->bytes, job);
    buf_text(&out->bytes, ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,");
    put_usage(&out->bytes, job, 1);
    buf_text(&out->bytes, ",\"service_tier\":\"standard\"}}");
    event_end(out);
    if (job->answer->think.size) {
        stream_thought(out, job);
        index++;
    }
    if (write_has_text(job->answer))
        stream_text(out, job, index++);
    for (uint32_t i = 0; i < job->answer->calls_count; i++)
        stream_call(out, job, i, index++);
    stream_end(out, job);
}

void write_messages(struct body *out, const struct write_job *job)
{
    (job->ask->stream ? write_stream : write_whole)(out, job);
}
