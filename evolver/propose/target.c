/* target - see target.h. */
#include "propose/target.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

static const char *c_string(struct arena *arena, struct str text)
{
    return arena_string(arena, text.at, text.size);
}

struct str target_constant(struct arena *arena, struct str hook)
{
    char *text = arena_format(arena, "MOULT_%.*s", (int)hook.size, hook.at);
    for (char *p = text; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return str_of(text);
}

uint32_t target_row(const struct syntax *order, uint32_t node, struct str constant)
{
    if (!syntax_is(order, node, "initializer_list"))
        return 0;
    uint32_t hook = syntax_child_of_kind(order, node, "identifier");
    uint32_t name = syntax_child_of_kind(order, node, "string_literal");
    bool row = hook && name && str_equal(syntax_text(order, hook), constant);
    return row && syntax_text(order, name).size >= 2 ? name : 0;
}

bool target_in_order(const struct syntax *order, struct str constant, struct str plugin)
{
    SYNTAX_EACH_WITHIN(node, order, 0)
    {
        uint32_t name = target_row(order, node, constant);
        struct str text = syntax_text(order, name);
        if (name && str_equal((struct str){ text.at + 1, text.size - 2 }, plugin))
            return true;
    }
    return false;
}

static const char *parameter(
    struct arena *arena, const struct outline_function *function, uint32_t number)
{
    if (number >= function->params.count)
        return NULL;
    return c_string(arena, function->params.at[number].name);
}

static int use_function(struct target *ret, struct arena *arena,
    const struct outline_function *function, struct err *err)
{
    ret->above = outline_with_comments(ret->syntax, function->node);
    ret->entry = function->body_span.from + 1;
    ret->function = c_string(arena, function->name);
    ret->turn = parameter(arena, function, 0);
    ret->call = parameter(arena, function, 1);
    if (!ret->turn)
        return err_set(err, ERR_INPUT, "the hook's function %s has no turn", ret->function);
    return 0;
}

/* Hooks on which MOULT_ONLY_LOOKS is a promise. */
static bool promises_on(const char *hook)
{
    static const char *const hooks[] = { "reply", "before_tool", "answer" };
    for (size_t i = 0; i < COUNT_OF(hooks); i++)
        if (strcmp(hooks[i], hook) == 0)
            return true;
    return false;
}

/* `.traits = MOULT_ONLY_LOOKS,`, with its line where nothing else stands on that. */
static void find_promise(struct target *ret, const struct outline_plugin *plugin)
{
    const struct syntax *syntax = ret->syntax;
    struct str source = ret->plugin->source;
    for (uint32_t i = 0; i < plugin->count && promises_on(ret->hook); i++) {
        uint32_t pair = plugin->at[i].node;
        struct str text = syntax_text(syntax, pair);
        if (!str_starts(text, STR(".traits")) ||
            !syntax_has_text(
                syntax, syntax_child_of_kind(syntax, pair, "identifier"), "MOULT_ONLY_LOOKS"))
            continue;
        uint32_t from = syntax->nodes[pair].span.from, to = syntax->nodes[pair].span.to;
        uint32_t line = from;
        while (line > 0 && (source.at[line - 1] == ' ' || source.at[line - 1] == '\t'))
            line--;
        bool alone = line > 0 && source.at[line - 1] == '\n';
        if (to < source.size && source.at[to] == ',')
            to++;
        alone &= to < source.size && source.at[to] == '\n';
        ret->promise = alone ? line : from;
        ret->promised = alone ? to + 1 : to;
    }
}

static int use_plugin(struct target *ret, struct arena *arena, struct str hook, struct err *err)
{
    struct outline_functions functions = outline_functions(ret->syntax, arena);
    struct outline_plugin plugin = outline_plugin(ret->syntax, &functions, arena);
    if (!plugin.initializer)
        return err_set(err, ERR_INPUT, "the file exports no moult_plugin");
    find_promise(ret, &plugin);
    for (uint32_t i = 0; i < plugin.count; i++) {
        if (!plugin.at[i].hook || !str_equal(str_of(plugin.at[i].hook), hook))
            continue;
        if (plugin.at[i].function)
            return use_function(ret, arena, plugin.at[i].function, err);
        return err_set(err, ERR_INPUT, "the hook is no function of this file");
    }
    ret->is_new = true;
    ret->above = outline_with_comments(ret->syntax, plugin.node);
    ret->member = ret->syntax->nodes[plugin.initializer].span.to - 1;
    ret->turn = "turn";
    ret->call = "call";
    ret->function = target_name(ret, arena, arena_format(arena, "at_%s", ret->hook));
    return 0;
}

int target_list(const struct bundle_plugin *ret[TARGETS_MAX], struct arena *arena,
    const struct bundle *bundle, struct err *err)
{
    CLEANUP(syntax_freep) struct syntax *order = NULL;
    struct str constant = target_constant(arena, bundle->hook);
    const struct bundle_plugin *empty = NULL;
    int count = 0, r = syntax_parse(&order, "pipeline", bundle->pipeline, NULL, err);
    if (r < 0)
        return err_while(err, "the order of the plugins");
    for (uint32_t i = 0; i < bundle->plugins_count && count < TARGETS_MAX; i++) {
        const struct bundle_plugin *plugin = &bundle->plugins[i];
        if (!target_in_order(order, constant, plugin->name))
            continue;
        if (bundle_stands_on(plugin, bundle->hook))
            ret[count++] = plugin;
        else if (!empty)
            empty = plugin;
    }
    if (count == 0 && empty)
        ret[count++] = empty;
    if (count == 0)
        return err_set(err, ERR_MISSING,
            "no plugin stands at %.*s in the order: a patch would need a second file",
            (int)bundle->hook.size, bundle->hook.at);
    return count;
}

int target_begin(struct target *ret, struct arena *arena, struct str hook,
    const struct bundle_plugin *plugin, struct err *err)
{
    *ret = (struct target){ .hook = c_string(arena, hook), .plugin = plugin };
    int r = syntax_parse(&ret->syntax, c_string(arena, plugin->path), plugin->source, NULL, err);
    if (r == 0)
        r = use_plugin(ret, arena, hook, err);
    if (r == 0)
        return 0;
    target_done(ret);
    return err_while(err, "plugin %.*s", (int)plugin->name.size, plugin->name.at);
}

int target_find(
    struct target *ret, struct arena *arena, const struct bundle *bundle, struct err *err)
{
    const struct bundle_plugin *plugins[TARGETS_MAX];
    int count = target_list(plugins, arena, bundle, err), r = count;
    *ret = (struct target){ 0 };
    for (int i = 0; i < count; i++) {
        r = target_begin(ret, arena, bundle->hook, plugins[i], err);
        if (r == 0)
            return 0;
    }
    return r;
}

void target_done(struct target *target)
{
    if (target)
        syntax_freep(&target->syntax);
}

static bool named(const struct syntax *syntax, const char *name)
{
    SYNTAX_EACH_WITHIN(node, syntax, 0)
    if (syntax->nodes[node].leaf && syntax_has_text(syntax, node, name))
        return true;
    return false;
}

const char *target_name(const struct target *target, struct arena *arena, const char *word)
{
    const char *name = word;
    for (unsigned i = 2; named(target->syntax, name); i++)
        name = arena_format(arena, "%s_%u", word, i);
    return name;
}

/* A function for a hook that had none. */
static struct str new_function(
    const struct target *target, struct arena *arena, const struct insertion *insertion)
{
    char *text =
        arena_format(arena, "%.*sstatic moult_action %s(%s)\n{%.*s\n    return MOULT_PASS;\n}\n\n",
            (int)insertion->above.size, insertion->above.at, target->function,
            outline_hook_params(target->hook), (int)insertion->entry.size, insertion->entry.at);
    return str_of(text);
}

/* The statement as it stands at the place: further in, in braces, on lines of its own. */
static struct str placed(
    const struct target *target, struct arena *arena, const struct insertion *insertion)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str text = insertion->entry;
    if (target->alone)
        buf_text(&out, target->in_line ? "{" : " {");
    for (size_t i = 0; i < text.size; i++) {
        buf_char(&out, text.at[i]);
        bool line = text.at[i] == '\n' && i + 1 < text.size && text.at[i + 1] != '\n';
        for (unsigned k = 0; line && k < target->indent; k++)
            buf_char(&out, ' ');
    }
    bool leaves = insertion->leaves && target->leave;
    if (target->in_line && !leaves)
        buf_format(&out, "\n%*s", (int)target->indent + 4, "");
    if (target->alone && leaves)
        buf_format(&out, "\n%*s}", (int)target->indent, "");
    return (struct str){ arena_string(arena, out.at ? out.at : "", out.size), out.size };
}

uint32_t target_edits(const struct target *target, struct arena *arena,
    const struct insertion *insertion, struct target_edit ret[TARGET_EDITS_MAX])
{
    uint32_t count = 0;
    const struct target_edit broken = { target->promise, target->promised, { "", 0 } };
    if (target->is_new) {
        ret[count++] = (struct target_edit){ target->above, target->above,
            new_function(target, arena, insertion) };
        if (target->promise)
            ret[count++] = broken;
        ret[count++] = (struct target_edit){ target->member, target->member,
            str_of(arena_format(arena, "    .%s = %s,\n", target->hook, target->function)) };
        return count;
    }
    if (insertion->above.size > 0)
        ret[count++] = (struct target_edit){ target->above, target->above, insertion->above };
    bool leaves = insertion->leaves && target->leave;
    ret[count++] = (struct target_edit){ target->entry, leaves ? target->leave : target->entry,
        placed(target, arena, insertion) };
    if (target->alone && !leaves)
        ret[count++] = (struct target_edit){ target->alone, target->alone,
            str_of(arena_format(arena, "\n%*s}", (int)target->indent, "")) };
    if (target->promise > target->entry)
        ret[count++] = broken;
    return count;
}

void target_apply(
    struct buf *out, const struct target *target, const struct target_edit *edits, uint32_t count)
{
    struct str source = target->plugin->source;
    size_t from = 0;
    for (uint32_t i = 0; i < count; i++) {
        buf_str(out, (struct str){ source.at + from, edits[i].from - from });
        buf_str(out, edits[i].text);
        from = edits[i].to;
    }
    buf_str(out, (struct str){ source.at + from, source.size - from });
}

void target_print(struct buf *out, const struct target *target, struct arena *arena,
    const struct insertion *insertion, struct str behind)
{
    struct target_edit edits[TARGET_EDITS_MAX];
    target_apply(out, target, edits, target_edits(target, arena, insertion, edits));
    buf_str(out, behind);
}
