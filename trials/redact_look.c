/* redact_look - the first look of the redactor at JSON as it stands: where may something begin?
 *
 * Sixteen places at a time, where the processor can: what is known of the first three bytes stands
 * in tables by their halves (four bits each), a bit for each of eight classes of beginnings, and
 * one instruction looks up sixteen halves (the way of Hyperscan's Teddy). Elsewhere a table of two
 * bytes. Either passes on a few places too many and none too few; redact_rules.c looks closer. */
#include "trials/redact_look.h"

#include <string.h>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

enum { GRAM = 3, PLACES = 16, CLASSES = 8 };

static unsigned pair_of(const char *at)
{
    return (unsigned)(unsigned char)at[0] | (unsigned)(unsigned char)at[1] << 8;
}

void redact_glance_init(struct redact_glance *glance)
{
    *glance = (struct redact_glance){ 0 };
#if defined(__x86_64__)
    glance->vector = __builtin_cpu_supports("ssse3");
#endif
}

void redact_glance_mark(struct redact_glance *glance, unsigned class, const char begin[3])
{
    unsigned pair = pair_of(begin);
    glance->pairs[pair / 8] |= (uint8_t)(1u << pair % 8);
    for (unsigned i = 0; i < GRAM; i++) {
        unsigned char c = (unsigned char)begin[i];
        glance->low[i][c & 15] |= (uint8_t)(1u << class % CLASSES);
        glance->high[i][c >> 4] |= (uint8_t)(1u << class % CLASSES);
    }
}

#if defined(__x86_64__)

__attribute__((target("ssse3"))) static __m128i classes_at(
    const struct redact_glance *glance, unsigned i, const char *at)
{
    const __m128i halves = _mm_set1_epi8(15);
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)glance->low[i]);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)glance->high[i]);
    return _mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(bytes, halves)),
        _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(bytes, 4), halves)));
}

/* The same as redact_glance, of as many sixteens as there are, each with the two bytes behind it.
 * *ret_at: behind them. */
__attribute__((target("ssse3"))) static bool glance_sixteens(const struct redact_glance *glance,
    struct str json, redact_closer closer, const void *with, size_t *ret_at)
{
    size_t at = 0;
    for (; at + PLACES + GRAM - 1 <= json.size; at += PLACES) {
        __m128i both =
            _mm_and_si128(classes_at(glance, 0, json.at + at), classes_at(glance, 1, json.at + at));
        __m128i all = _mm_and_si128(both, classes_at(glance, 2, json.at + at));
        __m128i none = _mm_cmpeq_epi8(all, _mm_setzero_si128());
        unsigned seen = 0xFFFFu & ~(unsigned)_mm_movemask_epi8(none);
        for (; seen; seen &= seen - 1)
            if (closer(with, json, at + (unsigned)__builtin_ctz(seen)))
                return true;
    }
    *ret_at = at;
    return false;
}

#else

static bool glance_sixteens(const struct redact_glance *glance, struct str json,
    redact_closer closer, const void *with, size_t *ret_at)
{
    (void)glance, (void)json, (void)closer, (void)with;
    *ret_at = 0;
    return false;
}

#endif

bool redact_glance(
    const struct redact_glance *glance, struct str json, redact_closer closer, const void *with)
{
    size_t at = 0;
    if (glance->vector && glance_sixteens(glance, json, closer, with, &at))
        return true;
    for (; at + GRAM <= json.size; at++) {
        unsigned pair = pair_of(json.at + at);
        if ((glance->pairs[pair / 8] >> pair % 8 & 1) && closer(with, json, at))
            return true;
    }
    return false;
}
