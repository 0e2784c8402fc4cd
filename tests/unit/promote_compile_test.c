/* compile.c: the three profiles of a build, and that none passes for another. */
#include "base/file.h"
#include "base/mem.h"
#include "promote/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define SDK MOULT_SOURCE_DIR "/plugins/sdk"
#define CALLS MOULT_SOURCE_DIR "/examples/naive-harness/plugins/calls/calls.c"
#define CANDIDATES MOULT_SOURCE_DIR "/tests/data/trial-harness/plugins/candidates/candidates.c"
enum { SOURCE_MAX = 1 << 16 };

static struct compile_result build(const char *path, enum elf_profile profile)
{
    CLEANUP(buf_done) struct buf source = { 0 };
    struct compile_result result;
    struct err err = { 0 };
    assert_int_equal(file_read(path, &source, SOURCE_MAX, &err), 0);
    const struct compile_plan plan = { .source = buf_view(&source),
        .path = str_of(path),
        .profile = profile,
        .tier = SANDBOX_CONTAINER,
        .sdk = SDK };
    if (compile_run(&result, &plan, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    return result;
}

static const struct row {
    const char *name, *path;
    enum elf_profile profile;
    enum compile_stage want;
} rows[] = {
    { "a plugin, released", CALLS, ELF_RELEASE, COMPILE_OK },
    { "a plugin, sanitised", CALLS, ELF_ASAN, COMPILE_OK },
    { "a plugin, on trial", CALLS, ELF_TRIAL, COMPILE_OK },
    { "candidates on trial", CANDIDATES, ELF_TRIAL, COMPILE_OK },
    { "candidates are never released", CANDIDATES, ELF_RELEASE, COMPILE_ELF },
    { "candidates are not sanitised", CANDIDATES, ELF_ASAN, COMPILE_ELF },
};

static void each_profile_lets_its_own_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct compile_result result = build(rows[i].path, rows[i].profile);
        if (result.stage != rows[i].want)
            fail_msg("%s: %s: %s", rows[i].name, compile_stage_words[result.stage],
                result.diagnostics.at ? result.diagnostics.at : result.findings.list[0].message);
        compile_result_done(&result);
    }
}

static void the_same_source_gives_the_same_bytes(void **state)
{
    (void)state;
    for (int profile = ELF_RELEASE; profile <= ELF_ASAN; profile++) {
        struct compile_result first = build(CALLS, (enum elf_profile)profile);
        struct compile_result second = build(CALLS, (enum elf_profile)profile);
        assert_true(hash_equal(&first.build, &second.build));
        compile_result_done(&first);
        compile_result_done(&second);
    }
}

/* It is the sanitizer's checks that make the difference, and they keep it out of a release. */
static void a_sanitised_build_checks_and_is_not_admitted(void **state)
{
    (void)state;
    struct compile_result result = build(CALLS, ELF_ASAN);
    struct elf_findings findings;
    assert_int_equal(result.stage, COMPILE_OK);
    assert_non_null(memmem(result.image.at, result.image.size, "__asan_load", 11));
    assert_int_equal(elf_check(buf_view(&result.image), ELF_RELEASE, &findings, NULL), -ERR_DENIED);
    compile_result_done(&result);
}

static void a_missing_flag_list_is_named(void **state)
{
    (void)state;
    struct compile_result result;
    struct err err = { 0 };
    const struct compile_plan plan = { .source = STR("int x;"),
        .profile = ELF_ASAN,
        .tier = SANDBOX_CONTAINER,
        .sdk = MOULT_SOURCE_DIR "/plugins" };
    assert_int_equal(compile_run(&result, &plan, &err), -ERR_LACKS);
    assert_non_null(strstr(err.text, "cflags.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_profile_lets_its_own_through),
        cmocka_unit_test(the_same_source_gives_the_same_bytes),
        cmocka_unit_test(a_sanitised_build_checks_and_is_not_admitted),
        cmocka_unit_test(a_missing_flag_list_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
