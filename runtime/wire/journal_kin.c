/* journal_kin - the client's calls for groups that are one. */
#include "wire/journal_client.h"

#include <string.h>

static int answered(struct journal *journal, size_t at, struct err *err)
{
    struct unpack in;
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_put_sketches(
    struct journal *journal, const struct journal_sketch *sketches, uint32_t count, struct err *err)
{
    size_t at;
    client_begin(journal, OP_SKETCH, &at);
    pack_u32(&journal->out, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_u64(&journal->out, sketches[i].session);
        pack_u32(&journal->out, sketches[i].messages);
        pack_text(&journal->out, (struct str){ (const char *)sketches[i].bytes, JOURNAL_SKETCH });
    }
    return answered(journal, at, err);
}

int journal_sketches(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_sketch **ret, uint32_t *ret_count, struct err *err)
{
    struct unpack in;
    uint32_t count;
    int rc = client_page(journal, OP_SKETCHES, after, &in, &count, err);
    if (rc < 0)
        return rc;
    struct journal_sketch *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (uint32_t i = 0; i < count; i++) {
        list[i].session = unpack_u64(&in);
        list[i].messages = unpack_u32(&in);
        struct str bytes = unpack_text(&in, JOURNAL_SKETCH);
        if (bytes.size != JOURNAL_SKETCH)
            return client_malformed(err);
        memcpy(list[i].bytes, bytes.at, JOURNAL_SKETCH);
    }
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = list;
    *ret_count = count;
    return 0;
}

int journal_kin(struct journal *journal, struct str group, struct str root, struct err *err)
{
    size_t at;
    client_begin(journal, OP_KIN, &at);
    pack_text(&journal->out, group);
    pack_text(&journal->out, root);
    return answered(journal, at, err);
}

int journal_aside(struct journal *journal, uint64_t session, struct err *err)
{
    size_t at;
    client_begin(journal, OP_ASIDE, &at);
    pack_u64(&journal->out, session);
    return answered(journal, at, err);
}
