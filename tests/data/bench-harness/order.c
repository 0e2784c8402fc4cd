/* order - twelve plugins on one hook. */
#include "moult.h"

static const struct moult_place places[] = {
    { MOULT_ANSWER, "p1" },
    { MOULT_ANSWER, "p2" },
    { MOULT_ANSWER, "p3" },
    { MOULT_ANSWER, "p4" },
    { MOULT_ANSWER, "p5" },
    { MOULT_ANSWER, "p6" },
    { MOULT_ANSWER, "p7" },
    { MOULT_ANSWER, "p8" },
    { MOULT_ANSWER, "p9" },
    { MOULT_ANSWER, "p10" },
    { MOULT_ANSWER, "p11" },
    { MOULT_ANSWER, "p12" },
};

MOULT_EXPORT const struct moult_pipeline moult_pipeline = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_pipeline),
    .places = places,
    .places_count = sizeof(places) / sizeof(places[0]),
};
