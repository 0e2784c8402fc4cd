/* live - what happens while the service runs, as rows: sessions that grow, turns, effects and their
 * results, testimony, plugin states. The writing side is called on the broker's loop in the open
 * transaction (broker/commit.h makes it durable); nothing here decides.
 *
 * A live session is a session of the journal like an imported one (store_list, store_read give it),
 * whose messages are added as they settle. A turn is one user message worked off to one answer; a
 * gateway turn may span several requests of its client. Tables refuse UPDATE and DELETE. */
#pragma once

#include "broker/store.h"
#include "wire/effect.h"

struct commit;

struct live_session {
    uint64_t number;
    bool gateway;
    struct str principal;
    struct str group;    /* what it counts with; empty: with itself alone */
    bool grouped;        /* group is that of another session's row, and is taken as it is */
    struct str name;     /* hosted: as X-Moult-Session says; unique for its principal; or empty */
    struct str protocol; /* "chat", "responses", "messages" */
    struct str tools;    /* chat form, or empty */
};
int live_session_new(
    struct store *store, const struct live_session *session, uint64_t *ret_number, struct err *err);
/* 1 found, 0 there is none. */
int live_session_named(struct store *store, struct str principal, struct str name,
    uint64_t *ret_number, struct err *err);

/* The group of a session's row, in the arena, and whether the session is sealed: then nobody goes
 * on with it (store_seal.c). */
int live_group(struct store *store, uint64_t session, struct arena *arena, struct str *ret,
    bool *ret_sealed, struct err *err);

struct live_message {
    uint64_t session, turn;
    uint32_t seq;     /* from 0, without gaps */
    uint8_t standing; /* enum journal_standing */
    bool failed;
    uint8_t origin;      /* enum wire_origin; 0: a client or person brought it */
    uint64_t effect;     /* row of the effect that it is, or that it was made from; 0: none */
    struct digest build; /* FROM_BUILD: who wrote it */
    struct str bytes;    /* chat format */
};
int live_message_add(struct store *store, const struct live_message *message, struct err *err);
/* What the harness made of a message of a client: the original stays, this is what it goes on with.
 */
int live_message_replace(struct store *store, const struct live_message *message, struct err *err);

struct live_turn {
    uint64_t session;
    uint32_t ordinal; /* within the session, from 0 */
    struct digest generation;
};
int live_turn_new(
    struct store *store, const struct live_turn *turn, uint64_t *ret_number, struct err *err);
int live_turn_end(struct store *store, uint64_t turn, uint8_t how, struct str why, struct err *err);

/* Above every lease of a row of this home: leases count from there. By the count of rows and not by
 * the clock, which may have been put back. */
uint64_t live_lease_base(const struct store *store);

/* An effect's identity is (turn, step, origin, hook, build, index, kind, attempt). */
struct live_effect {
    uint64_t row; /* reading */
    uint64_t turn, lease;
    uint32_t number; /* that the worker gave */
    uint8_t kind, origin, hook;
    struct digest build;      /* NESTED: who asked */
    struct digest generation; /* that asked */
    uint32_t step, index, attempt;
    struct str body; /* what was asked, one JSON object (docs/reference/trace.md) */
    bool waits;      /* reading: for a person's yes that nobody gave, so it has not begun */
};
enum { LIVE_NO_RESULT = 255 };
struct live_result {
    uint8_t status, error_class;
    uint32_t retry_after_ms;
    struct str bytes; /* that the worker got */
    struct str raw;   /* provider's bytes, or empty */
};
int live_effect_new(
    struct store *store, const struct live_effect *effect, uint64_t *ret_row, struct err *err);
int live_result_add(
    struct store *store, uint64_t effect, const struct live_result *result, struct err *err);
/* The same identity asked for before in this turn: 1 found (ret_result->status is
 * LIVE_NO_RESULT while there is none), 0 none. Slices in the arena. */
int live_effect_find(struct store *store, const struct live_effect *identity, struct arena *arena,
    struct live_effect *ret, struct live_result *ret_result, struct err *err);
/* What is known of a call of the session's last turn before this one, if no message has it yet: 1
 * found (result.status is LIVE_NO_RESULT if nobody knows its outcome), 0 it was never begun. */
struct live_call {
    uint64_t effect;
    bool waits;                /* it has not begun, as in live_effect */
    struct live_result result; /* raw is not read */
};
struct live_call_place {
    uint64_t session, before_turn;
    uint32_t index; /* in its message */
    struct str id;
};
int live_call_last(struct store *store, const struct live_call_place *place, struct arena *arena,
    struct live_call *ret, struct err *err);
/* What was handed to a client went to its socket whole; a call that waited for a person's yes
 * ("asks" of its body) was given to its tool. */
int live_delivered(struct store *store, uint64_t effect, struct err *err);
/* What a worker said under a lease that has ended. Opens the group by itself. */
int live_stale(
    struct store *store, struct commit *commit, const struct wire *message, struct err *err);
int live_event(struct store *store, uint64_t turn, const struct digest *generation,
    const struct wire_event *event, struct err *err);
int live_state(struct store *store, uint64_t session, uint64_t turn, const struct wire_state *state,
    const struct digest *generation, struct err *err);

/* Where a conversation of a gateway stands: the key of the whole history that a client will bring
 * with its next request, to the session and how many of its messages that is. The latest wins. */
struct live_head {
    struct str principal;
    struct digest key;
    uint64_t session;
    uint32_t messages; /* of the session */
    uint32_t client_messages;
    struct digest request; /* of the bytes that asked, and of who did */
    uint64_t hand;         /* row of the effect that answered */
};
int live_head_put(struct store *store, const struct live_head *head, struct err *err);
int live_head_find(struct store *store, struct str principal, const struct digest *key,
    struct live_head *ret, struct err *err); /* 1 found, 0 none */

/* What a turn had used when it handed its answer out (`used` of the hand's body): what limits count
 * goes on from there in a turn that goes on with that answer, whoever has forgotten the first one.
 * ms: with the time since, as the smaller of what the two clocks say: one may have been set, the
 * other began anew with the machine. */
struct live_used {
    uint64_t steps, tokens, usd, ms;
};
void live_used_print(const struct live_used *used, struct buf *out);
int live_used_find(struct store *store, uint64_t hand, struct live_used *ret, struct err *err);

/* What was handed to the last request of these bytes, if it never went to a socket whole and the
 * conversation stands where it stood: 1 found, 0 none. Of the last max_age_ms only, or from the
 * future, if the clock was put back. Slices in the arena. */
struct live_answer {
    uint64_t hand, turn;
    struct str body;              /* of the hand */
    struct str reply, reply_body; /* raw bytes of the model's reply in it and what was asked */
};
int live_answer_find(struct store *store, const struct digest *request, uint64_t max_age_ms,
    struct arena *arena, struct live_answer *ret, struct err *err);

/* For going on: the conversation with replacements in place, the latest state of each plugin
 * (without those that a quarantined generation wrote), the last turn. Slices in the arena. */
struct live_loaded {
    struct live_session session;
    struct live_message *messages;
    uint32_t messages_count;
    struct wire_state *states;
    uint32_t states_count;
    uint64_t turn;                        /* the last; 0: none */
    uint32_t turn_ordinal, turn_messages; /* messages of the session when it began */
    bool turn_open;
};
int live_load(struct store *store, uint64_t session, struct arena *arena, struct live_loaded *ret,
    struct err *err);
/* No turn goes on with what this generation left: states, and turns. With an audit record; a second
 * time is nothing. */
int live_quarantine(
    struct store *store, const struct digest *generation, struct str why, struct err *err);
int live_quarantined(
    struct store *store, const struct digest *generation, struct err *err); /* 1, 0 */
/* Turns without an end, oldest first. */
struct live_open {
    uint64_t session, turn;
    bool gateway;
    bool handed, waits; /* the last that was asked is a hand; with calls, whose results may come */
};
int live_open_turns(struct store *store, struct arena *arena, struct live_open **ret,
    uint32_t *ret_count, struct err *err);
