/* search_branches - conditions that are there, with one part more: `C && D` where a branch is taken
 * too often, `C || D` where it is taken too seldom.
 *
 * As for new code, the part is abstract at first: the bits of a candidate say at which times the
 * branch is otherwise. Only for branches where that mends something is it looked for
 * (search_rows.c).
 */
#include "propose/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BRANCHES_MAX = 2 * CHANGES_EACH_MAX, KEPT_MAX = 8, LESS = 40 };

static const struct {
    uint16_t way;
    const char *word;
} ways[] = { { CHANGE_NARROWED, "narrow" }, { CHANGE_WIDENED, "widen" } };

struct list {
    struct body at[BRANCHES_MAX];
    uint32_t count;
};

/* The branches from which the turn, and the call if the hook has one, can be named. */
static void list_branches(const struct search *search, struct list *list)
{
    for (uint32_t i = 0; i < search->changes.count; i++) {
        const struct change *change = &search->changes.at[i];
        if (change->kind != CHANGE_CONDITION || !change->turn)
            continue;
        for (size_t w = 0; w < COUNT_OF(ways) && list->count < BRANCHES_MAX; w++)
            if (!vocabulary_lacks(&search->vocabulary, ways[w].word))
                list->at[list->count++] = (struct body){
                    .holes = { [HOLE_CHANGE] = (uint16_t)(i + 1), [HOLE_VALUE] = ways[w].way }
                };
    }
}

static int ask(struct search *search, struct arena *arena, const struct list *list,
    const uint64_t *masks, uint32_t masks_count, struct verdicts *ret, struct err *err)
{
    uint32_t count = list->count * masks_count;
    struct candidate *candidates = arena_alloc(arena, (count + 1) * sizeof(*candidates));
    for (uint32_t i = 0; i < count; i++) {
        candidates[i].decide = masks[i % masks_count];
        memcpy(candidates[i].holes, list->at[i / masks_count].holes, sizeof(candidates[i].holes));
    }
    return judge_ask(&search->judge, arena, &search->screen, candidates, count, false, ret, err);
}

/* Those that do anything at all when they are otherwise at each time. */
static int leave_idle_out(struct search *search, struct list *list, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint64_t all = UINT64_MAX;
    uint32_t kept = 0;
    int r = ask(search, &arena, list, &all, 1, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < list->count; i++) {
        bool changes = false;
        for (uint32_t s = 0; s < search->screen.count && !changes; s++)
            changes = !judge_same(&verdicts.at[(size_t)s * verdicts.count + i],
                &search->unchanged[search->screen.at[s]]);
        if (changes)
            list->at[kept++] = list->at[i];
    }
    list->count = kept;
    return r;
}

static int by_right(const void *a, const void *b)
{
    const struct body *x = a, *y = b;
    if (x->right != y->right)
        return x->right < y->right ? 1 : -1;
    return (x->holes[HOLE_CHANGE] > y->holes[HOLE_CHANGE]) -
           (x->holes[HOLE_CHANGE] < y->holes[HOLE_CHANGE]);
}

/* Those that mend a step under some bits, best first. */
static int leave_wrong_out(struct search *search, struct list *list, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct verdicts verdicts;
    uint64_t masks[SEARCH_MASKS_MAX];
    uint32_t kept = 0, masks_count = search_masks(UINT32_MAX, masks);
    int r = ask(search, &arena, list, masks, masks_count, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < list->count; i++) {
        struct body *body = &list->at[i];
        for (uint32_t s = 0; s < search->screen.count; s++) {
            const struct bundle_step *step = &search->bundle->steps[search->screen.at[s]];
            bool right = false;
            for (uint32_t m = 0; m < masks_count && !right; m++)
                right = judge_same(
                    &verdicts.at[(size_t)s * verdicts.count + i * masks_count + m], &step->want);
            body->right += right;
        }
        if (body->right > 0)
            list->at[kept++] = *body;
    }
    qsort(list->at, kept, sizeof(*list->at), by_right);
    list->count = kept < KEPT_MAX ? kept : KEPT_MAX;
    return r;
}

int search_abstract_branches(struct search *search, struct err *err)
{
    CLEANUP(mem_freep) struct list *list = mem_zero(1, sizeof(*list));
    list_branches(search, list);
    int r = list->count > 0 ? leave_idle_out(search, list, err) : 0;
    if (r == 0 && list->count > 0)
        r = leave_wrong_out(search, list, err);
    search->branches = arena_copy(&search->arena, list->at, list->count * sizeof(*list->at));
    search->branches_count = list->count;
    return r;
}

/* A part of a condition that is there is less than a statement with a condition of its own. What
 * the parts are made of stays as it is now: the pool goes on. */
static void keep_parts(struct search *search, struct patch *patches, uint32_t count)
{
    struct pool *pool = arena_copy(&search->arena, &search->pool, sizeof(*pool));
    pool->at = arena_copy(&search->arena, pool->at, pool->count * sizeof(*pool->at));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *score = &patches[i].condition.score;
        patches[i].pool = pool;
        *score -= *score < LESS ? *score : LESS;
    }
}

int search_branches(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    uint32_t before = *ret_count, pool_count = search->pool.count;
    if (search->branches_count == 0 || before >= max)
        return 0;
    search->instrumented = true;
    search->bodies_count = search->branches_count;
    memcpy(search->bodies, search->branches, search->branches_count * sizeof(*search->bodies));
    int r = search_build(search, err);
    if (r == 0)
        r = search_patches(search, ret, max, ret_count, err);
    keep_parts(search, ret + before, *ret_count - before);
    search->instrumented = false;
    search->pool.count = pool_count;
    search->bodies_count = search->atoms_count[0] = 0;
    return r;
}
