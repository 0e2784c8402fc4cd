/* source_words - the tokens of a source as the compiler cuts them: directives, attributes and the
 * compiler's own words, by allow-list. */
#include "patch/lex.h"
#include "patch/source.h"

#include "base/mem.h"

#include <string.h>

const char *const source_headers[] = { "\"moult.h\"", "<stdint.h>", "<stddef.h>", "<stdbool.h>",
    NULL };

/* What is refused as a directive, with a better reason than that. */
static const struct {
    const char *word;
    enum rule rule;
} directives[] = {
    { "include", RULE_INCLUDE },
    { "include_next", RULE_INCLUDE },
    { "import", RULE_INCLUDE },
    { "define", RULE_MACRO },
    { "undef", RULE_MACRO },
    { "if", RULE_BRANCH },
    { "ifdef", RULE_BRANCH },
    { "ifndef", RULE_BRANCH },
    { "elif", RULE_BRANCH },
    { "else", RULE_BRANCH },
    { "endif", RULE_BRANCH },
};

static const struct {
    const char *word;
    enum rule rule;
} denied[] = {
    { "asm", RULE_ASM },
    { "__asm", RULE_ASM },
    { "__asm__", RULE_ASM },
    { "_Thread_local", RULE_THREAD },
    { "__thread", RULE_THREAD },
    { "thread_local", RULE_THREAD },
    { "_Pragma", RULE_DIRECTIVE },
    { "intptr_t", RULE_ADDRESS },
    { "uintptr_t", RULE_ADDRESS },
};

/* The compiler's words that C11 programs write; and its builtins without memory of their own. */
static const char *const reserved_allowed[] = { "_Bool", "_Static_assert", "_Alignof", NULL };
const char *const source_builtins[] = { "__builtin_strlen", "__builtin_clz", "__builtin_clzll",
    "__builtin_ctz", "__builtin_ctzll", "__builtin_add_overflow", "__builtin_sub_overflow",
    "__builtin_mul_overflow", "__builtin_expect", NULL };
const char *const source_attributes[] = { "unused", NULL };
static const char *const digraphs[] = { "<:", ":>", "<%", "%>", "%:", "%:%:", NULL };

struct words {
    struct findings *findings;
    struct lex lex;
    struct lex_token token, before;
    struct place place; /* of `counted` */
    uint32_t counted;
};

/* Tokens come in ascending order, so lines are counted once. */
static struct place place_of(struct words *words, uint32_t offset)
{
    for (; words->counted < offset; words->counted++) {
        words->place.column++;
        if (words->lex.text.at[words->counted] == '\n')
            words->place = (struct place){ words->place.line + 1, 1 };
    }
    return words->place;
}

static void refuse(struct words *words, enum rule rule)
{
    rule_refuse(words->findings, rule, place_of(words, words->token.span.from),
        lex_text(&words->lex, words->token));
}

static bool is_in(struct str text, const char *const *list)
{
    for (; *list; list++)
        if (str_equal(text, str_of(*list)))
            return true;
    return false;
}

static void next(struct words *words)
{
    words->before = words->token;
    words->token = lex_next(&words->lex);
}

static bool more_of_line(const struct words *words)
{
    return words->token.kind != LEX_END && !words->token.line_start;
}

/* What is included, as it stands there, and nothing behind it. */
static bool is_allowed_header(struct words *words)
{
    uint32_t from = words->token.span.from, to = from;
    for (bool closed = false; !closed && more_of_line(words); next(words)) {
        closed = words->token.kind == LEX_STRING || lex_is(&words->lex, words->token, ">");
        to = words->token.span.to;
    }
    struct str name = { words->lex.text.at + from, to - from };
    return !more_of_line(words) && is_in(name, source_headers);
}

/* From the # to the end of its line. */
static void check_directive(struct words *words)
{
    struct lex_token hash = words->token;
    struct place place = place_of(words, hash.span.from);
    enum rule rule = RULE_DIRECTIVE;
    next(words);
    if (hash.line_start && more_of_line(words))
        for (size_t i = 0; i < COUNT_OF(directives); i++)
            if (lex_is(&words->lex, words->token, directives[i].word))
                rule = directives[i].rule;
    bool plain = rule == RULE_INCLUDE && lex_is(&words->lex, words->token, "include");
    if (plain)
        next(words);
    bool allowed = plain && is_allowed_header(words);
    while (more_of_line(words))
        next(words);
    if (!allowed)
        rule_refuse(words->findings, rule, place,
            (struct str){
                words->lex.text.at + hash.span.from, words->before.span.to - hash.span.from });
}

/* __attribute__((WORD)) and nothing else; the tokens are taken up to what was expected. */
static void check_attribute(struct words *words)
{
    static const char *const want[] = { "(", "(", NULL, ")", ")" };
    struct words look = *words;
    bool allowed = true;
    for (size_t i = 0; i < COUNT_OF(want) && allowed; i++) {
        next(&look);
        allowed = want[i] ? lex_is(&look.lex, look.token, want[i])
                          : is_in(lex_text(&look.lex, look.token), source_attributes);
    }
    if (!allowed)
        refuse(words, RULE_ATTRIBUTE);
}

/* The linker has such names too: a function _init would run while the plugin is loaded. */
static bool is_reserved(struct str word)
{
    return word.at[0] == '_';
}

/* Beyond that no screen shows it; the end of a call behind a long text may stand there. */
enum { COLUMN_MAX = 400 };

static void check_word(struct words *words)
{
    struct str word = lex_text(&words->lex, words->token);
    if (place_of(words, words->token.span.from).column > COLUMN_MAX)
        refuse(words, RULE_BLANKS);
    for (size_t i = 0; i < COUNT_OF(denied); i++)
        if (str_equal(word, str_of(denied[i].word))) {
            refuse(words, denied[i].rule);
            return;
        }
    if (str_equal(word, STR("__attribute__")) || str_equal(word, STR("__attribute")))
        check_attribute(words);
    else if (str_starts(word, STR("__builtin_"))) {
        if (!is_in(word, source_builtins))
            refuse(words, RULE_BUILTIN);
    } else if (is_reserved(word) && !is_in(word, reserved_allowed))
        refuse(words, RULE_RESERVED);
}

/* Where && cannot join two values, it takes a label's address. */
static bool is_prefix(const struct words *words)
{
    struct lex_token before = words->before;
    if (before.kind == LEX_PUNCTUATION)
        return !lex_is(&words->lex, before, ")") && !lex_is(&words->lex, before, "]") &&
               !lex_is(&words->lex, before, "++") && !lex_is(&words->lex, before, "--");
    return lex_is(&words->lex, before, "return");
}

static void check_punctuation(struct words *words)
{
    struct str text = lex_text(&words->lex, words->token);
    if (is_in(text, digraphs))
        refuse(words, RULE_DIGRAPH);
    if (str_equal(text, STR("&&")) && is_prefix(words))
        refuse(words, RULE_COMPUTED_GOTO);
    if (str_equal(text, STR("[")) && lex_is(&words->lex, words->before, "["))
        refuse(words, RULE_ATTRIBUTE); /* of C23, which gcc takes before it */
    if (str_equal(text, STR("*")) && lex_is(&words->lex, words->before, "goto"))
        refuse(words, RULE_COMPUTED_GOTO);
}

static void check_bad(struct words *words)
{
    bool outside = (unsigned char)words->lex.text.at[words->token.span.from] >= 0x80;
    bool again = words->before.kind == LEX_BAD && words->before.span.to == words->token.span.from;
    if (!outside || !again)
        refuse(words, outside ? RULE_ASCII : RULE_TOKEN);
}

/* A comment that seems to end, or to begin, where it does not. */
static void check_comments(struct findings *findings, struct str text)
{
    struct words words = {
        .findings = findings, .lex = { .text = text, .comments = true }, .place = { 1, 1 }
    };
    for (next(&words); words.token.kind != LEX_END; next(&words)) {
        struct str comment = lex_text(&words.lex, words.token);
        if (words.token.kind != LEX_COMMENT || !str_starts(comment, STR("/*")))
            continue;
        struct str inside = { comment.at + 2, comment.size - 2 };
        if (str_find(inside, STR("/*")) >= 0 || str_starts(inside, STR("/")))
            refuse(&words, RULE_COMMENT);
    }
}

void source_check_words(struct findings *findings, struct str text)
{
    struct words words = { .findings = findings, .lex = { .text = text }, .place = { 1, 1 } };
    for (next(&words); words.token.kind != LEX_END;) {
        bool hash = lex_is(&words.lex, words.token, "#") || lex_is(&words.lex, words.token, "##");
        if (hash) {
            check_directive(&words);
            continue;
        }
        if (words.token.kind == LEX_WORD)
            check_word(&words);
        else if (words.token.kind == LEX_PUNCTUATION)
            check_punctuation(&words);
        else if (words.token.kind == LEX_BAD)
            check_bad(&words);
        next(&words);
    }
    check_comments(findings, text);
}
