/* order - which plugin stands where. A plugin that no row names is not asked. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_TURN_START, "calls" },
    { MOULT_CONTEXT, "history" },
    { MOULT_REQUEST, "router" },
    { MOULT_MODEL_ERROR, "router" },
    { MOULT_REPLY, "replies" },
    { MOULT_BEFORE_TOOL, "calls" },
    { MOULT_BEFORE_TOOL, "permits" },
    { MOULT_BEFORE_TOOL, "lists" },
    { MOULT_AFTER_TOOL, "results" },
    { MOULT_ANSWER, "answers" },
    { MOULT_TURN_END, "session_stats" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
