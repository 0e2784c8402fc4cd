/* shown - how what a model is shown stands to the conversation, as one number.
 *
 * A worker that judges candidates and the trial that sees a model request fold the same facts in
 * the same order, and a frame folds those that it wants: equal numbers, equal requests. 0 is the
 * conversation as it stands. A result that is too large may be cut in many ways that are as good,
 * so a cut is a fact of its own kind and not the text that is left. */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    WIRE_LARGE = 8192,        /* bytes of a result; beyond it it may be cut */
    WIRE_CUT_LEAST = 2048,    /* so much of it must be left */
    WIRE_CUT_REMARK_MAX = 160 /* what may stand behind it, in words of the harness's own */
};

/* First the results that were changed, in the order of messages; then what was left out, in the
 * same order; then what was added; then another model or other tools. */
uint64_t wire_shown_result(uint64_t shown, uint32_t message, struct str was, struct str now);
uint64_t wire_shown_cut(uint64_t shown, uint32_t message);
uint64_t wire_shown_without(uint64_t shown, uint32_t message);
uint64_t wire_shown_added(uint64_t shown, struct str bytes);
uint64_t wire_shown_asked(uint64_t shown, bool own_model, uint32_t model, struct str tools);
/* What no worker asks for that keeps to the order above. */
uint64_t wire_shown_else(uint64_t shown, struct str what);

/* A large result that is now at most WIRE_LARGE bytes: its beginning, and at most a remark. */
bool wire_is_cut(struct str was, struct str now);
/* The end component of a verdict: of a step whose model was shown something else. */
uint64_t wire_shown_end(uint64_t end, uint64_t shown);
