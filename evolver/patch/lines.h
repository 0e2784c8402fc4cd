/* lines - how many lines a change takes out and puts in, as a unified diff would show them. */
#pragma once

#include "base/str.h"

uint32_t lines_changed(struct str was, struct str now);
