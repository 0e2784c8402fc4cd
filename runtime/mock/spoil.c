/* spoil - see spoil.h. */
#include "mock/spoil.h"

#include "mock/write.h"

#include <string.h>

struct spoiler {
    struct body *out;
    const struct script_fault *fault;
    enum ask_kind kind;
    bool stream;
    uint64_t broken; /* number of the event whose JSON is broken, or UINT64_MAX */
};

static void add_bytes(struct spoiler *spoiler, struct str bytes)
{
    if (!spoiler->stream || !spoiler->fault->crlf) {
        buf_str(&spoiler->out->bytes, bytes);
        return;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.at[i] == '\n')
            buf_char(&spoiler->out->bytes, '\r');
        buf_char(&spoiler->out->bytes, bytes.at[i]);
    }
}

/* Before the line end of an event, as the providers do it: blanks behind the object, or a member
 * that says nothing. */
static void add_pad(struct spoiler *spoiler)
{
    bool blanks = spoiler->kind == ASK_MESSAGES;
    if (blanks) {
        buf_char(&spoiler->out->bytes, '}');
        body_fill(spoiler->out, ' ', spoiler->fault->pad);
    } else {
        buf_text(&spoiler->out->bytes, ",\"obfuscation\":\"");
        body_fill(spoiler->out, 'x', spoiler->fault->pad);
        buf_text(&spoiler->out->bytes, "\"}");
    }
}

static bool ends_with(struct str s, struct str end)
{
    return s.size >= end.size && memcmp(s.at + s.size - end.size, end.at, end.size) == 0;
}

static void add_piece(struct spoiler *spoiler, struct str bytes, uint64_t repeat, uint64_t event)
{
    static const struct str end = { "}\n\n", 3 };
    bool object = spoiler->stream && ends_with(bytes, end);
    bool broken = event == spoiler->broken;
    if (broken && object) {
        add_bytes(spoiler, (struct str){ bytes.at, bytes.size - end.size });
        add_bytes(spoiler, STR("\n\n"));
    } else if (spoiler->fault->pad && object && repeat == 1) {
        add_bytes(spoiler, (struct str){ bytes.at, bytes.size - end.size });
        add_pad(spoiler);
        add_bytes(spoiler, STR("\n\n"));
    } else {
        add_bytes(spoiler, bytes);
    }
    body_piece(spoiler->out, repeat);
}

static void add_comment(struct spoiler *spoiler)
{
    add_bytes(spoiler, STR(": keep-alive\n\n"));
    body_event(spoiler->out);
}

/* The pieces of one event, from `at` on; returns where the next one begins. */
static uint32_t event_end(const struct body *whole, uint32_t at)
{
    do
        at++;
    while (at < whole->count && !whole->pieces[at].event);
    return at;
}

static void add_event(
    struct spoiler *spoiler, const struct body *whole, uint32_t at, uint32_t end, uint64_t event)
{
    for (; at < end; at++)
        add_piece(spoiler, body_at(whole, &whole->pieces[at]), whole->pieces[at].repeat, event);
    body_event(spoiler->out);
}

static void add_error(struct spoiler *spoiler, const struct script_rule *rule)
{
    struct body event = { 0 };
    const struct write_error error = { 529, rule->error.type, rule->error.code,
        rule->error.message };
    write_error_event(&event, spoiler->kind, &error);
    add_bytes(spoiler, buf_view(&event.bytes));
    body_event(spoiler->out);
    body_done(&event);
}

static void spoil_stream(
    struct spoiler *spoiler, const struct body *whole, const struct script_rule *rule)
{
    const struct script_fault *fault = spoiler->fault;
    uint64_t event = 0;
    for (uint32_t at = 0, end; at < whole->count; at = end, event++) {
        end = event_end(whole, at);
        if (fault->error_after && event == fault->error_after - 1)
            break;
        if (fault->no_end && end == whole->count)
            break;
        if (fault->comments)
            add_comment(spoiler);
        add_event(spoiler, whole, at, end, event);
        if (fault->duplicate_start && at == 0)
            add_event(spoiler, whole, at, end, event);
    }
    if (fault->error_after)
        add_error(spoiler, rule);
}

/* What was not a stream of ours: only its last byte can be lost. */
static void spoil_whole(struct spoiler *spoiler, const struct body *whole)
{
    for (uint32_t i = 0; i < whole->count; i++) {
        struct str bytes = body_at(whole, &whole->pieces[i]);
        if (spoiler->fault->bad_json && i + 1 == whole->count)
            bytes.size--;
        add_piece(spoiler, bytes, whole->pieces[i].repeat, 0);
    }
}

void spoil(struct body *out, const struct body *whole, const struct script_rule *rule,
    enum ask_kind kind, bool stream)
{
    const struct script_fault *fault = &rule->fault;
    struct spoiler spoiler = { out, fault, kind, stream, UINT64_MAX };
    if (fault->bad_json)
        spoiler.broken = body_events(whole) > 1;
    body_fill(out, '\n', fault->blanks);
    if (stream)
        spoil_stream(&spoiler, whole, rule);
    else
        spoil_whole(&spoiler, whole);
}

/* In the middle of what follows the whole events. */
static uint64_t cut_behind(const struct body *body, uint64_t events)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < body->count; i++) {
        const struct body_piece *piece = &body->pieces[i];
        if (piece->event && events < piece->repeat)
            return size + piece->size * events + piece->size / 2;
        events -= piece->event ? piece->repeat : 0;
        size += piece->size * piece->repeat;
    }
    return size;
}

uint64_t spoil_cut(const struct body *body, const struct script_fault *fault)
{
    if (fault->half)
        return body_size(body) / 2;
    if (fault->cut_bytes)
        return fault->cut_bytes - 1;
    return fault->cut_events ? cut_behind(body, fault->cut_events - 1) : UINT64_MAX;
}
