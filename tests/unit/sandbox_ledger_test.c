/* What processes used that have ended, and what the kernel keeps for those that have not. */
#include "base/mem.h"
#include "sandbox/watch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

enum { LOOKS_MAX = 4, ROWS_MAX = 4, MS = 1000000 };

/* What one look sees: rows of parent, own and children's time in ms; a number of 0 ends them. */
static const struct row {
    const char *name;
    struct seen {
        pid_t pid, parent;
        uint64_t started, own_ms, children_ms;
    } looks[LOOKS_MAX][ROWS_MAX];
    uint64_t want_ms;
    bool unwaited;
} rows[] = {
    { "one process", { { { 1, 0, 1, 7, 0 } }, { { 1, 0, 1, 9, 0 } } }, 9, false },
    { "a child that was waited for is there once",
        { { { 1, 0, 1, 5, 0 }, { 2, 1, 2, 90, 0 } }, { { 1, 0, 1, 5, 100 } } }, 105, false },
    { "a child that was not is not forgotten",
        { { { 1, 0, 1, 5, 0 }, { 2, 1, 2, 90, 0 } }, { { 1, 0, 1, 5, 0 } } }, 95, true },
    { "nor at later looks",
        { { { 1, 0, 1, 5, 0 }, { 2, 1, 2, 90, 0 } }, { { 1, 0, 1, 5, 0 } }, { { 1, 0, 1, 6, 0 } } },
        96, true },
    { "what was waited for elsewhere hides nothing",
        { { { 1, 0, 1, 0, 500 }, { 2, 1, 2, 0, 0 }, { 3, 2, 3, 90, 0 } },
            { { 1, 0, 1, 0, 500 }, { 2, 1, 2, 0, 0 } } },
        590, true },
    { "a parent that ended with its child",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 10, 0 }, { 3, 2, 3, 90, 0 } }, { { 1, 0, 1, 0, 0 } } },
        100, true },
    { "the same, both waited for",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 10, 0 }, { 3, 2, 3, 90, 0 } }, { { 1, 0, 1, 0, 110 } } },
        110, false },
    { "the same below another, which has it",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 0 }, { 3, 2, 3, 0, 0 }, { 4, 3, 4, 90, 0 } },
            { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 90 } } },
        90, false },
    { "the same, left to the first process",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 0 }, { 3, 2, 3, 0, 0 }, { 4, 3, 4, 90, 0 } },
            { { 1, 0, 1, 0, 90 }, { 2, 1, 2, 0, 0 } } },
        90, false },
    { "the same, and when that one has ended as well",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 0 }, { 3, 2, 3, 0, 0 }, { 4, 3, 4, 90, 0 } },
            { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 90 } }, { { 1, 0, 1, 0, 90 } } },
        90, false },
    { "the same, waited for by nobody",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 0 }, { 3, 2, 3, 0, 0 }, { 4, 3, 4, 90, 0 } },
            { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 0, 0 } } },
        90, true },
    { "a parent's number that is a child's by now",
        { { { 1, 0, 1, 0, 0 }, { 3, 1, 2, 10, 0 }, { 2, 3, 3, 90, 0 } },
            { { 1, 0, 1, 0, 0 }, { 3, 1, 9, 1, 0 } } },
        101, true },
    { "hundredths are rounded down",
        { { { 1, 0, 1, 0, 0 }, { 2, 1, 2, 19, 0 } }, { { 1, 0, 1, 0, 10 } } }, 19, false },
    { "one that is in two lists", { { { 1, 0, 1, 7, 0 }, { 1, 0, 1, 7, 0 } } }, 7, false },
    { "its own parent", { { { 1, 1, 1, 1, 0 }, { 2, 2, 2, 8, 0 } }, { { 1, 1, 1, 1, 0 } } }, 1,
        false },
};

static void see(struct ledger *ledger, const struct seen *seen)
{
    struct ledger_row *row = ledger_row(ledger, seen->pid, seen->started);
    row->seen = true;
    row->parent = seen->parent;
    row->own_ns = seen->own_ms * MS;
    row->children_ns = seen->children_ms * MS;
}

static void nothing_is_forgotten_and_nothing_counts_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ledger ledger = { .init = 1 };
        bool unwaited = false;
        uint64_t time = 0;
        for (unsigned l = 0; l < LOOKS_MAX && rows[i].looks[l][0].pid; l++) {
            for (unsigned r = 0; r < ROWS_MAX && rows[i].looks[l][r].pid; r++)
                see(&ledger, &rows[i].looks[l][r]);
            ledger_turn(&ledger);
            time = ledger_time_ns(&ledger, &unwaited);
        }
        if (time != rows[i].want_ms * MS || unwaited != rows[i].unwaited)
            fail_msg("%s: %llu ms, %d", rows[i].name, (unsigned long long)(time / MS), unwaited);
        ledger_done(&ledger);
    }
}

static int ready[2], go[2];

static void say_ready(void)
{
    if (write(ready[1], "r", 1) != 1)
        _exit(1);
}

static void wait_for_word(void)
{
    char byte;
    if (read(go[0], &byte, 1) != 1)
        _exit(1);
}

static pid_t start(void (*body)(void))
{
    char byte;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        body();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

enum { TABLES = 4096, TABLE_SPAN = 2 << 20, BURN_MS = 60 };

static char *map_sparsely(void)
{
    const size_t size = (size_t)TABLES * TABLE_SPAN;
    char *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        _exit(1);
    madvise(p, size, MADV_NOHUGEPAGE);
    return p;
}

static void touch(const char *p)
{
    for (size_t i = 0; i < TABLES; i++)
        (void)*(const volatile char *)&p[i * TABLE_SPAN];
}

static void fill_tables(void)
{
    char *p = map_sparsely();
    say_ready();
    wait_for_word();
    touch(p);
    say_ready();
    pause();
}

static void tables_are_counted_as_they_grow(void **state)
{
    (void)state;
    struct ledger ledger = { 0 };
    char byte;
    pid_t pid = start(fill_tables);
    struct watch_use before = watch_sum(&ledger, pid);
    assert_int_equal(write(go[1], "g", 1), 1);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct watch_use after = watch_sum(&ledger, pid);
    assert_true(after.tables >= before.tables + (uint64_t)TABLES * 4096);
    assert_true(after.memory < before.memory + (uint64_t)TABLES * 4096);
    end(pid);
    ledger_done(&ledger);
}

static void burn(long ms)
{
    struct timespec used;
    do
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    while (used.tv_sec * 1000 + used.tv_nsec / MS < ms);
}

/* The child ends when it is told to, and has no status to wait for. */
static void leave_a_child(void)
{
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0) {
        burn(BURN_MS);
        say_ready();
        wait_for_word();
        _exit(0);
    }
    wait(NULL);
    say_ready();
    pause();
}

static void wait_for_a_child(void)
{
    signal(SIGCHLD, SIG_DFL);
    if (fork() == 0) {
        burn(BURN_MS);
        say_ready();
        wait_for_word();
        _exit(0);
    }
    wait(NULL);
    say_ready();
    pause();
}

static void time_of_ended_ones_stays(void **state)
{
    static const struct {
        void (*body)(void);
        bool unwaited;
    } ways[] = { { leave_a_child, true }, { wait_for_a_child, false } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct ledger ledger = { 0 };
        char byte;
        pid_t pid = start(ways[i].body);
        watch_sum(&ledger, pid);
        assert_int_equal(write(go[1], "g", 1), 1);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        struct watch_use use = watch_sum(&ledger, pid);
        assert_in_range(use.cpu_us, BURN_MS * 1000, BURN_MS * 1000 * 3 / 2);
        assert_int_equal(use.unwaited, ways[i].unwaited);
        end(pid);
        ledger_done(&ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_forgotten_and_nothing_counts_twice),
        cmocka_unit_test(tables_are_counted_as_they_grow),
        cmocka_unit_test(time_of_ended_ones_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
