/* host_text - verbs that find things in text. All are linear in the text; what a hook has scanned
 * for it in all is bounded, since a hostile text can make every brace look like a beginning. */
#include "worker/host.h"

#include <string.h>

enum { DEPTH_MAX = 128 };

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The end of the object that begins at `at`, by its braces and strings alone; 0 if it has none. */
static size_t object_end(struct str text, size_t at, uint64_t *work)
{
    unsigned depth = 0;
    bool quoted = false;
    size_t i = at;
    for (; i < text.size; i++) {
        char c = text.at[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                break;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            *work += i + 1 - at;
            return i + 1;
        }
    }
    *work += i - at;
    return 0;
}

/* An object begins with a key or ends at once: most braces in prose do neither. */
static bool may_begin(struct str text, size_t at)
{
    size_t i = at + 1;
    while (i < text.size && blank(text.at[i]))
        i++;
    return i < text.size && (text.at[i] == '"' || text.at[i] == '}');
}

bool host_text_json(moult_turn *face, moult_text where, moult_it *it)
{
    struct turn *turn = host_turn(face);
    struct str text = host_str(where);
    for (size_t at = it->next; at < text.size; at++) {
        const char *brace = memchr(text.at + at, '{', text.size - at);
        if (!brace)
            break;
        at = (size_t)(brace - text.at);
        if (!may_begin(text, at))
            continue;
        uint64_t work = 1;
        size_t end = object_end(text, at, &work);
        if (!host_charge(turn, end ? 2 * work : work))
            return false;
        const struct json *value =
            end ? json_read(&turn->arena, (struct str){ text.at + at, end - at }, NULL, NULL)
                : NULL;
        if (!value)
            continue;
        it->index = it->next ? it->index + 1 : 0;
        it->next = (uint32_t)end;
        it->span = (moult_span){ (uint32_t)at, (uint32_t)end };
        it->text = (moult_text){ text.at + at, (uint32_t)(end - at) };
        it->value = host_value(value);
        return true;
    }
    it->next = where.size;
    return false;
}

static ptrdiff_t find(struct str text, size_t from, moult_text mark)
{
    if (from >= text.size) /* nothing is left, or there is no text at all */
        return -1;
    const char *hit = memmem(text.at + from, text.size - from, mark.at, mark.size);
    return hit ? hit - text.at : -1;
}

bool host_text_between(
    moult_turn *face, moult_text where, moult_text open, moult_text close, moult_it *it)
{
    struct str text = host_str(where);
    if (open.size == 0 || close.size == 0 ||
        !host_charge(host_turn(face), text.size - it->next + 1))
        return false;
    ptrdiff_t from = find(text, it->next, open);
    if (from < 0)
        return false;
    size_t inside = (size_t)from + open.size;
    ptrdiff_t close_at = find(text, inside, close);
    size_t to = close_at < 0 ? text.size : (size_t)close_at;
    size_t end = close_at < 0 ? text.size : to + close.size;
    it->index = it->next ? it->index + 1 : 0;
    it->next = (uint32_t)end;
    it->span = (moult_span){ (uint32_t)from, (uint32_t)end };
    it->text = (moult_text){ text.at + inside, (uint32_t)(to - inside) };
    return true;
}

static bool inside(moult_text text, moult_span span)
{
    return span.from <= span.to && span.to <= text.size;
}

static size_t back_over_blanks(moult_text text, size_t at)
{
    while (at > 0 && blank(text.at[at - 1]))
        at--;
    return at;
}

static size_t over_blanks(moult_text text, size_t at)
{
    while (at < text.size && blank(text.at[at]))
        at++;
    return at;
}

/* What may stand in the name of a tag. */
static bool tag_char(char c)
{
    return c && (strchr("_|-:.=/", c) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                    (c >= 'A' && c <= 'Z'));
}

/* Where the tag that ends before `at` begins, or `at`; brackets like "<>" or "[]". */
static size_t tag_before(moult_text text, size_t at, const char *brackets)
{
    if (at == 0 || text.at[at - 1] != brackets[1])
        return at;
    size_t from = at - 1;
    while (from > 0 && tag_char(text.at[from - 1]))
        from--;
    return from > 0 && from < at - 1 && text.at[from - 1] == brackets[0] ? from - 1 : at;
}

static size_t tag_behind(moult_text text, size_t at, const char *brackets)
{
    if (at >= text.size || text.at[at] != brackets[0])
        return at;
    size_t to = at + 1;
    while (to < text.size && tag_char(text.at[to]))
        to++;
    return to < text.size && to > at + 1 && text.at[to] == brackets[1] ? to + 1 : at;
}

/* An opening tag directly before and its closing tag directly behind. A block that runs to the end
 * of the text was cut off there: its opening tag goes with it. */
static bool grow_pair(moult_text text, moult_span *span, const char *brackets)
{
    size_t before = back_over_blanks(text, span->from), behind = over_blanks(text, span->to);
    size_t from = tag_before(text, before, brackets);
    if (from == before || text.at[from + 1] == '/')
        return false;
    size_t to = tag_behind(text, behind, brackets);
    size_t name = before - from - 2;
    bool closes = to > behind && text.at[behind + 1] == '/' && to - behind == name + 3 &&
                  memcmp(text.at + behind + 2, text.at + from + 1, name) == 0;
    if (!closes && behind < text.size)
        return false;
    *span = (moult_span){ (uint32_t)from, (uint32_t)(closes ? to : text.size) };
    return true;
}

static size_t line_start(moult_text text, size_t at)
{
    while (at > 0 && text.at[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(moult_text text, size_t at)
{
    while (at < text.size && text.at[at] != '\n')
        at++;
    return at;
}

static bool fence_at(moult_text text, size_t at)
{
    return at + 3 <= text.size && memcmp(text.at + at, "```", 3) == 0;
}

/* The line with the opening fence above, the closing fence below. */
static bool grow_fence(moult_text text, moult_span *span)
{
    size_t before = back_over_blanks(text, span->from), behind = over_blanks(text, span->to);
    size_t from = line_start(text, before);
    while (from < before && blank(text.at[from]))
        from++;
    if (before == 0 || !fence_at(text, from) || !fence_at(text, behind))
        return false;
    *span = (moult_span){ (uint32_t)from, (uint32_t)(behind + 3) };
    return true;
}

moult_span host_text_grow(moult_turn *face, moult_text text, moult_span span, uint32_t how)
{
    if (!inside(text, span) || !host_charge(host_turn(face), text.size))
        return (moult_span){ 0, 0 };
    switch (how) {
    case MOULT_GROW_PAIR:
        if (!grow_pair(text, &span, "<>"))
            grow_pair(text, &span, "[]");
        break;
    case MOULT_GROW_LINE:
        span.from = (uint32_t)line_start(text, span.from);
        span.to = (uint32_t)line_end(text, span.to);
        span.to += span.to < text.size;
        break;
    case MOULT_GROW_FENCE:
        grow_fence(text, &span);
        break;
    default:
        break;
    }
    return span;
}

moult_text host_text_after(moult_turn *face, moult_text text, moult_text token)
{
    if (token.size == 0 || !host_charge(host_turn(face), text.size))
        return (moult_text){ 0 };
    ptrdiff_t at = find(host_str(text), 0, token);
    if (at < 0)
        return (moult_text){ 0 };
    return (moult_text){ text.at + at + token.size, text.size - (uint32_t)at - token.size };
}

moult_text host_text_head(moult_turn *face, moult_text text, uint32_t size)
{
    (void)face;
    if (text.size <= size)
        return text;
    while (size > 0 && ((unsigned char)text.at[size] & 0xC0) == 0x80)
        size--;
    return (moult_text){ text.at, size };
}

bool host_text_is(moult_turn *face, moult_text text, uint32_t how, moult_text other)
{
    if (!host_charge(host_turn(face), text.size))
        return false;
    switch (how) {
    case MOULT_EQUAL:
        return str_equal(host_str(text), host_str(other));
    case MOULT_HAS:
        return other.size > 0 && other.size <= text.size && find(host_str(text), 0, other) >= 0;
    case MOULT_BEGINS:
        return other.size > 0 && str_starts(host_str(text), host_str(other));
    case MOULT_BLANK:
        return over_blanks(text, 0) == text.size;
    default:
        return false;
    }
}

/* Blanks between a span and the edge do not count: nobody sees them. */
bool host_span_edge(moult_turn *face, moult_text text, moult_span span, uint32_t which)
{
    if (!inside(text, span) || !host_charge(host_turn(face), text.size))
        return false;
    size_t before = back_over_blanks(text, span.from), behind = over_blanks(text, span.to);
    switch (which) {
    case MOULT_LINE_START:
        return before == 0 || memchr(text.at + before, '\n', span.from - before);
    case MOULT_LINE_END:
        return behind == text.size || memchr(text.at + span.to, '\n', behind - span.to);
    case MOULT_TEXT_START:
        return before == 0;
    case MOULT_TEXT_END:
        return behind == text.size;
    default:
        return false;
    }
}
