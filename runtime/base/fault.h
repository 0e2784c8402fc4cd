/* fault - failures on demand, for tests: shared by file.c and fd.c. */
#pragma once

#include <stdbool.h>

/* Counts one wrapped system call; true (with errno set) when it is the one that is to fail. */
bool fault_now(void);
