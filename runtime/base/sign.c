/* sign - see sign.h. */
#include "base/sign.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FILE_MAX = 4096, ENVELOPE_MAX = 16 << 20, SIGNATURES_MAX = 16 };

static const char secret_word[] = "moult-ed25519-secret ", public_word[] = "moult-ed25519 ";

static int ready(struct err *err)
{
    return sodium_init() < 0 ? err_set(err, ERR_DEFECT, "libsodium does not start") : 0;
}

static void add_base64(struct buf *out, const void *data, size_t size)
{
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    CLEANUP(mem_freep) char *text = mem_alloc(room);
    sodium_bin2base64(text, room, data, size, sodium_base64_VARIANT_ORIGINAL);
    buf_text(out, text);
}

/* Exactly `size` bytes of base64 text. */
static int read_base64(void *ret, size_t size, struct str text, struct err *err)
{
    size_t got = 0;
    if (sodium_base642bin(
            ret, size, text.at, text.size, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) < 0 ||
        got != size)
        return err_set(err, ERR_INPUT, "not base64 of %zu bytes", size);
    return 0;
}

static int write_key(
    const char *path, const char *word, const uint8_t key[32], mode_t mode, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_text(&text, word);
    add_base64(&text, key, 32);
    buf_char(&text, '\n');
    int rc = file_write(path, buf_view(&text), mode, err);
    sodium_memzero(text.at, text.size);
    return rc;
}

int sign_create(const char *path, struct sign_public *ret_public, struct err *err)
{
    int rc = ready(err);
    if (rc < 0)
        return rc;
    CLEANUP(mem_freep) char *public_path = mem_format("%s.pub", path);
    if (file_exists(path) || file_exists(public_path))
        return err_set(err, ERR_STATE, "a key stands at %s already", path);
    uint8_t seed[32];
    struct sign_key key;
    randombytes_buf(seed, sizeof seed);
    crypto_sign_seed_keypair(ret_public->at, key.at, seed);
    rc = write_key(path, secret_word, seed, 0600, err);
    sodium_memzero(seed, sizeof seed);
    sign_key_wipe(&key);
    return rc < 0 ? rc : write_key(public_path, public_word, ret_public->at, 0644, err);
}

static int read_key(const char *path, const char *word, uint8_t ret[32], struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    int rc = file_read(path, &text, KEY_FILE_MAX, err);
    if (rc < 0)
        return rc;
    struct str line = str_trim(buf_view(&text));
    if (!str_starts(line, str_of(word))) {
        err_set(err, ERR_INPUT, "no ed25519 key of moult");
        return err_where(err, "%.100s", path);
    }
    line.at += strlen(word);
    line.size -= strlen(word);
    rc = read_base64(ret, 32, line, err);
    sodium_memzero(text.at, text.size);
    return rc < 0 ? err_where(err, "%.100s", path) : 0;
}

int sign_load(const char *path, struct sign_key *ret, struct err *err)
{
    struct stat st;
    int rc = ready(err);
    if (rc < 0)
        return rc;
    if (stat(path, &st) < 0)
        return err_sys(err, "key %s", path);
    if (st.st_mode & 077) {
        err_set(err, ERR_DENIED, "others may read the secret key %s", path);
        return err_hint(err, "chmod 600 %.100s", path);
    }
    uint8_t seed[32], public_key[32];
    if ((rc = read_key(path, secret_word, seed, err)) < 0)
        return rc;
    crypto_sign_seed_keypair(public_key, ret->at, seed);
    sodium_memzero(seed, sizeof seed);
    return 0;
}

int sign_load_public(const char *path, struct sign_public *ret, struct err *err)
{
    int rc = ready(err);
    return rc < 0 ? rc : read_key(path, public_word, ret->at, err);
}

void sign_key_wipe(struct sign_key *key)
{
    sodium_memzero(key, sizeof *key);
}

void sign_public_of(const struct sign_key *key, struct sign_public *ret)
{
    crypto_sign_ed25519_sk_to_pk(ret->at, key->at);
}

struct digest sign_id(const struct sign_public *key)
{
    return hash_of((struct str){ (const char *)key->at, sizeof key->at });
}

void sign_make(const struct sign_key *key, struct str data, uint8_t ret_signature[64])
{
    crypto_sign_detached(ret_signature, NULL, (const unsigned char *)data.at, data.size, key->at);
}

int sign_check(
    const struct sign_public *key, struct str data, const uint8_t signature[64], struct err *err)
{
    int rc = ready(err);
    if (rc < 0)
        return rc;
    if (crypto_sign_verify_detached(
            signature, (const unsigned char *)data.at, data.size, key->at) != 0)
        return err_set(err, ERR_VERIFY, "the signature does not hold");
    return 0;
}

/* Pre-authentication encoding: "DSSEv1" SP len(type) SP type SP len(body) SP body. */
static void encode(struct buf *out, const char *type, struct str payload)
{
    buf_format(out, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.size);
    buf_str(out, payload);
}

void dsse_make(struct buf *out, const char *type, struct str payload, const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf pae = { 0 };
    uint8_t signature[64];
    struct sign_public public_key;
    char id[DIGEST_HEX];
    sign_public_of(key, &public_key);
    struct digest digest = sign_id(&public_key);
    encode(&pae, type, payload);
    sign_make(key, buf_view(&pae), signature);
    buf_text(out, "{\"payload\":\"");
    add_base64(out, payload.at, payload.size);
    buf_text(out, "\",\"payloadType\":");
    json_quote(out, str_of(type));
    buf_format(out, ",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"", hash_hex(id, &digest));
    add_base64(out, signature, sizeof signature);
    buf_text(out, "\"}]}");
}

static int decode_payload(struct buf *ret, struct str text, struct err *err)
{
    CLEANUP(mem_freep) char *bytes = mem_alloc(text.size + 1);
    size_t size = 0;
    if (!text.at || sodium_base642bin((unsigned char *)bytes, text.size, text.at, text.size, NULL,
                        &size, NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
        return err_set(err, ERR_INPUT, "envelope: payload is not base64");
    buf_add(ret, bytes, size);
    return 0;
}

static int check_one(const struct json *entry, const struct sign_public *key, struct str pae,
    struct arena *arena, struct err *err)
{
    uint8_t signature[64];
    struct str text = json_string(arena, json_get(entry, "sig"));
    if (!text.at || read_base64(signature, sizeof signature, text, NULL) < 0)
        return err_set(err, ERR_INPUT, "envelope: sig is not base64 of 64 bytes");
    return sign_check(key, pae, signature, err);
}

static int open_envelope(struct str envelope, const char *type, const struct sign_public *key,
    struct buf *payload, struct arena *arena, struct err *err)
{
    const struct json *root =
        json_read(arena, envelope, &(struct json_limits){ .size_max = ENVELOPE_MAX }, err);
    if (!root)
        return err ? -err->code : -ERR_INPUT;
    const struct json *signatures = json_get(root, "signatures");
    if (!str_equal(json_string(arena, json_get(root, "payloadType")), str_of(type)) ||
        !json_is(signatures, JSON_ARRAY) || signatures->count > SIGNATURES_MAX)
        return err_set(err, ERR_INPUT, "not an envelope of type %s", type);
    int rc = decode_payload(payload, json_string(arena, json_get(root, "payload")), err);
    if (rc < 0)
        return rc;
    struct digest digest = sign_id(key);
    char id[DIGEST_HEX];
    hash_hex(id, &digest);
    CLEANUP(buf_done) struct buf pae = { 0 };
    encode(&pae, type, buf_view(payload));
    JSON_EACH(entry, signatures)
    if (str_equal(json_string(arena, json_get(entry, "keyid")), str_of(id)))
        return check_one(entry, key, buf_view(&pae), arena, err);
    return err_set(err, ERR_VERIFY, "the envelope has no signature of key %.12s", id);
}

int dsse_open(struct str envelope, const char *type, const struct sign_public *key,
    struct buf *ret_payload, struct err *err)
{
    struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf payload = { 0 };
    int rc = open_envelope(envelope, type, key, &payload, &arena, err);
    if (rc == 0)
        buf_str(ret_payload, buf_view(&payload));
    arena_done(&arena);
    return rc;
}
