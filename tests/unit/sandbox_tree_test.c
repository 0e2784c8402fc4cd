/* Both ways to find the processes below one find the same, also when a parent in between has gone.
 */
#include "base/mem.h"
#include "sandbox/tree.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static int ready[2];

static void wait_for_end(void)
{
    if (write(ready[1], "r", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* Three children; the last is orphaned and comes back to this process. */
static void be_init(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child != 0 && i == 2)
            waitpid(child, NULL, 0); /* the one in between has gone before anybody looks */
        if (child != 0)
            continue;
        if (i < 2)
            wait_for_end();
        if (fork() == 0)
            wait_for_end();
        _exit(0);
    }
    wait_for_end();
}

static int by_number(const void *a, const void *b)
{
    return *(const pid_t *)a - *(const pid_t *)b;
}

static void both_ways_find_the_same(void **state)
{
    (void)state;
    enum { PROCESSES = 4 };
    char byte;
    CLEANUP(tree_done) struct tree children = { 0 }, parents = { 0 };
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        be_init();
    for (int i = 0; i < PROCESSES; i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    tree_find(&children, pid);
    tree_find_by_parents(&parents, pid);
    bool first = children.pids[0] == pid && parents.pids[0] == pid;
    qsort(children.pids, children.count, sizeof *children.pids, by_number);
    qsort(parents.pids, parents.count, sizeof *parents.pids, by_number);
    for (unsigned i = 0; i < children.count; i++)
        kill(children.pids[i], SIGKILL);
    kill(pid, SIGKILL); /* found or not: nothing stays behind */
    waitpid(pid, NULL, 0);
    assert_true(first);
    assert_int_equal(children.count, PROCESSES);
    assert_int_equal(parents.count, children.count);
    assert_memory_equal(parents.pids, children.pids, children.count * sizeof(pid_t));
}

static void *have_a_child(void *nothing)
{
    if (fork() == 0)
        wait_for_end();
    for (;;)
        pause();
    return nothing;
}

static void be_in_two_threads(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, have_a_child, NULL) != 0)
        _exit(1);
    wait_for_end();
}

/* The kernel lists them by thread. */
static void a_child_of_another_thread_is_found(void **state)
{
    (void)state;
    enum { PROCESSES = 2 };
    char byte;
    CLEANUP(tree_done) struct tree tree = { 0 };
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0)
        be_in_two_threads();
    for (int i = 0; i < PROCESSES; i++)
        assert_int_equal(read(ready[0], &byte, 1), 1);
    tree_find(&tree, pid);
    for (unsigned i = 1; i < tree.count; i++)
        kill(tree.pids[i], SIGKILL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(tree.count, PROCESSES);
}

static void who_has_gone_has_nobody(void **state)
{
    (void)state;
    CLEANUP(tree_done) struct tree tree = { 0 };
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    tree_find(&tree, pid);
    assert_int_equal(tree.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_find_the_same),
        cmocka_unit_test(a_child_of_another_thread_is_found),
        cmocka_unit_test(who_has_gone_has_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
