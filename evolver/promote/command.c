/* command - see command.h. */
#include "promote/command.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "promote/command_text.h"
#include "promote/proposing_start.h"
#include "promote/worktree.h"
#include "propose/attend.h"
#include "propose/proposer.h"
#include "wire/door.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TREE "/scratch/tree"
#define BUNDLE "/scratch/bundle"
#define SDK "/scratch/sdk"
enum { MOUNTS_MAX = 16, ARGS_MAX = 80, SECOND_MS = 1000, WHY_SIZE = 240 };
static const char *const env[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
    "HOME=/scratch", "TMPDIR=/tmp", "TERM=dumb", "MOULT_TREE=" TREE, "MOULT_BUNDLE=" BUNDLE,
    "MOULT_SDK=" SDK, NULL };

struct running {
    const struct command_plan *plan;
    struct proposing_result *ret;
    struct arena arena;
    struct scratch folder;
    char tree[PATH_MAX + 8], bundle[PATH_MAX + 8], program[PATH_MAX];
    struct door_way way; /* to its model */
    struct sandbox_result result;
    struct attend_report report;
    bool reported;
};

/* --- the model */

static int open_model(struct running *running, struct err *err)
{
    const struct command_plan *plan = running->plan;
    if (!plan->proposer->model.at)
        return 0;
    return door_way_open(&running->way, plan->driver->journal, plan->proposer, err);
}

/* --- the sandbox */

static int make_folder(const char *path, mode_t mode, struct err *err)
{
    return mkdir(path, mode) < 0 || chmod(path, mode) < 0 ? err_sys(err, "temporary folder") : 0;
}

static int make_places(struct running *running, struct err *err)
{
    const struct command_plan *plan = running->plan;
    char base[PATH_MAX];
    int rc = proposing_folder(base, &running->folder, err);
    if (rc < 0)
        return rc;
    snprintf(running->tree, sizeof running->tree, "%s/tree", base);
    snprintf(running->bundle, sizeof running->bundle, "%s/bundle", base);
    CLEANUP(mem_freep) char *evidence = mem_format("%s/bundle.json", running->bundle);
    CLEANUP(mem_freep) char *task = mem_format("%s/TASK.md", running->bundle);
    if ((rc = make_folder(running->tree, 0777, err)) < 0 ||
        (rc = make_folder(running->bundle, 0755, err)) < 0 ||
        (rc = worktree_write(running->tree, plan->harness, err)) < 0 ||
        (rc = file_write(evidence, plan->bundle, 0444, err)) < 0)
        return rc;
    return file_write(task, str_of(command_text), 0444, err);
}

static void fill_argv(struct running *running, const char **argv)
{
    const struct config_proposer *proposer = running->plan->proposer;
    unsigned count = 0;
    argv[count++] = running->program;
    argv[count++] = "--command";
    for (uint32_t i = 0; i < proposer->command_count; i++)
        argv[count++] =
            arena_string(&running->arena, proposer->command[i].at, proposer->command[i].size);
    argv[count] = NULL;
}

static unsigned fill_mounts(struct running *running, struct sandbox_mount *mounts)
{
    const struct command_plan *plan = running->plan;
    const struct config_proposer *proposer = plan->proposer;
    static const char *const devices[] = { "/dev/zero", "/dev/urandom" };
    unsigned count = 0;
    for (size_t i = 0; i < COUNT_OF(devices); i++)
        mounts[count++] = (struct sandbox_mount){ .from = devices[i], .to = devices[i] };
    mounts[count++] = (struct sandbox_mount){ .from = running->tree, .to = TREE, .write = true };
    mounts[count++] = (struct sandbox_mount){ .from = running->bundle, .to = BUNDLE };
    mounts[count++] = (struct sandbox_mount){ .from = plan->driver->sdk, .to = SDK };
    for (uint32_t i = 0; i < proposer->mounts_count; i++) {
        const char *path =
            arena_string(&running->arena, proposer->mounts[i].at, proposer->mounts[i].size);
        mounts[count++] = (struct sandbox_mount){ .from = path, .to = path, .run = true };
    }
    return count;
}

static int run_box(struct running *running, int socket, const char *const *homes, struct err *err)
{
    const struct command_plan *plan = running->plan;
    const char *argv[ARGS_MAX];
    struct sandbox_mount mounts[MOUNTS_MAX];
    uint32_t seconds = plan->proposer->seconds;
    if (plan->seconds && plan->seconds < seconds)
        seconds = plan->seconds;
    fill_argv(running, argv);
    const struct sandbox_run run = { .profile = SANDBOX_PROPOSE,
        .tier = SANDBOX_STRONG,
        .argv = argv,
        .env = env,
        .cwd = TREE,
        .proc = true,
        .mounts = mounts,
        .mounts_count = fill_mounts(running, mounts),
        .homes = homes,
        .fds = &socket,
        .fds_count = 1,
        .limits = { .wall_ms = seconds * SECOND_MS },
        .model = *running->way.socket ? running->way.socket : NULL };
    return sandbox_run(&run, &running->result, err);
}

static int start(struct running *running, struct err *err)
{
    CLEANUP(home_list_done) char **homes = NULL;
    const char *const own[] = { running->plan->driver->home.path, NULL };
    struct err none = { 0 };
    int pair[2];
    int rc = home_list(&homes, &none);
    if (rc < 0 && rc != -ERR_USAGE) { /* who has no registry has this one home */
        *err = none;
        return rc;
    }
    if ((rc = file_program_dir(running->program, PATH_MAX - 32, err)) == 0)
        strcat(running->program, "/moult-propose");
    if (rc == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        rc = err_sys(err, "socketpair");
    if (rc < 0)
        return rc;
    CLEANUP(fd_closep) int ours = pair[0];
    CLEANUP(fd_closep) int theirs = pair[1];
    rc = run_box(running, theirs, homes ? (const char *const *)homes : own, err);
    if (rc == 0)
        running->reported =
            read(ours, &running->report, sizeof running->report) == sizeof running->report;
    return rc;
}

/* --- what became of it */

static int refuse(struct running *running, enum proposing_end end, const char *why)
{
    running->ret->end = (uint8_t)end;
    snprintf(running->ret->why, sizeof running->ret->why, "%s", why);
    return 1;
}

/* Its last words go with it, where it failed. */
static int refuse_end(struct running *running, const char *what, int number)
{
    const struct sandbox_result *result = &running->result;
    struct str said = str_trim(buf_view(result->err.size ? &result->err : &result->out));
    char shown[WHY_SIZE], why[WHY_SIZE];
    if (said.size > WHY_SIZE / 2) {
        said.at += said.size - WHY_SIZE / 2;
        said.size = WHY_SIZE / 2;
    }
    snprintf(why, sizeof why, "%s %d%s%s", what, number, said.size ? "; it said: " : "",
        str_printable(shown, sizeof shown, said, false));
    return refuse(running, PROPOSING_FAILED, why);
}

/* 1: the tree is not looked at. */
static int judge_end(struct running *running)
{
    const struct sandbox_result *result = &running->result;
    char why[WHY_SIZE];
    if (result->limit == LIMIT_WALL)
        return refuse(running, PROPOSING_LATE, "it did not end in its time");
    if (result->limit != LIMIT_NONE) {
        snprintf(why, sizeof why, "ended by its limit on %s", sandbox_limit_words[result->limit]);
        return refuse(running, PROPOSING_FLOODED, why);
    }
    if (result->asked_network)
        return refuse(running, PROPOSING_REFUSED, "it asked for a network");
    if (result->signal)
        return refuse_end(running, "signal", result->signal);
    if (result->exit_code != 0)
        return refuse_end(running, "exit", result->exit_code);
    if (!running->reported)
        return refuse(running, PROPOSING_BROKE, "it ended what attends it");
    if (running->report.left)
        return refuse(running, PROPOSING_REFUSED, "it left processes running");
    return 0;
}

/* The first line of what it printed: shown to people, and judged by nobody. */
static void print_words(struct buf *out, const struct sandbox_result *result)
{
    char line[501];
    struct str said = str_trim(buf_view(&result->out));
    const char *end = said.size ? memchr(said.at, '\n', said.size) : NULL;
    said.size = end ? (size_t)(end - said.at) : said.size;
    str_printable(line, sizeof line, said, false);
    json_quote(out, str_of(*line ? line : "it said nothing of its change"));
}

static int make_proposal(
    struct running *running, const struct worktree_change *change, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct command_plan *plan = running->plan;
    struct proposing_result *ret = running->ret;
    const struct harness_source *source = change->source;
    buf_format(&out, "{\"schema\":1,\"proposer\":\"" CONFIG_COMMAND "%.*s\",\"cluster\":",
        (int)plan->proposer->name.size, plan->proposer->name.at);
    json_quote(&out, str_of(plan->evidence->detector->id));
    buf_text(&out, ",\"plugin\":");
    json_quote(&out, source->name);
    buf_text(&out, ",\"path\":");
    json_quote(&out, source->path);
    buf_format(&out, ",\"edits\":[{\"from\":0,\"to\":%zu,\"text\":", source->text.size);
    json_quote(&out, buf_view(&change->text));
    buf_text(&out, "}],\"contract\":{\"hypothesis\":");
    print_words(&out, &running->result);
    buf_format(&out,
        ",\"blamed\":[],\"predicts\":{\"fixes\":[],\"risks\":[]},\"falsified_by\":\"\","
        "\"cost\":{\"judged\":0,\"seconds\":%llu}},\"ingredients\":[],\"score\":0}",
        (unsigned long long)(running->result.wall_us / 1000000));
    struct str kept = { arena_string(&ret->arena, out.at, out.size), out.size };
    int rc = proposal_read(&ret->proposals[0], kept, &ret->arena, err);
    ret->proposals_count = rc == 0;
    return rc;
}

static int take(struct running *running, struct err *err)
{
    struct worktree_change change;
    struct err why = { 0 };
    if (judge_end(running))
        return 0;
    int rc = worktree_read(&change, running->tree, running->plan->harness, &why);
    if (rc == 0 && change.source)
        rc = make_proposal(running, &change, &why);
    if (rc == -ERR_DENIED || rc == -ERR_INPUT || rc == -ERR_LIMIT)
        return refuse(running, PROPOSING_REFUSED, why.text), 0;
    if (rc < 0) {
        *err = why;
        return rc;
    }
    running->ret->end = PROPOSING_STOPPED;
    if (!change.source)
        snprintf(running->ret->why, sizeof running->ret->why, "it left the sources as they were");
    worktree_change_done(&change);
    return 0;
}

int command_run(struct proposing_result *ret, const struct command_plan *plan, struct err *err)
{
    struct running running = { .plan = plan, .ret = ret };
    uint64_t from = clock_mono_ns();
    *ret = (struct proposing_result){ .evidence = hash_of(plan->bundle) };
    int rc = scratch_make(&running.folder, "command", 0711, err);
    if (rc < 0)
        return rc;
    if ((rc = make_places(&running, err)) == 0 && (rc = open_model(&running, err)) == 0)
        rc = start(&running, err);
    door_way_close(&running.way, &running.ret->arena, &running.ret->stop);
    if (rc == 0) {
        ret->tier = running.result.tier;
        ret->layers = running.result.layers;
        rc = take(&running, err);
        sandbox_result_done(&running.result);
    }
    scratch_remove(&running.folder);
    arena_done(&running.arena);
    ret->wall_us = (clock_mono_ns() - from) / 1000;
    if (rc < 0)
        proposing_result_done(ret);
    return rc;
}
