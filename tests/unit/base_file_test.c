/* Durable files: old content or new, never half, whichever call fails; keys, envelopes, buffers. */
#include "base/fd.h"
#include "base/file.h"
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

static char folder[] = "/tmp/moult-file-test.XXXXXX";

static int begin(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

static char *path_of(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void expect(const char *path, const char *want)
{
    struct buf text = { 0 };
    assert_int_equal(file_read(path, &text, 1000, NULL), 0);
    assert_string_equal(text.at, want);
    buf_done(&text);
}

static void survives_each_failing_call(void **state)
{
    (void)state;
    static const int errors[] = { ENOSPC, EIO };
    for (size_t e = 0; e < COUNT_OF(errors); e++) {
        char *path = path_of("atomic");
        assert_int_equal(file_write(path, STR("old"), 0600, NULL), 0);
        for (unsigned nth = 1;; nth++) {
            struct err err = { 0 };
            file_fail(nth, errors[e]);
            int rc = file_write(path, STR("new"), 0600, &err);
            file_fail(0, 0);
            if (rc == 0) {
                assert_true(nth > 5);
                break;
            }
            assert_int_equal(err.sys, errors[e]);
            struct buf text = { 0 };
            assert_int_equal(file_read(path, &text, 1000, NULL), 0);
            if (strcmp(text.at, "old") != 0 && strcmp(text.at, "new") != 0)
                fail_msg("half a file after failing call %u: %s", nth, text.at);
            buf_done(&text);
            assert_true(nth < 50);
        }
        expect(path, "new");
    }
}

static void create_refuses_other_content(void **state)
{
    (void)state;
    char *path = path_of("once");
    assert_int_equal(file_create(path, STR("a"), 0600, NULL), 0);
    assert_int_equal(file_create(path, STR("a"), 0600, NULL), 0);
    assert_int_equal(file_create(path, STR("b"), 0600, NULL), -ERR_STATE);
    expect(path, "a");
}

static void read_is_bounded(void **state)
{
    (void)state;
    struct buf text = { 0 };
    char *path = path_of("large");
    assert_int_equal(file_write(path, STR("0123456789"), 0600, NULL), 0);
    assert_int_equal(file_read(path, &text, 9, NULL), -ERR_LIMIT);
    assert_int_equal(file_read(path_of("none"), &text, 9, NULL), -ERR_MISSING);
    assert_int_equal(file_read(folder, &text, 9, NULL), -ERR_INPUT);
    buf_done(&text);
}

static void sealed_memory_stays(void **state)
{
    (void)state;
    int fd = fd_seal("test", STR("sealed"), NULL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
}

static void keys_and_envelopes(void **state)
{
    (void)state;
    struct sign_public public_key, other;
    struct sign_key key;
    struct buf envelope = { 0 }, payload = { 0 };
    char *path = mem_string(path_of("key")), *second = mem_string(path_of("key2"));
    assert_int_equal(sign_create(path, &public_key, NULL), 0);
    assert_int_equal(sign_create(path, &public_key, NULL), -ERR_STATE);
    assert_int_equal(sign_create(second, &other, NULL), 0);
    assert_int_equal(sign_load(path, &key, NULL), 0);
    dsse_make(&envelope, "text/x", STR("hello"), &key);
    assert_int_equal(dsse_open(buf_view(&envelope), "text/x", &public_key, &payload, NULL), 0);
    assert_string_equal(payload.at, "hello");
    buf_clear(&payload);
    assert_int_equal(dsse_open(buf_view(&envelope), "text/y", &public_key, &payload, NULL), -ERR_INPUT);
    assert_int_equal(dsse_open(buf_view(&envelope), "text/x", &other, &payload, NULL), -ERR_VERIFY);
    char *body = strstr(envelope.at, "aGVsbG8=");
    body[0] = 'b';
    assert_int_equal(dsse_open(buf_view(&envelope), "text/x", &public_key, &payload, NULL), -ERR_VERIFY);
    assert_int_equal(payload.size, 0);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(sign_load(path, &key, NULL), -ERR_DENIED);
    buf_done(&envelope);
    buf_done(&payload);
    free(path);
    free(second);
}

static void printable_hides_nothing(void **state)
{
    (void)state;
    char out[200];
    str_printable(out, sizeof out, STR("a\x1b[2J\n\xe2\x80\xae" "b\xff\xc3\xa9"), false);
    assert_string_equal(out, "a\\x1b[2J\\x0a\\u{202E}b\\xff\xc3\xa9");
}

static void digests(void **state)
{
    (void)state;
    char hex[DIGEST_HEX];
    struct digest digest = hash_of(STR("abc")), again;
    assert_string_equal(hash_hex(hex, &digest),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(hash_unhex(&again, str_of(hex), NULL), 0);
    assert_true(hash_equal(&digest, &again));
    hex[0] = 'B';
    assert_int_equal(hash_unhex(&again, str_of(hex), NULL), -ERR_INPUT);
    struct str a[] = { STR("ab"), STR("c") }, b[] = { STR("a"), STR("bc") };
    struct digest x = hash_parts(a, 2), y = hash_parts(b, 2);
    assert_false(hash_equal(&x, &y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_each_failing_call),
        cmocka_unit_test(create_refuses_other_content),
        cmocka_unit_test(read_is_bounded),
        cmocka_unit_test(sealed_memory_stays),
        cmocka_unit_test(keys_and_envelopes),
        cmocka_unit_test(printable_hides_nothing),
        cmocka_unit_test(digests),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
