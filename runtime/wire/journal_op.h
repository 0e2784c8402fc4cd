/* journal_op - the requests between a journal's client and the broker.
 * A request is u32 length, u8 operation, fields (pack.h); an answer is u32 length, u8 status,
 * fields. The status is 0, or an enum err_code with text and hint behind it. ADD has no answer of
 * its own: the first thing that went wrong is the answer to FLUSH. */
#pragma once

#include "wire/journal.h"
#include "wire/pack.h"

enum {
    JOURNAL_VERSION = 1,
    JOURNAL_TEXT_MAX = 4096,
    JOURNAL_META_MAX = 1 << 20,
    JOURNAL_TOOLS_MAX = 8 << 20
};
enum journal_op {
    OP_HELLO = 1,    /* u32 version, u8 role */
    OP_ADD,          /* a session: journal_pack_session */
    OP_FLUSH,        /* -> u64 added, u64 known */
    OP_LIST,         /* u64 after -> u32 count, sessions without messages */
    OP_READ,         /* u64 number -> a session */
    OP_FIND,         /* text prefix -> u64 number */
    OP_SPLIT,        /* text group, u8 split -> u8 split */
    OP_PUT,          /* text kind, text document -> digest */
    OP_GET,          /* text kind, digest -> text */
    OP_MOVE_CLUSTER, /* text id, signature, state, from, digest */
    OP_CLUSTERS,     /* -> u32 count, clusters */
    OP_AUDIT,        /* u64 after -> u32 count, records */
    OPS
};
void journal_pack_session(struct buf *out, const struct journal_session *session);
/* Messages are allocated in the arena, texts are slices. False: malformed. */
bool journal_unpack_session(struct unpack *in, struct arena *arena, struct journal_session *ret);
