/* hash_blocks - whole blocks of SHA-256, where the processor can do them. Inside this folder only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool hash_blocks_usable(void);
/* Adds `blocks` times 64 bytes to a state (FIPS 180-4, eight words). Only if usable. */
void hash_blocks(uint32_t state[8], const uint8_t *data, size_t blocks);
