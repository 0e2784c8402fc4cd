/* llm_source - the sources as a model sees them: an outline of items, and an item's text with the
 * nodes that it may name in front of the lines where they begin. */
#include "propose/llm.h"

#include "base/mem.h"
#include "patch/lex.h"

#include <string.h>

enum { NAME_MAX_HERE = 64, LINE_SHOWN = 100, TAG_ROOM = 16 };

static void open_source(struct llm *llm, struct llm_source source)
{
    if (llm->sources_count == LLM_SOURCES_MAX)
        return;
    /* One that does not parse is shown as a text. */
    if (syntax_parse(&source.syntax, arena_string(&llm->arena, source.path.at, source.path.size),
            source.text, NULL, NULL) < 0)
        source.syntax = NULL;
    llm->sources[llm->sources_count++] = source;
}

void llm_open_sources(struct llm *llm)
{
    const struct bundle *bundle = &llm->bundle;
    for (uint32_t i = 0; i < bundle->plugins_count; i++) {
        const struct bundle_plugin *plugin = &bundle->plugins[i];
        open_source(llm, (struct llm_source){ .name = plugin->name,
                             .path = plugin->path,
                             .text = plugin->source,
                             .hooks = plugin->hooks });
    }
    if (bundle->pipeline.size > 0)
        open_source(llm,
            (struct llm_source){
                .name = STR("order"), .path = bundle->pipeline_path, .text = bundle->pipeline });
}

const struct llm_source *llm_find_source(const struct llm *llm, struct str name)
{
    for (uint32_t i = 0; i < llm->sources_count; i++)
        if (str_equal(llm->sources[i].name, name))
            return &llm->sources[i];
    return NULL;
}

struct digest llm_program(struct str source)
{
    CLEANUP(buf_done) struct buf tokens = { 0 };
    struct lex lex = { .text = source };
    for (struct lex_token token = lex_next(&lex); token.kind != LEX_END; token = lex_next(&lex)) {
        buf_str(&tokens, lex_text(&lex, token));
        buf_char(&tokens, '\0');
    }
    return hash_of(buf_view(&tokens));
}

/* --- the outline */

static void add_line(struct buf *out, struct str text)
{
    const char *end = text.size ? memchr(text.at, '\n', text.size) : NULL;
    size_t size = end ? (size_t)(end - text.at) : text.size;
    buf_add(out, text.at, size < LINE_SHOWN ? size : LINE_SHOWN);
    buf_text(out, end || size > LINE_SHOWN ? " ...\n" : "\n");
}

static void print_items(struct buf *out, const struct syntax *syntax)
{
    SYNTAX_EACH_CHILD(node, syntax, 0)
    {
        if (node_place(syntax, node) != NODE_ITEM)
            continue;
        struct span span = syntax->nodes[node].span;
        buf_format(out, "n%u lines %u to %u: ", node, syntax->nodes[node].place.line,
            syntax_place(syntax, span.to).line);
        add_line(out, syntax_text(syntax, node));
    }
}

static void print_plugins(const struct llm *llm, struct buf *out)
{
    for (uint32_t i = 0; i < llm->sources_count; i++) {
        const struct llm_source *source = &llm->sources[i];
        buf_format(out, "%.*s (%.*s)", (int)source->name.size, source->name.at,
            (int)source->path.size, source->path.at);
        JSON_EACH(hook, source->hooks)
        buf_format(out, " %.*s", (int)hook->raw.size, hook->raw.at);
        buf_text(out, source->hooks ? "\n" : ": which plugin stands where\n");
    }
    buf_format(out, "\nThe order:\n%.*s", (int)llm->bundle.pipeline.size, llm->bundle.pipeline.at);
}

static int find(
    struct llm *llm, const struct json *args, const struct llm_source **ret, struct err *err)
{
    struct str name = { 0 };
    int r = llm_text(llm, args, "plugin", true, NAME_MAX_HERE, &name, err);
    if (r < 0)
        return r;
    *ret = llm_find_source(llm, name);
    if (!*ret)
        return err_set(err, ERR_INPUT, "the harness has no plugin of that name: see read_outline");
    if (!(*ret)->syntax)
        return err_set(err, ERR_INPUT, "that source does not parse: nothing in it can be named");
    return 0;
}

int llm_read_outline(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "plugin", NULL };
    const struct llm_source *source;
    int r = llm_only(args, names, err);
    if (r == 0 && !json_get(args, "plugin")) {
        print_plugins(llm, out);
        return 0;
    }
    if (r == 0)
        r = find(llm, args, &source, err);
    if (r == 0)
        print_items(out, source->syntax);
    return r;
}

/* --- an item */

/* The nodes that begin in this line, as they may be named. */
static void print_tags(struct buf *out, const struct syntax *syntax, uint32_t item, uint32_t line)
{
    size_t from = out->size;
    SYNTAX_EACH_WITHIN(node, syntax, item)
    {
        enum node_place place = node_place(syntax, node);
        if (syntax->nodes[node].place.line == line && place != NODE_NOWHERE)
            buf_format(out, place == NODE_CONDITION ? "if n%u " : "n%u ", node);
    }
    while (out->size - from < TAG_ROOM)
        buf_char(out, ' ');
    buf_text(out, "| ");
}

static void print_item(struct buf *out, const struct syntax *syntax, uint32_t item)
{
    struct span span = syntax->nodes[item].span;
    struct str source = syntax->source;
    uint32_t from = span.from;
    while (from > 0 && source.at[from - 1] != '\n')
        from--;
    for (uint32_t at = from; at < span.to && out->size < LLM_RESULT_MAX;) {
        const char *end = memchr(source.at + at, '\n', span.to - at);
        uint32_t to = end ? (uint32_t)(end - source.at) : span.to;
        print_tags(out, syntax, item, syntax_place(syntax, at).line);
        buf_add(out, source.at + at, to - at);
        buf_char(out, '\n');
        at = to + 1;
    }
}

int llm_read_source(struct llm *llm, const struct json *args, struct buf *out, struct err *err)
{
    static const char *const names[] = { "plugin", "node", NULL };
    const struct llm_source *source;
    uint32_t node = 0;
    int r = llm_only(args, names, err);
    if (r == 0)
        r = find(llm, args, &source, err);
    if (r == 0)
        r = llm_node(llm, args, &node, err);
    if (r < 0)
        return r;
    if (node_place(source->syntax, node) != NODE_ITEM)
        return err_set(err, ERR_INPUT, "n%u is no item of that file: see read_outline", node);
    print_item(out, source->syntax, node);
    return 0;
}
