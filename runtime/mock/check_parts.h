/* check_parts - what the parts of a message have to look like, for check.c. */
#pragma once

#include "mock/ask.h"

/* list: a message's content; anything but an array is fine. user: it is one of the user's (in
 * responses, also what a tool gives). ERR_INPUT: the first that a provider refuses. */
int check_parts(
    enum ask_kind kind, bool user, const struct json *list, struct arena *arena, struct err *err);
