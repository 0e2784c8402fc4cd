/* result_text - see result_text.h. */
#include "base/result_text.h"

#include "base/mem.h"

#include <ctype.h>

struct str result_text(struct arena *arena, const struct json *content)
{
    if (!json_is(content, JSON_ARRAY))
        return json_string(arena, content);
    CLEANUP(buf_done) struct buf all = { 0 };
    JSON_EACH(part, content)
    buf_str(&all, json_string(arena, json_get(part, "text")));
    return (struct str){ arena_string(arena, all.at ? all.at : "", all.size), all.size };
}

bool result_text_failed(struct str text)
{
    text = str_trim(text);
    if (str_starts(text, STR("# var_"))) {
        size_t at = 6;
        while (at < text.size && isdigit((unsigned char)text.at[at]))
            at++;
        struct str rest = { text.at + at, text.size - at };
        if (at > 6 && str_starts(rest, STR(" = \"")))
            text = (struct str){ rest.at + 4, rest.size - 4 };
    }
    return str_starts(text, STR("Error")) || str_starts(text, STR("Unknown action"));
}
