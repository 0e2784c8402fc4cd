/* permit_effect - which effect is allowed now. One table: what no row allows is refused.
 *
 * The worker's own loop has rules of the same kind; they are a convenience. A plugin shares the
 * loop's address space, so this table is the law. Pure: facts in, a reason out. */
#pragma once

#include "wire/effect.h"

/* What is true of the turn, and of what is asked for, at this moment. */
struct permit_facts {
    uint8_t kind; /* enum wire_effect_kind */
    bool gateway;
    bool turn_open, lease_current; /* the lease is this turn's and this worker's, now */
    bool busy;                     /* another effect of the turn is on its way */
    bool form;        /* numbers in range, texts within bounds, one call, a reply that there is */
    bool model_known; /* the alias */
    bool call_open;   /* TOOL: it is a call of the conversation, and has no result */
    bool call_asked;  /* ... and none is on its way elsewhere in this turn */
    uint8_t tool;     /* enum tool_permission, of TOOL and of NESTED that asks a tool */
    bool tool_nested;
    bool consented;                                       /* a person said yes to this call */
    uint64_t steps, tokens, seconds, usd;                 /* used up to now */
    uint64_t steps_max, tokens_max, seconds_max, usd_max; /* 0: no limit */
    uint32_t wait_ms;
};
enum permit_answer {
    PERMIT_YES,
    PERMIT_ASK,   /* a person has to say yes first */
    PERMIT_NO,    /* the effect is refused; the turn goes on */
    PERMIT_LIMIT, /* a budget is used up */
    PERMIT_BREACH /* no honest worker asks that: it is ended */
};
struct permit_verdict {
    enum permit_answer answer;
    const char *why; /* for the journal, the model and the operator */
};
struct permit_verdict permit_effect(const struct permit_facts *facts);
