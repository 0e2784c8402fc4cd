/* load - sealed memfds to a harness: builds mapped, their order checked, one list of hooks a place.
 * Runs before the lock and calls no plugin code: it maps, and reads constants. */
#pragma once

#include "base/err.h"
#include "wire/effect.h"

#include <moult.h>
#include <moult_trial.h>

struct build {
    struct str name;
    struct digest digest;
    const struct moult_plugin *plugin;
    const struct moult_trial *trial; /* or NULL */
};
/* One plugin's function on one hook. */
struct place {
    uint32_t build; /* number in the harness */
    union {
        moult_hook turn;
        moult_call_hook call;
    };
};
struct chain {
    struct place places[WIRE_PLUGINS_MAX];
    uint32_t count;
};
struct harness {
    struct build builds[WIRE_PLUGINS_MAX]; /* without the pipeline's */
    uint32_t builds_count;
    struct chain chains[MOULT_HOOKS];
    uint32_t events; /* enum wire_events */
};

/* ERR_INPUT: a build that is no plugin of this ABI, or an order that its plugins do not allow; text
 * says which. The harness lives as long as the process: nothing is ever unmapped. */
int harness_load(struct harness *ret, const struct wire_load *load, struct err *err);
/* The checks of a pipeline alone, for builds that are mapped already. */
int harness_order(struct harness *harness, const struct moult_pipeline *pipeline, struct err *err);
int harness_check(const struct moult_plugin *plugin, struct str name, struct err *err);
