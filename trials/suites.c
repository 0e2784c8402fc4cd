/* suites - see suites.h. */
#include "trials/suites.h"

#include "base/clock.h"
#include "base/mem.h"
#include "trials/report_marks.h"

#include <stdio.h>

enum { OLD, NEW, SANITISED, GENESIS, MARKED, ARMS };
enum { MS_NS = 1000000 };

struct suites {
    const struct suites_plan *plan;
    struct report *report;
    struct arena *arena; /* of the report */
    struct player players[ARMS];
};
/* What is kept of one play. */
struct played {
    struct digest effects;
    uint8_t verdict;
    bool missing, abnormal, stable;
    struct str cover; /* in the report's arena */
    char why[240];
};

static void play(struct played *ret, struct suites *s, int arm, const struct trial_case *of)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct case_proof proof;
    struct err err = { 0 };
    *ret = (struct played){ .verdict = GRADE_INCONCLUSIVE, .missing = true, .stable = true };
    if (player_play(&proof, &s->players[arm], of, s->plan->means, &arena, &err) < 0) {
        snprintf(ret->why, sizeof ret->why, "no result: %.200s", err.text);
        return;
    }
    snprintf(ret->why, sizeof ret->why, "%s", proof.why);
    if (!proof.results) /* it was not played at all */
        return;
    *ret = (struct played){ .effects = proof.played.effects,
        .verdict = (uint8_t)proof.verdict,
        .abnormal = proof.played.facts.abnormal,
        .stable = proof.played.stable };
    marks_join(&ret->cover, proof.played.cover, s->arena);
    snprintf(ret->why, sizeof ret->why, "%s", proof.why);
}

static void fill(struct suites *s, struct report_taken *row, const struct taken_case *one,
    const struct played arms[ARMS])
{
    const struct played *old = &arms[OLD], *new = &arms[NEW];
    char detail[sizeof new->why];
    str_printable(detail, sizeof detail, str_of(new->why), false);
    *row = (struct report_taken){ .id = str_of(
                                      arena_string(s->arena, one->of.id.at, one->of.id.size)),
        .identity = one->identity,
        .mode = case_plays_steps(&one->of) ? REPORT_STEP : REPORT_EPISODE,
        .old = old->verdict,
        .new = new->verdict,
        .old_abnormal = old->abnormal,
        .new_abnormal = new->abnormal,
        .missing_old = old->missing,
        .missing_new = new->missing,
        .flaky = !old->stable,
        .unstable = old->stable && !new->stable,
        .old_effects = old->effects,
        .new_effects = new->effects,
        .detail = str_of(new->verdict == GRADE_PASS ? "" : arena_format(s->arena, "%s", detail)) };
}

/* Of the old and the new one each is first in half of the cases. */
static void play_arms(
    struct suites *s, const struct taken_case *one, uint32_t number, struct played arms[ARMS])
{
    static const int orders[2][2] = { { OLD, NEW }, { NEW, OLD } };
    for (int i = 0; i < 2; i++) {
        int arm = orders[number % 2][i];
        play(&arms[arm], s, arm, &one->of);
    }
    if (s->plan->sanitised.worker)
        play(&arms[SANITISED], s, SANITISED, &one->of);
    if (s->plan->genesis.worker && (one->suites & 1u << TAKEN_SAFETY))
        play(&arms[GENESIS], s, GENESIS, &one->of);
    if (s->plan->marked.worker && s->plan->marks && marks_want_more(s->plan->marks))
        play(&arms[MARKED], s, MARKED, &one->of);
}

/* Where the marked build does as the one that is judged. */
static void note_marks(
    struct suites *s, const struct taken_case *one, const struct played arms[ARMS])
{
    const struct played *new = &arms[NEW], *marked = &arms[MARKED];
    const struct mark_case of = { .id = str_of(
                                      arena_string(s->arena, one->of.id.at, one->of.id.size)) };
    if (marked->cover.size > 0 && !new->missing &&new->stable &&
        marked->stable &&hash_equal(&marked->effects, &new->effects))
        marks_add(s->plan->marks, marked->cover, &of);
}

/* The other arms have no rows: what they are for counts as it does for recorded runs. */
static void note_others(
    struct suites *s, const struct taken_case *one, const struct played arms[ARMS])
{
    const struct played *new = &arms[NEW], *sanitised = &arms[SANITISED];
    if (s->plan->sanitised.worker) {
        s->report->sanitised &= !sanitised->missing;
        s->report->sanitised_findings += !sanitised->missing &&
                                         !new->missing &&new->stable &&arms[OLD].stable &&
                                         (sanitised->abnormal != new->abnormal ||
                                             !hash_equal(&sanitised->effects, &new->effects));
    }
    if (s->plan->genesis.worker && (one->suites & 1u << TAKEN_SAFETY)) {
        s->report->genesis &= !arms[GENESIS].missing;
        s->report->drifted += arms[GENESIS].verdict == GRADE_PASS && new->verdict != GRADE_PASS;
    }
}

static void play_case(struct suites *s, const struct taken_case *one)
{
    static const struct {
        unsigned taken;
        uint8_t suite;
    } suites[] = { { TAKEN_REGRESSION, SUITE_REGRESSION }, { TAKEN_SAFETY, SUITE_SAFETY } };
    struct played arms[ARMS] = { 0 };
    play_arms(s, one, s->report->taken_count, arms);
    note_others(s, one, arms);
    note_marks(s, one, arms);
    for (size_t i = 0; i < COUNT_OF(suites); i++) {
        if (!(one->suites & 1u << suites[i].taken))
            continue;
        struct report_taken *row = &s->report->taken[s->report->taken_count++];
        fill(s, row, one, arms);
        row->suite = suites[i].suite;
    }
}

void suites_play(struct report *report, const struct suites_plan *plan, struct arena *arena)
{
    struct suites s = { .plan = plan, .report = report, .arena = arena };
    s.players[OLD].arm = plan->old;
    s.players[NEW].arm = plan->new;
    s.players[SANITISED].arm = plan->sanitised;
    s.players[GENESIS].arm = plan->genesis;
    s.players[MARKED].arm = plan->marked;
    report->played = true;
    report->taken_count = 0;
    report->taken =
        arena_alloc(arena, (2 * (size_t)plan->taken->count + 1) * sizeof *report->taken);
    for (uint32_t i = 0; i < plan->taken->count; i++) {
        const struct taken_case *one = &plan->taken->at[i];
        if (one->retired || !(one->suites & TAKEN_GATE))
            continue;
        report->claims |= one->of.origin.claims;
        play_case(&s, one);
    }
    if (plan->marks)
        report_marks(report, plan->marks, arena);
    for (int arm = 0; arm < ARMS; arm++)
        player_done(&s.players[arm]);
}

int suites_smoke(struct suites_smoke *ret, const struct taken *taken, const struct replay_arm *arm,
    const struct player_means *means, struct err *err)
{
    struct player player = { .arm = *arm };
    uint64_t from = clock_mono_ns();
    int rc = 0;
    *ret = (struct suites_smoke){ 0 };
    for (uint32_t i = 0; rc == 0 && !ret->failed && i < taken->count; i++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        const struct taken_case *one = &taken->at[i];
        struct case_proof proof;
        if (one->retired || !(one->suites & 1u << TAKEN_SMOKE))
            continue;
        if ((rc = player_play(&proof, &player, &one->of, means, &arena, err)) < 0)
            break;
        ret->cases++;
        ret->passed += proof.verdict == GRADE_PASS;
        ret->failed = proof.verdict != GRADE_PASS;
        snprintf(ret->id, sizeof ret->id, "%.*s", (int)one->of.id.size, one->of.id.at);
        str_printable(ret->why, sizeof ret->why, str_of(proof.why), false);
    }
    player_done(&player);
    ret->ms = (clock_mono_ns() - from) / MS_NS;
    return rc;
}
