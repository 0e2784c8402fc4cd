/* rules - every rule of the source gate and of the patcher: its name in reports, and what to do.
 *
 * One table, from which findings, docs/reference/patch.md and the tests are made: a rule without a
 * test that shows it refused fails the test. */
#pragma once

#include "patch/finding.h"

enum rule {
    /* bytes */
    RULE_UTF8,
    RULE_CONTROL,
    RULE_BIDI,
    RULE_INVISIBLE,
    RULE_LOOKALIKE,
    RULE_ASCII,
    RULE_TRIGRAPH,
    RULE_SPLICE,
    RULE_BLANKS,
    RULE_SIZE,
    /* tokens */
    RULE_TOKEN,
    RULE_COMMENT,
    RULE_DIGRAPH,
    RULE_INCLUDE,
    RULE_MACRO,
    RULE_BRANCH,
    RULE_DIRECTIVE,
    RULE_ATTRIBUTE,
    RULE_ASM,
    RULE_THREAD,
    RULE_BUILTIN,
    RULE_RESERVED,
    RULE_ADDRESS,
    RULE_COMPUTED_GOTO,
    /* tree */
    RULE_PARSE,
    RULE_STORAGE,
    RULE_WRITABLE,
    RULE_EXTERN,
    RULE_EXPORT,
    RULE_VLA,
    RULE_UNION,
    RULE_CAST,
    RULE_POINTER_CAST,
    RULE_POINTER_STEP,
    RULE_STATEMENT_EXPRESSION,
    RULE_NESTED_FUNCTION,
    RULE_KIND,
    /* what the compiler sees */
    RULE_PREPROCESS,
    RULE_TOKENS,
    /* patch */
    RULE_PATH,
    RULE_EDIT,
    RULE_NODE,
    RULE_BUDGET,
    RULE_NOTHING,
    RULE_LONG,
    RULE_COMPLEX,
    RULE_NESTED,
    RULE_RECURSION,
    RULE_LOOP,
    RULES
};
struct rule_row {
    const char *name, *advice;
};
extern const struct rule_row rules[RULES];
/* Adds "`what`: advice". what is a piece of the source, cut to fit, or a short text of ours. */
void rule_refuse(struct findings *findings, enum rule rule, struct place place, struct str what);
/* The rule of that name, or -1. */
int rule_find(struct str name);
