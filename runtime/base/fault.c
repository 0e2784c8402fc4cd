/* fault - the Nth wrapped system call fails, so that a test can walk through every place where a
 * disk may refuse: it raises N until the run succeeds. The counter is always there: code that is
 * tested must be the code that runs. */
#include "base/fault.h"

#include "base/file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_uint calls, fail_at;
static atomic_int fail_errno;

#ifdef MOULT_TEST_FAULTS
/* Lets a test from outside fail a real program. Not in a release: there the environment of a
 * trusted program must not be able to break its writes. */
__attribute__((constructor)) static void read_environment(void)
{
    unsigned nth;
    int error;
    const char *text = getenv("MOULT_FAIL_IO");
    if (text && sscanf(text, "%u:%d", &nth, &error) == 2)
        file_fail(nth, error);
}
#endif

unsigned file_fail(unsigned nth, int error)
{
    atomic_store(&fail_at, nth);
    atomic_store(&fail_errno, error);
    return atomic_exchange(&calls, 0);
}

bool fault_due(void)
{
    unsigned call = atomic_fetch_add(&calls, 1) + 1;
    if (call != atomic_load(&fail_at))
        return false;
    errno = atomic_load(&fail_errno);
    return true;
}
