/* run - see run.h. */
#include "trials/live/run.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>

enum { MS_NS = 1000000 };

struct running {
    const struct live_means *means;
    const struct trial_case *of;
    struct arena *arena;
    struct digest *asked;
    uint32_t asked_count, asked_room;
};

struct str live_alias(const struct trial_case *of)
{
    if (of->model.live.model.size > 0)
        return of->model.live.model;
    return of->settings.models_count > 0 ? of->settings.models[0] : STR("main");
}

double live_temperature(const struct live_means *means, const struct trial_case *of)
{
    if (means->temperature >= 0)
        return means->temperature;
    return of->model.live.model.size > 0 ? of->model.live.temperature : -1;
}

static void keep_asked(struct running *running, const struct digest *asked)
{
    if (hash_zero(asked))
        return;
    if (running->asked_count == running->asked_room) {
        uint32_t room = running->asked_room ? 2 * running->asked_room : 16;
        running->asked = arena_grow(running->arena, running->asked,
            running->asked_room * sizeof *asked, room * sizeof *asked);
        running->asked_room = room;
    }
    running->asked[running->asked_count++] = *asked;
}

/* The alias is the case's own, where it names one: which of several models a harness would ask is
 * no matter of such a case. */
static int ask(void *with, const struct model_request *request, uint64_t until_ns,
    struct model_answer *ret, struct arena *arena, struct err *err)
{
    struct running *running = with;
    struct digest asked;
    struct asker_request one = { .of = *request,
        .temperature = live_temperature(running->means, running->of),
        .until_ns = until_ns };
    if (running->of->model.live.model.size > 0)
        one.of.model = running->of->model.live.model;
    int rc = asker_ask(running->means->asker, &one, ret, &asked, arena, err);
    if (rc == -ERR_PEER) { /* which would be the worker's */
        err->code = ERR_STATE;
        return -ERR_STATE;
    }
    if (rc == 0)
        keep_asked(running, &asked);
    return rc;
}

/* A run that the provider left without a reply at its end has not failed by itself. */
static bool is_missing(const struct case_proof *proof, const struct episode *episode)
{
    const struct facts *facts = &proof->played.facts;
    if (proof->verdict == GRADE_INCONCLUSIVE)
        return true;
    return proof->verdict == GRADE_FAIL && !proof->floor && !facts->abnormal &&
           facts->end == CASE_END_FAILED && episode->unanswered;
}

static int grade(struct live_run *ret, struct episode *episode, const struct trial_case *of,
    const struct live_means *means, struct arena *arena, struct err *err)
{
    ret->proof.played = (struct case_played){
        .facts = episode->facts, .effects = episode->effects, .stable = true
    };
    ret->proof.played.facts.usd = (double)ret->usd / 1e6;
    int rc = case_grade_played(&ret->proof, of, means->grade, arena, err);
    ret->parting = episode->parting;
    ret->missing = is_missing(&ret->proof, episode);
    if (ret->missing && ret->proof.verdict == GRADE_FAIL)
        snprintf(ret->proof.why, sizeof ret->proof.why, "the provider gave no reply");
    ret->proof.played.facts.workspace = NULL; /* gone with the episode */
    return rc;
}

static void took(struct live_run *ret, const struct asker *now, const struct asker *before)
{
    ret->requests = now->requests - before->requests;
    ret->failed = now->failed - before->failed;
    ret->tokens = now->tokens - before->tokens;
    ret->usd = now->usd - before->usd;
}

int live_run(struct live_run *ret, const struct live_means *means, const struct trial_case *of,
    const struct replay_arm *arm, struct seat *seat, uint32_t repeat, struct arena *arena,
    struct err *err)
{
    CLEANUP(episode_done) struct episode episode = { 0 };
    const struct asker before = *means->asker;
    struct running running = { .means = means, .of = of, .arena = arena };
    const struct episode_model model = { ask, &running };
    const struct episode_plan plan = { .of = of,
        .arm = arm,
        .means = means->world,
        .seed = 1 + repeat,
        .steps_max = means->steps_max,
        .live = &model };
    uint64_t from = clock_mono_ns();
    *ret = (struct live_run){ 0 };
    int rc = episode_play(&episode, seat, &plan, arena, err);
    if (rc < 0)
        return rc;
    ret->asked = running.asked;
    ret->asked_count = running.asked_count;
    took(ret, means->asker, &before);
    rc = grade(ret, &episode, of, means, arena, err);
    took(ret, means->asker, &before); /* judges, too */
    ret->proof.played.ms = (clock_mono_ns() - from) / MS_NS;
    if (rc == 0 && means->asker->spent)
        return err_set(err, ERR_LIMIT, "the budget is used up: a judge could not be asked");
    return rc;
}
