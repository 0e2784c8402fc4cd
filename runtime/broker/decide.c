/* decide - see decide.h. */
#include "broker/decide.h"

struct request {
    struct store *store;
    struct unpack *in;
    struct arena *arena;
    struct buf *out;
};

static int malformed(struct err *err)
{
    return err_set(err, ERR_INPUT, "a request that is malformed");
}

static int move_all(
    struct store *store, const struct journal_move *moves, uint32_t count, struct err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = store_move_candidate(store, &moves[i], err);
    return rc;
}

static int do_moves(const struct request *request, struct err *err)
{
    struct journal_move *moves;
    uint32_t count;
    if (!journal_unpack_moves(request->in, request->arena, &moves, &count) || count == 0 ||
        !unpack_end(request->in))
        return malformed(err);
    return move_all(request->store, moves, count, err);
}

static int do_admit(const struct request *request, struct err *err)
{
    struct journal_move *moves;
    uint32_t count;
    struct str body = unpack_text(request->in, JOURNAL_BODY_MAX);
    if (!journal_unpack_moves(request->in, request->arena, &moves, &count) ||
        !unpack_end(request->in))
        return malformed(err);
    int rc = store_admit(request->store, body, request->out, err);
    return rc < 0 ? rc : move_all(request->store, moves, count, err);
}

/* A list is asked for by the first number that is wanted. */
static int do_list(const struct request *request,
    int (*list)(struct store *, uint64_t, struct buf *, struct err *), struct err *err)
{
    uint64_t from = unpack_u64(request->in);
    return unpack_end(request->in) ? list(request->store, from, request->out, err) : malformed(err);
}

static int do_candidates(const struct request *request, struct err *err)
{
    return do_list(request, store_candidates, err);
}

static int do_admissions(const struct request *request, struct err *err)
{
    return do_list(request, store_admissions, err);
}

static int do_look(const struct request *request, struct err *err)
{
    struct digest shard = unpack_digest(request->in);
    struct str candidate = unpack_text(request->in, JOURNAL_ID_MAX);
    struct journal_debit debit = journal_unpack_debit(request->in);
    return unpack_end(request->in)
               ? store_look(request->store, &shard, candidate, &debit, request->out, err)
               : malformed(err);
}

static int do_look_end(const struct request *request, struct err *err)
{
    struct digest shard = unpack_digest(request->in);
    struct str candidate = unpack_text(request->in, JOURNAL_ID_MAX);
    uint8_t passed = unpack_u8(request->in);
    return unpack_end(request->in) && passed <= 1
               ? store_look_end(request->store, &shard, candidate, passed, err)
               : malformed(err);
}

static int do_looks(const struct request *request, struct err *err)
{
    return do_list(request, store_looks, err);
}

static int do_freeze(const struct request *request, struct err *err)
{
    uint8_t frozen = unpack_u8(request->in);
    struct str why = unpack_text(request->in, JOURNAL_WHY_MAX);
    return unpack_end(request->in) && frozen <= 1 ? store_freeze(request->store, frozen, why, err)
                                                  : malformed(err);
}

static int do_frozen(const struct request *request, struct err *err)
{
    int frozen = unpack_end(request->in) ? store_frozen(request->store, err) : malformed(err);
    if (frozen >= 0)
        pack_u8(request->out, (uint8_t)frozen);
    return frozen < 0 ? frozen : 0;
}

static int do_documents(const struct request *request, struct err *err)
{
    struct str kind = unpack_text(request->in, JOURNAL_WORD_MAX);
    uint64_t from = unpack_u64(request->in);
    return unpack_end(request->in) && from <= INT64_MAX
               ? store_documents(request->store, kind, from, request->out, err)
               : malformed(err);
}

static int do_checkpoint(const struct request *request, struct err *err)
{
    uint64_t record = unpack_u64(request->in);
    struct digest head = unpack_digest(request->in);
    struct str envelope = unpack_text(request->in, JOURNAL_ENVELOPE_MAX);
    return unpack_end(request->in) ? store_checkpoint(request->store, record, &head, envelope, err)
                                   : malformed(err);
}

static int do_checkpoints(const struct request *request, struct err *err)
{
    return do_list(request, store_checkpoints, err);
}

static int do_last_checkpoint(const struct request *request, struct err *err)
{
    return unpack_end(request->in) ? store_last_checkpoint(request->store, request->out, err)
                                   : malformed(err);
}

static int do_quarantines(const struct request *request, struct err *err)
{
    return do_list(request, store_quarantines, err);
}

int decide(struct store *store, enum journal_op op, struct unpack *in, struct arena *arena,
    struct buf *out, struct err *err)
{
    static int (*const table[OPS])(const struct request *, struct err *) = {
        [OP_MOVE_CANDIDATES] = do_moves,
        [OP_CANDIDATES] = do_candidates,
        [OP_ADMIT] = do_admit,
        [OP_ADMISSIONS] = do_admissions,
        [OP_LOOK] = do_look,
        [OP_LOOK_END] = do_look_end,
        [OP_LOOKS] = do_looks,
        [OP_FREEZE] = do_freeze,
        [OP_FROZEN] = do_frozen,
        [OP_CHECKPOINT] = do_checkpoint,
        [OP_CHECKPOINTS] = do_checkpoints,
        [OP_DOCUMENTS] = do_documents,
        [OP_LAST_CHECKPOINT] = do_last_checkpoint,
        [OP_QUARANTINES] = do_quarantines,
    };
    const struct request request = { store, in, arena, out };
    return op < OPS && table[op] ? table[op](&request, err) : malformed(err);
}
