/* outline_scope - names, their types as C, and where they can be used.
 *
 * C's declarators are read inside out; here a type is the declaration's tokens with the name taken
 * out, which is how C writes a type anyway. */
#include "patch/outline_names.h"

#include <string.h>

/* A file with more names than this is no plugin, and shadowing is looked up one by one. */
enum { NAMES_MAX = 1024 };

void *outline_more(struct arena *arena, void *at, uint32_t count, size_t size)
{
    if (count & (count - 1))
        return at;
    return arena_grow(arena, at, count * size, (count ? 2 * (size_t)count : 1) * size);
}

bool outline_has_word(
    const struct syntax *syntax, uint32_t declaration, const char *kind, const char *word)
{
    SYNTAX_EACH_CHILD(child, syntax, declaration)
    if (syntax_is(syntax, child, kind) && syntax_has_text(syntax, child, word))
        return true;
    return false;
}

static bool is_name(const struct syntax *syntax, uint32_t node)
{
    return syntax_is(syntax, node, "identifier");
}

/* The declarator within: of a pointer, an array, a function, or parentheses. */
static uint32_t inner(const struct syntax *syntax, uint32_t declarator)
{
    uint32_t child = syntax_child(syntax, declarator, "declarator");
    if (child == 0 && syntax_is(syntax, declarator, "parenthesized_declarator"))
        SYNTAX_EACH_CHILD(each, syntax, declarator)
    if (syntax->nodes[each].named && !syntax_is(syntax, each, "comment"))
        child = each;
    return child;
}

/* Fills name and function from the declarator; false: it declares no name. */
static bool look_inside(const struct syntax *syntax, struct declared *declared)
{
    declared->name = declared->function = 0;
    for (uint32_t node = declared->declarator; node; node = inner(syntax, node)) {
        if (is_name(syntax, node)) {
            declared->name = node;
            return true;
        }
        uint32_t within = inner(syntax, node);
        if (within && is_name(syntax, within) && syntax_is(syntax, node, "function_declarator"))
            declared->function = node;
    }
    return false;
}

bool outline_next_declared(const struct syntax *syntax, struct declared *declared)
{
    uint32_t child = declared->declarator;
    if (child && syntax_is(syntax, syntax->nodes[child].parent, "init_declarator"))
        child = syntax->nodes[child].parent;
    child = child ? syntax_after(syntax, child) : syntax_first(syntax, declared->declaration);
    for (; child; child = syntax_after(syntax, child)) {
        if (strcmp(syntax->nodes[child].field, "declarator") != 0)
            continue;
        bool valued = syntax_is(syntax, child, "init_declarator");
        declared->declarator = valued ? syntax_child(syntax, child, "declarator") : child;
        declared->value = valued ? syntax_child(syntax, child, "value") : 0;
        if (declared->declarator && look_inside(syntax, declared))
            return true;
    }
    return false;
}

static bool in_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void add_token(struct buf *out, struct str token)
{
    char last = out->size ? out->at[out->size - 1] : 0;
    if (last == ',' || (in_word(last) && (in_word(token.at[0]) || token.at[0] == '*')))
        buf_char(out, ' ');
    buf_str(out, token);
}

static bool is_within(const struct syntax *syntax, uint32_t node, uint32_t top)
{
    return top && node >= top && node < top + syntax->nodes[top].next;
}

/* The tokens of a subtree but for those of two others (0: none). */
static void add_tokens(
    struct buf *out, const struct syntax *syntax, uint32_t top, uint32_t but, uint32_t nor)
{
    uint32_t end = top + syntax->nodes[top].next;
    for (uint32_t token = syntax_next_token(syntax, top); token && token < end;
         token = syntax_next_token(syntax, syntax_end_of_token(syntax, token)))
        if (!is_within(syntax, token, but) && !is_within(syntax, token, nor))
            add_token(out, syntax_text(syntax, token));
}

bool outline_ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), tail = strlen(end);
    return size >= tail && !strcmp(text + size - tail, end);
}

/* What stands before the declarators: "const struct row"; a struct's body is left out. */
static void add_base(struct buf *out, const struct syntax *syntax, uint32_t declaration)
{
    SYNTAX_EACH_CHILD(child, syntax, declaration)
    {
        const char *kind = syntax->nodes[child].kind;
        if (!strcmp(syntax->nodes[child].field, "declarator") || !strcmp(kind, ";"))
            break;
        if (!strcmp(kind, "storage_class_specifier") || !strcmp(kind, "attribute_specifier"))
            continue;
        bool body = outline_ends_with(kind, "_specifier");
        add_tokens(out, syntax, child, body ? syntax_child(syntax, child, "body") : 0, 0);
    }
}

struct str outline_type(const struct syntax *syntax, const struct declared *declared, uint32_t skip,
    struct arena *arena)
{
    struct buf base = { 0 }, rest = { 0 };
    add_base(&base, syntax, declared->declaration);
    add_tokens(&rest, syntax, declared->declarator, declared->name, skip);
    if (rest.size)
        buf_char(&base, ' ');
    buf_str(&base, buf_view(&rest));
    struct str type = { arena_string(arena, base.size ? base.at : "", base.size), base.size };
    buf_done(&base);
    buf_done(&rest);
    return type;
}

static bool is_known(const struct outline_names *names, struct str name)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (str_equal(names->at[i].name, name))
            return true;
    return false;
}

/* A name further in, or earlier, hides this one. */
static void add_name(struct outline_names *names, struct outline_name name, struct arena *arena)
{
    if (names->count == NAMES_MAX || is_known(names, name.name))
        return;
    names->at = outline_more(arena, names->at, names->count, sizeof(names->at[0]));
    names->at[names->count++] = name;
}

void outline_params(const struct syntax *syntax, uint32_t function_declarator,
    struct outline_names *names, struct arena *arena)
{
    uint32_t list = syntax_child(syntax, function_declarator, "parameters");
    if (list)
        SYNTAX_EACH_CHILD(child, syntax, list)
        {
            struct declared declared = { .declaration = child };
            if (!syntax_is(syntax, child, "parameter_declaration") ||
                !outline_next_declared(syntax, &declared))
                continue;
            add_name(names,
                (struct outline_name){ .name = syntax_text(syntax, declared.name),
                    .type = outline_type(syntax, &declared, 0, arena),
                    .kind = OUTLINE_PARAM,
                    .node = child },
                arena);
        }
}

static void add_enumerators(const struct syntax *syntax, uint32_t declaration,
    struct outline_names *names, struct arena *arena)
{
    SYNTAX_EACH_WITHIN(node, syntax, declaration)
    if (syntax_is(syntax, node, "enumerator"))
        add_name(names,
            (struct outline_name){ .name = syntax_text(syntax, syntax_child(syntax, node, "name")),
                .type = STR("int"),
                .kind = OUTLINE_CONSTANT,
                .node = node },
            arena);
}

static enum outline_name_kind kind_of(
    const struct syntax *syntax, const struct declared *declared, uint32_t around)
{
    if (declared->function)
        return OUTLINE_FUNCTION;
    if (around == 0 ||
        outline_has_word(syntax, declared->declaration, "storage_class_specifier", "static"))
        return OUTLINE_CONSTANT;
    return OUTLINE_LOCAL;
}

/* What one child of a block, of a loop's head or of the file declares. */
static void add_declaration(const struct syntax *syntax, uint32_t node, uint32_t around,
    struct outline_names *names, struct arena *arena)
{
    const char *kind = syntax->nodes[node].kind;
    if (!strcmp(kind, "enum_specifier") || !strcmp(kind, "declaration"))
        add_enumerators(syntax, node, names, arena);
    if (strcmp(kind, "declaration") != 0 && strcmp(kind, "function_definition") != 0)
        return;
    for (struct declared declared = { .declaration = node };
         outline_next_declared(syntax, &declared);)
        add_name(names,
            (struct outline_name){ .name = syntax_text(syntax, declared.name),
                .type = outline_type(syntax, &declared, 0, arena),
                .kind = kind_of(syntax, &declared, around),
                .node = node },
            arena);
}

/* What is declared in `around`, above the offset. */
static void add_level(const struct syntax *syntax, uint32_t around, uint32_t offset,
    struct outline_names *names, struct arena *arena)
{
    SYNTAX_EACH_CHILD(child, syntax, around)
    if (syntax->nodes[child].span.to <= offset)
        add_declaration(syntax, child, around, names, arena);
    if (!syntax_is(syntax, around, "function_definition"))
        return;
    struct declared declared = { .declaration = around };
    if (outline_next_declared(syntax, &declared) && declared.function)
        outline_params(syntax, declared.function, names, arena);
}

/* The child that the offset lies inside of, not at its border, or 0. */
static uint32_t step_into(const struct syntax *syntax, uint32_t node, uint32_t offset)
{
    SYNTAX_EACH_CHILD(child, syntax, node)
    {
        struct span span = syntax->nodes[child].span;
        if (span.from < offset && offset < span.to)
            return child;
    }
    return 0;
}

struct outline_names outline_scope(
    const struct syntax *syntax, uint32_t offset, struct arena *arena)
{
    struct outline_names names = { 0 };
    uint32_t inmost = 0;
    for (uint32_t child; (child = step_into(syntax, inmost, offset)) != 0;)
        inmost = child;
    for (uint32_t around = inmost; around; around = syntax->nodes[around].parent)
        add_level(syntax, around, offset, &names, arena);
    add_level(syntax, 0, offset, &names, arena);
    return names;
}
