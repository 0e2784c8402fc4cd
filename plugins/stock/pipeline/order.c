/* order - which plugin stands where. fit_args stands before loop_guard: who compares calls must see
 * them as they will be made. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_CONTEXT, "orphans" },
    { MOULT_MODEL_ERROR, "failover" },
    { MOULT_REPLY, "leaked_calls" },
    { MOULT_BEFORE_TOOL, "fit_args" },
    { MOULT_BEFORE_TOOL, "loop_guard" },
    { MOULT_AFTER_TOOL, "short_results" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
