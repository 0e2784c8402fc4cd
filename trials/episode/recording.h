/* recording - what a recorded model answered, for as long as it is asked the same.
 *
 * The same is: the same messages in the same order, each by what it says (protocol_key: role, text
 * without white space at its ends, calls by id, name and canonical arguments, the call that a
 * result belongs to). Where a request is another, the recording has nothing to say to it; one that
 * meets it again later is answered again. */
#pragma once

#include "trials/run.h"

struct recording {
    const struct run *run;
    struct digest *keys; /* of each message that a model sees: run->told */
    uint32_t step;       /* the next one to be answered */
    uint32_t first;      /* steps before it are of the state */
};
void recording_begin(
    struct recording *ret, const struct run *run, uint32_t first, struct arena *arena);
/* The step whose recorded context is this, from the next one on; UINT32_MAX: there is none. It is
 * the next one from now on, until recording_took. */
uint32_t recording_find(struct recording *recording, const struct str *messages, uint32_t count);
void recording_took(struct recording *recording);
/* It is all that was recorded, and nothing came behind it: the source ended the run there. */
bool recording_over(const struct recording *recording, const struct str *messages, uint32_t count);
/* Where a request parts from the next step's context, for people: the first message that is
 * another. Either may be empty: there is none. */
struct recording_parting {
    uint32_t message;
    struct str recorded, asked;
};
struct recording_parting recording_parts(
    const struct recording *recording, const struct str *messages, uint32_t count);
