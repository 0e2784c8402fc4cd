/* command - a program as grader, in the tool sandbox: no network, the workspace read-only, every
 * process of it dead when it ends.
 *
 * Status 0 says that it holds, 1 that it does not. Nothing else says anything: a grader that hangs,
 * forks without end, fills its disk or dies has not looked, and a case is no better for it. */
#include "trials/grade/grade.h"

#include "base/mem.h"
#include "sandbox/sandbox.h"

#include <errno.h>

enum {
    WALL_MS = 60000,
    MEMORY_MB = 512,
    PROCESSES = 64,
    OUTPUT_MAX = 64 << 10,
    DISK_MAX = 64 << 20,
};
#define INSIDE "/workspace"

static const char **words_of(const struct case_command *command, struct arena *arena)
{
    const char **argv = arena_alloc(arena, (command->argv_count + 1) * sizeof *argv);
    for (uint32_t i = 0; i < command->argv_count; i++)
        argv[i] = arena_string(arena, command->argv[i].at, command->argv[i].size);
    return argv;
}

/* The last words that it said, for people. */
static struct grade_shown last_words(const struct sandbox_result *result)
{
    struct str said = str_trim(buf_view(result->err.size > 0 ? &result->err : &result->out));
    size_t from = said.size > 60 ? said.size - 60 : 0;
    return grade_show((struct str){ said.at ? said.at + from : "", said.size - from });
}

static void read_result(struct grade_result *ret, const struct sandbox_result *result)
{
    if (result->limit != LIMIT_NONE)
        grade_say(ret, GRADE_UNKNOWN, "the grader came to its limit: %s",
            sandbox_limit_words[result->limit]);
    else if (result->signal)
        grade_say(ret, GRADE_UNKNOWN, "the grader was ended by signal %d", result->signal);
    else if (result->exit_code == 1)
        grade_say(ret, GRADE_BROKEN, "the grader says no: %s", last_words(result).text);
    else if (result->exit_code != 0)
        grade_say(ret, GRADE_UNKNOWN, "the grader ended with %d: %s", result->exit_code,
            last_words(result).text);
}

/* What the case names is not there, or is no program: the case's own matter, and no failure of the
 * machine, which would end the other cases, too. */
static bool is_no_program(int rc, const struct err *err)
{
    return rc == -ERR_SYS &&
           (err->sys == ENOENT || err->sys == EACCES || err->sys == ENOEXEC || err->sys == ENOTDIR);
}

int grade_command(struct grade_result *ret, const struct case_grade *grade,
    const struct facts *facts, const struct grade_means *means, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct case_command *command = &grade->command;
    struct sandbox_result result = { 0 };
    struct err mine;
    err = err ? err : &mine;
    if (!grade_knows(ret, facts, FACTS_WORKSPACE, "the workspace"))
        return 0;
    if (!means->sandbox) {
        grade_say(ret, GRADE_UNKNOWN, "there is no sandbox for a command here");
        return 0;
    }
    const struct sandbox_mount mount = { facts->workspace,
        means->tier == SANDBOX_STRONG ? INSIDE : facts->workspace, false };
    const struct sandbox_run run = {
        .profile = SANDBOX_TOOL,
        .tier = (enum sandbox_tier)means->tier,
        .argv = (const char *const *)words_of(command, &arena),
        .cwd = mount.to,
        .mounts = &mount,
        .mounts_count = 1,
        .homes = means->homes,
        .limits = { .wall_ms = command->wall_ms ? command->wall_ms : WALL_MS,
            .processes = PROCESSES,
            .memory = (uint64_t)(command->memory_mb ? command->memory_mb : MEMORY_MB) << 20,
            .disk = DISK_MAX,
            .output = OUTPUT_MAX },
        .waived = means->waived,
    };
    int rc = sandbox_run(&run, &result, err);
    if (rc == 0)
        read_result(ret, &result);
    sandbox_result_done(&result);
    if (is_no_program(rc, err)) {
        grade_say(
            ret, GRADE_UNKNOWN, "the grader was not run: %s", grade_show(str_of(err->text)).text);
        return 0;
    }
    return rc < 0 ? err_while(err, "the command that grades") : 0;
}
