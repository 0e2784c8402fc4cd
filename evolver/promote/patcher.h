/* patcher - one run of moult-patch: a question in, an answer out (patch/answer.h), in the compile
 * sandbox, since it parses hostile C. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "sandbox/sandbox.h"

/* program: NULL, the one beside the running program. tier: enum sandbox_tier, weakest allowed.
 * How it ended is in *ret, which the caller ends with sandbox_result_done. ERR_LACKS names a
 * missing program or layer. */
int patcher_run(struct sandbox_result *ret, const char *program, int tier, struct str question,
    struct err *err);
