/* words - see words.h. */
#include "trials/live/words.h"

#include <stdlib.h>
#include <string.h>

static int read_real(double *ret, const char *name, const char *text, double most, struct err *err)
{
    char *end;
    if (!text)
        return 0;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value <= most))
        return err_set(err, ERR_USAGE, "%s: a number from 0 to %g", name, most);
    *ret = value;
    return 0;
}

int live_options_read(
    struct live_options *ret, const struct live_words *words, bool live, struct err *err)
{
    *ret = (struct live_options){ .repeats = words->repeats,
        .temperature = -1,
        .tokens = words->tokens ? words->tokens : ASKER_TOKENS,
        .stop = words->stop };
    if (!live &&
        (words->temperature || words->usd || words->stop || words->repeats || words->tokens))
        return err_set(err, ERR_USAGE,
            "--repeats, --temperature, --usd, --tokens and --stop are of --mode live");
    if (words->stop && strcmp(words->stop, "any") != 0 && strcmp(words->stop, "fixed") != 0)
        return err_set(err, ERR_USAGE, "--stop: any or fixed");
    if (words->repeats > CASE_REPEATS_MAX)
        return err_set(err, ERR_USAGE, "at most %d repeats", CASE_REPEATS_MAX);
    if (words->tokens > LIVE_TOKENS_MAX)
        return err_set(err, ERR_USAGE, "at most %lld tokens", (long long)LIVE_TOKENS_MAX);
    int rc = read_real(&ret->temperature, "--temperature", words->temperature, 2, err);
    if (rc == 0)
        rc = read_real(&ret->usd, "--usd", words->usd, 1e6, err);
    if (rc == 0 && words->usd && ret->usd <= 0)
        rc = err_set(err, ERR_USAGE, "--usd: more than nothing");
    return rc;
}
