/* loop_guard - a call that failed twice in a row with the same arguments is not made a third time.
 *
 * Repeating alone is no failure: conversations that were solved repeat reads, and one more attempt
 * at what failed once. So only failures count, and only in a row: whatever else was called in
 * between begins anew. */
#include "moult.h"

enum { FAILURES = 2 };
enum { THIS_CALL = MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW };

static moult_action stop_third(moult_turn *turn, moult_call *call)
{
    uint32_t failed = moult_past(turn, call, THIS_CALL);
    if (failed < FAILURES)
        return MOULT_PASS;
    moult_explain(turn,
        "%s failed %u times in a row with these arguments: change them, or ask the person",
        call->tool, failed);
    return MOULT_DENY;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "loop_guard",
    .summary = "does not make a call that failed twice in a row",
    .traits = MOULT_WANTS_FINAL_CALLS,
    .before_tool = stop_third,
};
