/* past - one turn of a live session as the journal has it: what it began from, what was asked for,
 * and what came of it. Everything that a worker was told then can be told it again. */
#pragma once

#include "base/arena.h"
#include "wire/effect.h"
#include "wire/journal.h"

struct past_effect {
    uint64_t seq;
    struct digest generation;
    struct wire_effect id; /* kind, step, index, attempt, build */
    const struct json *asked;
    bool answered; /* there is a result; a hand has none */
    struct wire_result result;
};
struct past {
    struct arena arena;
    struct journal_session session; /* of its texts the tools alone */
    uint64_t turn;                  /* its number */
    uint32_t ordinal;
    uint64_t began_ms;
    struct past_effect *effects;
    uint32_t effects_count;
    struct str how; /* the word of its end; empty: it has none */
    /* internal: all entries of the session up to the turn's last, with their data */
    struct journal_entry *entries;
    const struct json **data;
    uint32_t entries_count;
};
/* ERR_MISSING: no turn of a live session has that number. A zeroed past is for past_done. */
int past_read(struct past *ret, struct journal *journal, uint64_t turn, struct err *err);
/* The same, where the session (its number) and its turn are known. */
int past_read_of(struct past *ret, struct journal *journal, uint64_t session,
    const struct journal_turn *turn, struct err *err);
void past_done(struct past *past);
/* What the worker was told that ran before effect `at` for the first time: the conversation and the
 * plugins' states, in the past's arena. resumed: what the turn had settled with that effect, too;
 * a worker that takes the turn over asks for it again. */
void past_begin(struct past *past, uint32_t at, bool resumed, struct wire_put *ret_put,
    struct wire_open *ret_open);
/* The aliases that the turn had, as JSON; empty: nothing says. */
struct str past_models(struct past *past);
