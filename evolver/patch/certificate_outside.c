/* certificate_outside - that the new source without its insertions is the old one, token for token
 * as the compiler cuts them: part of the checker. A source whose words a macro could change is none
 * that can be compared, and directives end where their lines end. */
#include "patch/certificate_inside.h"
#include "patch/lex.h"

#include <string.h>

struct reading {
    struct lex lex;
    const struct syntax *syntax;
    const struct certificate *skipping; /* NULL: of the old source */
    struct span traits;                 /* left out; empty: nothing is */
    bool directive, broken;
};

/* `.traits = ...` of the plugin's description with the comma behind it; empty: there is none. */
static struct span traits_of(const struct syntax *syntax)
{
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        uint32_t list = syntax->nodes[node].parent, comma;
        uint32_t init = syntax->nodes[list].parent;
        if (!syntax_is(syntax, node, "initializer_pair") ||
            !str_starts(syntax_text(syntax, node), STR(".traits ")) ||
            !syntax_is(syntax, init, "init_declarator") ||
            !syntax_has_text(syntax, syntax_child(syntax, init, "declarator"), "moult_plugin"))
            continue;
        struct span span = syntax->nodes[node].span;
        if ((comma = syntax_after(syntax, node)) && syntax_is(syntax, comma, ","))
            span.to = syntax->nodes[comma].span.to;
        return span;
    }
    return (struct span){ 0, 0 };
}

/* Whether the token is left out; one that is only partly within breaks the reading. */
static bool is_left_out(struct reading *r, struct span token)
{
    if (token.from < r->traits.to && token.to > r->traits.from)
        return true;
    for (uint32_t i = 0; r->skipping && i < r->skipping->insertions_count; i++) {
        struct span at = r->skipping->insertions[i];
        if (token.to <= at.from || token.from >= at.to)
            continue;
        r->broken |= token.from < at.from || token.to > at.to;
        return true;
    }
    return false;
}

static struct lex_token next(struct reading *r)
{
    struct lex_token token;
    for (;;) {
        token = lex_next(&r->lex);
        bool hash = token.line_start && lex_is(&r->lex, token, "#");
        bool left_out = token.kind != LEX_END && is_left_out(r, token.span);
        r->directive = hash || (r->directive && !token.line_start);
        r->broken |= token.kind == LEX_BAD || (r->directive && left_out);
        if (!left_out)
            return token;
    }
}

static struct reading reading_of(
    const struct syntax *syntax, const struct certificate *skipping, bool traits)
{
    return (struct reading){ .lex = { .text = syntax->source },
        .syntax = syntax,
        .skipping = skipping,
        .traits = traits ? traits_of(syntax) : (struct span){ 0, 0 } };
}

static bool only_includes(const struct syntax *syntax)
{
    struct lex lex = { .text = syntax->source };
    for (struct lex_token token = lex_next(&lex); token.kind != LEX_END; token = lex_next(&lex))
        if (lex_is(&lex, token, "#") && !lex_is(&lex, lex_next(&lex), "include"))
            return false;
    return true;
}

static bool are_apart(const struct certificate *certificate, uint32_t end)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < certificate->insertions_count; i++) {
        struct span span = certificate->insertions[i];
        if (span.from < at || span.to <= span.from || span.to > end)
            return false;
        at = span.to;
    }
    return true;
}

static bool promises_more(const struct syntax *was, const struct syntax *now)
{
    static const struct str promise = { "MOULT_ONLY_LOOKS", 16 };
    return str_find(syntax_slice(now, traits_of(now)), promise) >= 0 &&
           str_find(syntax_slice(was, traits_of(was)), promise) < 0;
}

bool certificate_was(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct span span, struct span *ret)
{
    struct reading old = reading_of(was, NULL, certificate->traits);
    struct reading new = reading_of(now, certificate, certificate->traits);
    bool found = false;
    for (;;) {
        struct lex_token a = next(&old), b = next(&new);
        if (a.kind == LEX_END || b.kind == LEX_END)
            return found;
        if (b.span.from < span.from || b.span.to > span.to)
            continue;
        ret->from = found ? ret->from : a.span.from;
        ret->to = a.span.to;
        found = true;
    }
}

const char *certificate_outside(const struct syntax *was, const struct syntax *now,
    const struct certificate *certificate, struct place *ret_place)
{
    if (!are_apart(certificate, (uint32_t)now->source.size))
        return "insertions that are not apart, or not in the source";
    if (!only_includes(was) || !only_includes(now))
        return "a directive, by which words may mean other things";
    if (certificate->traits && promises_more(was, now))
        return "it promises that the plugin only looks";
    struct reading old = reading_of(was, NULL, certificate->traits);
    struct reading new = reading_of(now, certificate, certificate->traits);
    for (;;) {
        struct lex_token a = next(&old), b = next(&new);
        *ret_place = syntax_place(now, b.span.from);
        if (old.broken || new.broken)
            return "an insertion that is no whole token";
        if (a.kind != b.kind || old.directive != new.directive ||
            !str_equal(lex_text(&old.lex, a), lex_text(&new.lex, b)))
            return "something else than the insertions is not as it was";
        if (a.kind == LEX_END)
            return NULL;
    }
}
