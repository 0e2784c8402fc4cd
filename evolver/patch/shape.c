/* shape - see shape.h. From the last node to the first, each node's digest is made of its
 * children's. */
#include "patch/shape.h"
#include "patch/names.h"
#include "patch/outline_names.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A name of the function around it stands as its number there; a function's, as the file's. */
struct shaping {
    const struct syntax *syntax;
    struct digest *at;    /* of each node */
    const char **renamed; /* of an identifier: what stands for it; NULL: itself */
    struct arena arena;
};
struct renaming {
    struct str name;
    uint32_t number;
};

/* --- names that stand for nothing but themselves */

static bool declares(const struct syntax *syntax, uint32_t node)
{
    return syntax_is(syntax, node, "declaration") ||
           syntax_is(syntax, node, "parameter_declaration");
}

static bool in_function(const struct syntax *syntax, uint32_t node)
{
    return syntax_around(syntax, node, "function_definition") != 0;
}

/* Names of the file that are no functions of its own; and all names that locals have. */
static void collect(struct names *file, struct names *local, struct shaping *shaping)
{
    const struct syntax *syntax = shaping->syntax;
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        if (syntax_is(syntax, node, "enumerator"))
            names_add(file, syntax_text(syntax, syntax_first(syntax, node)), &shaping->arena);
        bool said_before = syntax_is(syntax, node, "parameter_declaration") &&
                           !in_function(syntax, node); /* of a prototype: it names nothing */
        if (!declares(syntax, node) || said_before)
            continue;
        for (struct declared declared = { .declaration = node };
             outline_next_declared(syntax, &declared);) {
            bool inside = in_function(syntax, node);
            if (inside || !declared.function)
                names_add(
                    inside ? local : file, syntax_text(syntax, declared.name), &shaping->arena);
        }
    }
    names_sort(file);
    names_sort(local);
}

static bool is_host(struct str name)
{
    return str_starts(name, STR("moult_")) || str_starts(name, STR("__"));
}

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct renaming *)a)->name, ((const struct renaming *)b)->name);
}

/* Each name once, with the place among them at which it was declared. */
static uint32_t sort_names(struct renaming *list, uint32_t count)
{
    uint32_t kept = 0;
    if (count)
        qsort(list, count, sizeof(*list), by_name);
    for (uint32_t i = 0; i < count; i++)
        if (kept && str_equal(list[kept - 1].name, list[i].name))
            list[kept - 1].number =
                list[i].number < list[kept - 1].number ? list[i].number : list[kept - 1].number;
        else
            list[kept++] = list[i];
    return kept;
}

static void rename_within(
    struct shaping *shaping, uint32_t top, const struct renaming *list, uint32_t count, char mark)
{
    const struct syntax *syntax = shaping->syntax;
    if (count)
        SYNTAX_EACH_WITHIN(node, syntax, top)
        {
            if (!syntax_is(syntax, node, "identifier"))
                continue;
            const struct renaming key = { .name = syntax_text(syntax, node) };
            const struct renaming *found = bsearch(&key, list, count, sizeof(key), by_name);
            if (found)
                shaping->renamed[node] = arena_format(&shaping->arena, "%c%u", mark, found->number);
        }
}

static void rename_locals(struct shaping *shaping, uint32_t function, const struct names *file,
    const struct names *others)
{
    const struct syntax *syntax = shaping->syntax;
    struct renaming *list = NULL;
    uint32_t count = 0;
    SYNTAX_EACH_WITHIN(node, syntax, function)
    if (declares(syntax, node))
        for (struct declared declared = { .declaration = node };
             outline_next_declared(syntax, &declared);) {
            struct str name = syntax_text(syntax, declared.name);
            if (declared.function || names_has(file, name) || names_has(others, name) ||
                is_host(name))
                continue;
            list = outline_more(&shaping->arena, list, count, sizeof(*list));
            list[count] = (struct renaming){ name, count };
            count++;
        }
    rename_within(shaping, function, list, sort_names(list, count), '$');
}

static void rename_all(struct shaping *shaping)
{
    const struct syntax *syntax = shaping->syntax;
    struct names file = { 0 }, local = { 0 }, functions = { 0 };
    struct renaming *list = NULL;
    uint32_t count = 0;
    collect(&file, &local, shaping);
    SYNTAX_EACH_CHILD(node, syntax, 0)
    {
        struct declared declared = { .declaration = node };
        if (!syntax_is(syntax, node, "function_definition") ||
            !outline_next_declared(syntax, &declared))
            continue;
        struct str name = syntax_text(syntax, declared.name);
        names_add(&functions, name, &shaping->arena);
        if (names_has(&file, name) || names_has(&local, name) || is_host(name))
            continue;
        list = outline_more(&shaping->arena, list, count, sizeof(*list));
        list[count] = (struct renaming){ name, count };
        count++;
    }
    names_sort(&functions);
    rename_within(shaping, 0, list, sort_names(list, count), '@');
    SYNTAX_EACH_CHILD(node, syntax, 0)
    if (syntax_is(syntax, node, "function_definition"))
        rename_locals(shaping, node, &file, &functions);
}

/* --- what is the same */

/* Nothing happens in it, so that it may stand on either side. */
static bool does_nothing(const struct syntax *syntax, uint32_t top)
{
    static const char *const doing[] = { "call_expression", "assignment_expression",
        "update_expression", "comma_expression" };
    SYNTAX_EACH_WITHIN(node, syntax, top)
    for (size_t i = 0; i < COUNT_OF(doing); i++)
        if (syntax_is(syntax, node, doing[i]))
            return false;
    return true;
}

static bool is_skipped(const struct syntax *syntax, uint32_t node)
{
    return syntax_is(syntax, node, "comment") ||
           syntax->nodes[node].span.from == syntax->nodes[node].span.to;
}

/* The only thing in it but for comments and `but`, or 0. */
static uint32_t only_child(
    const struct syntax *syntax, uint32_t node, const char *open, const char *close)
{
    uint32_t only = 0;
    SYNTAX_EACH_CHILD(child, syntax, node)
    {
        if (is_skipped(syntax, child) || syntax_is(syntax, child, open) ||
            syntax_is(syntax, child, close))
            continue;
        if (only)
            return 0;
        only = child;
    }
    return only;
}

/* What a node stands for that only wraps another: parentheses, braces around one statement. */
static uint32_t wrapped(const struct syntax *syntax, uint32_t node)
{
    if (syntax_is(syntax, node, "parenthesized_expression"))
        return only_child(syntax, node, "(", ")");
    if (!syntax_is(syntax, node, "compound_statement") ||
        syntax_is(syntax, syntax->nodes[node].parent, "function_definition"))
        return 0;
    uint32_t only = only_child(syntax, node, "{", "}");
    return only && !declares(syntax, only) && !syntax_is(syntax, only, "case_statement") ? only : 0;
}

static bool is_one_of(struct str sign, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(sign, str_of(list[i])))
            return true;
    return false;
}

static int compare(const struct digest *a, const struct digest *b)
{
    return memcmp(a->at, b->at, sizeof(a->at));
}

/* Both sides of an operator in one order; `a > b` as `b < a`. False: it has no other order. */
static bool both_sides(struct shaping *shaping, uint32_t node, struct digest *ret)
{
    static const char *const either[] = { "+", "*", "&", "|", "^", "==", "!=" };
    static const char *const turned[] = { ">", ">=" };
    const struct syntax *syntax = shaping->syntax;
    uint32_t left = syntax_child(syntax, node, "left"), right = syntax_child(syntax, node, "right");
    uint32_t sign = syntax_child(syntax, node, "operator");
    if (!syntax_is(syntax, node, "binary_expression") || !left || !right || !sign)
        return false;
    struct str text = syntax_text(syntax, sign);
    bool any = is_one_of(text, either, COUNT_OF(either));
    bool turn = is_one_of(text, turned, COUNT_OF(turned));
    if ((!any && !turn) || !does_nothing(syntax, node))
        return false;
    bool swap = turn || compare(&shaping->at[left], &shaping->at[right]) > 0;
    const struct digest *first = &shaping->at[swap ? right : left],
                        *second = &shaping->at[swap ? left : right];
    const struct str parts[] = { STR("binary"),
        turn ? (text.size == 2 ? STR("<=") : STR("<")) : text,
        { (const char *)first->at, sizeof(first->at) },
        { (const char *)second->at, sizeof(second->at) } };
    *ret = hash_parts(parts, COUNT_OF(parts));
    return true;
}

/* `a < b` as both_sides has it. */
static bool has_order(const struct syntax *syntax, uint32_t node)
{
    uint32_t sign =
        syntax_is(syntax, node, "binary_expression") ? syntax_child(syntax, node, "operator") : 0;
    return sign && (syntax_has_text(syntax, sign, "<") || syntax_has_text(syntax, sign, "<=")) &&
           does_nothing(syntax, node);
}

static struct digest ordered(struct shaping *shaping, uint32_t node)
{
    const struct syntax *syntax = shaping->syntax;
    const struct digest *left = &shaping->at[syntax_child(syntax, node, "left")],
                        *right = &shaping->at[syntax_child(syntax, node, "right")];
    const struct str parts[] = { STR("binary"),
        syntax_text(syntax, syntax_child(syntax, node, "operator")),
        { (const char *)left->at, sizeof(left->at) },
        { (const char *)right->at, sizeof(right->at) } };
    return hash_parts(parts, COUNT_OF(parts));
}

static struct digest shape_at(struct shaping *shaping, uint32_t node)
{
    const struct syntax *syntax = shaping->syntax;
    struct digest made;
    CLEANUP(buf_done) struct buf text = { 0 };
    uint32_t within = wrapped(syntax, node);
    if (within)
        return shaping->at[within];
    if (both_sides(shaping, node, &made))
        return made;
    if (has_order(syntax, node))
        return ordered(shaping, node);
    buf_text(&text, syntax->nodes[node].kind);
    buf_char(&text, 0);
    if (shaping->renamed[node])
        buf_text(&text, shaping->renamed[node]);
    else if (syntax->nodes[node].leaf || syntax_is(syntax, node, "string_literal") ||
             syntax_is(syntax, node, "preproc_include"))
        buf_str(&text, syntax_text(syntax, node));
    else
        SYNTAX_EACH_CHILD(child, syntax, node)
    if (!is_skipped(syntax, child)) {
        buf_text(&text, syntax->nodes[child].field);
        buf_char(&text, 0);
        buf_add(&text, shaping->at[child].at, sizeof(shaping->at[child].at));
    }
    return hash_of(buf_view(&text));
}

struct digest shape_of(const struct syntax *syntax)
{
    struct shaping shaping = { .syntax = syntax };
    shaping.at = arena_take(&shaping.arena, (syntax->count + 1) * sizeof(*shaping.at));
    shaping.renamed = arena_alloc(&shaping.arena, (syntax->count + 1) * sizeof(*shaping.renamed));
    rename_all(&shaping);
    for (uint32_t node = syntax->count; node-- > 0;)
        shaping.at[node] = shape_at(&shaping, node);
    struct digest shape = shaping.at[0];
    arena_done(&shaping.arena);
    return shape;
}
