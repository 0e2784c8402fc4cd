/* hash - SHA-256, hex, and comparison of digests.
 * The state, libsodium's own or that of sha256.h, is kept inside an opaque block, so that neither
 * header leaves this folder. */
#include "base/hash.h"

#include "base/sha256.h"

#include <sodium.h>
#include <string.h>

_Static_assert(
    sizeof(crypto_hash_sha256_state) <= sizeof(struct hash_state), "hash_state too small");
_Static_assert(sizeof(struct sha256) <= sizeof(struct hash_state), "hash_state too small");
_Static_assert(crypto_hash_sha256_BYTES == sizeof(struct digest), "digest is SHA-256");

static crypto_hash_sha256_state *inner(struct hash_state *state)
{
    return (crypto_hash_sha256_state *)(void *)state->opaque;
}

static struct sha256 *own(struct hash_state *state)
{
    return (struct sha256 *)(void *)state->opaque;
}

/* Asked of the processor once. */
static bool is_own(void)
{
    static _Atomic(signed char) known;
    if (known == 0)
        known = sha256_can() ? 1 : -1;
    return known > 0;
}

void hash_begin(struct hash_state *state)
{
    if (is_own())
        sha256_begin(own(state));
    else
        crypto_hash_sha256_init(inner(state));
}

void hash_add(struct hash_state *state, const void *data, size_t size)
{
    if (size == 0)
        return;
    if (is_own())
        sha256_add(own(state), data, size);
    else
        crypto_hash_sha256_update(inner(state), data, size);
}

struct digest hash_end(struct hash_state *state)
{
    struct digest digest;
    if (is_own())
        sha256_end(own(state), digest.at);
    else
        crypto_hash_sha256_final(inner(state), digest.at);
    return digest;
}

struct digest hash_of(struct str data)
{
    struct hash_state state;
    hash_begin(&state);
    hash_add(&state, data.at, data.size);
    return hash_end(&state);
}

struct digest hash_parts(const struct str *parts, size_t count)
{
    struct hash_state state;
    hash_begin(&state);
    for (size_t i = 0; i < count; i++) {
        uint8_t length[8];
        for (int byte = 0; byte < 8; byte++)
            length[byte] = (uint8_t)((uint64_t)parts[i].size >> (8 * byte));
        hash_add(&state, length, sizeof(length));
        hash_add(&state, parts[i].at, parts[i].size);
    }
    return hash_end(&state);
}

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct hash_quick), "its state fits");

static crypto_generichash_state *quick(struct hash_quick *state)
{
    return (crypto_generichash_state *)state->opaque;
}

void hash_quick_begin(struct hash_quick *state)
{
    crypto_generichash_init(quick(state), NULL, 0, sizeof(struct digest));
}

void hash_quick_add(struct hash_quick *state, const void *data, size_t size)
{
    crypto_generichash_update(quick(state), data, size);
}

struct digest hash_quick_end(struct hash_quick *state)
{
    struct digest ret;
    crypto_generichash_final(quick(state), ret.at, sizeof ret.at);
    return ret;
}

struct digest hash_key(struct str key, struct str data)
{
    static const unsigned char none[1];
    struct digest digest;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.size ? (const void *)key.at : none, key.size);
    if (data.size > 0)
        crypto_auth_hmacsha256_update(&state, (const void *)data.at, data.size);
    crypto_auth_hmacsha256_final(&state, digest.at);
    sodium_memzero(&state, sizeof(state));
    return digest;
}

bool hash_equal(const struct digest *a, const struct digest *b)
{
    return sodium_memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

bool hash_zero(const struct digest *a)
{
    return sodium_is_zero(a->at, sizeof(a->at)) == 1;
}

char *hash_hex(char out[DIGEST_HEX], const struct digest *digest)
{
    return sodium_bin2hex(out, DIGEST_HEX, digest->at, sizeof(digest->at));
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hash_unhex(struct digest *ret, struct str hex, struct err *err)
{
    struct digest digest;
    if (hex.size != DIGEST_HEX - 1)
        return err_set(err, ERR_INPUT, "a digest has 64 hex digits, not %zu", hex.size);
    for (size_t i = 0; i < sizeof(digest.at); i++) {
        int high = hex_digit(hex.at[2 * i]), low = hex_digit(hex.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return err_set(err, ERR_INPUT, "a digest has lower-case hex digits only");
        digest.at[i] = (uint8_t)(high << 4 | low);
    }
    *ret = digest;
    return 0;
}

uint64_t hash_fast(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *p = data;
    uint64_t hash = 0xCBF29CE484222325u ^ seed;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * 0x100000001B3u;
    /* FNV leaves the high bits poor in short keys; this is the finaliser of MurmurHash3. */
    hash = (hash ^ hash >> 33) * 0xFF51AFD7ED558CCDu;
    hash = (hash ^ hash >> 33) * 0xC4CEB9FE1A85EC53u;
    return hash ^ hash >> 33;
}
