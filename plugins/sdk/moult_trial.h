/* moult_trial.h - the second export of a build under the `trial` profile. Such a build is never
 * admitted.
 *
 * One build holds many candidates: each choice of a candidate is a hole, a number that the code
 * switches on. The worker writes a vector of holes before it runs a step, and reads back what was
 * covered and which conditions held. */
#ifndef MOULT_TRIAL_H
#define MOULT_TRIAL_H

#include "moult.h"

enum { MOULT_TRIAL_ATOMS_MAX = 1024 };

struct moult_trial {
    uint32_t size;
    uint32_t holes_count; /* at most 64 */
    uint32_t cover_count;
    uint32_t atoms_count; /* at most MOULT_TRIAL_ATOMS_MAX */
    uint32_t decisions_count;
    uint16_t *holes; /* [holes_count], written by the worker */
    uint32_t *cover; /* [cover_count], counted by the plugin, cleared by the worker */
    /* Abstract conditions: the Nth time that the guarded point is reached in a step it is taken if
     * bit N (of the first 64) of *decide is set; *reached counts. */
    uint64_t *decide;
    uint32_t *reached;
    /* For each of the first 64 times: which atoms held there. [64][atoms_count / 8], filled only if
     * *want_atoms is set. */
    uint8_t *atoms;
    uint32_t *want_atoms;
};
extern MOULT_EXPORT const struct moult_trial moult_trial;

#endif
