/* cmd_case_make - moult case from-trace, env: cases made of a session.
 *
 * A case shows a conversation to whoever reads the file. So a session is redacted before it becomes
 * one, and one whose group is held out is refused unless the person says that the group may be
 * seen: then it is held-in from that moment, by the journal. */
#include "trials/cmd_case.h"

#include "base/file.h"
#include "base/mem.h"
#include "trials/case/make.h"
#include "trials/case/shrink.h"
#include "trials/redact_session.h"
#include "trials/split.h"
#include "trials/trace.h"

#include <stdio.h>
#include <string.h>

enum { SHORT_DIGEST = 12, SESSION_SHOWN = 8 };

struct making {
    const struct verb_call *call;
    struct home home;
    struct case_store store;
    struct arena arena;
    struct trace_tools tools;
    const char *id, *out;
    uint64_t step;
    const char *detector;
    const char *model;
    bool whole, show;
    struct run *run;
    struct shrunk shrunk;
};

static void done(struct making *m)
{
    trace_tools_done(&m->tools);
    case_store_done(&m->store);
    arena_done(&m->arena);
}

/* --- a session */

/* Seen by a person, it is held out no longer. */
static int reveal(struct making *m, const struct journal_session *session, struct err *err)
{
    struct journal *journal;
    bool unsplit = session->split == JOURNAL_NO_SPLIT;
    if (session->split == SPLIT_HELD_IN)
        return 0;
    if (!m->show) {
        err_set(err, ERR_DENIED, "its group %s, and a case would show it",
            unsplit ? "may yet be held out" : "is held out");
        return err_hint(err, "%s--show makes the group held-in, for good",
            unsplit ? "moult mine gives it a split; " : "");
    }
    int rc = journal_open(&journal, &m->home, JOURNAL_MINE, err);
    if (rc < 0)
        return rc;
    rc = journal_split(journal, session->group, SPLIT_HELD_IN, err);
    journal_close(journal);
    if (rc == 0 && !m->call->json)
        fputs("its group is held-in from now on\n", stderr);
    return rc;
}

static int read_session(struct making *m, struct journal *journal, const char *id, struct err *err)
{
    struct journal_session session;
    uint64_t number;
    int rc = journal_lookup(journal, str_of(id), &number, err);
    if (rc >= 0)
        rc = journal_read(journal, number, &m->arena, &session, err);
    if (rc >= 0)
        rc = reveal(m, &session, err);
    if (rc >= 0)
        rc = redact_session(&session, &m->home, &m->arena, err);
    return rc < 0 ? rc : trace_run(&m->run, &session, &m->tools, &m->arena, err);
}

static int begin(struct making *m, const char *session, struct err *err)
{
    struct journal *journal;
    int rc = home_find(&m->home, m->call->dir, err);
    if (rc >= 0)
        rc = case_store_read(&m->store, &m->home, err);
    if (rc >= 0)
        rc = journal_open(&journal, &m->home, JOURNAL_TRIAL, err);
    if (rc < 0)
        return rc;
    rc = read_session(m, journal, session, err);
    journal_close(journal);
    return rc;
}

static int name_case(struct making *m, struct trial_case *of, const char *made, struct err *err)
{
    of->id = str_of(m->id ? m->id : made);
    if (case_is_id(of->id))
        return 0;
    return err_set(err, ERR_USAGE, "no name for a case: %.80s", of->id.at);
}

/* --- from-trace */

/* The first failure that a harness could mend, whichever detector's it is. */
static const struct detector *find_failure(const struct making *m, uint32_t *ret_step)
{
    const struct detector *found = NULL;
    uint32_t from = m->step == UINT64_MAX ? 0 : (uint32_t)m->step;
    for (unsigned i = 0; i < detectors_count; i++) {
        if (!detectors[i].frame || !detectors[i].mendable)
            continue;
        uint32_t step = shrink_find(&detectors[i], m->run, from);
        if (step != UINT32_MAX && (!found || step < *ret_step)) {
            found = &detectors[i];
            *ret_step = step;
        }
    }
    return found;
}

static int choose(
    const struct making *m, const struct detector **ret, uint32_t *ret_step, struct err *err)
{
    *ret = m->detector ? detector_find(m->detector) : find_failure(m, ret_step);
    if (m->step != UINT64_MAX && m->step >= m->run->steps_count)
        return err_set(err, ERR_MISSING, "the session has %u replies", m->run->steps_count);
    if (m->detector && !*ret)
        return err_set(err, ERR_USAGE, "no detector is called %.60s", m->detector);
    if (m->detector)
        *ret_step = shrink_find(*ret, m->run, m->step == UINT64_MAX ? 0 : (uint32_t)m->step);
    if (*ret && *ret_step == UINT32_MAX)
        return err_set(err, ERR_MISSING, "%s finds nothing there", m->detector);
    if (m->step != UINT64_MAX && (!*ret || *ret_step != m->step)) {
        err_set(err, ERR_MISSING, "reply %u shows no failure that a harness could mend",
            (unsigned)m->step);
        return err_hint(err, "--detector names another one; without --step the first is taken");
    }
    return 0;
}

static int make_failure(struct making *m, struct trial_case *ret, const struct detector *detector,
    uint32_t step, struct err *err)
{
    struct str *tags = arena_alloc(&m->arena, sizeof *tags);
    struct case_grade *grade = arena_alloc(&m->arena, sizeof *grade);
    m->shrunk = (struct shrunk){ .run = m->run, .step = step };
    int rc = m->whole ? 0 : shrink_run(&m->shrunk, detector, m->run, step, &m->arena, err);
    if (rc == 0)
        rc = case_of_run(ret, m->shrunk.run, step, &m->arena, err);
    if (rc < 0)
        return rc;
    case_grade_begin(grade, CASE_DETECTOR);
    grade->detector = str_of(detector->id);
    grade->want = detector->frame ? CASE_WANT_RESOLVED : CASE_WANT_GONE;
    tags[0] = grade->detector;
    ret->tags = tags;
    ret->tags_count = 1;
    ret->grades = grade;
    ret->grades_count = 1;
    return name_case(m, ret,
        arena_format(
            &m->arena, "%s-%.*s-%u", detector->id, SESSION_SHOWN, m->run->session.at, step),
        err);
}

/* Nothing failed: what was done is what is to be done again. */
static int make_success(struct making *m, struct trial_case *ret, struct err *err)
{
    struct case_grade *grade = arena_alloc(&m->arena, sizeof *grade);
    int rc = case_of_run(ret, m->run, UINT32_MAX, &m->arena, err);
    if (rc < 0)
        return rc;
    case_grade_begin(grade, CASE_SAME);
    ret->grades = grade;
    ret->grades_count = 1;
    return name_case(m, ret,
        arena_format(&m->arena, "as-recorded-%.*s", SESSION_SHOWN, m->run->session.at), err);
}

/* Asked of the harness of today once, after all the cutting: what the detectors were content with
 * is a conversation that a worker takes. That nobody can be asked is no reason to make no case. */
static void ask_harness(struct making *m, const struct trial_case *of, struct case_proof *ret)
{
    struct err err = { 0 };
    *ret = (struct case_proof){ .shown = CASE_SHOWS_UNKNOWN };
    if (case_prove_active(ret, of, &m->home, &m->arena, &err) < 0)
        snprintf(ret->why, sizeof ret->why, "%s", err.text);
}

static void tell_proof(struct buf *out, const struct case_proof *proof)
{
    buf_format(out, ",\"check\":{\"verdict\":\"%s\",\"why\":", case_shown_words[proof->shown]);
    json_quote(out, str_of(proof->why));
    buf_char(out, '}');
}

static void tell_made(struct making *m, const struct trial_case *of,
    const struct detector *detector, const char *path, bool known)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct digest digest = case_digest(of);
    struct case_proof proof;
    if (m->out && strcmp(m->out, "-") == 0)
        return;
    ask_harness(m, of, &proof);
    if (!m->call->json) {
        printf("%s %s\n", known ? "the same case is" : "made", path);
        if (detector)
            printf("%s at reply %u; %u messages and %u tools of the session are not needed for "
                   "it\n",
                detector->id, of->origin.step, m->shrunk.messages, m->shrunk.tools);
        if (of->grades_count > 0 && proof.shown != CASE_SHOWS)
            printf("the active harness does not show it: %s\n", proof.why);
        return;
    }
    case_print_head(&out, of, &digest);
    buf_format(&out, ",\"known\":%s,\"path\":", known ? "true" : "false");
    json_quote(&out, str_of(path));
    buf_format(&out, ",\"detector\":%s%s%s", detector ? "\"" : "", detector ? detector->id : "null",
        detector ? "\"" : "");
    if (detector)
        buf_format(&out, ",\"step\":%u,\"removed\":{\"messages\":%u,\"tools\":%u}", of->origin.step,
            m->shrunk.messages, m->shrunk.tools);
    tell_proof(&out, &proof);
    buf_text(&out, "}");
    puts(out.at);
}

static int from_trace(const struct verb_call *call, struct err *err)
{
    CLEANUP(done) struct making m = { .call = call, .step = UINT64_MAX };
    const char *args[1], *path;
    const struct option options[] = {
        { "--step", 0, OPTION_NUMBER, "N", "the reply, counted from 0 (default: the first failure)",
            &m.step },
        { "--detector", 0, OPTION_TEXT, "ID", "whose failure (default: any that can be mended)",
            &m.detector },
        { "--whole", 0, OPTION_FLAG, NULL, "keep what the failure does not need", &m.whole },
        { "--show", 0, OPTION_FLAG, NULL, "a held-out group may be seen: it is held-in then",
            &m.show },
        { "--id", 0, OPTION_TEXT, "NAME", "of the case", &m.id },
        { "--out", 0, OPTION_TEXT, "FILE", "there, and not into the home; -: standard output",
            &m.out },
        { 0 },
    };
    const struct detector *detector;
    struct trial_case of;
    uint32_t step = UINT32_MAX;
    bool known;
    int rc = verb_options(call, &case_verb_from_trace, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", case_verb_from_trace.usage);
    if ((rc = begin(&m, args[0], err)) < 0 || (rc = choose(&m, &detector, &step, err)) < 0)
        return rc;
    rc = detector ? make_failure(&m, &of, detector, step, err) : make_success(&m, &of, err);
    if (rc == 0)
        rc = case_put(&path, &known, &m.store, &of, m.out, err);
    if (rc == 0)
        tell_made(&m, &of, detector, path, known);
    return rc;
}

/* --- env */

static int env(const struct verb_call *call, struct err *err)
{
    CLEANUP(done) struct making m = { .call = call, .step = UINT64_MAX };
    const char *args[1], *path;
    const struct option options[] = {
        { "--model", 0, OPTION_TEXT, "ALIAS",
            "a live model goes on where the recording ends (default: nobody does)", &m.model },
        { "--show", 0, OPTION_FLAG, NULL, "a held-out group may be seen: it is held-in then",
            &m.show },
        { "--id", 0, OPTION_TEXT, "NAME", "of the case", &m.id },
        { "--out", 0, OPTION_TEXT, "FILE", "there, and not into the home; -: standard output",
            &m.out },
        { 0 },
    };
    struct trial_case of;
    uint32_t left = 0;
    bool known;
    int rc = verb_options(call, &case_verb_env, options, args, COUNT_OF(args), err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ERR_USAGE, "usage: moult %s", case_verb_env.usage);
    if ((rc = begin(&m, args[0], err)) < 0 ||
        (rc = case_of_run(&of, m.run, UINT32_MAX, &m.arena, err)) < 0 ||
        (rc = case_script_tools(&of, m.run, &left, &m.arena, err)) < 0)
        return rc;
    if (m.model) {
        of.model.live.model = str_of(m.model);
        of.settings.divergence = CASE_GO_ON;
    }
    rc = name_case(
        &m, &of, arena_format(&m.arena, "env-%.*s", SESSION_SHOWN, m.run->session.at), err);
    if (rc == 0)
        rc = case_put(&path, &known, &m.store, &of, m.out, err);
    if (rc == 0 && left > 0 && !call->json)
        fprintf(stderr,
            "%u calls without a result, or with arguments that are no object, are in "
            "no script\n",
            left);
    if (rc == 0)
        tell_made(&m, &of, NULL, path, known);
    return rc;
}

const struct verb case_verb_from_trace = { "from-trace", from_trace,
    "case from-trace SESSION [--step N] [--detector ID]",
    "a case of a session's failure, cut down to what it needs" };
const struct verb case_verb_env = { "env", env, "case env SESSION [--model ALIAS]",
    "a case whose tools answer as they did in a session" };
