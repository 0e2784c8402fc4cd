/* order - the candidates on their hooks. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_CONTEXT, "candidates" },
    { MOULT_MODEL_ERROR, "candidates" },
    { MOULT_REPLY, "candidates" },
    { MOULT_BEFORE_TOOL, "candidates" },
    { MOULT_AFTER_TOOL, "candidates" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
