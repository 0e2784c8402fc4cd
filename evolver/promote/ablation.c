/* ablation - see ablation.h. */
#include "promote/ablation.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { ROWS_MAX = 24 };

/* Literals come from the evidence and numbers from everywhere: only words of the vocabulary can be
 * taken out. */
static bool is_word(struct str ingredient)
{
    char c = ingredient.size ? ingredient.at[0] : 0;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool uses(const struct proposal *proposal, struct str ingredient)
{
    for (uint32_t i = 0; i < proposal->ingredients_count; i++)
        if (str_equal(proposal->ingredients[i], ingredient))
            return true;
    return false;
}

/* Failing groups that the proposal fixes, as the driver sees it; 0 too where it does harm. */
static int fixed_groups(
    uint32_t *ret, struct judging *judging, const struct proposal *proposal, struct err *err)
{
    struct judging_tried tried = { 0 };
    int rc = judging_try(judging, proposal, &tried, err);
    if (rc >= 0 && tried.ok && tried.changed_count == 0 && tried.fixed_groups > *ret)
        *ret = tried.fixed_groups;
    judging_tried_done(&tried);
    return rc < 0 ? rc : 0;
}

static void print_row(
    struct buf *out, struct str without, const struct proposing_result *result, uint32_t groups)
{
    buf_text(out, out->at[out->size - 1] == '[' ? "{\"without\":" : ",{\"without\":");
    json_quote(out, without);
    buf_format(out, ",\"found\":%s,\"groups\":%u,\"seconds\":%.2f,\"ingredients\":[",
        groups ? "true" : "false", groups, (double)result->wall_us / 1e6);
    if (groups)
        for (uint32_t i = 0; i < result->proposals[0].ingredients_count; i++) {
            buf_text(out, i ? "," : "");
            json_quote(out, result->proposals[0].ingredients[i]);
        }
    buf_text(out, "]}");
}

static int row(
    struct buf *out, const struct ablation_plan *plan, struct str without, struct err *err)
{
    CLEANUP(buf_done) struct buf bundle = { 0 };
    CLEANUP(mem_freep) char *word = mem_format("%.*s", (int)without.size, without.at);
    const char *words[] = { word };
    struct evidence_plan from = *plan->from;
    struct proposing_plan proposing = *plan->proposing;
    struct proposing_result result;
    struct judging judging;
    uint32_t groups = 0;
    from.without = words;
    from.without_count = 1;
    evidence_print(&bundle, plan->evidence, &from);
    proposing.bundle = buf_view(&bundle);
    proposing.say = NULL;
    int rc = proposing_run(&result, &proposing, err);
    if (rc < 0)
        return rc;
    judging_open(&judging, &proposing.judging);
    /* The best of them counts, and more groups than there are none can mend. */
    const uint32_t most = plan->evidence->fail_groups;
    for (unsigned i = 0; rc == 0 && groups < most && i < result.proposals_count; i++)
        if (!uses(&result.proposals[i], without))
            rc = fixed_groups(&groups, &judging, &result.proposals[i], err);
    judging_done(&judging);
    if (rc == 0)
        print_row(out, without, &result, groups);
    proposing_result_done(&result);
    return rc;
}

int ablation_run(struct buf *out, const struct ablation_plan *plan, struct err *err)
{
    uint32_t rows = 0;
    int rc = 0;
    buf_format(out, "{\"schema\":1,\"groups\":%u,\"stock\":%u,\"rows\":[",
        plan->evidence->fail_groups, plan->from->stock ? plan->from->stock->count : 0);
    for (uint32_t i = 0; rc == 0 && i < plan->fix->ingredients_count && rows < ROWS_MAX; i++) {
        struct str ingredient = plan->fix->ingredients[i];
        if (!is_word(ingredient))
            continue;
        rc = row(out, plan, ingredient, err);
        rows++;
    }
    buf_text(out, "]}");
    return rc;
}
