/* A stream of frames as a worker receives them: it answers, refuses or ends, and never crashes.
 * The harness is empty and nothing is locked: what is under test is the reading of hostile bytes.
 */
#include "worker/host.h"

#include "base/fd.h"
#include "base/mem.h"

#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_verbs(const uint8_t *data, size_t size)
{
    struct session session = { .worker = mem_zero(1, sizeof(struct worker)) };
    session.harness = &session.worker->harness;
    turn_begin(&session);
    moult_turn *turn = &session.turn.face;
    moult_text text = { (const char *)data, (uint32_t)size };
    moult_parse(turn, text, MOULT_LENIENT);
    for (moult_it it = { 0 }; moult_text_json(turn, text, &it);)
        for (uint32_t how = MOULT_GROW_PAIR; how <= MOULT_GROW_FENCE; how++)
            moult_span_edge(turn, text, moult_text_grow(turn, text, it.span, how), how);
    moult_it between = { 0 };
    while (moult_text_between(turn, text, moult_str("<"), moult_str(">"), &between))
        ;
    arena_done(&session.turn.arena);
    mem_freep(&session.worker);
}

/* The first byte chooses: frames for the loop, or text for the verbs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int pair[2];
    struct err err;
    if (size == 0 || size > 60000)
        return 0;
    if (data[0] & 1) {
        text_verbs(data + 1, size - 1);
        return 0;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return 0;
    write_all(pair[0], data + 1, size - 1, &err);
    shutdown(pair[0], SHUT_WR);
    worker_serve_mapped(pair[1], &err);
    close(pair[0]);
    close(pair[1]);
    return 0;
}
