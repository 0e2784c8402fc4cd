/* sha256 - SHA-256 with the processor's own instructions for it, where there are some; for hash.c
 * only. Five times as fast as without, and every request is digested. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t h[8];
    uint64_t size; /* bytes so far */
    uint8_t block[64];
};
/* Whether this processor can: the others are for who can. */
bool sha256_can(void);
void sha256_begin(struct sha256 *state);
void sha256_add(struct sha256 *state, const uint8_t *data, size_t size);
void sha256_end(struct sha256 *state, uint8_t ret[32]);
