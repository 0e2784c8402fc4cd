/* serve - the scripted model on a socket: connections, timers, the log. */
#pragma once

#include "mock/engine.h"

struct serve_options {
    const char *listen; /* "127.0.0.1:0" (loopback only) or "unix:PATH" */
    const char *log;    /* a line of JSON for each request and for each end, or NULL */
    int ready_fd;       /* gets the line that says where it listens; -1: none */
    bool json;          /* the line on standard output is JSON */
};
/* Serves until SIGTERM or SIGINT: 0. ERR_USAGE: an address that cannot be. */
int serve(struct engine *engine, const struct serve_options *options, struct err *err);
