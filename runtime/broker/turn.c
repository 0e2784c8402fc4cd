/* turn - see turn.h. */
#include "broker/turn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "broker/client.h"
#include "broker/effects.h"
#include "broker/session.h"
#include "broker/swap.h"

#include <stdio.h>
#include <stdlib.h>

enum { MS_NS = 1000000 };

/* --- leases */

static struct turn **bucket(struct engine *engine, uint64_t lease)
{
    return &engine->by_lease[hash_fast(&lease, sizeof lease, 0) % ENGINE_BUCKETS];
}

struct turn *turn_of(struct engine *engine, uint64_t lease)
{
    struct turn *turn = lease ? *bucket(engine, lease) : NULL;
    while (turn && turn->lease != lease)
        turn = turn->next_lease;
    return turn;
}

static void take_lease(struct turn *turn)
{
    struct engine *engine = turn->session->engine;
    turn->lease = ++engine->last_lease;
    turn->leases++;
    struct turn **link = bucket(engine, turn->lease);
    turn->next_lease = *link;
    *link = turn;
    crew_lease(turn->worker, 1);
}

/* What a worker still says under an ended lease finds no turn. */
static void end_lease(struct turn *turn)
{
    struct engine *engine = turn->session->engine;
    if (!turn->lease)
        return;
    struct turn **link = bucket(engine, turn->lease);
    while (*link != turn)
        link = &(*link)->next_lease;
    *link = turn->next_lease;
    if (turn->worker) {
        const struct wire close = { WIRE_CLOSE, .close = { turn->lease } };
        crew_send(turn->worker, &close);
        crew_lease(turn->worker, -1);
    }
    turn->lease = 0;
    turn->worker = NULL;
}

/* --- a run */

uint64_t turn_elapsed_ms(const struct turn *turn)
{
    return (clock_mono_ns() - turn->began_ns) / MS_NS;
}

struct live_used turn_used(const struct turn *turn)
{
    return (struct live_used){ turn->steps, turn->tokens, turn->usd, turn_elapsed_ms(turn) };
}

static uint64_t more_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void turn_count_from(struct turn *turn, const struct live_used *used)
{
    uint64_t ms = more_of(turn_elapsed_ms(turn), used->ms);
    turn->steps = more_of(turn->steps, used->steps);
    turn->tokens = more_of(turn->tokens, used->tokens);
    turn->usd = more_of(turn->usd, used->usd);
    turn->began_ns =
        clock_mono_ns() - ms * MS_NS; /* before the machine's start, perhaps: it wraps */
}

static uint32_t bounded_ms(const struct turn *turn)
{
    uint64_t ms = turn_elapsed_ms(turn);
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* The dice of a turn are its own, and the same wherever it goes on. */
static uint64_t seed_of(const struct turn *turn)
{
    return hash_fast(&turn->row, sizeof turn->row, hash_fast("moult-turn", 10, 0));
}

/* In as many frames as it takes: a conversation may be larger than one. */
static void put_messages(struct turn *turn)
{
    enum { ROOM = WIRE_FRAME_MAX - 4096, HEAD = 16 };
    struct session *session = turn->session;
    struct wire_message *messages = session_messages(session, &turn->arena);
    for (uint32_t from = 0, count; from < session->entries_count; from += count) {
        size_t size = 0;
        for (count = 0; from + count < session->entries_count; count++) {
            size += messages[from + count].bytes.size + HEAD;
            if (count > 0 && size > ROOM)
                break;
        }
        const struct wire put = { WIRE_PUT, .put = { turn->lease, from, messages + from, count } };
        crew_send(turn->worker, &put);
    }
}

static void send_session(struct turn *turn)
{
    struct session *session = turn->session;
    const struct wire open = { WIRE_OPEN, .open = {
                                              .lease = turn->lease,
                                              .kind = session->gateway ? WIRE_GATEWAY : WIRE_HOSTED,
                                              .seed = seed_of(turn),
                                              .steps_max = session->engine->config->steps_max,
                                              .tools = session->tools,
                                              .models = turn->models_text,
                                              .states = session_states(session, &turn->arena),
                                              .states_count = session->states_count,
                                          } };
    const struct wire run = { WIRE_RUN,
        .run = { turn->lease, bounded_ms(turn), turn->starts && !turn->settled, turn->settled } };
    crew_send(turn->worker, &open);
    put_messages(turn);
    crew_send(turn->worker, &run);
}

/* A worker that ends while it starts has seen nothing of the turn: another one is tried, once. And
 * where the machine has no room for it: behind those that rest. */
static int find_worker(struct turn *turn, struct err *err)
{
    struct str principal = turn->session->principal;
    int rc = crew_worker_for(&turn->worker, turn->generation, principal, err);
    if (rc == -ERR_PEER || (rc < 0 && err_full(err) && engine_make_room(turn->session->engine)))
        rc = crew_worker_for(&turn->worker, turn->generation, principal, err);
    return rc;
}

int turn_run(struct turn *turn, struct err *err)
{
    if (turn->leases >= TURN_LEASES_MAX)
        return err_set(err, ERR_STATE, "the turn was moved %d times", TURN_LEASES_MAX);
    int rc = swap_choose(&turn->generation, turn, err);
    if (rc == 0)
        rc = find_worker(turn, err);
    if (rc < 0) {
        turn->worker = NULL;
        return rc;
    }
    take_lease(turn);
    turn->phase = TURN_RUNS;
    send_session(turn);
    return 0;
}

/* From its last settled step, elsewhere. */
static void move(struct turn *turn)
{
    struct err err;
    end_lease(turn);
    turn->session->engine->metrics.moved++;
    if (turn_run(turn, &err) < 0)
        client_broken(turn, &err);
}

static void deliver(struct turn *turn, const struct note *note)
{
    const struct wire message = { WIRE_RESULT, .result = {
                                                   .lease = turn->lease,
                                                   .effect = note->id.number,
                                                   .status = note->result.status,
                                                   .error_class = note->result.error_class,
                                                   .retry_after_ms = note->result.retry_after_ms,
                                                   .elapsed_ms = bounded_ms(turn),
                                                   .bytes = note->result.bytes,
                                               } };
    turn->phase = TURN_RUNS;
    crew_send(turn->worker, &message);
}

void turn_result(struct turn *turn, struct note *note)
{
    struct engine *engine = turn->session->engine;
    struct err err = { 0 };
    turn->asked = NULL;
    if (!note->done) {
        note->done = true;
        int rc = commit_begin(engine->commit, &err);
        if (rc == 0)
            rc = live_result_add(engine->store, note->id.row, &note->result, &err);
        if (rc < 0) {
            client_broken(turn, &err);
            return;
        }
        session_wrote(turn->session);
    }
    if (note->id.kind == WIRE_MODEL && note->result.status == WIRE_OK)
        swap_reply(turn, note);
    /* While a hook waits for what it asked, the turn stands where it is. */
    if (!turn->worker || (note->id.kind != WIRE_NESTED && swap_moves(turn)))
        move(turn);
    else
        deliver(turn, note);
}

/* --- made and ended */

struct turn *turn_again(struct session *session, uint64_t row, uint32_t ordinal)
{
    struct turn *turn = mem_zero(1, sizeof *turn);
    turn->session = session;
    turn->row = row;
    turn->ordinal = ordinal;
    turn->began_ns = clock_mono_ns();
    session->turn = turn;
    session->engine->turns_open++;
    return turn;
}

int turn_new(struct turn **ret, struct session *session, struct err *err)
{
    struct engine *engine = session->engine;
    struct digest none = { { 0 } };
    struct crew_generation *active = swap_active(engine->swap);
    const struct live_turn row = { session->number, session->turns,
        active ? crew_spec_of(active)->generation : none };
    uint64_t number;
    int rc = live_turn_new(engine->store, &row, &number, err);
    if (rc < 0)
        return rc;
    *ret = turn_again(session, number, session->turns++);
    session_wrote(session);
    engine->metrics.turns++;
    return 0;
}

void turn_rest(struct turn *turn)
{
    effects_cancel(turn);
    end_lease(turn);
    turn->phase = TURN_RESTS;
    turn->notes = turn->last = turn->asked = turn->handed = turn->model_error = NULL;
    turn->settled = turn->starts = turn->limited = turn->ended = false;
    turn->leases = turn->deaths = 0;
    turn->generation = NULL;
    arena_reset(&turn->arena);
}

void turn_free(struct turn *turn)
{
    if (!turn)
        return;
    turn_rest(turn);
    turn->session->turn = NULL;
    turn->session->engine->turns_open--;
    arena_done(&turn->arena);
    free(turn->models);
    free((char *)turn->models_text.at);
    free(turn);
}

void turn_abandon(struct turn *turn, const char *why)
{
    struct engine *engine = turn->session->engine;
    struct err err = { 0 };
    if (commit_begin(engine->commit, &err) < 0 ||
        live_turn_end(engine->store, turn->row, WIRE_ENDED_FAILED, str_of(why), &err) < 0)
        log_line(LOG_WARN, "end of a turn: %s", err.text);
    engine->metrics.turns_failed++;
    turn->client = NULL;
    turn_free(turn);
}

/* --- a worker has gone */

/* A neighbour only moves: the worker was not at its turn. */
static void lost(struct turn *turn, bool at_it, enum crew_end end, const char *why)
{
    struct err err;
    bool had_the_word = turn->phase == TURN_RUNS, died = at_it && end != CREW_TOLD;
    crew_lease(turn->worker, -1);
    turn->worker = NULL;
    if (!had_the_word)
        return; /* it goes on elsewhere when what it waits for is here */
    if (died && ++turn->deaths >= TURN_DEATHS_MAX) {
        err_set(&err, ERR_PEER, "the harness ended twice on this turn: %.120s", why);
        swap_died(turn, end, why);
        client_broken(turn, &err);
        return;
    }
    if (died)
        swap_died(turn, end, why);
    move(turn);
}

void turn_worker_gone(void *with, struct crew_worker *worker, enum crew_end end, const char *why)
{
    struct engine *engine = with;
    char number[CREW_NUMBER_MAX];
    swap_worker_gone(engine->swap, worker, end, why);
    engine->metrics.crashed += end == CREW_CRASHED || end == CREW_BROKE;
    engine->metrics.hung += end == CREW_HUNG;
    if (end != CREW_TOLD)
        log_line(LOG_ERROR, "a worker of generation %s ended: %s",
            crew_number(number, crew_spec_of(crew_generation_of(worker))->number, "candidate"),
            why);
    /* Turns take new leases meanwhile: first who is concerned, then what to do. */
    struct turn **hit = mem_zero(engine->turns_open + 1, sizeof *hit);
    uint32_t count = 0;
    for (uint32_t i = 0; i < ENGINE_BUCKETS; i++)
        for (struct turn *turn = engine->by_lease[i]; turn; turn = turn->next_lease)
            if (turn->worker == worker)
                hit[count++] = turn;
    for (uint32_t i = 0; i < count; i++)
        lost(hit[i], hit[i]->lease == crew_at(worker), end, why);
    free(hit);
}
