/* score_risks - where a candidate was said to be risky, held against where the gate's replay came
 * out otherwise.
 *
 * By run: a run is put to its end, and what a step that was named does to the steps behind it is
 * what was foretold. A failing step of the batch that was not mended is no risk that came true: it
 * was wrong before. Who named no step at all is left out; who said that there is none is not. */
#include "promote/score.h"

#include "base/mem.h"

#include <math.h>

static bool is_failing_step(const struct batch *batch, const struct report_case *c)
{
    for (uint32_t i = 0; i < batch->cases_count; i++)
        if (str_equal(batch->cases[i].session, c->id))
            return batch->cases[i].step == c->step;
    return false;
}

/* A step that had to stay came out otherwise, there or behind the repair. */
static bool has_changed(const struct batch *batch, const struct report_case *c)
{
    bool parted = c->step != UINT32_MAX && c->new_outcome != OUTCOME_RESOLVED;
    bool strayed = c->after_step != UINT32_MAX && !c->after_symptom;
    return strayed || (parted && !is_failing_step(batch, c));
}

struct named {
    struct str *at;
    uint32_t count;
};

static struct named names_of(const struct json *risks, struct arena *arena)
{
    struct named named = { arena_alloc(arena, (risks->count + 1) * sizeof(*named.at)), 0 };
    JSON_EACH(risk, risks)
    named.at[named.count++] = json_string(arena, json_get(risk, "session"));
    return named;
}

static bool is_named(const struct named *named, const struct report_case *c)
{
    for (uint32_t i = 0; i < named->count; i++)
        if (str_equal(named->at[i], c->id))
            return true;
    return false;
}

void score_risks(struct scored *ret, const struct batch *batch, const struct report *report,
    const struct json *risks)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    ret->risks_said = json_is(risks, JSON_ARRAY);
    if (!ret->risks_said)
        return;
    const struct named all = names_of(risks, &arena);
    for (uint32_t i = 0; i < report->cases_count; i++) {
        const struct report_case *c = &report->cases[i];
        if (c->split != SPLIT_HELD_IN || c->missing_old || c->missing_new)
            continue;
        bool named = is_named(&all, c), changed = has_changed(batch, c);
        ret->risks += named;
        ret->changed += changed;
        ret->risk_hits += named && changed;
    }
}

void score_add_risks(struct score_risks *sum, const struct scored *of)
{
    if (!of->risks_said) {
        sum->unspoken++;
        return;
    }
    sum->n++;
    sum->quiet += of->risks == 0 && of->changed == 0;
    sum->predicted += of->risks;
    sum->changed += of->changed;
    sum->hits += of->risk_hits;
}

double score_risk_precision(const struct score_risks *sum)
{
    return sum->predicted ? (double)sum->hits / (double)sum->predicted : NAN;
}

double score_risk_recall(const struct score_risks *sum)
{
    return sum->changed ? (double)sum->hits / (double)sum->changed : NAN;
}
