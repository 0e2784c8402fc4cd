/* seal - see seal.h. */
#include "base/seal.h"

#include "base/json.h"
#include "base/mem.h"

#include <sodium.h>
#include <string.h>

_Static_assert((int)SEAL_KEY == crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert((int)SEAL_KEY == crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert((int)SEAL_MORE == crypto_box_SEALBYTES, "box");

static int ready(struct err *err)
{
    return sodium_init() < 0 ? err_set(err, ERR_LACKS, "libsodium finds no source of chance") : 0;
}

int seal_pair_make(struct seal_pair *ret, struct err *err)
{
    int rc = ready(err);
    if (rc == 0)
        crypto_box_keypair(ret->open, ret->secret);
    return rc;
}

void seal_pair_wipe(struct seal_pair *pair)
{
    sodium_memzero(pair, sizeof *pair);
}

int seal_open_key_of(uint8_t ret[SEAL_KEY], const struct sign_public *signer, struct err *err)
{
    return crypto_sign_ed25519_pk_to_curve25519(ret, signer->at) == 0
               ? 0
               : err_set(err, ERR_INPUT, "that is no ed25519 key");
}

int seal_pair_of(struct seal_pair *ret, const struct sign_key *signer, struct err *err)
{
    struct sign_public public;
    sign_public_of(signer, &public);
    int rc = seal_open_key_of(ret->open, &public, err);
    if (rc == 0)
        crypto_sign_ed25519_sk_to_curve25519(ret->secret, signer->at);
    return rc;
}

int seal_close(struct buf *out, const uint8_t open_key[SEAL_KEY], struct str bytes, struct err *err)
{
    int rc = ready(err);
    if (rc < 0)
        return rc;
    size_t size = bytes.size + SEAL_MORE;
    CLEANUP(mem_freep) uint8_t *box = mem_alloc(size);
    if (crypto_box_seal(box, (const uint8_t *)(bytes.at ? bytes.at : ""), bytes.size, open_key) < 0)
        return err_set(err, ERR_INPUT, "nothing can be sealed for that key");
    buf_add(out, box, size);
    return 0;
}

int seal_read(struct buf *out, const struct seal_pair *pair, struct str box, struct err *err)
{
    int rc = ready(err);
    if (rc < 0)
        return rc;
    if (box.size < SEAL_MORE)
        return err_set(err, ERR_VERIFY, "that is no sealed box");
    size_t size = box.size - SEAL_MORE;
    CLEANUP(mem_freep) uint8_t *bytes = mem_alloc(size + 1);
    if (crypto_box_seal_open(bytes, (const uint8_t *)box.at, box.size, pair->open, pair->secret) <
        0)
        return err_set(err, ERR_VERIFY, "the box is not for this key, or was changed");
    buf_add(out, bytes, size);
    sodium_memzero(bytes, size);
    return 0;
}

void seal_wipe(struct buf *out)
{
    if (out->at)
        sodium_memzero(out->at, out->room);
    buf_done(out);
}

void seal_print(struct buf *out, struct str box)
{
    size_t room = sodium_base64_ENCODED_LEN(box.size, sodium_base64_VARIANT_ORIGINAL);
    CLEANUP(mem_freep) char *text = mem_alloc(room);
    sodium_bin2base64(
        text, room, (const uint8_t *)box.at, box.size, sodium_base64_VARIANT_ORIGINAL);
    buf_format(out, "{\"sealed\":\"%s\"}", text);
}

int seal_parse(struct buf *ret_box, struct str text, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    const struct json *root = json_read(&arena, text, NULL, NULL);
    const struct json *sealed = json_get(root, "sealed");
    struct str word =
        json_is(sealed, JSON_STRING) ? json_string(&arena, sealed) : (struct str){ 0 };
    CLEANUP(mem_freep) uint8_t *bytes = mem_alloc(word.size + 1);
    size_t size = 0;
    const char *end = NULL;
    if (word.size == 0 ||
        sodium_base642bin(bytes, word.size, word.at, word.size, NULL, &size, &end,
            sodium_base64_VARIANT_ORIGINAL) < 0 ||
        end != word.at + word.size)
        return err_set(err, ERR_INPUT, "that is no sealed text");
    buf_add(ret_box, bytes, size);
    return 0;
}
