/* crew_worker - one worker of a crew: its process, its socket, what it owes. For crew.c only. */
#pragma once

#include "broker/crew.h"
#include "broker/crew_owed.h"
#include "wire/frame.h"

struct crew_part { /* of a generation: one build, sealed */
    struct crew_build named;
    int fd;
};
struct crew_generation {
    struct crew *crew;
    struct crew_spec spec;
    struct arena arena; /* what spec points at */
    struct crew_part *parts;
    bool unloaded;
    struct crew_worker *workers;
    struct crew_generation *next;
};
struct crew {
    struct crew_plan plan;
    struct crew_generation *generations;
    struct crew_worker *unsent; /* something is queued */
    uint32_t workers;
    uint64_t used;      /* counts uses, to tell who was idle longest */
    struct arena arena; /* of the message in work */
    uv_prepare_t *flush;
    uv_timer_t *watch;
    bool watching;
};
/* What a worker has used while it owed, without a word. */
struct crew_watch {
    uint64_t cpu_ns; /* of its clock when it was first looked at behind its last answer */
    uint64_t slept_ms, seen_ms;
};
struct crew_worker {
    struct crew_generation *generation;
    struct crew_worker *next, *next_unsent;
    char *principal;
    struct sandbox *box;
    int fd;
    struct frame_channel channel;
    uv_poll_t *socket, *process;
    struct owed owed;
    struct crew_watch watch;
    uint32_t hooks, layers, leases;
    uint64_t messages, used;
    uint64_t blamed; /* the lease under which it broke the protocol */
    void *data;
    bool unsent;
    bool writes; /* its socket is full: watched until it takes more */
    bool heard;  /* what it said is being taken: it must not go meanwhile */
    bool ending; /* nothing is sent, nothing is taken */
    enum crew_end end;
    uint64_t ends_ms; /* its socket has ended: killed when it is still there behind that */
    char why[160];
};

/* Starts one and waits until it is ready. ERR_LACKS, ERR_PEER. */
int crew_worker_start(struct crew_worker **ret, struct crew_generation *generation,
    struct str principal, struct err *err);
/* Writes what the socket takes; the rest goes when it takes more. */
void crew_worker_flush(struct crew_worker *worker);
/* Kills it; on_gone is called when it has ended. */
void crew_worker_end(struct crew_worker *worker, enum crew_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends it for not answering, if it has used up its time. */
void crew_worker_watch(struct crew_worker *worker, uint32_t period_ms);
/* Its processor time; 0 when it has ended. */
uint64_t crew_worker_cpu_ns(const struct crew_worker *worker);
/* Ends it at once, without a word to anybody. */
void crew_worker_free(struct crew_worker *worker);

/* crew.c: it has ended; tells on_gone, forgets and frees it. */
void crew_bury(struct crew_worker *worker);
/* crew.c: somebody owes an answer. */
void crew_keep_watch(struct crew *crew);
