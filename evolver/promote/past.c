/* past - see past.h. */
#include "promote/past.h"

#include "base/mem.h"

static bool had_a_look(
    const struct journal_look_row *looks, uint32_t count, const struct candidate *candidate)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(looks[i].candidate, candidate->id))
            return true;
    return false;
}

/* What went wrong live says the service in moult's own words. */
static struct str why_lost(const struct candidate *candidate, bool looked)
{
    if (candidate->stage == STAGE_ROLLED_BACK)
        return STR("it was active, and was taken back");
    if (candidate->stage == STAGE_REJECTED && looked)
        return STR("its look at the held-out groups did not pass");
    return candidate->why;
}

static bool was_left(const struct candidate *candidate)
{
    return candidate->stage == STAGE_ROLLED_BACK || candidate->stage == STAGE_QUARANTINED;
}

static int read_one(struct evidence_past *ret, struct journal *journal,
    const struct candidate *candidate, bool looked, struct arena *arena, struct err *err)
{
    struct str text;
    int rc = journal_get(journal, "proposal", &candidate->proposal, arena, &text, err);
    const struct json *root = rc == 0 ? json_read(arena, text, NULL, err) : NULL;
    const struct json *edits = json_get(root, "edits");
    if (rc == 0 && !edits)
        rc = err_set(
            err, ERR_INPUT, "the proposal of candidate %.12s has no edits", candidate->id.at);
    if (rc < 0)
        return rc;
    *ret = (struct evidence_past){ candidate->plugin, edits->raw, why_lost(candidate, looked) };
    return 0;
}

int past_read(struct evidence_past **ret, unsigned *ret_count, struct journal *journal,
    struct str cluster, struct arena *arena, struct err *err)
{
    struct journal_look_row *looks;
    struct candidate *list;
    uint32_t looks_count, count;
    int rc = journal_looks(journal, arena, &looks, &looks_count, err);
    if (rc == 0)
        rc = candidate_list(journal, arena, &list, &count, err);
    if (rc < 0)
        return rc;
    *ret = arena_alloc(arena, (count + 1) * sizeof **ret);
    *ret_count = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if ((list[i].stage == STAGE_REJECTED || was_left(&list[i])) &&
            str_equal(list[i].cluster, cluster))
            rc = read_one(&(*ret)[(*ret_count)++], journal, &list[i],
                had_a_look(looks, looks_count, &list[i]), arena, err);
    return rc;
}

int past_left(struct candidate *ret, struct journal *journal, const struct candidate *candidate,
    struct arena *arena, struct err *err)
{
    struct candidate *list;
    uint32_t count;
    int rc = candidate_list(journal, arena, &list, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (!was_left(&list[i]) || !str_equal(list[i].plugin, candidate->plugin) ||
            !hash_equal(&list[i].build, &candidate->build))
            continue;
        *ret = list[i];
        return 1;
    }
    return rc;
}
