/* corpus - what patch_numbers_test finds in the built corpus.c. */
#pragma once

#include "moult.h"

struct corpus_row {
    const char *name;
    moult_action (*hook)(moult_turn *turn, moult_call *call);
    const char *tries; /* NULL: an honest one */
};
extern MOULT_EXPORT const struct corpus_row corpus[];
