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
struct config_mount {
    struct str path; /* absolute; stands at the same path inside */
    bool write;
};
/* What the sandbox of a tool may have beside the workspace. A zeroed struct is nothing. */
struct config_grant {
    struct str *network; /* words of sandbox/proxy/reach.h, read where the sandbox is linked */
    uint32_t network_count;
    struct config_mount *mounts; /* a folder before what is in it */
    uint32_t mounts_count;
};
enum tool_permission { TOOL_ALLOW, TOOL_ASK, TOOL_DENY };
struct config_tool {    /* in the order of moult.json */
    struct str pattern; /* a name, or with '*' */
    uint8_t permission; /* enum tool_permission */
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
    struct config_grant grant;
};
/* Who is asked for a repair and costs money: a program, "command:NAME", or a model, "llm:ALIAS",
 * which is asked by moult's own words and tools. */
#define CONFIG_COMMAND "command:"
#define CONFIG_LLM "llm:"
struct config_proposer {
    struct str name;
    struct str *command; /* the first is a path inside; a list's count stands behind its pointer */
    uint32_t command_count;
    struct str *mounts; /* of the host, read-only, at the same path inside */
    uint32_t mounts_count;
    struct str model; /* an alias; at == NULL: it asks none */
    uint32_t rounds;  /* requests of a model's run; of a command's 0: as many as it can pay for */
    uint32_t seconds, tokens;
    uint32_t usd; /* micro-dollars; 0: no bound */
};
/* evolve.proposers: who tries when (evolver/promote/schedule.h). A name alone is always in its
 * turn. */
enum config_when { WHEN_ALWAYS, WHEN_FIRST, WHEN_NO_SURVIVOR };
extern const char *const config_when_words[];
struct config_turn {
    struct str name;                           /* "search", "command:NAME", "llm:ALIAS" */
    uint8_t when;                              /* enum config_when */
    uint32_t candidates, seconds, tokens, usd; /* of all its attempts at a cluster; 0: no bound */
    uint32_t cooldown; /* seconds behind an attempt in vain; it doubles with each. 0: none */
};
/* What is cut out of texts before they are kept; trials/redact.h says how each is found. */
enum config_redact_rule {
    REDACT_OWN, /* the operator's: each has its own name */
    REDACT_PRIVATE_KEY,
    REDACT_API_KEY,
    REDACT_GITHUB,
    REDACT_SLACK,
    REDACT_AWS,
    REDACT_BEARER,
    REDACT_JWT,
    REDACT_SECRET, /* the value of a member that is called so */
    REDACT_URL_PASSWORD,
    REDACT_EMAIL,
    REDACT_CARD,
    REDACT_RULES
};
extern const char *const config_redact_words[REDACT_RULES];
struct config_redact_own {
    struct str name;   /* of what stands in the place of the text */
    struct str prefix; /* how it begins, or all of it */
    uint32_t least;    /* so many characters of a token stand behind it; 0: it is all of it */
};
struct config_redact {
    bool off[REDACT_RULES];
    struct config_redact_own *own;
    uint32_t own_count;
};
struct config {
    struct config_model *models;
    uint32_t models_count;
    struct config_server *servers;
    uint32_t servers_count;
    struct str autonomy; /* off | observe | propose | auto */
    struct str policy;   /* path of the gate's policy, relative to the home, or empty */
    struct config_proposer *commands; /* the key `proposers` */
    uint32_t commands_count;
    struct config_proposer llm;    /* evolve.llm: what a run of any "llm:ALIAS" may cost */
    struct config_turn *proposers; /* evolve.proposers; none: search */
    uint32_t proposers_count;
    uint32_t
        attempts_max; /* evolve.attempts: at a cluster in vain, then it is left alone; 0: no end */
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
    struct config_grant shell; /* of tools.shell */
    struct config_listen listen;
    bool search_stock;       /* evolve.search.stock: stock plugins may be copied from */
    bool agent_tools;        /* evolve.agent_tools: harness_* tools for the agent */
    uint32_t rounds_a_day;   /* evolve.budget.rounds */
    uint32_t settle_seconds; /* evolve.settle_seconds: quiet before a round begins */
    uint32_t seal_days;      /* evolve.seal_days: rest after which a session of the test split is
                                sealed, and not gone on with */
    bool swap_at_turn;       /* swap: "turn" instead of "step" */
    struct config_canary {
        uint32_t share;   /* percent of new turns */
        uint32_t turns;   /* so many well ended ones are enough; 0: none are waited for */
        uint32_t seconds; /* nor longer than this */
        uint32_t failed;  /* more failed ones are too many; a crash always is */
    } canary;
    struct config_redact redact;
};
/* Reads and checks moult.json of the home (at most 1 MiB). Slices live in the arena. ERR_INPUT with
 * where "moult.json:LINE: $.path". */
int config_read(struct config *ret, const struct home *home, struct arena *arena, struct err *err);
int config_parse(struct config *ret, struct str text, struct arena *arena, struct err *err);
/* The row of `tools` for a name: its own before patterns, these in their order. NULL: none. */
const struct config_tool *config_tool(const struct config *config, struct str name);
/* Of that whole name, "command:NAME"; NULL: there is none. */
const struct config_proposer *config_command(const struct config *config, struct str proposer);
/* "llm:ALIAS" of an alias that there is: name, which is `proposer`, model and budget. */
bool config_llm(const struct config *config, struct str proposer, struct config_proposer *ret);
/* What init writes. */
extern const char config_default[];
