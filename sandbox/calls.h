/* calls - the system calls that the profiles are put together from, each with its reason. */
#pragma once

#include "sandbox/filter.h"

extern const struct filter_set calls_worker;   /* a locked worker: plain memory and its socket */
extern const struct filter_set calls_compile;  /* a compiler, its stages and its output */
extern const struct filter_set calls_run;      /* memory, threads, time, what is open already */
extern const struct filter_set calls_files;    /* files and folders */
extern const struct filter_set calls_children; /* other programs, and how to talk to them */
extern const struct filter_set calls_connect;  /* by grant: a proxy, or its own servers */
extern const struct filter_set calls_listen;   /* by grant: servers of its own */
