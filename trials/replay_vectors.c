/* replay_vectors - many candidates on many recorded steps.
 *
 * A piece of work is a job's candidates from one number to another. Several pieces are in flight on
 * a worker, each as one write with the part of the conversation that the worker does not have yet.
 * When a worker dies nobody knows over which candidate: every piece in flight is judged again
 * alone, and one that kills alone is halved until the candidate is found. */
#include "trials/pool.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW = 4, DEATHS_MAX = 48, WALL_MS = 1000, MS_NS = 1000000 };

struct piece {
    unsigned job;
    uint32_t from, count;
    uint64_t lease; /* of the session that it was sent to */
};
struct pieces { /* last in, first out */
    struct piece *at;
    size_t count, room;
};
struct judge { /* one a seat */
    struct pieces suspects;
    struct piece flying[WINDOW]; /* the oldest first */
    unsigned flying_count;
    uint64_t since_ns;
    const struct run *run; /* whose session is open there */
    uint64_t lease;
    uint32_t held; /* messages that it has */
};
struct answer { /* one a job */
    struct wire_verdict *verdicts;
    struct buf atoms, cover;
    uint32_t left;
};
struct judging {
    struct replay *replay;
    const struct replay_job *jobs;
    unsigned jobs_count;
    const struct replay_vectors *vectors;
    replay_vectors_done done;
    void *with;
    struct piece next; /* the first that nobody has had */
    struct judge *judges;
    struct answer *answers;
    unsigned deaths;
    int stopped; /* what the callback said */
};

static void push(struct pieces *pieces, struct piece piece)
{
    if (pieces->count == pieces->room) {
        pieces->room = pieces->room ? 2 * pieces->room : 16;
        pieces->at = mem_grow(pieces->at, pieces->room, sizeof *pieces->at);
    }
    pieces->at[pieces->count++] = piece;
}

/* --- to the worker */

static int open_session(struct judging *j, struct judge *judge, struct seat *seat,
    const struct run *run, struct err *err)
{
    if (judge->run) {
        const struct wire close = { WIRE_CLOSE, .close = { judge->lease } };
        int rc = frame_put(&seat->channel, &close, err);
        if (rc < 0)
            return rc;
    }
    judge->run = run;
    judge->held = 0;
    judge->lease = ++j->replay->lease;
    const struct wire open = { WIRE_OPEN, .open = { .lease = judge->lease,
                                              .kind = WIRE_GATEWAY,
                                              .seed = pool_seed(j->replay, run),
                                              .steps_max = WIRE_MESSAGES_MAX,
                                              .tools = pool_tools(j->replay, run),
                                              .models = pool_models(j->replay, run) } };
    return frame_put(&seat->channel, &open, err);
}

static int put_context(struct judge *judge, struct seat *seat, uint32_t to, struct err *err)
{
    uint32_t keep = judge->held < to ? judge->held : to;
    CLEANUP(mem_freep) struct wire_message *messages = mem_zero(to - keep + 1, sizeof *messages);
    for (uint32_t i = keep; i < to; i++) {
        const struct run_message *from = &judge->run->messages[judge->run->told[i]];
        messages[i - keep] = (struct wire_message){ from->bytes, from->failed };
    }
    const struct wire put = { WIRE_PUT, .put = { judge->lease, keep, messages, to - keep } };
    judge->held = to;
    return frame_put(&seat->channel, &put, err);
}

static int send_piece(
    struct judging *j, struct judge *judge, struct seat *seat, struct piece piece, struct err *err)
{
    const struct replay_job *job = &j->jobs[piece.job];
    const struct replay_vectors *v = j->vectors;
    const struct run_message *at = run_step(job->run, job->step);
    static const struct run_error none;
    const struct run_error *error = at->error ? at->error : &none;
    int rc = judge->run == job->run ? 0 : open_session(j, judge, seat, job->run, err);
    if (rc == 0)
        rc = put_context(judge, seat, run_context(job->run, job->step), err);
    bool last = piece.from + piece.count == v->count;
    /* The wire's struct is not const, and only read here. */
    const struct wire message = { WIRE_VECTORS,
        .vectors = { .lease = judge->lease,
            .reply = at->error ? (struct str){ 0 } : run_said(at),
            .holes = (uint16_t *)v->holes + (size_t)piece.from * v->width,
            .holes_count = piece.count * v->width,
            .width = v->width,
            .decide = (uint64_t *)v->decide + piece.from,
            .decide_count = piece.count,
            .atoms = v->atoms && last,
            .cover = v->cover && last,
            .error_class = error->class,
            .retry_after_ms = error->retry_after_ms,
            .attempt = error->attempt,
            .model = error->model,
            .asks = v->asks } };
    if (rc == 0)
        rc = frame_put(&seat->channel, &message, err);
    if (judge->flying_count == 0)
        judge->since_ns = clock_mono_ns();
    piece.lease = judge->lease;
    judge->flying[judge->flying_count++] = piece;
    return rc;
}

static bool take_next(struct judging *j, struct piece *ret)
{
    if (j->next.job == j->jobs_count)
        return false;
    uint32_t left = j->vectors->count - j->next.from;
    *ret = (struct piece){ .job = j->next.job,
        .from = j->next.from,
        .count = left < WIRE_VECTORS_MAX ? left : WIRE_VECTORS_MAX };
    j->next.from += ret->count;
    if (j->next.from == j->vectors->count)
        j->next = (struct piece){ .job = j->next.job + 1 };
    return true;
}

static uint64_t deadline_of(const struct judging *j)
{
    return j->vectors->deadline_ns ? j->vectors->deadline_ns : UINT64_MAX;
}

static int feed(void *with, unsigned seat, struct err *err)
{
    struct judging *j = with;
    struct judge *judge = &j->judges[seat];
    struct piece piece;
    int rc = j->stopped;
    if (rc == 0 && clock_mono_ns() >= deadline_of(j))
        rc = err_set(err, ERR_TIMEOUT, "the time for judging is over");
    if (rc == 0 && judge->suspects.count > 0 && judge->flying_count == 0)
        rc = send_piece(
            j, judge, &j->replay->seats[seat], judge->suspects.at[--judge->suspects.count], err);
    else
        while (rc == 0 && judge->suspects.count == 0 && judge->flying_count < WINDOW &&
               take_next(j, &piece))
            rc = send_piece(j, judge, &j->replay->seats[seat], piece, err);
    return rc < 0 ? rc : (int)judge->flying_count;
}

static uint64_t due(void *with, unsigned seat)
{
    const struct judging *j = with;
    const struct judge *judge = &j->judges[seat];
    uint64_t ms = j->vectors->wall_ms ? j->vectors->wall_ms : WALL_MS;
    for (unsigned i = 0; i < judge->flying_count; i++)
        ms += judge->flying[i].count; /* a candidate takes microseconds */
    uint64_t due_ns = judge->since_ns + ms * MS_NS, deadline_ns = deadline_of(j);
    return due_ns < deadline_ns ? due_ns : deadline_ns;
}

/* --- from the worker */

static void answer_done(struct answer *answer)
{
    mem_freep(&answer->verdicts);
    buf_done(&answer->atoms);
    buf_done(&answer->cover);
}

/* A piece of a job is judged; the last one hands the job's verdicts out. */
static void complete(struct judging *j, const struct piece *piece)
{
    struct answer *answer = &j->answers[piece->job];
    answer->left -= piece->count;
    if (answer->left > 0)
        return;
    const struct replay_verdicts verdicts = { answer->verdicts, buf_view(&answer->atoms),
        buf_view(&answer->cover) };
    j->replay->steps++;
    if (j->stopped == 0)
        j->stopped = j->done(j->with, piece->job, &verdicts);
    answer_done(answer);
}

static struct wire_verdict *verdicts_of(struct judging *j, const struct piece *piece)
{
    struct answer *answer = &j->answers[piece->job];
    if (!answer->verdicts)
        answer->verdicts = mem_zero(j->vectors->count, sizeof *answer->verdicts);
    return answer->verdicts + piece->from;
}

static int refused(const struct judging *j, const struct judge *judge,
    const struct wire_fault *fault, struct err *err)
{
    const struct replay_job *job = &j->jobs[judge->flying[0].job];
    enum err_code code =
        fault->code > ERR_NONE && fault->code < ERR_CODES && fault->code != ERR_PEER
            ? (enum err_code)fault->code
            : ERR_INPUT;
    return err_set(err, code, "session %.*s, step %u: %.*s", (int)job->run->session.size,
        job->run->session.at, job->step, (int)fault->text.size, fault->text.at);
}

static int take(void *with, unsigned seat, const struct wire *message, struct err *err)
{
    struct judging *j = with;
    struct judge *judge = &j->judges[seat];
    if (judge->flying_count == 0)
        return err_set(err, ERR_PEER, "the worker speaks unasked");
    if (message->type == WIRE_FAULT)
        return refused(j, judge, &message->fault, err);
    const struct wire_verdicts *got = &message->verdicts;
    struct piece piece = judge->flying[0];
    if (message->type != WIRE_VERDICTS || got->lease != piece.lease ||
        got->verdicts_count != piece.count)
        return err_set(err, ERR_PEER, "the worker answers something else");
    memmove(judge->flying, judge->flying + 1, --judge->flying_count * sizeof *judge->flying);
    judge->since_ns = clock_mono_ns();
    memcpy(verdicts_of(j, &piece), got->verdicts, piece.count * sizeof *got->verdicts);
    buf_str(&j->answers[piece.job].atoms, got->atoms);
    buf_str(&j->answers[piece.job].cover, got->cover);
    complete(j, &piece);
    return 0;
}

/* --- when a worker dies */

static void condemn(struct judging *j, const struct piece *piece)
{
    struct wire_verdict *verdicts = verdicts_of(j, piece);
    for (uint32_t i = 0; i < piece->count; i++)
        verdicts[i] = (struct wire_verdict){ .abnormal = true,
            .end = wire_end_digest(WIRE_STEP_ABNORMAL, NULL, 0) };
    complete(j, piece);
}

static void blame(struct judging *j, struct judge *judge, struct piece piece)
{
    if (piece.count == 1 || j->deaths > DEATHS_MAX) {
        condemn(j, &piece);
        return;
    }
    uint32_t half = piece.count / 2;
    push(&judge->suspects, (struct piece){ piece.job, piece.from + half, piece.count - half, 0 });
    push(&judge->suspects, (struct piece){ piece.job, piece.from, half, 0 });
}

static void died(void *with, unsigned seat, const char *why)
{
    (void)why;
    struct judging *j = with;
    struct judge *judge = &j->judges[seat];
    unsigned count = judge->flying_count;
    judge->flying_count = 0;
    judge->run = NULL;
    j->deaths++;
    if (count == 1)
        blame(j, judge, judge->flying[0]);
    else
        for (unsigned i = count; i-- > 0;)
            push(&judge->suspects, judge->flying[i]);
}

/* --- from outside */

/* Sessions end with the call: their leases mean nothing to the next one. */
static void close_sessions(struct judging *j)
{
    for (unsigned i = 0; i < j->replay->seats_count; i++) {
        struct seat *seat = &j->replay->seats[i];
        const struct wire close = { WIRE_CLOSE, .close = { j->judges[i].lease } };
        if (seat->box && j->judges[i].run)
            frame_put(&seat->channel, &close, NULL);
        mem_freep(&j->judges[i].suspects.at);
    }
}

static int check(const struct replay_vectors *v, struct err *err)
{
    if (v->count == 0)
        return err_set(err, ERR_USAGE, "no candidates to judge");
    if (v->width > WIRE_HOLES_MAX)
        return err_set(
            err, ERR_LIMIT, "candidates of %u numbers; at most %d", v->width, WIRE_HOLES_MAX);
    return 0;
}

int replay_vectors_many(struct replay *replay, const struct replay_job *jobs, unsigned jobs_count,
    const struct replay_vectors *vectors, replay_vectors_done done, void *with, struct err *err)
{
    static const struct pool_work work = { feed, take, due, died };
    struct judging j = { .replay = replay,
        .jobs = jobs,
        .jobs_count = jobs_count,
        .vectors = vectors,
        .done = done,
        .with = with };
    int rc = check(vectors, err);
    if (rc < 0)
        return rc;
    j.judges = mem_zero(replay->seats_count, sizeof *j.judges);
    j.answers = mem_zero(jobs_count + 1, sizeof *j.answers);
    for (unsigned i = 0; i < jobs_count; i++)
        j.answers[i].left = vectors->count;
    rc = pool_drive(replay, &work, &j, err);
    if (j.stopped < 0)
        err_set(err, (enum err_code) - j.stopped, "stopped by who takes the verdicts");
    close_sessions(&j);
    for (unsigned i = 0; i < jobs_count; i++)
        answer_done(&j.answers[i]);
    free(j.answers);
    free(j.judges);
    return rc;
}

struct keep {
    const struct replay_vectors *vectors;
    struct arena *arena;
    struct replay_verdicts *ret;
};

static struct str copy(struct arena *arena, struct str from)
{
    return (struct str){ from.size ? arena_copy(arena, from.at, from.size) : NULL, from.size };
}

static int keep(void *with, unsigned index, const struct replay_verdicts *verdicts)
{
    struct keep *k = with;
    (void)index;
    k->ret->verdicts =
        arena_copy(k->arena, verdicts->verdicts, k->vectors->count * sizeof *verdicts->verdicts);
    k->ret->atoms = copy(k->arena, verdicts->atoms);
    k->ret->cover = copy(k->arena, verdicts->cover);
    return 0;
}

int replay_vectors(struct replay *replay, const struct run *run, uint32_t step,
    const struct replay_vectors *vectors, struct arena *arena, struct replay_verdicts *ret,
    struct err *err)
{
    const struct replay_job job = { run, step };
    struct keep with = { vectors, arena, ret };
    return replay_vectors_many(replay, &job, 1, vectors, keep, &with, err);
}
