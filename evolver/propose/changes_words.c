/* changes_words - a change as the edits of a patch, and in words. */
#include "propose/printer.h"

#include "base/mem.h"

#include <string.h>

enum { COLUMNS = 100 };

static const char *function_at(const struct printer *p, const struct target *target, uint32_t at)
{
    struct outline_functions functions = outline_functions(target->syntax, p->arena);
    for (uint32_t i = 0; i < functions.count; i++)
        if (functions.at[i].span.from <= at && at < functions.at[i].span.to)
            return arena_format(
                p->arena, " in %.*s", (int)functions.at[i].name.size, functions.at[i].name.at);
    return "";
}

/* On one line, for a sentence. */
static const char *flat(const struct printer *p, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    for (size_t i = 0; i < text.size; i++) {
        bool blank = strchr(" \t\n", text.at[i]) != NULL;
        if (!blank)
            buf_char(&out, text.at[i]);
        else if (out.size > 0 && out.at[out.size - 1] != ' ')
            buf_char(&out, ' ');
    }
    return out.size ? arena_string(p->arena, out.at, out.size) : "";
}

/* --- a part more */

/* Whether C reads the text as one operand of && or ||, whatever stands beside it. */
static bool is_operand(const struct syntax *syntax, uint32_t node, const char *beside)
{
    static const char *const loose[] = { "conditional_expression", "assignment_expression",
        "comma_expression" };
    for (size_t i = 0; i < COUNT_OF(loose); i++)
        if (syntax_is(syntax, node, loose[i]))
            return false;
    uint32_t how =
        syntax_is(syntax, node, "binary_expression") ? syntax_child(syntax, node, "operator") : 0;
    bool logical = syntax_is(syntax, how, "&&") || syntax_is(syntax, how, "||");
    return !logical || syntax_is(syntax, how, beside);
}

/* The part. What narrows was found as what takes the branch away, a conjunction of opposites
 * (search_rows.c): so this is a disjunction. */
static void print_part(const struct printer *p, struct buf *out, bool narrowed)
{
    bool many = p->patch->condition.count > 1;
    buf_text(out, many ? "(" : "");
    for (uint32_t i = 0; i < p->patch->condition.count; i++) {
        buf_text(out, !i ? "" : narrowed ? " || " : " && ");
        printer_literal(p, out, i, false);
    }
    buf_text(out, many ? "))" : ")");
}

/* `C && D` or `C || D`, on two lines where one is too short. */
static struct str with_more(const struct printer *p, const struct target *target,
    const struct change *change, bool narrowed)
{
    CLEANUP(buf_done) struct buf out = { 0 }, part = { 0 };
    const struct syntax *syntax = target->syntax;
    const char *beside = narrowed ? "&&" : "||";
    uint32_t inner = 0, condition = syntax_exact(syntax, change->at);
    SYNTAX_EACH_CHILD(child, syntax, condition)
    if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
        inner = child;
    struct str was = { change->was.at + 1, change->was.size - 2 };
    bool operand = inner && is_operand(syntax, inner, beside);
    print_part(p, &part, narrowed);
    buf_format(&out, operand ? "(%.*s %s" : "((%.*s) %s", (int)was.size, was.at, beside);
    if (syntax->nodes[condition].place.column + was.size + part.size + 8 <= COLUMNS) {
        buf_char(&out, ' ');
        buf_str(&out, buf_view(&part));
    } else {
        uint32_t statement = syntax->nodes[condition].parent;
        buf_char(&out, '\n');
        printer_line(&out, syntax->nodes[statement].place.column + 3, buf_view(&part));
        out.size--; /* its newline */
    }
    return (struct str){ arena_string(p->arena, out.at, out.size), out.size };
}

static void print_branch(struct printer *p, struct printed *ret, const struct target *target)
{
    const struct change *change = p->patch->change;
    bool narrowed = p->patch->body.holes[HOLE_VALUE] == CHANGE_NARROWED;
    p->turn = change->turn;
    p->call = change->call;
    struct str value = with_more(p, target, change, narrowed);
    ret->edits[ret->edits_count++] = (struct target_edit){ change->at.from, change->at.to, value };
    ret->summary = arena_format(p->arena, "The condition %s%s is %s: %s.", flat(p, change->was),
        function_at(p, target, change->at.from), narrowed ? "narrower" : "wider", flat(p, value));
    printer_ingredient(p, narrowed ? "narrow" : "widen");
    for (uint32_t i = 0; i < p->patch->condition.count; i++)
        printer_ingredients_of(p, p->patch->atoms[p->patch->condition.at[i].atom].expr);
}

/* --- another value, or another place */

static void print_value(struct printer *p, struct printed *ret, const struct target *target)
{
    const struct change *change = p->patch->change;
    struct str value = change->values[p->patch->value];
    ret->edits[ret->edits_count++] = (struct target_edit){ change->at.from, change->at.to, value };
    struct str subject = change->name.size ? change->name : change->was;
    ret->summary = arena_format(p->arena, "%s%s becomes %s%s%.*s.", flat(p, subject),
        function_at(p, target, change->at.from), flat(p, value),
        change->name.size ? ", it was " : "", change->name.size ? (int)change->was.size : 0,
        change->was.at);
    if (change->kind > CHANGE_CONDITION)
        printer_ingredient(p, change_words[change->kind]);
    uint32_t before = p->ingredients_count;
    for (unsigned i = 0; i < vocabulary_flags_count; i++)
        if (str_find(value, str_of(vocabulary_flags[i].name)) >= 0)
            printer_ingredient(p, vocabulary_flags[i].name);
    if (p->ingredients_count == before) /* a number, a name */
        printer_ingredient(p, arena_string(p->arena, value.at, value.size));
}

static void print_way(struct printer *p, struct printed *ret, const struct target *target)
{
    const struct change *change = p->patch->change;
    const struct change_way *way = &change->ways[p->patch->value];
    memcpy(ret->edits, way->edits, way->edits_count * sizeof(*way->edits));
    ret->edits_count = way->edits_count;
    ret->summary =
        arena_format(p->arena, "%s%s.", way->does, function_at(p, target, change->at.from));
    printer_ingredient(p, change_words[change->kind]);
}

void change_print_patch(struct printer *p, struct printed *ret, const struct target *target)
{
    const struct change *change = p->patch->change;
    if (p->patch->condition.count > 0)
        print_branch(p, ret, target);
    else if (change->ways)
        print_way(p, ret, target);
    else
        print_value(p, ret, target);
    ret->ingredients = p->ingredients;
    ret->ingredients_count = p->ingredients_count;
}
