/* recorded - conversations that were recorded, played again in whatever protocol is asked.
 *
 * The place in a recording is found by what came from outside of the model (key.h). What the
 * assistant said is left out, since a harness may have mended it, and the system's text, since a
 * harness owns it. A request that no recording continues has no answer, never one of something
 * near. */
#pragma once

#include "base/err.h"
#include "mock/answer.h"
#include "mock/ask.h"

enum {
    RECORDED_RUN_MAX = 16 << 20,   /* bytes of one line */
    RECORDED_SIZE_MAX = 512 << 20, /* of all that is kept */
    RECORDED_REPLIES_MAX = 1 << 20,
};

struct recorded;
struct recorded *recorded_new(void);
void recorded_free(struct recorded *recorded);
/* Adds a file of tau-bench or tau2-bench: one run a line, plain or gzip. Of two recordings that
 * agree so far, the one that was added first is played. ERR_MISSING, ERR_INPUT (where:
 * "FILE:LINE"), ERR_LIMIT. */
int recorded_add(struct recorded *recorded, const char *path, struct err *err);
uint32_t recorded_count(const struct recorded *recorded); /* replies */
/* What was said there, or NULL; also NULL when the assistant had the last word. Lives as long as
 * recorded. */
const struct answer *recorded_find(const struct recorded *recorded, const struct ask *ask);
