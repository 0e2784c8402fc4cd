/* lock_first - makes the probe a worker: it locks itself, as moult-worker does, before its attempt.
 */
#include "lock/lock.h"
#include "parts.h"

#include <stdlib.h>
#include <unistd.h>

void probe_lock(void);
void probe_lock(void)
{
    enum { NOT_LOCKED = 99, MEMORY = 64 << 20, STACK = 1 << 20 };
    struct lock_plan plan = { .memory_max = MEMORY, .stack_max = STACK };
    struct err err = { 0 };
    uint32_t layers;
    if (lock_plan_inherited(&plan, &err) < 0 || lock_self(&plan, &layers, &err) < 0)
        _exit(NOT_LOCKED);
    unsetenv(PARTS_OFF); /* what the attempt calls is the real thing (lock_layers.c) */
}
