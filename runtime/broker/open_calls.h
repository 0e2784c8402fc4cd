/* open_calls - the calls of a turn that ended before their results, closed for the next one.
 *
 * No provider takes a conversation with a call that has no result. So before a hosted session goes
 * on, each such call gets what is known of it: its recorded result, that its outcome is unknown, or
 * that it was not carried out. */
#pragma once

#include "broker/engine.h"

/* What an agent is told of a call that was under way when moult ended. */
#define OPEN_CALL_UNKNOWN                                                                          \
    "moult was interrupted while this ran: whether it took effect is not known. Look before you "  \
    "try again."

/* A call and its result as the worker writes them; in the arena. */
struct str open_call_result(struct str id, struct str name, struct str text, struct arena *arena);
/* turn: of the rows that are added; in an open group of writes. */
int open_calls_close(struct session *session, uint64_t turn, struct err *err);
