/* Approvals hold for exactly what was reviewed, by a reviewer of this home, once, and not for ever.
 */
#include "base/file.h"
#include "base/mem.h"
#include "admission/approve.h"
#include "admission/attest.h"
#include "promote/reviewing.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/tmp/moult-approve-test.XXXXXX";
static struct home home;
static struct sign_key ann, bob;
static struct sign_public ann_public, bob_public;

static int key_pair(const char *name, struct sign_key *key, struct sign_public *public_key)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", base, name);
    return sign_create(path, public_key, NULL) < 0 || sign_load(path, key, NULL) < 0 ? -1 : 0;
}

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base) || setenv("XDG_CONFIG_HOME", base, 1) < 0)
        return -1;
    CLEANUP(mem_freep) char *dir = mem_format("%s/home", base);
    return home_create(&home, dir, NULL) < 0 || reviewing_init(&home, NULL) < 0 ||
                   key_pair("ann", &ann, &ann_public) < 0 ||
                   key_pair("bob", &bob, &bob_public) < 0 ||
                   reviewing_add(&home, "ann", &ann_public, 100, NULL) < 0
               ? -1
               : 0;
}

static int end(void **state)
{
    (void)state;
    return file_remove_tree(base, NULL);
}

static struct approval sample(void)
{
    struct approval approval = { .at_ms = 1000, .expires_ms = 9000 };
    memset(&approval.candidate, 1, offsetof(struct approval, at_ms));
    return approval;
}

static int judge(const struct approval *signed_for, const struct sign_key *key,
    const struct approval *want, uint64_t now_ms, struct err *err)
{
    static struct reviewers reviewers;
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct approval got;
    assert_int_equal(reviewers_read(&reviewers, &home, err), 0);
    approval_sign(&envelope, signed_for, &home, key);
    return approval_check(&got, buf_view(&envelope), want, &home, &reviewers, now_ms, err);
}

static void holds_for_what_was_signed(void **state)
{
    (void)state;
    struct approval approval = sample();
    struct err err = { 0 };
    if (judge(&approval, &ann, &approval, 2000, &err) < 0)
        fail_msg("%s", err.text);
}

static void dies_with_any_link(void **state)
{
    (void)state;
    struct approval approval = sample();
    for (size_t at = 0; at < offsetof(struct approval, at_ms); at += sizeof(struct digest)) {
        struct approval changed = approval;
        struct err err = { 0 };
        ((uint8_t *)&changed)[at + 5] ^= 1;
        if (judge(&approval, &ann, &changed, 2000, &err) != -ERR_VERIFY)
            fail_msg("a changed link at %zu passes", at);
    }
}

/* What was signed before approvals named a corpus holds as it did, and for nothing more. */
static void one_of_an_earlier_version_names_no_corpus(void **state)
{
    (void)state;
    static const char *const names[] = { "candidate", "batch", "patch", "tree", "build", "report",
        "policy", "admission-before" };
    static struct reviewers reviewers;
    CLEANUP(buf_done) struct buf envelope = { 0 };
    CLEANUP(mem_freep)
    char *predicate = mem_format(
        "{\"home\":\"%s\",\"at_ms\":1000,\"expires_ms\":9000,\"unattended\":false}", home.id);
    struct approval approval = sample(), got;
    struct attest statement = { .kind = ATTEST_APPROVAL };
    struct err err = { 0 };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        statement.subjects[statement.subjects_count++] =
            (struct attest_subject){ str_of(names[i]), approval.candidate };
    attest_sign(&envelope, &statement, str_of(predicate), &ann);
    assert_int_equal(reviewers_read(&reviewers, &home, &err), 0);
    assert_int_equal(
        approval_check(&got, buf_view(&envelope), &approval, &home, &reviewers, 2000, &err), 0);
    assert_true(got.bare);
    approval.report.at[5] ^= 1;
    assert_int_equal(
        approval_check(&got, buf_view(&envelope), &approval, &home, &reviewers, 2000, &err),
        -ERR_VERIFY);
}

static void only_reviewers_and_only_in_time(void **state)
{
    (void)state;
    struct approval approval = sample();
    struct err err = { 0 };
    assert_int_equal(judge(&approval, &bob, &approval, 2000, &err), -ERR_DENIED);
    assert_int_equal(judge(&approval, &ann, &approval, 9000, &err), -ERR_DENIED);
    assert_int_equal(reviewing_add(&home, "bob", &bob_public, 200, &err), 0);
    assert_int_equal(reviewing_add(&home, "bob2", &bob_public, 200, &err), -ERR_STATE);
    assert_int_equal(reviewing_add(&home, "a\nb", &bob_public, 200, &err), -ERR_USAGE);
    assert_int_equal(judge(&approval, &bob, &approval, 2000, &err), 0);
    assert_int_equal(reviewing_revoke(&home, "bob", 1500, &err), 0);
    assert_int_equal(reviewing_revoke(&home, "bob", 1500, &err), -ERR_STATE);
    assert_int_equal(judge(&approval, &bob, &approval, 2000, &err), -ERR_DENIED);
    assert_non_null(strstr(err.text, "revoked"));
    assert_int_equal(judge(&approval, &bob, &approval, 1400, &err), -ERR_DENIED); /* put back */
}

/* Before and behind a revocation is a matter of the list's number, whatever the clock said. */
static void what_was_approved_before_stays(void **state)
{
    (void)state;
    struct approval approval = sample(), got;
    struct err err = { 0 };
    static struct reviewers reviewers;
    CLEANUP(buf_done) struct buf envelope = { 0 };
    approval_sign(&envelope, &approval, &home, &bob);
    assert_int_equal(reviewers_read(&reviewers, &home, &err), 0);
    const struct {
        uint64_t list, at_ms;
        int want;
    } rows[] = {
        { reviewers.number - 1, 1400, 0 },
        { reviewers.number - 1, 2000, 0 }, /* its clock was ahead */
        { reviewers.number, 1400, -ERR_DENIED },
        { 0, 1400, 0 }, /* an admission that names no list: by time */
        { 0, 2000, -ERR_DENIED },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (approval_held(&got, buf_view(&envelope), &approval, &home, &reviewers, rows[i].list,
                rows[i].at_ms, &err) != rows[i].want)
            fail_msg("row %zu: %s", i, err.text);
}

static void another_home_does_not_take_it(void **state)
{
    (void)state;
    struct approval approval = sample(), got;
    struct err err = { 0 };
    static struct reviewers reviewers;
    CLEANUP(buf_done) struct buf envelope = { 0 };
    struct home other = home;
    other.id[0] = other.id[0] == 'a' ? 'b' : 'a';
    approval_sign(&envelope, &approval, &other, &ann);
    assert_int_equal(reviewers_read(&reviewers, &home, &err), 0);
    assert_int_equal(
        approval_check(&got, buf_view(&envelope), &approval, &home, &reviewers, 2000, &err),
        -ERR_VERIFY);
}

static void a_list_that_somebody_wrote_is_refused(void **state)
{
    (void)state;
    static struct reviewers reviewers;
    struct err err = { 0 };
    char path[PATH_MAX];
    CLEANUP(buf_done) struct buf old = { 0 }, forged = { 0 };
    home_path(path, &home, "keys/reviewers.json");
    assert_int_equal(file_read(path, &old, 1 << 20, NULL), 0);
    const struct attest statement = { .kind = ATTEST_REVIEWERS };
    attest_sign(&forged, &statement, STR("{\"home\":\"x\",\"number\":9,\"reviewers\":[]}"), &bob);
    assert_int_equal(file_write(path, buf_view(&forged), 0600, NULL), 0);
    assert_int_equal(reviewers_read(&reviewers, &home, &err), -ERR_VERIFY);
    assert_int_equal(file_write(path, buf_view(&old), 0600, NULL), 0);
    assert_int_equal(reviewers_read(&reviewers, &home, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_for_what_was_signed),
        cmocka_unit_test(dies_with_any_link),
        cmocka_unit_test(one_of_an_earlier_version_names_no_corpus),
        cmocka_unit_test(only_reviewers_and_only_in_time),
        cmocka_unit_test(what_was_approved_before_stays),
        cmocka_unit_test(another_home_does_not_take_it),
        cmocka_unit_test(a_list_that_somebody_wrote_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
