/* asker - the models of a trial: asked through a door of the running service, which has the keys,
 * keeps the budget and journals each request (broker/door.h). What comes back is read by the codec
 * that the service reads replies with, so that an episode sees what a live session would.
 *
 * The door is opened at the first question: who asks nothing needs no service. */
#pragma once

#include "trials/episode/model_script.h"
#include "wire/config.h"
#include "wire/door.h"

struct asker {
    struct journal *journal; /* of the role trial or drive */
    uint64_t tokens_max;
    double usd_max; /* 0: no bound */
    struct door_way way;
    bool open, spent; /* spent: the budget refused a request, and nothing was asked for it */
    uint32_t requests, failed; /* failed: the provider gave no reply */
    uint64_t tokens, usd;      /* what they took; usd: micro-dollars */
};
struct asker_request {
    struct model_request of;
    double temperature; /* -1: the provider's own */
    uint64_t until_ns;  /* of clock_mono_ns */
};
enum { ASKER_TOKENS = 2000000 }; /* the budget of who says nothing */

/* Opens the door, for who wants to know before anything else is done. ERR_LACKS: no service runs,
 * and the hint says how to start one. */
int asker_open(struct asker *asker, struct err *err);
/* The answer is in the arena; *ret_asked, unless NULL: the digest of its row, zeroed where there is
 * none. What the provider refuses, or does not say, is ret->error_class. ERR_LACKS: no service
 * runs, and the hint says how to start one; ERR_LIMIT with asker->spent: the budget does not reach;
 * ERR_MISSING: the service knows no model of that alias. */
int asker_ask(struct asker *asker, const struct asker_request *request, struct model_answer *ret,
    struct digest *ret_asked, struct arena *arena, struct err *err);
/* Closes the door. tokens and usd are from now on the service's own sums, which also have what it
 * had to believe of requests that nothing came of. */
void asker_done(struct asker *asker);

/* Before anything is asked: there is a model of that alias, and it takes that temperature (-1: none
 * is wanted). ERR_USAGE. */
int asker_check(const struct config *config, struct str alias, double temperature, struct err *err);
