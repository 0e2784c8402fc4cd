/* cases - what a live trial runs: cases by what a person calls them, each once, by groups. */
#pragma once

#include "trials/case/case.h"
#include "trials/case/store.h"

struct live_case {
    struct trial_case of;
    struct digest digest;
    uint32_t group; /* of live_cases.groups */
};
struct live_cases {
    struct live_case *list; /* in the order in which they were named */
    uint32_t count;
    struct digest *groups; /* of the groups' names; a case without one is its own */
    bool *signature;       /* of a group: the failure that the comparison is about occurs in it */
    uint32_t groups_count;
    struct digest shard; /* of the set of cases, in whatever order */
};
/* Everything is the arena's. A case that was named twice, in whatever words, is there once. */
int live_cases_read(struct live_cases *ret, const struct case_store *store,
    const char *const *words, unsigned count, struct arena *arena, struct err *err);
