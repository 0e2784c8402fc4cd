/* journal_seal - the client's calls for the sealed split, and the lock of a shard.
 *
 * A lock is the shard's secret key, sealed for one reviewer. Boxes are opened here, in the program
 * that has the reviewer's key: the broker never has it, nor the shard's. */
#include "base/json.h"
#include "base/mem.h"
#include "base/seal.h"
#include "wire/journal_client.h"

#include <string.h>

int journal_seal(struct journal *journal, uint64_t idle_ms, struct err *err)
{
    int sealed = 0;
    for (bool more = true; more;) {
        size_t at;
        struct unpack in;
        client_begin(journal, OP_SEAL, &at);
        pack_u64(&journal->out, idle_ms);
        client_finish(journal, at);
        int rc = client_answer(journal, &in, err);
        if (rc < 0)
            return rc;
        sealed += (int)unpack_u32(&in);
        more = unpack_u8(&in);
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    return sealed;
}

void journal_pack_splits(struct buf *out, const struct journal_splits *splits)
{
    for (size_t i = 0; i < COUNT_OF(splits->groups); i++)
        pack_u64(out, splits->groups[i]);
    pack_u64(out, splits->sealed);
    pack_u32(out, splits->shards);
    pack_u32(out, splits->opened);
}

int journal_splits(struct journal *journal, struct journal_splits *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    struct journal_splits splits;
    client_begin(journal, OP_SPLITS, &at);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < COUNT_OF(splits.groups); i++)
        splits.groups[i] = unpack_u64(&in);
    splits.sealed = unpack_u64(&in);
    splits.shards = unpack_u32(&in);
    splits.opened = unpack_u32(&in);
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = splits;
    return 0;
}

int journal_open_shard(struct journal *journal, struct str candidate, struct arena *arena,
    struct journal_shard *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_OPEN, &at);
    pack_text(&journal->out, candidate);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    struct journal_shard shard = { .number = unpack_u32(&in) };
    shard.locks = client_kept(arena, unpack_text(&in, JOURNAL_BODY_MAX));
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = shard;
    return 0;
}

int journal_report_shard(struct journal *journal, uint32_t shard, struct str candidate,
    const struct digest *claim, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_OPEN_END, &at);
    pack_u32(&journal->out, shard);
    pack_text(&journal->out, candidate);
    pack_digest(&journal->out, claim);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_openings(struct journal *journal, struct arena *arena, struct journal_opening **ret,
    uint32_t *ret_count, struct err *err)
{
    struct journal_opening *list = arena_alloc(arena, sizeof *list);
    uint32_t all = 0;
    uint64_t from = 0;
    for (uint32_t count = 1; count > 0;) {
        struct unpack in;
        int rc = client_page(journal, OP_OPENINGS, from, &in, &count, err);
        if (rc < 0)
            return rc;
        list = arena_grow(arena, list, (all + 1) * sizeof *list, (all + count + 1) * sizeof *list);
        for (uint32_t i = 0; i < count && !in.bad; i++) {
            struct journal_opening *row = &list[all++];
            row->shard = (uint32_t)unpack_u64(&in);
            from = row->shard + 1ull;
            row->candidate = client_kept(arena, unpack_text(&in, JOURNAL_ID_MAX));
            row->claim = unpack_digest(&in);
        }
        if (!unpack_end(&in))
            return client_malformed(err);
    }
    *ret = list;
    *ret_count = all;
    return 0;
}

/* --- what is in the boxes */

/* The one of this reviewer, by the id of the key; NULL: there is none. */
static const struct json *find_lock(
    const struct json *root, const struct sign_key *reviewer, struct arena *arena)
{
    char hex[DIGEST_HEX];
    struct sign_public public;
    sign_public_of(reviewer, &public);
    const struct digest id = sign_id(&public);
    hash_hex(hex, &id);
    JSON_EACH(lock, json_get(root, "locks"))
    {
        if (str_equal(json_string(arena, json_get(lock, "key")), str_of(hex)))
            return json_get(lock, "secret");
    }
    return NULL;
}

int journal_unlock(
    struct seal_pair *ret, struct str locks, const struct sign_key *reviewer, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf box = { 0 };
    CLEANUP(seal_wipe) struct buf secret = { 0 };
    CLEANUP(seal_pair_wipe) struct seal_pair own;
    const struct json *root = json_read(&arena, locks, NULL, err);
    if (!root)
        return err_while(err, "the shard's locks");
    const struct json *lock = find_lock(root, reviewer, &arena);
    if (!lock) {
        err_set(err, ERR_DENIED, "the shard was not sealed for this reviewer");
        return err_hint(err, "only who was a reviewer when it was begun can open it");
    }
    int rc = seal_pair_of(&own, reviewer, err);
    if (rc == 0)
        rc = seal_parse(&box, lock->raw, err);
    if (rc == 0)
        rc = seal_read(&secret, &own, buf_view(&box), err);
    if (rc == 0 && secret.size != sizeof *ret)
        rc = err_set(err, ERR_VERIFY, "a lock holds a key and nothing else");
    if (rc < 0)
        return err_while(err, "the shard's lock");
    memcpy(ret, secret.at, sizeof *ret);
    return 0;
}

static int open_bytes(
    struct str *bytes, const struct seal_pair *pair, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    int rc = bytes->size ? seal_read(&out, pair, *bytes, err) : 0;
    if (rc == 0)
        *bytes = client_kept(arena, buf_view(&out));
    return rc;
}

static int open_text(
    struct str *text, const struct seal_pair *pair, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf box = { 0 };
    int rc = seal_parse(&box, *text, err);
    struct str bytes = buf_view(&box);
    if (rc == 0 && (rc = open_bytes(&bytes, pair, arena, err)) == 0)
        *text = bytes;
    return rc;
}

int journal_unseal(struct journal_session *session, const struct seal_pair *pair,
    struct arena *arena, struct err *err)
{
    char hex[DIGEST_HEX];
    int rc = open_text(&session->meta, pair, arena, err);
    for (uint32_t i = 0; rc == 0 && session->messages && i < session->messages_count; i++) {
        rc = open_bytes(&session->messages[i].bytes, pair, arena, err);
        if (rc == 0)
            rc = open_bytes(&session->messages[i].own, pair, arena, err);
    }
    return rc < 0 ? err_while(err, "sealed session %.12s", hash_hex(hex, &session->id)) : 0;
}
