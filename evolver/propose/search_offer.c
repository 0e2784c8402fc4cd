/* search_offer - a patch as what is handed in: its edits, and its contract. */
#include "propose/search.h"

#include "base/mem.h"

#include <string.h>

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

void offer_ingredients(struct buf *out, const struct printed *printed)
{
    buf_text(out, ",\"ingredients\":[");
    for (uint32_t i = 0; i < printed->ingredients_count; i++) {
        buf_text(out, i ? "," : "");
        json_quote(out, str_of(printed->ingredients[i]));
    }
    buf_char(out, ']');
}

uint32_t patch_score(const struct patch *patch)
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
    offer_ingredients(&out, &offer->printed);
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
        .own = patch_score(patch) - condition_weight(&patch->condition, search->fail_groups),
        .parts = 1 };
    memcpy(ret->risks, patch->risks, sizeof(ret->risks));
    patch_print(&ret->printed, &search->arena, patch->pool ? patch->pool : &search->pool,
        &search->actions, &search->target, patch);
}
