/* write_responses - OpenAI responses: one object, or its numbered events. */
#include "mock/write.h"

static void put_id(struct buf *out, const struct write_job *job, const char *prefix, uint32_t i)
{
    buf_format(out, "\"%s_mock_%llu_%u\"", prefix, (unsigned long long)job->number, i);
}

/* --- items */

static void put_reasoning(struct buf *out, const struct write_job *job, bool done)
{
    buf_text(out, "{\"id\":");
    put_id(out, job, "rs", 0);
    buf_text(out, ",\"type\":\"reasoning\",\"summary\":[");
    if (done) {
        buf_text(out, "{\"type\":\"summary_text\",\"text\":");
        json_quote(out, job->answer->think);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

static void put_part(struct body *out, const struct write_job *job, bool done)
{
    buf_text(&out->bytes, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":");
    if (done)
        write_text(out, job->answer);
    else
        buf_text(&out->bytes, "\"\"");
    buf_char(&out->bytes, '}');
}

static void put_message(struct body *out, const struct write_job *job, bool done)
{
    buf_text(&out->bytes, "{\"id\":");
    put_id(&out->bytes, job, "msg", 0);
    buf_format(&out->bytes, ",\"type\":\"message\",\"status\":\"%s\",\"content\":[",
        done ? "completed" : "in_progress");
    if (done)
        put_part(out, job, true);
    buf_text(&out->bytes, "],\"role\":\"assistant\"}");
}

static void put_call(struct buf *out, const struct write_job *job, uint32_t i, bool done)
{
    buf_text(out, "{\"id\":");
    put_id(out, job, "fc", i);
    buf_format(out, ",\"type\":\"function_call\",\"status\":\"%s\",\"arguments\":",
        done ? "completed" : "in_progress");
    json_quote(out, done ? job->answer->calls[i].args : STR(""));
    buf_text(out, ",\"call_id\":");
    write_call_id(out, job, i, "call");
    buf_text(out, ",\"name\":");
    json_quote(out, job->answer->calls[i].name);
    buf_char(out, '}');
}

static void put_output(struct body *out, const struct write_job *job)
{
    const struct answer *answer = job->answer;
    bool text = write_has_text(answer);
    if (answer->think.size) {
        put_reasoning(&out->bytes, job, true);
        buf_text(&out->bytes, text || answer->calls_count ? "," : "");
    }
    if (text)
        put_message(out, job, true);
    for (uint32_t i = 0; i < answer->calls_count; i++) {
        buf_text(&out->bytes, i || text ? "," : "");
        put_call(&out->bytes, job, i, true);
    }
}

/* --- the response object */

static const struct ending {
    const char *status, *event, *details;
} endings[FINISHES] = {
    [FINISH_STOP] = { "completed", "response.completed", "null" },
    [FINISH_LENGTH] = { "incomplete", "response.incomplete", "{\"reason\":\"max_output_tokens\"}" },
    [FINISH_FILTER] = { "incomplete", "response.incomplete", "{\"reason\":\"content_filter\"}" },
    [FINISH_CALLS] = { "completed", "response.completed", "null" },
};

static void put_usage(struct buf *out, const struct write_job *job)
{
    buf_format(out,
        "{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":%llu},"
        "\"output_tokens\":%llu,\"output_tokens_details\":{\"reasoning_tokens\":0},"
        "\"total_tokens\":%llu}",
        (unsigned long long)job->tokens_in, (unsigned long long)job->answer->tokens_cached,
        (unsigned long long)job->tokens_out,
        (unsigned long long)(job->tokens_in + job->tokens_out));
}

static void put_response(struct body *out, const struct write_job *job, bool done)
{
    const struct ending *ending = &endings[write_finish(job->answer)];
    struct buf *bytes = &out->bytes;
    buf_format(bytes,
        "{\"id\":\"resp_mock_%llu\",\"object\":\"response\",\"created_at\":%d,\"status\":\"%s\","
        "\"background\":false,\"error\":null,\"incomplete_details\":%s,\"instructions\":null,"
        "\"max_output_tokens\":null,\"model\":",
        (unsigned long long)job->number, WRITE_CREATED, done ? ending->status : "in_progress",
        done ? ending->details : "null");
    json_quote(bytes, job->ask->model);
    buf_text(bytes, ",\"output\":[");
    if (done)
        put_output(out, job);
    buf_text(bytes, "],\"parallel_tool_calls\":true,\"previous_response_id\":null,"
                    "\"reasoning\":{\"effort\":null,\"summary\":null},\"service_tier\":\"default\","
                    "\"store\":false,\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"}},"
                    "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1,\"truncation\":\"disabled\","
                    "\"usage\":");
    if (done)
        put_usage(bytes, job);
    else
        buf_text(bytes, "null");
    buf_text(bytes, ",\"user\":null,\"metadata\":{}}");
}

/* --- streamed */

static void event(struct write_stream *stream, const char *name)
{
    buf_format(&stream->out->bytes, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%u",
        name, name, stream->sequence++);
}

static void event_end(struct write_stream *stream)
{
    buf_text(&stream->out->bytes, "}\n\n");
    body_event(stream->out);
}

static void whole_event(struct write_stream *stream, const char *name, bool done)
{
    event(stream, name);
    buf_text(&stream->out->bytes, ",\"response\":");
    put_response(stream->out, stream->job, done);
    event_end(stream);
}

static void item_event(struct write_stream *stream, const char *name)
{
    event(stream, name);
    buf_format(&stream->out->bytes, ",\"output_index\":%u,\"item\":", stream->item);
}

/* An event of a part of the item `prefix`, number i. */
static void part_event(struct write_stream *stream, const char *name, const char *prefix,
    uint32_t i, const char *index)
{
    event(stream, name);
    buf_text(&stream->out->bytes, ",\"item_id\":");
    put_id(&stream->out->bytes, stream->job, prefix, i);
    buf_format(&stream->out->bytes, ",\"output_index\":%u", stream->item);
    if (index)
        buf_format(&stream->out->bytes, ",\"%s\":0", index);
}

static void string_member(struct write_stream *stream, const char *name, struct str text)
{
    buf_format(&stream->out->bytes, ",\"%s\":", name);
    json_quote(&stream->out->bytes, text);
    event_end(stream);
}

static void stream_reasoning(struct write_stream *stream)
{
    const struct answer *answer = stream->job->answer;
    struct buf *bytes = &stream->out->bytes;
    struct str part;
    item_event(stream, "response.output_item.added");
    put_reasoning(bytes, stream->job, false);
    event_end(stream);
    part_event(stream, "response.reasoning_summary_part.added", "rs", 0, "summary_index");
    buf_text(bytes, ",\"part\":{\"type\":\"summary_text\",\"text\":\"\"}");
    event_end(stream);
    for (size_t at = 0; write_next_of(answer->think, answer->chunk, &at, &part);) {
        part_event(stream, "response.reasoning_summary_text.delta", "rs", 0, "summary_index");
        string_member(stream, "delta", part);
    }
    part_event(stream, "response.reasoning_summary_text.done", "rs", 0, "summary_index");
    string_member(stream, "text", answer->think);
    part_event(stream, "response.reasoning_summary_part.done", "rs", 0, "summary_index");
    buf_text(bytes, ",\"part\":{\"type\":\"summary_text\",\"text\":");
    json_quote(bytes, answer->think);
    buf_char(bytes, '}');
    event_end(stream);
    item_event(stream, "response.output_item.done");
    put_reasoning(bytes, stream->job, true);
    event_end(stream);
    stream->item++;
}

/* The filler's events carry one number: they are one piece, said again. */
static void text_delta(struct write_stream *stream, struct str text)
{
    part_event(stream, "response.output_text.delta", "msg", 0, "content_index");
    buf_text(&stream->out->bytes, ",\"delta\":");
    json_quote(&stream->out->bytes, text);
    buf_text(&stream->out->bytes, ",\"logprobs\":[]}\n\n");
}

static void stream_message(struct write_stream *stream)
{
    const struct write_job *job = stream->job;
    struct buf *bytes = &stream->out->bytes;
    item_event(stream, "response.output_item.added");
    put_message(stream->out, job, false);
    event_end(stream);
    part_event(stream, "response.content_part.added", "msg", 0, "content_index");
    buf_text(bytes, ",\"part\":");
    put_part(stream->out, job, false);
    event_end(stream);
    write_deltas(stream, text_delta);
    part_event(stream, "response.output_text.done", "msg", 0, "content_index");
    buf_text(bytes, ",\"text\":");
    write_text(stream->out, job->answer);
    buf_text(bytes, ",\"logprobs\":[]");
    event_end(stream);
    part_event(stream, "response.content_part.done", "msg", 0, "content_index");
    buf_text(bytes, ",\"part\":");
    put_part(stream->out, job, true);
    event_end(stream);
    item_event(stream, "response.output_item.done");
    put_message(stream->out, job, true);
    event_end(stream);
    stream->item++;
}

static void stream_call(struct write_stream *stream, uint32_t i)
{
    const struct answer *answer = stream->job->answer;
    struct str part, args = answer->calls[i].args;
    item_event(stream, "response.output_item.added");
    put_call(&stream->out->bytes, stream->job, i, false);
    event_end(stream);
    for (size_t at = 0; write_next_of(args, answer->chunk, &at, &part);) {
        part_event(stream, "response.function_call_arguments.delta", "fc", i, NULL);
        string_member(stream, "delta", part);
    }
    part_event(stream, "response.function_call_arguments.done", "fc", i, NULL);
    string_member(stream, "arguments", args);
    item_event(stream, "response.output_item.done");
    put_call(&stream->out->bytes, stream->job, i, true);
    event_end(stream);
    stream->item++;
}

static void write_stream(struct body *out, const struct write_job *job)
{
    struct write_stream stream = { out, job, 0, 0 };
    whole_event(&stream, "response.created", false);
    whole_event(&stream, "response.in_progress", false);
    if (job->answer->think.size)
        stream_reasoning(&stream);
    if (write_has_text(job->answer))
        stream_message(&stream);
    for (uint32_t i = 0; i < job->answer->calls_count; i++)
        stream_call(&stream, i);
    whole_event(&stream, endings[write_finish(job->answer)].event, true);
}

void write_responses(struct body *out, const struct write_job *job)
{
    if (job->ask->stream)
        write_stream(out, job);
    else
        put_response(out, job, true);
}
