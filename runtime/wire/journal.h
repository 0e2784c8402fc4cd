/* journal - the client side of the journal: every other program reads and appends through it.
 *
 * The broker is the journal's only writer (SQLite, WAL, synchronous FULL). A client speaks to the
 * broker of the home over run/journal.sock; where none answers, journal_open starts one for as long
 * as it has clients. What a role may do is the broker's table (runtime/broker/permit.c); the rows
 * that a role may not see are not sent. A role is claimed by connecting: the socket is the owner's
 * alone (mode 0600, and the broker checks the peer's uid), so a role narrows what a program of this
 * user can do by mistake; the processes that are not trusted have no path to the socket at all.
 *
 * Blocking, one thread. Slices that a call gives are valid until the next call. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"
#include "wire/home.h"

#include <stdbool.h>

enum journal_role {
    JOURNAL_IMPORT,  /* appends sessions */
    JOURNAL_MINE,    /* reads sessions; writes splits, documents, clusters */
    JOURNAL_TRIAL,   /* reads sessions, documents; writes reports */
    JOURNAL_DRIVE,   /* everything that decides */
    JOURNAL_VIEW,    /* reads */
    JOURNAL_PROPOSE, /* reads held-in sessions and documents; nothing else */
    JOURNAL_REPORT,  /* opens a shard of the sealed split, and reads what is in it */
    JOURNAL_ROLES
};
enum journal_standing { JOURNAL_FACT, JOURNAL_TESTIMONY, JOURNAL_CLAIM, JOURNAL_STANDINGS };
extern const char *const journal_role_words[JOURNAL_ROLES];
extern const char *const journal_standing_words[JOURNAL_STANDINGS];

enum {
    JOURNAL_FRAME_MAX = 80 << 20, /* one session with its messages */
    JOURNAL_DOCUMENT_MAX = 32 << 20,
    JOURNAL_BODY_MAX = 256 << 10, /* of a candidate or an admission */
    JOURNAL_MOVES_MAX = 64,
    JOURNAL_WHY_MAX = 500,
    JOURNAL_ENVELOPE_MAX = 16 << 10,
    JOURNAL_PAGE = 256
};

struct journal;
int journal_open(
    struct journal **ret, const struct home *home, enum journal_role role, struct err *err);
void journal_close(struct journal *journal); /* what was not flushed is lost; NULL is fine */

struct journal_message {
    uint32_t turn;
    uint8_t standing; /* enum journal_standing */
    bool failed;      /* a result that is an error */
    struct str bytes; /* one JSON object, as it came */
    /* Reading a live session. A reply or result that a build changed has what the conversation went
     * on with in bytes, and a reply what the model had said in own; one that a client brought is as
     * it came, whatever a build made of it (docs/reference/trace.md). */
    uint8_t
        origin; /* 0: brought by a client or person; 1: an effect's result; 2: a build wrote it */
    struct str own; /* or empty */
};
struct journal_session {
    uint64_t number;  /* the journal's; grows with each session (reading) */
    struct digest id; /* journal_session_id */
    bool gateway;
    struct str principal, format, source, origin;
    struct str group; /* reading: that it counts with, by likeness too (journal_kin) */
    struct str tools; /* JSON, or empty */
    bool offered;
    struct str meta; /* one JSON object: what the source says of the run */
    uint8_t split;   /* reading: enum split, or JOURNAL_NO_SPLIT before its group has one */
    bool aside;      /* reading: it counts in no group (journal_aside), and has no split */
    uint32_t shard;  /* reading: of the sealed split that it is sealed in; 0: it is not sealed */
    uint64_t at_ms;  /* reading: when it was added, or began */
    bool live;       /* reading: the service's own; then also */
    struct str name; /* as X-Moult-Session says, or empty */
    uint32_t turns;
    uint32_t flags; /* reading: how often a person said that it went wrong */
    uint64_t last;  /* reading: number of its newest row; 0: imported. One that is the same has not
                       grown */
    uint32_t messages_count;
    struct journal_message *messages; /* adding, and journal_read; NULL in lists */
};
enum { JOURNAL_NO_SPLIT = 255 };
/* Of everything that is kept of a session but where it came from: the same run imported twice is
 * one. */
struct digest journal_session_id(const struct journal_session *session);

/* Sends one session; many are written in one transaction. Nothing is acknowledged before
 * journal_flush returns. A session that the journal has already is counted in *ret_known. */
int journal_add(struct journal *journal, const struct journal_session *session, struct err *err);
int journal_flush(
    struct journal *journal, uint64_t *ret_added, uint64_t *ret_known, struct err *err);

/* A page of sessions with a number over `after`, without messages, in order. *ret_count 0: the end.
 */
int journal_list(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_session **ret, uint32_t *ret_count, struct err *err);
/* One whole session. ERR_MISSING; ERR_DENIED when this role may not see it. */
int journal_read(struct journal *journal, uint64_t number, struct arena *arena,
    struct journal_session *ret, struct err *err);
/* By the first digits (at least 6) of its id. ERR_MISSING, ERR_STATE when several begin so. */
int journal_find(struct journal *journal, struct str prefix, uint64_t *ret_number, struct err *err);

/* Fixes the split of a group, or answers the one that it has. A group moves down only (test to
 * held-out to held-in): `split` below the present one is taken and journaled, above it is
 * ERR_DENIED. */
int journal_split(struct journal *journal, struct str group, uint8_t split, struct err *err);

/* --- groups that are one (docs/reference/splits.md)
 *
 * What a session says, as a likeness can be seen from it: bytes that mean something to the miner
 * alone. messages: how many there were then. */
enum { JOURNAL_SKETCH = 260 };
struct journal_sketch {
    uint64_t session;
    uint32_t messages;
    uint8_t bytes[JOURNAL_SKETCH];
};
/* JOURNAL_PAGE at most. */
int journal_put_sketches(struct journal *journal, const struct journal_sketch *sketches,
    uint32_t count, struct err *err);
/* A page of them, by session, over `after`. *ret_count 0: the end. */
int journal_sketches(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_sketch **ret, uint32_t *ret_count, struct err *err);
/* group counts with root from now on. Where group's split is the lower one, root moves down to it.
 * Both stand in the audit chain. */
int journal_kin(struct journal *journal, struct str group, struct str root, struct err *err);
/* That session counts in no group, for good. */
int journal_aside(struct journal *journal, uint64_t session, struct err *err);

/* --- the sealed split (docs/reference/splits.md)
 *
 * What sessions of test groups say is sealed: journal_read gives boxes (base/seal.h) in place of
 * bytes, own and meta, to JOURNAL_REPORT alone, and of a shard that is open. */

/* Seals what is due: imported sessions, and those of the service whose last turn has ended, with
 * nothing new for idle_ms. Returns how many; ERR_MISSING: the home has no reviewer to seal for. */
int journal_seal(struct journal *journal, uint64_t idle_ms, struct err *err);

struct journal_splits {
    uint64_t groups[3]; /* by enum split */
    uint64_t sealed;    /* sessions */
    uint32_t shards, opened;
};
int journal_splits(struct journal *journal, struct journal_splits *ret, struct err *err);

/* Opens a shard for that candidate: the one that it has opened already, else the oldest that nobody
 * has. It is durable, and in the audit chain, when this returns. ERR_DENIED: the candidate was not
 * approved; ERR_MISSING: there is no shard to open; ERR_STATE: its shard was reported on. */
struct journal_shard {
    uint32_t number;
    struct str locks; /* JSON, in the arena: journal_unlock reads it */
};
int journal_open_shard(struct journal *journal, struct str candidate, struct arena *arena,
    struct journal_shard *ret, struct err *err);
/* Closes it for good, with the document (kind "claim") that says what was seen. */
int journal_report_shard(struct journal *journal, uint32_t shard, struct str candidate,
    const struct digest *claim, struct err *err);
struct journal_opening {
    uint32_t shard;
    struct str candidate;
    struct digest claim; /* zero: not closed yet */
};
/* All, by shard; texts are in the arena. */
int journal_openings(struct journal *journal, struct arena *arena, struct journal_opening **ret,
    uint32_t *ret_count, struct err *err);
/* The shard's own key, by a reviewer's. ERR_DENIED: it was not sealed for this one. */
struct seal_pair;
struct sign_key;
int journal_unlock(
    struct seal_pair *ret, struct str locks, const struct sign_key *reviewer, struct err *err);
/* The same session with what it says in the open, in the arena. */
int journal_unseal(struct journal_session *session, const struct seal_pair *pair,
    struct arena *arena, struct err *err);

/* Documents: immutable JSON by kind ("batch", "report", "verdict", ...) and SHA-256 of the text. */
int journal_put(struct journal *journal, const char *kind, struct str text, struct digest *ret,
    struct err *err);
int journal_get(struct journal *journal, const char *kind, const struct digest *digest,
    struct arena *arena, struct str *ret, struct err *err);

/* All documents of a kind that is a decision (docs/reference/journal.md), in the order in which
 * they came; texts are in the arena. Each is in the audit chain too. */
struct journal_document {
    struct digest digest; /* checked */
    uint64_t at_ms;
    struct str text;
};
int journal_documents(struct journal *journal, const char *kind, struct arena *arena,
    struct journal_document **ret, uint32_t *ret_count, struct err *err);

/* Clusters: one row an id, moved by compare-and-swap on its state ("" : it does not exist yet).
 * Each move is one transaction with its record in the audit chain. */
struct journal_cluster {
    struct str id, signature, state;
    struct digest document; /* the latest document that the state rests on */
};
int journal_move_cluster(struct journal *journal, const struct journal_cluster *cluster,
    const char *from_state, struct err *err);
/* Texts are in the arena. */
int journal_clusters(struct journal *journal, struct arena *arena, struct journal_cluster **ret,
    uint32_t *ret_count, struct err *err);

/* Candidates: one row an id (hex digits), moved by compare-and-swap on its state ("": it does not
 * exist yet). The body is one JSON object, everything that is known of the candidate at that state;
 * the audit record of the move holds it whole, so what each stage rested on stays readable. Several
 * moves and at most one admission are one transaction: all or none. ERR_PEER: the broker went; what
 * the rows say then is what happened. */
struct journal_move {
    struct str id, from, to, body;
};
int journal_move_candidates(
    struct journal *journal, const struct journal_move *moves, uint32_t count, struct err *err);
struct journal_candidate {
    struct str id, state, body;
};
/* All, in the order in which they were made; texts are in the arena. */
int journal_candidates(struct journal *journal, struct arena *arena, struct journal_candidate **ret,
    uint32_t *ret_count, struct err *err);

/* Admissions: numbered from 0, each a JSON object with at least "home", "number", "before" (digest
 * of the admission before, null for the first), "kind" ("init", "promotion", "rollback") and
 * "commit". The broker refuses one that does not follow the last (ERR_STATE), names another home,
 * or comes while the home is frozen (ERR_DENIED; not for "rollback"). The row is the commit point
 * of a promotion. moves may be none. *ret: the digest of the body. */
int journal_admit(struct journal *journal, struct str body, const struct journal_move *moves,
    uint32_t count, struct digest *ret, struct err *err);
struct journal_admission {
    uint64_t number, at_ms;
    struct digest digest;
    struct str body;
};
int journal_admissions(struct journal *journal, struct arena *arena, struct journal_admission **ret,
    uint32_t *ret_count, struct err *err);
/* Those whose number is at least `from`. */
int journal_admissions_from(struct journal *journal, struct arena *arena, uint64_t from,
    struct journal_admission **ret, uint32_t *ret_count, struct err *err);

/* The ledger of held-out looks. A look is durable before the first held-out case is read: the same
 * candidate on the same shard gets the look that it has. k: looks at this shard, this one included;
 * passes: those before it that had passed when it was made. journal_look_end notes the answer once;
 * another one later is ERR_STATE, the same one again is nothing. */
struct journal_look {
    uint32_t k, passes;
    bool ended, passed;
    uint32_t own;  /* looks of its proposer's share of the shard, this one included; 0: an old row,
                      whose level follows from k and passes */
    double level;  /* what it may spend, as it was worked out before the row; 0: an old row */
    uint64_t seen; /* number of the last session that was there when it was made */
};
/* What the caller has worked out from the ledger. ERR_STATE: it has moved on meanwhile. */
struct journal_debit {
    struct str proposer; /* who may be nobody: empty */
    uint32_t k, passes;  /* k 0: whatever comes */
    uint32_t own;        /* 0: k */
    double level;        /* in [0, 1] */
};
int journal_look(struct journal *journal, const struct digest *shard, struct str candidate,
    const struct journal_debit *debit, struct journal_look *ret, struct err *err);
int journal_look_end(struct journal *journal, const struct digest *shard, struct str candidate,
    bool passed, struct err *err);

struct journal_look_row {
    struct digest shard;
    struct str candidate, proposer;
    struct journal_look look;
};
/* The whole ledger, in the order in which looks were made; texts are in the arena. */
int journal_looks(struct journal *journal, struct arena *arena, struct journal_look_row **ret,
    uint32_t *ret_count, struct err *err);

/* No promotion until a person says so. why: one line, at most JOURNAL_WHY_MAX bytes. */
int journal_freeze(struct journal *journal, bool frozen, struct str why, struct err *err);
int journal_frozen(struct journal *journal, bool *ret, struct err *err);

/* A signed statement over the chain's head at a record; the broker refuses one whose record and
 * head are not the chain's (ERR_VERIFY). The first one for a record stays. */
int journal_checkpoint(struct journal *journal, uint64_t record, const struct digest *head,
    struct str envelope, struct err *err);
struct journal_checkpoint {
    uint64_t record;
    struct digest head;
    struct str envelope;
};
/* By record; texts are in the arena. */
int journal_checkpoints(struct journal *journal, struct arena *arena,
    struct journal_checkpoint **ret, uint32_t *ret_count, struct err *err);

/* The newest one. ERR_MISSING: there is none. */
int journal_last_checkpoint(
    struct journal *journal, struct arena *arena, struct journal_checkpoint *ret, struct err *err);

/* The audit chain: digest = SHA-256 over (previous digest, number, time, kind, body), each part
 * with its length in front. */
struct journal_record {
    uint64_t number, at_ms;
    struct str kind, body; /* body: JSON */
    struct digest before, digest;
};
int journal_audit(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_record **ret, uint32_t *ret_count, struct err *err);
struct digest journal_record_digest(const struct journal_record *record);
/* Is it the record of that number behind the one with digest `before`? ERR_VERIFY names it. */
int journal_record_check(const struct journal_record *record, uint64_t number,
    const struct digest *before, struct err *err);
/* Reads the whole chain. *ret_head is its last digest. ERR_VERIFY names the first bad record. */
int journal_audit_verify(
    struct journal *journal, uint64_t *ret_records, struct digest *ret_head, struct err *err);
/* The same on from a record that was verified: *records is its number and *head its digest, and
 * then the last one's. What stands before it is not read again, and *head still commits to it. */
int journal_audit_verify_on(
    struct journal *journal, uint64_t *records, struct digest *head, struct err *err);
/* The records of quarantines alone: few, and not searched for in the chain. Which of them are in
 * the chain a verification says. */
int journal_quarantines(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_record **ret, uint32_t *ret_count, struct err *err);

/* --- live sessions */

/* The one of that X-Moult-Session name. ERR_MISSING; ERR_STATE when several principals have one. */
int journal_named(struct journal *journal, struct str name, uint64_t *ret_number, struct err *err);

/* What a person calls a session: the first digits of its id, or its name. */
int journal_lookup(struct journal *journal, struct str text, uint64_t *ret_number, struct err *err);

struct journal_turn {
    uint64_t number;
    uint32_t ordinal;         /* within its session, from 0 */
    struct digest generation; /* that was active when it began */
    uint64_t at_ms;
    uint8_t how; /* enum wire_ended; 0: it has no end yet */
    struct str why;
    uint64_t ended_ms;
    uint32_t effects;
};
/* All turns of a session, in order; texts are in the arena. None: it was imported. */
int journal_turns(struct journal *journal, uint64_t session, struct arena *arena,
    struct journal_turn **ret, uint32_t *ret_count, struct err *err);

/* What happened in a session, in order. data: one JSON object on one line, by kind
 * (docs/reference/trace.md). */
struct journal_entry {
    uint64_t seq;     /* grows, with gaps */
    uint64_t turn;    /* its number, 0: none */
    uint32_t ordinal; /* of the turn */
    uint64_t at_ms;
    struct str kind;
    uint8_t standing;   /* enum journal_standing */
    uint64_t causation; /* seq of the entry that it came from, 0: none */
    struct str data;
};
enum { JOURNAL_ALL_TURNS = -1 };
/* A page from seq `from` on, of one turn (its ordinal) or of all. *ret_count 0: the end. */
int journal_entries(struct journal *journal, uint64_t session, int64_t turn, uint64_t from,
    struct arena *arena, struct journal_entry **ret, uint32_t *ret_count, struct err *err);

/* A person says that this is wrong: a row that the miner reads, and an audit record. */
int journal_flag(
    struct journal *journal, uint64_t session, int64_t turn, struct str why, struct err *err);

/* Asks the running service: JSON in, JSON out (in the arena). ERR_STATE: none runs here. */
int journal_service(struct journal *journal, const char *verb, struct str body, struct arena *arena,
    struct str *ret, struct err *err);
