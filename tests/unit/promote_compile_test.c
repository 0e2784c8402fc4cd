/* compile.c: the three profiles of a build, and that none passes for another. */
#include "base/file.h"
#include "base/mem.h"
#include "promote/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

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

static bool has_tcc(void)
{
    return access("/usr/bin/tcc", X_OK) == 0;
}

static struct compile_result build_fast(struct str source, enum elf_profile profile)
{
    struct compile_result result;
    struct err err = { 0 };
    const struct compile_plan plan = { .source = source,
        .path = STR("plugins/x/x.c"),
        .profile = profile,
        .by = COMPILE_BY_TCC,
        .tier = SANDBOX_CONTAINER,
        .sdk = SDK };
    if (compile_run(&result, &plan, &err) < 0)
        fail_msg("%s (%s)", err.text, err.hint);
    return result;
}

/* What comes of asking tcc. gcc answers for what it leaves; a refusal is always gcc's. */
#define PLUGIN                                                                                     \
    "#include \"moult.h\"\n"                                                                       \
    "MOULT_EXPORT const struct moult_plugin moult_plugin = { .abi = MOULT_ABI };\n"
static const struct fast {
    const char *name, *source;
    enum elf_profile profile;
    enum compile_by by;
    enum compile_stage want;
    const char *why; /* not tcc; NULL: whatever it is */
} fast[] = {
    { "a plugin", PLUGIN, ELF_TRIAL, COMPILE_BY_TCC, COMPILE_OK },
    { "globals that change", PLUGIN "static int n; int *f(void);\nint *f(void)\n{ return &n; }\n",
        ELF_TRIAL, COMPILE_BY_TCC, COMPILE_OK },
    { "a release is never tcc's", PLUGIN, ELF_RELEASE, COMPILE_BY_GCC, COMPILE_OK },
    { "a sanitised build is never tcc's", PLUGIN, ELF_ASAN, COMPILE_BY_GCC, COMPILE_OK },
    { "a builtin that tcc has not",
        PLUGIN "unsigned f(unsigned x);\nunsigned f(unsigned x)\n"
               "{ return __builtin_bswap32(x); }\n",
        ELF_TRIAL, COMPILE_BY_GCC, COMPILE_OK },
    { "a number for which tcc calls its library",
        PLUGIN "float f(uint64_t x);\nfloat f(uint64_t x)\n{ return (float)x; }\n", ELF_TRIAL,
        COMPILE_BY_GCC, COMPILE_OK },
    { "options for tcc", "#pragma comment(option, \"-run\")\n" PLUGIN, ELF_TRIAL, COMPILE_BY_GCC,
        COMPILE_OK, "could give tcc options" },
    { "options for tcc, over two lines", "#prag\\\nma comment(option, \"-run\")\n" PLUGIN,
        ELF_TRIAL, COMPILE_BY_GCC, COMPILE_OK, "could give tcc options" },
    { "no C", PLUGIN "int f(", ELF_TRIAL, COMPILE_BY_GCC, COMPILE_COMPILE },
    { "a file of the host", PLUGIN "#include </etc/passwd>\n", ELF_TRIAL, COMPILE_BY_GCC,
        COMPILE_COMPILE },
    { "an import",
        PLUGIN "int puts(const char *);\nint f(void);\nint f(void)\n{ return puts(\"\"); }\n",
        ELF_TRIAL, COMPILE_BY_GCC, COMPILE_COMPILE },
    { "something that runs at load",
        PLUGIN "__attribute__((constructor)) static void f(void)\n{ }\n", ELF_TRIAL, COMPILE_BY_GCC,
        COMPILE_ELF },
};

static void tcc_makes_trial_builds_and_gcc_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(fast); i++) {
        const struct fast *row = &fast[i];
        struct compile_result result = build_fast(str_of(row->source), row->profile);
        enum compile_by by = has_tcc() ? row->by : COMPILE_BY_GCC;
        if (result.stage != row->want || result.by != by)
            fail_msg("%s: %s by %s: %s%s", row->name, compile_stage_words[result.stage],
                compile_by_words[result.by], result.not_by_tcc,
                result.diagnostics.at ? result.diagnostics.at : "");
        /* Said wherever it was asked for and gcc did it. */
        assert_int_equal(
            *result.not_by_tcc != 0, row->profile == ELF_TRIAL && by == COMPILE_BY_GCC);
        if (row->why && has_tcc())
            assert_non_null(strstr(result.not_by_tcc, row->why));
        compile_result_done(&result);
    }
}

#define CANDIDATE                                                                                  \
    PLUGIN                                                                                         \
    "#include \"moult_trial.h\"\n"                                                                 \
    "static uint16_t holes[1];\nstatic uint64_t decide;\n"                                         \
    "static uint32_t reached, want, cover[1];\nstatic uint8_t atoms[64][1];\n"                     \
    "MOULT_EXPORT const struct moult_trial moult_trial = { .size = sizeof(struct moult_trial),"    \
    " .holes_count = 1, .cover_count = 1, .atoms_count = 8, .decisions_count = 1, .holes = holes," \
    " .cover = cover, .decide = &decide, .reached = &reached, .atoms = &atoms[0][0],"              \
    " .want_atoms = &want };\n"

static void a_trial_build_by_tcc_passes_for_no_other(void **state)
{
    struct elf_findings findings;
    (void)state;
    if (!has_tcc())
        skip();
    struct compile_result first = build_fast(STR(CANDIDATE), ELF_TRIAL);
    struct compile_result second = build_fast(STR(CANDIDATE), ELF_TRIAL);
    assert_int_equal(first.by, COMPILE_BY_TCC);
    assert_true(hash_equal(&first.build, &second.build));
    assert_int_equal(elf_check(buf_view(&first.image), ELF_TRIAL, &findings, NULL), 0);
    assert_int_equal(elf_check(buf_view(&first.image), ELF_RELEASE, &findings, NULL), -ERR_DENIED);
    assert_int_equal(elf_check(buf_view(&first.image), ELF_ASAN, &findings, NULL), -ERR_DENIED);
    compile_result_done(&first);
    compile_result_done(&second);
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
        cmocka_unit_test(tcc_makes_trial_builds_and_gcc_the_rest),
        cmocka_unit_test(a_trial_build_by_tcc_passes_for_no_other),
        cmocka_unit_test(a_missing_flag_list_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
