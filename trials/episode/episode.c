/* episode - see episode.h. The turns of a play, and the worker that runs them. */
#include "trials/episode/episode.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/episode/playing.h"
#include "trials/marks.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MS_NS = 1000000,
    THINK_MS = 10000, /* that a worker may take between what it is told and what it says */
    WALL_S = 600,
    STEPS_MAX = 200,
    CALLS_MAX = 10000,
};

/* --- to the worker */

static struct str tools_of(struct playing *p)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    if (!p->run->offered || !p->run->tools)
        return (struct str){ 0 };
    run_tools_print(&text, p->run->tools);
    return (struct str){ arena_string(p->arena, text.at, text.size), text.size };
}

static struct str models_of(struct playing *p)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct case_settings *settings = &p->of->settings;
    buf_char(&text, '[');
    for (uint32_t i = 0; i < settings->models_count; i++) {
        if (i > 0)
            buf_char(&text, ',');
        json_quote(&text, settings->models[i]);
    }
    if (settings->models_count == 0)
        buf_text(&text, "\"main\"");
    buf_char(&text, ']');
    return (struct str){ arena_string(p->arena, text.at, text.size), text.size };
}

static uint32_t steps_max(const struct playing *p)
{
    uint32_t own = p->of->settings.limits.steps;
    return own ? own : p->plan->steps_max ? p->plan->steps_max : STEPS_MAX;
}

static int open_session(struct playing *p, struct err *err)
{
    struct wire_state states[WIRE_PLUGINS_MAX];
    const struct wire open = { WIRE_OPEN, .open = { .lease = ++p->lease,
                                              .kind = WIRE_HOSTED,
                                              .seed = p->plan->seed,
                                              .steps_max = steps_max(p),
                                              .tools = tools_of(p),
                                              .models = models_of(p),
                                              .states = states,
                                              .states_count = said_states(&p->talk, states) } };
    p->held = 0;
    return frame_put(&p->seat->channel, &open, err);
}

/* In as many frames as it takes: a conversation may be larger than one. */
static int put_messages(struct playing *p, struct err *err)
{
    enum { ROOM = WIRE_FRAME_MAX - 4096, HEAD = 16 };
    int rc = 0;
    while (rc == 0 && p->held < p->talk.count) {
        size_t size = 0;
        uint32_t count = 0;
        for (; p->held + count < p->talk.count; count++) {
            size += p->talk.messages[p->held + count].bytes.size + HEAD;
            if (count > 0 && size > ROOM)
                break;
        }
        const struct wire put = { WIRE_PUT,
            .put = { p->lease, p->held, p->talk.messages + p->held, count } };
        rc = frame_put(&p->seat->channel, &put, err);
        p->held += count;
    }
    return rc;
}

static uint32_t elapsed_ms(const struct playing *p)
{
    return p->episode->waited_ms < UINT32_MAX ? (uint32_t)p->episode->waited_ms : UINT32_MAX;
}

static int start_run(struct playing *p, bool resumed, struct err *err)
{
    int rc = p->lease && p->held ? 0 : open_session(p, err);
    if (rc == 0)
        rc = put_messages(p, err);
    const struct wire run = { WIRE_RUN, .run = { p->lease, elapsed_ms(p), !resumed, resumed } };
    return rc < 0 ? rc : frame_put(&p->seat->channel, &run, err);
}

/* --- a worker that ends */

static void abnormal(struct playing *p, const char *why)
{
    struct facts *facts = &p->episode->facts;
    facts->abnormal = true;
    facts->why = str_of(arena_format(p->arena, "%s", why));
    facts->end = CASE_END_FAILED;
    p->over = true;
    seat_stop(p->seat);
}

/* Another one goes on from what is settled, as after a crash. */
static int start_again(struct playing *p, struct err *err)
{
    seat_stop(p->seat);
    int rc = seat_start(p->seat, p->plan->arm, err);
    p->held = 0;
    return rc < 0 ? rc : start_run(p, true, err);
}

/* --- from the worker */

/* The next message: 1; 0: the worker has ended or hangs, and *ret_why says which. */
static int next_message(
    struct playing *p, struct wire *ret, char *ret_why, size_t size, struct err *err)
{
    struct frame_channel *channel = &p->seat->channel;
    uint64_t until = clock_mono_ns() + (uint64_t)THINK_MS * MS_NS;
    int rc = 0;
    arena_reset(&p->seat->arena);
    while ((rc = frame_next(channel, &p->seat->arena, WIRE_FROM_WORKER, ret, err)) == 0) {
        uint64_t now = clock_mono_ns();
        int left = frame_write(channel, err);
        struct pollfd fd = { p->seat->fd, left > 0 ? POLLIN | POLLOUT : POLLIN, 0 };
        if (now >= until) {
            snprintf(ret_why, size, "the worker did not answer in time");
            return 0;
        }
        if (left >= 0 && poll(&fd, 1, (int)((until - now) / MS_NS) + 1) <= 0)
            continue;
        if (left < 0 || (fd.revents & ~POLLOUT && frame_fill(channel, err) <= 0)) {
            seat_died(p->seat, ret_why, size);
            return 0;
        }
    }
    if (rc == 1)
        return 1;
    snprintf(ret_why, size, "%s", err->text);
    return 0;
}

static struct said_answer *add_answer(struct playing *p)
{
    if (p->answers_count == p->answers_room) {
        uint32_t room = p->answers_room ? p->answers_room * 2 : 32;
        p->answers = arena_grow(
            p->arena, p->answers, p->answers_room * sizeof *p->answers, room * sizeof *p->answers);
        p->answers_room = room;
    }
    return &p->answers[p->answers_count++];
}

static struct str keep(struct playing *p, struct str text)
{
    return (struct str){ arena_string(p->arena, text.at ? text.at : "", text.size), text.size };
}

static void note_answer(
    struct playing *p, const struct wire_effect *effect, const struct wire_result *result)
{
    struct said_answer *answer = add_answer(p);
    *answer = (struct said_answer){ .effect = effect->number,
        .kind = effect->kind,
        .bytes = keep(p, result->bytes),
        .failed = result->status != WIRE_OK };
    if (effect->kind != WIRE_TOOL)
        return;
    answer->id = keep(p, effect->calls[0].id);
    answer->name = keep(p, effect->calls[0].name);
    answer->args = keep(p, effect->calls[0].args);
    answer->carried = result->status != WIRE_NO_ANSWER;
}

static int settle(struct playing *p, const struct wire_settled *settled, uint32_t settled_count,
    const struct wire_state *states, uint32_t states_count, struct err *err)
{
    int rc = said_settle(&p->talk, p->answers, p->answers_count, settled, settled_count, err);
    if (rc == 0)
        rc = said_keep(&p->talk, states, states_count, err);
    p->held = p->talk.count; /* the worker has what it settles */
    return rc;
}

static bool is_at_limit(struct playing *p)
{
    uint32_t calls = p->of->settings.limits.calls ? p->of->settings.limits.calls : CALLS_MAX;
    uint32_t steps = p->of->settings.limits.steps;
    bool over = (steps && p->episode->requests > steps) || p->episode->calls > calls ||
                clock_mono_ns() >= p->until_ns;
    if (over && !p->over) {
        p->episode->facts.end = CASE_END_LIMIT;
        p->over = true;
        seat_stop(p->seat);
    }
    return over;
}

/* 1: the run is over. */
static int take_effect(struct playing *p, const struct wire_effect *effect, struct err *err)
{
    struct answering answering;
    arena_reset(&p->scratch);
    int rc = settle(
        p, effect->settled, effect->settled_count, effect->states, effect->states_count, err);
    if (rc == 0)
        rc = answer_effect(p, effect, &answering, err);
    if (rc < 0)
        return rc;
    if (answering.kill)
        return start_again(p, err);
    if (answering.silent)
        return 0;
    answering.result.elapsed_ms = elapsed_ms(p);
    note_answer(p, effect, &answering.result);
    const struct wire result = { WIRE_RESULT, .result = answering.result };
    return frame_put(&p->seat->channel, &result, err);
}

static int take_end(struct playing *p, const struct wire_end *end, struct err *err)
{
    static const uint8_t ends[] = { [WIRE_ENDED_ANSWERED] = CASE_END_ANSWERED,
        [WIRE_ENDED_HANDED] = CASE_END_HANDED,
        [WIRE_ENDED_REFUSED] = CASE_END_REFUSED,
        [WIRE_ENDED_FAILED] = CASE_END_FAILED,
        [WIRE_ENDED_LIMIT] = CASE_END_LIMIT,
        [WIRE_ENDED_DIVERGED] = CASE_END_FAILED };
    int rc = settle(p, end->settled, end->settled_count, end->states, end->states_count, err);
    if (rc < 0)
        return rc;
    if (end->how == 0 || end->how >= COUNT_OF(ends))
        return err_set(err, ERR_PEER, "protocol: the worker ends in a way that nobody knows");
    p->episode->facts.end = ends[end->how];
    marks_join(&p->episode->cover, end->cover, p->arena);
    p->over |= end->how == WIRE_ENDED_FAILED || end->how == WIRE_ENDED_LIMIT;
    return 1;
}

/* What comes from the worker is under trial: that it is wrong is a fact, no error of ours. */
static int take(struct playing *p, const struct wire *message, struct err *err)
{
    switch (message->type) {
    case WIRE_EVENT:
        return 0;
    case WIRE_EFFECT:
        return message->effect.lease == p->lease
                   ? take_effect(p, &message->effect, err)
                   : err_set(err, ERR_PEER, "protocol: the worker names another's lease");
    case WIRE_END:
        return message->end.lease == p->lease
                   ? take_end(p, &message->end, err)
                   : err_set(err, ERR_PEER, "protocol: the worker names another's lease");
    case WIRE_FAULT:
        return err_set(err, ERR_PEER, "the worker refuses: %.*s",
            (int)(message->fault.text.size < 200 ? message->fault.text.size : 200),
            message->fault.text.at);
    default:
        return err_set(err, ERR_PEER, "protocol: the worker says what is not asked");
    }
}

static int play_turn(struct playing *p, struct err *err)
{
    char why[sizeof err->text] = "";
    p->episode->turns++;
    int rc = start_run(p, false, err);
    while (rc == 0) {
        struct wire message;
        rc = next_message(p, &message, why, sizeof why, err);
        if (rc == 0) {
            abnormal(p, why);
            return 0;
        }
        rc = take(p, &message, err);
        if (rc == 0 && is_at_limit(p)) /* a hook may go on explaining for ever */
            return 0;
        if (rc == -ERR_PEER) {
            snprintf(why, sizeof why, "%s", err->text);
            abnormal(p, why);
            return 0;
        }
    }
    return rc < 0 ? rc : 0;
}

/* --- a play */

static bool among(const uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static int from_hex(struct str *ret, struct str hex, struct arena *arena, struct err *err)
{
    char *bytes = arena_alloc(arena, hex.size / 2 + 1);
    for (size_t i = 0; i + 1 < hex.size; i += 2) {
        char digits[3] = { hex.at[i], hex.at[i + 1], 0 }, *end;
        bytes[i / 2] = (char)strtoul(digits, &end, 16);
        if (*end)
            return err_set(err, ERR_INPUT, "the state of a plugin is no hex");
    }
    *ret = (struct str){ bytes, hex.size / 2 };
    return 0;
}

static int take_state(struct playing *p, struct err *err)
{
    const struct case_state *state = &p->of->state;
    int rc = 0;
    for (uint32_t i = 0; i < state->messages_count; i++)
        said_add(&p->talk, state->messages[i]->raw, among(state->failed, state->failed_count, i));
    for (uint32_t i = 0; rc == 0 && i < state->plugins_count; i++) {
        struct wire_state one = { .plugin = state->plugins[i].name,
            .schema = state->plugins[i].schema };
        rc = from_hex(&one.bytes, state->plugins[i].bytes, p->arena, err);
        if (rc == 0)
            rc = said_keep(&p->talk, &one, 1, err);
    }
    return rc;
}

static int prepare(struct playing *p, struct err *err)
{
    const struct case_model *model = &p->of->model;
    uint32_t wall_s = p->of->settings.limits.wall_s;
    if (wall_s == 0)
        wall_s = p->plan->wall_s ? p->plan->wall_s : WALL_S;
    p->until_ns = clock_mono_ns() + (uint64_t)wall_s * 1000 * MS_NS;
    int rc = case_run(&p->run, &p->first, p->of, p->arena, err);
    if (rc == 0 && model->recorded)
        recording_begin(&p->recording, p->run, p->first, p->arena);
    if (rc == 0 && model->script)
        rc = engine_new(&p->engine, model->script->raw, "script", NULL, err);
    if (rc == 0)
        rc = world_open(&p->episode->world, p->of, &p->plan->means, err);
    if (rc == 0)
        rc = take_state(p, err);
    if (rc == 0 && !p->seat->box)
        rc = seat_start(p->seat, p->plan->arm, err);
    return rc;
}

static int play(struct playing *p, struct err *err)
{
    int rc = prepare(p, err);
    for (uint32_t i = 0; rc == 0 && i < p->of->inbox_count && !p->over; i++) {
        said_add(&p->talk, p->of->inbox[i]->raw, false);
        rc = play_turn(p, err);
    }
    const struct wire close = { WIRE_CLOSE, .close = { p->lease } };
    if (rc == 0 && p->seat->box && frame_put(&p->seat->channel, &close, err) < 0)
        seat_stop(p->seat);
    if (rc < 0)
        seat_stop(p->seat); /* where it stands nobody knows */
    return rc < 0 ? rc : playing_facts(p, err);
}

int episode_play(struct episode *ret, struct seat *seat, const struct episode_plan *plan,
    struct arena *arena, struct err *err)
{
    struct playing p = { .plan = plan,
        .of = plan->of,
        .episode = ret,
        .seat = seat,
        .arena = arena,
        .making = { .arena = arena },
        .talk = { .arena = arena },
        .lease = seat->last_lease };
    *ret = (struct episode){ 0 };
    hash_begin(&p.hash);
    int rc = play(&p, err);
    seat->last_lease = p.lease;
    ret->effects = hash_end(&p.hash);
    engine_free(p.engine);
    arena_done(&p.scratch);
    if (rc < 0)
        episode_done(ret);
    return rc;
}

void episode_done(struct episode *episode)
{
    world_close(episode->world);
    episode->world = NULL;
    episode->facts.workspace = NULL;
}
