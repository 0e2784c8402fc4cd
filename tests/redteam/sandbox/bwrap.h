/* bwrap - the same probes under plain bubblewrap, with the options that come nearest to the tool
 * profile. */
#pragma once

#include "try.h"

bool bwrap_is_here(char version[64]);
enum outcome bwrap_probe(const struct trying *trying, const struct probe *probe);
enum outcome bwrap_bomb(const struct trying *trying, const struct bomb *bomb);
