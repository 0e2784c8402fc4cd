/* listening - heard.h for the sessions of a home's journal. */
#pragma once

#include "promote/driver.h"
#include "promote/figures.h"

enum { LISTENING_GENERATIONS_MAX = 256 };

/* Begins as { .figures, .driver }. */
struct listening {
    struct figures *figures;
    struct driver *driver;
    /* internal: generations that were named, and which of the active builds stand in each */
    struct listening_known {
        struct digest digest;
        bool stands[FIGURES_PLUGINS_MAX];
    } known[LISTENING_GENERATIONS_MAX];
    uint32_t known_count;
};
/* Adds what a live session (its number) says to the figures. *ret_model: who was asked last. */
int listen_to(struct listening *listening, uint64_t session, uint32_t *ret_model, struct err *err);
