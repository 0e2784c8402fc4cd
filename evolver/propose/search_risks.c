/* search_risks - the steps that a patch comes closest to changing: its predicted risks.
 *
 * Of passing and made steps only the times are rows where the action would change something. What
 * keeps it from that is the condition; where all its literals but one hold, one literal does. Those
 * are told, one a group before a second of any. A condition of one literal has no such: every row
 * is as near as every other, and none is told. */
#include "propose/search.h"

#include "base/mem.h"

bool search_holds(const struct condition *condition, uint32_t literal, const uint8_t *bits)
{
    uint16_t atom = condition->at[literal].atom;
    return (bits[atom / 8] >> (atom % 8) & 1) != condition->at[literal].negated;
}

static bool is_near(const struct condition *condition, const uint8_t *bits)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < condition->count; i++)
        missing += !search_holds(condition, i, bits);
    return condition->count > 1 && missing == 1;
}

static bool is_noted(const struct search *search, const struct patch *patch, uint32_t id,
    uint32_t group, bool by_group)
{
    for (uint32_t i = 0; i < patch->risks_count; i++) {
        const struct bundle_step *step = &search->bundle->steps[patch->risks[i]];
        if (step->id == id || (by_group && step->group == group))
            return true;
    }
    return false;
}

/* Places while it is filled, ids when it is whole. */
void search_risks(struct search *search, struct patch *patch, const struct condition_row *rows,
    const uint32_t *places, uint32_t count)
{
    patch->risks_count = 0;
    for (int by_group = 1; by_group >= 0; by_group--)
        for (uint32_t i = 0; i < count && patch->risks_count < SEARCH_RISKS_MAX; i++) {
            const struct bundle_step *step = &search->bundle->steps[places[i]];
            if (!rows[i].failing && is_near(&patch->condition, rows[i].bits) &&
                !is_noted(search, patch, step->id, step->group, by_group))
                patch->risks[patch->risks_count++] = places[i];
        }
    for (uint32_t i = 0; i < patch->risks_count; i++)
        patch->risks[i] = search->bundle->steps[patch->risks[i]].id;
}
