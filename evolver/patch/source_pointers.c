/* source_pointers - a pointer that can be written through leads to one object, and never past it.
 *
 * Below a local lies what earlier hooks left, those of other sessions too, and no sanitizer marks
 * it: a pointer that walks there has a memory that outlives them all. So only arrays, what
 * moult_alloc gave and what cannot be written to are indexed, and nothing is stepped. What a name
 * is stands in its declaration: in the function, in the file, or (of fields) anywhere in it. */
#include "patch/names.h"
#include "patch/outline_names.h"
#include "patch/source.h"

#include "base/mem.h"

#include <stddef.h>

/* Names by what may be done with them. */
struct shapes {
    struct names stays; /* pointers: neither indexed nor stepped */
    struct names given; /* pointers that moult_alloc alone gave: indexed */
    struct names arrays;
    struct names holders; /* of pointers: arrays whose elements stay */
    struct names deep;    /* pointers to pointers: what they lead to stays */
};
struct pointers {
    struct findings *findings;
    const struct syntax *syntax;
    struct shapes fields, file, own; /* own: of the function in work */
    struct arena arena;
};

static void sort(struct shapes *shapes)
{
    struct names *const all[] = { &shapes->stays, &shapes->given, &shapes->arrays, &shapes->holders,
        &shapes->deep };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        names_sort(all[i]);
}

/* How a name stands in its declarator, from the name outwards. */
struct shape {
    bool pointer, array, function; /* what is nearest to the name */
    uint32_t levels;               /* pointers in all */
    bool only_read;                /* what it leads to, at one level */
};

static struct shape shape_of(const struct syntax *syntax, uint32_t name, uint32_t declaration)
{
    struct shape shape = { 0 };
    for (uint32_t node = syntax->nodes[name].parent; node > declaration;
         node = syntax->nodes[node].parent) {
        bool first = !shape.pointer && !shape.array && !shape.function;
        bool pointer = syntax_is(syntax, node, "pointer_declarator");
        shape.levels += pointer;
        if (first) {
            shape.pointer = pointer;
            shape.array = syntax_is(syntax, node, "array_declarator");
            shape.function = syntax_is(syntax, node, "function_declarator");
        }
    }
    if (shape.array && syntax_is(syntax, declaration, "parameter_declaration")) {
        shape.array = false; /* C makes it a pointer */
        shape.pointer = true;
        shape.levels++;
    }
    shape.only_read =
        shape.levels == 1 && outline_has_word(syntax, declaration, "type_qualifier", "const");
    return shape;
}

static bool is_allocation(const struct syntax *syntax, uint32_t value)
{
    uint32_t function = value && syntax_is(syntax, value, "call_expression")
                            ? syntax_child(syntax, value, "function")
                            : 0;
    return function && syntax_has_text(syntax, function, "moult_alloc");
}

static void add(
    struct pointers *p, struct shapes *to, uint32_t name, uint32_t declaration, uint32_t value)
{
    struct shape shape = shape_of(p->syntax, name, declaration);
    struct str text = syntax_text(p->syntax, name);
    bool stays = (shape.pointer || shape.function) && shape.levels > 0 && !shape.only_read;
    if (shape.array)
        names_add(&to->arrays, text, &p->arena);
    if (shape.array && shape.levels > 0 && !shape.only_read)
        names_add(&to->holders, text, &p->arena);
    if (shape.pointer && shape.levels > 1)
        names_add(&to->deep, text, &p->arena);
    if (stays)
        names_add(is_allocation(p->syntax, value) ? &to->given : &to->stays, text, &p->arena);
}

static void collect_declaration(struct pointers *p, struct shapes *to, uint32_t node)
{
    for (struct declared declared = { .declaration = node };
         outline_next_declared(p->syntax, &declared);)
        add(p, to, declared.name, node, declared.value);
}

/* A field's name is another kind of word than a variable's. */
static void collect_field(struct pointers *p, uint32_t node)
{
    SYNTAX_EACH_WITHIN(name, p->syntax, node)
    if (syntax_is(p->syntax, name, "field_identifier") &&
        syntax_around(p->syntax, name, "field_declaration") == node)
        add(p, &p->fields, name, node, 0);
}

static void collect(struct pointers *p, struct shapes *to, uint32_t node)
{
    static const char *const declare[] = { "declaration", "parameter_declaration",
        "function_definition" };
    for (size_t i = 0; i < COUNT_OF(declare); i++)
        if (syntax_is(p->syntax, node, declare[i]))
            collect_declaration(p, to, node);
}

/* The function's own names, and those of its memory that is given something else later. */
static void collect_function(struct pointers *p, uint32_t function)
{
    const struct syntax *syntax = p->syntax;
    p->own = (struct shapes){ 0 };
    SYNTAX_EACH_WITHIN(node, syntax, function)
    collect(p, &p->own, node);
    names_sort(&p->own.given);
    SYNTAX_EACH_WITHIN(node, syntax, function)
    {
        uint32_t left = syntax_is(syntax, node, "assignment_expression")
                            ? syntax_child(syntax, node, "left")
                            : 0;
        if (left && names_has(&p->own.given, syntax_text(syntax, left)) &&
            !is_allocation(syntax, syntax_child(syntax, node, "right")))
            names_add(&p->own.stays, syntax_text(syntax, left), &p->arena);
    }
    sort(&p->own);
}

/* --- what an expression may be */

static uint32_t inner(const struct syntax *syntax, uint32_t node)
{
    while (syntax_is(syntax, node, "parenthesized_expression")) {
        uint32_t within = 0;
        SYNTAX_EACH_CHILD(child, syntax, node)
        if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
            within = child;
        if (!within)
            return node;
        node = within;
    }
    return node;
}

#define SET(member) offsetof(struct shapes, member)

/* Whether the variable or field that an expression names is in one of these sets. */
static bool is_of(const struct pointers *p, uint32_t node, size_t set)
{
    const struct syntax *syntax = p->syntax;
    const struct shapes *where[2] = { &p->own, &p->file };
    size_t count = 2;
    if (syntax_is(syntax, node, "field_expression")) {
        node = syntax_child(syntax, node, "field");
        where[0] = &p->fields;
        count = 1;
    } else if (!syntax_is(syntax, node, "identifier"))
        return false;
    for (size_t i = 0; i < count; i++)
        if (names_has(
                (const struct names *)((const char *)where[i] + set), syntax_text(syntax, node)))
            return true;
    return false;
}

static bool is_address(const struct syntax *syntax, uint32_t node)
{
    return syntax_is(syntax, node, "pointer_expression") &&
           syntax_has_text(syntax, syntax_child(syntax, node, "operator"), "&");
}

/* Which part of an expression its value is, where it is one of them. */
static const struct {
    const char *kind, *fields[2];
} passes_on[] = {
    { "conditional_expression", { "consequence", "alternative" } },
    { "comma_expression", { "right", NULL } },
    { "assignment_expression", { "left", NULL } },
    { "update_expression", { "argument", NULL } },
};

/* An address that can be written to, for all that its words say. */
static bool may_point(const struct pointers *p, uint32_t node)
{
    const struct syntax *syntax = p->syntax;
    node = inner(syntax, node);
    for (size_t i = 0; i < COUNT_OF(passes_on); i++)
        for (size_t k = 0; syntax_is(syntax, node, passes_on[i].kind) && k < 2; k++)
            if (passes_on[i].fields[k] && syntax_child(syntax, node, passes_on[i].fields[k]) &&
                may_point(p, syntax_child(syntax, node, passes_on[i].fields[k])))
                return true;
    if (syntax_is(syntax, node, "pointer_expression"))
        return is_address(syntax, node) ||
               is_of(p, inner(syntax, syntax_child(syntax, node, "argument")), SET(deep));
    if (syntax_is(syntax, node, "subscript_expression"))
        return is_of(p, inner(syntax, syntax_child(syntax, node, "argument")), SET(holders));
    if (syntax_is(syntax, node, "call_expression")) {
        uint32_t function = syntax_child(syntax, node, "function");
        return is_of(p, function, SET(stays)) || is_allocation(syntax, node) ||
               syntax_has_text(syntax, function, "moult_state");
    }
    return is_of(p, node, SET(stays)) || is_of(p, node, SET(given)) || is_of(p, node, SET(arrays));
}

static bool may_index(const struct pointers *p, uint32_t node)
{
    const struct syntax *syntax = p->syntax;
    node = inner(syntax, node);
    if (syntax_is(syntax, node, "subscript_expression"))
        return !may_point(p, node) && may_index(p, syntax_child(syntax, node, "argument"));
    return (syntax_is(syntax, node, "identifier") || syntax_is(syntax, node, "field_expression") ||
               syntax_is(syntax, node, "string_literal")) &&
           !is_of(p, node, SET(stays));
}

/* --- what is refused */

static void refuse(struct pointers *p, uint32_t node)
{
    rule_refuse(
        p->findings, RULE_POINTER_STEP, p->syntax->nodes[node].place, syntax_text(p->syntax, node));
}

static void check_subscript(struct pointers *p, uint32_t node)
{
    uint32_t base = syntax_child(p->syntax, node, "argument");
    uint32_t index = syntax_child(p->syntax, node, "index");
    if (!base || !index || !may_index(p, base) || may_point(p, index))
        refuse(p, node);
}

static bool has_operator(
    const struct syntax *syntax, uint32_t node, const char *one, const char *other)
{
    uint32_t word = syntax_child(syntax, node, "operator");
    return word && (syntax_has_text(syntax, word, one) || syntax_has_text(syntax, word, other));
}

static void check_sum(struct pointers *p, uint32_t node)
{
    uint32_t left = syntax_child(p->syntax, node, "left");
    uint32_t right = syntax_child(p->syntax, node, "right");
    if (has_operator(p->syntax, node, "+", "-") && (may_point(p, left) || may_point(p, right)))
        refuse(p, node);
}

static void check_assignment(struct pointers *p, uint32_t node)
{
    if (has_operator(p->syntax, node, "+=", "-=") &&
        may_point(p, syntax_child(p->syntax, node, "left")))
        refuse(p, node);
}

static void check_update(struct pointers *p, uint32_t node)
{
    if (may_point(p, syntax_child(p->syntax, node, "argument")))
        refuse(p, node);
}

/* Whoever has a pointer's address can change it unseen. */
static void check_address(struct pointers *p, uint32_t node)
{
    uint32_t of = inner(p->syntax, syntax_child(p->syntax, node, "argument"));
    if (is_address(p->syntax, node) && (is_of(p, of, SET(stays)) || is_of(p, of, SET(given))))
        refuse(p, node);
}

/* A type's name would hide what its names are. */
static void check_typedef(struct pointers *p, uint32_t node)
{
    SYNTAX_EACH_CHILD(child, p->syntax, node)
    if (syntax_is(p->syntax, child, "pointer_declarator") ||
        syntax_is(p->syntax, child, "array_declarator")) {
        refuse(p, node);
        return;
    }
}

static const struct {
    const char *kind;
    void (*check)(struct pointers *p, uint32_t node);
} checks[] = {
    { "subscript_expression", check_subscript },
    { "binary_expression", check_sum },
    { "assignment_expression", check_assignment },
    { "update_expression", check_update },
    { "pointer_expression", check_address },
    { "type_definition", check_typedef },
};

static void check_within(struct pointers *p, uint32_t top)
{
    SYNTAX_EACH_WITHIN(node, p->syntax, top)
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (syntax_is(p->syntax, node, checks[i].kind))
            checks[i].check(p, node);
}

void source_check_pointers(struct findings *findings, const struct syntax *syntax)
{
    struct pointers p = { .findings = findings, .syntax = syntax };
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    if (syntax_is(syntax, node, "field_declaration"))
        collect_field(&p, node);
    SYNTAX_EACH_CHILD(child, syntax, 0)
    collect(&p, &p.file, child);
    sort(&p.fields);
    sort(&p.file);
    SYNTAX_EACH_CHILD(child, syntax, 0)
    {
        p.own = (struct shapes){ 0 };
        if (syntax_is(syntax, child, "function_definition"))
            collect_function(&p, child);
        check_within(&p, child);
    }
    arena_done(&p.arena);
}
