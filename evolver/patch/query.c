/* query - see query.h. The library finds matches; the comparisons of text that a query asks for are
 * left to its user. Two are known here, and any other is a mistake in the queries. */
#include "patch/query.h"
#include "patch/syntax_tree.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct query {
    TSQuery *query;
};
struct run {
    const struct syntax *syntax;
    const TSQuery *query;
};

static struct str string_of(const TSQuery *query, uint32_t id)
{
    struct str text;
    uint32_t size;
    text.at = ts_query_string_value_for_id(query, id, &size);
    text.size = size;
    return text;
}

static struct str text_of(const struct run *run, TSNode node)
{
    return syntax_slice(
        run->syntax, (struct span){ ts_node_start_byte(node), ts_node_end_byte(node) });
}

static bool capture_of(const TSQueryMatch *match, uint32_t id, TSNode *ret)
{
    for (uint16_t i = 0; i < match->capture_count; i++)
        if (match->captures[i].index == id) {
            *ret = match->captures[i].node;
            return true;
        }
    return false;
}

/* One predicate: name, capture, texts, up to the done step. */
static bool holds(const struct run *run, const TSQueryMatch *match,
    const TSQueryPredicateStep *steps, uint32_t count)
{
    TSNode node;
    bool found = false;
    if (count < 2 || !capture_of(match, steps[1].value_id, &node))
        return false;
    for (uint32_t i = 2; i < count; i++)
        found |= str_equal(text_of(run, node), string_of(run->query, steps[i].value_id));
    return found == str_equal(string_of(run->query, steps[0].value_id), STR("any-of?"));
}

static bool all_hold(const struct run *run, const TSQueryMatch *match)
{
    uint32_t count;
    const TSQueryPredicateStep *steps =
        ts_query_predicates_for_pattern(run->query, match->pattern_index, &count);
    for (uint32_t from = 0, i = 0; i < count; i++) {
        if (steps[i].type != TSQueryPredicateStepTypeDone)
            continue;
        if (!holds(run, match, steps + from, i - from))
            return false;
        from = i + 1;
    }
    return true;
}

static int check_predicates(const TSQuery *query, struct err *err)
{
    for (uint32_t pattern = 0; pattern < ts_query_pattern_count(query); pattern++) {
        uint32_t count;
        const TSQueryPredicateStep *steps = ts_query_predicates_for_pattern(query, pattern, &count);
        for (uint32_t i = 0; i < count; i++) {
            bool first = i == 0 || steps[i - 1].type == TSQueryPredicateStepTypeDone;
            struct str name = first ? string_of(query, steps[i].value_id) : STR("any-of?");
            if (!str_equal(name, STR("any-of?")) && !str_equal(name, STR("not-any-of?")))
                return err_set(err, ERR_DEFECT, "a query asks for #%.*s", (int)name.size, name.at);
        }
    }
    return 0;
}

static void tell(const struct run *run, const TSQueryMatch *found, query_match *match, void *data)
{
    TSNode node = found->captures[0].node;
    TSPoint point = ts_node_start_point(node);
    uint32_t size;
    struct str name;
    name.at = ts_query_capture_name_for_id(run->query, found->captures[0].index, &size);
    name.size = size;
    match(data, name, (struct span){ ts_node_start_byte(node), ts_node_end_byte(node) },
        (struct place){ point.row + 1, point.column + 1 });
}

int query_new(struct query **ret, struct str text, struct err *err)
{
    uint32_t at;
    TSQueryError kind;
    TSQuery *query = ts_query_new(tree_sitter_c(), text.at, (uint32_t)text.size, &at, &kind);
    if (!query)
        return err_set(err, ERR_DEFECT, "the queries are wrong (%d) at byte %u", (int)kind, at);
    int rc = check_predicates(query, err);
    if (rc < 0) {
        ts_query_delete(query);
        return rc;
    }
    *ret = mem_zero(1, sizeof(**ret));
    (*ret)->query = query;
    return 0;
}

void query_free(struct query *query)
{
    if (query)
        ts_query_delete(query->query);
    free(query);
}

void query_run(
    const struct query *query, const struct syntax *syntax, query_match *match, void *data)
{
    const struct run run = { syntax, query->query };
    TSQueryCursor *cursor = ts_query_cursor_new();
    TSQueryMatch found;
    ts_query_cursor_exec(cursor, run.query, ts_tree_root_node(syntax->tree->tree));
    while (ts_query_cursor_next_match(cursor, &found))
        if (found.capture_count > 0 && all_hold(&run, &found))
            tell(&run, &found, match, data);
    ts_query_cursor_delete(cursor);
}
