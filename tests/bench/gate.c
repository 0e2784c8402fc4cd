/* gate - how often the gate errs, and what it takes to convince it, beside rules that people use.
 *
 * Each figure is a rate over simulated worlds whose truth is known (tests/tools/simulated.h),
 * judged by the functions that judge a real candidate. Seeded: the same runs print the same
 * figures, and docs/reference/statistics.md prints those of the default. */
#include "bench.h"
#include "simulated.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 1000, RUNS_MAX = 100000, SEED = 42, CANDIDATES = 100 };

struct figures {
    struct buf *out;
    struct chance chance;
    unsigned runs;
};

static unsigned named_number(const char *name, unsigned otherwise, unsigned most)
{
    const char *text = getenv(name);
    unsigned long number = text ? strtoul(text, NULL, 10) : 0;
    return number > 0 && number <= most ? (unsigned)number : otherwise;
}

/* In per cent; a bound that it is held against, or 0. */
static void rate(struct figures *f, const char *group, const char *of, double share, double bound)
{
    char name[96];
    snprintf(name, sizeof name, "%s: %s", group, of);
    bench_figure(f->out, name, 100 * share, "%", 100 * bound);
}

/* --- regime L: a model that is asked again each time */

static const char *const rule_words[LIVE_RULES] = {
    [LIVE_VERDICT] = "the gate",
    [LIVE_FIXED] = "sign test, once",
    [LIVE_PEEKING] = "McNemar at each group",
    [LIVE_PER_REPEAT] = "one bet a repeat",
    [LIVE_KEEP] = "keep if better",
};

static const struct live_row {
    const char *name;
    enum live_world world;
    uint32_t repeats;
    bool bounded; /* whatever promotes there errs */
} live_table[] = {
    { "A/A, peeking", LIVE_SAME, 1, true },
    { "A/A, peeking", LIVE_SAME, 3, true },
    { "mean 0, peeking", LIVE_MEAN_0, 3, true },
    { "mean 0, peeking", LIVE_MEAN_0, 5, true },
    { "30 to 10 % fail", LIVE_BETTER, 1, false },
    { "30 to 10 % fail", LIVE_BETTER, 3, false },
    { "30 to 10 % fail", LIVE_BETTER, 5, false },
};

static void tell_live(struct figures *f)
{
    for (size_t i = 0; i < COUNT_OF(live_table); i++) {
        const struct live_row *row = &live_table[i];
        double rates[LIVE_RULES][LIVE_SIZES];
        live_rates(rates, &f->chance, row->world, row->repeats, f->runs);
        for (int rule = 0; rule < LIVE_RULES; rule++)
            for (int n = 0; rule_words[rule] && n < LIVE_SIZES; n++) {
                char of[64];
                snprintf(
                    of, sizeof of, "%s, r %u, n %u", rule_words[rule], row->repeats, live_sizes[n]);
                bool gate = rule <= LIVE_FIXED;
                rate(f, row->name, of, rates[rule][n], row->bounded && gate ? .05 : 0);
            }
    }
}

/* The 30 to 42 % of edits that do nothing and are kept, as the literature has it. */
static void tell_kept(struct figures *f)
{
    static const double discordant[] = { .05, .10, .20 };
    static const uint32_t sizes[] = { 20, 40 };
    for (size_t n = 0; n < COUNT_OF(sizes); n++)
        for (size_t i = 0; i < COUNT_OF(discordant); i++) {
            char of[64];
            snprintf(
                of, sizeof of, "%.0f %% of %u groups by chance", 100 * discordant[i], sizes[n]);
            rate(f, "keep if better, no effect", of,
                live_kept(&f->chance, discordant[i], sizes[n], 20 * f->runs), 0);
        }
}

/* --- regime S: recorded replies */

static const struct learning_row {
    const char *name;
    enum learns learns;
    enum spends spends;
    bool gate; /* what the gate does; else one of its precautions is left out */
} learning_table[] = {
    { "learns passed or not", LEARNS_BIT, SPENDS_SHARE, true },
    { "learns passed or not, .05 for each", LEARNS_BIT, SPENDS_EACH, false },
    { "learns better or not", LEARNS_BETTER, SPENDS_SHARE, false },
    { "riders on true repairs", LEARNS_RIDERS, SPENDS_SHARE, true },
    { "riders, .05 for each", LEARNS_RIDERS, SPENDS_EACH, false },
};

static void tell_learning(struct figures *f)
{
    for (int n = 0; n < LIVE_SIZES; n++) {
        struct learning *learning = learning_new(live_sizes[n], CANDIDATES);
        for (size_t i = 0; i < COUNT_OF(learning_table); i++) {
            const struct learning_row *row = &learning_table[i];
            unsigned passed = 0;
            char of[64];
            for (unsigned t = 0; t < f->runs; t++)
                passed += learning_false_pass(learning, &f->chance, row->learns, row->spends);
            snprintf(of, sizeof of, "%s, n %u", row->name, live_sizes[n]);
            rate(f, "100 worthless candidates", of, (double)passed / f->runs, row->gate ? .05 : 0);
        }
        learning_free(learning);
    }
}

static const struct home usual = { .in = 6, .out = 12, .others = 15, .regression = 40 };

static bool judge_gate(struct arena *arena, struct chance *chance, const struct made *made)
{
    const struct policy policy = policy_default();
    struct verdict_result result;
    struct report report = made_report(arena, chance, &usual, made, false);
    verdict_of(&result, &report, &policy, (struct ledger_look){ 1, 0 });
    if (verdict_before_look(&result) != VERDICT_PASS)
        return false;
    report = made_report(arena, chance, &usual, made, true);
    verdict_of(&result, &report, &policy, (struct ledger_look){ 1, 0 });
    return result.verdict == VERDICT_PASS;
}

/* Who does not ask for the same failure among other people has no such cases. */
static struct report plain_report(
    struct arena *arena, struct chance *chance, const struct made *made, bool looks)
{
    struct report report = made_report(arena, chance, &usual, made, looks);
    for (uint32_t i = 0; i < report.cases_count; i++)
        report.cases[i].variants = report.cases[i].variants_mended = 0;
    return report;
}

static struct tally held_out(struct arena *arena, struct chance *chance, const struct made *made)
{
    struct tally tally;
    struct report report = plain_report(arena, chance, made, true);
    tally_of(&tally, &report);
    return tally;
}

static bool judge_keep(struct arena *arena, struct chance *chance, const struct made *made)
{
    struct tally tally = held_out(arena, chance, made);
    return tally.out_fixed > tally.worse;
}

static bool judge_fixed(struct arena *arena, struct chance *chance, const struct made *made)
{
    struct tally tally = held_out(arena, chance, made);
    return stats_up(tally.out_fixed, tally.out_fixed + tally.worse, .5) <= .05;
}

/* What a careful person asks of any change: what I saw is mended, nothing that I see is broken,
 * nothing crashes, it is small. The gate's own rows, on what everybody may see. */
static bool judge_checklist(struct arena *arena, struct chance *chance, const struct made *made)
{
    static const char *const points[] = { "batch_fixed", "regression", "safety", "abnormal",
        "sanitised", "new_signature", "patch_size" };
    const struct policy policy = policy_default();
    struct verdict_rule rules[COUNT_OF(points)];
    struct verdict_result result;
    unsigned count = 0;
    for (unsigned i = 0; i < verdict_rules_count; i++)
        for (size_t p = 0; p < COUNT_OF(points); p++)
            if (str_equal(str_of(verdict_rules[i].name), str_of(points[p])))
                rules[count++] = verdict_rules[i];
    struct report report = plain_report(arena, chance, made, false);
    verdict_apply(&result, rules, count, &report, &policy, (struct ledger_look){ 1, 0 });
    return result.verdict == VERDICT_PASS;
}

static const struct judge {
    const char *name;
    bool (*passes)(struct arena *arena, struct chance *chance, const struct made *made);
} judges[] = {
    { "the gate", judge_gate },
    { "keep if better", judge_keep },
    { "sign test, once", judge_fixed },
    { "checklist", judge_checklist },
};

/* in_fixed, fixed, worse, broken, by_heart. */
static const struct made made_table[] = {
    { "a random edit", .05, .05, .03, .03, 0 },
    { "luck on the batch", 1, .2, 0, 0, 0 },
    { "the batch by heart", 1, .6, 0, 0, 1 },
    { "a repair that harms a quarter of others", 1, .9, .25, 0, 0 },
    { "half a repair", .8, .5, 0, 0, 0 },
    { "a repair", 1, .9, 0, 0, 0 },
};

static void tell_made(struct figures *f)
{
    for (size_t i = 0; i < COUNT_OF(made_table); i++)
        for (size_t j = 0; j < COUNT_OF(judges); j++) {
            unsigned passed = 0;
            for (unsigned t = 0; t < f->runs; t++) {
                CLEANUP(arena_done) struct arena arena = { 0 };
                passed += judges[j].passes(&arena, &f->chance, &made_table[i]);
            }
            rate(f, made_table[i].name, judges[j].name, (double)passed / f->runs, 0);
        }
}

/* Of the first look, with none worse: effect against groups. */
static void tell_power(struct figures *f)
{
    static const double shares[] = { .2, .3, .5, .7, .9 };
    static const uint32_t sizes[] = { 3, 5, 10, 20, 40 };
    const struct policy policy = policy_default();
    for (size_t n = 0; n < COUNT_OF(sizes); n++)
        for (size_t s = 0; s < COUNT_OF(shares); s++) {
            const struct home home = { .in = 6, .out = sizes[n], .others = 15, .regression = 1 };
            const struct made made = { "", 1, shares[s], 0, 0, 0 };
            unsigned passed = 0;
            char of[64];
            for (unsigned t = 0; t < f->runs; t++) {
                CLEANUP(arena_done) struct arena arena = { 0 };
                struct verdict_result result;
                struct report report = made_report(&arena, &f->chance, &home, &made, true);
                verdict_of(&result, &report, &policy, (struct ledger_look){ 1, 0 });
                passed += result.verdict == VERDICT_PASS;
            }
            snprintf(of, sizeof of, "%.0f %% of %u groups fixed", 100 * shares[s], sizes[n]);
            rate(f, "passes its first look", of, (double)passed / f->runs, 0);
        }
}

int bench_gate(struct buf *out, struct err *err)
{
    (void)err;
    struct figures f = { .out = out,
        .chance = { named_number("MOULT_SEED", SEED, UINT32_MAX) },
        .runs = named_number("MOULT_RUNS", RUNS, RUNS_MAX) };
    bench_figure(out, "runs of each figure", f.runs, "", 0);
    bench_figure(out, "seed", (double)f.chance.state, "", 0);
    tell_live(&f);
    tell_kept(&f);
    tell_learning(&f);
    tell_made(&f);
    tell_power(&f);
    return 0;
}
