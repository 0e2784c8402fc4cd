/* carry_tool - see carry_tool.h.
 *
 * The server may read the system and the folders of the files that its command names, nothing else
 * of the host. Paths are the host's in both tiers, so what its arguments say stays true. */
#include "promote/carry_tool.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_MAX = 64, ENV_MAX = 24, FOLDERS_MAX = 16, OUTPUT_MAX = 32 << 20 };

static const char *const env_own[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8" };

struct command {
    const char *argv[ARGS_MAX], *env[ENV_MAX];
    unsigned argc, envc;
    struct sandbox_mount mounts[FOLDERS_MAX];
    unsigned mounts_count;
    struct arena arena;
};

static bool is_program(const char *path)
{
    struct stat stat_of;
    return stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && access(path, X_OK) == 0;
}

/* The program by its whole path, as the shell would find it. */
static const char *find_program(const char *name, struct arena *arena)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return is_program(name) ? name : NULL;
    while (path && *path) {
        size_t size = strcspn(path, ":");
        const char *one = arena_format(arena, "%.*s/%s", (int)size, path, name);
        if (*path == '/' && is_program(one))
            return one;
        path += size + (path[size] == ':');
    }
    return NULL;
}

static int add_mount(struct command *command, const char *path, bool write, struct err *err)
{
    for (unsigned i = 0; i < command->mounts_count; i++)
        if (strcmp(command->mounts[i].from, path) == 0)
            return 0;
    if (command->mounts_count == FOLDERS_MAX)
        return err_set(err, ERR_LIMIT, "a tool server that names files in too many folders");
    command->mounts[command->mounts_count++] = (struct sandbox_mount){ path, path, write };
    return 0;
}

/* A server that stands directly in a person's home would bring all of it along. */
static bool holds_too_much(const char *folder)
{
    const char *home = getenv("HOME");
    return !strchr(folder + (*folder == '/'), '/') || (home && strcmp(folder, home) == 0);
}

/* What an argument names by absolute path, if there is such a thing, can be read inside, under the
 * name that it has without symbolic links. */
static int add_argument(struct command *command, const char *argument, struct err *err)
{
    char path[PATH_MAX];
    struct stat stat_of;
    if (command->argc == ARGS_MAX - 1)
        return err_set(err, ERR_LIMIT, "a tool server with too many arguments");
    const char **place = &command->argv[command->argc++];
    *place = argument;
    if (*argument != '/' || !realpath(argument, path) || stat(path, &stat_of) < 0 ||
        strncmp(path, "/usr/", 5) == 0)
        return 0;
    *place = arena_string(&command->arena, path, strlen(path));
    if (!S_ISDIR(stat_of.st_mode))
        *strrchr(path, '/') = '\0';
    if (holds_too_much(path)) {
        err_set(err, ERR_DENIED, "the tool server would see all of %s", *path ? path : "/");
        return err_hint(err, "put it into a folder of its own: %s", argument);
    }
    return add_mount(command, arena_string(&command->arena, path, strlen(path)), false, err);
}

static int add_server(struct command *command, const struct carry_plan *plan, struct err *err)
{
    const char *program = find_program(plan->command[0], &command->arena);
    if (!program) {
        err_set(err, ERR_LACKS, "no program %s, the tool server", plan->command[0]);
        return err_hint(err, "install it, or change mcpServers in moult.json");
    }
    int rc = add_argument(command, program, err);
    for (unsigned i = 1; rc == 0 && plan->command[i]; i++)
        rc = add_argument(command, plan->command[i], err);
    return rc;
}

static void add_time(struct command *command, const char *option, uint32_t ms)
{
    if (ms == 0)
        return;
    command->argv[command->argc++] = option;
    command->argv[command->argc++] = arena_format(&command->arena, "%u", ms);
}

static int add_env(struct command *command, const char *variable, struct err *err)
{
    if (command->envc == ENV_MAX - 1)
        return err_set(err, ERR_LIMIT, "too many variables for a tool server");
    command->env[command->envc++] = variable;
    return 0;
}

static int fill_env(
    struct command *command, const struct carry_plan *plan, const char *work, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; i < COUNT_OF(env_own); i++)
        add_env(command, env_own[i], NULL);
    add_env(command, arena_format(&command->arena, "HOME=%s", work), NULL);
    add_env(command, arena_format(&command->arena, "TMPDIR=%s", work), NULL);
    for (unsigned i = 0; rc == 0 && plan->env && plan->env[i]; i++)
        rc = add_env(command, plan->env[i], err);
    return rc;
}

static int make_command(
    struct command *command, const struct carry_plan *plan, const char *work, struct err *err)
{
    if (!is_program(plan->tool)) {
        err_set(err, ERR_LACKS, "no program %s", plan->tool);
        return err_hint(err, "build it: ./dev build");
    }
    command->argv[command->argc++] = plan->tool;
    add_time(command, "--start-ms", plan->start_ms);
    add_time(command, "--call-ms", plan->call_ms);
    command->argv[command->argc++] = "--";
    int rc = fill_env(command, plan, work, err);
    if (rc == 0)
        rc = add_mount(command, plan->tool, false, err);
    if (rc == 0)
        rc = add_mount(command, work, true, err);
    return rc < 0 ? rc : add_server(command, plan, err);
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
    arena_done(&job->command.arena);
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
