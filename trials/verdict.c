/* verdict - the rules of the gate, a row each. See verdict.h.
 *
 * A rule says what it makes of the facts alone. If a rule about the evidence itself does not hold,
 * the report says nothing: the verdict is inconclusive, whatever else failed. Else one fail makes a
 * fail, one inconclusive makes an inconclusive, and only a report that every rule passes is a pass.
 */
#include "trials/verdict.h"
#include "trials/verdict_less.h"

#include "base/mem.h"
#include "trials/stats.h"

#include <stdio.h>
#include <string.h>

#define BOUND_LEVEL .05 /* of the bounds that people are shown, and of a certain failure */

const char *const verdict_words[3] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
    [VERDICT_INCONCLUSIVE] = "inconclusive",
};
const char *const suite_words[SUITES] = {
    [SUITE_BATCH] = "batch",
    [SUITE_HELD_OUT] = "held-out",
    [SUITE_REGRESSION] = "regression",
    [SUITE_SAFETY] = "safety",
};

/* What came along, by kind: a few words behind a reason, and no case's name. */
static void add_riders(char *text, size_t size, const uint32_t riders[RIDERS])
{
    enum { KINDS_MAX = 3 };
    unsigned told = 0;
    for (int kind = RIDER_NONE + 1; kind < RIDERS && told < KINDS_MAX; kind++) {
        size_t used = strlen(text);
        if (riders[kind] > 0)
            snprintf(text + used, size - used, "%s %s in %u",
                told++ ? "," : "; beside it:", rider_phrases[kind], riders[kind]);
    }
}

/* --- what the report is worth */

static enum verdict evidence(bool good, char *text, size_t size, const char *yes, const char *no)
{
    snprintf(text, size, "%s", good ? yes : no);
    return good ? VERDICT_PASS : VERDICT_INCONCLUSIVE;
}

static enum verdict fresh(const struct verdict_facts *f, char *text, size_t size)
{
    return evidence(f->report->fresh_baseline, text, size, "both arms were run now",
        "the old arm was not run afresh beside the new one");
}

/* Of the old arm: that only the new one depends on time and chance is no fault of the evidence. */
static enum verdict deterministic(const struct verdict_facts *f, char *text, size_t size)
{
    bool only_new = f->report->unstable_new > 0 && f->report->unstable_old == 0;
    return evidence(f->report->deterministic || only_new, text, size,
        only_new ? "further passes gave the same effects in the old arm"
                 : "further passes gave the same effects",
        "further passes with other time, ids and seed gave other effects");
}

static enum verdict complete(const struct verdict_facts *f, char *text, size_t size)
{
    double share = f->tally.groups ? (double)f->tally.groups_missing / f->tally.groups : 1;
    snprintf(text, size, "%u of %u groups lack a result in an arm, at most %.0f %% may",
        f->tally.groups_missing, f->tally.groups, f->policy->missing_max * 100);
    if (f->report->unreplayable > 0) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "; the old arm dies on %u runs, which count nowhere",
            f->report->unreplayable);
    }
    return f->tally.groups > 0 && share <= f->policy->missing_max ? VERDICT_PASS
                                                                  : VERDICT_INCONCLUSIVE;
}

static enum verdict suites_there(const struct verdict_facts *f, char *text, size_t size)
{
    bool all = f->tally.cases[SUITE_BATCH] && f->tally.cases[SUITE_REGRESSION] &&
               f->tally.cases[SUITE_SAFETY];
    snprintf(text, size, "cases: batch %u, regression %u, safety %u", f->tally.cases[SUITE_BATCH],
        f->tally.cases[SUITE_REGRESSION], f->tally.cases[SUITE_SAFETY]);
    return all ? VERDICT_PASS : VERDICT_INCONCLUSIVE;
}

static enum verdict claims(const struct verdict_facts *f, char *text, size_t size)
{
    return evidence(!f->report->claims || f->policy->claims, text, size,
        f->report->claims ? "rests on claims, which this policy admits with a person's approval"
                          : "rests on facts",
        "rests on claims, which this policy does not admit");
}

/* --- what the candidate did */

static enum verdict sanitised(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size,
        f->report->sanitised
            ? "the sanitised build, at a third time and with a third seed, had %u findings"
            : "the sanitised build was not replayed to its end",
        f->report->sanitised_findings);
    if (!f->report->sanitised)
        return VERDICT_INCONCLUSIVE;
    return f->report->sanitised_findings ? VERDICT_FAIL : VERDICT_PASS;
}

/* A candidate whose effects hang on time or chance beside an old arm that does not: what was
 * replayed says nothing of what it will do. */
static enum verdict stable(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size,
        "the new arm did otherwise with other time, ids or seed in %u cases, the "
        "old one in %u",
        f->report->unstable_new, f->report->unstable_old);
    return f->report->unstable_new > f->report->unstable_old ? VERDICT_FAIL : VERDICT_PASS;
}

static enum verdict abnormal(const struct verdict_facts *f, char *text, size_t size)
{
    char first[100] = "";
    for (uint32_t i = 0; i < f->report->cases_count && !*first; i++)
        if (f->report->cases[i].new_abnormal && !f->report->cases[i].old_abnormal)
            str_printable(first, sizeof first, f->report->cases[i].detail, false);
    snprintf(text, size, "%u cases ended abnormally in the new arm only%s%s", f->tally.abnormal,
        *first ? ", one so: " : "", first);
    return f->tally.abnormal ? VERDICT_FAIL : VERDICT_PASS;
}

/* A build that is right once and harmful behind it has a good first step in every run. */
static enum verdict afterwards(const struct verdict_facts *f, char *text, size_t size)
{
    if (!f->report->run_on) {
        snprintf(text, size, "nothing behind the first change of a run was asked for");
        return VERDICT_INCONCLUSIVE;
    }
    snprintf(text, size, "%u of %u cases stray behind their first change", f->tally.strays,
        f->report->cases_count);
    return f->tally.strays ? VERDICT_FAIL : VERDICT_PASS;
}

/* A patch that knows the batch by heart mends it, and held-out groups where models say the same to
 * everybody; not the same failure with other ids and words. */
static enum verdict varied(const struct verdict_facts *f, char *text, size_t size)
{
    const struct tally *t = &f->tally;
    if (!f->report->varied) {
        snprintf(text, size, "no case was tried with other ids and words");
        return VERDICT_INCONCLUSIVE;
    }
    snprintf(text, size,
        "%u of %u mended cases have variants with other ids and words; %u are mended as recorded "
        "only",
        t->mended_varied, t->mended, t->by_heart);
    if (t->by_heart > 0)
        return VERDICT_FAIL;
    return t->mended > 0 && t->mended_varied == 0 ? VERDICT_INCONCLUSIVE : VERDICT_PASS;
}

/* A branch that no case ran has been judged by nothing: it may wait for a word. */
static enum verdict covered(const struct verdict_facts *f, char *text, size_t size)
{
    const struct report *r = f->report;
    char note[120];
    if (!r->covered) {
        snprintf(text, size, "which branches of the patch ran was not watched");
        return VERDICT_INCONCLUSIVE;
    }
    str_printable(note, sizeof note, r->branches_note, false);
    snprintf(text, size, "%u of %u branches of the patch ran in no case%s%s", r->branches_missed,
        r->branches, r->branches_missed ? ": " : "", r->branches_missed ? note : "");
    return r->branches_missed ? VERDICT_INCONCLUSIVE : VERDICT_PASS;
}

static enum verdict batch_fixed(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size, "held-in: %u of %u groups fixed, at least %.0f %% must be",
        f->tally.in_fixed, f->tally.in_groups, f->policy->held_in_share * 100);
    add_riders(text, size, f->tally.riders[SUITE_BATCH]);
    if (f->tally.in_groups == 0)
        return VERDICT_INCONCLUSIVE;
    return f->tally.in_fixed >= f->policy->held_in_share * f->tally.in_groups ? VERDICT_PASS
                                                                              : VERDICT_FAIL;
}

/* STATISTICS: "general": up(x, n, p0) <= level; lo(x, n, p0) <= .05 is a failure. */
static enum verdict held_out_fixed(const struct verdict_facts *f, char *text, size_t size)
{
    uint32_t x = f->tally.out_fixed, n = f->tally.out_groups;
    if (f->level <= 0) {
        snprintf(text, size, "the held-out shard is exhausted at look %u", f->look.k);
        return VERDICT_INCONCLUSIVE;
    }
    uint32_t least = stats_groups_fixed(f->policy->p0, f->level);
    if (least < f->policy->held_out_groups_min)
        least = f->policy->held_out_groups_min;
    if (n > 0 && stats_lo(x, n, f->policy->p0) <= BOUND_LEVEL) {
        snprintf(text, size, "held-out: %u of %u groups fixed: not above %.0f %%", x, n,
            f->policy->p0 * 100);
        add_riders(text, size, f->tally.riders[SUITE_HELD_OUT]);
        return VERDICT_FAIL;
    }
    if (n >= f->policy->held_out_groups_min && stats_up(x, n, f->policy->p0) <= f->level) {
        snprintf(text, size, "held-out: %u of %u groups fixed, more than %.0f %% at level %.4f", x,
            n, f->policy->p0 * 100, f->level);
        return VERDICT_PASS;
    }
    snprintf(text, size,
        "held-out: %u of %u groups fixed; at level %.4f at least %u groups are needed", x, n,
        f->level, least);
    return VERDICT_INCONCLUSIVE;
}

/* "not worse": lo(y, n, m) <= levelH; up(y, n, m) <= .05 is a failure. */
static enum verdict not_worse(const struct verdict_facts *f, char *text, size_t size)
{
    uint32_t y = f->tally.worse, n = f->tally.all_groups;
    double margin = f->policy->margin;
    if (n > 0 && stats_up(y, n, margin) <= BOUND_LEVEL) {
        snprintf(
            text, size, "held-out: %u of %u groups worse, more than %.0f %%", y, n, margin * 100);
        return VERDICT_FAIL;
    }
    if (n > 0 && stats_lo(y, n, margin) <= f->level_harm) {
        snprintf(text, size, "held-out: %u of %u groups worse: under %.0f %% at level %.4f", y, n,
            margin * 100, f->level_harm);
        return VERDICT_PASS;
    }
    snprintf(text, size, "held-out: %u of %u groups worse; with so many worse %u groups are needed",
        y, n, f->level_harm > 0 ? stats_groups_not_worse(y, margin, f->level_harm) : 0);
    return VERDICT_INCONCLUSIVE;
}

static enum verdict no_losses(
    const struct verdict_facts *f, enum suite suite, char *text, size_t size)
{
    snprintf(text, size, "%s: %u of %u cases go from pass to fail", suite_words[suite],
        f->tally.losses[suite], f->tally.cases[suite] + f->tally.taken[suite]);
    add_riders(text, size, f->tally.riders[suite]);
    return f->tally.losses[suite] ? VERDICT_FAIL : VERDICT_PASS;
}

static enum verdict regression(const struct verdict_facts *f, char *text, size_t size)
{
    return no_losses(f, SUITE_REGRESSION, text, size);
}

static enum verdict safety(const struct verdict_facts *f, char *text, size_t size)
{
    return no_losses(f, SUITE_SAFETY, text, size);
}

/* What goes both ways in the old arm says nothing and passes nothing: a person mends it or retires
 * it. The new arm alone going both ways has no such excuse. */
static enum verdict flaky(const struct verdict_facts *f, char *text, size_t size)
{
    const struct tally *t = &f->tally;
    if (!f->report->played) {
        snprintf(text, size, "the cases that the home took in were not played");
        return VERDICT_INCONCLUSIVE;
    }
    snprintf(text, size,
        "of %u cases that the home took in %u go both ways in the old arm, %u in the "
        "new one alone",
        t->taken[SUITE_REGRESSION] + t->taken[SUITE_SAFETY], t->flaky, t->unstable);
    return t->unstable ? VERDICT_FAIL : t->flaky ? VERDICT_INCONCLUSIVE : VERDICT_PASS;
}

/* Each promotion may change nothing here, so only many of them could: or one that nobody asked. */
static enum verdict drift(const struct verdict_facts *f, char *text, size_t size)
{
    if (!f->report->genesis) {
        snprintf(text, size, "the safety suite was not run on generation 0");
        return VERDICT_INCONCLUSIVE;
    }
    snprintf(text, size, "safety: %u of %u cases go otherwise than on generation 0",
        f->report->drifted, f->tally.cases[SUITE_SAFETY]);
    return f->report->drifted ? VERDICT_FAIL : VERDICT_PASS;
}

/* What a worker has seen before may not matter to what it does. */
static enum verdict alone(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size,
        "%u of %u cases that count were put to a worker of their own, %u went otherwise there",
        f->report->alone, f->report->alone_wanted, f->report->alone_other);
    if (f->report->alone == 0)
        return VERDICT_INCONCLUSIVE;
    return f->report->alone_other ? VERDICT_FAIL : VERDICT_PASS;
}

static enum verdict new_signature(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size, "%u failure signatures that the old arm does not have",
        f->report->new_signatures);
    return f->report->new_signatures ? VERDICT_FAIL : VERDICT_PASS;
}

/* --- budgets */

static enum verdict patch_size(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size, "%u changed lines, at most %u", f->report->patch_lines,
        f->policy->patch_lines_max);
    return f->report->patch_lines <= f->policy->patch_lines_max ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict object_size(const struct verdict_facts *f, char *text, size_t size)
{
    uint32_t from = f->report->so_bytes_old, to = f->report->so_bytes_new;
    snprintf(text, size, "the shared object goes from %u to %u bytes, at most %u more", from, to,
        f->policy->so_growth_max);
    return to <= from || to - from <= f->policy->so_growth_max ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict latency(const struct verdict_facts *f, char *text, size_t size)
{
    double from = f->report->us_step_old, to = f->report->us_step_new;
    snprintf(text, size, "%.1f us a step, %.1f before, at most %.2f times", to, from,
        f->policy->slowdown_max);
    if (from <= 0 || to <= 0)
        return VERDICT_INCONCLUSIVE;
    return to <= from * f->policy->slowdown_max ? VERDICT_PASS : VERDICT_FAIL;
}

/* Twice, or the budget more, whichever is more: a small worker's pages are its loader's. */
static enum verdict memory(const struct verdict_facts *f, char *text, size_t size)
{
    uint32_t from = f->report->memory_old, to = f->report->memory_new;
    uint32_t more = from > f->policy->memory_growth_max ? from : f->policy->memory_growth_max;
    snprintf(text, size, "a worker has had %u KiB, %u before, at most %u more", to, from, more);
    if (from == 0 || to == 0)
        return VERDICT_INCONCLUSIVE;
    return to <= from || to - from <= more ? VERDICT_PASS : VERDICT_FAIL;
}

static enum verdict prefix(const struct verdict_facts *f, char *text, size_t size)
{
    snprintf(text, size, "%u model requests lost their prefix, at most %u",
        f->report->prefix_breaks, f->policy->prefix_breaks_max);
    return f->report->prefix_breaks <= f->policy->prefix_breaks_max ? VERDICT_PASS : VERDICT_FAIL;
}

const struct verdict_rule verdict_rules[] = {
    { "fresh_baseline", fresh, true },
    { "deterministic", deterministic, true },
    { "complete", complete, true },
    { "suites_there", suites_there, true },
    { "claims", claims, true },
    { "sanitised", sanitised, false },
    { "stable", stable, false },
    { "abnormal", abnormal, false },
    { "afterwards", afterwards, false },
    { "varied", varied, false },
    { "covered", covered, false },
    { "batch_fixed", batch_fixed, false },
    { "held_out_fixed", held_out_fixed, false, true },
    { "not_worse", not_worse, false, true },
    { "regression", regression, false },
    { "safety", safety, false },
    { "flaky", flaky, false },
    { "drift", drift, false },
    { "alone", alone, false },
    { "new_signature", new_signature, false },
    { "patch_size", patch_size, false },
    { "object_size", object_size, false },
    { "latency", latency, false },
    { "memory", memory, false },
    { "prefix", prefix, false },
};
const unsigned verdict_rules_count = COUNT_OF(verdict_rules);
_Static_assert(
    COUNT_OF(verdict_rules) <= VERDICT_REASONS_MAX, "every rule has room for its reason");

/* No failure is mended, so nothing is asked of one; all else is, and of nothing less. */
const struct verdict_rule verdict_less_rules[] = {
    { "fresh_baseline", fresh, true },
    { "deterministic", deterministic, true },
    { "complete", complete, true },
    { "suites_there", verdict_suites_less, true },
    { "claims", claims, true },
    { "sanitised", sanitised, false },
    { "stable", stable, false },
    { "abnormal", abnormal, false },
    { "afterwards", afterwards, false },
    { "covered", covered, false },
    { "could_act", verdict_could_act, false },
    { "harmless", verdict_harmless, false, true },
    { "regression", regression, false },
    { "safety", safety, false },
    { "flaky", flaky, false },
    { "drift", drift, false },
    { "alone", alone, false },
    { "new_signature", new_signature, false },
    { "patch_size", patch_size, false },
    { "object_size", object_size, false },
    { "latency", latency, false },
    { "memory", memory, false },
    { "prefix", prefix, false },
};
const unsigned verdict_less_rules_count = COUNT_OF(verdict_less_rules);

static const struct verdict_rule *rules_of(const struct report *report, unsigned *ret_count)
{
    *ret_count = report->less.size ? verdict_less_rules_count : verdict_rules_count;
    return report->less.size ? verdict_less_rules : verdict_rules;
}

/* --- the verdict */

static void claims_for_people(struct verdict_result *ret, const struct tally *tally)
{
    ret->in_groups = tally->in_groups;
    ret->in_fixed = tally->in_fixed;
    ret->out_groups = tally->out_groups;
    ret->out_fixed = tally->out_fixed;
    ret->all_groups = tally->all_groups;
    ret->worse = tally->worse;
    ret->fixed_lower = stats_lower(tally->out_fixed, tally->out_groups, BOUND_LEVEL);
    ret->worse_upper = stats_upper(tally->worse, tally->all_groups, BOUND_LEVEL);
}

/* Of the reasons' rows: of all, or without those that only a look can answer. */
static enum verdict together(const struct verdict_result *verdict, bool looked)
{
    bool failed = false, open = false, worthless = false;
    for (unsigned i = 0; i < verdict->reasons_count; i++) {
        const struct verdict_reason *reason = &verdict->reasons[i];
        if (reason->looks && !looked)
            continue;
        failed |= reason->holds == VERDICT_FAIL;
        open |= reason->holds == VERDICT_INCONCLUSIVE;
        worthless |= reason->holds != VERDICT_PASS && reason->evidence;
    }
    return worthless || (open && !failed) ? VERDICT_INCONCLUSIVE
           : failed                       ? VERDICT_FAIL
                                          : VERDICT_PASS;
}

enum verdict verdict_before_look(const struct verdict_result *verdict)
{
    return together(verdict, false);
}

static void apply(struct verdict_result *ret, const struct verdict_rule *rules, unsigned count,
    const struct report *report, const struct policy *policy, struct ledger_look look, double level)
{
    struct verdict_facts facts = {
        .report = report, .policy = policy, .look = look, .level = level
    };
    memset(ret, 0, sizeof *ret);
    tally_of(&facts.tally, report);
    facts.level_harm = policy->level_harm > 0 ? policy->level_harm : facts.level;
    for (unsigned i = 0; i < count && i < VERDICT_REASONS_MAX; i++) {
        struct verdict_reason *reason = &ret->reasons[ret->reasons_count++];
        reason->rule = rules[i].name;
        reason->evidence = rules[i].evidence;
        reason->looks = rules[i].looks;
        reason->holds = rules[i].holds(&facts, reason->text, sizeof reason->text);
    }
    ret->verdict = together(ret, true);
    ret->level = facts.level;
    claims_for_people(ret, &facts.tally);
}

void verdict_apply(struct verdict_result *ret, const struct verdict_rule *rules, unsigned count,
    const struct report *report, const struct policy *policy, struct ledger_look look)
{
    apply(
        ret, rules, count, report, policy, look, stats_level(policy->level_shard, look.k, look.i));
}

void verdict_at(struct verdict_result *ret, const struct report *report,
    const struct policy *policy, uint32_t look, double level)
{
    unsigned count;
    const struct verdict_rule *rules = rules_of(report, &count);
    apply(ret, rules, count, report, policy, (struct ledger_look){ look, 0 }, level);
}

void verdict_of(struct verdict_result *ret, const struct report *report,
    const struct policy *policy, struct ledger_look look)
{
    unsigned count;
    const struct verdict_rule *rules = rules_of(report, &count);
    verdict_apply(ret, rules, count, report, policy, look);
}

void verdict_print(struct buf *out, const struct verdict_result *verdict)
{
    buf_format(out,
        "{\"schema\":1,\"verdict\":\"%s\",\"level\":%.17g,\"held_in\":{\"groups\":%u,\"fixed\":%u},"
        "\"held_out\":{\"groups\":%u,\"fixed\":%u,\"fixed_at_least\":%.4f},"
        "\"not_worse\":{\"groups\":%u,\"worse\":%u,\"worse_at_most\":%.4f},\"reasons\":[",
        verdict_words[verdict->verdict], verdict->level, verdict->in_groups, verdict->in_fixed,
        verdict->out_groups, verdict->out_fixed, verdict->fixed_lower, verdict->all_groups,
        verdict->worse, verdict->worse_upper);
    for (unsigned i = 0; i < verdict->reasons_count; i++) {
        const struct verdict_reason *reason = &verdict->reasons[i];
        buf_format(out, "%s{\"rule\":\"%s\",\"holds\":\"%s\",\"text\":", i ? "," : "", reason->rule,
            verdict_words[reason->holds]);
        json_quote(out, str_of(reason->text));
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}
