/* dsse - signed envelopes, the second half of sign.h.
 * The signature is over type and payload with their lengths, so no payload of one type can be shown
 * as another, and the JSON around it needs no canonical form. */
#include "base/sign.h"

#include "base/json.h"
#include "base/mem.h"

#include <sodium.h>
#include <string.h>

enum { ENVELOPE_MAX = 16 << 20, SIGNATURES_MAX = 16 };

void dsse_pae(struct buf *out, const char *type, struct str payload)
{
    buf_format(out, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.size);
    buf_str(out, payload);
}

static void add_base64(struct buf *out, const void *data, size_t size)
{
    size_t room = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    CLEANUP(mem_freep) char *text = mem_alloc(room);
    sodium_bin2base64(text, room, data, size, sodium_base64_VARIANT_ORIGINAL);
    buf_text(out, text);
}

void dsse_make(struct buf *out, const char *type, struct str payload, const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf pae = { 0 };
    struct sign_public public;
    uint8_t signature[64];
    char id[DIGEST_HEX];
    dsse_pae(&pae, type, payload);
    sign_make(key, buf_view(&pae), signature);
    sign_public_of(key, &public);
    struct digest digest = sign_id(&public);
    buf_text(out, "{\"payload\":\"");
    add_base64(out, payload.at, payload.size);
    buf_text(out, "\",\"payloadType\":");
    json_quote(out, str_of(type));
    buf_format(out, ",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"", hash_hex(id, &digest));
    add_base64(out, signature, sizeof(signature));
    buf_text(out, "\"}]}");
}

/* The bytes of a base64 string that is `name` in object. */
static int get_base64(struct arena *arena, const struct json *object, const char *name,
    struct str *ret, struct err *err)
{
    const struct json *value = json_get(object, name);
    struct str text = json_string(arena, value);
    if (!text.at)
        return err_set(err, ERR_INPUT, "the envelope has no string \"%s\"", name);
    size_t size = 0;
    const char *end = NULL;
    unsigned char *bytes = arena_take(arena, text.size + 1);
    if (sodium_base642bin(bytes, text.size + 1, text.at, text.size, NULL, &size, &end,
            sodium_base64_VARIANT_ORIGINAL) < 0 ||
        end != text.at + text.size)
        return err_set(err, ERR_INPUT, "\"%s\" is not base64", name);
    *ret = (struct str){ (const char *)bytes, size };
    return 0;
}

/* The key id is a hint that nobody signed: one that names another key is passed over, but a missing
 * one does not excuse a signature from being tried. */
static bool may_be_of(struct arena *arena, const struct json *signature, const char *id)
{
    struct str given = json_string(arena, json_get(signature, "keyid"));
    return given.size == 0 || str_equal(given, str_of(id));
}

static int check_any(struct arena *arena, const struct json *signatures, struct str pae,
    const struct sign_public *key, struct err *err)
{
    char id[DIGEST_HEX];
    struct digest digest = sign_id(key);
    hash_hex(id, &digest);
    int rc = err_set(err, ERR_VERIFY, "no signature of key %.16s", id);
    JSON_EACH(each, signatures)
    {
        struct str signature;
        if (!may_be_of(arena, each, id))
            continue;
        rc = get_base64(arena, each, "sig", &signature, err);
        if (rc < 0)
            return rc;
        if (signature.size != 64)
            return err_set(err, ERR_INPUT, "a signature has 64 bytes, not %zu", signature.size);
        rc = sign_check(key, pae, (const uint8_t *)signature.at, err);
        if (rc == 0)
            return 0;
    }
    return rc;
}

static int open_with(struct arena *arena, struct str envelope, const char *type,
    const struct sign_public *key, struct buf *ret_payload, struct err *err)
{
    const struct json *root =
        json_read(arena, envelope, &(struct json_limits){ .size_max = ENVELOPE_MAX }, err);
    if (!root)
        return err_while(err, "envelope");
    struct str payload, given = json_string(arena, json_get(root, "payloadType"));
    const struct json *signatures = json_get(root, "signatures");
    if (!str_equal(given, str_of(type)))
        return err_set(err, ERR_INPUT, "not an envelope of type %s", type);
    if (!json_is(signatures, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "the envelope has no array \"signatures\"");
    if (signatures->count > SIGNATURES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d signatures", SIGNATURES_MAX);
    int rc = get_base64(arena, root, "payload", &payload, err);
    if (rc < 0)
        return rc;
    CLEANUP(buf_done) struct buf pae = { 0 };
    dsse_pae(&pae, type, payload);
    rc = check_any(arena, signatures, buf_view(&pae), key, err);
    if (rc == 0)
        buf_str(ret_payload, payload);
    return rc;
}

int dsse_open(struct str envelope, const char *type, const struct sign_public *key,
    struct buf *ret_payload, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    return open_with(&arena, envelope, type, key, ret_payload, err);
}
