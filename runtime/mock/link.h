/* link - one client's connection: reads requests, writes what the engine says, closes as told.
 * Loop thread only. */
#pragma once

#include "mock/engine.h"

#include <uv.h>

struct link;
struct links { /* zeroed but for loop, engine, log */
    uv_loop_t *loop;
    struct engine *engine;
    int log; /* descriptor or -1 */
    struct link *first;
};
/* Takes a connection that waits at the listener. */
void link_accept(struct links *links, uv_stream_t *listener, bool unix_socket);
/* Closes all; the loop must run on until their handles are closed. */
void link_close_all(struct links *links);
