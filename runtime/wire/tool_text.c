/* tool_text - see tool_text.h. */
#include "wire/tool_text.h"

enum { WORDS_MAX = 100 };

static void add_block(struct buf *out, struct arena *arena, const struct json *block)
{
    const struct json *resource = json_get(block, "resource");
    struct str kind = json_string(arena, json_get(block, "type"));
    struct str text = json_string(arena, json_get(block, "text"));
    if (!text.at)
        text = json_string(arena, json_get(resource, "text"));
    if (out->size > 0)
        buf_char(out, '\n');
    if (text.at) {
        buf_str(out, text);
        return;
    }
    struct str uri = json_string(arena, json_get(resource ? resource : block, "uri"));
    char words[WORDS_MAX], where[4 * WORDS_MAX];
    buf_format(out, "[%s%s%s: not shown]", str_printable(words, sizeof words, kind, false),
        uri.at ? " " : "", str_printable(where, sizeof where, uri, false));
}

void tool_text(struct buf *out, struct arena *arena, const struct json *content)
{
    JSON_EACH(block, content)
    add_block(out, arena, block);
}
