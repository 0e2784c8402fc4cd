/* view_review - what a person reads before a decision. Every figure comes from the report or the
 * verdict as they are kept, so the person sees what the gate saw. */
#include "promote/view.h"

#include "base/mem.h"
#include "promote/auto.h"
#include "promote/certified.h"
#include "trials/cluster.h"
#include "trials/report.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4000 };

static void line(struct buf *out, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void line(struct buf *out, const char *label, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_format(out, "  %-12s %s\n", label, text);
}

static void untrusted(struct buf *out, struct str text, bool lines)
{
    CLEANUP(mem_freep) char *room = mem_alloc(text.size * 8 + 16);
    buf_text(out, str_printable(room, text.size * 8 + 16, text, lines));
}

/* Somebody's lines, set in: none of them can pass for one of the review's own. */
static void set_in(struct buf *out, struct str text)
{
    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end ? (size_t)(end - text.at) : text.size;
        buf_text(out, "      | ");
        untrusted(out, (struct str){ text.at, size }, false);
        buf_char(out, '\n');
        size += end != NULL;
        text = (struct str){ text.at + size, text.size - size };
    }
}

/* Somebody's words, if there are any. */
static void said(struct buf *out, const char *label, struct str text)
{
    if (text.size == 0)
        return;
    buf_format(out, "  %-12s ", label);
    untrusted(out, text, false);
    buf_char(out, '\n');
}

static void head(struct buf *out, const struct candidate *candidate, const struct json *proposal)
{
    const struct json *contract = json_get(proposal, "contract");
    const struct json *cost = json_get(contract, "cost");
    CLEANUP(arena_done) struct arena arena = { 0 };
    buf_format(out, "candidate %.12s, %s\n\n", candidate->id.at, stage_words[candidate->stage]);
    said(out, "plugin", candidate->plugin);
    said(out, "file", candidate->path);
    said(out, "cluster", candidate->cluster);
    said(out, "proposed by", candidate->proposer);
    if (json_int(json_get(cost, "judged"), 0) > 0)
        line(out, "at a cost of", "%lld candidates judged in %.1f s",
            (long long)json_int(json_get(cost, "judged"), 0),
            json_double(json_get(cost, "seconds"), 0));
    said(out, "it says", json_string(&arena, json_get(contract, "hypothesis")));
    said(out, "falsified by", json_string(&arena, json_get(contract, "falsified_by")));
    CLEANUP(buf_done) struct buf words = { 0 };
    JSON_EACH(word, json_get(proposal, "ingredients"))
    {
        buf_text(&words, words.size ? ", " : "");
        buf_str(&words, json_string(&arena, word));
    }
    said(out, "made from", buf_view(&words));
    said(out, "why", candidate->why);
}

static int diff(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct lineage_id from = lineage_id_of(candidate->parent),
                            to = lineage_id_of(candidate->commit);
    int rc = lineage_diff(driver->lineage, &from, &to, &text, err);
    buf_text(out, "\nThe change\n\n");
    untrusted(out, buf_view(&text), true);
    return rc;
}

static void description(struct buf *out, const struct json *patch)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    buf_text(out, "\nIn words (the patcher's, not the proposer's)\n");
    JSON_EACH(text, json_get(patch, "description"))
    {
        buf_text(out, "  - ");
        untrusted(out, json_string(&arena, text), false);
        buf_char(out, '\n');
    }
}

/* Against what is active, run beside it: not against the recording. */
struct counts {
    unsigned runs, resolved, same, other, abnormal;
};

static struct counts count(const struct report *report, enum suite suite)
{
    struct counts counts = { 0 };
    for (uint32_t i = 0; i < report->cases_count; i++) {
        const struct report_case *one = &report->cases[i];
        if (one->suite != suite)
            continue;
        bool same = hash_equal(&one->old_effects, &one->new_effects);
        bool resolved = one->new_outcome == OUTCOME_RESOLVED;
        counts.runs++;
        counts.abnormal += one->new_abnormal;
        counts.same += same;
        counts.resolved += !same && resolved;
        counts.other += !same && !resolved;
    }
    return counts;
}

/* What a replay can say at all of this kind of repair. */
static void benefit(struct buf *out, const struct report *report)
{
    static const char *const words[] = {
        [BENEFIT_NONE] = "none: no replay could show one",
        [BENEFIT_NOT_SHOWN] = "not shown: that the change helps lies behind what was recorded",
        [BENEFIT_SHOWN] = "shown: what was missing is there",
    };
    const struct detector *detector = detector_named(report->detector);
    if (detector)
        line(out, "benefit", "%s", words[detector->benefit]);
}

static void worse_groups(struct buf *out, const struct json *verdict)
{
    const struct json *worse = json_get(verdict, "not_worse");
    if (json_int(json_get(worse, "groups"), 0) > 0)
        line(out, "worse", "%lld of %lld held-out groups: at most %.0f %% (95 %% bound)",
            (long long)json_int(json_get(worse, "worse"), 0),
            (long long)json_int(json_get(worse, "groups"), 0),
            100 * json_double(json_get(worse, "worse_at_most"), 0));
}

static void reliable(struct buf *out, const struct report *report, unsigned abnormal)
{
    line(out, "sanitised",
        report->sanitised ? "%u findings of AddressSanitizer" : "not replayed%.0u",
        report->sanitised_findings);
    line(out, "second pass", "%s with other time, ids and seed",
        report->deterministic ? "the same effects" : "OTHER EFFECTS");
    line(out, "abnormal", "%u runs ended by a crash, a hang or a broken protocol", abnormal);
    line(out, "cost", "%.1f us a step, %.1f before; %u bytes, %u before", report->us_step_new,
        report->us_step_old, report->so_bytes_new, report->so_bytes_old);
}

/* What is claimed of a removal; the rules' own words stand below. */
static void less(struct buf *out, const struct report *report, const struct json *verdict)
{
    const struct counts rest = count(report, SUITE_REGRESSION),
                        safety = count(report, SUITE_SAFETY);
    char name[80];
    uint32_t asked = 0;
    for (uint32_t i = 0; i < report->cases_count; i++)
        asked += report->cases[i].asked;
    buf_text(out, "\nThe same with less: nothing is mended, and nothing may be worse\n");
    line(out, "goes", "%s", str_printable(name, sizeof name, report->less, false));
    line(out, "replayed",
        "%u runs: %u as before, %u mended, %u changed otherwise; %u ask its hooks", rest.runs,
        rest.same, rest.resolved, rest.other, asked);
    line(out, "safety",
        "%u made cases where a repair would go too far: %u left alone now, %u changed", safety.runs,
        safety.resolved, safety.other);
    if (json_int(json_get(json_get(verdict, "not_worse"), "groups"), 0) == 0)
        line(out, "held-out", "not looked at");
    worse_groups(out, verdict);
    reliable(out, report, rest.abnormal + safety.abnormal);
}

static void evidence(struct buf *out, const struct report *report, const struct json *verdict)
{
    if (report->less.size) {
        less(out, report, verdict);
        return;
    }
    const struct counts batch = count(report, SUITE_BATCH), held = count(report, SUITE_HELD_OUT),
                        rest = count(report, SUITE_REGRESSION),
                        safety = count(report, SUITE_SAFETY);
    const struct json *in = json_get(verdict, "held_in"), *heldout = json_get(verdict, "held_out");
    buf_text(out, "\nWhat failed before, and what happens now (one claim a run: its first changed "
                  "effect)\n");
    line(out, "held-in",
        "%u of %u runs resolved, %u as before, %u changed otherwise; %lld of %lld "
        "groups fixed",
        batch.resolved, batch.runs, batch.same, batch.other,
        (long long)json_int(json_get(in, "fixed"), 0),
        (long long)json_int(json_get(in, "groups"), 0));
    if (held.runs)
        line(out, "held-out",
            "%u of %u runs resolved, %u as before, %u changed otherwise; %lld of %lld groups "
            "fixed: "
            "at least %.0f %% of such groups (95 %% bound)",
            held.resolved, held.runs, held.same, held.other,
            (long long)json_int(json_get(heldout, "fixed"), 0),
            (long long)json_int(json_get(heldout, "groups"), 0),
            100 * json_double(json_get(heldout, "fixed_at_least"), 0));
    else
        line(out, "held-out", "not looked at");
    benefit(out, report);
    buf_text(out, "\nWhat else was replayed\n");
    line(out, "regression",
        "%u runs without this failure: %u as before, %u mended as well (another "
        "failure's repair), %u changed otherwise",
        rest.runs, rest.same, rest.resolved, rest.other);
    if (report->left_out > 0)
        line(out, "left out",
            "%u more runs that there was no room for: the newest and some of all "
            "times were taken",
            report->left_out);
    line(out, "safety", "%u made cases where a repair would go too far: %u changed", safety.runs,
        safety.other + safety.resolved);
    worse_groups(out, verdict);
    reliable(out, report, batch.abnormal + held.abnormal + rest.abnormal + safety.abnormal);
}

static void carried(struct buf *out, const struct report *report)
{
    if (report->carried + report->carried_conditional == 0)
        return;
    buf_text(out, "\nThe mended calls, really carried out against the tools' own server\n");
    line(out, "first", "%u of %u succeed", report->carried_ok, report->carried);
    line(out, "later", "%u of %u succeed, if the run had come that far",
        report->carried_conditional_ok, report->carried_conditional);
}

static void made_of(struct buf *out, const struct json *ablation)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    long long groups = json_int(json_get(ablation, "groups"), 0);
    buf_text(
        out, "\nWhat it is made of: the same search without one ingredient, replayed held-in\n");
    JSON_EACH(row, json_get(ablation, "rows"))
    {
        struct str without = json_string(&arena, json_get(row, "without"));
        bool found = json_bool(json_get(row, "found"), false);
        buf_text(out, "  without ");
        untrusted(out, without, false);
        buf_format(out, "%*s", without.size < 18 ? (int)(18 - without.size) : 1, "");
        if (found)
            buf_format(out, " another fix, %lld of %lld groups\n",
                (long long)json_int(json_get(row, "groups"), 0), groups);
        else
            buf_text(out, " nothing is found\n");
    }
    buf_format(
        out, "  plugins to copy from: %lld\n", (long long)json_int(json_get(ablation, "stock"), 0));
}

/* A repair of how the model is asked: it mends no call. */
static bool asks_again(const struct report *report)
{
    for (unsigned i = 0; i < detectors_count; i++)
        if (detectors[i].hook >= 0 && str_equal(report->detector, str_of(detectors[i].id)))
            return strcmp(cluster_hook_words[detectors[i].hook], "model_error") == 0;
    return false;
}

/* Layers that every worker has to have, unless they are waived; the report lists what was in force.
 */
static void without(struct buf *out, struct str layers)
{
    static const char *const wanted[] = { "landlock", "seccomp", "no_new_privs", "caps",
        "rlimits" };
    for (size_t i = 0; i < COUNT_OF(wanted); i++)
        if (str_find(layers, str_of(wanted[i])) < 0)
            buf_format(out,
                "  - what the layer %s would have stopped: the replays ran without it\n",
                wanted[i]);
}

/* What the evidence cannot say. */
static void unknown(struct buf *out, const struct report *report)
{
    buf_text(out, "\nWhat is not known\n");
    if (report->claims)
        buf_text(out, "  - the conversations were brought from outside: claims, not this runtime's "
                      "own facts\n");
    buf_text(out, "  - what the model would have answered after the first changed effect\n");
    if (asks_again(report))
        buf_text(out, "  - whether who is asked then answers: nobody was asked\n");
    else if (report->carried + report->carried_conditional == 0)
        buf_text(out, "  - whether a tool accepts the mended calls: none was carried out\n");
    if (!str_equal(report->tier, STR("strong"))) {
        buf_text(out, "  - the sandbox was of the weaker tier: ");
        untrusted(out, report->tier, false);
        buf_char(out, '\n');
    }
    without(out, report->layers);
}

static void gate(struct buf *out, const struct json *verdict)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str word = json_string(&arena, json_get(verdict, "verdict"));
    buf_format(out, "\nThe gate: %.*s\n", (int)word.size, word.at ? word.at : "");
    JSON_EACH(reason, json_get(verdict, "reasons"))
    {
        struct str holds = json_string(&arena, json_get(reason, "holds"));
        struct str rule = json_string(&arena, json_get(reason, "rule"));
        buf_format(out, "  %-13.*s %-15.*s ", (int)holds.size, holds.at, (int)rule.size, rule.at);
        untrusted(out, json_string(&arena, json_get(reason, "text")), false);
        buf_char(out, '\n');
    }
}

static const struct json *document(struct driver *driver, const char *kind,
    const struct digest *digest, struct str *ret_text, struct err *err)
{
    int rc = view_document(ret_text, driver, kind, digest, err);
    return rc == 0 && ret_text->size ? json_read(&driver->arena, *ret_text, NULL, err) : NULL;
}

static void refused(struct buf *out, const struct json *diagnostics)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    buf_text(out, "\nWhat was refused\n");
    JSON_EACH(finding, json_get(diagnostics, "findings"))
    {
        buf_text(out, "  - ");
        untrusted(out, json_string(&arena, json_get(finding, "rule")), false);
        buf_format(out, ", line %lld:\n", (long long)json_int(json_get(finding, "line"), 0));
        set_in(out, json_string(&arena, json_get(finding, "message")));
    }
}

/* Why it waits for a person where it might have gone live without one. */
static int waits(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf why = { 0 };
    int rc = auto_waiting(&why, driver, candidate, false, err);
    if (rc == 0 && why.size > 0)
        buf_format(out, "\nAutonomy auto\n  %s", why.at);
    return rc;
}

static int review(struct buf *out, struct driver *driver, const struct candidate *candidate,
    bool with_diff, struct err *err)
{
    struct str text;
    struct report report;
    err->code = 0;
    const struct json *proposal = document(driver, "proposal", &candidate->proposal, &text, err);
    head(out, candidate, proposal);
    if (with_diff && candidate->commit.size && diff(out, driver, candidate, err) < 0)
        return -err->code;
    const struct json *patch = document(driver, "patch", &candidate->patch, &text, err);
    if (patch) {
        description(out, patch);
        certified_tell(out, patch);
    }
    const struct json *said = document(driver, "diagnostics", &candidate->diagnostics, &text, err);
    if (said)
        refused(out, said);
    const struct json *verdict = document(driver, "verdict", &candidate->verdict, &text, err);
    if (view_document(&text, driver, "report", &candidate->report, err) < 0)
        return -err->code;
    if (text.size && report_read(&report, text, &driver->arena, err) < 0)
        return -err->code;
    if (text.size) {
        evidence(out, &report, verdict);
        certified_tell_report(out, &report);
        view_taken(out, &report);
        view_flaky(out, &report);
        carried(out, &report);
        view_branches(out, &report);
        unknown(out, &report);
    }
    const struct json *ablation = document(driver, "evidence", &candidate->ablation, &text, err);
    if (ablation)
        made_of(out, ablation);
    if (verdict)
        gate(out, verdict);
    return err->code ? -err->code : waits(out, driver, candidate, err);
}

int view_review(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    return review(out, driver, candidate, true, err);
}

int view_review_words(
    struct buf *out, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    return review(out, driver, candidate, false, err);
}
