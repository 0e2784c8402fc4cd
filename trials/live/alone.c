/* alone - one harness with a live model: each case as often as was said beforehand.
 *
 * What chance takes part in is no fact after one run: a case passes if every repeat does, fails if
 * every repeat does or a floor was broken, and anything between is told as it is. */
#include "base/mem.h"
#include "trials/episode/grading.h"
#include "trials/live/evidence.h"
#include "trials/live/trial.h"

#include <inttypes.h>
#include <stdio.h>

enum { INCONCLUSIVE = 3 };

struct alone {
    struct live_trial *trial;
    struct replay_chosen chosen;
    struct seat seat;
    unsigned told, passed, failed;
    uint64_t ms;
};
/* What came of the repeats of one case. */
struct repeated {
    uint32_t repeats, ran, passed, failed, missing;
    bool floor;
    struct live_run worst; /* the first that did not pass, else the last */
    uint32_t requests;
    uint64_t tokens, usd, ms;
    struct arena arena; /* of the worst */
    struct buf runs;    /* a list of JSON objects */
    struct live_evidence evidence;
    struct digest document;
};

static enum grade_verdict verdict_of(const struct repeated *it)
{
    if (it->floor || it->failed == it->repeats)
        return GRADE_FAIL;
    return it->passed == it->repeats ? GRADE_PASS : GRADE_INCONCLUSIVE;
}

/* --- the repeats */

static void print_run(
    struct repeated *it, const struct live_run *run, const struct trial_case *of, uint32_t repeat)
{
    struct buf *out = &it->runs;
    buf_format(out,
        "%s{\"repeat\":%u,\"verdict\":\"%s\",\"missing\":%s,\"why\":", repeat ? "," : "", repeat,
        grade_verdict_words[run->proof.verdict], run->missing ? "true" : "false");
    json_quote(out, str_of(run->proof.why));
    buf_text(out, ",\"grades\":[");
    case_print_results(out, of, &run->proof);
    buf_format(out,
        "],\"requests\":%u,\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64 ".%06" PRIu64 ",\"ms\":%" PRIu64
        "}",
        run->requests, run->tokens, run->usd / 1000000, run->usd % 1000000, run->proof.played.ms);
}

/* now: where the run lives; it changes places with that of the worst. */
static void add(struct repeated *it, const struct live_run *run, const struct trial_case *of,
    uint32_t repeat, struct arena *now)
{
    bool passed = run->proof.verdict == GRADE_PASS;
    /* all before it have passed, or it is the first that breaks a floor */
    if (it->ran == it->passed || (run->proof.floor && !it->floor)) {
        struct arena before = it->arena;
        it->worst = *run;
        it->arena = *now;
        *now = before;
    }
    it->ran++;
    it->passed += passed;
    it->missing += run->missing;
    it->failed += !passed && !run->missing;
    it->floor |= run->proof.floor;
    it->requests += run->requests;
    it->tokens += run->tokens;
    it->usd += run->usd;
    it->ms += run->proof.played.ms;
    print_run(it, run, of, repeat);
    live_evidence_add(&it->evidence, run, of, NULL, repeat);
}

/* Evidence is kept of what was run, also where the budget ended it. */
static int run_case(
    struct alone *alone, struct repeated *it, const struct trial_case *of, struct err *err)
{
    CLEANUP(arena_done) struct arena now = { 0 };
    struct live_trial *trial = alone->trial;
    for (uint32_t i = 0; i < it->repeats && !trial->stopped; i++) {
        struct live_run run;
        arena_reset(&now);
        int rc = live_run(&run, &trial->means, of, &alone->chosen.arm, &alone->seat, i, &now, err);
        if (rc == 0)
            add(it, &run, of, i, &now);
        else if (!live_stops(trial, rc, err))
            return rc;
    }
    return live_evidence_put(&it->evidence, trial->journal, NULL, &it->document, err);
}

/* --- what is told */

static const char *why_of(struct repeated *it, char *text, size_t size)
{
    const char *why = it->ran ? it->worst.proof.why : "it was not run";
    snprintf(text, size, "%u of %u passed%s%s", it->passed, it->repeats, why[0] ? "; " : "", why);
    return text;
}

static void tell_json(
    const struct alone *alone, const struct live_case *one, struct repeated *it, const char *why)
{
    CLEANUP(buf_done) struct buf out = { 0 }, parted = { 0 };
    char hex[DIGEST_HEX];
    buf_text(&out, alone->told ? "," : "");
    case_print_head(&out, &one->of, &one->digest);
    buf_format(&out, ",\"verdict\":\"%s\",\"signatures\":[", grade_verdict_words[verdict_of(it)]);
    case_print_signatures(&out, it->worst.proof.played.facts.run);
    buf_text(&out, "],\"divergence\":");
    episode_parting_say(&parted, &it->worst.parting);
    if (parted.size > 0)
        json_quote(&out, buf_view(&parted));
    else
        buf_text(&out, "null");
    buf_text(&out, ",\"why\":");
    json_quote(&out, str_of(why));
    double temperature = live_temperature(&alone->trial->means, &one->of);
    if (temperature >= 0)
        buf_format(&out, ",\"temperature\":%.6g", temperature);
    buf_format(&out,
        ",\"floor\":%s,\"repeats\":%u,\"passed\":%u,\"failed\":%u,\"missing\":%u,\"requests\":%u,"
        "\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64 ".%06" PRIu64 ",\"evidence\":\"%s\",\"runs\":[",
        it->floor ? "true" : "false", it->repeats, it->passed, it->failed, it->missing,
        it->requests, it->tokens, it->usd / 1000000, it->usd % 1000000,
        hash_hex(hex, &it->document));
    buf_str(&out, buf_view(&it->runs));
    buf_format(&out, "],\"ms\":%" PRIu64 "}", it->ms);
    fwrite(out.at, 1, out.size, stdout);
}

static void tell_text(const struct live_case *one, const struct repeated *it, const char *why)
{
    char name[CASE_ID_MAX + 1], shown[1200];
    verb_progress_clear();
    printf("%-12s %s: %s\n", grade_verdict_words[verdict_of(it)],
        str_printable(name, sizeof name, one->of.id, false),
        str_printable(shown, sizeof shown, str_of(why), false));
    case_tell_votes(&one->of, &it->worst.proof);
}

static void tell(struct alone *alone, const struct live_case *one, struct repeated *it)
{
    static const enum junit_end ends[] = {
        [GRADE_PASS] = JUNIT_PASSED, [GRADE_FAIL] = JUNIT_FAILED, [GRADE_INCONCLUSIVE] = JUNIT_ERROR
    };
    struct live_trial *trial = alone->trial;
    enum grade_verdict verdict = verdict_of(it);
    char why[300];
    const struct junit_case junit = { .name = one->of.id,
        .end = ends[verdict],
        .type = verdict == GRADE_FAIL ? "failed" : "unsure",
        .message = str_of(why_of(it, why, sizeof why)),
        .ms = it->ms };
    if (trial->options.junit)
        junit_add(&trial->junit, &junit);
    if (trial->call->json)
        tell_json(alone, one, it, why);
    else
        tell_text(one, it, why);
    alone->told++;
    alone->passed += verdict == GRADE_PASS;
    alone->failed += verdict == GRADE_FAIL;
    alone->ms += it->ms;
}

static void tell_all(struct alone *alone)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    unsigned unsure = alone->told - alone->passed - alone->failed;
    if (!alone->trial->call->json) {
        if (alone->told > 1)
            printf("%u cases: %u passed, %u failed, %u inconclusive\n", alone->told, alone->passed,
                alone->failed, unsure);
        live_tell_cost(alone->trial);
        return;
    }
    buf_format(&out,
        "],\"totals\":{\"cases\":%u,\"passed\":%u,\"failed\":%u,\"inconclusive\":%u,\"ms\":%" PRIu64
        "},",
        alone->told, alone->passed, alone->failed, unsure, alone->ms);
    live_print_cost(&out, alone->trial);
    live_print_plan(&out, alone->trial, (uint32_t)alone->trial->options.repeats);
    buf_char(&out, '}');
    puts(out.at);
}

/* --- all cases */

static int look_at(struct alone *alone, const struct live_case *one, struct err *err)
{
    struct repeated it = { .repeats = live_repeats(alone->trial, one) };
    int rc = run_case(alone, &it, &one->of, err);
    if (rc == 0)
        tell(alone, one, &it);
    buf_done(&it.runs);
    live_evidence_done(&it.evidence);
    arena_done(&it.arena);
    return rc;
}

int live_alone(struct live_trial *trial, const struct replay_choice *choice, struct err *err)
{
    struct alone alone = { .trial = trial };
    int rc = replay_choose(&alone.chosen, choice, trial->journal, trial->home, err);
    junit_suite(&trial->junit, "live");
    verb_document(trial->call);
    if (rc == 0 && trial->call->json)
        printf("{\"mode\":\"live\",\"cases\":[");
    for (uint32_t i = 0; rc == 0 && i < trial->cases.count; i++) {
        verb_progress_of(i, trial->cases.count, "cases");
        rc = look_at(&alone, &trial->cases.list[i], err);
    }
    seat_done(&alone.seat);
    replay_chosen_done(&alone.chosen);
    if (rc == 0)
        rc = live_write_junit(trial, (uint32_t)trial->options.repeats, err);
    if (rc < 0)
        return rc;
    tell_all(&alone);
    return alone.failed > 0 ? 1 : alone.passed < alone.told ? INCONCLUSIVE : 0;
}
