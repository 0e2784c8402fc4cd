/* store - the journal's tables in SQLite. One writer: the broker's loop thread.
 *
 * Append-only tables refuse UPDATE and DELETE by trigger. Message bytes are kept once for each
 * digest. Everything between store_begin and store_commit is one transaction; what a failed call
 * wrote is rolled back with it. */
#pragma once

#include "wire/journal_op.h"

struct store;
/* ERR_INPUT: the file is no journal, or one of a newer moult; an older one gets what it lacks. */
int store_open(struct store **ret, const char *path, const char *home_id, struct err *err);
void store_free(struct store *store);
int store_begin(struct store *store, struct err *err);
/* Durable when it returns 0. On failure everything since store_begin is gone. */
int store_commit(struct store *store, struct err *err);
/* The same, but durable only when *ret_fd, the store's, is synced (fdatasync, from any thread), or
 * with store_sync; -1: it is. */
int store_commit_unsynced(struct store *store, int *ret_fd, struct err *err);
int store_sync(struct store *store, struct err *err);
/* What a sync that failed with this errno is told as, with advice. */
int store_sync_failed(int error, struct err *err);
void store_rollback(struct store *store);
/* Is a transaction open? A disk that is full may have ended it. */
bool store_writing(const struct store *store);
/* Within a transaction: what was written since the mark is undone, or stays. One mark at a time. */
int store_mark(struct store *store, struct err *err);
void store_undo(struct store *store);
void store_keep(struct store *store);

/* 1 added, 0 known already. */
int store_add(struct store *store, const struct journal_session *session, struct err *err);
/* Answers are packed as journal_op.h says. */
int store_list(
    struct store *store, enum journal_role role, uint64_t after, struct buf *out, struct err *err);
int store_read(
    struct store *store, enum journal_role role, uint64_t number, struct buf *out, struct err *err);
int store_find(struct store *store, enum journal_role role, struct str prefix, struct buf *out,
    struct err *err);
int store_split(
    struct store *store, struct str group, uint8_t split, struct buf *out, struct err *err);
/* A person reads what that session says: its group is held-in from now on. */
int store_shown(struct store *store, uint64_t session, struct err *err);
/* Groups that are one. */
int store_put_sketches(struct store *store, struct unpack *in, struct err *err); /* as packed */
int store_sketches(struct store *store, uint64_t after, struct buf *out, struct err *err);
int store_kin(struct store *store, struct str group, struct str root, struct err *err);
int store_aside(struct store *store, uint64_t session, struct err *err);
/* The group's split, JOURNAL_NO_SPLIT, or an error; and its move, with its record. */
int store_split_of(struct store *store, struct str group, struct err *err);
int store_split_move(struct store *store, struct str group, int from, uint8_t to, struct err *err);
/* The sealed split. Seals what is due, some at a time; home: whose reviewers hold the locks. */
struct home;
int store_seal(struct store *store, const struct home *home, uint64_t idle_ms, struct buf *out,
    struct err *err);
/* Behind the commit of a store_seal: the log has no copy of what was sealed. */
void store_forget(struct store *store);
/* The number of the shard that a group is in or comes into now, and its key; or an error. */
int64_t store_shard_for(struct store *store, struct str group, const struct home *home,
    uint8_t ret_key[32], struct err *err);
int store_splits(struct store *store, struct journal_splits *ret, struct err *err);
int store_open_shard(struct store *store, struct str candidate, struct buf *out, struct err *err);
int store_report_shard(struct store *store, uint32_t shard, struct str candidate,
    const struct digest *claim, struct err *err);
int store_openings(struct store *store, uint64_t from, struct buf *out, struct err *err);
int store_put(
    struct store *store, struct str kind, struct str text, struct buf *out, struct err *err);
int store_get(struct store *store, struct str kind, const struct digest *digest, struct buf *out,
    struct err *err);
/* All of a kind that is a decision, from the one at `from`; ERR_DENIED for other kinds. Each is
 * written once and stands in the audit chain. */
int store_documents(
    struct store *store, struct str kind, uint64_t from, struct buf *out, struct err *err);
/* What moult.json waives, as bits of layers: a document "waiver" when that has changed. Begins and
 * commits. */
int store_waiver(struct store *store, uint32_t layers, struct err *err);
/* When a person ended that mandate; 0: nobody did. */
int store_mandate_ended(
    struct store *store, const struct digest *mandate, uint64_t *ret_ms, struct err *err);
int store_move_cluster(
    struct store *store, const struct journal_cluster *cluster, struct str from, struct err *err);
int store_clusters(struct store *store, struct buf *out, struct err *err);
/* Candidates and admissions; what is malformed is ERR_INPUT. */
int store_move_candidate(struct store *store, const struct journal_move *move, struct err *err);
int store_candidates(struct store *store, uint64_t from, struct buf *out, struct err *err);
/* How many wait for a person. */
int store_waiting(struct store *store, struct err *err);
int store_admit(struct store *store, struct str body, struct buf *out, struct err *err);
int store_admissions(struct store *store, uint64_t from, struct buf *out, struct err *err);
/* The ledger of looks, the freeze, and checkpoints. */
int store_look(struct store *store, const struct digest *shard, struct str candidate,
    const struct journal_debit *debit, struct buf *out, struct err *err);
int store_look_end(struct store *store, const struct digest *shard, struct str candidate,
    bool passed, struct err *err);
int store_looks(struct store *store, uint64_t from, struct buf *out, struct err *err);
int store_freeze(struct store *store, bool frozen, struct str why, struct err *err);
/* 0 or 1. */
int store_frozen(struct store *store, struct err *err);
int store_checkpoint(struct store *store, uint64_t record, const struct digest *head,
    struct str envelope, struct err *err);
int store_checkpoints(struct store *store, uint64_t from, struct buf *out, struct err *err);
int store_last_checkpoint(struct store *store, struct buf *out, struct err *err);
int store_audit(struct store *store, uint64_t after, struct buf *out, struct err *err);
/* The records of a quarantine: found by an index, however long the chain is. */
int store_quarantines(struct store *store, uint64_t after, struct buf *out, struct err *err);
/* A round of evolution that the service or an agent asked for, in the audit chain: it begins, or
 * ends. In a transaction. */
int store_round(struct store *store, bool begins, const char *by, struct str why, struct err *err);
/* What a program of a tool's box asked of its network, in the audit chain. In a transaction. */
struct toolbox_contact;
int store_contact(struct store *store, const struct toolbox_contact *contact, struct err *err);
/* How many began at a time from..to; *ret_cut: the service's last one has no end. */
int store_rounds(struct store *store, uint64_t from_ms, uint64_t to_ms, uint32_t *ret_count,
    bool *ret_cut, struct err *err);
/* Live sessions for people: by name; turns; what happened (turn: its ordinal + 1, 0: all); and a
 * person's word against it. */
int store_named(
    struct store *store, enum journal_role role, struct str name, struct buf *out, struct err *err);
int store_turns(struct store *store, enum journal_role role, uint64_t session, uint64_t from,
    struct buf *out, struct err *err);
int store_entries(struct store *store, enum journal_role role, uint64_t session, uint64_t turn,
    uint64_t from, struct buf *out, struct err *err);
int store_flag(
    struct store *store, uint64_t session, uint64_t turn, struct str why, struct err *err);
