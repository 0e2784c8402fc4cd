/* trial - see trial.h: what both kinds need before anything is asked. */
#include "trials/live/trial.h"

#include "base/file.h"
#include "base/mem.h"

#include <limits.h>

uint32_t live_repeats(const struct live_trial *trial, const struct live_case *one)
{
    if (trial->options.repeats)
        return (uint32_t)trial->options.repeats;
    return one->of.model.live.model.size > 0 ? one->of.model.live.repeats : 1;
}

bool live_stops(struct live_trial *trial, int rc, const struct err *err)
{
    if (rc != -ERR_LIMIT || !trial->asker.spent)
        return false;
    trial->stopped = true;
    trial->why = *err;
    return true;
}

/* --- before anything is asked */

static int check_case(const struct live_trial *trial, const struct live_case *one, struct err *err)
{
    const struct trial_case *of = &one->of;
    int rc = asker_check(&trial->config, live_alias(of), live_temperature(&trial->means, of), err);
    for (uint32_t i = 0; rc == 0 && i < of->grades_count; i++)
        if (of->grades[i].check == CASE_JUDGE)
            rc = asker_check(&trial->config, of->grades[i].model, -1, err);
    if (rc == 0 && live_repeats(trial, one) > CASE_REPEATS_MAX)
        rc = err_set(err, ERR_USAGE, "at most %d repeats", CASE_REPEATS_MAX);
    char name[CASE_ID_MAX + 1];
    return rc < 0 ? err_while(err, "case %s", str_printable(name, sizeof name, of->id, false)) : 0;
}

/* Of all cases together, if each of them says what it may cost. */
static double budget_of(const struct live_cases *cases)
{
    double usd = 0;
    for (uint32_t i = 0; i < cases->count; i++) {
        if (cases->list[i].of.model.live.usd <= 0)
            return 0;
        usd += cases->list[i].of.model.live.usd;
    }
    return usd;
}

static void fill_means(struct live_trial *trial, const char *folder)
{
    struct live_options *options = &trial->options;
    if (options->usd <= 0)
        options->usd = budget_of(&trial->cases);
    trial->asker = (struct asker){
        .journal = trial->journal, .tokens_max = options->tokens, .usd_max = options->usd
    };
    trial->judging = (struct judging){ &trial->asker, &trial->arena };
    trial->grade.judge = judging_ask;
    trial->grade.with = &trial->judging;
    trial->means = (struct live_means){ .asker = &trial->asker,
        .world = { .tool = arena_format(&trial->arena, "%s/moult-tool", folder),
            .tier = trial->grade.tier,
            .waived = trial->grade.waived,
            .homes = trial->grade.homes },
        .grade = &trial->grade,
        .steps_max = trial->config.steps_max,
        .temperature = options->temperature };
}

static int prepare(struct live_trial *trial, const char *const *words, unsigned count, bool versus,
    struct err *err)
{
    char folder[PATH_MAX];
    int rc = config_read(&trial->config, trial->home, &trial->arena, err);
    if (rc == 0)
        rc = case_store_read(&trial->store, trial->home, err);
    if (rc == 0)
        rc = case_means(&trial->grade, trial->home, &trial->arena, err);
    if (rc == 0)
        rc = live_cases_read(&trial->cases, &trial->store, words, count, &trial->arena, err);
    if (rc == 0)
        rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc =
            journal_open(&trial->journal, trial->home, versus ? JOURNAL_DRIVE : JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    fill_means(trial, folder);
    for (uint32_t i = 0; rc == 0 && i < trial->cases.count; i++)
        rc = check_case(trial, &trial->cases.list[i], err);
    return rc < 0 ? rc : asker_open(&trial->asker, err);
}

int live_replay(const struct verb_call *call, const struct live_options *options,
    const struct replay_choice *choice, const struct home *home, const char *const *words,
    unsigned count, struct err *err)
{
    CLEANUP(mem_freep) struct live_trial *trial = mem_zero(1, sizeof *trial);
    trial->call = call;
    trial->home = home;
    trial->options = *options;
    bool versus = choice->candidates.count > 0;
    int rc = prepare(trial, words, count, versus, err);
    if (rc == 0)
        rc = versus ? live_versus(trial, choice, err) : live_alone(trial, choice, err);
    asker_done(&trial->asker);
    journal_close(trial->journal);
    case_store_done(&trial->store);
    junit_done(&trial->junit);
    arena_done(&trial->arena);
    return rc;
}
