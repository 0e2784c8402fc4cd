/* hooks - which hooks a build stands in, read out of its bytes.
 *
 * What a build may do follows from its hooks, and who decides about it must not run it to ask: the
 * broker never maps a plugin. So the exported table is found in the file, and a hook is there where
 * the loader would write an address. The build has been through the ELF gate; these bytes may be
 * any. */
#pragma once

#include "base/hash.h"
#include "wire/home.h"

/* Bits of enum moult_hook_id (plugins/sdk/moult.h), and one more: it offers tools of its own. */
enum { HOOKS_TOOLS = 1 << 30 };

/* ERR_INPUT: no shared object with a plugin's table. A pipeline has none. */
int hooks_of(uint32_t *ret, struct str image, struct err *err);
/* The same of a build in the home's store, hashed as it is read. */
int hooks_of_build(
    uint32_t *ret, const struct home *home, const struct digest *build, struct err *err);
