/* toolbox_call - one call that waits for its box, and how its asker is answered, once. Inside this
 * folder only. */
#pragma once

#include "broker/toolbox.h"

struct call {
    struct call *next;
    struct buf line; /* as moult-tool gets it, behind the id */
    toolbox_done done;
    void *with;
    bool cancelled, lost; /* lost: the run that it waited for has ended */
};
/* args: a JSON object, checked. */
struct call *call_new(struct str tool, struct str args, toolbox_done done, void *with);
void call_free(struct call *call);
/* The call is gone before its asker hears of it, who may then do anything. */
void call_answer(struct call *call, uint8_t status, struct str text);
/* WIRE_UNKNOWN_OUTCOME or WIRE_REFUSED, and why. */
void call_answer_error(struct call *call, uint8_t status, const struct err *why);
