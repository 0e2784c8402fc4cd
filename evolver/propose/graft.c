/* graft - see graft.h. */
#include "propose/graft.h"
#include "patch/outline.h"

#include "base/mem.h"

#include <string.h>

/* A name of the donor's that the other file has as well. */
struct renamed {
    struct str was;
    const char *now;
    bool type;
};
struct grafting {
    struct arena *arena;
    const struct syntax *from, *into;
    struct closure_names theirs, ours; /* theirs: of the donor */
    struct closure needs;
    struct renamed *renamed;
    uint32_t renamed_count;
};

/* --- names */

static bool stands_in(const struct syntax *syntax, const char *name)
{
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    if (syntax->nodes[node].leaf && syntax_has_text(syntax, node, name))
        return true;
    return false;
}

static bool is_taken(const struct grafting *grafting, const char *name)
{
    bool taken = stands_in(grafting->from, name) || stands_in(grafting->into, name);
    for (uint32_t i = 0; i < grafting->renamed_count && !taken; i++)
        taken = strcmp(grafting->renamed[i].now, name) == 0;
    return taken;
}

static const char *find_renamed(const struct grafting *grafting, struct str name, bool type)
{
    for (uint32_t i = 0; i < grafting->renamed_count; i++)
        if (grafting->renamed[i].type == type && str_equal(grafting->renamed[i].was, name))
            return grafting->renamed[i].now;
    return NULL;
}

/* Both files declare it, or one does and the other has a local of that name, which would hide it.
 */
static bool meets(const struct grafting *grafting, struct str name, bool type)
{
    if (closure_declares(&grafting->ours, name, type))
        return true;
    return closure_declares(&grafting->theirs, name, type) &&
           stands_in(grafting->into, arena_string(grafting->arena, name.at, name.size));
}

static void rename_one(struct grafting *grafting, uint32_t leaf)
{
    bool type;
    const char *now;
    if (!closure_is_name(grafting->from, leaf, &type))
        return;
    struct str name = syntax_text(grafting->from, leaf);
    if (find_renamed(grafting, name, type) || !meets(grafting, name, type))
        return;
    unsigned number = 2;
    do
        now = arena_format(grafting->arena, "%.*s_%u", (int)name.size, name.at, number++);
    while (is_taken(grafting, now));
    struct renamed *more =
        arena_alloc(grafting->arena, (grafting->renamed_count + 1) * sizeof *grafting->renamed);
    if (grafting->renamed_count)
        memcpy(more, grafting->renamed, grafting->renamed_count * sizeof *more);
    more[grafting->renamed_count++] = (struct renamed){ name, now, type };
    grafting->renamed = more;
}

static void choose_names(struct grafting *grafting)
{
    for (uint32_t i = 0; i < grafting->needs.count; i++)
        SYNTAX_EACH_WITHIN(leaf, grafting->from, grafting->needs.items[i])
    if (grafting->from->nodes[leaf].leaf)
        rename_one(grafting, leaf);
}

/* --- code */

static void print_item(const struct grafting *grafting, struct buf *out, uint32_t item)
{
    const struct syntax *from = grafting->from;
    struct span span = closure_span(from, item, true);
    uint32_t at = span.from;
    bool type;
    SYNTAX_EACH_WITHIN(leaf, from, item)
    {
        const char *now = from->nodes[leaf].leaf && closure_is_name(from, leaf, &type)
                              ? find_renamed(grafting, syntax_text(from, leaf), type)
                              : NULL;
        if (!now)
            continue;
        buf_add(out, from->source.at + at, from->nodes[leaf].span.from - at);
        buf_text(out, now);
        at = from->nodes[leaf].span.to;
    }
    buf_add(out, from->source.at + at, span.to - at);
    buf_text(out, "\n\n");
}

static struct str print_code(const struct grafting *grafting)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    for (uint32_t i = 0; i < grafting->needs.count; i++)
        print_item(grafting, &out, grafting->needs.items[i]);
    return (struct str){ arena_string(grafting->arena, out.at, out.size), out.size };
}

static bool always_passes(const struct syntax *syntax, const struct outline_function *function)
{
    SYNTAX_EACH_WITHIN(node, syntax, function->body)
    if (syntax_is(syntax, node, "return_statement") &&
        !syntax_has_text(syntax, node, "return MOULT_PASS;"))
        return false;
    return true;
}

/* --- what cannot stand elsewhere */

static int check_state(const struct grafting *grafting, struct err *err)
{
    for (uint32_t i = 0; i < grafting->needs.count; i++)
        SYNTAX_EACH_WITHIN(leaf, grafting->from, grafting->needs.items[i])
    if (grafting->from->nodes[leaf].leaf && syntax_has_text(grafting->from, leaf, "moult_state"))
        return err_set(err, ERR_STATE, "it keeps state, and a plugin has one state");
    return 0;
}

/* What its plugin says of itself; ret: the hook's function. */
static int read_plugin(struct graft *ret, struct grafting *grafting, const char *hook,
    const struct outline_functions *functions, const struct outline_function **ret_function,
    struct err *err)
{
    struct outline_plugin plugin = outline_plugin(grafting->from, functions, grafting->arena);
    *ret_function = NULL;
    for (uint32_t i = 0; i < plugin.count; i++) {
        const struct outline_member *member = &plugin.at[i];
        if (str_equal(member->name, STR("before")) || str_equal(member->name, STR("after")))
            return err_set(err, ERR_STATE, "it says between which others it stands");
        if (str_equal(member->name, STR("traits")) &&
            !str_equal(member->value, STR("MOULT_ONLY_LOOKS")))
            ret->traits =
                (struct str){ arena_string(grafting->arena, member->value.at, member->value.size),
                    member->value.size };
        if (member->hook && strcmp(member->hook, hook) == 0)
            *ret_function = member->function;
    }
    return *ret_function ? 0 : err_set(err, ERR_MISSING, "it has no function for %s", hook);
}

static int take(struct graft *ret, struct grafting *grafting, const char *hook, struct err *err)
{
    const struct outline_function *function;
    struct outline_functions functions = outline_functions(grafting->from, grafting->arena);
    int rc = read_plugin(ret, grafting, hook, &functions, &function, err);
    if (rc < 0)
        return rc;
    grafting->theirs = closure_names(grafting->from, grafting->arena);
    grafting->ours = closure_names(grafting->into, grafting->arena);
    rc = closure_of(
        &grafting->needs, grafting->from, &grafting->theirs, function->node, grafting->arena, err);
    if (rc == 0)
        rc = check_state(grafting, err);
    if (rc < 0)
        return rc;
    choose_names(grafting);
    const char *now = find_renamed(grafting, function->name, false);
    ret->function =
        now ? now : arena_string(grafting->arena, function->name.at, function->name.size);
    ret->passes = always_passes(grafting->from, function);
    ret->code = print_code(grafting);
    return 0;
}

int graft_take(struct graft *ret, struct arena *arena, const struct bundle_plugin *donor,
    const char *hook, const struct syntax *into, struct err *err)
{
    CLEANUP(syntax_freep) struct syntax *from = NULL;
    struct grafting grafting = { .arena = arena, .into = into };
    struct graft graft = { 0 };
    int rc = syntax_parse(
        &from, arena_string(arena, donor->path.at, donor->path.size), donor->source, NULL, err);
    grafting.from = from;
    if (rc == 0)
        rc = take(&graft, &grafting, hook, err);
    if (rc == 0)
        *ret = graft;
    return rc;
}
