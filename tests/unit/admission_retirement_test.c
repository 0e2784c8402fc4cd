/* A retirement takes out what a reviewer of this home signed, and nothing else does. */
#include "admission/attest.h"
#include "admission/retirement.h"
#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { NOW = 1000000, LATER = 2000000 };

static char base[] = "/tmp/moult-retirement-test.XXXXXX";
static struct home home, other;
static struct sign_key ann, eve;
static struct reviewers reviewers;

static int begin(void **state)
{
    struct sign_public unused;
    (void)state;
    if (!mkdtemp(base) || setenv("XDG_CONFIG_HOME", base, 1) < 0)
        return -1;
    CLEANUP(mem_freep) char *dir = mem_format("%s/home", base);
    CLEANUP(mem_freep) char *second = mem_format("%s/other", base);
    CLEANUP(mem_freep) char *a = mem_format("%s/ann", base);
    CLEANUP(mem_freep) char *e = mem_format("%s/eve", base);
    if (home_create(&home, dir, NULL) < 0 || home_create(&other, second, NULL) < 0 ||
        sign_create(a, &reviewers.list[0].key, NULL) < 0 || sign_load(a, &ann, NULL) < 0 ||
        sign_create(e, &unused, NULL) < 0 || sign_load(e, &eve, NULL) < 0)
        return -1;
    snprintf(reviewers.list[0].name, sizeof reviewers.list[0].name, "ann");
    reviewers.count = 1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static struct retirement sample(void)
{
    return (
        struct retirement){ .what = hash_of(STR("row")), .at_ms = NOW, .why = "it \"is\" gone" };
}

static int open_signed(const struct retirement *retirement, const struct home *of,
    const struct sign_key *key, struct retirement *ret)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    retirement_sign(&envelope, retirement, of, key);
    return retirement_open(ret, buf_view(&envelope), &home, &reviewers, 0, NOW, NULL);
}

static void what_was_signed_is_read(void **state)
{
    (void)state;
    for (int session = 0; session < 2; session++) {
        struct retirement signed_one = sample(), got;
        signed_one.session = session;
        assert_int_equal(open_signed(&signed_one, &home, &ann, &got), 0);
        assert_true(hash_equal(&got.what, &signed_one.what));
        assert_int_equal(got.session, session);
        assert_string_equal(got.why, signed_one.why);
        assert_string_equal(got.by, "ann");
        assert_false(got.unattended);
    }
}

static void what_takes_nothing_out(void **state)
{
    (void)state;
    struct retirement mute = sample(), good = sample(), got;
    mute.why[0] = 0;
    assert_int_equal(open_signed(&mute, &home, &ann, &got), -ERR_INPUT);
    assert_int_equal(open_signed(&good, &other, &ann, &got), -ERR_VERIFY);
    assert_int_equal(open_signed(&good, &home, &eve, &got), -ERR_DENIED);
    reviewers.list[0].revoked_ms = NOW - 1;
    assert_int_equal(open_signed(&good, &home, &ann, &got), -ERR_DENIED);
    reviewers.list[0].revoked_ms = LATER; /* what was signed before stays signed */
    assert_int_equal(open_signed(&good, &home, &ann, &got), 0);
    reviewers.list[0].revoked_ms = 0;
}

/* A reviewer's signature over something else is no retirement, nor is one over two things. */
static void another_statement_is_none(void **state)
{
    (void)state;
    static const enum attest_kind kinds[] = { ATTEST_MANDATE, ATTEST_APPROVAL, ATTEST_RETIREMENT };
    CLEANUP(mem_freep)
    char *predicate = mem_format("{\"home\":\"%s\",\"at_ms\":1,\"why\":\"so\"}", home.id);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        CLEANUP(buf_done) struct buf envelope = { 0 };
        struct retirement got;
        const struct attest statement = { .kind = kinds[i],
            .subjects = { { STR("session"), hash_of(STR("a")) },
                { STR("batch"), hash_of(STR("b")) } },
            .subjects_count = 2 };
        attest_sign(&envelope, &statement, str_of(predicate), &ann);
        assert_true(
            retirement_open(&got, buf_view(&envelope), &home, &reviewers, 0, NOW, NULL) < 0);
    }
}

static void cut_or_changed_it_does_not_hold(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct retirement good = sample(), got;
    retirement_sign(&envelope, &good, &home, &ann);
    for (size_t size = 0; size < envelope.size; size += 7)
        assert_true(retirement_open(&got, (struct str){ envelope.at, size }, &home, &reviewers, 0,
                        NOW, NULL) < 0);
    for (size_t at = 0; at < envelope.size; at += 11) {
        envelope.at[at] ^= 4;
        assert_true(
            retirement_open(&got, buf_view(&envelope), &home, &reviewers, 0, NOW, NULL) < 0);
        envelope.at[at] ^= 4;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read),
        cmocka_unit_test(what_takes_nothing_out),
        cmocka_unit_test(another_statement_is_none),
        cmocka_unit_test(cut_or_changed_it_does_not_hold),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
