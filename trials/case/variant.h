/* variant - a case among other people: what was done is the same, and who did it, what they said
 * and what things are called is not. A patch that knows the case by heart mends the case and not
 * this.
 */
#pragma once

#include "trials/case/case.h"
#include "trials/case/speak.h"
#include "trials/vary.h"

/* Those of vary.h, then one with other names for tools and fields (rename.h), one with longer lists
 * (resize.h), and one for each other language (speak.h). */
enum {
    CASE_VARIANT_NAMES = VARY_COUNT,
    CASE_VARIANT_SIZES,
    CASE_VARIANT_LANGUAGES,
    CASE_VARIANTS = CASE_VARIANT_LANGUAGES + RUN_LANGUAGES
};

/* Why a case has no variants, or NULL. */
const char *case_unvaried(const struct trial_case *of);
/* Number 0 to CASE_VARIANTS - 1. 1: made; 0: nothing in it can be said in another way that shows
 * the same. The failures are looked for in the variant as in any run: nothing of the case's own
 * labels is carried over. Its id is the case's and the number. */
int case_vary(struct trial_case *ret, const struct trial_case *of, unsigned number,
    struct arena *arena, struct err *err);
