/* write - an answer in the words of a protocol, whole or as events, byte for byte in the shape that
 * the real providers send (members, their order, which events come when). */
#pragma once

#include "mock/answer.h"
#include "mock/ask.h"
#include "mock/body.h"

struct write_job {
    const struct ask *ask;
    const struct answer *answer;
    uint64_t number; /* of the request: ids are made of it */
    uint64_t tokens_in, tokens_out;
};
/* ask->stream says which. */
void write_answer(
    struct body *out, const struct ask *ask, const struct answer *answer, uint64_t number);
/* An error body as the protocol's clients expect it; empty type, code, message: by status. */
struct write_error {
    unsigned status;
    struct str type, code, message;
};
void write_error(struct buf *out, enum ask_kind kind, const struct write_error *error);
/* The same as an event of a stream. */
void write_error_event(struct body *out, enum ask_kind kind, const struct write_error *error);
/* Tokens of a text, guessed: a quarter of its bytes. */
uint64_t write_tokens(const struct ask *ask);
/* GET /v1/models; anthropic: the other shape. */
void write_models(struct buf *out, const struct str *models, uint32_t count, bool anthropic);

/* --- inside of this folder */

enum { WRITE_CREATED = 1767225600 }; /* answers do not depend on the clock */

void write_chat(struct body *out, const struct write_job *job);
void write_responses(struct body *out, const struct write_job *job);
void write_messages(struct body *out, const struct write_job *job);
/* A JSON string of the whole text, filler included. */
void write_text(struct body *out, const struct answer *answer);
bool write_has_text(const struct answer *answer);
enum answer_finish write_finish(const struct answer *answer);
/* The id of call i: said, or PREFIX with numbers. */
void write_call_id(struct buf *out, const struct write_job *job, uint32_t i, const char *prefix);

/* Where a stream is. */
struct write_stream {
    struct body *out;
    const struct write_job *job;
    uint32_t sequence, item; /* number of the event, of the block or item: where there are some */
};
/* The text and its filler as events: `delta` writes the bytes of one. */
void write_deltas(struct write_stream *stream, void (*delta)(struct write_stream *, struct str));
/* Parts of one text (arguments, thoughts); at begins with 0. The empty text has none. */
bool write_next_of(struct str text, uint32_t chunk, size_t *at, struct str *ret);
