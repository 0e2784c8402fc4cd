/* lex - see lex.h. */
#include "patch/lex.h"

#include "base/mem.h"

#include <string.h>

/* Longest first. Digraphs are here because the compiler knows them. */
static const char *const punctuation[] = { "%:%:", "...", "<<=", ">>=", "->", "++", "--", "<<",
    ">>", "<=", ">=", "==", "!=", "&&", "||", "*=", "/=", "%=", "+=", "-=", "&=", "^=", "|=", "##",
    "<:", ":>", "<%", "%>", "%:" };
static const char single[] = "[](){}.&*+-~!/%<>^|?:;=,#";

bool lex_in_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct lex *lex, uint32_t ahead)
{
    size_t at = (size_t)lex->at + ahead;
    return at < lex->text.size ? lex->text.at[at] : 0;
}

static struct str rest(const struct lex *lex)
{
    return (struct str){ lex->text.at + lex->at, lex->text.size - lex->at };
}

/* Bytes of the comment that begins here; 0: none begins. *ret_open: it has no end. */
static uint32_t comment_size(const struct lex *lex, bool *ret_open)
{
    struct str text = rest(lex);
    *ret_open = false;
    if (str_starts(text, STR("//"))) {
        const char *end = memchr(text.at, '\n', text.size);
        return (uint32_t)(end ? end - text.at : (ptrdiff_t)text.size);
    }
    if (!str_starts(text, STR("/*")))
        return 0;
    ptrdiff_t end = str_find((struct str){ text.at + 2, text.size - 2 }, STR("*/"));
    *ret_open = end < 0;
    return (uint32_t)(end < 0 ? (ptrdiff_t)text.size : end + 4);
}

/* Behind the closing quote; 0 if the line or the text ends before it. */
static uint32_t quoted_size(const struct lex *lex, uint32_t prefix)
{
    char quote = peek(lex, prefix);
    for (uint32_t n = prefix + 1; lex->at + n < lex->text.size; n++) {
        char c = peek(lex, n);
        if (c == quote)
            return n + 1;
        if (c == '\n')
            return 0;
        if (c == '\\')
            n++;
    }
    return 0;
}

/* The size of u8, u, U or L directly before a quote. */
static uint32_t prefix_size(const struct lex *lex)
{
    static const char *const prefixes[] = { "", "u8", "u", "U", "L" };
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        uint32_t size = (uint32_t)strlen(prefixes[i]);
        char quote = peek(lex, size);
        if (str_starts(rest(lex), str_of(prefixes[i])) && (quote == '"' || quote == '\''))
            return size;
    }
    return UINT32_MAX;
}

static uint32_t number_size(const struct lex *lex)
{
    uint32_t n = 0;
    if (!is_digit(peek(lex, 0)) && !(peek(lex, 0) == '.' && is_digit(peek(lex, 1))))
        return 0;
    for (char c; (c = peek(lex, n)) != 0; n++) {
        char before = n ? peek(lex, n - 1) : 0;
        bool sign = (c == '+' || c == '-') && before && strchr("eEpP", before);
        if (!lex_in_word(c) && c != '.' && !sign)
            break;
    }
    return n;
}

static uint32_t punctuation_size(const struct lex *lex)
{
    for (size_t i = 0; i < COUNT_OF(punctuation); i++)
        if (str_starts(rest(lex), str_of(punctuation[i])))
            return (uint32_t)strlen(punctuation[i]);
    return peek(lex, 0) && strchr(single, peek(lex, 0)) ? 1 : 0;
}

static uint32_t word_size(const struct lex *lex)
{
    uint32_t n = 0;
    while (lex_in_word(peek(lex, n)))
        n++;
    return n;
}

static enum lex_kind token_at(const struct lex *lex, uint32_t *ret_size)
{
    uint32_t prefix = prefix_size(lex);
    if (prefix != UINT32_MAX) {
        *ret_size = quoted_size(lex, prefix);
        return !*ret_size ? LEX_BAD : peek(lex, prefix) == '"' ? LEX_STRING : LEX_CHARACTER;
    }
    if ((*ret_size = number_size(lex)) > 0)
        return LEX_NUMBER;
    if ((*ret_size = word_size(lex)) > 0)
        return LEX_WORD;
    if ((*ret_size = punctuation_size(lex)) > 0)
        return LEX_PUNCTUATION;
    return LEX_BAD;
}

static struct lex_token take(struct lex *lex, enum lex_kind kind, uint32_t size, bool line_start)
{
    struct span span = { lex->at, lex->at + size };
    lex->at += size;
    return (struct lex_token){ kind, span, line_start };
}

/* Blanks, and comments unless they are asked for. True: a comment stands here that is a token, or
 * one without an end; it is in *ret. */
static bool skip(struct lex *lex, struct lex_token *ret)
{
    for (; lex->at < lex->text.size; lex->at++) {
        char c = peek(lex, 0);
        bool open;
        uint32_t size = c == '/' ? comment_size(lex, &open) : 0;
        if (size && (open || lex->comments)) {
            *ret = take(lex, open ? LEX_BAD : LEX_COMMENT, size, !lex->inside);
            return true;
        }
        if (size)
            lex->at += size - 1;
        else if (c == '\n')
            lex->inside = false;
        else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v')
            break;
    }
    return false;
}

struct lex_token lex_next(struct lex *lex)
{
    struct lex_token token;
    if (skip(lex, &token))
        return token;
    if (lex->at >= lex->text.size)
        return take(lex, LEX_END, 0, !lex->inside);
    uint32_t size;
    enum lex_kind kind = token_at(lex, &size);
    token = take(lex, kind, size ? size : 1, !lex->inside);
    lex->inside = true;
    return token;
}

struct str lex_text(const struct lex *lex, struct lex_token token)
{
    return (struct str){ lex->text.at + token.span.from, token.span.to - token.span.from };
}

bool lex_is(const struct lex *lex, struct lex_token token, const char *text)
{
    return str_equal(lex_text(lex, token), str_of(text));
}
