/* tokens - see tokens.h. */
#include "patch/tokens.h"
#include "patch/lex.h"

/* What the compiler's headers and the SDK make of their words. Those of functions are replaced like
 * any other word, since what stands in their parentheses passes through. */
const struct token_macro token_macros[] = {
    { "MOULT_EXPORT", "__attribute__((visibility(\"default\")))" },
    { "NULL", "((void *)0)" },
    { "bool", "_Bool" },
    { "true", "1" },
    { "false", "0" },
    { "offsetof", "__builtin_offsetof" },
    { "INT8_MIN", "(-0x7f - 1)" },
    { "INT8_MAX", "0x7f" },
    { "UINT8_MAX", "0xff" },
    { "INT16_MIN", "(-0x7fff - 1)" },
    { "INT16_MAX", "0x7fff" },
    { "UINT16_MAX", "0xffff" },
    { "INT32_MIN", "(-0x7fffffff - 1)" },
    { "INT32_MAX", "0x7fffffff" },
    { "UINT32_MAX", "0xffffffffU" },
    { "INT64_MIN", "(-0x7fffffffffffffffL - 1)" },
    { "INT64_MAX", "0x7fffffffffffffffL" },
    { "UINT64_MAX", "0xffffffffffffffffUL" },
    { "SIZE_MAX", "0xffffffffffffffffUL" },
    { NULL, NULL },
};

static const char *macro_of(struct str word)
{
    for (const struct token_macro *macro = token_macros; macro->word; macro++)
        if (str_equal(word, str_of(macro->word)))
            return macro->text;
    return NULL;
}

/* What was checked: the leaves, between them the export word, and for each its macro. */
struct checked {
    const struct syntax *syntax;
    uint32_t node;        /* the next leaf; 0: none is left */
    uint32_t end;         /* of the last leaf, in the source */
    struct lex leaf, gap; /* what is left of the leaf, and of what stands before it */
    struct lex macro;
    uint32_t leaf_from, gap_from; /* where their texts begin in the source */
    uint32_t at;                  /* of the token that was given last */
    bool stray;                   /* that token is in no leaf */
};

static void open_leaf(struct checked *checked)
{
    const struct syntax *syntax = checked->syntax;
    uint32_t size = (uint32_t)syntax->source.size;
    struct span leaf =
        checked->node ? syntax->nodes[checked->node].span : (struct span){ size, size };
    checked->gap =
        (struct lex){ .text = syntax_slice(syntax, (struct span){ checked->end, leaf.from }) };
    checked->gap_from = checked->end;
    checked->leaf = (struct lex){ .text = syntax_slice(syntax, leaf) };
    checked->leaf_from = leaf.from;
    checked->end = leaf.to;
}

static void checked_begin(struct checked *checked, const struct syntax *syntax)
{
    *checked = (struct checked){ .syntax = syntax, .node = syntax_next_token(syntax, 1) };
    open_leaf(checked);
}

/* Directives are left out: none but known includes are there. */
static struct lex_token next_of_gap(struct lex *gap)
{
    struct lex_token token = lex_next(gap);
    while (token.line_start && lex_is(gap, token, "#")) {
        do
            token = lex_next(gap);
        while (token.kind != LEX_END && !token.line_start);
    }
    return token;
}

static struct str expand(struct checked *checked, struct str word)
{
    const char *text = macro_of(word);
    if (!text)
        return word;
    checked->macro = (struct lex){ .text = str_of(text) };
    return lex_text(&checked->macro, lex_next(&checked->macro));
}

/* The next token, or the empty text at the end. */
static struct str next_checked(struct checked *checked)
{
    for (;;) {
        struct lex_token token = lex_next(&checked->macro);
        if (token.kind != LEX_END)
            return lex_text(&checked->macro, token);
        token = next_of_gap(&checked->gap);
        checked->at = checked->gap_from + token.span.from;
        if (token.kind != LEX_END) {
            checked->stray = !lex_is(&checked->gap, token, SYNTAX_EXPORT);
            return expand(checked, lex_text(&checked->gap, token));
        }
        token = lex_next(&checked->leaf);
        checked->at = checked->leaf_from + token.span.from;
        if (token.kind != LEX_END)
            return expand(checked, lex_text(&checked->leaf, token));
        if (!checked->node)
            return (struct str){ 0 };
        uint32_t behind = syntax_end_of_token(checked->syntax, checked->node);
        checked->node = syntax_next_token(checked->syntax, behind);
        open_leaf(checked);
    }
}

/* What the compiler sees of the plugin's own file. */
struct seen {
    struct lex lex;
    struct str own; /* the file's name, as the markers quote it */
    bool inside;    /* the lines that follow are of that file */
};

/* `# 12 "FILE" 1 3`: takes the line if it is a marker. */
static bool take_marker(struct seen *seen, struct lex_token hash)
{
    struct lex look = seen->lex;
    if (!hash.line_start || !lex_is(&look, hash, "#") || lex_next(&look).kind != LEX_NUMBER)
        return false;
    struct lex_token file = lex_next(&look);
    if (file.kind != LEX_STRING)
        return false;
    struct str name = lex_text(&look, file);
    if (!seen->own.size)
        seen->own = name;
    seen->inside = str_equal(name, seen->own);
    for (struct lex ahead = look;; look = ahead) {
        struct lex_token token = lex_next(&ahead);
        if (token.kind == LEX_END || token.line_start)
            break;
    }
    seen->lex = look;
    return true;
}

static struct str next_seen(struct seen *seen)
{
    for (;;) {
        struct lex_token token = lex_next(&seen->lex);
        if (token.kind == LEX_END)
            return (struct str){ 0 };
        if (!take_marker(seen, token) && seen->inside)
            return lex_text(&seen->lex, token);
    }
}

void tokens_check(struct findings *findings, const struct syntax *syntax, struct str preprocessed)
{
    struct checked checked;
    struct seen seen = { .lex = { .text = preprocessed } };
    checked_begin(&checked, syntax);
    for (;;) {
        struct str want = next_checked(&checked), have = next_seen(&seen);
        if (!str_equal(want, have) || checked.stray) {
            rule_refuse(findings, RULE_TOKENS, syntax_place(syntax, checked.at),
                want.size ? want : STR("the end"));
            return;
        }
        if (!want.size)
            return;
    }
}
