/* checkpoint - see checkpoint.h. */
#include "promote/checkpoint.h"

#include "base/mem.h"
#include "admission/attest.h"

#define KEY_FILE "keys/moult.key"

static void sign(struct buf *out, const struct home *home, uint64_t record,
    const struct digest *head, const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    const struct attest statement = {
        .kind = ATTEST_CHECKPOINT,
        .subjects = { { STR("head"), *head } },
        .subjects_count = 1,
    };
    buf_format(
        &predicate, "{\"home\":\"%s\",\"record\":%llu}", home->id, (unsigned long long)record);
    attest_sign(out, &statement, buf_view(&predicate), key);
}

/* Where the chain was signed last, if that was this home: its head commits to all before it, so a
 * signature over a head behind it vouches for no more than what was read then and is read now. */
static int signed_before(uint64_t *ret_record, struct digest *ret_head, struct journal *journal,
    const struct home *home, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_checkpoint last;
    struct sign_public key;
    *ret_record = 0;
    *ret_head = (struct digest){ { 0 } };
    int rc = journal_last_checkpoint(journal, &arena, &last, err);
    if (rc == -ERR_MISSING)
        return 0;
    if (rc < 0 || (rc = checkpoint_key(home, &key, err)) < 0)
        return rc;
    if (checkpoint_check(&last, home, &key, NULL) == 0) {
        *ret_record = last.record;
        *ret_head = last.head;
    }
    return 0;
}

int checkpoint_make(struct journal *journal, const struct home *home, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    char path[PATH_MAX];
    struct sign_key key;
    struct digest head;
    uint64_t record;
    int rc = signed_before(&record, &head, journal, home, err);
    if (rc == 0)
        rc = journal_audit_verify_on(journal, &record, &head, err);
    if (rc < 0)
        return rc;
    if (record == 0)
        return err_set(err, ERR_STATE, "the audit chain has no record yet");
    if ((rc = sign_load(home_path(path, home, KEY_FILE), &key, err)) < 0)
        return err_while(err, "the home's key");
    sign(&envelope, home, record, &head, &key);
    sign_key_wipe(&key);
    return journal_checkpoint(journal, record, &head, buf_view(&envelope), err);
}

int checkpoint_key(const struct home *home, struct sign_public *ret, struct err *err)
{
    char path[PATH_MAX];
    int rc = sign_load_public(home_path(path, home, KEY_FILE ".pub"), ret, err);
    return rc < 0 ? err_while(err, "the home's key") : 0;
}

int checkpoint_check(const struct journal_checkpoint *checkpoint, const struct home *home,
    const struct sign_public *key, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct attest statement;
    int rc = attest_open(&statement, ATTEST_CHECKPOINT, checkpoint->envelope, key, &arena, err);
    if (rc < 0)
        return rc;
    const struct digest *head = attest_subject(&statement, "head");
    struct str of = json_string(&arena, json_get(statement.predicate, "home"));
    int64_t record = json_int(json_get(statement.predicate, "record"), -1);
    if (!head || !hash_equal(head, &checkpoint->head) || !str_equal(of, str_of(home->id)) ||
        record != (int64_t)checkpoint->record)
        return err_set(err, ERR_VERIFY, "its statement is of another home, record or head");
    return 0;
}
