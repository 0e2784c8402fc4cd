/* describe_literals - literals of a patch that stand in texts of the batch.
 *
 * A repair that names what the failing cases happen to say fits these cases, and perhaps no others:
 * a reviewer should know. */
#include "patch/describe_side.h"
#include "patch/lex.h"

#include "base/mem.h"

#include <string.h>

/* Shorter texts and numbers stand everywhere. */
enum { TEXT_MIN = 4, DIGITS_MIN = 4 };

static struct str content_of(const struct syntax *syntax, uint32_t node, struct arena *arena)
{
    struct str text = syntax_text(syntax, node);
    const char *quote = memchr(text.at, '"', text.size);
    if (!syntax_is(syntax, node, "string_literal") || !quote)
        return text;
    size_t from = (size_t)(quote - text.at) + 1, size = 0;
    char *out = arena_alloc(arena, text.size + 1);
    for (size_t i = from; i + 1 < text.size; i++) {
        char c = text.at[i];
        if (c == '\\' && i + 2 < text.size) {
            c = text.at[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        out[size++] = c;
    }
    return (struct str){ out, size };
}

/* As a whole word of the text, so that 1234 is not found in 91234. */
static bool has_number(struct str text, struct str number)
{
    struct str rest = text;
    for (ptrdiff_t at; (at = str_find(rest, number)) >= 0;) {
        const char *from = rest.at + at, *to = from + number.size, *end = text.at + text.size;
        if ((from == text.at || !lex_in_word(from[-1])) && (to == end || !lex_in_word(*to)))
            return true;
        rest = (struct str){ to, (size_t)(end - to) };
    }
    return false;
}

static bool is_copied(const struct telling *telling, struct str content, bool number)
{
    const struct describe *describe = telling->describe;
    for (uint32_t i = 0; i < describe->literals_count; i++)
        if (number ? has_number(describe->literals[i], content)
                   : str_find(describe->literals[i], content) >= 0)
            return true;
    return false;
}

void tell_literals(struct telling *telling, const struct diff_run *run)
{
    const struct syntax *syntax = telling->now.syntax;
    if (!run->first)
        return;
    for (uint32_t node = run->first; node < run->last + syntax->nodes[run->last].next; node++) {
        bool number = syntax_is(syntax, node, "number_literal");
        if (!number && !syntax_is(syntax, node, "string_literal"))
            continue;
        struct str content = content_of(syntax, node, &telling->arena);
        if (content.size < (number ? (size_t)DIGITS_MIN : (size_t)TEXT_MIN) ||
            !is_copied(telling, content, number))
            continue;
        tell_where(telling, "copied from the batch: ", &telling->now, node);
        tell_node(telling, syntax, node);
        tell_end(telling);
    }
}
