/* sign - ed25519 keys in files, detached signatures, DSSE envelopes
 * (github.com/secure-systems-lab/dsse). */
#pragma once

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

struct sign_public {
    uint8_t at[32];
};
struct sign_key { /* wipe with sign_key_wipe */
    uint8_t at[64];
};
/* A new key pair into two files: path (0600, "moult-ed25519-secret" and base64 of the seed) and
 * path.pub (0644, "moult-ed25519" base64). ERR_STATE if either exists. */
int sign_create(const char *path, struct sign_public *ret_public, struct err *err);
/* Refuses (ERR_DENIED) a secret key file that group or others may read. */
int sign_load(const char *path, struct sign_key *ret, struct err *err);
int sign_load_public(const char *path, struct sign_public *ret, struct err *err);
void sign_key_wipe(struct sign_key *key);
void sign_public_of(const struct sign_key *key, struct sign_public *ret);
struct digest sign_id(const struct sign_public *key); /* SHA-256 of the 32 bytes: the key's id */
void sign_make(const struct sign_key *key, struct str data, uint8_t ret_signature[64]);
int sign_check(
    const struct sign_public *key, struct str data, const uint8_t signature[64], struct err *err);

/* DSSE: the signature is over dsse_pae: "DSSEv1", then type and payload, each behind its length.
 * The envelope is one JSON document:
 * {"payload":base64,"payloadType":type,"signatures":[{"keyid":hex,"sig":base64}]}. */
void dsse_pae(struct buf *out, const char *type, struct str payload);
void dsse_make(struct buf *out, const char *type, struct str payload, const struct sign_key *key);
/* Checks one envelope against one key; the payload is decoded into *ret_payload (caller: buf_done).
 * ERR_VERIFY: no signature of that key, or it does not hold; ERR_INPUT: not an envelope of that
 * type. */
int dsse_open(struct str envelope, const char *type, const struct sign_public *key,
    struct buf *ret_payload, struct err *err);
