/* cmd - the commands of moult-talk, one a file cmd_NAME.c. See wire/verb.h for what they return. */
#pragma once

#include "wire/verb.h"

extern const struct verb verb_status, verb_run, verb_chat, verb_permissions;
