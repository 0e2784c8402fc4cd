/* Where programs may run, by profile and place, in both tiers. Each place that refuses has one
 * beside it in the list where the same attempt gets through. */
#include "base/file.h"
#include "base/mem.h"
#include "sandbox/sandbox.h"
#include "sandbox_without.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { GOT_THROUGH = 0, REFUSED = 42 };
enum { IN_STRONG = 1, IN_CONTAINER = 2, IN_BOTH = 3 };

static char base[] = "/tmp/moult-noexec-test.XXXXXX";
static char *work, *data;

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base) || chmod(base, 0711) < 0)
        return -1;
    work = mem_format("%s/work", base);
    data = mem_format("%s/data", work);
    return file_mkdirs(work, 0777, NULL) < 0 || chmod(work, 0777) < 0 ||
                   file_write(data, STR("data"), 0644, NULL) < 0
               ? -1
               : 0;
}

static int end(void **state)
{
    (void)state;
    free(work);
    free(data);
    return file_remove_tree(base, NULL);
}

/* The attempt starts in the folder that it may write. */
static void try_one(struct sandbox_result *result, enum sandbox_profile profile,
    enum sandbox_tier tier, const char *const *argv)
{
    struct err err = { 0 };
    const struct sandbox_mount mounts[] = { { work, work, true, profile == SANDBOX_TOOL },
        { MOULT_PROBE, MOULT_PROBE, false, true } };
    const struct sandbox_run run = { .profile = profile,
        .tier = tier,
        .argv = argv,
        .cwd = work,
        .mounts = mounts,
        .mounts_count = COUNT_OF(mounts) };
    if (sandbox_run(&run, result, &err) < 0)
        fail_msg("%s: %s (%s)", argv[0], err.text, err.hint);
    assert_int_equal(result->tier, tier);
}

static const struct row {
    enum sandbox_profile profile;
    const char *attempt, *place;
    int want;
    unsigned
        tiers; /* Landlock does not see what is mapped, and without a root /tmp is the host's */
} rows[] = {
    { SANDBOX_COMPILE, "run-made", ".", REFUSED, IN_BOTH },
    { SANDBOX_COMPILE, "run-made", "/tmp", REFUSED, IN_STRONG },
    { SANDBOX_COMPILE, "map-code", "data", REFUSED, IN_STRONG },
    { SANDBOX_PROPOSE, "run-made", ".", REFUSED, IN_BOTH },
    { SANDBOX_PROPOSE, "run-made", "/tmp", REFUSED, IN_STRONG },
    { SANDBOX_PROPOSE, "run-made", "/scratch", REFUSED, IN_STRONG },
    { SANDBOX_PROPOSE, "map-code", "data", REFUSED, IN_STRONG },
    { SANDBOX_TOOL, "run-made", ".", GOT_THROUGH, IN_BOTH },
    { SANDBOX_TOOL, "run-made", "/tmp", GOT_THROUGH, IN_STRONG },
    { SANDBOX_TOOL, "run-made", "/dev/shm", REFUSED, IN_STRONG },
    { SANDBOX_TOOL, "map-code", "data", GOT_THROUGH, IN_BOTH },
    { SANDBOX_TOOL, "map-code", "/etc/passwd", REFUSED, IN_STRONG },
    { SANDBOX_TOOL, "map-code", "/proc/self/status", REFUSED, IN_STRONG },
    { SANDBOX_TOOL, "map-code", "/dev/zero", REFUSED, IN_STRONG },
};

static void try_tier(enum sandbox_tier tier)
{
    const unsigned bit = tier == SANDBOX_STRONG ? IN_STRONG : IN_CONTAINER;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *argv[] = { MOULT_PROBE, rows[i].attempt, rows[i].place, NULL };
        struct sandbox_result result;
        if (!(rows[i].tiers & bit))
            continue;
        try_one(&result, rows[i].profile, tier, argv);
        if (result.exit_code != rows[i].want)
            fail_msg("%s %s in %s: exit %d, signal %d, %s", rows[i].attempt, rows[i].place,
                sandbox_profile_words[rows[i].profile], result.exit_code, result.signal,
                result.out.at ? result.out.at : "");
        sandbox_result_done(&result);
    }
}

static void programs_run_where_they_may(void **state)
{
    (void)state;
    try_tier(SANDBOX_STRONG);
}

/* Not by name: a mount that somebody adds is in this list, or it is noexec. */
static void no_other_mount_runs_anything(void **state)
{
    (void)state;
    const char *argv[] = { "/bin/sh", "-c",
        "while read -r id up device root place flags rest; do "
        "case $flags in *noexec*) ;; *) echo $place;; esac; done </proc/self/mountinfo",
        NULL };
    struct sandbox_result result;
    try_one(&result, SANDBOX_TOOL, SANDBOX_STRONG, argv);
    CLEANUP(mem_freep) char *want = mem_format("/usr\n/tmp\n%s\n%s\n", work, MOULT_PROBE);
    assert_string_equal(result.out.at, want);
    sandbox_result_done(&result);
}

static void nothing_is_written_and_run_but_by_tools(void **state)
{
    (void)state;
    static const enum sandbox_profile profiles[] = { SANDBOX_COMPILE, SANDBOX_PROPOSE };
    const struct sandbox_mount mount = { work, work, true, true };
    const char *argv[] = { "/usr/bin/true", NULL };
    for (size_t i = 0; i < COUNT_OF(profiles); i++) {
        struct sandbox_result result;
        struct err err = { 0 };
        const struct sandbox_run run = {
            .profile = profiles[i], .argv = argv, .mounts = &mount, .mounts_count = 1
        };
        assert_int_equal(sandbox_run(&run, &result, &err), -ERR_DENIED);
        assert_non_null(strstr(err.text, work));
    }
}

/* For good, so it comes last. */
static void without_a_root_neither(void **state)
{
    (void)state;
    without_namespaces();
    try_tier(SANDBOX_CONTAINER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_run_where_they_may),
        cmocka_unit_test(no_other_mount_runs_anything),
        cmocka_unit_test(nothing_is_written_and_run_but_by_tools),
        cmocka_unit_test(without_a_root_neither),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
