/* cmd - the commands of moult-trial, one function a file cmd_NAME.c. See wire/verb.h for what they
 * return. */
#pragma once

#include "wire/verb.h"

extern const struct verb verb_case, verb_import, verb_mine, verb_replay, verb_sessions, verb_trace,
    verb_flag, verb_failures, verb_prove, verb_backtest;
