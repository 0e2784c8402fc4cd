/* Digests, keys and envelopes, against published vectors and against everything that was changed.
 */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char folder[32];

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/moult-sign-test.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

static char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void digests(void **state)
{
    (void)state;
    char hex[DIGEST_HEX];
    struct digest digest = hash_of(STR("abc")), again, zero = { 0 };
    assert_string_equal(
        hash_hex(hex, &digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(hash_unhex(&again, str_of(hex), NULL), 0);
    assert_true(hash_equal(&digest, &again));
    assert_false(hash_zero(&digest));
    assert_true(hash_zero(&zero));
    struct hash_state state_of;
    hash_begin(&state_of);
    hash_add(&state_of, "a", 1);
    hash_add(&state_of, NULL, 0);
    hash_add(&state_of, "bc", 2);
    again = hash_end(&state_of);
    assert_true(hash_equal(&digest, &again));
    again.at[31] ^= 1;
    assert_false(hash_equal(&digest, &again));
}

static void hex_is_strict(void **state)
{
    (void)state;
    struct digest digest;
    char hex[DIGEST_HEX + 1];
    memset(hex, 'a', sizeof hex);
    assert_int_equal(hash_unhex(&digest, (struct str){ hex, 64 }, NULL), 0);
    assert_int_equal(hash_unhex(&digest, (struct str){ hex, 63 }, NULL), -ERR_INPUT);
    assert_int_equal(hash_unhex(&digest, (struct str){ hex, 65 }, NULL), -ERR_INPUT);
    for (const char *bad = "Ag \n/:`"; *bad; bad++) {
        hex[63] = *bad;
        assert_int_equal(hash_unhex(&digest, (struct str){ hex, 64 }, NULL), -ERR_INPUT);
    }
}

static void keyed_digest_is_hmac(void **state)
{
    (void)state;
    /* RFC 4231, test case 2. */
    char hex[DIGEST_HEX];
    struct digest digest = hash_key(STR("Jefe"), STR("what do ya want for nothing?"));
    assert_string_equal(
        hash_hex(hex, &digest), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void parts_do_not_run_together(void **state)
{
    (void)state;
    struct str a[] = { STR("ab"), STR("c") }, b[] = { STR("a"), STR("bc") }, c[] = { STR("abc") };
    struct digest x = hash_parts(a, 2), y = hash_parts(b, 2), z = hash_parts(c, 1);
    assert_false(hash_equal(&x, &y));
    assert_false(hash_equal(&x, &z));
    assert_true(hash_fast("ab", 2, 0) != hash_fast("ba", 2, 0));
    assert_true(hash_fast("ab", 2, 0) != hash_fast("ab", 2, 1));
}

static void signs_as_rfc_8032(void **state)
{
    (void)state;
    /* Section 7.1, test 1: the empty message. */
    static const uint8_t want[64] = { 0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72, 0x90, 0x86,
        0xe2, 0xcc, 0x80, 0x6e, 0x82, 0x8a, 0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8,
        0x73, 0xe0, 0x65, 0x22, 0x49, 0x01, 0x55, 0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b, 0xac,
        0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b, 0xd2, 0x5b, 0xf5, 0xf0, 0x59, 0x5b, 0xbe,
        0x24, 0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10, 0x0b };
    struct sign_key key;
    struct sign_public public_key, loaded;
    uint8_t signature[64];
    assert_int_equal(
        file_write(path_of("key"),
            STR("moult-ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n"), 0600, NULL),
        0);
    assert_int_equal(
        file_write(path_of("key.pub"),
            STR("moult-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"), 0644, NULL),
        0);
    assert_int_equal(sign_load(path_of("key"), &key, NULL), 0);
    assert_int_equal(sign_load_public(path_of("key.pub"), &loaded, NULL), 0);
    sign_public_of(&key, &public_key);
    assert_memory_equal(public_key.at, loaded.at, 32);
    sign_make(&key, STR(""), signature);
    assert_memory_equal(signature, want, 64);
    assert_int_equal(sign_check(&public_key, STR(""), signature, NULL), 0);
    assert_int_equal(sign_check(&public_key, STR("x"), signature, NULL), -ERR_VERIFY);
    signature[0] ^= 1;
    assert_int_equal(sign_check(&public_key, STR(""), signature, NULL), -ERR_VERIFY);
    sign_key_wipe(&key);
    for (size_t i = 0; i < sizeof key.at; i++)
        assert_int_equal(key.at[i], 0);
}

static const struct bad_key {
    const char *name, *text;
    bool secret;
} bad_keys[] = {
    { "a public key is no secret key",
        "moult-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n", true },
    { "a secret key is no public key",
        "moult-ed25519-secret nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n", false },
    { "nothing", "", true },
    { "no base64", "moult-ed25519 ?1qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n", false },
    { "31 bytes", "moult-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==\n", false },
    { "33 bytes", "moult-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA\n", false },
    { "two keys", "moult-ed25519 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= x\n", false },
};

static void bad_key_files_are_refused(void **state)
{
    (void)state;
    const char *path = path_of("key");
    for (size_t i = 0; i < COUNT_OF(bad_keys); i++) {
        struct sign_key key;
        struct sign_public public_key;
        assert_int_equal(file_write(path, str_of(bad_keys[i].text), 0600, NULL), 0);
        int rc = bad_keys[i].secret ? sign_load(path, &key, NULL)
                                    : sign_load_public(path, &public_key, NULL);
        if (rc != -ERR_INPUT)
            fail_msg("%s: %d", bad_keys[i].name, rc);
    }
}

static void keys_are_made_once_and_kept_close(void **state)
{
    (void)state;
    struct sign_public public_key, again;
    struct sign_key key;
    struct stat st;
    const char *path = path_of("key");
    assert_int_equal(sign_create(path, &public_key, NULL), 0);
    assert_int_equal(sign_create(path, &again, NULL), -ERR_STATE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(sign_load(path, &key, NULL), 0);
    sign_public_of(&key, &again);
    assert_memory_equal(public_key.at, again.at, 32);
    for (mode_t open_to = 0001; open_to <= 0040; open_to <<= 1) {
        struct err err = { 0 };
        assert_int_equal(chmod(path, 0600 | open_to), 0);
        assert_int_equal(sign_load(path, &key, &err), -ERR_DENIED);
        assert_non_null(strstr(err.hint, "chmod 600"));
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sign_create(path, &again, NULL), -ERR_STATE); /* a .pub is in the way */
    assert_false(file_exists(path));
    assert_int_equal(sign_load(path, &key, NULL), -ERR_MISSING);
}

static void a_full_disk_leaves_no_half_pair(void **state)
{
    (void)state;
    struct sign_public public_key;
    char *path = mem_string(path_of("key")), *public_path = mem_format("%s.pub", path);
    for (unsigned nth = 1;; nth++) {
        file_fail(nth, ENOSPC);
        int rc = sign_create(path, &public_key, NULL);
        file_fail(0, 0);
        assert_int_equal(file_exists(path), rc == 0);
        assert_int_equal(file_exists(public_path), rc == 0);
        if (rc == 0)
            break;
        assert_true(nth < 50);
    }
    free(path);
    free(public_path);
}

/* github.com/secure-systems-lab/dsse, protocol.md, "Test Vectors". */
static void pae_is_the_published_one(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf pae = { 0 };
    dsse_pae(&pae, "http://example.com/HelloWorld", STR("hello world"));
    assert_string_equal(pae.at, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

struct signer {
    struct sign_public public_key;
    struct sign_key key;
};

static struct signer signer_new(const char *name)
{
    struct signer signer;
    assert_int_equal(sign_create(path_of(name), &signer.public_key, NULL), 0);
    assert_int_equal(sign_load(path_of(name), &signer.key, NULL), 0);
    return signer;
}

static void envelopes_open_for_their_key_and_type_only(void **state)
{
    (void)state;
    struct signer mine = signer_new("mine"), other = signer_new("other");
    CLEANUP(buf_done) struct buf envelope = { 0 };
    CLEANUP(buf_done) struct buf payload = { 0 };
    struct str binary = STR("a\0\xff{\"");
    dsse_make(&envelope, "text/x", binary, &mine.key);
    struct str text = buf_view(&envelope);
    assert_int_equal(dsse_open(text, "text/y", &mine.public_key, &payload, NULL), -ERR_INPUT);
    assert_int_equal(dsse_open(text, "text/x", &other.public_key, &payload, NULL), -ERR_VERIFY);
    assert_int_equal(payload.size, 0);
    assert_int_equal(dsse_open(text, "text/x", &mine.public_key, &payload, NULL), 0);
    assert_true(str_equal(buf_view(&payload), binary));
}

/* A changed bit may spoil the envelope, or the name of the key id, which nobody signed; what opens
 * is what was signed. */
static void a_changed_bit_opens_nothing_else(void **state)
{
    (void)state;
    struct signer mine = signer_new("mine");
    CLEANUP(buf_done) struct buf envelope = { 0 };
    dsse_make(&envelope, "t", STR("hello"), &mine.key);
    unsigned opened = 0;
    for (size_t i = 0; i < envelope.size * 8; i++) {
        CLEANUP(buf_done) struct buf payload = { 0 };
        envelope.at[i / 8] ^= (char)(1 << i % 8);
        int rc = dsse_open(buf_view(&envelope), "t", &mine.public_key, &payload, NULL);
        envelope.at[i / 8] ^= (char)(1 << i % 8);
        assert_true(str_equal(buf_view(&payload), rc == 0 ? STR("hello") : (struct str){ 0 }));
        opened += rc == 0;
    }
    assert_in_range(opened, 1, 5 * 8);
}

static const struct row {
    const char *name, *envelope;
    int want;
} rows[] = {
    { "not JSON", "{", -ERR_INPUT },
    { "not an object", "[]", -ERR_INPUT },
    { "no type", "{\"payload\":\"\",\"signatures\":[]}", -ERR_INPUT },
    { "no payload", "{\"payloadType\":\"t\",\"signatures\":[]}", -ERR_INPUT },
    { "no signatures", "{\"payloadType\":\"t\",\"payload\":\"\"}", -ERR_INPUT },
    { "none", "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[]}", -ERR_VERIFY },
    { "payload not base64", "{\"payloadType\":\"t\",\"payload\":\"?\",\"signatures\":[]}",
        -ERR_INPUT },
    { "signature of 63 bytes",
        "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"sig\":\"AAAA\"}]}",
        -ERR_INPUT },
    { "signature no string",
        "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[{\"sig\":1}]}", -ERR_INPUT },
    { "payload twice",
        "{\"payloadType\":\"t\",\"payload\":\"\",\"payload\":\"AA==\",\"signatures\":[]}",
        -ERR_INPUT },
    { "seventeen signatures",
        "{\"payloadType\":\"t\",\"payload\":\"\",\"signatures\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"
        "}",
        -ERR_LIMIT },
};

static void other_documents_are_refused(void **state)
{
    (void)state;
    struct signer mine = signer_new("mine");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CLEANUP(buf_done) struct buf payload = { 0 };
        int rc = dsse_open(str_of(rows[i].envelope), "t", &mine.public_key, &payload, NULL);
        if (rc != rows[i].want)
            fail_msg("%s: %d", rows[i].name, rc);
    }
}

/* The envelope of several signers: each finds its own, wherever it stands and with or without a
 * name. */
static void finds_its_signature_among_others(void **state)
{
    (void)state;
    struct signer mine = signer_new("mine"), other = signer_new("other");
    struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf a = { 0 };
    CLEANUP(buf_done) struct buf b = { 0 };
    CLEANUP(buf_done) struct buf both = { 0 };
    CLEANUP(buf_done) struct buf payload = { 0 };
    dsse_make(&a, "t", STR("hello"), &mine.key);
    dsse_make(&b, "t", STR("hello"), &other.key);
    const struct json *x = json_read(&arena, buf_view(&a), NULL, NULL);
    const struct json *y = json_read(&arena, buf_view(&b), NULL, NULL);
    const struct json *sig = json_get(json_first(json_get(x, "signatures")), "sig");
    const struct json *theirs = json_first(json_get(y, "signatures"));
    buf_format(&both,
        "{\"payloadType\":\"t\",\"payload\":\"aGVsbG8=\",\"signatures\":[%.*s,{\"sig\":%.*s}]}",
        (int)theirs->raw.size, theirs->raw.at, (int)sig->raw.size, sig->raw.at);
    assert_int_equal(dsse_open(buf_view(&both), "t", &mine.public_key, &payload, NULL), 0);
    buf_clear(&payload);
    assert_int_equal(dsse_open(buf_view(&both), "t", &other.public_key, &payload, NULL), 0);
    arena_done(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),
        cmocka_unit_test(hex_is_strict),
        cmocka_unit_test(keyed_digest_is_hmac),
        cmocka_unit_test(parts_do_not_run_together),
        TEST(signs_as_rfc_8032),
        TEST(bad_key_files_are_refused),
        TEST(keys_are_made_once_and_kept_close),
        TEST(a_full_disk_leaves_no_half_pair),
        cmocka_unit_test(pae_is_the_published_one),
        TEST(envelopes_open_for_their_key_and_type_only),
        TEST(a_changed_bit_opens_nothing_else),
        TEST(other_documents_are_refused),
        TEST(finds_its_signature_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
