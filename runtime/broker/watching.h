/* watching - a candidate beside the live turns for as long as somebody looks: moult shadow.
 *
 * It has a place of its own, which is never asked when a turn is given to a generation: what stands
 * here sees copies (shadow.h) and can carry out nothing, so a candidate may stand here before a
 * person has approved it. It goes with whoever asked for it, and with the generation that it was
 * put into. */
#pragma once

#include "broker/generation.h"
#include "broker/shadow.h"

struct watching {
    struct crew_generation *loaded; /* NULL: nobody looks */
    char candidate[80];
    const void *holder; /* who looks */
    uint64_t crashed;
    struct shadow shadow;
};
/* {"candidate":ID,"steps":N}. ERR_STATE: somebody looks at one already, or the candidate did not
 * pass the gate. */
int watching_begin(struct watching *watching, struct engine *engine,
    struct generations *generations, const void *client, const struct json *root,
    struct arena *arena, struct err *err);
/* Counts, as members of a JSON object. */
void watching_status(const struct watching *watching, struct buf *out);
/* The same, and the differences since it was asked last. ERR_STATE: not by this client. */
int watching_tell(struct watching *watching, const void *client, struct buf *out, struct err *err);
/* Nothing for a zeroed one. */
void watching_end(struct watching *watching);
