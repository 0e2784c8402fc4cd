/* resize - see resize.h. The bytes of a message are walked as they are: a list may stand in JSON,
 * in JSON in JSON, in Python or in a text, and its quotes, whatever stands before them, are those
 * of its last item. What is added is a function of that item, so lists that were equal stay so. */
#include "trials/case/resize.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

enum { ITEM_MAX = 64 };

struct list {                   /* of the last item, with its quotes */
    size_t item, item_end, end; /* end: of the list, on its bracket */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t blanks(struct str text, size_t at)
{
    while (at < text.size && is_blank(text.at[at]))
        at++;
    return at;
}

static size_t quote_size(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.size && text.at[end] == '\\')
        end++;
    return end < text.size && (text.at[end] == '"' || text.at[end] == '\'') ? end + 1 - at : 0;
}

static size_t word_end(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.size && end - at < ITEM_MAX &&
           (isalnum((unsigned char)text.at[end]) || strchr("#_-.", text.at[end])) && text.at[end])
        end++;
    return end;
}

/* A word between two equal quotes, or a bare one; where it ends, or `at`: there is none. */
static size_t item_end(struct str text, size_t at)
{
    size_t quote = quote_size(text, at), end = word_end(text, at + quote);
    if (end == at + quote)
        return at;
    if (quote == 0)
        return end;
    bool closed = text.size - end >= quote && memcmp(text.at + end, text.at + at, quote) == 0;
    return closed ? end + quote : at;
}

/* The list whose bracket stands at `at`, if it is one of words. */
static bool read_list(struct str text, size_t at, struct list *ret)
{
    for (at = blanks(text, at + 1);;) {
        size_t end = item_end(text, at), behind = blanks(text, end);
        if (end == at || behind == text.size)
            return false;
        *ret = (struct list){ at, end, behind };
        if (text.at[behind] == ']')
            return true;
        if (text.at[behind] != ',')
            return false;
        at = blanks(text, behind + 1);
    }
}

/* The last digit of the last item, or its end. Items without one are words that a tool may know: a
 * list of these stays as long as it is. */
static size_t last_digit(struct str text, const struct list *list)
{
    for (size_t i = list->item_end; i-- > list->item;)
        if (isdigit((unsigned char)text.at[i]))
            return i;
    return list->item_end;
}

/* The last item once more, with another digit. */
static void add_item(struct buf *out, struct str text, const struct list *list, size_t digit)
{
    buf_text(out, ", ");
    buf_add(out, text.at + list->item, digit - list->item);
    buf_char(out, (char)('0' + (text.at[digit] - '0' + 1) % 10));
    buf_add(out, text.at + digit + 1, list->item_end - digit - 1);
}

static struct str resized(struct str text, struct arena *arena, bool *changed)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    size_t copied = 0;
    for (size_t at = 0; at < text.size; at++) {
        struct list list;
        if (text.at[at] != '[' || !read_list(text, at, &list))
            continue;
        size_t digit = last_digit(text, &list);
        if (digit == list.item_end)
            continue;
        buf_add(&out, text.at + copied, list.item_end - copied);
        add_item(&out, text, &list, digit);
        copied = list.item_end;
        at = list.end;
        *changed = true;
    }
    buf_add(&out, text.at + copied, text.size - copied);
    return (struct str){ arena_string(arena, out.at ? out.at : "", out.size), out.size };
}

int run_resize(struct run **ret, const struct run *run, struct arena *arena, struct err *err)
{
    struct run *made = run_like(run, arena);
    bool changed = false;
    *ret = NULL;
    for (uint32_t i = 0; i < run->messages_count; i++) {
        const struct run_message *message = &run->messages[i];
        bool wrote = message->role == RUN_MODEL;
        struct str bytes = wrote ? resized(message->bytes, arena, &changed) : message->bytes;
        int rc = run_add(made, bytes, message->failed, err);
        if (rc < 0)
            return rc;
        if (message->own.size > 0)
            made->messages[i].own = resized(message->own, arena, &changed);
    }
    run_seal(made);
    *ret = changed ? made : NULL;
    return 0;
}
