/* quote - see quote.h. */
#include "propose/quote.h"

#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_A_BYTE = 10 }; /* "\u{10FFFF}" */

/* At most so many bytes, and no half of a character. */
static struct str head_of(struct str text, size_t max)
{
    if (text.size <= max)
        return text;
    while (max > 0 && ((unsigned char)text.at[max] & 0xC0) == 0x80)
        max--;
    return (struct str){ text.at, max };
}

static struct str tail_of(struct str text, size_t max)
{
    size_t from = text.size - max;
    while (from < text.size && ((unsigned char)text.at[from] & 0xC0) == 0x80)
        from++;
    return (struct str){ text.at + from, text.size - from };
}

/* Escapes are longer than what they stand for, so what is shown is bounded once more: who asks
 * counts on it that no quote is cut in its middle by a bound of theirs. */
static void add_shown(struct buf *out, struct str text, size_t max, bool lines)
{
    size_t room = text.size * SHOWN_A_BYTE + 1;
    CLEANUP(mem_freep) char *shown = mem_alloc(room);
    struct str all = str_of(str_printable(shown, room, text, lines)), head = head_of(all, max);
    buf_str(out, head);
    if (head.size < all.size)
        buf_text(out, " ...");
}

/* Bytes that are all continuations would be cut to nothing at once: then they are cut as bytes. */
void quote_piece(struct buf *out, struct str text, size_t max)
{
    struct str head = head_of(text, max);
    if (head.size == 0 && text.size > 0)
        head = (struct str){ text.at, text.size < max ? text.size : max };
    add_shown(out, head, max, false);
    if (head.size < text.size)
        buf_text(out, " ...");
}

/* Of the text as it is shown: a text that held it would hold a digest of itself. Looked for all the
 * same, since nothing else keeps the marks apart. */
static void make_mark(char mark[QUOTE_MARK_HEX + 1], struct str shown)
{
    char hex[DIGEST_HEX];
    struct digest digest = hash_of(shown);
    do {
        memcpy(mark, hash_hex(hex, &digest), QUOTE_MARK_HEX);
        mark[QUOTE_MARK_HEX] = '\0';
        digest = hash_of(str_of(hex));
    } while (str_find(shown, str_of(mark)) >= 0);
}

void quote_data(struct buf *out, const char *what, struct str text, size_t max)
{
    CLEANUP(buf_done) struct buf shown = { 0 };
    char mark[QUOTE_MARK_HEX + 1];
    if (text.size <= max) {
        add_shown(&shown, text, max, true);
    } else {
        struct str head = head_of(text, max * 3 / 4), tail = tail_of(text, max / 4);
        add_shown(&shown, head, max * 3 / 4, true);
        buf_format(&shown, "\n[%zu bytes are left out here]\n", text.size - head.size - tail.size);
        add_shown(&shown, tail, max / 4, true);
    }
    make_mark(mark, buf_view(&shown));
    buf_format(out, "%s, %zu bytes:\n<data %s>\n", what, text.size, mark);
    buf_str(out, buf_view(&shown));
    buf_format(out, "\n</data %s>\n", mark);
}
