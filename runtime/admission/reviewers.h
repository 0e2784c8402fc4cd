/* reviewers - the home's signed list of who may approve: names and public keys.
 *
 * keys/reviewers.json is a statement (attest.h) signed with the home's own key. Its number grows by
 * one with each change, so that an old list put back is seen by whoever remembers the number
 * (admissions do). A revoked reviewer stays in the list, with the time and the number of the list
 * that first said so: what was approved before stays approved, and what was before does not depend
 * on a clock that can be set. The reviewers' secret keys are not in the home. */
#pragma once

#include "base/arena.h"
#include "base/sign.h"
#include "wire/home.h"

#include <limits.h>

/* In the home: the home's own key (.pub beside it), and the list. */
#define REVIEWERS_KEY "keys/moult.key"
#define REVIEWERS_FILE "keys/reviewers.json"

enum { REVIEWERS_MAX = 256, REVIEWER_NAME_MAX = 64 };

struct reviewer {
    char name[REVIEWER_NAME_MAX + 1]; /* letters, digits, ". _ - @" */
    struct sign_public key;
    uint64_t added_ms, revoked_ms; /* since 1970; revoked_ms 0: not revoked */
    uint64_t revoked_in;           /* number of the first list that says so; 0: an old one did */
};
struct reviewers {
    uint64_t number;
    struct reviewer list[REVIEWERS_MAX];
    unsigned count;
};

int reviewers_read(struct reviewers *ret, const struct home *home, struct err *err);
/* Who holds this key and was not revoked at that time; ERR_DENIED otherwise. */
int reviewers_find(const struct reviewers *reviewers, const struct digest *key_id, uint64_t at_ms,
    const struct reviewer **ret, struct err *err);
/* The same of the list of that number, which an admission rested on; REVIEWERS_NOW: whoever is
 * revoked is, whatever the time is said to be. */
#define REVIEWERS_NOW UINT64_MAX
int reviewers_find_in(const struct reviewers *reviewers, const struct digest *key_id, uint64_t list,
    uint64_t at_ms, const struct reviewer **ret, struct err *err);
