/* refusal - what a client is told that gets no answer: an error in its protocol, with a status that
 * tells its mistake from ours and from the provider's.
 *
 * While its stream is open the error goes out as the protocol's own event and the transfer is
 * broken, so that no client takes what came for a whole answer. Who was answered already, or has
 * gone, is told nothing. */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct client;
struct turn;

/* Status by the error's code. */
void refusal(struct client *client, const struct err *err);
/* A turn that ended without an answer, how (WIRE_ENDED_*) and why; its provider's own refusal as it
 * came, where the client speaks its protocol and it is not about moult's key. */
void refusal_of_turn(struct client *client, const struct turn *turn, uint8_t how, struct str why);
