/* attest - evidence as in-toto statements (github.com/in-toto/attestation, Statement v1) in DSSE
 * envelopes, ed25519. A statement says of subjects (names with SHA-256 digests) what a predicate
 * holds.
 *
 * {"_type":"https://in-toto.io/Statement/v1","subject":[{"name":N,"digest":{"sha256":HEX}}],
 *  "predicateType":URI,"predicate":{...}} */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "base/sign.h"

#define ATTEST_PAYLOAD_TYPE "application/vnd.in-toto+json"

enum attest_kind {
    ATTEST_PROVENANCE,
    ATTEST_TEST_RESULT,
    ATTEST_APPROVAL,
    ATTEST_REVIEWERS,
    ATTEST_CHECKPOINT,
    ATTEST_MANDATE,
    ATTEST_CONFIRMATION,
    ATTEST_RETIREMENT,
    ATTEST_KINDS
};
/* The predicate type URI: SLSA provenance v1, in-toto test-result v0.1, and moult's own. */
extern const char *const attest_types[ATTEST_KINDS];

enum { ATTEST_SUBJECTS_MAX = 16 };
struct attest_subject {
    struct str name; /* of the statement's own words: "candidate", "build", "report", ... */
    struct digest digest;
};
struct attest {
    enum attest_kind kind;
    struct attest_subject subjects[ATTEST_SUBJECTS_MAX];
    unsigned subjects_count;
    const struct json *predicate; /* reading */
};

/* The statement as JSON text; predicate is a JSON object as text. */
void attest_print(struct buf *out, const struct attest *attest, struct str predicate);
/* Statement and signature in one envelope. */
void attest_sign(
    struct buf *out, const struct attest *attest, struct str predicate, const struct sign_key *key);
/* Checks the signature, then reads. ERR_VERIFY: not signed by that key; ERR_INPUT: another
 * statement. */
int attest_open(struct attest *ret, enum attest_kind kind, struct str envelope,
    const struct sign_public *key, struct arena *arena, struct err *err);
/* The key id that the envelope names: only to choose which public key to check with. what: for
 * messages. */
int attest_key(struct digest *ret, const char *what, struct str envelope, struct arena *arena,
    struct err *err);
/* The digest of the subject of that name, or NULL. */
const struct digest *attest_subject(const struct attest *attest, const char *name);
