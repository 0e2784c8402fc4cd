/* The deciding requests of a journal's client as bytes: each is answered or refused, and never
 * crashes the broker. The journal is in memory and holds one row of each kind; every request is
 * rolled back, so that none depends on another. */
#include "base/mem.h"
#include "broker/decide.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_rows(struct store *store)
{
    static const char admission[] =
        "{\"home\":\"0123456789abcdef0123456789abcdef\",\"number\":0,\"kind\":\"init\",\"before\":"
        "null,\"commit\":\"0123456789012345678901234567890123456789\"}";
    const struct journal_move move = { STR("aaaaaaaa"), { 0 }, STR("proposed"), STR("{}") };
    const struct digest shard = { { 0 } };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err err;
    if (store_move_candidate(store, &move, &err) < 0 ||
        store_admit(store, STR(admission), &out, &err) < 0 ||
        store_look(store, &shard, STR("aaaaaaaa"), &(struct journal_debit){ 0 }, &out, &err) < 0 ||
        store_freeze(store, false, STR("x"), &err) < 0)
        abort();
}

static struct store *journal(void)
{
    static struct store *store;
    struct err err;
    if (!store) {
        if (store_open(&store, ":memory:", "0123456789abcdef0123456789abcdef", &err) < 0)
            abort();
        make_rows(store);
    }
    return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct store *store = journal();
    struct unpack in = unpack_begin((struct str){ (const char *)data, size });
    enum journal_op op = (enum journal_op)unpack_u8(&in);
    struct err err = { 0 };
    if (store_begin(store, &err) < 0)
        abort();
    int rc = decide(store, op, &in, &arena, &out, &err);
    if (rc > 0 || (rc < 0 && (err.code != -rc || !err.text[0])))
        abort(); /* every refusal says why */
    store_rollback(store);
    return 0;
}
