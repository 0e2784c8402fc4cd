/* config - moult.json: JSON with comments; an unknown key is an error that names it. */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "wire/home.h"

struct config_model {
    struct str name, provider, base_url, model;
    struct str key_env, key_file; /* at most one is given */
};
struct config_server { /* mcpServers */
    struct str name, command;
    struct str *args;
    uint32_t args_count; /* a list's count stands behind its pointer: config.c relies on it */
    struct str *env;     /* "NAME=value" */
    uint32_t env_count;
};
struct config {
    struct config_model *models;
    uint32_t models_count;
    struct config_server *servers;
    uint32_t servers_count;
    struct str autonomy; /* observe | propose | auto */
    struct str policy;   /* path of the gate's policy, relative to the home, or empty */
    struct str *proposers;
    uint32_t proposers_count;
    uint32_t budget_candidates, budget_seconds;
    int tier;           /* enum sandbox_tier: weakest allowed: 0 strong, 1 container */
    struct str *waived; /* sandbox.waive: names of layers that the operator does without */
    uint32_t waived_count;
    uint32_t steps_max; /* limits.steps */
};
/* Reads and checks moult.json of the home (at most 1 MiB). Slices live in the arena. ERR_INPUT with
 * where "moult.json:LINE: $.path". */
int config_read(struct config *ret, const struct home *home, struct arena *arena, struct err *err);
int config_parse(struct config *ret, struct str text, struct arena *arena, struct err *err);
/* What init writes. */
extern const char config_default[];
