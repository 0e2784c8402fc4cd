/* redact_chars - the characters that secrets are made of, and where a word may begin. Inside trials
 * only. */
#pragma once

#include "base/str.h"

#include <stdbool.h>
#include <string.h>

enum { WORD = 1, DASH = 2, BASE64 = 4, UPPER = 8 }; /* DASH: a word, with - and _ */

static inline bool in_set(char c, unsigned set)
{
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    if (c >= 'a' && c <= 'z')
        return !(set & UPPER);
    if (c == '-' || c == '_')
        return set & (DASH | BASE64);
    return (set & BASE64) && (c == '+' || c == '/' || c == '=' || c == '.' || c == '~');
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Is it the letter of an escape, as in "\nsk-"? Text may hold pieces of JSON or source. */
static inline bool is_escape(struct str text, size_t at)
{
    return at > 0 && text.at[at - 1] == '\\' && text.at[at] && strchr("nrtbf", text.at[at]);
}

/* A word may begin here: it is no piece of a longer one. */
static inline bool is_start(struct str text, size_t at)
{
    return at == 0 || !in_set(text.at[at - 1], DASH) || is_escape(text, at - 1);
}
