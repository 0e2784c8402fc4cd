/* changes_tables - rows and cells of the constant tables of a plugin.
 *
 * In the trial build each way of a table is a table of its own beside it, so what reads the table
 * must be in functions; where a constant depends on its size, it keeps its size. */
#include "propose/changes.h"

#include "base/mem.h"
#include "propose/spell.h"

#include <string.h>

enum {
    CELLS_MAX = 32,
    MORE_MAX = 16,
    LESS_MAX = 8,
    SWAPS_MAX = 7,
    ROWS_MAX = 64,
    BYTES_MAX = 6000
};

struct table {
    struct changes *list;
    const struct outline_table *from;
    struct change *change;
    bool resizable;
};

/* --- what reads it */

/* Where C wants a constant. */
static bool constant_place(const struct syntax *syntax, uint32_t node)
{
    for (uint32_t at = syntax->nodes[node].parent; at; at = syntax->nodes[at].parent) {
        if (syntax_is(syntax, at, "enumerator") || syntax_is(syntax, at, "array_declarator"))
            return true;
        if (syntax_is(syntax, at, "declaration"))
            return str_starts(syntax_text(syntax, at), STR("static")) ||
                   syntax->nodes[at].parent == 0;
        if (syntax_is(syntax, at, "case_statement") &&
            strcmp(syntax->nodes[node].field, "value") == 0)
            return true;
        if (syntax_is(syntax, at, "function_definition"))
            return false;
    }
    return true;
}

/* The sizeof that the name stands in, and whether it is of the whole table. */
static uint32_t size_around(const struct syntax *syntax, uint32_t node, bool *ret_whole)
{
    uint32_t size = syntax_around(syntax, node, "sizeof_expression");
    uint32_t parent = syntax->nodes[node].parent;
    *ret_whole = parent == size || (syntax_is(syntax, parent, "parenthesized_expression") &&
                                       syntax->nodes[parent].parent == size);
    return size;
}

/* False: something reads it where it cannot be another. */
static bool add_use(struct table *table, uint32_t node)
{
    const struct syntax *syntax = table->list->target->syntax;
    struct change *change = table->change;
    bool whole, constant = constant_place(syntax, node);
    uint32_t size = size_around(syntax, node, &whole);
    if (size && !whole)
        return true; /* of a row, which stays what it is */
    if (constant) {
        table->resizable = false;
        return size != 0;
    }
    if (change->uses_count == CHANGE_USES_MAX)
        return false;
    change->uses[change->uses_count++] = syntax->nodes[size ? size : node].span;
    return true;
}

static bool find_uses(struct table *table, uint32_t declared)
{
    const struct syntax *syntax = table->list->target->syntax;
    table->change->uses_count = 0;
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    if (node != declared && syntax_is(syntax, node, "identifier") &&
        str_equal(syntax_text(syntax, node), table->change->name) && !add_use(table, node))
        return false;
    return table->change->uses_count > 0;
}

/* --- the ways */

/* A way whose edits are these: its table's text, and a sentence. */
static void add_way(
    struct table *table, const struct target_edit *edits, uint32_t count, const char *does)
{
    struct changes *list = table->list;
    const struct syntax *syntax = list->target->syntax;
    struct span span = syntax->nodes[table->from->list].span;
    CLEANUP(buf_done) struct buf text = { 0 };
    uint32_t from = span.from;
    for (uint32_t i = 0; i < count; i++) {
        buf_str(&text, syntax_slice(syntax, (struct span){ from, edits[i].from }));
        buf_str(&text, edits[i].text);
        from = edits[i].to;
    }
    buf_str(&text, syntax_slice(syntax, (struct span){ from, span.to }));
    struct change_way *way =
        change_way(list, table->change, str_of(arena_string(list->arena, text.at, text.size)));
    if (!way)
        return;
    memcpy(way->edits, edits, count * sizeof(*edits));
    way->edits_count = count;
    way->does = does;
}

static const char *said(const struct table *table, struct str what, const char *does)
{
    return arena_format(table->list->arena, "In the table %.*s %.*s %s",
        (int)table->change->name.size, table->change->name.at, (int)what.size, what.at, does);
}

/* Other texts for a cell: constants of the evidence, or siblings of the SDK's constant. */
static struct change cell_values(const struct table *table, uint32_t cell)
{
    const struct changes *list = table->list;
    const struct pool *pool = list->pool;
    struct change values = { .was = syntax_text(list->target->syntax, cell) };
    if (syntax_is(list->target->syntax, cell, "identifier"))
        change_siblings(list, &values, values.was);
    bool text = syntax_is(list->target->syntax, cell, "string_literal");
    for (uint32_t i = 0; text && i < pool->count; i++) {
        CLEANUP(buf_done) struct buf out = { 0 };
        if (pool->at[i].kind != EXPR_CONSTANT)
            continue;
        spell_literal(&out, pool->at[i].text);
        change_value(&values, str_of(arena_string(list->arena, out.at, out.size)));
    }
    return values;
}

static bool has_text(const struct table *table, struct str text)
{
    const struct syntax *syntax = table->list->target->syntax;
    SYNTAX_EACH_WITHIN(node, syntax, table->from->list)
    if (syntax_is(syntax, node, "string_literal") && str_equal(syntax_text(syntax, node), text))
        return true;
    return false;
}

static void add_cells(struct table *table, uint32_t row)
{
    const struct syntax *syntax = table->list->target->syntax;
    SYNTAX_EACH_WITHIN(cell, syntax, row)
    {
        bool constant = syntax_is(syntax, cell, "identifier") &&
                        str_starts(syntax_text(syntax, cell), STR("MOULT_"));
        if (!constant && !syntax_is(syntax, cell, "string_literal"))
            continue;
        struct change values = cell_values(table, cell);
        for (uint32_t i = 0; i < values.values_count && table->change->values_count < CELLS_MAX;
             i++) {
            struct span at = syntax->nodes[cell].span;
            struct target_edit edit = { at.from, at.to, values.values[i] };
            add_way(table, &edit, 1,
                said(table, values.was,
                    arena_format(table->list->arena, "becomes %.*s", (int)values.values[i].size,
                        values.values[i].at)));
        }
    }
}

/* What stands between a row and the one before it, or the opening brace. */
static struct str lead_of(const struct table *table, uint32_t row)
{
    struct str source = table->list->target->syntax->source;
    uint32_t to = table->list->target->syntax->nodes[row].span.from, from = to;
    while (from > 0 && strchr(" \t\n", source.at[from - 1]))
        from--;
    return (struct str){ source.at + from, to - from };
}

/* The row once more, with another text in its first cell of one. */
static void add_copies(struct table *table, uint32_t row)
{
    const struct syntax *syntax = table->list->target->syntax;
    struct span span = syntax->nodes[row].span;
    struct str lead = lead_of(table, row);
    uint32_t cell = 0, most = table->change->values_count + MORE_MAX / 2;
    SYNTAX_EACH_WITHIN(node, syntax, row)
    if (!cell && syntax_is(syntax, node, "string_literal"))
        cell = node;
    struct change values = { .values_count = 0 };
    if (cell)
        values = cell_values(table, cell);
    for (uint32_t i = 0; i < values.values_count && table->change->values_count < most; i++) {
        struct str text = values.values[i];
        struct span at = syntax->nodes[cell].span;
        if (has_text(table, text))
            continue;
        const char *copy = arena_format(table->list->arena, "%.*s%.*s%.*s",
            (int)(at.from - span.from), syntax->source.at + span.from, (int)text.size, text.at,
            (int)(span.to - at.to), syntax->source.at + at.to);
        struct target_edit edit = { span.to, span.to,
            str_of(arena_format(table->list->arena, ",%.*s%s", (int)(lead.size ? lead.size : 1),
                lead.size ? lead.at : " ", copy)) };
        add_way(table, &edit, 1, said(table, str_of(copy), "is one row more"));
    }
}

/* A row with its comma; of the last one that in front of it. */
static void add_less(struct table *table, uint32_t number)
{
    const struct syntax *syntax = table->list->target->syntax;
    uint32_t row = table->from->rows[number];
    struct span span = syntax->nodes[row].span;
    uint32_t comma = syntax_after(syntax, row);
    if (syntax_is(syntax, comma, ",")) {
        span.to = syntax->nodes[comma].span.to;
        span.from -= (uint32_t)lead_of(table, row).size;
    } else {
        span.from = syntax->nodes[table->from->rows[number - 1]].span.to;
    }
    struct target_edit edit = { span.from, span.to, STR("") };
    add_way(table, &edit, 1, said(table, syntax_text(syntax, row), "is left out"));
}

static void add_swap(struct table *table, uint32_t number)
{
    const struct syntax *syntax = table->list->target->syntax;
    uint32_t first = table->from->rows[number], second = table->from->rows[number + 1];
    struct target_edit edits[2] = {
        { syntax->nodes[first].span.from, syntax->nodes[first].span.to,
            syntax_text(syntax, second) },
        { syntax->nodes[second].span.from, syntax->nodes[second].span.to,
            syntax_text(syntax, first) },
    };
    add_way(table, edits, 2,
        said(table, syntax_text(syntax, second), "stands before the row above it"));
}

static void add_ways(struct table *table)
{
    const struct outline_table *from = table->from;
    uint32_t rows = from->rows_count < ROWS_MAX ? from->rows_count : ROWS_MAX;
    for (uint32_t i = 0; i < rows; i++)
        add_cells(table, from->rows[i]);
    for (uint32_t i = 0; table->resizable && i < rows && i < 2; i++)
        add_copies(table, from->rows[rows - 1 - i]);
    for (uint32_t i = 0; table->resizable && rows > 1 && i < rows && i < LESS_MAX; i++)
        add_less(table, i);
    for (uint32_t i = 0; i + 1 < rows && i < SWAPS_MAX; i++)
        add_swap(table, i);
}

/* --- all of a file */

/* The name within a declarator of one dimension: what stands around it. False: another shape. */
static bool take_declarator(struct table *table, uint32_t *ret_name)
{
    const struct syntax *syntax = table->list->target->syntax;
    struct change *change = table->change;
    uint32_t init = syntax->nodes[table->from->list].parent;
    uint32_t top = syntax_child(syntax, init, "declarator"), name = 0, arrays = 0;
    SYNTAX_EACH_WITHIN(node, syntax, top)
    {
        arrays += syntax_is(syntax, node, "array_declarator");
        if (!name && syntax_is(syntax, node, "identifier"))
            name = node;
    }
    if (!syntax_is(syntax, init, "init_declarator") || !name || arrays != 1)
        return false;
    struct span whole = syntax->nodes[top].span, at = syntax->nodes[name].span;
    change->before = syntax_slice(syntax, (struct span){ whole.from, at.from });
    change->behind = syntax_slice(syntax, (struct span){ at.to, whole.to });
    change->end = syntax->nodes[init].span.to;
    change->name = syntax_text(syntax, name);
    *ret_name = name;
    return true;
}

/* Tables of one name cannot be told apart by it. */
static bool alone(const struct outline_tables *tables, const struct outline_table *table)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < tables->count; i++)
        same += str_equal(tables->at[i].name, table->name);
    return same == 1;
}

void changes_tables(struct changes *list)
{
    struct outline_tables tables = outline_tables(list->target->syntax, list->arena);
    for (uint32_t i = 0; i < tables.count; i++) {
        struct table table = { .list = list, .from = &tables.at[i], .resizable = true };
        uint32_t name;
        if (!alone(&tables, table.from) ||
            syntax_text(list->target->syntax, table.from->list).size > BYTES_MAX)
            continue;
        table.change = changes_add(list, CHANGE_TABLE, table.from->list);
        if (!table.change)
            return;
        if (take_declarator(&table, &name) && find_uses(&table, name))
            add_ways(&table);
        if (table.change->values_count == 0)
            list->count--;
    }
}
