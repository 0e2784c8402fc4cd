/* A locked worker: started for real, it tries what the lock must stop. The victim is this program
 * again, without sanitizers: started with a word, it locks itself and does what the word says. */
#include "base/fd.h"
#include "base/mem.h"
#include "lock/lock.h"
#include "lock/words.h"
#include "sandbox/ended.h"
#include "sandbox_without.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static volatile int sink;

static void say(const char *text)
{
    if (write(1, text, strlen(text)) < 0)
        _exit(9);
}

static void do_nothing(void)
{
}
static void do_open(void)
{
    sink = open("/etc/passwd", O_RDONLY);
}
static void do_socket(void)
{
    sink = socket(AF_INET, SOCK_STREAM, 0);
}
static void do_exec(void)
{
    execl("/bin/true", "true", (char *)NULL);
}
static void do_fork(void)
{
    sink = fork();
}
static void do_clock_vdso(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    sink = (int)t.tv_sec;
}
static void do_clock_call(void)
{
    struct timespec t;
    sink = (int)syscall(SYS_clock_gettime, CLOCK_REALTIME, &t);
}
static void do_tsc(void)
{
    sink = (int)__builtin_ia32_rdtsc();
}
static void do_new_code(void)
{
    sink =
        mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
static void do_make_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sink = mprotect(page, 4096, PROT_READ | PROT_EXEC);
}
static void do_kill(void)
{
    sink = kill(1, SIGTERM);
}
static void do_ptrace(void)
{
    sink = (int)syscall(SYS_ptrace, 0, 0, 0, 0);
}
static void do_memory(void)
{
    for (size_t size = 1 << 20;; size *= 2) {
        char *p = malloc(size);
        if (!p) {
            say("no memory");
            _exit(3);
        }
        memset(p, 1, size);
    }
}
static int deeper(volatile char *before)
{
    volatile char here[4096];
    here[0] = before[0];
    return here[0] ? deeper(here) + here[0] : 0; /* never 0 */
}
static void do_stack(void)
{
    volatile char first[1] = { 1 };
    sink = deeper(first);
}

static void do_abort(void)
{
    for (size_t size = 1 << 20;; size *= 2)
        memset(mem_alloc(size), 1, size);
}
static void do_divide(void)
{
    volatile int none = 0;
    sink = 7 / none;
}
static void do_pointer(void)
{
    volatile int *volatile none = NULL;
    sink = *none;
}

#define CALL "died of signal 31: it made a call that it may not make"
static const struct row {
    const char *word;
    void (*act)(void);
    int want_signal, want_exit;
    const char *ended;
} rows[] = {
    { "nothing", do_nothing, 0, 7, "ended with 7" },
    { "open a file", do_open, SIGSYS, -1, CALL },
    { "make a socket", do_socket, SIGSYS, -1, CALL },
    { "exec", do_exec, SIGSYS, -1, CALL },
    { "fork", do_fork, SIGSYS, -1, CALL },
    { "read the clock in the vDSO", do_clock_vdso, SIGSEGV, -1, "died of signal 11" },
    { "read the clock by a call", do_clock_call, SIGSYS, -1, CALL },
    { "read the TSC", do_tsc, SIGSEGV, -1, "died of signal 11" },
    { "map new code", do_new_code, SIGSYS, -1, CALL },
    { "turn data into code", do_make_code, SIGSYS, -1, CALL },
    { "signal", do_kill, SIGSYS, -1, CALL },
    { "ptrace", do_ptrace, SIGSYS, -1, CALL },
    { "exhaust the heap", do_memory, 0, 3, "ended with 3" },
    { "exhaust what aborts", do_abort, SIGSYS, -1, "died of signal 31: no memory was left to it" },
    { "divide by nothing", do_divide, SIGFPE, -1, "died of signal 8: it divided by nothing" },
    { "follow a bad pointer", do_pointer, SIGSEGV, -1, "died of signal 11" },
    { "exhaust the stack", do_stack, SIGSEGV, -1, "died of signal 11: its stack overflowed" },
};

static int victim(const char *word)
{
    struct lock_plan plan = { .memory_max = 64 << 20, .stack_max = 1 << 20 };
    struct err err = { 0 };
    uint32_t layers;
    clock_t warm = (clock_t)time(NULL); /* resolved before the lock, as a library might have */
    sink = (int)warm;
    if (lock_plan_inherited(&plan, &err) < 0 || lock_last_words(&err) < 0 ||
        lock_self(&plan, &layers, &err) < 0) {
        say(err.text);
        return 99;
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].word, word) == 0)
            rows[i].act();
    _exit(7);
}

static void start(struct sandbox_result *result, const char *word, enum sandbox_tier tier)
{
    const char *argv[] = { MOULT_VICTIM, word, NULL };
    struct sandbox_run run = {
        .profile = SANDBOX_WORKER, .tier = tier, .argv = argv, .limits = { .wall_ms = 20000 }
    };
    struct err err = { 0 };
    if (sandbox_run(&run, result, &err) < 0)
        fail_msg("%s: %s (%s)", word, err.text, err.hint);
}

static void the_lock_stops_everything(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct sandbox_result result;
        start(&result, rows[i].word, SANDBOX_STRONG);
        char ended[SANDBOX_ENDED_MAX];
        if (result.signal != rows[i].want_signal || result.exit_code != rows[i].want_exit ||
            strcmp(sandbox_ended(ended, &result), rows[i].ended) != 0)
            fail_msg("%s: signal %d, exit %d, said \"%s\"", rows[i].word, result.signal,
                result.exit_code, result.out.at ? result.out.at : "");
        assert_int_equal(result.tier, SANDBOX_STRONG);
        sandbox_result_done(&result);
    }
}

static void an_endless_run_ends_by_the_wall_limit(void **state)
{
    (void)state;
    const char *argv[] = { "/bin/sleep", "1000", NULL };
    struct sandbox_run run = {
        .profile = SANDBOX_WORKER, .argv = argv, .limits = { .wall_ms = 200 }
    };
    struct sandbox_result result;
    struct err err = { 0 };
    if (sandbox_run(&run, &result, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(result.limit, LIMIT_WALL);
    assert_int_equal(result.signal, SIGKILL);
    char ended[SANDBOX_ENDED_MAX];
    assert_string_equal(sandbox_ended(ended, &result), "was ended by its limit on wall");
    sandbox_result_done(&result);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    const char *argv[] = { "/nowhere/moult-worker", NULL };
    struct sandbox_run run = { .profile = SANDBOX_WORKER, .argv = argv };
    struct sandbox_result result;
    struct err err = { 0 };
    assert_int_equal(sandbox_run(&run, &result, &err), -ERR_LACKS);
    assert_non_null(strstr(err.text, "/nowhere/moult-worker"));
}

static void an_unlocked_start_is_refused(void **state)
{
    (void)state;
    struct lock_plan plan = { 0 };
    struct err err = { 0 };
    assert_int_equal(lock_plan_inherited(&plan, &err), -ERR_LACKS);
}

/* Last: this process cannot make namespaces after it. */
static void without_namespaces_only_where_it_is_allowed(void **state)
{
    (void)state;
    without_namespaces();
    const char *argv[] = { MOULT_VICTIM, "nothing", NULL };
    struct sandbox_run run = { .profile = SANDBOX_WORKER, .argv = argv };
    struct sandbox_result result;
    struct err err = { 0 };
    assert_int_equal(sandbox_run(&run, &result, &err), -ERR_LACKS);
    assert_non_null(strstr(err.hint, "container"));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        start(&result, rows[i].word, SANDBOX_CONTAINER);
        char ended[SANDBOX_ENDED_MAX];
        if (result.signal != rows[i].want_signal || result.exit_code != rows[i].want_exit ||
            strcmp(sandbox_ended(ended, &result), rows[i].ended) != 0)
            fail_msg("%s: signal %d, exit %d, said \"%s\"", rows[i].word, result.signal,
                result.exit_code, result.out.at ? result.out.at : "");
        assert_int_equal(result.tier, SANDBOX_CONTAINER);
        assert_int_equal(result.layers & LAYER_BIT(LAYER_USER_NS), 0);
        sandbox_result_done(&result);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && getenv("MOULT_LOCK_FD"))
        return victim(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lock_stops_everything),
        cmocka_unit_test(an_endless_run_ends_by_the_wall_limit),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(an_unlocked_start_is_refused),
        cmocka_unit_test(without_namespaces_only_where_it_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
