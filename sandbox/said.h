/* said - what comes back from the other side of a start: bytes of a child, and the kernel's lines
 * about processes whose names are anybody's. Read here, apart from how they come. */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SAID_MAX = sizeof(struct err) };
/* A child's own error (struct err), init's errno (int), or nothing: it runs the program. Returns
 * what the error says; ERR_PEER for anything else. */
int said_at_birth(const void *bytes, size_t size, const char *program, struct err *err);

/* A line of /proc/PID/stat. */
struct said_task {
    pid_t parent;
    uint64_t own_ticks, children_ticks; /* of children: that have ended and were waited for */
    uint64_t faults;                    /* of its own, all that it ever had */
    uint64_t pages, started;
    unsigned threads;
    char state;
};
bool said_task(struct said_task *ret, const char *text);
/* Bytes of page tables, of all levels, from /proc/PID/status. False: it has no memory of its own
 * (any more). */
bool said_tables(uint64_t *ret, const char *text);
