/* import_pi - session logs of pi, the agent that OpenClaw embeds.
 *
 * The first line is the session, the others are entries: in the form of 2025 one after the other,
 * since version 2 a tree (import_tree.h). A reply that was aborted or failed was never given back
 * to the model, and none of its calls was made: it is a failed model request. */
#include "trials/import.h"

#include "base/mem.h"
#include "trials/import_tree.h"

struct pi {
    struct talks talks;
    struct tree *tree;
    struct arena arena; /* of the facts */
    struct tree_facts facts;
};

static void note(struct pi *pi, struct str *fact, const struct json *value)
{
    if (fact->size == 0 && json_is(value, JSON_STRING)) {
        struct str text = json_string(&pi->arena, value);
        *fact = (struct str){ arena_string(&pi->arena, text.at, text.size), text.size };
    }
}

static void unmapped(struct pi *pi, const char *kind, struct str detail)
{
    import_unmapped(pi->talks.sink, kind, detail);
}

/* failed: what there is of the reply is counted only. */
static void read_block(struct pi *pi, const struct json *block, bool failed, struct buf *text,
    struct buf *calls, struct arena *arena)
{
    const struct json *args = json_get(block, "arguments");
    struct str type = json_string(arena, json_get(block, "type"));
    bool call = str_equal(type, STR("toolCall"));
    if (failed)
        unmapped(pi, call ? "call of a failed reply" : "part of a failed reply",
            call ? (struct str){ 0 } : type);
    else if (str_equal(type, STR("text")))
        buf_str(text, json_string(arena, json_get(block, "text")));
    else if (call)
        talk_call(calls, json_string(arena, json_get(block, "id")),
            json_string(arena, json_get(block, "name")), args ? args->raw : STR("{}"));
    else
        unmapped(pi, "block", type);
}

static void read_reply(
    struct pi *pi, struct tree_entry *entry, const struct json *message, struct arena *arena)
{
    CLEANUP(buf_done) struct buf text = { 0 }, calls = { 0 };
    const struct json *content = json_get(message, "content");
    struct str stop = json_string(arena, json_get(message, "stopReason"));
    bool aborted = str_equal(stop, STR("aborted")),
         failed = aborted || str_equal(stop, STR("error"));
    if (json_is(content, JSON_STRING))
        buf_str(&text, json_string(arena, content));
    JSON_EACH(block, json_is(content, JSON_ARRAY) ? content : NULL)
    read_block(pi, block, failed, &text, &calls, arena);
    entry->kind = failed ? TREE_ERROR : TREE_REPLY;
    entry->status =
        aborted ? TALK_ABORTED : talk_status(json_string(arena, json_get(message, "errorMessage")));
    entry->text = buf_view(&text);
    entry->calls = buf_view(&calls);
    note(pi, &pi->facts.model, json_get(message, "model"));
    tree_add(pi->tree, entry);
}

static void read_message(
    struct pi *pi, struct tree_entry *entry, const struct json *message, struct arena *arena)
{
    struct str role = json_string(arena, json_get(message, "role"));
    const struct json *content = json_get(message, "content");
    struct tree_result result = { 0 };
    if (str_equal(role, STR("assistant"))) {
        read_reply(pi, entry, message, arena);
        return;
    }
    entry->kind = TREE_USER;
    if (str_equal(role, STR("user"))) {
        entry->text = talk_text(pi->talks.sink, content, arena);
    } else if (str_equal(role, STR("toolResult"))) {
        result.id = json_string(arena, json_get(message, "toolCallId"));
        result.text = talk_text(pi->talks.sink, content, arena);
        result.failed = json_bool(json_get(message, "isError"), false);
        entry->results = &result;
        entry->results_count = 1;
    } else {
        entry->kind = TREE_OTHER;
        unmapped(pi, "message", role);
    }
    tree_add(pi->tree, entry);
}

static int take(
    void *with, struct str text, const char *where, struct arena *arena, struct err *err)
{
    struct pi *pi = with;
    const struct json *line = import_json(text, arena, err);
    (void)where;
    if (!line)
        return -err->code;
    struct str type = json_string(arena, json_get(line, "type"));
    if (type.size == 0)
        return err_set(err, ERR_INPUT, "a line without a `type`");
    if (str_equal(type, STR("session"))) {
        note(pi, &pi->facts.name, json_get(line, "id"));
        note(pi, &pi->facts.folder, json_get(line, "cwd"));
        note(pi, &pi->facts.model, json_get(line, "modelId"));
        return 0;
    }
    struct tree_entry entry = {
        .id = json_string(arena, json_get(line, "id")),
        .parent = json_string(arena, json_get(line, "parentId")),
    };
    entry.follows = entry.id.size == 0;
    if (str_equal(type, STR("message"))) {
        read_message(pi, &entry, json_get(line, "message"), arena);
    } else {
        unmapped(pi, "line", type);
        tree_add(pi->tree, &entry);
    }
    return 0;
}

int import_pi(const char *path, const struct import_options *options,
    const struct import_sink *sink, struct err *err)
{
    struct pi pi = { .tree = tree_new(),
        .talks = { .sink = sink,
            .options = options,
            .format = STR("openclaw"),
            .origin = import_stem(path) } };
    bool stop = false; /* nothing is handed on before the end */
    int status = import_pieces(path, sink, take, &pi, &stop, err);
    if (status >= 0)
        status = tree_end(pi.tree, &pi.talks, &pi.facts, import_name(path), err);
    tree_free(pi.tree);
    arena_done(&pi.arena);
    return status;
}
