/* spell - see spell.h. */
#include "propose/spell.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

void spell_literal(struct buf *out, struct str text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (strchr("\"\\?", text.at[i]))
            buf_char(out, '\\');
        buf_char(out, text.at[i]);
    }
    buf_char(out, '"');
}

/* Keywords, and names that a printed patch uses itself. */
static const char *const taken[] = { "auto", "bool", "break", "case", "char", "const", "continue",
    "default", "do", "double", "else", "enum", "extern", "false", "float", "for", "goto", "if",
    "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "struct", "switch", "true", "typedef", "union", "unsigned", "void", "volatile",
    "while", "turn", "call", "it", "text", "state" };

bool spell_is_name(struct str text)
{
    if (text.size == 0 || text.size > 24 || !islower((unsigned char)text.at[0]))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (!islower((unsigned char)text.at[i]) && !isdigit((unsigned char)text.at[i]) &&
            text.at[i] != '_')
            return false;
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        if (str_equal(text, str_of(taken[i])))
            return false;
    return true;
}
