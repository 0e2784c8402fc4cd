/* worker_peer - the other end of a real, locked moult-worker, for tests: starts it, speaks to it.
 */
#pragma once

#include "sandbox/sandbox.h"
#include "base/json.h"
#include "wire/frame.h"

struct peer {
    struct sandbox *box;
    pid_t bare; /* started by hand instead */
    int fd;
    struct frame_channel channel;
    struct arena arena;
    struct wire got; /* the last message */
};
/* harness: a folder of build/plugins. program: "moult-worker" or its sanitised twin. False: this
 * machine lacks a layer (the test is skipped). Any other failure ends the test. READY is in
 * peer->got. */
bool peer_start(struct peer *peer, const char *program, const char *harness, uint32_t events);
/* LOAD with any builds, nothing awaited. */
void peer_load(struct peer *peer, const char *program, const char *harness, const char *pipeline,
    uint32_t events);
/* The same with the program started by hand: no namespaces, no filter. */
void peer_load_bare(struct peer *peer, const char *program, const char *harness);
void peer_stop(struct peer *peer, struct sandbox_result *ret); /* ret may be NULL */
void peer_send(struct peer *peer, const struct wire *message);
/* The next message; 0 at the end of the stream. Ten seconds at most. */
int peer_get(struct peer *peer);
/* The next message must be of this type: printed and failed otherwise. */
void peer_want(struct peer *peer, enum wire_type type);
void peer_open(struct peer *peer, uint64_t lease, enum wire_session kind);
void peer_put(struct peer *peer, uint64_t lease, uint32_t keep, const char *const *messages);
/* PUT of one user message, RUN with turn_start. */
void peer_say(struct peer *peer, uint64_t lease, const char *text);
void peer_run(struct peer *peer, uint64_t lease, bool turn_start);
void peer_answer(
    struct peer *peer, uint64_t lease, const char *bytes); /* of the effect in peer->got */
void peer_fail(struct peer *peer, uint64_t lease, uint8_t status, uint8_t error_class);
extern const char peer_tools[];
