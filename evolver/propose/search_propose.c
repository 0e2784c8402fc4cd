/* search_propose - which patches are tried and handed in, and what is said at the end. */
#include "propose/search_rank.h"

#include "base/mem.h"

#include <string.h>

enum { TRIES_MAX = 5 };

int search_stop(
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
    offer_ingredients(&out, first ? first : &none);
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
    return !first || patch_score(patch) <= patch_score(first) + AS_GOOD ||
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

int search_stop_with_graft(struct search *search, struct err *err)
{
    const struct printed printed = graft_printed(search);
    return search_stop(search, "found", &printed, err);
}

int search_stop_without(struct search *search, const char *why, struct err *err)
{
    int r = search_graft_offer(search, 0, err);
    if (r < 0)
        return r;
    return r ? search_stop_with_graft(search, err) : search_stop(search, why, NULL, err);
}

int search_propose(struct search *search, struct patch *patches, uint32_t count, struct err *err)
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
    return search_stop(
        search, r ? "found" : "nothing found: no patch held over the held-in steps", &first, err);
}
