/* failover - a model that is rate limited or overloaded is not asked again at once: the next alias
 * is, or, where there is no other, the same one after the pause that its provider named.
 * Once a request: who asked two models and got nothing tells the client. */
#include "moult.h"

enum { SPARE_MODEL = 1, PAUSE_MAX_MS = 60000 };

static bool passes_by_itself(int64_t class)
{
    return class == MOULT_RATE_LIMIT || class == MOULT_OVERLOADED;
}

static moult_action ask_elsewhere(moult_turn *turn)
{
    int64_t pause_ms = moult_error(turn, MOULT_ERROR_RETRY_AFTER_MS);
    if (!passes_by_itself(moult_error(turn, MOULT_ERROR_CLASS)) ||
        moult_error(turn, MOULT_ERROR_ATTEMPT) > 0)
        return MOULT_PASS;
    if (moult_use_model(turn, SPARE_MODEL)) {
        moult_explain(turn, "the model is busy: another one is asked");
        return MOULT_RETRY;
    }
    if (pause_ms <= 0 || pause_ms > PAUSE_MAX_MS)
        return MOULT_PASS;
    moult_wait(turn, (uint32_t)pause_ms);
    moult_explain(turn, "the model is busy: asked again in %lld ms", (long long)pause_ms);
    return MOULT_RETRY;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "failover",
    .summary = "asks another model, or later, when one is busy",
    .model_error = ask_elsewhere,
};
