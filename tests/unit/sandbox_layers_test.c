/* Each layer of the sandbox is needed: for each there is a probe that it alone stops, or that gets
 * through without it. The whole matrix is docs/reference/sandbox-matrix.md, made by
 * tests/redteam/sandbox/matrix.c, which takes minutes. */
#include "base/file.h"
#include "base/mem.h"
#include "redteam/cells.h"
#include "redteam/scene.h"
#include "redteam/try.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const char page[] = MOULT_SOURCE_DIR "/docs/reference/sandbox-matrix.md";
static struct trying trying = { SANDBOX_TOOL, SANDBOX_STRONG, MOULT_PROBE, MOULT_PROBE_LOOSE, NULL,
    NULL };

/* ONLY: nothing else stops it. ALONE: it stops it with every other layer gone. */
enum how { ONLY, ALONE };
static const struct row {
    unsigned part;
    enum sandbox_tier tier;
    const char *probe;
    enum how how;
} rows[] = {
    { PART_START, SANDBOX_STRONG, "read-inherited", ONLY },
    { PART_START, SANDBOX_STRONG, "environment", ONLY },
    { LAYER_USER_NS, SANDBOX_STRONG, "read-roots", ONLY },
    { LAYER_OWN_UID, SANDBOX_STRONG, "read-roots", ONLY },
    { LAYER_ROOT, SANDBOX_STRONG, "stat", ONLY },
    { LAYER_ROOT, SANDBOX_STRONG, "read", ALONE },
    { PART_GUARDS, SANDBOX_STRONG, "hook", ONLY },
    { PART_GUARDS, SANDBOX_STRONG, "git-moved", ONLY },
    { LAYER_PID_NS, SANDBOX_STRONG, "see-process", ONLY },
    { LAYER_PID_NS, SANDBOX_STRONG, "signal", ALONE },
    { LAYER_NET_NS, SANDBOX_STRONG, "udp", ALONE },
    { LAYER_IPC_NS, SANDBOX_STRONG, "shm-attach", ALONE },
    { LAYER_UTS_NS, SANDBOX_STRONG, "sethostname", ALONE },
    { LAYER_LANDLOCK, SANDBOX_STRONG, "read", ALONE },
    { LAYER_LANDLOCK, SANDBOX_STRONG, "signal", ALONE },
    { LAYER_LANDLOCK, SANDBOX_CONTAINER, "read", ONLY },
    { LAYER_SECCOMP, SANDBOX_STRONG, "unix", ONLY },
    { LAYER_SECCOMP, SANDBOX_STRONG, "set-uid-chmod", ONLY },
    { LAYER_SECCOMP, SANDBOX_CONTAINER, "udp", ONLY },
    { LAYER_NO_NEW_PRIVS, SANDBOX_STRONG, "read-by-set-uid", ALONE },
    { LAYER_CAPS, SANDBOX_STRONG, "mount-tmpfs", ALONE },
    { LAYER_OWN_UID, SANDBOX_CONTAINER, "read-roots", ONLY },
};

/* What the others have that `tool` has not, or have by another way: a worker's are its lock's. */
static const struct other {
    enum sandbox_profile profile;
    unsigned part;
    const char *probe;
    enum how how;
} others[] = {
    { SANDBOX_COMPILE, PART_START, "read-inherited", ONLY },
    { SANDBOX_COMPILE, PART_GUARDS, "hook", ONLY },
    { SANDBOX_COMPILE, LAYER_ROOT, "stat", ONLY },
    { SANDBOX_COMPILE, LAYER_SECCOMP, "signal", ALONE },
    { SANDBOX_COMPILE, LAYER_LANDLOCK, "read", ALONE },
    { SANDBOX_PROPOSE, PART_START, "environment", ONLY },
    { SANDBOX_PROPOSE, LAYER_ROOT, "stat", ALONE },
    { SANDBOX_PROPOSE, LAYER_SECCOMP, "unix", ONLY },
    { SANDBOX_WORKER, PART_START, "read-inherited", ONLY },
    { SANDBOX_WORKER, PART_START, "environment", ONLY },
    { SANDBOX_WORKER, PART_CLOCK, "clock-vdso", ONLY },
    { SANDBOX_WORKER, LAYER_RLIMITS, "heap", ONLY },
    { SANDBOX_WORKER, LAYER_SECCOMP, "memfd", ONLY },
    { SANDBOX_WORKER, LAYER_ROOT, "read", ALONE },
    { SANDBOX_WORKER, LAYER_LANDLOCK, "read", ALONE },
    { SANDBOX_WORKER, LAYER_PID_NS, "signal", ALONE },
    { SANDBOX_WORKER, LAYER_NET_NS, "udp", ALONE },
    { SANDBOX_WORKER, LAYER_IPC_NS, "shm-attach", ALONE },
    { SANDBOX_WORKER, LAYER_UTS_NS, "sethostname", ALONE },
    { SANDBOX_WORKER, LAYER_NO_NEW_PRIVS, "read-by-set-uid", ALONE },
    { SANDBOX_WORKER, LAYER_CAPS, "mount-tmpfs", ALONE },
};

static const struct probe *find(const char *name)
{
    for (unsigned i = 0; i < probes_count; i++)
        if (strcmp(probes[i].name, name) == 0)
            return &probes[i];
    fail_msg("no probe %s", name);
    return NULL;
}

static void expect(const char *probe, unsigned part, uint32_t off, enum outcome want)
{
    enum outcome outcome = cells_probe(&trying, find(probe), off);
    layers_off(0);
    if (outcome != want)
        fail_msg("%s in %s (%s), layer %s, without %#x: %d", probe,
            sandbox_profile_words[trying.profile], sandbox_tier_words[trying.tier],
            parts_words[part], off, outcome);
}

static void expect_all(const char *probe, unsigned part, enum how how)
{
    expect(probe, part, 0, OUTCOME_REFUSED);
    if (how == ONLY) {
        expect(probe, part, BIT(part), OUTCOME_THROUGH);
    } else {
        expect(probe, part, ALL, OUTCOME_THROUGH);
        expect(probe, part, ALL & ~BIT(part), OUTCOME_REFUSED);
    }
}

static void every_layer_is_needed(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        trying.tier = rows[i].tier;
        layers_container(trying.tier == SANDBOX_CONTAINER);
        expect_all(rows[i].probe, rows[i].part, rows[i].how);
    }
    layers_container(false);
    trying.tier = SANDBOX_STRONG;
}

static void in_other_profiles_too(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        trying.profile = others[i].profile;
        expect_all(others[i].probe, others[i].part, others[i].how);
    }
    trying.profile = SANDBOX_TOOL;
}

static void read_page(struct buf *text)
{
    enum { PAGE_MAX = 1 << 20 };
    assert_int_equal(file_read(page, text, PAGE_MAX, NULL), 0);
    buf_add(text, "", 1);
}

/* How often `what` stands between two places. */
static unsigned count_in(const char *from, const char *to, char what)
{
    unsigned count = 0;
    for (; from < to; from++)
        count += *from == what;
    return count;
}

/* The cell of a probe and a part in the table of a tier: from its bar to the next. */
static struct str cell_of(const char *text, const struct row *row)
{
    CLEANUP(mem_freep)
    char *section = mem_format("tier `%s`\n", sandbox_tier_words[row->tier]);
    CLEANUP(mem_freep) char *name = mem_format(" %s |", parts_words[row->part]);
    CLEANUP(mem_freep) char *line = mem_format("\n| %s |", row->probe);
    const char *head = strstr(text, section);
    head = head ? strstr(head, "\n| probe |") : NULL;
    const char *column = head ? strstr(head, name) : NULL;
    const char *at = head ? strstr(head, line) : NULL;
    if (!column || !at)
        return STR("");
    for (unsigned bars = count_in(head, column, '|'); bars > 0; bars--)
        at = strchr(at, '|') + 1;
    return (struct str){ at, (size_t)(strchr(at, '|') - at) };
}

/* What is tried above is what the page says. */
static void the_page_says_the_same(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    read_page(&text);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct str cell = cell_of(text.at, &rows[i]);
        bool says = rows[i].how == ONLY
                        ? str_equal(cell, STR(" **only** ")) || str_equal(cell, STR(" needed "))
                        : str_equal(cell, STR(" yes ")) || str_equal(cell, STR(" **only** "));
        if (!says)
            fail_msg("%s says of %s, %s (%s): \"%.*s\": make it again", page, rows[i].probe,
                parts_words[rows[i].part], sandbox_tier_words[rows[i].tier], (int)cell.size,
                cell.at);
    }
}

/* A kernel or a bubblewrap of another version may have other cells; the probes are the same. */
static void the_page_has_every_probe(void **state)
{
    (void)state;
    CLEANUP(buf_done) struct buf text = { 0 };
    read_page(&text);
    for (unsigned i = 0; i < probes_count; i++) {
        CLEANUP(mem_freep)
        char *row = mem_format("| %s | %s |", probes[i].name, probes[i].what);
        CLEANUP(mem_freep) char *not_here = mem_format("%s (", probes[i].name);
        bool counted = probes[i].flags & LOCKED_ONLY; /* among those of the worker */
        if (!strstr(text.at, counted ? probes[i].name : row) && !strstr(text.at, not_here))
            fail_msg("%s is not in %s: make it again", probes[i].name, page);
    }
    for (unsigned i = 0; i < bombs_count; i++) {
        CLEANUP(mem_freep) char *row = mem_format("| %s | %s |", bombs[i].name, bombs[i].what);
        if (!strstr(text.at, row))
            fail_msg("%s is not in %s: make it again", bombs[i].name, page);
    }
}

static int begin(void **state)
{
    (void)state;
    return scene_begin(MOULT_PROBE);
}

static int end(void **state)
{
    (void)state;
    return scene_end();
}

/* What a run without layers mounts or renames stays in this process's namespaces. */
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer_is_needed),
        cmocka_unit_test(in_other_profiles_too),
        cmocka_unit_test(the_page_says_the_same),
        cmocka_unit_test(the_page_has_every_probe),
    };
    if (geteuid() == 0 && (unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 ||
                              mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
        return perror("namespaces"), 77;
    scene_take_terminal();
    return cmocka_run_group_tests(tests, begin, end);
}
