/* pack - values in a row of bytes: little endian, texts with their u32 length. Reading is strict:
 * what is cut short or over its bound makes the reader bad, and it stays bad; check once at the
 * end. */
#pragma once

#include "base/hash.h"
#include "base/str.h"

#include <stdbool.h>

void pack_u8(struct buf *out, uint8_t value);
void pack_u32(struct buf *out, uint32_t value);
void pack_u64(struct buf *out, uint64_t value);
void pack_text(struct buf *out, struct str text);
void pack_digest(struct buf *out, const struct digest *digest);

struct unpack {
    const char *p, *end;
    bool bad;
};
struct unpack unpack_begin(struct str bytes);
uint8_t unpack_u8(struct unpack *in);
uint32_t unpack_u32(struct unpack *in);
uint64_t unpack_u64(struct unpack *in);
struct str unpack_text(struct unpack *in, size_t max);
struct digest unpack_digest(struct unpack *in);
/* Everything was read, and nothing was bad. */
bool unpack_end(const struct unpack *in);
