/* shown - may the words of a session be put before a person, who did not ask for that session?
 *
 * What people have seen can be no evidence that nobody knew (docs/reference/splits.md). So those of
 * held-out groups are not told by commands that go over many sessions; those of a group that has no
 * split yet are, and it is held-in from there on, as with moult trace. */
#pragma once

#include "wire/journal.h"

/* A zeroed struct with its home is valid. */
struct shown {
    const struct home *home;
    struct journal *view; /* a viewer's; opened when it is needed */
};
/* 1: they may, and the group is held-in when this returns; 0: they may not. */
int shown_take(struct shown *shown, uint64_t session, uint8_t split, struct err *err);
void shown_done(struct shown *shown);
