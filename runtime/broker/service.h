/* service - moult serve: one loop with the journal's socket, HTTP, workers and providers. */
#pragma once

#include "broker/engine.h"

struct service_options {
    const struct home *home;
    bool json;    /* the line that says where it listens */
    int ready_fd; /* one byte when it listens; -1: none */
};
/* Returns when it is told to end (SIGTERM, SIGINT): what is in work gets a moment to finish. */
int service_run(const struct service_options *options, struct err *err);
/* Why nothing new is taken now, or NULL. */
const char *service_unready(const struct engine *engine);
/* The status document: generation, workers, sessions, uptime. A tenant is shown the generation and
 * its own workers, and no total of the home; principal empty: all. */
void service_status(const struct engine *engine, struct str principal, struct buf *out);
