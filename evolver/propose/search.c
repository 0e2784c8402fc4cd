/* search - the stages in their order. */
#include "propose/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PATCHES_MAX = 64, LATE_PERCENT = 60, BEGIN_PERCENT = 40, TRIES_MAX = 16 };

bool search_late(struct search *search)
{
    double limit = search->bundle->seconds * (double)LATE_PERCENT / 100;
    search->cut_short |= judge_seconds(&search->judge) > limit;
    return search->cut_short;
}

bool search_has_room(const struct search *search, uint32_t builds, uint32_t tries)
{
    const struct judge *judge = &search->judge;
    return judge_seconds(judge) * 100 < search->bundle->seconds * (double)BEGIN_PERCENT &&
           judge->builds + builds <= PROPOSER_BUILDS_MAX && judge->tried + tries <= TRIES_MAX;
}

struct str search_entry(const struct search *search, struct arena *arena)
{
    CLEANUP(buf_done) struct buf run = { 0 };
    const struct target *target = &search->target;
    buf_format(
        &run, "search_run(%s, %s", target->turn, search->pool.hook->call ? target->call : "NULL");
    for (uint32_t i = 0; i < search->pool.locals_count; i++)
        buf_format(&run, ", %s", search->pool.locals[i].name);
    if (target->mute)
        return str_of(arena_format(arena, "\n    %s);", run.at));
    return str_of(arena_format(arena,
        "\n    {\n        moult_action search_action = %s);\n"
        "        if (search_action != MOULT_PASS)\n            return search_action;\n    }",
        run.at));
}

int search_build(struct search *search, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf above = { 0 }, behind = { 0 }, source = { 0 };
    const struct target *target = &search->target;
    struct schema_plan plan = { .pool = &search->pool,
        .actions = &search->actions,
        .cover_min = search->instrumented ? changes_cover(search->changes.count) : 0 };
    for (uint32_t i = 0; i < POOL_ITERATORS_MAX; i++) {
        plan.atoms[i] = search->atoms[i];
        plan.atoms_count[i] = search->atoms_count[i];
    }
    schema_print(&above, &plan);
    schema_print_export(&behind, &plan);
    struct insertion insertion = { .above = buf_view(&above),
        .entry = search_entry(search, &arena) };
    if (search->instrumented)
        changes_print(&source, target, &arena, search->changes.at, search->changes.count,
            &insertion, buf_view(&behind));
    else
        target_print(&source, target, &arena, &insertion, buf_view(&behind));
    return judge_build(&search->judge, target->plugin->name, buf_view(&source), err);
}

/* --- the steps */

static void add_step(struct steps *steps, uint32_t place)
{
    steps->at[steps->count++] = place;
}

/* The failing steps in the order of rounds over the groups: the first of each group first. */
static void list_fails(struct search *search)
{
    const struct bundle *bundle = search->bundle;
    CLEANUP(mem_freep) uint32_t *seen = mem_zero(bundle->groups_count + 1, sizeof(*seen));
    CLEANUP(mem_freep) uint32_t *turn = mem_zero(bundle->steps_count + 1, sizeof(*turn));
    uint32_t rounds = 0;
    search->fail_group =
        arena_alloc(&search->arena, (bundle->groups_count + 1) * sizeof(*search->fail_group));
    for (uint32_t i = 0; i < bundle->steps_count; i++) {
        if (bundle->steps[i].kind != BUNDLE_FAIL)
            continue;
        turn[i] = ++seen[bundle->steps[i].group];
        if (turn[i] == 1)
            search->fail_group[bundle->steps[i].group] = search->fail_groups++;
        rounds = turn[i] > rounds ? turn[i] : rounds;
    }
    for (uint32_t round = 1; round <= rounds; round++)
        for (uint32_t i = 0; i < bundle->steps_count; i++)
            if (turn[i] == round && search->fails.count < SEARCH_FAILS_MAX)
                add_step(&search->fails, i);
}

/* One of each of twelve groups, from all over the evidence: what stands side by side there came
 * from one source and fails in one way. The first half is spread as well. */
static void list_screen(struct search *search)
{
    uint32_t of = search->fail_groups < SEARCH_SCREEN ? search->fails.count : search->fail_groups;
    uint32_t count = of < SEARCH_SCREEN ? of : SEARCH_SCREEN;
    search->screen.at = arena_alloc(&search->arena, SEARCH_SCREEN * sizeof(uint32_t));
    for (uint32_t odd = 0; odd < 2; odd++)
        for (uint32_t i = odd; i < count; i += 2)
            add_step(&search->screen, search->fails.at[(size_t)i * of / count]);
}

void search_steps(struct search *search)
{
    const struct bundle *bundle = search->bundle;
    search->fails.at = arena_alloc(&search->arena, SEARCH_FAILS_MAX * sizeof(uint32_t));
    search->others.at = arena_alloc(&search->arena, (bundle->steps_count + 1) * sizeof(uint32_t));
    list_fails(search);
    list_screen(search);
    search->made.at = arena_alloc(&search->arena, (bundle->steps_count + 1) * sizeof(uint32_t));
    search->behind.at = arena_alloc(&search->arena, (bundle->steps_count + 1) * sizeof(uint32_t));
    for (uint32_t i = 0; i < bundle->steps_count; i++) {
        if (bundle->steps[i].kind == BUNDLE_BEHIND)
            add_step(&search->behind, i);
        else if (bundle->steps[i].kind != BUNDLE_FAIL)
            add_step(&search->others, i);
        if (bundle->steps[i].kind == BUNDLE_OVERREACH)
            add_step(&search->made, i);
    }
}

/* What the harness does as it is, at every step: what a change is a change from. Here where no
 * build with marks has told. */
static int look_at_unchanged(struct search *search, struct err *err)
{
    const struct steps *lists[] = { &search->fails, &search->others };
    search->seen = true;
    for (size_t l = 0; l < COUNT_OF(lists); l++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        struct candidate nothing = { .decide = 0 };
        struct verdicts verdicts;
        int r = judge_ask(&search->judge, &arena, lists[l], &nothing, 1, false, &verdicts, err);
        if (r < 0)
            return r;
        for (uint32_t i = 0; i < lists[l]->count; i++)
            search->unchanged[lists[l]->at[i]] = verdicts.at[i];
    }
    return 0;
}

/* The most suspicious plugin is the target. */
static int look_where(struct search *search, struct err *err)
{
    search->unchanged =
        arena_alloc(&search->arena, (search->bundle->steps_count + 1) * sizeof(*search->unchanged));
    int r = suspects_look(&search->suspects, &search->arena, &search->judge, &search->fails,
        &search->others, search->unchanged, &search->seen, err);
    search->target = search->suspects.at[0].target;
    if (r == 0)
        suspect_tell(&search->suspects.at[0], &search->judge);
    return r;
}

/* --- the whole */

static int by_score(const void *a, const void *b)
{
    uint32_t x = patch_score(a), y = patch_score(b);
    return (x > y) - (x < y);
}

static int search_bodies(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *count, struct err *err)
{
    search->bodies_count = 0;
    int r = search_actions(search, err);
    return r < 0 ? r : search_patches(search, ret, max, count, err);
}

/* Without loops first, where that may be enough. */
static int search_new_code(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *count, struct err *err)
{
    uint32_t changes = *count;
    int r = search_bodies(search, ret, max, count, err);
    search->loops = true;
    if (r == 0 && search->left_out && *count == changes)
        r = search_bodies(search, ret, max, count, err);
    return r;
}

/* What is there with one part more, and new code: with values, which take time to find. */
static int search_larger(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    int r = search_abstract_branches(search, err);
    if (r == 0)
        r = search_values(search, err);
    if (r == 0)
        r = search_branches(search, ret, max / 2, ret_count, err);
    return r < 0 ? r : search_new_code(search, ret, max, ret_count, err);
}

/* What the gate has refused before is not enough: without it there would be no end to that. */
static bool is_enough(struct search *search, const struct patch *patches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct offer offer;
        if (!search_enough(search, &patches[i]))
            continue;
        offer_patch(&offer, search, &patches[i]);
        offer_print(&offer, search);
        if (!search_lost(search, search->target.plugin->name, offer.proposal))
            return true;
    }
    return false;
}

int search_find(
    struct search *search, struct patch *ret, uint32_t max, uint32_t *ret_count, struct err *err)
{
    int r = search->seen ? 0 : look_where(search, err);
    if (r == 0)
        r = search_list_changes(search, err);
    if (r == 0 && !search->seen)
        r = look_at_unchanged(search, err);
    if (r == 0 && !search->inner)
        r = search_changes(search, ret, max / 4, ret_count, err);
    if (r == 0 && !is_enough(search, ret, *ret_count))
        r = search_larger(search, ret, max, ret_count, err);
    qsort(ret, *ret_count, sizeof(*ret), by_score);
    return r;
}

static int search_all(struct search *search, struct err *err)
{
    CLEANUP(mem_freep) struct patch *patches = mem_zero(PATCHES_MAX, sizeof(*patches));
    uint32_t count = 0;
    struct printed swap;
    int r = search_order(search, &swap, err);
    if (r > 0)
        return search_stop(search, "found", &swap, err);
    search->target = search->suspects.at[0].target;
    if (r == 0 && (r = search_graft(search, err)) > 0)
        return search_stop_with_graft(search, err);
    if (r == 0)
        r = search_find(search, patches, PATCHES_MAX, &count, err);
    if (r == 0)
        r = search_elsewhere(search, patches, PATCHES_MAX, &count, err);
    if (r < 0)
        return r;
    if (count > 0)
        return search_propose(search, patches, count, err);
    return search_stop_without(search,
        search->bodies_count == 0
            ? "nothing found: no action of the vocabulary is right at any of the steps looked at, "
              "whatever its condition"
            : "nothing found: actions are right at some steps, but no condition of up to three "
              "parts tells these from the steps that must stay",
        err);
}

/* New code has no place; a plugin that is there and is not asked may do, or one that was. */
static int search_no_target(struct search *search, const char *why, struct err *err)
{
    int r = search_graft(search, err);
    if (r < 0)
        return r;
    if (r > 0)
        return search_stop_with_graft(search, err);
    return search_stop_without(search, arena_format(&search->arena, "nothing found: %s", why), err);
}

void search_begin_values(struct search *search)
{
    const struct judged_hook *hook = vocabulary_hook(search->bundle->hook);
    mine(&search->mined, &search->arena, search->bundle);
    pool_begin(&search->pool, &search->arena, &search->vocabulary, hook, &search->mined);
    pool_locals(&search->pool, search->target.locals, search->target.locals_count);
}

static int search_begin(struct search *search, struct str text, int fd, struct err *err)
{
    search->bundle = arena_alloc(&search->arena, sizeof(*search->bundle));
    int r = bundle_read(search->bundle, &search->arena, text, err);
    if (r < 0)
        return r;
    judge_begin(&search->judge, &search->arena, search->bundle, fd);
    vocabulary_read(&search->vocabulary, search->bundle->without, search->bundle->without_count);
    search_steps(search);
    return 0;
}

int search_run(struct str text, int fd, struct err *err)
{
    struct search *search = mem_zero(1, sizeof(*search));
    int r = search_begin(search, text, fd, err);
    const struct judged_hook *hook = r == 0 ? vocabulary_hook(search->bundle->hook) : NULL;
    struct err why;
    if (r == 0 && !hook) {
        r = search_stop(search,
            "nothing found: the replay of a recorded reply does not reach this hook, so no "
            "candidate can be judged there",
            NULL, err);
    } else if (r == 0 && search->fails.count == 0) {
        r = search_stop(search, "nothing found: the bundle has no failing step", NULL, err);
    } else if (r == 0 &&
               suspects_begin(&search->suspects, &search->arena, search->bundle, &why) < 0) {
        r = search_no_target(search, why.text, err);
    } else if (r == 0) {
        search_begin_values(search);
        judge_say(&search->judge, "%u failing steps in %u groups, %u others; %u keys, %u marks",
            search->fails.count, search->fail_groups, search->others.count,
            search->mined.keys_count, search->mined.tokens_count);
        r = search_all(search, err);
        if (r == -ERR_DENIED) /* what it may spend is used up */
            r = search_stop(search, arena_format(&search->arena, "%s", err->text), NULL, err);
    }
    suspects_done(&search->suspects);
    judge_done(&search->judge);
    arena_done(&search->arena);
    free(search);
    return r;
}
