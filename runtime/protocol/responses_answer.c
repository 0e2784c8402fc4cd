/* responses_answer - a reply of the responses protocol for a client: the provider's own with other
 * words, or a made one; as JSON or as the events that its clients put together.
 *
 * The response at the end of a stream repeats every item, and clients take it for the truth: it is
 * made from the same items as the events before it. sequence_number counts anew. */
#include "protocol/responses.h"

#include "base/mem.h"

static const struct json_limits loose = { .size_max = PROTOCOL_BODY_MAX, .duplicates = true };

/* --- the response around its items */

static struct str output_of(const struct responses_answer *answer)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, '[');
    for (uint32_t i = 0; i < answer->count; i++) {
        if (i > 0)
            buf_char(&out, ',');
        buf_str(&out, answer->items[i].raw);
    }
    buf_char(&out, ']');
    return codec_keep(answer->arena, &out);
}

/* Why the reply is not whole, in words of the other protocols; empty: it is whole. */
static struct str incomplete(const struct responses_answer *answer)
{
    static const struct {
        struct str says, is;
    } others[] = {
        { { "length", 6 }, { "max_output_tokens", 17 } },
        { { "max_tokens", 10 }, { "max_output_tokens", 17 } },
        { { "max_output_tokens", 17 }, { "max_output_tokens", 17 } },
        { { "content_filter", 14 }, { "content_filter", 14 } },
        { { "refusal", 7 }, { "content_filter", 14 } },
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (str_equal(answer->from->said.finish, others[i].says))
            return others[i].is;
    return (struct str){ 0 };
}

static void write_usage(struct buf *out, const struct protocol_usage *usage)
{
    buf_format(out,
        "{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":0},"
        "\"output_tokens\":%llu,\"output_tokens_details\":{\"reasoning_tokens\":0},"
        "\"total_tokens\":%llu}",
        (unsigned long long)usage->input, (unsigned long long)usage->output,
        (unsigned long long)(usage->input + usage->output));
}

/* A made response; begun: as it stands at the beginning of a stream. */
static void write_made(
    struct buf *out, const struct responses_answer *answer, struct str output, bool begun)
{
    struct str why = begun ? (struct str){ 0 } : incomplete(answer);
    buf_text(out, "{\"id\":\"");
    codec_text_quote(out, answer->id);
    buf_format(out, "\",\"object\":\"response\",\"created_at\":%llu,\"status\":\"%s\"",
        (unsigned long long)answer->asked->at_s,
        begun          ? "in_progress"
        : why.size > 0 ? "incomplete"
                       : "completed");
    buf_text(out, ",\"error\":null,\"incomplete_details\":");
    if (why.size > 0) {
        buf_text(out, "{\"reason\":");
        json_quote(out, why);
        buf_char(out, '}');
    } else {
        buf_text(out, "null");
    }
    buf_text(out, ",\"instructions\":null,\"max_output_tokens\":null,\"model\":");
    json_quote(out, answer->asked->model);
    buf_text(out, ",\"output\":");
    buf_str(out, output);
    buf_text(out, ",\"parallel_tool_calls\":true,\"previous_response_id\":null,"
                  "\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false,"
                  "\"temperature\":1,\"text\":{\"format\":{\"type\":\"text\"}},"
                  "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1,"
                  "\"truncation\":\"disabled\",\"usage\":");
    if (begun)
        buf_text(out, "null");
    else
        write_usage(out, &answer->from->said.usage);
    buf_text(out, ",\"user\":null,\"metadata\":{}}");
}

static void write_response(struct buf *out, const struct responses_answer *answer)
{
    if (!answer->source.response) {
        write_made(out, answer, output_of(answer), false);
        return;
    }
    struct codec_changes changes = { 0 };
    codec_set(&changes, answer->source.response, "output", output_of(answer));
    codec_object_write(out, answer->source.response, &changes);
}

/* --- events */

/* An event of this name: {"type":...,"sequence_number":... and then the members. */
static void begin_event(struct responses_answer *answer, struct buf *data, const char *type)
{
    buf_clear(data);
    buf_format(data, "{\"type\":\"%s\",\"sequence_number\":%u", type, answer->sequence++);
}

static void end_event(struct responses_answer *answer, struct buf *data, const char *type)
{
    buf_char(data, '}');
    sse_write(answer->out, str_of(type), buf_view(data));
}

void responses_item_event(
    struct responses_answer *answer, const char *type, uint32_t index, struct str item)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    begin_event(answer, &data, type);
    buf_format(&data, ",\"output_index\":%u,\"item\":", index);
    buf_str(&data, item);
    end_event(answer, &data, type);
}

void responses_part_event(struct responses_answer *answer, const char *type,
    const struct responses_spot *spot, struct str part)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    begin_event(answer, &data, type);
    buf_text(&data, ",\"item_id\":");
    buf_str(&data, spot->item);
    buf_format(
        &data, ",\"output_index\":%u,\"content_index\":%u,\"part\":", spot->index, spot->part);
    buf_str(&data, part);
    end_event(answer, &data, type);
}

void responses_text_event(struct responses_answer *answer, const char *type,
    const struct responses_spot *spot, bool content, const char *member, struct str quoted)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    begin_event(answer, &data, type);
    buf_text(&data, ",\"item_id\":");
    buf_str(&data, spot->item);
    buf_format(&data, ",\"output_index\":%u", spot->index);
    if (content)
        buf_format(&data, ",\"content_index\":%u,\"logprobs\":[]", spot->part);
    buf_format(&data, ",\"%s\":", member);
    buf_str(&data, quoted);
    end_event(answer, &data, type);
}

/* The object with one member emptied and its status as at the beginning. */
static struct str begun(const struct responses_answer *answer, const struct json *object,
    const char *member, const char *empty)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct codec_changes changes = { 0 };
    codec_set(&changes, object, member, str_of(empty));
    if (codec_member(object, "status"))
        codec_set(&changes, object, "status", STR("\"in_progress\""));
    codec_object_write(&out, object, &changes);
    return codec_keep(answer->arena, &out);
}

static void write_part(
    struct responses_answer *answer, const struct responses_spot *spot, const struct json *part)
{
    bool text = responses_text_part(part);
    responses_part_event(answer, "response.content_part.added", spot,
        text ? begun(answer, part, "text", "\"\"") : part->raw);
    if (text) {
        struct str quoted = codec_member(part, "text")->raw;
        responses_text_event(answer, "response.output_text.delta", spot, true, "delta", quoted);
        responses_text_event(answer, "response.output_text.done", spot, true, "text", quoted);
    }
    responses_part_event(answer, "response.content_part.done", spot, part->raw);
}

static void write_message(
    struct responses_answer *answer, struct responses_spot *spot, const struct json *item)
{
    responses_item_event(
        answer, "response.output_item.added", spot->index, begun(answer, item, "content", "[]"));
    const struct json *content = codec_member(item, "content");
    if (json_is(content, JSON_ARRAY)) {
        JSON_EACH(part, content)
        {
            if (!json_is(part, JSON_OBJECT))
                continue;
            write_part(answer, spot, part);
            spot->part++;
        }
    }
    responses_item_event(answer, "response.output_item.done", spot->index, item->raw);
}

static void write_call(struct responses_answer *answer, const struct responses_spot *spot,
    const struct json *item, bool custom)
{
    const char *member = custom ? "input" : "arguments";
    const struct json *args = codec_member(item, member);
    struct str quoted = json_is(args, JSON_STRING) ? args->raw : STR("\"\"");
    responses_item_event(
        answer, "response.output_item.added", spot->index, begun(answer, item, member, "\"\""));
    responses_text_event(answer,
        custom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta",
        spot, false, "delta", quoted);
    responses_text_event(answer,
        custom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done",
        spot, false, member, quoted);
    responses_item_event(answer, "response.output_item.done", spot->index, item->raw);
}

void responses_item_write(struct responses_answer *answer, uint32_t index, const struct json *item)
{
    const struct json *id = codec_member(item, "id");
    struct responses_spot spot = { .item = json_is(id, JSON_STRING) ? id->raw : STR("\"\""),
        .index = index };
    enum responses_kind kind = responses_kind(item);
    if (kind == RESPONSES_TEXT) {
        write_message(answer, &spot, item);
    } else if (kind == RESPONSES_CALL || kind == RESPONSES_CUSTOM) {
        write_call(answer, &spot, item, kind == RESPONSES_CUSTOM);
    } else {
        responses_item_event(answer, "response.output_item.added", index, item->raw);
        responses_item_event(answer, "response.output_item.done", index, item->raw);
    }
}

/* The provider's own events of an item that stays, at the number that it has now. */
static void write_events(
    struct responses_answer *answer, uint32_t index, const struct responses_source_item *item)
{
    for (const struct responses_event *event = item->events; event; event = event->next) {
        CLEANUP(buf_done) struct buf data = { 0 };
        struct codec_changes changes = { 0 };
        codec_set(&changes, event->data, "output_index",
            str_of(arena_format(answer->arena, "%u", index)));
        codec_set(&changes, event->data, "sequence_number",
            str_of(arena_format(answer->arena, "%u", answer->sequence++)));
        codec_object_write(&data, event->data, &changes);
        sse_write(answer->out, event->type, buf_view(&data));
    }
}

void responses_begin_write(struct responses_answer *answer, const char *type)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    begin_event(answer, &data, type);
    buf_text(&data, ",\"response\":");
    const struct json *response = answer->source.created;
    if (response) {
        buf_str(&data, response->raw);
    } else if ((response = answer->source.response)) {
        struct codec_changes changes = { 0 };
        codec_set(&changes, response, "output", STR("[]"));
        codec_set(&changes, response, "status", STR("\"in_progress\""));
        codec_set(&changes, response, "usage", STR("null"));
        codec_set(&changes, response, "incomplete_details", STR("null"));
        codec_object_write(&data, response, &changes);
    } else {
        write_made(&data, answer, STR("[]"), true);
    }
    end_event(answer, &data, type);
}

void responses_end_write(struct responses_answer *answer)
{
    CLEANUP(buf_done) struct buf data = { 0 };
    const struct json *response = answer->source.response;
    struct str status = json_string(answer->arena, codec_member(response, "status"));
    bool whole = response ? !str_equal(status, STR("incomplete")) : incomplete(answer).size == 0;
    const char *type = whole ? "response.completed" : "response.incomplete";
    begin_event(answer, &data, type);
    buf_text(&data, ",\"response\":");
    write_response(&data, answer);
    end_event(answer, &data, type);
}

static int write_stream(struct responses_answer *answer, struct err *err)
{
    responses_begin_write(answer, "response.created");
    responses_begin_write(answer, "response.in_progress");
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct responses_item *item = &answer->items[i];
        if (item->from != CODEC_NONE && answer->source.items[item->from].events) {
            write_events(answer, i, &answer->source.items[item->from]);
            continue;
        }
        const struct json *node =
            item->node ? item->node : json_read(answer->arena, item->raw, &loose, err);
        if (!node)
            return -err->code;
        responses_item_write(answer, i, node);
    }
    responses_end_write(answer);
    return 0;
}

/* --- both */

static bool untouched(const struct responses_answer *answer)
{
    if (answer->count != answer->source.count)
        return false;
    for (uint32_t i = 0; i < answer->count; i++)
        if (answer->items[i].from != i)
            return false;
    return true;
}

static struct str plain_id(const struct responses_answer *answer)
{
    struct str own = answer->from->said.id, made = answer->asked->id;
    if (own.size > 0 && (answer->from->same_protocol || made.size == 0))
        return own;
    return made.size > 0 ? made : STR("resp_made");
}

static void merge(struct responses_answer *answer)
{
    const struct responses_source *source = &answer->source;
    const struct json **old = arena_alloc(answer->arena, (source->count + 1) * sizeof(*old));
    for (uint32_t i = 0; i < source->count; i++)
        old[i] = source->items[i].node;
    struct spoken said = { answer->asked->text, answer->asked->calls, answer->asked->calls_count };
    answer->count =
        responses_merge(&answer->items, old, source->count, &said, answer->id, answer->arena);
}

int responses_answer_write(struct buf *out, const struct protocol_answer *asked,
    const struct codec_source *from, struct arena *scratch, struct err *err)
{
    struct responses_answer answer = { .out = out, .arena = scratch, .asked = asked, .from = from };
    int r = responses_source_read(&answer.source, from, scratch, err);
    if (r < 0)
        return r;
    answer.id = plain_id(&answer);
    merge(&answer);
    if (from->same && untouched(&answer)) {
        buf_str(out, from->raw);
        return 0;
    }
    if (asked->stream)
        return write_stream(&answer, err);
    write_response(out, &answer);
    return 0;
}
