/* moult-worker - load, lock, run.
 *
 * Started by sandbox_start with its socket as descriptor 3 and the sealed builds behind it. It
 * refuses to run a plugin without the layers that its profile requires: there is no switch for
 * that. */
#include "lock/lock.h"
#include "lock/words.h"
#include "worker/sanitized.h"
#include "worker/turn.h"

enum { SOCKET = 3, STACK_MAX = 1 << 20 };
#ifdef WORKER_SANITIZED
/* The sanitizer's shadow is terabytes of address space. */
static const uint64_t memory_max = 0;

/* A report must get by with what the lock leaves: no files for symbols, no terminal to ask for
 * colours, no clock for the allocator. */
const char *__asan_default_options(void);
__attribute__((visibility("default"), used)) const char *__asan_default_options(void)
{
    return "symbolize=0:detect_leaks=0:color=never:allocator_release_to_os_interval_ms=-1:"
           "print_cmdline=0";
}
#else
static const uint64_t memory_max = (uint64_t)1 << 30;
#endif

static int lock_worker(int socket, uint32_t *ret_layers, struct err *err)
{
    struct lock_plan plan = {
        .keep = &socket,
        .keep_count = 1,
        .memory_max = memory_max,
        .stack_max = STACK_MAX,
    };
    int r = lock_plan_inherited(&plan, err);
    if (r == 0)
        r = lock_last_words(err);
    return r < 0 ? r : lock_self(&plan, ret_layers, err);
}

int main(void)
{
    struct err err;
    return worker_serve(SOCKET, lock_worker, &err) < 0 ? err_exit(err.code) : 0;
}
