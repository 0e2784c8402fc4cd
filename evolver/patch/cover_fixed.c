/* cover_fixed - what is the same in every run. See cover_numbers.h.
 *
 * A variable that gets constants alone has been chosen by branches, and those are watched. */
#include "patch/cover_numbers.h"

#include "base/mem.h"

#include <string.h>

static bool has_field(const struct syntax *syntax, uint32_t node, const char *field)
{
    return !strcmp(syntax->nodes[node].field, field);
}

uint32_t cover_array_of(const struct syntax *syntax, uint32_t node)
{
    for (;;) {
        uint32_t within = syntax_child(syntax, node, "argument");
        if (!within)
            return syntax_is(syntax, node, "identifier") ? node : 0;
        node = within;
    }
}

bool cover_is_fixed_name(const struct cover_numbers *numbers, struct str name)
{
    static const struct str sdk = { "MOULT_", 6 };
    if (names_has(&numbers->local, name))
        return !names_has(&numbers->moving, name);
    return names_has(&numbers->fixed, name) ||
           (name.size > sdk.size && memcmp(name.at, sdk.at, sdk.size) == 0);
}

bool cover_is_fixed(const struct cover_numbers *numbers, uint32_t top)
{
    const struct syntax *syntax = numbers->syntax;
    uint32_t end = top + syntax->nodes[top].next;
    for (uint32_t node = top; node < end;) {
        bool size = syntax_is(syntax, node, "sizeof_expression");
        bool name = !size && syntax_is(syntax, node, "identifier");
        if (name && !cover_is_fixed_name(numbers, syntax_text(syntax, node)))
            return false;
        node += size ? syntax->nodes[node].next : 1;
    }
    return true;
}

/* --- which names */

static void add_declared(struct cover_numbers *numbers, uint32_t node, struct arena *arena)
{
    const struct syntax *syntax = numbers->syntax;
    bool within = syntax_around(syntax, node, "function_definition") != 0;
    if (syntax_is(syntax, syntax->nodes[node].parent, "enumerator"))
        names_add(&numbers->fixed, syntax_text(syntax, node), arena);
    else if (has_field(syntax, node, "declarator"))
        names_add(within ? &numbers->local : &numbers->fixed, syntax_text(syntax, node), arena);
}

/* What this node does to a variable; 0: nothing, or it gives a constant to it. */
static uint32_t moved_by(const struct cover_numbers *numbers, uint32_t node)
{
    static const char *const declarators[] = { "parameter_declaration", "pointer_declarator",
        "array_declarator", "function_declarator" };
    const struct syntax *syntax = numbers->syntax;
    uint32_t sign = syntax_child(syntax, node, "operator");
    for (size_t i = 0; i < COUNT_OF(declarators); i++)
        if (syntax_is(syntax, node, declarators[i]))
            return syntax_child(syntax, node, "declarator");
    if (syntax_is(syntax, node, "update_expression") ||
        (syntax_is(syntax, node, "pointer_expression") && syntax_has_text(syntax, sign, "&")))
        return cover_array_of(syntax, node);
    if (syntax_is(syntax, node, "init_declarator"))
        return cover_is_fixed(numbers, syntax_child(syntax, node, "value"))
                   ? 0
                   : syntax_child(syntax, node, "declarator");
    if (!syntax_is(syntax, node, "assignment_expression"))
        return 0;
    bool notes = syntax_has_text(syntax, sign, "=") || syntax_has_text(syntax, sign, "|=");
    return notes && cover_is_fixed(numbers, syntax_child(syntax, node, "right"))
               ? 0
               : cover_array_of(syntax, syntax_child(syntax, node, "left"));
}

static void find_moving(struct cover_numbers *numbers, struct arena *arena)
{
    const struct syntax *syntax = numbers->syntax;
    struct names moving = { 0 };
    numbers->moving = numbers->local; /* as long as nothing is known of them */
    for (uint32_t node = 1; node < syntax->count; node++) {
        uint32_t name = moved_by(numbers, node);
        if (name && syntax_is(syntax, name, "identifier"))
            names_add(&moving, syntax_text(syntax, name), arena);
    }
    names_sort(&moving);
    numbers->moving = moving;
}

void cover_numbers_of(struct cover_numbers *ret, const struct syntax *syntax,
    const struct outline_functions *functions, struct arena *arena)
{
    *ret = (struct cover_numbers){ .syntax = syntax, .functions = functions };
    for (uint32_t node = 1; node < syntax->count; node++)
        if (syntax_is(syntax, node, "identifier"))
            add_declared(ret, node, arena);
    struct outline_tables tables = outline_tables(syntax, arena);
    for (uint32_t i = 0; i < tables.count; i++)
        if (tables.at[i].rows_count == 1)
            names_add(&ret->single, tables.at[i].name, arena);
    names_sort(&ret->local);
    names_sort(&ret->fixed);
    names_sort(&ret->single);
    find_moving(ret, arena);
}
