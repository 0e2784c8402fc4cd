/* hooks - what each hook may do, and how a chain of plugins is asked. */
#pragma once

#include "worker/turn.h"

/* Classes of edits, by effect in verbs.h. */
enum edit_class {
    MAY_CALLS = 1,
    MAY_CALL = 2,
    MAY_TEXT = 4,
    MAY_MSGS = 8,
    MAY_ROUTE = 16,
    MAY_TIME = 32
};

struct hook_rule {
    const char *word;
    uint16_t actions; /* bit an enum moult_action */
    uint16_t edits;   /* enum edit_class */
    bool closed; /* its failure ends the turn (or denies the call); open: as if it were not there */
    uint8_t rounds;  /* how often it may send the loop back, a step */
    uint16_t offset; /* of its function in struct moult_plugin */
};
extern const struct hook_rule hook_rules[MOULT_HOOKS];

/* Asks every plugin of the hook from turn->place on. Answers the action that ended the chain:
 * MOULT_PASS at its end, MOULT_WAIT with an effect asked (call again when it has its result), or
 * WIRE_ACTION_FAILED where a hook that fails closed has failed; turn->explanation and turn->by say
 * why and who. */
int hooks_run(struct session *session, enum moult_hook_id hook, struct call *call);
/* Runs a tool that a plugin offers; its result, or why it has none, stands in the call. False while
 * it waits for what it asked. */
bool hooks_tool(
    struct session *session, uint32_t build, const struct moult_tool *tool, struct call *call);
/* The plugin has promised to do no more than look there. */
bool hooks_looks(const struct build *build, enum moult_hook_id hook);
/* Before hooks of a session run: what those of another left on the stack is gone. Once a message,
 * so that a hook costs nothing more. */
void hooks_enter(struct session *session);
bool hooks_present(const struct session *session, enum moult_hook_id hook);

/* edit.c: applies what the hook asked for; a message for what it left invalid, or NULL. */
const char *edits_apply(struct session *session);
