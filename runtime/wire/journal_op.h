/* journal_op - the requests between a journal's client and the broker.
 * A request is u32 length, u8 operation, fields (pack.h); an answer is u32 length, u8 status,
 * fields. The status is 0, or an enum err_code with text and hint behind it. ADD has no answer of
 * its own: the first thing that went wrong is the answer to FLUSH. */
#pragma once

#include "wire/journal.h"
#include "wire/pack.h"

enum {
    JOURNAL_VERSION = 6,
    JOURNAL_TEXT_MAX = 4096,
    JOURNAL_META_MAX = 1 << 20,
    JOURNAL_ID_MAX = 64,
    JOURNAL_PROPOSER_MAX = 256,
    JOURNAL_ID_MIN = 6,
    JOURNAL_WORD_MAX = 32, /* a state */
    JOURNAL_TOOLS_MAX = 8 << 20
};
enum journal_op {
    OP_HELLO = 1,       /* u32 version, u8 role */
    OP_ADD,             /* a session: journal_pack_session */
    OP_FLUSH,           /* -> u64 added, u64 known */
    OP_LIST,            /* u64 after -> u32 count, sessions without messages */
    OP_READ,            /* u64 number -> a session */
    OP_FIND,            /* text prefix -> u64 number */
    OP_SPLIT,           /* text group, u8 split -> u8 split */
    OP_PUT,             /* text kind, text document -> digest */
    OP_GET,             /* text kind, digest -> text */
    OP_MOVE_CLUSTER,    /* text id, signature, state, from, digest */
    OP_CLUSTERS,        /* -> u32 count, clusters */
    OP_AUDIT,           /* u64 after -> u32 count, records */
    OP_MOVE_CANDIDATES, /* moves: journal_pack_moves */
    OP_CANDIDATES,      /* u64 from -> u32 count, candidates: u64 number, text id, state, body */
    OP_ADMIT,           /* text body, moves -> digest */
    OP_ADMISSIONS, /* u64 from -> u32 count, admissions: u64 number, u64 at, digest, text body */
    OP_LOOK,       /* digest shard, text candidate, a debit -> a look: journal_pack_look */
    OP_LOOK_END,   /* digest shard, text candidate, u8 passed */
    OP_LOOKS,  /* u64 from -> u32 count, u64 number, digest shard, text candidate, text proposer,
                  a look */
    OP_FREEZE, /* u8 frozen, text why */
    OP_FROZEN, /* -> u8 frozen */
    OP_CHECKPOINT,  /* u64 record, digest head, text envelope */
    OP_CHECKPOINTS, /* u64 from -> u32 count, u64 record, digest head, text envelope */
    OP_SERVICE,     /* text verb, text body (JSON) -> text (JSON) */
    OP_NAMED,       /* text name -> u64 number: the session of X-Moult-Session */
    OP_TURNS,       /* u64 session, u64 from -> u32 count, turns: u64 number, u32 ordinal, digest,
                       u64 at, u8 how, text why, u64 ended, u32 effects */
    OP_EVENTS,      /* u64 session, u64 turn (ordinal + 1, 0: all), u64 from -> u32 count, entries:
                       u64 seq, turn, u32 ordinal, u64 at, text kind, u8 standing, u64 causation,
                       text data */
    OP_FLAG,        /* u64 session, u64 turn (ordinal + 1, 0: all), text why */
    OP_DOCUMENTS,   /* text kind, u64 from -> u32 count, documents: digest, u64 at, text body */
    OP_SEAL,        /* u64 idle_ms -> u32 sealed, u8 more */
    OP_SPLITS,      /* -> journal_pack_splits */
    OP_OPEN,        /* text candidate -> u32 shard, text locks */
    OP_OPEN_END,    /* u32 shard, text candidate, digest claim */
    OP_OPENINGS,    /* u64 from -> u32 count, u64 shard, text candidate, digest claim */
    OP_SKETCH,      /* u32 count, sketches: u64 session, u32 messages, text bytes */
    OP_SKETCHES,    /* u64 after -> u32 count, u64 session, u32 messages, text bytes */
    OP_KIN,         /* text group, text root */
    OP_ASIDE,       /* u64 session */
    OP_LAST_CHECKPOINT, /* -> u32 count (0 or 1), as OP_CHECKPOINTS */
    OP_QUARANTINES,     /* u64 after -> as OP_AUDIT, only records of that kind */
    OPS
};
void journal_pack_session(struct buf *out, const struct journal_session *session);
/* journal_session_id, and on the way the digest of each message's bytes: messages has room for
 * them.
 */
struct digest journal_session_digests(
    const struct journal_session *session, struct digest *messages);
/* Messages are allocated in the arena, texts are slices. False: malformed. */
bool journal_unpack_session(struct unpack *in, struct arena *arena, struct journal_session *ret);
/* u32 count, then each move's texts. */
void journal_pack_moves(struct buf *out, const struct journal_move *moves, uint32_t count);
/* The list is in the arena, texts are slices. False: malformed, or more than JOURNAL_MOVES_MAX. */
bool journal_unpack_moves(
    struct unpack *in, struct arena *arena, struct journal_move **ret, uint32_t *ret_count);
void journal_pack_splits(struct buf *out, const struct journal_splits *splits);
void journal_pack_look(struct buf *out, const struct journal_look *look);
struct journal_look journal_unpack_look(struct unpack *in);
void journal_pack_debit(struct buf *out, const struct journal_debit *debit);
struct journal_debit journal_unpack_debit(struct unpack *in);
