/* rider - what a step did beside what it was to do, as a word.
 *
 * A patch that mends a call and rides something else along is refused by its frame; who reads the
 * verdict wants to know what came along. The word names the largest difference to the recording, in
 * the order of the table, and nothing of the case. */
#pragma once

#include "trials/effects.h"

enum rider {
    RIDER_NONE,
    RIDER_REQUEST,
    RIDER_CALL_MORE,
    RIDER_CALL_LESS,
    RIDER_CALL_OTHER,
    RIDER_ARGUMENT_MORE,
    RIDER_ARGUMENT_LESS,
    RIDER_ARGUMENT,
    RIDER_TEXT,
    RIDER_END,
    RIDERS
};
extern const char *const rider_words[RIDERS];   /* in a report: "extra_call" */
extern const char *const rider_phrases[RIDERS]; /* for people: "an extra call" */
/* Of a step that is neither as recorded nor the repair. */
enum rider rider_of(const struct run *run, uint32_t step, const struct effects *effects);
