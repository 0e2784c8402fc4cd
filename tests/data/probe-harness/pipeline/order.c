/* order - the probe on every hook. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_TURN_START, "probe" },
    { MOULT_CONTEXT, "probe" },
    { MOULT_REQUEST, "probe" },
    { MOULT_MODEL_ERROR, "probe" },
    { MOULT_REPLY, "probe" },
    { MOULT_BEFORE_TOOL, "probe" },
    { MOULT_AFTER_TOOL, "probe" },
    { MOULT_ANSWER, "probe" },
    { MOULT_TURN_END, "probe" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
