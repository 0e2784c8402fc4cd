/* compile - see compile.h. */
#include "promote/compile.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FLAGS_MAX = 96, LIST_MAX = 1 << 16, IMAGE_MAX = 16 << 20, SOURCE_MAX = 1 << 20 };
enum { SPACE_MIN = 1 << 20 }; /* a disk with less is full */

const char *const compile_stage_words[4] = { "ok", "compile", "limit", "elf" };

/* What a profile adds to the flags of a release. It goes last, so that it wins. A trial build holds
 * thousands of candidates of which nearly all are thrown away: compiling quickly is what counts,
 * and nobody reads its warnings. */
static const struct {
    const char *list;     /* a flag list of the SDK, or NULL */
    const char *flags[2]; /* as many as there are */
} profiles[] = {
    [ELF_RELEASE] = { 0 },
    [ELF_TRIAL] = { NULL, { "-O0", "-w" } },
    [ELF_ASAN] = { "asanflags.txt", { NULL } },
};

enum { LISTS_MAX = 3 };
struct command {
    const char *argv[FLAGS_MAX];
    unsigned argc;
    struct buf lists[LISTS_MAX]; /* the flag lists, cut into words */
    unsigned lists_count;
    char *owned[8];
    unsigned owned_count;
};

void compile_result_done(struct compile_result *result)
{
    buf_done(&result->image);
    buf_done(&result->diagnostics);
}

int compile_sdk(char out[PATH_MAX], struct err *err)
{
    char found[PATH_MAX];
    int rc = file_program_dir(out, PATH_MAX - 32, err);
    if (rc < 0)
        return rc;
    strcat(out, "/../share/moult/sdk");
    if (realpath(
            out, found)) /* a mount has a plain name; what is not there is said when it is read */
        strcpy(out, found);
    return 0;
}

static int add_list(struct command *command, const char *sdk, const char *name, struct err *err)
{
    struct buf *list = &command->lists[command->lists_count++];
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", sdk, name);
    int rc = file_read(path, list, LIST_MAX, err);
    if (rc < 0) {
        err->code = ERR_LACKS;
        return err_hint(err, "the SDK stands in share/moult/sdk beside bin/");
    }
    char *state = NULL;
    for (char *word = strtok_r(list->at, "\n", &state); word; word = strtok_r(NULL, "\n", &state)) {
        if (command->argc + 8 > FLAGS_MAX)
            return err_set(err, ERR_LIMIT, "too many flags in %s", path);
        command->argv[command->argc++] = word;
    }
    return 0;
}

/* Where things stand for the compiler: fixed names inside a root of its own; without one, the
 * host's. The object does not tell which: the flags map the folder away. */
struct places {
    const char *sdk, *work;
    enum sandbox_tier tier;
};

static const char *keep(struct command *command, char *text)
{
    command->owned[command->owned_count++] = text;
    return text;
}

static const char *output_of(const struct compile_plan *plan)
{
    return plan->preprocess ? "plugin.i" : "plugin.so";
}

static int make_command(struct command *command, const struct compile_plan *plan,
    const struct places *places, struct err *err)
{
    command->argv[command->argc++] = SANDBOX_COMPILER;
    int rc = add_list(command, plan->sdk, "cflags.txt", err);
    if (rc == 0)
        rc = add_list(command, plan->sdk, "ldflags.txt", err);
    if (rc == 0 && profiles[plan->profile].list)
        rc = add_list(command, plan->sdk, profiles[plan->profile].list, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < COUNT_OF(profiles[0].flags) && profiles[plan->profile].flags[i]; i++)
        command->argv[command->argc++] = profiles[plan->profile].flags[i];
    const char *rest[] = {
        keep(command, mem_format("-I%s", places->sdk)),
        keep(command, mem_format("-ffile-prefix-map=%s=/work", places->work)),
        "-o",
        keep(command, mem_format("%s/%s", places->work, output_of(plan))),
        keep(command, mem_format("%s/plugin.c", places->work)),
        plan->preprocess ? "-E" : keep(command, mem_format("%s/mem.c", places->sdk)),
        NULL,
    };
    for (size_t i = 0; i < COUNT_OF(rest); i++)
        command->argv[command->argc++] = rest[i];
    return 0;
}

static void command_done(struct command *command)
{
    for (unsigned i = 0; i < command->owned_count; i++)
        free(command->owned[i]);
    for (unsigned i = 0; i < command->lists_count; i++)
        buf_done(&command->lists[i]);
}

/* Nobody needs it after a crash, and waiting for the disk would take longer than the preprocessor.
 */
static int write_source(const char *path, struct str source, struct err *err)
{
    CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || fchmod(fd, 0644) < 0)
        return err_sys(err, "temporary file");
    return write_all(fd, source.at, source.size, err);
}

/* A folder that the run may write, whoever it is outside. */
static int make_work(struct scratch *scratch, struct str source, struct err *err)
{
    int rc = scratch_make(scratch, "build", 0711, err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *work = mem_format("%s/work", scratch->path);
    CLEANUP(mem_freep) char *path = mem_format("%s/plugin.c", work);
    if (mkdir(work, 0777) < 0 || chmod(work, 0777) < 0)
        return err_sys(err, "temporary folder");
    return write_source(path, source, err);
}

static int run_in(struct compile_result *ret, const struct compile_plan *plan, const char *work,
    const struct places *places, struct err *err)
{
    const struct sandbox_mount mounts[] = { { plan->sdk, places->sdk, false, false },
        { work, places->work, true, false } };
    struct command command = { .argc = 0 };
    CLEANUP(mem_freep) char *temporary = mem_format("TMPDIR=%s", places->work);
    const char *const env[] = { "PATH=/usr/bin", "LC_ALL=C", "SOURCE_DATE_EPOCH=0", temporary,
        NULL };
    struct sandbox_result result;
    int rc = make_command(&command, plan, places, err);
    const struct sandbox_run run = { .profile = SANDBOX_COMPILE,
        .tier = places->tier,
        .argv = command.argv,
        .env = env,
        .cwd = places->work,
        .mounts = mounts,
        .mounts_count = COUNT_OF(mounts) };
    if (rc == 0)
        rc = sandbox_run(&run, &result, err);
    command_done(&command);
    if (rc < 0)
        return rc;
    buf_str(&ret->diagnostics, buf_view(&result.err));
    ret->limit = result.limit;
    ret->tier = result.tier;
    ret->layers = result.layers;
    ret->wall_us = result.wall_us;
    ret->stage = result.limit != LIMIT_NONE ? COMPILE_LIMIT
                 : result.exit_code != 0    ? COMPILE_COMPILE
                                            : COMPILE_OK;
    sandbox_result_done(&result);
    return 0;
}

/* With a root of its own where that can be had; else, if the caller allows it, without. */
static int run_compiler(
    struct compile_result *ret, const struct compile_plan *plan, const char *work, struct err *err)
{
    const struct places inside = { "/sdk", "/work", SANDBOX_STRONG };
    const struct places outside = { plan->sdk, work, SANDBOX_CONTAINER };
    int rc = run_in(ret, plan, work, &inside, err);
    if (rc == -ERR_LACKS && plan->tier == SANDBOX_CONTAINER)
        rc = run_in(ret, plan, work, &outside, err);
    return rc;
}

static int take_image(
    struct compile_result *ret, const struct compile_plan *plan, const char *work, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", work, output_of(plan));
    int rc = file_read(path, &ret->image, IMAGE_MAX, err);
    if (rc == -ERR_LIMIT) {
        ret->stage = COMPILE_LIMIT;
        ret->limit = LIMIT_DISK;
        return 0;
    }
    if (rc < 0) {
        ret->stage = COMPILE_COMPILE;
        buf_text(&ret->diagnostics, "the compiler left no output\n");
        return 0;
    }
    ret->build = hash_of(buf_view(&ret->image));
    if (plan->preprocess)
        return 0;
    if (elf_check(buf_view(&ret->image), plan->profile, &ret->findings, NULL) < 0)
        ret->stage = COMPILE_ELF;
    return 0;
}

/* A stage of the compiler that ran into a limit of the kernel, which ends it before the watch sees
 * the sum; gcc says so. Its words may be the source's: they name a refusal, and make none. */
static const struct {
    const char *words;
    enum sandbox_limit limit;
} ends[] = {
    { "File size limit exceeded", LIMIT_DISK },
    { "CPU time limit exceeded", LIMIT_CPU },
    { "out of memory allocating", LIMIT_MEMORY },
    { "virtual memory exhausted", LIMIT_MEMORY },
};

static void name_limit(struct compile_result *ret)
{
    for (size_t i = 0; i < COUNT_OF(ends) && ret->stage == COMPILE_COMPILE; i++)
        if (str_find(buf_view(&ret->diagnostics), str_of(ends[i].words)) >= 0) {
            ret->stage = COMPILE_LIMIT;
            ret->limit = ends[i].limit;
        }
}

/* What every build needs of the machine. */
static const struct need {
    const char *path, *package;
} needs[] = {
    { SANDBOX_COMPILER, "gcc" },
    { "/usr/bin/as", "binutils" },
    { "/usr/bin/ld", "binutils" },
};

static int check_needs(struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(needs); i++)
        if (access(needs[i].path, X_OK) < 0) {
            err_set(err, ERR_LACKS, "no compiler: %s is not there", needs[i].path);
            return err_hint(err, "apt-get install %s", needs[i].package);
        }
    return 0;
}

/* A compile that failed for want of something is the machine's failure, not the source's. */
static int blame_machine(const struct compile_result *result, const char *work, struct err *err)
{
    struct statvfs disk;
    if (str_starts(buf_view(&result->diagnostics), STR("gcc: fatal error: cannot execute '"))) {
        err_set(err, ERR_LACKS, "no compiler: gcc does not find its own programs");
        return err_hint(err, "apt-get install --reinstall gcc cpp");
    }
    if (statvfs(work, &disk) < 0 || disk.f_bavail * disk.f_frsize >= SPACE_MIN)
        return 0;
    errno = ENOSPC;
    err_sys(err, "build in %s", work);
    return err_hint(err, "free some space there, then do it again");
}

int compile_run(struct compile_result *ret, const struct compile_plan *plan, struct err *err)
{
    CLEANUP(scratch_remove) struct scratch scratch = { .lock = -1 };
    int rc;
    memset(ret, 0, sizeof *ret);
    if (plan->source.size > SOURCE_MAX)
        return err_set(err, ERR_LIMIT, "a source of more than %d bytes", SOURCE_MAX);
    rc = check_needs(err);
    if (rc == 0)
        rc = make_work(&scratch, plan->source, err);
    CLEANUP(mem_freep) char *work = mem_format("%s/work", scratch.path);
    if (rc == 0)
        rc = run_compiler(ret, plan, work, err);
    if (rc == 0 && ret->stage == COMPILE_OK)
        rc = take_image(ret, plan, work, err);
    if (rc == 0 && ret->stage == COMPILE_COMPILE)
        rc = blame_machine(ret, work, err);
    if (rc == 0)
        name_limit(ret);
    if (rc < 0)
        compile_result_done(ret);
    return rc;
}
