/* stream - an answer that leaves while it is being made.
 *
 * Where everybody who could change a reply has promised only to look (MOULT_ONLY_LOOKS), what the
 * model says goes to the client as it comes, in the client's protocol: of a hosted turn the text of
 * each of its replies, with a blank line between two; between two protocols the text of the one.
 * Calls follow at the end. What has left is a fact: each later word about it is compared with it,
 * and where that differs the answer ends in an error. Never is another one spliced on. */
#pragma once

#include "broker/engine.h"

/* One of a client; NULL until something has left. */
struct stream;
void stream_free(struct stream *stream);

/* Nobody on these hooks of the turn's generation has to see a reply before it leaves. */
bool stream_open(const struct turn *turn);
/* The reply that note stands for has said that much by now. */
void stream_text(struct turn *turn, const struct note *note, struct str text);
/* A model may be asked (again): nothing of a reply that is not settled has left. */
bool stream_free_to_ask(const struct turn *turn);
/* A build put chat in the place of note's reply. ERR_STATE: other words of it have left. */
int stream_settled(struct turn *turn, const struct note *note, struct str chat, struct err *err);
/* The rest of the answer: answer->text is its last reply, reply the note of that or NULL.
 * ERR_STATE: other words have left. */
int stream_rest(struct buf *out, struct turn *turn, const struct note *reply,
    struct protocol_answer *answer, struct err *err);
/* Bytes of text that have left. */
size_t stream_said(const struct stream *stream);
