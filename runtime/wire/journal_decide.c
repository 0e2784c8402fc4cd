/* journal_decide - the client's calls for what is decided: candidates and admissions. */
#include "wire/journal_client.h"

#include "base/mem.h"

#include <string.h>

/* --- candidates */

void journal_pack_moves(struct buf *out, const struct journal_move *moves, uint32_t count)
{
    pack_u32(out, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_text(out, moves[i].id);
        pack_text(out, moves[i].from);
        pack_text(out, moves[i].to);
        pack_text(out, moves[i].body);
    }
}

bool journal_unpack_moves(
    struct unpack *in, struct arena *arena, struct journal_move **ret, uint32_t *ret_count)
{
    uint32_t count = unpack_u32(in);
    if (in->bad || count > JOURNAL_MOVES_MAX)
        return false;
    struct journal_move *moves = arena_alloc(arena, (count + 1) * sizeof *moves);
    for (uint32_t i = 0; i < count; i++) {
        moves[i].id = unpack_text(in, JOURNAL_ID_MAX);
        moves[i].from = unpack_text(in, JOURNAL_WORD_MAX);
        moves[i].to = unpack_text(in, JOURNAL_WORD_MAX);
        moves[i].body = unpack_text(in, JOURNAL_BODY_MAX);
    }
    *ret = moves;
    *ret_count = count;
    return !in->bad;
}

/* The broker would only call it malformed. */
static int check_sizes(const struct journal_move *moves, uint32_t count, struct err *err)
{
    if (count > JOURNAL_MOVES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d moves at once", JOURNAL_MOVES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct journal_move *move = &moves[i];
        if (move->id.size > JOURNAL_ID_MAX || move->from.size > JOURNAL_WORD_MAX ||
            move->to.size > JOURNAL_WORD_MAX)
            return err_set(err, ERR_LIMIT, "a candidate's id or state that is too long");
        if (move->body.size > JOURNAL_BODY_MAX)
            return err_set(err, ERR_LIMIT, "candidate %.*s: a body of more than %d KiB",
                (int)move->id.size, move->id.at, JOURNAL_BODY_MAX >> 10);
    }
    return 0;
}

int journal_move_candidates(
    struct journal *journal, const struct journal_move *moves, uint32_t count, struct err *err)
{
    size_t at;
    struct unpack in;
    int rc = check_sizes(moves, count, err);
    if (rc < 0)
        return rc;
    client_begin(journal, OP_MOVE_CANDIDATES, &at);
    journal_pack_moves(&journal->out, moves, count);
    client_finish(journal, at);
    rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_candidates(struct journal *journal, struct arena *arena, struct journal_candidate **ret,
    uint32_t *ret_count, struct err *err)
{
    struct journal_candidate *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    uint64_t from = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        int rc = client_page(journal, OP_CANDIDATES, from, &in, &count, err);
        if (rc < 0)
            return rc;
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; i < count && !in.bad; i++) {
            from = unpack_u64(&in) + 1;
            struct journal_candidate *row = &list[all++];
            row->id = client_kept(arena, unpack_text(&in, JOURNAL_ID_MAX));
            row->state = client_kept(arena, unpack_text(&in, JOURNAL_WORD_MAX));
            row->body = client_kept(arena, unpack_text(&in, JOURNAL_BODY_MAX));
        }
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}

/* --- documents that are decisions */

static int read_document(
    struct journal_document *ret, struct unpack *in, struct arena *arena, struct err *err)
{
    ret->digest = unpack_digest(in);
    ret->at_ms = unpack_u64(in);
    ret->text = client_kept(arena, unpack_text(in, JOURNAL_ENVELOPE_MAX));
    struct digest have = hash_of(ret->text);
    return in->bad || hash_equal(&have, &ret->digest)
               ? 0
               : err_set(err, ERR_VERIFY, "a document of the journal is not what its digest says");
}

int journal_documents(struct journal *journal, const char *kind, struct arena *arena,
    struct journal_document **ret, uint32_t *ret_count, struct err *err)
{
    struct journal_document *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        size_t at;
        client_begin(journal, OP_DOCUMENTS, &at);
        pack_text(&journal->out, str_of(kind));
        pack_u64(&journal->out, all);
        client_finish(journal, at);
        int rc = client_answer(journal, &in, err);
        if (rc < 0)
            return rc;
        count = unpack_u32(&in);
        if (in.bad || count > JOURNAL_PAGE)
            return client_malformed(err);
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; rc == 0 && i < count && !in.bad; i++)
            rc = read_document(&list[all++], &in, arena, err);
        if (rc < 0 || !unpack_end(&in))
            return rc < 0 ? rc : client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}

/* --- admissions */

int journal_admit(struct journal *journal, struct str body, const struct journal_move *moves,
    uint32_t count, struct digest *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    int rc = check_sizes(moves, count, err);
    if (rc < 0)
        return rc;
    if (body.size > JOURNAL_BODY_MAX)
        return err_set(err, ERR_LIMIT, "an admission of more than %d KiB", JOURNAL_BODY_MAX >> 10);
    client_begin(journal, OP_ADMIT, &at);
    pack_text(&journal->out, body);
    journal_pack_moves(&journal->out, moves, count);
    client_finish(journal, at);
    if ((rc = client_answer(journal, &in, err)) < 0)
        return rc;
    struct digest digest = unpack_digest(&in);
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = digest;
    return 0;
}

int journal_admissions(struct journal *journal, struct arena *arena, struct journal_admission **ret,
    uint32_t *ret_count, struct err *err)
{
    return journal_admissions_from(journal, arena, 0, ret, ret_count, err);
}

int journal_admissions_from(struct journal *journal, struct arena *arena, uint64_t from,
    struct journal_admission **ret, uint32_t *ret_count, struct err *err)
{
    struct journal_admission *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        int rc = client_page(journal, OP_ADMISSIONS, from, &in, &count, err);
        if (rc < 0)
            return rc;
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; i < count && !in.bad; i++) {
            struct journal_admission *row = &list[all++];
            row->number = unpack_u64(&in);
            row->at_ms = unpack_u64(&in);
            row->digest = unpack_digest(&in);
            row->body = client_kept(arena, unpack_text(&in, JOURNAL_BODY_MAX));
            from = row->number + 1;
        }
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}
