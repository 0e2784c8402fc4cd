/* search_graft_stock - a function that another plugin has for the hook: one of this harness that
 * the order does not ask there gets its row, and of a stock plugin the function comes into the file
 * of the plugin that is asked.
 *
 * It is asked first, and what it decides counts: where it lets pass, the plugin goes on as before.
 */
#include "propose/search_graft.h"

#include "propose/graft.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* --- a row of the order */

static uint32_t last_row(const struct syntax *order, struct str constant)
{
    uint32_t last = 0;
    SYNTAX_EACH_WITHIN(node, order, 0)
    {
        uint32_t hook = syntax_is(order, node, "initializer_list")
                            ? syntax_child_of_kind(order, node, "identifier")
                            : 0;
        struct str of = constant.size || !hook ? constant : syntax_text(order, hook);
        if (hook && target_row(order, node, of))
            last = node;
    }
    return last;
}

/* Behind the hook's last one, or behind all. */
static void add_row(struct graft_ways *ways, struct search *search, const struct syntax *order,
    struct str constant, const struct bundle_plugin *plugin)
{
    struct arena *arena = &search->arena;
    uint32_t row = last_row(order, constant);
    row = row ? row : last_row(order, (struct str){ 0 });
    if (!row)
        return;
    uint32_t at = order->nodes[row].span.to;
    bool comma = at < order->source.size && order->source.at[at] == ',';
    const char *text = arena_format(arena, "%s\n    { %.*s, \"%.*s\" }%s", comma ? "" : ",",
        (int)constant.size, constant.at, (int)plugin->name.size, plugin->name.at, comma ? "," : "");
    const struct graft_way way = { .plugin = STR("order"),
        .path = search->bundle->pipeline_path,
        .edits = { { at + comma, at + comma, str_of(text) } },
        .edits_count = 1,
        .is_own = true,
        .ingredient = arena_format(arena, "graft:%.*s", (int)plugin->name.size, plugin->name.at),
        .summary = arena_format(arena, "%.*s, which is there and was not asked, is asked.",
            (int)plugin->name.size, plugin->name.at) };
    graft_ways_add(ways, &way);
}

void graft_rows(struct graft_ways *ways, struct search *search, const struct syntax *order)
{
    const struct bundle *bundle = search->bundle;
    struct str constant = target_constant(&search->arena, bundle->hook);
    for (uint32_t i = 0; i < bundle->plugins_count && bundle->pipeline_path.size; i++)
        if (bundle_stands_on(&bundle->plugins[i], bundle->hook) &&
            !target_in_order(order, constant, bundle->plugins[i].name))
            add_row(ways, search, order, constant, &bundle->plugins[i]);
}

/* --- a stock plugin's function */

static void add_edit(struct graft_way *way, uint32_t from, uint32_t to, const char *text)
{
    way->edits[way->edits_count++] = (struct target_edit){ from, to, str_of(text) };
}

static const char *entry_of(
    struct arena *arena, const struct target *target, const struct graft *graft)
{
    const char *between = target->call ? ", " : "", *call = target->call ? target->call : "";
    const char *asked =
        arena_format(arena, "%s(%s%s%s)", graft->function, target->turn, between, call);
    if (graft->passes)
        return arena_format(arena, "\n    %s;", asked);
    const char *name = target_name(target, arena, "grafted");
    return arena_format(arena,
        "\n    moult_action %s = %s;\n    if (%s != MOULT_PASS)\n        return %s;", name, asked,
        name, name);
}

/* What the donor says of itself holds for the target now, and that it only looks does not. ret: a
 * member for the end of the initialiser, or nothing. */
static const char *take_traits(struct arena *arena, const struct target *target,
    const struct graft *graft, struct graft_way *way, uint32_t *ret_end)
{
    struct outline_functions functions = outline_functions(target->syntax, arena);
    struct outline_plugin plugin = outline_plugin(target->syntax, &functions, arena);
    struct str donor = graft->traits;
    *ret_end = target->syntax->nodes[plugin.initializer].span.to - 1;
    for (uint32_t i = 0; i < plugin.count; i++) {
        const struct outline_member *member = &plugin.at[i];
        struct span span = target->syntax->nodes[member->value_node].span;
        if (!str_equal(member->name, STR("traits")))
            continue;
        if (target->promise && !donor.size)
            add_edit(way, target->promise, target->promised, "");
        else if (target->promise)
            add_edit(way, span.from, span.to, arena_string(arena, donor.at, donor.size));
        else if (donor.size && str_find(member->value, donor) < 0)
            add_edit(way, span.from, span.to,
                arena_format(arena, "%.*s | %.*s", (int)member->value.size, member->value.at,
                    (int)donor.size, donor.at));
        return "";
    }
    return donor.size ? arena_format(arena, "    .traits = %.*s,\n", (int)donor.size, donor.at)
                      : "";
}

static int by_place(const void *a, const void *b)
{
    uint32_t x = ((const struct target_edit *)a)->from, y = ((const struct target_edit *)b)->from;
    return (x > y) - (x < y);
}

static void print_edits(struct graft_way *way, struct arena *arena, const struct target *target,
    const struct graft *graft, const char *from)
{
    uint32_t end;
    add_edit(way, target->above, target->above,
        arena_format(arena, "/* Down to %s: of the stock plugin %s. */\n\n%.*s", graft->function,
            from, (int)graft->code.size, graft->code.at));
    const char *member = take_traits(arena, target, graft, way, &end);
    if (target->is_new)
        member = arena_format(arena, "%s    .%s = %s,\n", member, target->hook, graft->function);
    else
        add_edit(way, target->entry, target->entry, entry_of(arena, target, graft));
    if (*member)
        add_edit(way, end, end, member);
    qsort(way->edits, way->edits_count, sizeof way->edits[0], by_place);
}

static bool is_active(const struct bundle *bundle, struct str path)
{
    for (uint32_t i = 0; i < bundle->plugins_count; i++)
        if (str_equal(bundle->plugins[i].path, path))
            return true;
    return false;
}

static void add_stock(
    struct graft_ways *ways, struct search *search, const struct bundle_plugin *donor)
{
    struct arena *arena = &search->arena;
    const struct target *target = &search->target;
    const char *name = arena_string(arena, donor->name.at, donor->name.size);
    struct graft graft;
    struct err why;
    if (graft_take(&graft, arena, donor, target->hook, target->syntax, &why) < 0) {
        judge_say(&search->judge, "the stock plugin %s cannot be copied: %s", name, why.text);
        return;
    }
    struct graft_way way = { .plugin = target->plugin->name,
        .path = target->plugin->path,
        .ingredient = arena_format(arena, "graft:%s", name),
        .summary = arena_format(arena, "%s of the stock plugin %s is asked %s%s.", graft.function,
            name, target->is_new ? "by " : "first, in ",
            arena_string(arena, target->plugin->name.at, target->plugin->name.size)),
        .function = str_of(target->function) };
    print_edits(&way, arena, target, &graft, name);
    graft_ways_add(ways, &way);
}

void graft_stock(struct graft_ways *ways, struct search *search)
{
    const struct bundle *bundle = search->bundle;
    for (uint32_t i = 0; i < bundle->stock_count; i++)
        if (bundle_stands_on(&bundle->stock[i], bundle->hook) &&
            !is_active(bundle, bundle->stock[i].path))
            add_stock(ways, search, &bundle->stock[i]);
}
