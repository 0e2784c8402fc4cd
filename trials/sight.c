/* sight - see sight.h. */
#include "trials/sight.h"

#include "wire/shown.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct run_message *recorded(const struct sight *sight)
{
    return run_step(sight->run, sight->step);
}

/* The error that is in the reply's place, or NULL. */
static const struct run_error *recorded_error(const struct sight *sight)
{
    return recorded(sight)->error;
}

void sight_begin(
    struct sight *sight, const struct run *run, uint32_t step, uint64_t lease, struct arena *arena)
{
    *sight = (struct sight){ .run = run, .step = step, .lease = lease, .arena = arena };
    sight->edited = UINT32_MAX;
    sight->effects.end = EFFECTS_FAILED;
    sight->effects.prefix = true; /* a request that is not made breaks nothing */
    sight->effects.error = recorded_error(sight) != NULL;
}

static int broken(struct err *err, const char *what)
{
    return err_set(err, ERR_PEER, "protocol: the worker %s", what);
}

static struct str keep(struct sight *sight, struct str bytes)
{
    return (
        struct str){ arena_string(sight->arena, bytes.at ? bytes.at : "", bytes.size), bytes.size };
}

/* --- what the turn settled */

/* A message that a build wrote, read by the code that reads recordings. */
static const struct run_message *read_written(
    struct sight *sight, const struct wire_settled *settled, struct err *err)
{
    struct run *one = run_new(sight->arena);
    if (run_add(one, keep(sight, settled->bytes), false, err) < 0)
        return NULL;
    return one->messages;
}

static void settle_reply(struct sight *sight, const struct run_message *reply)
{
    sight->settled = reply;
    sight->denied = arena_alloc(sight->arena, reply->calls_count + 1);
}

/* A result where the reply has just made the call: it was not handed over. */
static int settle_result(struct sight *sight, const struct run_message *result, struct err *err)
{
    for (uint32_t i = 0; sight->settled && i < sight->settled->calls_count; i++)
        if (!sight->denied[i] && str_equal(sight->settled->calls[i].id, result->tool_call_id)) {
            sight->denied[i] = true;
            return 0;
        }
    return broken(err, "settles the result of a call that nobody made");
}

__attribute__((format(printf, 2, 3))) static void shows(
    struct sight *sight, const char *format, ...)
{
    enum { SHOWS_MAX = 400 };
    struct str *told = &sight->effects.shows;
    va_list args;
    char more[120];
    va_start(args, format);
    int size = vsnprintf(more, sizeof more, format, args);
    va_end(args);
    if (size > 0 && told->size + (size_t)size < SHOWS_MAX)
        *told = str_of(arena_format(sight->arena, "%.*s%s%s", (int)told->size,
            told->at ? told->at : "", told->size ? ";" : "", more));
}

/* Another content for a message that was there. Whatever else of it changes is no such thing. */
static int settle_replaced(struct sight *sight, const struct wire_settled *settled, struct err *err)
{
    uint32_t at = settled->replaces - 1;
    uint64_t *shown = &sight->effects.shown;
    if (at >= run_context(sight->run, sight->step))
        return broken(err, "settles another content of no message");
    if (at < sight->edited)
        sight->edited = at;
    const struct run_message *was = &sight->run->messages[sight->run->told[at]];
    const struct run_message *now = read_written(sight, settled, err);
    bool alike = now && now->role == was->role && str_equal(now->name, was->name) &&
                 str_equal(now->tool_call_id, was->tool_call_id) &&
                 !str_equal(now->text, was->text);
    if (!alike)
        *shown = wire_shown_else(*shown, settled->bytes);
    else
        *shown = wire_shown_result(*shown, at, was->text, now->text);
    shows(sight, " message %u of %zu bytes with %zu", at, was->text.size, now ? now->text.size : 0);
    return 0;
}

static int settle_one(struct sight *sight, const struct wire_settled *settled, struct err *err)
{
    if (settled->replaces > 0)
        return settle_replaced(sight, settled, err);
    if (settled->bytes.size == 0) {
        if (settled->origin != WIRE_FROM_EFFECT || !sight->number || recorded_error(sight) ||
            settled->effect != sight->number)
            return broken(err, "settles the result of an effect that it never had");
        settle_reply(sight, recorded(sight));
        return 0;
    }
    const struct run_message *message = read_written(sight, settled, err);
    if (!message)
        return broken(err, "settles what is no message");
    if (message->role == RUN_RESULT)
        return settle_result(sight, message, err);
    if (message->role != RUN_MODEL)
        return broken(err, "settles a message of another side");
    settle_reply(sight, message);
    return 0;
}

static int settle(
    struct sight *sight, const struct wire_settled *settled, uint32_t count, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = settle_one(sight, &settled[i], err);
    return rc;
}

/* --- what it asks for */

/* How many messages from the first on the request names in their order. */
static uint32_t leading(const struct wire_effect *effect)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        if (effect->parts[i].count == 0 || effect->parts[i].from != at)
            break;
        at += effect->parts[i].count;
    }
    return at;
}

static struct digest request_digest(const struct wire_effect *effect)
{
    struct hash_state hash;
    hash_begin(&hash);
    hash_add(&hash, &effect->model, sizeof effect->model);
    hash_add(&hash, &effect->tools.size, sizeof effect->tools.size);
    hash_add(&hash, effect->tools.at, effect->tools.size);
    for (uint32_t i = 0; i < effect->parts_count; i++) {
        const struct wire_part *part = &effect->parts[i];
        hash_add(&hash, &part->from, sizeof part->from);
        hash_add(&hash, &part->count, sizeof part->count);
        hash_add(&hash, &part->bytes.size, sizeof part->bytes.size);
        hash_add(&hash, part->bytes.at, part->bytes.size);
    }
    return hash_end(&hash);
}

/* The alias that was asked first: of an error that was not the first of its step, nothing says. */
static bool own_model(const struct sight *sight, uint32_t model)
{
    const struct run_error *error = recorded_error(sight);
    return !error ? model == 0 : error->attempt > 0 || model == error->model;
}

static uint64_t leave_out(struct sight *sight, uint64_t shown, uint32_t from, uint32_t to)
{
    if (from < to)
        shows(sight, from + 1 < to ? " without messages %u to %u" : " without message %u", from,
            to - 1);
    for (; from < to; from++)
        shown = wire_shown_without(shown, from);
    return shown;
}

/* What it names of the conversation in order, then what was added. False: in another order. */
static bool fold_parts(struct sight *sight, const struct wire_effect *effect, uint64_t *shown)
{
    uint32_t at = 0, i = 0, context = run_context(sight->run, sight->step);
    for (; i < effect->parts_count && effect->parts[i].count > 0; i++) {
        const struct wire_part *part = &effect->parts[i];
        if (part->from < at || part->from > context || part->count > context - part->from)
            return false;
        *shown = leave_out(sight, *shown, at, part->from);
        at = part->from + part->count;
    }
    *shown = leave_out(sight, *shown, at, context);
    for (; i < effect->parts_count; i++) {
        if (effect->parts[i].count > 0)
            return false;
        *shown = wire_shown_added(*shown, effect->parts[i].bytes);
        shows(sight, " %zu bytes more", effect->parts[i].bytes.size);
    }
    return true;
}

/* The first request gets the recorded answer, whatever it is like: what it is like is a fact. */
static int take_request(struct sight *sight, const struct wire_effect *effect)
{
    struct effects *seen = &sight->effects;
    bool own = own_model(sight, effect->model);
    sight->number = effect->number;
    if (!fold_parts(sight, effect, &seen->shown)) {
        struct digest whole = request_digest(effect);
        seen->shown =
            wire_shown_else(seen->shown, (struct str){ (const char *)whole.at, sizeof whole.at });
    }
    seen->shown = wire_shown_asked(seen->shown, own, effect->model, effect->tools);
    seen->request_same = seen->shown == 0;
    seen->prefix = own && effect->tools.size == 0 && sight->edited == UINT32_MAX &&
                   leading(effect) >= run_context(sight->run, sight->step);
    return SIGHT_REPLY;
}

static int diverge(struct sight *sight)
{
    sight->diverged = true;
    sight->effects.end = EFFECTS_ASKED;
    return SIGHT_NO_ANSWER;
}

/* A question of a hook, or a pause before another attempt: no recording has its answer. */
static int take_question(struct sight *sight, const struct wire_effect *effect, struct err *err)
{
    (void)err;
    const struct str parts[] = { { (const char *)&effect->kind, 1 }, effect->name, effect->body,
        { (const char *)&effect->model, sizeof effect->model } };
    sight->effects.asked = hash_parts(parts, sizeof parts / sizeof parts[0]);
    return diverge(sight);
}

/* An error of attempt N stands for N + 1 requests that failed: so many are answered by it. The one
 * behind them is another's world; how it stands to the last that failed is what is seen. */
static int take_retry(struct sight *sight, const struct wire_effect *effect)
{
    const struct run_error *error = recorded_error(sight);
    if (sight->requests++ <= error->attempt) {
        sight->waited_ms = 0;
        return SIGHT_REPLY;
    }
    sight->effects.again = (uint8_t)effects_again(error, effect->model, sight->waited_ms);
    return diverge(sight);
}

static int take_model(struct sight *sight, const struct wire_effect *effect, struct err *err)
{
    (void)err;
    if (sight->number)
        return recorded_error(sight) ? take_retry(sight, effect) : diverge(sight);
    sight->requests = 1;
    return take_request(sight, effect);
}

/* A pause behind an error goes by; there is no other that a recording knows. */
static int take_wait(struct sight *sight, const struct wire_effect *effect, struct err *err)
{
    if (!sight->number || !recorded_error(sight))
        return take_question(sight, effect, err);
    sight->waited_ms = effect->ms;
    return SIGHT_WAITED;
}

/* The calls of the settled reply, with those that were denied. */
static void take_calls(struct sight *sight)
{
    struct effects *seen = &sight->effects;
    const struct run_message *reply = sight->settled;
    uint32_t count = reply ? reply->calls_count : 0;
    seen->calls = arena_alloc(sight->arena, (count + 1) * sizeof *seen->calls);
    seen->calls_count = count;
    for (uint32_t i = 0; i < count; i++)
        seen->calls[i] =
            (struct effects_call){ reply->calls[i].name, reply->calls[i].args, sight->denied[i] };
}

/* What leaves must be what was settled: else the next request would rest on something that the
 * client never saw. */
static int compare_handed(struct sight *sight, const struct wire_effect *effect, struct err *err)
{
    const struct effects *seen = &sight->effects;
    uint32_t at = 0;
    for (uint32_t i = 0; i < seen->calls_count; i++) {
        if (seen->calls[i].denied)
            continue;
        if (!effect->same &&
            (at == effect->calls_count || !str_equal(seen->calls[i].name, effect->calls[at].name) ||
                !str_equal(seen->calls[i].args, effect->calls[at].args)))
            return broken(err, "hands over other calls than it settles");
        at++;
    }
    sight->handed_calls = at;
    if (!effect->same && at != effect->calls_count)
        return broken(err, "hands over calls that it does not settle");
    return 0;
}

static bool like_recorded(const struct sight *sight)
{
    const struct run_message *reply = recorded(sight);
    const struct effects *seen = &sight->effects;
    bool same = !reply->error && str_equal(seen->text, reply->text) &&
                seen->calls_count == reply->calls_count;
    for (uint32_t i = 0; same && i < seen->calls_count; i++)
        same = !seen->calls[i].denied && str_equal(seen->calls[i].name, reply->calls[i].name) &&
               str_equal(seen->calls[i].args, reply->calls[i].args);
    return same;
}

static int take_hand(struct sight *sight, const struct wire_effect *effect, struct err *err)
{
    struct effects *seen = &sight->effects;
    if (!sight->settled)
        return broken(err, "hands over what it did not settle");
    if (effect->same &&
        (!sight->number || recorded_error(sight) || effect->reply != sight->number ||
            effect->text.size > 0 || effect->calls_count > 0))
        return broken(err, "names a reply that it never had");
    if (effect->same && sight->settled != recorded(sight))
        return broken(err, "calls a changed reply the same");
    take_calls(sight);
    seen->text = effect->same ? recorded(sight)->text : keep(sight, effect->text);
    int rc = compare_handed(sight, effect, err);
    if (rc < 0)
        return rc;
    sight->handed = true;
    seen->same = sight->number && like_recorded(sight);
    return effect->same && !seen->same ? broken(err, "calls a changed reply the same") : SIGHT_WAIT;
}

/* What a step of a gateway session may ask for. */
static int (*const may_ask[])(
    struct sight *sight, const struct wire_effect *effect, struct err *err) = {
    [WIRE_MODEL] = take_model,
    [WIRE_HAND] = take_hand,
    [WIRE_TOOL] = NULL, /* the client carries calls out */
    [WIRE_NESTED] = take_question,
    [WIRE_PERSON] = take_question,
    [WIRE_WAIT] = take_wait,
};

static int take_effect(struct sight *sight, const struct wire_effect *effect, struct err *err)
{
    if (effect->kind >= sizeof may_ask / sizeof may_ask[0] || !may_ask[effect->kind])
        return broken(err, "asks for an effect that it may not have");
    if (sight->handed || sight->diverged)
        return broken(err, "asks for more when its step is over");
    int rc = settle(sight, effect->settled, effect->settled_count, err);
    return rc < 0 ? rc : may_ask[effect->kind](sight, effect, err);
}

/* --- how it ended */

/* The end must fit what was seen before it. */
static int end_of(const struct sight *sight, uint8_t how)
{
    switch (how) {
    case WIRE_ENDED_ANSWERED:
        return sight->handed && sight->handed_calls == 0 ? EFFECTS_ANSWERED : -1;
    case WIRE_ENDED_HANDED:
        return sight->handed && sight->handed_calls > 0 ? EFFECTS_HANDED : -1;
    case WIRE_ENDED_REFUSED:
        return sight->handed && sight->handed_calls == 0 ? EFFECTS_REFUSED : -1;
    case WIRE_ENDED_FAILED:
    case WIRE_ENDED_LIMIT:
        return sight->handed ? -1 : EFFECTS_FAILED;
    case WIRE_ENDED_DIVERGED:
        return sight->diverged ? EFFECTS_ASKED : -1;
    default:
        return -1;
    }
}

static bool error_as_recorded(const struct sight *sight)
{
    const struct run_error *error = recorded_error(sight);
    const struct effects *seen = &sight->effects;
    if (!sight->number)
        return false;
    if (!error->again)
        return seen->end == EFFECTS_FAILED;
    return seen->end == EFFECTS_ASKED &&
           seen->again == effects_again(error, error->again_model, error->again_ms);
}

static int take_end(struct sight *sight, const struct wire_end *end, struct err *err)
{
    int rc = settle(sight, end->settled, end->settled_count, err);
    if (rc < 0)
        return rc;
    int how = end_of(sight, end->how);
    if (how < 0 || (sight->diverged && how != EFFECTS_ASKED))
        return broken(err, "says another end than what was seen");
    if (!sight->handed && sight->settled) {
        take_calls(sight);
        sight->effects.text = sight->settled->text;
    }
    sight->effects.end = (uint8_t)how;
    if (sight->effects.error)
        sight->effects.same = error_as_recorded(sight);
    sight->effects.hook_failed = sight->failed_hook;
    if (sight->failed_hook)
        sight->effects.end = EFFECTS_ABNORMAL;
    effects_seal(&sight->effects);
    return SIGHT_OVER;
}

/* Testimony, but against itself: a hook that failed. The first says why; more of them cost nothing.
 */
static void take_event(struct sight *sight, const struct wire_event *event)
{
    if (event->action != WIRE_ACTION_FAILED || sight->failed_hook)
        return;
    sight->failed_hook = true;
    sight->effects.why = str_of(arena_format(
        sight->arena, "hook %u failed: %.*s", event->hook, (int)event->why.size, event->why.at));
}

int sight_take(struct sight *sight, const struct wire *message, struct err *err)
{
    switch (message->type) {
    case WIRE_EFFECT:
        return take_effect(sight, &message->effect, err);
    case WIRE_END:
        sight->effects.cover = message->end.cover;
        return take_end(sight, &message->end, err);
    case WIRE_EVENT:
        take_event(sight, &message->event);
        return SIGHT_WAIT;
    case WIRE_FAULT:
        return err_set(err, ERR_PEER, "the worker refuses: %.*s", (int)message->fault.text.size,
            message->fault.text.at);
    default:
        return broken(err, "says what has no place here");
    }
}

uint32_t sight_holds(const struct sight *sight)
{
    uint32_t count = run_context(sight->run, sight->step) + (sight->settled == recorded(sight));
    return sight->edited < count ? sight->edited : count;
}

void sight_abnormal(struct sight *sight, const char *why)
{
    sight->effects = (struct effects){ .end = EFFECTS_ABNORMAL,
        .prefix = true,
        .error = recorded_error(sight) != NULL,
        .why = str_of(arena_format(sight->arena, "%s", why)) };
    effects_seal(&sight->effects);
}
