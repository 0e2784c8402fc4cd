/* output - see output.h. */
#include "mock/output.h"

enum { OUTPUT_MAX = 64 << 10 };

static const char *reason_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = { { 200, "OK" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
        { 404, "Not Found" }, { 413, "Content Too Large" }, { 429, "Too Many Requests" },
        { 500, "Internal Server Error" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" } };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Mock";
}

void output_begin(struct output *output, const struct play *play, bool old, bool keep)
{
    *output = (struct output){ .play = play, .old = old, .keep = keep };
    int framing = play->fault.framing;
    if (framing == FRAMING_USUAL)
        framing = play->stream ? FRAMING_CHUNKED : FRAMING_LENGTH;
    if (framing == FRAMING_CHUNKED && old)
        framing = FRAMING_CLOSE;
    output->chunked = framing == FRAMING_CHUNKED;
    output->counted = framing == FRAMING_LENGTH;
    if (framing == FRAMING_CLOSE)
        output->keep = false;
}

static bool lengthless(unsigned status)
{
    return status == 204 || status == 304;
}

static void put_head(struct output *output, struct buf *out)
{
    const struct play *play = output->play;
    if (play->fault.early_hints && !output->old)
        buf_text(out, "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
    buf_format(out, "HTTP/1.1 %u %s\r\n", play->status, reason_of(play->status));
    buf_str(out, buf_view(&play->head));
    if (output->chunked)
        buf_text(out, "transfer-encoding: chunked\r\n");
    else if (output->counted && !lengthless(play->status))
        buf_format(out, "content-length: %llu\r\n", (unsigned long long)body_size(&play->body));
    buf_text(out, output->keep ? "\r\n" : "connection: close\r\n\r\n");
}

/* The rest of the current piece, as far as `max` and the cut allow; false: the body is over. */
static bool next_run(struct output *output, size_t max, struct str *ret)
{
    const struct play *play = output->play;
    if (output->piece == play->body.count || output->sent >= play->cut)
        return false;
    const struct body_piece *piece = &play->body.pieces[output->piece];
    struct str bytes = body_at(&play->body, piece);
    bytes.at += output->at;
    bytes.size -= output->at;
    if (bytes.size > max)
        bytes.size = max;
    if (bytes.size > play->cut - output->sent)
        bytes.size = (size_t)(play->cut - output->sent);
    *ret = bytes;
    return true;
}

static void took(struct output *output, size_t size)
{
    const struct body_piece *piece = &output->play->body.pieces[output->piece];
    output->sent += size;
    output->at += size;
    if (output->at < piece->size)
        return;
    output->at = 0;
    if (++output->repeated < piece->repeat)
        return;
    output->repeated = 0;
    output->piece++;
}

/* An event that begins here has to wait for its time. */
static bool pauses(const struct output *output)
{
    const struct play *play = output->play;
    return play->pause_ms && output->at == 0 && output->sent > 0 &&
           output->piece < play->body.count && play->body.pieces[output->piece].event;
}

/* Bytes of the body up to the next wait. */
static void fill(struct output *output, struct buf *out)
{
    size_t max = output->play->fault.byte_ms ? 1 : OUTPUT_MAX;
    struct str run;
    while (max > 0 && next_run(output, max, &run)) {
        buf_str(out, run);
        took(output, run.size);
        max -= run.size;
        if (pauses(output))
            return;
    }
}

static void put_body(struct output *output, struct buf *out)
{
    struct buf bytes = { 0 };
    fill(output, &bytes);
    if (output->chunked && bytes.size > 0) {
        buf_format(out, "%zx\r\n", bytes.size);
        buf_str(out, buf_view(&bytes));
        buf_text(out, "\r\n");
    } else {
        buf_str(out, buf_view(&bytes));
    }
    buf_done(&bytes);
}

enum output_end output_next(struct output *output, struct buf *out, uint32_t *ret_wait_ms)
{
    const struct play *play = output->play;
    struct str none;
    if (!output->begun) {
        output->begun = true;
        put_head(output, out);
    }
    if (!lengthless(play->status))
        put_body(output, out);
    *ret_wait_ms = play->fault.byte_ms ? play->fault.byte_ms : pauses(output) ? play->pause_ms : 0;
    if (!lengthless(play->status) && next_run(output, 1, &none))
        return OUTPUT_GOES_ON;
    if (play->cut != UINT64_MAX) {
        output->keep = false;
        return OUTPUT_CUT;
    }
    if (output->chunked)
        buf_text(out, "0\r\n\r\n");
    return OUTPUT_WHOLE;
}
