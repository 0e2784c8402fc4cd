/* search_rest - what the best patch leaves is searched for again, and both are joined into one.
 *
 * A cluster may hold two forms of a failure, and a patch is one function for one form. The patch is
 * made, and a search begins from that source: it has the failing steps that are left, the mended
 * ones are among those that must stay, and values, constants and names are found anew. What it
 * finds is an edit of the patched source; the two lists are composed, and tried as a whole. */
#include "propose/search.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
    PARTS_MAX = 3,
    PATCHES_MAX = 32,
    TRIES_MAX = 3,
    GROUPS_MIN = 2,    /* what one group has left may be an accident */
    LINES_MAX = 60,    /* that a patch may change, where the bundle does not say */
    BUILDS_NEEDED = 15 /* trial builds of one search */
};

/* --- what is left */

static bool lists(const uint32_t *ids, uint32_t count, uint32_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* Groups with a step among the list that is not mended. */
static uint32_t groups_left(const struct search *search, const struct steps *steps,
    const uint32_t *fixes, uint32_t fixes_count)
{
    const struct bundle *bundle = search->bundle;
    CLEANUP(mem_freep) bool *left = mem_zero(bundle->groups_count + 1, sizeof(*left));
    uint32_t count = 0;
    for (uint32_t i = 0; i < steps->count; i++) {
        const struct bundle_step *step = &bundle->steps[steps->at[i]];
        if (left[step->group] || lists(fixes, fixes_count, step->id))
            continue;
        left[step->group] = true;
        count++;
    }
    return count;
}

/* --- a search of its own, with what the first one has */

static struct str patched_source(struct search *search, const struct offer *offer)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    target_apply(&out, &search->target, offer->printed.edits, offer->printed.edits_count);
    return (struct str){ arena_string(&search->arena, out.at, out.size), out.size };
}

/* The bundle with the patched source in it, and kinds of its own. */
static struct bundle *bundle_of(struct search *search, struct str source)
{
    struct bundle *bundle = arena_copy(&search->arena, search->bundle, sizeof(*bundle));
    bundle->steps = arena_copy(
        &search->arena, bundle->steps, (bundle->steps_count + 1) * sizeof(*bundle->steps));
    bundle->plugins = arena_copy(
        &search->arena, bundle->plugins, (bundle->plugins_count + 1) * sizeof(*bundle->plugins));
    for (uint32_t i = 0; i < bundle->plugins_count; i++)
        if (str_equal(bundle->plugins[i].name, search->target.plugin->name))
            bundle->plugins[i].source = source;
    return bundle;
}

/* The channel and the memory go to the search of the rest, and come back when it has ended. */
static struct search *rest_begin(struct search *search, const struct offer *offer)
{
    struct search *rest = mem_zero(1, sizeof(*rest));
    rest->bundle = bundle_of(search, patched_source(search, offer));
    rest->vocabulary = search->vocabulary;
    rest->arena = search->arena;
    rest->judge = search->judge;
    return rest;
}

static void rest_end(struct search *rest, struct search *search)
{
    search->arena = rest->arena;
    search->judge = rest->judge;
    suspects_done(&rest->suspects);
    free(rest);
}

/* At the plugin that the first one patches, and at no other. */
static int aim(struct search *rest, struct str plugin, struct err *err)
{
    struct bundle *bundle = rest->bundle;
    uint32_t i = 0;
    while (i + 1 < bundle->plugins_count && !str_equal(bundle->plugins[i].name, plugin))
        i++;
    int r = target_begin(
        &rest->suspects.at[0].target, &rest->arena, bundle->hook, &bundle->plugins[i], err);
    rest->suspects.count = r == 0;
    rest->target = rest->suspects.at[0].target;
    return r;
}

/* Which failing steps the offer mends, by a build of it: all of them, also those that were too many
 * to be looked at. They must stay then. */
static int leave_mended_out(struct search *rest, struct offer *offer, struct err *err)
{
    struct bundle *bundle = rest->bundle;
    struct candidate nothing = { .decide = 0 };
    struct verdicts verdicts;
    struct steps fails = { arena_alloc(&rest->arena, (bundle->steps_count + 1) * sizeof(uint32_t)),
        0 };
    for (uint32_t i = 0; i < bundle->steps_count; i++)
        if (bundle->steps[i].kind == BUNDLE_FAIL)
            fails.at[fails.count++] = i;
    offer->fixes = arena_alloc(&rest->arena, (fails.count + 1) * sizeof(*offer->fixes));
    offer->fixes_count = 0;
    int r = search_build(rest, err);
    if (r == 0)
        r = judge_ask(&rest->judge, &rest->arena, &fails, &nothing, 1, false, &verdicts, err);
    for (uint32_t i = 0; r == 0 && i < fails.count; i++) {
        struct bundle_step *step = &bundle->steps[fails.at[i]];
        if (!judge_same(&verdicts.at[i], &step->want))
            continue;
        step->kind = BUNDLE_PASS;
        offer->fixes[offer->fixes_count++] = step->id;
    }
    return r;
}

/* --- both as one */

static bool is_fail(const struct search *search, uint32_t place)
{
    return search->bundle->steps[place].kind == BUNDLE_FAIL;
}

/* What the offer does to the groups of the first search. A group counts as mended here if all of it
 * is, as the gate counts: else a second form in the groups of the first would say nothing. */
static uint32_t whole_groups(const struct search *search, const struct offer *offer)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct steps fails = {
        arena_alloc(&arena, (search->bundle->steps_count + 1) * sizeof(uint32_t)), 0
    };
    for (uint32_t i = 0; i < search->bundle->steps_count; i++)
        if (is_fail(search, i))
            fails.at[fails.count++] = i;
    return search->fail_groups - groups_left(search, &fails, offer->fixes, offer->fixes_count);
}

static uint32_t mended_groups(const struct search *search, const struct offer *offer)
{
    CLEANUP(mem_freep)
    bool *mended = mem_zero(search->bundle->groups_count + 1, sizeof(*mended));
    uint32_t count = 0;
    for (uint32_t i = 0; i < offer->fixes_count; i++) {
        uint32_t group = search->bundle->steps[search->judge.place_of[offer->fixes[i]]].group;
        count += !mended[group];
        mended[group] = true;
    }
    return count;
}

static void join_ingredients(
    struct printed *ret, struct arena *arena, const struct printed *a, const struct printed *b)
{
    ret->ingredients =
        arena_alloc(arena, (a->ingredients_count + b->ingredients_count) * sizeof(*a->ingredients));
    memcpy(ret->ingredients, a->ingredients, a->ingredients_count * sizeof(*a->ingredients));
    ret->ingredients_count = a->ingredients_count;
    for (uint32_t i = 0; i < b->ingredients_count; i++) {
        bool has = false;
        for (uint32_t k = 0; k < a->ingredients_count; k++)
            has |= strcmp(a->ingredients[k], b->ingredients[i]) == 0;
        if (!has)
            ret->ingredients[ret->ingredients_count++] = b->ingredients[i];
    }
}

/* What the first mends must stay in the search of the second, and is no risk of both. */
static void join_risks(struct offer *ret, const struct search *search, const struct offer *of)
{
    for (uint32_t i = 0; i < of->risks_count; i++)
        if (ret->risks_count < SEARCH_RISKS_MAX &&
            !is_fail(search, search->judge.place_of[of->risks[i]]) &&
            !lists(ret->risks, ret->risks_count, of->risks[i]))
            ret->risks[ret->risks_count++] = of->risks[i];
}

/* Lines that the edits put in or take out. */
static uint32_t lines_of(const struct search *search, const struct printed *printed)
{
    uint32_t lines = 0;
    for (uint32_t i = 0; i < printed->edits_count; i++) {
        const struct target_edit *edit = &printed->edits[i];
        for (size_t k = 0; k < edit->text.size; k++)
            lines += edit->text.at[k] == '\n';
        for (uint32_t k = edit->from; k < edit->to; k++)
            lines += search->target.plugin->source.at[k] == '\n';
    }
    return lines;
}

/* 0: both as one in *ret, whose proposal is not written yet. */
static int join(struct offer *ret, struct search *search, struct arena *arena,
    const struct offer *first, const struct offer *second, struct err *err)
{
    *ret = (struct offer){ .fixes_count = first->fixes_count + second->fixes_count,
        .seen = first->fixes_count + second->seen,
        .effect = second->effect,
        .own = first->own + second->own,
        .parts = first->parts + second->parts };
    struct compose_list a = { first->printed.edits, first->printed.edits_count };
    struct compose_list b = { second->printed.edits, second->printed.edits_count };
    int r = compose_edits(
        ret->printed.edits, arena, (uint32_t)search->target.plugin->source.size, a, b, err);
    if (r < 0)
        return r;
    ret->printed.edits_count = (uint32_t)r;
    ret->printed.summary = arena_format(
        arena, "%s And of what that leaves: %s", first->printed.summary, second->printed.summary);
    join_ingredients(&ret->printed, arena, &first->printed, &second->printed);
    ret->fixes = arena_alloc(arena, (ret->fixes_count + 1) * sizeof(*ret->fixes));
    memcpy(ret->fixes, first->fixes, first->fixes_count * sizeof(*ret->fixes));
    memcpy(
        ret->fixes + first->fixes_count, second->fixes, second->fixes_count * sizeof(*ret->fixes));
    ret->effect.mended_groups = mended_groups(search, ret);
    join_risks(ret, search, first);
    join_risks(ret, search, second);
    return 0;
}

/* Tries the rest's patches behind the first one, best first. 1: *ret holds and mends more. */
static int try_joined(struct search *rest, struct search *search, const struct offer *first,
    struct patch *patches, uint32_t count, struct offer *ret, struct err *err)
{
    uint32_t lines_max = search->bundle->lines ? search->bundle->lines : LINES_MAX;
    for (uint32_t i = 0; i < count && i < TRIES_MAX; i++) {
        struct offer second;
        const char *lost;
        offer_patch(&second, rest, &patches[i]);
        int r = join(ret, search, &rest->arena, first, &second, err);
        if (r == -ERR_LIMIT || (r == 0 && lines_of(search, &ret->printed) > lines_max))
            continue;
        if (r < 0)
            return r;
        /* The first search has its memory and its channel back for this. */
        search->arena = rest->arena;
        search->judge = rest->judge;
        offer_print(ret, search);
        bool again = search_lost(search, search->target.plugin->name, ret->proposal);
        r = again
                ? 0
                : judge_try(&search->judge, &search->arena, ret->proposal, &ret->fixed, &lost, err);
        rest->arena = search->arena;
        rest->judge = search->judge;
        if (r < 0)
            return r;
        bool more = r > 0 && ret->fixed.steps > first->fixed.steps;
        judge_say(&rest->judge, "the rest, try %u: %s%s", i + 1,
            more ? "both hold" : "does not hold: ",
            more    ? ""
            : again ? "has lost before"
            : r > 0 ? "it mends no more"
                    : lost);
        if (more)
            return 1;
    }
    return 0;
}

/* 1: *ret is the first with one more part. 0: nothing for what it leaves. */
static int one_more(struct search *search, struct offer *first, struct offer *ret, struct err *err)
{
    CLEANUP(mem_freep) struct patch *patches = mem_zero(PATCHES_MAX, sizeof(*patches));
    struct search *rest = rest_begin(search, first);
    uint32_t count = 0, groups = 0;
    int r = aim(rest, search->target.plugin->name, err);
    if (r == 0) {
        search_begin_values(rest);
        r = leave_mended_out(rest, first, err);
    }
    if (r == 0) {
        search_steps(rest);
        groups = rest->fail_groups;
    }
    if (groups >= GROUPS_MIN) {
        judge_say(&rest->judge, "the rest: %u failing steps in %u groups are left",
            rest->fails.count, groups);
        search_begin_values(rest);
        r = search_find(rest, patches, PATCHES_MAX, &count, err);
    }
    if (r == 0 && count > 0)
        r = try_joined(rest, search, first, patches, count, ret, err);
    rest_end(rest, search);
    return r;
}

/* --- among the offers */

/* By the groups that are mended whole, and what the patches are made of. */
static uint32_t rank(const struct search *search, struct offer offer)
{
    offer.effect.mended_groups = whole_groups(search, &offer);
    return offer_score(search, &offer);
}

static void take(struct search *search, struct offers *offers, const struct offer *joined)
{
    uint32_t at = rank(search, *joined) < rank(search, offers->at[0]) ? 0 : 1;
    if (offers->count < OFFERS_MAX)
        offers->count++;
    for (uint32_t i = offers->count - 1; i > at; i--)
        offers->at[i] = offers->at[i - 1];
    offers->at[at] = *joined;
}

int search_rest(struct search *search, struct offers *offers, struct err *err)
{
    struct offer *first = &offers->at[0];
    struct offer best = *first, joined;
    struct err why;
    int r = 1;
    if (groups_left(search, &search->fails, first->fixes, first->fixes_count) < GROUPS_MIN)
        return 0;
    while (r == 1 && best.parts < PARTS_MAX && search_has_room(search, BUILDS_NEEDED, TRIES_MAX)) {
        r = one_more(search, &best, &joined, &why);
        if (best.parts == 1) { /* what was predicted of it is seen now */
            first->fixes = best.fixes;
            first->fixes_count = best.fixes_count;
        }
        if (r == 1)
            best = joined;
    }
    if (best.parts > 1)
        take(search, offers, &best);
    /* What holds is handed in, whatever became of the rest. */
    if (r == -ERR_DENIED || r == -ERR_INPUT)
        judge_say(&search->judge, "the rest: %s", why.text);
    else if (r < 0 && err)
        *err = why;
    return r == -ERR_DENIED || r == -ERR_INPUT || r > 0 ? 0 : r;
}
