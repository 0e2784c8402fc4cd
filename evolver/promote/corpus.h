/* corpus - the recorded runs that every gate replays, however much traffic there is.
 *
 * Each promotion adds the cases that it mends and the neighbours of its batch that stayed as they
 * were. What is added follows from the report and the batch that the approval names, so the
 * approval covers it. A document ("corpus") is the whole list; the admission names it. */
#pragma once

#include "promote/driver.h"
#include "trials/id_set.h"

enum { CORPUS_MAX = 8192, CORPUS_MENDED_MAX = 64, CORPUS_NEIGHBOURS_MAX = 64 };

/* Appends the sessions of the document that no reviewer has retired; zero digest: none. ERR_INPUT
 * names the path. */
int corpus_names(
    struct id_set *names, struct driver *driver, const struct digest *corpus, struct err *err);
/* The session of the present corpus whose id begins so: six digits or more. ERR_MISSING; ERR_STATE:
 * several do. */
int corpus_find(struct digest *ret, struct driver *driver, struct str prefix, struct err *err);
/* The corpus behind the last admission with what a promotion of this candidate adds; ret_added may
 * be NULL. The document is put into the journal. One that is full takes no more. */
int corpus_grow(struct digest *ret, uint32_t *ret_added, struct driver *driver,
    const struct candidate *candidate, struct err *err);
