/* hand - the effect that hands an answer to the client: put together before it is journaled, so
 * that nothing can fail behind it, and sent when it is on the disk.
 *
 * The provider's own bytes where the harness changed nothing and the client speaks its protocol,
 * else an answer written anew. */
#pragma once

#include "base/str.h"

struct client;

struct answer {
    struct str bytes, head; /* head: of the provider, or empty */
    struct str chat;        /* the message in it */
    bool stream;
};
/* Once: who was answered already, or has gone, gets nothing. */
void hand_send(struct client *client, const struct answer *answer);
