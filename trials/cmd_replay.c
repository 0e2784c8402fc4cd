/* cmd_replay - moult replay: recorded runs put to a harness, and what differs told; once, or with
 * --watch again whenever there is another build. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "trials/builds.h"
#include "trials/cmd_case.h"
#include "trials/detect.h"
#include "trials/junit.h"
#include "trials/live/words.h"
#include "trials/replay_watch.h"
#include "trials/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct replay_cmd {
    const struct verb_call *call;
    struct replaying replaying;
    struct replay_chosen chosen;
    const char *junit_path; /* or NULL */
    bool watch;
    struct junit junit;
    uint64_t told;
    uint64_t cases[REPLAYING_CASES_MAX];
};

/* --- one run */

static void on_hit(void *with, const struct detect_hit *hit)
{
    (void)hit;
    *(bool *)with = true;
}

static void tell_signatures(const struct run *run)
{
    int told = 0;
    for (unsigned i = 0; i < detectors_count; i++) {
        bool there = false;
        if (detectors[i].hook >= 0)
            detectors[i].find(run, on_hit, &there);
        if (there)
            printf("%s\"%s\"", told++ ? "," : "", detectors[i].id);
    }
}

static void tell_json(struct replay_cmd *cmd, const struct replayed *of)
{
    CLEANUP(buf_done) struct buf why = { 0 };
    json_quote(&why, str_of(of->why));
    printf("%s{\"id\":\"%.*s\",\"verdict\":\"%s\",\"signatures\":[", cmd->told++ ? "," : "",
        (int)of->run->session.size, of->run->session.at, replayed_words[replayed_verdict(of)]);
    tell_signatures(of->run);
    printf("],\"divergence\":%s,\"resolved\":%s%s%s,\"ms\":%" PRIu64 "}",
        of->why[0] ? why.at : "null", of->resolved ? "\"" : "",
        of->resolved ? of->resolved : "null", of->resolved ? "\"" : "", of->ms);
}

static void tell_text(const struct replayed *of)
{
    char plain[240];
    if (replayed_verdict(of) == REPLAYED_PASS && !of->resolved)
        return;
    verb_progress_clear();
    printf("%.12s  %s  %s%s%s\n", of->run->session.at, replayed_words[replayed_verdict(of)],
        str_printable(plain, sizeof plain, str_of(of->why), false),
        of->resolved ? ", which resolves " : "", of->resolved ? of->resolved : "");
}

static void tell(void *with, const struct replayed *of)
{
    static const enum junit_end ends[] = { [REPLAYED_PASS] = JUNIT_PASSED,
        [REPLAYED_FAIL] = JUNIT_FAILED,
        [REPLAYED_INCONCLUSIVE] = JUNIT_ERROR };
    struct replay_cmd *cmd = with;
    int verdict = replayed_verdict(of);
    const struct junit_case one = { .name = of->run->session,
        .end = ends[verdict],
        .type = verdict == REPLAYED_FAIL ? "differs" : "unstable",
        .message = str_of(of->why),
        .ms = of->ms };
    if (cmd->junit_path)
        junit_add(&cmd->junit, &one);
    if (cmd->call->json)
        tell_json(cmd, of);
    else
        tell_text(of);
}

/* --- all */

static void tell_totals_json(const struct replaying_totals *totals, const char *hint)
{
    printf("],\"totals\":{\"runs\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"resolved\":%" PRIu64
           ",\"unstable\":%" PRIu64 ",\"steps\":%" PRIu64 ",\"same\":%" PRIu64
           ",\"unasked\":%" PRIu64 ",\"ms\":%" PRIu64 ",\"layers\":[",
        totals->runs, totals->failed, totals->resolved, totals->unstable, totals->steps,
        totals->same, totals->unasked, totals->ms);
    for (int i = 0, n = 0; i < LAYERS; i++)
        if (totals->layers & LAYER_BIT(i))
            printf("%s\"%s\"", n++ ? "," : "", sandbox_layer_words[i]);
    printf("]}");
    if (hint[0])
        printf(",\"hint\":\"%s\"", hint);
    puts("}");
}

static void tell_totals(const struct replaying_totals *totals, const char *hint)
{
    if (hint[0])
        puts(hint);
    else
        printf("%" PRIu64 " runs, %" PRIu64 " replies: %" PRIu64
               " asked for exactly what was recorded; %" PRIu64 " runs differ, %" PRIu64
               " of them resolved, %" PRIu64 " are unstable\n%" PRIu64
               " ms for two passes in locked workers\n",
            totals->runs, totals->steps, totals->same, totals->failed + totals->resolved,
            totals->resolved, totals->unstable, totals->ms);
    if (totals->unasked > 0)
        printf("%" PRIu64
               " replies were put to nobody: straight behind a reply, or while a call has "
               "no result, no harness asks for one\n",
            totals->unasked);
}

/* What to do where nothing could be replayed: there is nothing, or nothing that may be yet. */
static int hint_of(char *ret, size_t size, const struct replay_cmd *cmd, struct err *err)
{
    uint64_t sessions = cmd->replaying.cases_count;
    ret[0] = 0;
    if (cmd->replaying.totals.runs > 0)
        return 0;
    int rc = sessions ? 0 : trace_count(cmd->replaying.journal, false, 0, &sessions, err);
    if (rc == 0 && sessions == 0)
        snprintf(ret, size,
            "nothing to replay: moult import brings conversations, moult serve has "
            "its own; moult mine then gives their groups a split");
    else if (rc == 0)
        snprintf(ret, size,
            "%" PRIu64 " sessions, and none can be replayed yet: moult mine gives "
            "their groups a split",
            sessions);
    return rc;
}

static int write_junit(struct replay_cmd *cmd, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (!cmd->junit_path)
        return 0;
    junit_print(&out, &cmd->junit, STR("moult replay"));
    return file_give(cmd->junit_path, buf_view(&out), 0600, err);
}

static int replay_all(struct replay_cmd *cmd, struct err *err)
{
    char hint[160];
    struct replaying *replaying = &cmd->replaying;
    replaying->tell = tell;
    replaying->with = cmd;
    junit_suite(&cmd->junit, "replay");
    verb_document(cmd->call);
    if (cmd->call->json)
        printf("{\"mode\":\"step\",\"cases\":[");
    int rc = replaying_run(replaying, err);
    if (rc == 0)
        rc = hint_of(hint, sizeof hint, cmd, err);
    if (rc == 0)
        rc = write_junit(cmd, err);
    if (rc < 0)
        return rc;
    (cmd->call->json ? tell_totals_json : tell_totals)(&replaying->totals, hint);
    return replaying_exit(&replaying->totals);
}

/* --- the command */

/* Each is one session: who names one that is not there has made a mistake. */
static int find_cases(
    struct replay_cmd *cmd, const char *const *cases, unsigned count, struct err *err)
{
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < count; i++)
        rc = journal_lookup(cmd->replaying.journal, str_of(cases[i]), &cmd->cases[i], err);
    cmd->replaying.cases = cmd->cases;
    cmd->replaying.cases_count = count;
    return rc;
}

/* A recorded session has no world to play an episode in. */
static bool plays(const char *mode)
{
    return strcmp(mode, "episode") == 0 || strcmp(mode, "live") == 0;
}

static int check_mode(const char *mode, int count, struct err *err)
{
    if (strcmp(mode, "step") == 0 || (plays(mode) && count > 0))
        return 0;
    if (!plays(mode))
        return err_set(err, ERR_USAGE, "no mode \"%s\": step, episode or live", mode);
    err_set(err, ERR_USAGE, "mode %s plays cases: files, or those of the home", mode);
    return err_hint(err, "moult case from-trace makes one of a session");
}

static int replay(struct replay_cmd *cmd, const struct replay_choice *choice,
    const struct home *home, const char *const *cases, unsigned count, struct err *err)
{
    struct replaying *replaying = &cmd->replaying;
    int rc = journal_open(&replaying->journal, home, JOURNAL_TRIAL, err);
    if (rc == 0)
        rc = find_cases(cmd, cases, count, err);
    if (rc == 0 && cmd->watch) {
        rc = replay_watch(cmd->call, replaying->journal, choice, home, cmd->cases, count, err);
        journal_close(replaying->journal);
        return rc;
    }
    if (rc == 0)
        rc = replay_choice_open(replaying, &cmd->chosen, choice, home, err);
    if (rc == 0)
        rc = replay_all(cmd, err);
    replay_choice_close(replaying, &cmd->chosen);
    journal_close(replaying->journal);
    junit_done(&cmd->junit);
    return rc;
}

/* Cases that are files are replayed by themselves: a session of the journal has no graders. */
static int count_files(const char *const *cases, unsigned count)
{
    int files = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t size = strlen(cases[i]);
        files += strchr(cases[i], '/') || (size > 5 && strcmp(cases[i] + size - 5, ".json") == 0);
    }
    return files;
}

static int run_replay(const struct verb_call *call, struct err *err)
{
    struct replay_choice choice = { .generation = BUILDS_ACTIVE };
    const char *cases[REPLAYING_CASES_MAX], *mode = "step", *junit = NULL;
    struct live_words words = { 0 };
    struct live_options live;
    bool watch = false;
    const struct option options[] = {
        { "--mode", 0, OPTION_TEXT, "MODE", "step (the default), or of files episode, live",
            &mode },
        { "--generation", 0, OPTION_NUMBER, "N", "of this home (default: the active one)",
            &choice.generation },
        { "--builds", 0, OPTION_TEXT, "DIR", "shared objects of a harness, instead of a generation",
            &choice.builds },
        { "--candidate", 0, OPTION_LIST, "ID|FILE.so",
            "in the place of the build of that name; may be repeated", &choice.candidates },
        { "--workers", 0, OPTION_NUMBER, "N", "how many (default: one a processor)",
            &choice.workers },
        { "--watch", 0, OPTION_FLAG, NULL, "again with each new build or candidate, until ^C",
            &watch },
        { "--junit", 0, OPTION_TEXT, "FILE", "the same as JUnit XML, for a CI system", &junit },
        LIVE_OPTIONS(&words),
        { 0 },
    };
    struct home home;
    int count = verb_options(call, &verb_replay, options, cases, COUNT_OF(cases), err);
    if (count < 0)
        return count;
    int files = plays(mode) ? count : count_files(cases, (unsigned)count);
    bool is_live = strcmp(mode, "live") == 0;
    int rc = check_mode(mode, count, err);
    if (rc == 0)
        rc = live_options_read(&live, &words, is_live, err);
    if (rc == 0 && watch && junit)
        rc = err_set(err, ERR_USAGE, "--junit is of one replay, and --watch is of many");
    if (rc == 0)
        rc = replay_choice_check(&choice, err);
    if (rc == 0)
        rc = home_find(&home, call->dir, err);
    if (rc < 0)
        return rc;
    if (files > 0 && (files < count || (junit && !is_live) || watch))
        return err_set(err, ERR_USAGE,
            "cases that are files are replayed by themselves, without --watch, and without --junit "
            "but in mode live");
    live.junit = junit;
    if (is_live)
        return live_replay(call, &live, &choice, &home, cases, (unsigned)count, err);
    if (files > 0)
        return case_replay_files(
            call, strcmp(mode, "episode") == 0, &choice, &home, cases, (unsigned)count, err);
    CLEANUP(mem_freep) struct replay_cmd *cmd = mem_zero(1, sizeof *cmd);
    cmd->call = call;
    cmd->junit_path = junit;
    cmd->watch = watch;
    return replay(cmd, &choice, &home, cases, (unsigned)count, err);
}

const struct verb verb_replay = { "replay", run_replay,
    "replay [--mode step|episode|live] [--generation N] [--candidate ID|FILE.so]... "
    "[CASE|FILE.json]...",
    "put recorded replies to a harness, in locked workers, and compare what it asks for" };
