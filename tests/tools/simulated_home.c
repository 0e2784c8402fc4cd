/* simulated_home - reports of candidates whose worth is known. See simulated.h. */
#include "simulated.h"

#include <string.h>

enum { SAFETY = 4, VARIANTS = 3 };

static struct report_case *add_case(
    struct report *report, struct arena *arena, enum suite suite, enum split split)
{
    struct report_case *c = &report->cases[report->cases_count];
    *c = (struct report_case){ .suite = (uint8_t)suite,
        .split = (uint8_t)split,
        .signature = suite == SUITE_BATCH || suite == SUITE_HELD_OUT,
        .step = UINT32_MAX,
        .after_step = UINT32_MAX,
        .old_effects.at[0] = 1,
        .new_effects.at[0] = 1 };
    c->id = c->group = str_of(arena_format(arena, "%u", report->cases_count));
    c->variants = c->signature ? VARIANTS : 0;
    report->cases_count++;
    return c;
}

static void part(struct report_case *c, enum outcome outcome)
{
    c->step = 0;
    c->new_outcome = (uint8_t)outcome;
    c->new_effects.at[0] = 2;
}

static void fix(struct report_case *c, bool by_heart)
{
    part(c, OUTCOME_RESOLVED);
    c->variants_mended = by_heart ? 0 : VARIANTS;
}

/* Everything that a candidate's own worth does not decide is as it should be. */
static struct report empty_report(struct arena *arena, const struct home *home)
{
    size_t cases = (size_t)home->in + home->out + home->others + home->regression + SAFETY;
    struct report report = { .fresh_baseline = true,
        .deterministic = true,
        .sanitised = true,
        .run_on = true,
        .varied = true,
        .covered = true,
        .memory_old = 9000,
        .memory_new = 9000,
        .genesis = true,
        .played = true,
        .alone = 1,
        .patch_lines = 10,
        .so_bytes_old = 16000,
        .so_bytes_new = 16000,
        .us_step_old = 10,
        .us_step_new = 10 };
    report.cases = arena_alloc(arena, (cases + 1) * sizeof *report.cases);
    for (int i = 0; i < SAFETY; i++)
        add_case(&report, arena, SUITE_SAFETY, SPLIT_HELD_IN);
    return report;
}

struct report made_report(struct arena *arena, struct chance *chance, const struct home *home,
    const struct made *made, bool looks)
{
    struct report report = empty_report(arena, home);
    for (uint32_t i = 0; i < home->in; i++) {
        struct report_case *c = add_case(&report, arena, SUITE_BATCH, SPLIT_HELD_IN);
        if (chance_hits(chance, made->in_fixed))
            fix(c, chance_hits(chance, made->by_heart));
    }
    for (uint32_t i = 0; i < home->regression; i++) {
        struct report_case *c = add_case(&report, arena, SUITE_REGRESSION, SPLIT_HELD_IN);
        if (chance_hits(chance, made->broken))
            part(c, OUTCOME_UNEXPLAINED);
    }
    for (uint32_t i = 0; looks && i < home->out + home->others; i++) {
        bool fails = i < home->out;
        struct report_case *c =
            add_case(&report, arena, fails ? SUITE_HELD_OUT : SUITE_REGRESSION, SPLIT_HELD_OUT);
        if (chance_hits(chance, made->worse))
            part(c, OUTCOME_UNEXPLAINED);
        else if (fails && chance_hits(chance, made->fixed))
            fix(c, chance_hits(chance, made->by_heart));
    }
    return report;
}

struct report counted_report(
    struct arena *arena, const struct home *home, uint32_t fixed, uint32_t worse)
{
    struct report report = empty_report(arena, home);
    for (uint32_t i = 0; i < home->in; i++)
        fix(add_case(&report, arena, SUITE_BATCH, SPLIT_HELD_IN), false);
    for (uint32_t i = 0; i < home->regression; i++)
        add_case(&report, arena, SUITE_REGRESSION, SPLIT_HELD_IN);
    for (uint32_t i = 0; i < home->out; i++) {
        struct report_case *c = add_case(&report, arena, SUITE_HELD_OUT, SPLIT_HELD_OUT);
        if (i < fixed)
            fix(c, false);
        else if (i < fixed + worse)
            part(c, OUTCOME_UNEXPLAINED);
    }
    return report;
}
