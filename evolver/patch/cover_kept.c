/* cover_kept - where a number goes, and as what. See cover_numbers.h.
 *
 * `uint8_t low = n` is `n % 256` without a sign of it, and so is a return, or an argument. */
#include "patch/cover_numbers.h"

#include "base/mem.h"

#include <string.h>

static bool is_in(struct str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(text, str_of(words[i])))
            return true;
    return false;
}

static bool is_narrow(struct str type)
{
    static const char *const narrow[] = { "bool", "_Bool", "char", "signed char", "unsigned char",
        "int8_t", "uint8_t", "short", "unsigned short", "int16_t", "uint16_t" };
    return is_in(type, narrow, COUNT_OF(narrow));
}

/* Of eight bytes no number loses any; anything else is no number, or as wide. */
bool cover_may_lose(struct str type)
{
    static const char *const middle[] = { "int", "unsigned", "unsigned int", "int32_t", "uint32_t",
        "moult_action" };
    return is_narrow(type) || is_in(type, middle, COUNT_OF(middle)) ||
           (type.size > 5 && memcmp(type.at, "enum ", 5) == 0);
}

/* Of `TYPE name = value`. */
static struct str type_of_variable(const struct syntax *syntax, uint32_t declarator, uint32_t value)
{
    if (strcmp(syntax->nodes[value].field, "value") != 0 ||
        !syntax_is(syntax, syntax_child(syntax, declarator, "declarator"), "identifier"))
        return (struct str){ 0 };
    return syntax_text(syntax, syntax_child(syntax, syntax->nodes[declarator].parent, "type"));
}

static struct str type_of_return(const struct cover_numbers *numbers, uint32_t node)
{
    const struct outline_functions *functions = numbers->functions;
    uint32_t within = syntax_around(numbers->syntax, node, "function_definition");
    for (uint32_t i = 0; i < functions->count; i++)
        if (functions->at[i].node == within)
            return functions->at[i].returns;
    return (struct str){ 0 };
}

static struct str type_of_parameter(
    const struct cover_numbers *numbers, uint32_t list, uint32_t argument)
{
    const struct syntax *syntax = numbers->syntax;
    uint32_t call = syntax->nodes[list].parent, place = 0;
    struct str name = syntax_text(syntax, syntax_child(syntax, call, "function"));
    const struct outline_function *function = outline_find(numbers->functions, name);
    for (uint32_t it = syntax_first(syntax, list); it && it != argument;
         it = syntax_after(syntax, it))
        place += syntax->nodes[it].named && !syntax_is(syntax, it, "comment");
    return function && place < function->params.count ? function->params.at[place].type
                                                      : (struct str){ 0 };
}

uint32_t cover_user_of(const struct syntax *syntax, uint32_t *node)
{
    uint32_t user = syntax->nodes[*node].parent;
    while (syntax_is(syntax, user, "parenthesized_expression")) {
        *node = user;
        user = syntax->nodes[user].parent;
    }
    return user;
}

struct str cover_kept_type(const struct cover_numbers *numbers, uint32_t node)
{
    const struct syntax *syntax = numbers->syntax;
    uint32_t value = node, user = cover_user_of(syntax, &value);
    struct str type = { 0 };
    if (syntax_is(syntax, user, "return_statement"))
        type = type_of_return(numbers, user);
    else if (syntax_is(syntax, user, "argument_list"))
        type = type_of_parameter(numbers, user, value);
    else if (syntax_is(syntax, user, "init_declarator"))
        type = type_of_variable(syntax, user, value);
    return cover_may_lose(type) ? type : (struct str){ 0 };
}

bool cover_is_kept(const struct cover_numbers *numbers, uint32_t node)
{
    static const char *const copied[] = { "identifier", "field_expression", "call_expression",
        "subscript_expression", "conditional_expression" };
    return is_in(str_of(numbers->syntax->nodes[node].kind), copied, COUNT_OF(copied)) &&
           cover_kept_type(numbers, node).size > 0;
}
