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

static int do_candidates(const struct request *request, struct err *err)
{
    uint64_t from = unpack_u64(request->in);
    return unpack_end(request->in) ? store_candidates(request->store, from, request->out, err)
                                   : malformed(err);
}

static int do_admissions(const struct request *request, struct err *err)
{
    uint64_t from = unpack_u64(request->in);
    return unpack_end(request->in) ? store_admissions(request->store, from, request->out, err)
                                   : malformed(err);
}

int decide(struct store *store, enum journal_op op, struct unpack *in, struct arena *arena,
    struct buf *out, struct err *err)
{
    static int (*const table[OPS])(const struct request *, struct err *) = {
        [OP_MOVE_CANDIDATES] = do_moves,
        [OP_CANDIDATES] = do_candidates,
        [OP_ADMIT] = do_admit,
        [OP_ADMISSIONS] = do_admissions,
    };
    const struct request request = { store, in, arena, out };
    return op < OPS && table[op] ? table[op](&request, err) : malformed(err);
}
