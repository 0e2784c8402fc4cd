/* detect_calls - what a run does with its calls: repeats, errors and what follows them, writes.
 * Definitions: docs/reference/detectors.md, rows a, b, i, j, r. */
#include "trials/detect_find.h"

#include "base/mem.h"
#include "trials/call_set.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool succeeded(const struct run_call *call)
{
    return call->result >= 0 && !call->failed;
}

/* Each key's calls, and those that succeeded. */
static void count_keys(struct call_set *set, const struct run *run)
{
    struct run_at at;
    call_set_begin(set, run);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        struct call_place *place = call_set_place(set, at.call);
        if (!place->call)
            place->call = at.call;
        place->count++;
        place->ok += succeeded(at.call);
    }
}

static void find_repeats(const struct run *run, uint32_t least, detect_sink sink, void *with)
{
    CLEANUP(call_set_done) struct call_set set;
    struct run_at at;
    count_keys(&set, run);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        const struct call_place *place = call_set_place(&set, at.call);
        if (place->call == at.call && place->count >= least)
            detect_hit_call(run, &at, sink, with);
    }
}

void find_repeat2(const struct run *run, detect_sink sink, void *with)
{
    find_repeats(run, 2, sink, with);
}

void find_repeat3(const struct run *run, detect_sink sink, void *with)
{
    find_repeats(run, 3, sink, with);
}

static void find_adjacent(const struct run *run, uint32_t least, detect_sink sink, void *with)
{
    struct run_at at;
    const struct run_call *last = NULL;
    uint32_t row = 0;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at); last = at.call) {
        row = last && call_same(last, at.call) ? row + 1 : 1;
        if (row < least)
            continue;
        detect_hit_call(run, &at, sink, with);
        return;
    }
}

void find_adjacent2(const struct run *run, detect_sink sink, void *with)
{
    find_adjacent(run, 2, sink, with);
}

void find_adjacent3(const struct run *run, detect_sink sink, void *with)
{
    find_adjacent(run, 3, sink, with);
}

void find_error(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->failed)
            detect_hit_call(run, &at, sink, with);
}

enum then { THEN_SAME, THEN_SAME_TOOL, THEN_OTHER, THEN_TEXT, THEN_END };

/* What the next reply behind the failed result does, by its first call. */
static enum then what_then(const struct run *run, const struct run_call *failed)
{
    for (uint32_t i = (uint32_t)failed->result + 1; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        if (message->role != RUN_MODEL)
            continue;
        if (message->calls_count == 0)
            return THEN_TEXT;
        if (call_same(failed, &message->calls[0]))
            return THEN_SAME;
        return str_equal(failed->name, message->calls[0].name) ? THEN_SAME_TOOL : THEN_OTHER;
    }
    return THEN_END;
}

static void find_then(const struct run *run, enum then then, detect_sink sink, void *with)
{
    struct run_at at;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (at.call->failed && what_then(run, at.call) == then)
            detect_hit_call(run, &at, sink, with);
}

void find_then_same_call(const struct run *run, detect_sink sink, void *with)
{
    find_then(run, THEN_SAME, sink, with);
}

void find_then_same_tool(const struct run *run, detect_sink sink, void *with)
{
    find_then(run, THEN_SAME_TOOL, sink, with);
}

void find_then_other_tool(const struct run *run, detect_sink sink, void *with)
{
    find_then(run, THEN_OTHER, sink, with);
}

void find_then_text(const struct run *run, detect_sink sink, void *with)
{
    find_then(run, THEN_TEXT, sink, with);
}

void find_then_end(const struct run *run, detect_sink sink, void *with)
{
    find_then(run, THEN_END, sink, with);
}

void find_failed_repeated_later(const struct run *run, detect_sink sink, void *with)
{
    CLEANUP(call_set_done) struct call_set set;
    struct run_at at;
    count_keys(&set, run);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        uint32_t left = --call_set_place(&set, at.call)->count;
        if (at.call->failed && left > 0)
            detect_hit_call(run, &at, sink, with);
    }
}

static bool writes(const struct run *run, struct str name)
{
    const struct run_tool *tool = run_tool_find(run, name);
    return tool && tool->write;
}

static void find_write_dup(const struct run *run, bool ok, detect_sink sink, void *with)
{
    CLEANUP(call_set_done) struct call_set set;
    struct run_at at;
    count_keys(&set, run);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        const struct call_place *place = call_set_place(&set, at.call);
        if (place->call == at.call && (ok ? place->ok : place->count) >= 2 &&
            writes(run, at.call->name))
            detect_hit_call(run, &at, sink, with);
    }
}

void find_write_dup_called(const struct run *run, detect_sink sink, void *with)
{
    find_write_dup(run, false, sink, with);
}

void find_write_dup_ok(const struct run *run, detect_sink sink, void *with)
{
    find_write_dup(run, true, sink, with);
}

static bool word_byte(const struct str *text, size_t at)
{
    if (at >= text->size)
        return false;
    unsigned char c = (unsigned char)text->at[at];
    return isalnum(c) || c == '_'; /* beyond ASCII stand quotes and dashes, which end a word */
}

static bool has_word(struct str text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (strncasecmp(text.at + i, word, size) != 0)
            continue;
        if (!word_byte(&text, i + size) && (i == 0 || !word_byte(&text, i - 1)))
            return true;
    }
    return false;
}

static bool says_yes(struct str text)
{
    static const char *const words[] = { "yes", "yeah", "yep", "yup", "confirm", "confirmed",
        "correct", "sure", "go ahead", "proceed", "please do", "ok", "okay" };
    for (unsigned i = 0; i < COUNT_OF(words); i++)
        if (has_word(text, words[i]))
            return true;
    return false;
}

void find_write_without_yes(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    const struct run_message *said = NULL, *asked = NULL; /* latest; that yes is about */
    bool yes = false;
    uint32_t message = 0;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        for (; message < at.message_index; message++)
            if (run->messages[message].role == RUN_USER)
                said = &run->messages[message];
        if (!writes(run, at.call->name))
            continue;
        if (said != asked)
            yes = says_yes(said->text);
        asked = said;
        if (!yes)
            detect_hit_call(run, &at, sink, with);
    }
}

void find_required_write_missing(const struct run *run, detect_sink sink, void *with)
{
    struct run_at at;
    bool expected = false;
    JSON_EACH(action, json_get(run->meta, "actions"))
    if (writes(run, json_string(run->arena, json_get(action, "name"))))
        expected = true;
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);)
        if (writes(run, at.call->name) && succeeded(at.call))
            return;
    if (expected)
        detect_hit_run(sink, with);
}
