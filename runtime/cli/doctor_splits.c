/* doctor_splits - see doctor_splits.h. */
#include "cli/doctor_splits.h"

#include "base/arena.h"
#include "base/mem.h"
#include "wire/journal.h"

#include <inttypes.h>
#include <stdio.h>

enum { HELD_IN, HELD_OUT, TEST };

static void tell(char *detail, size_t size, const struct journal_splits *splits,
    const struct journal_look_row *looks, uint32_t count)
{
    unsigned passed = 0;
    for (uint32_t i = 0; i < count; i++)
        passed += looks[i].look.passed;
    snprintf(detail, size,
        "groups: %" PRIu64 " held-in, %" PRIu64 " held-out, %" PRIu64
        " in test; %u looks were spent, %u passed; %u of %u test shards are left",
        splits->groups[HELD_IN], splits->groups[HELD_OUT], splits->groups[TEST], count, passed,
        splits->shards - splits->opened, splits->shards);
}

int doctor_splits(
    uint64_t *ret_held_out, char *detail, size_t size, const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal *journal = NULL;
    struct journal_splits splits;
    struct journal_look_row *looks;
    uint32_t count;
    int rc = journal_open(&journal, home, JOURNAL_VIEW, err);
    if (rc == 0)
        rc = journal_splits(journal, &splits, err);
    if (rc == 0)
        rc = journal_looks(journal, &arena, &looks, &count, err);
    journal_close(journal);
    if (rc < 0)
        return rc;
    tell(detail, size, &splits, looks, count);
    *ret_held_out = splits.groups[HELD_OUT];
    return 0;
}
