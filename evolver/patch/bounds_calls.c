/* bounds_calls - functions that come back to themselves, by the calls that the text shows.
 *
 * A call by a name goes to that function. A call by anything else (a pointer, a row of a table, a
 * parameter) may go to every function of the file whose name is used as a value: types are not
 * known here. Hooks are such values only where the plugin reads its own description. What calls
 * itself by any of these ways is refused; the components are Tarjan's, without recursion. */
#include "patch/bounds_inside.h"
#include "patch/outline_names.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct named {
    struct str name;
    uint32_t number;
};
struct callee {
    uint32_t from, to;
};
struct graph {
    const struct bounds *bounds;
    struct arena *arena;
    struct named *named; /* functions, by name */
    struct str *variables;
    uint32_t variables_count;
    struct callee *calls; /* by `from`, once sorted */
    uint32_t calls_count;
    uint32_t *indirect; /* functions that call by something else than a name */
    uint32_t indirect_count;
    bool *taken; /* its name is used as a value */
    bool *hook;  /* only in the plugin's description */
    bool reads_plugin;
};

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static int by_caller(const void *a, const void *b)
{
    const struct callee *left = a, *right = b;
    return left->from != right->from ? (left->from < right->from ? -1 : 1)
                                     : (left->to > right->to) - (left->to < right->to);
}

static uint32_t number_of(const struct graph *graph, struct str name)
{
    const struct named key = { .name = name };
    const struct named *found =
        graph->bounds->functions.count
            ? bsearch(&key, graph->named, graph->bounds->functions.count, sizeof(key), by_name)
            : NULL;
    return found ? found->number : UINT32_MAX;
}

static bool is_variable(const struct graph *graph, struct str name)
{
    return graph->variables_count &&
           bsearch(&name, graph->variables, graph->variables_count, sizeof(name), by_text) != NULL;
}

/* Names that are variables or parameters somewhere: a call by one of them is no call by name. */
static void collect_names(struct graph *graph)
{
    static const char *const kinds[] = { "declaration", "parameter_declaration" };
    const struct syntax *syntax = graph->bounds->syntax;
    const struct outline_functions *functions = &graph->bounds->functions;
    graph->named = arena_alloc(graph->arena, (functions->count + 1) * sizeof(*graph->named));
    for (uint32_t i = 0; i < functions->count; i++)
        graph->named[i] = (struct named){ functions->at[i].name, i };
    qsort(graph->named, functions->count, sizeof(*graph->named), by_name);
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        struct declared declared = { .declaration = node };
        while (syntax_is(syntax, node, kinds[k]) && outline_next_declared(syntax, &declared)) {
            if (declared.function)
                continue;
            graph->variables = outline_more(
                graph->arena, graph->variables, graph->variables_count, sizeof(struct str));
            graph->variables[graph->variables_count++] = syntax_text(syntax, declared.name);
        }
    }
    if (graph->variables_count)
        qsort(graph->variables, graph->variables_count, sizeof(struct str), by_text);
}

static void add_call(struct graph *graph, uint32_t from, uint32_t to)
{
    graph->calls =
        outline_more(graph->arena, graph->calls, graph->calls_count, sizeof(*graph->calls));
    graph->calls[graph->calls_count++] = (struct callee){ from, to };
}

static void add_indirect(struct graph *graph, uint32_t from)
{
    if (graph->indirect_count && graph->indirect[graph->indirect_count - 1] == from)
        return;
    graph->indirect =
        outline_more(graph->arena, graph->indirect, graph->indirect_count, sizeof(uint32_t));
    graph->indirect[graph->indirect_count++] = from;
}

static bool is_host(struct str name)
{
    return str_starts(name, STR("moult_")) || str_starts(name, STR("__builtin_"));
}

static void take_call(struct graph *graph, uint32_t from, uint32_t call)
{
    const struct syntax *syntax = graph->bounds->syntax;
    uint32_t by = syntax_child(syntax, call, "function");
    bool named = by && syntax_is(syntax, by, "identifier");
    struct str name = named ? syntax_text(syntax, by) : (struct str){ 0 };
    uint32_t to = named ? number_of(graph, name) : UINT32_MAX;
    if (to != UINT32_MAX)
        add_call(graph, from, to);
    if (!named || is_variable(graph, name) || (to == UINT32_MAX && !is_host(name)))
        add_indirect(graph, from);
}

static bool in_span(const struct syntax *syntax, uint32_t node, uint32_t top)
{
    return top && node >= top && node < top + syntax->nodes[top].next;
}

/* A function's name where it is neither declared nor called. `plugin` is its description. */
static void take_name(
    struct graph *graph, uint32_t node, bool within, const struct outline_plugin *plugin)
{
    const struct syntax *syntax = graph->bounds->syntax;
    const struct syntax_node *at = &syntax->nodes[node];
    uint32_t number = number_of(graph, syntax_text(syntax, node));
    bool declares = !strcmp(at->field, "declarator");
    bool calls = !strcmp(at->field, "function") && syntax_is(syntax, at->parent, "call_expression");
    if (within && !declares && syntax_has_text(syntax, node, "moult_plugin"))
        graph->reads_plugin = true;
    if (number == UINT32_MAX || declares || calls)
        return;
    if (in_span(syntax, node, plugin->node))
        graph->hook[number] = true;
    else
        graph->taken[number] = true;
}

static void collect_calls(struct graph *graph)
{
    const struct syntax *syntax = graph->bounds->syntax;
    const struct outline_functions *functions = &graph->bounds->functions;
    struct outline_plugin plugin = outline_plugin(syntax, functions, graph->arena);
    uint32_t inside = 0; /* the first function that ends behind the node */
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    {
        while (inside < functions->count &&
               functions->at[inside].node + syntax->nodes[functions->at[inside].node].next <= node)
            inside++;
        bool within = inside < functions->count && node > functions->at[inside].node;
        if (within && syntax_is(syntax, node, "call_expression"))
            take_call(graph, inside, node);
        if (syntax_is(syntax, node, "identifier"))
            take_name(graph, node, within, &plugin);
    }
}

/* The place that all values stand for comes behind the functions: what calls by a value calls it,
 * and it calls whatever is one. */
static uint32_t add_values(struct graph *graph)
{
    uint32_t count = graph->bounds->functions.count;
    for (uint32_t i = 0; i < graph->indirect_count; i++)
        add_call(graph, graph->indirect[i], count);
    for (uint32_t i = 0; i < count; i++)
        if (graph->taken[i] || (graph->hook[i] && graph->reads_plugin))
            add_call(graph, count, i);
    if (graph->calls_count)
        qsort(graph->calls, graph->calls_count, sizeof(*graph->calls), by_caller);
    return count + 1;
}

struct walk {
    uint32_t *index, *low, *next; /* of a node; index 0: not seen. next: the call to follow */
    uint32_t *stack, *path;
    bool *open; /* on the stack */
    uint32_t stacked, depth, seen;
};

static int by_number(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void refuse(struct bounds *bounds, const uint32_t *nodes, uint32_t count)
{
    uint32_t functions = bounds->functions.count;
    struct buf names = { 0 };
    for (uint32_t i = 0; i < count && nodes[i] < functions; i++) {
        struct str name = bounds->functions.at[nodes[i]].name;
        buf_format(&names, "%s%.*s", names.size ? ", " : "", (int)name.size, name.at);
    }
    const struct outline_function *function = &bounds->functions.at[nodes[0]];
    bounds_add(
        bounds, (struct bounds_found){ .rule = RULE_RECURSION,
                    .function = function->name,
                    .what = { arena_string(bounds->arena, names.at, names.size), names.size },
                    .place = bounds->syntax->nodes[function->node].place,
                    .why = count == 1 ? "it calls itself"
                           : nodes[count - 1] == functions
                               ? "it may call itself through a pointer or a table"
                               : "they call one another" });
    buf_done(&names);
}

/* One component, from the top of the stack down to `root`; the place of all values is the last. */
static void take_component(struct bounds *bounds, const struct graph *graph, struct walk *walk,
    uint32_t root, const uint32_t *first_call)
{
    uint32_t top = walk->stacked, node;
    do {
        node = walk->stack[--walk->stacked];
        walk->open[node] = false;
    } while (node != root);
    uint32_t *nodes = walk->stack + walk->stacked, count = top - walk->stacked;
    bool again = count > 1;
    for (uint32_t i = first_call[root]; i < first_call[root + 1]; i++)
        again |= graph->calls[i].to == root;
    qsort(nodes, count, sizeof(*nodes), by_number);
    if (again && nodes[0] < bounds->functions.count)
        refuse(bounds, nodes, count);
}

static void enter(struct walk *walk, uint32_t node, const uint32_t *first_call)
{
    walk->index[node] = walk->low[node] = ++walk->seen;
    walk->next[node] = first_call[node];
    walk->stack[walk->stacked++] = node;
    walk->open[node] = true;
    walk->path[walk->depth++] = node;
}

static void lower(uint32_t *low, uint32_t to)
{
    if (to < *low)
        *low = to;
}

static void walk_from(struct bounds *bounds, const struct graph *graph, struct walk *walk,
    uint32_t root, const uint32_t *first_call)
{
    enter(walk, root, first_call);
    while (walk->depth) {
        uint32_t node = walk->path[walk->depth - 1];
        if (walk->next[node] < first_call[node + 1]) {
            uint32_t to = graph->calls[walk->next[node]++].to;
            if (!walk->index[to])
                enter(walk, to, first_call);
            else if (walk->open[to])
                lower(&walk->low[node], walk->index[to]);
            continue;
        }
        walk->depth--;
        if (walk->low[node] == walk->index[node])
            take_component(bounds, graph, walk, node, first_call);
        if (walk->depth)
            lower(&walk->low[walk->path[walk->depth - 1]], walk->low[node]);
    }
}

void bounds_calls(struct bounds *bounds)
{
    uint32_t functions = bounds->functions.count;
    struct graph graph = { .bounds = bounds,
        .arena = bounds->arena,
        .taken = arena_alloc(bounds->arena, functions + 1),
        .hook = arena_alloc(bounds->arena, functions + 1) };
    collect_names(&graph);
    collect_calls(&graph);
    uint32_t count = add_values(&graph);
    size_t room = (count + 1) * sizeof(uint32_t);
    struct walk walk = { .index = arena_alloc(bounds->arena, room),
        .low = arena_alloc(bounds->arena, room),
        .next = arena_alloc(bounds->arena, room),
        .stack = arena_alloc(bounds->arena, room),
        .path = arena_alloc(bounds->arena, room),
        .open = arena_alloc(bounds->arena, count + 1) };
    uint32_t *first_call = arena_alloc(bounds->arena, room);
    for (uint32_t node = 0, call = 0; node <= count; node++) {
        while (call < graph.calls_count && graph.calls[call].from < node)
            call++;
        first_call[node] = call;
    }
    for (uint32_t node = 0; node < count; node++)
        if (!walk.index[node])
            walk_from(bounds, &graph, &walk, node, first_call);
}
