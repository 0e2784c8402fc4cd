/* Fuzz target: replies of every protocol, whole and as streams (the first byte picks). In any
 * pieces they say the same; what they say is a chat message; an answer made from one says what it
 * is told to (the size picks the protocol and kind of that), all at once or bit by bit. */
#include "base/mem.h"
#include "protocol/protocol.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_reply(struct protocol_said *said, enum protocol protocol, bool stream,
    struct str bytes, size_t step, struct arena *arena)
{
    struct protocol_reply *reply = protocol_reply_new(protocol, stream);
    for (size_t at = 0; at < bytes.size; at += step) {
        size_t n = bytes.size - at < step ? bytes.size - at : step;
        char *piece = mem_copy(bytes.at + at, n);
        size_t told = protocol_reply_text(reply).size;
        protocol_reply_feed(reply, (struct str){ piece, n }, NULL);
        if (protocol_reply_text(reply).size < told)
            abort();
        free(piece);
    }
    int rc = protocol_reply_end(reply, arena, said, NULL);
    protocol_reply_free(reply);
    return rc;
}

/* The same answer with its beginning told before: how much, `pick` says. */
static void told(
    const struct protocol_answer *make, size_t pick, struct str want, struct arena *arena)
{
    struct buf out = { 0 };
    struct protocol_said said;
    struct protocol_stream *stream = protocol_stream_new(make);
    for (size_t i = 0; i < pick; i++)
        protocol_stream_text(&out, stream, (struct str){ make->text.at + i, 1 });
    if (protocol_stream_end(&out, stream, make, NULL) < 0 ||
        read_reply(&said, make->protocol, true, buf_view(&out), 4096, arena) < 0 ||
        !str_equal(said.chat, want))
        abort();
    protocol_stream_free(stream);
    buf_done(&out);
}

/* pick: protocol and kind of the answer. */
static void answer(
    enum protocol from, bool from_stream, struct str bytes, size_t pick, struct arena *arena)
{
    static const struct protocol_call call = { { "id", 2 }, { "f", 1 }, { "{\"a\": 1.0}", 10 } };
    struct buf out = { 0 };
    struct protocol_said said;
    struct protocol_answer make = {
        .protocol = (enum protocol)(pick / 2),
        .stream = pick % 2,
        .model = STR("m"),
        .id = STR("i"),
        .text = STR("a \"new\" text"),
        .calls = &call,
        .calls_count = 1,
        .from_protocol = from,
        .from_stream = from_stream,
        .from = bytes,
    };
    struct str want =
        STR("{\"role\":\"assistant\",\"content\":\"a \\\"new\\\" text\",\"tool_calls\":"
            "[{\"id\":\"id\",\"type\":\"function\",\"function\":{\"name\":\"f\","
            "\"arguments\":\"{\\\"a\\\": 1.0}\"}}]}");
    if (protocol_answer_write(&out, &make, NULL) < 0 ||
        read_reply(&said, make.protocol, make.stream, buf_view(&out), 4096, arena) < 0 ||
        !str_equal(said.chat, want))
        abort();
    buf_done(&out);
    told(&make, pick, want, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct arena arena = { 0 };
    struct protocol_said whole, pieces;
    enum protocol protocol = data[0] / 2 % PROTOCOLS;
    bool stream = data[0] % 2;
    struct str bytes = { (const char *)data + 1, size - 1 };
    int rc = read_reply(&whole, protocol, stream, bytes, size, &arena);
    if (read_reply(&pieces, protocol, stream, bytes, 3, &arena) != rc)
        abort();
    if (rc == 0) {
        struct json_limits limits = { .duplicates = true };
        if (!json_is(json_read(&arena, whole.chat, &limits, NULL), JSON_OBJECT) ||
            !str_equal(whole.chat, pieces.chat))
            abort();
        answer(protocol, stream, bytes, size % (2 * PROTOCOLS), &arena);
    }
    arena_done(&arena);
    return 0;
}
