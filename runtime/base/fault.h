/* fault - failures of system calls on demand, for tests. Inside this folder only; file.h has the
 * knob. */
#pragma once

#include <stdbool.h>

/* Counts one wrapped call; true (and errno set) when it is the one that shall fail. */
bool fault_due(void);

/* The call's own result, or -1 as a failing system call gives it. */
#define FAULTY(call) (fault_due() ? -1 : (call))
