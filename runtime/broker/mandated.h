/* mandated - may this build run because a mandate says so?
 *
 * The driver has asked the same before it admitted (may_admit.h); here it is asked of what stands
 * in the journal, which somebody else may have written: who signed the mandate, whether a person
 * ended it, what the home itself confirmed of the candidate, and which hooks the two builds really
 * have. */
#pragma once

#include "admission/may_admit.h"
#include "broker/store.h"

/* A document's text, copied, held against its digest. */
int mandated_document(struct store *store, const char *kind, const struct digest *digest,
    struct arena *arena, struct str *ret, struct err *err);

struct mandated {
    struct confirmation want; /* the links of what is to run */
    struct digest confirmation, build_before;
    struct str plugin, path;
    struct mandate_past past; /* of the admissions before it */
    uint64_t at_ms, list;     /* when it was admitted, and by which list of reviewers; or now */
};
int mandated_check(struct mandate *ret, const struct mandated *asked, struct store *store,
    const struct home *home, const struct reviewers *reviewers, struct arena *arena,
    struct err *err);
