/* world - what the tools of a case answer, and the state that they have in common.
 *
 * Each tool has one source (case.h): the recording's result of the same call, a script over the
 * world's members, or a program in the tool sandbox. Nothing is answered with something near: a
 * call that the case cannot answer is told apart, and the case's own word settles it. */
#pragma once

#include "trials/case/case.h"
#include "wire/effect.h"
#include "sandbox/sandbox.h"

struct world;
/* What commands run with. */
struct world_means {
    const char *tool; /* path of moult-tool, for MCP servers; NULL: a command cannot be started */
    int tier;         /* enum sandbox_tier: weakest allowed */
    uint32_t waived;
    const char *const *homes; /* as in struct sandbox_run */
    /* Of an earlier play of this case, which is over: what steady commands answered there is told
     * again, call by call, and none is started. The first other call has no answer: the two plays
     * have parted. NULL: they are started. */
    const struct world *before;
};

/* The case must stay. Writes the case's files into the workspace, which there is where there are
 * some, a command, or a grader that looks at it. */
int world_open(struct world **ret, const struct trial_case *of, const struct world_means *means,
    struct err *err);
void world_close(struct world *world); /* ends its commands, removes the workspace; NULL is fine */

struct world_answer {
    uint8_t status;  /* enum wire_status; NO_ANSWER: the case has none, and that is a divergence */
    struct str text; /* the result, or why there is none */
};
/* args: raw text of the call. Text is in the arena. An error is the machine's. */
int world_call(struct world *world, struct str tool, struct str args, struct arena *arena,
    struct world_answer *ret, struct err *err);

/* Asks each server for its state, by its unlisted tool "moult_state", and makes what it says
 * members of the world. False in *ret_known: one of them does not tell, so the state is not known.
 */
int world_ask(struct world *world, bool *ret_known, struct err *err);
/* Ends its commands: the play is over. */
void world_rest(struct world *world);
/* The members as one object, in the arena. */
const struct json *world_state(const struct world *world, struct arena *arena, struct err *err);
/* A folder of the host, or NULL: the case has none. */
const char *world_workspace(const struct world *world);
