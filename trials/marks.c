/* marks - see marks.h. */
#include "trials/marks.h"

enum { TOLD_MAX = 3 };

const char *const marks_words[MARKS_WHATS] = {
    [MARKS_RAN] = "ran",
    [MARKS_TRUE] = "true",
    [MARKS_FALSE] = "false",
    [MARKS_OTHER] = "not zero",
    [MARKS_VARIED] = "two values",
};
static const char *const missed_words[MARKS_WHATS] = {
    [MARKS_RAN] = "never ran",
    [MARKS_TRUE] = "never true",
    [MARKS_FALSE] = "never false",
    [MARKS_OTHER] = "always zero",
    [MARKS_VARIED] = "never varied",
};

static bool is_missed(const struct marks *marks, uint32_t i)
{
    return marks->at[i].wanted && !marks->seen[i].ran;
}

uint32_t marks_wanted(const struct marks *marks)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < marks->count; i++)
        count += marks->at[i].wanted;
    return count;
}

uint32_t marks_missed(const struct marks *marks)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < marks->count; i++)
        count += is_missed(marks, i);
    return count;
}

bool marks_want_more(const struct marks *marks)
{
    for (uint32_t i = 0; i < marks->count; i++)
        if (is_missed(marks, i) ||
            (marks->at[i].wanted && marks->seen[i].shown_count < MARKS_SHOWN_MAX))
            return true;
    return false;
}

static void add_one(struct mark_seen *seen, const struct mark_case *of)
{
    if (of->variant)
        return;
    seen->cases++;
    seen->held_out += of->held_out;
    if (!of->held_out && seen->shown_count < MARKS_SHOWN_MAX)
        seen->shown[seen->shown_count++] = of->id;
}

/* `count` bits from there; where the text ends they are zero. */
static uint8_t bits_at(struct str bits, size_t from, unsigned count)
{
    uint8_t got = 0;
    for (size_t i = from; i < from + count && i / 8 < bits.size; i++)
        got |= (uint8_t)(((uint8_t)bits.at[i / 8] >> i % 8 & 1) << (i - from));
    return got;
}

void marks_add(struct marks *marks, struct str bits, const struct mark_case *of)
{
    size_t from = 0;
    for (uint32_t i = 0; i < marks->count; i++) {
        struct mark_seen *seen = &marks->seen[i];
        bool varies = marks->at[i].what == MARKS_VARIED;
        uint8_t got = bits_at(bits, from, varies ? MARKS_CLASSES : 1);
        from += varies ? MARKS_CLASSES : 1;
        if (!got)
            continue;
        seen->classes |= got;
        seen->ran = !varies || (seen->classes & (seen->classes - 1)) != 0;
        add_one(seen, of);
    }
}

void marks_join(struct str *bits, struct str more, struct arena *arena)
{
    if (more.size == 0)
        return;
    size_t size = bits->size > more.size ? bits->size : more.size;
    char *all = arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        all[i] = (char)((i < bits->size ? (uint8_t)bits->at[i] : 0) |
                        (i < more.size ? (uint8_t)more.at[i] : 0));
    *bits = (struct str){ all, size };
}

/* What never ran has said so of its conditions, too: one line is named once. */
static bool told_before(const struct marks *marks, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (is_missed(marks, k) && marks->at[k].line == marks->at[i].line)
            return true;
    return false;
}

void marks_tell(struct buf *out, const struct marks *marks)
{
    unsigned told = 0;
    for (uint32_t i = 0; i < marks->count && told < TOLD_MAX; i++) {
        const struct mark *mark = &marks->at[i];
        if (!is_missed(marks, i) || told_before(marks, i))
            continue;
        buf_format(out, "%s%.*s, line %u: %s", told++ ? "; " : "",
            (int)(mark->function.size < 64 ? mark->function.size : 64), mark->function.at,
            mark->line, missed_words[mark->what]);
    }
}
