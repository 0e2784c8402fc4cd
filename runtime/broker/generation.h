/* generation - which builds may run: those of an admission whose whole chain holds, or of a
 * candidate that a person has approved.
 *
 * Nothing is believed because it stands in the journal. Each admission is held against the one
 * before, its documents against their digests, the approval that it rests on against the home's
 * signed list of reviewers, and its builds against those of the generation before: a promotion
 * changes the one build that was approved, a return brings back one that was admitted. Rows are
 * append-only, so what was found to hold is not looked at again while this process lives; the
 * bytes of each build are hashed where they are loaded (crew_load). */
#pragma once

#include "broker/crew.h"
#include "broker/store.h"

struct generations;
struct generations *generations_new(struct store *store, const struct home *home);
void generations_free(struct generations *generations);

/* The last admission's. Lists are in the arena. ERR_VERIFY names the admission and what does not
 * fit; ERR_MISSING: a document, or nothing was admitted yet. */
int generation_active(
    struct crew_spec *ret, struct generations *generations, struct arena *arena, struct err *err);
/* Of the admission of that number. */
int generation_at(struct crew_spec *ret, struct generations *generations, uint64_t number,
    struct arena *arena, struct err *err);
/* The active builds with the candidate's in the place of its plugin's; its digest is the
 * candidate's id. ERR_STATE: it is not
 * approved, or was for another generation; ERR_DENIED: expired, or its reviewer was revoked. */
int generation_candidate(struct crew_spec *ret, struct generations *generations, struct str id,
    struct arena *arena, struct err *err);
/* The same to be shown copies of turns: approved or not. ERR_STATE: the gate has not passed it, or
 * it was decided on. */
int generation_shadow(struct crew_spec *ret, struct generations *generations, struct str id,
    struct arena *arena, struct err *err);
