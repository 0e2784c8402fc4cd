/* source_tree - constructs by allow-list, declarations, and the queries of deny.scm. */
#include "patch/names.h"
#include "patch/outline_names.h"
#include "patch/query.h"
#include "patch/source.h"

#include "base/mem.h"

#include <string.h>

/* Made from deny.scm by CMakeLists.txt. */
extern const char deny_queries[];
extern const size_t deny_queries_size;

/* The grammar's words that plugins use. Directives are not here: source_words.c has them. */
static const char *const kinds[] = { "translation_unit", "comment", "preproc_include",
    "system_lib_string", "string_literal", "string_content", "escape_sequence",
    "concatenated_string", "char_literal", "character", "number_literal", "identifier",
    "field_identifier", "type_identifier", "statement_identifier", "primitive_type",
    "sized_type_specifier", "struct_specifier", "enum_specifier", "enumerator_list", "enumerator",
    "field_declaration_list", "field_declaration", "bitfield_clause", "type_qualifier",
    "storage_class_specifier", "type_definition", "type_descriptor", "abstract_pointer_declarator",
    "abstract_array_declarator", "abstract_function_declarator",
    "abstract_parenthesized_declarator", "declaration", "init_declarator", "pointer_declarator",
    "array_declarator", "function_declarator", "parenthesized_declarator", "parameter_list",
    "parameter_declaration", "variadic_parameter", "function_definition", "compound_statement",
    "expression_statement", "if_statement", "else_clause", "for_statement", "while_statement",
    "do_statement", "switch_statement", "case_statement", "break_statement", "continue_statement",
    "return_statement", "goto_statement", "labeled_statement", "binary_expression",
    "unary_expression", "update_expression", "assignment_expression", "conditional_expression",
    "comma_expression", "call_expression", "argument_list", "field_expression",
    "subscript_expression", "pointer_expression", "parenthesized_expression", "cast_expression",
    "sizeof_expression", "alignof_expression", "offsetof_expression", "compound_literal_expression",
    "initializer_list", "initializer_pair", "field_designator", "subscript_designator",
    "attribute_specifier", "true", "false", "null" };

static const char *const file_kinds[] = { "comment", "preproc_include", "declaration",
    "function_definition", "struct_specifier", "enum_specifier", "type_definition", ";" };

struct check {
    struct findings *findings;
    const struct syntax *syntax;
    struct names declared, constants; /* of the file: functions and variables; enumerators */
    struct names labels;
    struct arena arena;
};

static bool is_in(const char *kind, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(kind, list[i]))
            return true;
    return false;
}
#define IS_IN(kind, list) is_in(kind, list, COUNT_OF(list))

static void refuse(struct check *check, enum rule rule, uint32_t node)
{
    rule_refuse(
        check->findings, rule, check->syntax->nodes[node].place, syntax_text(check->syntax, node));
}

static void take_match(void *data, struct str name, struct span span, struct place place)
{
    struct check *check = data;
    int rule = rule_find(name);
    if (rule >= 0)
        rule_refuse(check->findings, (enum rule)rule, place, syntax_slice(check->syntax, span));
}

static bool is_told(const struct findings *findings, struct place place)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (findings->at[i].place.line == place.line &&
            findings->at[i].place.column == place.column)
            return true;
    return false;
}

static bool stands_in_file(const struct syntax *syntax, uint32_t node)
{
    return IS_IN(syntax->nodes[node].kind, file_kinds) ||
           (syntax_is(syntax, node, "expression_statement") &&
               str_starts(syntax_text(syntax, node), STR("_Static_assert")));
}

/* What is no part of the language that plugins are written in; the inside of such is not told. */
static void check_kinds(struct check *check)
{
    const struct syntax *syntax = check->syntax;
    for (uint32_t node = 1; node < syntax->count;) {
        const struct syntax_node *at = &syntax->nodes[node];
        bool placed = at->parent != 0 || stands_in_file(syntax, node);
        bool known = placed && (!at->named || IS_IN(at->kind, kinds));
        if (!known && !is_told(check->findings, at->place))
            refuse(check, RULE_KIND, node);
        node += known ? 1 : at->next;
    }
}

static void collect(struct check *check)
{
    const struct syntax *syntax = check->syntax;
    static const char *const declare[] = { "declaration", "parameter_declaration",
        "function_definition" };
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        if (syntax_is(syntax, node, "enumerator"))
            names_add(
                &check->constants, syntax_text(syntax, syntax_first(syntax, node)), &check->arena);
        if (syntax_is(syntax, node, "labeled_statement"))
            names_add(
                &check->labels, syntax_text(syntax, syntax_first(syntax, node)), &check->arena);
        if (!IS_IN(syntax->nodes[node].kind, declare))
            continue;
        for (struct declared declared = { .declaration = node };
             outline_next_declared(syntax, &declared);)
            names_add(&check->declared, syntax_text(syntax, declared.name), &check->arena);
    }
    names_sort(&check->declared);
    names_sort(&check->constants);
    names_sort(&check->labels);
}

/* Whether what is nearest to the name is const: the last pointer, else the type itself. `inmost` is
 * the declarator around the name. */
static bool is_constant(const struct syntax *syntax, uint32_t inmost, uint32_t declaration)
{
    for (uint32_t node = inmost; node > declaration; node = syntax->nodes[node].parent)
        if (outline_ends_with(syntax->nodes[node].kind, "pointer_declarator"))
            return outline_has_word(syntax, node, "type_qualifier", "const");
    return outline_has_word(syntax, declaration, "type_qualifier", "const");
}

/* Functions are static and so is what they keep, which never changes. */
static void check_declaration(struct check *check, uint32_t node)
{
    const struct syntax *syntax = check->syntax;
    bool is_static = outline_has_word(syntax, node, "storage_class_specifier", "static");
    bool lasts = is_static || syntax->nodes[node].parent == 0;
    for (struct declared declared = { .declaration = node };
         outline_next_declared(syntax, &declared);) {
        if (declared.function && !is_static)
            refuse(check, RULE_EXTERN, declared.name);
        if (!declared.function && lasts &&
            !is_constant(syntax, syntax->nodes[declared.name].parent, node))
            refuse(check, RULE_WRITABLE, declared.name);
    }
}

static void check_function(struct check *check, uint32_t node)
{
    struct declared declared = { .declaration = node };
    bool nested = check->syntax->nodes[node].parent != 0; /* which another rule refuses */
    if (!nested && !outline_has_word(check->syntax, node, "storage_class_specifier", "static"))
        refuse(check, RULE_EXTERN,
            outline_next_declared(check->syntax, &declared) ? declared.name : node);
}

static void check_call(struct check *check, uint32_t node)
{
    uint32_t function = syntax_child(check->syntax, node, "function");
    if (!function || !syntax_is(check->syntax, function, "identifier"))
        return;
    struct str name = syntax_text(check->syntax, function);
    if (!str_starts(name, STR("moult_")) && !str_starts(name, STR("__builtin_")) &&
        !str_equal(name, STR("_Static_assert")) && !names_has(&check->declared, name))
        refuse(check, RULE_EXTERN, function);
}

/* (a)&&label is a comparison unless a is a type; the tree takes (int)&&label for two addresses. */
static void check_label_address(struct check *check, uint32_t node)
{
    const struct syntax *syntax = check->syntax;
    uint32_t name = syntax_next_token(syntax, syntax_end_of_token(syntax, node));
    if (name && names_has(&check->labels, syntax_text(syntax, name)))
        refuse(check, RULE_COMPUTED_GOTO, name);
}

static void check_address(struct check *check, uint32_t node)
{
    if (str_starts(syntax_text(check->syntax, node), STR("&&")))
        refuse(check, RULE_COMPUTED_GOTO, node);
}

/* Outside functions such an object lasts as long as the plugin. */
static void check_literal(struct check *check, uint32_t node)
{
    const struct syntax *syntax = check->syntax;
    uint32_t type = syntax_child(syntax, node, "type");
    if (!type || syntax_around(syntax, node, "function_definition"))
        return;
    uint32_t inmost = type;
    for (uint32_t inner; (inner = syntax_child(syntax, inmost, "declarator")) != 0;)
        inmost = inner;
    if (!is_constant(syntax, inmost, type))
        refuse(check, RULE_WRITABLE, type);
}

static void check_array(struct check *check, uint32_t node)
{
    const struct syntax *syntax = check->syntax;
    uint32_t size = syntax_child(syntax, node, "size");
    if (!size || !syntax_around(syntax, node, "function_definition"))
        return;
    for (uint32_t at = size, end = size + syntax->nodes[size].next; at < end;) {
        bool apart = syntax_is(syntax, at, "sizeof_expression");
        bool name = syntax_is(syntax, at, "identifier");
        if (name && !names_has(&check->constants, syntax_text(syntax, at)) &&
            !str_starts(syntax_text(syntax, at), STR("MOULT_"))) {
            refuse(check, RULE_VLA, size);
            return;
        }
        at += apart ? syntax->nodes[at].next : 1;
    }
}

static bool is_exported(const struct syntax *syntax, uint32_t node)
{
    struct declared declared = { .declaration = node };
    return syntax_is(syntax, node, "declaration") && outline_next_declared(syntax, &declared) &&
           (syntax_has_text(syntax, declared.name, "moult_plugin") ||
               syntax_has_text(syntax, declared.name, "moult_pipeline"));
}

/* The word is in no node: it is where the source and what was parsed differ. */
static void check_exports(struct check *check)
{
    const struct syntax *syntax = check->syntax;
    static const struct str word = { SYNTAX_EXPORT, sizeof(SYNTAX_EXPORT) - 1 };
    struct place place = { 1, 1 };
    uint32_t node = syntax_first(syntax, 0);
    for (uint32_t at = 0; at < syntax->source.size; at++, place.column++) {
        if (syntax->source.at[at] == '\n')
            place = (struct place){ place.line + 1, 0 };
        if (syntax->source.at[at] == syntax->seen.at[at])
            continue;
        while (node && syntax->nodes[node].span.to <= at)
            node = syntax_after(syntax, node);
        if (!node || (!syntax_is(syntax, node, "comment") && !is_exported(syntax, node)))
            rule_refuse(check->findings, RULE_EXPORT, place, word);
        at += (uint32_t)word.size - 1;
        place.column += (uint32_t)word.size - 1;
    }
}

static const struct {
    const char *kind;
    void (*check)(struct check *check, uint32_t node);
} checks[] = {
    { "declaration", check_declaration },
    { "function_definition", check_function },
    { "call_expression", check_call },
    { "&&", check_label_address },
    { "pointer_expression", check_address },
    { "compound_literal_expression", check_literal },
    { "array_declarator", check_array },
    { "abstract_array_declarator", check_array },
};

/* They are the same for every source, and cost more to read than a source does. */
static int deny(const struct query **ret, struct err *err)
{
    static struct query *query;
    int rc = query ? 0 : query_new(&query, (struct str){ deny_queries, deny_queries_size }, err);
    *ret = query;
    return rc;
}

int source_check_tree(struct findings *findings, const struct syntax *syntax, struct err *err)
{
    struct check check = { .findings = findings, .syntax = syntax };
    const struct query *query;
    int rc = deny(&query, err);
    if (rc < 0)
        return rc;
    query_run(query, syntax, take_match, &check);
    collect(&check);
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (syntax_is(syntax, node, checks[i].kind))
            checks[i].check(&check, node);
    check_exports(&check);
    source_check_pointers(findings, syntax);
    check_kinds(&check);
    arena_done(&check.arena);
    return 0;
}
