/* words - the options of mode live, as they are said on the command line. */
#pragma once

#include "base/option.h"
#include "trials/live/trial.h"

struct live_words {
    const char *temperature, *usd, *stop;
    uint64_t repeats, tokens;
};
// clang-format off
#define LIVE_OPTIONS(words) \
    { "--repeats", 0, OPTION_NUMBER, "R", "live: runs of each case in each arm (default: the case's)", &(words)->repeats }, \
    { "--temperature", 0, OPTION_TEXT, "T", "live: 0 to 2 (default: the case's, else the provider's)", &(words)->temperature }, \
    { "--usd", 0, OPTION_TEXT, "X", "live: what it may cost (default: what the cases say)", &(words)->usd }, \
    { "--tokens", 0, OPTION_NUMBER, "N", "live: tokens that it may take (default: 2000000)", &(words)->tokens }, \
    { "--stop", 0, OPTION_TEXT, "WHEN", "live, with a candidate: any (at each group) or fixed (behind all)", &(words)->stop }
// clang-format on
/* live: it is that mode; else none of them may be there. ERR_USAGE. */
int live_options_read(
    struct live_options *ret, const struct live_words *words, bool live, struct err *err);
