/* messages_source - the provider's reply behind an answer, as blocks.
 *
 * Of a stream each block keeps its events, so that a block that nobody changed is passed on with
 * the fragments it came in, those of a kind that is not known here included. Beside that it is put
 * together as it would stand in a JSON reply: for a client that did not ask for a stream, and to
 * compare what it says. */
#include "protocol/messages.h"

#include "base/mem.h"

static const struct json_limits loose = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };

struct reader {
    struct messages_source *source;
    struct arena *arena;
};

static struct messages_event *keep_event(
    struct reader *reader, struct str name, struct str data, struct str bytes)
{
    struct messages_event *event = arena_alloc(reader->arena, sizeof(*event));
    struct str copy = { arena_copy(reader->arena, data.at, data.size), data.size };
    event->data = json_read(reader->arena, copy, &loose, NULL);
    event->bytes = bytes;
    event->type = json_string(reader->arena, codec_member(event->data, "type"));
    if (event->type.size == 0)
        event->type = (struct str){ arena_string(reader->arena, name.at, name.size), name.size };
    return event;
}

static struct messages_source_block *begin_block(struct reader *reader, int64_t index)
{
    struct messages_source *source = reader->source;
    if (source->count == source->room) {
        uint32_t room = source->room ? 2 * source->room : 8;
        source->blocks = arena_grow(reader->arena, source->blocks,
            source->room * sizeof(*source->blocks), room * sizeof(*source->blocks));
        source->room = room;
    }
    struct messages_source_block *block = &source->blocks[source->count++];
    *block = (struct messages_source_block){ .index = index };
    return block;
}

static struct messages_source_block *find_block(struct messages_source *source, int64_t index)
{
    for (uint32_t i = source->count; i-- > 0;)
        if (source->blocks[i].index == index)
            return &source->blocks[i];
    return NULL;
}

static void add_to_block(struct reader *reader, struct messages_event *event)
{
    int64_t index = json_int(codec_member(event->data, "index"), -1);
    bool begins = str_equal(event->type, STR("content_block_start"));
    struct messages_source_block *block =
        begins ? begin_block(reader, index) : find_block(reader->source, index);
    if (!block)
        return;
    if (block->last)
        block->last->next = event;
    else
        block->events = event;
    block->last = event;
}

static int on_event(void *user, struct str name, struct str data, struct str bytes, struct err *err)
{
    (void)err;
    struct reader *reader = user;
    struct messages_source *source = reader->source;
    if (source->stop)
        return 0;
    struct messages_event *event = keep_event(reader, name, data, bytes);
    if (!json_is(event->data, JSON_OBJECT))
        return 0;
    if (str_equal(event->type, STR("message_start")))
        source->start = source->start ? source->start : event;
    else if (str_equal(event->type, STR("message_delta")))
        source->end = event;
    else if (str_equal(event->type, STR("message_stop")))
        source->stop = event;
    else if (str_equal(event->type, STR("content_block_start")) ||
             str_equal(event->type, STR("content_block_delta")) ||
             str_equal(event->type, STR("content_block_stop")))
        add_to_block(reader, event);
    return 0;
}

/* --- putting blocks together */

struct growing {
    struct buf text, thinking, signature, input, citations;
};

static void growing_done(struct growing *growing)
{
    buf_done(&growing->text);
    buf_done(&growing->thinking);
    buf_done(&growing->signature);
    buf_done(&growing->input);
    buf_done(&growing->citations);
}

static void grow(struct growing *growing, const struct json *delta)
{
    codec_text_add(&growing->text, codec_member(delta, "text"));
    codec_text_add(&growing->thinking, codec_member(delta, "thinking"));
    codec_text_add(&growing->signature, codec_member(delta, "signature"));
    codec_text_add(&growing->input, codec_member(delta, "partial_json"));
    const struct json *citation = codec_member(delta, "citation");
    if (!citation)
        return;
    if (growing->citations.size > 0)
        buf_char(&growing->citations, ',');
    buf_str(&growing->citations, citation->raw);
}

static struct str enclosed(struct arena *arena, char open, const struct buf *inside, char close)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, open);
    buf_str(&out, buf_view(inside));
    buf_char(&out, close);
    return codec_keep(arena, &out);
}

static struct str input_of(struct arena *arena, const struct buf *inside)
{
    struct str quoted = enclosed(arena, '"', inside, '"');
    const struct json *string = json_read(arena, quoted, &loose, NULL);
    return messages_input(arena, json_string(arena, string));
}

/* What the block began with, and the fragments behind it. */
static const struct json *put_together(
    struct arena *arena, const struct json *begun, const struct growing *growing, struct err *err)
{
    struct codec_changes changes = { 0 };
    const struct {
        const char *key;
        const struct buf *inside;
    } texts[] = {
        { "text", &growing->text },
        { "thinking", &growing->thinking },
        { "signature", &growing->signature },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i].inside->size == 0)
            continue;
        CLEANUP(buf_done) struct buf whole = { 0 };
        codec_text_add(&whole, codec_member(begun, texts[i].key));
        buf_str(&whole, buf_view(texts[i].inside));
        codec_set(&changes, begun, texts[i].key, enclosed(arena, '"', &whole, '"'));
    }
    if (growing->input.size > 0)
        codec_set(&changes, begun, "input", input_of(arena, &growing->input));
    if (growing->citations.size > 0)
        codec_set(&changes, begun, "citations", enclosed(arena, '[', &growing->citations, ']'));
    CLEANUP(buf_done) struct buf out = { 0 };
    codec_object_write(&out, begun, &changes);
    return json_read(arena, codec_keep(arena, &out), &loose, err);
}

static int finish_block(struct messages_source_block *block, struct arena *arena, struct err *err)
{
    CLEANUP(growing_done) struct growing growing = { 0 };
    const struct json *begun = codec_member(block->events->data, "content_block");
    for (struct messages_event *event = block->events->next; event; event = event->next)
        grow(&growing, codec_member(event->data, "delta"));
    block->node = put_together(arena, begun, &growing, err);
    return block->node ? 0 : -err->code;
}

static int read_stream(struct messages_source *source, const struct codec_source *from,
    struct arena *arena, struct err *err)
{
    struct reader reader = { .source = source, .arena = arena };
    int r = codec_events(from->raw, on_event, &reader, err);
    if (r < 0)
        return r;
    if (source->start)
        source->message = codec_member(source->start->data, "message");
    for (uint32_t i = 0; r == 0 && i < source->count; i++)
        r = finish_block(&source->blocks[i], arena, err);
    return r;
}

int messages_source_read(struct messages_source *ret, const struct codec_source *source,
    struct arena *arena, struct err *err)
{
    *ret = (struct messages_source){ 0 };
    if (!source->same_protocol)
        return 0;
    if (!source->root)
        return read_stream(ret, source, arena, err);
    ret->message = source->root;
    struct reader reader = { .source = ret, .arena = arena };
    JSON_EACH(block, codec_member(source->root, "content"))
    {
        begin_block(&reader, ret->count)->node = block;
    }
    return 0;
}
