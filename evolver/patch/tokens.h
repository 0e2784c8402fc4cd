/* tokens - whether the compiler sees what was checked.
 *
 * The tree's grammar knows no macros, and is not the compiler's. So the tokens that come out of the
 * preprocessor, those of the plugin's own file, are compared with the leaves of the tree, one by
 * one. A few macros of the SDK and of the compiler's headers are expanded in the leaves, by a
 * table; any other word that the preprocessor replaces is a difference. */
#pragma once

#include "patch/rules.h"

/* The words that a plugin may write although the preprocessor replaces them; ended by NULL. */
struct token_macro {
    const char *word, *text;
};
extern const struct token_macro token_macros[];

/* preprocessed is what `gcc -E` made of the tree's source, with its line markers; the file named
 * first in it is the plugin's own. Adds at most one finding of RULE_TOKENS. */
void tokens_check(struct findings *findings, const struct syntax *syntax, struct str preprocessed);
