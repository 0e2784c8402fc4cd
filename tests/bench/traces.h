/* traces - the recorded traces of a benchmark, session by session, as moult import reads them. */
#pragma once

#include "trials/import.h"

/* Every session of every file in bench_traces(). */
int traces_each(int (*each)(void *with, const struct import_session *session, struct err *err),
    void *with, struct err *err);
/* What to hold a harness against: the same files read, unpacked and parsed into runs, with nothing
 * done about them. *ret_bytes: of the messages, so that how a file is packed changes nothing. */
int traces_read(uint64_t *ret_runs, uint64_t *ret_bytes, struct err *err);
