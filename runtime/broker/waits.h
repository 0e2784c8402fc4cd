/* waits - see waits.c: pauses, and questions to a person. */
#pragma once

#include "broker/effects.h"

/* Asks a person about the effect in work; note->consented runs after a yes (WIRE_PERSON: the result
 * is the answer). Texts live in the turn's arena. */
void waits_ask(struct turn *turn, struct note *note, struct str what, struct str detail);
void waits_answer(struct turn *turn, struct note *note, bool yes, const char *why);
/* {"permissions":[{"id","session","question","detail"}]} of that principal's sessions. */
void waits_list(const struct engine *engine, struct str principal, struct buf *out);
/* Once it is on disk. ERR_MISSING: it was answered, or the turn is over. */
int waits_decide(struct engine *engine, struct str principal, uint64_t turn, uint64_t effect,
    bool yes, struct err *err);
