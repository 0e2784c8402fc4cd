/* quarantined - see quarantined.h. */
#include "promote/quarantined.h"

#include "base/mem.h"

static bool read_one(
    struct quarantined *ret, const struct journal_record *record, struct arena *arena)
{
    const struct json *body = json_read(arena, record->body, NULL, NULL);
    ret->why = json_string(arena, json_get(body, "why"));
    return hash_unhex(&ret->generation, json_string(arena, json_get(body, "generation")), NULL) ==
           0;
}

int quarantined_read(
    struct driver *driver, struct quarantined **ret, uint32_t *ret_count, struct err *err)
{
    struct arena *arena = &driver->arena;
    struct quarantined *list = arena_alloc(arena, sizeof *list);
    uint64_t after = 0;
    uint32_t found = 0;
    for (uint32_t count = 1; count > 0;) {
        struct journal_record *records;
        int rc = journal_quarantines(driver->journal, after, arena, &records, &count, err);
        if (rc < 0)
            return rc;
        for (uint32_t i = 0; i < count; i++) {
            after = records[i].number;
            if (!read_one(&list[found], &records[i], arena))
                continue;
            found++;
            list = arena_grow(arena, list, found * sizeof *list, (found + 1) * sizeof *list);
        }
    }
    *ret = list;
    *ret_count = found;
    return 0;
}

static const struct quarantined *of_generation(
    const struct quarantined *list, uint32_t count, const struct digest *generation)
{
    for (uint32_t i = 0; i < count; i++)
        if (hash_equal(&list[i].generation, generation))
            return &list[i];
    return NULL;
}

static int leave(struct driver *driver, struct candidate *candidate, const struct quarantined *list,
    uint32_t count, struct err *err)
{
    for (uint32_t i = 0; i < driver->admissions_count; i++) {
        const struct admission *admission = &driver->admissions[i];
        const struct quarantined *left = of_generation(list, count, &admission->generation);
        if (!left || admission->kind != ADMIT_PROMOTION ||
            !str_equal(admission->candidate, candidate->id))
            continue;
        const char *why = arena_format(&driver->arena, "generation %u was left: %.*s",
            admission->number, (int)left->why.size, left->why.at);
        return candidate_end(driver->journal, &driver->arena, candidate, ON_QUARANTINE, why, err);
    }
    return 0;
}

int quarantined_follow(struct driver *driver, struct err *err)
{
    struct candidate *candidates;
    struct quarantined *list = NULL;
    uint32_t count, left = 0;
    int rc = candidate_list(driver->journal, &driver->arena, &candidates, &count, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        if (candidates[i].stage != STAGE_ACTIVE)
            continue;
        if (!list)
            rc = quarantined_read(driver, &list, &left, err);
        if (rc == 0)
            rc = leave(driver, &candidates[i], list, left, err);
    }
    return rc;
}
