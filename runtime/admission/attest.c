/* attest - see attest.h. */
#include "admission/attest.h"

#include "base/mem.h"

#include <string.h>

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"

const char *const attest_types[ATTEST_KINDS] = {
    [ATTEST_PROVENANCE] = "https://slsa.dev/provenance/v1",
    [ATTEST_TEST_RESULT] = "https://in-toto.io/attestation/test-result/v0.1",
    [ATTEST_APPROVAL] = "urn:moult:approval:1",
    [ATTEST_REVIEWERS] = "urn:moult:reviewers:1",
    [ATTEST_CHECKPOINT] = "urn:moult:checkpoint:1",
    [ATTEST_MANDATE] = "urn:moult:mandate:1",
    [ATTEST_CONFIRMATION] = "urn:moult:confirmation:1",
    [ATTEST_RETIREMENT] = "urn:moult:retirement:1",
};

void attest_print(struct buf *out, const struct attest *attest, struct str predicate)
{
    buf_text(out, "{\"_type\":\"" STATEMENT_TYPE "\",\"subject\":[");
    for (unsigned i = 0; i < attest->subjects_count; i++) {
        char hex[DIGEST_HEX];
        buf_text(out, i ? ",{\"name\":" : "{\"name\":");
        json_quote(out, attest->subjects[i].name);
        buf_format(
            out, ",\"digest\":{\"sha256\":\"%s\"}}", hash_hex(hex, &attest->subjects[i].digest));
    }
    buf_format(out, "],\"predicateType\":\"%s\",\"predicate\":", attest_types[attest->kind]);
    buf_str(out, predicate);
    buf_char(out, '}');
}

void attest_sign(
    struct buf *out, const struct attest *attest, struct str predicate, const struct sign_key *key)
{
    CLEANUP(buf_done) struct buf statement = { 0 };
    attest_print(&statement, attest, predicate);
    dsse_make(out, ATTEST_PAYLOAD_TYPE, buf_view(&statement), key);
}

static int read_subjects(
    struct attest *ret, const struct json *list, struct arena *arena, struct err *err)
{
    if (!json_is(list, JSON_ARRAY) || list->count > ATTEST_SUBJECTS_MAX)
        return err_set(err, ERR_INPUT, "statement: wants at most %d subjects", ATTEST_SUBJECTS_MAX);
    JSON_EACH(item, list)
    {
        struct attest_subject *subject = &ret->subjects[ret->subjects_count++];
        subject->name = json_string(arena, json_get(item, "name"));
        struct str hex = json_string(arena, json_get(json_get(item, "digest"), "sha256"));
        int rc = hash_unhex(&subject->digest, hex, err);
        if (rc < 0)
            return err_while(err, "statement: subject");
    }
    return 0;
}

int attest_open(struct attest *ret, enum attest_kind kind, struct str envelope,
    const struct sign_public *key, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf payload = { 0 };
    struct attest attest = { .kind = kind };
    int rc = dsse_open(envelope, ATTEST_PAYLOAD_TYPE, key, &payload, err);
    if (rc < 0)
        return rc;
    struct str text = { arena_copy(arena, payload.at, payload.size), payload.size };
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "statement");
    if (!str_equal(json_string(arena, json_get(root, "_type")), STR(STATEMENT_TYPE)) ||
        !str_equal(json_string(arena, json_get(root, "predicateType")), str_of(attest_types[kind])))
        return err_set(err, ERR_INPUT, "not a statement of type %s", attest_types[kind]);
    attest.predicate = json_get(root, "predicate");
    if ((rc = read_subjects(&attest, json_get(root, "subject"), arena, err)) < 0)
        return rc;
    *ret = attest;
    return 0;
}

int attest_key(
    struct digest *ret, const char *what, struct str envelope, struct arena *arena, struct err *err)
{
    const struct json *root = json_read(arena, envelope, NULL, err);
    if (!root)
        return err_while(err, "%s", what);
    const struct json *first = json_first(json_get(root, "signatures"));
    if (hash_unhex(ret, json_string(arena, json_get(first, "keyid")), err) < 0)
        return err_while(err, "%s: keyid", what);
    return 0;
}

const struct digest *attest_subject(const struct attest *attest, const char *name)
{
    for (unsigned i = 0; i < attest->subjects_count; i++)
        if (str_equal(attest->subjects[i].name, str_of(name)))
            return &attest->subjects[i].digest;
    return NULL;
}
