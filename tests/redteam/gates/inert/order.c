/* order - the plugin of a corpus file stands where a turn begins. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_TURN_START, "x" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
