/* markup - see markup.h. */
#include "base/markup.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

enum { SHOWN_MAX = 8 }; /* bytes that str_printable makes of one */

static const char *escaped(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF are characters of UTF-8 and none of XML. */
static bool is_no_char(struct str s)
{
    uint32_t code = 0;
    return str_utf8_char(s, &code) == 3 && (code == 0xFFFE || code == 0xFFFF);
}

static void add(struct buf *out, struct str text, bool lines)
{
    size_t room = text.size * SHOWN_MAX + 1;
    CLEANUP(mem_freep) char *shown = mem_alloc(room);
    struct str left = str_of(str_printable(shown, room, text, lines));
    while (left.size > 0) {
        const char *as = escaped(*left.at);
        bool none = !as && is_no_char(left);
        if (as)
            buf_text(out, as);
        else if (none)
            buf_text(out, "\xef\xbf\xbd");
        else
            buf_char(out, *left.at);
        left.at += none ? 3 : 1;
        left.size -= none ? 3 : 1;
    }
}

void markup_text(struct buf *out, struct str text)
{
    add(out, text, false);
}

void markup_lines(struct buf *out, struct str text)
{
    add(out, text, true);
}
