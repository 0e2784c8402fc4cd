/* replay_choice - see replay_choice.h. */
#include "trials/replay_choice.h"

#include "base/file.h"
#include "base/mem.h"
#include "sandbox/waive.h"
#include "trials/builds.h"
#include "wire/config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool replay_choice_is_object(const char *candidate)
{
    size_t size = strlen(candidate);
    return strchr(candidate, '/') || (size > 3 && strcmp(candidate + size - 3, ".so") == 0);
}

int replay_choice_check(const struct replay_choice *choice, struct err *err)
{
    return choice->workers <= REPLAY_WORKERS_MAX
               ? 0
               : err_set(err, ERR_USAGE, "at most %d workers", REPLAY_WORKERS_MAX);
}

static int choose(struct builds *ret, const struct replay_choice *choice, struct journal *journal,
    const struct home *home, struct err *err)
{
    int rc = choice->builds ? builds_read(ret, choice->builds, err)
                            : builds_generation(ret, journal, home, choice->generation, err);
    for (unsigned i = 0; rc == 0 && i < choice->candidates.count; i++) {
        const char *candidate = choice->candidates.at[i];
        rc = replay_choice_is_object(candidate)
                 ? builds_add(ret, candidate, err)
                 : builds_candidate(ret, journal, home, str_of(candidate), err);
    }
    return rc;
}

static int read_tier(int *ret, const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    uint32_t waived;
    int rc = config_read(&config, home, &arena, err);
    if (rc == 0)
        rc = sandbox_waive(config.waived, config.waived_count, &waived, err);
    if (rc == 0)
        *ret = config.tier;
    return rc;
}

unsigned replay_choice_workers(const struct replay_choice *choice)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (choice->workers)
        return (unsigned)choice->workers;
    return processors > REPLAY_WORKERS_MAX ? REPLAY_WORKERS_MAX
                                           : (unsigned)(processors > 0 ? processors : 1);
}

int replay_choose(struct replay_chosen *ret, const struct replay_choice *choice,
    struct journal *journal, const struct home *home, struct err *err)
{
    char folder[PATH_MAX];
    int tier = 0;
    *ret = (struct replay_chosen){ 0 };
    int rc = read_tier(&tier, home, err);
    if (rc == 0)
        rc = file_program_dir(folder, sizeof folder, err);
    if (rc == 0)
        rc = choose(&ret->builds, choice, journal, home, err);
    if (rc < 0)
        return rc;
    ret->worker = mem_format("%s/moult-worker", folder);
    ret->arm = (struct replay_arm){ .worker = ret->worker,
        .builds = ret->builds.list,
        .builds_count = ret->builds.count,
        .pipeline = "order",
        .tier = tier,
        .seed = 1,
        .patient = !choice->builds && choice->candidates.count == 0 };
    return 0;
}

void replay_chosen_done(struct replay_chosen *chosen)
{
    builds_done(&chosen->builds);
    free(chosen->worker);
}

int replay_choice_open(struct replaying *replaying, struct replay_chosen *ret,
    const struct replay_choice *choice, const struct home *home, struct err *err)
{
    int rc = replay_choose(ret, choice, replaying->journal, home, err);
    return rc < 0 ? rc : replaying_open(replaying, ret->arm, replay_choice_workers(choice), err);
}

void replay_choice_close(struct replaying *replaying, struct replay_chosen *chosen)
{
    for (unsigned i = 0; i < REPLAYING_PASSES; i++)
        replay_free(replaying->arms[i]);
    replay_chosen_done(chosen);
}
