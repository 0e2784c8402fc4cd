/* The harness's history: real repositories, judged by stock git. */
#include "base/file.h"
#include "base/mem.h"
#include "promote/lineage.h"
#include "promote/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static char base[] = "/tmp/moult-lineage-test.XXXXXX";
static char *harness, *from;

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(base))
        return -1;
    harness = mem_format("%s/harness", base);
    from = mem_format("%s/from", base);
    CLEANUP(mem_freep) char *folder = mem_format("%s/plugins/a", from);
    CLEANUP(mem_freep) char *file = mem_format("%s/plugins/a/a.c", from);
    return file_mkdirs(folder, 0700, NULL) < 0 || file_write(file, STR("int a;\n"), 0600, NULL) < 0
               ? -1
               : 0;
}

static int end(void **state)
{
    (void)state;
    free(harness);
    free(from);
    return file_remove_tree(base, NULL);
}

/* What stock git answers; fails the test when git does. */
static char *git(const char *words)
{
    static char answer[4096];
    CLEANUP(mem_freep) char *command = mem_format("git -C %s %s 2>&1", harness, words);
    FILE *pipe = popen(command, "r");
    size_t size = fread(answer, 1, sizeof answer - 1, pipe);
    answer[size] = 0;
    if (pclose(pipe) != 0)
        fail_msg("git %s: %s", words, answer);
    return answer;
}

/* In the place of libc's, for the library too: how often the disk was waited for. */
static unsigned fsyncs;
__attribute__((visibility("default"))) int fsync(int fd)
{
    fsyncs++;
    return (int)syscall(SYS_fsync, fd);
}

static struct lineage_id first;

static void begins_with_generation_0(void **state)
{
    (void)state;
    struct err err = { 0 };
    if (lineage_create(harness, from, 1000, &first, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(lineage_create(harness, from, 1000, &first, &err), -ERR_STATE);
    assert_memory_equal(git("rev-parse refs/heads/active"), first.hex, 40);
    assert_memory_equal(git("rev-parse refs/moult/generations/0"), first.hex, 40);
    assert_memory_equal(git("rev-parse HEAD"), first.hex, 40);
    assert_string_equal(git("status --porcelain"), "");
    assert_string_equal(git("show active:plugins/a/a.c"), "int a;\n");
}

static void a_link_is_refused(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct lineage_id id;
    CLEANUP(mem_freep) char *link = mem_format("%s/plugins/link", from);
    CLEANUP(mem_freep) char *other = mem_format("%s/other", base);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_int_equal(lineage_create(other, from, 1000, &id, &err), -ERR_DENIED);
    unlink(link);
}

static void promotes_by_compare_and_swap(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct lineage *lineage;
    struct lineage_id candidate, again, active, promoted, stale;
    assert_int_equal(lineage_open(&lineage, harness, &err), 0);
    assert_int_equal(
        lineage_candidate(lineage, "../x", &first, "plugins/a/a.c", STR(""), 1, &candidate, &err),
        -ERR_INPUT);
    assert_int_equal(lineage_candidate(lineage, "ab12", &first, "plugins/a/a.c", STR("int b;\n"),
                         1000, &candidate, &err),
        0);
    assert_int_equal(lineage_candidate(lineage, "ab12", &first, "plugins/a/a.c", STR("int b;\n"),
                         1000, &again, &err),
        0);
    assert_string_equal(candidate.hex, again.hex);
    assert_int_equal(lineage_active(lineage, &active, &err), 0);
    assert_string_equal(active.hex, first.hex);

    struct lineage_trailer trailers[] = { { "Candidate", hash_of(STR("c")) },
        { "Build", hash_of(STR("b")) } };
    struct lineage_step step = { .kind = LINEAGE_PROMOTION,
        .active = &first,
        .tree_of = &candidate,
        .generation = 1,
        .at_s = 1001,
        .trailers = trailers,
        .trailers_count = 2 };
    if (lineage_commit(lineage, &step, &promoted, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(lineage_commit(lineage, &step, &again, &err), 0);
    assert_string_equal(promoted.hex, again.hex);
    assert_int_equal(lineage_active(lineage, &active, &err), 0);
    assert_string_equal(active.hex, first.hex);
    if (lineage_move(lineage, &first, &promoted, 1, &err) < 0)
        fail_msg("%s", err.text);
    step.generation = 2;
    assert_int_equal(lineage_commit(lineage, &step, &stale, &err), 0);
    assert_int_equal(lineage_move(lineage, &first, &stale, 2, &err), -ERR_STATE);
    assert_memory_equal(git("rev-parse active"), promoted.hex, 40);
    assert_memory_equal(git("rev-parse active^"), first.hex, 40);
    assert_string_equal(git("rev-list --count active"), "2\n");
    assert_string_equal(git("show HEAD:plugins/a/a.c"), "int b;\n");
    assert_string_equal(git("status --porcelain"), "");
    assert_non_null(strstr(
        git("log -1 --format='%(trailers:key=Build)' active"), "Build: sha256:3e23e8160039594a"));
    git("fsck --strict");

    struct buf text = { 0 };
    assert_int_equal(lineage_file(lineage, &first, "plugins/a/a.c", &text, &err), 0);
    assert_string_equal(text.at, "int a;\n");
    assert_int_equal(lineage_file(lineage, &first, "plugins/none.c", &text, &err), -ERR_MISSING);
    buf_done(&text);
    lineage_free(lineage);
}

static void a_dirty_work_tree_is_left_alone(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct lineage *lineage;
    struct lineage_id active, promoted;
    CLEANUP(mem_freep) char *file = mem_format("%s/plugins/a/a.c", harness);
    assert_int_equal(file_write(file, STR("mine\n"), 0600, NULL), 0);
    assert_int_equal(lineage_open(&lineage, harness, &err), 0);
    assert_int_equal(lineage_active(lineage, &active, &err), 0);
    const struct lineage_step step = { .kind = LINEAGE_ROLLBACK,
        .active = &active,
        .tree_of = &active,
        .path = "plugins/a/a.c",
        .content = STR("int a;\n"),
        .generation = 2,
        .at_s = 1003 };
    assert_int_equal(lineage_commit(lineage, &step, &promoted, &err), 0);
    assert_string_not_equal(git("show active:plugins/a/a.c"), "int a;\n");
    assert_int_equal(lineage_move(lineage, &active, &promoted, 2, &err), 0);
    assert_string_equal(git("show active:plugins/a/a.c"), "int a;\n");
    struct buf text = { 0 };
    assert_int_equal(file_read(file, &text, 100, NULL), 0);
    assert_string_equal(text.at, "mine\n");
    buf_done(&text);
    lineage_free(lineage);
}

static void refs_follow_an_admission_wherever_they_are(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct lineage *lineage;
    struct lineage_id active;
    git("update-ref refs/heads/active refs/moult/candidates/ab12");
    assert_int_equal(lineage_open(&lineage, harness, &err), 0);
    assert_int_equal(lineage_repair(lineage, &first, 7, &err), 0);
    assert_int_equal(lineage_active(lineage, &active, &err), 0);
    assert_string_equal(active.hex, first.hex);
    assert_memory_equal(git("rev-parse refs/moult/generations/7"), first.hex, 40);
    lineage_free(lineage);
}

/* What a killed process left is not waited for; what somebody alive holds, or a person's git, is.
 */
static void locks_of_the_dead_are_removed(void **state)
{
    static const struct {
        const char *name;
        bool persons;
    } locks[] = {
        { "refs/heads/active.lock", false },
        { "refs/moult/candidates/ab12.lock", false },
        { "refs/moult/generations/7.lock", false },
        { "refs/heads/other.lock", true },
        { "HEAD.lock", true },
        { "index.lock", true },
    };
    (void)state;
    enum { ALIVE, DEAD, MARKED, LEFT };
    struct lineage *alive, *lineage;
    CLEANUP(mem_freep) char *mark = mem_format("%s/.git/moult.lock", harness);
    for (int left = ALIVE; left < LEFT; left++) {
        if (left == ALIVE)
            assert_int_equal(lineage_open(&alive, harness, NULL), 0);
        if (left == MARKED)
            assert_int_equal(file_write(mark, STR("\1"), 0600, NULL), 0);
        for (size_t i = 0; i < COUNT_OF(locks); i++) {
            CLEANUP(mem_freep) char *path = mem_format("%s/.git/%s", harness, locks[i].name);
            assert_int_equal(file_write(path, STR(""), 0600, NULL), 0);
        }
        assert_int_equal(lineage_open(&lineage, harness, NULL), 0);
        assert_int_equal(lineage_unfinished(lineage), left == MARKED);
        for (size_t i = 0; i < COUNT_OF(locks); i++) {
            CLEANUP(mem_freep) char *path = mem_format("%s/.git/%s", harness, locks[i].name);
            bool kept = left == ALIVE || strcmp(locks[i].name, "refs/heads/other.lock") == 0 ||
                        (locks[i].persons && left != MARKED);
            if (file_exists(path) != kept)
                fail_msg("%s: %s", path, kept ? "gone" : "still there");
            unlink(path);
        }
        if (left == MARKED) {
            assert_int_equal(lineage_repair(lineage, &first, 7, NULL), 0);
            assert_false(lineage_unfinished(lineage));
        }
        lineage_free(lineage);
        if (left == ALIVE)
            lineage_free(alive);
    }
}

/* A patch is text from outside: it may change one file, in place. */
static void a_patch_changes_its_one_file(void **state)
{
    static const struct {
        const char *patch, *gives;
        int rc;
    } rows[] = {
        { "--- a/plugins/a/a.c\n+++ b/plugins/a/a.c\n@@ -1 +1 @@\n-int a;\n+int c;\n", "int c;\n",
            0 },
        { "--- a/plugins/a/a.c\n+++ b/plugins/a/a.c\n@@ -1 +1 @@\n-int z;\n+int c;\n", NULL,
            -ERR_INPUT },
        { "--- a/README\n+++ b/README\n@@ -1 +1 @@\n-x\n+y\n", NULL, -ERR_DENIED },
        { "--- a/plugins/a/a.c\n+++ b/../../x.c\n@@ -1 +1 @@\n-int a;\n+int c;\n", NULL,
            -ERR_DENIED },
        { "--- /dev/null\n+++ b/plugins/b/b.c\n@@ -0,0 +1 @@\n+int c;\n", NULL, -ERR_DENIED },
        { "--- a/plugins/a/a.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-int a;\n", NULL, -ERR_DENIED },
        { "hello", NULL, -ERR_DENIED },
        { "", NULL, -ERR_DENIED },
    };
    (void)state;
    struct lineage *lineage;
    assert_int_equal(lineage_open(&lineage, harness, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = { 0 };
        struct buf text = { 0 };
        int rc =
            lineage_apply(lineage, &first, str_of(rows[i].patch), "plugins/a/a.c", &text, &err);
        if (rc != rows[i].rc && (rows[i].rc == 0 || rc != -ERR_INPUT))
            fail_msg("row %zu: %d %s", i, rc, err.text);
        if (rows[i].gives)
            assert_string_equal(text.at, rows[i].gives);
        buf_done(&text);
    }
    lineage_free(lineage);
}

static void every_stage_has_a_word_and_moves_only_by_the_table(void **state)
{
    (void)state;
    struct err err = { 0 };
    for (int i = 0; i < STAGES; i++)
        assert_non_null(stage_words[i]);
    for (int i = 0; i < STAGE_EVENTS; i++)
        assert_non_null(stage_event_words[i]);
    assert_int_equal(stage_next(STAGE_PROPOSED, ON_PATCH, &err), STAGE_PATCHED);
    assert_int_equal(stage_next(STAGE_PATCHED, ON_REPLAY, &err), -ERR_STATE);
    assert_int_equal(stage_next(STAGE_GATED, ON_APPROVE, &err), -ERR_STATE);
    for (int event = 0; event < STAGE_EVENTS; event++)
        assert_int_equal(stage_next(STAGE_REJECTED, (enum stage_event)event, &err), -ERR_STATE);
    assert_int_equal(cluster_next(CLUSTER_RESOLVED, ON_SEEN_AGAIN, &err), CLUSTER_REOPENED);
    assert_int_equal(cluster_next(CLUSTER_OBSERVED, ON_PROMOTED, &err), -ERR_STATE);
}

static void a_commit_is_on_disk_before_its_id_is_told(void **state)
{
    (void)state;
    enum { BLOB_TREES_COMMIT = 5, REFERENCE = 1 };
    struct lineage *lineage;
    struct lineage_id id;
    struct err err = { 0 };
    assert_int_equal(lineage_open(&lineage, harness, &err), 0);
    fsyncs = 0;
    if (lineage_candidate(lineage, "abcdef0123", &first, "plugins/a/a.c", STR("int durable;\n"),
            3000, &id, &err) < 0)
        fail_msg("%s", err.text);
    lineage_free(lineage);
    assert_in_range(fsyncs, BLOB_TREES_COMMIT + REFERENCE, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_generation_0),
        cmocka_unit_test(a_link_is_refused),
        cmocka_unit_test(promotes_by_compare_and_swap),
        cmocka_unit_test(a_dirty_work_tree_is_left_alone),
        cmocka_unit_test(refs_follow_an_admission_wherever_they_are),
        cmocka_unit_test(locks_of_the_dead_are_removed),
        cmocka_unit_test(a_patch_changes_its_one_file),
        cmocka_unit_test(a_commit_is_on_disk_before_its_id_is_told),
        cmocka_unit_test(every_stage_has_a_word_and_moves_only_by_the_table),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
