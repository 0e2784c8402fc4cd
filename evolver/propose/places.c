/* places - see places.h. */
#include "propose/places.h"

#include "base/mem.h"

#include <string.h>

enum { LOCALS_MAX = 8 };

/* Types of names that can be values: as C, and as the vocabulary's letter. */
static const struct {
    const char *code;
    char type;
} types[] = {
    { "moult_text", 'T' },
    { "const moult_json *", 'J' },
    { "moult_call *", 'C' },
    { "int64_t", 'N' },
    { "uint32_t", 'N' },
    { "uint64_t", 'N' },
    { "size_t", 'N' },
    { "unsigned", 'N' },
    { "int", 'N' },
    { "bool", 'B' },
};

static char type_of(struct str code)
{
    for (unsigned bare = 0; bare < 2; bare++) {
        for (size_t i = 0; i < COUNT_OF(types); i++)
            if (str_equal(code, str_of(types[i].code)))
                return types[i].type;
        if (!str_starts(code, STR("const ")))
            break;
        code = (struct str){ code.at + 6, code.size - 6 };
    }
    return 0;
}

static const char *c_string(struct arena *arena, struct str text)
{
    return arena_string(arena, text.at, text.size);
}

/* --- names in scope */

/* The value that a local begins with, or 0: what is filled in later may not be filled in yet. */
static uint32_t value_of(const struct syntax *syntax, const struct outline_name *name)
{
    SYNTAX_EACH_WITHIN(node, syntax, name->node)
    if (syntax_is(syntax, node, "init_declarator"))
        SYNTAX_EACH_WITHIN(part, syntax, syntax_child(syntax, node, "declarator"))
    if (syntax_is(syntax, part, "identifier") && str_equal(syntax_text(syntax, part), name->name))
        return syntax_child(syntax, node, "value");
    return 0;
}

/* Whether it has a value there, and one that is not in hand anyway. */
static bool adds(const struct syntax *syntax, const struct outline_name *name)
{
    if (name->kind == OUTLINE_PARAM)
        return true;
    uint32_t value = name->kind == OUTLINE_LOCAL ? value_of(syntax, name) : 0;
    return value && !str_starts(syntax_text(syntax, value), STR("moult_body("));
}

static void list_locals(struct target *target, struct arena *arena, uint32_t offset)
{
    const struct syntax *syntax = target->syntax;
    struct outline_names names = outline_scope(syntax, offset, arena);
    struct part *locals = arena_alloc(arena, LOCALS_MAX * sizeof(*locals));
    target->locals = locals;
    target->locals_count = 0;
    for (uint32_t i = 0; i < names.count && target->locals_count < LOCALS_MAX; i++) {
        const char *name = c_string(arena, names.at[i].name);
        char type = type_of(names.at[i].type);
        if (!type || !adds(syntax, &names.at[i]) || (target->call && !strcmp(name, target->call)))
            continue;
        locals[target->locals_count++] = (struct part){ .of = "local",
            .type = type,
            .code = arena_format(arena, "s->local_%s", name),
            .name = name };
    }
}

/* --- the place in the text */

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Back to the end of the line before, if only blanks are between. */
static uint32_t line_above(struct str source, uint32_t at)
{
    uint32_t from = at;
    while (from > 0 && blank(source.at[from - 1]))
        from--;
    return from > 0 && source.at[from - 1] == '\n' ? from - 1 : at;
}

/* Comments right above a statement are about it. */
static uint32_t with_comments(const struct syntax *syntax, uint32_t statement)
{
    uint32_t from = syntax->nodes[statement].span.from, parent = syntax->nodes[statement].parent;
    uint32_t comment = 0;
    SYNTAX_EACH_CHILD(child, syntax, parent)
    {
        if (child == statement)
            break;
        uint32_t at = syntax->nodes[child].span.from;
        bool own = syntax_is(syntax, child, "comment") && line_above(syntax->source, at) != at;
        comment = !own ? 0 : comment ? comment : child;
    }
    return comment ? syntax->nodes[comment].span.from : from;
}

/* Of the line that a byte stands in. */
static unsigned indent_of(struct str source, uint32_t at)
{
    unsigned indent = 0;
    while (at > 0 && source.at[at - 1] != '\n')
        at--;
    while (at < source.size && blank(source.at[at])) {
        indent += source.at[at] == '\t' ? 4 : 1;
        at++;
    }
    return indent;
}

static void set_text(struct target *target, const struct outline_point *point)
{
    const struct syntax *syntax = target->syntax;
    struct str source = syntax->source;
    uint32_t from = point->statement ? with_comments(syntax, point->statement) : point->at;
    bool deeper = !point->statement || point->bare;
    uint32_t beside = point->bare ? syntax->nodes[point->block].span.from : point->at;
    unsigned columns = indent_of(source, beside) + (deeper ? 4 : 0);
    target->entry = line_above(source, from);
    target->in_line = target->entry == from;
    target->indent = columns > 4 ? columns - 4 : 0;
    target->alone = point->bare ? syntax->nodes[point->statement].span.to : 0;
    bool leaves = point->statement && syntax_is(syntax, point->statement, "return_statement");
    bool own_line = from == point->at && !target->in_line;
    target->last = !point->statement || (leaves && own_line);
    target->leave = leaves && own_line ? syntax->nodes[point->statement].span.to : 0;
}

/* --- which */

static const char *param_of(
    const struct outline_function *function, const char *type, struct arena *arena)
{
    for (uint32_t i = 0; i < function->params.count; i++)
        if (str_equal(function->params.at[i].type, str_of(type)))
            return c_string(arena, function->params.at[i].name);
    return NULL;
}

/* The target at a mark. False: what new code needs is not there. */
static bool move_to(struct target *target, const struct suspect *suspect,
    const struct localise_mark *mark, const struct judged_hook *hook, struct arena *arena)
{
    const struct outline_function *function = &suspect->localise.functions.at[mark->function];
    *target = suspect->target;
    target->turn = param_of(function, "moult_turn *", arena);
    target->call = param_of(function, "moult_call *", arena);
    if (!target->turn || (hook->call && !target->call) || suspect->target.is_new)
        return false;
    target->above = outline_with_comments(target->syntax, function->node);
    target->function = c_string(arena, function->name);
    target->mute = !str_equal(function->returns, STR("moult_action"));
    set_text(target, &mark->point);
    list_locals(target, arena, mark->point.at);
    return true;
}

/* Two marks of one function that ran at the same steps. */
static bool alike(const struct localise_mark *a, const struct localise_mark *b)
{
    return a->function == b->function && a->digest == b->digest;
}

/* The last of those alike: behind a loop rather than in it, where there is a choice. */
static const struct localise_mark *last_alike(
    const struct localise *localise, const struct localise_mark *mark)
{
    const struct localise_mark *last = mark;
    for (uint32_t i = 0; i < localise->count; i++) {
        const struct localise_mark *other = &localise->at[i];
        if (other->point.block && alike(other, mark) &&
            (last->point.in_loop || !other->point.in_loop) && other->point.at > last->point.at)
            last = other;
    }
    return last;
}

/* The mark of the first statement of the function for the hook, or NULL. */
static const struct localise_mark *entry_of(const struct suspect *suspect)
{
    const struct localise *localise = &suspect->localise;
    for (uint32_t i = 0; i < localise->count; i++)
        if (localise->at[i].point.at >= suspect->target.entry)
            return &localise->at[i];
    return NULL;
}

uint32_t places_list(const struct suspect *suspect, const struct judged_hook *hook,
    struct arena *arena, struct target ret[PLACES_MAX])
{
    const struct localise *localise = &suspect->localise;
    const struct localise_mark *entry = entry_of(suspect), *seen[PLACES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; suspect->marked && i < localise->count && count < PLACES_MAX; i++) {
        const struct localise_mark *mark = &localise->at[suspect->order[i]];
        bool again = false;
        for (uint32_t k = 0; k < count; k++)
            again |= alike(seen[k], mark);
        if (again || mark->failed == 0 || !mark->point.block ||
            !suspect_reaches(suspect, mark->function))
            continue;
        struct target *target = &ret[count];
        if (!move_to(target, suspect, last_alike(localise, mark), hook, arena) ||
            (entry && alike(entry, mark) && target->locals_count == 0))
            continue;
        seen[count++] = mark;
    }
    return count;
}
