/* tool_line - see tool_line.h. */
#include "wire/tool_line.h"

#include "wire/effect.h"
#include "wire/tool_text.h"

const struct json *line_ready(struct str line, struct arena *arena, char why[160])
{
    struct err err = { 0 };
    const struct json *root = json_read(arena, line, NULL, &err);
    const struct json *tools = json_get(root, "tools"), *error = json_get(root, "error");
    if (json_bool(json_get(root, "ready"), false) && json_is(tools, JSON_ARRAY))
        return tools;
    struct str text = json_string(arena, json_get(error, "text"));
    str_printable(why, 160, text.at ? text : STR("what it says is no list"), false);
    return NULL;
}

static void read_failure(struct answer_line *ret, const struct json *root, struct arena *arena)
{
    const struct json *error = json_get(root, "error");
    struct str hint = json_string(arena, json_get(error, "hint"));
    bool sent = json_bool(json_get(root, "sent"), true);
    ret->status = sent ? WIRE_UNKNOWN_OUTCOME : WIRE_REFUSED;
    ret->again = sent;
    buf_text(&ret->text, sent ? "the outcome is unknown, it may have been carried out: " : "");
    buf_str(&ret->text, json_string(arena, json_get(error, "text")));
    if (hint.size > 0)
        buf_text(&ret->text, "; ");
    buf_str(&ret->text, hint);
}

bool line_answer(
    struct answer_line *ret, uint64_t id, bool server, struct str line, struct arena *arena)
{
    const struct json *root = json_read(arena, line, NULL, NULL);
    const struct json *ok = json_get(root, "ok"), *content = json_get(root, "content");
    if (json_int(json_get(root, "id"), -1) != (int64_t)id)
        return false;
    if (json_is(ok, JSON_FALSE)) {
        read_failure(ret, root, arena);
        ret->again |= server;
        return true;
    }
    if (!json_is(ok, JSON_TRUE) || !json_is(content, JSON_ARRAY))
        return false;
    ret->status = json_bool(json_get(root, "is_error"), true) ? WIRE_FAILED : WIRE_OK;
    tool_text(&ret->text, arena, content);
    return true;
}
