/* peer_request - one request of the journal's protocol: permitted by the table, then a transaction.
 *
 * Sessions that a client adds join the group of the loop's turn (commit.h) and are acknowledged by
 * FLUSH, behind the disk. Other requests are a transaction each, behind what the group holds: each
 * has its own answer. */
#include "broker/peer.h"

#include "base/mem.h"
#include "broker/decide.h"
#include "broker/permit.h"

#include <string.h>

#define IDLE_MS_MAX (100ull * 365 * 24 * 3600 * 1000)

static int malformed(struct err *err)
{
    return err_set(err, ERR_INPUT, "a request that is malformed");
}

/* --- sessions that are added */

static void on_added(void *with, int rc, const struct err *err)
{
    struct peer *peer = with;
    peer->waits = false;
    if (rc < 0 && !peer->adding.code)
        peer->adding = *err;
    peer_settled(peer);
}

static int add_session(struct peer *peer, struct unpack *in, struct err *err)
{
    struct serving *serving = peer->serving;
    struct journal_session session;
    if (!journal_unpack_session(in, &serving->arena, &session) || !unpack_end(in) ||
        (session.messages_count > 0 && !session.messages))
        return err_set(err, ERR_INPUT, "a session that is malformed");
    int rc = commit_mark(serving->commit, err);
    if (rc < 0)
        return rc;
    rc = store_add(serving->store, &session, err);
    if (rc < 0) {
        commit_undo(serving->commit);
        return rc;
    }
    commit_keep(serving->commit);
    peer->added += rc == 1;
    peer->known += rc == 0;
    if (!peer->waits)
        commit_after(serving->commit, on_added, peer);
    peer->waits = true;
    return 0;
}

static void do_add(struct peer *peer, struct unpack *in)
{
    struct err err = { 0 };
    if (peer->adding.code)
        return; /* nothing is taken behind a failure */
    if (permit_check(peer->role, OP_ADD, &err) < 0 || add_session(peer, in, &err) < 0)
        peer->adding = err;
}

static void on_flushed(void *with, int rc, const struct err *err)
{
    struct peer *peer = with;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err adding = peer->adding;
    if (rc < 0 && !adding.code)
        adding = *err;
    pack_u64(&out, peer->added);
    pack_u64(&out, peer->known);
    memset(&peer->adding, 0, sizeof peer->adding);
    peer->added = peer->known = 0;
    peer->flushing = false;
    peer_reply(peer, -adding.code, &adding, &out);
    peer_take(peer);
    peer_settled(peer);
}

/* --- requests with an answer of their own */

static int do_hello(struct peer *peer, struct unpack *in, struct err *err)
{
    uint32_t version = unpack_u32(in);
    uint8_t role = unpack_u8(in);
    if (!unpack_end(in) || role >= JOURNAL_ROLES)
        return malformed(err);
    if (version != JOURNAL_VERSION)
        return err_set(err, ERR_STATE,
            "this broker speaks version %d of the journal's protocol, not %u", JOURNAL_VERSION,
            version);
    peer->role = (enum journal_role)role;
    peer->greeted = true;
    return 0;
}

static int do_put(struct peer *peer, struct unpack *in, struct buf *out, struct err *err)
{
    struct str kind = unpack_text(in, JOURNAL_TEXT_MAX),
               text = unpack_text(in, JOURNAL_DOCUMENT_MAX);
    if (!unpack_end(in))
        return malformed(err);
    if (!permit_writes(peer->role, kind))
        return err_set(err, ERR_DENIED, "the role %s may not write that kind of document",
            journal_role_words[peer->role]);
    return store_put(peer->serving->store, kind, text, out, err);
}

static int do_get(struct peer *peer, struct unpack *in, struct buf *out, struct err *err)
{
    struct str kind = unpack_text(in, JOURNAL_TEXT_MAX);
    struct digest digest = unpack_digest(in);
    if (!unpack_end(in))
        return malformed(err);
    if (!permit_reads(peer->role, kind))
        return err_set(err, ERR_DENIED, "the role %s may not read that kind of document",
            journal_role_words[peer->role]);
    return store_get(peer->serving->store, kind, &digest, out, err);
}

static int do_move_cluster(struct peer *peer, struct unpack *in, struct err *err)
{
    struct journal_cluster cluster = { .id = unpack_text(in, JOURNAL_TEXT_MAX),
        .signature = unpack_text(in, JOURNAL_TEXT_MAX),
        .state = unpack_text(in, JOURNAL_TEXT_MAX) };
    struct str from = unpack_text(in, JOURNAL_TEXT_MAX);
    cluster.document = unpack_digest(in);
    if (!unpack_end(in) || cluster.id.size == 0)
        return malformed(err);
    return store_move_cluster(peer->serving->store, &cluster, from, err);
}

static int do_live(
    struct peer *peer, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct store *store = peer->serving->store;
    struct str name = { 0 }, why = { 0 };
    uint64_t session = 0, turn = 0, from = 0;
    if (op == OP_NAMED)
        name = unpack_text(in, JOURNAL_TEXT_MAX);
    else
        session = unpack_u64(in);
    if (op == OP_EVENTS || op == OP_FLAG)
        turn = unpack_u64(in);
    if (op == OP_EVENTS || op == OP_TURNS)
        from = unpack_u64(in);
    if (op == OP_FLAG)
        why = unpack_text(in, JOURNAL_WHY_MAX);
    if (!unpack_end(in) || turn > UINT32_MAX || from > INT64_MAX || session > INT64_MAX)
        return malformed(err);
    switch (op) {
    case OP_NAMED:
        return store_named(store, peer->role, name, out, err);
    case OP_TURNS:
        return store_turns(store, peer->role, session, from, out, err);
    case OP_EVENTS: {
        int rc = store_entries(store, peer->role, session, turn, from, out, err);
        return rc < 0 || !permit_shows(peer->role) ? rc : store_shown(store, session, err);
    }
    default:
        return store_flag(store, session, turn, why, err);
    }
}

static int do_splits(struct store *store, struct buf *out, struct err *err)
{
    struct journal_splits splits;
    int rc = store_splits(store, &splits, err);
    if (rc == 0)
        journal_pack_splits(out, &splits);
    return rc;
}

/* The sealed split. */
static int do_sealed(
    struct peer *peer, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct serving *serving = peer->serving;
    uint64_t number = op == OP_SEAL || op == OP_OPENINGS ? unpack_u64(in) : 0;
    uint32_t shard = op == OP_OPEN_END ? unpack_u32(in) : 0;
    bool names = op == OP_OPEN || op == OP_OPEN_END;
    struct str candidate = names ? unpack_text(in, JOURNAL_ID_MAX) : (struct str){ 0 };
    struct digest claim = { { 0 } };
    if (op == OP_OPEN_END)
        claim = unpack_digest(in);
    if (!unpack_end(in) || number > IDLE_MS_MAX)
        return malformed(err);
    switch (op) {
    case OP_SEAL:
        return store_seal(serving->store, &serving->home, number, out, err);
    case OP_OPENINGS:
        return store_openings(serving->store, number, out, err);
    case OP_SPLITS:
        return do_splits(serving->store, out, err);
    case OP_OPEN:
        return store_open_shard(serving->store, candidate, out, err);
    default:
        return store_report_shard(serving->store, shard, candidate, &claim, err);
    }
}

/* Groups that are one. */
static int do_kin(
    struct peer *peer, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct store *store = peer->serving->store;
    if (op == OP_SKETCH)
        return store_put_sketches(store, in, err);
    uint64_t number = op == OP_KIN ? 0 : unpack_u64(in);
    struct str group = { 0 }, root = { 0 };
    if (op == OP_KIN) {
        group = unpack_text(in, JOURNAL_TEXT_MAX);
        root = unpack_text(in, JOURNAL_TEXT_MAX);
    }
    if (!unpack_end(in) || number > INT64_MAX)
        return malformed(err);
    switch (op) {
    case OP_SKETCHES:
        return store_sketches(store, number, out, err);
    case OP_KIN:
        return store_kin(store, group, root, err);
    default:
        return store_aside(store, number, err);
    }
}

static int dispatch(
    struct peer *peer, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct store *store = peer->serving->store;
    if ((op >= OP_MOVE_CANDIDATES && op <= OP_CHECKPOINTS) || op == OP_DOCUMENTS ||
        op == OP_LAST_CHECKPOINT || op == OP_QUARANTINES)
        return decide(store, op, in, &peer->serving->arena, out, err);
    if (op >= OP_SKETCH && op <= OP_ASIDE)
        return do_kin(peer, op, in, out, err);
    if (op >= OP_SEAL && op <= OP_OPENINGS)
        return do_sealed(peer, op, in, out, err);
    if (op >= OP_NAMED)
        return do_live(peer, op, in, out, err);
    if (op == OP_PUT)
        return do_put(peer, in, out, err);
    if (op == OP_GET)
        return do_get(peer, in, out, err);
    if (op == OP_MOVE_CLUSTER)
        return do_move_cluster(peer, in, err);
    struct str text = { 0 };
    uint64_t number = 0;
    uint8_t split = 0;
    if (op == OP_FIND || op == OP_SPLIT)
        text = unpack_text(in, JOURNAL_TEXT_MAX);
    if (op == OP_SPLIT)
        split = unpack_u8(in);
    if (op == OP_LIST || op == OP_READ || op == OP_AUDIT)
        number = unpack_u64(in);
    if (!unpack_end(in))
        return malformed(err);
    switch (op) {
    case OP_LIST:
        return store_list(store, peer->role, number, out, err);
    case OP_READ: {
        int rc = store_read(store, peer->role, number, out, err);
        return rc < 0 || !permit_shows(peer->role) ? rc : store_shown(store, number, err);
    }
    case OP_FIND:
        return store_find(store, peer->role, text, out, err);
    case OP_SPLIT:
        return store_split(store, text, split, out, err);
    case OP_CLUSTERS:
        return store_clusters(store, out, err);
    case OP_AUDIT:
        return store_audit(store, number, out, err);
    default:
        return malformed(err);
    }
}

static int in_transaction(
    struct peer *peer, enum journal_op op, struct unpack *in, struct buf *out, struct err *err)
{
    struct serving *serving = peer->serving;
    int rc = commit_now(serving->commit, err);
    if (rc < 0 || (rc = store_begin(serving->store, err)) < 0)
        return rc;
    rc = dispatch(peer, op, in, out, err);
    if (rc < 0) {
        store_rollback(serving->store);
        return rc;
    }
    rc = store_commit(serving->store, err);
    if (rc == 0 && op == OP_SEAL)
        store_forget(serving->store);
    if (rc == 0 && op == OP_ADMIT && serving->service.admitted)
        serving->service.admitted(serving->service.with);
    return rc;
}

/* --- what the running service is asked */

static int no_service(struct err *err)
{
    err_set(err, ERR_STATE, "no service runs for this home");
    return err_hint(err, "start it: moult serve");
}

static int ask_service(struct peer *peer, struct unpack *in, struct buf *out, struct err *err)
{
    struct serving *serving = peer->serving;
    CLEANUP(buf_done) struct buf answer = { 0 };
    struct str verb = unpack_text(in, JOURNAL_WORD_MAX), body = unpack_text(in, JOURNAL_META_MAX);
    if (!unpack_end(in))
        return malformed(err);
    int rc = permit_verb(peer->role, verb, err);
    if (rc == 0 && !serving->service.verb)
        rc = no_service(err);
    if (rc < 0 || (rc = commit_mark(serving->commit, err)) < 0)
        return rc;
    rc = serving->service.verb(serving->service.with, peer, verb, body, &answer, err);
    if (rc < 0) {
        commit_undo(serving->commit);
        return rc;
    }
    commit_keep(serving->commit);
    pack_text(out, buf_view(&answer));
    return commit_now(serving->commit, err);
}

void peer_request(struct peer *peer, struct str frame)
{
    struct unpack in = unpack_begin(frame);
    enum journal_op op = (enum journal_op)unpack_u8(&in);
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err = { 0 };
    int rc;
    arena_reset(&peer->serving->arena);
    if (peer->greeted && op == OP_ADD) {
        do_add(peer, &in);
        return;
    }
    if (!peer->greeted)
        rc = op == OP_HELLO ? do_hello(peer, &in, &err) : malformed(&err);
    else
        rc = permit_check(peer->role, op, &err);
    if (rc == 0 && op == OP_FLUSH) {
        peer->flushing = true;
        commit_after(peer->serving->commit, on_flushed, peer);
        return;
    }
    if (rc == 0 && op != OP_HELLO)
        rc = op == OP_SERVICE ? ask_service(peer, &in, &out, &err)
                              : in_transaction(peer, op, &in, &out, &err);
    peer_reply(peer, rc, &err, &out);
}
