/* judge - the proposer's side of the channel: trial builds, verdicts, tries.
 *
 * What comes back is the driver's word, but it is checked like any other: a verdict of a step that
 * was not asked about, or too few of them, ends the search. */
#pragma once

#include "propose/bundle.h"
#include "propose/schema.h"

struct candidate {
    uint16_t holes[HOLES];
    uint64_t decide;
};
/* A list of steps by their place in the bundle. */
struct steps {
    uint32_t *at, count;
};
/* verdicts[i * count + k]: of candidate k at the list's step i. */
struct verdicts {
    struct proposer_verdict *at;
    struct str *atoms, *cover; /* [steps]; of the last candidate; copies in the arena */
    uint32_t count;
};
struct judge {
    struct proposer_channel channel;
    const struct bundle *bundle;
    uint32_t *place_of; /* step id to its place in the bundle */
    uint32_t ids;
    uint64_t judged; /* candidates times steps */
    uint32_t builds, tried;
    uint64_t began_ns;
};
void judge_begin(struct judge *judge, struct arena *arena, const struct bundle *bundle, int fd);
void judge_done(struct judge *judge);
double judge_seconds(const struct judge *judge);
void judge_say(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A trial build in the place of the plugin. ERR_INPUT: it does not compile (a defect here). */
int judge_build(struct judge *judge, struct str plugin, struct str source, struct err *err);
/* Any number of candidates; asks in parts. watch: atoms and cover of the last candidate. */
int judge_ask(struct judge *judge, struct arena *arena, const struct steps *steps,
    const struct candidate *candidates, uint32_t count, bool watch, struct verdicts *ret,
    struct err *err);
/* A clean candidate over all held-in steps; proposal is JSON. 1: it may be proposed, and what it
 * fixed; 0: refused or it changes a step that must stay, *ret_why says which (arena). */
struct judge_fixed {
    uint32_t groups, steps;
};
int judge_try(struct judge *judge, struct arena *arena, struct str proposal,
    struct judge_fixed *ret, const char **ret_why, struct err *err);
/* The same in whole: the driver's answer (arena). ERR_DENIED: it has none, err says why. */
int judge_tried(struct judge *judge, struct arena *arena, struct str proposal,
    const struct json **ret, struct err *err);
/* One request to the model behind the driver; *ret_body is in the arena. Status 0: there is no
 * answer, and the body says why. ERR_DENIED: the driver asks no more. */
int judge_model(struct judge *judge, struct arena *arena, struct str request, unsigned *ret_status,
    struct str *ret_body, struct err *err);
int judge_send(struct judge *judge, enum proposer_type type, struct str payload, struct err *err);

bool judge_same(const struct proposer_verdict *a, const struct proposer_verdict *b);
