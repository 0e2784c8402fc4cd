/* graft - a function of another plugin's file, with what it needs there, as code for this one.
 *
 * The piece is taken as it was written: names that both files have get a number behind them, and
 * nothing else is changed. What cannot stand elsewhere is refused with the reason. */
#pragma once

#include "patch/closure.h"
#include "propose/bundle.h"

struct graft {
    struct str code;      /* types, tables and functions, the hook's last; in the arena */
    const char *function; /* the hook's, as it is called there */
    struct str traits;    /* what the donor says of itself; empty: nothing */
    bool passes;          /* every way out of it is MOULT_PASS */
};
/* into: the file that it is for. ERR_MISSING: the donor has no function for the hook. ERR_STATE: it
 * cannot stand in another plugin (it keeps state, says between which others it stands, needs a
 * macro). ERR_INPUT, ERR_LIMIT: its source does not parse. */
int graft_take(struct graft *ret, struct arena *arena, const struct bundle_plugin *donor,
    const char *hook, const struct syntax *into, struct err *err);
