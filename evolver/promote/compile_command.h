/* compile_command - the command lines of compile.c: which program, which flags, which files.
 *
 * gcc makes an object in one go. A trial build is made by tcc and ld: tcc's own objects are not
 * what the ELF gate lets through, so it only compiles, and ld links with the flags of every plugin.
 */
#pragma once

#include "promote/compile.h"

enum compile_tool { TOOL_GCC, TOOL_TCC, TOOL_LD };
extern const char *const compile_programs[3]; /* by tool: paths */

/* Where things stand for the compiler: fixed names inside a root of its own; without one, the
 * host's. The object does not tell which: the flags map the folder away. */
struct compile_places {
    const char *sdk, *work;
    enum sandbox_tier tier;
};

enum { COMPILE_FLAGS_MAX = 96, COMPILE_LISTS_MAX = 3 };
struct compile_command {
    const char *argv[COMPILE_FLAGS_MAX]; /* ends with NULL */
    unsigned argc;
    struct buf lists[COMPILE_LISTS_MAX]; /* the flag lists, cut into words */
    unsigned lists_count;
    char *owned[8];
    unsigned owned_count;
};
/* ERR_LACKS: the SDK is not there. */
int compile_command(struct compile_command *ret, enum compile_tool tool,
    const struct compile_plan *plan, const struct compile_places *places, struct err *err);
void compile_command_done(struct compile_command *command);
/* The file that the last tool leaves in the work folder. */
const char *compile_output(const struct compile_plan *plan);
