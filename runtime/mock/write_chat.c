/* write_chat - OpenAI chat completions: one object, or chunks and [DONE]. */
#include "mock/write.h"

static const char *const finishes[FINISHES] = {
    [FINISH_STOP] = "stop",
    [FINISH_LENGTH] = "length",
    [FINISH_FILTER] = "content_filter",
    [FINISH_CALLS] = "tool_calls",
};

static void put_envelope(struct buf *out, const struct write_job *job, const char *object)
{
    buf_format(out, "{\"id\":\"chatcmpl-mock-%llu\",\"object\":\"%s\",\"created\":%d,\"model\":",
        (unsigned long long)job->number, object, WRITE_CREATED);
    json_quote(out, job->ask->model);
}

static void put_usage(struct buf *out, const struct write_job *job)
{
    buf_format(out,
        "\"usage\":{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu,"
        "\"prompt_tokens_details\":{\"cached_tokens\":%llu,\"audio_tokens\":0},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
        "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}",
        (unsigned long long)job->tokens_in, (unsigned long long)job->tokens_out,
        (unsigned long long)(job->tokens_in + job->tokens_out),
        (unsigned long long)job->answer->tokens_cached);
}

static void put_call_head(struct buf *out, const struct write_job *job, uint32_t i)
{
    buf_text(out, "\"id\":");
    write_call_id(out, job, i, "call");
    buf_text(out, ",\"type\":\"function\",\"function\":{\"name\":");
    json_quote(out, job->answer->calls[i].name);
    buf_text(out, ",\"arguments\":");
}

/* --- whole */

static void write_whole(struct body *out, const struct write_job *job)
{
    const struct answer *answer = job->answer;
    struct buf *bytes = &out->bytes;
    put_envelope(bytes, job, "chat.completion");
    buf_text(bytes, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
    if (write_has_text(answer))
        write_text(out, answer);
    else
        buf_text(bytes, "null");
    if (answer->think.size) {
        buf_text(bytes, ",\"reasoning_content\":");
        json_quote(bytes, answer->think);
    }
    for (uint32_t i = 0; i < answer->calls_count; i++) {
        buf_text(bytes, i ? ",{" : ",\"tool_calls\":[{");
        put_call_head(bytes, job, i);
        json_quote(bytes, answer->calls[i].args);
        buf_text(bytes, "}}");
    }
    buf_text(bytes, answer->calls_count ? "]" : "");
    buf_format(bytes,
        ",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"%s\"}],",
        finishes[write_finish(answer)]);
    put_usage(bytes, job);
    buf_text(bytes, ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\"}");
}

/* --- streamed */

static void chunk_begin(struct body *out, const struct write_job *job)
{
    buf_text(&out->bytes, "data: ");
    put_envelope(&out->bytes, job, "chat.completion.chunk");
    buf_text(&out->bytes,
        ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":[");
}

static void delta_begin(struct body *out, const struct write_job *job)
{
    chunk_begin(out, job);
    buf_text(&out->bytes, "{\"index\":0,\"delta\":{");
}

static void delta_close(struct body *out, const struct write_job *job, const char *finish)
{
    buf_text(&out->bytes, "},\"logprobs\":null,\"finish_reason\":");
    if (finish)
        buf_format(&out->bytes, "\"%s\"", finish);
    else
        buf_text(&out->bytes, "null");
    buf_text(&out->bytes, job->ask->usage ? "}],\"usage\":null}\n\n" : "}]}\n\n");
}

static void delta_end(struct body *out, const struct write_job *job, const char *finish)
{
    delta_close(out, job, finish);
    body_event(out);
}

static void delta_thought(struct body *out, const struct write_job *job, struct str text)
{
    delta_begin(out, job);
    buf_text(&out->bytes, "\"reasoning_content\":");
    json_quote(&out->bytes, text);
    delta_end(out, job, NULL);
}

static void delta_content(struct write_stream *stream, struct str text)
{
    delta_begin(stream->out, stream->job);
    buf_text(&stream->out->bytes, "\"content\":");
    json_quote(&stream->out->bytes, text);
    delta_close(stream->out, stream->job, NULL);
}

static void stream_call(struct body *out, const struct write_job *job, uint32_t i)
{
    struct str part, args = job->answer->calls[i].args;
    delta_begin(out, job);
    buf_format(&out->bytes, "\"tool_calls\":[{\"index\":%u,", i);
    put_call_head(&out->bytes, job, i);
    buf_text(&out->bytes, "\"\"}}]");
    delta_end(out, job, NULL);
    for (size_t at = 0; write_next_of(args, job->answer->chunk, &at, &part);) {
        delta_begin(out, job);
        buf_format(&out->bytes, "\"tool_calls\":[{\"index\":%u,\"function\":{\"arguments\":", i);
        json_quote(&out->bytes, part);
        buf_text(&out->bytes, "}}]");
        delta_end(out, job, NULL);
    }
}

static void write_stream(struct body *out, const struct write_job *job)
{
    const struct answer *answer = job->answer;
    struct str part;
    delta_begin(out, job);
    buf_format(&out->bytes, "\"role\":\"assistant\",\"content\":%s,\"refusal\":null",
        write_has_text(answer) ? "\"\"" : "null");
    delta_end(out, job, NULL);
    for (size_t at = 0; write_next_of(answer->think, answer->chunk, &at, &part);)
        delta_thought(out, job, part);
    write_deltas(&(struct write_stream){ out, job, 0, 0 }, delta_content);
    for (uint32_t i = 0; i < answer->calls_count; i++)
        stream_call(out, job, i);
    delta_begin(out, job);
    delta_end(out, job, finishes[write_finish(answer)]);
    if (job->ask->usage) {
        chunk_begin(out, job);
        buf_text(&out->bytes, "],");
        put_usage(&out->bytes, job);
        buf_text(&out->bytes, "}\n\n");
        body_event(out);
    }
    buf_text(&out->bytes, "data: [DONE]\n\n");
    body_event(out);
}

void write_chat(struct body *out, const struct write_job *job)
{
    (job->ask->stream ? write_stream : write_whole)(out, job);
}
