/* seal - bytes that can be put away by anybody and read by one key alone (libsodium's sealed boxes:
 * X25519, XSalsa20, Poly1305, a fresh sender's key each).
 *
 * A reviewer's ed25519 key opens, too: its X25519 form follows from it, so whoever may approve
 * needs no second key, and to seal for somebody takes nothing but the public key that is known. */
#pragma once

#include "base/sign.h"

enum { SEAL_KEY = 32, SEAL_MORE = 48 }; /* a box is so much longer than what is in it */

struct seal_pair { /* wipe with seal_pair_wipe */
    uint8_t open[SEAL_KEY], secret[SEAL_KEY];
};
int seal_pair_make(struct seal_pair *ret, struct err *err);
void seal_pair_wipe(struct seal_pair *pair);
/* ERR_INPUT: it is no key of a signer. */
int seal_open_key_of(uint8_t ret[SEAL_KEY], const struct sign_public *signer, struct err *err);
int seal_pair_of(struct seal_pair *ret, const struct sign_key *signer, struct err *err);

/* Appends the box. */
int seal_close(
    struct buf *out, const uint8_t open_key[SEAL_KEY], struct str bytes, struct err *err);
/* Appends what is in the box. ERR_VERIFY: it is not for this key, or was changed. */
int seal_read(struct buf *out, const struct seal_pair *pair, struct str box, struct err *err);
/* What was in one: zeroed, then freed. */
void seal_wipe(struct buf *out);

/* A box where text has to stand: {"sealed":"BASE64"}. */
void seal_print(struct buf *out, struct str box);
/* ERR_INPUT: that is none. */
int seal_parse(struct buf *ret_box, struct str text, struct err *err);
