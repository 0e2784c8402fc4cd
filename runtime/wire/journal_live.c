/* journal_live - the client's calls for live sessions, and for the service that runs them. */
#include "wire/journal_client.h"

#include "base/mem.h"

int journal_named(struct journal *journal, struct str name, uint64_t *ret_number, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_NAMED, &at);
    pack_text(&journal->out, name);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    *ret_number = unpack_u64(&in);
    return unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_lookup(struct journal *journal, struct str text, uint64_t *ret_number, struct err *err)
{
    int rc = journal_find(journal, text, ret_number, err);
    if (rc != -ERR_MISSING && rc != -ERR_USAGE)
        return rc;
    /* No digits of any id: then it can only be a name. */
    rc = journal_named(journal, text, ret_number, err);
    return rc == -ERR_MISSING ? err_hint(err, "an id has at least 6 digits: moult sessions") : rc;
}

static struct journal_turn unpack_turn(struct unpack *in, struct arena *arena)
{
    struct journal_turn turn = { .number = unpack_u64(in) };
    turn.ordinal = unpack_u32(in);
    turn.generation = unpack_digest(in);
    turn.at_ms = unpack_u64(in);
    turn.how = unpack_u8(in);
    turn.why = client_kept(arena, unpack_text(in, JOURNAL_META_MAX));
    turn.ended_ms = unpack_u64(in);
    turn.effects = unpack_u32(in);
    return turn;
}

int journal_turns(struct journal *journal, uint64_t session, struct arena *arena,
    struct journal_turn **ret, uint32_t *ret_count, struct err *err)
{
    struct journal_turn *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    uint64_t from = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        size_t at;
        client_begin(journal, OP_TURNS, &at);
        pack_u64(&journal->out, session);
        pack_u64(&journal->out, from);
        client_finish(journal, at);
        int rc = client_answer(journal, &in, err);
        if (rc < 0)
            return rc;
        count = unpack_u32(&in);
        if (count > JOURNAL_PAGE)
            return client_malformed(err);
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; i < count && !in.bad; i++) {
            list[all] = unpack_turn(&in, arena);
            from = list[all++].number + 1;
        }
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}

static void pack_place(struct journal *journal, uint64_t session, int64_t turn)
{
    pack_u64(&journal->out, session);
    pack_u64(&journal->out, turn < 0 ? 0 : (uint64_t)turn + 1);
}

int journal_entries(struct journal *journal, uint64_t session, int64_t turn, uint64_t from,
    struct arena *arena, struct journal_entry **ret, uint32_t *ret_count, struct err *err)
{
    struct unpack in;
    size_t at;
    client_begin(journal, OP_EVENTS, &at);
    pack_place(journal, session, turn);
    pack_u64(&journal->out, from);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint32_t count = unpack_u32(&in);
    if (in.bad || count > JOURNAL_PAGE)
        return client_malformed(err);
    struct journal_entry *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (uint32_t i = 0; i < count && !in.bad; i++) {
        list[i].seq = unpack_u64(&in);
        list[i].turn = unpack_u64(&in);
        list[i].ordinal = unpack_u32(&in);
        list[i].at_ms = unpack_u64(&in);
        list[i].kind = client_kept(arena, unpack_text(&in, JOURNAL_WORD_MAX));
        list[i].standing = unpack_u8(&in);
        list[i].causation = unpack_u64(&in);
        list[i].data = client_kept(arena, unpack_text(&in, JOURNAL_FRAME_MAX));
        in.bad |= list[i].standing >= JOURNAL_STANDINGS;
    }
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = list;
    *ret_count = count;
    return 0;
}

int journal_flag(
    struct journal *journal, uint64_t session, int64_t turn, struct str why, struct err *err)
{
    struct unpack in;
    size_t at;
    if (why.size > JOURNAL_WHY_MAX)
        return err_set(err, ERR_LIMIT, "a reason of more than %d bytes", JOURNAL_WHY_MAX);
    client_begin(journal, OP_FLAG, &at);
    pack_place(journal, session, turn);
    pack_text(&journal->out, why);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_service(struct journal *journal, const char *verb, struct str body, struct arena *arena,
    struct str *ret, struct err *err)
{
    struct unpack in;
    size_t at;
    if (body.size > JOURNAL_META_MAX)
        return err_set(err, ERR_LIMIT, "more than %d KiB for the service", JOURNAL_META_MAX >> 10);
    client_begin(journal, OP_SERVICE, &at);
    pack_text(&journal->out, str_of(verb));
    pack_text(&journal->out, body);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    struct str answer = client_kept(arena, unpack_text(&in, JOURNAL_FRAME_MAX));
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = answer;
    return 0;
}
