/* statement - see statement.h. */
#include "promote/statement.h"

#include "base/mem.h"
#include "admission/attest.h"

#include <limits.h>

static int put(struct digest *ret, struct driver *driver, const struct attest *attest,
    struct str predicate, struct err *err)
{
    CLEANUP(buf_done) struct buf envelope = { 0 };
    char path[PATH_MAX];
    struct sign_key key;
    int rc = sign_load(home_path(path, &driver->home, "keys/moult.key"), &key, err);
    if (rc < 0)
        return err_while(err, "the home's key");
    attest_sign(&envelope, attest, predicate, &key);
    sign_key_wipe(&key);
    return journal_put(driver->journal, "statement", buf_view(&envelope), ret, err);
}

int statement_provenance(
    struct digest *ret, struct driver *driver, const struct candidate *candidate, struct err *err)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    const struct attest attest = { .kind = ATTEST_PROVENANCE,
        .subjects = { { STR("build"), candidate->build } },
        .subjects_count = 1 };
    char hex[DIGEST_HEX];
    buf_format(&predicate,
        "{\"buildDefinition\":{\"buildType\":\"urn:moult:plugin-build:1\","
        "\"externalParameters\":{\"home\":\"%s\",\"path\":\"%.*s\"},\"internalParameters\":{},"
        "\"resolvedDependencies\":[{\"name\":\"source\",\"digest\":{\"sha256\":\"%s\"}},"
        "{\"name\":\"commit\",\"digest\":{\"gitCommit\":\"%.*s\"}}]},",
        driver->home.id, (int)candidate->path.size, candidate->path.at,
        hash_hex(hex, &candidate->source), (int)candidate->commit.size, candidate->commit.at);
    buf_format(&predicate,
        "\"runDetails\":{\"builder\":{\"id\":\"urn:moult:home:%s\"},"
        "\"metadata\":{\"invocationId\":\"%.*s\"}}}",
        driver->home.id, (int)candidate->id.size, candidate->id.at);
    return put(ret, driver, &attest, buf_view(&predicate), err);
}

/* The words of the test-result predicate. What is inconclusive did not pass. */
static const char *const results[] = {
    [VERDICT_PASS] = "PASSED",
    [VERDICT_FAIL] = "FAILED",
    [VERDICT_INCONCLUSIVE] = "FAILED",
};

int statement_test_result(struct digest *ret, struct driver *driver,
    const struct candidate *candidate, const struct verdict_result *verdict, struct err *err)
{
    CLEANUP(buf_done) struct buf predicate = { 0 };
    struct digest id;
    int rc = hash_unhex(&id, candidate->id, err);
    if (rc < 0)
        return rc;
    const struct attest attest = { .kind = ATTEST_TEST_RESULT,
        .subjects = { { STR("candidate"), id }, { STR("build"), candidate->build },
            { STR("report"), candidate->report } },
        .subjects_count = 3 };
    char report[DIGEST_HEX], policy[DIGEST_HEX], batch[DIGEST_HEX];
    buf_format(&predicate,
        "{\"result\":\"%s\",\"configuration\":[{\"name\":\"report\",\"digest\":{\"sha256\":\"%s\"}}"
        ","
        "{\"name\":\"policy\",\"digest\":{\"sha256\":\"%s\"}},"
        "{\"name\":\"batch\",\"digest\":{\"sha256\":\"%s\"}}],",
        results[verdict->verdict], hash_hex(report, &candidate->report),
        hash_hex(policy, &candidate->policy), hash_hex(batch, &candidate->batch));
    buf_format(&predicate, "\"verdict\":\"%s\",\"passedTests\":[", verdict_words[verdict->verdict]);
    for (int failed = 0; failed < 2; failed++) {
        unsigned listed = 0;
        for (unsigned i = 0; i < verdict->reasons_count; i++)
            if ((verdict->reasons[i].holds != VERDICT_PASS) == failed)
                buf_format(&predicate, "%s\"%s\"", listed++ ? "," : "", verdict->reasons[i].rule);
        buf_text(&predicate, failed ? "]}" : "],\"failedTests\":[");
    }
    return put(ret, driver, &attest, buf_view(&predicate), err);
}
