/* lex - a text cut into C's preprocessing tokens, as the compiler cuts it (C11 6.4).
 *
 * The tree's grammar is not the compiler's; where the two could differ, what counts is the sequence
 * of tokens, and this is the one reader of it: for what stands in a source and for what comes out
 * of the preprocessor. Trigraphs and line splices are not known here: source_text.c refuses them.
 */
#pragma once

#include "base/str.h"
#include "patch/syntax.h"

enum lex_kind {
    LEX_END,
    LEX_WORD,
    LEX_NUMBER,
    LEX_STRING,    /* with its prefix */
    LEX_CHARACTER, /* with its prefix */
    LEX_PUNCTUATION,
    LEX_COMMENT, /* only asked for */
    LEX_BAD      /* one byte that begins no token; a comment or string without an end */
};

struct lex_token {
    enum lex_kind kind;
    struct span span;
    bool line_start; /* nothing but blanks and comments before it in its line */
};

/* Zeroed but for text it is ready. */
struct lex {
    struct str text;
    uint32_t at;
    bool inside;   /* of a line: a token stands before */
    bool comments; /* are tokens too */
};
/* The next token; LEX_END with an empty span at the end. */
struct lex_token lex_next(struct lex *lex);
struct str lex_text(const struct lex *lex, struct lex_token token);
bool lex_is(const struct lex *lex, struct lex_token token, const char *text);
bool lex_in_word(char c); /* a letter, a digit, or _ */
