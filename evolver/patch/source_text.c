/* source_text - bytes that make a source read otherwise than it compiles. */
#include "patch/source.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Characters that a reviewer does not see, or that move what he sees. */
static const struct range {
    uint32_t from, to;
    enum rule rule;
} ranges[] = {
    { 0x0000, 0x0008, RULE_CONTROL },
    { 0x000b, 0x001f, RULE_CONTROL },
    { 0x007f, 0x009f, RULE_CONTROL },
    { 0x00ad, 0x00ad, RULE_INVISIBLE },
    { 0x034f, 0x034f, RULE_INVISIBLE },
    { 0x061c, 0x061c, RULE_BIDI },
    { 0x115f, 0x1160, RULE_INVISIBLE },
    { 0x17b4, 0x17b5, RULE_INVISIBLE },
    { 0x180b, 0x180f, RULE_INVISIBLE },
    { 0x200b, 0x200d, RULE_INVISIBLE },
    { 0x200e, 0x200f, RULE_BIDI },
    { 0x2028, 0x2029, RULE_CONTROL },
    { 0x202a, 0x202e, RULE_BIDI },
    { 0x2060, 0x2065, RULE_INVISIBLE },
    { 0x2066, 0x2069, RULE_BIDI },
    { 0x206a, 0x206f, RULE_BIDI },
    { 0x3164, 0x3164, RULE_INVISIBLE },
    { 0xfe00, 0xfe0f, RULE_INVISIBLE },
    { 0xfeff, 0xfeff, RULE_INVISIBLE },
    { 0xffa0, 0xffa0, RULE_INVISIBLE },
    { 0xfff9, 0xfffb, RULE_INVISIBLE },
    { 0x1d173, 0x1d17a, RULE_INVISIBLE },
    { 0xe0000, 0xe0fff, RULE_INVISIBLE },
};

enum { BLANKS_MAX = 80 };

static void check_code(struct findings *findings, uint32_t code, struct place place)
{
    for (size_t i = 0; i < COUNT_OF(ranges); i++)
        if (code >= ranges[i].from && code <= ranges[i].to) {
            char name[16];
            snprintf(name, sizeof(name), "U+%04X", code);
            rule_refuse(findings, ranges[i].rule, place, str_of(name));
        }
}

/* ??= and its eight like, wherever they stand: the compiler replaces them in strings too. */
static void check_trigraph(struct findings *findings, struct str rest, struct place place)
{
    if (rest.size >= 3 && rest.at[0] == '?' && rest.at[1] == '?' && rest.at[2] != 0 &&
        strchr("=/'()!<>-", rest.at[2]))
        rule_refuse(findings, RULE_TRIGRAPH, place, (struct str){ rest.at, 3 });
}

/* A backslash at a line's end, blanks between allowed for: gcc takes these too. */
static void check_splice(struct findings *findings, struct str rest, struct place place)
{
    size_t n = 1;
    if (rest.at[0] != '\\')
        return;
    while (n < rest.size && rest.at[n] != '\n' && strchr(" \t\r\f\v", rest.at[n]) && rest.at[n])
        n++;
    if (n == rest.size || rest.at[n] == '\n')
        rule_refuse(findings, RULE_SPLICE, place, STR("a backslash at the end of a line"));
}

/* Blanks so many that what follows them in the line is not on the screen. */
static void check_blanks(struct findings *findings, struct str text, size_t at, struct place place)
{
    size_t end = at;
    bool begins = at == 0 || (text.at[at - 1] != ' ' && text.at[at - 1] != '\t');
    while (begins && end < text.size && (text.at[end] == ' ' || text.at[end] == '\t'))
        end++;
    if (end - at > BLANKS_MAX && end < text.size && text.at[end] != '\n')
        rule_refuse(findings, RULE_BLANKS, place, STR("a run of blanks"));
}

void source_check_text(struct findings *findings, struct str text)
{
    struct place place = { 1, 1 };
    for (size_t at = 0; at < text.size;) {
        struct str rest = { text.at + at, text.size - at };
        uint32_t code;
        size_t size = str_utf8_char(rest, &code);
        if (size == 0) {
            rule_refuse(findings, RULE_UTF8, place, (struct str){ rest.at, 1 });
            return;
        }
        check_code(findings, code, place);
        check_trigraph(findings, rest, place);
        check_splice(findings, rest, place);
        check_blanks(findings, text, at, place);
        place.column += (uint32_t)size;
        if (code == '\n')
            place = (struct place){ place.line + 1, 1 };
        at += size;
    }
}
