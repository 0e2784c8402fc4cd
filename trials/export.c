/* export - the table of formats, and the two that keep messages as they are.
 *
 * moult is whole: what `moult import moult` needs to make the same session elsewhere. chat is what
 * a model was told and said, for fine-tuning: no errors, nothing of the source. */
#include "trials/export.h"

#include "base/json.h"

#include <string.h>

void export_flat(struct buf *out, struct str json)
{
    char *to = buf_reserve(out, json.size);
    for (size_t i = 0; i < json.size; i++)
        to[i] = json.at[i] == '\n' || json.at[i] == '\r' ? ' ' : json.at[i];
    out->size += json.size;
}

static void name_member(struct buf *out, const char *key, struct str text)
{
    buf_format(out, ",\"%s\":", key);
    json_quote(out, text);
}

static void list_member(struct buf *out, const char *key, struct str json)
{
    buf_format(out, ",\"%s\":", key);
    export_flat(out, json.size ? json : STR("null"));
}

static int print_moult(
    struct buf *out, const struct journal_session *session, struct arena *arena, struct err *err)
{
    (void)arena;
    (void)err;
    buf_text(out, "{\"moult\":\"session\",\"version\":1");
    name_member(out, "format", session->format.size ? session->format : STR("moult"));
    name_member(out, "origin", session->origin);
    name_member(out, "group", session->group);
    buf_format(out, ",\"offered\":%s", session->offered ? "true" : "false");
    list_member(out, "meta", session->meta.size ? session->meta : STR("{}"));
    list_member(out, "tools", session->tools);
    buf_text(out, ",\"messages\":[");
    for (uint32_t i = 0; i < session->messages_count; i++) {
        buf_text(out, i ? ",{" : "{");
        if (session->messages[i].failed)
            buf_text(out, "\"failed\":true,");
        buf_text(out, "\"message\":");
        export_flat(out, session->messages[i].bytes);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
    return 0;
}

static int print_chat(
    struct buf *out, const struct journal_session *session, struct arena *arena, struct err *err)
{
    bool first = true;
    buf_text(out, "{\"messages\":[");
    for (uint32_t i = 0; i < session->messages_count; i++) {
        static const struct json_limits lenient = { .duplicates = true };
        struct str bytes = session->messages[i].bytes;
        const struct json *message = json_read(arena, bytes, &lenient, err);
        if (!message)
            return err_while(err, "message %u", i);
        if (str_equal(json_string(arena, json_get(message, "role")), STR("error")))
            continue;
        buf_text(out, first ? "" : ",");
        export_flat(out, bytes);
        first = false;
    }
    buf_char(out, ']');
    if (session->tools.size > 0)
        list_member(out, "tools", session->tools);
    buf_char(out, '}');
    return 0;
}

const struct export_format export_formats[] = {
    { "atif", export_atif },
    { "chat", print_chat },
    { "moult", print_moult },
    { 0 },
};

const struct export_format *export_format_find(const char *name)
{
    for (const struct export_format *format = export_formats; format->name; format++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}
