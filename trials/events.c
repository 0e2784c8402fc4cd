/* events - entries of the journal as a run's events. See events.h.
 *
 * Order of rows is what detectors go by; times are compared with each other only. */
#include "trials/events.h"

#include "base/mem.h"
#include "base/names.h"
#include "wire/words.h"

#include <string.h>

static const struct json_limits lenient = { .duplicates = true };

static struct run_event *new_event(struct run *run)
{
    if (run->events_count == run->events_room) {
        uint32_t room = run->events_room ? run->events_room * 2 : 64;
        struct run_event *grown = arena_alloc(run->arena, room * sizeof(*grown));
        if (run->events_count > 0)
            memcpy(grown, run->events, run->events_count * sizeof(*grown));
        run->events = grown;
        run->events_room = room;
    }
    return &run->events[run->events_count++];
}

/* The first step of a turn that is not before `turn`: turns stand in order. */
static uint32_t first_of(const struct run *run, uint32_t turn)
{
    uint32_t low = 0, high = run->steps_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (run_step(run, middle)->turn < turn)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* By how many requests the turn has made: a reply that was asked for again has no step of its own,
 * so that what is behind it belongs to the last one. */
static uint32_t step_of(const struct run *run, const struct run_event *event)
{
    uint32_t first = first_of(run, event->turn), count = first_of(run, event->turn + 1) - first;
    uint32_t at = event->requests > 0 ? event->requests - 1 : 0;
    return count == 0 ? UINT32_MAX : first + (at < count ? at : count - 1);
}

static struct str word(struct run *run, const struct json *data, const char *key)
{
    return json_string(run->arena, json_get(data, key));
}

static void read_parts(struct run *run, struct run_event *event, const struct json *list)
{
    struct run_part *parts =
        arena_alloc(run->arena, ((list ? list->count : 0) + 1) * sizeof *parts);
    JSON_EACH(item, list)
    {
        struct run_part *part = &parts[event->parts_count++];
        bool named = json_is(item, JSON_ARRAY) && item->count == 2;
        *part = (struct run_part){ .bytes = item->raw };
        if (named) {
            *part = (struct run_part){ .from = (uint32_t)json_int(&item[1], 0),
                .count = (uint32_t)json_int(&item[2], 0) };
        }
    }
    event->parts = parts;
}

static bool read_hook(struct run *run, struct run_event *event, const struct json *data)
{
    int hook = NAME_FIND(words_hook, word(run, data, "hook"));
    int action = NAME_FIND(words_action, word(run, data, "action"));
    event->kind = RUN_EVENT_HOOK;
    event->hook = (uint8_t)hook;
    event->action = (uint8_t)action;
    return hook >= 0 && action >= 0;
}

static bool read_effect(struct run *run, struct run_event *event, const struct json *data)
{
    const struct json *asked = json_get(data, "asked");
    int kind = NAME_FIND(words_effect, word(run, data, "effect"));
    event->kind = kind == WIRE_MODEL    ? RUN_EVENT_REQUEST
                  : kind == WIRE_NESTED ? RUN_EVENT_NESTED
                                        : RUN_EVENT_ASKED;
    event->tokens =
        (uint64_t)json_int(json_get(json_get(asked, "used"), "tokens"), (int64_t)event->tokens);
    event->requests += kind == WIRE_MODEL;
    event->model = (uint32_t)json_int(json_get(asked, "number"), 0);
    if (kind == WIRE_MODEL)
        read_parts(run, event, json_get(asked, "parts"));
    return kind > 0;
}

static bool read_end(struct run *run, struct run_event *event, const struct json *data)
{
    int how = NAME_FIND(words_ended, word(run, data, "how"));
    event->kind = RUN_EVENT_END;
    event->how = (uint8_t)how;
    run->step_limit |= how == WIRE_ENDED_LIMIT;
    return how > 0;
}

static const struct kind {
    const char *word;
    bool (*read)(struct run *run, struct run_event *event, const struct json *data);
} kinds[] = { { "hook", read_hook }, { "effect", read_effect }, { "end", read_end } };

static bool read_entry(struct run *run, struct run_event *event, const struct journal_entry *entry)
{
    const struct run_event *last = run->events_count ? &run->events[run->events_count - 1] : NULL;
    *event = (struct run_event){ .turn = entry->ordinal, .at_ms = entry->at_ms };
    if (last && last->turn == event->turn) { /* what is counted over a turn goes on */
        event->requests = last->requests;
        event->tokens = last->tokens;
    }
    if (str_equal(entry->kind, STR("result"))) { /* its bytes are a message's, or nobody's here */
        event->kind = RUN_EVENT_GIVEN;
        return true;
    }
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        if (!str_equal(entry->kind, str_of(kinds[i].word)))
            continue;
        struct str text = { arena_string(run->arena, entry->data.at, entry->data.size),
            entry->data.size };
        const struct json *data = json_read(run->arena, text, &lenient, NULL);
        return data && kinds[i].read(run, event, data);
    }
    return false;
}

void events_add(struct run *run, const struct journal_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count && run->events_count < EVENTS_MAX; i++) {
        struct run_event event;
        if (!read_entry(run, &event, &entries[i]))
            continue;
        struct run_event *added = new_event(run);
        *added = event;
        added->step = step_of(run, &event);
    }
}
