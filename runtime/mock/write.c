/* write - what the three protocols share. See write.h. */
#include "mock/write.h"

#include "base/mem.h"

#include <string.h>

static void (*const writers[ASK_KINDS])(struct body *, const struct write_job *) = {
    [ASK_CHAT] = write_chat,
    [ASK_RESPONSES] = write_responses,
    [ASK_MESSAGES] = write_messages,
};

static uint64_t tokens_said(const struct answer *answer)
{
    uint64_t bytes = answer->fill + answer->think.size;
    for (uint32_t i = 0; i < answer->says_count; i++)
        bytes += answer->says[i].size;
    for (uint32_t i = 0; i < answer->calls_count; i++)
        bytes += answer->calls[i].name.size + answer->calls[i].args.size;
    return bytes / 4 + 1;
}

uint64_t write_tokens(const struct ask *ask)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < ask->messages_count; i++)
        bytes += ask->messages[i].text.size + 16;
    return bytes / 4 + 1;
}

void write_answer(
    struct body *out, const struct ask *ask, const struct answer *answer, uint64_t number)
{
    struct write_job job = { ask, answer, number,
        answer->tokens_in ? answer->tokens_in : write_tokens(ask),
        answer->tokens_out ? answer->tokens_out : tokens_said(answer) };
    writers[ask->kind](out, &job);
    body_event(out);
}

bool write_has_text(const struct answer *answer)
{
    if (answer->fill || answer->calls_count == 0)
        return true;
    for (uint32_t i = 0; i < answer->says_count; i++)
        if (answer->says[i].size > 0)
            return true;
    return false;
}

enum answer_finish write_finish(const struct answer *answer)
{
    if (answer->finish != FINISH_USUAL)
        return (enum answer_finish)answer->finish;
    return answer->calls_count ? FINISH_CALLS : FINISH_STOP;
}

void write_text(struct body *out, const struct answer *answer)
{
    CLEANUP(buf_done) struct buf said = { 0 };
    for (uint32_t i = 0; i < answer->says_count; i++)
        buf_str(&said, answer->says[i]);
    json_quote(&out->bytes, buf_view(&said));
    out->bytes.size--; /* the filler stands before the last quote */
    if (answer->fill)
        body_fill(out, 'x', answer->fill);
    buf_char(&out->bytes, '"');
}

void write_call_id(struct buf *out, const struct write_job *job, uint32_t i, const char *prefix)
{
    struct str id = job->answer->calls[i].id;
    if (id.size > 0)
        json_quote(out, id);
    else
        buf_format(out, "\"%s_mock_%llu_%u\"", prefix, (unsigned long long)job->number, i);
}

/* --- parts */

bool write_next_of(struct str text, uint32_t chunk, size_t *at, struct str *ret)
{
    if (*at >= text.size)
        return false;
    size_t end = chunk && text.size - *at > chunk ? *at + chunk : text.size;
    while (end < text.size && ((unsigned char)text.at[end] & 0xC0) == 0x80)
        end++;
    *ret = (struct str){ text.at + *at, end - *at };
    *at = end;
    return true;
}

typedef void write_delta(struct write_stream *stream, struct str text);

/* One event of filler, said again and again. */
static void fill_delta(
    struct write_stream *stream, write_delta *delta, size_t size, uint64_t repeat)
{
    if (size == 0 || repeat == 0)
        return;
    CLEANUP(mem_freep) char *filler = mem_alloc(size);
    memset(filler, 'x', size);
    delta(stream, (struct str){ filler, size });
    body_piece(stream->out, repeat);
    body_event(stream->out);
}

void write_deltas(struct write_stream *stream, write_delta *delta)
{
    const struct answer *answer = stream->job->answer;
    struct str part;
    for (uint32_t i = 0; i < answer->says_count; i++)
        for (size_t at = 0; write_next_of(answer->says[i], answer->chunk, &at, &part);) {
            delta(stream, part);
            body_event(stream->out);
        }
    fill_delta(stream, delta, BODY_FILL, answer->fill / BODY_FILL);
    fill_delta(stream, delta, answer->fill % BODY_FILL, 1);
}

/* --- models */

void write_models(struct buf *out, const struct str *models, uint32_t count, bool anthropic)
{
    buf_text(out, anthropic ? "{\"data\":[" : "{\"object\":\"list\",\"data\":[");
    for (uint32_t i = 0; i < count; i++) {
        buf_text(out, i ? "," : "");
        buf_text(out, anthropic ? "{\"type\":\"model\",\"id\":" : "{\"id\":");
        json_quote(out, models[i]);
        if (anthropic) {
            buf_text(out, ",\"display_name\":");
            json_quote(out, models[i]);
            buf_text(out, ",\"created_at\":\"2026-01-01T00:00:00Z\"}");
        } else {
            buf_format(
                out, ",\"object\":\"model\",\"created\":%d,\"owned_by\":\"mock\"}", WRITE_CREATED);
        }
    }
    buf_char(out, ']');
    if (anthropic && count > 0) {
        buf_text(out, ",\"has_more\":false,\"first_id\":");
        json_quote(out, models[0]);
        buf_text(out, ",\"last_id\":");
        json_quote(out, models[count - 1]);
    }
    buf_char(out, '}');
}
