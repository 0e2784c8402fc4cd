/* cases - see cases.h. */
#include "trials/live/cases.h"

#include "base/mem.h"
#include "trials/cmd_case.h"

#include <stdlib.h>
#include <string.h>

static bool has(const struct live_cases *cases, const struct digest *digest)
{
    for (uint32_t i = 0; i < cases->count; i++)
        if (hash_equal(&cases->list[i].digest, digest))
            return true;
    return false;
}

static uint32_t group_of(struct live_cases *cases, const struct live_case *one)
{
    const struct str name = one->of.origin.group;
    const struct str parts[] = { STR("group"), name };
    struct digest digest = name.size > 0 ? hash_parts(parts, COUNT_OF(parts)) : one->digest;
    for (uint32_t i = 0; i < cases->groups_count; i++)
        if (hash_equal(&cases->groups[i], &digest))
            return i;
    cases->groups[cases->groups_count] = digest;
    return cases->groups_count++;
}

/* Made for a failure: its harness of today is not expected to pass. */
static bool is_failure(const struct trial_case *of)
{
    for (uint32_t i = 0; i < of->grades_count; i++)
        if (of->grades[i].check == CASE_DETECTOR && of->grades[i].want != CASE_WANT_PRESENT)
            return true;
    return false;
}

/* Where no case was made for a failure, all are what should become better. */
static void mark_failures(struct live_cases *cases)
{
    uint32_t marked = 0;
    for (uint32_t i = 0; i < cases->count; i++)
        if (is_failure(&cases->list[i].of)) {
            cases->signature[cases->list[i].group] = true;
            marked++;
        }
    for (uint32_t i = 0; marked == 0 && i < cases->groups_count; i++)
        cases->signature[i] = true;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static struct digest shard_of(const struct live_cases *cases)
{
    CLEANUP(mem_freep) struct digest *sorted = mem_zero(cases->count + 1, sizeof *sorted);
    for (uint32_t i = 0; i < cases->count; i++)
        sorted[i] = cases->list[i].digest;
    qsort(sorted, cases->count, sizeof *sorted, by_bytes);
    const struct str parts[] = { STR("moult live"),
        { (const char *)sorted, cases->count * sizeof *sorted } };
    return hash_parts(parts, COUNT_OF(parts));
}

int live_cases_read(struct live_cases *ret, const struct case_store *store,
    const char *const *words, unsigned count, struct arena *arena, struct err *err)
{
    struct live_cases cases = { .list = arena_alloc(arena, (count + 1) * sizeof *cases.list),
        .groups = arena_alloc(arena, (count + 1) * sizeof *cases.groups),
        .signature = arena_alloc(arena, (count + 1) * sizeof *cases.signature) };
    for (unsigned i = 0; i < count; i++) {
        struct live_case *one = &cases.list[cases.count];
        int rc = case_named(&one->of, store, words[i], arena, err);
        if (rc < 0)
            return rc;
        one->digest = case_digest(&one->of);
        if (has(&cases, &one->digest))
            continue;
        one->group = group_of(&cases, one);
        cases.count++;
    }
    mark_failures(&cases);
    cases.shard = shard_of(&cases);
    *ret = cases;
    return 0;
}
