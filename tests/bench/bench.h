/* bench - what a benchmark prints: one line a figure for people, one JSON object with --json. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Adds a figure: name, value, unit, and the aim it is held against (0: none). */
void bench_figure(struct buf *out, const char *name, double value, const char *unit, double aim);

int bench_hooks(struct buf *out, struct err *err);
int bench_worker(struct buf *out, struct err *err);
int bench_candidate(struct buf *out, struct err *err);
int bench_search(struct buf *out, struct err *err);
