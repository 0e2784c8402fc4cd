/* search_graft_earlier - a plugin that was right once: what its hook consists of, as it was then.
 *
 * Only versions whose code at this hook differs from today's: each function of it alone, which
 * keeps what else was learned since, and then everything between the first and the last piece that
 * differs. */
#include "propose/search_graft.h"

#include "patch/closure.h"

#include "base/mem.h"

#include <string.h>

enum { FUNCTIONS_MAX = 3 };

struct version {
    struct syntax *syntax;
    struct outline_functions functions;
    struct closure needs; /* of the hook's function; none: there is no such function */
};
struct versions {
    struct arena *arena;
    const struct bundle_plugin *plugin; /* the active one */
    const char *what;                   /* "build 0123456789ab" */
    const char *ingredient;
    bool is_own; /* not a stock plugin's text */
    struct version now, then;
};

static int read_version(
    struct version *ret, struct arena *arena, const struct bundle_plugin *plugin, const char *hook)
{
    const char *path = arena_string(arena, plugin->path.at, plugin->path.size);
    int r = syntax_parse(&ret->syntax, path, plugin->source, NULL, NULL);
    if (r < 0)
        return r;
    ret->functions = outline_functions(ret->syntax, arena);
    struct outline_plugin exported = outline_plugin(ret->syntax, &ret->functions, arena);
    struct closure_names names = closure_names(ret->syntax, arena);
    for (uint32_t i = 0; i < exported.count && r == 0; i++)
        if (exported.at[i].function && strcmp(exported.at[i].hook, hook) == 0)
            r = closure_of(
                &ret->needs, ret->syntax, &names, exported.at[i].function->node, arena, NULL);
    return r;
}

static struct str item_text(const struct version *version, uint32_t item)
{
    return syntax_slice(version->syntax, closure_span(version->syntax, item, false));
}

static bool same_code(const struct version *a, const struct version *b)
{
    bool same = a->needs.count == b->needs.count;
    for (uint32_t i = 0; i < a->needs.count && same; i++)
        same = str_equal(item_text(a, a->needs.items[i]), item_text(b, b->needs.items[i]));
    return same;
}

/* --- one function */

static bool needs(const struct version *version, uint32_t item)
{
    for (uint32_t i = 0; i < version->needs.count; i++)
        if (version->needs.items[i] == item)
            return true;
    return false;
}

static void add_function(
    struct graft_ways *ways, const struct versions *of, const struct outline_function *then)
{
    const struct outline_function *now = outline_find(&of->now.functions, then->name);
    if (!now || !needs(&of->then, then->node))
        return;
    struct str text = syntax_slice(of->then.syntax, then->span);
    if (str_equal(text, syntax_slice(of->now.syntax, now->span)))
        return;
    const struct graft_way way = { .plugin = of->plugin->name,
        .path = of->plugin->path,
        .edits = { { now->span.from, now->span.to,
            { arena_string(of->arena, text.at, text.size), text.size } } },
        .edits_count = 1,
        .ingredient = of->ingredient,
        .is_own = of->is_own,
        .summary = arena_format(of->arena, "%.*s of %.*s is again what it was in %s.",
            (int)then->name.size, then->name.at, (int)of->plugin->name.size, of->plugin->name.at,
            of->what),
        .function = { arena_string(of->arena, now->name.at, now->name.size), now->name.size } };
    graft_ways_add(ways, &way);
}

/* --- all that differs */

struct pieces { /* the root's children */
    uint32_t *at, count;
};

static struct pieces pieces_of(const struct syntax *syntax, struct arena *arena)
{
    struct pieces pieces = { arena_alloc(arena, (syntax->count + 1) * sizeof(uint32_t)), 0 };
    SYNTAX_EACH_CHILD(child, syntax, 0)
    pieces.at[pieces.count++] = child;
    return pieces;
}

static struct span between(
    const struct syntax *syntax, const struct pieces *pieces, uint32_t from, uint32_t to)
{
    if (from < to)
        return (struct span){ syntax->nodes[pieces->at[from]].span.from,
            syntax->nodes[pieces->at[to - 1]].span.to };
    uint32_t at = from < pieces->count ? outline_with_comments(syntax, pieces->at[from])
                                       : (uint32_t)syntax->source.size;
    return (struct span){ at, at };
}

static void add_whole(struct graft_ways *ways, const struct versions *of)
{
    const struct syntax *now = of->now.syntax, *then = of->then.syntax;
    struct pieces ours = pieces_of(now, of->arena), theirs = pieces_of(then, of->arena);
    uint32_t from = 0, to = ours.count, to_then = theirs.count;
    while (from < to && from < to_then &&
           str_equal(syntax_text(now, ours.at[from]), syntax_text(then, theirs.at[from])))
        from++;
    while (to > from && to_then > from &&
           str_equal(syntax_text(now, ours.at[to - 1]), syntax_text(then, theirs.at[to_then - 1])))
        to--, to_then--;
    struct span span = between(now, &ours, from, to);
    struct str text = syntax_slice(then, between(then, &theirs, from, to_then));
    const char *copy = from == to ? arena_format(of->arena, "%.*s\n\n", (int)text.size, text.at)
                                  : arena_string(of->arena, text.at, text.size);
    const struct graft_way way = { .plugin = of->plugin->name,
        .path = of->plugin->path,
        .edits = { { span.from, span.to, str_of(copy) } },
        .edits_count = 1,
        .ingredient = of->ingredient,
        .is_own = of->is_own,
        .summary = arena_format(of->arena, "%.*s is again what it was in %s.",
            (int)of->plugin->name.size, of->plugin->name.at, of->what) };
    graft_ways_add(ways, &way);
}

/* --- */

static void add_version(struct graft_ways *ways, struct versions *of,
    const struct bundle_plugin *then, const char *hook)
{
    uint32_t before = ways->count;
    if (read_version(&of->now, of->arena, of->plugin, hook) == 0 &&
        read_version(&of->then, of->arena, then, hook) == 0 && of->then.needs.count > 0 &&
        !same_code(&of->now, &of->then)) {
        const struct outline_functions *functions = &of->then.functions;
        for (uint32_t i = 0; i < functions->count && ways->count < before + FUNCTIONS_MAX; i++)
            add_function(ways, of, &functions->at[i]);
        add_whole(ways, of);
    }
    syntax_freep(&of->now.syntax);
    syntax_freep(&of->then.syntax);
}

static const struct bundle_plugin *active(const struct bundle *bundle, struct str path)
{
    for (uint32_t i = 0; i < bundle->plugins_count; i++)
        if (str_equal(bundle->plugins[i].path, path))
            return &bundle->plugins[i];
    return NULL;
}

static void add_versions(struct graft_ways *ways, struct search *search, const struct syntax *order,
    const struct bundle_plugin *list, uint32_t count)
{
    const struct bundle *bundle = search->bundle;
    struct arena *arena = &search->arena;
    struct str constant = target_constant(arena, bundle->hook);
    const char *hook = arena_string(arena, bundle->hook.at, bundle->hook.size);
    for (uint32_t i = 0; i < count; i++) {
        const struct bundle_plugin *then = &list[i], *now = active(bundle, then->path);
        bool stock = then->build.size == 0;
        struct versions of = { .arena = arena, .plugin = now, .is_own = !stock };
        if (!now || !target_in_order(order, constant, now->name))
            continue;
        of.what = stock ? "moult's own"
                        : arena_format(arena, "build %.*s", (int)then->build.size, then->build.at);
        of.ingredient =
            stock
                ? arena_format(arena, "graft:%.*s", (int)then->name.size, then->name.at)
                : arena_format(arena, "graft:earlier:%.*s", (int)then->build.size, then->build.at);
        add_version(ways, &of, then, hook);
    }
}

void graft_earlier(struct graft_ways *ways, struct search *search, const struct syntax *order)
{
    const struct bundle *bundle = search->bundle;
    add_versions(ways, search, order, bundle->earlier, bundle->earlier_count);
    if (!vocabulary_lacks(&search->vocabulary, "stock"))
        add_versions(ways, search, order, bundle->stock, bundle->stock_count);
}
