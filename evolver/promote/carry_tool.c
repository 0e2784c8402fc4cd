/* carry_tool - see carry_tool.h.
 *
 * The server may read the system and the folders of the files that its command names
 * (sandbox/command.h), nothing else of the host. */
#include "promote/carry_tool.h"

#include "base/mem.h"
#include "base/scratch.h"
#include "sandbox/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { OUTPUT_MAX = 32 << 20 };

static const char *const env_own[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8" };

static int add_time(struct command *command, const char *option, uint32_t ms, struct err *err)
{
    if (ms == 0)
        return 0;
    int rc = command_word(command, option, err);
    return rc < 0 ? rc : command_word(command, arena_format(&command->arena, "%u", ms), err);
}

static int fill_env(
    struct command *command, const struct carry_plan *plan, const char *work, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT_OF(env_own); i++)
        rc = command_env(command, env_own[i], err);
    if (rc == 0)
        rc = command_env(command, arena_format(&command->arena, "HOME=%s", work), err);
    if (rc == 0)
        rc = command_env(command, arena_format(&command->arena, "TMPDIR=%s", work), err);
    for (unsigned i = 0; rc == 0 && plan->env && plan->env[i]; i++)
        rc = command_env(command, plan->env[i], err);
    return rc;
}

static int make_command(
    struct command *command, const struct carry_plan *plan, const char *work, struct err *err)
{
    int rc = command_own(command, plan->tool, err);
    if (rc == 0)
        rc = add_time(command, "--start-ms", plan->start_ms, err);
    if (rc == 0)
        rc = add_time(command, "--call-ms", plan->call_ms, err);
    if (rc == 0)
        rc = command_word(command, "--", err);
    if (rc == 0)
        rc = fill_env(command, plan, work, err);
    if (rc == 0)
        rc = command_mount(command, work, work, true, err);
    return rc < 0 ? rc : command_server(command, plan->command, err);
}

/* Each run has a folder of its own to work in: nothing goes from one world to the next. */
struct carry_job {
    struct command command;
    struct sandbox *sandbox;
    struct scratch folder;
    char work[80];
};

static void job_free(struct carry_job *job)
{
    scratch_remove(&job->folder);
    command_done(&job->command);
    free(job);
}

static int make_folder(struct carry_job *job, struct err *err)
{
    snprintf(job->work, sizeof job->work, "%s/work", job->folder.path);
    if (mkdir(job->work, 0777) < 0 || chmod(job->work, 0777) < 0)
        return err_sys(err, "temporary folder");
    return 0;
}

static int start(
    struct carry_job *job, const struct carry_plan *plan, struct str input, struct err *err)
{
    int rc = make_folder(job, err);
    if (rc == 0)
        rc = make_command(&job->command, plan, job->work, err);
    if (rc < 0)
        return rc;
    const struct sandbox_run run = {
        .profile = SANDBOX_TOOL,
        .tier = plan->tier,
        .argv = job->command.argv,
        .env = job->command.env,
        .cwd = job->work,
        .mounts = job->command.mounts,
        .mounts_count = job->command.mounts_count,
        .input = input,
        .limits = { .output = OUTPUT_MAX },
        .waived = plan->waived,
    };
    return sandbox_start(&job->sandbox, &run, err);
}

int carry_start(
    struct carry_job **ret, const struct carry_plan *plan, struct str input, struct err *err)
{
    struct carry_job *job = mem_zero(1, sizeof *job);
    int rc = scratch_make(&job->folder, "carry", 0711, err);
    if (rc == 0)
        rc = start(job, plan, input, err);
    if (rc == 0)
        *ret = job;
    else
        job_free(job);
    return rc;
}

int carry_wait(struct carry_job *job, struct buf *out, struct carry_result *layers, struct err *err)
{
    struct sandbox_result result;
    int rc = sandbox_wait(job->sandbox, &result, err);
    if (rc == 0) {
        buf_str(out, buf_view(&result.out));
        layers->tier = result.tier;
        layers->layers = result.layers;
        sandbox_result_done(&result);
    }
    job_free(job);
    return rc;
}
