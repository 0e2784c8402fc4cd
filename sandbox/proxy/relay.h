/* relay - carries bytes between two sockets, each way, until both have ended or a bound is met. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct relay {
    int client, server; /* non-blocking */
    int stop;           /* readable: end now */
    int idle_ms;
    atomic_ullong *left;     /* bytes that may still pass, of all relays of a run */
    uint64_t sent, received; /* as the client sees it */
};
void relay_run(struct relay *relay);
