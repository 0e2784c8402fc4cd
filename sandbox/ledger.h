/* ledger - what is known of each process of a run from one look to the next. The kernel forgets a
 * process when it ends; where its parent ignores SIGCHLD, its time is in no sum but this one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ledger_row {
    pid_t pid, parent;
    uint64_t started;     /* with the number it is this process and no other */
    uint64_t own_ns;      /* its own processor time */
    uint64_t children_ns; /* of those that it has waited for */
    uint64_t gone_ns;     /* of those that ended below it, as far as it was seen */
    uint64_t tables;      /* bytes of its page tables, when they were read */
    uint64_t faults;      /* that it had had by then */
    bool seen;            /* in this look; set by who looks */
};
struct ledger {
    struct ledger_row *rows; /* by number */
    unsigned count, known, room;
    unsigned looks;
    pid_t init;          /* the run's first process, which waits for who loses its parent */
    uint64_t unclear_ns; /* in gone_ns of two: whichever waited has it */
};
/* The row of a process, as it was left at the look before, or a new one; it stays where it is until
 * the next call. */
struct ledger_row *ledger_row(struct ledger *ledger, pid_t pid, uint64_t started);
/* Ends a look: who was not seen has ended, and what it used goes to who is left above it. */
void ledger_turn(struct ledger *ledger);
/* Of all processes, ended ones too. Nothing counts twice: a child that was waited for is in what
 * somebody above it has, and the larger of the two sums is taken for each. *ret_unwaited: some were
 * not waited for, so that it is less than the truth by what they used after they were seen last. */
uint64_t ledger_time_ns(const struct ledger *ledger, bool *ret_unwaited);
void ledger_done(struct ledger *ledger);
