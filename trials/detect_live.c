/* detect_live - what only a live session's rows show: hooks that failed, were slow or were
 * overruled, what a turn cost, what its requests left of the prompt before; and a person's word
 * that it went wrong. All of it is observed: it rests on testimony and times, and on words. */
#include "trials/detect_find.h"

#include "base/mem.h"
#include "trials/call_set.h"
#include "wire/effect.h"

#include "sdk/moult.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- hooks */

void find_hook_failed(const struct run *run, detect_sink sink, void *with)
{
    for (uint32_t i = 0; i < run->events_count; i++)
        if (run->events[i].kind == RUN_EVENT_HOOK && run->events[i].action == WIRE_ACTION_FAILED)
            detect_hit_step(run->events[i].step, sink, with);
}

enum { SLOW_MS = 1000 };

/* From a result in the worker's hands to what it asks for next there is nothing but its hooks. */
void find_hook_slow(const struct run *run, detect_sink sink, void *with)
{
    const struct run_event *given = NULL;
    for (uint32_t i = 0; i < run->events_count; i++) {
        const struct run_event *event = &run->events[i];
        if (given && event->turn != given->turn)
            given = NULL;
        if (event->kind == RUN_EVENT_HOOK)
            continue;
        if (given && event->kind != RUN_EVENT_GIVEN && event->at_ms > given->at_ms + SLOW_MS)
            detect_hit_step(event->step, sink, with);
        given = event->kind == RUN_EVENT_GIVEN ? event : NULL;
    }
}

/* Turns, by ordinal, in which before_tool said no. */
static bool *turns_denied(const struct run *run, uint32_t *ret_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->events_count; i++)
        if (run->events[i].turn >= count && run->events[i].turn < WIRE_MESSAGES_MAX)
            count = run->events[i].turn + 1;
    bool *denied = mem_zero(count + 1, sizeof(*denied));
    for (uint32_t i = 0; i < run->events_count; i++) {
        const struct run_event *event = &run->events[i];
        if (event->kind == RUN_EVENT_HOOK && event->hook == MOULT_BEFORE_TOOL &&
            event->action == MOULT_DENY && event->turn < count)
            denied[event->turn] = true;
    }
    *ret_count = count;
    return denied;
}

/* A denied call that is carried out when the person has spoken: who asked for it wanted it. */
void find_hook_overruled(const struct run *run, detect_sink sink, void *with)
{
    CLEANUP(call_set_done) struct call_set set;
    uint32_t count, message = 0, since = 0;
    bool *denied = turns_denied(run, &count);
    struct run_at at;
    call_set_begin(&set, run);
    for (struct run_cursor cursor = { 0 }; run_next_call(run, &cursor, &at);) {
        struct call_place *place = call_set_place(&set, at.call);
        if (detect_spoken(run, &message, at.message_index))
            since = at.message_index;
        if (at.call->result < 0)
            continue;
        if (run->messages[at.call->result].built && at.message->turn < count &&
            denied[at.message->turn])
            *place = (struct call_place){ .call = at.call, .message = at.message_index };
        else if (place->call && place->message < since && !at.call->failed) {
            detect_hit_call(run, &at, sink, with);
            place->message = at.message_index; /* once a denial */
        }
    }
    free(denied);
}

/* --- what a turn costs */

enum { COST_TURNS = 8, COST_TIMES = 3 };

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Against the median of the session's turns: what a question costs depends on who asks it. */
void find_cost_out_of_line(const struct run *run, detect_sink sink, void *with)
{
    uint64_t *tokens = mem_zero(run->events_count + 1, sizeof(*tokens));
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->events_count; i++)
        if (run->events[i].kind == RUN_EVENT_END && run->events[i].tokens > 0)
            tokens[count++] = run->events[i].tokens;
    qsort(tokens, count, sizeof(*tokens), by_size);
    uint64_t bound = count >= COST_TURNS ? COST_TIMES * tokens[count / 2] : UINT64_MAX;
    for (uint32_t i = 0; i < run->events_count; i++)
        if (run->events[i].kind == RUN_EVENT_END && run->events[i].tokens > bound)
            detect_hit_step(run->events[i].step, sink, with);
    free(tokens);
}

/* --- what a request keeps of the one before it */

/* What a build said at the end, for this request alone, is no part of what could be kept. */
static uint32_t lasting_parts(const struct run_event *request)
{
    uint32_t count = request->parts_count;
    while (count > 0 && request->parts[count - 1].count == 0)
        count--;
    return count;
}

/* Where a comparison of two requests stands in one of them. */
struct place {
    const struct run_part *part, *end;
    uint32_t done; /* messages of that part */
};

static void go_on(struct place *place, uint32_t messages)
{
    place->done += messages;
    if (place->done >= place->part->count) {
        place->part++;
        place->done = 0;
    }
}

/* How many messages from here on are the same in both; 0: none is. */
static uint32_t same_here(const struct place *a, const struct place *b)
{
    uint32_t left = a->part->count - a->done, other = b->part->count - b->done;
    if (a->part->count == 0 || b->part->count == 0)
        return a->part->count == b->part->count && str_equal(a->part->bytes, b->part->bytes);
    if (a->part->from + a->done != b->part->from + b->done)
        return 0;
    return left < other ? left : other;
}

/* By the stretches that they name: a conversation is long, and so is each request of it. */
static bool begins_with(const struct run_event *request, const struct run_event *before)
{
    struct place now = { request->parts, request->parts + request->parts_count, 0 };
    struct place then = { before->parts, before->parts + lasting_parts(before), 0 };
    while (then.part < then.end) {
        uint32_t same = now.part < now.end ? same_here(&now, &then) : 0;
        if (same == 0)
            return false;
        go_on(&now, same);
        go_on(&then, same);
    }
    return true;
}

void find_prefix_broken(const struct run *run, detect_sink sink, void *with)
{
    const struct run_event *before = NULL;
    for (uint32_t i = 0; i < run->events_count; i++) {
        const struct run_event *event = &run->events[i];
        if (event->kind != RUN_EVENT_REQUEST)
            continue;
        if (before && before->model == event->model && !begins_with(event, before))
            detect_hit_step(event->step, sink, with);
        before = event;
    }
}

/* Of the conversation's messages, how many it names. */
static uint64_t named(const struct run_event *request)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < request->parts_count; i++)
        count += request->parts[i].count;
    return count;
}

/* Fewer messages than the request before, and no hook of the turn had asked for anything that could
 * have kept what they say. */
void find_shortened_unflushed(const struct run *run, detect_sink sink, void *with)
{
    const struct run_event *before = NULL;
    uint32_t flushed = UINT32_MAX; /* the turn in which a hook asked */
    for (uint32_t i = 0; i < run->events_count; i++) {
        const struct run_event *event = &run->events[i];
        if (event->kind == RUN_EVENT_NESTED)
            flushed = event->turn;
        if (event->kind != RUN_EVENT_REQUEST)
            continue;
        if (before && named(event) < named(before) && flushed != event->turn)
            detect_hit_step(event->step, sink, with);
        before = event;
    }
}

/* --- a person's word */

enum { CORRECTION_MAX = 240 };

static bool corrects(struct str text)
{
    static const char *const phrases[] = { "no, ", "no. ", "no that", "that's wrong",
        "that is wrong", "this is wrong", "wrong.", "wrong,", "that's not what", "that is not what",
        "not what i", "i said ", "i asked ", "i meant ", "you didn't", "you did not", "nein,",
        "nein.", "falsch", "das stimmt nicht", "das ist falsch", "ich habe gesagt", "ich meinte" };
    text = str_trim(text);
    for (unsigned i = 0; i < COUNT_OF(phrases) && text.size <= CORRECTION_MAX; i++) {
        size_t size = strlen(phrases[i]);
        if (text.size >= size && strncasecmp(text.at, phrases[i], size) == 0)
            return true;
    }
    return false;
}

/* At the answer that the next message corrects. People complain; they press no button. */
void find_person_corrects(const struct run *run, detect_sink sink, void *with)
{
    for (uint32_t step = 0; step < run->steps_count; step++) {
        const struct run_message *reply = run_step(run, step);
        uint32_t next = run->steps[step] + 1;
        if (!reply->error && reply->calls_count == 0 && next < run->messages_count &&
            run->messages[next].role == RUN_USER && corrects(run->messages[next].text))
            detect_hit_step(step, sink, with);
    }
}
