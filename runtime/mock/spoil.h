/* spoil - what goes wrong inside of a body: the faults that change its bytes. */
#pragma once

#include "mock/body.h"
#include "mock/script.h"

/* Makes *out of a body that was written whole. `error` is of the rule, for fault.error_after.
 * stream: the body is a stream of events. */
void spoil(struct body *out, const struct body *whole, const struct script_rule *rule,
    enum ask_kind kind, bool stream);
/* Where the body is cut, in bytes; UINT64_MAX: nowhere. */
uint64_t spoil_cut(const struct body *body, const struct script_fault *fault);
