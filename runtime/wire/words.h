/* words - what a trace calls the values of effect.h and of the SDK's enums. A trace outlives the
 * program that wrote it: a word here does not change. NULL where there is none. */
#pragma once

#include "wire/effect.h"

enum { WORDS_HOOKS = 9, WORDS_ACTIONS = WIRE_ACTION_FAILED + 1 };
extern const char *const words_effect[WIRE_WAIT + 1];
extern const char *const words_status[WIRE_NO_ANSWER + 1];
extern const char *const words_ended[WIRE_ENDED_DIVERGED + 1];
extern const char *const words_origin[WIRE_FROM_BUILD + 1]; /* of a message */
extern const char *const words_hook[WORDS_HOOKS];
extern const char *const words_action[WORDS_ACTIONS];
