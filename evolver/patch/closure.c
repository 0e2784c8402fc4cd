/* closure - see closure.h. Loops over nodes in document order, as everywhere above syntax.h. */
#include "patch/closure.h"
#include "patch/outline_names.h"

#include <string.h>

static void add(struct closure_names *list, struct arena *arena, const struct syntax *syntax,
    uint32_t name, uint32_t item)
{
    bool type;
    if (!name || !closure_is_name(syntax, name, &type))
        return;
    list->at = outline_more(arena, list->at, list->count, sizeof list->at[0]);
    list->at[list->count++] =
        (struct closure_name){ .name = syntax_text(syntax, name), .item = item, .type = type };
}

bool closure_is_name(const struct syntax *syntax, uint32_t leaf, bool *ret_type)
{
    *ret_type = syntax_is(syntax, leaf, "type_identifier");
    return *ret_type || syntax_is(syntax, leaf, "identifier");
}

static bool is_one_of(const struct syntax *syntax, uint32_t node, const char *const *kinds)
{
    bool is = false;
    for (; *kinds && !is; kinds++)
        is = syntax_is(syntax, node, *kinds);
    return is;
}

static const char *const tagged[] = { "struct_specifier", "enum_specifier", "union_specifier",
    NULL };
static const char *const macros[] = { "preproc_def", "preproc_function_def", NULL };

/* Tags and enumerators, wherever in the item they are defined. */
static void add_inner(
    struct closure_names *list, struct arena *arena, const struct syntax *syntax, uint32_t item)
{
    SYNTAX_EACH_WITHIN(node, syntax, item)
    {
        bool defined = is_one_of(syntax, node, tagged) && syntax_child(syntax, node, "body");
        if (defined || syntax_is(syntax, node, "enumerator"))
            add(list, arena, syntax, syntax_child(syntax, node, "name"), item);
    }
}

/* typedef struct { ... } NAME; the last such name is the one that it makes. */
static void add_type(
    struct closure_names *list, struct arena *arena, const struct syntax *syntax, uint32_t item)
{
    SYNTAX_EACH_CHILD(child, syntax, item)
    {
        if (strcmp(syntax->nodes[child].field, "declarator") != 0)
            continue;
        SYNTAX_EACH_WITHIN(node, syntax, child)
        if (syntax_is(syntax, node, "type_identifier")) {
            add(list, arena, syntax, node, item);
            break;
        }
    }
}

struct closure_names closure_names(const struct syntax *syntax, struct arena *arena)
{
    struct closure_names list = { 0 };
    SYNTAX_EACH_CHILD(item, syntax, 0)
    {
        struct declared declared = { .declaration = item };
        bool function = syntax_is(syntax, item, "function_definition");
        if (is_one_of(syntax, item, macros))
            add(&list, arena, syntax, syntax_child(syntax, item, "name"), item);
        if (syntax_is(syntax, item, "type_definition"))
            add_type(&list, arena, syntax, item);
        if (function || syntax_is(syntax, item, "declaration"))
            while (outline_next_declared(syntax, &declared)) {
                add(&list, arena, syntax, declared.name, item);
                if (function)
                    break;
            }
        if (!function && !is_one_of(syntax, item, macros))
            add_inner(&list, arena, syntax, item);
    }
    return list;
}

bool closure_declares(const struct closure_names *names, struct str name, bool type)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (names->at[i].type == type && str_equal(names->at[i].name, name))
            return true;
    return false;
}

/* Marks what one item uses; whether that is anything new. */
static bool mark_used(
    const struct syntax *syntax, const struct closure_names *names, uint32_t item, bool *needed)
{
    bool more = false, type;
    SYNTAX_EACH_WITHIN(node, syntax, item)
    {
        if (!syntax->nodes[node].leaf || !closure_is_name(syntax, node, &type))
            continue;
        struct str text = syntax_text(syntax, node);
        for (uint32_t i = 0; i < names->count; i++)
            if (names->at[i].type == type && !needed[names->at[i].item] &&
                str_equal(names->at[i].name, text))
                more = needed[names->at[i].item] = true;
    }
    return more;
}

static int refuse(const struct syntax *syntax, const struct closure_names *names,
    const bool *needed, struct err *err)
{
    for (uint32_t i = 0; i < names->count; i++) {
        const struct closure_name *name = &names->at[i];
        if (!needed[name->item])
            continue;
        if (is_one_of(syntax, name->item, macros))
            return err_set(err, ERR_STATE, "it needs the macro %.*s",
                (int)(name->name.size < 60 ? name->name.size : 60), name->name.at);
        if (str_equal(name->name, STR("moult_plugin")))
            return err_set(err, ERR_STATE, "it needs its plugin's export");
    }
    return 0;
}

int closure_of(struct closure *ret, const struct syntax *syntax, const struct closure_names *names,
    uint32_t item, struct arena *arena, struct err *err)
{
    bool *needed = arena_alloc(arena, syntax->count * sizeof *needed);
    bool *looked_at = arena_alloc(arena, syntax->count * sizeof *looked_at);
    needed[item] = true;
    for (bool more = true; more;) {
        more = false;
        SYNTAX_EACH_CHILD(child, syntax, 0)
        if (needed[child] && !looked_at[child]) {
            looked_at[child] = true;
            more |= mark_used(syntax, names, child, needed);
        }
    }
    int rc = refuse(syntax, names, needed, err);
    if (rc < 0)
        return rc;
    *ret = (struct closure){ 0 };
    SYNTAX_EACH_CHILD(child, syntax, 0)
    if (needed[child]) {
        ret->items = outline_more(arena, ret->items, ret->count, sizeof ret->items[0]);
        ret->items[ret->count++] = child;
    }
    return 0;
}

struct span closure_span(const struct syntax *syntax, uint32_t item, bool comments)
{
    struct span span = syntax->nodes[item].span;
    uint32_t after = syntax_after(syntax, item);
    if (comments)
        span.from = outline_with_comments(syntax, item);
    if (after && syntax_has_text(syntax, after, ";"))
        span.to = syntax->nodes[after].span.to;
    return span;
}
