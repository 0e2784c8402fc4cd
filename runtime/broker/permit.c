/* permit - see permit.h. */
#include "broker/permit.h"

#include "base/mem.h"
#include "base/names.h"

#define ROLE(role) (1u << (role))
#define READERS                                                                                    \
    (ROLE(JOURNAL_MINE) | ROLE(JOURNAL_TRIAL) | ROLE(JOURNAL_DRIVE) | ROLE(JOURNAL_VIEW) |         \
        ROLE(JOURNAL_PROPOSE))
#define DRIVE ROLE(JOURNAL_DRIVE)
#define REPORT ROLE(JOURNAL_REPORT)
#define OVERSEERS (READERS & ~ROLE(JOURNAL_PROPOSE)) /* who may see what held-out cases showed */
#define DECIDERS (ROLE(JOURNAL_MINE) | ROLE(JOURNAL_DRIVE))

static const struct row {
    const char *word;
    uint32_t roles;
} rows[OPS] = {
    [OP_HELLO] = { "greet", 0 }, /* once, by the connection itself */
    [OP_ADD] = { "add a session", ROLE(JOURNAL_IMPORT) },
    [OP_FLUSH] = { "flush", ROLE(JOURNAL_IMPORT) },
    [OP_LIST] = { "list sessions", READERS | REPORT },
    [OP_READ] = { "read a session", READERS | REPORT },
    [OP_FIND] = { "find a session", READERS },
    [OP_SPLIT] = { "split groups", DECIDERS },
    [OP_PUT] = { "write a document", DECIDERS | ROLE(JOURNAL_TRIAL) | REPORT },
    [OP_GET] = { "read a document", READERS | REPORT },
    [OP_MOVE_CLUSTER] = { "move a cluster", DECIDERS },
    [OP_CLUSTERS] = { "list clusters", READERS },
    [OP_AUDIT] = { "read the audit chain", OVERSEERS },
    [OP_MOVE_CANDIDATES] = { "move candidates", DRIVE },
    [OP_CANDIDATES] = { "list candidates", OVERSEERS },
    [OP_ADMIT] = { "admit a generation", DRIVE },
    [OP_ADMISSIONS] = { "list admissions", OVERSEERS },
    [OP_LOOK] = { "look at held-out cases", DRIVE },
    [OP_LOOK_END] = { "end a look", DRIVE },
    [OP_LOOKS] = { "list looks", OVERSEERS },
    [OP_FREEZE] = { "freeze the home", DRIVE },
    [OP_FROZEN] = { "ask whether the home is frozen", OVERSEERS },
    [OP_CHECKPOINT] = { "write a checkpoint", DRIVE },
    [OP_CHECKPOINTS] = { "list checkpoints", OVERSEERS },
    [OP_SERVICE] = { "ask the running service", OVERSEERS }, /* then by verb */
    [OP_NAMED] = { "find a session", READERS },
    [OP_TURNS] = { "list turns", OVERSEERS },
    [OP_EVENTS] = { "read a trace", OVERSEERS },
    [OP_FLAG] = { "flag a session", DRIVE },
    [OP_DOCUMENTS] = { "list decisions", OVERSEERS },
    [OP_SKETCH] = { "say what a session is like", DECIDERS },
    [OP_SKETCHES] = { "read what sessions are like", DECIDERS },
    [OP_KIN] = { "put groups together", DECIDERS },
    [OP_ASIDE] = { "set a session aside", DECIDERS },
    [OP_SEAL] = { "seal sessions", DECIDERS },
    [OP_SPLITS] = { "count the splits", OVERSEERS },
    [OP_OPEN] = { "open a shard of the sealed split", REPORT },
    [OP_OPEN_END] = { "end an opening", REPORT },
    [OP_OPENINGS] = { "list openings", OVERSEERS | REPORT },
    [OP_LAST_CHECKPOINT] = { "read the newest checkpoint", OVERSEERS },
    [OP_QUARANTINES] = { "list quarantines", OVERSEERS },
};

/* What the running service is asked. */
static const struct verb_row {
    const char *verb;
    uint32_t roles;
} verbs[] = {
    { "status", OVERSEERS },
    { "load", DRIVE },
    { "probe", DRIVE },
    { "shadow", DRIVE },
    { "shadowed", DRIVE },
    { "canary", DRIVE },
    { "activate", DRIVE },
    { "retire", DRIVE },
    { "watch", DRIVE },
    { "watched", DRIVE },
    { "quarantine", DRIVE },
    { "mandate", DRIVE },
    { "ask", DRIVE },
    { "ask-live", DRIVE | ROLE(JOURNAL_TRIAL) },
    { "ask-end", DRIVE | ROLE(JOURNAL_TRIAL) },
};

/* Documents by kind. Held-out cases are no reading for a proposer. */
static const struct kind {
    const char *name;
    uint32_t readers, writers;
} kinds[] = {
    { "batch", READERS, DECIDERS },
    { "held-out", OVERSEERS, DECIDERS },
    { "cluster", READERS, DECIDERS },
    { "report", OVERSEERS, ROLE(JOURNAL_TRIAL) | DRIVE },
    { "proposal", READERS, DRIVE },
    { "evidence", READERS, DRIVE },
    { "patch", READERS, DRIVE },
    { "source", READERS, DRIVE },
    { "diagnostics", READERS, DRIVE },
    { "verdict", OVERSEERS, DRIVE },
    { "policy", OVERSEERS, DRIVE },
    { "approval", OVERSEERS, DRIVE },
    { "mandate", OVERSEERS, DRIVE },
    { "mandate-end", OVERSEERS, DRIVE },
    { "waiver", OVERSEERS, DRIVE },
    /* Taking a case in asks more of the gate; only a signature asks less. */
    { "case", OVERSEERS, ROLE(JOURNAL_TRIAL) | DRIVE },
    { "case-added", OVERSEERS, ROLE(JOURNAL_TRIAL) | DRIVE },
    { "retired", OVERSEERS, DRIVE },
    { "confirmation", OVERSEERS, DRIVE },
    { "attempt", OVERSEERS, DRIVE }, /* of a proposer at a cluster, and what came of it */
    { "attempt-end", OVERSEERS, DRIVE },
    { "statement", OVERSEERS, DRIVE },
    { "generation", OVERSEERS, DRIVE },
    { "corpus", OVERSEERS, DRIVE },
    { "claim", OVERSEERS | REPORT, REPORT }, /* what a report on the sealed split says */
    { "comparison", OVERSEERS, DRIVE },
    { "comparison-bet", OVERSEERS, DRIVE },
    { "live", OVERSEERS, ROLE(JOURNAL_TRIAL) | DRIVE },
    /* What a proposer or a trial asked its model: the broker's own rows. */
    { "asked", OVERSEERS, 0 },
    { "answered", OVERSEERS, 0 },
};

int permit_check(enum journal_role role, enum journal_op op, struct err *err)
{
    if (op > 0 && op < OPS && (rows[op].roles & ROLE(role)))
        return 0;
    return err_set(err, ERR_DENIED, "the role %s may not %s", NAME_OF(journal_role_words, role),
        op > 0 && op < OPS ? rows[op].word : "ask that");
}

int permit_verb(enum journal_role role, struct str verb, struct err *err)
{
    char word[JOURNAL_WORD_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!str_equal(verb, str_of(verbs[i].verb)))
            continue;
        return verbs[i].roles & ROLE(role)
                   ? 0
                   : err_set(err, ERR_DENIED, "the role %s may not ask the service to %s",
                         NAME_OF(journal_role_words, role), verbs[i].verb);
    }
    return err_set(err, ERR_MISSING, "a service has no verb %s",
        str_printable(word, sizeof word, verb, false));
}

enum { HELD_IN, HELD_OUT, TEST }; /* the numbers of trials/split.h, which are the journal's */

/* The miner gives groups their split, and people see what there is. Before a session is sealed this
 * is all that guards it. */
bool permit_sees(enum journal_role role, struct permit_seen seen)
{
    switch (role) {
    case JOURNAL_PROPOSE:
        return seen.split == HELD_IN && !seen.sealed;
    case JOURNAL_TRIAL:
    case JOURNAL_DRIVE:
        return seen.split != TEST && !seen.sealed;
    case JOURNAL_REPORT:
        return seen.split == TEST && seen.sealed && seen.open;
    default:
        return true;
    }
}

/* Whoever may know that it is there hears why it cannot be read. */
bool permit_finds(enum journal_role role, struct permit_seen seen)
{
    return role != JOURNAL_PROPOSE || permit_sees(role, seen);
}

bool permit_shows(enum journal_role role)
{
    return role == JOURNAL_VIEW;
}

int permit_reading(enum journal_role role, struct permit_seen seen, struct err *err)
{
    bool report = role == JOURNAL_REPORT;
    if (permit_sees(role, seen) && (!seen.sealed || report))
        return 0;
    if (seen.sealed && permit_finds(role, seen)) {
        err_set(err, ERR_STATE, "that session is sealed: it belongs to the test split");
        return err_hint(err, "moult report opens a shard of it, once, for an approved candidate");
    }
    if (seen.split == TEST && permit_finds(role, seen))
        return err_set(err, ERR_DENIED,
            "that session is of the test split: the role %s may not see it",
            journal_role_words[role]);
    return err_set(
        err, ERR_DENIED, "the role %s may not see that session", journal_role_words[role]);
}

static const struct kind *find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_equal(name, str_of(kinds[i].name)))
            return &kinds[i];
    return NULL;
}

bool permit_writes(enum journal_role role, struct str kind)
{
    const struct kind *row = find(kind);
    return row && (row->writers & ROLE(role));
}

bool permit_reads(enum journal_role role, struct str kind)
{
    const struct kind *row = find(kind);
    return row && (row->readers & ROLE(role));
}
