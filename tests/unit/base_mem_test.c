/* Memory: arenas that are used again, marks, growth in place; and the end when there is none left.
 */
#include "base/arena.h"
#include "base/mem.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void allocations_are_apart_cleared_and_aligned(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    for (int round = 0; round < 2; round++) {
        unsigned char *last = NULL;
        for (size_t size = 0; size < 3000; size += 7) {
            unsigned char *at = arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)at % 16, 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(at[i], 0);
            memset(at, 0xAA, size);
            assert_ptr_not_equal(at, last);
            last = at;
        }
        arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    arena_done(&arena);
    arena_done(&arena);
    arena_done(NULL);
}

static void a_reset_arena_takes_no_new_memory(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    static const size_t sizes[] = { 100, 50000, 8, 200000, 31000, 31000 };
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        arena_take(&arena, sizes[i]);
    struct arena_block *first = arena.first, *last = arena.last;
    for (int round = 0; round < 100; round++) {
        arena_reset(&arena);
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            arena_take(&arena, sizes[i]);
        assert_ptr_equal(arena.first, first);
        assert_ptr_equal(arena.last, last);
    }
    arena_done(&arena);
}

/* More arenas than blocks that are kept: what one writes does not show in another, and what is
 * alloc'd is cleared, whoever had it before. */
static void an_arena_that_lives_long_may_have_small_blocks(void **state)
{
    (void)state;
    struct arena arena = { .block = 256 };
    for (int round = 0; round < 2; round++) {
        char *first = arena_take(&arena, 200), *second = arena_take(&arena, 200);
        assert_ptr_not_equal(first + 208, second); /* the first block is full */
        assert_non_null(arena_alloc(&arena, 5000));
        arena_done(&arena);
        assert_int_equal(arena.block, 256);
    }
}

static void arenas_that_end_leave_nothing_to_the_next(void **state)
{
    (void)state;
    enum { ARENAS = 40, SIZE = 20000 };
    struct arena arenas[ARENAS] = { 0 };
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ARENAS; i++) {
            unsigned char *at = arena_alloc(&arenas[i], SIZE);
            for (int k = 0; k < SIZE; k++)
                assert_int_equal(at[k], 0);
            memset(at, i + 1, SIZE);
        }
        for (int i = 0; i < ARENAS; i++) {
            struct arena_mark none = { 0 };
            arena_release(&arenas[i], none);
            unsigned char *at = arena_take(&arenas[i], SIZE);
            assert_true(at[0] == i + 1 && at[SIZE - 1] == i + 1);
            arena_done(&arenas[i]);
        }
    }
}

static void a_kept_block_that_is_too_small_is_replaced(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    for (size_t size = 40000; size < 40000000; size *= 10) {
        arena_reset(&arena);
        arena_take(&arena, 100);
        memset(arena_take(&arena, size), 0xAA, size);
        char *behind = arena_string(&arena, "behind", 6);
        assert_string_equal(behind, "behind");
    }
    arena_done(&arena);
}

static void a_mark_gives_up_what_came_behind(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct arena_mark empty = arena_mark(&arena);
    char *kept = arena_string(&arena, "kept", 4);
    struct arena_mark mark = arena_mark(&arena);
    size_t used = arena.used;
    char *gone = arena_take(&arena, 100);
    arena_take(&arena, 100000);
    arena_release(&arena, mark);
    assert_int_equal(arena.used, used);
    assert_string_equal(kept, "kept");
    assert_ptr_equal(arena_take(&arena, 100), gone);
    arena_release(&arena, empty);
    assert_int_equal(arena.used, 0);
    assert_ptr_equal(arena_take(&arena, 4), kept);
    arena_done(&arena);
}

static void grows_in_place_or_by_copy(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    char *at = arena_grow(&arena, NULL, 0, 10);
    memcpy(at, "012345678", 10);
    assert_ptr_equal(arena_grow(&arena, at, 10, 1000), at);
    assert_ptr_equal(arena_grow(&arena, at, 1000, 20), at);
    assert_int_equal(arena.used, 32);
    arena_take(&arena, 1);
    char *moved = arena_grow(&arena, at, 20, 40);
    assert_ptr_not_equal(moved, at);
    assert_string_equal(moved, "012345678");
    moved = arena_grow(&arena, moved, 40, 1000000);
    assert_string_equal(moved, "012345678");
    assert_ptr_equal(arena_grow(&arena, at, 20, 10), at);
    arena_done(&arena);
}

static void copies_end_in_a_nul(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    assert_string_equal(arena_string(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_string(&arena, NULL, 0), "");
    assert_string_equal(arena_format(&arena, "%d-%s", 7, "x"), "7-x");
    assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    arena_done(&arena);
    CLEANUP(mem_freep) char *text = mem_format("%s", "y");
    char *taken = STEAL(text);
    assert_null(text);
    assert_string_equal(taken, "y");
    mem_freep(&taken);
    assert_null(taken);
}

static void ask_for_too_much(void)
{
    volatile size_t count = SIZE_MAX / 2;
    free(mem_grow(NULL, count, 4));
}

static void zero_too_much(void)
{
    volatile size_t count = SIZE_MAX / 2;
    free(mem_zero(count, 4));
}

/* The child's end: it must abort, not go on with NULL or with a size that wrapped. */
static void no_memory_ends_the_process(void **state)
{
    (void)state;
    static void (*const asks[])(void) = { ask_for_too_much, zero_too_much };
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            signal(SIGABRT, SIG_DFL);
            if (!freopen("/dev/null", "w", stderr))
                _exit(1);
            asks[i]();
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_apart_cleared_and_aligned),
        cmocka_unit_test(a_reset_arena_takes_no_new_memory),
        cmocka_unit_test(an_arena_that_lives_long_may_have_small_blocks),
        cmocka_unit_test(arenas_that_end_leave_nothing_to_the_next),
        cmocka_unit_test(a_kept_block_that_is_too_small_is_replaced),
        cmocka_unit_test(a_mark_gives_up_what_came_behind),
        cmocka_unit_test(grows_in_place_or_by_copy),
        cmocka_unit_test(copies_end_in_a_nul),
        cmocka_unit_test(no_memory_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
