/* model - a model request: encoded by reference, sent to its provider, its reply read. */
#pragma once

#include "broker/effects.h"

/* The numbers by which the worker knows models: the client's own first, then every other alias. */
void model_list(struct turn *turn, struct str wanted);
/* Stops reading what a provider sends, for a client that does not keep up, and goes on. */
void model_hold(struct turn *turn, bool held);
/* Is there a model of that name for this turn? Empty: its first. */
bool model_known(const struct turn *turn, struct str name);
/* A hook's own prompt, to the model that it names or the turn's first: made, sent by
 * effect_model.dispatch; its result is the text alone. ERR_INPUT: no such model. */
int model_nested(struct turn *turn, struct note *note, const struct wire_effect *effect,
    struct buf *body, struct err *err);
/* A provider has begun to answer well, and its answer is not whole yet. */
bool model_answers(const struct turn *turn);
