/* past - see past.h. */
#include "promote/past.h"

#include "base/mem.h"
#include "trials/tally.h"

enum { DETAILS_MAX = 24 }; /* reports that are read: those of the newest */

/* Its look at the held-out groups, or NULL. */
static const struct journal_look *look_of(
    const struct journal_look_row *looks, uint32_t count, const struct candidate *candidate)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(looks[i].candidate, candidate->id))
            return &looks[i].look;
    return NULL;
}

/* What went wrong live says the service in moult's own words. */
static struct str why_lost(const struct candidate *candidate, const struct journal_look *look)
{
    if (candidate->stage == STAGE_ROLLED_BACK)
        return STR("it was active, and was taken back");
    if (candidate->stage == STAGE_SUPERSEDED)
        return STR("another candidate took its place");
    if (candidate->stage == STAGE_REJECTED && look && look->ended && look->passed)
        return STR("a person said no");
    if (candidate->stage == STAGE_REJECTED && look)
        return STR("its look at the held-out groups did not pass");
    return candidate->why;
}

bool past_archived(const struct candidate *candidate)
{
    return candidate->stage == STAGE_REJECTED || candidate->stage == STAGE_SUPERSEDED;
}

static bool was_left(const struct candidate *candidate)
{
    return candidate->stage == STAGE_ROLLED_BACK || candidate->stage == STAGE_QUARANTINED;
}

/* What it did to held-in runs, by its report. Of held-out ones nothing is taken. */
static int read_cases(struct evidence_past *ret, struct journal *journal,
    const struct candidate *candidate, struct arena *arena, struct err *err)
{
    struct report report;
    struct str text;
    if (hash_zero(&candidate->report))
        return 0;
    int rc = journal_get(journal, "report", &candidate->report, arena, &text, err);
    if (rc == 0)
        rc = report_read(&report, text, arena, err);
    if (rc < 0)
        return rc;
    ret->replayed = true;
    ret->cases = arena_alloc(arena, (report.cases_count + 1) * sizeof *ret->cases);
    for (uint32_t i = 0; i < report.cases_count; i++) {
        const struct report_case *c = &report.cases[i];
        enum flip flip = tally_flip(c);
        if (c->split != SPLIT_HELD_IN || flip == FLIP_NONE)
            continue;
        ret->mended += flip == FLIP_MENDED;
        ret->worse += flip == FLIP_WORSE;
        ret->cases[ret->cases_count++] = (struct evidence_past_case){
            .session = c->id, .step = c->step, .mended = flip == FLIP_MENDED
        };
    }
    return 0;
}

static int read_one(struct evidence_past *ret, struct journal *journal,
    const struct candidate *candidate, const struct journal_look *look, struct arena *arena,
    struct err *err)
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
    *ret = (struct evidence_past){ .plugin = candidate->plugin,
        .edits = edits->raw,
        .why_lost = why_lost(candidate, look),
        .id = candidate->id,
        .state = stage_words[candidate->stage],
        .held_out = !look                         ? NULL
                    : look->ended && look->passed ? "passed"
                                                  : "not passed" };
    return 0;
}

static bool told_of(const struct candidate *candidate, struct str cluster)
{
    return (past_archived(candidate) || was_left(candidate)) &&
           str_equal(candidate->cluster, cluster);
}

int past_read(struct evidence_past **ret, unsigned *ret_count, struct journal *journal,
    struct str cluster, struct arena *arena, struct err *err)
{
    struct journal_look_row *looks;
    struct candidate *list;
    uint32_t looks_count, count, found = 0;
    int rc = journal_looks(journal, arena, &looks, &looks_count, err);
    if (rc == 0)
        rc = candidate_list(journal, arena, &list, &count, err);
    if (rc < 0)
        return rc;
    *ret = arena_alloc(arena, (count + 1) * sizeof **ret);
    *ret_count = 0;
    for (uint32_t i = 0; i < count; i++)
        found += told_of(&list[i], cluster);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        if (told_of(&list[i], cluster)) {
            struct evidence_past *one = &(*ret)[(*ret_count)++];
            rc =
                read_one(one, journal, &list[i], look_of(looks, looks_count, &list[i]), arena, err);
            if (rc == 0 && *ret_count + DETAILS_MAX > found)
                rc = read_cases(one, journal, &list[i], arena, err);
        }
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
