/* leaks - see leaks.h. */
#include "leaks.h"

#include "base/clock.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/moult-leaks.XXXXXX"; /* a run may write it */
static pid_t killed[4096];                        /* parents; their groups have their numbers */
static unsigned killed_count;

enum end { ENDS, ENDS_KILLED, PARENT_KILLS, ENDS_AT_LIMIT, IS_REFUSED };
#define SHELL(script)                                                                              \
    {                                                                                              \
        "/usr/bin/sh", "-c", script                                                                \
    }
/* In compile there is no other program than the one that is named. */
#define PERL(script)                                                                               \
    {                                                                                              \
        "/usr/bin/perl", "-e", script                                                              \
    }
static const struct row {
    const char *word;
    enum sandbox_profile profile;
    enum end end;
    const char *argv[4];
    struct sandbox_limits limits;
    const char *from; /* mounted at /x; "": the folder */
} rows[] = {
    { "it ends", SANDBOX_TOOL, ENDS, SHELL("exit 0"), { 0 }, NULL },
    { "a compile ends", SANDBOX_COMPILE, ENDS, SHELL("exit 0"), { 0 }, NULL },
    { "a proposer ends", SANDBOX_PROPOSE, ENDS, { "/usr/bin/true" }, { 0 }, NULL },
    { "a worker ends", SANDBOX_WORKER, ENDS, { "/usr/bin/true" }, { 0 }, NULL },
    { "a folder is written", SANDBOX_TOOL, ENDS, SHELL("echo x >y && rm y"), { 0 }, "" },
    { "a daemon stays", SANDBOX_TOOL, ENDS, SHELL("(setsid sleep 1000 &) ; exit 0"), { 0 }, NULL },
    { "many daemons stay", SANDBOX_COMPILE, ENDS,
        PERL("for (1 .. 6) { fork or (syscall(112), sleep 1000) }"), { 0 }, NULL }, /* setsid */
    { "calls are denied", SANDBOX_TOOL, ENDS, SHELL("unshare -r true 2>/dev/null; exit 0"), { 0 },
        NULL },
    { "it kills itself", SANDBOX_TOOL, ENDS_KILLED, SHELL("kill -9 $$"), { 0 }, NULL },
    { "its parent kills it", SANDBOX_TOOL, PARENT_KILLS, SHELL("exec sleep 1000"), { 0 }, NULL },
    { "its parent kills a worker", SANDBOX_WORKER, PARENT_KILLS, { "/usr/bin/sleep", "1000" },
        { 0 }, NULL },
    { "time is over", SANDBOX_TOOL, ENDS_AT_LIMIT, SHELL("exec sleep 1000"), { .wall_ms = 30 },
        NULL },
    { "too much is written", SANDBOX_TOOL, ENDS_AT_LIMIT, SHELL("exec yes"), { .output = 4096 },
        NULL },
    { "the disk is full", SANDBOX_COMPILE, ENDS_AT_LIMIT,
        PERL("open F, '>', $ENV{TMPDIR} . '/x'; print F 'x' x 65536 while 1"), { .disk = 1 << 20 },
        NULL },
    { "too many processes", SANDBOX_TOOL, ENDS_AT_LIMIT,
        SHELL("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; wait"), { .processes = 8 },
        NULL },
    { "there is no such program", SANDBOX_TOOL, IS_REFUSED, { "/usr/bin/no-such-program" }, { 0 },
        NULL },
    { "there is no such worker", SANDBOX_WORKER, IS_REFUSED, { "/usr/bin/no-such-program" }, { 0 },
        NULL },
    { "there is no such folder", SANDBOX_TOOL, IS_REFUSED, SHELL("exit 0"), { 0 }, "/no/such" },
};

unsigned leaks_mix(void)
{
    return COUNT_OF(rows);
}

const char *leaks_word(unsigned number)
{
    return rows[number % COUNT_OF(rows)].word;
}

enum sandbox_profile leaks_profile(unsigned number)
{
    return rows[number % COUNT_OF(rows)].profile;
}

int leaks_begin(struct err *err)
{
    if (!mkdtemp(folder) || chmod(folder, 0777) < 0)
        return err_sys(err, "%s", folder);
    return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? err_sys(err, "subreaper") : 0;
}

void leaks_end(void)
{
    static const char *const names[] = { "x", "y" }; /* of runs that were killed */
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(mem_freep) char *path = mem_format("%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static unsigned count_entries(const char *path)
{
    unsigned count = 0;
    DIR *entries = opendir(path);
    while (entries && readdir(entries))
        count++;
    if (entries)
        closedir(entries);
    return count;
}

static unsigned count_lines(const char *path)
{
    unsigned count = 0;
    FILE *file = fopen(path, "re");
    for (int c; file && (c = getc(file)) != EOF;)
        count += c == '\n';
    if (file)
        fclose(file);
    return count;
}

static bool is_ours(pid_t pid)
{
    bool ours = pid == getpid();
    for (unsigned i = 0; i < killed_count; i++)
        ours |= pid == killed[i];
    return ours;
}

static unsigned count_groups_in(const char *path)
{
    unsigned count = 0;
    int pid;
    DIR *entries = opendir(path);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        count += sscanf(entry->d_name, "moult-%d-", &pid) == 1 && is_ours(pid);
    if (entries)
        closedir(entries);
    return count;
}

/* In the folder of each control group that this process is in, and in the mount's own. */
static unsigned count_groups(void)
{
    unsigned count = 0;
    char line[PATH_MAX], path[2 * PATH_MAX];
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file && fgets(line, sizeof line, file)) {
        char *name = strchr(line, ':'), *own = name ? strchr(name + 1, ':') : NULL;
        if (!own)
            continue;
        *own++ = 0;
        own[strcspn(own, "\n")] = 0;
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s", name + 1);
        count += count_groups_in(path);
        snprintf(path, sizeof path, "/sys/fs/cgroup/%s%s", name + 1, own);
        count += strcmp(own, "/") == 0 ? 0 : count_groups_in(path);
    }
    if (file)
        fclose(file);
    return count;
}

/* Nobody is a child of this process any more; who is one and has not gone after a minute is left.
 */
static unsigned wait_for_all(void)
{
    const uint64_t minute_ns = 60000000000u;
    uint64_t until = clock_mono_ns() + minute_ns;
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0)
            return 0;
        if (pid == 0 && clock_mono_ns() > until)
            return 1;
        if (pid == 0)
            nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
}

struct leaks leaks_now(void)
{
    struct leaks now = { .children = wait_for_all() };
    now.files = count_entries("/proc/self/fd");
    now.tasks = count_entries("/proc/self/task");
    now.mounts = count_lines("/proc/self/mountinfo");
    now.groups = count_groups();
    return now;
}

bool leaks_same(const struct leaks *before, const struct leaks *after, struct buf *why)
{
    const struct {
        const char *word;
        unsigned before, after;
    } all[] = {
        { "descriptors", before->files, after->files },
        { "threads", before->tasks, after->tasks },
        { "mounts", before->mounts, after->mounts },
        { "control groups", before->groups, after->groups },
        { "processes", before->children, after->children },
    };
    bool same = true;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (all[i].before == all[i].after)
            continue;
        same = false;
        buf_format(why, "%s: %u, then %u; ", all[i].word, all[i].before, all[i].after);
    }
    return same;
}

static int judge(const struct row *row, const struct sandbox_result *result, struct err *err)
{
    bool at_limit = result->limit != LIMIT_NONE;
    bool is_killed = row->end == ENDS_KILLED || row->end == PARENT_KILLS;
    if (row->end == ENDS_AT_LIMIT
            ? at_limit
            : !at_limit && (is_killed ? result->signal == SIGKILL : result->exit_code == 0))
        return 0;
    return err_set(err, ERR_PEER, "%s: ends with %d, signal %d, limit %s: %.100s", row->word,
        result->exit_code, result->signal, sandbox_limit_words[result->limit],
        result->err.at ? result->err.at : "");
}

static int run_row(const struct row *row, enum sandbox_tier tier, struct err *err)
{
    bool container = tier == SANDBOX_CONTAINER;
    const char *from = row->from && row->from[0] ? row->from : folder;
    const struct sandbox_mount mounts[] = { { from, container ? from : "/x", true, false } };
    struct sandbox_run run = { .profile = row->profile,
        .tier = tier,
        .argv = row->argv,
        .cwd = container   ? folder
               : row->from ? "/x"
                           : NULL,
        .limits = row->limits,
        .mounts = mounts,
        .mounts_count = row->from || container ? 1 : 0 };
    struct sandbox *sandbox;
    struct sandbox_result result;
    int rc = sandbox_start(&sandbox, &run, err);
    if (row->end == IS_REFUSED && rc < 0)
        return 0;
    if (rc < 0)
        return err_while(err, "%s", row->word);
    if (row->end == PARENT_KILLS)
        sandbox_kill(sandbox);
    if ((rc = sandbox_wait(sandbox, &result, err)) < 0)
        return err_while(err, "%s", row->word);
    rc = judge(row, &result, err);
    sandbox_result_done(&result);
    return rc;
}

int leaks_run(unsigned number, enum sandbox_tier tier, struct err *err)
{
    return run_row(&rows[number % COUNT_OF(rows)], tier, err);
}

static pid_t start_traced(unsigned number, enum sandbox_tier tier)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct err err;
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit(9);
        raise(SIGSTOP);
        _exit(leaks_run(number, tier, &err) < 0 ? 1 : 0);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        return -1;
    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD));
    return pid;
}

/* To the next entry or exit of a system call of its main thread. False: it has ended. */
static bool step(pid_t pid)
{
    enum { SYSCALL_STOP = SIGTRAP | 0x80 };
    for (int signal = 0, status;;) {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)signal) < 0 ||
            waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
            return false;
        if (WSTOPSIG(status) == SYSCALL_STOP)
            return true;
        signal = WSTOPSIG(status);
    }
}

bool leaks_kill(unsigned number, enum sandbox_tier tier, unsigned at)
{
    pid_t pid = start_traced(number, tier);
    bool alive = pid > 0;
    for (unsigned i = 0; alive && i < 2 * at + 1; i++)
        alive = step(pid);
    if (!alive)
        return false;
    if (killed_count < COUNT_OF(killed))
        killed[killed_count++] = pid;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return true;
}

unsigned leaks_calls(unsigned number, enum sandbox_tier tier)
{
    unsigned stops = 0;
    pid_t pid = start_traced(number, tier);
    while (pid > 0 && step(pid))
        stops++;
    return stops / 2;
}
