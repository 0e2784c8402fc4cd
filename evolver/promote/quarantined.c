/* quarantined - see quarantined.h. */
#include "promote/quarantined.h"

#include "base/mem.h"

static bool read_one(
    struct quarantined *ret, const struct journal_record *record, struct arena *arena)
{
    if (!str_equal(record->kind, STR("quarantine")))
        return false;
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
        int rc = journal_audit(driver->journal, after, arena, &records, &count, err);
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
