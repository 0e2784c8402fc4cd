/* str - views of bytes, UTF-8, and text made safe to show. */
#include "base/str.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Characters that change how a line looks without being seen: direction marks, invisible joiners,
 * separators, tags, and the C1 controls that some terminals obey. */
static const struct {
    uint32_t from, to;
} hidden[] = {
    { 0x0080, 0x009F },
    { 0x061C, 0x061C },
    { 0x200B, 0x200F },
    { 0x2028, 0x202E },
    { 0x2060, 0x206F },
    { 0xFEFF, 0xFEFF },
    { 0xFFF9, 0xFFFB },
    { 0xE0000, 0xE007F },
};

struct str str_of(const char *text)
{
    return (struct str){ text, text ? strlen(text) : 0 };
}

bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

int str_compare(struct str a, struct str b)
{
    size_t both = a.size < b.size ? a.size : b.size;
    int order = both ? memcmp(a.at, b.at, both) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.size >= prefix.size && str_equal((struct str){ s.at, prefix.size }, prefix);
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    while (s.size > 0 && blank(s.at[0])) {
        s.at++;
        s.size--;
    }
    while (s.size > 0 && blank(s.at[s.size - 1]))
        s.size--;
    return s;
}

ptrdiff_t str_find(struct str s, struct str part)
{
    if (part.size == 0)
        return 0;
    if (s.size == 0)
        return -1;
    const char *hit = memmem(s.at, s.size, part.at, part.size);
    return hit ? hit - s.at : -1;
}

size_t str_utf8_char(struct str s, uint32_t *ret_code)
{
    /* The least code point of each length: anything below it is an overlong form. */
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (s.size == 0)
        return 0;
    const unsigned char *p = (const unsigned char *)s.at;
    uint32_t code = p[0];
    size_t size = 1;
    if (code >= 0x80) {
        size = code >= 0xF0 ? 4 : code >= 0xE0 ? 3 : 2;
        if (code < 0xC2 || code > 0xF4 || s.size < size)
            return 0;
        code &= 0x7Fu >> size;
        for (size_t i = 1; i < size; i++) {
            if ((p[i] & 0xC0) != 0x80)
                return 0;
            code = code << 6 | (p[i] & 0x3F);
        }
        if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return 0;
    }
    if (ret_code)
        *ret_code = code;
    return size;
}

size_t str_utf8_put(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00u >> size & 0xF0) | code);
    return size;
}

/* ASCII at its beginning, eight bytes at a time. */
static size_t ascii_size(struct str s)
{
    size_t size = 0;
    for (uint64_t w; s.size - size >= sizeof w; size += sizeof w) {
        memcpy(&w, s.at + size, sizeof w);
        if (w & 0x8080808080808080u)
            break;
    }
    return size;
}

bool str_utf8(struct str s)
{
    while (s.size > 0) {
        size_t plain = ascii_size(s);
        s.at += plain;
        s.size -= plain;
        if (s.size == 0)
            break;
        size_t step = str_utf8_char(s, NULL);
        if (step == 0)
            return false;
        s.at += step;
        s.size -= step;
    }
    return true;
}

static bool is_hidden(uint32_t code)
{
    for (size_t i = 0; i < COUNT_OF(hidden); i++)
        if (code >= hidden[i].from && code <= hidden[i].to)
            return true;
    return false;
}

/* What stands for the first character of s: the bytes themselves or an escape. Returns how many
 * bytes of s it stands for. */
static size_t show(struct str s, bool keep_lines, char out[16])
{
    uint32_t code = 0;
    size_t size = str_utf8_char(s, &code);
    bool control = size == 1 && (code < 0x20 || code == 0x7F);
    bool kept = keep_lines && (code == '\n' || code == '\t');
    if (size == 0 || (control && !kept)) {
        snprintf(out, 16, "\\x%02x", (unsigned char)s.at[0]);
        return 1;
    }
    if (is_hidden(code)) {
        snprintf(out, 16, "\\u{%04X}", (unsigned)code);
        return size;
    }
    memcpy(out, s.at, size);
    out[size] = '\0';
    return size;
}

char *str_printable(char *out, size_t size, struct str s, bool keep_lines)
{
    size_t used = 0;
    while (s.size > 0 && size > 0) {
        char shown[16];
        size_t step = show(s, keep_lines, shown), length = strlen(shown);
        if (used + length >= size)
            break;
        memcpy(out + used, shown, length);
        used += length;
        s.at += step;
        s.size -= step;
    }
    if (size > 0)
        out[used] = '\0';
    return out;
}

bool str_is_name(struct str s, size_t max)
{
    static const char extra[] = "._-@";
    for (size_t i = 0; i < s.size; i++) {
        char c = s.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!plain && !memchr(extra, c, sizeof extra - 1))
            return false;
    }
    return s.size > 0 && s.size <= max;
}
