/* ended - how a run ended, in words for a person. */
#pragma once

#include "sandbox/sandbox.h"

enum { SANDBOX_ENDED_MAX = 80 };
/* "died of signal 11: its stack overflowed", "ended with 3". Returns out. */
const char *sandbox_ended(char out[SANDBOX_ENDED_MAX], const struct sandbox_result *result);
/* A sanitizer had something to say. */
bool sandbox_sanitizer_spoke(const struct sandbox_result *result);
