/* outline - see outline.h. Every list is one loop over the nodes in document order. */
#include "patch/outline.h"
#include "patch/outline_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The turn's order; with what the function behind each looks like. */
const char *const outline_hooks[OUTLINE_HOOKS] = { "turn_start", "context", "request",
    "model_error", "reply", "before_tool", "after_tool", "answer", "turn_end" };

static const char turn_only[] = "moult_turn *turn";
static const char turn_and_call[] = "moult_turn *turn, moult_call *call";

const char *outline_hook_params(const char *hook)
{
    for (size_t i = 0; i < OUTLINE_HOOKS; i++)
        if (!strcmp(outline_hooks[i], hook))
            return strstr(hook, "_tool") ? turn_and_call : turn_only;
    return NULL;
}

/* Adds to a list { at, count } in the arena. */
#define ADD(list, arena, ...)                                                                      \
    ((list)->at = outline_more(arena, (list)->at, (list)->count, sizeof((list)->at[0])),           \
        (list)->at[(list)->count++] = (__typeof__((list)->at[0]))__VA_ARGS__)

static void add_function(const struct syntax *syntax, const struct declared *declared,
    struct outline_functions *list, struct arena *arena)
{
    uint32_t node = declared->declaration, body = syntax_child(syntax, node, "body");
    struct outline_names params = { 0 };
    outline_params(syntax, declared->function, &params, arena);
    ADD(list, arena,
        { .name = syntax_text(syntax, declared->name),
            .node = node,
            .body = body,
            .span = syntax->nodes[node].span,
            .body_span = syntax->nodes[body].span,
            .returns = outline_type(syntax, declared, declared->function, arena),
            .params = params,
            .is_static = outline_has_word(syntax, node, "storage_class_specifier", "static") });
}

struct outline_functions outline_functions(const struct syntax *syntax, struct arena *arena)
{
    struct outline_functions list = { 0 };
    SYNTAX_EACH_CHILD(node, syntax, 0)
    {
        struct declared declared = { .declaration = node };
        if (syntax_is(syntax, node, "function_definition") && syntax_child(syntax, node, "body") &&
            outline_next_declared(syntax, &declared) && declared.function)
            add_function(syntax, &declared, &list, arena);
    }
    return list;
}

const struct outline_function *outline_find(
    const struct outline_functions *functions, struct str name)
{
    for (uint32_t i = 0; i < functions->count; i++)
        if (str_equal(functions->at[i].name, name))
            return &functions->at[i];
    return NULL;
}

/* The tree has blanks where the word stands. */
static uint32_t with_export(const struct syntax *syntax, uint32_t from)
{
    static const struct str word = { SYNTAX_EXPORT, sizeof SYNTAX_EXPORT - 1 };
    uint32_t end = from;
    while (end > 0 && (syntax->source.at[end - 1] == ' ' || syntax->source.at[end - 1] == '\n'))
        end--;
    bool there = end >= word.size &&
                 str_equal((struct str){ syntax->source.at + end - word.size, word.size }, word) &&
                 syntax->seen.at[end - 1] == ' ';
    return there ? end - (uint32_t)word.size : from;
}

uint32_t outline_with_comments(const struct syntax *syntax, uint32_t node)
{
    uint32_t from = with_export(syntax, syntax->nodes[node].span.from), comment = 0;
    SYNTAX_EACH_CHILD(child, syntax, 0)
    {
        if (child == node)
            break;
        if (!syntax_is(syntax, child, "comment"))
            comment = 0;
        else if (!comment)
            comment = child;
    }
    return comment ? syntax->nodes[comment].span.from : from;
}

static const char *hook_of(struct str name)
{
    for (size_t i = 0; i < OUTLINE_HOOKS; i++)
        if (str_equal(name, str_of(outline_hooks[i])))
            return outline_hooks[i];
    return NULL;
}

static void add_member(const struct syntax *syntax, uint32_t pair,
    const struct outline_functions *functions, struct outline_plugin *plugin, struct arena *arena)
{
    uint32_t designator = syntax_child(syntax, pair, "designator");
    uint32_t value = syntax_child(syntax, pair, "value");
    uint32_t name = designator ? syntax_child_of_kind(syntax, designator, "field_identifier") : 0;
    if (!name || !value)
        return;
    const char *hook = hook_of(syntax_text(syntax, name));
    ADD(plugin, arena,
        { .name = syntax_text(syntax, name),
            .value = syntax_text(syntax, value),
            .node = pair,
            .value_node = value,
            .hook = hook,
            .function = hook ? outline_find(functions, syntax_text(syntax, value)) : NULL });
}

/* The declaration's own constant of that name with an initialiser list: that list, or 0. */
static uint32_t list_of(const struct syntax *syntax, uint32_t declaration, const char *name)
{
    struct declared declared = { .declaration = declaration };
    while (outline_next_declared(syntax, &declared))
        if (syntax_has_text(syntax, declared.name, name) && declared.value &&
            syntax_is(syntax, declared.value, "initializer_list"))
            return declared.value;
    return 0;
}

struct outline_plugin outline_plugin(
    const struct syntax *syntax, const struct outline_functions *functions, struct arena *arena)
{
    struct outline_plugin plugin = { 0 };
    SYNTAX_EACH_CHILD(node, syntax, 0)
    if (!plugin.node && syntax_is(syntax, node, "declaration") &&
        (plugin.initializer = list_of(syntax, node, "moult_plugin")) != 0)
        plugin.node = node;
    if (plugin.node)
        SYNTAX_EACH_CHILD(pair, syntax, plugin.initializer)
    if (syntax_is(syntax, pair, "initializer_pair"))
        add_member(syntax, pair, functions, &plugin, arena);
    return plugin;
}

static bool is_statement(const struct syntax *syntax, uint32_t node)
{
    const char *kind = syntax->nodes[node].kind;
    return outline_ends_with(kind, "_statement") || !strcmp(kind, "declaration");
}

static const char *const loops[] = { "for_statement", "while_statement", "do_statement" };

static bool is_loop(const struct syntax *syntax, uint32_t node)
{
    return syntax_is(syntax, node, loops[0]) || syntax_is(syntax, node, loops[1]) ||
           syntax_is(syntax, node, loops[2]);
}

static bool in_loop(const struct syntax *syntax, uint32_t node, uint32_t body)
{
    for (; node > body; node = syntax->nodes[node].parent)
        if (is_loop(syntax, syntax->nodes[node].parent))
            return true;
    return false;
}

/* Nothing behind such a statement is reached. */
static bool leaves(const struct syntax *syntax, uint32_t node)
{
    static const char *const kinds[] = { "return_statement", "break_statement",
        "continue_statement", "goto_statement" };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (node && syntax_is(syntax, node, kinds[i]))
            return true;
    return false;
}

static uint32_t last_statement(const struct syntax *syntax, uint32_t block)
{
    uint32_t last = 0;
    SYNTAX_EACH_CHILD(child, syntax, block)
    if (is_statement(syntax, child))
        last = child;
    return last;
}

/* The points of one node within a body: those before it, and the one at its end if it is a block.
 */
static void add_points(const struct syntax *syntax, uint32_t node, uint32_t body,
    struct outline_points *points, struct arena *arena)
{
    uint32_t parent = syntax->nodes[node].parent;
    bool listed = syntax_is(syntax, parent, "compound_statement") ||
                  syntax_is(syntax, parent, "case_statement");
    bool bare = (syntax_is(syntax, parent, "if_statement") ||
                    syntax_is(syntax, parent, "else_clause") || is_loop(syntax, parent)) &&
                !syntax_is(syntax, node, "compound_statement") &&
                !syntax_is(syntax, node, "if_statement") &&
                strcmp(syntax->nodes[node].field, "initializer") != 0;
    if (node != body && is_statement(syntax, node) && (bare || listed) &&
        !syntax_is(syntax, node, "case_statement"))
        ADD(points, arena,
            { .statement = node,
                .block = parent,
                .at = syntax->nodes[node].span.from,
                .bare = bare,
                .in_loop = in_loop(syntax, node, body) });
}

static void add_end(const struct syntax *syntax, uint32_t block, uint32_t body,
    struct outline_points *points, struct arena *arena)
{
    bool of_switch = syntax_is(syntax, syntax->nodes[block].parent, "switch_statement");
    if (!of_switch && !leaves(syntax, last_statement(syntax, block)))
        ADD(points, arena,
            { .block = block,
                .at = syntax->nodes[block].span.to - 1,
                .in_loop = in_loop(syntax, block, body) });
}

/* In document order of the places: a block's end comes behind all that it holds. */
struct outline_points outline_points(
    const struct syntax *syntax, const struct outline_function *function, struct arena *arena)
{
    struct outline_points points = { 0 };
    SYNTAX_EACH_WITHIN(node, syntax, function->body)
    {
        add_points(syntax, node, function->body, &points, arena);
        uint32_t parent = syntax->nodes[node].parent;
        if (syntax_is(syntax, node, "}") && syntax_is(syntax, parent, "compound_statement"))
            add_end(syntax, parent, function->body, &points, arena);
    }
    return points;
}

/* The only thing in parentheses that is not a comment, or the node itself. */
static uint32_t unwrap(const struct syntax *syntax, uint32_t node)
{
    if (node && syntax_is(syntax, node, "parenthesized_expression"))
        SYNTAX_EACH_CHILD(child, syntax, node)
    if (syntax->nodes[child].named && !syntax_is(syntax, child, "comment"))
        return child;
    return node;
}

static uint32_t else_of(const struct syntax *syntax, uint32_t alternative)
{
    if (alternative && syntax_is(syntax, alternative, "else_clause"))
        SYNTAX_EACH_CHILD(child, syntax, alternative)
    if (is_statement(syntax, child))
        return child;
    return alternative;
}

struct outline_conditions outline_conditions(
    const struct syntax *syntax, uint32_t within, struct arena *arena)
{
    struct outline_conditions list = { 0 };
    SYNTAX_EACH_WITHIN(node, syntax, within)
    {
        bool choice = syntax_is(syntax, node, "if_statement") ||
                      syntax_is(syntax, node, "conditional_expression");
        uint32_t condition = syntax_child(syntax, node, "condition");
        if (condition == 0 || (!choice && !is_loop(syntax, node)))
            continue;
        ADD(&list, arena,
            { .node = unwrap(syntax, condition),
                .statement = node,
                .then_node = syntax_child(syntax, node, choice ? "consequence" : "body"),
                .else_node = else_of(syntax, syntax_child(syntax, node, "alternative")) });
    }
    return list;
}

/* A MOULT_ constant, or several joined with |. */
static bool is_flags(const struct syntax *syntax, uint32_t top)
{
    bool found = false;
    SYNTAX_EACH_WITHIN(node, syntax, top)
    {
        if (!syntax->nodes[node].leaf)
            continue;
        if (syntax_is(syntax, node, "identifier"))
            found = str_starts(syntax_text(syntax, node), STR("MOULT_"));
        else
            found = syntax_is(syntax, node, "|");
        if (!found)
            return false;
    }
    return found;
}

/* A whole number as C writes it; 0 where it is none or does not fit. */
static int64_t number_of(struct str text)
{
    char copy[32];
    if (text.size >= sizeof(copy))
        return 0;
    memcpy(copy, text.at, text.size);
    copy[text.size] = 0;
    char *end;
    errno = 0;
    long long number = strtoll(copy, &end, 0);
    return errno || end[strspn(end, "uUlL")] ? 0 : number;
}

/* What kind of literal begins at this node; false: none. */
static bool literal_at(const struct syntax *syntax, uint32_t node, struct outline_literal *ret)
{
    static const struct {
        const char *kind;
        enum outline_literal_kind is;
    } kinds[] = { { "number_literal", OUTLINE_NUMBER }, { "string_literal", OUTLINE_STRING },
        { "concatenated_string", OUTLINE_STRING }, { "char_literal", OUTLINE_CHARACTER } };
    *ret = (struct outline_literal){ .node = node, .kind = OUTLINE_FLAGS };
    bool may_be_flags =
        syntax_is(syntax, node, "identifier") || syntax_is(syntax, node, "binary_expression");
    if (may_be_flags)
        return is_flags(syntax, node);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (syntax_is(syntax, node, kinds[i].kind)) {
            ret->kind = kinds[i].is;
            if (ret->kind == OUTLINE_NUMBER)
                ret->number = number_of(syntax_text(syntax, node));
            return true;
        }
    return false;
}

struct outline_literals outline_literals(
    const struct syntax *syntax, uint32_t within, struct arena *arena)
{
    struct outline_literals list = { 0 };
    uint32_t end = within + syntax->nodes[within].next;
    for (uint32_t node = within; node < end;) {
        struct outline_literal literal;
        bool found = literal_at(syntax, node, &literal);
        bool directive = !strncmp(syntax->nodes[node].kind, "preproc_", 8);
        if (found)
            ADD(&list, arena, literal);
        node += found || directive ? syntax->nodes[node].next : 1;
    }
    return list;
}

/* The element type if the declared name is an array of constants: "struct row", "const char *". */
static bool element_type(const struct syntax *syntax, const struct declared *declared,
    struct str *ret, struct arena *arena)
{
    uint32_t array = syntax->nodes[declared->name].parent;
    if (!syntax_is(syntax, array, "array_declarator"))
        return false;
    struct declared element = *declared;
    element.name = array;
    struct str type = str_trim(outline_type(syntax, &element, 0, arena));
    if (declared->declarator == array) {
        if (!str_starts(type, STR("const ")))
            return false;
        *ret = (struct str){ type.at + 6, type.size - 6 };
        return true;
    }
    static const struct str tail = { "*const", 6 };
    if (type.size < tail.size || memcmp(type.at + type.size - tail.size, tail.at, tail.size) != 0)
        return false;
    *ret = (struct str){ type.at, type.size - 5 };
    return true;
}

static void add_table(const struct syntax *syntax, const struct declared *declared,
    struct outline_tables *tables, struct arena *arena)
{
    struct outline_table table = { .name = syntax_text(syntax, declared->name),
        .node = declared->declaration,
        .list = declared->value };
    if (!table.list || !syntax_is(syntax, table.list, "initializer_list") ||
        !element_type(syntax, declared, &table.type, arena))
        return;
    SYNTAX_EACH_CHILD(row, syntax, table.list)
    {
        if (!syntax->nodes[row].named || syntax_is(syntax, row, "comment"))
            continue;
        table.rows = outline_more(arena, table.rows, table.rows_count, sizeof(table.rows[0]));
        table.rows[table.rows_count++] = row;
    }
    ADD(tables, arena, table);
}

struct outline_tables outline_tables(const struct syntax *syntax, struct arena *arena)
{
    struct outline_tables tables = { 0 };
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        if (!syntax_is(syntax, node, "declaration") ||
            !outline_has_word(syntax, node, "storage_class_specifier", "static"))
            continue;
        for (struct declared declared = { .declaration = node };
             outline_next_declared(syntax, &declared);)
            add_table(syntax, &declared, &tables, arena);
    }
    return tables;
}
