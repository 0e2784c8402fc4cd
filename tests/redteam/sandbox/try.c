/* try - see try.h. */
#include "try.h"

#include "base/fd.h"
#include "base/mem.h"
#include "scene.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { GOT_THROUGH = 0, REFUSED = 42, PATIENCE_MS = 60000, GONE_MS = 1000 };

static int run(const struct trying *trying, const char *attempt, const char *argument,
    struct sandbox_limits limits, int fd, struct sandbox_result *result, struct err *err)
{
    const char *program = trying->profile == SANDBOX_WORKER ? trying->locked : trying->program;
    const struct sandbox_mount mounts[] = { { scene_work(), scene_work(), true,
                                                trying->profile == SANDBOX_TOOL },
        { program, program, false, true } };
    const char *argv[] = { program, attempt, scene_argument(argument), NULL };
    const struct sandbox_run wish = { .profile = trying->profile,
        .tier = trying->tier,
        .argv = argv,
        .env = trying->profile == SANDBOX_WORKER ? trying->env : NULL,
        .cwd = scene_work(),
        .mounts = mounts,
        .mounts_count = COUNT_OF(mounts),
        .fds = &fd,
        .fds_count = fd >= 0 ? 1 : 0,
        .network = trying->network,
        .limits = limits };
    scene_fresh();
    return sandbox_run(&wish, result, err);
}

static void describe(char text[TRY_TEXT_MAX], const struct sandbox_result *result)
{
    snprintf(text, TRY_TEXT_MAX, "exit %d, signal %d, limit %s, said \"%.80s\" \"%.80s\"",
        result->exit_code, result->signal, sandbox_limit_words[result->limit],
        result->out.at ? result->out.at : "", result->err.at ? result->err.at : "");
}

/* Another architecture's calls, and what a worker does, end the process instead; a clock that is
 * not there is read at no address. */
static enum outcome judge(const struct sandbox_result *result, unsigned flags)
{
    if (result->exit_code == REFUSED || result->signal == SIGSYS ||
        ((flags & LOCKED_ONLY) && result->signal == SIGSEGV))
        return OUTCOME_REFUSED;
    return result->exit_code == GOT_THROUGH ? OUTCOME_THROUGH : OUTCOME_ODD;
}

/* Whoever holds the other end holds it until his end. */
static bool somebody_is_left(int fd)
{
    struct pollfd polled = { fd, POLLIN, 0 };
    return poll(&polled, 1, GONE_MS) == 0;
}

bool try_remains(const struct probe *probe)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", scene_work(), probe->argument);
    return access(path, F_OK) == 0;
}

/* A name of its own namespace is the run's to change. */
static bool was_renamed(const struct utsname *before)
{
    struct utsname now;
    if (uname(&now) < 0 || strcmp(now.nodename, before->nodename) == 0)
        return false;
    if (sethostname(before->nodename, strlen(before->nodename)) < 0)
        perror("the host's name");
    return true;
}

enum outcome try_probe(
    const struct trying *trying, const struct probe *probe, char text[TRY_TEXT_MAX])
{
    struct sandbox_result result;
    struct err err = { 0 };
    int ends[2] = { -1, -1 };
    bool outlives = probe->flags & OUTLIVES;
    struct utsname machine;
    if ((outlives && pipe2(ends, O_CLOEXEC) < 0) || uname(&machine) < 0)
        return OUTCOME_ODD;
    int rc = run(trying, probe->attempt, probe->argument,
        (struct sandbox_limits){ .wall_ms = PATIENCE_MS }, ends[1], &result, &err);
    fd_closep(&ends[1]);
    enum outcome outcome = OUTCOME_ODD;
    snprintf(text, TRY_TEXT_MAX, "%s (%s)", err.text, err.hint);
    if (rc == 0) {
        describe(text, &result);
        outcome = judge(&result, probe->flags);
        if (result.tier != trying->tier)
            outcome = OUTCOME_ODD;
        sandbox_result_done(&result);
    }
    if (outlives && outcome == OUTCOME_THROUGH && !somebody_is_left(ends[0]))
        outcome = OUTCOME_REFUSED;
    if ((probe->flags & REMAINS) && outcome == OUTCOME_THROUGH && !try_remains(probe))
        outcome = OUTCOME_REFUSED;
    if ((probe->flags & RENAMES) && outcome == OUTCOME_THROUGH && !was_renamed(&machine))
        outcome = OUTCOME_REFUSED;
    fd_closep(&ends[0]);
    scene_sweep();
    return outcome;
}

enum outcome try_bomb(const struct trying *trying, const struct bomb *bomb, unsigned stay_ms,
    enum sandbox_limit *ret, char text[TRY_TEXT_MAX])
{
    struct sandbox_result result;
    struct sandbox_limits limits = bomb->limits;
    struct err err = { 0 };
    char stay[32];
    snprintf(stay, sizeof stay, "%u", stay_ms);
    if (!limits.wall_ms)
        limits.wall_ms = PATIENCE_MS;
    int rc = run(trying, bomb->name, stay, limits, -1, &result, &err);
    snprintf(text, TRY_TEXT_MAX, "%s (%s)", err.text, err.hint);
    if (rc < 0)
        return OUTCOME_ODD;
    describe(text, &result);
    *ret = result.limit;
    enum outcome outcome = judge(&result, bomb->flags);
    if (outcome == OUTCOME_ODD && (result.limit != LIMIT_NONE || result.signal != 0))
        outcome = OUTCOME_REFUSED;
    sandbox_result_done(&result);
    scene_sweep();
    return outcome;
}

static enum outcome control(
    const struct trying *trying, const char *attempt, const char *argument, bool outlives)
{
    int status = scene_control(trying->program, attempt, argument);
    bool left = scene_sweep() > 0;
    if (status == GOT_THROUGH && outlives && !left)
        return OUTCOME_REFUSED;
    return status == GOT_THROUGH ? OUTCOME_THROUGH
           : status == REFUSED   ? OUTCOME_REFUSED
                                 : OUTCOME_ODD;
}

enum outcome try_control(const struct trying *trying, const struct probe *probe)
{
    return control(trying, probe->attempt, probe->argument, probe->flags & OUTLIVES);
}

enum outcome try_bomb_control(const struct trying *trying, const struct bomb *bomb)
{
    return control(trying, bomb->name, "0", false);
}
