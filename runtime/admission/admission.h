/* admission - the row that makes a generation the active one. It is the commit point: git's refs
 * follow it, and are put right after a kill.
 *
 * Each names the digest of the one before, so none can be left out, and the home, so none can be
 * carried elsewhere. */
#pragma once

#include "base/arena.h"
#include "wire/journal.h"

enum admission_kind { ADMIT_INIT, ADMIT_PROMOTION, ADMIT_ROLLBACK, ADMISSION_KINDS };
extern const char
    *const admission_kind_words[ADMISSION_KINDS]; /* "init", "promotion", "rollback" */

struct admission {
    struct digest digest; /* of the body */
    struct str home;
    uint32_t number;
    struct digest before; /* the admission before; zero for the first */
    uint8_t kind;         /* enum admission_kind */
    struct str commit;
    struct digest generation; /* document */
    struct str plugin;        /* what changed; empty at init */
    struct digest build;      /* its build now */
    struct str candidate, by; /* empty where there is none */
    bool unattended;
    struct digest batch, report, verdict, policy, approval; /* documents */
    struct digest returns; /* of a rollback: the admission whose builds are active again */
    uint32_t reviewers; /* of a promotion: number of the list that the approval was held against */
    struct digest mandate, confirmation; /* documents, in place of an approval; zero with one */
    struct digest corpus; /* document: what is replayed whatever else there is; zero: nothing yet */
    uint32_t at_s;
};
void admission_print(struct buf *out, const struct admission *admission);
int admission_read(struct admission *ret, const struct journal_admission *row, struct arena *arena,
    struct err *err);
/* Reads those behind the *ret_count that are known already (0: all), and puts them behind these:
 * rows are append-only, so what was read and held against its digest is not read again. The list
 * may move; the old one stays as it is. */
int admission_list(struct journal *journal, struct arena *arena, struct admission **ret,
    uint32_t *ret_count, struct err *err);
