/* config - moult.json: JSON with comments; an unknown key is an error that names it. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "wire/home.h"

struct config_model {
    struct str name, provider, base_url, model;
    struct str key_env, key_file; /* at most one is given */
    struct str api;               /* openai: "chat" (default) or "responses", for hosted turns */
    struct str proxy, ca_file;
    uint32_t connect_ms, first_byte_ms, idle_ms, total_ms; /* 0: the defaults of transfer.h */
    uint32_t usd_input, usd_output; /* price: micro-dollars a thousand tokens */
    struct str *drop; /* members of a request that may be left out for it (protocol.h) */
    uint32_t drop_count;
};
struct config_tool {    /* in the order of moult.json */
    struct str pattern; /* a name, or with '*' */
    uint8_t permission; /* 0 allow, 1 ask, 2 deny */
    bool idempotent;
};
struct config_listen {
    struct str tcp;         /* "127.0.0.1:8400" or empty; loopback only */
    struct str tokens_file; /* relative to the home */
    bool passthrough;
};
struct config_server { /* mcpServers */
    struct str name, command;
    struct str *args;
    uint32_t args_count; /* a list's count stands behind its pointer: config.c relies on it */
    struct str *env;     /* "NAME=value" */
    uint32_t env_count;
    uint32_t start_ms, call_ms; /* until it has listed its tools; for one call. 0: the defaults */
    bool optional;              /* a session goes on without it */
};
struct config {
    struct config_model *models;
    uint32_t models_count;
    struct config_server *servers;
    uint32_t servers_count;
    struct str autonomy; /* off | observe | propose | auto */
    struct str policy;   /* path of the gate's policy, relative to the home, or empty */
    struct str *proposers;
    uint32_t proposers_count;
    uint32_t budget_candidates, budget_seconds;
    int tier;           /* enum sandbox_tier: weakest allowed: 0 strong, 1 container */
    struct str *waived; /* sandbox.waive: names of layers that the operator does without */
    uint32_t waived_count;
    uint32_t steps_max;                /* limits.steps */
    uint32_t tool_sessions;            /* limits.tool_sessions: at rest, with their tools up */
    uint32_t tokens_max, turn_seconds; /* limits.tokens, limits.seconds of a turn; 0: none */
    uint32_t turn_usd;                 /* limits.usd in micro-dollars; 0: none */
    /* limits.hook_*: how long a worker may run, or sleep, until it has an answer */
    uint32_t hook_cpu_ms, hook_sleep_ms;
    struct config_tool *tools;
    uint32_t tools_count;
    struct config_listen listen;
    bool agent_tools;        /* evolve.agent_tools: harness_* tools for the agent */
    uint32_t rounds_a_day;   /* evolve.budget.rounds */
    uint32_t settle_seconds; /* evolve.settle_seconds: quiet before a round begins */
    bool swap_at_turn;       /* swap: "turn" instead of "step" */
    struct config_canary {
        uint32_t share;   /* percent of new turns */
        uint32_t turns;   /* so many well ended ones are enough; 0: none are waited for */
        uint32_t seconds; /* nor longer than this */
        uint32_t failed;  /* more failed ones are too many; a crash always is */
    } canary;
};
/* Reads and checks moult.json of the home (at most 1 MiB). Slices live in the arena. ERR_INPUT with
 * where "moult.json:LINE: $.path". */
int config_read(struct config *ret, const struct home *home, struct arena *arena, struct err *err);
int config_parse(struct config *ret, struct str text, struct arena *arena, struct err *err);
/* What init writes. */
extern const char config_default[];
