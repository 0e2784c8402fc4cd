/* sha256 - see sha256.h. FIPS 180-4; the two state words are in the order that the instructions
 * want: ABEF and CDGH. */
#include "base/sha256.h"

#include <string.h>

enum { BLOCK = 64, LENGTH = 8 };

void sha256_begin(struct sha256 *state)
{
    static const uint32_t first[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
        0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    memcpy(state->h, first, sizeof first);
    state->size = 0;
}

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>

#define WITH_SHA __attribute__((target("sha,sse4.1,ssse3")))

static const uint32_t constants[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
    0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
    0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3,
    0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354,
    0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
    0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
    0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };

bool sha256_can(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

struct words {
    __m128i abef, cdgh;
};

/* Four rounds with the schedule's words w0; w0 is then the one four further on. */
WITH_SHA static inline void four_rounds(struct words *at, __m128i *w0, const __m128i *w1,
    const __m128i *w2, const __m128i *w3, const uint32_t *constant)
{
    __m128i sum = _mm_add_epi32(*w0, _mm_loadu_si128((const __m128i *)constant));
    at->cdgh = _mm_sha256rnds2_epu32(at->cdgh, at->abef, sum);
    at->abef = _mm_sha256rnds2_epu32(at->abef, at->cdgh, _mm_shuffle_epi32(sum, 0x0E));
    __m128i next = _mm_add_epi32(_mm_sha256msg1_epu32(*w0, *w1), _mm_alignr_epi8(*w3, *w2, 4));
    *w0 = _mm_sha256msg2_epu32(next, *w3);
}

WITH_SHA static void one_block(struct words *at, const uint8_t *data)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const struct words before = *at;
    __m128i w[4];
    for (int i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data + i), big_endian);
    for (int i = 0; i < 64; i += 16) {
        four_rounds(at, &w[0], &w[1], &w[2], &w[3], constants + i);
        four_rounds(at, &w[1], &w[2], &w[3], &w[0], constants + i + 4);
        four_rounds(at, &w[2], &w[3], &w[0], &w[1], constants + i + 8);
        four_rounds(at, &w[3], &w[0], &w[1], &w[2], constants + i + 12);
    }
    at->abef = _mm_add_epi32(at->abef, before.abef);
    at->cdgh = _mm_add_epi32(at->cdgh, before.cdgh);
}

WITH_SHA static void blocks(uint32_t h[8], const uint8_t *data, size_t count)
{
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h), 0xB1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h + 1), 0x1B);
    struct words at = { _mm_alignr_epi8(badc, efgh, 8), _mm_blend_epi16(efgh, badc, 0xF0) };
    for (; count > 0; count--, data += BLOCK)
        one_block(&at, data);
    __m128i feba = _mm_shuffle_epi32(at.abef, 0x1B), dchg = _mm_shuffle_epi32(at.cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)h, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)h + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#else

bool sha256_can(void)
{
    return false;
}

static void blocks(uint32_t h[8], const uint8_t *data, size_t count)
{
    (void)h, (void)data, (void)count;
}

#endif

void sha256_add(struct sha256 *state, const uint8_t *data, size_t size)
{
    size_t held = state->size % BLOCK;
    state->size += size;
    if (held > 0) {
        size_t part = size < BLOCK - held ? size : BLOCK - held;
        memcpy(state->block + held, data, part);
        data += part;
        size -= part;
        if (held + part < BLOCK)
            return;
        blocks(state->h, state->block, 1);
    }
    blocks(state->h, data, size / BLOCK);
    if (size % BLOCK > 0)
        memcpy(state->block, data + size / BLOCK * BLOCK, size % BLOCK);
}

static void put_big(uint8_t *to, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0) {
        to[bytes] = (uint8_t)number;
        number >>= 8;
    }
}

void sha256_end(struct sha256 *state, uint8_t ret[32])
{
    uint8_t tail[2 * BLOCK] = { 0 };
    size_t held = state->size % BLOCK, count = held < BLOCK - LENGTH ? 1 : 2;
    memcpy(tail, state->block, held);
    tail[held] = 0x80;
    put_big(tail + count * BLOCK - LENGTH, state->size * 8, LENGTH);
    blocks(state->h, tail, count);
    for (unsigned i = 0; i < 8; i++)
        put_big(ret + 4 * (size_t)i, state->h[i], 4);
}
