/* Fuzz target: requests of every protocol (the first byte picks). What is read and not changed is
 * the same bytes; a changed one is JSON that the same codec reads again. */
#include "protocol/protocol.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unchanged(const struct protocol_request *request, const struct protocol_view *view)
{
    struct buf out = { 0 };
    struct protocol_part all = { .from = 0, .count = view->messages_count };
    struct protocol_edit edit = { .parts = &all, .parts_count = view->messages_count > 0 };
    if (protocol_request_edit(&out, request, &edit, NULL) < 0 || out.size != view->body.size ||
        (out.size > 0 && memcmp(out.at, view->body.at, out.size) != 0))
        abort();
    buf_done(&out);
}

/* Another model, the messages but for one, one of them in its own words again, no tools. */
static void changed(const struct protocol_request *request, const struct protocol_view *view,
    uint32_t without, struct arena *arena)
{
    struct buf out = { 0 };
    uint32_t count = view->messages_count;
    struct protocol_part parts[] = {
        { .chat = STR("{\"role\":\"user\",\"content\":\"\\ud800 new\"}") },
        { .from = without ? 0 : count, .count = without },
        { .chat = count ? view->messages[without].chat
                        : STR("{\"role\":\"user\",\"content\":\"x\"}") },
        { .from = without + 1, .count = count > without + 1 ? count - without - 1 : 0 },
    };
    uint32_t parts_count = parts[3].count ? 4 : 3;
    if (parts[1].count == 0)
        parts[1].chat = parts[0].chat;
    struct protocol_edit edit = {
        .parts = parts, .parts_count = parts_count, .model = STR("m\"2"), .tools = STR("[]")
    };
    if (protocol_request_edit(&out, request, &edit, NULL) == 0) {
        struct protocol_request *again;
        if (protocol_request_read(&again, view->protocol, buf_view(&out), arena, NULL) < 0 ||
            !str_equal(protocol_request_view(again)->model, STR("m\"2")) ||
            protocol_request_view(again)->tools.size > 0)
            abort();
    }
    buf_done(&out);
}

/* A request in which no member stands twice, and a header's text of what was left out. */
static void check_fresh(
    const struct buf *out, const struct buf *dropped, enum protocol protocol, struct arena *arena)
{
    struct json_limits limits = { .duplicates = true };
    struct protocol_request *again;
    const struct json *root = json_read(arena, buf_view(out), &limits, NULL);
    if (!root || protocol_request_read(&again, protocol, buf_view(out), arena, NULL) < 0)
        abort();
    JSON_EACH(member, root)
    {
        JSON_EACH(other, root)
        {
            if (other != member && str_equal(other->key, member->key))
                abort();
        }
    }
    for (size_t i = 0; i < dropped->size; i++)
        if (dropped->at[i] < ' ' || dropped->at[i] > '~')
            abort();
}

/* The conversation as a request of each protocol, as far as it can be said there, with and without
 * what else was asked for. */
static void fresh(
    const struct protocol_request *request, const struct protocol_view *view, struct arena *arena)
{
    struct str *messages = arena_alloc(arena, (view->messages_count + 1) * sizeof *messages);
    for (uint32_t i = 0; i < view->messages_count; i++)
        messages[i] = view->messages[i].chat;
    for (int i = 0; i < 2 * PROTOCOLS; i++) {
        const enum protocol protocol = (enum protocol)(i / 2);
        struct buf out = { 0 }, dropped = { 0 };
        struct protocol_fresh ask = {
            .protocol = protocol,
            .model = view->model,
            .messages = messages,
            .messages_count = view->messages_count,
            .tools = view->tools,
            .stream = view->stream,
            .like = i % 2 ? request : NULL,
            .dropped = &dropped,
        };
        if (protocol_request_fresh(&out, &ask, NULL) == 0)
            check_fresh(&out, &dropped, protocol, arena);
        buf_done(&out);
        buf_done(&dropped);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct arena arena = { 0 };
    struct err err;
    struct protocol_request *request;
    struct str body = { (const char *)data + 1, size - 1 };
    if (protocol_request_read(&request, data[0] % PROTOCOLS, body, &arena, &err) == 0) {
        const struct protocol_view *view = protocol_request_view(request);
        unchanged(request, view);
        changed(request, view, view->messages_count / 2, &arena);
        fresh(request, view, &arena);
    }
    arena_done(&arena);
    return 0;
}
