/* journal_ledger - the client's calls for held-out looks, the freeze, and checkpoints. */
#include "wire/journal_client.h"

#include <string.h>

/* --- looks */

/* Bit by bit: a level that is read is the one that was worked out. */
static void pack_level(struct buf *out, double level)
{
    uint64_t bits;
    memcpy(&bits, &level, sizeof bits);
    pack_u64(out, bits);
}

static double unpack_level(struct unpack *in)
{
    uint64_t bits = unpack_u64(in);
    double level;
    memcpy(&level, &bits, sizeof level);
    return level;
}

void journal_pack_look(struct buf *out, const struct journal_look *look)
{
    pack_u32(out, look->k);
    pack_u32(out, look->passes);
    pack_u8(out, look->ended);
    pack_u8(out, look->passed);
    pack_u32(out, look->own);
    pack_level(out, look->level);
    pack_u64(out, look->seen);
}

struct journal_look journal_unpack_look(struct unpack *in)
{
    struct journal_look look = { .k = unpack_u32(in) };
    look.passes = unpack_u32(in);
    look.ended = unpack_u8(in);
    look.passed = unpack_u8(in);
    look.own = unpack_u32(in);
    look.level = unpack_level(in);
    look.seen = unpack_u64(in);
    return look;
}

void journal_pack_debit(struct buf *out, const struct journal_debit *debit)
{
    pack_text(out, debit->proposer);
    pack_u32(out, debit->k);
    pack_u32(out, debit->passes);
    pack_u32(out, debit->own);
    pack_level(out, debit->level);
}

struct journal_debit journal_unpack_debit(struct unpack *in)
{
    struct journal_debit debit = { .proposer = unpack_text(in, JOURNAL_PROPOSER_MAX) };
    debit.k = unpack_u32(in);
    debit.passes = unpack_u32(in);
    debit.own = unpack_u32(in);
    debit.level = unpack_level(in);
    return debit;
}

int journal_look(struct journal *journal, const struct digest *shard, struct str candidate,
    const struct journal_debit *debit, struct journal_look *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_LOOK, &at);
    pack_digest(&journal->out, shard);
    pack_text(&journal->out, candidate);
    journal_pack_debit(&journal->out, debit);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    struct journal_look look = journal_unpack_look(&in);
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = look;
    return 0;
}

int journal_look_end(struct journal *journal, const struct digest *shard, struct str candidate,
    bool passed, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_LOOK_END, &at);
    pack_digest(&journal->out, shard);
    pack_text(&journal->out, candidate);
    pack_u8(&journal->out, passed);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_looks(struct journal *journal, struct arena *arena, struct journal_look_row **ret,
    uint32_t *ret_count, struct err *err)
{
    struct journal_look_row *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    uint64_t from = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        int rc = client_page(journal, OP_LOOKS, from, &in, &count, err);
        if (rc < 0)
            return rc;
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; i < count && !in.bad; i++) {
            struct journal_look_row *row = &list[all++];
            from = unpack_u64(&in) + 1;
            row->shard = unpack_digest(&in);
            row->candidate = client_kept(arena, unpack_text(&in, JOURNAL_ID_MAX));
            row->proposer = client_kept(arena, unpack_text(&in, JOURNAL_PROPOSER_MAX));
            row->look = journal_unpack_look(&in);
        }
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}

/* --- the freeze */

int journal_freeze(struct journal *journal, bool frozen, struct str why, struct err *err)
{
    size_t at;
    struct unpack in;
    if (why.size > JOURNAL_WHY_MAX)
        return err_set(err, ERR_LIMIT, "a reason of more than %d bytes", JOURNAL_WHY_MAX);
    client_begin(journal, OP_FREEZE, &at);
    pack_u8(&journal->out, frozen);
    pack_text(&journal->out, why);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_frozen(struct journal *journal, bool *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_FROZEN, &at);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint8_t frozen = unpack_u8(&in);
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = frozen;
    return 0;
}

/* --- checkpoints */

int journal_checkpoint(struct journal *journal, uint64_t record, const struct digest *head,
    struct str envelope, struct err *err)
{
    size_t at;
    struct unpack in;
    if (envelope.size > JOURNAL_ENVELOPE_MAX)
        return err_set(
            err, ERR_LIMIT, "a checkpoint of more than %d KiB", JOURNAL_ENVELOPE_MAX >> 10);
    client_begin(journal, OP_CHECKPOINT, &at);
    pack_u64(&journal->out, record);
    pack_digest(&journal->out, head);
    pack_text(&journal->out, envelope);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

static struct journal_checkpoint unpack_checkpoint(struct unpack *in, struct arena *arena)
{
    struct journal_checkpoint row = { .record = unpack_u64(in) };
    row.head = unpack_digest(in);
    row.envelope = client_kept(arena, unpack_text(in, JOURNAL_ENVELOPE_MAX));
    return row;
}

int journal_last_checkpoint(
    struct journal *journal, struct arena *arena, struct journal_checkpoint *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_LAST_CHECKPOINT, &at);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint32_t count = unpack_u32(&in);
    struct journal_checkpoint row = { 0 };
    if (count == 1)
        row = unpack_checkpoint(&in, arena);
    if (!unpack_end(&in) || count > 1)
        return client_malformed(err);
    if (count == 0)
        return err_set(err, ERR_MISSING, "there is no checkpoint yet");
    *ret = row;
    return 0;
}

int journal_checkpoints(struct journal *journal, struct arena *arena,
    struct journal_checkpoint **ret, uint32_t *ret_count, struct err *err)
{
    struct journal_checkpoint *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    uint64_t from = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        int rc = client_page(journal, OP_CHECKPOINTS, from, &in, &count, err);
        if (rc < 0)
            return rc;
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; i < count && !in.bad; i++) {
            list[all] = unpack_checkpoint(&in, arena);
            from = list[all++].record + 1;
        }
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}
