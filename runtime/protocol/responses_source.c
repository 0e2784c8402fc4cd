/* responses_source - the provider's reply behind an answer, as items.
 *
 * Of a stream each item keeps its events, so that one that nobody changed is passed on in the
 * fragments it came in. What an item is, the response at the end of the stream says, or its own
 * last event where that end has no output (some servers leave it empty). */
#include "protocol/responses.h"

#include "base/mem.h"

static const struct json_limits loose = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };

struct reader {
    struct responses_source *source;
    struct arena *arena;
};

static struct responses_source_item *item_of(struct reader *reader, uint64_t index)
{
    struct responses_source *source = reader->source;
    for (uint32_t i = source->count; i-- > 0;)
        if (source->items[i].index == index)
            return &source->items[i];
    if (source->count == source->room) {
        uint32_t room = source->room ? 2 * source->room : 8;
        source->items = arena_grow(reader->arena, source->items,
            source->room * sizeof(*source->items), room * sizeof(*source->items));
        source->room = room;
    }
    struct responses_source_item *item = &source->items[source->count++];
    *item = (struct responses_source_item){ .index = index };
    return item;
}

static void keep_event(struct reader *reader, const struct json *data, struct str type)
{
    const struct json *number = codec_member(data, "output_index");
    int64_t index = json_int(number, -1);
    if (index < 0 || index >= CODEC_CALLS_MAX)
        return;
    struct responses_source_item *item = item_of(reader, (uint64_t)index);
    const struct json *node = codec_member(data, "item");
    if (json_is(node, JSON_OBJECT))
        item->node = node;
    struct responses_event *event = arena_alloc(reader->arena, sizeof(*event));
    *event = (struct responses_event){ .type = type, .data = data };
    if (item->last)
        item->last->next = event;
    else
        item->events = event;
    item->last = event;
}

static int on_event(void *user, struct str name, struct str data, struct str bytes, struct err *err)
{
    (void)bytes, (void)err;
    struct reader *reader = user;
    struct responses_source *source = reader->source;
    struct str copy = { arena_copy(reader->arena, data.at, data.size), data.size };
    const struct json *root =
        source->response ? NULL : json_read(reader->arena, copy, &loose, NULL);
    if (!json_is(root, JSON_OBJECT))
        return 0;
    struct str type = json_string(reader->arena, codec_member(root, "type"));
    if (type.size == 0)
        type = (struct str){ arena_string(reader->arena, name.at, name.size), name.size };
    const struct json *response = codec_member(root, "response");
    if (str_equal(type, STR("response.created")))
        source->created = json_is(response, JSON_OBJECT) ? response : NULL;
    else if (str_equal(type, STR("response.completed")) ||
             str_equal(type, STR("response.incomplete")))
        source->response = json_is(response, JSON_OBJECT) ? response : NULL;
    else if (str_starts(type, STR("response.")))
        keep_event(reader, root, type);
    return 0;
}

/* Items of which no event said what they are, and which nothing can be made of. */
static void drop_unknown(struct responses_source *source)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < source->count; i++)
        if (source->items[i].node)
            source->items[kept++] = source->items[i];
    source->count = kept;
}

/* Whether the events of an item are those of this one: some servers leave items out at the end. */
static bool same_item(const struct json *one, const struct json *other)
{
    const struct json *id = codec_member(one, "id"), *other_id = codec_member(other, "id");
    if (responses_kind(one) != responses_kind(other))
        return false;
    return !id || !other_id || str_equal(id->raw, other_id->raw);
}

static void take_item(struct responses_source_item *item, const struct json *node)
{
    if (!item->node || !same_item(item->node, node))
        item->events = item->last = NULL;
    item->node = node;
    item->ended = true;
}

/* Where the end has an output, that is all there is. */
static void take_output(struct reader *reader)
{
    const struct json *output = codec_member(reader->source->response, "output");
    uint64_t number = 0;
    if (!json_is(output, JSON_ARRAY) || output->count == 0)
        return;
    JSON_EACH(item, output)
    {
        if (number < CODEC_CALLS_MAX && json_is(item, JSON_OBJECT))
            take_item(item_of(reader, number), item);
        number++;
    }
    for (uint32_t i = 0; i < reader->source->count; i++)
        if (!reader->source->items[i].ended)
            reader->source->items[i].node = NULL;
}

int responses_source_read(struct responses_source *ret, const struct codec_source *source,
    struct arena *arena, struct err *err)
{
    *ret = (struct responses_source){ 0 };
    if (!source->same_protocol)
        return 0;
    struct reader reader = { .source = ret, .arena = arena };
    if (source->root)
        ret->response = source->root;
    else if (codec_events(source->raw, on_event, &reader, err) < 0)
        return -err->code;
    take_output(&reader);
    drop_unknown(ret);
    return 0;
}
