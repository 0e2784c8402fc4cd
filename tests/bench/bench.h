/* bench - what a benchmark prints: one line a figure for people, one JSON object with --json. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Adds a figure: name, value, unit, and the aim it is held against (0: none). */
void bench_figure(struct buf *out, const char *name, double value, const char *unit, double aim);

/* Processor time of this process, all threads; waiting does not count. */
uint64_t bench_cpu_ns(void);
double bench_median(double *values, unsigned count); /* sorts them */
/* The folder with recorded traces: MOULT_TRACES, else those that are shipped. */
const char *bench_traces(void);

int bench_hooks(struct buf *out, struct err *err);
int bench_sandbox(struct buf *out, struct err *err);
int bench_leaks(struct buf *out, struct err *err);
int bench_worker(struct buf *out, struct err *err);
int bench_candidate(struct buf *out, struct err *err);
int bench_search(struct buf *out, struct err *err);
int bench_import(struct buf *out, struct err *err);
int bench_mine(struct buf *out, struct err *err);
int bench_replay(struct buf *out, struct err *err);
int bench_gate(struct buf *out, struct err *err);
int bench_turn(struct buf *out, struct err *err);
int bench_cold(struct buf *out, struct err *err);
int bench_memory(struct buf *out, struct err *err);
int bench_swap(struct buf *out, struct err *err);
int bench_rollback(struct buf *out, struct err *err);
int bench_past(struct buf *out, struct err *err);
int bench_recover(struct buf *out, struct err *err);
int bench_peers(struct buf *out, struct err *err);
int bench_proposers(struct buf *out, struct err *err);
int bench_scripted(struct buf *out, struct err *err);
int bench_ablation(struct buf *out, struct err *err);
int bench_faults(struct buf *out, struct err *err);
int bench_year(struct buf *out, struct err *err);
