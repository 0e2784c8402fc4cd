/* child - the child's half of birth: between clone and exec it makes system calls only, since the
 * parent may have threads. */
#pragma once

#include "sandbox/birth.h"
#include "sandbox/owner.h"

#include <stdbool.h>
#include <stdint.h>

struct child {
    const struct birth *birth;
    int program_fd, go_fd, report_fd, status_fd;
    const char **argv; /* of the program, or of init and the program */
    bool root;         /* the parent is uid 0 */
    uint32_t uid, gid; /* outside */
    /* The kernel counts tasks by uid, in a user namespace from nothing; without one these are
     * others that the run's uid has, and as many more that may yet come. */
    uint32_t tasks;
    int fds[BIRTH_FDS_MAX];
    unsigned fds_count;
};
/* Returns only when the program could not be started: err says why. */
int child_run(struct child *child, struct err *err);
