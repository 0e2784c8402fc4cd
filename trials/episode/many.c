/* many - see many.h. A queue of plays behind one lock. A worker dies with the thread that started
 * it (its parent's death signal), so threads stay until all is played. */
#include "trials/episode/many.h"

#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { MS_NS = 1000000, PLAYS = 2, WINDOW = 2 * EPISODE_PLAYERS_MAX };

struct play {
    struct episode episode;
    struct arena arena;
    struct err err;
    int rc;
    bool taken, over;
};
/* A case that is being played, or waits for its turn to be told. */
struct slot {
    const struct trial_case *of;
    bool waits; /* the second play is for after the first */
    uint64_t from_ns;
    struct play plays[PLAYS];
};
struct many {
    const struct episode_grading *grading;
    const struct trial_case *const *cases;
    unsigned count, room; /* cases; how many of them may be open */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* behind the lock: */
    struct slot slots[WINDOW]; /* of case i: i % room */
    unsigned opened, told;     /* cases; slots of told..opened are in use */
    bool stop;
};
struct player {
    struct many *many;
    pthread_t thread;
    struct seat seats[PLAYS];
};
/* What a player does next. */
struct turn {
    struct slot *slot;
    unsigned pass;
};

/* --- the queue; behind the lock */

static struct slot *slot_of(struct many *many, unsigned number)
{
    return &many->slots[number % many->room];
}

static bool is_ready(const struct slot *slot)
{
    return !slot->plays[1].taken && (!slot->waits || slot->plays[0].over);
}

static void open_slot(struct slot *slot, const struct trial_case *of)
{
    *slot = (struct slot){ .of = of, .waits = episode_waits(of), .from_ns = clock_mono_ns() };
}

/* False: there is nothing to be played now. A second play goes first: it ends a case. */
static bool take_turn(struct many *many, struct turn *ret)
{
    for (unsigned i = many->told; i < many->opened; i++)
        if (is_ready(slot_of(many, i))) {
            *ret = (struct turn){ slot_of(many, i), 1 };
            return true;
        }
    if (many->opened == many->count || many->opened - many->told == many->room)
        return false;
    *ret = (struct turn){ slot_of(many, many->opened), 0 };
    open_slot(ret->slot, many->cases[many->opened++]);
    return true;
}

/* Nobody will find anything to do any more. */
static bool is_over(const struct many *many)
{
    return many->stop || many->told == many->count;
}

static bool next_turn(struct many *many, struct turn *ret)
{
    pthread_mutex_lock(&many->lock);
    bool taken = false;
    while (!is_over(many) && !(taken = take_turn(many, ret)))
        pthread_cond_wait(&many->changed, &many->lock);
    if (taken)
        ret->slot->plays[ret->pass].taken = true;
    pthread_mutex_unlock(&many->lock);
    return taken;
}

static void turn_over(struct many *many, const struct turn *turn)
{
    pthread_mutex_lock(&many->lock);
    turn->slot->plays[turn->pass].over = true;
    pthread_cond_broadcast(&many->changed);
    pthread_mutex_unlock(&many->lock);
}

/* --- a player */

static void play(struct player *player, const struct turn *turn)
{
    struct slot *slot = turn->slot;
    struct play *own = &slot->plays[turn->pass];
    const struct episode *before = turn->pass > 0 && slot->waits ? &slot->plays[0].episode : NULL;
    const struct episode_plan plan =
        episode_pass(player->many->grading, slot->of, turn->pass, before);
    own->rc =
        episode_play(&own->episode, &player->seats[turn->pass], &plan, &own->arena, &own->err);
}

static void *player_thread(void *with)
{
    struct player *player = with;
    struct turn turn;
    while (next_turn(player->many, &turn)) {
        play(player, &turn);
        turn_over(player->many, &turn);
    }
    for (unsigned i = 0; i < PLAYS; i++)
        seat_done(&player->seats[i]);
    return NULL;
}

/* Signals are the main thread's. */
static int start_players(struct many *many, struct player *players, unsigned wanted,
    unsigned *ret_count, struct err *err)
{
    sigset_t all, before;
    int error = 0;
    *ret_count = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; error == 0 && i < wanted; i++) {
        players[i] = (struct player){ .many = many };
        error = pthread_create(&players[i].thread, NULL, player_thread, &players[i]);
        *ret_count += error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return *ret_count > 0 ? 0 : err_set(err, ERR_SYS, "no thread to play in");
}

/* --- the caller's thread */

static void slot_done(struct slot *slot)
{
    for (unsigned i = 0; i < PLAYS; i++) {
        episode_done(&slot->plays[i].episode);
        arena_done(&slot->plays[i].arena);
    }
}

static struct slot *await(struct many *many)
{
    struct slot *slot = slot_of(many, many->told);
    pthread_mutex_lock(&many->lock);
    while (many->opened == many->told || !slot->plays[0].over || !slot->plays[1].over)
        pthread_cond_wait(&many->changed, &many->lock);
    pthread_mutex_unlock(&many->lock);
    return slot;
}

static void next_slot(struct many *many, bool stop)
{
    pthread_mutex_lock(&many->lock);
    many->told++;
    many->stop |= stop;
    pthread_cond_broadcast(&many->changed);
    pthread_mutex_unlock(&many->lock);
}

static int grade_slot(struct slot *slot, const struct grade_means *means, episode_told tell,
    void *with, struct err *err)
{
    struct case_proof proof;
    struct play *plays = slot->plays;
    for (unsigned i = 0; i < PLAYS; i++)
        if (plays[i].rc < 0) {
            if (err)
                *err = plays[i].err;
            return plays[i].rc;
        }
    int rc = episode_grade(
        &proof, slot->of, &plays[0].episode, &plays[1].episode, means, &plays[0].arena, err);
    proof.played.ms = (clock_mono_ns() - slot->from_ns) / MS_NS;
    return rc < 0 ? rc : tell(with, slot->of, &proof, &plays[0].episode.parting, err);
}

static int tell_all(struct many *many, const struct grade_means *means, episode_told tell,
    void *with, struct err *err)
{
    int rc = 0;
    while (rc == 0 && many->told < many->count) {
        struct slot *slot = await(many);
        rc = grade_slot(slot, means, tell, with, err);
        slot_done(slot);
        next_slot(many, rc < 0);
    }
    return rc;
}

int episode_grade_many(const struct episode_grading *grading, unsigned players,
    const struct trial_case *const *cases, unsigned count, const struct grade_means *means,
    episode_told tell, void *with, struct err *err)
{
    if (players == 0 || players > EPISODE_PLAYERS_MAX)
        return err_set(
            err, ERR_USAGE, "%u plays at once; 1 to %d can be had", players, EPISODE_PLAYERS_MAX);
    CLEANUP(mem_freep) struct many *many = mem_zero(1, sizeof *many);
    CLEANUP(mem_freep) struct player *threads = mem_zero(players, sizeof *threads);
    unsigned started = 0;
    *many = (struct many){ .grading = grading,
        .cases = cases,
        .count = count,
        .room = 2 * players,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER };
    int rc = count > 0 ? start_players(many, threads, players, &started, err) : 0;
    if (rc == 0)
        rc = tell_all(many, means, tell, with, err);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i].thread, NULL);
    for (unsigned i = many->told; i < many->opened; i++)
        slot_done(slot_of(many, i));
    return rc;
}
