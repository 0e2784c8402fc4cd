/* syntax - a C source as an array of nodes.
 *
 * The library's tree is walked once with its cursor, which keeps its own stack: depth costs memory,
 * not stack. The walk also finds what the library repairs in silence (a MISSING node has no error
 * of its own, and no query finds it). */
#include "patch/syntax.h"
#include "patch/syntax_tree.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A source of the largest size takes about 60 ms, with sanitizers ten times that. */
enum { PARSE_TIME_MAX_US = 5 * 1000 * 1000 };

void syntax_free(struct syntax *syntax)
{
    if (!syntax)
        return;
    if (syntax->tree)
        ts_tree_delete(syntax->tree->tree);
    free(syntax->nodes);
    arena_done(&syntax->arena);
    free(syntax);
}

void syntax_freep(struct syntax **syntax)
{
    syntax_free(*syntax);
    *syntax = NULL;
}

struct place syntax_place(const struct syntax *syntax, uint32_t offset)
{
    struct place place = { 1, 1 };
    uint32_t end = offset < syntax->source.size ? offset : (uint32_t)syntax->source.size;
    for (uint32_t i = 0; i < end; i++) {
        place.column++;
        if (syntax->source.at[i] == '\n')
            place = (struct place){ place.line + 1, 1 };
    }
    return place;
}

static int fault_at(
    const struct syntax *syntax, struct place place, struct place *ret_fault, struct err *err)
{
    if (ret_fault)
        *ret_fault = place;
    return err_where(err, "%s:%u:%u", syntax->file, place.line, place.column);
}

static struct place place_of(TSNode node)
{
    TSPoint point = ts_node_start_point(node);
    return (struct place){ point.row + 1, point.column + 1 };
}

/* One node is laid out; what the library marked as broken ends the walk. */
static int add_node(struct syntax *syntax, const TSTreeCursor *cursor, uint32_t parent,
    uint16_t depth, struct place *ret_fault, struct err *err)
{
    TSNode node = ts_tree_cursor_current_node(cursor);
    const char *field = ts_tree_cursor_current_field_name(cursor);
    struct place place = place_of(node);
    if (ts_node_is_missing(node)) {
        err_set(err, ERR_INPUT, "does not parse: %s is missing", ts_node_type(node));
        return fault_at(syntax, place, ret_fault, err);
    }
    if (!strcmp(ts_node_type(node), "ERROR")) {
        err_set(err, ERR_INPUT, "does not parse");
        return fault_at(syntax, place, ret_fault, err);
    }
    if (syntax->count == SYNTAX_NODES_MAX || depth > SYNTAX_DEPTH_MAX) {
        err_set(err, ERR_LIMIT, "a source may have %d nodes, %d deep", SYNTAX_NODES_MAX,
            SYNTAX_DEPTH_MAX);
        return fault_at(syntax, place, ret_fault, err);
    }
    syntax->nodes[syntax->count++] = (struct syntax_node){
        .kind = ts_node_type(node),
        .field = field ? field : "",
        .span = { ts_node_start_byte(node), ts_node_end_byte(node) },
        .place = place,
        .parent = parent,
        .next = 1,
        .depth = depth,
        .named = ts_node_is_named(node),
        .leaf = ts_node_child_count(node) == 0,
    };
    return 0;
}

/* The subtree that began at `node` is complete. Returns its parent. */
static uint32_t close_node(struct syntax *syntax, uint32_t node)
{
    syntax->nodes[node].next = syntax->count - node;
    return syntax->nodes[node].parent;
}

static int lay_out(struct syntax *syntax, struct place *ret_fault, struct err *err)
{
    uint32_t room = 0, open = 0;
    uint16_t depth = 0;
    int result = 0;
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(syntax->tree->tree));
    for (bool more = true; more;) {
        if (syntax->count == room) {
            room = room ? room * 2 : 1024;
            syntax->nodes = mem_grow(syntax->nodes, room, sizeof(syntax->nodes[0]));
        }
        result = add_node(syntax, &cursor, open, depth, ret_fault, err);
        if (result < 0)
            break;
        if (ts_tree_cursor_goto_first_child(&cursor)) {
            open = syntax->count - 1;
            depth++;
            continue;
        }
        while (!(more = ts_tree_cursor_goto_next_sibling(&cursor))) {
            if (!ts_tree_cursor_goto_parent(&cursor))
                break;
            open = close_node(syntax, open);
            depth--;
        }
    }
    ts_tree_cursor_delete(&cursor);
    if (result == 0 && ts_node_has_error(ts_tree_root_node(syntax->tree->tree))) {
        err_set(err, ERR_INPUT, "does not parse");
        result = fault_at(syntax, (struct place){ 1, 1 }, ret_fault, err);
    }
    if (result == 0)
        syntax->nodes[0].span = (struct span){ 0, (uint32_t)syntax->source.size };
    return result;
}

static bool in_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The source with blanks in the place of each SYNTAX_EXPORT. */
static struct str blank_export(struct arena *arena, struct str source)
{
    static const struct str word = { SYNTAX_EXPORT, sizeof(SYNTAX_EXPORT) - 1 };
    char *copy = arena_string(arena, source.at, source.size);
    struct str rest = source;
    for (ptrdiff_t at; (at = str_find(rest, word)) >= 0;) {
        const char *from = rest.at + at, *to = from + word.size;
        const char *end = source.at + source.size;
        if ((from == source.at || !in_word(from[-1])) && (to == end || !in_word(*to)))
            memset(copy + (from - source.at), ' ', word.size);
        rest = (struct str){ to, (size_t)(end - to) };
    }
    return (struct str){ copy, source.size };
}

static int parse(struct syntax *syntax, struct err *err)
{
    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, tree_sitter_c())) {
        ts_parser_delete(parser);
        return err_set(err, ERR_DEFECT, "the C grammar does not suit the tree-sitter library");
    }
    ts_parser_set_timeout_micros(parser, PARSE_TIME_MAX_US);
    TSTree *tree =
        ts_parser_parse_string(parser, NULL, syntax->seen.at, (uint32_t)syntax->seen.size);
    ts_parser_delete(parser);
    if (!tree) {
        err_set(err, ERR_LIMIT, "takes longer than %d s to parse", PARSE_TIME_MAX_US / 1000000);
        return err_where(err, "%s", syntax->file);
    }
    syntax->tree = arena_alloc(&syntax->arena, sizeof(*syntax->tree));
    syntax->tree->tree = tree;
    return 0;
}

int syntax_parse(struct syntax **ret, const char *file, struct str source, struct place *ret_fault,
    struct err *err)
{
    if (source.size > SYNTAX_SOURCE_MAX) {
        err_set(err, ERR_LIMIT, "a source may have %d bytes", SYNTAX_SOURCE_MAX);
        return err_where(err, "%s", file);
    }
    CLEANUP(syntax_freep) struct syntax *syntax = mem_zero(1, sizeof(*syntax));
    syntax->file = arena_string(&syntax->arena, file, strlen(file));
    syntax->source.at = arena_string(&syntax->arena, source.size ? source.at : "", source.size);
    syntax->source.size = source.size;
    const char *nul = memchr(syntax->source.at, 0, source.size);
    if (nul) {
        err_set(err, ERR_INPUT, "has a NUL byte");
        return fault_at(
            syntax, syntax_place(syntax, (uint32_t)(nul - syntax->source.at)), ret_fault, err);
    }
    syntax->seen = blank_export(&syntax->arena, syntax->source);
    int result = parse(syntax, err);
    if (result == 0)
        result = lay_out(syntax, ret_fault, err);
    if (result == 0)
        *ret = STEAL(syntax);
    return result;
}

struct str syntax_slice(const struct syntax *syntax, struct span span)
{
    return (struct str){ syntax->source.at + span.from, span.to - span.from };
}

struct str syntax_text(const struct syntax *syntax, uint32_t node)
{
    return syntax_slice(syntax, syntax->nodes[node].span);
}

bool syntax_is(const struct syntax *syntax, uint32_t node, const char *kind)
{
    return !strcmp(syntax->nodes[node].kind, kind);
}

bool syntax_has_text(const struct syntax *syntax, uint32_t node, const char *text)
{
    return str_equal(syntax_text(syntax, node), str_of(text));
}

uint32_t syntax_first(const struct syntax *syntax, uint32_t node)
{
    return syntax->nodes[node].leaf ? 0 : node + 1;
}

uint32_t syntax_after(const struct syntax *syntax, uint32_t node)
{
    if (node == 0)
        return 0;
    uint32_t parent = syntax->nodes[node].parent;
    uint32_t after = node + syntax->nodes[node].next;
    return after < parent + syntax->nodes[parent].next ? after : 0;
}

uint32_t syntax_child(const struct syntax *syntax, uint32_t node, const char *field)
{
    SYNTAX_EACH_CHILD(child, syntax, node)
    if (!strcmp(syntax->nodes[child].field, field))
        return child;
    return 0;
}

uint32_t syntax_child_of_kind(const struct syntax *syntax, uint32_t node, const char *kind)
{
    SYNTAX_EACH_CHILD(child, syntax, node)
    if (syntax_is(syntax, child, kind))
        return child;
    return 0;
}

uint32_t syntax_around(const struct syntax *syntax, uint32_t node, const char *kind)
{
    while (node != 0) {
        node = syntax->nodes[node].parent;
        if (node != 0 && syntax_is(syntax, node, kind))
            return node;
    }
    return 0;
}

/* The child that covers the span, or 0. An empty span at a border belongs to the earlier child. */
static uint32_t covering_child(const struct syntax *syntax, uint32_t node, struct span span)
{
    SYNTAX_EACH_CHILD(child, syntax, node)
    {
        struct span have = syntax->nodes[child].span;
        if (have.from <= span.from && span.to <= have.to)
            return child;
    }
    return 0;
}

uint32_t syntax_exact(const struct syntax *syntax, struct span span)
{
    for (uint32_t node = covering_child(syntax, 0, span); node;
         node = covering_child(syntax, node, span)) {
        struct span have = syntax->nodes[node].span;
        if (have.from == span.from && have.to == span.to)
            return node;
    }
    return 0;
}

uint32_t syntax_covering(const struct syntax *syntax, struct span span)
{
    uint32_t node = 0;
    for (uint32_t child; (child = covering_child(syntax, node, span)) != 0;)
        node = child;
    return node;
}

static bool starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

/* Where the walk over tokens does not look inside. */
static bool is_hidden(const struct syntax_node *node)
{
    return !strcmp(node->kind, "comment") || (starts_with(node->kind, "preproc_") && node->named);
}

static bool is_token(const struct syntax_node *node)
{
    return node->leaf || !strcmp(node->kind, "string_literal") ||
           !strcmp(node->kind, "char_literal");
}

uint32_t syntax_end_of_token(const struct syntax *syntax, uint32_t node)
{
    return node + syntax->nodes[node].next;
}

uint32_t syntax_next_token(const struct syntax *syntax, uint32_t from)
{
    for (uint32_t node = from; node < syntax->count;) {
        const struct syntax_node *at = &syntax->nodes[node];
        if (is_hidden(at)) {
            node += at->next;
            continue;
        }
        if (is_token(at) && at->span.from < at->span.to)
            return node;
        node++;
    }
    return 0;
}
