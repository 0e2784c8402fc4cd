/* import_claude - session logs of Claude Code.
 *
 * A line is an entry of a tree (import_tree.h): a message in Anthropic's form, or something beside
 * the conversation. A reply is written a block a line. A sub-agent has a file of its own, in older
 * versions a branch of its own: either way a session, in the group of its project. What a line says
 * twice (`toolUseResult`) is read once. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_tree.h"

#include <string.h>

struct claude {
    struct talks talks;
    struct tree *tree;
    struct arena arena; /* of the facts */
    struct tree_facts facts;
};

static const struct str none;

static void note(struct claude *claude, struct str *fact, const struct json *value)
{
    if (fact->size == 0 && json_is(value, JSON_STRING)) {
        struct str text = json_string(&claude->arena, value);
        *fact = (struct str){ arena_copy(&claude->arena, text.at, text.size), text.size };
    }
}

static void read_result(
    struct claude *claude, const struct json *block, struct tree_result *ret, struct arena *arena)
{
    ret->id = json_string(arena, json_get(block, "tool_use_id"));
    ret->text = talk_text(claude->talks.sink, json_get(block, "content"), arena);
    ret->failed = json_bool(json_get(block, "is_error"), false);
}

/* One block of a content. `results` has room for each to be one. */
static void read_block(struct claude *claude, struct tree_entry *entry, const struct json *block,
    struct buf *text, struct buf *calls, struct tree_result *results, struct arena *arena)
{
    const struct json *input = json_get(block, "input");
    struct str type = json_string(arena, json_get(block, "type"));
    if (str_equal(type, STR("text"))) {
        buf_str(text, json_string(arena, json_get(block, "text")));
    } else if (str_equal(type, STR("tool_use"))) {
        talk_call(calls, json_string(arena, json_get(block, "id")),
            json_string(arena, json_get(block, "name")), input ? input->raw : STR("{}"));
    } else if (str_equal(type, STR("tool_result"))) {
        read_result(claude, block, &results[entry->results_count++], arena);
    } else {
        import_unmapped(claude->talks.sink, "block", type);
    }
}

/* What the program wrote in the model's place: an error, or a word that fills a gap. */
static bool read_synthetic(
    struct claude *claude, struct tree_entry *entry, const struct json *line, struct str text)
{
    struct arena *arena = &claude->arena;
    struct str model = json_string(arena, json_get(json_get(line, "message"), "model"));
    bool error = json_bool(json_get(line, "isApiErrorMessage"), false);
    if (!error && !str_equal(model, STR("<synthetic>")))
        return false;
    entry->kind = error ? TREE_ERROR : TREE_OTHER;
    entry->status = talk_status(text);
    if (!error)
        import_unmapped(claude->talks.sink, "synthetic reply", none);
    return true;
}

static void read_message(struct claude *claude, struct tree_entry *entry, const struct json *line,
    bool user, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text = { 0 }, calls = { 0 };
    const struct json *message = json_get(line, "message"), *content = json_get(message, "content");
    struct tree_result *results =
        arena_alloc(arena, (content ? content->count : 0) * sizeof *results);
    if (json_is(content, JSON_STRING))
        buf_str(&text, json_string(arena, content));
    JSON_EACH(block, json_is(content, JSON_ARRAY) ? content : NULL)
    read_block(claude, entry, block, &text, &calls, results, arena);
    if (user) {
        entry->kind = TREE_USER;
        entry->results = results;
    } else if (!read_synthetic(claude, entry, line, buf_view(&text))) {
        entry->results_count = 0;
        entry->kind = TREE_REPLY;
        entry->reply = json_string(arena, json_get(message, "id"));
        entry->calls = buf_view(&calls);
        note(claude, &claude->facts.model, json_get(message, "model"));
    }
    entry->text = buf_view(&text);
    tree_add(claude->tree, entry);
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct claude *claude = with;
    const struct json *line = import_json(text, arena, err);
    (void)where;
    if (!line)
        return -err->code;
    struct str type = json_string(arena, json_get(line, "type"));
    if (type.size == 0)
        return err_set(err, ERR_INPUT, "a line without a `type`");
    struct tree_entry entry = {
        .id = json_string(arena, json_get(line, "uuid")),
        .parent = json_string(arena, json_get(line, "parentUuid")),
        .aside = json_bool(json_get(line, "isSidechain"), false),
    };
    bool user = str_equal(type, STR("user"));
    note(claude, &claude->facts.name, json_get(line, "sessionId"));
    note(claude, &claude->facts.folder, json_get(line, "cwd"));
    if ((user || str_equal(type, STR("assistant"))) &&
        json_is(json_get(line, "message"), JSON_OBJECT)) {
        read_message(claude, &entry, line, user, arena);
    } else {
        import_unmapped(claude->talks.sink, "line", type);
        if (entry.id.size > 0)
            tree_add(claude->tree, &entry);
    }
    return 0;
}

int import_claude(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct claude claude = { .tree = tree_new(),
        .talks = { .sink = sink,
            .options = options,
            .format = STR("claude-code"),
            .origin = import_stem(path) } };
    bool stop = false; /* nothing is handed on before the end */
    int status = import_pieces(path, sink, take, &claude, &stop, err);
    if (status >= 0)
        status = tree_end(claude.tree, &claude.talks, &claude.facts, import_name(path), err);
    tree_free(claude.tree);
    arena_done(&claude.arena);
    return status;
}
