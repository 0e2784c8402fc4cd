/* compile - see compile.h. */
#include "promote/compile.h"
#include "promote/compile_command.h"

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

enum { IMAGE_MAX = 16 << 20, SOURCE_MAX = 1 << 20 };
enum { SPACE_MIN = 1 << 20 }; /* a disk with less is full */

const char *const compile_stage_words[4] = { "ok", "compile", "limit", "elf" };
const char *const compile_by_words[2] = { [COMPILE_BY_GCC] = "gcc", [COMPILE_BY_TCC] = "tcc" };

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

/* One program; what it says stands behind what was said before. */
static int run_tool(struct compile_result *ret, const struct compile_plan *plan, const char *work,
    enum compile_tool tool, const struct compile_places *places, struct err *err)
{
    const struct sandbox_mount mounts[] = { { plan->sdk, places->sdk, false, false },
        { work, places->work, true, false } };
    CLEANUP(compile_command_done) struct compile_command command = { .argc = 0 };
    CLEANUP(mem_freep) char *temporary = mem_format("TMPDIR=%s", places->work);
    const char *const env[] = { "PATH=/usr/bin", "LC_ALL=C", "SOURCE_DATE_EPOCH=0", temporary,
        NULL };
    struct sandbox_result result;
    int rc = compile_command(&command, tool, plan, places, err);
    const struct sandbox_run run = { .profile = SANDBOX_COMPILE,
        .tier = places->tier,
        .argv = command.argv,
        .env = env,
        .cwd = places->work,
        .mounts = mounts,
        .mounts_count = COUNT_OF(mounts) };
    if (rc == 0)
        rc = sandbox_run(&run, &result, err);
    if (rc < 0)
        return rc;
    buf_str(&ret->diagnostics, buf_view(&result.err));
    ret->limit = result.limit;
    ret->tier = result.tier;
    ret->layers = result.layers;
    ret->wall_us += result.wall_us;
    ret->stage = result.limit != LIMIT_NONE ? COMPILE_LIMIT
                 : result.exit_code != 0    ? COMPILE_COMPILE
                                            : COMPILE_OK;
    sandbox_result_done(&result);
    return 0;
}

/* With a root of its own where that can be had; else, if the caller allows it, without. */
static int run_compiler(struct compile_result *ret, const struct compile_plan *plan,
    const char *work, enum compile_tool tool, struct err *err)
{
    const struct compile_places inside = { "/sdk", "/work", SANDBOX_STRONG };
    const struct compile_places outside = { plan->sdk, work, SANDBOX_CONTAINER };
    int rc = run_tool(ret, plan, work, tool, &inside, err);
    if (rc == -ERR_LACKS && plan->tier == SANDBOX_CONTAINER)
        rc = run_tool(ret, plan, work, tool, &outside, err);
    return rc;
}

static int take_image(
    struct compile_result *ret, const struct compile_plan *plan, const char *work, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", work, compile_output(plan));
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

/* --- a trial build by tcc */

/* What tcc is not told to do, or does not do, gcc does: its word counts. */
static void pass_over(struct compile_result *ret, const char *why)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct str said = str_trim(buf_view(&ret->diagnostics));
    buf_text(&text, why);
    if (said.size > 0) {
        buf_text(&text, ": ");
        buf_str(&text, said);
    }
    str_printable(ret->not_by_tcc, sizeof ret->not_by_tcc, buf_view(&text), false);
    buf_clear(&ret->diagnostics);
    buf_clear(&ret->image);
    ret->findings.count = 0;
}

/* By a pragma a source could give tcc options, to run what it compiles among them. A line that is
 * continued could hide the word. */
static bool may_give_options(struct str source)
{
    static const char *const signs[] = { "pragma", "Pragma", "\\\n", "\\\r" };
    for (size_t i = 0; i < COUNT_OF(signs); i++)
        if (str_find(source, str_of(signs[i])) >= 0)
            return true;
    return false;
}

/* 1: made. The object has passed the same gate as one of gcc's. */
static int try_tcc(
    struct compile_result *ret, const struct compile_plan *plan, const char *work, struct err *err)
{
    CLEANUP(mem_freep) char *left = mem_format("%s/%s", work, compile_output(plan));
    if (access(compile_programs[TOOL_TCC], X_OK) < 0) {
        pass_over(ret, "tcc is not installed");
        return 0;
    }
    if (may_give_options(plan->source)) {
        pass_over(ret, "the source could give tcc options");
        return 0;
    }
    int rc = run_compiler(ret, plan, work, TOOL_TCC, err);
    if (rc == 0 && ret->stage == COMPILE_OK)
        rc = run_compiler(ret, plan, work, TOOL_LD, err);
    if (rc == 0 && ret->stage == COMPILE_OK)
        rc = take_image(ret, plan, work, err);
    if (rc < 0 || ret->stage == COMPILE_OK) {
        ret->by = COMPILE_BY_TCC;
        return rc < 0 ? rc : 1;
    }
    pass_over(ret,
        ret->stage == COMPILE_ELF ? ret->findings.list[0].message : "tcc does not take the source");
    if (unlink(left) < 0 && errno != ENOENT)
        return err_sys(err, "remove %s", left);
    return 0;
}

static int build(
    struct compile_result *ret, const struct compile_plan *plan, const char *work, struct err *err)
{
    int made = plan->by == COMPILE_BY_TCC && plan->profile == ELF_TRIAL && !plan->preprocess
                   ? try_tcc(ret, plan, work, err)
                   : 0;
    if (made != 0)
        return made < 0 ? made : 0;
    int rc = run_compiler(ret, plan, work, TOOL_GCC, err);
    if (rc == 0 && ret->stage == COMPILE_OK)
        rc = take_image(ret, plan, work, err);
    if (rc == 0 && ret->stage == COMPILE_COMPILE)
        rc = blame_machine(ret, work, err);
    if (rc == 0)
        name_limit(ret);
    return rc;
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
        rc = build(ret, plan, work, err);
    if (rc < 0)
        compile_result_done(ret);
    return rc;
}
