/* hash - SHA-256 (the processor's instructions, or libsodium), hex, and comparison of digests. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct digest {
    uint8_t at[32];
};
enum { DIGEST_HEX = 65 }; /* 64 digits and a NUL */

struct digest hash_of(struct str data);
/* The digest of a list without ambiguity: each part is preceded by its length (u64, little endian).
 */
struct digest hash_parts(const struct str *parts, size_t count);
struct hash_state {
    _Alignas(16) unsigned char opaque[256];
};
void hash_begin(struct hash_state *state);
void hash_add(struct hash_state *state, const void *data, size_t size);
struct digest hash_end(struct hash_state *state);
/* BLAKE2b-256: three times as fast, for keys that never leave the journal they are in. */
struct hash_quick {
    _Alignas(64) unsigned char opaque[384];
};
void hash_quick_begin(struct hash_quick *state);
void hash_quick_add(struct hash_quick *state, const void *data, size_t size);
struct digest hash_quick_end(struct hash_quick *state);
struct digest hash_key(struct str key, struct str data);         /* keyed (HMAC-SHA-256): splits */
bool hash_equal(const struct digest *a, const struct digest *b); /* constant time */
bool hash_zero(const struct digest *a);
char *hash_hex(char out[DIGEST_HEX], const struct digest *digest); /* returns out, lower case */
int hash_unhex(
    struct digest *ret, struct str hex, struct err *err); /* exactly 64 lower-case digits */
/* A fast 64-bit digest for equality inside one process (FNV-1a with a final mix): never for trust.
 */
uint64_t hash_fast(const void *data, size_t size, uint64_t seed);
