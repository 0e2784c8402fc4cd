/* responses_stream - a reply of the responses protocol while it is being made: one message item,
 * then the calls.
 *
 * The item is begun by the first text, so that an answer of calls alone has none. The items at the
 * end are made as those of a whole answer are, and the one that was begun has the same id. */
#include "protocol/responses.h"

#include "base/mem.h"

static const struct codec_source no_source;

static struct responses_answer answer_of(
    struct buf *out, const struct protocol_stream *stream, struct arena *arena)
{
    struct str id = stream->head.id;
    return (struct responses_answer){ .out = out,
        .arena = arena,
        .asked = &stream->head,
        .from = &no_source,
        .sequence = stream->sequence,
        .id = id.size > 0 ? id : STR("resp_made") };
}

/* The message item's place; its id as responses_merge gives it. */
static struct responses_spot spot_of(const struct responses_answer *answer)
{
    CLEANUP(buf_done) struct buf id = { 0 };
    buf_text(&id, "\"msg_");
    codec_text_quote(&id, answer->id);
    buf_char(&id, '"');
    return (struct responses_spot){ .item = codec_keep(answer->arena, &id) };
}

void responses_stream_begin(struct buf *out, struct protocol_stream *stream)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct responses_answer answer = answer_of(out, stream, &scratch);
    responses_begin_write(&answer, "response.created");
    responses_begin_write(&answer, "response.in_progress");
    stream->sequence = answer.sequence;
}

static void open_message(struct responses_answer *answer, const struct responses_spot *spot)
{
    CLEANUP(buf_done) struct buf item = { 0 };
    buf_text(&item, "{\"type\":\"message\",\"id\":");
    buf_str(&item, spot->item);
    buf_text(&item, ",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}");
    responses_item_event(answer, "response.output_item.added", 0, buf_view(&item));
    responses_part_event(answer, "response.content_part.added", spot,
        STR("{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}"));
}

void responses_stream_text(struct buf *out, struct protocol_stream *stream, struct str more)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct responses_answer answer = answer_of(out, stream, &scratch);
    struct responses_spot spot = spot_of(&answer);
    if (stream->said.size == 0)
        open_message(&answer, &spot);
    responses_text_event(
        &answer, "response.output_text.delta", &spot, true, "delta", spoken_quoted(&scratch, more));
    stream->sequence = answer.sequence;
}

static void close_message(struct responses_answer *answer, const struct json *item)
{
    const struct json *part = json_first(codec_member(item, "content"));
    struct responses_spot spot = spot_of(answer);
    responses_text_event(
        answer, "response.output_text.done", &spot, true, "text", codec_member(part, "text")->raw);
    responses_part_event(answer, "response.content_part.done", &spot, part->raw);
    responses_item_event(answer, "response.output_item.done", 0, item->raw);
}

/* The provider's own calls, which may be of a kind that the chat format has no word for. */
static int own_calls(const struct json *const **ret, uint32_t *ret_count,
    const struct codec_source *from, struct arena *arena, struct err *err)
{
    struct responses_source source = { 0 };
    int rc = from->same_protocol ? responses_source_read(&source, from, arena, err) : 0;
    if (rc < 0)
        return rc;
    const struct json **calls = arena_alloc(arena, (source.count + 1) * sizeof *calls);
    for (uint32_t i = 0; i < source.count; i++) {
        enum responses_kind kind = responses_kind(source.items[i].node);
        if (kind == RESPONSES_CALL || kind == RESPONSES_CUSTOM)
            calls[(*ret_count)++] = source.items[i].node;
    }
    *ret = calls;
    return 0;
}

int responses_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *asked, const struct codec_source *source, struct arena *scratch,
    struct err *err)
{
    static const struct json_limits limits = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };
    struct responses_answer answer = answer_of(out, stream, scratch);
    struct spoken said = { asked->text, asked->calls, asked->calls_count };
    const struct json *const *calls;
    uint32_t calls_count = 0;
    int rc = own_calls(&calls, &calls_count, source, scratch, err);
    if (rc < 0)
        return rc;
    answer.asked = asked;
    answer.from = source;
    answer.count = responses_merge(&answer.items, calls, calls_count, &said, answer.id, scratch);
    for (uint32_t i = 0; i < answer.count; i++) {
        const struct json *item = answer.items[i].node;
        if (!item)
            item = json_read(scratch, answer.items[i].raw, &limits, err);
        if (!item)
            return -err->code;
        if (i == 0 && said.text.size > 0)
            close_message(&answer, item);
        else
            responses_item_write(&answer, i, item);
    }
    responses_end_write(&answer);
    return 0;
}
