/* try - one probe in one run: what came of it. */
#pragma once

#include "sandbox/sandbox.h"
#include "table.h"

enum { TRY_TEXT_MAX = 512 };
enum outcome {
    OUTCOME_REFUSED,
    OUTCOME_THROUGH,
    OUTCOME_ODD /* neither: the run could not be made, or ended otherwise */
};
struct trying {
    enum sandbox_profile profile;
    enum sandbox_tier tier;
    const char *program, *locked; /* with the attempts; the second locks itself, for the worker */
    const struct reach *network;  /* a grant, or NULL */
    const char *const *env;       /* for the worker; NULL: none */
};
/* `text` says what was seen. */
enum outcome try_probe(
    const struct trying *trying, const struct probe *probe, char text[TRY_TEXT_MAX]);
/* The bomb stays above its limit for stay_ms; *ret is the limit that ended it. */
enum outcome try_bomb(const struct trying *trying, const struct bomb *bomb, unsigned stay_ms,
    enum sandbox_limit *ret, char text[TRY_TEXT_MAX]);
/* Whether what the probe left is there now. */
bool try_remains(const struct probe *probe);
/* Without a sandbox. */
enum outcome try_control(const struct trying *trying, const struct probe *probe);
enum outcome try_bomb_control(const struct trying *trying, const struct bomb *bomb);
