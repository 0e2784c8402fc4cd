/* order - the wrong way round. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_REPLY, "first" },
    { MOULT_REPLY, "second" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
