/* hash.c: SHA-256 as FIPS 180-4 has it, however the bytes are cut and however many they are.
 * hash_key is its own function of the library, so the same built of hash_add is compared with it.
 */
#include "base/hash.h"
#include "base/mem.h"

#include <sodium.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct row {
    const char *text;
    uint32_t times;
    const char *want;
} rows[] = {
    { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmno"
      "p"
      "qrsmnopqrstnopqrstu",
        1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaa",
        10000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

/* Every length around a block's and every cut of it, beside libsodium's own. */
static void is_the_librarys_digest(void **state)
{
    (void)state;
    enum { SIZE = 300 };
    uint8_t bytes[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 131 + 7);
    for (size_t size = 0; size <= SIZE; size++) {
        struct digest want;
        crypto_hash_sha256(want.at, bytes, size);
        for (size_t cut = 0; cut <= size; cut++) {
            struct hash_state hash;
            hash_begin(&hash);
            hash_add(&hash, bytes, cut);
            hash_add(&hash, bytes + cut, size - cut);
            struct digest have = hash_end(&hash);
            assert_memory_equal(have.at, want.at, sizeof want.at);
        }
    }
}

static void is_the_standards_digest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct hash_state hash;
        char hex[DIGEST_HEX];
        hash_begin(&hash);
        for (uint32_t k = 0; k < rows[i].times; k++)
            hash_add(&hash, rows[i].text, strlen(rows[i].text));
        struct digest digest = hash_end(&hash);
        assert_string_equal(hash_hex(hex, &digest), rows[i].want);
    }
}

/* HMAC (RFC 2104) of hash_add; data is cut in two. */
static struct digest keyed(const uint8_t key[64], const uint8_t *data, size_t size, size_t cut)
{
    struct hash_state hash;
    uint8_t pads[2][64];
    for (int i = 0; i < 64; i++) {
        pads[0][i] = key[i] ^ 0x36;
        pads[1][i] = key[i] ^ 0x5c;
    }
    hash_begin(&hash);
    hash_add(&hash, pads[0], 64);
    hash_add(&hash, data, cut);
    hash_add(&hash, data + cut, size - cut);
    struct digest inner = hash_end(&hash);
    hash_begin(&hash);
    hash_add(&hash, pads[1], 64);
    hash_add(&hash, inner.at, sizeof inner.at);
    return hash_end(&hash);
}

static void is_the_same_in_any_pieces(void **state)
{
    (void)state;
    enum { SIZE = 520 };
    uint8_t key[64];
    memset(key, 7, sizeof key);
    for (size_t size = 0; size <= SIZE; size += size < 260 ? 1 : 13) {
        uint8_t *data = mem_alloc(size + 1);
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(i * i + size);
        struct str text = { (const char *)data, size };
        struct digest want = hash_key((struct str){ (const char *)key, sizeof key }, text);
        for (size_t cut = 0; cut <= size; cut += 3) {
            struct digest got = keyed(key, data, size, cut);
            if (!hash_equal(&got, &want))
                fail_msg("%zu bytes cut at %zu", size, cut);
        }
        free(data);
    }
}

/* RFC 7693's function with 32 bytes out. */
static void the_quick_one_is_blake2b(void **state)
{
    static const char want[] = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    struct hash_quick hash;
    char hex[DIGEST_HEX];
    (void)state;
    hash_quick_begin(&hash);
    hash_quick_add(&hash, "a", 1);
    hash_quick_add(&hash, "bc", 2);
    struct digest digest = hash_quick_end(&hash);
    assert_string_equal(hash_hex(hex, &digest), want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quick_one_is_blake2b),
        cmocka_unit_test(is_the_standards_digest),
        cmocka_unit_test(is_the_librarys_digest),
        cmocka_unit_test(is_the_same_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
