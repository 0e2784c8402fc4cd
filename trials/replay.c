/* replay - whole runs, step by step, on many workers.
 *
 * Each worker has a few lanes, each a run in the middle of its steps, so that one write and one
 * read carry messages of many runs. A worker that dies takes the lanes that it has in flight with
 * it, and nobody knows whose step it was. So each of these steps is put again, alone, in a new
 * worker, from the plugin states that the run had before it; who kills alone is ABNORMAL, and the
 * run goes on behind. That is what a broker does with live turns. */
#include "trials/pass.h"
#include "trials/pool.h"
#include "trials/sight.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, DEATHS_MAX = 16, MS_NS = 1000000 };

struct kept { /* a plugin's state when the last step ended */
    char name[64];
    uint32_t schema;
    struct buf bytes;
};
struct lane {
    const struct run *run; /* NULL: free */
    uint32_t step;
    uint64_t lease; /* 0: its session is not open in this worker */
    uint32_t held;  /* messages of the run that the worker has */
    bool flying;    /* the step is in the worker's hands */
    bool suspect;   /* a worker died while it was */
    uint64_t since_ns;
    struct kept *kept;
    unsigned kept_count;
    struct arena arena; /* of the step */
    struct sight sight;
};
struct running {
    struct replay *replay;
    const struct run *const *runs;
    unsigned runs_count, next;
    uint64_t wall_ns;
    replay_step step;
    void *with;
    struct lane (*lanes)[LANES]; /* a row a seat */
};

/* --- states */

static struct kept *kept_of(struct lane *lane, struct str plugin)
{
    for (unsigned i = 0; i < lane->kept_count; i++)
        if (str_equal(str_of(lane->kept[i].name), plugin))
            return &lane->kept[i];
    if (lane->kept_count == WIRE_PLUGINS_MAX || plugin.size >= sizeof lane->kept->name)
        return NULL;
    struct kept *kept = &lane->kept[lane->kept_count++];
    snprintf(kept->name, sizeof kept->name, "%.*s", (int)plugin.size, plugin.at);
    return kept;
}

/* Only when a step has ended: a step that is put again begins where it began. */
static void keep_states(struct lane *lane, const struct wire_end *end)
{
    for (uint32_t i = 0; i < end->states_count; i++) {
        struct kept *kept = kept_of(lane, end->states[i].plugin);
        if (!kept)
            continue;
        kept->schema = end->states[i].schema;
        buf_clear(&kept->bytes);
        buf_str(&kept->bytes, end->states[i].bytes);
    }
}

static void forget_states(struct lane *lane)
{
    for (unsigned i = 0; i < lane->kept_count; i++)
        buf_done(&lane->kept[i].bytes);
    lane->kept_count = 0;
}

/* --- to the worker */

static int open_session(struct running *r, struct lane *lane, struct seat *seat, struct err *err)
{
    struct wire_state states[WIRE_PLUGINS_MAX];
    for (unsigned i = 0; i < lane->kept_count; i++)
        states[i] = (struct wire_state){ str_of(lane->kept[i].name), lane->kept[i].schema,
            buf_view(&lane->kept[i].bytes) };
    lane->lease = ++r->replay->lease;
    lane->held = 0;
    const struct wire open = { WIRE_OPEN, .open = { .lease = lane->lease,
                                              .kind = WIRE_GATEWAY,
                                              .seed = pool_seed(r->replay, lane->run),
                                              .steps_max = WIRE_MESSAGES_MAX,
                                              .tools = pool_tools(r->replay, lane->run),
                                              .models = pool_models(r->replay, lane->run),
                                              .states = states,
                                              .states_count = lane->kept_count } };
    return frame_put(&seat->channel, &open, err);
}

static int put_context(struct lane *lane, struct seat *seat, uint32_t to, struct err *err)
{
    uint32_t keep = lane->held < to ? lane->held : to;
    const struct run *run = lane->run;
    struct wire_message *messages = arena_alloc(&lane->arena, (to - keep + 1) * sizeof *messages);
    for (uint32_t i = keep; i < to; i++) {
        const struct run_message *from = &run->messages[run->told[i]];
        messages[i - keep] = (struct wire_message){ from->bytes, from->failed };
    }
    const struct wire put = { WIRE_PUT, .put = { lane->lease, keep, messages, to - keep } };
    lane->held = to;
    return frame_put(&seat->channel, &put, err);
}

static int send_step(struct running *r, struct lane *lane, struct seat *seat, struct err *err)
{
    arena_reset(&lane->arena);
    uint32_t to = run_context(lane->run, lane->step);
    int rc = lane->lease ? 0 : open_session(r, lane, seat, err);
    if (rc == 0)
        rc = put_context(lane, seat, to, err);
    sight_begin(&lane->sight, lane->run, lane->step, lane->lease, &lane->arena);
    const struct wire go = { WIRE_RUN,
        .run = { .lease = lane->lease,
            .elapsed_ms = pass_elapsed(r->replay->arm.pass, lane->run, lane->step, 0),
            .turn_start =
                to > 0 && lane->run->messages[lane->run->told[to - 1]].role == RUN_USER } };
    lane->flying = true;
    lane->since_ns = clock_mono_ns();
    return rc < 0 ? rc : frame_put(&seat->channel, &go, err);
}

/* What the recording has for it, that its pause is over, or that nothing is known. */
static int send_result(struct running *r, struct lane *lane, struct seat *seat,
    const struct wire_effect *effect, int next, struct err *err)
{
    const struct run_message *answer = run_step(lane->run, lane->step);
    uint32_t elapsed_ms =
        pass_elapsed(r->replay->arm.pass, lane->run, lane->step, 1 + lane->sight.requests);
    struct wire result = { WIRE_RESULT, .result = { .lease = lane->lease,
                                            .effect = effect->number,
                                            .status = WIRE_OK,
                                            .elapsed_ms = elapsed_ms } };
    if (next == SIGHT_NO_ANSWER) {
        result.result.status = WIRE_NO_ANSWER;
    } else if (next == SIGHT_REPLY && answer->error) {
        result.result.status = WIRE_FAILED;
        result.result.error_class = answer->error->class;
        result.result.retry_after_ms = answer->error->retry_after_ms;
    } else if (next == SIGHT_REPLY) {
        result.result.bytes = run_said(answer);
    }
    return frame_put(&seat->channel, &result, err);
}

static void close_session(struct lane *lane, struct seat *seat)
{
    const struct wire close = { WIRE_CLOSE, .close = { lane->lease } };
    if (lane->lease && seat->box)
        frame_put(&seat->channel, &close, NULL);
    lane->lease = 0;
}

/* --- lanes */

static void take_run(struct running *r, struct lane *lane)
{
    while (!lane->run && r->next < r->runs_count) {
        const struct run *run = r->runs[r->next++];
        if (run->steps_count > 0)
            lane->run = run;
        lane->step = 0;
    }
}

static void leave_run(struct lane *lane, struct seat *seat)
{
    close_session(lane, seat);
    forget_states(lane);
    lane->run = NULL;
}

/* The step is over, one way or the other: its effects go to who asked. */
static void step_over(struct running *r, struct lane *lane, struct seat *seat)
{
    lane->flying = lane->suspect = false;
    r->replay->steps++;
    int left_out = r->step(r->with, lane->run, lane->step, &lane->sight.effects);
    if (left_out || ++lane->step == lane->run->steps_count)
        leave_run(lane, seat);
}

/* No build is run for ever that only dies. A hang costs its whole wall: fewer are enough. */
enum { HANGS_MAX = 2 };

static bool is_broken(const struct replay *replay)
{
    return (replay->deaths >= DEATHS_MAX && !replay->arm.patient) || replay->hangs >= HANGS_MAX;
}

static void give_up(struct running *r, struct lane *lane, struct seat *seat)
{
    char why[80];
    snprintf(why, sizeof why, "not run: its workers had died or hung %u times before",
        r->replay->deaths);
    for (take_run(r, lane); lane->run; take_run(r, lane)) {
        arena_reset(&lane->arena);
        sight_begin(&lane->sight, lane->run, lane->step, 0, &lane->arena);
        sight_abnormal(&lane->sight, why);
        step_over(r, lane, seat);
    }
}

static int feed_lanes(struct running *r, struct lane *lanes, struct seat *seat, struct err *err)
{
    unsigned flying = 0, suspects = 0;
    for (unsigned i = 0; i < LANES; i++) {
        flying += lanes[i].flying;
        suspects += lanes[i].suspect;
    }
    for (unsigned i = 0; i < LANES && (!suspects || !flying); i++) {
        struct lane *lane = &lanes[i];
        if (!suspects)
            take_run(r, lane);
        if (!lane->run || lane->flying || lane->suspect != (suspects > 0))
            continue;
        int rc = send_step(r, lane, seat, err);
        if (rc < 0)
            return rc;
        flying++;
    }
    return (int)flying;
}

static int feed(void *with, unsigned seat, struct err *err)
{
    struct running *r = with;
    struct lane *lanes = r->lanes[seat];
    for (unsigned i = 0; is_broken(r->replay) && i < LANES; i++)
        if (!lanes[i].flying)
            give_up(r, &lanes[i], &r->replay->seats[seat]);
    return feed_lanes(r, lanes, &r->replay->seats[seat], err);
}

static uint64_t due(void *with, unsigned seat)
{
    const struct running *r = with;
    uint64_t first = UINT64_MAX;
    for (unsigned i = 0; i < LANES; i++) {
        const struct lane *lane = &r->lanes[seat][i];
        if (lane->flying && lane->since_ns + r->wall_ns < first)
            first = lane->since_ns + r->wall_ns;
    }
    return first;
}

/* --- from the worker */

/* Every message of a session begins with its lease. */
static struct lane *lane_of(struct lane *lanes, const struct wire *message)
{
    for (unsigned i = 0; i < LANES; i++)
        if (lanes[i].flying && lanes[i].lease == message->close.lease)
            return &lanes[i];
    return NULL;
}
_Static_assert(offsetof(struct wire_effect, lease) == 0 && offsetof(struct wire_end, lease) == 0 &&
                   offsetof(struct wire_event, lease) == 0 &&
                   offsetof(struct wire_fault, lease) == 0,
    "lane_of reads any of them");

static int take(void *with, unsigned at, const struct wire *message, struct err *err)
{
    struct running *r = with;
    struct seat *seat = &r->replay->seats[at];
    struct lane *lane = lane_of(r->lanes[at], message);
    if (!lane)
        return err_set(err, ERR_PEER, "protocol: the worker names a lease that is not its own");
    int next = sight_take(&lane->sight, message, err);
    if (next == SIGHT_REPLY || next == SIGHT_WAITED || next == SIGHT_NO_ANSWER)
        return send_result(r, lane, seat, &message->effect, next, err);
    if (next != SIGHT_OVER)
        return next < 0 ? next : 0;
    keep_states(lane, &message->end);
    lane->held = sight_holds(&lane->sight);
    step_over(r, lane, seat);
    return 0;
}

static void died(void *with, unsigned seat, const char *why)
{
    struct running *r = with;
    struct lane *lanes = r->lanes[seat];
    unsigned flying = 0;
    for (unsigned i = 0; i < LANES; i++)
        flying += lanes[i].flying;
    r->replay->deaths += flying == 1;
    r->replay->hangs += flying == 1 && clock_mono_ns() >= due(with, seat);
    for (unsigned i = 0; i < LANES; i++) {
        struct lane *lane = &lanes[i];
        lane->lease = 0;
        if (!lane->flying)
            continue;
        lane->flying = false;
        lane->suspect = true;
        if (flying > 1)
            continue;
        sight_abnormal(&lane->sight, why);
        step_over(r, lane, &r->replay->seats[seat]);
    }
}

/* --- from outside */

static void lanes_done(struct running *r, unsigned seats)
{
    for (unsigned s = 0; s < seats; s++)
        for (unsigned i = 0; i < LANES; i++) {
            struct lane *lane = &r->lanes[s][i];
            leave_run(lane, &r->replay->seats[s]);
            arena_done(&lane->arena);
            free(lane->kept);
        }
    free(r->lanes);
}

void replay_pass(struct replay *replay, unsigned pass)
{
    replay->arm.pass = pass;
    if (replay->lease < pass_lease(pass))
        replay->lease = pass_lease(pass);
}

int replay_runs(struct replay *replay, const struct run *const *runs, unsigned runs_count,
    uint32_t wall_ms_step, replay_step step, void *with, struct err *err)
{
    static const struct pool_work work = { feed, take, due, died };
    struct running r = { .replay = replay,
        .runs = runs,
        .runs_count = runs_count,
        .wall_ns = (uint64_t)wall_ms_step * MS_NS,
        .step = step,
        .with = with,
        .lanes = mem_zero(replay->seats_count, sizeof *r.lanes) };
    for (unsigned s = 0; s < replay->seats_count; s++)
        for (unsigned i = 0; i < LANES; i++)
            r.lanes[s][i].kept = mem_zero(WIRE_PLUGINS_MAX, sizeof(struct kept));
    int rc = pool_drive(replay, &work, &r, err);
    lanes_done(&r, replay->seats_count);
    return rc;
}
