/* journal_client - one request and its answer: what the files of the journal's client share. */
#pragma once

#include "wire/journal_op.h"

struct journal {
    int fd;
    struct buf out, in;
};

/* Starts a request behind what is waiting; the caller packs its fields into journal->out. */
void client_begin(struct journal *journal, enum journal_op op, size_t *ret_at);
void client_finish(struct journal *journal, size_t at);
/* Sends what is waiting and reads one answer; *ret stands behind its status. A status that is an
 * error becomes the error of this call. */
int client_answer(struct journal *journal, struct unpack *ret, struct err *err);
/* The broker's answer is not what the operation answers. */
int client_malformed(struct err *err);
/* Asks for one page of rows from number `from` on; *ret_count 0: the end. */
int client_page(struct journal *journal, enum journal_op op, uint64_t from, struct unpack *in,
    uint32_t *ret_count, struct err *err);
struct str client_kept(struct arena *arena, struct str text); /* a copy */
