/* pack - see pack.h. */
#include "wire/pack.h"

#include <string.h>

static void put(struct buf *out, uint64_t value, int bytes)
{
    char raw[8];
    for (int i = 0; i < bytes; i++)
        raw[i] = (char)(value >> (8 * i));
    buf_add(out, raw, (size_t)bytes);
}

void pack_u8(struct buf *out, uint8_t value)
{
    put(out, value, 1);
}

void pack_u32(struct buf *out, uint32_t value)
{
    put(out, value, 4);
}

void pack_u64(struct buf *out, uint64_t value)
{
    put(out, value, 8);
}

void pack_text(struct buf *out, struct str text)
{
    pack_u32(out, (uint32_t)text.size);
    buf_str(out, text);
}

void pack_digest(struct buf *out, const struct digest *digest)
{
    buf_add(out, digest->at, sizeof digest->at);
}

struct unpack unpack_begin(struct str bytes)
{
    return (struct unpack){ bytes.at, bytes.at + bytes.size, false };
}

static const char *take(struct unpack *in, size_t size)
{
    if (in->bad || (size_t)(in->end - in->p) < size) {
        in->bad = true;
        return NULL;
    }
    const char *at = in->p;
    in->p += size;
    return at;
}

static uint64_t get(struct unpack *in, int bytes)
{
    uint64_t value = 0;
    const char *raw = take(in, (size_t)bytes);
    for (int i = 0; raw && i < bytes; i++)
        value |= (uint64_t)(uint8_t)raw[i] << (8 * i);
    return value;
}

uint8_t unpack_u8(struct unpack *in)
{
    return (uint8_t)get(in, 1);
}

uint32_t unpack_u32(struct unpack *in)
{
    return (uint32_t)get(in, 4);
}

uint64_t unpack_u64(struct unpack *in)
{
    return get(in, 8);
}

struct str unpack_text(struct unpack *in, size_t max)
{
    uint32_t size = unpack_u32(in);
    if (size > max)
        in->bad = true;
    const char *at = take(in, size);
    return at ? (struct str){ at, size } : (struct str){ 0 };
}

struct digest unpack_digest(struct unpack *in)
{
    struct digest digest = { { 0 } };
    const char *at = take(in, sizeof digest.at);
    if (at)
        memcpy(digest.at, at, sizeof digest.at);
    return digest;
}

bool unpack_end(const struct unpack *in)
{
    return !in->bad && in->p == in->end;
}
