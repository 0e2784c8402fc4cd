/* chat_stream - an answer in the form of chat completion chunks.
 *
 * Made from a provider's stream, its own events go on as they are but for those in which the model
 * speaks (content, refusal, calls, finish_reason of the first choice): where the first of these
 * stood the new answer stands, and the end where the end was said. So the head, thoughts, usage and
 * [DONE] are the provider's own, byte for byte. */
#include "protocol/chat.h"

#include "base/mem.h"

struct writing {
    struct buf *out;
    const struct protocol_answer *answer;
    const struct codec_source *source;
    struct chat_made made; /* the head of chunks that are made, and why they end */
    struct arena *scratch;
    const struct json *root, *choice; /* of the event that is being replaced, or NULL */
    bool role, spoken, ended, done;   /* what was written */
};

/* --- one chunk */

/* Usage stands on the chunk that ends, which has a choice as every other: not each client asked for
 * one without. */
static struct str made_chunk(const struct writing *writing, struct str delta, struct str finish)
{
    struct buf out = { 0 };
    buf_text(&out, "{\"id\":");
    json_quote(&out, writing->made.id);
    buf_format(&out, ",\"object\":\"chat.completion.chunk\",\"created\":%llu,\"model\":",
        (unsigned long long)writing->answer->at_s);
    json_quote(&out, writing->made.model);
    buf_text(&out, ",\"choices\":[{\"index\":0,\"delta\":");
    buf_str(&out, delta);
    buf_text(&out, ",\"logprobs\":null,\"finish_reason\":");
    buf_str(&out, finish);
    buf_text(&out, "}]");
    const struct protocol_usage *usage = &writing->source->said.usage;
    if (!str_equal(finish, STR("null")) && usage->input + usage->output > 0) {
        buf_text(&out, ",\"usage\":");
        chat_usage_write(&out, usage);
    }
    buf_char(&out, '}');
    return codec_keep(writing->scratch, &out);
}

/* The event that is replaced with another delta. Its usage stays on the chunk that ends. */
static struct str own_chunk(const struct writing *writing, struct str delta, struct str finish)
{
    struct codec_changes inner = { 0 }, outer = { 0 };
    struct buf choices = { 0 }, out = { 0 };
    codec_set(&inner, writing->choice, "delta", delta);
    codec_set(&inner, writing->choice, "finish_reason", finish);
    if (codec_member(writing->choice, "logprobs"))
        codec_set(&inner, writing->choice, "logprobs", STR("null"));
    buf_char(&choices, '[');
    codec_object_write(&choices, writing->choice, &inner);
    buf_char(&choices, ']');
    codec_set(&outer, writing->root, "choices", codec_keep(writing->scratch, &choices));
    if (str_equal(finish, STR("null")) && codec_member(writing->root, "usage"))
        codec_set(&outer, writing->root, "usage", STR("null"));
    codec_drop(&outer, "obfuscation");
    codec_object_write(&out, writing->root, &outer);
    return codec_keep(writing->scratch, &out);
}

static void write_chunk(struct writing *writing, struct str delta, struct str finish)
{
    struct str data =
        writing->choice ? own_chunk(writing, delta, finish) : made_chunk(writing, delta, finish);
    sse_write(writing->out, (struct str){ 0 }, data);
}

/* --- the answer */

static void write_delta(struct writing *writing, struct buf *delta)
{
    struct str kept = codec_keep(writing->scratch, delta);
    write_chunk(writing, kept, STR("null"));
}

static void write_role(struct writing *writing)
{
    write_chunk(writing, STR("{\"role\":\"assistant\",\"content\":\"\"}"), STR("null"));
}

static void write_text(struct writing *writing, struct str text)
{
    struct buf delta = { 0 };
    buf_text(&delta, "{\"content\":");
    json_quote(&delta, text);
    buf_char(&delta, '}');
    write_delta(writing, &delta);
}

static void write_calls(struct writing *writing, const struct protocol_answer *answer)
{
    struct buf delta = { 0 };
    for (uint32_t i = 0; i < answer->calls_count; i++) {
        buf_format(&delta, "{\"tool_calls\":[{\"index\":%u,", i);
        chat_call_write(&delta, &answer->calls[i]);
        buf_text(&delta, "}]}");
        write_delta(writing, &delta);
    }
}

static void write_said(struct writing *writing)
{
    if (!writing->role)
        write_role(writing);
    if (writing->answer->text.size > 0)
        write_text(writing, writing->answer->text);
    write_calls(writing, writing->answer);
    writing->role = writing->spoken = true;
}

static void write_end(struct writing *writing, struct str finish)
{
    struct buf quoted = { 0 };
    if (!writing->spoken)
        write_said(writing);
    json_quote(&quoted, finish);
    write_chunk(writing, STR("{}"), codec_keep(writing->scratch, &quoted));
    writing->ended = true;
}

/* --- the provider's events */

static const char *const spoken[] = { "content", "refusal", "tool_calls", "function_call" };

static bool says_something(const struct json *member)
{
    return json_is(member, JSON_STRING) ? member->raw.size > 2 : member && member->count > 0;
}

static bool speaks(const struct json *delta)
{
    for (size_t i = 0; i < COUNT_OF(spoken); i++)
        if (says_something(codec_member(delta, spoken[i])))
            return true;
    return false;
}

/* What a delta says besides: thoughts stay in the stream, in an event of their own. */
static void write_rest(struct writing *writing, const struct json *delta)
{
    struct codec_changes changes = { 0 };
    struct buf out = { 0 };
    bool rest = false;
    for (size_t i = 0; i < COUNT_OF(spoken); i++)
        codec_drop(&changes, spoken[i]);
    JSON_EACH(member, delta)
    {
        bool known = str_equal(member->key, STR("role"));
        for (size_t i = 0; i < COUNT_OF(spoken); i++)
            known |= str_equal(member->key, str_of(spoken[i]));
        rest |= !known && says_something(member);
    }
    if (!rest)
        return;
    codec_object_write(&out, delta, &changes);
    writing->role |= codec_member(delta, "role") != NULL;
    write_delta(writing, &out);
}

static const struct json *first_choice(const struct json *root)
{
    const struct json *choices = codec_member(root, "choices");
    if (json_is(choices, JSON_ARRAY))
        JSON_EACH(choice, choices)
    if (choice->kind == JSON_OBJECT && json_int(codec_member(choice, "index"), 0) == 0)
        return choice;
    return NULL;
}

static void replace_event(struct writing *writing, const struct json *root)
{
    const struct json *choice = first_choice(root), *delta = codec_member(choice, "delta");
    const struct json *finish = codec_member(choice, "finish_reason");
    writing->root = root;
    writing->choice = choice;
    if (json_is(delta, JSON_OBJECT))
        write_rest(writing, delta);
    if (!writing->spoken)
        write_said(writing);
    if (json_is(finish, JSON_STRING) && !writing->ended)
        write_end(writing, chat_finish(writing->answer, json_string(writing->scratch, finish)));
    writing->root = writing->choice = NULL;
}

static int one_event(
    void *user, struct str name, struct str data, struct str bytes, struct err *err)
{
    (void)name;
    (void)err;
    struct writing *writing = user;
    struct json_limits limits = { .duplicates = true };
    struct arena_mark mark = arena_mark(writing->scratch);
    const struct json *root = json_read(writing->scratch, data, &limits, NULL);
    const struct json *choice = first_choice(root), *delta = codec_member(choice, "delta");
    bool finish = json_is(codec_member(choice, "finish_reason"), JSON_STRING);
    bool done = str_equal(str_trim(data), STR("[DONE]"));
    if (done && !writing->ended)
        write_end(writing, chat_finish(writing->answer, writing->source->said.finish));
    writing->done |= done;
    if (finish || speaks(delta)) {
        replace_event(writing, root);
    } else {
        writing->role |= json_is(codec_member(delta, "role"), JSON_STRING);
        buf_str(writing->out, bytes);
    }
    arena_release(writing->scratch, mark);
    return 0;
}

int chat_stream_write(struct buf *out, const struct protocol_answer *answer,
    const struct codec_source *source, struct arena *scratch, struct err *err)
{
    struct writing writing = { .out = out,
        .answer = answer,
        .source = source,
        .made = chat_made(answer, source),
        .scratch = scratch };
    int rc = source->same ? codec_events(source->raw, one_event, &writing, err) : 0;
    if (rc < 0)
        return rc;
    if (!writing.ended)
        write_end(&writing, writing.made.finish);
    /* A reply that was whole without it is one here with it. */
    if (!writing.done)
        sse_write(out, (struct str){ 0 }, STR("[DONE]"));
    return 0;
}

/* --- while it is made */

static const struct codec_source no_source;

static struct writing writing_of(
    struct buf *out, const struct protocol_stream *stream, struct arena *scratch)
{
    return (struct writing){ .out = out,
        .answer = &stream->head,
        .source = &no_source,
        .made = { .id = stream->head.id, .model = stream->head.model },
        .scratch = scratch };
}

void chat_stream_begin(struct buf *out, struct protocol_stream *stream)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct writing writing = writing_of(out, stream, &scratch);
    write_role(&writing);
}

void chat_stream_text(struct buf *out, struct protocol_stream *stream, struct str more)
{
    CLEANUP(arena_done) struct arena scratch = { 0 };
    struct writing writing = writing_of(out, stream, &scratch);
    write_text(&writing, more);
}

int chat_stream_end(struct buf *out, struct protocol_stream *stream,
    const struct protocol_answer *answer, const struct codec_source *source, struct arena *scratch,
    struct err *err)
{
    (void)err;
    struct writing writing = writing_of(out, stream, scratch);
    writing.source = source;
    writing.role = writing.spoken = true;
    write_calls(&writing, answer);
    write_end(&writing, chat_made(answer, source).finish);
    sse_write(out, (struct str){ 0 }, STR("[DONE]"));
    return 0;
}
