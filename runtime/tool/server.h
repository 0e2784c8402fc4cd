/* server - the process of one MCP server: started, written to, read from by lines, and ended.
 *
 * One loop moves bytes in both directions, so that a server which answers before it has read all
 * cannot lock itself up against us. Every wait has a deadline, every line a bound, and so has what
 * a server may say before it gives the one answer that is waited for. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct server_limits {
    size_t line_max;  /* bytes of one line */
    size_t bytes_max; /* bytes between server_expect and the line that was waited for */
};
/* A zeroed struct is a server that was never started. */
struct server {
    struct server_limits limits;
    pid_t pid;
    bool alive;
    int in, out;          /* its standard input and output, as seen from here */
    struct buf unsent;    /* not yet taken by it */
    size_t sent;          /* of unsent */
    struct buf unread;    /* what it wrote: lines not yet handed out */
    size_t handed, known; /* of unread: handed out; searched for a line's end */
    size_t expected;      /* bytes since server_expect */
};

/* argv[0] is looked for in PATH. The server leads a process group of its own; its standard error is
 * ours. ERR_MISSING: no such program. */
int server_start(
    struct server *server, char *const *argv, const struct server_limits *limits, struct err *err);
/* Queues bytes; server_line writes them. */
void server_say(struct server *server, struct str bytes);
/* From here on bytes_max is counted. */
void server_expect(struct server *server);
/* The next line without its end (blank ones are left out), good until the next call.
 * ERR_TIMEOUT at the deadline (clock_mono_ns); ERR_LIMIT; ERR_PEER: it ended, and how. */
int server_line(struct server *server, struct str *ret, uint64_t deadline_ns, struct err *err);
/* Closes its input, gives it grace_ms to end, then ends its whole group. */
void server_end(struct server *server, uint32_t grace_ms);
