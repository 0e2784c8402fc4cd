/* router - which model is asked, and what happens when it does not answer.
 * One model does everything here: the first of the configuration. A connection that broke is tried
 * once more; any other error ends the turn, and says which it was. */
#include "moult.h"

enum { MAIN_MODEL = 0, PAUSE_MS = 500 };

static moult_action choose_model(moult_turn *turn)
{
    if (moult_error(turn, MOULT_ERROR_ATTEMPT) == 0)
        moult_use_model(turn, MAIN_MODEL);
    return MOULT_PASS; /* a request that is made again goes where handle_error sends it */
}

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
    .name = "router",
    .summary = "asks the first model for everything; tries a broken connection once more",
    .request = choose_model,
    .model_error = handle_error,
};
