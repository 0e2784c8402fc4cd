/* mandated - see mandated.h. */
#include "broker/mandated.h"

#include "admission/hooks.h"
#include "base/mem.h"

int mandated_document(struct store *store, const char *kind, const struct digest *digest,
    struct arena *arena, struct str *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf packed = { 0 };
    int rc = store_get(store, str_of(kind), digest, &packed, err);
    if (rc < 0)
        return rc;
    struct unpack in = unpack_begin(buf_view(&packed));
    struct str text = unpack_text(&in, JOURNAL_DOCUMENT_MAX);
    struct digest have = hash_of(text);
    if (!unpack_end(&in) || !hash_equal(&have, digest))
        return err_set(err, ERR_VERIFY, "its %s is not what its digest says", kind);
    *ret = (struct str){ arena_copy(arena, text.at, text.size), text.size };
    return 0;
}

/* The mandate itself, and when a person ended it. */
static int open_mandate(struct mandate *ret, struct may_admit *fill, const struct mandated *asked,
    struct store *store, const struct home *home, const struct reviewers *reviewers,
    struct arena *arena, struct err *err)
{
    struct str envelope;
    int rc = mandated_document(store, "mandate", &asked->want.mandate, arena, &envelope, err);
    if (rc == 0)
        rc = mandate_open(ret, envelope, home, reviewers, asked->list, asked->at_ms, err);
    return rc < 0 ? rc : store_mandate_ended(store, &ret->id, &fill->ended_ms, err);
}

static int open_confirmation(struct confirmation *ret, const struct mandated *asked,
    struct store *store, const struct home *home, struct arena *arena, struct err *err)
{
    struct str envelope;
    int rc = mandated_document(store, "confirmation", &asked->confirmation, arena, &envelope, err);
    if (rc == 0)
        rc = confirmation_open(ret, envelope, home, err);
    return rc < 0 ? rc : confirmation_links(ret, &asked->want, err);
}

int mandated_check(struct mandate *ret, const struct mandated *asked, struct store *store,
    const struct home *home, const struct reviewers *reviewers, struct arena *arena,
    struct err *err)
{
    struct mandate mandate;
    struct confirmation confirmation;
    struct may_admit may = { .mandate = &mandate,
        .past = asked->past,
        .at_ms = asked->at_ms,
        .plugin = asked->plugin,
        .path = asked->path,
        .policy = asked->want.policy,
        .confirmation = &confirmation };
    int rc = open_mandate(&mandate, &may, asked, store, home, reviewers, arena, err);
    if (rc == 0)
        rc = open_confirmation(&confirmation, asked, store, home, arena, err);
    if (rc == 0)
        rc = hooks_of_build(&may.hooks_before, home, &asked->build_before, err);
    if (rc == 0)
        rc = hooks_of_build(&may.hooks_now, home, &asked->want.build, err);
    if (rc == 0)
        rc = may_admit_check(&may, err);
    if (rc == 0)
        *ret = mandate;
    return rc;
}
