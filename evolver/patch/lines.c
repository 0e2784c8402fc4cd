/* lines - the longest common subsequence of lines, of which only the length is kept. */
#include "patch/lines.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Above this many pairs the whole middle counts as changed: far over any budget anyway. */
enum { PAIRS_MAX = 16 << 20 };

struct lines {
    struct str *at;
    uint32_t count;
};

static struct lines split(struct str text)
{
    struct lines lines = { 0 };
    for (size_t from = 0; from < text.size;) {
        const char *end = memchr(text.at + from, '\n', text.size - from);
        size_t size = end ? (size_t)(end - text.at) - from : text.size - from;
        if ((lines.count & (lines.count - 1)) == 0)
            lines.at =
                mem_grow(lines.at, lines.count ? 2 * (size_t)lines.count : 1, sizeof(lines.at[0]));
        lines.at[lines.count++] = (struct str){ text.at + from, size };
        from += size + 1;
    }
    return lines;
}

static uint32_t common(
    const struct str *was, uint32_t rows, const struct str *now, uint32_t columns)
{
    uint32_t *best = mem_zero(columns + 1, sizeof(best[0]));
    for (uint32_t i = 0; i < rows; i++) {
        uint32_t corner = 0; /* the row above, one column back */
        for (uint32_t n = 0; n < columns; n++) {
            uint32_t above = best[n + 1];
            if (str_equal(was[i], now[n]))
                best[n + 1] = corner + 1;
            else if (best[n] > above)
                best[n + 1] = best[n];
            corner = above;
        }
    }
    uint32_t length = best[columns];
    free(best);
    return length;
}

uint32_t lines_changed(struct str was_text, struct str now_text)
{
    struct lines was = split(was_text), now = split(now_text);
    uint32_t from = 0, rows, columns, same = 0;
    while (from < was.count && from < now.count && str_equal(was.at[from], now.at[from]))
        from++;
    for (rows = was.count - from, columns = now.count - from;
         rows && columns && str_equal(was.at[from + rows - 1], now.at[from + columns - 1]); rows--)
        columns--;
    if (rows && columns && (uint64_t)rows * columns <= PAIRS_MAX)
        same = common(was.at + from, rows, now.at + from, columns);
    free(was.at);
    free(now.at);
    return rows + columns - 2 * same;
}
