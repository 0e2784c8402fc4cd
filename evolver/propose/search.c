/* search - the stages in their order, and what is said at the end. */
#include "propose/search.h"
#include "propose/search_rank.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PATCHES_MAX = 64, TRIES_MAX = 5, LATE_PERCENT = 60 };

bool search_late(struct search *search)
{
    double limit = search->bundle->seconds * (double)LATE_PERCENT / 100;
    search->cut_short |= judge_seconds(&search->judge) > limit;
    return search->cut_short;
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

/* --- proposals */

static void quote_member(struct buf *out, const char *name, struct str text)
{
    buf_format(out, ",\"%s\":", name);
    json_quote(out, text);
}

static void print_edits(struct buf *out, const struct printed *printed)
{
    buf_text(out, ",\"edits\":[");
    for (uint32_t i = 0; i < printed->edits_count; i++) {
        const struct target_edit *edit = &printed->edits[i];
        buf_format(out, "%s{\"from\":%u,\"to\":%u,\"text\":", i ? "," : "", edit->from, edit->to);
        json_quote(out, edit->text);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void print_contract(struct buf *out, const struct search *search, const struct offer *offer)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_format(&text, "%s At %s this mends %u of %u failing steps seen, in %u of %u groups.",
        offer->printed.summary, search->pool.hook->name, offer->fixes_count, offer->seen,
        offer->effect.mended_groups, search->fail_groups);
    buf_text(out, ",\"contract\":{\"hypothesis\":");
    json_quote(out, buf_view(&text));
    buf_text(out, ",\"blamed\":");
    suspect_blame(out, &search->suspects.at[search->suspect], search->target.function);
    buf_text(out, ",\"predicts\":{\"fixes\":[");
    for (uint32_t i = 0; i < offer->fixes_count; i++)
        buf_format(out, "%s%u", i ? "," : "", offer->fixes[i]);
    buf_text(out, "],\"risks\":[],\"risk_steps\":[");
    for (uint32_t i = 0; i < offer->risks_count; i++)
        buf_format(out, "%s%u", i ? "," : "", offer->risks[i]);
    buf_text(out, "]}");
    quote_member(out, "falsified_by",
        STR("a group of this signature that stays as it was, or any other step that changes"));
    buf_format(out, ",\"cost\":{\"judged\":%llu,\"seconds\":%.1f}}",
        (unsigned long long)search->judge.judged, judge_seconds(&search->judge));
}

static void print_ingredients(struct buf *out, const struct printed *printed)
{
    buf_text(out, ",\"ingredients\":[");
    for (uint32_t i = 0; i < printed->ingredients_count; i++) {
        buf_text(out, i ? "," : "");
        json_quote(out, str_of(printed->ingredients[i]));
    }
    buf_char(out, ']');
}

static uint32_t score_of(const struct patch *patch)
{
    return patch->condition.score + 2 * patch->body.cost + patch->strange;
}

uint32_t offer_score(const struct search *search, const struct offer *offer)
{
    return offer->own + condition_weight(&offer->effect, search->fail_groups);
}

void offer_print(struct offer *offer, struct search *search)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_text(&out, "{\"schema\":1,\"proposer\":\"search\"");
    quote_member(&out, "cluster", search->bundle->cluster);
    quote_member(&out, "plugin", search->target.plugin->name);
    quote_member(&out, "path", search->target.plugin->path);
    print_edits(&out, &offer->printed);
    print_contract(&out, search, offer);
    print_ingredients(&out, &offer->printed);
    buf_format(&out, ",\"score\":%u}", offer_score(search, offer));
    offer->proposal = (struct str){ arena_string(&search->arena, out.at, out.size), out.size };
}

void offer_patch(struct offer *ret, struct search *search, const struct patch *patch)
{
    *ret = (struct offer){ .fixes = patch->fixes,
        .fixes_count = patch->fixes_count,
        .risks_count = patch->risks_count,
        .seen = search->fails.count,
        .effect = patch->condition,
        .own = score_of(patch) - condition_weight(&patch->condition, search->fail_groups),
        .parts = 1 };
    memcpy(ret->risks, patch->risks, sizeof(ret->risks));
    patch_print(&ret->printed, &search->arena, patch->pool ? patch->pool : &search->pool,
        &search->actions, &search->target, patch);
}

/* The end: why, how much was looked at, and what the first proposal is made of. */
static int stop(
    struct search *search, const char *why, const struct printed *first, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    static const struct printed none;
    buf_text(&out, "{\"why\":");
    json_quote(
        &out, str_of(search->cut_short ? arena_format(&search->arena,
                                             "%s; not all was looked at in the time given", why)
                                       : why));
    buf_format(&out,
        ",\"tried\":%u,\"judged\":%llu,\"seconds\":%.1f,\"builds\":%u,\"values\":%u,"
        "\"actions\":%u,\"bodies\":%u,\"conditions\":%llu",
        search->judge.tried, (unsigned long long)search->judge.judged,
        judge_seconds(&search->judge), search->judge.builds, search->pool.count,
        search->actions_tried, search->bodies_count, (unsigned long long)search->conditions_tried);
    print_ingredients(&out, first ? first : &none);
    buf_char(&out, '}');
    return judge_send(&search->judge, PROPOSER_STOP, buf_view(&out), err);
}

/* What was tried: two ways to a patch may print the same. */
struct told {
    struct printed at[TRIES_MAX];
    uint32_t count;
};

static bool same_edits(const struct printed *a, const struct printed *b)
{
    bool same = a->edits_count == b->edits_count;
    for (uint32_t i = 0; same && i < a->edits_count; i++)
        same = a->edits[i].from == b->edits[i].from && a->edits[i].to == b->edits[i].to &&
               str_equal(a->edits[i].text, b->edits[i].text);
    return same;
}

static bool told_before(struct told *told, const struct printed *printed)
{
    for (uint32_t i = 0; i < told->count; i++)
        if (same_edits(&told->at[i], printed))
            return true;
    told->at[told->count++] = *printed;
    return false;
}

bool search_lost(struct search *search, struct str plugin, struct str proposal)
{
    const struct json *root = json_read(&search->arena, proposal, NULL, NULL);
    return bundle_lost(search->bundle, &search->arena, plugin, json_get(root, "edits"));
}

/* Whether a patch is worth a try beside those that are proposed: about as good, or good for half as
 * much with a shorter condition, which is less likely an accident. */
static bool another(const struct patch *patch, const struct patch *first, uint32_t shortest)
{
    enum { AS_GOOD = 50 };
    return !first || score_of(patch) <= score_of(first) + AS_GOOD ||
           (patch->condition.count < shortest &&
               2 * patch->condition.mended_groups >= first->condition.mended_groups);
}

static struct printed graft_printed(const struct search *search)
{
    return (struct printed){ .ingredients = (const char **)&search->graft.ingredient,
        .ingredients_count = 1 };
}

/* Beside each that will be proposed. */
static bool is_new(const struct offer *offer, const struct offers *offers)
{
    for (uint32_t i = 0; i < offers->count; i++)
        if (!rank_distinct(offer, &offers->at[i]))
            return false;
    return true;
}

/* Tries patches, best first, until there are enough that hold over all held-in steps. */
static int try_patches(struct search *search, struct patch *patches, uint32_t count,
    struct offers *ret, struct err *err)
{
    const struct patch *first = NULL;
    struct told told = { 0 };
    uint32_t shortest = UINT32_MAX;
    for (uint32_t i = 0; i < count && told.count < TRIES_MAX; i++) {
        const struct patch *patch = &patches[i];
        const char *lost;
        if (ret->count == OFFERS_MAX || !another(patch, first, shortest))
            continue;
        struct offer *offer = &ret->at[ret->count];
        offer_patch(offer, search, patch);
        offer_print(offer, search);
        if (search_lost(search, search->target.plugin->name, offer->proposal) ||
            !is_new(offer, ret) || told_before(&told, &offer->printed))
            continue;
        int r =
            judge_try(&search->judge, &search->arena, offer->proposal, &offer->fixed, &lost, err);
        if (r < 0)
            return r;
        judge_say(&search->judge, "try %u: %s%s", told.count,
            r ? "holds" : "does not hold: ", r ? "" : lost);
        if (!r)
            continue;
        ret->count++;
        first = first ? first : patch;
        shortest = patch->condition.count < shortest ? patch->condition.count : shortest;
    }
    return 0;
}

/* What was written before stands in front of what mends no more, and behind what mends more. */
static int send_offers(
    struct search *search, const struct offers *offers, struct printed *ret_first, struct err *err)
{
    uint32_t sent = 0;
    for (uint32_t i = 0; i <= offers->count && sent < PROPOSER_CANDIDATES_MAX; i++) {
        const struct offer *offer = i < offers->count ? &offers->at[i] : NULL;
        int r = search_graft_offer(search, offer ? offer->fixed.groups : 0, err);
        if (r > 0 && sent++ == 0)
            *ret_first = graft_printed(search);
        if (r >= 0 && offer && sent < PROPOSER_CANDIDATES_MAX) {
            r = judge_send(&search->judge, PROPOSER_PROPOSE, offer->proposal, err);
            if (sent++ == 0)
                *ret_first = offer->printed;
        }
        if (r < 0)
            return r;
    }
    return (int)sent;
}

static int stop_with_graft(struct search *search, struct err *err)
{
    const struct printed printed = graft_printed(search);
    return stop(search, "found", &printed, err);
}

/* Nothing new was found: what was written before may mend a part. */
static int stop_without(struct search *search, const char *why, struct err *err)
{
    int r = search_graft_offer(search, 0, err);
    if (r < 0)
        return r;
    return r ? stop_with_graft(search, err) : stop(search, why, NULL, err);
}

static int propose(struct search *search, struct patch *patches, uint32_t count, struct err *err)
{
    struct offers offers = { .count = 0 };
    int r = try_patches(search, patches, count, &offers, err);
    if (r == 0 && offers.count > 0)
        r = search_rest(search, &offers, err);
    struct printed first = { 0 };
    if (r == 0)
        r = send_offers(search, &offers, &first, err);
    if (r < 0)
        return r;
    return stop(
        search, r ? "found" : "nothing found: no patch held over the held-in steps", &first, err);
}

static int by_score(const void *a, const void *b)
{
    uint32_t x = score_of(a), y = score_of(b);
    return (x > y) - (x < y);
}

/* --- the whole */

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
        return stop(search, "found", &swap, err);
    search->target = search->suspects.at[0].target;
    if (r == 0 && (r = search_graft(search, err)) > 0)
        return stop_with_graft(search, err);
    if (r == 0)
        r = search_find(search, patches, PATCHES_MAX, &count, err);
    if (r == 0)
        r = search_elsewhere(search, patches, PATCHES_MAX, &count, err);
    if (r < 0)
        return r;
    if (count > 0)
        return propose(search, patches, count, err);
    return stop_without(search,
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
        return stop_with_graft(search, err);
    return stop_without(search, arena_format(&search->arena, "nothing found: %s", why), err);
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
        r = stop(search,
            "nothing found: the replay of a recorded reply does not reach this hook, so no "
            "candidate can be judged there",
            NULL, err);
    } else if (r == 0 && search->fails.count == 0) {
        r = stop(search, "nothing found: the bundle has no failing step", NULL, err);
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
            r = stop(search, arena_format(&search->arena, "%s", err->text), NULL, err);
    }
    suspects_done(&search->suspects);
    judge_done(&search->judge);
    arena_done(&search->arena);
    free(search);
    return r;
}
