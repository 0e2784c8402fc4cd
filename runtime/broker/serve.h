/* serve - the broker's loop: a unix socket, clients, their requests one by one. */
#pragma once

#include "wire/home.h"

struct serve_options {
    const struct home *home;
    bool while_used; /* end when the last client has gone */
    int ready_fd;    /* one byte when listening; -1: none */
};
/* Returns when it is told to end (SIGTERM, SIGINT) or nobody is left. ERR_STATE: another broker has
 * this home. */
int serve(const struct serve_options *options, struct err *err);
