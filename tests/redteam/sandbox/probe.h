/* probe - hostile attempts, one a run, by name. They link nothing of moult and no sanitizer, so
 * that what an attempt does is what is written here. None harms the machine where it gets through:
 * see table.h for how that is used. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { GOT_THROUGH = 0, REFUSED = 42, UNKNOWN = 43, NOT_HERE = 44 };

struct attempt {
    const char *name;
    /* True: it got through. False with errno: it was refused. */
    bool (*run)(const char *argument);
};
/* Each ends with a name of NULL. */
extern const struct attempt attempts_files[], attempts_processes[], attempts_network[],
    attempts_kernel[], attempts_bombs[];

/* A system call with arguments that do nothing: who may make it is told that they are wrong, who
 * may not is refused before. */
struct bare_call {
    const char *name;
    long number, arguments[5];
};
extern const struct bare_call bare_calls[];

bool probe_opens(const char *path, int flags);
/* Ends a child of a probe at the latest with its parent. */
void probe_with_parent(void);
