/* words - see words.h. */
#include "wire/words.h"

const char *const words_effect[WIRE_WAIT + 1] = {
    "none", [WIRE_MODEL] = "model", [WIRE_HAND] = "hand", [WIRE_TOOL] = "tool",
    [WIRE_NESTED] = "nested", [WIRE_PERSON] = "person", [WIRE_WAIT] = "wait"
};
const char *const words_status[WIRE_NO_ANSWER + 1] = { "ok", "refused", "failed", "unknown_outcome",
    "no_answer" };
const char *const words_ended[WIRE_ENDED_DIVERGED + 1] = {
    "none", [WIRE_ENDED_ANSWERED] = "answered", [WIRE_ENDED_HANDED] = "handed",
    [WIRE_ENDED_REFUSED] = "refused", [WIRE_ENDED_FAILED] = "failed", [WIRE_ENDED_LIMIT] = "limit",
    [WIRE_ENDED_DIVERGED] = "diverged"
};
const char *const words_origin[WIRE_FROM_BUILD + 1] = { "client", "effect", "build" };
const char *const words_hook[WORDS_HOOKS] = { "turn_start", "context", "request", "model_error",
    "reply", "before_tool", "after_tool", "answer", "turn_end" };
const char *const words_action[WORDS_ACTIONS] = { [0] = "pass",
    [1] = "done",
    [2] = "retry",
    [3] = "deny",
    [4] = "finish",
    [5] = "wait",
    [WIRE_ACTION_FAILED] = "failed" };
