/* crew - the locked workers of a running service: a process for each generation and principal.
 *
 * One libuv loop. A generation is loaded once (its builds verified, sealed in memory) and its
 * workers are started when first needed; the process is the same moult-worker that trials drive. A
 * worker that dies, breaks the protocol or keeps the processor too long without a word is ended and
 * reported with who was in work there. */
#pragma once

#include "sandbox/sandbox.h"
#include "wire/effect.h"
#include "wire/home.h"

#include <uv.h>

struct crew;
struct crew_generation;
struct crew_worker;

enum crew_end {
    CREW_TOLD,    /* crew_stop, retired, or the service ends */
    CREW_CRASHED, /* signal, exit */
    CREW_HUNG,    /* hang_ms or sleep_ms passed without an answer */
    CREW_BROKE    /* it sent what is no message, what nobody waits for, or closed its ears */
};
struct crew_events {
    /* Valid in the call only. */
    void (*on_message)(void *with, struct crew_worker *worker, const struct wire *message);
    /* Behind this the worker is gone. What it sent before it ended has been told. */
    void (*on_gone)(void *with, struct crew_worker *worker, enum crew_end end, const char *why);
};
struct crew_plan {
    uv_loop_t *loop;
    const struct home *home;
    const char *worker; /* path of moult-worker */
    int tier;           /* enum sandbox_tier: weakest allowed */
    uint32_t waived;
    uint32_t hang_ms;  /* processor time on one answer */
    uint32_t sleep_ms; /* time on one answer in which it neither runs nor waits for a processor */
    struct crew_events events;
    void *with;
};
int crew_new(struct crew **ret, const struct crew_plan *plan, struct err *err);
/* Ends all workers, at once and without on_gone. Not from an event; the loop is to run once more
 * before it is closed, so that it lets go of the handles. */
void crew_free(struct crew *crew);

struct crew_build {
    struct str name;
    struct digest build;
};
enum { CREW_NUMBER_MAX = 24 };
struct crew_spec {
    uint64_t number; /* of the admission; for a candidate: UINT64_MAX */
    struct digest generation;
    struct str pipeline;
    const struct crew_build *builds;
    uint32_t builds_count;
};
/* Reads each build out of the home's store, checks its digest, seals it. ERR_VERIFY, ERR_MISSING.
 */
int crew_load(
    struct crew_generation **ret, struct crew *crew, const struct crew_spec *spec, struct err *err);
/* No new work for it; each of its workers ends when its last lease has gone (CREW_TOLD), and the
 * generation with the last of them. One that is to stay warm is not unloaded. */
void crew_unload(struct crew_generation *generation);
/* "7", or what stands for the number of a candidate. Returns out. */
char *crew_number(char out[CREW_NUMBER_MAX], uint64_t number, const char *candidate);
const struct crew_spec *crew_spec_of(const struct crew_generation *generation);

/* The worker of this generation for this principal; one is started where there is none, which takes
 * some milliseconds. ERR_LACKS: a layer; ERR_PEER: it refuses the builds. */
int crew_worker_for(struct crew_worker **ret, struct crew_generation *generation,
    struct str principal, struct err *err);
/* Ends so many workers that are idle, longest idle first, and waits for their ends, so that what
 * they had is free. Returns how many. */
uint32_t crew_shrink(struct crew *crew, uint32_t most);
/* Queued; written at the end of the loop's turn. To one that is ending nothing is sent.
 * -ERR_LIMIT: it fits no frame; nothing was queued. */
int crew_send(struct crew_worker *worker, const struct wire *message);
/* A lease that is open in it: counted, so that an idle worker can be told from a busy one. */
void crew_lease(struct crew_worker *worker, int change);
/* Kills it; on_gone follows when it has ended. crew_break: it sent what it may not (CREW_BROKE)
 * under this lease, which it was at then. */
void crew_stop(struct crew_worker *worker);
void crew_break(struct crew_worker *worker, uint64_t lease, const char *why);
pid_t crew_pid(const struct crew_worker *worker); /* as seen from here */
/* The lease that it is at, also when it has just ended: a worker does one thing after the other, so
 * who else waits is not to blame. 0: it rests. */
uint64_t crew_at(const struct crew_worker *worker);
struct crew_generation *crew_generation_of(const struct crew_worker *worker);
uint32_t crew_hooks(
    const struct crew_worker *worker); /* bit an enum moult_hook_id: somebody there */
uint32_t crew_layers(const struct crew_worker *worker);
void *crew_data(const struct crew_worker *worker);
void crew_set_data(struct crew_worker *worker, void *data);

/* For status: pid, generation, leases, resident bytes. Calls `each` for every worker. */
struct crew_look {
    pid_t pid;
    uint64_t generation;
    struct str principal;
    uint32_t leases;
    uint64_t messages, resident, cpu_us;
};
void crew_each(
    const struct crew *crew, void (*each)(void *with, const struct crew_look *look), void *with);
