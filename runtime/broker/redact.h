/* redact - a provider's key never comes back from it.
 *
 * Some providers repeat the key in the text of an error, and a hostile one does it to show it to a
 * tenant. Its exact bytes are replaced by as many '*', also where two pieces of a stream part them;
 * so neither a client, the journal, a trace nor a worker ever has them. */
#pragma once

#include "base/str.h"

enum { REDACT_MIN = 16 }; /* shorter ones are words ("none", "ollama") and no secrets */
struct redact {
    struct str secret; /* empty: everything passes */
    struct buf held;   /* the end of the last piece, which may begin the secret */
    struct buf out;
};
void redact_done(struct redact *redact);
/* What of the stream may go on: `piece` itself, or bytes that live until the next call. */
struct str redact_feed(struct redact *redact, struct str piece);
/* What was held back, when nothing more comes. */
struct str redact_end(struct redact *redact);
/* Replaced in place. */
void redact_bytes(struct str secret, char *at, size_t size);
