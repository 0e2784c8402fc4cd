/* order - the forger stands where a turn begins. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_TURN_START, "forge" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
