/* hooks - what the loop adds to a plugin's function: a chain of eight that have nothing to say.
 * The functions stand in this program, since no plugin runs outside a locked worker and in there is
 * no clock; the chain, the transaction and the event are the worker's own. */
#include "bench.h"

#include "base/clock.h"
#include "base/mem.h"
#include "worker/hooks.h"

enum { CHAIN = 8, ROUNDS = 2000000, EVENT_ROUNDS = 200000 };

static moult_action pass(moult_turn *turn)
{
    return turn->step == UINT32_MAX ? MOULT_DONE : MOULT_PASS;
}

static void fill(struct harness *harness, const struct moult_plugin *plugin)
{
    struct chain *chain = &harness->chains[MOULT_ANSWER];
    for (uint32_t i = 0; i < CHAIN; i++) {
        harness->builds[i] = (struct build){ .name = STR("pass"), .plugin = plugin };
        chain->places[i] = (struct place){ .build = i, .turn = pass };
    }
    harness->builds_count = chain->count = CHAIN;
}

static double run_chain(struct session *session, unsigned rounds)
{
    struct frame_channel *channel = session->worker->channel;
    uint64_t start = clock_mono_ns();
    for (unsigned i = 0; i < rounds; i++) {
        hooks_run(session, MOULT_ANSWER, NULL);
        if (channel->out.size > 128 << 10)
            buf_clear(&channel->out);
    }
    return (double)(clock_mono_ns() - start) / ((double)rounds * CHAIN);
}

static double run_indirect(struct session *session)
{
    moult_hook volatile hook = pass;
    uint64_t start = clock_mono_ns();
    for (unsigned i = 0; i < ROUNDS * CHAIN; i++)
        hook(&session->turn.face);
    return (double)(clock_mono_ns() - start) / ((double)ROUNDS * CHAIN);
}

int bench_hooks(struct buf *out, struct err *err)
{
    (void)err;
    static const struct moult_plugin plugin = { .abi = MOULT_ABI, .name = "pass" };
    struct worker *worker = mem_zero(1, sizeof(*worker));
    struct session session = { .worker = worker, .harness = &worker->harness };
    struct frame_channel channel;
    frame_init(&channel, -1);
    worker->channel = &channel;
    fill(&worker->harness, &plugin);
    turn_begin(&session);
    bench_figure(out, "indirect call", run_indirect(&session), "ns", 0);
    bench_figure(out, "hook, bare", run_chain(&session, ROUNDS), "ns", 5);
    worker->harness.events = WIRE_EVENTS_ALL;
    bench_figure(out, "hook with its event", run_chain(&session, EVENT_ROUNDS), "ns", 100);
    arena_done(&session.turn.arena);
    frame_done(&channel);
    mem_freep(&worker);
    return 0;
}
