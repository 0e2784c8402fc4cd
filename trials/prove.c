/* prove - see prove.h. */
#include "trials/prove.h"

#include "base/json.h"
#include "base/mem.h"
#include "trials/builds.h"
#include "trials/seat.h"
#include "wire/words.h"

#include <stdio.h>
#include <stdlib.h>

enum { NONE = UINT32_MAX };

struct proving {
    struct past *past;
    const struct prove_plan *plan;
    struct proof *proof;
    struct seat seat;
    struct builds builds;
    struct arena arena; /* of one message */
    uint64_t lease;
    uint32_t at;      /* the recorded effect that comes next */
    uint32_t *places; /* recorded effects by the numbers that this worker gave */
    uint32_t places_count;
    bool over; /* the worker has said END */
};

/* --- what was asked then, and now */

static struct str text(struct proving *p, const struct json *object, const char *key)
{
    return json_string(&p->arena, json_get(object, key));
}

static const char *compare_model(
    struct proving *p, const struct past_effect *then, const struct wire_effect *now)
{
    CLEANUP(buf_done) struct buf parts = { 0 };
    buf_char(&parts, '[');
    for (uint32_t i = 0; i < now->parts_count; i++) {
        const struct wire_part *part = &now->parts[i];
        if (i)
            buf_char(&parts, ',');
        if (part->count)
            buf_format(&parts, "[%u,%u]", part->from, part->count);
        else
            buf_str(&parts, part->bytes);
    }
    buf_char(&parts, ']');
    const struct json *list = json_read(&p->arena, buf_view(&parts), NULL, NULL);
    if (json_int(json_get(then->asked, "number"), -1) != now->model)
        return "another model";
    const struct json *was = json_get(then->asked, "parts");
    return list && was && json_equal(list, was) ? NULL : "another request to the model";
}

static bool same_call(struct proving *p, const struct json *then, const struct wire_call *now)
{
    const struct json *function = json_get(then, "function");
    return str_equal(text(p, then, "id"), now->id) &&
           str_equal(text(p, function, "name"), now->name) &&
           str_equal(text(p, function, "arguments"), now->args);
}

static const char *compare_hand(
    struct proving *p, const struct past_effect *then, const struct wire_effect *now)
{
    const struct json *message = json_get(then->asked, "message");
    const struct json *calls = json_get(message, "tool_calls");
    if (json_bool(json_get(then->asked, "same"), false) != now->same)
        return "the reply was changed, or was not";
    if (now->same) { /* it names the reply: the one that was handed then? */
        const struct json *reply = NULL;
        if (now->reply < p->places_count && p->places[now->reply] != NONE)
            reply = json_read(
                &p->arena, p->past->effects[p->places[now->reply]].result.bytes, NULL, NULL);
        const struct json *said = json_get(reply, "tool_calls");
        bool equal = str_equal(text(p, reply, "content"), text(p, message, "content")) &&
                     (calls ? calls->count : 0) == (said ? said->count : 0);
        return reply && equal ? NULL : "another reply is handed over";
    }
    if (!str_equal(text(p, message, "content"), now->text))
        return "another text";
    uint32_t i = 0;
    JSON_EACH(call, calls)
    {
        if (i >= now->calls_count || !same_call(p, call, &now->calls[i++]))
            return "other calls";
    }
    return i == now->calls_count ? NULL : "other calls";
}

static const char *compare_tool(
    struct proving *p, const struct past_effect *then, const struct wire_effect *now)
{
    const struct wire_call *call = now->calls;
    bool equal = now->calls_count == 1 && str_equal(text(p, then->asked, "call"), call->id) &&
                 str_equal(text(p, then->asked, "tool"), call->name) &&
                 str_equal(text(p, then->asked, "arguments"), call->args);
    return equal ? NULL : "another call";
}

/* A hook asks a tool, or a model with one prompt; of the latter the journal has the request. */
static const char *compare_nested(
    struct proving *p, const struct past_effect *then, const struct wire_effect *now)
{
    struct str tool = text(p, then->asked, "tool");
    bool equal = !tool.at || (str_equal(tool, now->name) &&
                                 str_equal(text(p, then->asked, "arguments"), now->body));
    return equal ? NULL : "a hook asks for something else";
}

static const char *compare_person(
    struct proving *p, const struct past_effect *then, const struct wire_effect *now)
{
    return str_equal(text(p, then->asked, "question"), now->body) ? NULL : "another question";
}

static const char *compare_wait(
    struct proving *p, const struct past_effect *then, const struct wire_effect *now)
{
    (void)p;
    return json_int(json_get(then->asked, "ms"), -1) == now->ms ? NULL : "another pause";
}

static const char *(*const compares[])(
    struct proving *, const struct past_effect *, const struct wire_effect *) = {
    [WIRE_MODEL] = compare_model,
    [WIRE_HAND] = compare_hand,
    [WIRE_TOOL] = compare_tool,
    [WIRE_NESTED] = compare_nested,
    [WIRE_PERSON] = compare_person,
    [WIRE_WAIT] = compare_wait,
};

static const char *compare(struct proving *p, const struct wire_effect *now)
{
    if (p->at >= p->past->effects_count)
        return "it asks for more than was recorded";
    const struct past_effect *then = &p->past->effects[p->at];
    const struct wire_effect *id = &then->id;
    if (id->kind != now->kind || id->step != now->step || id->index != now->index ||
        id->attempt != now->attempt || !hash_equal(&id->build, &now->build))
        return "another effect";
    return compares[now->kind](p, then, now);
}

static void differs(struct proving *p, const struct wire_effect *now, const char *what)
{
    const struct past_effect *then =
        p->at < p->past->effects_count ? &p->past->effects[p->at] : NULL;
    snprintf(p->proof->why, sizeof p->proof->why,
        "effect %u: %s: recorded %s of step %u, now %s of step %u", p->at, what,
        then ? words_effect[then->id.kind] : "none", then ? then->id.step : 0,
        words_effect[now->kind], now->step);
}

/* --- to the worker */

static int sit_down(struct proving *p, const struct digest *generation, struct err *err)
{
    seat_stop(&p->seat);
    builds_done(&p->builds);
    p->builds = (struct builds){ 0 };
    int rc = builds_named(&p->builds, p->plan->journal, p->plan->home, generation, err);
    if (rc < 0)
        return rc;
    const struct replay_arm arm = { .worker = p->plan->worker,
        .builds = p->builds.list,
        .builds_count = p->builds.count,
        .pipeline = "order",
        .tier = p->plan->tier };
    p->proof->generations++;
    return seat_start(&p->seat, &arm, err);
}

/* As the broker does: the dice of a turn are its own. */
static uint64_t seed_of(const struct past *past)
{
    return hash_fast(&past->turn, sizeof past->turn, hash_fast("moult-turn", 10, 0));
}

static bool from_user(struct proving *p, const struct wire_put *put)
{
    const struct json *last =
        put->messages_count
            ? json_read(&p->arena, put->messages[put->messages_count - 1].bytes, NULL, NULL)
            : NULL;
    return str_equal(text(p, last, "role"), STR("user"));
}

/* The turn is given to the worker before effect `at`. */
static int begin(struct proving *p, bool resumed, struct err *err)
{
    struct past *past = p->past;
    struct wire open = { WIRE_OPEN, .open = { .lease = ++p->lease,
                                        .kind = past->session.gateway ? WIRE_GATEWAY : WIRE_HOSTED,
                                        .seed = seed_of(past),
                                        .steps_max = p->plan->steps_max,
                                        .tools = past->session.tools,
                                        .models = past_models(past) } };
    struct wire put = { WIRE_PUT, .put = { .lease = p->lease } };
    past_begin(past, p->at, resumed, &put.put, &open.open);
    const struct wire run = { WIRE_RUN,
        .run = { .lease = p->lease,
            .turn_start = p->at == 0 && !resumed && from_user(p, &put.put),
            .resumed = resumed } };
    p->over = false;
    for (uint32_t i = 0; i < p->places_count; i++)
        p->places[i] = NONE;
    int rc = frame_put(&p->seat.channel, &open, err);
    if (rc == 0)
        rc = frame_put(&p->seat.channel, &put, err);
    return rc < 0 ? rc : frame_put(&p->seat.channel, &run, err);
}

static int deliver(
    struct proving *p, uint32_t number, const struct past_effect *then, struct err *err)
{
    struct wire result = { WIRE_RESULT, .result = then->result };
    result.result.lease = p->lease;
    result.result.effect = number;
    return frame_put(&p->seat.channel, &result, err);
}

/* --- from the worker */

static void note_place(struct proving *p, uint32_t number)
{
    if (number < p->places_count)
        p->places[number] = p->at;
}

/* Is the next effect asked for by another generation? Then the turn moved before it had this one's
 * result. */
static bool moves(const struct proving *p)
{
    const struct past *past = p->past;
    return p->at + 1 < past->effects_count &&
           !hash_equal(&past->effects[p->at].generation, &past->effects[p->at + 1].generation);
}

/* 1: go on, 0: this was the end. */
static int take_effect(struct proving *p, const struct wire_effect *now, struct err *err)
{
    const char *what = compare(p, now);
    p->proof->effects++;
    if (what) {
        differs(p, now, what);
        return 0;
    }
    p->proof->same++;
    note_place(p, now->number);
    const struct past_effect *then = &p->past->effects[p->at];
    if (now->kind == WIRE_HAND) {
        p->at++;
        return 1;
    }
    if (!then->answered) {
        p->proof->open = true;
        return 0;
    }
    uint32_t number = now->number;
    if (moves(p)) {
        int rc = sit_down(p, &p->past->effects[p->at + 1].generation, err);
        if (rc == 0)
            rc = begin(p, true, err);
        if (rc == 0)
            rc = 1;
        p->proof->effects--; /* it comes again, from the new worker */
        p->proof->same--;
        p->past->effects[p->at].generation = p->past->effects[p->at + 1].generation;
        return rc;
    }
    int rc = deliver(p, number, then, err);
    p->at++;
    return rc < 0 ? rc : 1;
}

static void take_end(struct proving *p, const struct wire_end *end)
{
    const struct past *past = p->past;
    p->over = true;
    if (p->at < past->effects_count && end->how == WIRE_ENDED_HANDED)
        return; /* its client came back with results */
    if (p->at < past->effects_count)
        snprintf(p->proof->why, sizeof p->proof->why,
            "it ends (%s) before effect %u, which was recorded", words_ended[end->how], p->at);
    else if (past->how.size == 0)
        p->proof->open = true;
    else if (!str_equal(past->how, str_of(words_ended[end->how])))
        snprintf(p->proof->why, sizeof p->proof->why, "it ends as %s; recorded: %.*s",
            words_ended[end->how], (int)past->how.size, past->how.at);
}

static int listen(struct proving *p, struct err *err)
{
    for (;;) {
        struct wire got;
        arena_reset(&p->arena);
        int rc = frame_get(&p->seat.channel, &p->arena, WIRE_FROM_WORKER, &got, err);
        if (rc == 0) {
            snprintf(
                p->proof->why, sizeof p->proof->why, "the worker died before effect %u", p->at);
            return 0;
        }
        if (rc < 0)
            return rc;
        if (got.type == WIRE_FAULT)
            return err_set(err, ERR_PEER, "the worker refuses: %.*s", (int)got.fault.text.size,
                got.fault.text.at);
        if (got.type == WIRE_END) {
            take_end(p, &got.end);
            return 0;
        }
        rc = got.type == WIRE_EFFECT ? take_effect(p, &got.effect, err) : 1;
        if (rc <= 0)
            return rc;
    }
}

static int run_all(struct proving *p, struct err *err)
{
    const struct past *past = p->past;
    int rc = sit_down(p, &past->effects[0].generation, err);
    do {
        if (rc == 0)
            rc = begin(p, false, err);
        if (rc == 0)
            rc = listen(p, err);
    } while (rc == 0 && p->over && p->at < past->effects_count && !p->proof->why[0]);
    return rc;
}

int prove_turn(struct proof *ret, struct past *past, const struct prove_plan *plan, struct err *err)
{
    struct proving p = { .past = past, .plan = plan, .proof = ret };
    *ret = (struct proof){ 0 };
    if (past->effects_count == 0) {
        ret->open = true;
        return 0;
    }
    p.places_count = 4 * past->effects_count + 4;
    p.places = mem_zero(p.places_count, sizeof *p.places);
    int rc = run_all(&p, err);
    seat_done(&p.seat);
    builds_done(&p.builds);
    arena_done(&p.arena);
    free(p.places);
    return rc;
}
