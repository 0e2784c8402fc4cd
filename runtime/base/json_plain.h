/* json_plain - over what needs no look, in a JSON string and in a text that becomes one. Inside
 * this folder only. */
#pragma once

#include <stdint.h>
#include <string.h>

_Static_assert(
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "json_skip_plain counts from the low byte");

/* Steps to the first byte that is a quote, a backslash, a control byte or not ASCII, eight at a
 * time. A borrow between bytes can mark a plain one only behind one that is marked rightly, so the
 * lowest mark is always right. */
static inline const char *json_skip_plain(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
    for (uint64_t w; end - p >= 8; p += 8) {
        memcpy(&w, p, 8);
        uint64_t quote = (w ^ ones * '"') - ones, backslash = (w ^ ones * '\\') - ones;
        uint64_t marks = (quote | backslash | (w - ones * 0x20) | w) & high;
        if (marks)
            return p + __builtin_ctzll(marks) / 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && !(*p & 0x80))
        p++;
    return p;
}
