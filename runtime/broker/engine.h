/* engine - what the files that run live turns share: sessions, turns, effects, and the service that
 * holds them. Only files of the live half of the broker include this.
 *
 * One thread. A session is a conversation; a turn of it runs on one worker under one lease at a
 * time. Everything a worker asks for is an effect: looked up by its identity, permitted by a table
 * (permit_effect.c), journaled, made durable (commit.h), and only then dispatched. A turn that
 * moves to another worker, for a swap or after a crash, begins there from its last settled point
 * and asks again; what it has asked before gets the recorded result. */
#pragma once

#include "base/arena.h"
#include "broker/commit.h"
#include "broker/crew.h"
#include "broker/live.h"
#include "broker/permit_effect.h"
#include "broker/principal.h"
#include "broker/toolbox.h"
#include "http/server.h"
#include "protocol/protocol.h"
#include "transfer/transfer.h"
#include "wire/config.h"

enum {
    ENGINE_BUCKETS = 4096,
    ENGINE_SESSIONS_MAX = 128, /* at rest in memory; the others are read from the journal */
    TURN_DEATHS_MAX = 2,
    TURN_LEASES_MAX = 64 /* a turn that moves more often than that is not moving on */
};

/* --- sessions */

enum entry_role { ROLE_UNREAD, ROLE_USER, ROLE_MODEL, ROLE_TOOL, ROLE_OTHER };
struct entry {        /* one message of the conversation as the harness goes on with it */
    struct str bytes; /* chat format; in the session's arena */
    bool failed;
    uint8_t role;   /* enum entry_role, once somebody asked */
    uint32_t seq;   /* of its row */
    int32_t client; /* number in the client's present request, or -1: the harness's own */
    bool keyed;
    struct digest key; /* protocol_key, once somebody asked */
};
struct kept_state {
    struct str plugin, bytes; /* bytes: malloc'd, size in it */
    uint32_t schema;
};
struct session {
    struct engine *engine;
    uint64_t number; /* the journal's; 0: not written yet */
    bool gateway;
    struct str principal, group, name, tools;
    enum protocol protocol;
    struct arena arena;
    struct entry *entries;
    uint32_t entries_count, entries_room;
    uint32_t rows; /* messages of the journal */
    struct kept_state states[WIRE_PLUGINS_MAX];
    uint32_t states_count;
    struct digest head;   /* key of the history that its client will bring */
    uint32_t head_client; /* messages of that */
    uint32_t turns;
    struct turn *turn; /* in work or suspended, or NULL */
    struct toolbox *toolbox;
    bool writes;                   /* something of it stands in the open group */
    struct session *next;          /* of the same bucket */
    struct session *older, *newer; /* by last use */
};

/* --- turns */

enum turn_phase {
    TURN_RESTS,   /* nobody works on it: handed to its client */
    TURN_RUNS,    /* the worker has the word */
    TURN_COMMITS, /* an effect waits for the disk */
    TURN_WAITS    /* an effect is on its way */
};
/* An effect of this run and what came of it. */
struct note {
    struct live_effect id; /* lease and number: the latest under which it was asked for */
    bool done;
    struct live_result result;
    struct protocol_said said; /* MODEL: raw is the provider's reply */
    enum protocol protocol;    /* MODEL: that the provider was asked in */
    bool stream;
    struct str head; /* MODEL: headers of the provider for a client, "name: value\n"... */
    unsigned status; /* MODEL: HTTP's; 0: there was no answer */
    uint32_t model;  /* MODEL: number that the worker named */
    uint32_t wait_ms;
    struct str call_id, call_name, call_args; /* TOOL, and NESTED that asks a tool */
    bool unknown;                             /* NESTED: it asks a model that there is not */
    bool nested_tool;                         /* NESTED */
    bool asking;                              /* a person: */
    struct str question, detail;
    void (*consented)(struct turn *turn, struct note *note);
    struct note *next;
};
struct turn {
    struct session *session;
    uint64_t row; /* the journal's */
    uint32_t ordinal;
    enum turn_phase phase;
    struct arena arena;    /* of the present run: from a request to what is handed */
    struct client *client; /* who waits for the answer, or NULL */
    bool starts;           /* a user message has just arrived */
    uint64_t began_ns;
    uint64_t steps, tokens, usd; /* used */
    struct protocol_usage usage; /* of the replies of this run */
    int32_t *models; /* of the configuration, by the numbers that the worker knows; -1: no alias,
                        the name that the client gave */
    uint32_t models_count;
    struct str models_text; /* their names, JSON; malloc'd */
    /* on a worker */
    struct crew_worker *worker; /* NULL: it died, or none yet */
    struct crew_generation *generation;
    uint64_t lease;
    uint32_t leases, deaths;
    struct crew_generation *killer; /* that died on it; only compared */
    char killed_by[100];
    bool settled;              /* something of this run is settled: it can only be resumed */
    struct note *notes, *last; /* of this run, oldest first */
    struct note *asked;        /* in work */
    struct note *model_error;  /* the last model request, if it failed */
    bool limited;              /* a budget was used up: */
    const char *limit;
    bool ended; /* the worker has said END while the hand was not out */
    uint8_t how;
    struct model_call *model; /* on its way */
    void *carrying;           /* a tool call on its way */
    uv_timer_t *timer;
    bool consent_wanted; /* the effect in work needs a person's yes */
    bool recalls;        /* a broker before this one began it: the journal has what it asked */
    struct note *handed;
    struct turn *next_lease; /* of the same bucket */
};

/* --- the service */

/* What an HTTP exchange's data begins with. */
struct waiter {
    void (*gone)(struct waiter *waiter, bool whole);
    void (*drained)(struct waiter *waiter);
};

enum { METRIC_KINDS = 8 };
struct metrics {
    uint64_t requests, turns, turns_failed, effects[METRIC_KINDS], refused, breaches, crashed, hung,
        moved, stale, swaps, quarantined, upstream, upstream_failed, commits_failed;
};
struct engine {
    uv_loop_t *loop;
    const struct home *home;
    const struct config *config;
    struct store *store;
    struct commit *commit;
    struct crew *crew;
    struct transfers *transfers;
    struct principals *principals;
    struct providers *providers;
    struct swap *swap; /* which generation gets the next turn */
    struct evolving *evolving;
    struct session *by_number[ENGINE_BUCKETS];
    struct turn *by_lease[ENGINE_BUCKETS];
    struct session *oldest, *newest;
    struct client *clients;         /* who waits */
    struct starting *startings;     /* sessions that wait for their tools */
    struct agent_call *agent_calls; /* children of agent_tools.c */
    struct mcp_sessions *mcp;
    struct mcp_call *mcp_calls; /* who waits at /mcp, or has gone */
    struct door *doors;         /* of proposers that ask a model */
    uint32_t sessions, turns_open, toolboxes;
    uint64_t last_lease, last_door, started_ns;
    bool ending; /* nothing new is taken */
    struct metrics metrics;
    uint32_t waived;  /* layers of the sandbox that moult.json does without */
    const char *bin;  /* folder of the programs */
    const char *tool; /* path of moult-tool */
};
