/* effects - what a worker says: checked against the turn, permitted, journaled, made durable, and
 * then dispatched by kind. */
#pragma once

#include "broker/engine.h"

/* One row a kind of effect. */
struct effect_kind {
    /* Looks at what is asked (valid in the call only), puts what dispatch needs into note and turn,
     * and tells facts and, as one JSON object, the journal. ERR_INPUT: it names what is not there.
     */
    int (*prepare)(struct turn *turn, struct note *note, const struct wire_effect *effect,
        struct permit_facts *facts, struct buf *body, struct err *err);
    /* It is on the disk: off it goes. The answer comes by turn_result, later or at once. */
    void (*dispatch)(struct turn *turn, struct note *note);
    /* Nobody wants it any more. */
    void (*cancel)(struct turn *turn);
    /* Its row is written, in the same group: what is to be written with it. NULL: nothing. */
    int (*written)(struct turn *turn, struct note *note, struct err *err);
};

/* What is on its way for this turn is cancelled. */
void effects_cancel(struct turn *turn);
/* Fills in a result without bytes of a provider and goes on. text lives in the turn's arena. */
void effect_answer(struct turn *turn, struct note *note, enum wire_status status, struct str text);
/* The effect of this run that the worker calls by that number under the present lease, or NULL. */
struct note *effect_note(const struct turn *turn, uint32_t number);

/* The rows' functions: model.c, tools of hosted turns in carry.c, waits.c, client.c. */
extern const struct effect_kind effect_model, effect_hand, effect_tool, effect_nested,
    effect_person, effect_wait;
