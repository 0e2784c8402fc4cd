/* errors - what happens when a model request fails.
 * A connection that broke is tried once more; anything else ends the turn, and says which error it
 * was. */
#include "moult.h"

enum { PAUSE_MS = 500 };

static moult_action handle_error(moult_turn *turn)
{
    int64_t class = moult_error(turn, MOULT_ERROR_CLASS);
    int64_t attempt = moult_error(turn, MOULT_ERROR_ATTEMPT);
    if (class == MOULT_CONNECTION && attempt == 0) {
        moult_wait(turn, PAUSE_MS);
        moult_explain(turn, "the connection broke: once more");
        return MOULT_RETRY;
    }
    moult_explain(
        turn, "model error of class %lld, attempt %lld", (long long)class, (long long)attempt);
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "errors",
    .summary = "tries a broken connection once more; other errors end the turn",
    .model_error = handle_error,
};
