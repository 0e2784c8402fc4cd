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
    { 0x00a0, 0x00a0, RULE_INVISIBLE }, /* blanks that are not the blank */
    { 0x00ad, 0x00ad, RULE_INVISIBLE },
    { 0x034f, 0x034f, RULE_INVISIBLE },
    { 0x061c, 0x061c, RULE_BIDI },
    { 0x115f, 0x1160, RULE_INVISIBLE },
    { 0x1680, 0x1680, RULE_INVISIBLE },
    { 0x17b4, 0x17b5, RULE_INVISIBLE },
    { 0x180b, 0x180f, RULE_INVISIBLE },
    { 0x2000, 0x200d, RULE_INVISIBLE },
    { 0x200e, 0x200f, RULE_BIDI },
    { 0x2028, 0x2029, RULE_CONTROL },
    { 0x202a, 0x202e, RULE_BIDI },
    { 0x202f, 0x202f, RULE_INVISIBLE },
    { 0x205f, 0x2065, RULE_INVISIBLE },
    { 0x2066, 0x2069, RULE_BIDI },
    { 0x206a, 0x206f, RULE_BIDI },
    { 0x2800, 0x2800, RULE_INVISIBLE },
    { 0x3164, 0x3164, RULE_INVISIBLE },
    { 0xfe00, 0xfe0f, RULE_INVISIBLE },
    { 0xfeff, 0xfeff, RULE_INVISIBLE },
    { 0xffa0, 0xffa0, RULE_INVISIBLE },
    { 0xfff0, 0xfffb, RULE_INVISIBLE },
    { 0x1bca0, 0x1bca3, RULE_INVISIBLE },
    { 0x1d173, 0x1d17a, RULE_INVISIBLE },
    { 0xe0000, 0xe0fff, RULE_INVISIBLE },
};

/* Letters and signs that look like ASCII ones: of a word with such, a reviewer reads another word.
 */
/* clang-format off */
static const struct {
    uint32_t from, to;
} lookalikes[] = {
    { 0x0251, 0x0251 }, { 0x0261, 0x0261 }, { 0x02d7, 0x02d7 }, { 0x037e, 0x037e },
    { 0x0391, 0x0392 }, { 0x0395, 0x0397 }, { 0x0399, 0x039a }, { 0x039c, 0x039d },
    { 0x039f, 0x039f }, { 0x03a1, 0x03a1 }, { 0x03a4, 0x03a5 }, { 0x03a7, 0x03a7 },
    { 0x03bd, 0x03bd }, { 0x03bf, 0x03bf }, { 0x03c1, 0x03c1 }, { 0x03f2, 0x03f3 },
    { 0x03f9, 0x03f9 }, { 0x0405, 0x0406 }, { 0x0408, 0x0408 }, { 0x0410, 0x0410 },
    { 0x0412, 0x0412 }, { 0x0415, 0x0415 }, { 0x041a, 0x041a }, { 0x041c, 0x041e },
    { 0x0420, 0x0423 }, { 0x0425, 0x0425 }, { 0x0430, 0x0430 }, { 0x0435, 0x0435 },
    { 0x043e, 0x043e }, { 0x0440, 0x0441 }, { 0x0443, 0x0443 }, { 0x0445, 0x0445 },
    { 0x0455, 0x0456 }, { 0x0458, 0x0458 }, { 0x04ae, 0x04af }, { 0x04bb, 0x04bb },
    { 0x04c0, 0x04c0 }, { 0x04cf, 0x04cf }, { 0x0501, 0x0501 }, { 0x051b, 0x051d },
    { 0x0555, 0x0555 }, { 0x0585, 0x0585 }, { 0x13a0, 0x13ff }, { 0x2010, 0x2011 },
    { 0x2024, 0x2024 }, { 0x2102, 0x2102 }, { 0x210a, 0x2113 }, { 0x2115, 0x2115 },
    { 0x2119, 0x211d }, { 0x2124, 0x2124 }, { 0x2128, 0x2128 }, { 0x212a, 0x212a },
    { 0x212c, 0x2131 }, { 0x2133, 0x2134 }, { 0x2139, 0x2139 }, { 0x2160, 0x217f },
    { 0x2215, 0x2215 }, { 0x29f8, 0x29f8 }, { 0x2c80, 0x2cff }, { 0xa4d0, 0xa4ff },
    { 0xa789, 0xa789 }, { 0xff10, 0xff19 }, { 0xff21, 0xff3a }, { 0xff3f, 0xff3f },
    { 0xff41, 0xff5a }, { 0x1d400, 0x1d7ff },
};
/* clang-format on */

enum { BLANKS_MAX = 80, TAB = 8 };

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

static bool is_letter(struct str text, size_t at)
{
    char c = at < text.size ? text.at[at] : 0;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The letter of an escape or of a format is no part of a word: "\nA". */
static bool is_word_before(struct str text, size_t at)
{
    return at > 0 && is_letter(text, at - 1) &&
           (at < 2 || (text.at[at - 2] != '\\' && text.at[at - 2] != '%'));
}

static void check_lookalike(struct findings *findings, struct str text, size_t at, uint32_t code,
    size_t size, struct place place)
{
    for (size_t i = 0; i < COUNT_OF(lookalikes); i++)
        if (code >= lookalikes[i].from && code <= lookalikes[i].to &&
            (is_word_before(text, at) || is_letter(text, at + size))) {
            char name[16];
            snprintf(name, sizeof(name), "U+%04X", code);
            rule_refuse(findings, RULE_LOOKALIKE, place, str_of(name));
        }
}

/* Blanks so many that what follows them in the line is not on the screen. */
static void check_blanks(struct findings *findings, struct str text, size_t at, struct place place)
{
    size_t end = at, width = 0;
    bool begins = at == 0 || (text.at[at - 1] != ' ' && text.at[at - 1] != '\t');
    for (; begins && end < text.size && (text.at[end] == ' ' || text.at[end] == '\t'); end++)
        width += text.at[end] == '\t' ? TAB : 1;
    if (width > BLANKS_MAX && end < text.size && text.at[end] != '\n')
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
        check_lookalike(findings, text, at, code, size, place);
        place.column += (uint32_t)size;
        if (code == '\n')
            place = (struct place){ place.line + 1, 1 };
        at += size;
    }
}
